"""The chain heads that situation reports print, read from a report as JSON or as Markdown."""

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec


class PrintedHead(msgspec.Struct, frozen=True, kw_only=True):
    """How far a report had read a log, and the head there. `id`: the log's own; None before anything was read of it."""

    log: str
    id: str | None
    next_offset: int
    head: str


class _Report(msgspec.Struct):
    heads: list[PrintedHead]


_from_json = msgspec.json.Decoder(_Report).decode
_ROW = re.compile(
    r"^\| (?P<log>[a-z]+\.events/\d+) \| (?P<id>\S+) \| (?P<next_offset>\d+) \| `(?P<head>[0-9a-f]{64})` \|$",
    re.MULTILINE,
)


class NoHeads(ValueError):
    """This is no situation report, or it prints no heads."""


def printed_heads(paths: Iterable[Path]) -> list[PrintedHead]:
    """The heads in these reports, by log and offset. Raises OSError, and NoHeads for a file that has none."""
    found = [head for path in paths for head in _heads(path)]
    return sorted(found, key=lambda each: (each.log, each.next_offset))


def _heads(path: Path) -> list[PrintedHead]:
    said = path.read_bytes()
    try:
        found = _from_json(said).heads if said.lstrip().startswith(b"{") else _rows(said.decode())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoHeads(f"{path} is no situation report as JSON or Markdown: {error}") from error
    if not found:
        raise NoHeads(f"{path} prints no heads: a situation report as JSON or Markdown does")
    return found


def _rows(text: str) -> list[PrintedHead]:
    return [
        PrintedHead(
            log=row["log"],
            id=None if row["id"] == "-" else row["id"],
            next_offset=int(row["next_offset"]),
            head=row["head"],
        )
        for row in _ROW.finditer(text)
    ]
