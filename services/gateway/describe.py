"""What OpenAPI says of the gateway: every message that can be sent, every answer, every problem, each with an example.

The examples of answers are in examples.json; a test asks for each of them again.
"""

import json
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from schemas.catalogue import CATALOGUE, Definition
from services.gateway.binding import BATCH, STRUCTURED
from services.kit.http import PROBLEM, PROBLEM_JSON

SUMMARY = "Publish one message, or a batch"
DESCRIPTION = (
    "The way in for agencies and operators: CloudEvents 1.0 as JSON, one (`application/cloudevents+json`) or many "
    "(`application/cloudevents-batch+json`), or one in binary mode: the attributes in headers `ce-<name>`, the data in "
    "the body as `application/json`. `source` is derived from the token. An answer 202 means that Kafka has the "
    "message on all in-sync replicas; with `Prefer: wait=N` the answer is the outcome, if known within N seconds. "
    "Sending the same id with the same content again is always safe. A batch is answered 200 with `results` in its "
    "order, each with the `status` and the document that it would have had alone; `Retry-After` is the batch's."
)

PROBLEMS: dict[int, tuple[str, tuple[str, ...]]] = {
    400: (
        "Not JSON that everybody reads the same way, or not a CloudEvent. Nothing was taken in.",
        ("invalid-json", "invalid-envelope"),
    ),
    401: ("No token, or an unknown one. Nothing was taken in.", ("unauthenticated",)),
    409: (
        "The outcome is in the log: refused (an order that clashes) or conflicting (same id, other content).",
        ("message-refused", "message-conflicting"),
    ),
    413: (
        "The body, the batch or the message is too large. Nothing was taken in.",
        ("body-too-large", "batch-too-large", "message-too-large"),
    ),
    415: ("Not a content type of CloudEvents. Nothing was taken in.", ("unsupported-media-type",)),
    422: (
        "Unknown type or version, or data that does not fit: nothing was taken in. With `outcome`, the message was "
        "rejected, and that is in the log.",
        ("unknown-type", "unknown-version", "invalid-data", "message-rejected"),
    ),
    500: ("We failed. Send the same message again.", ("internal-error",)),
    503: (
        "Kafka did not acknowledge, or there is too much at once. Send the same message again after `Retry-After`.",
        ("kafka-unavailable", "overloaded"),
    ),
}
"""By status: what it means, and the problems that it comes with (the last part of their `type`)."""

_TEXT = {"type": "string"}
_HEADERS: dict[str, Any] = {
    "Location": {"description": "Where the outcome is told.", "schema": {"type": "string", "format": "uri"}},
    "Kalimaya-Position": {"description": "Where the message stands: inbox, partition, offset.", "schema": _TEXT},
}
_EXTRA_HEADERS: dict[int, dict[str, Any]] = {
    200: _HEADERS
    | {
        "Preference-Applied": {"schema": _TEXT},
        "Retry-After": {"description": "Seconds; of a batch of which a message is to be sent again.", "schema": _TEXT},
    },
    202: _HEADERS,
    401: {"WWW-Authenticate": {"schema": _TEXT}},
    409: _HEADERS | {"Preference-Applied": {"schema": _TEXT}},
    422: _HEADERS | {"Preference-Applied": {"schema": _TEXT}},
    503: {"Retry-After": {"description": "Seconds.", "schema": _TEXT}},
}
_TOLD: dict[str, Any] = {
    "type": "object",
    "required": ["id", "source", "position", "outcome"],
    "properties": {
        "id": _TEXT,
        "source": _TEXT,
        "position": {"type": "string", "examples": ["deployment.inbox/3@17"]},
        "outcome": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Outcome"}]},
    },
}
_OUTCOME: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "events"],
    "properties": {
        "kind": {"enum": ["accepted", "refused", "rejected", "repeated", "conflicting"]},
        "events": {"type": "array", "minItems": 1, "items": {"type": "object"}, "description": "As in the log."},
        "first": {
            "description": "Of a repeated or conflicting message: the first one's outcome, if it could be read.",
            "oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Outcome"}],
        },
    },
}
_RESULTS: dict[str, Any] = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "items": {"type": "object", "required": ["status"], "properties": {"status": {"type": "integer"}}},
        }
    },
}
_PROBLEM: dict[str, Any] = PROBLEM | {
    "description": "RFC 9457. An outcome's problem also has what a 200 has.",
    "properties": PROBLEM["properties"]
    | {
        "reason": {"type": "string", "description": "Of an outcome: why, as a stable word."},
        "clashes": {"type": "array", "items": _TEXT, "description": "Of a refused order: with what it clashes."},
        "advice": {
            "type": "object",
            "required": ["en", "id"],
            "properties": {"en": _TEXT, "id": _TEXT},
            "description": "Of an outcome: what `reason` means and what to do, in English and Indonesian.",
        },
        "attribute": {"type": "string", "description": "Of an envelope: the attribute that is wrong."},
    },
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 128},
        "source": {"type": "string", "minLength": 1, "description": "Replaced by what the token says."},
        "type": _TEXT,
        "time": {"type": "string", "format": "date-time", "description": "When it happened; if absent, now."},
        "subject": {"type": "string", "maxLength": 256},
        "dataschema": {"type": "string", "description": "Names the version; if absent, version 1."},
        "datacontenttype": {"type": "string", "examples": ["application/json"]},
        "correlationid": {"type": "string", "maxLength": 256},
        "traceparent": {"type": "string", "maxLength": 256},
    },
}


