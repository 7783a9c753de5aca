"""Principals: agencies and operators, what they may say and what they may read (agencies.yaml)."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from schemas.areas import lies_in
from schemas.places import DISTRICTS, VILLAGES
from schemas.types import AreaCode

Pattern = Annotated[str, Field(pattern=r"^([a-z0-9._*?-]|\[!?([a-z0-9]|[0-9]-[0-9]|[a-z]-[a-z])+\])+$")]
"""A shell pattern of ids, in that part of its language which PostgreSQL can be told, too."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a grant covers of one type of message; `areas` None: all."""

    subject: re.Pattern[str]
    areas: frozenset[str] | None

    def covers(self, subject: str, named: Collection[str]) -> bool:
        if self.subject.match(subject) is None:
            return False
        return self.areas is None or all(lies_in(code, self.areas) for code in named)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grant(_Strict):
    """May send these types of message about these subjects; both are shell patterns.

    A subject is the partition key of a message, e.g. `unit/polres-serang-007`; `units` are subjects without `unit/`.
    With `areas` (codes of districts and villages), every area that a message names must lie in one of them.
    """

    types: tuple[str, ...] = Field(min_length=1)
    subjects: tuple[str, ...] = ()
    units: tuple[Pattern, ...] = ()
    areas: tuple[AreaCode, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _about_something(self) -> "Grant":
        if not self.subjects and not self.units:
            raise ValueError("a grant names subjects or units")
        return self

    @property
    def about_units(self) -> tuple[str, ...]:
        """The units among its subjects, without `unit/`."""
        return (*self.units, *(each.removeprefix("unit/") for each in self.subjects if each.startswith("unit/")))

    def scope(self) -> _Scope:
        """The grant as it is judged by."""
        patterns = (*self.subjects, *(f"unit/{unit}" for unit in self.units))
        areas = None if self.areas is None else frozenset(self.areas)
        return _Scope(re.compile("|".join(map(translate, patterns))), areas)


Role = Literal["command", "logistics"]


class Reads(_Strict):
    """What may be read (ADR 0011): in `areas` (codes of districts and villages) as `role` says, and one's own anywhere.

    `units` and `shipments` are ids as shell patterns; own units are also those that the grants are about.
    """

    role: Role | None = None
    areas: tuple[AreaCode, ...] | Literal["all"] = ()
    units: tuple[Pattern, ...] = ()
    shipments: tuple[Pattern, ...] = ()

    @model_validator(mode="after")
    def _as_what_and_where(self) -> "Reads":
        if (self.role is None) != (not self.areas):
            raise ValueError("a role reads in areas, and areas are read in a role")
        return self


class Principal(_Strict):
    """An agency's system or an operator.

    `kafka`: publishes to a topic of its own, `agency.<id>`, besides HTTP; `kafka_bytes` a second at most, beyond which
    Kafka lets it wait (about 490 messages; the whole of "Serang 2019" has 4 in its busiest hours).
    `player`: plays a scenario, that is, speaks for the others and says when a message was taken in; nobody lets it in
    where no scenario's clock runs.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")
    name: str
    kind: Literal["agency", "operator"]
    grants: tuple[Grant, ...]
    reads: Reads = Reads()
    kafka: bool = False
    kafka_bytes: int = Field(default=262_144, gt=0)
    player: bool = False
    _scopes: dict[str, list[_Scope]] = PrivateAttr(default_factory=dict)

    @property
    def source(self) -> str:
        """The CloudEvents source of all that this principal sends; it is derived and never taken from a message."""
        return f"/{'agencies' if self.kind == 'agency' else 'operators'}/{self.id}"

    @property
    def units(self) -> tuple[str, ...]:
        """The units that are this principal's own, as shell patterns.

        An agency's are all that it may speak for. An operator orders other people's, and names his own in `reads`.
        """
        named = [] if self.kind == "operator" else [unit for grant in self.grants for unit in grant.about_units]
        return tuple(dict.fromkeys((*self.reads.units, *named)))

    def may(self, type_: str, subject: str, areas: Collection[str] = ()) -> bool:
        """Whether one grant covers this type of message about this subject, and all areas that it names.

        Scopes are kept by type, so `type_` must be a type that exists: strangers' words would fill the memory.
        """
        scopes = self._scopes.get(type_)
        if scopes is None:
            granting = (grant for grant in self.grants if any(fnmatchcase(type_, each) for each in grant.types))
            scopes = self._scopes[type_] = [grant.scope() for grant in granting]
        return any(scope.covers(subject, areas) for scope in scopes)


class _File(_Strict):
    principals: tuple[Principal, ...]


class CredentialsError(Exception):
    """A credentials file is missing or wrong; the message says what to do."""


def load_principals(path: Path) -> dict[str, Principal]:
    """Read agencies.yaml. Raises CredentialsError.

    An entry with `each: district` or `each: village` stands for one principal a district, or a village that votes by
    the file named in `operation`; `{code}`, `{name}` and `{slug}` in its texts are that place's. `jurisdictions` in
    `reads` stand for the villages of these police forces by that file.
    """
    try:
        written = yaml.safe_load(path.read_text())
        villages = _voting(path.parent / written.pop("operation")) if "operation" in written else {}
        entries = [_policing(each, villages) for entry in written["principals"] for each in _expanded(entry, villages)]
        found = _File.model_validate(written | {"principals": entries})
    except (OSError, yaml.YAMLError, ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise CredentialsError(f"{path} does not say who may speak: {error!r}") from error
    principals = {principal.id: principal for principal in found.principals}
    if len(principals) != len(found.principals):
        raise CredentialsError(f"{path} names a principal twice")
    return principals


def _voting(operation: Path) -> dict[str, str | None]:
    """The villages that vote by the operation file, and who polices each."""
    return {each["village"]: each.get("jurisdiction") for each in yaml.safe_load(operation.read_text())["villages"]}


def _policing(entry: dict[str, Any], villages: Mapping[str, str | None]) -> dict[str, Any]:
    """The entry with villages in place of `jurisdictions`."""
    if "jurisdictions" not in entry.get("reads", {}):
        return entry
    reads = dict(entry["reads"])
    forces = reads.pop("jurisdictions")
    policed = [code for code, force in villages.items() if force in forces]
    if unknown := set(forces) - set(villages.values()):
        raise ValueError(f"no village votes under {sorted(unknown)}")
    return entry | {"reads": reads | {"areas": [*reads.get("areas", ()), *policed]}}


def _expanded(entry: dict[str, Any], villages: Collection[str]) -> Iterator[Any]:
    match entry.get("each"):
        case None:
            yield entry
            return
        case "district":
            places = [(code, name) for code, name in sorted(DISTRICTS.items())]
        case "village" if villages:
            places = [(code, VILLAGES[code].name) for code in sorted(villages)]
        case other:
            raise ValueError(f"each: {other!r} is neither district nor, with an operation file, village")
    template = {name: value for name, value in entry.items() if name != "each"}
    for code, name in places:
        yield _filled(template, {"code": code, "name": name, "slug": name.lower().replace(" ", "-")})


def _filled(value: Any, place: Mapping[str, str]) -> Any:
    match value:
        case str():
            return value.format_map(place)
        case list():
            return [_filled(each, place) for each in value]
        case dict():
            return {name: _filled(each, place) for name, each in value.items()}
        case _:
            return value
