"""`make break-rules`: breaks every rule in a copy of the code, one at a time, and sees its test fail.

Exit code 1 when a test passed although its rule was broken. With ids as arguments, only these.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.rules.rules import ROOT, Rule, load

FOLDERS = ("bench", "deploy", "kalimaya", "scenarios", "schemas", "services", "tests")
NO_TEST = 2, 3, 4, 5
"""pytest's exit codes when no test ran, because code cannot be imported or a test is not there: the list's fault."""


def survivors(rules: Sequence[Rule], console: Console) -> list[str]:
    """What is wrong with these rules: their tests pass although they are broken, or fail although they are not."""
    with tempfile.TemporaryDirectory(prefix="kalimaya-rules-") as folder:
        copy = Path(folder)
        for name in FOLDERS:
            # With what is compiled, which is half of a run's work; but not with what is just being written.
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("*.pyc.*"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        sound = _run(copy, *dict.fromkeys(rule.test for rule in rules))
        if sound:
            return [f"the tests of these rules fail on sound code (exit code {sound})"]
        return [said for rule in track(rules, "breaking", console=console) if (said := _tried(copy, rule)) is not None]


def _tried(copy: Path, rule: Rule) -> str | None:
    path = copy / rule.file
    sound = path.read_text(encoding="utf-8")
    path.write_text(rule.broken(sound), encoding="utf-8")
    try:
        code = _run(copy, rule.test)
    finally:
        path.write_text(sound, encoding="utf-8")
    if code == 0:
        return f"{rule.id}: broken, and {rule.test} passes"
    return f"{rule.id}: {rule.test} could not be run" if code in NO_TEST else None


def _run(folder: Path, *tests: str) -> int:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


def main() -> int:
    """The command line."""
    console = Console()
    wanted = set(sys.argv[1:])
    rules = [rule for rule in load() if not wanted or rule.id in wanted]
    wrong = survivors(rules, console)
    for line in wrong:
        console.print(line, style="red", highlight=False, markup=False)
    console.print(f"{len(rules) - len(wrong)} of {len(rules)} broken rules were seen.", highlight=False)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
