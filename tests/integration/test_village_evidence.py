"""`kalimaya evidence` on a real Kafka: the logs that three services wrote, in a file that proves itself."""

import asyncio
import subprocess
import sys
from pathlib import Path

from kalimaya.evidence.verify import verify
from schemas.catalogue import SERVICES
from tests.support.deciding import deciding, small_scenario
from tests.support.ledger import until
from tests.support.pair import Pair
from tests.support.rehearsal import PARTITIONS

VILLAGE = "36.04.13.2009"


async def test_what_the_services_wrote_is_whole_in_the_file(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "evidence"
    places = [(f"{service}.events", partition) for service in SERVICES for partition in range(PARTITIONS)]
    async with deciding(pair.kafka) as decided:
        await decided.send(small_scenario())

        def next_causes() -> dict[tuple[str, int], int]:
            return {place: each.fold.next_cause for place, each in zip(places, decided._workers, strict=True)}

        async def answered() -> bool:
            reached, sent = next_causes(), decided.sent.items()
            return all(reached[topic.replace("inbox", "events"), n] > offset for (topic, n), offset in sent)

        await until(answered, lambda: (next_causes(), decided.sent), 60)
        command = [sys.executable, "-m", "kalimaya", "evidence", VILLAGE, "--out", str(path), "--kafka", pair.kafka]
        told = await asyncio.to_thread(subprocess.run, command, text=True, capture_output=True, check=False, timeout=60)
    assert told.returncode == 0, told.stderr
    found = verify(path, VILLAGE)
    assert [each.log for each in found.partitions] == [f"{topic}/{partition}" for topic, partition in places]
    assert found.documents > 0
    assert found.receipts > 0
