"""Clients that send reports as fast as they are let, and note what they were told as `kalimaya audit` reads it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from time import monotonic

import httpx
import msgspec

from tests.support.gateway import sighting

AGENCY = "polres-serang"
UNITS = 100
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Flood:
    """`told`: statuses of messages; `unadvised`: answers that said to come back and not when."""

    def __init__(self, name: str, url: str, token: str, receipts: Path) -> None:
        self._name, self._url, self._token, self._receipts = name, url, token, receipts
        self._numbers = count()
        self.told: Counter[int] = Counter()
        self.unadvised: list[str] = []

    async def run(self, clients: int, together: int, seconds: float, pause: float = 0.0) -> None:
        """So many clients, each with so many messages in a POST, and the next as soon as it is answered, or a pause
        later."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/cloudevents-batch+json"}
        limits = httpx.Limits(max_connections=clients)
        until = monotonic() + seconds
        async with httpx.AsyncClient(base_url=self._url, headers=headers, timeout=60, limits=limits) as client:
            with self._receipts.open("ab") as file:
                async with asyncio.TaskGroup() as tasks:
                    for number in range(clients):
                        tasks.create_task(
                            self._client(client, f"{self._name}-{number}", together, pause, until, file.write)
                        )

    async def _client(
        self,
        client: httpx.AsyncClient,
        name: str,
        together: int,
        pause: float,
        until: float,
        keep: Callable[[bytes], object],
    ) -> None:
        while monotonic() < until:
            number = next(self._numbers)
            reports = [report(f"{name}-{number}-{each}", number + each) for each in range(together)]
            answer = await client.post("/v1/messages", content=_encode(reports))
            told = _decode(answer.content)
            results = told["results"] if answer.status_code == 200 else [{"status": answer.status_code}] * together
            statuses = Counter(each["status"] for each in results)
            self.told += statuses
            if statuses.keys() - {202} and not answer.headers.get("retry-after", "").isdigit():
                self.unadvised.append(f"{statuses}: {answer.text[:300]}")
            for sent, each in zip(reports, results, strict=True):
                receipt = {"source": f"/agencies/{AGENCY}", "id": sent["id"], **each}
                keep(_encode({name: receipt.get(name) for name in ("source", "id", "status", "position")}) + b"\n")
            await asyncio.sleep(pause)


def report(id_: str, number: int) -> dict[str, object]:
    """A position of one of the agency's units."""
    where = {"lat": -6.1 - number % 97 / 1000, "lon": 106.2 + number % 89 / 1000}
    return sighting(id_, time=..., data={"unit": f"{AGENCY}-{number % UNITS:03}", **where})
