"""The golden examples in schemas/golden: for each service one whole partition, inbox and event log, as on Kafka.

They only grow: what stands there must be readable for ever. Each line's SHA-256 is in the list of sums with its file
and number, so that to change, move or remove one fails a test. Another test says that every message, version and
optional field is shown in them; the generated contract takes its examples from them. To add to them, give new messages,
one JSON object a line with `value` (the inbox message) and optionally `authorised` (default true):

    python -m tests.support.golden deployment < messages.jsonl

This also enters into the list of sums whatever lines were added to the other files (test vectors) by hand.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import rfc8785

from schemas.catalogue import SERVICES
from schemas.envelope import InboxMessage, decode_inbox, encode
from services.deployment.domain import DEPLOYMENT
from services.incidents.domain import INCIDENTS
from services.kit.decider import Decider
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.fold import Fold
from services.kit.ledger.record import (
    FORMAT,
    GENESIS_CAUSE,
    NO_HASH,
    Genesis,
    Stamp,
    Stored,
    pack_mark,
    pack_stamp,
)
from services.logistics.domain import LOGISTICS

FOLDER = Path(__file__).parents[2] / "schemas" / "golden"
SUMS = FOLDER / "SHA256SUMS"
DECIDERS: dict[str, Decider[Any]] = {d.service: d for d in (DEPLOYMENT, LOGISTICS, INCIDENTS)}
STAMPED = ("source", "id", "type", "subject", "time", "dataschema", "data")


@dataclass(frozen=True)
class Entry:
    """A golden record; for events, with the head of the chain after it."""

    record: Stored
    head: bytes | None

    @property
    def value(self) -> bytes:
        return self.record.value or b""


def inbox(service: str) -> list[Entry]:
    """The golden inbox of a service."""
    return [_entry(fields) for fields in read(f"{service}.inbox.jsonl")]


def events(service: str) -> list[Entry]:
    """The golden event log of a service, genesis first."""
    return [_entry(fields) for fields in read(f"{service}.events.jsonl")]


def read(name: str) -> list[dict[str, Any]]:
    """The lines of one golden file, as JSON; none if there is no such file."""
    return [json.loads(line) for line in _lines(FOLDER / name)]


def listed() -> list[str]:
    """The committed list of sums: `<SHA-256 of the line>  <file>:<line number>`."""
    return _lines(SUMS)


def actual() -> list[str]:
    """What that list should hold, going by the files."""
    return [
        f"{sha256(line.encode()).hexdigest()}  {path.name}:{number}"
        for path in sorted(FOLDER.glob("*.jsonl"))
        for number, line in enumerate(_lines(path), 1)
    ]


def differences() -> list[str]:
    """Sums that stand in the list and not in the files, or the other way round: what was changed, moved or removed."""
    return sorted(set(listed()) ^ set(actual()))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def _entry(fields: dict[str, Any]) -> Entry:
    headers = [(header, bytes.fromhex(value)) for header, value in fields["headers"].items()]
    record = Stored(fields["offset"], fields["key"].encode(), fields["value"].encode(), headers)
    return Entry(record, bytes.fromhex(fields["head"]) if "head" in fields else None)


def _append(name: str, record: Stored, head: bytes | None = None) -> None:
    fields: dict[str, Any] = {
        "offset": record.offset,
        "key": (record.key or b"").decode(),
        "headers": {header: value.hex() for header, value in record.headers},
        "value": (record.value or b"").decode(),
    }
    if head is not None:
        fields["head"] = head.hex()
    with (FOLDER / name).open("a", encoding="utf-8") as file:
        file.write(json.dumps(fields, ensure_ascii=False) + "\n")


class _Partition:
    """A golden partition that is being added to."""

    def __init__(self, service: str) -> None:
        self.service, self.fold = service, Fold()
        self.desk = Desk(DECIDERS[service], 0, Limits())
        self.next_inbox = len(inbox(service))
        for entry in events(service):
            answer = self.fold.take(entry.record)
            if answer:
                self.desk.apply(answer)
        if self.fold.position == 0:
            genesis = Genesis(
                format=FORMAT,
                log="6c1d9a5e-5f0b-5a9e-8d5b-0d9f3f7c2b11",
                partition=0,
                partitions=1,
                inbox_topic_id=f"{service}-inbox-topic-id",
                events_topic_id=f"{service}-events-topic-id",
            )
            self._write(b"genesis", encode(genesis), GENESIS_CAUSE, 0, 1, NO_HASH)

    def take(self, fields: dict[str, Any]) -> None:
        """Put a message into the inbox and its outcome into the log."""
        value = encode(decode_inbox(json.dumps(fields["value"]).encode()))
        message = decode_inbox(value)
        stamp = Stamp(fields.get("authorised", True), content_digest(message))
        record = Stored(self.next_inbox, message.partitionkey.encode(), value, pack_stamp(stamp))
        _append(f"{self.service}.inbox.jsonl", record)
        self.next_inbox += 1
        decided = self.desk.decide(record, self.fold.position)
        self.desk.commit()
        for i, (key, event) in enumerate(decided.records):
            self._write(key, event, record.offset, i, len(decided.records), decided.digest)

    def _write(self, key: bytes, value: bytes, cause: int, i: int, n: int, digest: bytes) -> None:
        mark = pack_mark(self.fold.position, cause, i, n, self.fold.head, digest)
        record = Stored(self.fold.position, key, value, mark)
        self.fold.take(record)
        _append(f"{self.service}.events.jsonl", record, self.fold.head)


def content_digest(message: InboxMessage) -> bytes:
    """SHA-256 of the canonical JSON of what makes a message's content."""
    fields = json.loads(encode(message))
    return sha256(rfc8785.dumps({name: fields[name] for name in STAMPED if name in fields})).digest()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.golden", description=__doc__)
    parser.add_argument("service", choices=SERVICES)
    partition = _Partition(parser.parse_args().service)
    for line in sys.stdin:
        partition.take(json.loads(line))
    known = set(listed())
    with SUMS.open("a") as file:
        file.writelines(f"{entry}\n" for entry in actual() if entry not in known)
    return 0


if __name__ == "__main__":
    sys.exit(main())
