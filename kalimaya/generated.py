"""Files that are made from definitions and committed: which of them are stale, and how they are written.

It must not know what they say; each is a path within the repository and its text.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]

Files = Mapping[Path, str]


def stale(wanted: Files, folder: Path, root: Path = ROOT) -> list[Path]:
    """The files that are missing or differ, and those in `folder` that are none of them."""
    there = {path.relative_to(root) for path in (root / folder).glob("*")} | wanted.keys()
    return sorted(path for path in there if _text(root / path) != wanted.get(path))


def write(wanted: Files, folder: Path, root: Path = ROOT) -> list[Path]:
    """Bring the files up to date; those that were written or removed."""
    changed = stale(wanted, folder, root)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if path in wanted:
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def command(module: str, said: str | None, files: Callable[[], Files], folder: Path) -> int:
    """The command line of a module that makes files; its exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=said)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is stale")
    if parser.parse_args().check:
        names = stale(files(), folder)
        for name in names:
            print(f"{name} is stale: run `make contracts`", file=sys.stderr)
        return 1 if names else 0
    for name in write(files(), folder):
        print(name)
    return 0


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
