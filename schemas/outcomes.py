"""What can become of a message besides acceptance. Every message gets exactly one outcome, always."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.registry import outcome

OutcomeKind = Literal["accepted", "refused", "rejected", "repeated", "conflicting"]

ReasonCode = Annotated[str, Field(description="A stable word; docs/messages.md says what it means and what to do.")]
Detail = Annotated[str, Field(description="What was wrong in this case, with its numbers and ids.")]
Clashes = Annotated[tuple[str, ...], Field(description="With what it clashes: ids, codes or numbers.")]
FirstOffset = Annotated[int, Field(description="The inbox offset of the first copy.")]
OutcomeOffset = Annotated[
    int, Field(description="The offset of the first copy's outcome, in the log's partition of the same number.")
]


@outcome("kalimaya.message.refused")
class Refused:
    """An order that was not given effect. `clashes` names what it clashes with: assignments, seals …"""

    reason: ReasonCode
    detail: Detail
    clashes: Clashes = ()


@outcome("kalimaya.message.rejected")
class Rejected:
    """A message turned away: its source may not speak for it, its time is impossible, or it broke us."""

    reason: ReasonCode
    detail: Detail


@outcome("kalimaya.message.repeated")
class Repeated:
    """The same (source, id) with the same content came before."""

    first: FirstOffset
    at: OutcomeOffset


@outcome("kalimaya.message.conflicting")
class Conflicting:
    """The same (source, id) came before with other content: kept in the inbox, never applied."""

    first: FirstOffset
    at: OutcomeOffset


OUTCOME_OF: dict[str, OutcomeKind] = {
    "kalimaya.message.refused": "refused",
    "kalimaya.message.rejected": "rejected",
    "kalimaya.message.repeated": "repeated",
    "kalimaya.message.conflicting": "conflicting",
}


def outcome_of(type_: str) -> OutcomeKind:
    """The kind of outcome that an event of this type records."""
    return OUTCOME_OF.get(type_, "accepted")


def first_few(names: Sequence[str], at_most: int = 5) -> str:
    """A refusal's `detail` stays readable by naming the first few; its `clashes` names all."""
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")


def not_newer(what: str, version: int, in_force: int | None) -> Refused | None:
    """A refusal unless `version` is newer than the one in force: versions of a plan only ever follow each other."""
    if in_force is None or version > in_force:
        return None
    return Refused(
        reason="version_not_newer",
        detail=f"{what} follows version {in_force}; version {version} is not newer",
        clashes=(str(in_force),),
    )


def window_empty(what: str, start: datetime, end: datetime) -> Refused | None:
    """A refusal unless the window [start, end) of `what` holds an instant."""
    if start < end:
        return None
    return Refused(
        reason="window_empty",
        detail=f"{what} ends at {to_the_minute(end)}, not after its start at {to_the_minute(start)}",
    )


def to_the_minute(instant: datetime) -> str:
    """An instant as a refusal's `detail` names it."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}Z"
