"""Section 3, logistics: shipments by stage, readiness by item, open discrepancies and handovers in dispute."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.projection.sitrep import evidence
from services.projection.sitrep.evidence import Places
from services.projection.sitrep.known import Known, area, coded, count, figure, grouped, moment, table, words
from services.projection.sitrep.words import Cell, Section, Table
from services.projection.store import Document

STAGE_RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "planned": ("plan",),
    "sealed": ("plan", "sealings"),
    "under_way": ("movements",),
    "arrived": ("movements",),
    "delivered": ("plan", "deliveries"),
    "opened": ("plan", "openings"),
    "counted": ("plan", "reconciliations"),
    "returning": ("movements", "returns", "returned"),
    "returned": ("plan", "returned"),
}
"""The parts of a shipment by which its stage is told, see services/views/stage.py."""


def section(known: Known) -> Section:
    """Logistics at the end of the period."""
    tables = [_stages(known), _readiness(known), _discrepancies(known), _disputes(known)]
    return Section(code="logistics", title="Logistik", tables=tables)


def _stages(known: Known) -> Table:
    by_stage = grouped(known.documents["shipment"], lambda each: each["stage"] or "unknown", _stage_rests_on)
    order = [each for each in (*STAGE_RESTS_ON, "unknown") if each in by_stage]
    rows = [(coded("shipment_stage", stage), count(by_stage[stage])) for stage in order]
    return table("stages", "Pengiriman menurut tahap", {"stage": "Tahap", "shipments": "Pengiriman"}, rows)


def _stage_rests_on(shipment: Document) -> Places:
    return evidence.of("logistics", *(shipment[part] for part in STAGE_RESTS_ON.get(shipment["stage"], ())))


def short_items(known: Known) -> Iterable[Mapping[str, Any]]:
    """The items of which pieces are wanting, as the last check of a village found them."""
    return [item for each in known.documents["readiness"] for item in each["items"].values() if item["short_by"]]


def _readiness(known: Known) -> Table:
    rows = [
        (
            area(each["village"]),
            coded("package_kind", kind),
            figure(item["required"], behind := evidence.of("logistics", item)),
            figure(item["present"], behind),
            figure(item["usable"], behind),
            moment(item["as_of"]),
        )
        for each in known.documents["readiness"]
        for kind, item in each["items"].items()
        if item["short_by"]
    ]
    columns = {
        "village": "Desa",
        "item": "Barang",
        "required": "Dibutuhkan",
        "present": "Tersedia",
        "usable": "Layak pakai",
        "as_of": "Diperiksa",
    }
    return table("readiness", "Kesiapan logistik yang kurang", columns, rows)


def _discrepancies(known: Known) -> Table:
    rows = [
        (
            words(shipment["shipment"]),
            area(shipment["village"]),
            coded("discrepancy", each["what"]),
            words(each["tps"] if "tps" in each else each["package"]),
            _difference(shipment, each),
            moment(each["as_of"]),
        )
        for shipment in known.documents["shipment"]
        for each in shipment["discrepancies"]
        if each["open"]
    ]
    columns = {
        "shipment": "Pengiriman",
        "village": "Desa",
        "what": "Selisih",
        "subject": "Koli atau TPS",
        "difference": "Jumlah",
        "as_of": "Waktu",
    }
    return table("discrepancies", "Selisih yang belum selesai", columns, rows)


def _difference(shipment: Document, each: Mapping[str, Any]) -> Cell:
    """Ballots found more or less than there should be, or how many seals are not as they were put on."""
    if each["what"] != "seals":
        return figure(each["difference"], evidence.of("logistics", shipment["reconciliations"][each["tps"]]))
    wrong = {*each["missing"], *each["strange"], *each["broken"]}
    return figure(len(wrong), evidence.of("logistics", _reading(shipment, each), _sealings(shipment, each)))


def _reading(shipment: Document, each: Mapping[str, Any]) -> Any:
    if each["handover"] is not None:
        return shipment["handovers"][each["handover"]][each["seen"]]
    if each["leg"] is not None:
        return shipment["transshipments"][each["leg"]]
    return [
        found
        for found in shipment["inspections"].values()
        if (found["package"], found["as_of"]) == (each["package"], each["as_of"])
    ]


def _sealings(shipment: Document, each: Mapping[str, Any]) -> Sequence[Any]:
    return [sealing for sealing in shipment["sealings"] if sealing["package"] == each["package"]]


def _disputes(known: Known) -> Table:
    rows = [
        (
            words(shipment["shipment"]),
            words(id_),
            words(handover["released"]["giver"]),
            words(handover["received"]["taker"]),
            figure(len(handover["differences"]), evidence.of("logistics", handover["released"], handover["received"])),
        )
        for shipment in known.documents["shipment"]
        for id_, handover in shipment["handovers"].items()
        if handover["state"] == "disputed"
    ]
    columns = {
        "shipment": "Pengiriman",
        "handover": "Serah terima",
        "giver": "Yang menyerahkan",
        "taker": "Yang menerima",
        "differences": "Perbedaan",
    }
    return table("disputes", "Serah terima dalam sengketa", columns, rows)
