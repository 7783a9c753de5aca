"""A password that is kept in a file comes into the address of the database, whatever is in it."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from services.projection.address import with_password

PLAIN = "postgresql://kalimaya@db:5432/kalimaya?sslmode=require"


def test_without_a_file_the_address_is_as_it_was() -> None:
    assert with_password(PLAIN, None) == PLAIN


def test_the_file_s_password_comes_into_the_address_without_the_line_s_end(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a@b/c:d%e?\n")
    parts = urlsplit(with_password(PLAIN, file))
    assert unquote(parts.password or "") == "a@b/c:d%e?"
    assert (parts.username, parts.hostname, parts.port, parts.path) == ("kalimaya", "db", 5432, "/kalimaya")
    assert parts.query == "sslmode=require"


@pytest.mark.parametrize("address", ["postgresql://db/kalimaya", "postgresql://kalimaya:old@db/kalimaya"])
def test_an_address_without_a_user_or_with_a_password_of_its_own_is_refused(address: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    with pytest.raises(ValueError, match="name a user"):
        with_password(address, file)
