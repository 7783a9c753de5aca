"""Rows of the events in the order in which they could be known, between two vectors of positions.

Within a partition that is the order of the log; between partitions the known time decides, then the place. What stands
before an event in this order and comes later into the read model has a position of its own, so a vector misses nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.projection.api.vector import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events are asked for; None lets every one through. `kinds` are of their entities, `entity` the id of one.

    `under` are villages, of which an event concerns one, or no village but a district of one. `start` and `end` bound
    the effective time, the others the known time; the ends are not within.
    """

    kinds: Collection[str] | None = None
    entity: str | None = None
    types: Collection[str] | None = None
    source: str | None = None
    village: str | None = None
    district: str | None = None
    under: frozenset[str] | None = None
    start: datetime | None = None
    end: datetime | None = None
    known_from: datetime | None = None
    known_to: datetime | None = None

    @property
    def subjects(self) -> list[str] | None:
        """The subjects that one entity may have, if kind and id are both said: these have an index."""
        if self.entity is None or self.kinds is None:
            return None
        return [f"{kind}/{self.entity}" for kind in self.kinds]


EVERYTHING = Wanted()

COLUMNS = """service, partition, event_offset, type, subject, "time", recordedtime, knowntime, villages, districts"""

_WANTED = """
    ($6::text[] IS NULL OR split_part(subject, '/', 1) = ANY($6))
    AND ($7::text IS NULL OR split_part(subject, '/', 2) = $7) AND ($8::text[] IS NULL OR subject = ANY($8))
    AND ($9::text[] IS NULL OR type = ANY($9)) AND ($10::text IS NULL OR source = $10)
    AND ($11::text IS NULL OR $11 = ANY(villages)) AND ($12::text IS NULL OR $12 = ANY(districts))
    AND ($13::text[] IS NULL OR villages && $13 OR (villages = '{}' AND districts && $14::text[]))
    AND ($15::timestamptz IS NULL OR least("time", recordedtime) >= $15)
    AND ($16::timestamptz IS NULL OR least("time", recordedtime) < $16)
    AND ($17::timestamptz IS NULL OR knowntime >= $17) AND ($18::timestamptz IS NULL OR knowntime < $18)"""


Visible = tuple[str, Sequence[Any]]
"""SQL that is true for an event that the reader may see, and its arguments, which are `$FIRST_FREE` and those after."""

FIRST_FREE = 19
ALL_VISIBLE: Visible = ("true", ())


async def rows(
    connection: Any,
    first: Vector,
    beyond: Vector,
    wanted: Wanted,
    limit: int,
    *,
    newest_first: bool = False,
    columns: str = COLUMNS,
    visible: Visible = ALL_VISIBLE,
) -> Sequence[Any]:
    """At most `limit` events from `first` on and before `beyond`, of the partitions that `beyond` names."""
    places = sorted(beyond)
    order = "DESC" if newest_first else "ASC"
    sql = f"""SELECT each.* FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
                AS part (of, number, first, beyond)
              CROSS JOIN LATERAL (
                SELECT {columns} FROM events
                WHERE service = part.of AND partition = part.number
                  AND event_offset >= part.first AND event_offset < part.beyond AND {_WANTED} AND {visible[0]}
                ORDER BY event_offset {order} LIMIT $5) each
              ORDER BY knowntime {order}, service {order}, partition {order}, event_offset {order} LIMIT $5"""
    return await connection.fetch(  # type: ignore[no-any-return]
        sql,
        [topic.removesuffix(".events") for topic, _ in places],
        [partition for _, partition in places],
        [first.get(place, 0) for place in places],
        [beyond[place] for place in places],
        limit,
        *_arguments(wanted),
        *visible[1],
    )


def _arguments(wanted: Wanted) -> list[Any]:
    under = wanted.under
    return [
        wanted.kinds and list(wanted.kinds),
        wanted.entity,
        wanted.subjects,
        wanted.types and list(wanted.types),
        wanted.source,
        wanted.village,
        wanted.district,
        None if under is None else sorted(under),
        None if under is None else sorted({code[:8] for code in under}),
        wanted.start,
        wanted.end,
        wanted.known_from,
        wanted.known_to,
    ]


def place_of(row: Mapping[str, Any]) -> tuple[str, int]:
    """The partition in which the event stands."""
    return f"{row['service']}.events", row["partition"]


def position_of(row: Mapping[str, Any]) -> str:
    """Where the event stands, as clients see it."""
    return f"{row['service']}.events/{row['partition']}@{row['event_offset']}"
