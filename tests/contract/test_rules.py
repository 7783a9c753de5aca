"""The list of the domain's rules is sound: it names code and tests that exist, and its page is up to date.

That breaking a rule makes its test fail is tried for a few of them here, and for all by `make break-rules`.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.rules.break_each import survivors
from tests.rules.rules import PAGE, ROOT, Rule, load, page
from tests.support.size import SIZE

RULES = load()


def test_ids_are_given_once() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(RULES), "run `python -m tests.rules.rules`"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_code_that_exists(rule: Rule) -> None:
    assert rule.broken((ROOT / rule.file).read_text(encoding="utf-8"))


def test_no_rule_is_broken_by_a_name_or_a_word_that_is_none(tmp_path: Path) -> None:
    for rule in RULES:
        source = (ROOT / rule.file).read_text(encoding="utf-8")
        (tmp_path / f"{rule.id}{Path(rule.file).suffix}").write_text(rule.broken(source), encoding="utf-8")
    command = ["ruff", "check", "--config", "pyproject.toml", "--select", "F821", "--no-cache", str(tmp_path)]
    checked = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.timeout(300)  # 15 s of one core, beside all else
def test_every_rule_names_a_test_that_exists() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *dict.fromkeys(rule.test for rule in RULES)]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert collected.returncode == 0, collected.stdout + collected.stderr


@pytest.mark.timeout(900)  # each of a few rules costs a run of pytest
def test_breaking_a_rule_makes_its_test_fail() -> None:
    share = RULES if SIZE >= 1 else RULES[:: len(RULES) // 8]
    assert survivors(share, Console(quiet=True)) == []
