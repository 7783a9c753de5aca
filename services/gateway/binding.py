"""How a CloudEvent travels: structured or binary, over HTTP or in a Kafka record, read into one form, its JSON form.

Whatever the way, the same message comes out the same, so that it has one identity and one digest. Pure.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NoReturn
from urllib.parse import unquote_to_bytes

from services.gateway import strict_json
from services.kit.http import Problem
from services.kit.ledger.record import ILLEGIBLE, Headers

STRUCTURED = ("application/cloudevents+json", "application/json")
BATCH = "application/cloudevents-batch+json"
Mode = Literal["structured", "binary", "batch"]

_CLOUDEVENTS = "application/cloudevents"
_JSON_TYPE = re.compile(r"[\w.+-]+/(json|[\w.+-]+\+json)(\s*;.*)?", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(\s*;.*)?")
_ESCAPED = re.compile(rb"\\(.)")


def bad(attribute: str, why: str) -> NoReturn:
    """Raise the Problem of an envelope."""
    raise Problem(400, "invalid-envelope", "This is not a CloudEvent", f"{attribute}: {why}", attribute=attribute)


def parse(body: bytes) -> Any:
    """JSON. Raises Problem."""
    try:
        return strict_json.parse(body)
    except strict_json.NotJson as error:
        raise Problem(400, "invalid-json", "This is not JSON", str(error)) from error


def is_media_type(content_type: str) -> bool:
    """Whether this is a media type at all (RFC 2046)."""
    return _MEDIA_TYPE.fullmatch(content_type) is not None


def is_json(content_type: str) -> bool:
    """Whether data of this media type is JSON."""
    return _JSON_TYPE.fullmatch(content_type) is not None


def mode_of_http(headers: Sequence[tuple[bytes, bytes]]) -> Mode:
    """How a request carries its message. Raises Problem 415.

    `application/json` without `ce-` headers is taken as structured, because many clients send no better.
    """
    kind = _content_type(headers).partition(";")[0].strip().lower()
    if kind == BATCH:
        return "batch"
    if kind == STRUCTURED[0]:
        return "structured"
    if not kind.startswith(_CLOUDEVENTS):
        if any(name.startswith(b"ce-") for name, _ in headers):
            return "binary"
        if kind in STRUCTURED:
            return "structured"
    raise Problem(415, "unsupported-media-type", "Send CloudEvents", f"use {STRUCTURED[0]} or {BATCH}")


def of_http(headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Any:
    """The event of a request in binary mode: attributes in headers `ce-<name>`, percent-encoded; data in the body."""
    attributes = ((name[3:].decode("latin-1"), value) for name, value in headers if name.startswith(b"ce-"))
    return _binary(_texts((name, _unescaped(value)) for name, value in attributes), _content_type(headers), body)


def of_record(headers: Headers, value: bytes | None) -> Any:
    """The event of a Kafka record. Raises Problem.

    Structured when `content-type` says so, and without any header, because kcat's users forget it; otherwise binary,
    with attributes in headers `ce_<name>`.
    """
    if headers and headers[0][0] == ILLEGIBLE:
        bad("headers", f"the name {headers[0][1]!r} is not UTF-8")
    content_type = next((_utf8(name, value or b"") for name, value in headers if name.lower() == "content-type"), "")
    attributes = [(name[3:], value) for name, value in headers if name.startswith("ce_") and value is not None]
    kind = content_type.partition(";")[0].strip().lower()
    if kind == STRUCTURED[0] or (not attributes and kind in ("", *STRUCTURED)):
        return parse(value or b"")
    if kind.startswith(_CLOUDEVENTS):
        bad("content-type", f"one event a record, as {STRUCTURED[0]}")
    return _binary(_texts(attributes), content_type, value or b"")


def _binary(attributes: dict[str, Any], content_type: str, body: bytes) -> dict[str, Any]:
    if content_type:
        if not is_json(content_type):
            bad("datacontenttype", "data is taken as JSON only: say so in the content type, application/json")
        attributes["datacontenttype"] = content_type
    return attributes | {"data": parse(body)} if body else attributes


def _texts(given: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given:
        if name in ("data", "data_base64", "datacontenttype"):
            bad(name, "is not said in a header of this name, but by body and content type")
        if name in found:
            bad(name[:40], "stands twice in the headers")
        found[name] = _utf8(name, value)
    return found


def _utf8(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        bad(name[:40], "is not UTF-8")


def _unescaped(value: bytes) -> bytes:
    """As the HTTP binding has it: quotes of older clients off, then percent-encoding off once."""
    if len(value) > 1 and value[:1] == value[-1:] == b'"':
        value = _ESCAPED.sub(rb"\1", value[1:-1])
    return unquote_to_bytes(value)


def _content_type(headers: Sequence[tuple[bytes, bytes]]) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == b"content-type"), "")
