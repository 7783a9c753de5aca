"""The logs as AsyncAPI 3: which topics there are, what stands in them, and how a record is read.

It speaks from two sides: a publisher, who writes to the topic of an agency, and a reader of the logs. What the
headers hold is laid out byte by byte in `STAMP` and `MARK`, which a contract test compares with golden records.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.catalogue import CATALOGUE, SERVICES, Definition
from schemas.envelope import InboxMessage, LogEvent
from schemas.export import examples
from schemas.export.json_schemas import body, name

Json = dict[str, Any]
Layout = tuple[tuple[str, int, str], ...]
PARTITIONS = 6
SENDABLE = ("order", "report")
_CLOUDEVENTS = "application/cloudevents+json"

STAMP: Layout = (
    ("format", 1, "Always 1."),
    ("authorised", 1, "1 if the source may send this type about this subject, 0 if not; then it will be rejected."),
    ("digest", 32, "SHA-256 of the message's content as it came in, canonical JSON (RFC 8785)."),
)
MARK: Layout = (
    ("format", 1, "Always 1."),
    ("at", 8, "The offset at which the record expects to land. At any other offset it is void."),
    ("cause", 8, "The inbox offset that it answers, signed; -1 for the genesis record."),
    ("i", 2, "Its place among the records of that cause, from 0."),
    ("n", 2, "How many records that cause has."),
    ("prev", 32, "Head of the hash chain before this record; zeros at the genesis record."),
    ("digest", 32, "The digest stamped on the inbox record; zeros at the genesis record."),
)
"""Name, bytes and meaning; integers are big-endian."""

READING = """\
Kalimaya keeps the operational picture of simultaneous village-head elections. Every message that comes in is put into
the inbox of one service, and gets exactly one outcome in that service's event log, for ever.

**A publisher** sends orders and reports over HTTP (see the OpenAPI document) or to the topic of its agency. What is
sent is a CloudEvent 1.0; `source` is derived from the credentials or the topic. Sending the same id with the same
content again is always safe.

**A reader** follows the event logs. A record counts only where it said it would land:

1. Read each partition from offset 0, without a transaction filter. A gap between offsets means that the log was
   damaged: stop.
2. Offset 0 is the genesis record. It names the log; keep the name, and stop if it ever is another.
3. A record is valid if the `at` of its header `mark` equals its offset, and skipped otherwise: it is what a writer
   wrote that had been overtaken. Dropping repeated ids is not enough.
4. A reader that keeps state also checks the chain: `prev` must equal the head after the valid record before. That
   head is SHA-256 over prev, at, cause, i, n, digest, length of the key (4 bytes), key and value. If it differs, fold
   once more from offset 0; if it still differs, skip the record and raise an alarm.
5. The n records of one cause are one answer: apply all of them or none.
6. A valid record of a type or version that you do not know: stop, and go on with a newer reader. A new version is
   read in one release and written in the next, so whoever keeps up never stops. Old versions are read for ever.
7. Facts about one thing are ordered by `time`, then source and id of the message (`causationid`): reports come late
   and out of order, and the state must not depend on that. Orders stand in the order of the log.

**Keys and partitions.** The key of a record is its aggregate, e.g. `unit/polres-serang-007`; its partition is the
CRC-32 (IEEE) of the key's UTF-8 bytes modulo the number of partitions, whatever client wrote it. The inbox and the
log of a service have equally many partitions, and what is in inbox partition p is answered in log partition p.
"""

_SHARED = {
    "specversion": "Version of CloudEvents.",
    "type": "What kind of message this is.",
    "dataschema": "Which version of it: `urn:kalimaya:schema:<type>:<version>`.",
    "subject": "The aggregate, e.g. `unit/polres-serang-007`.",
    "time": "When it happened, as the source saw it.",
    "recordedtime": "When the gateway took it in.",
    "correlationid": "Joins messages that belong together; carried through as it came.",
    "traceparent": "W3C trace context; carried through as it came.",
    "data": "What is said, by the schema that `dataschema` names.",
}
_IN_INBOX = _SHARED | {
    "id": "Given by the source; (source, id) is the identity of a message.",
    "source": "Who said it: `/agencies/<id>`, `/operators/<id>` or `/services/<id>`.",
    "partitionkey": "The aggregate that it concerns, e.g. `unit/polres-serang-007`; also the record's key.",
    "subject": "As the source gave it; nothing depends on it.",
}
_IN_LOG = _SHARED | {
    "id": "The place in the log: `<topic>/<partition>/<cause>/<index>`.",
    "source": "The service that decided, e.g. `/services/deployment`.",
    "knowntime": "From when the fact could be known; never decreases within a partition.",
    "causationid": "The message that this answers: `<source>#<id>`.",
}
_AS_SENT = {each: _IN_INBOX[each] for each in _IN_INBOX if each not in ("partitionkey", "recordedtime")} | {
    "source": "Any URI-reference; replaced by what credentials or topic say.",
    "dataschema": "Which version of the message; version 1 if absent.",
    "time": "When it happened, as the source saw it; when it is taken in, if absent.",
    "datacontenttype": "`application/json`, if given.",
}


def document() -> Json:
    """The whole AsyncAPI document."""
    schemas: Json = {
        "Sent": _sent(),
        "InboxMessage": _envelope(InboxMessage, _IN_INBOX),
        "LogEvent": _envelope(LogEvent, _IN_LOG),
        "Genesis": _GENESIS,
        "Stamp": _header("stamp", STAMP),
        "Mark": _header("mark", MARK),
    }
    for entry in _sorted("order", "report", "policy", "event", "outcome"):
        data = body(entry, "#/components/schemas/{model}")
        schemas |= data.pop("$defs", {})
        schemas[name(entry)] = data
    channels = {"agency": _AGENCY} | {channel["address"]: channel for channel in _logs()} | {"unreadable": _UNREADABLE}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:kalimaya",
        "info": {"title": "Kalimaya", "version": "1", "description": READING},
        "defaultContentType": _CLOUDEVENTS,
        "channels": channels,
        "operations": _operations(),
        "components": {"schemas": schemas, "messages": _messages()},
    }


def _sorted(*kinds: str, service: str | None = None) -> list[Definition]:
    """The versions of these kinds, by type and number; outcomes stand in every service's log."""
    entries = (entry for _, entry in sorted(CATALOGUE.items()) if entry.kind in kinds)
    return [entry for entry in entries if service is None or entry.service in (service, "")]


