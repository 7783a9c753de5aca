"""The command `kalimaya rebuild`: folds the read model anew beside the live one, and swaps it in."""

import asyncio
import json
import signal
from collections.abc import Coroutine
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.progress import ProgressColumn, Task, TimeRemainingColumn
from rich.text import Text

from kalimaya import engines
from kalimaya.embedded.postgres import read_model
from kalimaya.progress import progress
from kalimaya.settings import DECIDING_SERVICES, Settings
from services.kit import logs
from services.kit.ledger.log import Unavailable
from services.kit.process import tune_collector
from services.projection import rebuilding
from services.projection.rebuilding import AnotherRebuild, CannotRebuild, Compared, Rebuilt
from services.projection.store import DATABASE_ERRORS

NOT_DONE, UNREACHABLE, ANOTHER, INTERRUPTED = 1, 2, 3, 130

Work = Coroutine[Any, Any, Rebuilt | Compared]


def rebuild(
    kafka: Annotated[
        str | None, typer.Option(envvar="KALIMAYA_KAFKA", help="bootstrap address; default: the embedded Kafka")
    ] = None,
    postgres: Annotated[
        str | None,
        typer.Option(envvar="KALIMAYA_POSTGRES", help="address of the read model; default: the embedded PostgreSQL"),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="swap nothing: say which rows differ")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Fold the read model anew from the logs, beside the live one, and swap it in; reads and reports go on.

    Exit code 0: swapped, or with --check: nothing differs. 1: rows differ, or it could not be done; the live read model
    is as it was. 2: the logs or the database cannot be reached. 3: another rebuild is at work.
    """
    logs.configure("CRITICAL")
    settings, stderr = Settings(), Console(stderr=True)
    try:
        database = read_model(postgres, settings)
        plan = rebuilding.Plan(engines.kafka(kafka), database, list(DECIDING_SERVICES))
        tune_collector()
        with progress(stderr, _Rate(), TimeRemainingColumn()) as tell:
            work: Work = rebuilding.check(plan, tell) if check else rebuilding.rebuild(plan, tell)
            result = _run(work)
    except AnotherRebuild:
        _fail(stderr, "Another rebuild of this read model is at work.", ANOTHER)
    except CannotRebuild as error:
        _fail(stderr, f"Not done: {error}", NOT_DONE)
    except Unavailable as error:
        _fail(stderr, f"Not done: the logs cannot be read: {error}", UNREACHABLE)
    except (*DATABASE_ERRORS, ValueError) as error:
        _fail(stderr, f"Not done: the database: {error or type(error).__name__}", UNREACHABLE)
    except (KeyboardInterrupt, asyncio.CancelledError):
        _fail(stderr, "Interrupted: not done.", INTERRUPTED)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(result), indent=2))
    else:
        _show(result)
    raise typer.Exit(NOT_DONE if isinstance(result, Compared) and result.different else 0)


def _run(work: Work) -> Rebuilt | Compared:
    """Run it so that SIGTERM ends it as Ctrl-C does: what stands beside is dropped."""

    async def main() -> Rebuilt | Compared:
        working = asyncio.ensure_future(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
        return await working

    return asyncio.run(main())


def _show(result: Rebuilt | Compared) -> None:
    match result:
        case Rebuilt():
            typer.echo(
                f"Swapped in after {result.seconds:.1f} s: {result.records} records, "
                f"{result.records / result.seconds:.0f} a second. Projectors waited {result.writers_waited:.2f} s, "
                f"readers {result.readers_waited:.2f} s."
            )
        case Compared(different=0):
            typer.echo(f"Nothing differs in {result.rows} rows.")
        case Compared():
            for each in result.first:
                typer.echo(f"{each.table} {each.key} {each.how}")
            typer.echo(f"{result.different} rows differ; {result.rows} follow from the logs.")


class _Rate(ProgressColumn):
    """Events a second, lately."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


def _fail(console: Console, message: str, code: int) -> NoReturn:
    console.print(message, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)
