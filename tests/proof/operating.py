"""Backs up and restores a played operation, copies it into another Kafka, to as many and to fewer partitions, goes on.

Run by `make prove-operating`: three minutes. Everything is done by the commands that docs/operating.md names.
"""

import asyncio
import json
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import httpx

from services.canary.flight import ORDERS, fly
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
        assert sum(each["late"] for each in verified) == 0
        _audit(old, "--no-read-model")
        _audit(new, "--no-read-model")
        try:
            _said(old.run("copy", "--to", f"127.0.0.1:{old.ports['KAFKA']}"))
        except AssertionError as refused:
            print(f"onto itself: {refused}")
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
        gateway, picture = (f"http://127.0.0.1:{new.ports[name]}" for name in ("GATEWAY", "PICTURE"))
        headers = {"Authorization": f"Bearer {new.tokens()['canary']}"}
        async with httpx.AsyncClient(headers=headers, timeout=15) as client:
            for service in (*ORDERS, *ORDERS):  # refused, then repeated
                began = monotonic()
                await fly(client, gateway, picture, service, datetime.now(UTC))
                print(f"canary to {service}: {(monotonic() - began) * 1000:.0f} ms")
        _audit(new, wait=30)
        assert new.run("rebuild", "--check").returncode == 0
        print(f"{how}: audit clean, the same digest, goes on")
    finally:
        new.down()


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
