"""Bugs where the simulation does not look, or shares its rules with what it judges; the audit catches each.

An edit that no longer fits the code is an error (tests/simulation/bugs.py).
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from kalimaya.audit.findings import Finding
from schemas.envelope import partition_of
from schemas.incidents import ClearAlert, RaiseAlert
from schemas.logistics import CustodyReceived, CustodyReleased, SealedPackage
from schemas.registry import BY_CLASS
from schemas.types import AlertId
from services.gateway.inbox import KafkaInbox
from services.incidents import alerts as alert_rules
from services.projection.store import Store
from services.views import alert, custody, packages, shipment, unit
from tests.planted import intake, stored
from tests.planted.operation import Operation
from tests.simulation.bugs import Bug, Edit
from tests.support.ledger import message, sighted
from tests.support.rehearsal import PARTITIONS, Record

WATCH, POLRES = "/services/incidents-watch", "/agencies/polres-serang"
SUBJECT = "36.04.13.2009"
AFTERWARDS = datetime(2019, 11, 6, tzinfo=UTC)
SEEDS = 20


class Caught(NamedTuple):
    """After how much a bug was caught, and what was said of it first."""

    after: str
    said: str


Catch = Callable[[str], Caught | None]
"""Lives through something and says what is wrong with it. Given the address of an empty database."""


def audited_operation(_: str) -> Caught | None:
    """The small scenario and some more."""
    return _caught("in one small scenario", Operation(list(_more())).audit().kept)


def audited_intake(_: str) -> Caught | None:
    """Intakes with lost batches and acknowledgements."""
    for seed in range(SEEDS):
        if caught := _caught(f"in intake {seed + 1}, by the senders' receipts", intake.found_wrong(seed)):
            return caught
    return None


def audited_commit(dsn: str) -> Caught | None:
    """A commit that fails half-way."""
    return _caught("after one failed commit", stored.found_wrong(dsn))


def _caught(after: str, found: list[Finding]) -> Caught | None:
    return Caught(after, f"{found[0].place} {found[0].rule}: {found[0].detail}") if found else None


def _more() -> Iterator[Record]:
    """What the small scenario has none of: an alert raised, cleared and raised again, and words that come late."""
    first, second = (alert_rules.alert_id("cluster", SUBJECT, n) for n in (0, 1))
    yield _sent(_raise(first, 0), WATCH)
    yield _sent(ClearAlert(alert=first, numbers={}), WATCH)
    yield _sent(_raise(second, 1), WATCH)
    yield _sent(sighted(1), POLRES, minutes=2)
    yield _sent(sighted(2), POLRES, minutes=1)
    for handover, giver, taker, minutes in (("h2", "pos", "kapal", 2), ("h1", "gudang", "pos", 1), ("h3", "x", "y", 3)):
        for side in (CustodyReleased, CustodyReceived):
            yield _sent(_half(side, handover, giver, taker), "/agencies/dpmd", minutes=minutes)


def _raise(id_: AlertId, n: int) -> RaiseAlert:
    return RaiseAlert(alert=id_, rule="cluster", subject=SUBJECT, n=n, since=AFTERWARDS, numbers={})


def _half(side: type[CustodyReleased] | type[CustodyReceived], handover: str, giver: str, taker: str) -> Any:
    return side(
        shipment="kirim-1",
        handover=handover,
        giver=giver,
        taker=taker,
        packages=(SealedPackage(package="kotak-1", seals=("A",)),),
        waybill="SJ-1",
        signatories=(giver,),
        place="dermaga",
    )


def _sent(data: Any, source: str, minutes: int = 0) -> Record:
    """A message of these minutes after the scenario's end, taken in an hour later."""
    at = AFTERWARDS + timedelta(minutes=minutes)
    recorded = AFTERWARDS + timedelta(hours=1)
    key, value, headers = message(
        data, sha256(repr(data).encode()).hexdigest(), source=source, time=at, recorded=recorded
    )
    return Record(BY_CLASS[type(data)].service, partition_of(key.decode(), PARTITIONS), key, value, headers)


BUGS: tuple[tuple[Bug, Catch], ...] = (
    (
        Bug(
            "202 before the acknowledgement",
            (
                Edit(
                    KafkaInbox, "_write", "offsets.append(int((await bounded(sent, ACK_SECONDS)).offset))",
                    "self.guess = self.__dict__.get('guess', -1) + 1; offsets.append(self.guess)",
                ),
            ),
        ),
        audited_intake,
    ),
    (
        Bug(
            "an acknowledgement that never came counts as one",
            (
                Edit(
                    KafkaInbox, "_write", "offsets += [error] * (len(entries) - len(offsets))",
                    "offsets += range(len(offsets), len(entries))",
                ),
            ),
        ),
        audited_intake,
    ),
    (
        Bug(
            "positions outside the projection's transaction",
            (Edit(Store, "commit", " as connection, connection.transaction():", " as connection:"),),
        ),
        audited_commit,
    ),
    (
        Bug("a late position overwrites a newer one", (Edit(unit, "later", "new.order > kept.order", "True"),)),
        audited_operation,
    ),
    (
        Bug(
            "the second half of a handover loses the first",
            (Edit(shipment, "_handed", "replace(handover, received=", "Handover(received="),),
        ),
        audited_operation,
    ),
    (
        Bug(
            "custody passes though the halves differ",
            (Edit(custody, "state_of", '"disputed" if handover.differences else "agreed"', '"agreed"'),),
        ),
        audited_operation,
    ),
    (
        Bug(
            "custody passes in the order of arrival",
            (Edit(custody, "_passings", "return sorted(agreed, key=order)", "return agreed"),),
        ),
        audited_operation,
    ),
    (
        Bug(
            "nobody minds who gives a package away",
            (Edit(packages, "chains", "bool(chain) and chain[-1].custodian != received.giver", "False"),),
        ),
        audited_operation,
    ),
    (
        Bug(
            "a cleared alert goes on standing",
            (Edit(alert, "state", '"standing" if alert.cleared is None else "cleared"', '"standing"'),),
        ),
        audited_operation,
    ),
    (
        Bug(
            "the rule of an alert does not count for its id",
            (Edit(alert_rules, "alert_id", "{rule}", "rule"),),
        ),
        audited_operation,
    ),
)  # fmt: skip
