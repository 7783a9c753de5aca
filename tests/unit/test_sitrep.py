"""The situation report: every figure rests on events that say so, and nothing unknown is told as if it were known."""

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.deployment import (
    AssignmentCancelled,
    OperationAdopted,
    PostRequired,
    UnitAssigned,
    UnitLeftPost,
    UnitMustered,
)
from schemas.incidents import AlertAcknowledged, AlertCleared, AlertRaised, EngagementHeld, IncidentReported
from schemas.labels import LABELS
from schemas.logistics import CustodyReceived, CustodyReleased, ReadinessChecked, ReadinessItem
from schemas.types import alert_id
from schemas.watched import WATCHED
from schemas.watched.rule import Watched
from services.projection.sitrep import evidence, indonesian
from services.projection.sitrep.html_page import html
from services.projection.sitrep.markdown import markdown
from services.projection.sitrep.pdf import pdf
from services.projection.sitrep.report import cells, references
from services.projection.sitrep.words import Cell, SituationReport
from services.views.facts import Fact
from services.views.post import required
from tests.support import sitrep as support
from tests.support.facts import clock, fact
from tests.support.given import OPERATION, by_post
from tests.support.shipment import VILLAGE, handed, inspected, planned, reconciled, sealed
from tests.support.sitrep import rows, sitrep, texts

UNIT, POST = "polres-serang-001", VILLAGE
FROM, TO = clock("00:00"), clock("12:00")
WINDOW = {"start": clock("00:00"), "end": clock("20:00")}


def needed(**heads: int) -> Fact:
    return fact(
        PostRequired(
            post=POST,
            jurisdiction="polres-serang",
            vulnerability="rawan",
            stations=2,
            needs=by_post(**heads),
            plan_version=1,
            plan_source="renpam",
            **WINDOW,
        )
    )


def sent(assignment: str = "jaga", **heads: int) -> Fact:
    fields: dict[str, Any] = {"duty": "guard", "target_kind": "post", "target": POST, "headcount": heads}
    return fact(UnitAssigned(unit=UNIT, assignment=assignment, **fields, **WINDOW))


def mustered(at: str = "11:00", **heads: int) -> Fact:
    return fact(UnitMustered(unit=UNIT, post=POST, present=heads), at)


def places(*facts: Fact) -> list[str]:
    return [*evidence.together([[evidence.place(each.service, each.partition, each.offset)] for each in facts])]


def behind(made: SituationReport, code: str, row: int, column: str) -> list[str]:
    return [*rows(made, code)[row][column].events]


# Strength.


def test_heads_required_assigned_and_present_each_rest_on_their_events() -> None:
    plan, order, count = needed(polri=2), sent(polri=2), mustered(polri=1)
    made = sitrep(FROM, TO, plan, order, count)
    assert texts(made, "forces") == ["Polri | 2 | 2 | 1"]
    assert behind(made, "forces", 0, "required") == places(plan)
    assert behind(made, "forces", 0, "assigned") == places(order)
    assert behind(made, "forces", 0, "present") == places(count)


def test_what_nobody_has_counted_is_unknown_and_not_nothing() -> None:
    made = sitrep(FROM, TO, needed(polri=2), sent(polri=2))
    assert texts(made, "forces") == ["Polri | 2 | 2 | belum diketahui"]
    assert rows(made, "forces")[0]["present"].value is None
    assert texts(made, "needs.personnel") == ["Polri | 0 | 2"]


def test_a_cancelled_order_is_behind_no_figure() -> None:
    cancelled = fact(AssignmentCancelled(unit=UNIT, assignment="jaga", reason="x"), "01:00")
    made = sitrep(FROM, TO, needed(polri=2), sent(polri=2), cancelled)
    assert behind(made, "forces", 0, "assigned") == []


def test_villages_that_are_short_are_named_with_what_is_wanting() -> None:
    plan, count = needed(polri=4), mustered(polri=1)
    made = sitrep(FROM, TO, plan, sent(polri=1), count)
    assert texts(made, "wanting") == ["Wargasara, Kec. Tirtayasa | Polri | 4 | 1 | 1 | kurang"]
    assert texts(made, "needs.personnel") == ["Polri | 3 | 0"]
    assert behind(made, "needs.personnel", 0, "short") == places(plan, count)


# Logistics.


def test_shipments_are_counted_by_stage_on_the_events_that_tell_it() -> None:
    plan = planned()
    made = sitrep(FROM, TO, plan)
    assert texts(made, "stages") == ["direncanakan | 1"]
    assert behind(made, "stages", 0, "shipments") == places(plan)


