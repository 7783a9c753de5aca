"""The rules that incidents watches, in words."""

from schemas.watched.rule import Watched

RULES: tuple[Watched, ...] = (
    Watched(
        rule="unacknowledged",
        service="incidents",
        level="polsek",
        says="Nobody has acknowledged this incident in the time that its severity allows.",
        says_id="Kejadian belum ditanggapi siapa pun dalam batas waktu menurut tingkat keparahannya.",
        helps="Call the polsek, triage the incident or dispatch a unit; link it if it is a duplicate.",
        helps_id="Hubungi polsek, nilai kejadian itu atau kirim satuan; tautkan bila laporan ganda.",
        subject="The incident: `incident/` and its id.",
        numbers={
            "severity_grade": "Its severity, 1 the gravest, by the latest report.",
            "allowed_minutes": "How long such an incident may wait, in minutes since its first report came in.",
        },
        holds="Cleared by the first order on the incident other than an escalation. A later report that is less grave "
        "leaves the alert standing.",
    ),
    Watched(
        rule="cluster",
        service="incidents",
        level="polres",
        says="Several incidents happened in one district within a short time.",
        says_id="Beberapa kejadian terjadi di satu kecamatan dalam waktu singkat.",
        helps="Compare them: who is behind them, are some the same? Move a patrol there and call the camat.",
        helps_id="Bandingkan kejadian itu: siapa pelakunya, adakah yang sama? Geser patroli ke sana dan hubungi camat.",
        subject="The district, by its code.",
        numbers={
            "incidents_count": "How many incidents make the cluster, without duplicates and closed ones.",
            "window_minutes": "Within how many minutes three of them (a setting) have to happen.",
        },
        holds="Cleared four hours (a setting) after the last of its incidents happened; at once when too few are left "
        "because one is linked as a duplicate, closed, or said to be elsewhere.",
    ),
    Watched(
        rule="grave_open",
        service="incidents",
        level="polda",
        says="An incident of the gravest severity is open for too long.",
        says_id="Kejadian paling berat (tingkat 1) terlalu lama belum selesai.",
        helps="Ask whoever is in command there what is lacking; send the reserve; judge it anew if it is less grave.",
        helps_id="Tanyakan kebutuhan perwira di lapangan; kirim cadangan; nilai ulang bila sudah mereda.",
        subject="The incident: `incident/` and its id.",
        numbers={"allowed_minutes": "How long it may be open, in minutes since it happened or was reopened."},
        holds="Cleared when it is resolved, linked as a duplicate or judged less grave by a triage. A later report "
        "that is less grave leaves the alert standing.",
    ),
    Watched(
        rule="district_not_engaged",
        service="incidents",
        level="polres",
        says="Villages of this district vote soon, and no mass organisation was met in it.",
        says_id="Desa di kecamatan ini segera memilih, tetapi belum ada pertemuan dengan ormas di sana.",
        helps="Let the camat or the polsek call a meeting, or report the one that was held.",
        helps_id="Minta camat atau polsek mengadakan pertemuan, atau laporkan pertemuan yang sudah diadakan.",
        subject="The district, by its code.",
        numbers={
            "before_vote_hours": "So many hours before the vote a meeting should have been held.",
            "villages_count": "How many villages of the district vote.",
        },
        holds="Cleared by the first meeting with an ormas in the district, even after the vote, and at the operation's "
        "end. A meeting counts in the district that the latest word on it names.",
    ),
)
