"""What the audit adds up over partitions, how it compares a read model, and how it tells the result."""

import ast
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import kalimaya.audit
from kalimaya.audit.alerts import Alerts
from kalimaya.audit.findings import KEPT, Counts, Findings
from kalimaya.audit.format import LogRecord
from kalimaya.audit.judge import WholeAnswer
from kalimaya.audit.kafka import Place
from kalimaya.audit.logs import LogsChecker
from kalimaya.audit.partition import Logs
from kalimaya.audit.read_model import Compared, Comparison
from kalimaya.audit.receipts import read
from kalimaya.audit.report import document, show
from kalimaya.audit.run import Result
from kalimaya.audit.stored import StoredPartition, StoredPosition
from schemas.envelope import decode_data
from services.kit.ledger.fold import Answer
from services.kit.ledger.log import Identity
from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, pack_mark
from services.kit.ledger.topics import genesis_value
from services.views.model import Model
from tests.support.ledger import MemorySite, message, register, run_until_answered, sighted, worker

ONE = Logs("deployment", 1, "inbox-id", "events-id")
EVENTS = Place("deployment.events", 0)
INBOX = Place("deployment.inbox", 0)


def read_all(site: MemorySite, checker: LogsChecker) -> None:
    ends = {EVENTS: len(site.topics.events), INBOX: len(site.topics.inbox)}
    for place, log in ((EVENTS, site.topics.events), (INBOX, site.topics.inbox)):
        for each in log:
            checker.take(place, LogRecord(each.offset, 0, each.key, each.value, each.headers))
    checker.finish(ends)


@pytest.fixture
async def site() -> MemorySite:
    made = MemorySite()
    await made.put(*message(register(), "0"))
    await made.put(*message(sighted(1), "1"))
    await made.put(*message(sighted(2), "2"))
    await run_until_answered(made, worker(made))
    return made


class TestReadModel:
    """A stored read model against a fold of the same log."""

    def compare(self, site: MemorySite, stored: StoredPartition) -> list[str]:
        findings = Findings()
        comparison = Comparison("deployment", 0, stored, findings)
        checker = LogsChecker([ONE], findings, None, lambda *each: comparison.take(each[2], data_of(each[2])))
        read_all(site, checker)
        self.compared = Compared()
        comparison.finish(checker.partitions["deployment", 0], Alerts(findings), self.compared)
        return [f"{each.place}: {each.detail}" for each in findings.kept]

    def stored(self, site: MemorySite, upto: int, **changes: Any) -> StoredPartition:
        """What a right projection has stored after `upto` answers."""
        taken: list[WholeAnswer] = []
        read_all(site, LogsChecker([ONE], Findings(), None, lambda *each: taken.append(each[2])))
        last, model = taken[upto - 1], Model()
        for each in taken[:upto]:
            model.apply("deployment", 0, Answer(*each[:5]))
        documents = [(key, json.dumps(each)) for key, each in model.documents().items()]
        right: dict[str, Any] = {
            "position": StoredPosition(last.offset + 1, upto, last.head, "a-log"),
            "documents": iter(documents),
            "outcomes": {"accepted": upto},
        }
        return StoredPartition(**(right | changes))

    async def test_equal(self, site: MemorySite) -> None:
        assert self.compare(site, self.stored(site, 3)) == []
        assert self.compared.stored_digest == self.compared.folded_digest
        assert (self.compared.entities, self.compared.outcomes, self.compared.behind) == (1, 3, 0)

    @pytest.mark.parametrize("upto", [1, 2])
    async def test_equal_where_it_stands_though_the_log_goes_on(self, site: MemorySite, upto: int) -> None:
        assert self.compare(site, self.stored(site, upto)) == []
        assert self.compared.behind == 3 - upto

    async def test_nothing_stored_yet(self, site: MemorySite) -> None:
        assert self.compare(site, StoredPartition()) == []
        assert self.compared.behind == 4

    async def test_an_older_state_beside_a_newer_position(self, site: MemorySite) -> None:
        older = self.stored(site, 2).documents
        (said,) = self.compare(site, self.stored(site, 3, documents=older))
        assert said.startswith("entities: unit/polres-serang-001 is not what follows from the logs")
        assert self.compared.stored_digest != self.compared.folded_digest

    @pytest.mark.parametrize("key", [("ghost", "1"), ("unit", "zzz")])
    async def test_an_entity_that_nothing_tells_of(self, site: MemorySite, key: tuple[str, str]) -> None:
        stored = sorted([*self.stored(site, 3).documents, (key, "{}")])
        told = self.compare(site, self.stored(site, 3, documents=iter(stored)))
        assert told == [f"entities: {'/'.join(key)} is stored but does not follow from the logs"]

    async def test_an_outcome_too_many(self, site: MemorySite) -> None:
        (said,) = self.compare(site, self.stored(site, 3, outcomes={"accepted": 4}))
        assert said == "outcomes: 4 rows of deployment/0 say accepted, 3 outcomes do"


