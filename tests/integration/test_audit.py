"""The audit on a real Kafka: clean after a real worker, and not after somebody has meddled."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer
from typer.testing import CliRunner

from kalimaya.audit import command, kafka
from kalimaya.audit.findings import Finding
from kalimaya.audit.kafka import Place, Reader, Unreachable
from kalimaya.audit.run import Plan, Result, audit
from services.kit.ledger import topics
from services.kit.ledger.record import NO_HASH, pack_mark
from services.projection.projector import Projector
from services.projection.store import SCHEMA, Store, new_pool
from tests.support import illegible
from tests.support.kafka_site import KafkaSite
from tests.support.ledger import message, register, run_until_answered, sighted, until, worker
from tests.support.pair import Pair

MESSAGES = 40


@pytest.fixture
async def site(pair: Pair) -> AsyncIterator[KafkaSite]:
    made = KafkaSite(pair.kafka)
    await made.start(genesis=True)
    await made.put(*message(register(), "registered"))
    for n in range(MESSAGES - 2):
        await made.put(*message(sighted(n), f"seen-{n}"))
    await made.put(*message(sighted(0), "seen-0"))
    yield made
    await made.stop()


async def look(site: KafkaSite, receipts: Path | None = None, wait: float = 0) -> Result:
    return await run(Plan(site.bootstrap, [site.decider.service], receipts=receipts, wait=wait))


async def run(plan: Plan) -> Result:
    return await asyncio.to_thread(audit, plan, lambda *_: None)


def only(result: Result) -> Finding:
    assert result.findings.total == 1, result.findings.kept
    return result.findings.kept[0]


async def test_what_a_worker_wrote_is_clean(site: KafkaSite) -> None:
    assert (await look(site)).total.in_flight == MESSAGES
    await run_until_answered(site, worker(site))
    result = await look(site)
    assert result.findings.kept == []
    assert (result.total.received, result.total.events, result.total.in_flight) == (MESSAGES, MESSAGES, 0)
    assert (result.total.outcomes["accepted"], result.total.outcomes["repeated"]) == (MESSAGES - 1, 1)


async def test_a_header_name_that_is_not_utf8_is_nothing_to_stumble_over(site: KafkaSite) -> None:
    three = [message(sighted(n), f"again-{n}") for n in range(3)]
    await illegible.publish(site.bootstrap, f"{site.decider.service}.inbox", three, illegible=1)
    await run_until_answered(site, worker(site))
    result = await look(site)
    assert result.findings.kept == []
    assert (result.total.received, result.total.outcomes["rejected"]) == (MESSAGES + 3, 1)


async def test_what_stays_unanswered_is_found_only_after_waiting(site: KafkaSite) -> None:
    assert (await look(site)).clean
    assert only(await look(site, wait=0.5)).rule == "still in flight"


async def test_what_comes_after_a_read_is_read_by_the_next(site: KafkaSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partition that was read to its end was paused, and librdkafka kept it so: the audit took Kafka for dead."""
    monkeypatch.setattr(kafka, "STILL_SECONDS", 5.0)
    reader = Reader(site.bootstrap, [Place(f"{site.decider.service}.inbox", 0)])
    try:
        counts = []
        for n in range(3):
            counts.append(len(await asyncio.to_thread(lambda: [*reader.read(reader.ends())])))
            await site.put(*message(sighted(n), f"later-{n}"))
        assert counts == [MESSAGES, 1, 1]
    finally:
        reader.close()


async def test_a_forged_record(site: KafkaSite) -> None:
    await run_until_answered(site, worker(site))
    at = MESSAGES + 1
    assert await site.put_events([(b"k", b"{}", pack_mark(at, MESSAGES, 0, 1, b"f" * 32, NO_HASH))]) == at
    found = only(await look(site))
    assert (found.rule, found.place) == ("broken chain", f"{site.decider.service}.events/0@{at}")


async def test_void_records_are_counted_and_no_fault(site: KafkaSite) -> None:
    await run_until_answered(site, worker(site))
    await site.put_events([(b"k", b"{}", pack_mark(5, 4, 0, 1, NO_HASH, NO_HASH)), (b"k", b"{}", [])])
    result = await look(site)
    assert result.clean
    assert result.total.voids == {"elsewhere": 1, "wrong chain": 0, "not ours": 1}


