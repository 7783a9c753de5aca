"""The command `kalimaya agencies apply`: says what it changes, and changes it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from kalimaya import engines
from kalimaya.agencies import cluster
from kalimaya.agencies.passwords import Passwords
from kalimaya.agencies.plan import NotOurs, Plan, Wanted, plan
from kalimaya.agencies.rights import of_agency, of_services, quota_of
from kalimaya.settings import AGENCIES
from services.kit.ledger.log import Unavailable
from services.kit.principals import CredentialsError, Principal, load_principals

NOT_DONE, UNREACHABLE = 1, 2

app = typer.Typer(no_args_is_help=True, help="Who gets in to Kafka.")


@app.command()
def apply(
    kafka: Annotated[
        str | None, typer.Option(envvar="KALIMAYA_KAFKA", help="bootstrap address; default: the embedded Kafka")
    ] = None,
    agencies: Annotated[Path, typer.Option(envvar="KALIMAYA_AGENCIES", help="who may say what")] = AGENCIES,
    passwords: Annotated[
        Path | None,
        typer.Option(help="folder for a file with each user's password; without it users come with certificates"),
    ] = None,
    rotate: Annotated[list[str] | None, typer.Option(help="make this user's password anew; may be repeated")] = None,
    player: Annotated[bool, typer.Option("--player", help="let in the scenario's player, who speaks for all")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="change nothing: say what would be changed")] = False,
) -> None:
    """Bring Kafka's users, their rights and quotas in line with agencies.yaml and our processes. Harmless to repeat.

    An agency that is no longer in the file, or no longer on Kafka, loses its user and its rights; its topic stays. Who
    is not ours is left alone. Exit code 0: all is in line. 1: not done; the message says why, or what
    would be with --dry-run. 2: Kafka cannot be reached, has no authorizer, or does not let us.
    """
    access = engines.kafka(kafka)
    kept = None if passwords is None else Passwords(passwords)
    try:
        publishing = [each for each in load_principals(agencies).values() if each.kafka and (player or not each.player)]
        wanted = wanted_of(publishing, with_passwords=kept is not None)
        anew = _to_rotate(rotate or [], wanted, kept)
        known = asyncio.run(cluster.look(access))
        found = plan(known, wanted)
        unsettled = {user for user in wanted.rights if kept and kept.unsettled(user)}
        if not dry_run:
            asyncio.run(cluster.change(access, found, known, kept, anew | unsettled))
    except (CredentialsError, NotOurs) as error:
        _fail(str(error), NOT_DONE)
    except OSError as error:
        _fail(f"The passwords cannot be kept: {error}", NOT_DONE)
    except Unavailable as error:
        _fail(f"Kafka at {access}: {error}", UNREACHABLE)
    lines = [
        *changes(found),
        *(f"make the password of {user} anew" for user in sorted((anew | unsettled) - {*found.make})),
    ]
    for line in lines or ["nothing to change"]:
        _print(f"would {line}" if dry_run and lines else line)
    for line in found.left:
        _print(line)
    if kept and (elsewhere := [u for u in sorted(wanted.rights.keys() & known.users) if not kept.has(u)]):
        _print(f"left as they are, their passwords are not in {kept.folder}: {', '.join(elsewhere)}")
    raise typer.Exit(NOT_DONE if dry_run and lines else 0)


def wanted_of(publishing: list[Principal], *, with_passwords: bool) -> Wanted:
    """Who shall be known to Kafka: our processes, and these agencies. Raises CredentialsError for a name used twice."""
    services = of_services()
    if taken := sorted({each.id for each in publishing} & services.keys()):
        raise CredentialsError(f"an agency is called as a process of ours is: {', '.join(taken)}")
    rights = services | {each.id: of_agency(each.id) for each in publishing}
    quotas = {each.id: quota_of(each) for each in publishing if not each.player}
    return Wanted(rights, quotas, with_passwords)


def _to_rotate(users: list[str], wanted: Wanted, kept: Passwords | None) -> set[str]:
    if users and kept is None:
        raise typer.BadParameter("say with --passwords where they are kept", param_hint="--rotate")
    if unknown := sorted({*users} - wanted.rights.keys()):
        raise typer.BadParameter(f"nobody is called {', '.join(unknown)}", param_hint="--rotate")
    return {*users}


def changes(found: Plan) -> Iterator[str]:
    """A line for each change, in the order in which they are made."""
    yield from (f"grant: {rule}" for rule in sorted(found.grant))
    yield from (f"make user {user}" for user in found.make)
    yield from (f"remove user {user}" for user in found.drop)
    for user, quota in sorted(found.limit.items()):
        limits = ", ".join(f"{name} {value:g}" for name, value in sorted(quota.items()))
        yield f"limit {user}: {limits}" if quota else f"no limits for {user}"
    yield from (f"revoke: {rule}" for rule in sorted(found.revoke))


def _print(line: str) -> None:
    Console().print(line, markup=False, highlight=False, soft_wrap=True)


def _fail(message: str, code: int) -> NoReturn:
    Console(stderr=True).print(f"Not done: {message}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)
