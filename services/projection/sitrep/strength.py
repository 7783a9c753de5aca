"""Section 2, the strength: heads required, assigned and present by force; who gives them; where they are too few."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.types import Force, village_of
from services.projection.api.contingents import answers
from services.projection.api.picture_words import VillageRow
from services.projection.sitrep import evidence
from services.projection.sitrep.evidence import Places
from services.projection.sitrep.known import Known, area, coded, figure, table, words
from services.projection.sitrep.words import Section, Table
from services.views.model import from_document
from services.views.versions import in_force

COLUMNS = {"required": "Kebutuhan", "assigned": "Ditugaskan", "present": "Hadir"}
NOT_ENOUGH = ("short", "unknown")


@dataclass(slots=True)
class Behind:
    """The events behind the three figures of one force in one village."""

    required: list[str] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """Those behind any of them."""
        return [*self.required, *self.assigned, *self.present]


HeadsBehind = defaultdict[tuple[str, str], Behind]
"""By village and force."""


def behind(known: Known) -> HeadsBehind:
    """The events behind each figure of the picture's column of strength: plans, assignments and the last musters."""
    found: HeadsBehind = defaultdict(Behind)
    for brief, document in zip(known.briefs.posts, known.documents["post"], strict=True):
        need = in_force(from_document("post", document).versions, known.end)
        if need is not None:
            for force in brief.versions[str(need.plan_version)].required:
                found[village_of(brief.post), force].required.append(_place(need.partition, need.offset))
    for unit, document in zip(known.briefs.units, known.documents["unit"], strict=True):
        if unit.serving.released(known.end):
            continue
        for id_, duty in unit.assignments.items():
            if duty.target_kind == "post" and id_ not in unit.cancellations and duty.start <= known.end < duty.end:
                for force in duty.headcount:
                    said = document["assignments"][id_]
                    found[village_of(duty.target), force].assigned += evidence.of("deployment", said)
        if unit.presence is not None and unit.presence.present is not None:
            said = document["visits"][unit.presence.post]["mustered"]
            for force in unit.presence.present:
                found[village_of(unit.presence.post), force].present += evidence.of("deployment", said)
    return found


def _place(partition: int, offset: int) -> str:
    return evidence.place("deployment", partition, offset)


def rests_on(known: Known) -> dict[str, Places]:
    """The events behind the state of strength of each village."""
    by_village: defaultdict[str, list[list[str]]] = defaultdict(list)
    for (village, _), each in behind(known).items():
        by_village[village].append(each.all)
    return {village: evidence.together(several) for village, several in by_village.items()}


def section(known: Known) -> Section:
    """The strength at the end of the period."""
    heads = behind(known)
    return Section(
        code="strength", title="Kekuatan", tables=[_forces(known, heads), _contingents(known), _wanting(known, heads)]
    )


def _forces(known: Known, heads: HeadsBehind) -> Table:
    total = known.picture.operation
    rows = [
        (
            coded("force", force),
            figure(total.required[force], _of(force, heads, "required")),
            figure(total.assigned[force], _of(force, heads, "assigned")),
            figure(total.present[force], _of(force, heads, "present")),
        )
        for force in total.required
    ]
    return table("forces", "Pengamanan TPS menurut kesatuan", {"force": "Kesatuan", **COLUMNS}, rows)


def _of(force: str, heads: HeadsBehind, which: str) -> list[str]:
    return [place for (_, of), each in heads.items() if of == force for place in getattr(each, which)]


def _contingents(known: Known) -> Table:
    given: defaultdict[str, list[str]] = defaultdict(list)
    totals: Counter[str] = Counter()
    for each in answers(known.documents["contingent"], known.end):
        if each["plan"]:
            totals[each["agency"]] += each["total"]
            given[each["agency"]] += evidence.of("deployment", each["plan"])
    rows = [(words(agency), figure(totals[agency], given[agency])) for agency in sorted(given)]
    return table("contingents", "Pelibatan personel", {"agency": "Instansi", "personnel": "Personel"}, rows)


def wanting(known: Known) -> Iterable[tuple[VillageRow, Force]]:
    """Where a force is too few or may be, by village."""
    for row in known.picture.villages:
        for force, each in row.strength.forces.items():
            if each.state in NOT_ENOUGH:
                yield row, force  # type: ignore[misc]


def _wanting(known: Known, heads: HeadsBehind) -> Table:
    rows = []
    for row, force in wanting(known):
        said, places = row.strength.forces[force], heads[row.code, force]
        rows.append(
            (
                area(row.code),
                coded("force", force),
                figure(said.required, places.required),
                figure(said.assigned, places.assigned),
                figure(said.present, places.present),
                coded("picture_state", said.state),
            )
        )
    columns = {"village": "Desa", "force": "Kesatuan", **COLUMNS, "state": "Keadaan"}
    return table("wanting", "Desa yang kurang atau belum diketahui", columns, rows)
