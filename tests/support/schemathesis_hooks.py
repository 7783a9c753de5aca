"""What schemathesis cannot know from the contract. It loads this by name."""

import re
from typing import Any

import schemathesis

from services.projection.api.describe import examples

_PLACE = re.compile(r"/([0-9]+)@([0-9]+)")
REACHED = 25
"""Every golden log has so many records, and so many outcomes less one."""
NOW = "2019-11-03"
_WELL_FORMED = re.compile(r"[0-9a-z][0-9a-z._-]{0,63}")


@schemathesis.hook
def map_path_parameters(context: Any, parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Have every other id be one that is there, else nearly every answer is 404."""
    shown = examples()["answers"].get(context.operation.path, {}).get("application/json", {}).get("example", {})
    for name, value in (parameters or {}).items():
        kind = context.operation.path.split("/")[2].removesuffix("s") if name == "id" else name
        if kind in shown and _WELL_FORMED.fullmatch(str(value)) and len(str(value)) % 2:
            return {name: shown[kind]}
    return parameters


@schemathesis.hook
def map_query(context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Have `min_position` name places that are there and were reached, and a report's period not end before it begins:
    else the answer is rightly 422 or 504."""
    if query is None:
        return None
    asked = query.get("min_position")
    if isinstance(asked, str):
        query["min_position"] = _PLACE.sub(lambda found: f"/0@{int(found[2]) % (REACHED - 1)}", asked)
    ends = (str(query.get(name, NOW)) for name in ("to", "known_at"))
    if context.operation.path == "/v1/sitrep" and str(query.get("from", "")) > min(NOW, *ends):
        del query["from"]
    return query
