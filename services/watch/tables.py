"""The tables of a watch: the entities of which the logs tell, as the views fold them, and the alerts that stand."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from schemas.types import AlertRule
from services.views import model
from services.views.alert import Alert
from services.views.facts import Fact
from services.views.operation import Operation

S = TypeVar("S")
T = TypeVar("T")
Subject = tuple[AlertRule, str]
"""A rule, and the subject on which it is or was broken."""


class Tables:
    """Entities by kind and id. A fold of facts: the same facts give the same tables, whatever is asked in between."""

    def __init__(self, kinds: Iterable[str]) -> None:
        """`kinds` of entity are kept (`unit`, `shipment`, ...), and alerts always; facts on others are passed over."""
        self._entities: dict[str, dict[str, Any]] = {kind: {} for kind in (*kinds, "alert")}
        self._derived: dict[Callable[[Any], Any], dict[str, tuple[Any, Any]]] = {}
        self._standing: dict[Subject, Alert] = {}
        self._cleared: Counter[Subject] = Counter()

    def fold(self, fact: Fact) -> None:
        """Take one more fact. Raises what the view raises, and then nothing has changed."""
        kind, id_ = model.subject_of(fact)
        entities = self._entities.get(kind)
        if entities is None:
            return
        entities[id_] = after = model.fold(kind, entities.get(id_), fact)
        if isinstance(after, Alert):
            self._count(after)

    def _count(self, alert: Alert) -> None:
        """By number, for the alerts of a subject lie in several partitions, which are read in any order."""
        subject, n = (alert.raised.rule, alert.raised.subject), alert.raised.n
        newest = self._standing.get(subject)
        if alert.cleared is None:
            if n >= self._cleared[subject] and (newest is None or n >= newest.raised.n):
                self._standing[subject] = alert
            return
        self._cleared[subject] = max(self._cleared[subject], n + 1)
        if newest is not None and newest.raised.n <= n:
            del self._standing[subject]

    # What rules ask.

    def all(self, state: type[S]) -> Iterator[S]:
        """Every entity of a kind, named by the class of its state."""
        yield from self._of(state).values()

    def one(self, state: type[S], id_: str) -> S | None:
        """An entity; None while nothing is known of it."""
        found: S | None = self._of(state).get(id_)
        return found

    def each(self, state: type[S], derive: Callable[[S], T]) -> Iterator[tuple[S, T]]:
        """Every entity of a kind with what follows from it, which is worked out again only after it has changed.

        `derive` is a function of the state alone; for what depends on time, derive the instants and compare them.
        """
        for id_, entity in self._of(state).items():
            yield entity, self._remembered(id_, entity, derive)

    def derived(self, state: type[S], id_: str, derive: Callable[[S], T]) -> T | None:
        """The same for one entity; None while nothing is known of it."""
        entity = self.one(state, id_)
        return None if entity is None else self._remembered(id_, entity, derive)

    def operation(self) -> Operation | None:
        """The operation, as the first of the logs that we keep it from tells it; None before it is adopted."""
        found = (
            each for kind in self._entities if kind.endswith("-operation") for each in self._entities[kind].values()
        )
        return next(found, None)

    def stands(self, rule: AlertRule, subject: str) -> bool:
        """Whether an alert of this rule stands on a subject."""
        return (rule, subject) in self._standing

    # What the reconciliation asks.

    @property
    def standing(self) -> Mapping[Subject, Alert]:
        """The alerts that stand."""
        return self._standing

    def cleared(self, subject: Subject) -> int:
        """How many alerts of a rule and subject were cleared so far."""
        return self._cleared[subject]

    def _of(self, state: type[S]) -> dict[str, S]:
        return self._entities[model.kind_of(state)]

    def _remembered(self, id_: str, entity: S, derive: Callable[[S], T]) -> T:
        known = self._derived.setdefault(derive, {})
        before = known.get(id_)
        if before is not None and before[0] is entity:
            value: T = before[1]
            return value
        value = derive(entity)
        known[id_] = (entity, value)
        return value
