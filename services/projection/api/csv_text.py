"""Lists as CSV (RFC 4180, UTF-8): a header row and columns in an order that does not change. Pure."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from schemas.labels import label
from schemas.types import Force

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet runs a text that begins so. OWASP: CSV injection."""
FORCES: tuple[str, ...] = get_args(get_args(Force)[0])


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name; `vocabulary` is that of its codes, if it has codes."""

    name: str
    read: Callable[[Any], Any]
    vocabulary: str | None = None


def at(path: str, name: str | None = None, vocabulary: str | None = None) -> Column:
    """The value at a path of names, empty where it ends before; the column is called so, with _ for the dots."""
    steps = path.split(".")

    def read(item: Any) -> Any:
        for step in steps:
            item = item.get(step) if isinstance(item, Mapping) else getattr(item, step, None)
        return item

    return Column(name or path.replace(".", "_"), read, vocabulary)


def several(*paths: str) -> list[Column]:
    """Columns at these paths, none of them of codes."""
    return [at(path) for path in paths]


def heads(path: str, name: str | None = None) -> list[Column]:
    """Heads by force, a column each."""
    return [at(f"{path}.{force}", f"{name or path.replace('.', '_')}_{force}") for force in FORCES]


class Sheet:
    """A list as it becomes CSV, part by part, so that no more than a part is held beside the text.

    With `labels` each column of codes is followed by one of their labels, `<name>_label`.
    """

    def __init__(self, columns: Iterable[Column], *, labels: bool) -> None:
        self._columns = [
            each
            for column in columns
            for each in ([column, _labels(column)] if labels and column.vocabulary else [column])
        ]
        self._text = io.StringIO()
        self._writer = csv.writer(self._text)
        self._writer.writerow(column.name for column in self._columns)

    def add(self, items: Iterable[Any]) -> None:
        """A row for each of these."""
        self._writer.writerows([_text(column.read(item)) for column in self._columns] for item in items)

    @property
    def text(self) -> str:
        """The rows so far."""
        return self._text.getvalue()


def _labels(column: Column) -> Column:
    vocabulary = column.vocabulary or ""

    def read(item: Any) -> Any:
        match column.read(item):
            case str(code):
                return label(vocabulary, code)
            case list() | tuple() as codes:
                return ", ".join(label(vocabulary, code) for code in codes)
            case Mapping() as counts:
                return ", ".join(f"{label(vocabulary, code)}: {count}" for code, count in counts.items())
            case _:
                return None

    return Column(f"{column.name}_label", read)


def _text(value: Any) -> str:
    """A value as it stands in a field: true and false, instants as in JSON, several words with blanks between."""
    match value:
        case bool():
            return str(value).lower()
        case None | int() | float():
            return "" if value is None else str(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Mapping():
            words = [f"{key}:{each}" for key, each in value.items()]
        case list() | tuple():
            words = [*map(str, value)]
        case _:
            words = [str(value)]
    return _harmless(" ".join(words))


def _harmless(text: str) -> str:
    """The text, marked as text where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
