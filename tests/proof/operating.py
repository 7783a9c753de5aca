"""Backs up and restores a played operation, copies it into another Kafka, to as many and to fewer partitions, goes on.

Run by `make prove-operating`: three minutes. Everything is done by the commands that docs/operating.md names.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from kalimaya.ports import free_ports
from services.canary.flight import ORDERS
from tests.support.system import System


async def main() -> None:
    """Play the small scenario flat out, and copy it twice; raises AssertionError at what is not as it should be."""
    with tempfile.TemporaryDirectory(prefix="kalimaya-copy-") as folder:
        old = System(_folder(folder, "old"))
        old.up("--scenario", "small", "--speed", "max")
        try:
            await old.played(240)
            _audit(old, wait=30)
            before = _said(old.run("digest"))
        finally:
            old.down()
        print(f"played: digest {before[:16]}")
        await _restore(old, System(_folder(folder, "restored")), before)
        old.up("--engines")
        try:
            for partitions in (6, 4):
                await _copy(old, System(_folder(folder, f"new-{partitions}")), partitions, before)
        finally:
            old.down()


async def _restore(old: System, new: System, before: str) -> None:
    file = old.data.with_name("operation.tar.gz")
    print(_said(old.run("backup", str(file))))
    print(_said(new.run("restore", str(file))))
    await _goes_on(new, before, "restored")


async def _copy(old: System, new: System, partitions: int, before: str) -> None:
    new.up("--engines")
    try:
        await _engines(old)
        await _engines(new)
        command = ["copy", "--to", f"127.0.0.1:{new.ports['KAFKA']}", "--partitions", str(partitions)]
        print(_said(old.run(*command)))
        verified = json.loads(_said(old.run(*command, "--json")))
        assert sum(each["late"] for each in verified["services"]) + verified["unreadable_late"] == 0
        _audit(old, "--no-read-model")
        _audit(new, "--no-read-model")
        refused = old.run("copy", "--to", f"127.0.0.1:{old.ports['KAFKA']}")
        assert refused.returncode == 1, refused.stdout + refused.stderr
        assert "the same Kafka" in refused.stderr
        print(f"onto itself: {refused.stderr.strip()}")
    finally:
        new.down()
    for name in ("clock.json", "tokens.json"):
        (new.data / name).write_bytes((old.data / name).read_bytes())
    await _goes_on(new, before, f"copied to {partitions} partitions")


async def _goes_on(new: System, before: str, how: str) -> None:
    """The picture is the same, what comes is decided, a canary is seen, and the audit stays clean."""
    new.up("--scenario", "none")
    try:
        await new.ready()
        _audit(new, wait=60)
        assert _said(new.run("digest")) == before, "the picture is another"
        answer = new.publish("polres-serang", _SIGHTED)
        assert answer.status_code == 200, answer.text
        assert answer.json()["outcome"]["kind"] == "accepted", answer.text
        await _canary(new)
        _audit(new, wait=30)
        assert new.run("rebuild", "--check").returncode == 0
        print(f"{how}: audit clean, the same digest, goes on")
    finally:
        new.down()


async def _canary(system: System) -> None:
    """Three rounds of the canary's process, the first of which may be refused and all others repeated."""
    token = system.data / "canary-token"
    token.write_text(system.tokens()["canary"])
    (port,) = free_ports(1)
    environment = system.environment | {
        "KALIMAYA_KAFKA": f"127.0.0.1:{system.ports['KAFKA']}",
        "KALIMAYA_METRICS_PORT": str(port),
        "KALIMAYA_TOKEN_FILE": str(token),
        "KALIMAYA_GATEWAY_URL": f"http://127.0.0.1:{system.ports['GATEWAY']}",
        "KALIMAYA_PICTURE_URL": f"http://127.0.0.1:{system.ports['PICTURE']}",
        "KALIMAYA_EVERY": "1",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.canary", env=environment)
    try:
        shown: dict[str, float] = {}

        def flown() -> bool:
            shown.update(_samples(port))
            return all(shown.get(f'kalimaya_canary_seconds_count{{service="{name}"}}', 0) >= 3 for name in ORDERS)

        await system.reach(flown, 30)
        assert not [name for name in shown if name.startswith("kalimaya_canary_lost_total")], shown
        seconds = sum(shown[f'kalimaya_canary_seconds_sum{{service="{name}"}}'] for name in ORDERS)
        count = sum(shown[f'kalimaya_canary_seconds_count{{service="{name}"}}'] for name in ORDERS)
        print(f"{count:.0f} canaries, {seconds / count * 1000:.0f} ms on average")
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0


def _samples(port: int) -> dict[str, float]:
    """What a process's /metrics shows; nothing while it does not answer."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=3, trust_env=False).text
    except httpx.HTTPError:
        return {}
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in rows}


_SIGHTED = {
    "specversion": "1.0",
    "id": "after-the-copy",
    "source": "proof",
    "type": "kalimaya.unit.sighted",
    "data": {"unit": "polres-serang-001", "lat": -6.12, "lon": 106.15},
}


def _folder(parent: str, name: str) -> Path:
    folder = Path(parent) / name
    folder.mkdir()
    return folder


async def _engines(system: System) -> None:
    await system.reach(lambda: system.states().get("kafka") == "ready", 60)


def _audit(system: System, *options: str, wait: int = 0) -> None:
    print(_said(system.run("audit", "--wait", str(wait), *options)).splitlines()[-1])


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


if __name__ == "__main__":
    asyncio.run(main())
