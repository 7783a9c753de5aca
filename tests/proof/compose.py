"""`make prove-compose`: from nothing to the small scenario played in containers and watched by Prometheus.

Starts an engine if none answers, builds the images, starts everything, plays, audits, asks Prometheus whether it
reaches every process, stops one until its alert fires and starts it until that is over, and looks whether any panel of
the dashboards is empty. Says how long each step took, and fails at the first that is not as it should be.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from dotenv import dotenv_values

from kalimaya import curl

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "deploy/grafana/dashboards"
COMPOSE = str(ROOT / "deploy/compose/compose")
STOPPED = "incidents"
"""The process that is stopped, until ProcessDown says so."""
PORTS = {"PICTURE_PORT": 8010, "GATEWAY_PORT": 8011, "PROMETHEUS_PORT": 9090, "GRAFANA_PORT": 3000}


class NotShown(Exception):
    """Something is not as it should be; the message says what."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Says how long it took."""
    began = time.monotonic()
    yield
    print(f"{title}: {time.monotonic() - began:.1f} s", flush=True)


def run(*command: str, **environment: str) -> str:
    """What a command prints; NotShown with all of it when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, text=True, capture_output=True, check=False, timeout=1800
    )
    if done.returncode:
        raise NotShown(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_for(what: str, seconds: float, condition: Callable[[], object]) -> float:
    """Seconds until the condition holds; NotShown when it does not in time."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise NotShown(f"not within {seconds:.0f} s: {what}")
        time.sleep(1)
    return time.monotonic() - began


class Prometheus:
    """Prometheus' API at a base address, which may be that of Grafana's own way to it."""

    def __init__(self, base: str, **options: Any) -> None:
        self._client = httpx.Client(base_url=base, timeout=30, trust_env=False, **options)

    def ask(self, path: str, **query: str) -> Any:
        """The data of an answer; NotShown when it is an error."""
        answer = self._client.get(f"api/v1/{path}", params=query)
        if answer.status_code != 200:
            raise NotShown(f"{answer.url}: {answer.status_code} {answer.text[:300]}")
        return answer.json()["data"]

    def down(self) -> set[str]:
        """The processes that it does not reach, `nothing is asked` if it knows none."""
        targets = self.ask("targets", state="active")["activeTargets"]
        down = {each["labels"]["process"] for each in targets if each["health"] != "up"}
        return down if targets else {"nothing is asked"}

    def firing(self) -> set[tuple[str, str]]:
        """Alerts that fire: name and process."""
        alerts = self.ask("alerts")["alerts"]
        found = ((each["state"], each["labels"]["alertname"], each["labels"].get("process", "")) for each in alerts)
        return {(name, process) for state, name, process in found if state == "firing"}


def empty_panels(prometheus: Prometheus, dashboard: Mapping[str, Any], since: float) -> tuple[int, list[str]]:
    """How many panels there are, and the titles of those for which not one query returns a series."""
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    empty = []
    for panel in panels:
        asked = (target["expr"].replace("$__rate_interval", "1m") for target in panel["targets"])
        queries = [query.replace("$source", ".*") for query in asked]
        span = {"start": str(since), "end": str(time.time()), "step": "10"}
        if not any(prometheus.ask("query_range", query=query, **span)["result"] for query in queries):
            empty.append(f"{dashboard['title']} / {panel['title']}")
    return len(panels), empty


def dashboards(grafana: httpx.Client | None) -> list[Any]:
    """The four, as Grafana has loaded them, or their files where it does not run."""
    written = [json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))]
    if grafana is None:
        return written
    return [grafana.get(f"api/dashboards/uid/{each['uid']}").raise_for_status().json()["dashboard"] for each in written]


def users() -> None:
    """Make a user of Kafka for each agency and process, as docs/containers.md says."""
    with TemporaryDirectory() as folder:
        made = ("--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{folder}:/passwords")
        run(COMPOSE, "run", "--rm", *made, "cli", "agencies", "apply", "--passwords", "/passwords")
        print(f"  {len(list(Path(folder).iterdir()))} passwords", flush=True)


