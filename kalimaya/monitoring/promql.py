"""Which metrics and labels an expression of PromQL names. No parser: what it is not sure of, it takes for a name."""

import re

_TEXT = re.compile(r'"[^"]*"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"\{([^}]*)\}")
_TIMES = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")
_NAME = re.compile(r"(?<![\w:.])[A-Za-z_:][\w:]*\b(?!\s*\()")
_WORDS = {"and", "or", "unless", "bool"}


def metrics(expression: str) -> set[str]:
    """The names of its metrics and recorded series."""
    for each in (_TEXT, _GROUPING, _SELECTOR, _TIMES):
        expression = each.sub(" ", expression)
    return set(_NAME.findall(expression)) - _WORDS


def labels(expression: str) -> set[str]:
    """The names of the labels by which it groups, joins or selects."""
    bare = _TEXT.sub(" ", expression)
    named = [*_GROUPING.findall(bare), *_SELECTOR.findall(bare)]
    return {label for each in named for label in re.findall(r"[A-Za-z_]\w*", each)}
