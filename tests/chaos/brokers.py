"""One Kafka node or three (KRaft) as children, each with a second door that leads through a proxy of ours.

Services and publishers come in by that door (`through`), and are sent back to it by what the node advertises; the nodes
among themselves, the supervisor and the checker use the first one, so that a cut link cuts nobody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kalimaya.embedded.kafka import KafkaNode
from kalimaya.process import Child
from kalimaya.settings import HOST

PORTS_EACH = 4
ABSENT = ("controller.quorum.bootstrap.servers",)
"""Settings of a node alone; a static list of voters stands in their place."""
REPLICATED = (
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
)
LEAD_AGAIN = {"leader.imbalance.check.interval.seconds": "5", "leader.imbalance.per.broker.percentage": "0"}
"""Who comes back leads again within seconds and not minutes: the next to fall is not one who leads nothing."""
INSYNC = ("min.insync.replicas", "transaction.state.log.min.isr", "share.coordinator.state.topic.min.isr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker(KafkaNode):
    """One node. `more`: its settings beside those of the embedded mode. `through`: the proxy's port, None without."""

    number: int
    door: int
    through: int
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As the supervisor and the log of faults call it."""
        return f"kafka-{self.number}"

    def settings(self) -> str:
        lines = KafkaNode.settings(self).splitlines()
        pairs = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        own = f"PLAINTEXT://{HOST}:{self.port},PROXIED://{HOST}:"
        pairs |= {
            "node.id": str(self.number),
            "listeners": f"{own}{self.door},CONTROLLER://{HOST}:{self.controller_port}",
            "advertised.listeners": f"{own}{self.through}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
        }
        pairs |= self.more
        return "".join(f"{name}={value}\n" for name, value in pairs.items() if not (self.more and name in ABSENT))

    def first_controllers(self) -> tuple[str, ...]:
        return () if self.more else KafkaNode.first_controllers(self)

    def child(self, log: Path | None = None) -> Child:
        return replace(KafkaNode.child(self, log), name=self.name)


def brokers(folder: Path, libs: Path, ports: Sequence[int]) -> Sequence[Broker]:
    """A node of one cluster for every PORTS_EACH `ports`, in folders of their own; `prepare_all` prepares them."""
    count = len(ports) // PORTS_EACH
    heap = "512m" if count == 1 else "256m"
    controllers = ports[3 * count :]
    more: dict[str, str] = {}
    if count > 1:
        voters = ",".join(f"{number}@{HOST}:{port}" for number, port in enumerate(controllers, start=1))
        more = {"controller.quorum.voters": voters}
        more |= LEAD_AGAIN | dict.fromkeys(REPLICATED, str(count)) | dict.fromkeys(INSYNC, "2")
    return [
        Broker(
            home=folder / f"kafka-{number + 1}",
            libs=libs,
            port=ports[number],
            door=ports[count + number],
            through=ports[2 * count + number],
            controller_port=controllers[number],
            heap=heap,
            number=number + 1,
            more=more,
        )
        for number in range(count)
    ]


def prepare_all(nodes: Sequence[Broker]) -> None:
    """Format the nodes as one cluster."""
    nodes[0].prepare()
    for node in nodes[1:]:
        node.home.mkdir(parents=True, exist_ok=True)
        (node.home / "cluster-id").write_text(nodes[0].cluster_id)
        node.prepare()
