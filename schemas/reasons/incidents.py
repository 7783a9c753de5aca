"""Reasons for which the incidents service refuses orders, and messages of the watch."""

from schemas.reasons.reason import Reason

REASONS: dict[str, Reason] = {
    "incident_resolved": Reason(
        en="The incident is resolved.",
        id="Kejadian sudah dinyatakan tertangani.",
        do_en="Close it, or reopen it first if there is more to do.",
        do_id="Tutup kejadian itu, atau buka kembali lebih dahulu bila masih perlu ditangani.",
        of=(
            "kalimaya.incident.triage",
            "kalimaya.incident.dispatch",
            "kalimaya.incident.contain",
            "kalimaya.incident.resolve",
        ),
    ),
    "incident_closed": Reason(
        en="The incident is closed.",
        id="Kejadian sudah ditutup.",
        do_en="Reopen it first if there is more to do.",
        do_id="Buka kembali kejadian itu lebih dahulu bila masih perlu ditangani.",
        of=(
            "kalimaya.incident.triage",
            "kalimaya.incident.dispatch",
            "kalimaya.incident.contain",
            "kalimaya.incident.resolve",
            "kalimaya.incident.close",
            "kalimaya.incident.escalate",
            "kalimaya.incident.link_duplicate",
        ),
    ),
    "incident_not_resolved": Reason(
        en="Only a resolved incident can be closed.",
        id="Hanya kejadian yang sudah tertangani yang dapat ditutup.",
        do_en="Say how it was resolved, then close it.",
        do_id="Nyatakan dahulu bagaimana kejadian itu tertangani, lalu tutup.",
        of=("kalimaya.incident.close",),
    ),
    "incident_open": Reason(
        en="The incident is open; only a resolved or closed one is reopened.",
        id="Kejadian masih terbuka; hanya yang sudah tertangani atau ditutup yang dibuka kembali.",
        do_en="Nothing needs to be done: orders about it are taken.",
        do_id="Tidak perlu dibuka kembali: perintah atas kejadian ini masih diterima.",
        of=("kalimaya.incident.reopen",),
    ),
    "incident_duplicate": Reason(
        en="The incident is another one reported twice, and that other one is worked on.",
        id="Kejadian ini laporan ganda dari kejadian lain, dan yang lain itulah yang ditangani.",
        do_en="Dispatch the units to the incident named. If it is another matter, resolve and reopen this one first.",
        do_id="Kerahkan satuan ke kejadian yang disebut. Bila ternyata bukan kejadian yang sama, nyatakan tertangani "
        "lalu buka kembali kejadian ini.",
        of=("kalimaya.incident.dispatch",),
    ),
    "unit_complained_of": Reason(
        en="The incident's triage names a unit that is complained of; it is not sent there.",
        id="Satuan yang diadukan dalam penilaian awal kejadian ini tidak boleh dikerahkan ke sana.",
        do_en="Dispatch another unit than the one named. If the complaint is unfounded, triage it again first.",
        do_id="Kerahkan satuan lain. Bila aduan tidak terbukti, lakukan penilaian ulang lebih dahulu.",
        of=("kalimaya.incident.dispatch",),
    ),
    "level_not_higher": Reason(
        en="The level named answers for the incident already, or is lower than the one that does.",
        id="Tingkat yang disebut sudah menangani kejadian ini, atau lebih rendah daripada yang menangani.",
        do_en="Name a higher level: polsek, polres, polda. An incident is not handed down.",
        do_id="Sebut tingkat yang lebih tinggi: polsek, polres, polda. Kejadian tidak diturunkan tingkatnya.",
        of=("kalimaya.incident.escalate",),
    ),
    "duplicate_of_itself": Reason(
        en="An incident cannot be a duplicate of itself.",
        id="Kejadian tidak dapat menjadi laporan ganda dari dirinya sendiri.",
        do_en="Name the other incident, which is worked on.",
        do_id="Sebut kejadian lain yang sedang ditangani.",
        of=("kalimaya.incident.link_duplicate",),
    ),
    "already_duplicate": Reason(
        en="The incident is linked as a duplicate already.",
        id="Kejadian sudah ditautkan sebagai laporan ganda.",
        do_en="If the incident named is the wrong one, resolve and reopen this one, which lifts the link.",
        do_id="Bila tautannya keliru, nyatakan kejadian ini tertangani lalu buka kembali; tautannya akan terlepas.",
        of=("kalimaya.incident.link_duplicate",),
    ),
    "alert_id_wrong": Reason(
        en="The alert's id is not the one that follows from its rule, subject and number.",
        id="Id peringatan tidak sesuai dengan aturan, hal, dan nomornya.",
        do_en="Work the id out as the first 32 hex digits of SHA-256 of rule, subject and number, a line each.",
        do_id="Hitung id sebagai 32 digit heksadesimal pertama SHA-256 dari aturan, hal, dan nomor, satu per baris.",
        of=("kalimaya.alert.raise",),
    ),
    "alert_known": Reason(
        en="This alert was raised before, under another message id.",
        id="Peringatan ini sudah pernah dinyatakan dengan id pesan lain.",
        do_en="While it stands, nothing needs to be done; once it is cleared, raise the one with the next number.",
        do_id="Selama masih berlaku, tidak perlu tindakan; setelah dicabut, pakai nomor berikutnya.",
        of=("kalimaya.alert.raise",),
    ),
    "alert_unknown": Reason(
        en="No such alert was raised.",
        id="Peringatan itu tidak pernah dinyatakan.",
        do_en="Take the alert's id from the list of alerts.",
        do_id="Ambil id peringatan dari daftar peringatan.",
        of=("kalimaya.alert.clear", "kalimaya.alert.acknowledge"),
    ),
    "alert_cleared": Reason(
        en="The alert was cleared and does not stand any more.",
        id="Peringatan itu sudah dicabut dan tidak berlaku lagi.",
        do_en="Nothing needs to be done; if the rule breaks again, a new alert is raised.",
        do_id="Tidak perlu tindakan; bila aturan dilanggar lagi, peringatan baru akan dinyatakan.",
        of=("kalimaya.alert.clear", "kalimaya.alert.acknowledge"),
    ),
}