async def test_receipts(site: KafkaSite, tmp_path: Path) -> None:
    await run_until_answered(site, worker(site))
    inbox, path = f"{site.decider.service}.inbox/0", tmp_path / "receipts.jsonl"
    told = {"source": "/agencies/polres-serang", "status": 200, "outcome": "accepted"}
    right = told | {"id": "seen-3", "position": f"{inbox}@4"}
    path.write_text(json.dumps(right) + "\n")
    result = await look(site, path)
    assert (result.findings.kept, result.total.receipts) == ([], 1)
    path.write_text(json.dumps(right) + "\n" + json.dumps(right | {"position": f"{inbox}@{MESSAGES}"}) + "\n")
    assert only(await look(site, path)).rule == "receipt without a message"


async def test_topics_that_do_not_fit_each_other(pair: Pair, site: KafkaSite) -> None:
    service = f"{site.decider.service}x"
    topics._create(pair.kafka, [f"{service}.inbox"], 1, 1)
    topics._create(pair.kafka, [f"{service}.events"], 2, 1)
    with pytest.raises(ValueError, match="partition counts"):
        await topics.once_known(pair.kafka, service)
    result = await run(Plan(pair.kafka, [service]))
    assert only(result).rule == "partition counts"


async def test_topics_that_are_not_there(pair: Pair) -> None:
    with pytest.raises(Unreachable, match="nowhere"):
        await run(Plan(pair.kafka, ["nowhere"]))


@dataclass
class ReadModel:
    """A database of its own, and a projector that follows the site's log into it."""

    dsn: str
    site: KafkaSite

    async def execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": SCHEMA})
        await connection.execute(sql)
        await connection.close()

    async def project(self) -> None:
        """Let a projector work until it has read to the log's end."""
        pool = await new_pool(self.dsn)
        service, store = self.site.decider.service, Store(pool)
        await store.migrate()
        task = asyncio.create_task(Projector(store, self.site.bootstrap, [service]).run())
        end = len(await self.site.events())

        async def reached() -> bool:
            there = await pool.fetchval("SELECT sum(next_offset) FROM positions")
            return bool(there == end)

        try:
            await until(reached, lambda: f"the log ends at {end}")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            pool.terminate()

    async def audit(self, wait: float = 0) -> Result:
        return await run(Plan(self.site.bootstrap, [self.site.decider.service], self.dsn, wait=wait))


