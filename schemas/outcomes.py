"""What can become of a message besides acceptance. Every message gets exactly one outcome, always."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from schemas.registry import outcome

OutcomeKind = Literal["accepted", "refused", "rejected", "repeated", "conflicting"]


@outcome("kalimaya.message.refused")
class Refused:
    """An order that was not given effect. `clashes` names what it clashes with: assignments, seals …"""

    reason: str
    detail: str
    clashes: tuple[str, ...] = ()


@outcome("kalimaya.message.rejected")
class Rejected:
    """A message turned away: its source may not speak for it, its time is impossible, or it broke us."""

    reason: str
    detail: str


@outcome("kalimaya.message.repeated")
class Repeated:
    """The same (source, id) with the same content came before.

    `first` is the inbox offset of the first copy, `at` the offset of its outcome in the event log of the
    same partition number.
    """

    first: int
    at: int


@outcome("kalimaya.message.conflicting")
class Conflicting:
    """The same (source, id) came before with other content: kept in the inbox, never applied."""

    first: int
    at: int


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
