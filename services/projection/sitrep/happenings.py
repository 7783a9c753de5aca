"""Sections 4 and 5: what happened in the period, and what was done in it."""

from collections.abc import Iterable

from schemas.labels import LABELS, event_label, label
from services.projection.sitrep import evidence
from services.projection.sitrep.evidence import Places
from services.projection.sitrep.known import (
    UNKNOWN,
    Happening,
    Known,
    area,
    coded,
    count,
    grouped,
    moment,
    table,
    words,
)
from services.projection.sitrep.words import Cell, Section, Table
from services.projection.store import Document

NOT_ACTIONS = frozenset(
    f"kalimaya.{each}"
    for each in (
        "incident.reported",
        "warning.given",
        "alert.raised",
        "alert.cleared",
        "unit.left_post",
        "unit.sighted",
    )
)
"""Events that befell us or were only seen; positions are many and change nothing."""
SEVERITIES = (1, 2, 3, 4)


def events(known: Known) -> Section:
    """What happened in the period: incidents, alerts, and what was heard of late."""
    tables = [_by_type(known), _incidents(known), _alerts(known), _left_posts(known), _late(known)]
    return Section(code="events", title="Kejadian", tables=tables)


def actions(known: Known) -> Section:
    """What was done in the period, by kind."""
    done = [each for each in known.happenings if each.type not in NOT_ACTIONS]
    return Section(code="actions", title="Tindakan", tables=[_by_kind("actions", "Tindakan menurut jenis", done)])


def _by_kind(code: str, title: str, happenings: Iterable[Happening]) -> Table:
    by_type = grouped(happenings, lambda each: each.type, lambda each: (each.place,))
    order = sorted(by_type, key=event_label)
    rows = [(Cell(text=event_label(each), code=each.removeprefix("kalimaya.")), count(by_type[each])) for each in order]
    return table(code, title, {"type": "Jenis", "count": "Jumlah"}, rows)


def _reported(known: Known) -> list[Document]:
    return [each for each in known.documents["incident"] if known.within(each["first_reported_at"])]


def _by_type(known: Known) -> Table:
    reported = _reported(known)
    rows = []
    for type_ in sorted(
        {each["type"] or "unknown" for each in reported}, key=lambda each: label("incident_type", each)
    ):
        of_type = [each for each in reported if (each["type"] or "unknown") == type_]
        by_severity = grouped(of_type, lambda each: str(each["severity"]), _rests_on)
        rows.append(
            (
                coded("incident_type", type_),
                *(count(by_severity.get(str(severity), ())) for severity in SEVERITIES),
                count([_rests_on(each) for each in of_type]),
            )
        )
    columns = {"type": "Jenis", **{f"severity_{n}": f"Gawat {n}" for n in SEVERITIES}, "all": "Semua"}
    return table("incident_types", "Kejadian yang dilaporkan dalam periode", columns, rows)


def _rests_on(incident: Document) -> Places:
    return evidence.of("incidents", incident["reports"], incident["triage"])


def _incidents(known: Known) -> Table:
    """Those reported in the period, and those still open at its end."""
    still_open = {each.incident for each in known.briefs.incidents if each.open}
    shown = [
        each
        for each in known.documents["incident"]
        if known.within(each["first_reported_at"]) or each["incident"] in still_open
    ]
    shown.sort(key=lambda each: (each["first_reported_at"] or "", each["incident"]))
    rows = [
        (
            words(each["incident"], evidence.of("incidents", each)),
            moment(each["first_reported_at"]),
            area(each["village"]),
            coded("incident_type", each["type"]),
            Cell(text=UNKNOWN if each["severity"] is None else str(each["severity"]), value=each["severity"]),
            coded("incident_status", each["status"]),
            coded("level", each["level"]),
            words(each["summary"]),
        )
        for each in shown
    ]
    columns = {
        "incident": "Kejadian",
        "reported_at": "Dilaporkan",
        "village": "Desa",
        "type": "Jenis",
        "severity": "Gawat",
        "status": "Keadaan",
        "level": "Tingkat",
        "summary": "Uraian",
    }
    return table("incidents", "Kejadian dalam periode dan yang masih terbuka", columns, rows)


def _alerts(known: Known) -> Table:
    rows = []
    alerts = known.documents["alert"]
    for rule in LABELS["rule"]:
        own = [each for each in alerts if each["rule"] == rule]
        raised = [_said(each, "raised") for each in own if known.within(each["raised"]["as_of"])]
        cleared = [_said(each, "cleared") for each in own if each["cleared"] and known.within(each["cleared"]["as_of"])]
        standing = [_said(each, "raised") for each in own if each["state"] == "standing"]
        if raised or cleared or standing:
            rows.append((coded("rule", rule), count(raised), count(cleared), count(standing)))
    columns = {"rule": "Aturan pemantauan", "raised": "Baru", "cleared": "Dicabut", "standing": "Masih berlaku"}
    return table("alerts", "Peringatan dalam periode", columns, rows)


def _said(alert: Document, what: str) -> Places:
    return evidence.of("incidents", alert[what])


def _left_posts(known: Known) -> Table:
    rows = [
        (
            words(unit["unit"]),
            area(post),
            moment(left["as_of"]),
            words(left["reason"], _left(left)),
            words(left["consent"]),
        )
        for unit in known.documents["unit"]
        for post, visit in unit["visits"].items()
        if (left := visit["left"]) and known.within(left["as_of"])
    ]
    columns = {"unit": "Satuan", "post": "Pos", "at": "Waktu", "reason": "Alasan", "consent": "Izin"}
    return table("left_posts", "Satuan yang meninggalkan pos", columns, rows)


def _left(left: Document) -> Places:
    return evidence.of("deployment", left)


def _late(known: Known) -> Table:
    """What was heard of in the period and had happened before it: earlier reports did not know of it."""
    return _by_kind("late", "Laporan terlambat: terjadi sebelum periode, baru diketahui di dalamnya", known.late)
