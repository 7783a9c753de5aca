"""The rules that logistics watches, in words."""

from schemas.watched.rule import Watched

RULES: tuple[Watched, ...] = (
    Watched(
        rule="leg_overdue",
        service="logistics",
        level="polres",
        says="A leg of the shipment has not begun, or not ended, when it should have.",
        says_id="Pengiriman logistik terlambat: belum berangkat atau belum tiba pada waktunya.",
        helps="Ask the carrier or the escort by radio where the load is; if the truck is broken or the tide is gone, "
        "send another or plan the next tide, and tell those who wait.",
        helps_id="Tanyakan posisi muatan kepada pengangkut atau pengawal lewat radio; bila kendaraan mogok atau air "
        "surut, kirim pengganti atau tunggu pasang berikutnya, dan kabari penerima.",
        subject="A leg of a shipment: the one it is on, or the next.",
        numbers={"late_minutes": "Minutes since the time that was missed, when the alert was raised."},
        holds="Cleared when the leg has begun or ended, by its own report or by that of a later step, or when a new "
        "plan gives it time. Only the leg that is due is judged, and nothing flutters, so there is no hysteresis.",
    ),
    Watched(
        rule="handover_half_open",
        service="logistics",
        level="polsek",
        says="Only one side has reported a handover; the other has been silent for too long.",
        says_id="Serah terima baru dilaporkan satu pihak; laporan pihak lainnya belum masuk.",
        helps="Call the side that has not reported and have it report what it gave or received, with the seal numbers; "
        "until then the giver answers for the load.",
        helps_id="Hubungi pihak yang belum melapor dan minta laporan serah terima berikut nomor segelnya; sampai saat "
        "itu pihak yang menyerahkan tetap bertanggung jawab.",
        subject="A handover of a shipment.",
        numbers={"packages_count": "Packages that are handed over, as the known half has it."},
        holds="Cleared when the other half comes, whether it agrees or not. That the known half is said again, or that "
        "the load goes on, clears nothing.",
    ),
    Watched(
        rule="unescorted",
        service="logistics",
        level="polres",
        says="The shipment is on a leg that requires an escort, and set out without one.",
        says_id="Logistik berangkat tanpa pengawalan pada rute yang wajib dikawal.",
        helps="Stop the load at the next police post until an escort is there, or send one to meet it.",
        helps_id="Hentikan muatan di pos polisi terdekat sampai pengawal tiba, atau kirim pengawal untuk menjemput.",
        subject="A leg of a shipment.",
        numbers={"packages_count": "Packages of the shipment."},
        holds="Cleared when the departure is reported again with the unit that escorts it, or when the leg is over. An "
        "order that ties a unit to the leg is not enough, and a departure that is said again without one clears "
        "nothing.",
    ),
    Watched(
        rule="escort_separated",
        service="logistics",
        level="polres",
        says="The escort was last seen far from the way of the shipment that it escorts.",
        says_id="Pengawal terpantau jauh dari jalur logistik yang dikawalnya.",
        helps="Call the escort and the carrier and let both say where they are; stop the load until they are together.",
        helps_id="Hubungi pengawal dan pengangkut, cocokkan posisi keduanya; hentikan muatan sampai keduanya bertemu.",
        subject="A leg of a shipment.",
        numbers={
            "distance_km": "From the escort's last fix to the straight way between the shipment's last known place "
            "and the end of the leg, less the accuracy of the fix.",
            "limit_km": "The distance that must not be exceeded.",
        },
        holds="Raised by a fresh fix farther off than separated_km; cleared by one within together_km, which is less, "
        "or when the leg is over. That nothing more is heard of the escort clears nothing.",
    ),
    Watched(
        rule="seal_reused",
        service="logistics",
        level="polres",
        says="The number of a seal is on packages of several shipments.",
        says_id="Nomor segel yang sama terpasang pada lebih dari satu pengiriman.",
        helps="Look at both packages: a number typed wrongly is put right by sealing again; a seal that is there twice "
        "is evidence and stays as it is.",
        helps_id="Periksa kedua kemasan: salah catat diperbaiki dengan penyegelan ulang; bila segel memang ganda, "
        "amankan sebagai barang bukti.",
        subject="A seal number of the shipment that got it later.",
        numbers={"shipments_count": "Shipments on which the number is."},
        holds="Cleared when one of the packages is sealed anew with other numbers; opening it is not enough.",
    ),
    Watched(
        rule="discrepancy_open",
        service="logistics",
        level="polres",
        says="A handover in dispute, wrong seals, or ballots that do not add up have been open for too long.",
        says_id="Selisih belum selesai: serah terima disengketakan, segel tidak cocok, atau surat suara tidak klop.",
        helps="Have the seals looked at again with witnesses, the ballots counted again, or the halves of the handover "
        "corrected; if it stays so, put it on record (berita acara).",
        helps_id="Periksa ulang segel di hadapan saksi, hitung ulang surat suara, atau perbaiki laporan serah terima; "
        "bila tetap selisih, buat berita acara.",
        subject="A handover, a change of mode, a package or a polling station of a shipment.",
        numbers={
            "differences_count": "Things on which the halves of the handover differ.",
            "packages_count": "Packages whose seals were found wrong here first.",
            "counted_difference_ballots": "Used, unused and spoiled less received; negative: ballots are gone.",
            "received_difference_ballots": "Received less planned; negative: ballots are gone.",
        },
        holds="Cleared when the halves agree, an inspection finds the seals as they should be, and the record adds up. "
        "Halves or records that are said anew and are wrong again clear nothing.",
    ),
    Watched(
        rule="not_ready",
        service="logistics",
        level="polsek",
        says="The village votes soon, and by the camat's check it lacks something, or it was not checked.",
        says_id="Desa belum siap: hasil pengecekan camat kurang atau belum ada menjelang hari pemungutan suara.",
        helps="Let the camat check boxes, ballots and stationery and report; bring what is short from the store.",
        helps_id="Minta camat mengecek dan melaporkan kotak, surat suara dan alat tulis; kirim kekurangannya dari "
        "gudang.",
        subject="A village that votes, by its code.",
        numbers={
            "unchecked_count": "Kinds of item, of boxes, ballots and stationery, that no check has named.",
            "short_count": "Kinds of item that are short.",
            "wanting_pieces": "Pieces that are wanting or cannot be used.",
        },
        holds="Cleared when the last checks find all that is required, or when the day of the vote is over.",
    ),
    Watched(
        rule="not_returned",
        service="logistics",
        level="polres",
        says="Ballot boxes are not back where they are kept, though they should be.",
        says_id="Kotak suara belum kembali ke tempat penyimpanan.",
        helps="Ask the last custodian where the boxes are, put a guard there, and send the escort to bring them in.",
        helps_id="Tanyakan keberadaan kotak suara kepada penanggung jawab terakhir, tempatkan penjagaan, dan kirim "
        "pengawal untuk menjemput.",
        subject="A shipment.",
        numbers={"boxes_count": "Ballot boxes that are not back."},
        holds="Cleared when all boxes are reported back, or a new plan of the way back gives them time.",
    ),
)