# The pieces.


def _envelope(struct: type[msgspec.Struct], meanings: dict[str, str]) -> Json:
    """The schema of an envelope that we write, with the meaning of each attribute. Raises KeyError for one without."""
    _, found = msgspec.json.schema_components((struct,), ref_template="{name}")
    schema: Json = found[struct.__name__]
    for attribute, described in schema["properties"].items():
        described["description"] = meanings[attribute]
    return {"type": "object", "properties": schema["properties"], "required": schema["required"]}


def _sent() -> Json:
    text: Json = {"type": "string", "minLength": 1}
    properties = {attribute: text | {"description": meaning} for attribute, meaning in _AS_SENT.items()}
    properties["time"] |= {"format": "date-time"}
    properties["data"] = {"type": "object", "description": _AS_SENT["data"]}
    return {
        "type": "object",
        "description": "A CloudEvent 1.0; other extension attributes are taken and not carried on.",
        "properties": properties,
        "required": ["specversion", "id", "source", "type", "data"],
    }


def _header(header: str, layout: Layout) -> Json:
    """The one header of our own, byte by byte; `x-layout` for programs."""
    size = sum(length for _, length, _ in layout)
    rows = "\n".join(f"| {field} | {length} | {meaning} |" for field, length, meaning in layout)
    description = f"{size} bytes, integers big-endian:\n\n| field | bytes | meaning |\n|---|---|---|\n{rows}"
    binary = {
        "type": "string",
        "format": "binary",
        "description": description,
        "x-layout": [{"field": field, "bytes": length} for field, length, _ in layout],
    }
    return {"type": "object", "required": [header], "properties": {header: binary}}


def _message(entry: Definition, envelope: str, example: Json | None) -> Json:
    """A version of a message in one of its envelopes: `Sent`, `InboxMessage` or `LogEvent`."""
    said: Json = {"type": {"const": entry.type}, "data": {"$ref": f"#/components/schemas/{name(entry)}"}}
    said["dataschema"] = {"const": entry.dataschema}
    by_name = {"required": ["dataschema"]} if entry.version > 1 else {}
    header = {"InboxMessage": "Stamp", "LogEvent": "Mark"}.get(envelope)
    message: Json = {
        "name": entry.type,
        "title": f"{entry.type}, version {entry.version}",
        "summary": _docs(entry).partition("\n")[0],
        "description": _docs(entry),
        "contentType": _CLOUDEVENTS,
        "tags": [{"name": entry.kind}],
        "payload": {
            "allOf": [{"$ref": f"#/components/schemas/{envelope}"}, {"type": "object", "properties": said, **by_name}]
        },
    }
    if header:
        message["headers"] = {"$ref": f"#/components/schemas/{header}"}
        message["bindings"] = _key(f"^{entry.aggregate}/" if entry.aggregate else "^[a-z-]+(/|$)")
    if example:
        message["examples"] = [{"name": "golden", "payload": example}]
    return message


def _docs(entry: Definition) -> str:
    return (entry.cls.__doc__ or "").strip()


def _key(pattern: str) -> Json:
    return {"kafka": {"key": {"type": "string", "pattern": pattern}, "bindingVersion": "0.5.0"}}


