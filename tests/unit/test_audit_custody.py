"""The audit's own fold of custody, against what the views show of any handovers."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalimaya.audit.custody import Custody
from schemas.envelope import RawEvent, message_identity
from schemas.logistics import CustodyReceived, CustodyReleased, SealedPackage
from services.views.facts import Fact
from tests.support.facts import fact, shown
from tests.support.shipment import STORE, S, planned

HOLDERS = (STORE, "pos", "kapal")
TIMES = ("01:00", "02:00", "03:00", "04:00", "05:00")


def half(side: Any, handover: str, giver: str, taker: str, load: dict[str, tuple[str, ...]], at: str) -> Fact:
    data = side(
        shipment=S,
        handover=handover,
        giver=giver,
        taker=taker,
        packages=tuple(SealedPackage(package=name, seals=seals) for name, seals in load.items()),
        waybill="SJ-1",
        signatories=(giver,),
        place="dermaga",
    )
    return fact(data, at)


def wrong(facts: Iterable[Fact], document: dict[str, Any]) -> list[str]:
    """What the audit finds wrong with a document that is said to follow from these facts."""
    custody = Custody()
    for each in facts:
        identity = message_identity(each.source, each.id)
        event = SimpleNamespace(time=each.time, recordedtime=each.recordedtime, causationid=identity)
        custody.take(cast(RawEvent, event), each.data)
    return list(custody.wrong(S, document))


HALVES = st.builds(
    half,
    st.sampled_from([CustodyReleased, CustodyReceived]),
    st.sampled_from(["h1", "h2", "h3"]),
    st.sampled_from(HOLDERS),
    st.sampled_from(HOLDERS),
    st.dictionaries(st.sampled_from(["box-1", "box-2", "box-3"]), st.sampled_from([("A",), ("A", "B")]), min_size=1),
    st.sampled_from(TIMES),
)


@given(st.lists(HALVES, min_size=1, max_size=8), st.booleans(), st.integers(0, 8))
def test_the_views_show_what_the_audit_makes_of_any_handovers(halves: list[Fact], plan: bool, place: int) -> None:
    facts = [*halves[:place], planned(at="02:30"), *halves[place:]] if plan else halves
    assert wrong(facts, shown(*facts)) == []


def handed(handover: str, giver: str, taker: str, at: str, seal: str = "A") -> list[Fact]:
    sides = {CustodyReleased: "A", CustodyReceived: seal}
    return [half(side, handover, giver, taker, {"box-1": (said,)}, at) for side, said in sides.items()]


SOUND = [planned(), *handed("h1", STORE, "pos", "03:00"), *handed("h2", "pos", "kapal", "04:00")]
DISPUTED = [planned(), *handed("h1", STORE, "pos", "03:00", seal="B")]
BROKEN = [planned(), *handed("h1", "kapal", "pos", "03:00")]
Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("facts", "change", "said"),
    [
        (SOUND, lambda box: box["custody"].pop(), "chain"),
        (SOUND, lambda box: box["custody"][1].update(since="2019-11-01T00:00:00Z"), "chain"),
        (SOUND, lambda box: box["custody"][1].update(broken_chain=True), "chain"),
        (SOUND, lambda box: box["custody"].insert(1, box["custody"][1]), "chain"),
        (SOUND, lambda box: box.update(custodian="pos"), "shown with pos"),
        (SOUND, lambda box: box["flags"].append("disputed"), "not disputed"),
        (SOUND, lambda box: box["flags"].append("broken_chain"), "not broken_chain"),
        (DISPUTED, lambda box: box["flags"].remove("disputed"), "is disputed"),
        (BROKEN, lambda box: box["flags"].remove("broken_chain"), "is broken_chain"),
    ],
)
def test_what_is_shown_otherwise_is_told(facts: list[Fact], change: Change, said: str) -> None:
    document = deepcopy(shown(*facts))
    change(document["packages"]["box-1"])
    (told,) = wrong(facts, document)
    assert said in told


def test_a_handover_in_another_state_is_told() -> None:
    document = shown(*DISPUTED)
    document["handovers"]["h1"]["state"] = "agreed"
    assert wrong(DISPUTED, document) == ["handover h1 is shown as agreed, its halves make it disputed"]
    del document["packages"]["box-1"]
    assert "package box-1: its custody chain is not that of the agreed handovers" in wrong(DISPUTED, document)
