"""Who speaks: principals and what they may say (agencies.yaml), and the tokens that prove it (tokens.json)."""

import hashlib
import json
import os
import secrets
import shlex
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grant(_Strict):
    """May send these types of message about these subjects; both are shell patterns.

    A subject is the partition key of a message, e.g. `unit/polres-serang-007`.
    """

    types: tuple[str, ...] = Field(min_length=1)
    subjects: tuple[str, ...] = Field(min_length=1)


class Principal(_Strict):
    """An agency's system or an operator."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    name: str
    kind: Literal["agency", "operator"]
    grants: tuple[Grant, ...]

    @property
    def source(self) -> str:
        """The CloudEvents source of all that this principal sends; it is derived and never taken from a message."""
        return f"/{'agencies' if self.kind == 'agency' else 'operators'}/{self.id}"

    def may(self, type_: str, subject: str) -> bool:
        """Whether a grant covers this type of message about this subject."""
        return any(
            any(fnmatchcase(type_, pattern) for pattern in grant.types)
            and any(fnmatchcase(subject, pattern) for pattern in grant.subjects)
            for grant in self.grants
        )


class _File(_Strict):
    principals: tuple[Principal, ...]


class CredentialsError(Exception):
    """A credentials file is missing or wrong; the message says what to do."""


def load_principals(path: Path) -> dict[str, Principal]:
    """Read agencies.yaml. Raises CredentialsError."""
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise CredentialsError(f"{path} does not say who may speak: {error}") from error
    principals = {principal.id: principal for principal in found.principals}
    if len(principals) != len(found.principals):
        raise CredentialsError(f"{path} names a principal twice")
    return principals


class Doorkeeper:
    """Knows principals by their tokens; holds only digests of tokens, so that a lookup leaks no timing."""

    def __init__(self, principals: Mapping[str, Principal], tokens: Mapping[str, str]) -> None:
        unknown = tokens.keys() - principals.keys()
        if unknown:
            raise CredentialsError(f"there are tokens for principals that nobody knows: {sorted(unknown)}")
        if len(set(tokens.values())) != len(tokens):
            raise CredentialsError("two principals have the same token: one would speak as the other")
        self._by_digest = {_digest(token): principals[id_] for id_, token in tokens.items()}

    def who(self, token: str) -> Principal | None:
        """The principal with this token."""
        return self._by_digest.get(_digest(token))


def load(agencies: Path, tokens: Path) -> Doorkeeper:
    """Read both files. Raises CredentialsError."""
    return Doorkeeper(load_principals(agencies), _read_tokens(tokens))


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
