"""The traps of aiokafka 0.14 that the ledger works around (services/kit/ledger/kafka.py): one test each."""

import asyncio
import gc
import inspect
from collections.abc import Awaitable, Callable
from statistics import median
from time import monotonic
from typing import NoReturn

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher, PartitionRecords
from aiokafka.errors import KafkaError
from aiokafka.producer.sender import Sender

from services.gateway import inbox
from services.gateway.inbox import KafkaInbox
from services.kit.ledger import kafka, reader, topics
from services.kit.ledger.kafka import KafkaPair, begin_at, close, consumer, producer
from services.kit.ledger.log import OutOfRange, Unavailable
from services.kit.ledger.membership import Membership
from services.kit.ledger.reader import LogReader
from services.kit.ledger.record import ILLEGIBLE, Record
from tests.support import illegible
from tests.support.kafka_site import KafkaSite
from tests.support.ledger import answers, kinds, message, register, run_until_answered, sighted, until, worker
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
    assert median(waited) < 0.35, waited  # who waited for that fetch waited half a second


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


async def test_a_member_whose_routine_has_ended_joins_anew(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    await topics.create(pair.kafka, ["joined"], partitions=2)
    member = Membership(pair.kafka, "kalimaya.joined", "joined-first", ["joined.inbox"])
    await member.start()

    async def owns_all() -> bool:
        await member.poll()
        return len(member.owned()) == 2

    await until(owns_all, member.owned)
    ended = member._consumer

    def has_ended() -> None:
        raise KafkaError("Unexpected error during coordination")

    monkeypatch.setattr(ended._coordinator, "check_errors", has_ended)

    async def owns_all_again() -> bool:
        return await owns_all() and member._consumer is not ended

    await until(owns_all_again, member.owned)
    await member.stop()


async def test_a_header_name_that_is_not_utf8_is_read_around(site: KafkaSite) -> None:
    service = site.decider.service
    inbox, events = f"{service}.inbox", f"{service}.events"
    three = [message(sighted(n), f"seen-{n}") for n in range(3)]
    await site.put(*message(register(), "registered"))
    first = await illegible.publish(site.bootstrap, inbox, three, illegible=1)
    await illegible.publish(site.bootstrap, events, [(b"key", b"foreign", [])], illegible=0)
    await run_until_answered(site, worker(site))
    seen = "unit.sighted"
    assert kinds(answers(await site.events())) == ["unit.registered", seen, "message.rejected:unreadable", seen]

    following = LogReader(site.bootstrap, "test")
    await following.start({(inbox, 0): 0, (events, 0): 0})
    found: dict[str, list[Record]] = {inbox: [], events: []}
    while len(found[inbox]) < 4 or len(found[events]) < len(await site.events()):
        for (topic, _), records in (await following.read(1)).items():
            found[topic] += records
    await following.stop()
    assert [each.offset for each in found[inbox]] == [0, 1, 2, 3]
    assert [each.offset for each in found[events]] == [*range(len(found[events]))]
    bare = found[inbox][first + 1]
    assert (bare.key, bare.value) == three[1][:2]
    assert bare.headers == ((ILLEGIBLE, illegible.NAME),)
    await site.stop()


async def test_reading_around_brings_no_more_than_a_fetch_would(site: KafkaSite) -> None:
    writer, inbox = producer(site.bootstrap, "test"), f"{site.decider.service}.inbox"
    await writer.start()
    await asyncio.gather(*[writer.send_and_wait(inbox, bytes(100_000)) for _ in range(150)])
    await writer.stop()
    tp = TopicPartition(inbox, 0)
    reading = consumer(site.bootstrap, "test")
    await reading.start()
    begin_at(reading, tp, 0)
    found = await kafka.read_around(site.bootstrap, reading, {tp: 0})
    await close(reading)
    assert [each.offset for each in found[tp]] == [*range(len(found[tp]))]
    assert 0 < sum(len(each.value or b"") for each in found[tp]) < 2 * kafka.FETCH_BYTES
    await site.stop()


async def test_aiokafka_itself_does_not_read_it(site: KafkaSite) -> None:
    await illegible.publish(site.bootstrap, f"{site.decider.service}.inbox", [(b"key", b"value", [])], illegible=0)
    reading = consumer(site.bootstrap, "test")
    await reading.start()
    begin_at(reading, tp := TopicPartition(f"{site.decider.service}.inbox", 0), 0)
    with pytest.raises(UnicodeDecodeError):
        await reading.getmany(tp, timeout_ms=5000)
    await reading.stop()
    await site.stop()


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


async def broken(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("a mistake of aiokafka's")


async def forever(read: Callable[[], Awaitable[object]]) -> NoReturn:
    while True:
        await read()


async def test_a_consumer_that_has_ceased_to_fetch_is_found_out_and_replaced(
    site: KafkaSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.put_events([(b"key", b"value", [])])
    logs, following = site.pair(), LogReader(site.bootstrap, "test")
    place = (f"{site.decider.service}.events", 0)
    await following.start({place: 0})
    assert len(await logs.read_events(0, 5)) == 2
    assert len((await following.read(5))[place]) == 2
    with monkeypatch.context() as patched:
        patched.setattr(Fetcher, "_proc_fetch_request", broken)
        for read in (lambda: logs.read_events(2, 0.1), lambda: following.read(0.1)):
            with pytest.raises(Unavailable, match="ceased to fetch"):
                await asyncio.wait_for(forever(read), 10)
    assert len(await logs.read_events(0, 5)) == 2
    await following.stop()
    await logs.close()
    await site.stop()


async def test_a_producer_that_has_ceased_to_send_is_replaced_by_the_gateway(
    site: KafkaSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SERVICES", [site.decider.service])
    made = KafkaInbox(site.bootstrap, 10_000_000)
    running = asyncio.create_task(made.run())
    await asyncio.wait_for(made.connected.wait(), 30)

    async def written() -> bool:
        (offset,) = await made._write(f"{site.decider.service}.inbox", 0, [(b"key", b"value", [])])
        return isinstance(offset, int)

    async def away() -> bool:
        return made.not_ready() is not None

    await until(written, made.not_ready)
    with monkeypatch.context() as patched:
        patched.setattr(Sender, "_send_produce_req", broken)
        assert not await written()
        await until(away, made.not_ready)
    await until(written, made.not_ready)
    running.cancel()
    await asyncio.wait([running])
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