def test_a_handover_in_dispute_rests_on_both_halves() -> None:
    gave = handed(CustodyReleased, "03:00", {"box-1": ("A",)})
    took = handed(CustodyReceived, "04:00", {"box-1": ("B",)})
    made = sitrep(FROM, TO, planned(), gave, took)
    assert behind(made, "disputes", 0, "differences") == places(gave, took)


def test_ballots_that_do_not_add_up_are_told_with_their_number() -> None:
    count = reconciled(unused=70)
    made = sitrep(FROM, clock("23:00"), planned(), count)
    assert rows(made, "discrepancies")[0]["difference"].value == -8
    assert behind(made, "discrepancies", 0, "difference") == places(count)


def test_seals_that_are_not_those_put_on_rest_on_the_sealing_and_on_what_was_read() -> None:
    sealing, found = sealed("box-1", "A"), inspected("box-1", "06:00", A="broken")
    made = sitrep(FROM, TO, planned(), sealing, sealed("box-2", "B"), inspected("box-1", "05:00", A="intact"), found)
    assert rows(made, "discrepancies")[0]["difference"].value == 1
    assert behind(made, "discrepancies", 0, "difference") == places(sealing, found)


def test_supplies_that_are_wanting_are_needed() -> None:
    item = ReadinessItem(item="ballots", required=500, present=480, usable=470)
    check = fact(ReadinessChecked(village=VILLAGE, items=(item,), checker="camat"), "08:00")
    made = sitrep(FROM, TO, check)
    assert texts(made, "readiness") == ["Wargasara, Kec. Tirtayasa | surat suara | 500 | 480 | 470 | 3/11 15.00"]
    assert texts(made, "needs.supplies") == ["surat suara | 30"]
    assert behind(made, "needs.supplies", 0, "short_by") == places(check)


# Events and actions.


def reported(incident: str, at: str, **changes: Any) -> Fact:
    fields: dict[str, Any] = {"type": "crowding", "severity": 3, "village": VILLAGE, "summary": "massa"} | changes
    return fact(IncidentReported(incident=incident, **fields), at)


def test_incidents_of_the_period_are_counted_and_open_ones_from_before_are_shown() -> None:
    before, inside = reported("a", "01:00"), reported("b", "11:00", severity=1)
    made = sitrep(clock("10:00"), TO, before, inside)
    assert texts(made, "incident_types") == ["kerumunan massa | 1 | 0 | 0 | 0 | 1"]
    assert [row["incident"].text for row in rows(made, "incidents")] == ["a", "b"]
    assert behind(made, "incident_types", 0, "all") == places(inside)


def test_the_period_holds_its_first_instant_and_not_its_last() -> None:
    first, last = reported("a", "10:00"), reported("b", "12:00")
    made = sitrep(clock("10:00"), clock("12:00"), first, last)
    assert behind(made, "incident_types", 0, "all") == places(first)
    assert texts(made, "incident_types")[0].endswith("| 1")


def test_a_unit_that_left_its_post_is_told_with_its_reason() -> None:
    left = fact(UnitLeftPost(unit=UNIT, post=POST, reason="makan"), "11:00")
    made = sitrep(FROM, TO, mustered(polri=2), left)
    assert texts(made, "left_posts") == [f"{UNIT} | Wargasara, Kec. Tirtayasa | 3/11 18.00 | makan | -"]


def test_what_was_done_is_counted_by_kind_and_what_befell_us_is_not() -> None:
    one, two = mustered("10:30", polri=2), mustered("11:00", polri=2)
    made = sitrep(clock("10:00"), TO, sent(polri=2), one, two, reported("a", "11:00"))
    assert texts(made, "actions") == ["apel di pos | 2"]
    assert behind(made, "actions", 0, "count") == places(one, two)


def test_what_came_late_is_told_apart() -> None:
    late = fact(UnitMustered(unit=UNIT, post=POST, present={"polri": 2}), "01:00", recorded="11:00")
    made = sitrep(clock("10:00"), TO, late)
    assert (texts(made, "actions"), texts(made, "late")) == ([], ["apel di pos | 1"])


# Alerts.

WORDS = Watched(
    rule="cluster",
    service="incidents",
    level="polres",
    says="Incidents follow one another.",
    says_id="Kejadian beruntun di satu kecamatan.",
    helps="Send the reserve.",
    helps_id="Kerahkan cadangan.",
    subject="a district",
    numbers={"incidents": "how many"},
    holds="x",
)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Fact:
    """An alert of a rule that has words, on a district."""
    monkeypatch.setitem(WATCHED, "cluster", WORDS)
    id_ = alert_id("cluster", "36.04.13", 0)
    data = AlertRaised(
        alert=id_,
        rule="cluster",
        subject="36.04.13",
        n=0,
        since=clock("09:00"),
        numbers={"incidents": 3.0},
        villages=(),
    )
    return fact(data, "09:05", recorded="09:05")


