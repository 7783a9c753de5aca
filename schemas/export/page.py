"""The catalogue that people read, docs/messages.md: what each message means, who may send it, what comes of it."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from schemas.catalogue import CATALOGUE, SERVICES, Definition, newest, upcast
from schemas.export import examples
from schemas.export.json_schemas import body, name
from schemas.reasons import REASONS

Senders = Callable[[str], Sequence[str]]
"""Who may send a type of message, by name."""

_HEAD = """\
# Messages

Every message of Kalimaya, made from its definition by `make contracts`. An **order** asks for something to be so and
can be refused; a **report** says what was seen and never is; a **policy** message comes from our own watch. Each gets
exactly one outcome in the log: accepted (an order by an event with the same data, a report by itself), or one of
[those at the end](#other-outcomes). How to send: `docs/publishing.md`. The same for programs: `schemas/exports`, with
JSON Schemas, AsyncAPI (topics, headers, how to read a log) and OpenAPI.

An order that is refused is told a reason, and what it clashes with. What is sent as JSON may leave out fields that are
marked optional. Units are given with each field; an instant has its offset from UTC; no text holds the character NUL.
"""
_OUTCOMES = """\
## Other outcomes

What stands in the log for a message that was not accepted, and the reasons that any message can come to. A refusal's
other reasons stand with each order.
"""
_ANY = "reasons of any message"


def page(senders: Senders) -> str:
    """The whole page."""
    asked = [newest(type_) for type_, version in sorted(CATALOGUE) if version == 1]
    parts = [_HEAD]
    for service in SERVICES:
        mine = [entry for entry in asked if entry.service == service and entry.kind != "event"]
        parts += [f"## {service}\n", _contents(mine), *(_entry(entry, senders(entry.type)) for entry in mine)]
    outcomes = [entry for entry in asked if entry.kind == "outcome"]
    parts += [_OUTCOMES, _reasons(""), *(_entry(entry, ()) for entry in outcomes)]
    return "\n".join(part for part in parts if part)


def _contents(entries: Iterable[Definition]) -> str:
    rows = ((f"[{_short(e)}](#{e.type.replace('.', '')})", e.kind, _docs(e, "\n\n")) for e in entries)
    return _table(("message", "kind", ""), rows)


def _entry(entry: Definition, senders: Sequence[str]) -> str:
    said = {"policy": "our own watch only", "outcome": ""}.get(entry.kind, ", ".join(senders) or "nobody yet")
    event = next((e for e in CATALOGUE.values() if e.of is entry.cls), None)
    facts = [
        ("kind", entry.kind),
        ("who may send it", said),
        ("about", f"`{entry.aggregate}/<{entry.key}>`" if entry.key else ""),
        ("accepted as", f"`{event.type}`: {_docs(event)}" if event else "itself" if entry.kind == "report" else ""),
        ("version", f"{entry.version}, `{entry.dataschema}`"),
    ]
    lines = "\n".join(f"- {what}: {value}" for what, value in facts if value)
    parts = [f"### {entry.type}\n", f"{_docs(entry)}\n", f"{lines}\n", _fields(entry), _reasons(entry.type)]
    if example := _data(entry):
        parts += ["Example of `data`:\n", _json(example)]
    parts += [_older(CATALOGUE[entry.type, version]) for version in range(entry.version - 1, 0, -1)]
    return "\n".join(part for part in parts if part)


def _older(entry: Definition) -> str:
    """How an older version is read: its example, and what becomes of it."""
    parts = [f"**Version {entry.version}** is still read and answered: {_docs(entry)}\n", _fields(entry)]
    if example := _data(entry):
        read = msgspec.to_builtins(upcast(msgspec.convert(example, entry.cls)))
        parts += ["This `data` of it:\n", _json(example), "is read as:\n", _json(read)]
    return "\n".join(parts)


def _reasons(type_: str) -> str:
    """The reasons of one type of message; of any message for none."""
    found = sorted((word, r) for word, r in REASONS.items() if (type_ in r.of if type_ else not r.of))
    rows = ((f"`{word}`", f"{r.en} {r.do_en}", f"{r.id} {r.do_id}") for word, r in found)
    return _table(("refused because" if type_ else _ANY, "in English", "in Indonesian"), rows) if found else ""


def _fields(entry: Definition) -> str:
    schema = body(entry)
    rows = list(_rows(schema, schema.get("$defs", {}), ""))
    return _table(("field", "type", "constraint", "meaning"), rows)


def _rows(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    """A row a field, those of nested objects after their own, e.g. `needs[].force`."""
    for field, described in schema.get("properties", {}).items():
        value, path = _value(described, definitions), f"{prefix}{field}"
        optional = [] if field in schema.get("required", ()) else ["optional"]
        meaning = described.get("description") or value.get("description", "")
        inner = _value(value.get("items", {}), definitions)
        constraint = ", ".join([*optional, *_constraints(value), *_constraints(inner)])
        yield f"`{path}`", _type(value, inner), constraint, meaning or inner.get("description", "")
        yield from _rows(inner, definitions, f"{path}[].")


def _value(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """What a field holds when it holds something."""
    if "$ref" in schema:
        return dict(definitions[schema["$ref"].rpartition("/")[2]])
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return _value(choices[0], definitions) if choices else schema


def _type(value: dict[str, Any], inner: dict[str, Any]) -> str:
    match value:
        case {"enum": words}:
            return " \\| ".join(f"`{word}`" for word in words)
        case {"format": format_}:
            return str(format_)
        case {"type": "array"}:
            return f"list of {_type(inner, {})}"
        case {"additionalProperties": dict(each), "propertyNames": names}:
            return f"{_type(each, {})} by {_type(names, {})}"
        case {"additionalProperties": dict(each)}:
            return f"{_type(each, {})} by name"
        case _:
            return str(value.get("type", "any"))


_LIMITS = {
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "≥ {} characters",
    "maxLength": "≤ {} characters",
    "minItems": "≥ {} of them",
    "maxItems": "≤ {} of them",
    "minProperties": "≥ {} entries",
    "maxProperties": "≤ {} entries",
    "pattern": "`{}`",
    "default": "default {}",
}
_NO_NUL = r"^[^\x00]*$"


def _constraints(value: dict[str, Any]) -> list[str]:
    said = {limit: value[limit] for limit in _LIMITS if value.get(limit) not in (None, _NO_NUL)}
    return [_LIMITS[limit].format(str(what).replace("|", "\\|")) for limit, what in said.items()]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _data(entry: Definition) -> Any:
    found = examples.in_logs() if entry.kind in ("event", "outcome") else examples.in_inboxes()
    return found[entry.dataschema]["data"] if entry.dataschema in found else None


def _json(value: Any) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```\n"


def _short(entry: Definition) -> str:
    return name(entry).rpartition(".")[0]


def _docs(entry: Definition, until: str = "\0") -> str:
    return " ".join((entry.cls.__doc__ or "").partition(until)[0].split())
