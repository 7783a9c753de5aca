"""Are the ports free that a start needs? Said before anything starts, with the variable that moves each."""

import random
import socket
import time
from collections import Counter, deque
from collections.abc import Sequence

from kalimaya.settings import HOST

GIVEN = range(10_000, 32_768)
"""What `free_ports` gives. From 32,768 on Linux lends ports to outgoing connections: while a server restarts, a client
may be lent its port."""

_given: deque[int] = deque(maxlen=500)
"""What was given last: who got it may not have begun to listen yet, or be about to be started again."""


class PortTakenError(Exception):
    """Ports are in use; the message names each and what to set."""


def require_free(needed: Sequence[tuple[int, str]], patience: float = 5.0) -> None:
    """Return when every port is free; raise PortTakenError when one is not after `patience` seconds.

    `needed` pairs each port with the variable that moves it. Some patience, because the children of a killed
    `kalimaya up` need a moment to be gone.
    """
    numbers = Counter(port for port, _ in needed)
    if twice := [(port, variable) for port, variable in needed if numbers[port] > 1]:
        raise PortTakenError(f"These settings name the same port: {_listed(twice)}.")
    deadline = time.monotonic() + patience
    while taken := [(port, variable) for port, variable in needed if not _free(port)]:
        if time.monotonic() > deadline:
            moved = {variable: _elsewhere(port) for port, variable in reversed(taken)}
            example = " ".join(f"{variable}={port}" for variable, port in moved.items())
            raise PortTakenError(
                f"In use by another program on this machine: {_listed(taken)}.\n"
                f"Stop it, or choose other ports: make run {example}"
            )
        time.sleep(0.2)


def free_ports(count: int) -> list[int]:
    """So many ports in a row that nobody uses at this moment; raises PortTakenError when there are none."""
    for _ in range(1000):
        first = random.choice(GIVEN[:-count])
        row = list(range(first, first + count))
        if not any(port in _given for port in row) and all(_free(port) for port in row):
            _given.extend(row)
            return row
    raise PortTakenError(f"There are no {count} free ports in a row.")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, so that a connection of the last run that is not quite over does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _elsewhere(port: int) -> int:
    return port + 10_000 if port < 50_000 else port - 10_000


def _listed(ports: Sequence[tuple[int, str]]) -> str:
    return ", ".join(f"port {port} ({variable})" for port, variable in ports)
