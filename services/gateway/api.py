"""POST /v1/messages: one CloudEvent or a batch of them, taken in safely, with its outcome if the caller waits."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from time import perf_counter

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from services.gateway import answers, binding, metrics
from services.gateway.answers import Answer, Landed
from services.gateway.describe import OPERATION, Described
from services.gateway.inbox import Full, Inbox, Place
from services.gateway.intake import Taken, Terms, judge
from services.gateway.outcomes import Outcomes
from services.gateway.settings import GatewaySettings
from services.kit.clock import Clock
from services.kit.credentials import Doorkeeper, bearer
from services.kit.http import Problem, install
from services.kit.ledger.log import Unavailable
from services.kit.principals import Principal

log = structlog.get_logger(__name__)

BODY_SECONDS = 30.0
"""How long the body of one request may take to come."""

_WAIT = re.compile(r"(?:^|[,;]\s*)wait\s*=\s*(\d+)(?:\s*[,;]|\s*$)")

AT_A_TIME = 100
"""Messages of a batch that are judged in one go, some 5 ms: then others get their turn."""


class Room:
    """How much of what callers send may be in memory: from its first byte to Kafka's acknowledgement."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """One request's share: call what it gives with each piece's bytes. Raises Problem when there is no room."""
        mine = 0

        def hold(size: int) -> None:
            nonlocal mine
            if self._held + size > self._most:
                raise answers.overloaded()
            mine += size
            self._add(size)

        try:
            yield hold
        finally:
            self._add(-mine)

    def _add(self, size: int) -> None:
        self._held += size
        metrics.HELD_BYTES.set(self._held)


@dataclass(slots=True)
class Gateway:
    """What the endpoint works with."""

    settings: GatewaySettings
    doorkeeper: Doorkeeper
    inbox: Inbox
    outcomes: Outcomes
    clock: Clock

    @property
    def terms(self) -> Terms:
        """What is taken in here beside what the contract says."""
        return Terms(self.settings.held_back, self.doorkeeper.by_source)


def build(gateway: Gateway) -> FastAPI:
    """The gateway's HTTP application."""
    app = Described(title="Kalimaya gateway", version="1", docs_url=None, redoc_url=None)
    install(app)
    room = Room(gateway.settings.most_held)

    @app.post("/v1/messages", **OPERATION)
    async def messages(request: Request) -> Response:
        status = 500
        try:
            response = await _answered(gateway, room, request)
            status = response.status_code
            return response
        finally:
            metrics.REQUESTS.labels(status).inc()

    return app


async def _answered(gateway: Gateway, room: Room, request: Request) -> Response:
    sender: Principal | None = None
    try:
        sender = bearer(gateway.doorkeeper, request.headers.get("authorization"))
        mode = binding.mode_of_http(request.headers.raw)
        wait = _wait(request, gateway.settings.longest_wait)
        taken = await _received(gateway, room, request, mode, sender)
    except Problem as problem:
        _turned_away(problem, sender)
        return problem.response()
    told = await _tell(gateway, taken, wait)
    return answers.of_batch(told) if mode == "batch" else told[0].response()


async def _received(
    gateway: Gateway, room: Room, request: Request, mode: binding.Mode, sender: Principal
) -> list[Landed | Problem]:
    """Read and take in. A function of its own, so that who then waits for outcomes holds none of what he sent."""
    with room.share() as hold:
        body = await _body(request, gateway.settings.largest_body, hold)
        return await _take_in(gateway, _events(gateway.settings, request, mode, body), sender, len(body))


def _events(settings: GatewaySettings, request: Request, mode: binding.Mode, body: bytes) -> list[object]:
    if mode == "binary":
        return [binding.of_http(request.headers.raw, body)]
    parsed = binding.parse(body)
    if mode == "structured":
        return [parsed]
    if not isinstance(parsed, list):
        raise Problem(400, "invalid-envelope", "This is not a batch", "a batch is a JSON array of CloudEvents")
    if len(parsed) > settings.largest_batch:
        limit = settings.largest_batch
        raise Problem(413, "batch-too-large", "Too many messages", f"a batch holds at most {limit}", limit=limit)
    return parsed


async def _take_in(gateway: Gateway, events: Sequence[object], sender: Principal, held: int) -> list[Landed | Problem]:
    """Judge all, hand the good ones over in their order, and wait until Kafka has acknowledged each."""
    received = perf_counter()
    judged: list[Taken | Problem] = []
    now, terms = gateway.clock.now(), gateway.terms
    for number, event in enumerate(events):
        if number % AT_A_TIME == AT_A_TIME - 1:
            await asyncio.sleep(0)
        try:
            judged.append(judge(event, sender, now, terms))
        except Problem as problem:
            _turned_away(problem, sender, event)
            judged.append(problem)
    del events  # what was parsed is of no more use, and Kafka may take its time
    places = iter(await gateway.inbox.put([each for each in judged if isinstance(each, Taken)], held))
    took = perf_counter() - received
    return [each if isinstance(each, Problem) else _landed(each, next(places), took) for each in judged]


def _landed(taken: Taken, place: Place | Unavailable, took: float) -> Landed | Problem:
    message = taken.message
    if isinstance(place, Full):  # the inbox has said so, once for all of a request
        problem = answers.unavailable(place)
        metrics.PROBLEMS.labels(problem.slug, message.source).inc()
        return problem
    if isinstance(place, Unavailable):
        log.warning("not acknowledged", message_id=message.id, source=message.source, detail=str(place))
        return answers.unavailable(place)
    metrics.ACK_SECONDS.observe(took)
    metrics.TAKEN.labels(message.type).inc()
    metrics.HEARD.labels(message.source).inc()
    log.debug("taken in", message_id=message.id, source=message.source, type=message.type, position=place)
    return Landed(message.id, message.source, place)


async def _tell(gateway: Gateway, taken: Sequence[Landed | Problem], wait: float) -> list[Answer]:
    places = [each.place for each in taken if isinstance(each, Landed)]
    outcomes = iter(await gateway.outcomes.wait(places, wait) if wait else repeat(None))
    url = gateway.settings.picture_url
    return [
        answers.of_problem(each) if isinstance(each, Problem) else answers.of_message(url, each, next(outcomes))
        for each in taken
    ]


def _turned_away(problem: Problem, sender: Principal | None = None, event: object = None) -> None:
    metrics.PROBLEMS.labels(problem.slug, sender.source if sender else "nobody").inc()
    id_ = event.get("id") if isinstance(event, dict) else None
    log.info(
        "turned away",
        problem=problem.slug,
        detail=str(problem)[:500],
        source=sender and sender.source,
        message_id=id_ if isinstance(id_, str) else None,
    )


def _wait(request: Request, longest: float) -> float:
    """Seconds that the caller prefers to wait (RFC 7240), no more than we allow; 0 without that preference."""
    found = _WAIT.search(", ".join(request.headers.getlist("prefer")).lower())
    return min(float(found.group(1)), longest) if found else 0.0


async def _body(request: Request, largest: int, hold: Callable[[int], None]) -> bytes:
    problem = Problem(413, "body-too-large", "Too much at once", f"a body holds at most {largest} bytes", limit=largest)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > largest:
        raise problem
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                if len(body) + len(chunk) > largest:
                    raise problem
                hold(len(chunk))
                body += chunk
    except TimeoutError as error:  # who lost his network says no goodbye, and others need the room that he has
        raise Problem(400, "invalid-json", "The body ended early", f"not all came in {BODY_SECONDS:g} s") from error
    except ClientDisconnect as error:
        raise Problem(400, "invalid-json", "The body ended early", "the caller hung up") from error
    return bytes(body)
