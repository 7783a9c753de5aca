"""Section 6, what is needed: personnel and supplies that are wanting, and what usually helps with each alert."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from schemas.labels import LABELS, label
from schemas.watched import WATCHED
from services.projection.sitrep import evidence, indonesian
from services.projection.sitrep.known import Known, area, coded, figure, instant_of, moment, table, words
from services.projection.sitrep.logistics import short_items
from services.projection.sitrep.strength import behind, wanting
from services.projection.sitrep.words import Cell, Section, Table
from services.projection.store import Document


def section(known: Known) -> Section:
    """What is needed at the end of the period."""
    return Section(code="needs", title="Kebutuhan", tables=[_personnel(known), _supplies(known), _alerts(known)])


def _personnel(known: Known) -> Table:
    """Heads that are wanting: where it is sure that they are, and where nobody knows of so many."""
    heads = behind(known)
    missing: dict[str, Counter[str]] = {"short": Counter(), "unknown": Counter()}
    places: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row, force in wanting(known):
        said = row.strength.forces[force]
        missing[said.state][force] += max(0, said.required - (said.present or 0))
        places[said.state, force] += [*heads[row.code, force].required, *heads[row.code, force].present]
    rows = [
        (coded("force", force), *(figure(missing[state][force], places[state, force]) for state in missing))
        for force in LABELS["force"]
        if any(force in each for each in missing.values())
    ]
    columns = {"force": "Kesatuan", "short": "Kurang", "unknown": "Belum diketahui hadir"}
    return table("personnel", "Personel", columns, rows)


def _supplies(known: Known) -> Table:
    wanted: Counter[str] = Counter()
    places: defaultdict[str, list[str]] = defaultdict(list)
    for each in short_items(known):
        wanted[each["item"]] += each["short_by"]
        places[each["item"]] += evidence.of("logistics", each)
    rows = [(coded("package_kind", kind), figure(wanted[kind], places[kind])) for kind in sorted(wanted)]
    return table("supplies", "Logistik", {"item": "Barang", "short_by": "Kurang"}, rows)


def _alerts(known: Known) -> Table:
    standing = [each for each in known.documents["alert"] if each["state"] == "standing"]
    standing.sort(key=lambda each: (each["since"], each["alert"]))
    columns = {
        "rule": "Peringatan",
        "subject": "Mengenai",
        "since": "Sejak",
        "numbers": "Ukuran",
        "answered_until": "Ditangani sampai",
        "helps": "Yang biasanya membantu",
    }
    return table("alerts", "Peringatan yang berlaku", columns, (_alert(known, each) for each in standing))


def _alert(known: Known, alert: Document) -> Sequence[Cell]:
    rule = WATCHED.get(alert["rule"])
    acknowledged = alert["acknowledged"]
    answered = acknowledged and instant_of(acknowledged["until"]) > known.end
    return (
        coded("rule", alert["rule"]),
        _subject(alert["subject"]),
        moment(alert["since"]),
        words(_numbers(alert["numbers"]), evidence.of("incidents", alert["raised"], acknowledged)),
        moment(acknowledged["until"]) if answered else words("belum ada yang menangani"),
        words(f"{rule.says_id} {rule.helps_id}" if rule else None),
    )


def _subject(subject: str) -> Cell:
    """What an alert is about: a place by its name, and whatever stands behind #, a force by its label."""
    place, _, rest = subject.partition("#")
    named = area(place)
    return named.model_copy(update={"text": f"{named.text}, {label('force', rest)}"}) if rest else named


def _numbers(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {indonesian.number(value)}" for name, value in numbers.items())
