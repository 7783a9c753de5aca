"""Which form of an answer a client would have, by its `Accept` (RFC 9110, 12.5.1)."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

from services.kit.http import Problem

Form = Literal["json", "md", "html", "pdf"]
T = TypeVar("T", bound=str)


def negotiated(accept: str, offered: Mapping[T, str]) -> T:
    """The form that is liked best of those offered (media types by form); of equals the first. Raises Problem 406."""
    liked = [*_liked(accept or "*/*")]
    weights = {form: _weight(media, liked) for form, media in offered.items()}
    best = max(weights, key=lambda form: weights[form])
    if weights[best] <= 0:
        raise Problem(406, "not-acceptable", "Not acceptable", f"This is to be had as {', '.join(offered.values())}.")
    return best


def _liked(accept: str) -> Iterable[tuple[str, float]]:
    for part in accept.split(","):
        media, *parameters = (each.strip().lower() for each in part.split(";"))
        q = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            yield media, max(0.0, float(q))
        except ValueError:
            yield media, 0.0


def _weight(media: str, liked: Iterable[tuple[str, float]]) -> float:
    """By the most specific range that names it."""
    ranges = dict(liked)
    names = (media, f"{media.partition('/')[0]}/*", "*/*")
    return next((ranges[each] for each in names if each in ranges), 0.0)


def in_indonesian(accept_language: str) -> bool:
    """Whether Indonesian is liked better than English, in which codes are."""
    liked = [(language.partition("-")[0], q) for language, q in _liked(accept_language)]
    return max((q for language, q in liked if language == "id"), default=0) > max(
        (q for language, q in liked if language == "en"), default=0
    )
