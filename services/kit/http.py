"""What every HTTP API of ours has: errors as problem documents (RFC 9457), and a page of its documentation."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"
PROBLEM: dict[str, Any] = {
    "description": "RFC 9457. The last part of `type` is a word that stays the same.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "description": "Of data or parameters: what is wrong where.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"loc": {"type": "array", "items": {"type": "string"}}, "msg": {"type": "string"}},
                "required": ["loc", "msg"],
            },
        },
    },
}
"""What OpenAPI says of a problem document."""
log = structlog.get_logger(__name__)


class Problem(Exception):
    """An answer that says what is wrong and what to do. `members` are added to the document."""

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.slug, self.headers = status, slug, dict(headers or {})
        self.document = {
            "type": f"urn:kalimaya:problem:{slug}",
            "title": title,
            "status": status,
            "detail": detail,
            **members,
        }

    def response(self) -> JSONResponse:
        """The document as an HTTP response."""
        return JSONResponse(self.document, self.status, self.headers, media_type=PROBLEM_JSON)


FAILED = Problem(500, "internal-error", "We failed on this request", "It is logged on our side.")


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document; an unexpected one is logged and shows nothing of the inside.

    Also serves /docs without fetching anything from outside: a posko may have no other network. Create the app with
    `docs_url=None`, which would load its page from a content network.
    """
    app.mount("/docs-assets", StaticFiles(packages=[("fastapi_offline", "static")]))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url="/docs-assets/swagger-ui-bundle.js",
            swagger_css_url="/docs-assets/swagger-ui.css",
            swagger_favicon_url="/docs-assets/favicon.png",
        )

    async def problem(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return error.response()

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        errors = [{"loc": [str(part) for part in each["loc"]], "msg": each["msg"]} for each in error.errors()]
        detail = "; ".join(f"{'.'.join(each['loc'])}: {each['msg']}" for each in errors)
        return Problem(422, "invalid-request", "The request is not valid", detail, errors=errors).response()

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        slug = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
        return Problem(error.status_code, slug, str(error.detail), str(error.detail), error.headers).response()

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request failed", path=request.url.path, exc_info=error)
        return FAILED.response()

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)
