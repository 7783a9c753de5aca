"""Which partition a key goes to, and the bytes of marks, stamps and chain, pinned by vectors.

The vectors in schemas/golden were worked out apart from this code (CRC-32 bit by bit, integers by hand), so that
another implementation can be held to the same.
"""

from typing import Any

import pytest

from schemas.envelope import partition_of
from services.kit.ledger.record import (
    MARK,
    STAMP,
    Mark,
    Stamp,
    Stored,
    link,
    pack_mark,
    pack_stamp,
    read_mark,
    read_stamp,
)
from tests.support import golden

HEX = bytes.fromhex


@pytest.mark.parametrize("vector", golden.read("partition_of.jsonl"), ids=lambda vector: ascii(vector["key"])[:40])
def test_a_key_goes_to_its_partition(vector: dict[str, Any]) -> None:
    assert partition_of(vector["key"], 2**32) == int(vector["crc32"], 16)
    for partitions, partition in vector["partitions"].items():
        assert partition_of(vector["key"], int(partitions)) == partition


@pytest.mark.parametrize("vector", golden.read("record.jsonl"), ids=lambda vector: str(vector["at"]))
def test_a_mark_and_a_link_have_these_bytes(vector: dict[str, Any]) -> None:
    at, cause, i, n = (vector[name] for name in ("at", "cause", "i", "n"))
    prev, digest = HEX(vector["prev"]), HEX(vector["digest"])
    headers = pack_mark(at, cause, i, n, prev, digest)
    assert headers == [(MARK, HEX(vector["mark"]))]
    assert read_mark(Stored(at, None, None, headers)) == Mark(at, cause, i, n, prev, digest)
    head = link(prev, at, cause, i, n, digest, vector["key"].encode(), vector["value"].encode())
    assert head == HEX(vector["head"])


@pytest.mark.parametrize("vector", golden.read("stamp.jsonl"), ids=lambda vector: vector["stamp"][:8])
def test_a_stamp_has_these_bytes(vector: dict[str, Any]) -> None:
    stamp = Stamp(vector["authorised"], HEX(vector["digest"]))
    headers = pack_stamp(stamp)
    assert headers == [(STAMP, HEX(vector["stamp"]))]
    assert read_stamp(Stored(0, None, None, headers)) == stamp


@pytest.mark.parametrize("name", ["partition_of.jsonl", "record.jsonl", "stamp.jsonl"])
def test_there_are_vectors(name: str) -> None:
    assert golden.read(name)


def test_a_header_without_a_value_is_none_of_ours() -> None:
    assert read_mark(Stored(0, None, None, [("mark", None)])) is None
    assert read_stamp(Stored(0, None, None, [("stamp", None)])) is None
