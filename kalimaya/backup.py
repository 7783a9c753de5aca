"""The commands `kalimaya backup` and `kalimaya restore`: an operation of the embedded mode as one file, and back.

Cold, while nothing runs: logs, read model, clock, tokens and receipts are then of one moment. What can be made again
(output of processes, Kafka's settings) stays out.
"""

import gzip
import os
import shutil
import tarfile
from pathlib import Path
from typing import IO, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import TimeElapsedColumn

from kalimaya.embedded.account import account_for
from kalimaya.progress import Tell, progress
from kalimaya.running import MARKER, AlreadyRunningError, claim
from kalimaya.settings import Settings

LEFT_OUT = ("logs", "up.pid", "processes.json")
NOT_DONE = 1


def backup(file: Annotated[Path, typer.Argument(help="the file to write, .tar.gz; nothing is overwritten")]) -> None:
    """Put all of a stopped operation into one file. It holds tokens and passwords: keep it as you keep them."""
    data, stderr = Settings().data, Console(stderr=True)
    if not (data / "README").exists():
        _fail(stderr, f"There is no operation in {data}.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with claim(data), progress(stderr, TimeElapsedColumn()) as tell:  # so nothing can start meanwhile
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                _pack(data, out, tell)
                out.flush()
                os.fsync(out.fileno())
            os.link(unfinished, file)  # unlike rename, fails when there is such a file
    except AlreadyRunningError as error:
        _fail(stderr, f"The system is running with this data (pid {error}): `kalimaya down` first.")
    except FileExistsError as error:
        _fail(stderr, f"{error.filename2 or error.filename} is there already; nothing was written.")
    except OSError as error:
        _fail(stderr, f"Not written: {error}")
    finally:
        unfinished.unlink(missing_ok=True)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes")


def restore(file: Annotated[Path, typer.Argument(help="what `kalimaya backup` wrote")]) -> None:
    """Unpack a backup where the data folder shall be (KALIMAYA_DATA); refuses where there is one."""
    data, stderr = Settings().data, Console(stderr=True)
    if data.exists() and any(data.iterdir()):
        _fail(stderr, f"{data} is not empty; nothing was changed. Another folder: KALIMAYA_DATA.")
    fresh = data.with_name(f"{data.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        with progress(stderr, TimeElapsedColumn()) as tell:
            _unpack(file, fresh, tell)
        fresh.replace(data)
        _lend(data / "postgres" / "data")
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        _fail(stderr, f"Not restored: {error}")
    typer.echo(f"Restored to {data}. `make run SCENARIO=none` or `kalimaya up` goes on; `kalimaya audit` proves it.")


def _pack(data: Path, out: IO[bytes], tell: Tell) -> None:
    paths = [path for path in sorted(data.rglob("*")) if path.relative_to(data).parts[0] not in LEFT_OUT]
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for done, path in enumerate(paths):
            archive.add(path, path.relative_to(data), recursive=False)
            tell("files packed", done, len(paths))


def _unpack(file: Path, folder: Path, tell: Tell) -> None:
    with gzip.open(file) as packed:
        with tarfile.open(fileobj=packed, mode="r|") as archive:
            for done, member in enumerate(archive):
                archive.extract(member, folder, filter="data" if os.geteuid() else "tar")
                tell("files restored", done, 0)
        while packed.read(1 << 20):  # to the checksum at the very end, which nobody else looks at
            pass
    if not (folder / "README").exists() or (folder / "README").read_text() != MARKER:
        raise ValueError(f"{file} is not a backup of an operation")


def _lend(folder: Path) -> None:
    """Give PostgreSQL's files to the account that it runs under here: numbers differ from machine to machine."""
    owner = account_for(folder, orphan_signal="QUIT").owner if folder.exists() else None
    if owner is not None:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, *owner, follow_symlinks=False)


def _fail(console: Console, message: str) -> NoReturn:
    console.print(message, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(NOT_DONE)
