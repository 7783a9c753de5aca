"""The rules that deployment watches, in words."""

from schemas.watched.rule import Watched

RULES: tuple[Watched, ...] = ()
