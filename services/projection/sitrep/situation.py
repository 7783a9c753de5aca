"""Section 1, the situation: the operation and its stage, the villages by their state, early warnings, engagement."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from schemas.catalogue import SERVICES
from schemas.places import DISTRICTS
from services.projection.api.operation import answer
from services.projection.sitrep import evidence, indonesian
from services.projection.sitrep.known import Known, area, coded, count, figure, instant_of, moment, table, words
from services.projection.sitrep.strength import rests_on
from services.projection.sitrep.words import Cell, Section, Table
from services.projection.store import Document

STATES = ("ok", "short", "unknown", "not_due")


def section(known: Known, operation: Document | None) -> Section:
    """The situation at the end of the period."""
    tables = [_operation(known, operation), _villages(known), _warnings(known), _engagement(known, operation)]
    return Section(code="situation", title="Situasi", tables=tables)


def operation(known: Known) -> Document | None:
    """The operation as it stood, if one was adopted."""
    found = {service: known.documents.get(f"{service}-operation", ()) for service in SERVICES}
    return answer(found, known.end)


def adopted(operation: Document) -> evidence.Places:
    """The events by which the file in force was adopted."""
    by = operation["versions"][str(operation["file"]["version"])]["adopted"]
    return evidence.together(evidence.of(service, {**each, "file": None}) for service, each in by.items())


def _operation(known: Known, operation: Document | None) -> Table:
    rows: list[Sequence[Cell]] = [(words("Operasi"), words("belum ditetapkan"))]
    if operation is not None:
        file, behind = operation["file"], adopted(operation)
        stage = operation["stage"]
        rows = [
            (words("Operasi"), words(file["name"], behind)),
            (words("Hari pemungutan suara"), words(_polling_day(file["polling_day"], known.end), behind)),
            (words("Tahapan"), coded("operation_stage", stage) if stage else words("di antara tahapan")),
            (words("Desa yang memilih"), figure(len(file["villages"]), behind)),
        ]
    rows.append((words("Laporan terakhir"), moment(known.picture.operation.last_heard)))
    return table("operation", "Operasi", {"item": "Hal", "value": "Keadaan"}, rows)


def _polling_day(polling_day: Any, at: datetime) -> str:
    day = datetime.fromisoformat(str(polling_day)).date()
    ahead = (day - at.astimezone(indonesian.WIB).date()).days
    return f"{indonesian.day(day)} (H{-ahead:+d})" if ahead else f"{indonesian.day(day)} (hari H)"


def _villages(known: Known) -> Table:
    behind = rests_on(known)
    ready = {each["village"]: evidence.of("logistics", each["items"]) for each in known.documents["readiness"]}
    strength = {
        state: [behind.get(v.code, ()) for v in known.picture.villages if v.strength.state == state] for state in STATES
    }
    readiness = {
        state: [ready.get(v.code, ()) for v in known.picture.villages if v.readiness.state == state] for state in STATES
    }
    return table(
        "villages",
        "Desa menurut keadaan",
        {"state": "Keadaan", "strength": "Kekuatan", "readiness": "Kesiapan logistik"},
        ((coded("picture_state", each), count(strength[each]), count(readiness[each])) for each in STATES),
    )


def _warnings(known: Known) -> Table:
    current = [
        each
        for each in known.documents["warning"]
        if instant_of(each["start"]) <= known.end and known.start < instant_of(each["end"])
    ]
    return table(
        "warnings",
        "Peringatan dini yang berlaku",
        {
            "area": "Wilayah",
            "expects": "Perkiraan",
            "grade": "Nilai",
            "start": "Dari",
            "end": "Sampai",
            "summary": "Uraian",
        },
        (
            (
                area(each["area"]),
                coded("incident_type", each["expects"]),
                words(f"{each['reliability']}{each['credibility']}"),
                moment(each["start"]),
                moment(each["end"]),
                words(each["summary"], evidence.of("incidents", each["words"])),
            )
            for each in current
        ),
    )


def _engagement(known: Known, operation: Document | None) -> Table:
    file = operation["file"]["villages"] if operation else ()
    wanted = sorted({each["village"][:8] for each in file}) or sorted(DISTRICTS)
    held = {code: evidence.together(_held(known.documents["engagement"], code)) for code in wanted}
    met = {code: places for code, places in held.items() if places}
    missing = ", ".join(DISTRICTS[code] for code in wanted if code not in met)
    rows = [
        (words("Sudah"), count(met), words(None)),
        (words("Belum"), figure(len(wanted) - len(met)), words(missing)),
    ]
    columns = {"item": "Penggalangan", "districts": "Kecamatan", "names": "Nama"}
    return table("engagement", "Penggalangan ormas", columns, rows)


def _held(engagements: Sequence[Document], district: str) -> Iterable[Sequence[str]]:
    return [evidence.of("incidents", each["words"]) for each in engagements if each["district"] == district]
