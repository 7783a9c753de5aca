"""What a snapshot of one partition holds, and when it counts (R11, ADR 0015).

Pure: from a fold and a desk to named pieces of bytes, and back. It does not know where they lie, nor the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import chain
from pathlib import Path
from sys import modules
from typing import Any

import msgspec
from msgspec import json, msgpack

import schemas
from schemas.outcomes import OutcomeKind
from services.kit.decider import Decider
from services.kit.ledger.desk import Desk, First
from services.kit.ledger.fold import Fold
from services.kit.ledger.log import Identity
from services.kit.ledger.record import Genesis

MANIFEST = "manifest"
"""The key of the manifest; every other key is the name of a piece."""

IDENTITIES = 2000
"""In a full piece: some 250 KB, and below a record's 1 MiB however long the ids are."""

AGGREGATES_BYTES = 250_000
"""From this size on a piece of aggregates is full."""

_DIGEST = 32


class Unfit(Exception):
    """There is a snapshot, and it must not be gone on from."""


class Outdated(Unfit):
    """It was folded by another version of the code, as after every upgrade."""


class Identities(msgspec.Struct, frozen=True, array_like=True):
    """A piece of identities: how many, and the newest's inbox offset."""

    name: str
    count: int
    last: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a snapshot. `code`: what folded it; `position` to `void_by_chain` as in Fold, the rest as in Desk."""

    code: str
    genesis: Genesis
    position: int
    tail: int
    head: bytes
    next_cause: int
    voids: int
    void_by_chain: list[int]
    known: datetime
    days: int
    counts: dict[OutcomeKind, int]
    over: dict[str, int]
    identities: Sequence[Identities]
    aggregates: Sequence[str]

    def names(self) -> Iterator[str]:
        """Of all its pieces."""
        return chain((piece.name for piece in self.identities), self.aggregates)

    def sealed(self) -> bytes:
        """As it is kept: behind its own digest."""
        body = json.encode(self)
        return sha256(body).digest() + body


# JSON where there are times: MessagePack would give them back in UTC, and an answer would differ from what it had been.
_ITEMS = json.Decoder(list[tuple[str, str, msgspec.Raw]])
_SEEN = msgpack.Decoder(dict[str, bytes])


def take(desk: Desk[Any], fold: Fold, code: str, before: Sequence[Identities]) -> tuple[Manifest, Mapping[str, bytes]]:
    """A snapshot of what is committed, and its pieces by name, without those of `before` that it shares.

    `before`: the identities of the snapshot before. The caller has read the log up to the fold's position (R9).
    """
    assert fold.genesis is not None
    desk.forget()
    oldest = next((First.of(packed).cause for packed in desk.seen.values()), fold.next_cause)
    identities = [piece for piece in before if piece.count == IDENTITIES and piece.last >= oldest]
    fresh = list(desk.recent(identities[-1].last if identities else -1))[::-1]
    pieces: dict[str, bytes] = {}
    for start in range(0, len(fresh), IDENTITIES):
        part = fresh[start : start + IDENTITIES]
        newest = First.of(part[-1][1]).cause
        identities.append(Identities(_put(pieces, msgpack.encode(dict(part))), len(part), newest))
    manifest = Manifest(
        code=code,
        genesis=fold.genesis,
        position=fold.position,
        tail=fold.tail,
        head=fold.head,
        next_cause=fold.next_cause,
        voids=fold.voids,
        void_by_chain=sorted(fold.void_by_chain),
        known=desk.known,
        days=desk.days,
        counts=desk.counts,
        over=desk.over,
        identities=identities,
        aggregates=[_put(pieces, part) for part in _aggregates(desk.states)],
    )
    return manifest, pieces


def read_manifest(kept: Mapping[str, bytes], identity: Identity, partition: int, code: str) -> Manifest | None:
    """The manifest among what is kept, if there is one. Raises Unfit when it is torn or of other logs, Outdated."""
    sealed = kept.get(MANIFEST)
    if sealed is None:
        return None
    if sha256(sealed[_DIGEST:]).digest() != sealed[:_DIGEST]:
        raise Unfit("its manifest is not as it was written")
    try:
        manifest = json.decode(sealed[_DIGEST:], type=Manifest)
    except msgspec.DecodeError as error:
        raise Unfit(f"its manifest cannot be read: {error}") from error
    genesis = manifest.genesis
    found = Identity(genesis.inbox_topic_id, genesis.events_topic_id, genesis.partitions)
    if found != identity or genesis.partition != partition:
        raise Unfit(f"it is of other logs: it says {genesis}, Kafka says {identity}")
    if manifest.code != code:
        raise Outdated("it was folded by another version of the code")
    return manifest


def restore(manifest: Manifest, kept: Mapping[str, bytes], desk: Desk[Any], decider: Decider[Any]) -> Fold:
    """Fill an empty desk and give the fold that goes with it. Raises Unfit when a piece is missing or not itself."""
    states = {cls.__name__: json.Decoder(cls).decode for cls in decider.states}
    for name in manifest.aggregates:
        for key, cls, state in _ITEMS.decode(_get(kept, name)):
            desk.states[key] = states[cls](state)
    for piece in manifest.identities:
        identities, before = _SEEN.decode(_get(kept, piece.name)), len(desk.seen)
        desk.seen.update(identities)
        if len(desk.seen) < before + len(identities):  # one had been forgotten and came anew: it goes to its new place
            for identity, packed in identities.items():
                desk.seen.pop(identity)
                desk.seen[identity] = packed
    desk.restored(manifest.known, manifest.days, manifest.counts, manifest.over)
    return Fold(
        position=manifest.position,
        tail=manifest.tail,
        head=manifest.head,
        next_cause=manifest.next_cause,
        voids=manifest.voids,
        genesis=manifest.genesis,
        void_by_chain=set(manifest.void_by_chain),
    )


@cache
def code_of(decider: Decider[Any]) -> str:
    """A digest over the sources that say what a log means: contract, ledger and the service's own rules."""
    rules = Path(modules[decider.evolve.__module__].__file__ or "").parent
    contract, ledger = Path(schemas.__path__[0]), Path(__file__).parent
    sources = sorted(chain(rules.glob("*.py"), contract.rglob("*.py"), ledger.glob("*.py")))
    return sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


def _aggregates(states: Mapping[str, Any]) -> Iterator[bytes]:
    """All aggregates, in the order in which they were first named, in pieces of about AGGREGATES_BYTES."""
    part: list[msgspec.Raw] = []
    size = 0
    for key, state in states.items():
        item = msgspec.Raw(json.encode((key, type(state).__name__, state)))
        part.append(item)
        size += len(item)
        if size >= AGGREGATES_BYTES:
            yield json.encode(part)
            part, size = [], 0
    if part:
        yield json.encode(part)


def _put(pieces: dict[str, bytes], content: bytes) -> str:
    name = sha256(content).hexdigest()
    pieces[name] = content
    return name


def _get(kept: Mapping[str, bytes], name: str) -> bytes:
    content = kept.get(name)
    if content is None or sha256(content).hexdigest() != name:
        raise Unfit(f"its piece {name} is {'missing' if content is None else 'not as it was written'}")
    return content
