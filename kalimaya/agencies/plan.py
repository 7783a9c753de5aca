"""What has to be changed so that Kafka knows who agencies.yaml knows, and no one else of ours.

It touches those who are ours: the processes, the agencies, and who was an agency, which is seen by the right to write
to the topic of his name. Other users of the same Kafka are nobody's business here.
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from kalimaya.agencies.quotas import Quota
from kalimaya.agencies.rights import Right, of_agency

EVERYONE = "User:*"


class Rule(NamedTuple):
    """Who may do what, or may not, and from where, as it stands in Kafka."""

    principal: str
    right: Right
    host: str = "*"
    allows: bool = True

    @property
    def user(self) -> str:
        return self.principal.removeprefix("User:")

    def __str__(self) -> str:
        return f"{self.user} {'may' if self.allows else 'is denied to'} {self.right}"


class NotOurs(Exception):
    """Somebody else has that name on this Kafka; the message says who."""


@dataclass(frozen=True, slots=True)
class Known:
    """What Kafka says: its access rules, who has a password, and the quotas of users."""

    rules: frozenset[Rule]
    users: frozenset[str]
    quotas: Mapping[str, Quota]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who shall be there. `with_passwords`: they come with a password; otherwise with certificates in their names."""

    rights: Mapping[str, frozenset[Right]]
    quotas: Mapping[str, Quota]
    with_passwords: bool


@dataclass(slots=True)
class Plan:
    """Changes, in the order in which a command that is killed in between can be run again."""

    grant: set[Rule] = field(default_factory=set)
    make: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)
    """Whose passwords, where there still are files of them, shall never be Kafka's again."""
    limit: dict[str, Quota] = field(default_factory=dict)
    revoke: set[Rule] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    """What is not as it should be and is left so, for people to judge."""


def plan(known: Known, wanted: Wanted) -> Plan:
    """The difference. Raises NotOurs when a name that we would give away is taken."""
    rules = {Rule(f"User:{user}", right): user for user, rights in wanted.rights.items() for right in rights}
    granted = {user for rule, user in rules.items() if rule in known.rules}
    taken = known.users | known.quotas.keys() | {rule.user for rule in known.rules if rule.allows}
    if strangers := sorted((taken & wanted.rights.keys()) - granted):
        raise NotOurs(
            f"Kafka has users {', '.join(strangers)} already, with none of the rights that they would get here. If "
            "they are ours, delete them there first with all that they may do, and they are made anew; if not, rename "
            "who is"
        )
    gone = _gone(known.rules) - wanted.rights.keys()
    ours = {f"User:{user}" for user in gone | wanted.rights.keys()}
    held = {rule for rule in known.rules if rule.principal in ours}
    found = Plan(grant=rules.keys() - known.rules, drop=sorted(gone & known.users))
    # To a Kafka that knows nobody of ours we may be moving, with the passwords that everybody has.
    found.forget = sorted(gone | (wanted.rights.keys() - granted if granted else set()))
    if wanted.with_passwords:
        found.make = sorted(wanted.rights.keys() - known.users)
    quotas = {user: wanted.quotas.get(user, {}) for user in gone | wanted.rights.keys()}
    found.limit = {user: quota for user, quota in quotas.items() if known.quotas.get(user, {}) != quota}
    found.revoke = {rule for rule in held - rules.keys() if rule.allows}
    found.left = [f"left as it is: {rule}" for rule in _by_hand(known.rules, held)]
    return found


def _gone(there: Set[Rule]) -> set[str]:
    """Everybody who may write to the topic of his name, so is or was an agency."""
    users = {rule.user for rule in there}
    return {user for user in users if {Rule(f"User:{user}", right) for right in of_agency(user)} <= there}


def _by_hand(there: Collection[Rule], ours: Collection[Rule]) -> list[Rule]:
    """What denies ours something, which somebody had his reasons for, and what is open to everyone."""
    return sorted(rule for rule in there if (rule in ours and not rule.allows) or rule.principal == EVERYONE)
