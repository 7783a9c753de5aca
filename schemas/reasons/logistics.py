"""Reasons for which the logistics service refuses orders."""

from schemas.reasons.reason import Reason

PLAN, RETURN = "kalimaya.shipment.plan", "kalimaya.shipment.plan_return"
SEAL, ESCORT = "kalimaya.package.seal", "kalimaya.leg.assign_escort"

REASONS: dict[str, Reason] = {
    "shipment_exists": Reason(
        en="A shipment with this id is planned already.",
        id="Pengiriman dengan id ini sudah direncanakan.",
        do_en="Give the new shipment an id of its own.",
        do_id="Beri pengiriman baru id tersendiri.",
        of=(PLAN,),
    ),
    "shipment_unknown": Reason(
        en="No shipment with this id is planned.",
        id="Belum ada pengiriman yang direncanakan dengan id ini.",
        do_en="Check the id, or plan the shipment first.",
        do_id="Periksa id-nya, atau rencanakan pengirimannya lebih dahulu.",
        of=(SEAL, ESCORT, RETURN),
    ),
    "duplicate_package": Reason(
        en="The manifest lists a package more than once.",
        id="Daftar barang memuat koli yang sama lebih dari sekali.",
        do_en="List each package once, with all its pieces.",
        do_id="Cantumkan setiap koli satu kali saja, dengan seluruh isinya.",
        of=(PLAN,),
    ),
    "tps_outside_village": Reason(
        en="A package is for a polling station that is not in the shipment's village.",
        id="Ada koli untuk TPS di luar desa tujuan pengiriman.",
        do_en="Take the packages named off this manifest and plan them for their own village.",
        do_id="Keluarkan koli yang disebut dari daftar ini dan rencanakan untuk desanya sendiri.",
        of=(PLAN,),
    ),
    "duplicate_leg": Reason(
        en="A leg has the id of another leg of this shipment, on the same way or on the way out.",
        id="Id ruas sama dengan ruas lain pengiriman ini, pada rute yang sama atau pada rute berangkat.",
        do_en="Give each leg named an id of its own.",
        do_id="Beri setiap ruas yang disebut id tersendiri.",
        of=(PLAN, RETURN),
    ),
    "leg_window_empty": Reason(
        en="A leg would have to arrive before it has departed.",
        id="Batas waktu tiba suatu ruas tidak sesudah batas waktu berangkatnya.",
        do_en="Correct the times by which the leg named must depart and arrive.",
        do_id="Perbaiki batas waktu berangkat dan tiba ruas yang disebut.",
        of=(PLAN, RETURN),
    ),
    "tide_not_at_sea": Reason(
        en="A leg that does not go by sea has a tide window.",
        id="Ruas yang bukan lewat laut diberi waktu pasang.",
        do_en="Take the tide window off the leg named, or correct how it goes.",
        do_id="Hapus waktu pasang dari ruas yang disebut, atau perbaiki moda angkutannya.",
        of=(PLAN, RETURN),
    ),
    "tide_window_incomplete": Reason(
        en="A tide window has only one of its ends.",
        id="Waktu pasang hanya disebut awalnya atau akhirnya saja.",
        do_en="Give the start and the end of the tide window, or neither.",
        do_id="Sebutkan awal dan akhir waktu pasang, atau kosongkan keduanya.",
        of=(PLAN, RETURN),
    ),
    "tide_window_empty": Reason(
        en="A tide window ends before it starts.",
        id="Waktu pasang berakhir tidak sesudah mulainya.",
        do_en="Correct the tide window of the leg named by the tide table.",
        do_id="Perbaiki waktu pasang ruas yang disebut menurut tabel pasang surut.",
        of=(PLAN, RETURN),
    ),
    "tide_too_late": Reason(
        en="The boat would have to leave before the tide lets it.",
        id="Kapal harus berangkat sebelum air pasang memungkinkan.",
        do_en="Move the time by which the leg named must depart into its tide window.",
        do_id="Geser batas waktu berangkat ruas yang disebut ke dalam waktu pasangnya.",
        of=(PLAN, RETURN),
    ),
    "package_unknown": Reason(
        en="The package is not on the manifest of this shipment.",
        id="Koli ini tidak ada dalam daftar barang pengiriman.",
        do_en="Check the ids of package and shipment against the waybill.",
        do_id="Cocokkan id koli dan pengiriman dengan surat jalan.",
        of=(SEAL,),
    ),
    "seal_reused": Reason(
        en="A seal number is on a package of this shipment already, or stands twice in the order.",
        id="Nomor segel sudah dipakai dalam pengiriman ini, atau disebut dua kali dalam perintah.",
        do_en="Read the number off the seal again; if it is right, put on a new seal and report the doubled one.",
        do_id="Baca ulang nomor segel; bila memang sama, pasang segel baru dan laporkan segel yang ganda.",
        of=(SEAL,),
    ),
    "leg_unknown": Reason(
        en="The shipment has no such leg, neither on its way out nor on its way back.",
        id="Pengiriman ini tidak memiliki ruas tersebut, baik berangkat maupun pulang.",
        do_en="Check the leg's id against the plan; plan the way back before you give it an escort.",
        do_id="Cocokkan id ruas dengan rencana; rencanakan rute pulang sebelum menugaskan pengawalnya.",
        of=(ESCORT,),
    ),
}
