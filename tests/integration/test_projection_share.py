"""Workers share the partitions of all logs by their group: each has its own, and a dead one's are taken over."""

import asyncio

from schemas.catalogue import SERVICES
from services.kit.ledger import topics
from services.projection.share import Share
from services.projection.store import Store, new_pool
from tests.support.ledger import until
from tests.support.pair import Pair
from tests.support.read_model import new_database

PARTITIONS = 6
PLACES = {(f"{service}.events", partition) for service in SERVICES for partition in range(PARTITIONS)}


def of(*shares: Share) -> list[int]:
    return [sum(map(share.has, PLACES)) for share in shares]


async def test_two_workers_of_a_read_model_share_and_those_of_another_have_nothing_to_do_with_them(pair: Pair) -> None:
    await topics.create(pair.kafka, SERVICES, PARTITIONS)
    pools = [await new_pool(await new_database(pair)) for _ in range(2)]
    one, two, other = (
        Share("group", Store(pool), pair.kafka, SERVICES, instance)
        for pool, instance in ((pools[0], "one"), (pools[0], "two"), (pools[1], "one"))
    )
    assert one.not_ready() is not None
    tasks = [asyncio.create_task(each.run()) for each in (one, two, other)]

    async def shared() -> bool:
        return of(one, two, other) == [9, 9, 18]

    await until(shared, lambda: of(one, two, other), 40)
    assert {place for place in PLACES if one.has(place) != two.has(place)} == PLACES
    assert one.not_ready() is None
    tasks[0].cancel()

    async def taken_over() -> bool:
        return of(two) == [18]

    await until(taken_over, lambda: of(two), 40)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for pool in pools:
        pool.terminate()


async def test_named_partitions_are_those_of_every_service(pair: Pair) -> None:
    pool = await new_pool(pair.postgres)
    some = Share("0,4", Store(pool), pair.kafka, SERVICES, "one")
    every = Share("all", Store(pool), pair.kafka, SERVICES, "two")
    await some.run()
    assert of(some, every) == [6, 18]
    assert some.not_ready() is None
    pool.terminate()