def _messages() -> Json:
    in_inboxes, in_logs = examples.in_inboxes(), examples.in_logs()
    sendable = _sorted(*SENDABLE)
    as_sent = {e.dataschema: _as_sent(in_inboxes[e.dataschema]) for e in sendable if e.dataschema in in_inboxes}
    return {
        **{f"sent.{name(e)}": _message(e, "Sent", as_sent.get(e.dataschema)) for e in sendable},
        **{
            f"inbox.{name(e)}": _message(e, "InboxMessage", in_inboxes.get(e.dataschema))
            for e in _sorted(*SENDABLE, "policy")
        },
        **{
            f"log.{name(e)}": _message(e, "LogEvent", in_logs.get(e.dataschema))
            for e in _sorted("report", "event", "outcome")
        },
        "genesis": {
            "name": "genesis",
            "summary": "The record at offset 0 of each partition; it names the log.",
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/Mark"},
            "payload": {"$ref": "#/components/schemas/Genesis"},
            "bindings": _key("^genesis$"),
        },
        "unreadable": _UNREADABLE_MESSAGE,
    }


def _as_sent(message: Json) -> Json:
    return {attribute: value for attribute, value in message.items() if attribute in _AS_SENT}


def _logs() -> Iterable[Json]:
    """The inbox and the event log of every service, as channels."""
    for service in SERVICES:
        inbox = [f"inbox.{name(entry)}" for entry in _sorted(*SENDABLE, "policy", service=service)]
        log = [f"log.{name(entry)}" for entry in _sorted("report", "event", "outcome", service=service)]
        yield _channel(f"{service}.inbox", f"What came in for {service}, as the gateway stamped it.", inbox)
        yield _channel(f"{service}.events", f"What became of it: the record of {service}.", ["genesis", *log])


def _channel(address: str, description: str, messages: Iterable[str]) -> Json:
    return {
        "address": address,
        "description": description,
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in messages},
        "bindings": _topic(PARTITIONS),
    }


def _topic(partitions: int) -> Json:
    kept = {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1}
    return {"kafka": {"partitions": partitions, "topicConfiguration": kept, "bindingVersion": "0.5.0"}}


def _operations() -> Json:
    operations: Json = {
        "publish": {
            "action": "send",
            "channel": {"$ref": "#/channels/agency"},
            "title": "A publisher sends orders and reports",
            "tags": [{"name": "publisher"}],
        }
    }
    for service in SERVICES:
        operations[f"read.{service}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{service}.events"},
            "title": f"A reader follows the record of {service}",
            "tags": [{"name": "reader"}],
        }
        operations[f"read.{service}.inbox"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{service}.inbox"},
            "title": f"A reader compares what {service} was told with what it answered",
            "tags": [{"name": "reader"}],
        }
    operations["read.unreadable"] = {
        "action": "receive",
        "channel": {"$ref": "#/channels/unreadable"},
        "title": "A reader looks at what could not be read",
        "tags": [{"name": "reader"}],
    }
    return operations


_AGENCY: Json = {
    "address": "agency.{agency}",
    "description": (
        "The topic of one agency, which alone may write to it: one partition, so that its order holds. In structured "
        f"mode the header `content-type` is `{_CLOUDEVENTS}` and the value is the whole CloudEvent; in binary mode it "
        "is `application/json`, each attribute is a header (`ce_id`, `ce_type` …), and the value is `data`."
    ),
    "parameters": {"agency": {"description": "The agency's id, e.g. polres-serang."}},
    "messages": {
        f"sent.{name(entry)}": {"$ref": f"#/components/messages/sent.{name(entry)}"} for entry in _sorted(*SENDABLE)
    },
    "bindings": _topic(1),
}
_UNREADABLE: Json = {
    "address": "gateway.unreadable",
    "description": "What stood in an agency's topic and is no message.",
    "messages": {"unreadable": {"$ref": "#/components/messages/unreadable"}},
    "bindings": _topic(1),
}
_UNREADABLE_MESSAGE: Json = {
    "name": "unreadable",
    "summary": "The bytes as they came; headers say where they stood and what is wrong with them.",
    "contentType": "application/octet-stream",
    "payload": {"type": "string", "format": "binary"},
}
_GENESIS: Json = {
    "type": "object",
    "properties": {
        "format": {"type": "integer", "description": "Version of the record format."},
        "log": {"type": "string", "format": "uuid", "description": "Names this log, for ever."},
        "partition": {"type": "integer"},
        "partitions": {"type": "integer", "description": "How many the topic has; frozen."},
        "inbox_topic_id": {"type": "string", "description": "Kafka's id of the inbox topic."},
        "events_topic_id": {"type": "string", "description": "Kafka's id of the log's topic."},
    },
    "required": ["format", "log", "partition", "partitions", "inbox_topic_id", "events_topic_id"],
}
