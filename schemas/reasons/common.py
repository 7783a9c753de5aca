"""Reasons that any message can come to."""

from schemas.reasons.reason import Reason

REASONS = {
    "not_authorised": Reason(
        en="The sender may not speak for this thing.",
        id="Pengirim tidak berwenang melaporkan atau memerintahkan hal ini.",
        do_en="Send it from the agency that answers for the unit or area, or ask the posko for the grant.",
        do_id="Kirim dari instansi yang berwenang atas satuan atau wilayah itu, atau minta kewenangan kepada posko.",
    ),
    "conflicting": Reason(
        en="The same id came before with other content; this message is kept but not given effect.",
        id="Id yang sama pernah diterima dengan isi berbeda; pesan ini disimpan tetapi tidak diberlakukan.",
        do_en="If the new content is right, send it under an id of its own.",
        do_id="Bila isi yang baru benar, kirim dengan id tersendiri.",
    ),
    "time_out_of_range": Reason(
        en="The message's time lies more than 60 days before, or more than a day after, its arrival.",
        id="Waktu pesan lebih dari 60 hari sebelum, atau lebih dari satu hari sesudah, pesan diterima.",
        do_en="Set the clock of the sending device, and send it again under a new id.",
        do_id="Perbaiki jam perangkat pengirim, lalu kirim ulang dengan id baru.",
    ),
    "too_large": Reason(
        en="The answer to this message would not fit into the log at once.",
        id="Jawaban atas pesan ini terlalu besar untuk dicatat sekaligus.",
        do_en="Divide what it says into several messages.",
        do_id="Bagi isinya menjadi beberapa pesan.",
    ),
    "internal_error": Reason(
        en="We failed on this message; it is on record and was not given effect.",
        id="Sistem gagal memproses pesan ini; pesan tercatat dan tidak diberlakukan.",
        do_en="Tell whoever runs the system; send it again under a new id once that is mended.",
        do_id="Hubungi pengelola sistem; kirim ulang dengan id baru setelah diperbaiki.",
    ),
    "unreadable": Reason(
        en="This is not a message of the gateway's.",
        id="Pesan ini tidak berasal dari gerbang pesan.",
        do_en="Send messages to the gateway or to your agency's topic, never into an inbox.",
        do_id="Kirim pesan lewat gerbang pesan atau topik instansi Anda, bukan langsung ke kotak masuk.",
    ),
    "version_not_newer": Reason(
        en="A version of this plan that is as new or newer is in force already.",
        id="Versi rencana yang sama atau lebih baru sudah berlaku.",
        do_en="Give the plan a higher version number than the one named, if it is to supersede it.",
        do_id="Beri nomor versi yang lebih tinggi daripada yang disebut bila rencana ini menggantikannya.",
    ),
}
