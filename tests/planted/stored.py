"""A commit of the projection that fails half-way, in a real PostgreSQL, and the audit of what it left."""

import asyncio

import asyncpg

from kalimaya.audit.alerts import Alerts
from kalimaya.audit.findings import Finding, Findings
from kalimaya.audit.judge import WholeAnswer
from kalimaya.audit.partition import Logs, PartitionChecker
from kalimaya.audit.read_model import Compared, Comparison
from kalimaya.audit.stored import ReadModel
from schemas.envelope import decode_data
from services.kit.ledger.fold import Fold
from services.projection.store import SCHEMA, Batch, Position, Store, new_pool
from services.views.model import read
from tests.planted.operation import IDENTITY, Partition
from tests.support.deciding import small_scenario
from tests.support.rehearsal import PARTITIONS

SERVICE, NUMBER = "deployment", 0
PLACE = f"{SERVICE}.events", NUMBER
NO_ROOM = f"""
CREATE FUNCTION {SCHEMA}.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON {SCHEMA}.outcomes EXECUTE FUNCTION {SCHEMA}.no_room();
"""
"""PostgreSQL has no room left when outcomes are written, behind the positions."""
ROOM = f"DROP FUNCTION {SCHEMA}.no_room() CASCADE"


def found_wrong(dsn: str) -> list[Finding]:
    """What the audit finds in an empty database after a commit that failed. `dsn`: of that database."""
    partition = Partition(SERVICE, NUMBER)
    for record in small_scenario():
        if (record.service, record.partition) == (SERVICE, NUMBER):
            partition.put(record)
    asyncio.run(_project(dsn, partition))
    return _audit(dsn, partition)


async def _project(dsn: str, partition: Partition) -> None:
    pool = await new_pool(dsn)
    try:
        store = Store(pool)
        await store.migrate()
        batch = _batch(partition, (await store.begin([PLACE], [PLACE]))[PLACE])
        await pool.execute(NO_ROOM)
        try:
            await store.commit(batch)
        except asyncpg.DiskFullError:
            await pool.execute(ROOM)
    finally:
        pool.terminate()


def _batch(partition: Partition, before: Position) -> Batch:
    fold = Fold()
    answers = [answer for record in partition.events if (answer := fold.take(record))]
    after = Position(
        fold.position, fold.next_cause, fold.tail, fold.head, None, f"log of {SERVICE}", table=before.table
    )
    batch = Batch({PLACE: (before, after)})
    batch.outcomes += [read(SERVICE, NUMBER, answer)[0] for answer in answers]
    return batch


def _audit(dsn: str, partition: Partition) -> list[Finding]:
    findings, model = Findings(), ReadModel(dsn)
    try:
        with model.partition(SERVICE, NUMBER) as stored:
            comparison = Comparison(SERVICE, NUMBER, stored, findings)

            def take(answer: WholeAnswer) -> None:
                comparison.take(answer, [decode_data(each.type, each.dataschema, each.data) for each in answer.events])

            logs = Logs(SERVICE, PARTITIONS, IDENTITY.inbox_topic_id, IDENTITY.events_topic_id)
            checker = PartitionChecker(logs, NUMBER, findings, on_answer=take)
            for record in partition.events:
                checker.take_event(record)  # type: ignore[arg-type]
            comparison.finish(checker, Alerts(findings), Compared())
    finally:
        model.close()
    return findings.kept
