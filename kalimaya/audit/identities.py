"""Which messages came before, kept so that a million of them take little memory.

An identity is kept as its hash of 64 bits, by Python's key of this process, which nobody can know beforehand. That two
of a million identities share one, and so something is told that is not so, happens in one of 37 million audits.
"""

from array import array
from collections.abc import Iterator, Mapping
from itertools import chain, pairwise
from typing import NamedTuple

DIGEST_BYTES = 32
REMEMBERED_DAYS = 62
"""After so many days a message that is sent again is rejected for its `time`, which is older than 60 days."""


class First(NamedTuple):
    """The first message of an identity: where it stands, where its answer stands, and the digest of its content."""

    cause: int
    at: int
    digest: bytes


class Identities:
    """The first message of each identity in one partition."""

    def __init__(self) -> None:
        self._index: dict[int, int] = {}
        self.hashes, self.causes = array("q"), array("q")
        self._ats, self._days, self._digests = array("q"), array("i"), bytearray()

    def meet(self, identity: int, cause: int, at: int, digest: bytes, day: int) -> First | None:
        """The message of this identity that came before; None if this one is the first, which is then kept.

        `day`: the number of the days on which messages came. One that came too long ago is forgotten (ADR 0015).
        """
        index = self._index.setdefault(identity, len(self.causes))
        if index < len(self.causes):
            if day - self._days[index] <= REMEMBERED_DAYS:
                kept = bytes(self._digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES])
                return First(self.causes[index], self._ats[index], kept)
            self._index[identity] = len(self.causes)
        self.hashes.append(identity)
        self.causes.append(cause)
        self._ats.append(at)
        self._days.append(day)
        self._digests += digest
        return None

    def close(self) -> None:
        """No more messages come: keep only what `in_several` needs."""
        self._index, self._ats, self._days, self._digests = {}, array("q"), array("i"), bytearray()


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
    # A forgotten identity that came again stands twice in the same partition.
    yield from (where for where in found.values() if len({place for place, _ in where}) > 1)
