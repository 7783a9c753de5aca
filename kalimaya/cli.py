"""The command line: `kalimaya up`, `down`, `status`, `scenario play` and what reads the record afterwards."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from kalimaya import operation, running, topics
from kalimaya.agencies import command as agencies
from kalimaya.audit.command import audit
from kalimaya.backup import backup, restore
from kalimaya.copy.command import copy
from kalimaya.digest import digest
from kalimaya.embedded.kafka import KafkaSetupError
from kalimaya.embedded.postgres import PostgresSetupError
from kalimaya.evidence.command import evidence
from kalimaya.playback import Over, Playback, Scenario
from kalimaya.playback import speed as parse_speed
from kalimaya.ports import PortTakenError
from kalimaya.rebuild import rebuild
from kalimaya.settings import AGENCIES, PROJECT, Settings
from kalimaya.status import process_table
from kalimaya.supervisor import StartFailedError
from kalimaya.up import up as run_up
from services.kit import clock, credentials
from services.kit.clock import AnotherClockError
from services.kit.principals import CredentialsError
from services.kit.process import told_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_short=True, help=__doc__)
console = Console()

scenario_app = typer.Typer(no_args_is_help=True, help="Play an operation.")
app.add_typer(scenario_app, name="scenario")
app.command()(audit)
app.command()(backup)
app.command()(copy)
app.command()(digest)
app.command()(evidence)
app.command()(rebuild)
app.command()(restore)
app.add_typer(agencies.app, name="agencies")
app.add_typer(operation.app, name="operation")
app.add_typer(topics.app, name="topics")

STOP_SECONDS = 90.0


@app.callback()
def check_settings() -> None:
    """Say what is wrong with the environment before a command stumbles over it."""
    try:
        Settings()
    except ValidationError as error:
        _fail(told_settings(error))


Speed = Annotated[
    str | None,
    typer.Option(
        help="scenario seconds a second, `even`: slower in busy hours, or `max`: flat out; "
        "default: small in a minute, full even, in half an hour"
    ),
]
Scale = Annotated[int, typer.Option(min=1, help="so many operations like it at once, for load")]
Way = Annotated[Over, typer.Option(help="how messages are sent")]


@app.command()
def up(
    scenario: Annotated[
        Scenario, typer.Option(help="what to play; `none` leaves new data the wall clock")
    ] = Scenario.SMALL,
    speed: Speed = None,
    scale: Scale = 1,
    over: Way = Over.HTTP,
    engines: Annotated[
        bool, typer.Option("--engines", help="Kafka and PostgreSQL alone: to copy, and to dump and restore")
    ] = False,
) -> None:
    """Start Kafka, PostgreSQL, all services and the scenario; stay until Ctrl-C."""
    settings = Settings()
    playback = None if scenario is Scenario.NONE else Playback(scenario, _speed(speed), scale, over)
    try:
        run_up(settings, console, playback, engines)
    except running.AlreadyRunningError as error:
        _fail(f"Already running with this data (pid {error}): `kalimaya status` shows, `kalimaya down` ends it.")
    except AnotherClockError as error:
        _fail(f"{error} Go on with SCENARIO=none, choose another folder (KALIMAYA_DATA), or `make clean-data` first.")
    except (PortTakenError, KafkaSetupError, PostgresSetupError, StartFailedError, PermissionError) as error:
        _fail(str(error))


@scenario_app.command()
def begin(scenario: Scenario = Scenario.NONE, speed: Speed = None, scale: Scale = 1) -> None:
    """Start the operation's clock, before services that are not started by `kalimaya up`; `none`: the wall's."""
    settings = Settings()
    try:
        if scenario is Scenario.NONE:
            clock.keep_wall(settings.data / "clock.json")
        else:
            Playback(scenario, _speed(speed), scale).start_clock(settings)
    except AnotherClockError as error:
        _fail(str(error))


@scenario_app.command()
def play(
    scenario: Scenario = Scenario.SMALL,
    scale: Scale = 1,
    over: Way = Over.HTTP,
    gateway: Annotated[str | None, typer.Option(envvar="KALIMAYA_GATEWAY", help="default: that of `up` here")] = None,
    kafka: Annotated[str | None, typer.Option(envvar="KALIMAYA_KAFKA", help="default: that of `up` here")] = None,
    tokens: Annotated[str | None, typer.Option(envvar="KALIMAYA_TOKENS", help="default: those of `up` here")] = None,
) -> None:
    """Play what a running system was started for, from where it was left; exit code 3 if something becomes other."""
    settings = Settings()
    if scenario is Scenario.NONE or clock.load(settings.data / "clock.json").scenario_start is None:
        _fail("No scenario's clock runs: start with `kalimaya up --scenario ...`, which plays it, too.")
    elsewhere = {"--gateway": gateway, "--kafka": kafka, "--tokens": tokens}
    named = [part for option, value in elsewhere.items() if value is not None for part in (option, value)]
    usual = Playback(scenario, None, scale, over).arguments(settings)
    command = [sys.executable, "-m", "scenarios.play", *usual, *named]
    raise typer.Exit(subprocess.run(command, cwd=PROJECT, check=False).returncode)


@app.command()
def tokens(
    file: Annotated[Path, typer.Argument(help="where the tokens are kept, readable by their owner only")],
    agencies: Annotated[Path, typer.Option(help="who may say and read what")] = AGENCIES,
) -> None:
    """Make a token for every agency and operator that has none yet, and drop those of who is no more."""
    try:
        made = credentials.ensure(file, agencies)
    except (CredentialsError, OSError) as error:
        _fail(str(error))
    console.print(f"{len(made)} tokens in {file}.", highlight=False, soft_wrap=True)


@app.command()
def down() -> None:
    """Stop a running `kalimaya up`."""
    settings = Settings()
    if running.holder(settings.data) is None:
        console.print("Nothing is running.")
        return
    with console.status("Stopping ..."):
        stopped = running.ask_to_stop(settings.data, STOP_SECONDS)
    if not stopped:
        _fail(f"Still running after {STOP_SECONDS:.0f} s: see `kalimaya status`.")
    console.print("Stopped.")


@app.command()
def status() -> None:
    """Show every process; exit code 1 when one is not ready, 3 when nothing runs."""
    settings = Settings()
    if running.holder(settings.data) is None:
        console.print("Nothing is running. `make run` or `kalimaya up` starts it.")
        raise typer.Exit(3)
    table, all_ready = process_table(settings.data)
    console.print(table)
    raise typer.Exit(0 if all_ready else 1)


@app.command()
def clean_data() -> None:
    """Remove the data folder; refuses while the system runs."""
    data = Settings().data
    if running.holder(data) is not None:
        _fail("The system is running with this data: `kalimaya down` first.")
    if not data.exists():
        console.print("There is no data.")
    elif not (data / "README").exists() or (data / "README").read_text() != running.MARKER:
        _fail(f"{data} was not made by `kalimaya up`; nothing was removed.")
    else:
        shutil.rmtree(data)
        console.print(f"Removed {data}.", highlight=False, soft_wrap=True)


def _speed(text: str | None) -> float | str | None:
    try:
        return parse_speed(text)
    except ValueError:
        meant = "a number of scenario seconds a second, 1 or more, `even` or `max`"
        raise typer.BadParameter(f"{text} is not {meant}", param_hint="--speed") from None


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print(message, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)
