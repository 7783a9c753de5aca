"""What schemathesis cannot know from the contract. It loads this by name."""

import re
from typing import Any

import schemathesis

_PLACE = re.compile(r"/([0-9]+)@([0-9]+)")
REACHED = 25
"""Every golden log has so many records, and so many outcomes less one."""


@schemathesis.hook
def map_query(_: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Have `min_position` name places that are there and were reached: else the answer is rightly 422 or 504."""
    asked = (query or {}).get("min_position")
    if isinstance(asked, str) and query is not None:
        query["min_position"] = _PLACE.sub(lambda found: f"/0@{int(found[2]) % (REACHED - 1)}", asked)
    return query
