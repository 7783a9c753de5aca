"""Importing this module fills the registry: the one list of all message modules."""

from schemas import deployment, incidents, logistics, outcomes
from schemas.registry import BY_CLASS, CATALOGUE, Definition, Kind, definition, is_known_type, newest, upcast

SERVICES = ("deployment", "logistics", "incidents")

__all__ = [
    "BY_CLASS",
    "CATALOGUE",
    "SERVICES",
    "Definition",
    "Kind",
    "definition",
    "deployment",
    "incidents",
    "is_known_type",
    "logistics",
    "newest",
    "outcomes",
    "upcast",
]
