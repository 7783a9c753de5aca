"""What the picture is drawn from: briefs, sorted out, and what follows from several of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from msgspec.structs import replace

from schemas.catalogue import SERVICES
from schemas.types import village_of
from services.projection.store import Document
from services.views.briefs import (
    Alert,
    File,
    Incident,
    Post,
    Readiness,
    Shipment,
    Unit,
    Voting,
    of_document,
)
from services.views.incident import OPEN, worked_on

OPERATIONS = tuple(f"{service}-operation" for service in SERVICES)
BRIEFED = ("unit", "post", "shipment", "readiness", "incident", "alert", *OPERATIONS)
"""The kinds that the picture is drawn from; of the alerts only the standing ones."""


@dataclass(slots=True)
class Briefs:
    """All there is to know, or that part of it which concerns one village.

    `polls_open` is when the vote begins, by the operation; None while none is known.
    """

    units: list[Unit] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    voting: list[Voting] = field(default_factory=list)
    readiness: list[Readiness] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    polls_open: datetime | None = None

    @property
    def jurisdiction(self) -> str | None:
        """Of one village: its posts', or the operation's for it."""
        said = [each.jurisdiction for each in self.posts] + [each.jurisdiction for each in self.voting]
        return next(iter(said), None)


def briefs(documents: Mapping[str, Sequence[Document]], now: datetime) -> Briefs:
    """The same from whole documents, by kind."""
    return sorted_out({kind: [of_document(kind, each) for each in own] for kind, own in documents.items()}, now)


def sorted_out(found: Mapping[str, Sequence[Any]], now: datetime) -> Briefs:
    """What the picture is drawn from, by the briefs of each kind; `now` tells which operation is meant."""
    own = current_files([each.file for kind in OPERATIONS for each in found.get(kind, ())], now)
    return Briefs(
        voting=voting(own),
        polls_open=polls_open(own),
        units=[*found.get("unit", ())],
        posts=[*found.get("post", ())],
        shipments=[*found.get("shipment", ())],
        incidents=_counted(found.get("incident", ())),
        readiness=[*found.get("readiness", ())],
        alerts=[each for each in found.get("alert", ()) if each.state == "standing"],
    )


def _counted(incidents: Sequence[Incident]) -> list[Incident]:
    """The same incidents, of each ring of duplicates one marked."""
    links = {each.incident: each.duplicate_of for each in incidents if each.duplicate_of is not None}
    counted = worked_on(links, {each.incident for each in incidents if each.status in OPEN})
    return [replace(each, of_a_ring=True) if each.incident in counted else each for each in incidents]


def current_files(files: Sequence[File], now: datetime) -> list[File]:
    """Of the files in force in the logs those of the current operation, the newest last."""
    current = current_operation({file.operation: file.polling_day for file in files}, now)
    return sorted((file for file in files if file.operation == current), key=lambda file: file.version)


def voting(files: Sequence[File]) -> list[Voting]:
    """The villages that vote by these files of one operation.

    While a version is in force in some logs only, a village votes if any of them says so, as the newest has it.
    """
    return list({each.village: each for file in files for each in file.villages}.values())


def polls_open(files: Sequence[File]) -> datetime | None:
    """When the vote begins, as the newest of these files of one operation has it."""
    stages = files[-1].stages if files else ()
    return next((each.start for each in stages if each.stage == "voting"), None)


def current_operation(polling_days: Mapping[str, date], now: datetime) -> str | None:
    """Of several operations the one whose polling day is nearest."""
    return min(polling_days, key=lambda each: (abs(polling_days[each] - now.date()), each), default=None)


def unreported(found: Briefs) -> set[str]:
    """Posts that a plan or an assignment names and no report; one on a station is one on its village's post, too."""
    reported = {post for unit in found.units for post in unit.visits}
    named = {post.post for post in found.posts} | {duty.target for unit in found.units for duty in unit.duties}
    return named - reported - set(map(village_of, reported))
