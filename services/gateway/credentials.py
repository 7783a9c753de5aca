"""Who speaks: principals and what they may say (agencies.yaml), and the tokens that prove it (tokens.json)."""

import hashlib
import json
import os
import re
import secrets
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from schemas.areas import lies_in
from schemas.places import DISTRICTS, VILLAGES
from schemas.types import AreaCode


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
    units: tuple[str, ...] = ()
    areas: tuple[AreaCode, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _about_something(self) -> "Grant":
        if not self.subjects and not self.units:
            raise ValueError("a grant names subjects or units")
        return self

    def scope(self) -> _Scope:
        """The grant as it is judged by."""
        patterns = (*self.subjects, *(f"unit/{unit}" for unit in self.units))
        areas = None if self.areas is None else frozenset(self.areas)
        return _Scope(re.compile("|".join(map(translate, patterns))), areas)


class Principal(_Strict):
    """An agency's system or an operator.

    `kafka`: publishes to a topic of its own, `agency.<id>`, besides HTTP. `player`: plays a scenario, that is, speaks
    for the others and says when a message was taken in; nobody lets it in where no scenario's clock runs.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")
    name: str
    kind: Literal["agency", "operator"]
    grants: tuple[Grant, ...]
    kafka: bool = False
    player: bool = False
    _scopes: dict[str, list[_Scope]] = PrivateAttr(default_factory=dict)

    @property
    def source(self) -> str:
        """The CloudEvents source of all that this principal sends; it is derived and never taken from a message."""
        return f"/{'agencies' if self.kind == 'agency' else 'operators'}/{self.id}"

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
    the file named in `operation`; `{code}`, `{name}` and `{slug}` in its texts are that place's.
    """
    try:
        written = yaml.safe_load(path.read_text())
        villages = _voting(path.parent / written.pop("operation")) if "operation" in written else ()
        entries = [each for entry in written["principals"] for each in _expanded(entry, villages)]
        found = _File.model_validate(written | {"principals": entries})
    except (OSError, yaml.YAMLError, ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise CredentialsError(f"{path} does not say who may speak: {error!r}") from error
    principals = {principal.id: principal for principal in found.principals}
    if len(principals) != len(found.principals):
        raise CredentialsError(f"{path} names a principal twice")
    return principals


def _voting(operation: Path) -> tuple[str, ...]:
    """Codes of the villages that vote, by the operation file."""
    return tuple(entry["village"] for entry in yaml.safe_load(operation.read_text())["villages"])


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


class Doorkeeper:
    """Knows principals by their tokens; holds only digests of tokens, so that a lookup leaks no timing.

    `scenario`: a scenario's clock runs, so that its player is let in.
    """

    def __init__(
        self, principals: Mapping[str, Principal], tokens: Mapping[str, str], *, scenario: bool = False
    ) -> None:
        unknown = tokens.keys() - principals.keys()
        if unknown:
            raise CredentialsError(f"there are tokens for principals that nobody knows: {sorted(unknown)}")
        if len(set(tokens.values())) != len(tokens):
            raise CredentialsError("two principals have the same token: one would speak as the other")
        admitted = {id_: each for id_, each in principals.items() if scenario or not each.player}
        self._by_digest = {_digest(token): admitted[id_] for id_, token in tokens.items() if id_ in admitted}
        self.on_kafka = tuple(each for each in admitted.values() if each.kafka)
        self.by_source = {each.source: each for each in admitted.values() if not each.player}

    def who(self, token: str) -> Principal | None:
        """The principal with this token."""
        return self._by_digest.get(_digest(token))


def load(agencies: Path, tokens: Path, *, scenario: bool = False) -> Doorkeeper:
    """Read both files. Raises CredentialsError."""
    return Doorkeeper(load_principals(agencies), _read_tokens(tokens), scenario=scenario)


def ensure(tokens: Path, agencies: Path) -> dict[str, str]:
    """Make a random token for every principal that has none yet (embedded mode); all tokens by principal id."""
    known = _read_tokens(tokens) if tokens.exists() else {}
    made = {id_: known.get(id_) or secrets.token_urlsafe(24) for id_ in load_principals(agencies)}
    if made != known:
        tokens.parent.mkdir(parents=True, exist_ok=True)
        fresh = tokens.with_suffix(".new")
        fresh.unlink(missing_ok=True)  # touch() leaves the mode of a file that is there
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(made, indent=1))
        os.replace(fresh, tokens)
    return made


def curl_line(gateway_url: str, tokens: Mapping[str, str]) -> str:
    """A command that publishes a position of a unit and prints its outcome; a new message each time it is pasted."""
    message = (
        '{"specversion":"1.0","id":"\'"$(date +%s%N)"\'","source":"curl","type":"kalimaya.unit.sighted",'
        '"data":{"unit":"polres-serang-001","lat":-6.12,"lon":106.15,"accuracy":8.0}}'
    )
    return (
        f"curl -sS {gateway_url}/v1/messages -H {shlex.quote('Authorization: Bearer ' + tokens['polres-serang'])} "
        "-H 'Content-Type: application/cloudevents+json' -H 'Prefer: wait=5' "
        f"-d '{message}'"
    )


def _read_tokens(path: Path) -> dict[str, str]:
    try:
        tokens = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CredentialsError(f"{path} holds no tokens: {error}") from error
    if not isinstance(tokens, dict) or not all(isinstance(token, str) and token for token in tokens.values()):
        raise CredentialsError(f"{path} must map each principal to its token")
    return tokens


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
