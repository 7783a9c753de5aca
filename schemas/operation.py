"""The operation file as a message carries it: what is voted where, when, and who takes part.

Each service has its own order with these fields, so that each log stands alone (DOMAIN: the operation enters every
log). A later version supersedes without erasing.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

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
