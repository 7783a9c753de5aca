"""What a document keeps of what a source says again and again: not more and more."""

from dataclasses import replace
from random import Random

import msgspec
import pytest

from schemas.catalogue import BY_CLASS, Definition
from schemas.envelope import decode_data
from schemas.incidents import IncidentReported
from schemas.logistics import PackageInspected, PackagesOpened
from services.views.facts import MOST_ALIKE, Fact
from services.views.model import subject_of, to_document
from tests.support.examples import event_of, sendable
from tests.support.facts import arrived_in_order, fact, folded

REPORTS = [entry for entry in sendable() if entry.kind == "report" and BY_CLASS[entry.cls] is entry]
BY_IDENTITY = {IncidentReported: "reports", PackageInspected: "inspections", PackagesOpened: "openings"}


def said(entry: Definition, minute: int = 0, source: str = "/agencies/polres-serang") -> Fact:
    """A report with every field set, as it would come at a minute of the day."""
    data = decode_data(entry.type, entry.dataschema, msgspec.json.encode(event_of(entry)["data"]))
    return fact(data, f"{minute // 60:02}:{minute % 60:02}", source=source)


@pytest.mark.parametrize("entry", REPORTS, ids=lambda entry: entry.type)
def test_a_document_does_not_grow_for_ever_with_a_source_that_says_the_same_again(entry: Definition) -> None:
    def size(times: int) -> int:
        one = said(entry)
        model = folded(replace(one, id=f"m{number:06}", offset=number, cause=number) for number in range(times))
        return len(msgspec.json.encode(to_document(model.entities[subject_of(one)])))

    digits = 8 * MOST_ALIKE
    assert size(2 * MOST_ALIKE) <= size(MOST_ALIKE) + digits


@pytest.mark.parametrize("cls", BY_IDENTITY, ids=lambda cls: cls.__name__)
def test_of_each_source_the_newest_are_kept(cls: type) -> None:
    chance = Random(7)
    minutes = chance.sample(range(24 * 60), 2 * MOST_ALIKE)
    one = [said(BY_CLASS[cls], minute, "/agencies/one") for minute in minutes]
    other = [said(BY_CLASS[cls], minute, "/agencies/other") for minute in (3, 1)]
    newest = sorted(one, key=lambda each: each.order)[-MOST_ALIKE:]
    facts = one + other
    for _ in range(5):
        chance.shuffle(facts)
        (document,) = folded(arrived_in_order(facts)).documents().values()
        assert {each["id"] for each in document[BY_IDENTITY[cls]].values()} == {each.id for each in (*newest, *other)}


def test_what_is_found_of_one_package_takes_no_place_of_what_is_found_of_another() -> None:
    entry = BY_CLASS[PackageInspected]
    one, *others = (said(entry, minute) for minute in range(2 * MOST_ALIKE))
    one = replace(one, data=replace(one.data, package="box-b"))
    (document,) = folded([one, *others]).documents().values()
    assert one.id in {each["id"] for each in document["inspections"].values()}


def test_what_reports_come_to_does_not_go_with_those_that_are_not_kept() -> None:
    entry = BY_CLASS[IncidentReported]
    first, *others = (said(entry, minute) for minute in range(2 * MOST_ALIKE))
    first = replace(first, data=replace(first.data, units=("polres-serang-009",)))
    (document,) = folded([first, *others]).documents().values()
    assert first.id not in {each["id"] for each in document["reports"].values()}
    assert (document["first_reported_at"], document["report_count"]) == ("2019-11-03T00:00:00Z", 2 * MOST_ALIKE)
    assert "polres-serang-009" in document["units"]
