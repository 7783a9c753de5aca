"""Every message as JSON Schema (2020-12), one file a version, for those who publish from other languages."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from schemas.catalogue import CATALOGUE, Definition


class _Schema(GenerateJsonSchema):
    """Without titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def name(entry: Definition) -> str:
    """A version's short name, e.g. `unit.sighted.1`."""
    return f"{entry.type.removeprefix('kalimaya.')}.{entry.version}"


def json_schema(entry: Definition) -> dict[str, Any]:
    """JSON Schema of the `data` of one version of one message."""
    return {"$schema": _Schema.schema_dialect, "$id": entry.dataschema, **body(entry)}


def body(entry: Definition, references: str = "#/$defs/{model}") -> dict[str, Any]:
    """The same without its head; `references` says where `$defs` will stand."""
    return TypeAdapter(entry.cls).json_schema(schema_generator=_Schema, mode="validation", ref_template=references)


def index() -> list[dict[str, Any]]:
    """What there is: one entry a message version, by type and version."""
    return [
        {
            "type": entry.type,
            "version": entry.version,
            "dataschema": entry.dataschema,
            "kind": entry.kind,
            "service": entry.service or None,
            "aggregate": entry.aggregate or None,
            "key": entry.key or None,
            "schema": f"{name(entry)}.json",
        }
        for _, entry in sorted(CATALOGUE.items())
    ]
