"""Reasons for which the deployment service refuses orders."""

from schemas.reasons.reason import Reason

_REGISTER, _ASSIGN = ("kalimaya.unit.register",), ("kalimaya.unit.assign",)
_CANCEL, _STAND_DOWN = ("kalimaya.unit.cancel_assignment",), ("kalimaya.unit.stand_down",)

REASONS = {
    "already_registered": Reason(
        en="The unit is registered already.",
        id="Satuan sudah terdaftar.",
        do_en="Use the unit as it is; if its strength has changed, stand it down and register it again.",
        do_id="Gunakan satuan itu; bila kekuatannya berubah, akhiri tugasnya lalu daftarkan kembali.",
        of=_REGISTER,
    ),
    "force_without_heads": Reason(
        en="The unit is said to be of a force of which it has no heads.",
        id="Satuan dinyatakan dari suatu unsur, tetapi kekuatannya tidak memuat personel unsur itu.",
        do_en="Correct the force, or the strength by force.",
        do_id="Perbaiki unsur satuan atau rincian kekuatannya.",
        of=_REGISTER,
    ),
    "unit_unknown": Reason(
        en="No unit of this id is registered.",
        id="Satuan dengan id ini belum terdaftar.",
        do_en="Check the id; register the unit first if it is new.",
        do_id="Periksa id-nya; daftarkan dahulu bila satuan itu baru.",
        of=(*_ASSIGN, *_CANCEL, *_STAND_DOWN),
    ),
    "unit_stood_down": Reason(
        en="The unit is released from the operation before this duty would be over.",
        id="Satuan sudah dilepas dari operasi sebelum tugas ini berakhir.",
        do_en="Give the duty to another unit, or register this one again.",
        do_id="Berikan tugas kepada satuan lain, atau daftarkan kembali satuan ini.",
        of=_ASSIGN,
    ),
    "target_malformed": Reason(
        en="The target is not what its kind says: a known post or district, a protectee's code, a shipment's id.",
        id="Sasaran tidak sesuai jenisnya: pos atau kecamatan yang dikenal, kode yang dilindungi, id pengiriman.",
        do_en="Correct the target or its kind; posts and protectees begin with their village's code.",
        do_id="Perbaiki sasaran atau jenisnya; kode pos dan yang dilindungi diawali kode desanya.",
        of=_ASSIGN,
    ),
    "duty_unfit": Reason(
        en="This duty cannot be for a target of this kind.",
        id="Tugas ini tidak dapat ditujukan kepada sasaran jenis itu.",
        do_en="Guards go to posts, patrols and reserves to areas or posts, escorts to shipments or protectees, close "
        "protection to protectees.",
        do_id="Pengamanan untuk pos, patroli dan cadangan untuk wilayah atau pos, pengawalan untuk pengiriman atau "
        "yang dilindungi, pam melekat untuk yang dilindungi.",
        of=_ASSIGN,
    ),
    "headcount_empty": Reason(
        en="The assignment binds nobody.",
        id="Penugasan tidak memuat satu pun personel.",
        do_en="Give at least one head of one force.",
        do_id="Isi sedikitnya satu personel dari satu unsur.",
        of=_ASSIGN,
    ),
    "order_reference_missing": Reason(
        en="Close protection rests on a written order, and none is named.",
        id="Pam melekat harus berdasarkan surat perintah, dan nomornya tidak dicantumkan.",
        do_en="Give the reference of the written order (sprin).",
        do_id="Cantumkan nomor surat perintah (sprin).",
        of=_ASSIGN,
    ),
    "assignment_exists": Reason(
        en="The unit has or had an assignment of this id; cancelled ones keep theirs.",
        id="Satuan sudah pernah mendapat penugasan dengan id ini; id penugasan yang dibatalkan tetap terpakai.",
        do_en="Send the order under a new assignment id.",
        do_id="Kirim perintah dengan id penugasan yang baru.",
        of=_ASSIGN,
    ),
    "neutrality": Reason(
        en="The unit would guard the poll of the very village whose candidate it protects.",
        id="Satuan akan mengamankan TPS di desa yang calonnya sedang dilindunginya.",
        do_en="Give one of the two duties to another unit, or cancel the assignment named first.",
        do_id="Berikan salah satu tugas kepada satuan lain, atau batalkan dahulu penugasan yang disebut.",
        of=_ASSIGN,
    ),
    "strength_exceeded": Reason(
        en="At some time in the window the unit would have to give more heads than it has.",
        id="Pada suatu saat dalam jangka waktu itu, personel yang ditugaskan melebihi kekuatan satuan.",
        do_en="Ask for fewer heads or another window, cancel an assignment named, or take another unit.",
        do_id="Kurangi personel, ubah waktunya, batalkan penugasan yang disebut, atau pilih satuan lain.",
        of=_ASSIGN,
    ),
    "assignment_unknown": Reason(
        en="The unit has no assignment of this id.",
        id="Satuan tidak mempunyai penugasan dengan id ini.",
        do_en="Check the unit and the id; the unit's page lists its assignments.",
        do_id="Periksa satuan dan id-nya; daftar penugasan ada pada data satuan.",
        of=_CANCEL,
    ),
    "already_cancelled": Reason(
        en="The assignment is cancelled already.",
        id="Penugasan sudah dibatalkan.",
        do_en="Nothing is left to do; a new duty needs a new assignment id.",
        do_id="Tidak perlu tindakan; tugas baru memerlukan id penugasan baru.",
        of=_CANCEL,
    ),
    "still_assigned": Reason(
        en="The unit has duties that reach beyond the time of its release.",
        id="Satuan masih mempunyai tugas sesudah waktu pelepasannya.",
        do_en="Cancel the assignments named, or release the unit after the last of them ends.",
        do_id="Batalkan penugasan yang disebut, atau lepas satuan sesudah tugas terakhirnya selesai.",
        of=_STAND_DOWN,
    ),
    "already_stood_down": Reason(
        en="The unit is stood down already.",
        id="Satuan sudah dilepas dari operasi.",
        do_en="Nothing is left to do; to change the time, register the unit again and stand it down anew.",
        do_id="Tidak perlu tindakan; untuk mengubah waktunya, daftarkan kembali lalu lepas lagi satuan itu.",
        of=_STAND_DOWN,
    ),
}
