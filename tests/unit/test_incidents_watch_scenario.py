"""The scenario's mishaps about incidents are noticed, each once, and nothing else is."""

import json
from datetime import timedelta

import pytest

from scenarios import serang2019
from schemas.watched import WATCHED
from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.watch import INCIDENTS_WATCH
from tests.support.watching import Watched


@pytest.fixture(scope="module")
def watched() -> Watched:
    found = Watched((INCIDENTS_WATCH, IncidentsWatchSettings.model_construct()))
    found.play(serang2019.make("small", 2019).messages, timedelta(minutes=5), serang2019.END)
    return found


def subjects(mishap: str) -> set[str]:
    """What the alerts on a mishap are about."""
    found = set()
    for each in serang2019.make("small", 2019).messages:
        if each.mishap == mishap:
            data = json.loads(each.body)["data"]
            found.add(
                data.get("district") or (data["village"][:8] if mishap == "cluster" else f"incident/{data['incident']}")
            )
    return found


@pytest.mark.parametrize("rule", INCIDENTS_WATCH.rules)
def test_the_mishap_is_raised_once_and_cleared_and_nothing_else_is(watched: Watched, rule: str) -> None:
    episodes = watched.of(rule)
    assert {each.subject for each in episodes} == subjects(rule.replace("_", " "))
    (episode,) = episodes
    assert episode.since <= episode.raised <= episode.since + timedelta(minutes=10)
    assert episode.cleared is not None


def test_the_incident_that_nobody_acknowledged_has_climbed_to_the_polda_once_a_level(watched: Watched) -> None:
    (episode,) = watched.of("unacknowledged")
    kind, _, id_ = episode.subject.partition("/")
    incident = watched.rehearsal.model.entities[kind, id_]
    assert [(each.level, each.source) for each in incident.escalations] == [
        ("polres", "/services/incidents-watch"),
        ("polda", "/services/incidents-watch"),
    ]


def test_every_rule_has_its_words_and_they_name_the_numbers_that_it_tells(watched: Watched) -> None:
    for rule in INCIDENTS_WATCH.rules:
        assert {*watched.of(rule)[0].numbers} == {*WATCHED[rule].numbers}
        assert WATCHED[rule].service == INCIDENTS_WATCH.service
