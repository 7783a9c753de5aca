"""What stands in the inboxes: messages of the scenario and of the golden examples, and what publishers do to them.

The messages are real, and so is the gateway's judgement of them. A run takes what was said about a few things, mixes
the order, and adds copies, contradictions, foreign messages of the same id, usurpers and rubbish.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

from msgspec.structs import replace as changed

from schemas.catalogue import SERVICES
from schemas.envelope import InboxMessage, decode_inbox, encode
from schemas.outcomes import Refused
from services.kit.decider import Decider
from services.kit.ledger.record import Stamp, pack_stamp, read_stamp
from tests.support import golden
from tests.support.deciding import small_scenario
from tests.support.rehearsal import DECIDERS

THINGS, OF_ONE = (1, 8), 10
"""How many things a run is about, and how many messages it takes of one at most."""
LATE = 8
"""By how many places a message comes later than it was sent, at most."""
POISON, TWICE = 40, 2
"""One order in so many breaks its decider; of the others, one in so many is answered by two events, which no rule of
today does."""


class Sent(NamedTuple):
    """A message and the service it is for; `stamp` is the gateway's, None on what came past it."""

    service: str
    message: InboxMessage
    stamp: Stamp | None

    def record(self, clock: timedelta) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
        """Key, value and headers in the inbox, if the gateway's clock goes by so much ahead of what it should."""
        message = changed(self.message, recordedtime=self.message.recordedtime + clock) if clock else self.message
        headers = [] if self.stamp is None else pack_stamp(self.stamp)
        return message.partitionkey.encode(), encode(message), headers


def messages(chance: Random) -> list[Sent]:
    """The inbox of one run, in the order of arrival."""
    pool, found = _pool(), list[tuple[float, Sent]]()
    for kind in chance.choices(sorted(pool), k=chance.randint(*THINGS)):
        told = chance.choice(pool[kind])
        begin = chance.choice((0, 0, chance.randrange(len(told))))
        for place, sent in enumerate(told[begin : begin + OF_ONE]):
            at = place + chance.random() * chance.choice((1, 1, LATE))
            found.append((at, sent))
            found += [(at + LATE * chance.random(), more) for more in _mischief(sent, told, chance)]
    return [sent for _, sent in sorted(found, key=lambda each: each[0])]


def _mischief(sent: Sent, told: Sequence[Sent], chance: Random) -> Iterator[Sent]:
    """What else comes, in a third of all cases."""
    match chance.randrange(15):
        case 0:
            yield sent  # once more, as after a lost answer
        case 1:
            other = chance.choice(told).message
            said = changed(other, id=sent.message.id, source=sent.message.source)
            yield sent._replace(message=said, stamp=Stamp(True, sha256(encode(said)).digest()))
        case 2:
            said = changed(sent.message, source="/agencies/another")
            yield sent._replace(message=said, stamp=Stamp(True, sha256(encode(said)).digest()))
        case 3:
            said = changed(sent.message, id=f"{sent.message.id}-usurped")
            yield sent._replace(message=said, stamp=Stamp(False, sha256(encode(said)).digest()))
        case 4:
            yield sent._replace(stamp=None)  # past the gateway
        case _:
            return


@cache
def _pool() -> Mapping[str, Sequence[Sequence[Sent]]]:
    """By kind of thing, what is said of each."""
    things: defaultdict[str, list[Sent]] = defaultdict(list)
    for record in small_scenario():
        _add(things, record.service, record)
    for service in SERVICES:
        for entry in golden.inbox(service):
            _add(things, service, entry.record)
    kinds: defaultdict[str, list[Sequence[Sent]]] = defaultdict(list)
    for key, told in things.items():
        kinds[key.partition("/")[0]].append(told)
    return kinds


def _add(things: Mapping[str, list[Sent]], service: str, record: Any) -> None:
    message = decode_inbox(record.value)
    things[message.partitionkey].append(Sent(service, message, read_stamp(record)))


@cache
def deciders() -> Mapping[str, Decider[Any]]:
    """The rules of all services, with a bug for some orders and a second event for others."""
    return {service: replace(decider, decide=_spoiled(decider)) for service, decider in DECIDERS.items()}


def _spoiled(decider: Decider[Any]) -> Any:
    def decide(state: Any, order: Any) -> Any:
        drawn = crc32(encode(order))
        if drawn % POISON == 0:
            raise RuntimeError("a bug in the rules")
        made = decider.decide(state, order)
        return made if isinstance(made, Refused) or drawn % TWICE else (*made, *made)

    return decide
