"""The API of the picture: every endpoint, every error as a problem document, OpenAPI at /docs."""

from fastapi import Depends, FastAPI

from services.kit import http
from services.projection.api import (
    alerts,
    changes,
    contingents,
    engagements,
    events,
    exports,
    incidents,
    labels,
    messages,
    operation,
    picture,
    picture_file,
    posts,
    readiness,
    shipments,
    sitrep,
    status,
    tracks,
    units,
    unreadable,
    villages,
    warnings,
)
from services.projection.api.conditional import Conditional
from services.projection.api.describe import Described
from services.projection.api.feed import Feed
from services.projection.api.reading import PROBLEMS, Reading, admitted

DESCRIPTION = """The operational picture, folded from the event logs. Every answer says in `Kalimaya-Position` how far
the logs were read for it; `min_position` waits for what you know to be written. Unknown and stale are never ok.

Every request needs the token of an agency or an operator, the same as at the gateway. You are shown what you may see:
lists, sums and coverage are of that, and the rest is as if it were not there."""


def new_app(reading: Reading, feed: Feed | None = None) -> FastAPI:
    """The app over one read model. Streams of changes are fed as long as `feed` runs."""
    app = Described(
        title="Kalimaya picture",
        version="1",
        description=DESCRIPTION,
        responses=PROBLEMS,
        docs_url=None,
        redoc_url=None,
    )
    app.state.reading = reading
    app.state.feed = feed or Feed(reading)
    http.install(app)
    app.add_middleware(Conditional)
    for each in (
        picture,
        villages,
        operation,
        units,
        tracks,
        posts,
        contingents,
        shipments,
        sitrep,
        readiness,
        incidents,
        warnings,
        engagements,
        alerts,
        changes,
        events,
        messages,
        unreadable,
        status,
        exports,
        picture_file,
        labels,
    ):
        app.include_router(each.router, dependencies=[Depends(admitted)])
    return app