def test_a_standing_alert_is_told_with_what_usually_helps(cluster: Fact) -> None:
    made = sitrep(FROM, TO, cluster)
    assert texts(made, "needs.alerts") == [
        "kejadian beruntun | Kec. Tirtayasa | 3/11 16.00 | incidents 3 | belum ada yang menangani | "
        "Kejadian beruntun di satu kecamatan. Kerahkan cadangan."
    ]
    assert behind(made, "needs.alerts", 0, "numbers") == places(cluster)
    assert texts(made, "events.alerts") == ["kejadian beruntun | 1 | 0 | 1"]


@pytest.mark.parametrize(("until", "expected"), [("13:00", "3/11 20.00"), ("11:00", "belum ada yang menangani")])
def test_an_acknowledgement_counts_until_it_has_run_out(cluster: Fact, until: str, expected: str) -> None:
    answered = fact(AlertAcknowledged(alert=cluster.data.alert, comment="x", until=clock(until)), "10:00")
    made = sitrep(FROM, TO, cluster, answered)
    assert rows(made, "needs.alerts")[0]["answered_until"].text == expected


def test_a_cleared_alert_needs_nothing(cluster: Fact) -> None:
    cleared = fact(AlertCleared(alert=cluster.data.alert, numbers={}), "11:00", recorded="11:00")
    made = sitrep(clock("10:00"), TO, cluster, cleared)
    assert texts(made, "needs.alerts") == []
    assert texts(made, "events.alerts") == ["kejadian beruntun | 0 | 1 | 0"]


# The situation.


def test_the_operation_and_its_stage_are_told() -> None:
    adopted = fact(OperationAdopted(**OPERATION))
    made = sitrep(FROM, clock("05:00"), adopted)
    assert texts(made, "operation")[:3] == [
        "Operasi | Aman Pilkades Kalimaya 2019",
        "Hari pemungutan suara | 3 November 2019 (hari H)",
        "Tahapan | pemungutan suara",
    ]
    assert behind(made, "operation", 3, "value") == places(adopted)


def test_days_are_counted_to_polling_day_as_the_posko_does() -> None:
    adopted = fact(OperationAdopted(**OPERATION), "00:00")
    for hours, expected in [(-24, "(H-1)"), (24, "(H+1)")]:
        at = clock("05:00") + timedelta(hours=hours)
        made = sitrep(at, at, replace(adopted, time=clock("00:00") - timedelta(days=9)))
        assert expected in texts(made, "operation")[1]


def test_districts_without_engagement_are_named() -> None:
    met = EngagementHeld(engagement="g", district="36.04.13", ormas="o", participants=3, summary="damai")
    made = sitrep(FROM, TO, fact(met))
    assert rows(made, "engagement")[0]["districts"].value == 1
    assert "Tirtayasa" not in rows(made, "engagement")[1]["names"].text


def test_of_an_empty_operation_everything_is_said_to_be_nothing_or_unknown() -> None:
    made = sitrep(FROM, FROM)
    assert texts(made, "operation") == ["Operasi | belum ditetapkan", "Laporan terakhir | -"]
    assert [each.code for each in made.sections] == ["situation", "strength", "logistics", "events", "actions", "needs"]
    assert references(made) == {}


# Every figure of the small scenario.


@pytest.fixture(scope="module")
def scenario() -> SituationReport:
    return sitrep(support.GOLDEN_START, support.GOLDEN_END, *support.small())


@pytest.fixture(scope="module")
def by_place() -> dict[str, Fact]:
    return {evidence.place(each.service, each.partition, each.offset): each for each in support.small()}


def test_every_reference_leads_to_an_event_that_had_happened(
    scenario: SituationReport, by_place: dict[str, Fact]
) -> None:
    found = {place for places in references(scenario) for place in places}
    assert len(found) > 300
    assert all(by_place[place].at <= support.GOLDEN_END for place in found)


def test_a_figure_without_events_is_nothing_or_unknown(scenario: SituationReport) -> None:
    counted_ = [cell for cell in cells(scenario) if isinstance(cell.value, int | float)]
    bare = [cell for cell in counted_ if not cell.events and cell.value]
    assert [cell.text for cell in bare if not _follows(scenario, cell)] == []


