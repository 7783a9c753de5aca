"""A database's address and its password, which may be kept in a file of its own."""

from pathlib import Path
from urllib.parse import quote, urlsplit


def with_password(address: str, file: Path | None) -> str:
    """The address (postgresql://user@host/database) with the password that the file holds, if there is one.

    Raises OSError when it cannot be read, ValueError when the address names no user or has a password already.
    """
    if file is None:
        return address
    parts = urlsplit(address)
    user, _, where = parts.netloc.rpartition("@")
    if not user or ":" in user:
        raise ValueError("KALIMAYA_POSTGRES must name a user, and no password beside that of a file")
    password = quote(file.read_text().rstrip("\r\n"), safe="")
    return parts._replace(netloc=f"{user}:{password}@{where}").geturl()