def _sendable() -> list[Definition]:
    return [entry for _, entry in sorted(CATALOGUE.items()) if entry.kind in ("order", "report")]


def _name(entry: Definition) -> str:
    """Name of a message's schema, e.g. `unit.sighted.1`."""
    return entry.dataschema.removeprefix("urn:kalimaya:schema:").replace(":", ".")


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    entries = _sendable()
    data, definitions = TypeAdapter.json_schemas(
        [(entry.dataschema, "validation", TypeAdapter(entry.cls)) for entry in entries],
        ref_template="#/components/schemas/{model}",
    )
    messages = {
        _name(entry): {
            "description": (entry.cls.__doc__ or "").strip(),
            "allOf": [_reference("CloudEvent")],
            "properties": {"type": {"const": entry.type}, "data": data[entry.dataschema, "validation"]},
        }
        for entry in entries
    }
    any_of_them = {"Message": {"oneOf": [_reference(name) for name in messages]}}
    told = {"Told": _TOLD, "Outcome": _OUTCOME, "Results": _RESULTS, "Problem": _PROBLEM}
    return {**definitions.get("$defs", {}), "CloudEvent": _EVENT, **messages, **any_of_them, **told}


class Described(FastAPI):
    """FastAPI whose OpenAPI holds the messages and who may send them."""

    def openapi(self) -> dict[str, Any]:
        """The contract; made once."""
        if not self.openapi_schema:
            document = super().openapi()
            components = document.setdefault("components", {})
            components["schemas"] = components.get("schemas", {}) | _schemas()
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            # Here and not beside the schemas: FastAPI leaves out what is null, in examples too.
            examples = json.loads(files("services.gateway").joinpath("examples.json").read_text("utf-8"))
            for status, answer in document["paths"]["/v1/messages"]["post"]["responses"].items():
                for content in answer["content"].values():
                    content["examples"] = {name: {"value": each} for name, each in examples[status].items()}
        assert self.openapi_schema is not None
        return self.openapi_schema


def _answers() -> dict[int | str, dict[str, Any]]:
    plain = "application/json"
    answers: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "The outcome: accepted, or repeated with the first outcome. Of a batch: all answers.",
            "content": {plain: {"schema": {"oneOf": [_reference("Told"), _reference("Results")]}}},
        },
        202: {
            "description": "Taken in for certain; `Location` tells the outcome once it is decided.",
            "content": {plain: {"schema": _reference("Told")}},
        },
    }
    for status, (description, slugs) in PROBLEMS.items():
        types = {"properties": {"type": {"enum": [f"urn:kalimaya:problem:{slug}" for slug in slugs]}}}
        schema = {"allOf": [_reference("Problem"), types]}
        answers[status] = {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}
    for status, headers in _EXTRA_HEADERS.items():
        answers[status]["headers"] = headers
    return answers


_DATA = {"type": "object", "description": "With `ce-` headers: the data alone."}
_BODY = {
    STRUCTURED[0]: {"schema": _reference("Message")},
    STRUCTURED[1]: {"schema": {"anyOf": [_reference("Message"), _DATA]}},
    BATCH: {"schema": {"type": "array", "items": _reference("Message"), "maxItems": 1000}},
}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=N`: answer with the outcome if it is known within N seconds (RFC 7240).",
    "schema": _TEXT,
    "example": "wait=5",
}
_BINARY = [
    {
        "name": f"ce-{name}",
        "in": "header",
        "required": False,
        "description": f"Binary mode: the attribute `{name}`, percent-encoded; so for every other attribute.",
        "schema": _TEXT,
    }
    for name in ("specversion", "id", "source", "type", "time", "dataschema")
]
OPERATION: dict[str, Any] = {
    "summary": SUMMARY,
    "description": DESCRIPTION,
    "status_code": 202,
    "responses": _answers(),
    "tags": ["messages"],
    "openapi_extra": {
        "parameters": [_PREFER, *_BINARY],
        "requestBody": {"required": True, "content": _BODY},
        "security": [{"token": []}],
    },
}
"""The endpoint, as FastAPI's decorator takes it."""
