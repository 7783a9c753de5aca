"""The rules that logistics watches, in words."""

from schemas.watched.rule import Watched

RULES: tuple[Watched, ...] = ()
