"""The rules that deployment watches, in words."""

from schemas.watched.rule import Watched

RULES: tuple[Watched, ...] = (
    Watched(
        rule="under_strength",
        service="deployment",
        level="polres",
        says="The posts of this village have fewer of a force than they need, even if everybody not counted has come.",
        says_id="Kekuatan pos di desa ini kurang dari kebutuhan, meskipun yang belum diapelkan dihitung hadir.",
        helps="Ask the post for a fresh count; send the reserve, or re-task a patrol of the district.",
        helps_id="Minta apel ulang di pos; kerahkan cadangan atau alihkan patroli kecamatan.",
        subject="The village's code, and the force behind #.",
        numbers={
            "required_heads": "of this force needed by the requirements in force",
            "present_heads": "of this force counted there lately",
            "missing_heads": "of this force missing at the least",
        },
        holds="From an hour before the requirement's window until its end; cleared when enough were counted lately, "
        "or nothing is required any more, but not while it is merely unknown.",
    ),
    Watched(
        rule="arrival_overdue",
        service="deployment",
        level="polsek",
        says="The unit's duty at the post has begun, and nobody has heard of it there.",
        says_id="Tugas di pos sudah dimulai, tetapi satuan belum diketahui tiba.",
        helps="Call the unit, then the post's village; if it is held up, send the nearest patrol until it comes.",
        helps_id="Hubungi satuan, lalu perangkat desa; bila terhambat, kirim patroli terdekat sampai satuan tiba.",
        subject="The unit, and the assignment behind #.",
        numbers={
            "grace_minutes": "allowed after the begin of the duty, or after the order if that came later",
            "expected_heads": "that the assignment sends there",
        },
        holds="Cleared when a word or a near fix has the unit there, or the duty ends or is cancelled.",
    ),
    Watched(
        rule="unit_silent",
        service="deployment",
        level="polsek",
        says="Nothing has been heard of the unit for too long while it is on duty.",
        says_id="Satuan yang sedang bertugas sudah terlalu lama tidak memberi kabar.",
        helps="Call it by radio and telephone; ask a neighbouring post; if nobody answers, send somebody to look.",
        helps_id="Panggil lewat radio dan telepon; tanyakan ke pos tetangga; bila tetap diam, cek ke lokasi.",
        subject="The unit.",
        numbers={
            "allowed_minutes": "without a word",
            "heads": "on duty by the assignments that last",
        },
        holds="Cleared by a report whose own time is recent enough, or when no duty of the unit lasts; another duty's "
        "begin does not clear it.",
    ),
    Watched(
        rule="left_post",
        service="deployment",
        level="polres",
        says="The unit left its post during its duty without consent.",
        says_id="Satuan meninggalkan pos selama bertugas tanpa izin.",
        helps="Call the unit's commander; order it back or send relief, and enter the consent if there was one.",
        helps_id="Hubungi komandan satuan; perintahkan kembali atau kirim pengganti; catat izinnya bila ada.",
        subject="The unit, and the post behind #.",
        numbers={
            "missing_heads": "that the assignment has at the post",
            "remaining_minutes": "of the duty when it left",
        },
        holds="Cleared when the unit is back or relieved, consent is told, or the duty ends or is cancelled.",
    ),
    Watched(
        rule="off_post",
        service="deployment",
        level="polsek",
        says="The unit is said to be at its post, but its last fix is far from there.",
        says_id="Satuan dilaporkan berada di pos, tetapi posisi terakhirnya jauh dari sana.",
        helps="Ask the unit where it is; if it was sent elsewhere, enter the order; if not, send it back.",
        helps_id="Tanyakan posisi satuan; bila dialihkan, catat perintahnya; bila tidak, perintahkan kembali ke pos.",
        subject="The unit.",
        numbers={
            "distance_metres": "from the middle of the post's village",
            "accuracy_metres": "of the fix",
            "allowed_metres": "beside the accuracy",
        },
        holds="Raised beyond 2,000 m, cleared within 1,500 m (unless set otherwise), or when a later word says where "
        "the unit is, or the duty ends.",
    ),
    Watched(
        rule="spot_unpatrolled",
        service="deployment",
        level="polsek",
        says="No patrol has visited this vulnerable village for too long though patrols are due in its district.",
        says_id="Desa rawan ini terlalu lama tidak didatangi patroli, padahal ada patroli bertugas di kecamatannya.",
        helps="Send the district's patrol there next; if it was there, ask for its report.",
        helps_id="Arahkan patroli kecamatan ke sana; bila sudah didatangi, minta laporannya.",
        subject="The village's code.",
        numbers={
            "allowed_minutes": "without a visit while patrols are due",
            "patrols_count": "due in the district",
        },
        holds="Cleared by a visit, or when no patrol is due in the district.",
    ),
    Watched(
        rule="crossing_not_begun",
        service="deployment",
        level="polres",
        says="The unit has a duty on an island and is not known to be at sea, though it should be.",
        says_id="Satuan bertugas di pulau, tetapi belum diketahui menyeberang padahal sudah waktunya.",
        helps="Ask Polairud for the boat and the tide; if it sails later, tell the post and have those there stay.",
        helps_id="Tanyakan kapal dan pasang surut ke Polairud; bila berangkat terlambat, kabari pos dan tahan "
        "petugas di sana.",
        subject="The unit, and the assignment behind #.",
        numbers={
            "lead_minutes": "before the begin of the duty by which it should be at sea",
            "expected_heads": "that the assignment sends there",
        },
        holds="Cleared when the unit is at sea or known to be there, or the duty ends or is cancelled.",
    ),
)
