"""Which messages came before, kept so that a million of them take little memory.

An identity is kept as its hash of 64 bits, by Python's key of this process, which nobody can know beforehand. That two
of a million identities share one, and so something is told that is not so, happens in one of 37 million audits.
"""

from array import array
from collections.abc import Iterator, Mapping
from itertools import chain, pairwise
from typing import NamedTuple

DIGEST_BYTES = 32


class First(NamedTuple):
    """The first message of an identity: where it stands, where its answer stands, and the digest of its content."""

    cause: int
    at: int
    digest: bytes


class Identities:
    """The first message of each identity in one partition."""

    def __init__(self) -> None:
        self._index: dict[int, int] = {}
        self.hashes, self.causes, self._ats = array("q"), array("q"), array("q")
        self._digests = bytearray()

    def meet(self, identity: int, cause: int, at: int, digest: bytes) -> First | None:
        """The message of this identity that came before; None if this one is the first, which is then kept."""
        index = self._index.setdefault(identity, len(self.causes))
        if index < len(self.causes):
            kept = bytes(self._digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES])
            return First(self.causes[index], self._ats[index], kept)
        self.hashes.append(identity)
        self.causes.append(cause)
        self._ats.append(at)
        self._digests += digest
        return None

    def close(self) -> None:
        """No more messages come: keep only what `in_several` needs."""
        self._index, self._ats, self._digests = {}, array("q"), bytearray()


Where = list[tuple[tuple[str, int], int]]
"""Service and partition, and the inbox offset there."""


def in_several(partitions: Mapping[tuple[str, int], Identities]) -> Iterator[Where]:
    """Identities that stand in more than one partition, each with the first place in every one of them."""
    ordered = sorted(chain.from_iterable(each.hashes for each in partitions.values()))
    found: dict[int, Where] = {one: [] for one, other in pairwise(ordered) if one == other}
    if found:
        for place, each in partitions.items():
            for identity, cause in zip(each.hashes, each.causes, strict=True):
                if identity in found:
                    found[identity].append((place, cause))
    yield from found.values()
