"""POST /v1/messages: one CloudEvent or a batch of them, taken in safely, with its outcome if the caller waits."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from services.gateway import answers, metrics, strict_json
from services.gateway.answers import Answer, Landed
from services.gateway.credentials import Doorkeeper, Principal
from services.gateway.describe import BATCH, OPERATION, STRUCTURED, Described
from services.gateway.inbox import Inbox, Place
from services.gateway.intake import judge
from services.gateway.outcomes import Outcomes
from services.gateway.settings import GatewaySettings
from services.kit.clock import Clock
from services.kit.http import Problem, install
from services.kit.ledger.log import Unavailable

log = structlog.get_logger(__name__)

_WAIT = re.compile(r"(?:^|[,;]\s*)wait\s*=\s*(\d+)(?:\s*[,;]|\s*$)")


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
                raise Problem(503, "overloaded", "Too much at once", "Send it again soon.", {"Retry-After": "1"})
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


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that Kafka was handed; `received` is what perf_counter said before it was judged."""

    id: str
    source: str
    type: str
    place: Awaitable[Place]
    received: float


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
    try:
        sender = _sender(gateway.doorkeeper, request)
        batch = _is_batch(request)
        wait = _wait(request, gateway.settings.longest_wait)
        with room.share() as hold:
            taken = await _take_in(gateway, await _events(gateway.settings, request, batch, hold), sender)
    except Problem as problem:
        _turned_away(problem)
        return problem.response()
    told = await asyncio.gather(*(_tell(gateway, each, wait) for each in taken))
    return JSONResponse({"results": [each.item() for each in told]}) if batch else told[0].response()


async def _events(
    settings: GatewaySettings, request: Request, batch: bool, hold: Callable[[int], None]
) -> list[object]:
    body = await _body(request, settings.largest_body, hold)
    try:
        parsed = strict_json.parse(body)
    except strict_json.NotJson as error:
        raise Problem(400, "invalid-json", "This is not JSON", str(error)) from error
    if not batch:
        return [parsed]
    if not isinstance(parsed, list):
        raise Problem(400, "invalid-envelope", "This is not a batch", "a batch is a JSON array of CloudEvents")
    if len(parsed) > settings.largest_batch:
        limit = settings.largest_batch
        raise Problem(413, "batch-too-large", "Too many messages", f"a batch holds at most {limit}", limit=limit)
    return parsed


async def _take_in(gateway: Gateway, events: list[object], sender: Principal) -> list[Landed | Problem]:
    """Hand all over in their order, then wait until Kafka has acknowledged each."""
    begun: list[Pending | Problem] = []
    away: Problem | None = None
    for event in events:
        try:
            begun.append(away or await _hand_over(gateway, event, sender))
        except Unavailable as error:
            # What follows is not tried: it would overtake this one, and each try takes seconds.
            away = answers.unavailable(error)
            begun.append(away)
        except Problem as problem:
            _turned_away(problem, sender, event)
            begun.append(problem)
    return await asyncio.gather(*(_landed(each) for each in begun))


async def _hand_over(gateway: Gateway, event: object, sender: Principal) -> Pending:
    received = perf_counter()
    taken = judge(event, sender, gateway.clock.now())
    message = taken.message
    return Pending(message.id, message.source, message.type, await gateway.inbox.put(taken), received)


async def _landed(pending: Pending | Problem) -> Landed | Problem:
    if isinstance(pending, Problem):
        return pending
    told = log.bind(message_id=pending.id, source=pending.source, type=pending.type)
    try:
        place = await pending.place
    except Unavailable as error:
        told.warning("not acknowledged", detail=str(error))
        return answers.unavailable(error)
    metrics.ACK_SECONDS.observe(perf_counter() - pending.received)
    metrics.TAKEN.labels(pending.type).inc()
    told.info("taken in", position=str(place))
    return Landed(pending.id, pending.source, place)


async def _tell(gateway: Gateway, landed: Landed | Problem, wait: float) -> Answer:
    if isinstance(landed, Problem):
        return answers.of_problem(landed)
    outcome = await gateway.outcomes.wait(landed.place, wait) if wait else None
    return answers.of_message(gateway.settings.picture_url, landed, outcome)


def _turned_away(problem: Problem, sender: Principal | None = None, event: object = None) -> None:
    metrics.PROBLEMS.labels(problem.slug).inc()
    id_ = event.get("id") if isinstance(event, dict) else None
    log.info(
        "turned away",
        problem=problem.slug,
        detail=str(problem)[:500],
        source=sender and sender.source,
        message_id=id_ if isinstance(id_, str) else None,
    )


def _sender(doorkeeper: Doorkeeper, request: Request) -> Principal:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    sender = doorkeeper.who(token.strip()) if scheme.lower() == "bearer" and token else None
    if sender is None:
        detail = "Send `Authorization: Bearer <token>` with the token of an agency or an operator."
        raise Problem(401, "unauthenticated", "Who are you?", detail, {"WWW-Authenticate": "Bearer"})
    return sender


def _is_batch(request: Request) -> bool:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in (*STRUCTURED, BATCH):
        raise Problem(415, "unsupported-media-type", "Send CloudEvents", f"use {STRUCTURED[0]} or {BATCH}")
    return content_type == BATCH


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
        async for chunk in request.stream():
            if len(body) + len(chunk) > largest:
                raise problem
            hold(len(chunk))
            body += chunk
    except ClientDisconnect as error:
        raise Problem(400, "invalid-json", "The body ended early", "the caller hung up") from error
    return bytes(body)
