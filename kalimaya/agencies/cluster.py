"""What Kafka knows of users and their rights, and how it is told otherwise."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from kalimaya.agencies.passwords import Passwords
from kalimaya.agencies.plan import Known, Plan, Rule
from kalimaya.agencies.quotas import Quotas
from kalimaya.agencies.rights import Right
from services.kit.kafka_access import KafkaAccess
from services.kit.ledger.log import Unavailable
from services.kit.ledger.topics import admin_of

SECONDS = 15.0
ITERATIONS = 4096
"""Of SCRAM, the least that Kafka takes: they slow down guessing, and a password of 32 random bytes is not guessed."""

SCRAM = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)


async def look(access: KafkaAccess) -> Known:
    """Everything that Kafka knows of users. Raises Unavailable, also when it has no authorizer or does not let us."""
    async with Quotas(access) as quotas:  # first, because librdkafka aborts the process when it may not ask for users
        limits = await quotas.read()
    rules, users = await asyncio.to_thread(_look, access)
    return Known(rules, users, limits)


async def change(access: KafkaAccess, plan: Plan, known: Known, passwords: Passwords | None, anew: set[str]) -> None:
    """Do what is planned; `anew`: who gets another password though he has one. Raises Unavailable, and OSError."""
    await asyncio.to_thread(_change, access, plan, passwords, anew)
    if plan.limit:
        async with Quotas(access) as quotas:
            await quotas.set(plan.limit, known.quotas)
    # Last, because by this somebody who has left is known to have been there.
    await asyncio.to_thread(_revoke, access, plan.revoke)


def _look(access: KafkaAccess) -> tuple[frozenset[Rule], frozenset[str]]:
    anything = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    admin = admin_of(access)
    bindings = _result(admin.describe_acls(anything, request_timeout=SECONDS))
    described = _result(admin.describe_user_scram_credentials(request_timeout=SECONDS))
    return frozenset(map(_rule, bindings)), frozenset(described)


def _rule(binding: Any) -> Rule:
    prefixed = binding.resource_pattern_type == ResourcePatternType.PREFIXED
    right = Right(binding.operation.name, binding.restype.name, binding.name, prefixed)
    return Rule(binding.principal, right, binding.host, binding.permission_type == AclPermissionType.ALLOW)


def _written(rule: Rule) -> tuple[Any, ...]:
    """As both AclBinding and AclBindingFilter want it."""
    right = rule.right
    pattern = ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL
    permission = AclPermissionType.ALLOW if rule.allows else AclPermissionType.DENY
    resource, operation = ResourceType[right.resource], AclOperation[right.operation]
    return resource, right.name, pattern, rule.principal, rule.host, operation, permission


def _change(access: KafkaAccess, plan: Plan, passwords: Passwords | None, anew: set[str]) -> None:
    admin = admin_of(access)
    if passwords:  # first, because by what is granted a newcomer is one no more
        for user in plan.forget:
            passwords.drop(user)
    if plan.grant:
        rules = [AclBinding(*_written(rule)) for rule in sorted(plan.grant)]
        _all(admin.create_acls(rules, request_timeout=SECONDS).values())
    told = sorted({*plan.make, *anew}) if passwords else []
    for user in told:
        assert passwords is not None
        secret = passwords.to_tell(user, anew=user in anew).encode()
        alteration = UserScramCredentialUpsertion(user, SCRAM, secret)
        _all(admin.alter_user_scram_credentials([alteration], request_timeout=SECONDS).values())
        passwords.settle(user)
    for user in plan.drop:
        deletion = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)
        _all(admin.alter_user_scram_credentials([deletion], request_timeout=SECONDS).values())


def _revoke(access: KafkaAccess, rules: Iterable[Rule]) -> None:
    filters = [AclBindingFilter(*_written(rule)) for rule in sorted(rules)]
    if filters:
        admin = admin_of(access)
        _all(admin.delete_acls(filters, request_timeout=SECONDS).values())


def _all(futures: Iterable["Future[Any]"]) -> None:
    for future in futures:
        _result(future)


def _result(future: Any) -> Any:
    try:
        return future.result()
    except KafkaException as error:
        raise Unavailable(str(error)) from error
