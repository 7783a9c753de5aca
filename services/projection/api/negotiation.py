"""What a client would rather have, by RFC 9110 section 12: the `q` of each choice in an Accept header."""

import re

_CHOICE = re.compile(r"\s*([^\s;,]+)\s*(?:;[^,]*?\bq\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?(?:;[^,]*)?", re.ASCII)


def choices(header: str) -> dict[str, float]:
    """The named choices, in lower case, and their quality: 1 unless said, 0 for what is not wanted."""
    found = (_CHOICE.fullmatch(each) for each in header.split(","))
    return {each[1].lower(): float(each[2] or 1) for each in found if each is not None}


def quality(header: str, *names: str) -> float:
    """The quality of the first of `names` that the header has, the most exact name first; 0 for none."""
    said = choices(header)
    return next((said[name] for name in names if name in said), 0.0)
