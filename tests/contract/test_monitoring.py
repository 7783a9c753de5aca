"""Alerts, runbooks and dashboards are of metrics that exist, and of one another; with promtool, they also do what they
say.
"""

import json
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from faust.sensors.prometheus import FaustMetrics
from prometheus_client import REGISTRY, CollectorRegistry

import services.gateway.main
import services.kit.deciding
import services.projection.main
import services.watch.app  # noqa: F401 - with these, everything is imported that defines a metric
from kalimaya import generated
from kalimaya.cli import app
from kalimaya.generated import ROOT
from kalimaya.monitoring import promql
from kalimaya.monitoring.__main__ import FOLDER, files
from kalimaya.monitoring.dashboards import DASHBOARDS
from kalimaya.monitoring.metrics import exported, of_any_process
from kalimaya.monitoring.panels import DATASOURCE
from kalimaya.settings import HOST, SERVICES, Settings

PROMETHEUS = ROOT / "deploy/prometheus"
RUNBOOKS = ROOT / "docs/runbooks"
GRAFANA = ROOT / "deploy/grafana/provisioning"
HEADINGS = ["What it means", "What to look at", "What to do", "When it is over"]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


CONFIG = read(PROMETHEUS / "prometheus.yml")
RULES = [
    rule for name in CONFIG["rule_files"] for group in read(PROMETHEUS / name)["groups"] for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
ASKED = [query for dashboard in DASHBOARDS for query in dashboard.expressions]
EXPRESSIONS = [rule["expr"] for rule in RULES] + ASKED
METRICS = [*exported(), *of_any_process()]
LABELS = {sample: {*metric.labels} for metric in METRICS for sample in metric.samples}
OF_PROMETHEUS = {"up": set[str](), "ALERTS": {"alertname", "alertstate", "severity"}}
ADDED_BY_SCRAPING = {"job", "instance", "process", "le"}


# Metrics.


def unknown(expression: str) -> set[str]:
    """What an expression names that nobody exports or records."""
    return promql.metrics(expression) - LABELS.keys() - RECORDED - OF_PROMETHEUS.keys()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_named_is_exported(expression: str) -> None:
    assert promql.metrics(expression)
    assert unknown(expression) == set()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_label_named_is_one_of_the_metrics(expression: str) -> None:
    known = LABELS | OF_PROMETHEUS
    of_these = set[str]().union(*(known.get(name, set()) for name in promql.metrics(expression)))
    assert promql.labels(expression) - of_these <= ADDED_BY_SCRAPING


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("kalimaya_old_name", {"kalimaya_old_name"}),
        ('sum by (service) (rate(kalimaya_old_total{a="b c"}[5m] offset 1h)) > 1e3', {"kalimaya_old_total"}),
        ("max without (le) (x_bucket) / on (a, b) group_left () y:z:rate5m unless up", {"x_bucket", "y:z:rate5m"}),
        ("histogram_quantile(0.99, sum by (le) (rate(kalimaya_x_bucket[$__rate_interval])))", {"kalimaya_x_bucket"}),
    ],
)
def test_a_metric_that_is_not_there_is_noticed(expression: str, named: set[str]) -> None:
    assert unknown(expression) == named


def test_a_label_that_is_not_there_is_noticed() -> None:
    assert promql.labels('sum by (service, partition) (x{source=~"a, b", kind!="c"})') == {
        "service", "partition", "source", "kind",
    }  # fmt: skip


def test_every_metric_of_ours_is_in_the_inventory() -> None:
    registered = {family.name for family in REGISTRY.collect() if family.name.startswith("kalimaya_")}
    assert registered == {metric.name.removesuffix("_total") for metric in exported()}


def test_every_metric_says_what_it_is_and_ours_what_to_do() -> None:
    registry = CollectorRegistry()
    FaustMetrics.create(registry, "app")
    assert all(family.documentation for family in registry.collect())
    assert all(metric.help for metric in of_any_process())
    assert [metric.name for metric in exported() if not re.fullmatch(r"[A-Z0-9].{15,}\.", metric.help)] == []


# Alerts and their runbooks.


def test_each_rule_has_a_name_of_its_own_and_each_recorded_series_is_used() -> None:
    assert len(ALERTS) + len(RECORDED) == len(RULES)
    assert set[str]().union(*map(promql.metrics, EXPRESSIONS)) >= RECORDED


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_says_whom_it_wakes_and_where_to_read_on(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{alert}.md"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == ALERTS.keys()


@pytest.mark.parametrize("alert", ALERTS)
def test_every_runbook_answers_the_four_questions_with_commands_that_exist(alert: str) -> None:
    text = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {alert}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    commands = {str(each.name or each.callback.__name__) for each in app.registered_commands if each.callback}
    assert set(re.findall(r"`kalimaya ([a-z-]+)", text)) <= commands
    assert all((ROOT / path).exists() for path in re.findall(r"`((?:docs|deploy|services|kalimaya)/[\w./-]+)`", text))
    named = set(re.findall(r"`((?:kalimaya|process)_\w+)", text))
    assert named <= LABELS.keys() | {metric.name for metric in METRICS}


def test_every_alert_is_tested_both_ways() -> None:
    fires = defaultdict(set)
    for path in (PROMETHEUS / "tests").glob("*.yml"):
        for case in read(path)["tests"]:
            for expected in case["alert_rule_test"]:
                fires[expected["alertname"]].add(bool(expected["exp_alerts"]))
    assert fires == {alert: {True, False} for alert in ALERTS}


# What Prometheus and Grafana are told.


def test_prometheus_scrapes_every_process_of_the_embedded_system() -> None:
    (job,) = CONFIG["scrape_configs"]
    settings = Settings.model_construct()
    assert {each["labels"]["process"]: each["targets"] for each in job["static_configs"]} == {
        name: [f"{HOST}:{settings.metrics_port_of(name)}"] for name in SERVICES
    }
    assert f'up{{job="{job["job_name"]}"}} == 0' == ALERTS["ProcessDown"]["expr"]


def test_the_generated_files_are_up_to_date() -> None:
    assert generated.stale(files(), FOLDER) == [], "run `make contracts`"


def test_grafana_is_given_the_datasource_that_the_dashboards_name() -> None:
    (source,) = read(GRAFANA / "datasources/prometheus.yml")["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == DATASOURCE
    assert source["jsonData"]["timeInterval"] == CONFIG["global"]["scrape_interval"]


@pytest.mark.parametrize("path", [path for path in files() if path.suffix == ".json"], ids=lambda path: path.stem)
def test_panels_lie_side_by_side_within_the_grid(path: Path) -> None:
    taken = set[tuple[int, int]]()
    for panel in json.loads(files()[path])["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells


# With promtool.


def promtool(*arguments: str | Path) -> str:
    """What promtool has to say; fails when it is against."""
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool, as .ci/run takes it from Debian's package prometheus")
    run = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    assert f"{len(ALERTS)} rules found" in promtool("check", "config", PROMETHEUS / "prometheus.yml")


def test_every_alert_fires_when_it_should_and_not_else() -> None:
    tests = sorted((PROMETHEUS / "tests").glob("*.yml"))
    assert promtool("test", "rules", *tests).count("SUCCESS") == len(tests)


def test_every_query_of_a_dashboard_is_promql(tmp_path: Path) -> None:
    asked = [query.replace("$__rate_interval", "1m") for query in dict.fromkeys(ASKED)]
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(asked)]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", path)
