"""A guard post: what it needs, by the versions of the plan. A later version supersedes and erases nothing."""

from collections import Counter
from datetime import date, datetime
from typing import Any

from msgspec import field
from msgspec.structs import replace

from schemas.deployment import Need, PostRequired
from schemas.types import Jurisdiction, PostId, Vulnerability, village_of
from services.views.facts import Entity, Fact, Told, heard, plain, told, with_entry
from services.views.listed import Listed, in_villages


class Requirement(Told, frozen=True, kw_only=True):
    """What a post needs in the window [start, end), by one version of the plan."""

    plan_version: int
    plan_source: str
    plan_dated: date | None
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: int
    needs: tuple[Need, ...]
    start: datetime
    end: datetime


class Post(Entity, frozen=True, kw_only=True):
    """All versions of one post's requirement, by their number."""

    post: PostId
    versions: dict[str, Requirement] = field(default_factory=dict)


def fold(state: Post | None, fact: Fact) -> Post:
    """The post after one more fact."""
    data: PostRequired = fact.data
    post = heard(state or Post(post=data.post), fact)
    return replace(post, versions=with_entry(post.versions, str(data.plan_version), told(Requirement, fact)))


def document(post: Post) -> dict[str, Any]:
    """The post as it is shown: all versions, and the newest one's jurisdiction, vulnerability and stations.

    Each version shows `required`, the heads by force that its needs come to. Which of them is in force is a question of
    the time for which it is asked, see `views.versions`.
    """
    shown = plain(post)
    for number, version in post.versions.items():
        shown["versions"][number]["required"] = required(version)
    last = newest(post)
    return {
        **shown,
        "village": village_of(post.post),
        "jurisdiction": last.jurisdiction,
        "vulnerability": last.vulnerability,
        "stations": last.stations,
        "flags": ["clock_ahead"] if post.clock_ahead else [],
    }


def newest(post: Post) -> Requirement:
    """The version of the highest number."""
    return post.versions[max(post.versions, key=int)]


def required(version: Requirement) -> dict[str, int]:
    """Heads by force: what is needed by stations counts for every begun group of them."""
    heads: Counter[str] = Counter()
    for need in version.needs:
        heads[need.force] += need.heads * (-(-version.stations // need.every) if need.per == "stations" else 1)
    return dict(heads)


def listed(document: dict[str, Any]) -> Listed:
    """Posts are listed by village and jurisdiction."""
    return in_villages([document["village"]], jurisdiction=document["jurisdiction"])
