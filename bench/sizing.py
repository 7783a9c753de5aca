"""How much an operation needs, reckoned from what one message and one unit were measured to cost.

Prints docs/sizing.md (`make sizing`); a test holds the two together. It says itself what was measured and what is
reckoned.
"""

from dataclasses import dataclass
from math import ceil

# One run of the full scenario flat out, 107,164 messages (104,019 played, 3,145 of the watches) in 110 s on two cores
# that others used too: CPU seconds at its end less those at its beginning, from /proc; bytes by du.
MESSAGES, UNITS, VILLAGES = 107_164, 443, 150
SIGHTINGS = 85_034
BUSIEST_HOUR = 3_512
CPU_SECONDS = {
    "gateway": 19.7,
    "deciders": 13.2,
    "projection": 19.5,
    "PostgreSQL": 7.9,
    "Kafka": 22.0,
    "watches": 36.9,
}
LOG_BYTES = 1_070
READ_MODEL_BYTES = 1_560  # entities, versions, events and outcomes of the same scenario, with their indexes
IDENTITY_BYTES = 370  # make bench-restart: 443 MiB with a million messages to recognise, 76 without
SETTLED_BYTES = {
    "gateway": 111,
    "decider": 281,
    "projection": 220,
    "watch": 132,
    "Kafka": 418,
    "PostgreSQL": 265,
}  # MiB

# What one process, or one partition, was seen to do at most, in messages a second.
DECIDER_RATE = 59_920  # make bench-ledger, six partitions
INTAKE_RATE = 3_250  # everything and the client on two cores, 400 a request
WATCH_RATE = 3_300  # make bench-watch: what its stream brings; a backlog, its own reader brings at 22,000

BURST = 4  # the busiest seconds of the scenario against its busiest hour: late uploads, change of guard
ROOM = 2  # nothing should run at more than half, so that a fold from the beginning catches up beside it
REPLICAS = 3


@dataclass(frozen=True, slots=True)
class Operation:
    """How large an operation is."""

    name: str
    villages: int
    units: int

    @property
    def messages(self) -> int:
        """In all: each unit says where it is as often as in the scenario, the rest goes with the villages."""
        return round(self.units * SIGHTINGS / UNITS + self.villages * (MESSAGES - SIGHTINGS) / VILLAGES)

    @property
    def burst(self) -> float:
        """Messages a second in the busiest seconds."""
        return self.units / UNITS * BUSIEST_HOUR / 3600 * BURST

    @property
    def cores(self) -> int:
        """Processors for all processes and engines, Kafka's work done on each replica."""
        a_message = (sum(CPU_SECONDS.values()) + (REPLICAS - 1) * CPU_SECONDS["Kafka"]) / MESSAGES
        return max(2, ceil(self.burst * a_message * ROOM))

    @property
    def disk(self) -> tuple[float, float]:
        """Bytes of the logs with all replicas, and of the read model with its standby."""
        return self.messages * LOG_BYTES * REPLICAS, self.messages * READ_MODEL_BYTES * 2

    @property
    def identities(self) -> float:
        """Bytes that all deciders together hold to recognise messages that come again."""
        return self.messages * IDENTITY_BYTES

    @property
    def partitions(self) -> int:
        """So many that no decider's process of one partition holds more than 2 GB of identities; at least six."""
        return max(6, ceil(self.identities / 2e9))

    @property
    def limit(self) -> str:
        """What is beyond what was measured of one process."""
        return "more than a watch was seen to follow with room" if self.burst > WATCH_RATE / ROOM else ""


OPERATIONS = (
    Operation("one regency, Serang 2019", VILLAGES, UNITS),
    Operation("a large regency", 450, 2_000),
    Operation("a province", 1_500, 10_000),
    Operation("ten provinces", 15_000, 100_000),
    Operation("the nation", 83_000, 500_000),
)

HEAD = """\
# Size

Made by `make sizing` from bench/sizing.py. **Measured** is what a message costs; **reckoned** is all of the table but
its first row, which was run. Nothing larger than 1.1 million messages was.

| operation | villages | units | messages | at once, /s | cores | logs, x3 | read model, x2 | repeats | partitions | |
|---|---|---|---|---|---|---|---|---|---|---|
"""

TAIL = f"""
A unit says where it is 192 times in eight days, as in the scenario. *At once*: the busiest hour, times {BURST} for late
uploads and changes of guard. *Cores*: for that, times {ROOM}. *Repeats*: memory of all deciders together; they
know each message's identity for 62 days (ADR 0015); *partitions*: so many that none has more than 2 GB of it.

## What a message costs

| | CPU seconds a 100,000 messages | memory of a process, MiB |
|---|---|---|
%s

Full scenario, flat out, on two cores. The deciders' figure is that of small batches under light load: with batches
that fill, 1.3 (`make bench-ledger`), and {DECIDER_RATE:,} messages a second and process. Bytes a message: {LOG_BYTES:,}
in the logs, inbox and answer; {READ_MODEL_BYTES:,} in the read model.

## Where one process ends

- **Gateway and projection**: more of them share the work. Through one of each on two cores, with everything else beside
  them, {INTAKE_RATE:,} messages a second went in.
- **Deciders**: by partitions. More partitions are another log (`kalimaya copy`): begin with enough.
- **Watches**: one process a service looks at all. Its stream brings {WATCH_RATE:,} events a second; how long a look
  takes with 100,000 units was not measured.
- **The picture**: 13 ms for 150 villages, and in proportion to them. Nobody reads 83,000 rows: readers are granted
  districts, and such a part costs what it costs today.

So the nation is better served by an operation a regency, each of the size that was run, than by one of everything: they
share nothing, and none can hold up another. The last row says what one of everything would at least need.
"""


def page() -> str:
    """docs/sizing.md."""
    rows = "".join(_row(each) for each in OPERATIONS)
    memory = {"gateway": "gateway", "deciders": "decider", "watches": "watch"}
    costs = [
        f"| {name} | {seconds / MESSAGES * 1e5:.1f} | {SETTLED_BYTES[memory.get(name, name)]} |"
        for name, seconds in CPU_SECONDS.items()
    ]
    return HEAD + rows + TAIL % "\n".join(costs)


def _row(each: Operation) -> str:
    logs, read_model = each.disk
    cells = (
        each.name,
        f"{each.villages:,}",
        f"{each.units:,}",
        f"{each.messages:,}",
        f"{each.burst:,.0f}",
        str(each.cores),
        _bytes(logs),
        _bytes(read_model),
        _bytes(each.identities),
        str(each.partitions),
        each.limit,
    )
    return f"| {' | '.join(cells)} |\n"


def _bytes(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count < 1e11 else f"{count / 1e9:,.0f} GB"


if __name__ == "__main__":
    print(page(), end="")
