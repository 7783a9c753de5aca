"""`kalimaya evidence` on a real Kafka: the logs that three services wrote, in a file that proves itself."""

import asyncio
import subprocess
import sys
from pathlib import Path

from kalimaya.evidence.verify import verify
from schemas.catalogue import SERVICES
from services.kit.ledger.reader import LogReader
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
        reader = LogReader(pair.kafka, "test")
        await reader.start(dict.fromkeys(places, None))

        async def answered() -> bool:
            return sum((await reader.ends(places)).values()) >= len(small_scenario()) + len(places)

        try:
            await until(answered, lambda: decided.sent, 60)
        finally:
            await reader.stop()
        command = [sys.executable, "-m", "kalimaya", "evidence", VILLAGE, "--out", str(path), "--kafka", pair.kafka]
        told = await asyncio.to_thread(subprocess.run, command, text=True, capture_output=True, check=False, timeout=60)
    assert told.returncode == 0, told.stderr
    found = verify(path, VILLAGE)
    assert [each.log for each in found.partitions] == [f"{topic}/{partition}" for topic, partition in places]
    assert found.documents > 0
    assert found.receipts > 0
