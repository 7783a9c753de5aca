"""One piece of chaos: a fresh operation under load and faults, then quiet, then the check of everything."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
from confluent_kafka import Consumer, KafkaException, TopicPartition

from kalimaya.settings import DECIDING_SERVICES, PROJECT
from scenarios import serang2019
from scenarios.plan import PLAYER, Planned
from scenarios.scale import scaled
from services.kit.clock import Pace
from services.projection.store import SCHEMA
from tests.chaos import results
from tests.chaos.checker import Found, Logs, check
from tests.chaos.faults import WATCHES, Faults, schedule
from tests.chaos.load import Load, Receipts
from tests.chaos.site import Site
from tests.chaos.undisturbed import Undisturbed, stored_digest
from tests.support.disk import may_mount

TELL_SECONDS = 10.0
QUIET_SECONDS = 240.0
"""How long after the last fault everything may take to be known, decided and projected."""
PACE_POINTS = 600


@dataclass(frozen=True, slots=True)
class Plan:
    """What a piece is.

    `every`: seconds from fault to fault on average. `rate`: messages a second. `bug`: planted in every service, by its
    name in `sick.py`.
    """

    minutes: float
    seed: int
    brokers: int = 1
    rate: float = 300.0
    every: float = 4.0
    size: str = "full"
    bug: str | None = None

    @property
    def seconds(self) -> float:
        """How long load and faults last."""
        return self.minutes * 60


def messages(plan: Plan) -> Sequence[Planned]:
    """As many messages as the load needs: the start of a scenario, or of several at once."""
    count = int(plan.seconds * plan.rate)
    one = serang2019.make(plan.size, plan.seed)
    return scaled(one, -(-count // len(one.messages))).messages[:count]


def pace(load: Sequence[Planned], rate: float) -> Pace:
    """A clock by which each message is sent at its moment, when so many are sent a second; it goes on to the end."""
    start = serang2019.START
    step = max(1, len(load) // PACE_POINTS)
    points = [(0.0, 0.0)]
    for number in range(step, len(load), step):
        own = (load[number].send_at - start).total_seconds()
        points.append((number / rate, max(own, points[-1][1] + 1e-3)))
    wall, own = points[-1]
    return (*points, (wall + 1200, own + 1200))


async def run(plan: Plan, folder: Path) -> dict[str, Any]:
    """Run a piece in an empty folder; its result. Raises StartFailedError when the site does not start."""
    around = results.circumstances()  # of what runs: the code may be changed meanwhile
    load = messages(plan)
    disks = may_mount()
    if not disks:
        print("!!! This account may not mount file systems: NO disk is filled in this piece.", flush=True)
    site = Site(folder, plan.brokers, pace(load, plan.rate), serang2019.START, disks=disks, bug=plan.bug)
    try:
        began = monotonic()
        await site.start()
        print(f"  {plan.brokers} broker(s) and all services up after {monotonic() - began:.0f} s", flush=True)
        receipts = folder / "receipts.jsonl"
        sending = Load(load, plan.rate, site.gateway, site.through, site.tokens, Receipts(receipts), plan.seed)
        faults = Faults(site, folder / "faults.jsonl")
        said = await _disturb(plan, site, sending, faults)
        found, undisturbed, stored = await _judge(site, receipts)
        print(f"  checked: {found.messages:,} messages, {found.events:,} events", flush=True)
        audited = await asyncio.to_thread(_audit, site, receipts)
    except BaseException:
        print(_last_words(site), flush=True)
        raise
    finally:
        await site.stop()
    folded = undisturbed.digest()
    wrong = [*said, *found.wrong, *undisturbed.wrong[:20], *audited]
    if stored != folded:
        wrong.append(f"the read model's digest is {stored}, that of a fresh fold {folded}")
    return {
        **around,
        "minutes": plan.minutes,
        "seed": plan.seed,
        "brokers": plan.brokers,
        "rate": plan.rate,
        "faults": dict(sorted(faults.done.items())),
        "left_out": dict(sorted(faults.left_out.items())),
        "disks": disks,
        "witnessed": True,
        "tries": {each: sending.told[each] for each in ("ok", "failed", "unknown")},
        "promises": dict(found.promises),
        "messages": found.messages,
        "events": found.events,
        "outcomes": dict(found.outcomes),
        "void": dict(found.voids),
        "reloads": dict(sorted(site.reloads().items())),
        "decided_again": undisturbed.decided,
        "lost": found.lost,
        "doubled": found.doubled,
        "digest": stored,
        "digests_equal": stored == folded,
        "audit_clean": not audited,
        "wrong": wrong[:20],
        "wrong_in_all": len(wrong),
    }


async def _disturb(plan: Plan, site: Site, sending: Load, faults: Faults) -> list[str]:
    """Load and faults, then quiet; what did not come right by itself in time."""
    telling = asyncio.create_task(_tell(site, sending, faults))
    loading = asyncio.create_task(sending.run())
    try:
        await faults.run(schedule(faults.kinds, plan.seed, plan.seconds, plan.every))
        deadline = monotonic() + plan.seconds / 4 + QUIET_SECONDS
        await asyncio.wait({loading}, timeout=deadline - monotonic())
        if not loading.done():
            return [f"{sending.open} messages are not known {QUIET_SECONDS:.0f} s after the last fault"]
        loading.result()
        print("  all messages are known to their publisher", flush=True)
        return await _drain(site, monotonic() + QUIET_SECONDS)
    finally:
        loading.cancel()
        telling.cancel()
        await asyncio.gather(loading, telling, return_exceptions=True)


async def _drain(site: Site, deadline: float) -> list[str]:
    """Until what was handed in is projected; watches go first, for they would go on for ever."""
    behind = "not looked yet"
    watching = True
    while monotonic() < deadline:
        behind = await asyncio.to_thread(_unread, site) or await _unprojected(site)
        if not behind:
            if not watching:
                return []
            await site.leave(*WATCHES)
            watching = False
        await asyncio.sleep(0.5)
    return [f"{QUIET_SECONDS:.0f} s after the last message was known: {behind}"]


def _unread(site: Site) -> str | None:
    """What the gateway has not read of the player's topic."""
    reader = Consumer({"bootstrap.servers": site.bootstrap, "group.id": "kalimaya.gateway", "log_level": 0})
    try:
        place = TopicPartition(f"agency.{PLAYER}", 0)
        (committed,) = reader.committed([place], timeout=10)
        _, end = reader.get_watermark_offsets(place, timeout=10)
    except KafkaException as error:
        return str(error)
    finally:
        reader.close()
    return f"{end - committed.offset} messages of {place.topic} are not read" if committed.offset < end else None


