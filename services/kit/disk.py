"""How full the disk is that holds the data, told to Prometheus; it must not know what stands there."""

import shutil
from math import nan
from pathlib import Path

from prometheus_client import Gauge

FREE = Gauge(
    "kalimaya_disk_free_bytes", "Room left where the data is; falling: make room before Kafka stops.", ("folder",)
)
SIZE = Gauge("kalimaya_disk_size_bytes", "All that this disk can hold; falling: another disk is there.", ("folder",))


def watch(folder: Path) -> None:
    """Let every scrape look at the disk that holds `folder`; not a number while there is no such folder."""
    FREE.labels(folder).set_function(lambda: _usage(folder)[1])
    SIZE.labels(folder).set_function(lambda: _usage(folder)[0])


def _usage(folder: Path) -> tuple[float, float]:
    """Bytes in all, and bytes free."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:  # whoever looks at the metrics sees that there is none
        return nan, nan
    return usage.total, usage.free
