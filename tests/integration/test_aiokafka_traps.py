"""The traps of aiokafka 0.14 that the ledger works around (services/kit/ledger/kafka.py): one test each."""

import asyncio
import gc
import inspect
from statistics import median
from time import monotonic

import pytest
from aiokafka.consumer.fetcher import PartitionRecords

from services.kit.ledger import kafka, reader, topics
from services.kit.ledger.kafka import KafkaPair, close, consumer, producer
from services.kit.ledger.log import OutOfRange, Unavailable
from services.kit.ledger.membership import Membership
from services.kit.ledger.reader import LogReader
from tests.support.kafka_site import KafkaSite
from tests.support.ledger import answers, message, run_until_answered, sighted, until, worker
from tests.support.pair import Pair


@pytest.fixture
async def site(pair: Pair) -> KafkaSite:
    made = KafkaSite(pair.kafka)
    await made.start(genesis=True)
    return made


async def test_acks_of_all_replicas_are_asked_for_because_the_default_is_one(pair: Pair) -> None:
    made = producer(pair.kafka, "test")
    assert made._sender._acks == -1
    await close(made)


async def test_the_private_name_that_keeps_reading_prompt_still_exists(pair: Pair, site: KafkaSite) -> None:
    following = LogReader(pair.kafka, "test")
    await following.start({(f"{site.decider.service}.events", 0): None})
    assert following._consumer is not None
    assert following._consumer._fetcher._prefetch_backoff == reader.PREFETCH_BACKOFF
    assert "prefetch_backoff" in inspect.signature(type(following._consumer._fetcher).__init__).parameters
    await following.stop()
    await site.stop()


async def test_what_comes_does_not_wait_for_partitions_to_which_nothing_comes(pair: Pair) -> None:
    await topics.create(pair.kafka, ["halves"], partitions=2)
    busy, idle = ("halves.inbox", 0), ("halves.inbox", 1)
    following, writer = LogReader(pair.kafka, "test"), producer(pair.kafka, "test")
    await writer.start()
    await following.start({busy: 0, idle: 0})
    waited = []
    for _ in range(20):
        sent = monotonic()
        await writer.send_and_wait(busy[0], b"x", partition=busy[1])
        await asyncio.sleep(0.02)  # it lies unread, and meanwhile the next fetch is sent, without this partition
        while not (await following.read(1)).get(busy):
            pass
        waited.append(monotonic() - sent)
    await following.stop()
    await writer.stop()
    assert median(waited) < 0.15, waited


async def test_a_batch_that_would_overflow_is_an_error_and_not_a_silently_closed_builder(site: KafkaSite) -> None:
    batch = site.pair().new_batch()
    batch.append(b"k", b"x" * 900_000, [])
    with pytest.raises(AssertionError, match="BATCH_BYTES"):
        batch.append(b"k", b"x" * 900_000, [])
    await site.stop()


def test_the_rebalance_listener_never_awaits() -> None:
    assert not inspect.iscoroutinefunction(Membership.on_partitions_assigned)
    assert not inspect.iscoroutinefunction(Membership.on_partitions_revoked)


async def test_a_paused_member_shares_its_partitions_however_long_it_has_been_one(pair: Pair) -> None:
    await topics.create(pair.kafka, ["members"], partitions=2)
    first, second = (
        Membership(pair.kafka, "kalimaya.members", f"members-{instance}", ["members.inbox"])
        for instance in ("first", "second")
    )
    await first.start()
    first._consumer._coordinator._max_poll_interval = 0.5  # five minutes in life
    for _ in range(10):
        await first.poll()
        await asyncio.sleep(0.1)
    await second.start()

    async def shared() -> bool:
        await first.poll()
        await second.poll()
        return bool(second.owned()) and not first.owned() & second.owned()

    await until(shared, lambda: (first.owned(), second.owned()), 20)
    for member in (first, second):
        await member.stop()


async def test_an_offset_that_does_not_exist_is_out_of_range(site: KafkaSite) -> None:
    with pytest.raises(OutOfRange):
        await site.pair().read_events(1000, 5)
    await site.stop()


async def test_what_was_fetched_and_is_left_behind_is_not_kept(
    site: KafkaSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "MOST_RECORDS", 5)
    await site.put_events([(b"key", b"value", [])] * 20)
    await site.put(b"key", b"value", [])
    logs = site.pair()
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            for offset in (1, 2):  # five of what was fetched are taken, the others left behind
                assert (await logs.read_events(offset, 5))[0].offset == offset
            await logs.read_inbox(0, 5)
        assert sum(type(each) is PartitionRecords for each in gc.get_objects()) <= 2
    finally:
        gc.enable()
        await logs.close()
        await site.stop()


async def test_clients_close_in_bounded_time_and_work_goes_on_when_the_broker_comes_back(
    pair: Pair, site: KafkaSite
) -> None:
    for n in range(20):
        await site.put(*message(sighted(n), f"m{n}"))
    await run_until_answered(site, worker(site))
    log = KafkaPair(pair.kafka, site.decider.service, 0, "test")
    batch = log.new_batch()
    batch.append(b"k", b"a stranger's", [])
    await log.append(batch)
    reading = consumer(pair.kafka, "test")
    await reading.start()
    pair.kill_kafka()
    try:
        started = monotonic()
        await log.close()
        await close(reading)
        assert monotonic() - started < 6 * kafka.CLOSE_SECONDS
        with pytest.raises(Unavailable):
            await asyncio.wait_for(KafkaPair(pair.kafka, site.decider.service, 0, "test").events_end(), 30)
    finally:
        pair.start_kafka()
    await site.stop()
    again = KafkaSite(pair.kafka)
    again.decider, again._pair = site.decider, KafkaPair(pair.kafka, site.decider.service, 0, "test")
    again.identity = site.identity
    await again._producer.start()
    await again.put(*message(sighted(), "after"))
    await run_until_answered(again, worker(again))
    assert len(answers(await again.events())) == 21
    await again.stop()
