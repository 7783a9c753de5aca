"""The gateway's HTTP answers over a rehearsal, with what a killed gateway or Kafka does to its callers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import Any

import httpx
import msgspec

from scenarios.plan import PLAYER, Plan, Planned
from scenarios.serang2019 import END
from tests.support.rehearsal import Answered, Rehearsal

FAULTS = ("unreachable", "away", "lost", "untold")
"""No connection; 503; taken in but the answer lost; taken in and decided, but answered 202 to one who waits."""
STATUS = {"accepted": 200, "repeated": 200, "refused": 409, "conflicting": 409, "rejected": 422}


class FlakyGateway:
    """Answers as the gateway does; the token is the principal's name. `script`: the faults of the first requests.

    A copy of a message is told as the first one: `recorded` is that one's step, and the `recordedtime` that the player
    gave.
    """

    def __init__(self, plan: Plan, faults: float = 0.0, script: Sequence[str] = ()) -> None:
        self.rehearsal = Rehearsal()
        self.on_arrival: Callable[[Planned], None] = lambda _: None
        self.arrived: list[Planned] = []
        self.waited: list[bool] = []
        self.recorded: list[tuple[int, datetime]] = []
        self.faults_met: Counter[str] = Counter(dict.fromkeys(FAULTS, 0))
        self._faults, self._script, self._random = faults, list(script), Random(plan.name)
        self._first: dict[tuple[str, str], Answered] = {}
        self.planned: dict[tuple[str, bytes], Planned] = {}
        for each in plan.messages:
            self.planned.setdefault((each.principal, each.body), each)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        principal = request.headers["authorization"].removeprefix("Bearer ")
        batch = request.headers["content-type"] == "application/cloudevents-batch+json"
        wait = request.headers.get("prefer") == "wait=10"
        fault = self._fault()
        bodies = [bytes(each) for each in _raw(request.content)] if batch else [request.content]
        arrived = [self._known(principal, body) for body in bodies]
        self.waited.append(wait)
        self.arrived += arrived
        for each in arrived:
            self.on_arrival(each)
        if fault == "unreachable":
            raise httpx.ConnectError("nobody listens", request=request)
        if fault == "away":
            return httpx.Response(503, json={"status": 503, "title": "Away"}, headers={"Retry-After": "1"})
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)  # others overtake
        answers = [self._one(each, wait and fault != "untold") for each in arrived]
        if fault == "lost":
            raise httpx.ReadTimeout("no answer", request=request)
        return (
            httpx.Response(200, json={"results": answers})
            if batch
            else httpx.Response(answers[0]["status"], json=answers[0])
        )

    def _known(self, principal: str, body: bytes) -> Planned:
        """The planned message with this body; the player's says besides when it was taken in and for whom it speaks."""
        if principal != PLAYER:
            return self.planned[principal, body]
        event = msgspec.json.decode(body)
        recorded = datetime.fromisoformat(event.pop("recordedtime"))
        planned = self.planned[event["source"].rpartition("/")[2], msgspec.json.encode(event)]
        self.recorded.append((planned.step, recorded))
        return planned

    def _fault(self) -> str | None:
        if self._script:
            fault = self._script.pop(0)
        elif self._random.random() < self._faults:
            fault = self._random.choice(FAULTS)
        else:
            return None
        self.faults_met[fault] += 1
        return fault

    def _one(self, planned: Planned, wait: bool) -> dict[str, Any]:
        became = self.rehearsal.play([planned], now=lambda _: END)[planned.step]
        if isinstance(became.what, int):
            return {"status": became.what, "detail": became.reason}
        first = self._first.setdefault((planned.source, planned.id), became)
        told: dict[str, Any] = {"id": planned.id, "source": planned.source, "position": "deployment.inbox/0@1"}
        if not wait:
            return told | {"status": 202, "outcome": None}
        outcome = _outcome(became)
        if became.what in ("repeated", "conflicting"):
            outcome["first"] = _outcome(first)
        return told | {"status": STATUS[became.what], "outcome": outcome}


_raw = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _outcome(became: Answered) -> dict[str, Any]:
    data = {"reason": became.reason} if became.reason else {}
    return {"kind": became.what, "events": [{"data": data}]}
