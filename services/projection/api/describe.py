"""What OpenAPI says beyond the models: an example of every answer, and the headers that answers have.

The examples are answers over the golden logs (schemas/golden), in examples.json; a test asks for each of them again.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import FastAPI

from services.kit.http import PROBLEM, PROBLEM_JSON
from services.projection.api.position import HEADER

_TEXT = {"type": "string"}
_SECONDS = {"description": "Seconds.", "schema": _TEXT}
_HEADERS: dict[str, Any] = {
    HEADER: {"description": "How far the logs were read for this answer.", "schema": _TEXT},
    "ETag": {"description": "Stands for the body; send it back in `If-None-Match`.", "schema": _TEXT},
}
_OF_PROBLEMS: dict[str, Any] = {
    "401": {"WWW-Authenticate": {"schema": _TEXT}},
    "503": {"Retry-After": _SECONDS},
    "504": {"Retry-After": _SECONDS},
}


class Described(FastAPI):
    """FastAPI whose OpenAPI has these."""

    def openapi(self) -> dict[str, Any]:
        """The contract; made once."""
        if not self.openapi_schema:
            document = super().openapi()
            components = document["components"]
            components["schemas"]["Problem"] = PROBLEM
            components["headers"] = _HEADERS
            components["responses"] = {}
            for path, operations in document["paths"].items():
                operations["get"]["responses"] = {
                    status: _answer(path, answer) if status in ("200", "304") else _problem(status, answer, components)
                    for status, answer in operations["get"]["responses"].items()
                }
        assert self.openapi_schema is not None
        return self.openapi_schema


def _answer(path: str, answer: dict[str, Any]) -> dict[str, Any]:
    known = examples()["answers"].get(path, {})
    for media, content in answer.get("content", {}).items():
        content.update(known.get(media, {}))
    return answer | {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}}


def _problem(status: str, answer: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": examples()["problems"].get(status)}
    components["responses"][status] = {
        "description": answer["description"],
        "headers": _OF_PROBLEMS.get(status, {}),
        "content": {PROBLEM_JSON: content},
    }
    return {"$ref": f"#/components/responses/{status}"}


@cache
def examples() -> dict[str, Any]:
    """Of answers by path and media type, and of problems by status."""
    return json.loads(files("services.projection.api").joinpath("examples.json").read_text("utf-8"))  # type: ignore[no-any-return]
