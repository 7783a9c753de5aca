"""Lists as CSV: what RFC 4180 asks for, what a spreadsheet must not run, and labels beside codes."""

import csv
import io
from typing import Any

import pytest

from services.projection.api.csv_columns import COLUMNS
from services.projection.api.csv_text import Column, Sheet, at, heads, several
from services.projection.api.exports import router
from tests.support.facts import clock


def text(columns: list[Column], *items: Any, labels: bool = False) -> str:
    sheet = Sheet(columns, labels=labels)
    sheet.add(items)
    return sheet.text


def field(value: Any) -> str:
    return text(several("a", "b"), {"a": value, "b": 1}).removeprefix("a,b\r\n").removesuffix(",1\r\n")


def test_lines_end_as_the_standard_says_and_what_needs_quotes_has_them() -> None:
    assert text(several("a", "b"), {"a": 'x "y", z', "b": "p\nq"}) == 'a,b\r\n"x ""y"", z","p\nq"\r\n'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (-6.125, "-6.125"),
        (0, "0"),
        (clock("07:30"), "2019-11-03T07:30:00Z"),
        (["a", "b"], "a b"),
        ({"1": 2, "3": 4}, "1:2 3:4"),
        ("Désa", "Désa"),
    ],
)
def test_values_are_written_in_one_way(value: Any, expected: str) -> None:
    assert field(value) == expected


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_spreadsheet_takes_no_text_for_a_formula(begin: str) -> None:
    (row,) = csv.reader(io.StringIO(field(f"{begin}HYPERLINK(1)"), newline=""))
    assert row == [f"'{begin}HYPERLINK(1)"]
    assert field([f"{begin}a"]).lstrip('"').startswith("'")


def test_a_path_that_ends_early_is_empty() -> None:
    columns = [at("a.b.c"), at("n")]
    assert text(columns, {"a": None, "n": 1}, {"a": {"b": {"c": 2}}, "n": 3}) == "a_b_c,n\r\n,1\r\n2,3\r\n"


def test_heads_have_a_column_for_each_force() -> None:
    header, row = text(heads("strength"), {"strength": {"linmas": 6, "polri": 2}}).splitlines()
    assert header == "strength_polri,strength_brimob,strength_polairud,strength_tni,strength_linmas,strength_satpol_pp"
    assert row == "2,,,,6,"


def test_labels_stand_beside_codes_however_these_are_held() -> None:
    columns = [at("state", vocabulary="picture_state"), at("flags", vocabulary="flag"), at("n", vocabulary="rule")]
    item = {"state": "short", "flags": ["disputed", "unescorted"], "n": {"cluster": 2}}
    assert text(columns, item, labels=True).splitlines() == [
        "state,state_label,flags,flags_label,n,n_label",
        'short,kurang,disputed unescorted,"dalam sengketa, tanpa pengawalan",cluster:2,kejadian beruntun: 2',
    ]


def test_no_list_has_two_columns_of_one_name() -> None:
    for path, columns in COLUMNS.items():
        names = [each.name for each in columns]
        assert len({*names}) == len(names), path


def test_every_list_with_columns_is_served() -> None:
    assert {each.path for each in router.routes} == {f"{path}.csv" for path in COLUMNS}  # type: ignore[attr-defined]
