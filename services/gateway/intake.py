"""Judges what came in: the CloudEvents envelope, the type and version, the data, and the sender's authority.

Pure: it is told who sends and what time it is. Its result is what goes into an inbox.
"""

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import rfc8785
from pydantic import TypeAdapter, ValidationError

from schemas.areas import areas_of
from schemas.catalogue import CATALOGUE, Definition, definition, is_known_type
from schemas.envelope import InboxMessage, encode
from services.gateway.binding import bad, is_json, is_media_type
from services.kit.http import Problem
from services.kit.ledger.record import Stamp
from services.kit.principals import Principal

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    entry.dataschema: TypeAdapter(entry.cls) for entry in CATALOGUE.values() if entry.kind in ("order", "report")
}
_NAME = re.compile(r"[a-z0-9]{1,20}")
_SOURCE = re.compile(r"[^\s\x00-\x1f\x7f<>\"{}|\\^`]+")
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:{_SOURCE.pattern}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST = {"id": 128, "source": 1024, "type": 256, "subject": 256, "dataschema": 256}
_CARRIED = ("correlationid", "traceparent")
_TEXTS = ("id", "source", "type", "subject", "time", "dataschema", "datacontenttype", *_CARRIED)
DIGESTED = ("id", "type", "subject", "time", "dataschema", "data")
"""What, with the derived source, makes the content of a message; the rest is the transport's."""

LARGEST = 900_000
"""Bytes of a message in its inbox: that record, and the one that answers it, must each fit into a batch."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What this gateway takes in beside what the contract says.

    `held_back`: versions (dataschema) that are known here but not taken in yet, since not everybody reads them.
    `by_source`: for whom a scenario's player may speak.
    """

    held_back: frozenset[str] = frozenset()
    by_source: Mapping[str, Principal] = field(default_factory=dict)


ORDINARY = Terms()


@dataclass(frozen=True, slots=True)
class Taken:
    """A message ready for its inbox; `value` is the message as it stands there."""

    service: str
    message: InboxMessage
    stamp: Stamp
    value: bytes


def judge(event: Any, sender: Principal, now: datetime, terms: Terms = ORDINARY) -> Taken:
    """Judge one CloudEvent in its JSON form. Raises Problem: 400 for the envelope, 413 or 422 for type or data."""
    attributes = _envelope(event)
    speaker, recorded = _on_behalf(attributes, terms, now) if sender.player else (sender, now)
    entry = _definition(attributes["type"], attributes.get("dataschema"), terms.held_back)
    data = _data(entry, attributes)
    key = entry.partition_key(data)
    content = {"source": speaker.source} | {name: attributes[name] for name in DIGESTED if name in attributes}
    message = InboxMessage(
        specversion="1.0",
        id=attributes["id"],
        source=speaker.source,
        type=entry.type,
        partitionkey=key,
        dataschema=entry.dataschema,
        time=_instant("time", attributes["time"]) if "time" in attributes else recorded,
        recordedtime=recorded,
        data=msgspec.Raw(encode(data)),
        subject=attributes.get("subject"),
        correlationid=attributes.get("correlationid"),
        traceparent=attributes.get("traceparent"),
    )
    value = encode(message)
    if len(value) > LARGEST:
        raise Problem(413, "message-too-large", "Too large a message", f"it takes more than {LARGEST} bytes in the log")
    stamp = Stamp(speaker.may(entry.type, key, areas_of(data)), sha256(rfc8785.dumps(content)).digest())
    return Taken(entry.service, message, stamp, value)


def _on_behalf(attributes: Mapping[str, Any], terms: Terms, now: datetime) -> tuple[Principal, datetime]:
    """For whom a scenario's player speaks, and when the operation took that in."""
    speaker = terms.by_source.get(attributes["source"])
    if speaker is None:
        bad("source", "must be that of the principal for whom the scenario speaks, e.g. /agencies/polres-serang")
    if "recordedtime" not in attributes:
        return speaker, now
    _text("recordedtime", attributes["recordedtime"])
    recorded = _instant("recordedtime", attributes["recordedtime"])
    if recorded.year == MAXYEAR:
        bad("recordedtime", "must leave room for what comes later")
    return speaker, recorded


