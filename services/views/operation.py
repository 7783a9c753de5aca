"""The operation, as one log knows it: every version of its file that the service adopted.

Each service's log has its own, so one view shows three kinds of entity; whether all three follow the same version is
for the reader of all three to say.
"""

from datetime import datetime, time, timedelta, timezone
from typing import Any

from msgspec import field
from msgspec.structs import replace

import schemas.operation
from schemas.deployment import OperationAdopted as ByDeployment
from schemas.incidents import OperationAdopted as ByIncidents
from schemas.logistics import OperationAdopted as ByLogistics
from schemas.registry import as_event
from schemas.types import OperationId
from services.views.facts import Entity, Fact, Told, heard, plain, told, with_entry
from services.views.listed import Listed, in_villages

Data = ByDeployment | ByLogistics | ByIncidents
JAKARTA = timezone(timedelta(hours=7), "Asia/Jakarta")
"""A polling day is a day there; it knows no summer time."""


class Version(Told, frozen=True, kw_only=True):
    """One version of the file, and the order that put it in force."""

    file: schemas.operation.Operation


class Operation(Entity, frozen=True, kw_only=True):
    """All versions of the file that were adopted, by their number."""

    operation: OperationId
    versions: dict[str, Version] = field(default_factory=dict)


def fold(state: Operation | None, fact: Fact) -> Operation:
    """The operation after one more fact."""
    data: Data = fact.data
    operation = heard(state or Operation(operation=data.operation), fact)
    version = told(Version, fact, file=as_event(data, schemas.operation.Operation))
    return replace(operation, versions=with_entry(operation.versions, str(data.version), version))


def file_in_force(operation: Operation) -> schemas.operation.Operation:
    """The version of the file that is in force: the one of the highest number."""
    return operation.versions[str(max(map(int, operation.versions)))].file


def vote_begins(file: schemas.operation.Operation) -> datetime:
    """When the vote begins: with its stage, or in a file that names none with the polling day."""
    begins = [each.start for each in file.stages if each.stage == "voting"]
    return begins[0] if begins else datetime.combine(file.polling_day, time(), JAKARTA)


def document(operation: Operation) -> dict[str, Any]:
    """The operation as it is shown: all versions, and the number of the one in force."""
    return {
        **plain(operation),
        "in_force": file_in_force(operation).version,
        "flags": ["clock_ahead"] if operation.clock_ahead else [],
    }


def listed(document: dict[str, Any]) -> Listed:
    """Operations are listed by the villages that vote by the version in force."""
    file = document["versions"][str(document["in_force"])]["file"]
    return in_villages(each["village"] for each in file["villages"])
