"""The operation: the file in force, and whether all three logs follow the same version of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from fastapi import APIRouter

from schemas.catalogue import SERVICES
from schemas.types import StageName
from services.projection.api.briefs import current_operation
from services.projection.api.documents import AdoptedAnswer, FileAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json
from services.projection.api.words import Answer
from services.projection.store import Document
from services.views.model import from_document
from services.views.operation import Operation

router = APIRouter(tags=["picture"])


class VersionAnswer(Answer):
    """One version, by the log that adopted it: the order in each."""

    adopted: Mapping[str, AdoptedAnswer]


class OperationAnswer(Answer):
    """The operation, at `at`.

    `file` is the newest version in force in any log, `stage` (null: between stages) the one that it sees at `at`.
    `in_force` is the version that each log follows, null while it follows none. Flags: `half_applied` (not all logs
    follow the same version), `contradicting` (logs hold different files under the same version).
    """

    at: datetime
    operation: str
    stage: StageName | None
    in_force: Mapping[str, int | None]
    flags: Sequence[Literal["contradicting", "half_applied"]]
    file: FileAnswer
    versions: Mapping[str, VersionAnswer]


@router.get("/v1/operation", response_model=OperationAnswer, responses=NOT_FOUND)
async def operation(look: Look) -> Json:
    """The operation whose polling day is nearest; 404 before any log has adopted one."""
    found = {service: await look.documents(f"{service}-operation") for service in SERVICES}
    answered = answer(found, look.now)
    if answered is None:
        raise look.not_found("No operation has been adopted.")
    return Json(answered, look.headers)


def answer(found: Mapping[str, Sequence[Document]], at: datetime) -> dict[str, Any] | None:
    """The operation by the documents of the three logs; None when there is none."""
    logs = {
        (service, each["operation"]): (each, from_document(f"{service}-operation", each))
        for service, several in found.items()
        for each in several
    }
    current = current_operation({id_: _polling_day(state) for (_, id_), (_, state) in logs.items()}, at)
    if current is None:
        return None
    own = {service: pair for (service, id_), pair in logs.items() if id_ == current}
    in_force = {service: own[service][0]["in_force"] if service in own else None for service in SERVICES}
    newest = str(max(number for number in in_force.values() if number is not None))
    document, state = next((each, state) for each, state in own.values() if newest in each["versions"])
    return {
        "at": at,
        "operation": current,
        "stage": next((s.stage for s in state.versions[newest].file.stages if s.start <= at < s.end), None),
        "in_force": in_force,
        "flags": _flags([state for _, state in own.values()], in_force),
        "file": document["versions"][newest]["file"],
        "versions": _versions({service: each for service, (each, _) in own.items()}),
    }


def _polling_day(state: Operation) -> date:
    return state.versions[max(state.versions, key=int)].file.polling_day


def _flags(logs: Sequence[Operation], in_force: Mapping[str, int | None]) -> list[str]:
    files = [(number, version.file) for log in logs for number, version in log.versions.items()]
    contradicting = any(one != other for a, one in files for b, other in files if a == b)
    half_applied = len(set(in_force.values())) > 1
    return ["contradicting"] * contradicting + ["half_applied"] * half_applied


def _versions(logs: Mapping[str, Document]) -> dict[str, dict[str, Any]]:
    numbers = sorted({number for each in logs.values() for number in each["versions"]}, key=int)
    return {
        number: {
            "adopted": {
                service: each["versions"][number] for service, each in logs.items() if number in each["versions"]
            }
        }
        for number in numbers
    }