def ask(ports: Mapping[str, int]) -> None:
    """Read the picture, publish a report, and come without a token."""
    tokens = json.loads((ROOT / "deploy/compose/secrets/tokens.json").read_text())
    picture, gateway = (f"http://127.0.0.1:{ports[name]}" for name in ("PICTURE_PORT", "GATEWAY_PORT"))
    villages = json.loads(run("bash", "-c", curl.read(picture, tokens[curl.READER])))["villages"]
    answer = json.loads(run("bash", "-c", curl.publish(gateway, tokens[curl.PUBLISHER])))
    refused = httpx.post(f"{gateway}/v1/messages", json={}, trust_env=False).status_code
    if answer["outcome"]["kind"] != "accepted" or refused != 401:
        raise NotShown(f"a report became {answer}, and a stranger was answered {refused}")
    print(f"  {len(villages)} villages in the picture, a report accepted, a stranger turned away", flush=True)


def alarm(prometheus: Prometheus) -> None:
    """Stop a process until its alert fires, and start it until the alert is over."""
    alert = ("ProcessDown", STOPPED)
    run(COMPOSE, "stop", STOPPED)
    seconds = wait_for(f"{alert} fires", 300, lambda: alert in prometheus.firing())
    print(f"  ProcessDown fires {seconds:.0f} s after {STOPPED} was stopped", flush=True)
    run(COMPOSE, "start", STOPPED)
    seconds = wait_for(f"{alert} is over", 300, lambda: alert not in prometheus.firing())
    print(f"  it is over {seconds:.0f} s after it was started again", flush=True)


def look(prometheus: Prometheus, grafana: httpx.Client | None, since: float) -> None:
    """No panel may be empty."""
    found = [empty_panels(prometheus, dashboard, since) for dashboard in dashboards(grafana)]
    empty = [title for _, titles in found for title in titles]
    where = "Grafana" if grafana else "Prometheus; Grafana does not run here"
    print(f"  {len(found)} dashboards, {sum(count for count, _ in found)} panels, asked of {where}", flush=True)
    if empty:
        raise NotShown("empty panels: " + "; ".join(empty))


def prove() -> None:
    """All of it, in order."""
    with step("engine and images"):
        print(run(str(ROOT / "deploy/images/provide")), end="", flush=True)
    images = dotenv_values(ROOT / "build/images.env")
    with step("secrets"):
        run(str(ROOT / "deploy/compose/make-secrets"))
    ports = {name: int(os.environ.get(name, usual)) for name, usual in PORTS.items()}
    since = time.time()
    with step("everything up and healthy"):
        run(COMPOSE, "up", "--detach", "--wait", SCENARIO="small")
    with step("Kafka's users, with what each may do"):
        users()
    with step("the small scenario played over Kafka, everything as planned"):
        print(run(COMPOSE, "run", "--rm", "cli", "scenario", "play", "--over", "kafka").splitlines()[-1], flush=True)
    with step("as the posko and as an agency, over HTTP"):
        ask(ports)
    with step("audit"):
        print(run(COMPOSE, "run", "--rm", "cli", "audit", "--wait", "60").splitlines()[-1], flush=True)
    prometheus, grafana = Prometheus(f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}"), None
    with step("Prometheus reaches every process"):
        wait_for("every target up", 60, lambda: not prometheus.down())
    with step("an alert"):
        alarm(prometheus)
    if images["GRAFANA_IMAGE"]:
        password = (ROOT / "deploy/compose/secrets/grafana-password").read_text().strip()
        options: dict[str, Any] = {"auth": ("admin", password)}
        address = f"http://127.0.0.1:{ports['GRAFANA_PORT']}"
        grafana = httpx.Client(base_url=address, timeout=30, trust_env=False, **options)
        prometheus = Prometheus(f"{address}/api/datasources/proxy/uid/kalimaya-prometheus", **options)
    with step("no panel is empty"):
        look(prometheus, grafana, since)


if __name__ == "__main__":
    began = time.monotonic()
    try:
        prove()
    except NotShown as error:
        sys.exit(f"NOT SHOWN after {time.monotonic() - began:.0f} s: {error}")
    print(f"Shown in {time.monotonic() - began:.0f} s. `make compose-down` ends it.")
