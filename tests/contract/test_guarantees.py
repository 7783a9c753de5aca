"""docs/guarantees.md promises nothing without a test: each that it names exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py(?:::[A-Za-z0-9_]+)*)`")


@pytest.mark.timeout(300)  # 10 s of one core, beside all else
def test_every_guarantee_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *dict.fromkeys(NAMED.findall(page))]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert collected.returncode == 0, collected.stdout + collected.stderr


@pytest.mark.parametrize("title", ["Always", "Under overload"])
def test_every_row_of_what_holds_names_one(title: str) -> None:
    page = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    section = page.partition(f"## {title}\n")[2].partition("##")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ") and "what holds" not in line]
    assert rows
    assert [row for row in rows if not NAMED.search(row)] == []
