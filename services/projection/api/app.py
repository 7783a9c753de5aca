"""The API of the picture: every endpoint, every error as a problem document, OpenAPI at /docs."""

from fastapi import FastAPI

from services.kit import http
from services.projection.api import (
    alerts,
    contingents,
    engagements,
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
    units,
    unreadable,
    villages,
    warnings,
)
from services.projection.api.reading import PROBLEMS, Reading

DESCRIPTION = """The operational picture, folded from the event logs. Every answer says in `Kalimaya-Position` how far
the logs were read for it; `min_position` waits for what you know to be written. Unknown and stale are never ok."""


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
        sitrep,
        readiness,
        incidents,
        warnings,
        engagements,
        alerts,
        messages,
        unreadable,
        status,
        exports,
        picture_file,
        labels,
    ):
        app.include_router(each.router)
    return app
