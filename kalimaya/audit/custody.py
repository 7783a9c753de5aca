"""Who answers for each package, folded from the halves of handovers by code of the audit's own (docs/domain.md).

It shares the messages' classes with what it checks, and no rule: not what agrees, nor the order, nor what breaks a
chain.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from schemas.envelope import RawEvent, split_identity
from schemas.logistics import CustodyReceived, CustodyReleased, ShipmentPlanned


class _Half(NamedTuple):
    """`when`: effective time, then source and id of the message: the last word counts, and custody passes by it."""

    when: tuple[datetime, str, str]
    giver: str
    taker: str
    load: frozenset[tuple[str, frozenset[str]]]

    @property
    def packages(self) -> set[str]:
        return {package for package, _ in self.load}


class _Link(NamedTuple):
    """From `since` on this custodian answers; `handover` None: he is the first."""

    custodian: str
    since: datetime
    handover: str | None
    broken: bool


@dataclass(slots=True)
class _Shipment:
    plan: tuple[datetime, ShipmentPlanned] | None = None
    released: dict[str, _Half] = field(default_factory=dict)
    received: dict[str, _Half] = field(default_factory=dict)

    def state(self, handover: str) -> str:
        gave, took = self.released.get(handover), self.received.get(handover)
        if gave is None or took is None:
            return "open"
        return "agreed" if gave[1:] == took[1:] else "disputed"

    def chains(self) -> dict[str, list[_Link]]:
        """The chain of every package that the plan or a handover names."""
        found: dict[str, list[_Link]] = {}
        if self.plan is not None:
            since, plan = self.plan
            found = {each.package: [_Link(plan.custodian, since, None, False)] for each in plan.packages}
        for half in (*self.released.values(), *self.received.values()):
            for package in half.packages:
                found.setdefault(package, [])
        agreed = [id_ for id_ in self.received if self.state(id_) == "agreed"]
        for id_ in sorted(agreed, key=lambda id_: self.received[id_].when):
            half = self.received[id_]
            for package in half.packages:
                _pass_on(found[package], id_, half)
        return found


def _pass_on(chain: list[_Link], handover: str, half: _Half) -> None:
    at = half.when[0]
    if len(chain) == 1 and chain[0].handover is None and at < chain[0].since:
        chain[0] = chain[0]._replace(since=at)  # planned after custody had passed: the plan dates from before that
    chain.append(_Link(half.taker, at, handover, bool(chain) and chain[-1].custodian != half.giver))


class Custody:
    """The shipments of one partition."""

    def __init__(self) -> None:
        self._shipments: defaultdict[str, _Shipment] = defaultdict(_Shipment)

    def take(self, event: RawEvent, data: Any) -> None:
        """Fold an accepted event of any kind, in the order of the log."""
        match data:
            case ShipmentPlanned():
                self._shipments[data.shipment].plan = min(event.time, event.recordedtime), data
            case CustodyReleased():
                _keep_later(self._shipments[data.shipment].released, event, data)
            case CustodyReceived():
                _keep_later(self._shipments[data.shipment].received, event, data)

    def wrong(self, id_: str, document: Mapping[str, Any]) -> Iterator[str]:
        """Where a shipment as it is shown has another custodian at any time, or another dispute or broken chain."""
        shipment = self._shipments[id_]
        chains, shown = shipment.chains(), document["packages"]
        for handover in shipment.released.keys() | shipment.received.keys() | document["handovers"].keys():
            told, state = document["handovers"].get(handover, {}).get("state"), shipment.state(handover)
            if told != state:
                yield f"handover {handover} is shown as {told}, its halves make it {state}"
        disputed = {package for id_ in self._disputes(shipment) for package in self._named(shipment, id_)}
        for package in sorted(chains.keys() | shown.keys()):
            chain, told = chains.get(package, []), shown.get(package)
            if told is None or [_link(each) for each in told["custody"]] != chain:
                yield f"package {package}: its custody chain is not that of the agreed handovers"
                continue
            if told["custodian"] != (chain[-1].custodian if chain else None):
                yield f"package {package} is shown with {told['custodian']}, who is not the last of its chain"
            flags = {"disputed": package in disputed, "broken_chain": any(each.broken for each in chain)}
            for flag, raised in flags.items():
                if (flag in told["flags"]) != raised:
                    yield f"package {package} is {'' if raised else 'not '}{flag}, and shown otherwise"

    @staticmethod
    def _disputes(shipment: _Shipment) -> list[str]:
        return [id_ for id_ in shipment.received if shipment.state(id_) == "disputed"]

    @staticmethod
    def _named(shipment: _Shipment, handover: str) -> set[str]:
        return shipment.released[handover].packages | shipment.received[handover].packages


def _keep_later(halves: dict[str, _Half], event: RawEvent, data: CustodyReleased | CustodyReceived) -> None:
    seals: defaultdict[str, set[str]] = defaultdict(set)
    for each in data.packages:
        seals[each.package].update(each.seals)
    load = frozenset((package, frozenset(numbers)) for package, numbers in seals.items())
    when = min(event.time, event.recordedtime), *split_identity(event.causationid)
    half, before = _Half(when, data.giver, data.taker, load), halves.get(data.handover)
    if before is None or half.when > before.when:
        halves[data.handover] = half


def _link(told: Mapping[str, Any]) -> _Link:
    since = datetime.fromisoformat(told["since"])
    return _Link(told["custodian"], since, told["handover"], told["broken_chain"])
