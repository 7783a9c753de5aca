"""The logs as AsyncAPI 3: which topics there are, what stands in them, and how a record is read.

It speaks from two sides: of a publisher, who writes to the topic of an agency, and of a reader of the logs.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.catalogue import CATALOGUE, SERVICES, Definition
from schemas.envelope import InboxMessage, LogEvent
from schemas.export import examples
from schemas.export.json_schemas import body, name
from schemas.export.record import AS_SENT, IN_INBOX, IN_LOG, MARK, READING, STAMP, UNREADABLE, Layout

Json = dict[str, Any]
PARTITIONS = 6
SENDABLE = ("order", "report")
_CLOUDEVENTS = "application/cloudevents+json"


def document() -> Json:
    """The whole AsyncAPI document."""
    schemas: Json = {
        "Sent": _sent(),
        "InboxMessage": _envelope(InboxMessage, IN_INBOX),
        "LogEvent": _envelope(LogEvent, IN_LOG),
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
    properties = {attribute: text | {"description": meaning} for attribute, meaning in AS_SENT.items()}
    properties["time"] |= {"format": "date-time"}
    properties["data"] = {"type": "object", "description": AS_SENT["data"]}
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
    return {attribute: value for attribute, value in message.items() if attribute in AS_SENT}


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
        "messages": _references(messages),
        "bindings": _topic(PARTITIONS),
    }


def _references(messages: Iterable[str]) -> Json:
    return {each: {"$ref": f"#/components/messages/{each}"} for each in messages}


def _topic(partitions: int) -> Json:
    kept = {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1}
    return {"kafka": {"partitions": partitions, "topicConfiguration": kept, "bindingVersion": "0.5.0"}}


def _operations() -> Json:
    reading = {"read.unreadable": _operation("receive", "unreadable", "A reader looks at what could not be read")}
    for service in SERVICES:
        log, inbox = f"{service}.events", f"{service}.inbox"
        reading[f"read.{log}"] = _operation("receive", log, f"A reader follows the record of {service}")
        reading[f"read.{inbox}"] = _operation("receive", inbox, f"A reader looks at what {service} was told")
    return {"publish": _operation("send", "agency", "A publisher sends orders and reports"), **reading}


def _operation(action: str, channel: str, title: str) -> Json:
    view = "publisher" if action == "send" else "reader"
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "title": title, "tags": [{"name": view}]}


_AGENCY: Json = {
    "address": "agency.{agency}",
    "description": (
        "The topic of one agency, which alone may write to it: one partition, so that its order holds. In structured "
        f"mode the header `content-type` is `{_CLOUDEVENTS}` and the value is the whole CloudEvent; in binary mode it "
        "is `application/json`, each attribute is a header (`ce_id`, `ce_type` …), and the value is `data`."
    ),
    "parameters": {"agency": {"description": "The agency's id, e.g. polres-serang."}},
    "messages": _references(f"sent.{name(entry)}" for entry in _sorted(*SENDABLE)),
    "bindings": _topic(1),
}
_UNREADABLE: Json = {
    "address": "gateway.unreadable",
    "description": "What stood in an agency's topic and is no message.",
    "messages": _references(["unreadable"]),
    "bindings": _topic(1),
}
_UNREADABLE_MESSAGE: Json = {
    "name": "unreadable",
    "summary": "The bytes as they came; headers say where they stood and what is wrong with them.",
    "contentType": "application/octet-stream",
    "headers": {
        "type": "object",
        "description": "The agency's own headers stand beside these as `of.<name>`.",
        "required": list(UNREADABLE),
        "properties": {each: {"type": "string", "description": meaning} for each, meaning in UNREADABLE.items()},
    },
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
