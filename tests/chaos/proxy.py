"""TCP proxies in a thread of their own, whose links can be cut, slowed and stalled while they carry traffic.

It knows bytes and connections, and nothing of Kafka or PostgreSQL.
"""

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import uvloop

from kalimaya.settings import HOST

PIECE = 65_536


@dataclass
class Link:
    """How one proxy treats what passes: `delay` in seconds a piece each way, `speed` in bytes a second."""

    target: int
    delay: float = 0.0
    speed: float = float("inf")
    cut: bool = False
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends or it is cut."""
        if self.cut:
            writer.transport.abort()
            return
        try:
            there, to_there = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, to_there}
        self.open |= ends
        ways = [asyncio.create_task(self._carry(reader, to_there)), asyncio.create_task(self._carry(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self.open -= ends
            for end in ends:
                with contextlib.suppress(OSError, RuntimeError):
                    end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                await self.flowing.wait()
                if pause := self.delay + len(piece) / self.speed:
                    await asyncio.sleep(pause)
                writer.write(piece)
                await writer.drain()

    def sever(self) -> None:
        """End every connection at once, as a pulled cable and a reset do."""
        for end in list(self.open):
            end.transport.abort()


class Proxies:
    """Proxies by name; `ports`: for each where it listens and where it leads. All methods may be called anywhere."""

    def __init__(self, ports: Mapping[str, tuple[int, int]]) -> None:
        self._ports = ports
        self._links: dict[str, Link] = {}
        self._ready = threading.Event()
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxies", daemon=True)
        self._thread.start()
        self._ready.wait()

    def cut(self, name: str) -> None:
        """End the connections of a proxy and let none in until `mend`."""
        self._tell(name, cut=True)

    def slow(self, name: str, delay: float, speed: float) -> None:
        """Let everything take so long from now on."""
        self._tell(name, delay=delay, speed=speed)

    def stall(self, name: str) -> None:
        """Let nothing pass, and tell nobody."""
        self._loop.call_soon_threadsafe(self._links[name].flowing.clear)

    def mend(self, name: str) -> None:
        """As if nothing had been."""
        self._tell(name, cut=False, delay=0.0, speed=float("inf"))

    def close(self) -> None:
        """Stop all."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _tell(self, name: str, **what: float | bool) -> None:
        def change() -> None:
            link = self._links[name]
            for each, value in what.items():
                setattr(link, each, value)
            link.flowing.set()
            if link.cut:
                link.sever()

        self._loop.call_soon_threadsafe(change)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        for name, (port, target) in self._ports.items():
            link = self._links[name] = Link(target)
            link.flowing.set()
            await asyncio.start_server(link.serve, HOST, port)