def _envelope(event: Any) -> dict[str, Any]:
    """The attributes and data of a CloudEvent 1.0; null means absent."""
    if not isinstance(event, dict):
        bad("(message)", "a CloudEvent is a JSON object")
    found = {name: value for name, value in event.items() if value is not None or name == "data"}
    for name, value in found.items():
        if name not in ("data", "data_base64"):
            _attribute(name, value)
    if found.get("specversion") != "1.0":
        bad("specversion", 'must be "1.0"')
    for name in ("id", "source", "type"):
        if name not in found:
            bad(name, "is missing")
    for name in _TEXTS:
        if name in found:
            _text(name, found[name])
    _forms(found)
    return found


def _forms(found: dict[str, Any]) -> None:
    """What an attribute's own type asks for."""
    if not _SOURCE.fullmatch(found["source"]):
        bad("source", "must be a URI-reference")
    if "dataschema" in found and not _URI.fullmatch(found["dataschema"]):
        bad("dataschema", "must be a URI, e.g. urn:kalimaya:schema:unit.sighted:1")
    if "datacontenttype" in found and not is_media_type(found["datacontenttype"]):
        bad("datacontenttype", "must be a media type, e.g. application/json")
    if "time" in found:
        _instant("time", found["time"])
    if "data_base64" in found:
        _base64(found)


def _attribute(name: str, value: Any) -> None:
    if not _NAME.fullmatch(name):
        bad(name[:40], "attribute names are 1 to 20 lower-case letters and digits")
    if isinstance(value, float | dict | list) or (isinstance(value, int) and not -(2**31) <= value < 2**31):
        bad(name, "an attribute is a string, a boolean or an integer of 32 bits")


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value:
        bad(name, "must be a string with something in it")
    if len(value) > _LONGEST.get(name, 256):
        bad(name, f"is longer than {_LONGEST.get(name, 256)} characters")
    if _CONTROL.search(value):
        bad(name, "holds control characters")


def _base64(found: dict[str, Any]) -> None:
    if "data" in found:
        bad("data_base64", "stands beside data")
    try:
        binascii.a2b_base64(found["data_base64"], strict_mode=True)
    except (TypeError, ValueError):
        bad("data_base64", "must be a string in Base64")


def _instant(name: str, text: str) -> datetime:
    try:
        instant = msgspec.convert(text, datetime)
        if instant.tzinfo is None:
            bad(name, "needs its offset from UTC, e.g. 2019-11-03T07:00:00+07:00")
        return instant.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        bad(name, "must be an RFC 3339 instant, e.g. 2019-11-03T07:00:00+07:00")


def _definition(type_: str, dataschema: str | None, held_back: frozenset[str]) -> Definition:
    first = CATALOGUE.get((type_, 1))
    if first is None or not is_known_type(type_) or first.kind not in ("order", "report"):
        detail = f"{type_} is not a message that can be sent; /openapi.json lists those that can"
        raise Problem(422, "unknown-type", "No such message", detail)
    found = definition(type_, dataschema)
    if found is None or found.dataschema in held_back:
        known = sorted({entry.dataschema for entry in CATALOGUE.values() if entry.type == type_} - held_back)
        raise Problem(
            422, "unknown-version", "No such version", f"{dataschema or 'version 1'} is not known", known=known
        )
    return found


def _data(entry: Definition, attributes: dict[str, Any]) -> Any:
    if "data" not in attributes:
        raise Problem(422, "invalid-data", "The data is missing", f"{entry.type} carries its data as JSON in `data`")
    if not is_json(attributes.get("datacontenttype", "application/json")):
        bad("datacontenttype", "data is taken as JSON only")
    try:
        return _ADAPTERS[entry.dataschema].validate_json(msgspec.json.encode(attributes["data"]))
    except ValidationError as error:
        errors = [
            {"loc": ["data", *map(str, each["loc"])], "msg": each["msg"]}
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        detail = "; ".join(f"{'.'.join(each['loc'])}: {each['msg']}" for each in errors[:5])
        raise Problem(422, "invalid-data", "The data does not fit its schema", detail, errors=errors) from error
