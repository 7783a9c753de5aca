"""Judges what came in: the CloudEvents envelope, the type and version, the data, and the sender's authority.

Pure: it is told who sends and what time it is. Its result is what goes into an inbox.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NoReturn

import msgspec
import rfc8785
from pydantic import TypeAdapter, ValidationError

from schemas.catalogue import CATALOGUE, Definition, definition, is_known_type
from schemas.envelope import InboxMessage, encode
from services.gateway.credentials import Principal
from services.kit.http import Problem
from services.kit.ledger.record import Stamp

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    entry.dataschema: TypeAdapter(entry.cls) for entry in CATALOGUE.values() if entry.kind in ("order", "report")
}
_NAME = re.compile(r"[a-z0-9]{1,20}")
_SOURCE = re.compile(r"[^\s\x00-\x1f\x7f<>\"{}|\\^`]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_JSON_TYPE = re.compile(r"[\w.+-]+/(json|[\w.+-]+\+json)(\s*;.*)?", re.IGNORECASE)
_LONGEST = {"id": 128, "source": 1024, "type": 256, "subject": 256, "dataschema": 256}
_CARRIED = ("correlationid", "traceparent")
DIGESTED = ("id", "type", "subject", "time", "dataschema", "data")
"""What, with the derived source, makes the content of a message; the rest is the transport's."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message ready for its inbox."""

    service: str
    message: InboxMessage
    stamp: Stamp


def judge(event: Any, sender: Principal, now: datetime) -> Taken:
    """Judge one CloudEvent as parsed from JSON. Raises Problem: 400 for the envelope, 422 for type or data."""
    attributes = _envelope(event)
    entry = _definition(attributes["type"], attributes.get("dataschema"))
    data = _data(entry, attributes)
    key = entry.partition_key(data)
    content = {"source": sender.source} | {name: attributes[name] for name in DIGESTED if name in attributes}
    message = InboxMessage(
        specversion="1.0",
        id=attributes["id"],
        source=sender.source,
        type=entry.type,
        partitionkey=key,
        dataschema=entry.dataschema,
        time=_instant(attributes["time"]) if "time" in attributes else now,
        recordedtime=now,
        data=msgspec.Raw(encode(data)),
        subject=attributes.get("subject"),
        correlationid=attributes.get("correlationid"),
        traceparent=attributes.get("traceparent"),
    )
    digest = sha256(rfc8785.dumps(content)).digest()
    return Taken(entry.service, message, Stamp(sender.may(entry.type, key), digest))


def _bad(attribute: str, why: str) -> NoReturn:
    raise Problem(400, "invalid-envelope", "This is not a CloudEvent", f"{attribute}: {why}", attribute=attribute)


def _envelope(event: Any) -> dict[str, Any]:
    """The attributes and data of a CloudEvent 1.0; null means absent."""
    if not isinstance(event, dict):
        _bad("(message)", "a CloudEvent is a JSON object")
    found = {name: value for name, value in event.items() if value is not None or name == "data"}
    for name, value in found.items():
        if name not in ("data", "data_base64"):
            _attribute(name, value)
    if found.get("specversion") != "1.0":
        _bad("specversion", 'must be "1.0"')
    for name in ("id", "source", "type"):
        if name not in found:
            _bad(name, "is missing")
    for name in ("id", "source", "type", "subject", "time", "dataschema", "datacontenttype", *_CARRIED):
        if name in found:
            _text(name, found[name])
    if not _SOURCE.fullmatch(found["source"]):
        _bad("source", "must be a URI-reference")
    if "time" in found:
        _instant(found["time"])
    if "datacontenttype" in found and not _JSON_TYPE.fullmatch(found["datacontenttype"]) and "data" in found:
        _bad("datacontenttype", "data is taken as JSON only")
    if "data" in found and "data_base64" in found:
        _bad("data_base64", "stands beside data")
    return found


def _attribute(name: str, value: Any) -> None:
    if not _NAME.fullmatch(name):
        _bad(name[:40], "attribute names are 1 to 20 lower-case letters and digits")
    if isinstance(value, float | dict | list):
        _bad(name, "an attribute is a string, a boolean or an integer")


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value:
        _bad(name, "must be a string with something in it")
    if len(value) > _LONGEST.get(name, 256):
        _bad(name, f"is longer than {_LONGEST.get(name, 256)} characters")
    if _CONTROL.search(value):
        _bad(name, "holds control characters")


def _instant(text: str) -> datetime:
    try:
        instant = msgspec.convert(text, datetime)
        if instant.tzinfo is None:
            _bad("time", "needs its offset from UTC, e.g. 2019-11-03T07:00:00+07:00")
        return instant.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        _bad("time", "must be an RFC 3339 instant, e.g. 2019-11-03T07:00:00+07:00")


def _definition(type_: str, dataschema: str | None) -> Definition:
    first = CATALOGUE.get((type_, 1))
    if first is None or not is_known_type(type_) or first.kind not in ("order", "report"):
        detail = f"{type_} is not a message that can be sent; /openapi.json lists those that can"
        raise Problem(422, "unknown-type", "No such message", detail)
    found = definition(type_, dataschema)
    if found is None:
        known = sorted(entry.dataschema for entry in CATALOGUE.values() if entry.type == type_)
        raise Problem(422, "unknown-version", "No such version", f"{dataschema} is not known", known=known)
    return found


def _data(entry: Definition, attributes: dict[str, Any]) -> Any:
    if "data" not in attributes:
        raise Problem(422, "invalid-data", "The data is missing", f"{entry.type} carries its data as JSON in `data`")
    try:
        return _ADAPTERS[entry.dataschema].validate_json(msgspec.json.encode(attributes["data"]))
    except ValidationError as error:
        errors = [
            {"loc": ["data", *map(str, each["loc"])], "msg": each["msg"]}
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        detail = "; ".join(f"{'.'.join(each['loc'])}: {each['msg']}" for each in errors[:5])
        raise Problem(422, "invalid-data", "The data does not fit its schema", detail, errors=errors) from error
