"""The command `kalimaya audit`: says where things are, shows progress, and turns the result into an exit code."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import TimeElapsedColumn

from kalimaya import engines
from kalimaya.audit import run
from kalimaya.audit.kafka import Unreachable
from kalimaya.audit.report import document, say, show
from kalimaya.embedded import postgres as embedded
from kalimaya.progress import progress
from kalimaya.settings import DECIDING_SERVICES, Settings
from services.kit.process import tune_collector

CLEAN, NOT_CLEAN, UNREACHABLE = 0, 1, 2


def audit(
    context: typer.Context,
    kafka: Annotated[
        str | None, typer.Option(envvar="KALIMAYA_KAFKA", help="bootstrap address; default: the embedded Kafka")
    ] = None,
    postgres: Annotated[
        str | None,
        typer.Option(envvar="KALIMAYA_POSTGRES", help="address of the read model; default: the embedded PostgreSQL"),
    ] = None,
    receipts: Annotated[
        Path | None,
        typer.Option(
            help="what senders were told, JSON lines; default: those of the scenario that was played here, if any and "
            "if no --kafka is named"
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(min=0, help="wait up to so many seconds for the answers to all that was published before"),
    ] = 0.0,
    read_model: Annotated[bool, typer.Option(help="compare the read model with a fresh fold")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Prove from the logs that nothing was lost, doubled or misreported.

    Exit code 0: clean. 1: something is wrong; the first offending record is named. 2: the logs or the database cannot
    be reached.
    """
    settings, stderr = Settings(), Console(stderr=True)
    try:
        plan = run.Plan(
            kafka=engines.kafka(kafka),
            services=DECIDING_SERVICES,
            postgres=_read_model(postgres, settings) if read_model else None,
            receipts=receipts or _receipts(context, settings),
            wait=wait,
        )
        tune_collector()
        with progress(stderr, TimeElapsedColumn()) as tell:
            result = run.audit(plan, tell)
    except Unreachable as error:
        say(stderr, str(error))
        raise typer.Exit(UNREACHABLE) from error
    except OSError as error:
        say(stderr, f"The receipts cannot be read: {error}")
        raise typer.Exit(UNREACHABLE) from error
    if as_json:
        typer.echo(json.dumps(document(result), indent=2))
    else:
        show(result, Console())
    raise typer.Exit(CLEAN if result.clean else NOT_CLEAN)


def _read_model(named: str | None, settings: Settings) -> str:
    try:
        return embedded.read_model(named, settings)
    except (OSError, ValueError) as error:
        hint = "Say where with --postgres, start it with `kalimaya up`, or leave it out with --no-read-model."
        raise Unreachable(f"The read model cannot be found: {error}. {hint}") from error


def _receipts(context: typer.Context, settings: Settings) -> Path | None:
    """Of the scenario in the data folder; they say nothing of another Kafka."""
    named, usual = context.get_parameter_source("kafka"), settings.data / "receipts.jsonl"
    elsewhere = named is not None and named.name == "COMMANDLINE"
    return usual if usual.exists() and not elsewhere else None
