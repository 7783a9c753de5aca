"""Tokens, and whom they prove (tokens.json)."""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import structlog

from services.kit.http import Problem
from services.kit.principals import CredentialsError, Principal, load_principals

log = structlog.get_logger(__name__)


class Doorkeeper:
    """Knows principals by their tokens; holds only digests of tokens, so that a lookup leaks no timing.

    `scenario`: a scenario's clock runs, so that its player is let in. A token of a principal that nobody knows opens
    nothing.
    """

    def __init__(
        self, principals: Mapping[str, Principal], tokens: Mapping[str, str], *, scenario: bool = False
    ) -> None:
        if unknown := sorted(tokens.keys() - principals.keys()):
            log.warning("tokens of unknown principals open nothing", principals=unknown)
        if len(set(tokens.values())) != len(tokens):
            raise CredentialsError("two principals have the same token: one would speak as the other")
        admitted = {id_: each for id_, each in principals.items() if scenario or not each.player}
        self._by_digest = {_digest(token): admitted[id_] for id_, token in tokens.items() if id_ in admitted}
        self.on_kafka = tuple(each for each in admitted.values() if each.kafka)
        self.by_source = {each.source: each for each in admitted.values() if not each.player}

    def who(self, token: str) -> Principal | None:
        """The principal with this token."""
        return self._by_digest.get(_digest(token))


def bearer(doorkeeper: Doorkeeper, authorization: str | None) -> Principal:
    """Who sends this `Authorization` header. Raises Problem 401."""
    scheme, _, token = (authorization or "").partition(" ")
    found = doorkeeper.who(token.strip()) if scheme.lower() == "bearer" and token else None
    if found is None:
        detail = "Send `Authorization: Bearer <token>` with the token of an agency or an operator."
        raise Problem(401, "unauthenticated", "Who are you?", detail, {"WWW-Authenticate": "Bearer"})
    return found


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
