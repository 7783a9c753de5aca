"""What agencies published over Kafka and nobody can read, with the reason: for whoever must call the agency."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from services.projection.api.reading import Present
from services.projection.api.words import Answer, Limit, Page, WordFilter, page

router = APIRouter(tags=["messages"])

Cursor = Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$", description="`next` of the page before.")]


class Raw(Answer):
    """Bytes as they came: in Base64, and as text where they are UTF-8."""

    base64: str
    text: str | None


class HeaderAnswer(Raw):
    """A header of the agency's record; the first 1,024 bytes of its value."""

    name: str


class UnreadableAnswer(Answer):
    """A record that was set aside.

    `position` is where it stands in gateway.unreadable, `written` where the agency wrote it, `reason` the problem that
    HTTP would have answered (the last part of its `type`). `raw` holds the first 65,536 of `size` bytes.
    """

    position: str
    agency: str
    written: str
    reason: str
    detail: str
    recordedtime: datetime | None = Field(description="When the gateway set it aside; null if that is not known.")
    size: int
    raw: Raw
    headers: Sequence[HeaderAnswer]


@router.get("/v1/unreadable", response_model=Page[UnreadableAnswer])
async def unreadable(
    look: Present, agency: WordFilter = None, cursor: Cursor = None, limit: Limit = 20
) -> Page[UnreadableAnswer]:
    """Records of the agencies' topics that nobody can read, the newest first; each once, however often it was read.

    Your agency's; those of all if you command all areas.
    """
    rows = await look.connection.fetch(
        """SELECT * FROM unreadable
           WHERE ($1::text IS NULL OR agency = $1) AND ($2::bigint IS NULL OR position < $2)
             AND ($4 OR agency = $5::text)
           ORDER BY position DESC LIMIT $3""",
        agency,
        None if cursor is None else int(cursor),
        limit + 1,
        look.viewer.commands,
        look.viewer.agency,
    )
    return page([_answer(row) for row in rows], limit, lambda each: each.position.rpartition("@")[2])


def _answer(row: Any) -> UnreadableAnswer:
    headers = msgspec.json.decode(row["headers"], type=list[tuple[str, str]])
    return UnreadableAnswer(
        position=f"gateway.unreadable/0@{row['position']}",
        agency=row["agency"],
        written=f"{row['topic']}/{row['partition']}@{row['offset']}",
        reason=row["reason"],
        detail=row["detail"],
        recordedtime=row["recordedtime"],
        size=row["size"],
        raw=Raw(**_raw(row["raw"], cut=len(row["raw"]) < row["size"])),
        headers=[HeaderAnswer(name=name, **_raw(b64decode(value))) for name, value in headers],
    )


def _raw(value: bytes, *, cut: bool = False) -> dict[str, Any]:
    return {"base64": b64encode(value).decode(), "text": _text(value, cut)}


def _text(value: bytes, cut: bool) -> str | None:
    """UTF-8, whose last character may be cut through; None for what is none."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        return value[: error.start].decode() if cut and error.start > len(value) - 4 else None
