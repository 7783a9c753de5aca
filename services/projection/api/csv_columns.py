"""The columns of each list as CSV, in their order: new ones are added at the end, because people count columns."""

from collections.abc import Mapping, Sequence

from services.projection.api.csv_text import FORCES, Column, at, heads, several

_NAMES = several("code", "name", "district", "district_name")

COLUMNS: Mapping[str, Sequence[Column]] = {
    "/v1/villages": [
        *_NAMES,
        at("jurisdiction", vocabulary="jurisdiction"),
        at("strength.state", vocabulary="picture_state"),
        *(
            at(f"strength.forces.{force}.{of}", f"{of}_{force}")
            for of in ("required", "assigned", "present")
            for force in FORCES
        ),
        *several("strength.present.as_of", "strength.present.stale"),
        at("logistics.stages", vocabulary="shipment_stage"),
        *several("logistics.custodian", "logistics.place", "logistics.leg"),
        at("logistics.flags", vocabulary="flag"),
        *several("logistics.as_of", "logistics.stale"),
        at("readiness.state", vocabulary="picture_state"),
        at("readiness.short", vocabulary="package_kind"),
        at("readiness.unchecked", vocabulary="package_kind"),
        *several("readiness.as_of", "readiness.stale"),
        *several("incidents.open", "incidents.as_of", "incidents.stale"),
        at("alerts.standing", vocabulary="rule"),
        *several("alerts.unacknowledged", "alerts.oldest_since", "last_heard"),
    ],
    "/v1/units": [
        at("unit"),
        at("registration.name", "name"),
        at("registration.agency", "agency"),
        at("registration.callsign", "callsign"),
        at("registration.force", "force", "force"),
        *heads("registration.strength", "strength"),
        Column("assignments", lambda unit: sorted(unit["assignments"].keys() - unit["cancellations"].keys())),
        at("stood_down.at", "stood_down_at"),
        *several("position.lat", "position.lon", "position.accuracy", "position.as_of"),
        at("presence.post"),
        at("presence.state", vocabulary="presence"),
        *heads("presence.present", "present"),
        at("presence.counted_at", "counted_at"),
        at("unauthorised"),
        at("flags", vocabulary="flag"),
        at("last_heard"),
    ],
    "/v1/posts": [
        *several("post", "village"),
        at("jurisdiction", vocabulary="jurisdiction"),
        at("vulnerability", vocabulary="vulnerability"),
        *several("stations", "at", "requirement.plan_version", "requirement.start", "requirement.end"),
        *heads("requirement.required", "required"),
        at("flags", vocabulary="flag"),
    ],
    "/v1/contingents": [
        *several("contingent", "agency", "at", "plan.plan_version", "plan.start", "plan.end"),
        *heads("plan.personnel", "personnel"),
        at("total"),
        at("flags", vocabulary="flag"),
    ],
    "/v1/shipments": [
        *several("shipment", "village"),
        at("stage", vocabulary="shipment_stage"),
        at("custodian"),
        at("place.place", "place"),
        *several("place.leg", "place.as_of", "plan.waybill"),
        Column("packages", lambda shipment: len(shipment["packages"])),
        Column("open_discrepancies", lambda shipment: sum(each["open"] for each in shipment["discrepancies"])),
        Column("disputed_handovers", lambda shipment: _in_state(shipment["handovers"], "disputed")),
        Column("open_handovers", lambda shipment: _in_state(shipment["handovers"], "open")),
        at("flags", vocabulary="flag"),
        at("last_heard"),
    ],
    "/v1/readiness": [
        at("village"),
        at("state", vocabulary="picture_state"),
        Column("short", lambda readiness: _short(readiness["items"]), "package_kind"),
        at("unchecked", vocabulary="package_kind"),
        at("flags", vocabulary="flag"),
        at("last_heard"),
    ],
    "/v1/incidents": [
        at("incident"),
        at("type", vocabulary="incident_type"),
        at("severity"),
        at("status", vocabulary="incident_status"),
        at("level", vocabulary="level"),
        *several("village", "lat", "lon", "summary", "units", "shipments", "incidents", "dispatched", "duplicate_of"),
        *several("first_reported_at", "acknowledged_at"),
        at("flags", vocabulary="flag"),
        at("last_heard"),
    ],
    "/v1/warnings": [
        *several("warning", "area"),
        at("expects", vocabulary="incident_type"),
        *several("reliability", "credibility", "start", "end", "summary", "sources"),
        at("flags", vocabulary="flag"),
        at("last_heard"),
    ],
    "/v1/engagements": [
        *several("engagement", "district", "ormas", "participants", "summary", "place", "held_at", "sources"),
        at("flags", vocabulary="flag"),
        at("last_heard"),
    ],
    "/v1/engagement-coverage": several("district", "name", "engagements", "last_held_at"),
    "/v1/alerts": [
        at("alert"),
        at("state", vocabulary="alert_state"),
        at("rule", vocabulary="rule"),
        *several("subject", "since", "age", "numbers", "villages"),
        at("words.level", "level", "level"),
        at("raised.as_of", "raised_at"),
        at("acknowledged.as_of", "acknowledged_at"),
        at("acknowledged.until", "acknowledged_until"),
        at("acknowledged.source", "acknowledged_by"),
        at("cleared.as_of", "cleared_at"),
        at("words.says_id", "says_id"),
        at("words.helps_id", "helps_id"),
        at("flags", vocabulary="flag"),
    ],
    "/v1/alert-rules": [
        at("rule", vocabulary="rule"),
        at("service"),
        at("level", vocabulary="level"),
        *several("says", "says_id", "helps", "helps_id", "subject", "holds"),
    ],
    "/v1/events": several(
        *("position", "kind", "id", "type", "as_of", "time", "recordedtime", "knowntime"),
        *("source", "message", "inbox", "villages", "districts"),
    ),
    "/v1/unreadable": [
        *several("position", "agency", "written", "reason", "detail", "recordedtime", "size"),
        at("raw.base64", "base64"),
    ],
}
"""By the path of the list; `/v1/villages` are the rows of the picture."""


def _in_state(handovers: Mapping[str, Mapping[str, str]], state: str) -> int:
    return sum(each["state"] == state for each in handovers.values())


def _short(items: Mapping[str, Mapping[str, int]]) -> Mapping[str, int]:
    return {kind: each["short_by"] for kind, each in items.items() if each["short_by"]}
