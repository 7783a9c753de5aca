"""The words of the printed report that no table holds."""

from services.projection.sitrep import indonesian
from services.projection.sitrep.words import SituationReport

NONE = "Tidak ada."
HEADS = "Kepala rantai log"
HEADS_COLUMNS = ["Log", "Nomor log", "Catatan berikutnya", "Kepala rantai"]
REFERENCES = "Rujukan"
ASIDE = (
    "Angka dalam kurung siku menunjuk ke kejadian di dalam log yang mendasarinya: log/partisi@catatan. "
    "Semua waktu dalam WIB."
)


def subtitle(report: SituationReport) -> str:
    """Which operation, as of when, and whether the period asked for is over."""
    operation = f"Operasi {report.operation}. " if report.operation else ""
    cut = " Periode yang diminta belum selesai." if report.cut else ""
    return f"{operation}Keadaan pada {indonesian.instant(report.end)}.{cut}"
