"""What containers are made and run from is valid and complete; whether it runs, `make prove-compose` shows."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalimaya.generated import ROOT
from kalimaya.settings import SERVICES

IMAGES = ROOT / "deploy/images"
COMPOSE = ROOT / "deploy/compose"
NAMES = {f"{name}_IMAGE": "some/image" for name in ("KALIMAYA", "KAFKA", "POSTGRES", "PROMETHEUS", "GRAFANA")}


def program(name: str) -> str:
    """Where a tool of the development environment is; skips the test where there is none."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return found or pytest.skip(f"{name} is not installed: there is a wheel for Linux on x86_64 only")


def merged(*names: str) -> dict[str, Any]:
    """What compose makes of these files; fails with its words when they are not valid."""
    files = [part for name in names for part in ("--file", str(COMPOSE / name))]
    command = [program("docker-compose"), *files, "--profile", "*", "config", "--format", "json"]
    done = subprocess.run(command, env=os.environ | NAMES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("path", [IMAGES / "Dockerfile", *IMAGES.glob("*.Dockerfile")], ids=lambda path: path.name)
def test_dockerfiles_have_nothing_to_mend(path: Path) -> None:
    command = [program("hadolint"), "--config", str(IMAGES / "hadolint.yaml"), str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == ""


def test_every_service_runs_without_privileges_and_with_a_root_that_it_cannot_write_to() -> None:
    services = merged("compose.yaml", "grafana.yaml")["services"]
    assert {*SERVICES, "canary"} <= services.keys()
    of_others = {"kafka", "postgres"}  # their images write beside their volumes
    lax = {
        name
        for name, service in services.items()
        if not service.get("read_only") or service.get("cap_drop") != ["ALL"] or service.get("privileged")
    }
    assert lax == of_others


def test_what_is_published_is_published_on_the_loopback_only() -> None:
    services = merged("compose.yaml", "grafana.yaml")["services"]
    assert {port["host_ip"] for each in services.values() for port in each.get("ports", [])} == {"127.0.0.1"}


def test_on_the_network_of_the_machine_every_container_is_and_every_name_leads_to_the_loopback() -> None:
    services = merged("compose.yaml", "host.yaml")["services"]
    named = dict.fromkeys(services.keys() - {"prepare", "cli"}, "127.0.0.1")
    for service in services.values():
        assert service["network_mode"] == "host"
        assert dict(each.split("=") for each in service["extra_hosts"]) == named


def test_no_secret_has_a_default_and_none_is_in_an_environment() -> None:
    found = merged("compose.yaml", "grafana.yaml")
    for service in found["services"].values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or value.startswith("/run/secrets/")
    assert {Path(each["file"]).parent for each in found["secrets"].values()} == {COMPOSE / "secrets"}
    ignored = subprocess.run(["git", "check-ignore", "-q", str(COMPOSE / "secrets/tokens.json")], check=False, cwd=ROOT)
    assert ignored.returncode == 0


def test_prometheus_asks_every_service_where_it_answers_and_has_every_rule() -> None:
    services = merged("compose.yaml")["services"]
    config = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
    usual = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    [job] = config["scrape_configs"]
    asked = {each["labels"]["process"]: each["targets"] for each in job["static_configs"]}
    assert asked == {
        name: [f"{name}:{services[name]['environment']['KALIMAYA_METRICS_PORT']}"] for name in (*SERVICES, "canary")
    }
    assert job["job_name"] == usual["scrape_configs"][0]["job_name"]
    assert config["global"] == usual["global"]
    mounted = {Path(each["source"]).name for each in services["prometheus"]["volumes"] if "/rules/" in each["target"]}
    assert mounted == set(usual["rule_files"])
