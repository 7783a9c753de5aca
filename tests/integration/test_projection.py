"""The projection on a real Kafka and a real PostgreSQL: what a decider wrote becomes rows, once, whatever happens."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from schemas.deployment import AdoptOperation, AssignUnit, PlanContingent, RequirePost, UnitMustered
from schemas.envelope import partition_of
from services.deployment.domain import DEPLOYMENT
from services.kit.ledger import topics
from services.kit.ledger.fold import Fold
from services.kit.ledger.kafka import KafkaPair, producer
from services.kit.ledger.log import Unavailable
from services.kit.ledger.reader import Place
from services.kit.ledger.worker import Worker
from services.projection.projector import Projector
from services.projection.store import GONE, IDLE_SECONDS, SCHEMA, UNREACHABLE, Store, new_pool, one_look
from services.views.model import Model
from tests.support.given import OPERATION, by_post
from tests.support.kafka_site import KafkaSite
from tests.support.ledger import NOON, QUICK, message, register, run_until_answered, sighted, until
from tests.support.pair import Pair
from tests.support.read_model import asked

PARTITIONS = 6
SERVICE = "deployment"
WARGASARA = "36.04.13.2009"


class Operation:
    """A deciding service at work on real topics, and a fresh database."""

    def __init__(self, pair: Pair, database: str) -> None:
        self.pair = pair
        self.dsn = f"{pair.postgres.rpartition('/')[0]}/{database}"
        self._writer = producer(pair.kafka, "test")
        self._tasks: list[asyncio.Task[None]] = []
        self._pairs: list[KafkaPair] = []
        self.workers: list[Worker[Any]] = []

    async def begin(self) -> None:
        await topics.create(self.pair.kafka, [SERVICE], PARTITIONS)
        identity = await topics.identify(self.pair.kafka, SERVICE)
        await self._writer.start()
        for partition in range(identity.partitions):
            logs = KafkaPair(self.pair.kafka, SERVICE, partition, "test")
            self._pairs.append(logs)
            self.workers.append(Worker(DEPLOYMENT, partition, logs, identity, tuning=QUICK))
        self._tasks = [asyncio.create_task(worker.run()) for worker in self.workers]

    async def send(self, data: Any, id_: str | None = None) -> str:
        key, value, headers = message(data, id_ or uuid.uuid4().hex)
        partition = partition_of(key.decode(), len(self.workers))
        told = await self._writer.send_and_wait(
            f"{SERVICE}.inbox", value, key=key, headers=headers, partition=partition
        )
        return f"{SERVICE}.inbox/{partition}@{told.offset}"

    async def model(self) -> Any:
        """What a fresh fold of the logs says."""
        model = Model()
        for worker in self.workers:
            pair = KafkaPair(self.pair.kafka, SERVICE, worker.partition, "test")
            fold, end = Fold(), await pair.events_end()
            while fold.position < end:
                for record in await pair.read_events(fold.position, 0.5):
                    answer = fold.take(record)
                    if answer is not None:
                        model.apply(SERVICE, worker.partition, answer)
            await pair.close()
        return model.documents()

    async def end(self) -> None:
        for worker in self.workers:
            worker.stop()
        await asyncio.wait(self._tasks, timeout=10)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._writer.stop()
        for logs in self._pairs:
            await logs.close()


@pytest.fixture
async def operation(pair: Pair) -> AsyncIterator[Operation]:
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(pair.postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    made = Operation(pair, name)
    await made.begin()
    yield made
    await made.end()


@asynccontextmanager
async def projecting(
    operation: Operation, service: str = SERVICE, share: Callable[[Place], bool] = lambda _: True
) -> AsyncIterator[tuple[Projector, httpx.AsyncClient]]:
    """A projector at work, and its API."""
    pool = await new_pool(operation.dsn)
    store = Store(pool)
    projector = Projector(store, operation.pair.kafka, [service], share=share)
    task = asyncio.create_task(projector.run())
    async with asked(pool, store, projector, operation.pair, operation.dsn) as client:
        try:
            yield projector, client
        finally:
            task.cancel()
            [ended] = await asyncio.gather(task, return_exceptions=True)
            pool.terminate()
            assert isinstance(ended, asyncio.CancelledError), f"the projector had ended: {ended!r}"


async def rows(operation: Operation) -> dict[tuple[str, str], Any]:
    """The documents as they stand in PostgreSQL."""
    connection = await asyncpg.connect(operation.dsn)
    try:
        found = await connection.fetch(f"SELECT kind, id, document FROM {SCHEMA}.entities")
    finally:
        await connection.close()
    return {(row["kind"], row["id"]): msgspec.json.decode(row["document"]) for row in found}


async def reached(client: httpx.AsyncClient, positions: Sequence[str], seconds: float = 30) -> None:
    """Wait until the outcomes of these inbox messages are in."""
    answer: list[Any] = []

    async def there() -> bool:
        response = await client.get("/v1/status", params={"min_position": ",".join(positions), "wait": 5})
        answer[:] = [response.status_code, response.text]
        return response.status_code == 200

    await until(there, lambda: answer, seconds)


async def test_events_become_rows_a_restart_goes_on_and_all_equals_a_fresh_fold(operation: Operation) -> None:
    unit = f"u-{uuid.uuid4().hex[:8]}"
    async with projecting(operation) as (_, client):
        await reached(client, [await operation.send(register(unit))])
        assert (await client.get(f"/v1/units/{unit}")).status_code == 200
    last = [await operation.send(sighted(n, unit)) for n in range(20)][-1]
    async with projecting(operation) as (projector, client):
        await reached(client, [last])
        assert projector.trouble() is None
        said = await client.get("/v1/messages", params={"source": "/agencies/polres-serang", "id": "unheard"})
        assert said.status_code == 404
        assert said.headers["content-type"] == "application/problem+json"
        assert "deployment.events/0@" in said.headers["kalimaya-position"]
    assert await rows(operation) == await operation.model()


async def test_the_outcome_of_a_message_is_told_with_its_events(operation: Operation) -> None:
    unit = f"u-{uuid.uuid4().hex[:8]}"
    async with projecting(operation) as (_, client):
        first = await operation.send(register(unit), f"{unit}-1")
        again = await operation.send(register(unit), f"{unit}-1")
        await reached(client, [first, again])
        params = {"source": "/agencies/polres-serang", "id": f"{unit}-1"}
        outcomes = (await client.get("/v1/messages", params=params)).json()["outcomes"]
    assert [each["kind"] for each in outcomes] == ["accepted", "repeated"]
    assert [each["inbox"] for each in outcomes] == [first, again]
    assert [each["type"] for each in outcomes[0]["events"]] == ["kalimaya.unit.registered"]


async def test_a_village_is_short_until_enough_heads_are_counted(operation: Operation) -> None:
    unit, hour = f"u-{uuid.uuid4().hex[:8]}", timedelta(days=36500)
    window = {"start": NOON - hour, "end": NOON + hour}
    post = RequirePost(
        post=WARGASARA, jurisdiction="polres-serang", vulnerability="rawan", stations=2, needs=by_post(polri=4),
        plan_version=1, plan_source="test", **window,
    )  # fmt: skip
    order = AssignUnit(
        unit=unit, assignment="a1", duty="guard", target_kind="post", target=WARGASARA, headcount={"polri": 6}, **window
    )
    async with projecting(operation) as (_, client):

        async def village(*positions: str) -> Any:
            await reached(client, positions)
            return (await client.get(f"/v1/villages/{WARGASARA}")).json()["row"]["strength"]

        assert (await village(await operation.send(post)))["state"] == "short"
        told = await village(await operation.send(register(unit)), await operation.send(order))
        assert told["state"] == "unknown"
        assert told["forces"]["polri"] == {"required": 4, "assigned": 6, "present": None, "state": "unknown"}
        told = await village(await operation.send(UnitMustered(unit=unit, post=WARGASARA, present={"polri": 5})))
        assert told["forces"]["polri"]["present"] == 5
        assert told["state"] == "unknown"  # counted in 2019, which is stale by now
        assert told["present"]["stale"] is True


async def test_what_is_required_and_who_gives_it_is_told_for_any_time(operation: Operation) -> None:
    day, village, station, other = timedelta(days=1), "36.04.05.2001", "36.04.05.2001-tps01", "36.04.05.2001-tps02"
    plan = {"plan_source": "test", "plan_dated": NOON.date()}

    def requirement(version: int, polri: int, days: int, post: str = station) -> RequirePost:
        return RequirePost(
            post=post, jurisdiction="polres-cilegon", vulnerability="rawan", stations=1, needs=by_post(polri=polri),
            start=NOON, end=NOON + days * day, plan_version=version, **plan,
        )  # fmt: skip

    def contingent(of: str, version: int, personnel: dict[Any, int]) -> PlanContingent:
        window = {"start": NOON, "end": NOON + 9 * day}
        return PlanContingent(contingent=of, agency=of, personnel=personnel, plan_version=version, **window, **plan)

    orders = [
        *(requirement(*each) for each in ((1, 2, 9), (2, 4, 2))),
        requirement(1, 1, 9, other),
        *(contingent("polres-serang", *each) for each in ((1, {"polri": 450}), (2, {"polri": 474}))),
        contingent("polda-banten", 1, {"brimob": 120, "polri": 80}),
        *(AdoptOperation(**OPERATION | {"version": version}) for version in (1, 2)),
    ]
    async with projecting(operation) as (_, client):

        async def get(path: str, **parameters: Any) -> Any:
            response = await client.get(path, params=parameters)
            assert response.status_code == 200, response.text
            return response.json()

        await reached(client, [await operation.send(order) for order in orders])
        for hours, heads in ((24, 4), (72, 2)):
            at = (NOON + timedelta(hours=hours)).isoformat()
            post = await get(f"/v1/posts/{station}", at=at)
            assert post["requirement"]["required"] == {"polri": heads}
            assert (post["versions"].keys(), post["flags"]) == ({"1", "2"}, ["unreported"])
        assert (await get(f"/v1/posts/{station}"))["requirement"] is None  # by the wall clock, long after
        for parameters, found in (
            ({"village": village}, [station, other]),
            ({"district": village[:8]}, [station, other]),
            ({"village": village, "jurisdiction": "polres-cilegon"}, [station, other]),
            ({"village": village, "jurisdiction": "polres-serang"}, []),
            ({"village": "36.04.05.2002"}, []),
            ({"district": village[:8], "limit": "1"}, [station]),
            ({"district": village[:8], "cursor": station}, [other]),
        ):
            assert [each["post"] for each in (await get("/v1/posts", **parameters))["items"]] == found, parameters
        given = await get("/v1/contingents", at=(NOON + day).isoformat(), limit="1")
        assert [each["contingent"] for each in given["items"]] == ["polda-banten"]
        assert (given["next"], given["total"], given["personnel"]) == (
            "polda-banten",
            474 + 200,
            {"brimob": 120, "polri": 554},
        )
        assert (await get("/v1/contingents/polres-serang", at=(NOON + day).isoformat()))["total"] == 474
        told = await get("/v1/operation")
        assert told["in_force"] == {"deployment": 2, "logistics": None, "incidents": None}
        assert (told["flags"], told["versions"].keys()) == (["half_applied"], {"1", "2"})
        rows_ = {each["code"]: each for each in (await get("/v1/picture"))["villages"]}
        assert {each.village for each in OPERATION["villages"]} <= rows_.keys()
        shown = await get(f"/v1/villages/{village}")
        assert shown["unreported"] == [station, other]
        assert [each["flags"] for each in shown["posts"]] == [["unreported"]] * 2
        unit = f"u-{uuid.uuid4().hex[:8]}"
        await reached(client, [await operation.send(UnitMustered(unit=unit, post=station, present={"polri": 2}))])
        assert (await get(f"/v1/villages/{village}"))["unreported"] == [other]
        assert (await get(f"/v1/posts/{station}"))["flags"] == []
        assert (await client.get("/v1/posts/36.04.05.2002")).status_code == 404
        assert (await client.get(f"/v1/posts/{station}", params={"at": "yesterday"})).status_code == 422
    assert await rows(operation) == await operation.model()


async def test_two_that_have_the_same_partitions_do_no_harm_and_one_goes_on_for_the_other(operation: Operation) -> None:
    unit = f"u-{uuid.uuid4().hex[:8]}"
    async with projecting(operation) as (one, client):
        async with projecting(operation) as (two, other):
            await reached(client, [await operation.send(register(unit))])

            async def one_is_left() -> bool:
                await operation.send(sighted(0, unit))
                return bool(one.lost) != bool(two.lost)

            await until(one_is_left, lambda: (one.lost, two.lost))
            last = await operation.send(sighted(1, unit))
            await reached(client, [last])
            await reached(other, [last])
            assert (one.trouble(), two.trouble()) == (None, None)
        await reached(client, [await operation.send(sighted(2, unit))])
    assert await rows(operation) == await operation.model()


async def test_workers_have_each_their_partitions_and_answer_for_all(operation: Operation) -> None:
    units = [f"u-{uuid.uuid4().hex[:8]}" for _ in range(12)]
    mine = {0, 1, 2}
    async with projecting(operation, share=lambda place: place[1] in mine) as (one, client):
        others = [await operation.send(register(unit)) for unit in units]
        await until(lambda: waits(one), one.unprojected_age)
        async with projecting(operation, share=lambda place: place[1] not in mine) as (two, other):
            await reached(client, others)
            await until(lambda: caught_up(one, two), lambda: (one.unprojected_age(), two.unprojected_age()))
            lags = [each["lag"] for each in (await other.get("/v1/status")).json()["logs"]]
            assert lags == [0] * PARTITIONS
        assert (one.lost, two.lost) == ({}, {})
        mine |= {3, 4, 5}
        last = [await operation.send(sighted(0, unit)) for unit in units]
        await reached(client, last)
    assert await rows(operation) == await operation.model()


async def waits(projector: Projector) -> bool:
    return projector.unprojected_age() > 1


async def caught_up(*projectors: Projector) -> bool:
    return all(each.unprojected_age() == 0 for each in projectors)


async def test_what_nobody_projects_is_told_by_all(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.projection.projector.ABANDONED_SECONDS", 1)
    async with projecting(operation, share=lambda _: False) as (projector, _):
        await operation.send(register(f"u-{uuid.uuid4().hex[:8]}"))

        async def told() -> bool:
            return "is projected by nobody for" in str(projector.trouble())

        await until(told, projector.trouble)


async def troubled(projector: Projector) -> bool:
    return projector.trouble() is not None


async def test_a_projector_that_froze_in_a_transaction_is_not_waited_for(operation: Operation) -> None:
    async with projecting(operation) as (_, client):
        await reached(client, [await operation.send(register(f"u-{uuid.uuid4().hex[:8]}"))])
        frozen = await new_pool(operation.dsn)
        try:
            connection = await frozen.acquire()  # and never released: that would wake what is frozen
            await connection.execute("BEGIN; SELECT FROM positions FOR UPDATE")
            held = await operation.send(register(f"u-{uuid.uuid4().hex[:8]}"))
            early = await client.get("/v1/status", params={"min_position": held, "wait": 2})
            assert early.status_code != 200
            await reached(client, [held], IDLE_SECONDS + 5)
        finally:
            frozen.terminate()


@pytest.mark.parametrize(
    ("answered", "said"), [(False, "the log ends at 3, the read model has read up to 5"), (True, "LedgerBroken")]
)
async def test_a_log_that_lost_its_tail_is_projected_no_further(
    operation: Operation, answered: bool, said: str
) -> None:
    """Its topic is made anew with less in it; then, in the second case, its owner answers again, behind a void."""
    site = KafkaSite(operation.pair.kafka)
    await site.start(genesis=True)
    events = f"{site.decider.service}.events"
    pool = await new_pool(operation.dsn)
    store = Store(pool)
    try:
        for n in range(4):
            await site.put(*message(sighted(n), f"m{n}"))
        await run_until_answered(site, Worker(site.decider, 0, site.pair(), site.identity, tuning=QUICK))
        await store.migrate()
        async with projecting(operation, site.decider.service):

            async def all_in() -> bool:
                return [each.next_offset for each in (await store.positions()).values()] == [5]

            await until(all_in, lambda: "not all is in the picture")
        kept = [
            (each.key or b"", each.value or b"", [(name, value or b"") for name, value in each.headers])
            for each in (await site.events())[:3]
        ]
        admin = topics.admin_of(operation.pair.kafka)
        await asyncio.to_thread(admin.delete_topics([events])[events].result, 30)

        async def made_anew() -> bool:
            try:
                return await asyncio.to_thread(topics._create, operation.pair.kafka, [events], 1, 1) == [events]
            except Unavailable:
                return False

        await until(made_anew, lambda: "its topic is still there")
        await site.put_events(kept)
        if answered:
            await site.put_events([(b"k", b"a stranger's", [])])
            await run_until_answered(site, Worker(site.decider, 0, site.pair(), site.identity, tuning=QUICK))
        async with projecting(operation, site.decider.service) as (projector, _):

            async def stopped() -> bool:
                return said in projector.stopped.get((events, 0), "")

            await until(stopped, lambda: (projector.stopped, projector.trouble()))
            assert projector.trouble() is not None
        assert (await store.positions())[events, 0].next_offset == 5
    finally:
        pool.terminate()
        await site.stop()


async def test_postgresql_probes_whether_a_projector_s_machine_is_still_there(operation: Operation) -> None:
    pool = await new_pool(operation.dsn)
    try:
        assert {name: await pool.fetchval(f"SHOW {name}") for name in GONE} == GONE
    finally:
        await pool.close()


@pytest.mark.parametrize("turns", range(4))
async def test_a_connection_that_ends_between_two_questions_means_that_postgresql_is_away(
    operation: Operation, turns: int
) -> None:
    """asyncpg reads PostgreSQL's farewell in one turn of the loop, and the end of the connection in the next."""
    pool = await new_pool(operation.dsn)
    store = Store(pool)
    await store.migrate()

    async def ends_meanwhile() -> None:
        async with pool.acquire() as connection, one_look(connection):
            with ThreadPoolExecutor() as threads:  # our loop stands still until it is done
                assert threads.submit(asyncio.run, end_backend(operation.dsn, connection.get_server_pid())).result()
            for _ in range(turns):
                await asyncio.sleep(0)
            await store.positions(connection)

    with pytest.raises(UNREACHABLE):
        await ends_meanwhile()
    assert await store.positions() == {}
    pool.terminate()


async def end_backend(dsn: str, pid: int) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        return bool(await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", pid))
    finally:
        await connection.close()


async def test_postgresql_is_killed_and_comes_back_and_nothing_is_lost(operation: Operation) -> None:
    unit = f"u-{uuid.uuid4().hex[:8]}"
    async with projecting(operation) as (projector, client):
        await reached(client, [await operation.send(register(unit))])
        await asyncio.to_thread(operation.pair.kill_postgres)
        try:
            last = [await operation.send(sighted(n, unit)) for n in range(5)][-1]
            answer = await client.get("/v1/picture")
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            await until(lambda: troubled(projector), lambda: "the projector sees no trouble")
        finally:
            await asyncio.to_thread(operation.pair.start_postgres)
        await reached(client, [last], 40)
        assert projector.trouble() is None
    assert await rows(operation) == await operation.model()