@pytest.fixture
async def read_model(pair: Pair, site: KafkaSite) -> ReadModel:
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(pair.postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    made = ReadModel(f"{pair.postgres.rpartition('/')[0]}/{name}", site)
    await run_until_answered(site, worker(site))
    await made.project()
    return made


async def test_a_read_model_that_follows_from_the_log(read_model: ReadModel) -> None:
    result = await read_model.audit(wait=20)
    assert result.findings.kept == []
    compared = result.read_model
    assert compared is not None
    assert (compared.entities, compared.outcomes, compared.behind) == (1, MESSAGES, 0)
    assert compared.stored_digest == compared.folded_digest != ""


async def test_a_postgresql_that_is_just_starting_is_waited_for(pair: Pair, read_model: ReadModel) -> None:
    pair.kill_postgres()
    try:
        with pytest.raises(Unreachable, match="PostgreSQL does not answer"):
            await read_model.audit()
        waiting = asyncio.create_task(read_model.audit(wait=60))
        await asyncio.sleep(1)
        assert not waiting.done()
    finally:
        await asyncio.to_thread(pair.start_postgres)
    assert (await waiting).findings.kept == []


@pytest.mark.parametrize(
    ("meddling", "topic", "said"),
    [
        ("UPDATE entities SET document = document || '{\"callsign\": \"other\"}'", "entities", "callsign"),
        ("DELETE FROM entities", "entities", "is not stored"),
        ("INSERT INTO entities SELECT kind, 'more', service, partition, villages, districts, jurisdiction, agency, "
         "status, document, brief, first_at, last_at FROM entities", "entities", "unit/more is stored"),
        ("DELETE FROM outcomes WHERE cause = 3", "outcomes", f"{MESSAGES - 2} rows"),
        ("UPDATE outcomes SET kind = 'refused' WHERE cause = 3", "outcomes", "say accepted"),
        ("UPDATE positions SET head = decode(repeat('00', 32), 'hex')", "events", "after head 000000"),
        ("UPDATE positions SET log = 'another'", "events", "from log another"),
    ],
)  # fmt: skip
async def test_a_read_model_somebody_changed(read_model: ReadModel, meddling: str, topic: str, said: str) -> None:
    await read_model.execute(meddling)
    found = (await read_model.audit()).findings.kept[0]
    assert found.rule == "read model"
    assert found.topic.endswith(topic)
    assert said in found.detail


async def test_a_read_model_that_is_behind_is_compared_where_it_stands(read_model: ReadModel) -> None:
    site = read_model.site
    await site.put(*message(sighted(7), "later"))
    await run_until_answered(site, worker(site))
    result = await read_model.audit()
    assert result.findings.kept == []
    assert result.read_model is not None
    assert result.read_model.behind == 1
    assert only(await read_model.audit(wait=0.5)).detail == "1 outcomes are not in the read model after the wait"


async def test_only_what_was_there_when_it_began_is_waited_for(read_model: ReadModel) -> None:
    site, loop = read_model.site, asyncio.get_running_loop()
    await site.put(*message(sighted(7), "before"))
    told = list[str]()

    async def go_on() -> None:
        await run_until_answered(site, worker(site))
        await read_model.project()
        await site.put(*message(sighted(8), "answered after it began"))
        await run_until_answered(site, worker(site))
        await site.put(*message(sighted(9), "never answered"))

    def progress(what: str, *_: int) -> None:
        told.append(what)
        if len(told) == 1:
            asyncio.run_coroutine_threadsafe(go_on(), loop).result(20)

    plan = Plan(site.bootstrap, [site.decider.service], read_model.dsn, wait=30)
    result = await asyncio.to_thread(audit, plan, progress)
    assert result.findings.kept == []
    assert told == ["1 messages on their way into the read model"]
    assert result.read_model is not None
    assert (result.total.received, result.total.in_flight, result.read_model.behind) == (MESSAGES + 3, 1, 1)


async def test_a_read_model_that_is_ahead_of_the_log(read_model: ReadModel) -> None:
    await read_model.execute("UPDATE positions SET next_offset = 999")
    details = [each.detail for each in (await read_model.audit()).findings.kept]
    assert f"the read model has read up to 999, the log ends at {MESSAGES + 1}" in details


class TestCommand:
    """`kalimaya audit` as an operator calls it."""

    async def call(self, read_model: ReadModel, monkeypatch: pytest.MonkeyPatch, *more: str, kafka: str = "") -> Any:
        monkeypatch.setattr(command, "DECIDING_SERVICES", [read_model.site.decider.service])
        app = typer.Typer()
        app.command()(command.audit)
        addresses = ["--kafka", kafka or read_model.site.bootstrap, "--postgres", read_model.dsn]
        return await asyncio.to_thread(CliRunner().invoke, app, [*addresses, *more])

    async def test_clean(self, read_model: ReadModel, monkeypatch: pytest.MonkeyPatch) -> None:
        told = await self.call(read_model, monkeypatch)
        assert told.exit_code == 0
        assert "Clean." in told.stdout

    async def test_what_a_scenario_left_here_is_not_held_against_another_kafka(
        self, read_model: ReadModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("KALIMAYA_DATA", str(tmp_path))
        (tmp_path / "receipts.jsonl").write_text('{"source": "/agencies/a", "id": "1", "status": 202}\n')
        assert (await self.call(read_model, monkeypatch)).exit_code == 0

    async def test_clean_for_programs(self, read_model: ReadModel, monkeypatch: pytest.MonkeyPatch) -> None:
        said = json.loads((await self.call(read_model, monkeypatch, "--json")).stdout)
        assert (said["clean"], said["all"]["received"], said["read_model"]["equal"]) == (True, MESSAGES, True)

    async def test_not_clean(self, read_model: ReadModel, monkeypatch: pytest.MonkeyPatch) -> None:
        at = MESSAGES + 1
        await read_model.site.put_events([(b"k", b"{}", pack_mark(at, MESSAGES, 0, 1, b"f" * 32, NO_HASH))])
        told = await self.call(read_model, monkeypatch)
        assert told.exit_code == 1
        assert f"{read_model.site.decider.service}.events/0@{at}  broken chain" in told.stdout

    async def test_no_kafka(self, read_model: ReadModel, monkeypatch: pytest.MonkeyPatch) -> None:
        told = await self.call(read_model, monkeypatch, kafka="127.0.0.1:1")
        assert told.exit_code == 2
        assert "Kafka at 127.0.0.1:1" in told.stderr

    async def test_no_read_model(self, read_model: ReadModel, monkeypatch: pytest.MonkeyPatch) -> None:
        await read_model.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        told = await self.call(read_model, monkeypatch)
        assert told.exit_code == 2
        assert "no read model" in told.stderr
