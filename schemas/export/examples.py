"""Golden messages as examples: of every message version the fullest that was accepted."""

import json
from pathlib import Path
from typing import Any

from schemas.catalogue import SERVICES

FOLDER = Path(__file__).parents[1] / "golden"
Message = dict[str, Any]


def in_inboxes() -> dict[str, Message]:
    """By dataschema, as the gateway writes them; an order that was refused only where none was accepted."""
    found: list[tuple[bool, Message]] = []
    for service in SERVICES:
        accepted = {
            event["id"].split("/")[2]
            for event in _values(f"{service}.events.jsonl")[1:]
            if not event["type"].startswith("kalimaya.message.")
        }
        messages = enumerate(_values(f"{service}.inbox.jsonl"))
        found += ((str(offset) in accepted, message) for offset, message in messages)
    return _fullest(found)


def in_logs() -> dict[str, Message]:
    """By dataschema, as deciders write them."""
    return _fullest([(True, event) for service in SERVICES for event in _values(f"{service}.events.jsonl")[1:]])


def _fullest(found: list[tuple[bool, Message]]) -> dict[str, Message]:
    ascending = sorted(found, key=lambda each: (each[0], len(json.dumps(each[1]["data"]))))
    return {message["dataschema"]: message for _, message in ascending}


def _values(file: str) -> list[Message]:
    lines = (FOLDER / file).read_text(encoding="utf-8").split("\n")  # a value may hold U+2028
    return [json.loads(json.loads(line)["value"]) for line in lines if line]
