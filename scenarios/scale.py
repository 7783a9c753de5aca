"""Many operations at once, for load: copies of a plan, told apart by a suffix on every id.

Villages and districts are a closed set, so a copy is about the same places. What concerns nothing but a place (what a
post needs) is left out of copies, because there can be one plan of a post; and so is what is no message.
"""

from dataclasses import replace
from typing import Any

import msgspec

from scenarios.plan import Plan, Planned
from schemas.catalogue import definition

SUFFIXED = frozenset(
    {
        "assignment", "by", "complained_unit", "contingent", "duplicate_of", "engagement", "escort", "handover",
        "incident", "incidents", "operation", "shipment", "shipments", "unit", "units", "warning",
    }
)  # fmt: skip
"""Fields that hold an id or several of what a copy has of its own."""
SEALS = frozenset({"seals", "compartment_seal", "number"})


def scaled(plan: Plan, times: int) -> Plan:
    """So many operations in one plan; one is the plan itself. About one kilobyte of memory a message."""
    if times == 1:
        return plan
    steps = {(0, each.step): each for each in plan.messages}
    for copy in range(1, times):
        steps |= {(copy, each.step): _copied(each, copy + 1) for each in plan.messages if _has_copies(each)}
    order = sorted(steps, key=lambda at: (steps[at].send_at, at[1], at[0]))
    new = {at: step for step, at in enumerate(order)}
    return Plan(f"{plan.name}-x{times}", tuple(_placed(steps[at], new, at[0], plan, times) for at in order))


def _placed(planned: Planned, new: dict[tuple[int, int], int], copy: int, plan: Plan, times: int) -> Planned:
    batch = None if planned.batch is None else planned.batch * times + copy
    after = tuple(sorted(new[copy, step] for step in planned.after))
    return replace(planned, step=new[copy, planned.step], after=after, batch=batch)


def _has_copies(planned: Planned) -> bool:
    return planned.key is not None and not planned.key.startswith("post/")


def _copied(planned: Planned, number: int) -> Planned:
    event = msgspec.json.decode(planned.body)
    suffix = f"-x{number}"
    event["id"] += suffix
    event["data"] = told_apart(event["data"], suffix)
    entry = definition(event["type"], event["dataschema"])
    assert entry is not None
    key = f"{entry.aggregate}/{event['data'][entry.key]}"
    return replace(planned, id=event["id"], body=msgspec.json.encode(event), key=key)


def told_apart(data: dict[str, Any], suffix: str) -> dict[str, Any]:
    """The data of a message of a copy: with the suffix on every id that is the copy's own."""
    return {name: _own(name, value, suffix, data) for name, value in data.items()}


def _own(name: str, value: Any, suffix: str, beside: dict[str, Any]) -> Any:
    match value:
        case str() if name in SUFFIXED or (name == "target" and beside.get("target_kind") == "shipment"):
            return value + suffix
        case str() if name in SEALS:
            return value + suffix.upper()
        case list():
            return [_own(name, each, suffix, beside) for each in value]
        case dict():
            return told_apart(value, suffix)
        case _:
            return value
