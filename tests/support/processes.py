"""Services as processes on the integration tests' pair."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from kalimaya.ports import free_ports
from services.kit.credentials import ensure

AGENCIES = Path("deploy/embedded/agencies.yaml")


class Processes:
    """Starts services with the settings that they share; ends them all."""

    def __init__(self, kafka: str, folder: Path, postgres: str = "") -> None:
        self.folder = folder
        self.tokens = ensure(folder / "tokens.json", AGENCIES)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, int] = {}
        self._settings = {
            "KALIMAYA_KAFKA": kafka,
            "KALIMAYA_POSTGRES": postgres,
            "KALIMAYA_AGENCIES": str(AGENCIES),
            "KALIMAYA_TOKENS": str(folder / "tokens.json"),
            "KALIMAYA_CLOCK": str(folder / "clock.json"),  # the wall clock, unless a test writes that file
        }

    def start(self, service: str, module: str | None = None, **settings: str) -> None:
        """Start `python -m services.<service>`, or another module, with its ports as they were if it ran before."""
        if service not in self.ports:
            self.ports[service], self.ports[f"{service}.metrics"] = free_ports(2)
        environment = os.environ | self._settings | settings
        environment["KALIMAYA_HTTP_PORT"] = str(self.ports[service])
        environment["KALIMAYA_METRICS_PORT"] = str(self.ports[f"{service}.metrics"])
        with (self.folder / f"{service}.log").open("ab") as log:
            self._running[service] = subprocess.Popen(
                [sys.executable, "-m", module or f"services.{service}"], env=environment, stderr=log
            )

    def signal(self, service: str, signum: int) -> None:
        """Send a signal."""
        self._running[service].send_signal(signum)

    async def metrics(self, service: str) -> str:
        """What /metrics shows; nothing when it does not answer."""
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"http://127.0.0.1:{self.ports[f'{service}.metrics']}/metrics")).text
            except httpx.HTTPError:
                return ""

    def kill(self, service: str) -> None:
        """SIGKILL."""
        process = self._running.pop(service)
        process.kill()
        process.wait()

    def url(self, service: str) -> str:
        """Where the service answers HTTP."""
        return f"http://127.0.0.1:{self.ports[service]}"

    async def is_ready(self, service: str) -> bool:
        """Whether /readyz says so."""
        async with httpx.AsyncClient() as client:
            try:
                answer = await client.get(f"http://127.0.0.1:{self.ports[f'{service}.metrics']}/readyz")
            except httpx.HTTPError:
                return False
            return answer.status_code == 200

    def last_words(self) -> str:
        """The ends of all logs, for a failing test."""
        return "\n".join(
            f"--- {path.name}\n" + "\n".join(path.read_text().splitlines()[-8:]) for path in self.folder.glob("*.log")
        )

    def end(self) -> None:
        """SIGKILL to all."""
        for service in list(self._running):
            self.kill(service)