def _follows(made: SituationReport, cell: Cell) -> bool:
    """Districts not engaged rest on what is not there; an incident's severity on the events named beside its id."""
    return any(cell is row["districts"] for row in rows(made, "engagement")) or any(
        cell is row["severity"] for row in rows(made, "incidents")
    )


def test_heads_are_what_the_events_behind_them_say(scenario: SituationReport, by_place: dict[str, Fact]) -> None:
    for row in rows(scenario, "forces"):
        force = row["force"].code or ""

        def said(column: str, row: dict[str, Cell] = row) -> Iterable[Any]:
            return (by_place[place].data for place in row[column].events)

        assert row["required"].value == sum(required(each).get(force, 0) for each in said("required"))
        assert row["assigned"].value == sum(each.headcount.get(force, 0) for each in said("assigned"))
        assert row["present"].value == sum(each.present.get(force, 0) for each in said("present"))


def test_actions_are_all_events_of_the_period_that_are_actions(
    scenario: SituationReport, by_place: dict[str, Fact]
) -> None:
    inside = [each for each in by_place.values() if support.GOLDEN_START <= each.at < support.GOLDEN_END]
    expected = Counter(each.type.removeprefix("kalimaya.") for each in inside)
    told = {row["type"].code: row["count"].value for row in rows(scenario, "actions")}
    assert told == {code: n for code, n in expected.items() if code in told}
    assert expected.keys() - told.keys() <= {"unit.sighted", "incident.reported", "warning.given", "unit.left_post"}


def test_the_report_of_the_small_scenario_is_the_golden_one(scenario: SituationReport) -> None:
    assert markdown(scenario) == support.GOLDEN.read_text(encoding="utf-8")


# How it is written.

EVIL = "<script>alert(1)</script> | [x](javascript:1) `a` *b*\n# c & \\"


def test_somebodys_words_become_no_markup() -> None:
    made = sitrep(FROM, TO, reported("a", "11:00", summary=EVIL))
    assert "<script" not in html(made)
    assert "&lt;script&gt;" in html(made)
    (line,) = [each for each in markdown(made).splitlines() if "script" in each]
    assert line.endswith(r"\<script\>alert(1)\</script\> \| \[x\](javascript:1) \`a\` \*b\* # c \& \\ |")


def test_markdown_and_html_number_their_references_alike(scenario: SituationReport) -> None:
    numbers = references(scenario)
    assert [*numbers.values()] == [*range(1, len(numbers) + 1)]
    for number in numbers.values():
        assert f'id="r{number}"' in html(scenario)
        assert f"- \\[{number}] " in markdown(scenario)


def test_every_form_ends_with_the_heads_of_the_logs(scenario: SituationReport) -> None:
    (head,) = scenario.heads
    assert (head.log, head.id, head.next_offset) == ("deployment.events/0", "log-1", 7)
    assert head.head in markdown(scenario)
    assert head.head in html(scenario)
    pages = re.findall(rb"stream\n(x.*?)\nendstream", pdf(scenario), re.DOTALL)
    assert any(f"({head.head})".encode() in zlib.decompress(page) for page in pages)


def test_the_pdf_is_the_same_for_the_same_report(scenario: SituationReport) -> None:
    one = pdf(scenario)
    assert one.startswith(b"%PDF-")
    assert one == pdf(scenario)


def test_letters_that_the_pdfs_font_lacks_are_shown_by_their_code() -> None:
    assert pdf(sitrep(FROM, TO, reported("a", "11:00", summary="漢字 – “x”"))).startswith(b"%PDF-")


def test_offsets_in_a_row_are_told_by_the_first_and_the_last() -> None:
    found = ["b.events/0@3", "a.events/10@12", "a.events/10@9", "a.events/10@10", "a.events/10@11", "a.events/10@7"]
    assert evidence.ranges(found) == ["a.events/10@7,9-12", "b.events/0@3"]


def test_numbers_and_instants_are_written_in_indonesian() -> None:
    assert [indonesian.number(each) for each in (0, 1234, -8, 1234.5, 0.25)] == ["0", "1.234", "-8", "1.234,5", "0,25"]
    assert indonesian.instant(clock("20:05")) == "4 November 2019 pukul 03.05 WIB"
    assert indonesian.brief_instant(clock("00:00")) == "3/11 07.00"


def test_the_forces_have_the_labels_of_the_table() -> None:
    made = sitrep(FROM, TO, needed(**dict.fromkeys(LABELS["force"], 1)))
    assert {row["force"].text for row in rows(made, "forces")} == {*LABELS["force"].values()}
