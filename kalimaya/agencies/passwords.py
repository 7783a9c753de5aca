"""The passwords of Kafka's users, one file each, for their owner alone. They are made here and never shown."""

import os
import secrets
from pathlib import Path

BYTES = 32


class Passwords:
    """A folder with a file a user. A password that Kafka may not have yet lies beside as `<user>_new`.

    So a command that was killed between the two is finished by the next one. An empty file is none. No id of a user
    has an underscore, or a dot at its beginning.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, user: str) -> bool:
        """Whether there is a password that Kafka has been told once."""
        return _written(self._file(user))

    def unsettled(self, user: str) -> bool:
        """Whether a new one was made and it is not known whether Kafka has it."""
        return _written(self._fresh(user))

    def to_tell(self, user: str, *, anew: bool) -> str:
        """The password that Kafka has to be told; a new one if there is none, or `anew` says so."""
        if not self.unsettled(user) and (anew or not self.has(user)):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = secrets.token_urlsafe(BYTES)
            descriptor = os.open(self._begun(user), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(made + "\n")
                file.flush()
                os.fsync(descriptor)
            os.replace(self._begun(user), self._fresh(user))
        kept = self._fresh(user) if self.unsettled(user) else self._file(user)
        return kept.read_text().strip()

    def settle(self, user: str) -> None:
        """Kafka has it."""
        if self.unsettled(user):
            os.replace(self._fresh(user), self._file(user))

    def drop(self, user: str) -> None:
        """Of somebody who is no more, or was not there yet."""
        for file in (self._begun(user), self._fresh(user), self._file(user)):
            file.unlink(missing_ok=True)

    def _file(self, user: str) -> Path:
        return self.folder / user

    def _fresh(self, user: str) -> Path:
        return self.folder / f"{user}_new"

    def _begun(self, user: str) -> Path:
        return self.folder / f".{user}"


def _written(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0
