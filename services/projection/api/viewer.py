"""Who asks, and what of the read model is shown to him: one condition in SQL for all that is served (ADR 0011).

It knows grants and columns; of documents only the rule and the subject of an alert, and what tells a complaint.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from schemas.areas import lies_in
from schemas.places import VILLAGES
from schemas.types import AlertRule
from services.kit.principals import Principal, Role
from services.projection.api.briefs import OPERATIONS
from services.views.model import KINDS

EVERYBODYS = frozenset(OPERATIONS)
"""The operation file is the frame of everybody's work: when, which villages, who takes part."""

ROLES: dict[Role, frozenset[str]] = {
    "command": frozenset(KINDS),
    "logistics": frozenset({"unit", "post", "shipment", "readiness", "alert"}),
}
"""The kinds of entity that a role reads in its areas; of alerts, `RULES` says which."""

RULES: dict[Role, tuple[AlertRule, ...] | None] = {
    "command": None,
    "logistics": (
        "under_strength",
        "arrival_overdue",
        "unit_silent",
        "left_post",
        "off_post",
        "spot_unpatrolled",
        "crossing_not_begun",
        "leg_overdue",
        "handover_half_open",
        "unescorted",
        "escort_separated",
        "seal_reused",
        "discrepancy_open",
        "not_ready",
        "not_returned",
    ),
}
"""Whose alerts a role reads; None: all. A new rule is read by nobody else until somebody says so here."""

_COMPLAINTS = """
SELECT DISTINCT id, districts FROM entities CROSS JOIN jsonb_array_elements_text(
    CASE WHEN brief ->> 'type' = 'officer_neutrality' AND document -> 'triage' = 'null'
         THEN document -> 'units' ELSE brief -> 'hidden_from' END) AS complained (unit)
WHERE kind = 'incident' AND (brief -> 'hidden_from' <> '[]' OR brief ->> 'type' = 'officer_neutrality')
    AND ('unit/' || complained.unit ~ $1
         OR complained.unit IN (SELECT id FROM entities WHERE kind = 'unit' AND agency = $2))"""
"""Of most incidents only the brief is read: documents are long."""

_NAMING = """
SELECT id, districts FROM entities
WHERE kind = 'incident' AND (document ->> 'duplicate_of' = ANY($1) OR document -> 'incidents' ?| $1)"""
"""What 0005_complaints.sql has indexes for."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """The incidents that are about a viewer's own units, as keys (`incident/...`), and the districts they lie in."""

    incidents: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody with a token.

    `agency`: his own, None for an operator. `villages`: those of his areas, None for all areas. `own`: a regular
    expression that the keys of his own units and shipments match.
    """

    source: str
    agency: str | None
    role: Role | None
    villages: frozenset[str] | None
    own: str
    owns: frozenset[str]
    hidden: Hidden = Hidden()

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of entity of which he may see any."""
        return EVERYBODYS | self.owns | (ROLES[self.role] if self.role else frozenset())

    @property
    def commands(self) -> bool:
        """Whether he sees everything, and no complaint could be about him."""
        return self.role == "command" and self.villages is None and "unit" not in self.owns

    def sees_village(self, code: str) -> bool:
        """Whether a village lies in his areas."""
        return self.villages is None or code in self.villages

    def sees_district(self, code: str) -> bool:
        """Whether his areas have a village in this district."""
        return self.villages is None or code in self.districts

    @property
    def districts(self) -> frozenset[str]:
        """The districts of his villages, where he does not see all."""
        return frozenset(code[:8] for code in self.villages or ())

    async def looking(self, connection: Any) -> "Viewer":
        """Himself, with what is hidden from him at this look."""
        if "unit" not in self.owns:
            return self
        found = fresh = dict(await connection.fetch(_COMPLAINTS, self.own, self.agency))
        while fresh:
            naming = dict(await connection.fetch(_NAMING, list(fresh)))
            fresh = {id_: naming[id_] for id_ in naming.keys() - found.keys()}
            found |= fresh
        incidents = tuple(f"incident/{id_}" for id_ in sorted(found))
        districts = tuple(sorted({code for several in found.values() for code in several}))
        return replace(self, hidden=Hidden(incidents, districts))

    async def seen(self, connection: Any, subjects: Collection[str]) -> set[str]:
        """Those of these subjects (`unit/...`) that he sees now: for streams, during which that changes."""
        if self.commands:
            return set(subjects)
        now = await self.looking(connection)
        visible, arguments = now.condition("about", 2)
        rows = await connection.fetch(
            f"""SELECT wanted.subject FROM unnest($1::text[]) AS wanted (subject) JOIN entities AS about
                ON about.kind = split_part(wanted.subject, '/', 1) AND about.id = split_part(wanted.subject, '/', 2)
                WHERE {visible}""",
            list(subjects),
            *arguments,
        )
        return {row["subject"] for row in rows}

    def condition(self, row: str, first: int) -> tuple[str, list[Any]]:
        """SQL that is true for an entity that he sees, and its arguments, which are `$first` and those after it.

        `row` names a table with the columns of `entities`. Columns that are null make nothing visible.
        """
        if self.commands:
            return "true", []
        sql = _Condition(row, first)
        seen = [f"{row}.kind = ANY({sql.argument(sorted(EVERYBODYS))}::text[])"]
        if self.role:
            seen.append(sql.read_as(self.role, self.villages, self.districts))
        if self.owns:
            seen.append(sql.owned(self.own, self.agency))
        shown = f"COALESCE({' OR '.join(seen)}, false)"
        return f"({shown} AND NOT {sql.complaining(self.hidden)})", sql.arguments

    def condition_on_subject(self, row: str, first: int) -> tuple[str, list[Any]]:
        """SQL that is true for a message that he sent, or whose subject he sees; as `condition`.

        `row` names a table with the columns `source` and `subject`.
        """
        if self.commands:
            return "true", []
        visible, more = self.condition("about", first + 1)
        about = f"about.kind = split_part({row}.subject, '/', 1) AND about.id = split_part({row}.subject, '/', 2)"
        seen = f"EXISTS (SELECT FROM entities AS about WHERE {about} AND {visible})"
        return f"({row}.source = ${first}::text OR {seen})", [self.source, *more]


