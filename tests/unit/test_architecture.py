"""What the decision records forbid and no type checker or import-linter contract sees."""

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

from schemas.registry import BY_CLASS
from services.deployment import domain as deployment
from services.deployment import units
from services.incidents import alerts, incidents
from services.incidents import domain as incidents_domain
from services.logistics import domain as logistics

ROOT = Path(__file__).parents[2]
PACKAGES = ("kalimaya", "scenarios", "schemas", "services")


def imports(source: str) -> set[str]:
    """Top-level names of the packages that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def may_use_faust(path: Path) -> bool:
    """ADR 0002: only a service's watch, a folder beside its decider, and what the watches share."""
    match path.relative_to(ROOT).parts:
        case ("services", "watch", *_) | ("services", _, "watch", *_):
            return True
        case _:
            return False


def test_faust_is_used_for_watch_only() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert modules
    assert [p for p in modules if "faust" in imports(p.read_text()) and not may_use_faust(p)] == []


@pytest.mark.parametrize(
    "source", ["import faust", "def f():\n    from faust.types import StreamT", "import os, faust.app"]
)
def test_an_import_of_faust_is_seen_in_any_form(source: str) -> None:
    assert "faust" in imports(source)


def test_where_faust_may_be_used() -> None:
    assert may_use_faust(ROOT / "services/watch/app.py")
    assert may_use_faust(ROOT / "services/deployment/watch/silent.py")
    assert not may_use_faust(ROOT / "services/deployment/domain.py")
    assert not may_use_faust(ROOT / "services/kit/ledger/watch.py")


PROJECTION = [path for path in (ROOT / "services/projection").rglob("*.*") if path.suffix in {".py", ".sql"}]


def test_no_statement_says_in_which_schema_the_read_model_is() -> None:
    """ADR 0005: else a rebuild would read or write the live tables."""
    named = re.compile(r"schema_name|\bread_model\.|\{SCHEMA\}\.")
    assert [p.name for p in PROJECTION if named.search(p.read_text())] == ["rebuilding.py"]


def test_who_looks_more_than_once_holds_the_tables() -> None:
    """ADR 0005: else a swap would show him the rest in others."""
    own = re.compile("repeatable.read", re.IGNORECASE)
    readers = [*PROJECTION, *(ROOT / "kalimaya/audit").glob("*.py")]
    assert {path.name for path in readers if own.search(path.read_text())} == {"store.py", "rebuilding.py"}


@pytest.mark.parametrize(
    "domain", [deployment, units, logistics, incidents_domain, incidents, alerts], ids=lambda domain: domain.__name__
)
def test_a_decider_knows_no_report(domain: ModuleType) -> None:
    known = {BY_CLASS[cls].kind for cls in vars(domain).values() if isinstance(cls, type) and cls in BY_CLASS}
    assert known - {"policy"} == {"order", "event", "outcome"}
