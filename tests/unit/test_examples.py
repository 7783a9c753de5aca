"""The examples that other tests stand on are good messages."""

from datetime import UTC, datetime

import pytest

from schemas.catalogue import Definition
from services.gateway.intake import judge
from tests.support.examples import event_of, sendable
from tests.support.gateway import EVERYBODY


@pytest.mark.parametrize("entry", sendable(), ids=lambda entry: f"{entry.type}:{entry.version}")
def test_there_is_a_good_message_of_every_kind(entry: Definition) -> None:
    taken = judge(event_of(entry), EVERYBODY, datetime(2019, 11, 3, 5, tzinfo=UTC))
    assert (taken.message.type, taken.message.dataschema) == (entry.type, entry.dataschema)
    assert taken.stamp.authorised
