"""The API of the picture: every endpoint, every error as a problem document, OpenAPI at /docs."""

from fastapi import Depends, FastAPI

from services.kit import http
from services.projection.api import (
    alerts,
    contingents,
    engagements,
    incidents,
    messages,
    operation,
    picture,
    posts,
    readiness,
    shipments,
    status,
    units,
    unreadable,
    villages,
    warnings,
)
from services.projection.api.reading import PROBLEMS, Reading, admitted

DESCRIPTION = """The operational picture, folded from the event logs. Every answer says in `Kalimaya-Position` how far
the logs were read for it; `min_position` waits for what you know to be written. Unknown and stale are never ok.

Every request needs the token of an agency or an operator, the same as at the gateway. You are shown what you may see:
lists, sums and coverage are of that, and the rest is as if it were not there."""


def new_app(reading: Reading) -> FastAPI:
    """The app over one read model."""
    app = FastAPI(
        title="Kalimaya picture",
        version="1",
        description=DESCRIPTION,
        responses=PROBLEMS,
        docs_url=None,
        redoc_url=None,
    )
    app.state.reading = reading
    http.install(app)
    for each in (
        picture,
        villages,
        operation,
        units,
        posts,
        contingents,
        shipments,
        readiness,
        incidents,
        warnings,
        engagements,
        alerts,
        messages,
        unreadable,
        status,
    ):
        app.include_router(each.router, dependencies=[Depends(admitted)])
    return app
