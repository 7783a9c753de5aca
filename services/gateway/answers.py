"""What a caller is told: where a message stands, what became of it, and why if it was not taken in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi.responses import JSONResponse, Response

from schemas.reasons import REASONS
from services.gateway.inbox import Full, Place
from services.gateway.outcomes import Outcome
from services.kit.http import PROBLEM_JSON, Problem
from services.kit.ledger.log import Unavailable


@dataclass(frozen=True, slots=True)
class Landed:
    """A message that Kafka has acknowledged."""

    id: str
    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; also, without its headers, one item of a batch's answer."""

    status: int
    document: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """As HTTP."""
        kind = PROBLEM_JSON if self.status >= 400 else "application/json"
        return JSONResponse(self.document, self.status, self.headers, media_type=kind)

    def item(self) -> dict[str, Any]:
        """As one of the results of a batch."""
        return {"status": self.status} | self.document


def of_batch(told: Sequence[Answer]) -> Response:
    """The answers of a batch, in its order; if some are to be sent again, after the longest time that one asks for."""
    later = [each.headers["Retry-After"] for each in told if "Retry-After" in each.headers]
    headers = {"Retry-After": max(later, key=int)} if later else {}
    results = msgspec.json.encode({"results": [each.item() for each in told]})
    return Response(results, headers=headers, media_type="application/json")


def of_problem(problem: Problem) -> Answer:
    """A message or request that was not taken in."""
    return Answer(problem.status, problem.document, problem.headers)


def of_message(picture_url: str, landed: Landed, outcome: Outcome | None) -> Answer:
    """A message that was taken in: 202 while its outcome is unknown, then 200, 409 or 422 as the outcome is."""
    document: dict[str, Any] = {
        "id": landed.id,
        "source": landed.source,
        "position": str(landed.place),
        "outcome": outcome,
    }
    headers = {
        "Location": f"{picture_url}/v1/messages?{urlencode({'source': landed.source, 'id': landed.id})}",
        "Kalimaya-Position": str(landed.place),
    }
    if outcome is None:
        return Answer(202, document, headers)
    headers["Preference-Applied"] = "wait"
    if outcome["kind"] in ("accepted", "repeated"):
        return Answer(200, document, headers)
    problem = _not_applied(outcome)
    return Answer(problem.status, problem.document | document, headers)


def _not_applied(outcome: Outcome) -> Problem:
    data = outcome["events"][0]["data"]
    match outcome["kind"]:
        case "conflicting":
            detail = "The same source and id came before with other content; this one is kept but not applied."
            told = _because("conflicting")
            return Problem(409, "message-conflicting", "The message was conflicting", detail, **told)
        case "refused":
            told = _because(data["reason"]) | {"clashes": data.get("clashes", [])}
            return Problem(409, "message-refused", "The message was refused", data["detail"], **told)
        case _:
            told = _because(data["reason"])
            return Problem(422, "message-rejected", "The message was rejected", data["detail"], **told)


def _because(reason: str) -> dict[str, Any]:
    """Why as a stable word, and in the languages of the operators what it means and what to do."""
    known = REASONS.get(reason)
    if known is None:
        return {"reason": reason}
    return {"reason": reason, "advice": {"en": f"{known.en} {known.do_en}", "id": f"{known.id} {known.do_id}"}}


def overloaded(detail: str = "Send it again soon.") -> Problem:
    """There is no room now; nothing was taken in."""
    return Problem(503, "overloaded", "Too much at once", detail, {"Retry-After": "1"})


def unavailable(error: Unavailable) -> Problem:
    """Kafka gave no acknowledgement, so that nobody knows whether it has the message; or it was not tried."""
    if isinstance(error, Full):
        return overloaded(f"{error}. Send it again soon.")
    return Problem(
        503,
        "kafka-unavailable",
        "Not taken in for certain",
        f"Kafka did not acknowledge ({error}). It is safe to send the same message with the same id again.",
        {"Retry-After": "2"},
    )
