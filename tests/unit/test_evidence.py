"""The evidence on a village: what a file holds, and that nothing can be done to it unseen."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec.structs import replace

from kalimaya.evidence.lines import Answer, Document, Event, Heading, Line, Receipt, Withheld
from kalimaya.evidence.reports import NoHeads, printed_heads
from kalimaya.evidence.verify import Wrong, verify
from kalimaya.evidence.write import EmptyLog
from schemas.envelope import split_identity
from schemas.outcomes import OutcomeKind
from services.kit.ledger.fold import Fold
from services.kit.ledger.record import Record, Stored, pack_mark, read_stamp
from services.projection.history import Past, advance
from services.projection.sitrep.markdown import markdown
from services.projection.sitrep.words import SituationReport
from services.views.facts import Fact
from services.views.model import Key, Model, subject_of
from tests.support import golden
from tests.support.evidence import (
    ANOTHER,
    VILLAGE,
    chained_anew,
    golden_logs,
    heads_at,
    lines_of,
    mended,
    put,
    report,
    write_evidence,
)

TAMPERINGS = 1000
Lines = list[Line]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With complaints: every record of the logs is in it."""
    return write_evidence(tmp_path_factory.mktemp("evidence") / "whole", golden_logs(), complaints=True)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without complaints."""
    return write_evidence(tmp_path_factory.mktemp("evidence") / "shown", golden_logs())


# What is in it.


def applied() -> tuple[Model, list[Fact]]:
    """The golden logs folded as the picture folds them."""
    model, facts = Model(), list[Fact]()
    for service, records in golden_logs().items():
        fold = Fold()
        for record in records:
            answer = fold.take(record)
            if answer is not None:
                facts += model.apply(service, 0, answer).facts
    return model, facts


def concerning(facts: list[Fact]) -> dict[Key, list[Fact]]:
    """The facts that the read model lists under the village."""
    by_key: dict[Key, list[Fact]] = {}
    for each in facts:
        by_key.setdefault(subject_of(each), []).append(each)
    found: dict[Key, list[Fact]] = {}
    for key, own in by_key.items():
        areas = advance(key, None, own, Past())[2]
        found[key] = [fact for fact, where in zip(own, areas, strict=True) if VILLAGE in where.villages]
    return {key: own for key, own in found.items() if own}


def test_documents_are_those_of_the_picture(whole: Path) -> None:
    model, facts = applied()
    told = {(each.kind, each.id): each.document for each in lines_of(whole) if isinstance(each, Document)}
    assert told == {key: model.documents()[key] for key in concerning(facts)}
    assert {"shipment", "post", "incident", "readiness", "alert", "unit"} <= {kind for kind, _ in told}
    assert any(package["custody"] for key in told if key[0] == "shipment" for package in told[key]["packages"].values())


def test_the_history_is_what_the_picture_lists_as_it_happened(whole: Path) -> None:
    told = [each for each in lines_of(whole) if isinstance(each, Event)]
    expected = [fact for own in concerning(applied()[1]).values() for fact in own]
    assert {each.place for each in told} == {f"{each.service}.events/0@{each.offset}" for each in expected}
    assert [each.at for each in told] == sorted(each.at for each in expected)


def test_each_message_of_the_village_has_its_receipt_with_the_digest_from_the_inbox(whole: Path) -> None:
    lines = lines_of(whole)
    receipts = {each.message: each for each in lines if isinstance(each, Receipt)}
    assert {each.outcome for each in receipts.values()} == set(get_args(OutcomeKind))
    for place, receipt in receipts.items():
        service, _, offset = place.partition(".inbox/0@")
        stamp = read_stamp(golden.inbox(service)[int(offset)].record)
        assert stamp is not None
        assert receipt.digest == stamp.digest.hex()
    caused = {split_identity(each.message) for each in lines if isinstance(each, Event)}
    assert caused == {(each.source, each.id) for each in receipts.values() if each.outcome == "accepted"}


def test_the_same_logs_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    assert write_evidence(tmp_path / "again", golden_logs(), complaints=True).read_bytes() == whole.read_bytes()


def test_a_file_is_verified_by_itself(whole: Path, shown: Path) -> None:
    for path in (whole, shown):
        found = verify(path, VILLAGE)
        lines = lines_of(path)
        assert (found.village, found.name) == (VILLAGE, "Wargasara")
        assert found.documents == sum(isinstance(each, Document) for each in lines)
        assert found.events == sum(isinstance(each, Event) for each in lines)
        assert found.receipts == sum(isinstance(each, Receipt) for each in lines)
        assert [(p.log, p.next_offset, p.head) for p in found.partitions] == [
            (each.log, each.next_offset, each.head) for each in heads_at(golden_logs())
        ]


def test_records_that_do_not_count_are_left_out_and_nothing_misses_them(whole: Path, tmp_path: Path) -> None:
    logs = golden_logs()
    end = len(logs["logistics"])
    forged = Stored(end, b"k", b"v", pack_mark(end, 24, 0, 1, bytes(32), bytes(32)))
    elsewhere = Stored(end + 1, b"k", b"v", pack_mark(end, 24, 0, 1, bytes(32), bytes(32)))
    nobodys = Stored(end + 2, b"k", b"v", ())
    path = write_evidence(tmp_path / "voids", logs | {"logistics": [*logs["logistics"], forged, elsewhere, nobodys]})
    before, after = verify(whole).partitions[1], verify(path).partitions[1]
    assert (after.next_offset, after.head, after.answers) == (before.next_offset + 3, before.head, before.answers)


def test_a_partition_without_its_first_record_gives_no_file(tmp_path: Path) -> None:
    with pytest.raises(EmptyLog, match="incidents"):
        write_evidence(tmp_path / "none", golden_logs() | {"incidents": []})
    assert not (tmp_path / "none").exists()


def test_evidence_is_not_overwritten(whole: Path) -> None:
    before = whole.read_bytes()
    with pytest.raises(FileExistsError):
        write_evidence(whole, golden_logs(), ANOTHER)
    assert whole.read_bytes() == before


# What is done to it.


def test_no_byte_can_be_changed_unseen(whole: Path, tmp_path: Path) -> None:
    """Every other time with a digest that fits again; but where a log ends is only said, for voids may follow."""
    lines, chance, path = whole.read_bytes().splitlines(keepends=True), random.Random(20191103), tmp_path / "tampered"
    numbers = [n for n, raw in enumerate(lines) for _ in raw]
    for turn in range(TAMPERINGS):
        raw = lines[n := chance.choice(numbers)]
        at = chance.randrange(len(raw))
        changed = raw[:at] + bytes([raw[at] ^ chance.randrange(1, 256)]) + raw[at + 1 :]
        said = b"".join([*lines[:n], changed, *lines[n + 1 :]])
        mend = turn % 2 and not raw.startswith((b'{"is":"end"', b'{"is":"digest"'))
        path.write_bytes(mended(said) if mend else said)
        with pytest.raises(Wrong):
            verify(path)


@pytest.mark.parametrize("kept", [0, 1, 1000, -1, -2])
def test_a_file_that_breaks_off_is_not_whole(kept: int, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(whole.read_bytes()[:kept])
    with pytest.raises(Wrong):
        verify(path)


def nth(kind: type[Line], n: int, lines: Lines) -> int:
    return [at for at, each in enumerate(lines) if isinstance(each, kind)][n]


def left_out(kind: type[Line]) -> Callable[[Lines], None]:
    return lambda lines: lines.pop(nth(kind, 7, lines)) and None


def added(kind: type[Line]) -> Callable[[Lines], None]:
    return lambda lines: lines.insert(nth(kind, 7, lines), lines[nth(kind, 7, lines)])


def swapped(kind: type[Line]) -> Callable[[Lines], None]:
    def swap(lines: Lines) -> None:
        one, other = nth(kind, 7, lines), nth(kind, 8, lines)
        lines[one], lines[other] = lines[other], lines[one]

    return swap


def a_word_of_a_record_changed(lines: Lines) -> None:
    at = nth(Answer, 7, lines)
    answer = lines[at]
    assert isinstance(answer, Answer)
    first = replace(answer.records[0], value=answer.records[0].value.replace("2019", "2018", 1))
    lines[at] = replace(answer, records=[first, *answer.records[1:]])


def a_digest_of_a_message_changed(lines: Lines) -> None:
    at = nth(Answer, 7, lines)
    lines[at] = replace(lines[at], digest="0" * 64)


def a_custodian_changed(lines: Lines) -> None:
    at = next(n for n, each in enumerate(lines) if isinstance(each, Document) and each.kind == "shipment")
    document = lines[at]
    assert isinstance(document, Document)
    lines[at] = replace(document, document=document.document | {"custodian": "somebody else"})


def an_outcome_changed(lines: Lines) -> None:
    at = next(n for n, each in enumerate(lines) if isinstance(each, Receipt) and each.outcome == "refused")
    lines[at] = replace(lines[at], outcome="accepted")


def without_words(answer: Line) -> Withheld:
    assert isinstance(answer, Answer)
    records = answer.records
    return Withheld(cause=answer.cause, at=records[-1].at, records=len(records), head=answer.head)


def a_partition_left_out(lines: Lines) -> None:
    first, last = nth(Answer, 0, lines) - 1, next(n for n, each in enumerate(lines) if type(each).__name__ == "End")
    del lines[first : last + 1]


def another_village_named(lines: Lines) -> None:
    lines[0] = Heading(format=1, village=ANOTHER, name="Kramatwatu", complaints=True)


@pytest.mark.parametrize(
    ("what", "place"),
    [
        (left_out(Answer), "deployment.events/0@9"),
        (added(Answer), "deployment.events/0@8"),
        (swapped(Answer), "deployment.events/0@9"),
        (a_word_of_a_record_changed, "deployment.events/0@8"),
        (a_digest_of_a_message_changed, "deployment.events/0@8"),
        (a_partition_left_out, "line 2"),
        (left_out(Document), "line 119"),
        (added(Document), "line 120"),
        (swapped(Document), "line 119"),
        (a_custodian_changed, "line"),
        (left_out(Event), "line"),
        (added(Event), "line"),
        (swapped(Event), "line"),
        (left_out(Receipt), "line"),
        (added(Receipt), "line"),
        (an_outcome_changed, "line"),
        (another_village_named, "line 112"),
    ],
)
def test_whoever_mends_the_digest_is_found_too(
    what: Callable[[Lines], None], place: str, whole: Path, tmp_path: Path
) -> None:
    lines = lines_of(whole)
    what(lines)
    with pytest.raises(Wrong) as found:
        verify(put(tmp_path / "forged", lines))
    assert found.value.place.startswith(place), found.value


def test_a_file_about_another_village_is_told(whole: Path) -> None:
    with pytest.raises(Wrong, match=r"about 36\.04\.13\.2009"):
        verify(whole, ANOTHER)


def test_nothing_of_another_villages_file_fits(whole: Path, tmp_path: Path) -> None:
    other = lines_of(write_evidence(tmp_path / "other", golden_logs(), ANOTHER, complaints=True))
    told = (Document, Event, Receipt)
    mixed = [each for each in lines_of(whole) if not isinstance(each, told)] + [e for e in other if isinstance(e, told)]
    with pytest.raises(Wrong, match="follows from the records"):
        verify(put(tmp_path / "mixed", mixed))


# Held against what was signed.


def as_json(made: SituationReport) -> str:
    return made.model_dump_json()


def ends_sooner(records: list[Record]) -> list[Record]:
    return records[:-1]


def says_another_year(records: list[Record]) -> list[Record]:
    return chained_anew(records, lambda value: value.replace(b"2019-11-03T06", b"2018-11-03T06"))


def misses_its_last_answer_and_says_nothing(records: list[Record]) -> list[Record]:
    return [*records[:-1], Stored(len(records) - 1, b"", b"", ())]


@pytest.mark.parametrize("rendered", [as_json, markdown])
@pytest.mark.parametrize("forger", [ends_sooner, says_another_year, misses_its_last_answer_and_says_nothing])
def test_whoever_makes_the_whole_file_anew_is_found_by_a_printed_head(
    forger: Callable[[list[Record]], list[Record]], rendered: Callable[[SituationReport], str], tmp_path: Path
) -> None:
    logs = golden_logs()
    signed = printed_heads([report(tmp_path, heads_at(logs), rendered, "report")])
    assert len(signed) == len(logs)
    forged = write_evidence(tmp_path / "forged", logs | {"deployment": forger(logs["deployment"])}, complaints=True)
    verify(forged)
    with pytest.raises(Wrong) as found:
        verify(forged, printed=signed)
    assert found.value.place.startswith("deployment.events/0")


def test_the_heads_of_several_reports_hold_what_stands_before_them(whole: Path, tmp_path: Path) -> None:
    logs = golden_logs()
    early = report(tmp_path, heads_at(logs, lambda records: 11), markdown, "early")
    late = report(tmp_path, heads_at(logs), as_json, "late")
    assert [p.held for p in verify(whole, printed=printed_heads([])).partitions] == [0, 0, 0]
    assert [p.held for p in verify(whole, printed=printed_heads([early])).partitions][:2] == [10, 10]
    held = [(p.held, p.answers) for p in verify(whole, printed=printed_heads([late, early])).partitions]
    assert [one for one, _ in held] == [other for _, other in held]


def test_a_report_of_other_logs_is_told(whole: Path, tmp_path: Path) -> None:
    heads = [each.model_copy(update={"id": "another"}) for each in heads_at(golden_logs())]
    with pytest.raises(Wrong, match="from the log another"):
        verify(whole, printed=printed_heads([report(tmp_path, heads, markdown, "report")]))
    heads = [each.model_copy(update={"log": "deployment.events/1"}) for each in heads_at(golden_logs())]
    with pytest.raises(Wrong, match="does not have this log"):
        verify(whole, printed=printed_heads([report(tmp_path, heads[:1], markdown, "report")]))


@pytest.mark.parametrize("said", ["# Laporan", '{"title": "-"}', '{"heads": []}'])
def test_what_prints_no_heads_is_no_report(said: str, tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text(said)
    with pytest.raises(NoHeads):
        printed_heads([path])


# Complaints.


COMPLAINTS = ("incident/ins-0042", "incident/ins-0045")


def test_nothing_that_tells_of_a_complaint_is_in_the_file_unless_it_is_asked_for(whole: Path, shown: Path) -> None:
    said = shown.read_text(encoding="utf-8")
    assert [each for each in COMPLAINTS if each in said or each.partition("/")[2] in said] == []
    assert "complained" not in said.replace('"complained_unit":null', "").replace('\\"complained_unit\\":null', "")
    assert [each for each in COMPLAINTS if each not in whole.read_text(encoding="utf-8")] == []


def test_before_an_answer_that_is_withheld_nothing_is_held_by_a_later_head(shown: Path, tmp_path: Path) -> None:
    late = printed_heads([report(tmp_path, heads_at(golden_logs()), markdown, "report")])
    incidents = verify(shown, printed=late).partitions[2]
    answers = [each for each in lines_of(shown) if isinstance(each, Answer | Withheld)]
    answers = answers[-incidents.answers - incidents.withheld :]
    last = max(n for n, each in enumerate(answers) if isinstance(each, Withheld))
    assert incidents.withheld > 0
    assert incidents.held == len(answers) - last - 1 < incidents.answers


def test_only_incidents_are_withheld_and_nothing_where_complaints_are_shown(
    whole: Path, shown: Path, tmp_path: Path
) -> None:
    for path, n in ((shown, 7), (whole, -1)):
        lines = lines_of(path)
        lines[nth(Answer, n, lines)] = without_words(lines[nth(Answer, n, lines)])
        with pytest.raises(Wrong, match="must stand here"):
            verify(put(tmp_path / "forged", lines))


def test_a_head_that_is_said_of_what_is_withheld_must_be_that_of_the_log(shown: Path, tmp_path: Path) -> None:
    lines = lines_of(shown)
    at = nth(Withheld, 0, lines)
    lines[at] = replace(lines[at], head="0" * 64)
    with pytest.raises(Wrong, match="does not lead to the head"):
        verify(put(tmp_path / "forged", lines))


def test_msgspec_reads_no_half_characters() -> None:
    """A record's text could not be turned back into the bytes that were hashed."""
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(rb'"\ud800"')
