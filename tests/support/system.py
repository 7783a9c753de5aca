"""The whole system as an operator starts it: `kalimaya up` with ports and data of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from kalimaya.ports import free_ports
from kalimaya.running import read_processes
from kalimaya.settings import SERVICES


class System:
    """One operation: its data folder, its ports, its `kalimaya up`."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._output = folder / "up.txt"
        names = ("KAFKA", "KAFKA_CONTROLLER", "POSTGRES", "PICTURE", "GATEWAY")
        ports = free_ports(len(names))
        self.ports = dict(zip(names, ports, strict=True))
        self.ports["METRICS"] = free_ports(len(SERVICES))[0]
        self.environment = os.environ | {f"KALIMAYA_{name}_PORT": str(port) for name, port in self.ports.items()}
        self.environment["KALIMAYA_DATA"] = str(self.data)
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(timeout=3)

    def up(self, *options: str) -> None:
        """Start `kalimaya up`."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kalimaya", "up", *options],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def down(self, signum: int = signal.SIGINT) -> int:
        """End it as Ctrl-C would; its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signum)
        return self._process.wait(60)

    def run(self, *command: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run another `kalimaya` command against this operation."""
        return subprocess.run(
            [sys.executable, "-m", "kalimaya", *command],
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=seconds,
            check=False,
        )

    def pids(self) -> dict[str, int]:
        """The processes that run now, by name."""
        return {row.name: row.pid for row in read_processes(self.data) if row.pid is not None}

    def states(self) -> dict[str, str]:
        """What the supervisor says of each process."""
        return {row.name: row.state for row in read_processes(self.data)}

    async def kill(self, name: str) -> None:
        """SIGKILL to one process, once it runs."""
        for _ in range(600):
            pid = self.pids().get(name)
            if pid is not None and self.states()[name] == "ready":
                os.kill(pid, signal.SIGKILL)
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{name} does not run: {self.states()}\n{self.last_words()}")

    async def played(self, seconds: float) -> None:
        """Wait until the scenario has been played."""
        await self.reach(lambda: self.states().get("scenario") == "finished", seconds)

    async def ready(self, seconds: float = 240) -> None:
        """Wait until every service is ready."""
        await self.reach(lambda: all(self.states().get(name) == "ready" for name in SERVICES), seconds)

    async def reach(self, condition: Any, seconds: float) -> None:
        """Wait for a condition; fail with what the system said last."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition():
            assert self._process is None or self._process.poll() is None, f"up ended\n{self.last_words()}"
            assert asyncio.get_running_loop().time() < deadline, f"{self.states()}\n{self.last_words()}"
            await asyncio.sleep(0.2)

    def tokens(self) -> dict[str, str]:
        """The tokens that the embedded mode made."""
        found: dict[str, str] = json.loads((self.data / "tokens.json").read_text())
        return found

    def picture(self, path: str, reader: str = "posko-serang", **parameters: Any) -> httpx.Response:
        """GET from the picture's API as this principal."""
        url = f"http://127.0.0.1:{self.ports['PICTURE']}{path}"
        return httpx.get(url, params=parameters, headers=self._token(reader), timeout=15)

    def gauge(self, name: str, metric: str) -> float | None:
        """The value of a process's metric that has one line; None while it does not answer."""
        values = self._values(name, metric)
        return values[0] if values else None

    def total(self, name: str, metric: str) -> float | None:
        """The sum of a process's metric over all its labels; None while it does not answer."""
        values = self._values(name, metric)
        return sum(values) if values else None

    def _values(self, name: str, metric: str) -> list[float]:
        try:
            shown = self._client.get(f"http://127.0.0.1:{self.ports['METRICS'] + SERVICES.index(name)}/metrics").text
        except httpx.HTTPError:
            return []
        lines = [line for line in shown.splitlines() if line.startswith((f"{metric} ", f"{metric}{{"))]
        return [float(line.rpartition(" ")[2]) for line in lines]

    def memory(self, name: str, of: str = "VmHWM") -> int:
        """Bytes that a process took at most so far; with `VmRSS`, that it takes now."""
        status = Path(f"/proc/{self.pids()[name]}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith(of))) * 1024

    def publish(self, principal: str, event: dict[str, Any], wait: int = 10) -> httpx.Response:
        """POST one message to the gateway as this principal."""
        return httpx.post(
            f"http://127.0.0.1:{self.ports['GATEWAY']}/v1/messages",
            json=event,
            headers=self._token(principal)
            | {
                "Content-Type": "application/cloudevents+json",
                "Prefer": f"wait={wait}",
            },
            timeout=30,
        )

    def _token(self, principal: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens()[principal]}"}

    def last_words(self) -> str:
        """The ends of all outputs, for a failing test."""
        files = [self._output, *sorted((self.data / "logs").glob("*.log"))]
        return "\n".join(
            f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-6:])
            for path in files
            if path.exists()
        )
