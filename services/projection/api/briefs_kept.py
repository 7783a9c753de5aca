"""Briefs of the present, each kept as long as its row in the read model is the same.

PostgreSQL says which transaction wrote a row (`xmin`) and in which table it stands (`tableoid`; a rebuilt read model
has others): while both are the same, so is the row. To read these for every row of a picture takes a fifth of the time
that the briefs take, and from one picture to the next most kinds are the same as a whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.views.briefs import Brief, from_json

ROWS = "(SELECT *, tableoid AS stands_in, xmin AS written_by FROM entities)"
VERSIONS = """kind, array_agg(id ORDER BY id) AS ids, array_agg(written_by ORDER BY id) AS written_by,
min(stands_in) AS stands_in"""
"""To be grouped by kind."""
READ = """SELECT kind, id, brief FROM entities
JOIN unnest($1::text[], $2::text[]) AS wanted (kind, id) USING (kind, id)"""
MOST_LISTS = 100

Version = tuple[int, int]
Rows = tuple[int, Sequence[str], Sequence[int]]
"""Of one kind: the table, the ids, and the transaction that wrote each."""


class KeptBriefs:
    """One for each entity that was asked for, and of each kind the list of each length that was asked for last.

    By length, so that the few of one village do not put out the many of the whole picture.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Version, Brief]] = {}
        self._lists: dict[tuple[str, int], tuple[Rows, Sequence[Brief]]] = {}

    async def of(self, connection: Any, versions: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Brief]]:
        """The briefs of each kind, by id, from these VERSIONS, which the connection's transaction has read.

        Nobody may change a list. Another look may come between, so what is kept is taken before anything is awaited.
        """
        rows: dict[str, Rows] = {row["kind"]: (row["stands_in"], row["ids"], row["written_by"]) for row in versions}
        lengths = {kind: (kind, len(ids)) for kind, (_, ids, _) in rows.items()}
        lasts = {kind: self._lists.get(lengths[kind]) for kind in rows}
        same = {kind: last[1] for kind, last in lasts.items() if last and last[0] == rows[kind]}
        wanted = {
            (kind, id_): (table, by)
            for kind, (table, ids, written_by) in rows.items()
            if kind not in same
            for id_, by in zip(ids, written_by, strict=True)
        }
        found = {key: kept for key in wanted if (kept := self._kept.get(key)) and kept[0] == wanted[key]}
        fresh = wanted.keys() - found.keys()
        if fresh:
            kinds, ids = zip(*fresh, strict=True)
            for row in await connection.fetch(READ, kinds, ids):
                key = row["kind"], row["id"]
                found[key] = self._kept[key] = wanted[key], from_json(row["kind"], row["brief"])
        for kind in rows.keys() - same.keys():
            same[kind] = [found[kind, id_][1] for id_ in rows[kind][1]]
            self._lists.pop(lengths[kind], None)
            self._lists[lengths[kind]] = rows[kind], same[kind]
        while len(self._lists) > MOST_LISTS:
            del self._lists[next(iter(self._lists))]
        return same
