"""Kafka's quotas of users. confluent-kafka has no call for them; aiokafka can ask, and is taught here to set them.

AlterClientQuotas, version 0: https://kafka.apache.org/protocol#The_Messages_AlterClientQuotas
"""

from collections.abc import Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from services.kit.kafka_access import KafkaAccess
from services.kit.ledger.kafka import bounded
from services.kit.ledger.log import Unavailable

ANY_NAME = 2
"""Of the ways to match an entity: whatever its name, unless it is the default's."""

SECONDS = 15.0

Quota = Mapping[str, float]
"""By Kafka's names, such as producer_byte_rate."""

_ENTITY = ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8"))))


class _AlterResponse(Response):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", String("utf-8")), _ENTITY)),
    )


class _AlterRequest(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterResponse
    SCHEMA = Schema(
        (
            "entries",
            Array(_ENTITY, ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean)))),
        ),
        ("validate_only", Boolean),
    )


class _Alter(Request[_AlterRequest]):  # type: ignore[misc]
    API_KEY = 49

    def __init__(self, entries: list[Any]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[_AlterRequest]) -> _AlterRequest:
        return request_struct_class(self._entries, False)


class Quotas:
    """A connection for them. All methods may raise Unavailable."""

    def __init__(self, access: KafkaAccess) -> None:
        self._client = AIOKafkaAdminClient(**access.aiokafka(), client_id="kalimaya-agencies")

    async def __aenter__(self) -> "Quotas":
        try:
            await bounded(self._client.start(), SECONDS)
        except Unavailable:
            await self._client.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def read(self) -> dict[str, Quota]:
        """The quotas of every user that has any of his own."""
        answer = await self._send(DescribeClientQuotasRequest([("user", ANY_NAME, None)], True))
        _check(answer.error_code, answer.error_message)
        return {entity[0][1]: dict(values) for entity, values in answer.entries or ()}

    async def set(self, changes: Mapping[str, Quota], before: Mapping[str, Quota]) -> None:
        """Give each user these quotas and no others; `before`: those that he has."""
        entries = [
            (
                [("user", user)],
                [
                    *((key, value, False) for key, value in quota.items()),
                    *((key, 0.0, True) for key in before.get(user, {}).keys() - quota.keys()),
                ],
            )
            for user, quota in changes.items()
        ]
        for code, message, _ in (await self._send(_Alter(entries))).entries:
            _check(code, message)

    async def _send(self, request: Any) -> Any:
        return await bounded(self._client._send_request(request), SECONDS)


def _check(code: int, message: str | None) -> None:
    if code:
        error: type[KafkaError] = for_code(code)
        raise Unavailable(f"{error.__name__}: {message or error.description}")
