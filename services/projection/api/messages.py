"""What became of my message: all outcomes of one identity, each with what it brought about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query

from schemas.outcomes import OutcomeKind
from services.projection.api.reading import NOT_FOUND, Present
from services.projection.api.words import Answer

router = APIRouter(tags=["messages"])
_TEXT = r"^[^\x00]+$"


class EventAnswer(Answer):
    """An event of an accepted message, as it stands in the log."""

    position: str
    type: str
    subject: str
    time: datetime
    data: Any


class OutcomeAnswer(Answer):
    """One outcome. `inbox` is where the message stands, `position` where its outcome does.

    `detail` is what the outcome says of itself: for a refusal reason, text and clashes, for a repeated message where
    the first one was answered. `knowntime` is from when this could be known.
    """

    kind: OutcomeKind
    reason: str | None
    type: str
    subject: str
    inbox: str
    position: str
    time: datetime
    recordedtime: datetime
    knowntime: datetime
    detail: Any
    events: Sequence[EventAnswer]


class MessageAnswer(Answer):
    """A message and its outcomes, the first one first: later ones are of copies of it."""

    source: str
    id: str
    outcomes: Sequence[OutcomeAnswer]


@router.get("/v1/messages", response_model=MessageAnswer, responses=NOT_FOUND)
async def messages(
    look: Present,
    source: Annotated[str, Query(min_length=1, max_length=500, pattern=_TEXT, examples=["/agencies/polres-serang"])],
    id: Annotated[str, Query(min_length=1, max_length=500, pattern=_TEXT)],
) -> MessageAnswer:
    """What became of the message with this `source` and `id`; 404 while it has no outcome here.

    Your own messages, and those about what you may see.
    """
    visible, arguments = look.visible_subject("o", 3)
    outcomes = await look.connection.fetch(
        f"""SELECT * FROM outcomes AS o WHERE source = $1 AND id = $2 AND {visible}
            ORDER BY service, partition, cause""",
        source,
        id,
        *arguments,
    )
    if not outcomes:
        raise look.not_found(f"No outcome of message {id} from {source} is known yet.")
    events = await look.connection.fetch(
        """SELECT e.* FROM events e JOIN outcomes o USING (service, partition, cause)
           WHERE o.source = $1 AND o.id = $2 ORDER BY e.event_offset""",
        source,
        id,
    )
    return MessageAnswer(source=source, id=id, outcomes=[_outcome(row, events) for row in outcomes])


def _outcome(row: Any, events: Sequence[Any]) -> OutcomeAnswer:
    at = (row["service"], row["partition"], row["cause"])
    return OutcomeAnswer(
        kind=row["kind"],
        reason=row["reason"],
        type=row["type"],
        subject=row["subject"],
        inbox=f"{row['service']}.inbox/{row['partition']}@{row['cause']}",
        position=f"{row['service']}.events/{row['partition']}@{row['offset']}",
        time=row["time"],
        recordedtime=row["recordedtime"],
        knowntime=row["knowntime"],
        detail=msgspec.json.decode(row["detail"]),
        events=[_event(each) for each in events if (each["service"], each["partition"], each["cause"]) == at],
    )


def _event(row: Any) -> EventAnswer:
    return EventAnswer(
        position=f"{row['service']}.events/{row['partition']}@{row['event_offset']}",
        type=row["type"],
        subject=row["subject"],
        time=row["time"],
        data=msgspec.json.decode(row["data"]),
    )
