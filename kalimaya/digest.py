"""The command `kalimaya digest`: one number for all that the read model says, to compare two systems by."""

import asyncio
import json
from typing import Annotated, Any

import asyncpg
import msgspec
import typer
from rich.console import Console

from kalimaya.embedded.postgres import read_model
from kalimaya.settings import Settings
from services.projection.digest import digest as digest_of
from services.projection.store import DATABASE_ERRORS, SCHEMA

UNREACHABLE = 2


def digest(
    postgres: Annotated[
        str | None,
        typer.Option(envvar="KALIMAYA_POSTGRES", help="address of the read model; default: the embedded PostgreSQL"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Print one digest of units, assignments, posts, packages, custody and incidents, and how many of each.

    Two systems that got the same messages in any order print the same. Exit code 2: the read model cannot be reached.
    """
    try:
        found = digest_of(asyncio.run(_documents(read_model(postgres, Settings()))))
    except (*DATABASE_ERRORS, ValueError) as error:
        said = f"The read model cannot be read: {error or type(error).__name__}"
        Console(stderr=True).print(said, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(UNREACHABLE) from error
    if as_json:
        typer.echo(json.dumps({"digest": found.hex, "counts": found.counts}, indent=2))
        return
    typer.echo(found.hex)
    for what, count in found.counts.items():
        typer.echo(f"{count:>8} {what}")


async def _documents(dsn: str) -> dict[tuple[str, str], Any]:
    connection = await asyncpg.connect(dsn, timeout=5, command_timeout=120)
    try:
        rows = await connection.fetch(f"SELECT kind, id, document FROM {SCHEMA}.entities")
    finally:
        await connection.close()
    return {(row["kind"], row["id"]): msgspec.json.decode(row["document"]) for row in rows}
