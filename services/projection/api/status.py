"""How far the read model is, and whether it is being filled."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter

from services.projection.api.reading import Present
from services.projection.api.words import Answer

router = APIRouter(tags=["status"])


class LogStatus(Answer):
    """One partition of an event log. `end` and `lag` (records) are null until the log's end is known.

    `inbox_next`: the inbox offset whose outcome comes next. `voids`: records that did not count. `alarms`: offsets of
    records in the right place with a wrong chain. `stopped`: why this partition is read no more.
    """

    log: str
    next_offset: int
    inbox_next: int
    end: int | None
    lag: int | None
    known: datetime | None
    voids: int
    alarms: Sequence[int]
    stopped: str | None


class StatusAnswer(Answer):
    """`projector` says what is wrong, and is null when all is well. `unprojected_age` is in seconds."""

    now: datetime
    projector: str | None
    unprojected_age: float
    logs: Sequence[LogStatus]


@router.get("/v1/status", response_model=StatusAnswer)
async def status(look: Present) -> StatusAnswer:
    """Positions, lag, and the projector's state."""
    projector = look.reading.projector
    logs = []
    for place, position in sorted(look.positions.items()):
        end = projector.ends.get(place)
        logs.append(
            LogStatus(
                log=f"{place[0]}/{place[1]}",
                next_offset=position.next_offset,
                inbox_next=position.next_cause,
                end=end,
                lag=None if end is None else max(0, end - position.next_offset),
                known=position.known,
                voids=position.voids,
                alarms=position.alarms,
                stopped=projector.stopped.get(place),
            )
        )
    return StatusAnswer(
        now=look.now, projector=projector.trouble(), unprojected_age=projector.unprojected_age(), logs=logs
    )