async def _unprojected(site: Site) -> str | None:
    """What the read model lacks of the inboxes."""
    ends = await asyncio.to_thread(_inbox_ends, site)
    try:
        connection: Any = await asyncpg.connect(site.postgres.dsn(), timeout=5, command_timeout=30)
        try:
            rows = await connection.fetch(f"SELECT topic, partition, next_cause FROM {SCHEMA}.positions")
        finally:
            await connection.close()
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        return repr(error)
    stands = {(row["topic"].replace("events", "inbox"), row["partition"]): row["next_cause"] for row in rows}
    behind = {place: end - stands.get(place, 0) for place, end in ends.items() if stands.get(place, 0) < end}
    return f"not in the read model: {behind}" if behind else None


def _inbox_ends(site: Site) -> dict[tuple[str, int], int]:
    logs = Logs(site.bootstrap)
    try:
        return {
            (f"{service}.inbox", partition): logs.end(f"{service}.inbox", partition)
            for service in DECIDING_SERVICES
            for partition in logs.partitions(f"{service}.inbox")
        }
    finally:
        logs.close()


async def _judge(site: Site, receipts: Path) -> tuple[Found, Undisturbed, str]:
    undisturbed = Undisturbed()

    def checked() -> Found:
        logs = Logs(site.bootstrap)
        try:
            return check(logs, DECIDING_SERVICES, receipts, undisturbed.take)
        finally:
            logs.close()

    found = await asyncio.to_thread(checked)
    return found, undisturbed, await stored_digest(site.postgres.dsn())


def _audit(site: Site, receipts: Path) -> list[str]:
    """What `kalimaya audit` finds."""
    options = ["--kafka", site.bootstrap, "--postgres", site.postgres.dsn(), "--receipts", str(receipts)]
    done = subprocess.run(
        [sys.executable, "-m", "kalimaya", "audit", "--json", *options],
        cwd=PROJECT, text=True, capture_output=True, timeout=600, check=False,
    )  # fmt: skip
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return [f"audit: {done.stdout} {done.stderr}"]
    return [f"audit: {each['topic']}/{each['partition']}@{each['offset']} {each['rule']}: {each['detail']}"
            for each in told["kept"]]  # fmt: skip


async def _tell(site: Site, sending: Load, faults: Faults) -> None:
    """A line now and then, until cancelled."""
    began = monotonic()
    while True:
        await asyncio.sleep(TELL_SECONDS)
        elapsed = timedelta(seconds=int(monotonic() - began))
        now = ", ".join(sorted(faults.under_way)) or "none"
        print(
            f"  {elapsed}: {sum(faults.done.values())} faults, {sending.told['sent']:,} messages sent, "
            f"{sending.open:,} not known, {sending.told['unknown']:,} tries without an answer; now: {now}",
            flush=True,
        )


def _last_words(site: Site) -> str:
    return "\n".join(
        f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-6:])
        for path in sorted(site.logs.glob("*.log"))
    )
