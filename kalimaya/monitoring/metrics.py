"""Every metric that a process exports, taken from the modules that define them."""

from dataclasses import dataclass
from types import ModuleType

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client import Metric as Family
from prometheus_client.metrics import MetricWrapperBase

from services.canary import metrics as canary
from services.gateway import metrics as gateway
from services.kit import disk
from services.kit.ledger import metrics as ledger
from services.projection import metrics as projection
from services.watch import metrics as watch

MODULES: dict[str, tuple[ModuleType, ...]] = {
    "gateway": (gateway, disk),
    "deployment, logistics, incidents": (ledger,),
    "projection": (projection,),
    "the three watches": (watch,),
    "canary": (canary,),
}

_SAMPLES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as Prometheus has it. `process`: who exports it. `samples`: the names that an expression can use."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str
    process: str
    samples: tuple[str, ...]


def exported() -> list[Metric]:
    """Our own metrics, process by process in the order of their definition."""
    return [
        _described(each, process)
        for process, modules in MODULES.items()
        for module in modules
        for each in vars(module).values()
        if isinstance(each, MetricWrapperBase)
    ]


def of_any_process() -> list[Metric]:
    """What prometheus-client tells of every process on Linux: memory, processor time, open files."""
    families = ProcessCollector(registry=CollectorRegistry()).collect()
    return [_of_family(each, (), "every process") for each in families]


def _described(metric: MetricWrapperBase, process: str) -> Metric:
    (family,) = metric.describe()
    return _of_family(family, tuple(metric._labelnames), process)  # told by nothing public before the first sample


def _of_family(family: Family, labels: tuple[str, ...], process: str) -> Metric:
    samples = tuple(f"{family.name}{suffix}" for suffix in _SAMPLES[family.type])
    name = samples[0] if family.type == "counter" else family.name
    return Metric(name, family.type, labels, family.documentation, process, samples)
