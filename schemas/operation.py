"""The operation file as a message carries it: what is voted where, when, and who takes part.

Each service has its own order with these fields, so that each log stands alone (DOMAIN: the operation enters every
log). A later version supersedes without erasing. Which file can be adopted is one rule for all of them, so it is here.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from schemas.outcomes import Refused, first_few, not_newer, window_empty
from schemas.types import (
    AgencyId,
    Day,
    Jurisdiction,
    Name,
    OperationId,
    PlanDay,
    PlanSource,
    PlanVersion,
    StageName,
    StationCount,
    VillageCode,
    WindowEnd,
    WindowStart,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of the operation, for the window [start, end)."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    stage: StageName
    start: WindowStart
    end: WindowEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class Voting:
    """A village that votes: the police that answer for it, and how many polling stations it has."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    village: VillageCode
    jurisdiction: Jurisdiction
    stations: StationCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """An agency that takes part."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    agency: AgencyId
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A version of the operation file. `source` and `dated` say which document it follows."""

    operation: OperationId
    version: PlanVersion
    name: Name
    polling_day: Day
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=20)]
    villages: Annotated[tuple[Voting, ...], Field(min_length=1, max_length=2000)]
    agencies: Annotated[tuple[Participant, ...], Field(min_length=1, max_length=1000)]
    source: PlanSource
    dated: PlanDay


def not_adoptable(file: Operation, in_force: int | None) -> Refused | None:
    """A refusal unless a service can put this file in force after version `in_force`, if it has one.

    Every stage lasts; no stage, village or agency is listed twice, so that each has one window, jurisdiction or name.
    """
    return (
        next(filter(None, (window_empty(f"stage {each.stage}", each.start, each.end) for each in file.stages)), None)
        or _listed_twice("stage", (each.stage for each in file.stages))
        or _listed_twice("village", (each.village for each in file.villages))
        or _listed_twice("agency", (each.agency for each in file.agencies))
        or not_newer(f"operation {file.operation}", file.version, in_force)
    )


def _listed_twice(what: str, names: Iterable[str]) -> Refused | None:
    twice = tuple(name for name, times in Counter(names).items() if times > 1)
    if not twice:
        return None
    return Refused(reason="listed_twice", detail=f"listed more than once as {what}: {first_few(twice)}", clashes=twice)
