"""One number that two read models share exactly if they show the same present state.

It covers what is so, and leaves out how it came to be known: recorded and known times, positions in the logs, alerts.
So it is the same for any arrival order of the same reports, for a rebuild, and for a copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import rfc8785

from services.views.model import KINDS, section

EXCLUDED = frozenset({"recordedtime", "knowntime", "partition", "offset", "cause"})
PARTS = ("assignments", "packages", "custody")
"""Sections that documents of other sections hold as parts."""


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256 of the state's canonical JSON (RFC 8785) in hex, and how many things of each section it covers.

    `custody` counts custody chains, one a package.
    """

    hex: str
    counts: dict[str, int]


def digest(documents: Mapping[tuple[str, str], Mapping[str, Any]]) -> Digest:
    """The digest of the present state; `documents` as the model shows them, by kind and id.

    Raises KeyError for a kind that is not known here.
    """
    kinds = filter(None, map(section, KINDS))
    sections: dict[str, dict[str, Any]] = {name: {} for name in (*kinds, *PARTS)}
    for (kind, id_), document in documents.items():
        if (name := section(kind)) is None:
            continue
        shown = _covered({name: each for name, each in document.items() if name != "alerts"})
        for assignment, each in shown.pop("assignments", {}).items():
            sections["assignments"][f"{id_}/{assignment}"] = each
        for package, each in shown.pop("packages", {}).items():
            sections["custody"][f"{id_}/{package}"] = each.pop("custody")
            sections["packages"][f"{id_}/{package}"] = each
        sections[name][id_] = shown
    counts = {each: len(entries) for each, entries in sections.items()}
    return Digest(sha256(rfc8785.dumps(sections)).hexdigest(), counts)


def _covered(value: Any) -> Any:
    """The value without what is excluded. An entry that holds an object is kept: there the name is somebody's id."""
    match value:
        case Mapping():
            return {
                name: _covered(each)
                for name, each in value.items()
                if name not in EXCLUDED or isinstance(each, Mapping)
            }
        case list() | tuple():
            return [_covered(each) for each in value]
        case _:
            return value
