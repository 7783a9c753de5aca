"""The command `kalimaya copy`: says what is copied from where to where, and what that came to."""

import asyncio
import json
from typing import Annotated, NoReturn

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import TimeRemainingColumn

from kalimaya import engines
from kalimaya.copy.kafka import Done
from kalimaya.copy.kafka import copy as copy_logs
from kalimaya.copy.plan import CannotCopy
from kalimaya.progress import progress
from kalimaya.settings import DECIDING_SERVICES
from services.kit import logs
from services.kit.kafka_access import KafkaAccess
from services.kit.ledger.fold import LedgerBroken
from services.kit.ledger.log import OutOfRange, Unavailable
from services.kit.ledger.topics import UNREADABLE
from services.kit.process import told_settings
from services.kit.settings import KafkaSettings

NOT_DONE, UNREACHABLE, INCOMPLETE = 1, 2, 3


def copy(
    to: Annotated[str, typer.Option(help="bootstrap address of the Kafka to copy to")],
    kafka: Annotated[
        str | None,
        typer.Option("--from", envvar="KALIMAYA_KAFKA", help="that to copy from; default: the embedded Kafka"),
    ] = None,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="of inbox and events of each service; default: as many as now")
    ] = None,
    replication: Annotated[int, typer.Option(min=1, help="of topics that are made; 3 in a cluster")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Copy inboxes and event logs to another Kafka; take it up again where it broke off. Stop the gateway first.

    How to get in there is said by KALIMAYA_TO_KAFKA_SECURITY and so on, as for the source by the same without TO_.
    Start nothing there before it is done. Exit code 0: copied whole. 1: not done, and why; the source was not touched.
    2: one of the two cannot be reached. 3: copied up to where it began, but the source has gone on.
    """
    logs.configure("CRITICAL")
    stderr = Console(stderr=True)
    try:
        with progress(stderr, TimeRemainingColumn()) as tell:
            source, target = engines.kafka(kafka, "--from"), _target(to)
            done = asyncio.run(copy_logs(source, target, DECIDING_SERVICES, partitions, replication, tell))
    except (CannotCopy, ValueError) as error:
        _fail(stderr, f"Not copied: {error}", NOT_DONE)
    except (LedgerBroken, OutOfRange) as error:
        _fail(stderr, f"Not copied: {error}. `kalimaya audit` tells more.", NOT_DONE)
    except Unavailable as error:
        _fail(stderr, f"Not done: {error}. The same command goes on where this one ended.", UNREACHABLE)
    typer.echo(json.dumps(msgspec.to_builtins(done), indent=2)) if as_json else _show(done)
    if done.late:
        gone_on = f"The source has gone on. Records that came since and are not in the copy: {done.late}."
        _fail(stderr, f"{gone_on} To have them, stop the gateway there and copy into new topics.", INCOMPLETE)


def _target(bootstrap: str) -> KafkaAccess:
    try:
        access = KafkaSettings(kafka=bootstrap, _env_prefix="KALIMAYA_TO_").access
        access.aiokafka()
    except ValidationError as error:
        told = told_settings(error).replace("KALIMAYA_KAFKA", "KALIMAYA_TO_KAFKA")
        raise typer.BadParameter(told, param_hint="--to") from error
    except Unavailable as error:
        raise typer.BadParameter(f"KALIMAYA_TO_KAFKA_*: {error}", param_hint="--to") from error
    return access


def _show(done: Done) -> None:
    for each in done.services:
        typer.echo(
            f"{each.service}: {each.messages} messages, {each.events} events, {len(each.of.partitions)} partitions "
            f"to {len(each.heads)}; left out {each.voids} void records, {each.alarms} of them alarms"
        )
        for partition, old in enumerate(each.of.partitions):
            typer.echo(f"  old {each.service}.events/{partition}  {old.events}  {old.head}")
        for partition, head in enumerate(each.heads):
            typer.echo(f"  new {each.service}.events/{partition}  {head}")
    typer.echo(f"{UNREADABLE}: {done.unreadable} records")


def _fail(console: Console, message: str, code: int) -> NoReturn:
    console.print(message, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)
