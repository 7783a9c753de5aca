"""How the rules speak of a shipment, and what they share about time."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from schemas.types import AlertRule
from services.views.shipment_state import Shipment
from services.watch.rules import Breach
from services.watch.tables import Tables


def breach(shipment: Shipment, part: str, since: datetime, numbers: Mapping[str, float]) -> Breach:
    """A rule is broken on a shipment, or on a `part` of it. Whom it concerns is known once the shipment is planned."""
    return Breach(
        subject=subject(shipment, part),
        since=since,
        numbers=numbers,
        villages=(shipment.plan.village,) if shipment.plan else (),
    )


def subject(shipment: Shipment, part: str) -> str:
    """The subject of alerts on a part of a shipment; empty: on the shipment."""
    return f"shipment/{shipment.shipment}#{part}" if part else f"shipment/{shipment.shipment}"


def lasts(tables: Tables, rule: AlertRule, what: str, since: datetime, after: timedelta, now: datetime) -> bool:
    """Whether something has been wrong for so long; where the alert stands already, that it is wrong is enough.

    So a word that is said again, and wrong again, clears nothing.
    """
    return tables.stands(rule, what) or now >= since + after
