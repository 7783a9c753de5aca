"""JSON as I-JSON has it (RFC 7493): no NaN, no name twice, no lone surrogate, no number that others would round."""

import json
from typing import Any, NoReturn

DEEPEST = 32
"""Levels of nesting; our deepest message has five."""


class NotJson(ValueError):
    """What was sent is not JSON that everybody reads the same way; the message says why."""


def parse(body: bytes) -> Any:
    """Parse. Raises NotJson."""
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise NotJson(f"nested deeper than {DEEPEST} levels") from error
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson(str(error)) from error
    _check(found)
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson(f"a name stands twice in one object, among {sorted(found)[:5]}")
    return found


def _refuse(constant: str) -> NoReturn:
    raise NotJson(f"{constant} is not JSON")


def _check(found: Any) -> None:
    level = [found]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
                below += value
            elif isinstance(value, list):
                below += value
            elif isinstance(value, str):
                _check_text(value)
            elif isinstance(value, int) and abs(value) >= 2**53:
                raise NotJson(f"the number {str(value)[:20]} does not fit a double: others would round it")
            elif isinstance(value, float) and value in (float("inf"), float("-inf")):
                raise NotJson("a number is too large for a double")
        if not below:
            return
        level = below
    raise NotJson(f"nested deeper than {DEEPEST} levels")


def _check_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise NotJson("a text holds half of a surrogate pair") from error
