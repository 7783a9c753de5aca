"""Tells the result of an audit: to people as a table, to programs as JSON."""

from typing import Any

from rich.console import Console
from rich.table import Table

from kalimaya.audit.findings import KINDS, VOIDS, Counts, Finding
from kalimaya.audit.run import Result

SHOWN = 10
"""Findings that are shown after the first; JSON holds more."""


def document(result: Result) -> dict[str, Any]:
    """Everything, for JSON."""
    return {
        "clean": result.clean,
        "findings": result.findings.total,
        "first": _finding(result.findings.kept[0]) if result.findings.kept else None,
        "kept": [_finding(each) for each in result.findings.kept],
        "services": {service: counts.document() for service, counts in result.counts.items()},
        "all": result.total.document(),
        "read_model": result.read_model and result.read_model.document(),
        "told": result.told,
        "in_several_partitions": result.in_several_partitions,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "topic": finding.topic,
        "partition": finding.partition,
        "offset": finding.offset,
        "detail": finding.detail,
    }


def show(result: Result, console: Console) -> None:
    """The table of counts, the two digests, and what is wrong."""
    console.print(_table(result))
    say(console, "Conserved: received = accepted + refused + rejected + repeated + conflicting + in flight")
    if result.read_model is not None:
        compared = result.read_model
        lag = f"; {compared.behind} records of the logs came later" if compared.behind else ""
        say(console, f"Read model: {compared.entities} entities, {compared.outcomes} outcomes{lag}")
        say(console, f"  digest stored  {compared.stored_digest}")
        say(console, f"  digest folded  {compared.folded_digest}")
    else:
        say(console, "Read model: left out")
    if any(result.told.values()):
        say(console, "Receipts: " + ", ".join(f"{count} {what}" for what, count in result.told.items()))
    if several := result.in_several_partitions:
        say(
            console, f"{len(several)} messages have a source and id that stands in another partition, too: {several[0]}"
        )
    findings = result.findings
    if result.clean:
        console.print("[green]Clean.[/]")
        return
    first, *others = findings.kept
    console.print(f"[red]{findings.total} finding{'s' if findings.total > 1 else ''}.[/] The first:")
    say(console, f"  {first.place}  {first.rule}: {first.detail}")
    for each in others[:SHOWN]:
        say(console, f"  {each.place}  {each.rule}: {each.detail}", style="dim")
    if findings.total > SHOWN + 1:
        say(console, f"  ... and {findings.total - SHOWN - 1} more", style="dim")


def _table(result: Result) -> Table:
    table = Table()
    table.add_column("")
    rows = {**result.counts, "all": result.total}
    for name in rows:
        table.add_column(name, justify="right")
    table.add_row("received", *(str(each.received) for each in rows.values()), style="bold")
    for kind in KINDS:
        table.add_row(f"  {kind}", *(str(each.outcomes[kind]) for each in rows.values()))
    table.add_row("  in flight", *(str(each.in_flight) for each in rows.values()))
    table.add_row("conserved", *(_yes(each) for each in rows.values()), end_section=True)
    table.add_row("events", *(str(each.events) for each in rows.values()))
    for why in VOIDS:
        alarm = "red" if why == "wrong chain" and result.total.voids[why] else None
        table.add_row(f"void: {why}", *(str(each.voids[why]) for each in rows.values()), style=alarm)
    table.add_row("receipts held", *(str(each.receipts) for each in rows.values()))
    return table


def _yes(counts: Counts) -> str:
    return "yes" if counts.conserved else "[red]NO[/]"


def say(console: Console, line: str, style: str | None = None) -> None:
    """Print what came from a log as it stands, neither interpreted nor cut."""
    console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
