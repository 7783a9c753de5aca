"""The facts of the small scenario, played once."""

from functools import cache

from scenarios import serang2019
from services.views.facts import Fact
from tests.support.rehearsal import Rehearsal


@cache
def small_facts() -> tuple[Fact, ...]:
    """In the order in which they came."""
    found: list[Fact] = []
    Rehearsal(found.append).play(serang2019.make("small", 2019).messages)
    return tuple(found)
