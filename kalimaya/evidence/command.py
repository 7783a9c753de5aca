"""The command `kalimaya evidence`: writes the evidence on a village, or verifies a file and says what it proves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.progress import TimeElapsedColumn
from rich.table import Table

from kalimaya import engines
from kalimaya.audit.format import LogRecord
from kalimaya.audit.kafka import Place, Reader, UnevenTopics, Unreachable, describe
from kalimaya.audit.report import say
from kalimaya.evidence.reports import NoHeads, printed_heads
from kalimaya.evidence.verify import Verified, Wrong, verify
from kalimaya.evidence.write import EmptyLog, Written, write
from kalimaya.progress import Tell, progress
from kalimaya.settings import DECIDING_SERVICES
from schemas.envelope import UnknownMessage
from schemas.places import VILLAGES
from services.kit.kafka_access import Bootstrap
from services.kit.ledger.fold import LedgerBroken

NOT_WHOLE, UNREACHABLE = 1, 2
TELL_EVERY = 1000
"""Records or lines from one move of the bar to the next."""


def evidence(
    village: Annotated[str | None, typer.Argument(help="code of the village, e.g. 36.04.13.2009")] = None,
    out: Annotated[
        Path | None, typer.Option(help="the file to write; default: evidence-VILLAGE.jsonl. Nothing is overwritten")
    ] = None,
    complaints: Annotated[
        bool, typer.Option("--complaints", help="show what tells of complaints about units: for the court alone")
    ] = False,
    kafka: Annotated[
        str | None, typer.Option(envvar="KALIMAYA_KAFKA", help="bootstrap address; default: the embedded Kafka")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--verify", help="write nothing: verify this file, without Kafka or PostgreSQL")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(help="with --verify: a situation report, JSON or Markdown, whose heads the file must have"),
    ] = None,
) -> None:
    """Put all that is known of a village into one file that proves itself, or verify such a file.

    The file holds the event logs whole: it is as confidential as they are. Exit code 0: written, or nothing is wrong
    with the file. 1: something is wrong, and the first place is named. 2: the logs or a file cannot be read.
    """
    if village is not None and village not in VILLAGES:
        raise typer.BadParameter(f"no village has the code {village}", param_hint="VILLAGE")
    if check is not None:
        _verify(check, village, report or [])
    elif village is None:
        raise typer.BadParameter("say which village, or which file with --verify", param_hint="VILLAGE")
    elif report:
        raise typer.BadParameter("reports are for --verify", param_hint="--report")
    else:
        _write(out or Path(f"evidence-{village}.jsonl"), village, complaints, engines.kafka(kafka))


def _write(path: Path, village: str, complaints: bool, bootstrap: Bootstrap) -> None:
    stderr = Console(stderr=True)
    if path.exists():
        _fail(stderr, f"{path} is there already, and evidence is not overwritten.", NOT_WHOLE)
    try:
        with progress(stderr, TimeElapsedColumn()) as tell:
            written = _from_kafka(path, village, complaints, bootstrap, tell)
    except Unreachable as error:
        _fail(stderr, str(error), UNREACHABLE)
    except OSError as error:
        _fail(stderr, f"The file cannot be written: {error}", UNREACHABLE)
    except (LedgerBroken, EmptyLog, UnevenTopics, UnknownMessage, msgspec.DecodeError, ValueError) as error:
        _fail(stderr, f"Not written: {error}. `kalimaya audit` tells more.", NOT_WHOLE)
    console = Console()
    told = f"{written.documents} documents, {written.events} events, {written.receipts} receipts"
    say(console, f"{path}: {village} {VILLAGES[village].name}: {told}")
    say(console, f"It holds {written.answers} answers of all logs and withholds {written.withheld}.")


def _from_kafka(path: Path, village: str, complaints: bool, bootstrap: Bootstrap, tell: Tell) -> Written:
    described = [describe(bootstrap, service) for service in DECIDING_SERVICES]
    places = [Place(f"{each.service}.events", number) for each in described for number in range(each.partitions)]
    reader = Reader(bootstrap, places)
    try:
        ends = reader.ends()
        bar = _Bar("records read", sum(ends.values()), tell)
        logs = ((place, _records(reader, place, ends[place])) for place in places)
        return write(path, village, logs, complaints=complaints, taken=bar.take)
    finally:
        reader.close()


def _records(reader: Reader, place: Place, end: int) -> Iterator[LogRecord]:
    for _, record in reader.read({place: end}):
        yield record


def _verify(path: Path, village: str | None, reports: list[Path]) -> None:
    stderr = Console(stderr=True)
    try:
        with progress(stderr, TimeElapsedColumn()) as tell:
            bar = _Bar("bytes verified", path.stat().st_size, tell)
            found = verify(path, village, printed_heads(reports), bar.take)
    except Wrong as error:
        _fail(stderr, f"Something is wrong with {path}. The first:\n  {error.place}  {error.detail}", NOT_WHOLE)
    except (OSError, NoHeads) as error:
        _fail(stderr, f"Cannot be read: {error}", UNREACHABLE)
    _show(found, bool(reports), Console())


def _show(found: Verified, against_reports: bool, console: Console) -> None:
    table = Table()
    for name in ("log", "next offset", "answers", "held", "withheld"):
        table.add_column(name, justify="left" if name == "log" else "right")
    for each in found.partitions:
        table.add_row(each.log, *map(str, (each.next_offset, each.answers, each.held, each.withheld)))
    console.print(table)
    for each in found.partitions:
        say(console, f"{each.log}  {each.next_offset}  {each.head}")
    say(console, f"digest  {found.sha256}")
    told = f"{found.documents} documents, {found.events} events, {found.receipts} receipts"
    say(console, f"{found.village} {found.name}: {told}")
    answers, held, withheld = (
        sum(getattr(each, name) for each in found.partitions) for name in ("answers", "held", "withheld")
    )
    if against_reports:
        say(console, f"Heads of reports hold {held} of {answers} answers; the rest is later, or before one withheld.")
    else:
        say(
            console,
            "Held against no report: only a printed head can tell whether the whole file was made anew.",
        )
    if withheld:
        say(console, f"{withheld} answers are withheld as telling of complaints; a file with --complaints shows them.")
    console.print("[green]Nothing is wrong with the file.[/]")


class _Bar:
    """Moves a bar now and then."""

    def __init__(self, doing: str, total: int, tell: Tell) -> None:
        self._doing, self._total, self._tell = doing, total, tell
        self._calls = self._done = 0

    def take(self, more: int = 1) -> None:
        """So much more is done."""
        self._calls += 1
        self._done += more
        if self._calls % TELL_EVERY == 0:
            self._tell(self._doing, self._done, self._total)


def _fail(console: Console, message: str, code: int) -> NoReturn:
    say(console, message)
    raise typer.Exit(code)
