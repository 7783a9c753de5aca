"""Answers with documents in them as the read model keeps them: their JSON is put in as it is, and never decoded.

To decode a page of long documents and to encode it again takes some ten times as long as all the rest, and the process
can do nothing else meanwhile. Nothing is held against a model here: tests do that with every kind.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Response
from msgspec import Raw
from pydantic import BaseModel

Listed = dict[str, Raw]
"""Documents in JSON, by id, in the order of a list."""


class Json(Response):
    """An answer in JSON: of plain values, of models, and of documents that are JSON already."""

    media_type = "application/json"

    def __init__(self, content: Any, headers: Mapping[str, str]) -> None:
        super().__init__(_encode(content), headers=headers)


def as_stored(text: str) -> Raw:
    """A document as PostgreSQL writes it, but for the blanks between."""
    return Raw(msgspec.json.format(text, indent=-1).encode())


def page_of(found: Listed, limit: int) -> dict[str, Any]:
    """A `Page` from a query for one more than `limit`."""
    ids = [*found]
    return {"items": [found[id_] for id_ in ids[:limit]], "next": ids[limit - 1] if len(ids) > limit else None}


def _of_a_model(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return Raw(value.model_dump_json().encode())
    raise TypeError(f"{type(value).__name__} is not to be had in JSON")


_encode = msgspec.json.Encoder(enc_hook=_of_a_model).encode