class _Condition:
    """Builds the condition on one table, and collects its arguments."""

    def __init__(self, row: str, first: int) -> None:
        self._row, self._first = row, first
        self.arguments: list[Any] = []

    def argument(self, value: Any) -> str:
        self.arguments.append(value)
        return f"${self._first + len(self.arguments) - 1}"

    @property
    def _about(self) -> str:
        """What a row is about: of an alert its subject, which may go on behind a `#`."""
        row = self._row
        subject = f"split_part({row}.document ->> 'subject', '#', 1)"
        return f"(CASE {row}.kind WHEN 'alert' THEN {subject} ELSE {row}.kind || '/' || {row}.id END)"

    def read_as(self, role: Role, villages: frozenset[str] | None, districts: frozenset[str]) -> str:
        """What a role reads in its areas."""
        row, rules = self._row, RULES[role]
        parts = [f"{row}.kind = ANY({self.argument(sorted(ROLES[role]))}::text[])"]
        if rules is not None:
            alerts = self.argument(list(rules))
            parts.append(f"({row}.kind <> 'alert' OR {row}.document ->> 'rule' = ANY({alerts}::text[]))")
        if villages is not None:
            here, around = self.argument(sorted(villages)), self.argument(sorted(districts))
            parts.append(
                f"({row}.villages && {here}::text[] OR {row}.villages = '{{}}' AND {row}.districts && {around}::text[])"
            )
        return f"({' AND '.join(parts)})"

    def owned(self, own: str, agency: str | None) -> str:
        """What is one's own, and the alerts on it."""
        pattern, who = self.argument(own), self.argument(agency)
        registered = f"SELECT 'unit/' || id FROM entities WHERE kind = 'unit' AND agency = {who}::text"
        contingent = f"{self._row}.kind = 'contingent' AND {self._row}.agency = {who}::text"
        return f"({self._about} ~ {pattern}::text OR {self._about} IN ({registered}) OR {contingent})"

    def complaining(self, hidden: Hidden) -> str:
        """What tells of a complaint about oneself."""
        if not hidden.incidents:
            return "false"
        row, incidents, districts = self._row, self.argument(hidden.incidents), self.argument(hidden.districts)
        cluster = f"{row}.kind = 'alert' AND {row}.document ->> 'rule' = 'cluster'"
        return (
            f"COALESCE({self._about} = ANY({incidents}::text[]) "
            f"OR {cluster} AND {row}.districts && {districts}::text[], false)"
        )


def viewer_of(principal: Principal) -> Viewer:
    """What a principal may see."""
    reads, agency = principal.reads, principal.id if principal.kind == "agency" else None
    areas = None if reads.areas == "all" else frozenset(reads.areas)
    own = {"unit": principal.units, "shipment": reads.shipments}
    owns = {"unit", "shipment", "contingent"} if agency else {kind for kind, patterns in own.items() if patterns}
    return Viewer(
        source=principal.source,
        agency=agency,
        role=reads.role,
        villages=None if areas is None else frozenset(code for code in VILLAGES if lies_in(code, areas)),
        own=_one_of([f"{kind}/{pattern}" for kind, patterns in own.items() for pattern in patterns]),
        owns=frozenset(owns | {"alert"} if owns else ()),
    )


def _one_of(patterns: list[str]) -> str:
    """These shell patterns as one regular expression that PostgreSQL knows, too; of none, one that matches nothing."""
    return f"^({'|'.join(map(_expression, patterns))})$" if patterns else "^$"


def _expression(pattern: str) -> str:
    wild = {"*": ".*", "?": "."}
    parts = re.findall(r"\[[^]]+\]|.", pattern)
    return "".join(wild.get(each) or (each.replace("[!", "[^") if len(each) > 1 else re.escape(each)) for each in parts)
