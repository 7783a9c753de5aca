"""A guard post: what it needs, by the versions of the plan. A later version supersedes and erases nothing."""

from datetime import datetime
from typing import Any

from msgspec import field
from msgspec.structs import replace

from schemas.deployment import PostRequired
from schemas.types import Jurisdiction, PostId, Vulnerability, village_of
from services.projection.views.facts import Entity, Fact, Told, heard, plain, told, with_entry


class Requirement(Told, frozen=True, kw_only=True):
    """What a post needs in the window [start, end), in heads by force, by one version of the plan."""

    plan_version: int
    plan_source: str
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: int
    required: dict[str, int]
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
    """The post as it is shown: all versions, and `requirement`, the one of the highest number, which is in force."""
    shown = plain(post)
    in_force = shown["versions"][max(post.versions, key=int)]
    return {
        **shown,
        "village": village_of(post.post),
        "requirement": in_force,
        "jurisdiction": in_force["jurisdiction"],
        "vulnerability": in_force["vulnerability"],
        "stations": in_force["stations"],
        "flags": ["clock_ahead"] if post.clock_ahead else [],
    }
