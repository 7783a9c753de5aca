"""Every code that is shown has an Indonesian label, and the glossary has the same."""

from pathlib import Path
from typing import Any, get_args

import pytest

from schemas import types
from schemas.labels import LABELS, event_label, label
from schemas.registry import CATALOGUE
from services.projection.api import csv_columns, documents, picture_words
from services.views.stage import Stage

GLOSSARY = Path(__file__).parents[2].joinpath("docs/glossary.md").read_text(encoding="utf-8")


def codes(annotation: Any) -> set[str]:
    """The words of a Literal, perhaps with a description around it."""
    found = get_args(annotation)
    return set(found) if found and isinstance(found[0], str) else codes(found[0])


@pytest.mark.parametrize(
    ("vocabulary", "annotation"),
    [
        ("force", types.Force),
        ("duty", types.Duty),
        ("target_kind", types.TargetKind),
        ("vulnerability", types.Vulnerability),
        ("jurisdiction", types.Jurisdiction),
        ("operation_stage", types.StageName),
        ("package_kind", types.PackageKind),
        ("leg_mode", types.LegMode),
        ("seal_condition", types.SealCondition),
        ("incident_type", types.IncidentType),
        ("level", types.Level),
        ("rule", types.AlertRule),
        ("incident_status", documents.IncidentStatus),
        ("shipment_stage", Stage),
        ("picture_state", picture_words.State),
    ],
)
def test_every_code_of_a_vocabulary_has_a_label_and_no_other(vocabulary: str, annotation: Any) -> None:
    assert LABELS[vocabulary].keys() - {"unknown"} == codes(annotation) - {"unknown"}


def test_every_event_has_a_label_and_no_other() -> None:
    events = {type_ for (type_, _), each in CATALOGUE.items() if each.kind in ("event", "report")}
    assert LABELS["event_type"].keys() == {type_.removeprefix("kalimaya.") for type_ in events}


def test_labels_of_one_vocabulary_tell_its_codes_apart() -> None:
    for vocabulary, labels in LABELS.items():
        assert len({*labels.values()}) == len(labels), vocabulary


@pytest.mark.parametrize(
    "vocabulary", ["force", "duty", "package_kind", "leg_mode", "seal_condition", "incident_type", "incident_status"]
)
def test_labels_are_the_terms_of_the_glossary(vocabulary: str) -> None:
    for code, said in LABELS[vocabulary].items():
        if code != "unknown":
            assert said in GLOSSARY, (code, said)


def test_every_column_of_codes_has_a_vocabulary_that_exists() -> None:
    for path, columns in csv_columns.COLUMNS.items():
        assert {each.vocabulary for each in columns} <= LABELS.keys() | {None}, path


def test_a_code_without_a_label_is_shown_as_it_is() -> None:
    assert label("force", "linmas") == "Linmas"
    assert label("force", "hansip") == "hansip"
    assert event_label("kalimaya.unit.mustered") == "apel di pos"
