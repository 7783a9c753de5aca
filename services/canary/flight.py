"""One canary's flight: a message that changes nothing, sent by the gateway's door and read back by the picture's.

The first of an hour is refused, since it is about a thing that does not exist; every other is the same message again.
"""

from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from msgspec import to_builtins

from schemas.deployment import CancelAssignment
from schemas.incidents import AcknowledgeAlert
from schemas.logistics import AssignEscort
from schemas.registry import BY_CLASS

NOBODY = "kenari"
"""The unit, assignment, shipment and leg of the canary's messages. There must never be one of that name."""

NO_ALERT = "0" * 32
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

ORDERS: Mapping[str, Any] = {
    "deployment": CancelAssignment(unit=NOBODY, assignment=NOBODY, reason="canary"),
    "logistics": AssignEscort(shipment=NOBODY, leg=NOBODY, unit=NOBODY, order_reference="canary"),
    "incidents": AcknowledgeAlert(alert=NO_ALERT, comment="canary", until=LONG_AGO),
}
"""By service, an order that it refuses."""

WAIT_SECONDS = 10
"""How long the picture is asked to wait for an outcome: five times the objective. Later counts as never."""


class Lost(Exception):
    """A canary that did not come into the picture. `where`: gateway or picture."""

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(detail)
        self.where, self.detail = where, detail


def event(service: str, now: datetime) -> dict[str, Any]:
    """The message of this hour, as CloudEvent. An hour's have one id: `/v1/messages` shows all outcomes of an id."""
    order = ORDERS[service]
    return {
        "specversion": "1.0",
        "id": f"canary-{service}-{now:%Y-%m-%dT%H}",
        "source": "canary",
        "type": BY_CLASS[type(order)].type,
        "datacontenttype": "application/json",
        "data": to_builtins(order),
    }


async def fly(client: httpx.AsyncClient, gateway: str, picture: str, service: str, now: datetime) -> None:
    """Send one and return when its outcome is in the picture. Raises Lost."""
    sent = event(service, now)
    place, source = await _send(client, gateway, sent)
    asked = {"source": source, "id": sent["id"], "min_position": place, "wait": WAIT_SECONDS}
    answer = await _ask("picture", client.get(f"{picture}/v1/messages", params=asked))
    outcomes = answer["outcomes"]
    if place not in [outcome["inbox"] for outcome in outcomes]:
        raise Lost("picture", f"of {place} nothing is known, though the read model has got there")
    if any(outcome["kind"] == "accepted" for outcome in outcomes):
        raise Lost("picture", f"{sent['id']} was accepted: there is something named {NOBODY}")


async def _send(client: httpx.AsyncClient, gateway: str, sent: dict[str, Any]) -> tuple[str, str]:
    """Its place in the inbox, and the source that the gateway gave it."""
    kind = {"Content-Type": "application/cloudevents+json"}
    answer = await _ask("gateway", client.post(f"{gateway}/v1/messages", json=sent, headers=kind))
    return answer["position"], answer["source"]


async def _ask(where: str, asking: Awaitable[httpx.Response]) -> dict[str, Any]:
    try:
        response = await asking
    except httpx.HTTPError as error:
        raise Lost(where, f"no answer: {type(error).__name__} {error}") from error
    if not response.is_success:
        raise Lost(where, f"{response.status_code} {response.text[:300]}")
    answer: dict[str, Any] = response.json()
    return answer
