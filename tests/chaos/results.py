"""The results of runs, one JSON object a line, in files that are committed; docs/reliability.md is made from them."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kalimaya.settings import PROJECT

FOLDER = PROJECT / "docs" / "reliability"


def add(name: str, result: dict[str, Any], folder: Path = FOLDER) -> None:
    """Append a result to the file of this name."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(result, ensure_ascii=False) + "\n")


def replace(name: str, lines: list[dict[str, Any]], folder: Path = FOLDER) -> None:
    """Let the file of this name hold these results and no others."""
    (folder / f"{name}.jsonl").unlink(missing_ok=True)
    for line in lines:
        add(name, line, folder)


def read(name: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """All results of a name, the oldest first; none when there is no file."""
    path = folder / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def circumstances() -> dict[str, Any]:
    """When, of which commit and on what machine something is run; `changed`: the code was not that of the commit."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": _git("rev-parse", "--short", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")),
        "machine": _machine(),
    }


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=PROJECT, text=True, capture_output=True, check=True).stdout.strip()


def _machine() -> str:
    processors = Path("/proc/cpuinfo").read_text().count("processor\t")
    memory = int(Path("/proc/meminfo").read_text().split(None, 2)[1]) / 1024**2
    return f"{processors} cores, {memory:.0f} GiB, {platform.system()} {platform.release().partition('-')[0]}"
