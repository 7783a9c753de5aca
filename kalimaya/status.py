"""What runs and how it does, as a table for an operator's terminal."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.table import Table

from kalimaya.running import ProcessRow, read_processes


def process_table(data: Path) -> tuple[Table, bool]:
    """The table, and whether every process is ready."""
    table = Table(title="kalimaya", title_justify="left")
    for heading in ("process", "pid", "state", "restarts", "for", "readiness"):
        table.add_column(heading, justify="right" if heading in ("pid", "restarts", "for") else "left")
    all_ready = True
    for row in read_processes(data):
        ready, said = _readiness(row)
        all_ready = all_ready and ready
        colour = "green" if ready else "red"
        pid = str(row.pid) if row.pid else ""
        cells = (row.name, pid, row.state, str(row.restarts), _age(row.since), f"[{colour}]{said}[/]")
        table.add_row(*cells)
    return table, all_ready


def _readiness(row: ProcessRow) -> tuple[bool, str]:
    """Services are asked now; the others are as the supervisor's own probe last found them."""
    if row.readyz is None:
        return row.state in ("ready", "finished"), row.reason or row.state
    try:
        answer = httpx.get(row.readyz, timeout=3, trust_env=False)
    except httpx.HTTPError as error:
        return False, f"{row.readyz} does not answer ({type(error).__name__})"
    return answer.is_success, "ready" if answer.is_success else answer.text[:200]


def _age(since: str) -> str:
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
