"""The next release: a copy of this tree with edits that bring a second version of a report, as ADR 0007 wants it."""

import shutil
from pathlib import Path
from typing import NamedTuple

from kalimaya.settings import PROJECT

FOLDERS = ("deploy", "kalimaya", "scenarios", "schemas", "services")
"""What runs."""
SECOND = "urn:kalimaya:schema:unit.arrived:2"
"""The version that the next release knows and this one does not."""


class Edit(NamedTuple):
    """In `file`, `old` stands once; `new` comes in its place."""

    file: str
    old: str
    new: str


EDITS = (
    Edit(
        "schemas/deployment.py",
        '''\
@report("kalimaya.unit.arrived", service="deployment", key="unit")
class UnitArrived:
    """A unit is at a post."""

    unit: UnitId
    post: PostId
''',
        '''\
@report("kalimaya.unit.arrived", service="deployment", key="unit")
class UnitArrivedV1:
    """A unit is at a post; version 1 did not say how it came."""

    unit: UnitId
    post: PostId


@report("kalimaya.unit.arrived", service="deployment", key="unit", version=2)
class UnitArrived:
    """A unit is at a post; `by` is how it came, if that is known."""

    unit: UnitId
    post: PostId
    by: LegMode | None


@upcaster(UnitArrivedV1)
def _(data: UnitArrivedV1) -> UnitArrived:
    return UnitArrived(unit=data.unit, post=data.post, by=None)
''',
    ),
)


class Release(NamedTuple):
    """A release by its name, the folder from which it runs, and the number that its processes have in their group."""

    name: str
    folder: Path
    instance: str


THIS = Release("this", PROJECT, "1")


def make_next(folder: Path) -> Release:
    """Make the next release in `folder`. Raises ValueError if the code is not what the edits expect."""
    for name in FOLDERS:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for edit in EDITS:
        path = folder / edit.file
        source = path.read_text(encoding="utf-8")
        if source.count(edit.old) != 1:
            raise ValueError(f"{edit.file} no longer says once: {edit.old}")
        path.write_text(source.replace(edit.old, edit.new), encoding="utf-8")
    return Release("next", folder, "2")
