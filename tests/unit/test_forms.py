"""Which form and which language a client gets."""

import pytest

from services.kit.http import Problem
from services.projection.api.forms import in_indonesian, negotiated

OFFERED = {"json": "application/json", "html": "text/html", "pdf": "application/pdf"}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "json"),
        ("", "json"),
        ("text/html", "html"),
        ("TEXT/HTML; charset=utf-8", "html"),
        ("text/*", "html"),
        ("application/pdf, application/json;q=0.5", "pdf"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("*/*, application/json;q=0", "html"),
        ("application/pdf;q=0.2, text/html;q=0.3", "html"),
    ],
)
def test_the_form_that_is_liked_best_is_given(accept: str, expected: str) -> None:
    assert negotiated(accept, OFFERED) == expected


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "nonsense"])
def test_what_nobody_offers_is_not_acceptable(accept: str) -> None:
    with pytest.raises(Problem) as caught:
        negotiated(accept, OFFERED)
    assert caught.value.status == 406


@pytest.mark.parametrize(
    ("accept_language", "expected"),
    [
        ("id", True),
        ("id-ID,id;q=0.9,en;q=0.8", True),
        ("en", False),
        ("en, id;q=0.5", False),
        ("*", False),
        ("", False),
        ("de, id;q=0.1", True),
    ],
)
def test_labels_are_for_those_who_like_indonesian_better(accept_language: str, expected: bool) -> None:
    assert in_indonesian(accept_language) is expected
