"""A message of a watch as it stands in the inbox."""

from typing import Any

import msgspec
import pytest

from schemas.envelope import InboxMessage, decode_data
from schemas.incidents import ClearAlert, EscalateIncident, RaiseAlert
from schemas.types import alert_id
from services.kit.ledger.record import Stored, read_stamp
from services.watch.sending import entry
from tests.support.facts import clock

SOURCE = "/services/deployment-watch"
ALERT = alert_id("unit_silent", "unit/u", 0)
CLEAR = ClearAlert(alert=ALERT, numbers={"broken_seconds": 60.0})
RAISE = RaiseAlert(alert=ALERT, rule="unit_silent", subject="unit/u", n=0, since=clock("06:00"), numbers={})


def digest(data: Any, at: str = "06:00", *, source: str = SOURCE, id_: str = "m") -> bytes:
    key, value, headers = entry(source, id_, data, clock(at))
    stamp = read_stamp(Stored(0, key, value, headers))
    assert stamp is not None
    assert stamp.authorised
    return stamp.digest


@pytest.mark.parametrize("data", [CLEAR, RAISE, EscalateIncident(incident="i", level="polres", reason="x")])
def test_the_same_message_has_the_same_digest_whenever_it_is_sent(data: Any) -> None:
    assert digest(data, "06:00") == digest(data, "09:00")


def test_another_content_source_or_id_has_another_digest() -> None:
    other = ClearAlert(alert=ALERT, numbers={"broken_seconds": 61.0})
    found = {digest(CLEAR), digest(other), digest(CLEAR, source="/services/logistics-watch"), digest(CLEAR, id_="n")}
    assert len(found) == 4


def test_it_says_who_sent_it_when_and_what() -> None:
    key, value, _ = entry(SOURCE, f"raise-{ALERT}", RAISE, clock("06:00"))
    message = msgspec.json.decode(value, type=InboxMessage)
    assert (key.decode(), message.partitionkey) == (f"alert/{ALERT}", f"alert/{ALERT}")
    assert (message.source, message.id) == (SOURCE, f"raise-{ALERT}")
    assert message.time == message.recordedtime == clock("06:00")
    assert decode_data(message.type, message.dataschema, message.data) == RAISE
