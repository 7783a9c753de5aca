"""The rules that incidents watches, in words."""

from schemas.watched.rule import Watched

RULES: tuple[Watched, ...] = ()
