"""Sends planned messages over HTTP and does not give up: a message is done when it has its final answer."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from scenarios.plan import PLAYER, Planned, recorded
from scenarios.receipts import Receipt

WAIT_SECONDS = 10
LONGEST_PAUSE = 3.0


class Sender:
    """One connection pool to the gateway. Its messages may arrive twice: their ids say so.

    `flat_out`: messages go with the player's own token, and each says when it is taken in; else, each with the token
    of its principal.
    """

    def __init__(
        self, client: httpx.AsyncClient, tokens: Mapping[str, str], plan: str, *, flat_out: bool = False
    ) -> None:
        self._client, self._tokens, self._plan, self._flat_out = client, tokens, plan, flat_out
        self.retries = 0

    async def send(self, together: Sequence[Planned]) -> list[Receipt]:
        """Send one message or a batch, and what is not finally answered again and again; receipts in any order."""
        receipts: list[Receipt] = []
        open_: list[Planned] = list(together)
        pause = 0.1
        while True:
            for each, answer in zip(open_, await self._post(open_, batch=len(together) > 1), strict=True):
                receipt = self._receipt(each, answer)
                if receipt is not None:
                    receipts.append(receipt)
            done = {receipt.step for receipt in receipts}
            open_ = [each for each in together if each.step not in done]
            if not open_:
                return receipts
            self.retries += len(open_)
            await asyncio.sleep(random.uniform(pause / 2, pause))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _post(self, messages: Sequence[Planned], *, batch: bool) -> list[dict[str, Any]]:
        """The answer to each message, with its `status`; 0 when there was none."""
        kind = "application/cloudevents-batch+json" if batch else "application/cloudevents+json"
        as_player = self._flat_out and messages[0].key is not None
        token = self._tokens[PLAYER if as_player else messages[0].principal]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        if as_player or any(each.wait for each in messages):
            headers["Prefer"] = f"wait={WAIT_SECONDS}"
        bodies = [recorded(each) if as_player else each.body for each in messages]
        body = b"[" + b",".join(bodies) + b"]" if batch else bodies[0]
        try:
            answer = await self._client.post("/v1/messages", content=body, headers=headers)
            told = msgspec.json.decode(answer.content)
        except (httpx.TransportError, msgspec.DecodeError):
            return [{"status": 0}] * len(messages)
        if batch and answer.status_code == 200:
            results: list[dict[str, Any]] = told["results"]
            return results
        return [told | {"status": answer.status_code}] * len(messages)

    def _receipt(self, planned: Planned, answer: Mapping[str, Any]) -> Receipt | None:
        """A receipt if the answer is final; None if the message must be sent again."""
        status, outcome = answer["status"], answer.get("outcome")
        if status == 0 or status >= 500 or (status == 202 and planned.wait):
            return None
        first = None
        if outcome is not None and outcome["kind"] == "repeated":
            first = outcome.get("first")
            if first is None and planned.expect != "repeated":
                return None
        decisive = first if first is not None and planned.expect != "repeated" else outcome
        data = decisive["events"][0]["data"] if decisive else {}
        return Receipt(
            plan=self._plan,
            step=planned.step,
            source=planned.source,
            id=planned.id,
            status=status,
            position=answer.get("position"),
            outcome=outcome and outcome["kind"],
            first=first and first["kind"],
            reason=data.get("reason"),
            said=answer.get("detail"),
        )
