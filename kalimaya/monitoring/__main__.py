"""Writes the dashboards and the page of metrics (`make contracts`). With `--check`, fails when one is stale."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from kalimaya import generated
from kalimaya.monitoring.dashboards import DASHBOARDS
from kalimaya.monitoring.metrics import Metric, exported, of_any_process
from kalimaya.monitoring.panels import rendered

FOLDER = Path("deploy/grafana/dashboards")
PAGE = Path("docs/metrics.md")

_HEAD = """\
# Metrics

Every metric of our own, by the processes that export it; made from their definitions by `make contracts`. What each is
for and how to look at it: `docs/monitoring.md`. The watches also export Faust's own, named after the app, such as
`deployment_watch_messages_received_total`.
"""


def files() -> dict[Path, str]:
    """Every generated file, by its path within the repository."""
    metrics = [*exported(), *of_any_process()]
    helps = {sample: each.help for each in metrics for sample in each.samples}
    texts = {
        FOLDER / f"{each.uid.removeprefix('kalimaya-')}.json": json.dumps(rendered(each, helps), indent=2) + "\n"
        for each in DASHBOARDS
    }
    return texts | {PAGE: page(exported())}


def page(metrics: Sequence[Metric]) -> str:
    """The metrics as tables, one for each kind of process."""
    parts = [_HEAD]
    for process in dict.fromkeys(each.process for each in metrics):
        rows = (
            f"| `{each.name}` | {each.kind} | {', '.join(each.labels)} | {each.help} |"
            for each in metrics
            if each.process == process
        )
        parts.append(
            "\n".join([f"## {process}\n", "| metric | kind | labels | meaning |", "|---|---|---|---|", *rows, ""])
        )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(generated.command("kalimaya.monitoring", __doc__, files, FOLDER))
