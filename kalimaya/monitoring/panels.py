"""The parts of a Grafana dashboard, as its JSON has them. They know Grafana and nothing of what is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kalimaya.monitoring import promql

DATASOURCE = {"type": "prometheus", "uid": "kalimaya-prometheus"}
"""As deploy/grafana/provisioning/datasources has it."""
WIDTH = 24
"""Columns of Grafana's grid."""

Kind = Literal["timeseries", "stat", "table"]
_HEIGHT: Mapping[Kind, int] = {"timeseries": 8, "stat": 4, "table": 8}


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `queries`: legend by expression. `unit`: Grafana's name for it. `red`: from where it is bad."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 8
    red: float | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard: rows of panels by their title. `variable`: a label to choose by, and the metric that has it."""

    uid: str
    title: str
    rows: Mapping[str, Sequence[Panel]]
    variable: tuple[str, str] | None = None

    @property
    def expressions(self) -> list[str]:
        """All that it asks Prometheus."""
        return [query for panels in self.rows.values() for panel in panels for query in panel.queries]


def rendered(dashboard: Dashboard, helps: Mapping[str, str]) -> dict[str, Any]:
    """The dashboard as Grafana reads it. `helps`: of each metric by name, shown with the panels that use it."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in dashboard.rows.items():
        panels.append({"type": "row", "title": title, "id": len(panels) + 1, "gridPos": _at(0, y, WIDTH, 1)})
        x, y, height = 0, y + 1, 0
        for panel in row:
            if x + panel.width > WIDTH:
                x, y, height = 0, y + height, 0
            height = max(height, _HEIGHT[panel.kind])
            at = _at(x, y, panel.width, _HEIGHT[panel.kind])
            panels.append(_panel(panel, helps) | {"id": len(panels) + 1, "gridPos": at})
            x += panel.width
        y += height
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["kalimaya"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_variable(*dashboard.variable)] if dashboard.variable else []},
        "panels": panels,
    }


def _panel(panel: Panel, helps: Mapping[str, str]) -> dict[str, Any]:
    named = sorted({name for query in panel.queries for name in promql.metrics(query)} & helps.keys())
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red is not None:
        steps.append({"color": "red", "value": panel.red})
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": "\n\n".join(f"{name}: {helps[name]}" for name in named),
        "datasource": DATASOURCE,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "targets": [_target(number, *each, panel.kind) for number, each in enumerate(panel.queries.items())],
    }


def _target(number: int, expression: str, legend: str, kind: Kind) -> dict[str, Any]:
    now = kind != "timeseries"
    return {
        "refId": chr(ord("A") + number),
        "datasource": DATASOURCE,
        "expr": expression,
        "legendFormat": legend,
        "instant": now,
        "range": not now,
        "format": "table" if kind == "table" else "time_series",
    }


def _variable(label: str, metric: str) -> dict[str, Any]:
    return {
        "type": "query",
        "name": label,
        "datasource": DATASOURCE,
        "query": f"label_values({metric}, {label})",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "sort": 1,
    }


def _at(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}
