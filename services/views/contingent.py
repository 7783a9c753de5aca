"""A contingent: the personnel that an agency gives, by the versions of the plan."""

from datetime import date, datetime
from typing import Any

from msgspec import field
from msgspec.structs import replace

from schemas.deployment import ContingentPlanned
from schemas.types import ContingentId
from services.views.facts import Entity, Fact, Told, heard, plain, told, with_entry
from services.views.listed import Listed, in_villages


class Personnel(Told, frozen=True, kw_only=True):
    """Heads by force that an agency gives in the window [start, end), by one version of the plan."""

    plan_version: int
    plan_source: str
    plan_dated: date
    agency: str
    personnel: dict[str, int]
    start: datetime
    end: datetime


class Contingent(Entity, frozen=True, kw_only=True):
    """All versions of one contingent's plan, by their number."""

    contingent: ContingentId
    versions: dict[str, Personnel] = field(default_factory=dict)


def fold(state: Contingent | None, fact: Fact) -> Contingent:
    """The contingent after one more fact."""
    data: ContingentPlanned = fact.data
    contingent = heard(state or Contingent(contingent=data.contingent), fact)
    version = told(Personnel, fact)
    return replace(contingent, versions=with_entry(contingent.versions, str(data.plan_version), version))


def document(contingent: Contingent) -> dict[str, Any]:
    """The contingent as it is shown: all versions, and the newest one's agency."""
    return {
        **plain(contingent),
        "agency": newest(contingent).agency,
        "flags": ["clock_ahead"] if contingent.clock_ahead else [],
    }


def newest(contingent: Contingent) -> Personnel:
    """The version of the highest number."""
    return contingent.versions[max(contingent.versions, key=int)]


def listed(document: dict[str, Any]) -> Listed:
    """Contingents are listed by agency."""
    return in_villages([], agency=document["agency"])