def data_of(answer: WholeAnswer) -> list[Any]:
    return [decode_data(each.type, each.dataschema, each.data) for each in answer.events]


def genesis(log: str, partition: int) -> LogRecord:
    value = genesis_value(log, partition, Identity("inbox-id", "events-id", 2))
    return LogRecord(0, 0, b"genesis", value, pack_mark(0, GENESIS_CAUSE, 0, 1, NO_HASH, NO_HASH))


def test_partitions_of_one_service_are_of_one_log() -> None:
    findings = Findings()
    checker = LogsChecker([ONE._replace(partitions=2)], findings, None, lambda *_: None)
    checker.take(EVENTS, genesis("a-log", 0))
    checker.take(Place("deployment.events", 1), genesis("another", 1))
    checker.finish(dict.fromkeys(checker.places, 0))
    assert [(each.rule, each.place) for each in findings.kept] == [("genesis", "deployment.events/1@0")]


async def test_receipts_for_partitions_that_do_not_exist(site: MemorySite) -> None:
    findings = Findings()
    lines = [
        b'{"source": "/a", "id": "1", "status": 202, "position": "deployment.inbox/7@3"}\n',
        b'{"source": "/a", "id": "2", "status": 202, "position": "weather.inbox/0@1"}\n',
    ]
    receipts = read(lines, findings)
    read_all(site, LogsChecker([ONE], findings, receipts, lambda *_: None))
    assert [each.place for each in findings.kept] == ["deployment.inbox/7@3", "weather.inbox/0@1"]


async def test_a_promise_that_no_inbox_keeps(site: MemorySite) -> None:
    findings = Findings()
    lines = [b'{"source": "/agencies/polres-serang", "id": "%d", "told": "ok"}\n' % n for n in (0, 7, 2)]
    read_all(site, LogsChecker([ONE], findings, read(lines, findings), lambda *_: None))
    assert [(each.rule, each.place) for each in findings.kept] == [("receipt without a message", "receipts@2")]


async def test_what_is_not_conserved_is_said_of_its_service(site: MemorySite) -> None:
    del site.topics.events[3]
    findings = Findings()
    read_all(site, LogsChecker([ONE], findings, None, lambda *_: None))
    assert findings.kept == []  # the last one is in flight again, nothing is lost
    site.topics.inbox.clear()
    findings = Findings()
    read_all(site, LogsChecker([ONE], findings, None, lambda *_: None))
    assert findings.kept[-1].rule == "not conserved"


def test_counts_add_up() -> None:
    one = Counts(received=3, in_flight=1, outcomes={**Counts().outcomes, "accepted": 2})
    assert one.conserved
    assert (one + one).document()["accepted"] == 4
    assert not Counts(received=1).conserved


def test_a_flood_of_findings_is_counted_and_only_begun() -> None:
    findings = Findings()
    for offset in range(KEPT + 5):
        findings.add("hole", "t", 0, offset, "")
    assert (findings.total, len(findings.kept)) == (KEPT + 5, KEPT)


def test_the_result_as_table_and_as_json_names_the_first_offender() -> None:
    result = Result(counts={"deployment": Counts(received=1)})
    result.findings.add("hole", "deployment.inbox", 0, 3, "[red]nothing[/] here")
    for _ in range(20):
        result.findings.add("hole", "deployment.inbox", 0, 4, "more")
    console = Console(width=100, record=True, file=io.StringIO())
    show(result, console)
    told = console.export_text()
    assert "deployment.inbox/0@3  hole: [red]nothing[/] here" in told
    assert "21 findings" in told
    assert "and 10 more" in told
    said = json.loads(json.dumps(document(result)))
    assert (said["clean"], said["findings"], said["first"]["offset"]) == (False, 21, 3)


def test_the_audit_shares_no_code_with_the_ledger_it_checks() -> None:
    taken = set()
    for path in Path(kalimaya.audit.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services.kit"):
                taken |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                assert not any(alias.name.startswith("services.kit") for alias in node.names)
    assert taken == {
        "services.kit.kafka_access.Bootstrap",
        "services.kit.kafka_access.access_to",
        "services.kit.process.tune_collector",
    }, "only how one gets in to Kafka, and how rarely garbage is collected"
