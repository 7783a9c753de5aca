"""The picture: a row a village, and the sums by district, by police jurisdiction and of the operation."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from schemas.types import Jurisdiction
from services.projection.api.briefs import BRIEFED, Briefs, sorted_out
from services.projection.api.picture_alerts import alerts, naming
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_kept import Drawings
from services.projection.api.picture_rows import by_village, elsewhere, row, total
from services.projection.api.picture_turns import earliest, run_outs
from services.projection.api.picture_words import PictureAnswer, Sum, VillageRow
from services.projection.api.reading import Look, Snapshot
from services.projection.api.viewer import Viewer
from services.projection.api.words import DistrictFilter

router = APIRouter(tags=["picture"])


def judge(look: Snapshot, found: Briefs) -> Judge:
    """How this look is judged."""
    settings = look.reading.settings
    return Judge(
        look.now,
        presence=settings.stale_presence,
        shipment=settings.stale_shipment,
        incident=settings.stale_incident,
        readiness=settings.stale_readiness,
        polls_open=found.polls_open,
    )


JurisdictionOfPosts = Annotated[
    Jurisdiction | None, Query(description="Only villages of which this police force answers for the posts.")
]


@router.get("/v1/picture", response_model=PictureAnswer)
async def picture(
    look: Look, response: Response, district: DistrictFilter = None, jurisdiction: JurisdictionOfPosts = None
) -> Response:
    """A row for each village that votes, or of which anything is known, and their sums.

    Of the villages in your areas: the sums, too, are of what you may see.

    The sum of the operation includes what belongs to no village yet, unless a filter is given. An alert that names a
    district and no village of it is in the sums of that district and of the jurisdictions that have a village in it.
    """
    shown = await looked_at(look, district, jurisdiction)
    return Response(shown.as_json, media_type="application/json", headers=dict(response.headers))


async def looked_at(
    look: Look, district: DistrictFilter = None, jurisdiction: JurisdictionOfPosts = None
) -> PictureAnswer:
    """The picture by a look."""
    found = sorted_out(await look.briefs(BRIEFED, "(kind <> 'alert' OR status = 'standing')"), look.now)
    judged, kept = judge(look, found), look.reading.drawings
    if look.of_the_past:
        pause = look.reading.turns.in_pieces()
        for code, own in by_village(found).items():
            kept.row(code, own, judged).as_json  # noqa: B018 - it keeps it, too
            await pause()
    part = (district, jurisdiction, look.viewer.villages)
    drawing = kept.picture(part, found, judged, lambda: drawn(found, judged, district, jurisdiction, look.viewer, kept))
    return drawing.model_copy(update={"known_at": look.known_at, "provisional": look.provisional})


def drawn(
    found: Briefs,
    judge: Judge,
    district: str | None = None,
    jurisdiction: str | None = None,
    viewer: Viewer | None = None,
    kept: Drawings | None = None,
) -> PictureAnswer:
    """The picture of what is known, or of that part of it which lies in a district and under a jurisdiction.

    What somebody sees (`viewer`) tells of villages outside his areas, too, where a unit has been in both; these are not
    in his picture.
    """
    draw, add = (row, total) if kept is None else (kept.row, kept.total)
    rows = [
        each
        for code, own in by_village(found).items()
        if district is None or code.startswith(district)
        if viewer is None or viewer.sees_village(code)
        if (each := draw(code, own, judge)) and jurisdiction in (None, each.jurisdiction)
    ]
    areas = {each.district for each in rows}
    if jurisdiction is None:
        areas |= {code for each in found.alerts for code in each.areas.districts if district in (None, code)}
    if viewer is not None:
        areas = set(filter(viewer.sees_district, areas))

    def summed(several: Sequence[VillageRow], districts: Collection[str]) -> Sum:
        named = naming(found.alerts, {each.code for each in several}, districts)
        return add(several, alerts(named, judge.now))

    whole = district is None and jurisdiction is None
    everything = add(rows, alerts(found.alerts, judge.now), elsewhere(found)) if whole else None
    policed = sorted({each.jurisdiction for each in rows if each.jurisdiction is not None})
    under = {of: [each for each in rows if each.jurisdiction == of] for of in policed}
    return PictureAnswer(
        now=judge.now,
        changes_at=earliest([*(each.changes_at for each in rows), *_run_outs(found, judge)]),
        operation=everything or summed(rows, areas),
        districts={code: summed([each for each in rows if each.district == code], {code}) for code in sorted(areas)},
        jurisdictions={of: summed(several, {each.district for each in several}) for of, several in under.items()},
        villages=rows,
    )


def _run_outs(found: Briefs, judge: Judge) -> list[datetime]:
    """Of the alerts that name no village, too: the sums count them."""
    return [each for each in run_outs(found.alerts) if each > judge.now]
