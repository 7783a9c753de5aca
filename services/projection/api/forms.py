"""Which form and which language of an answer a client would have."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from services.kit.http import Problem
from services.projection.api.negotiation import choices, quality

Form = Literal["json", "md", "html", "pdf"]
T = TypeVar("T", bound=str)


def negotiated(accept: str, offered: Mapping[T, str]) -> T:
    """The form that is liked best of those offered (media types by form); of equals the first. Raises Problem 406."""
    liked = {form: _liked(accept or "*/*", media) for form, media in offered.items()}
    best = max(liked, key=lambda form: liked[form])
    if liked[best] <= 0:
        raise Problem(406, "not-acceptable", "Not acceptable", f"This is to be had as {', '.join(offered.values())}.")
    return best


def _liked(accept: str, media: str) -> float:
    return quality(accept, media, f"{media.partition('/')[0]}/*", "*/*")


def in_indonesian(accept_language: str) -> bool:
    """Whether Indonesian is liked better than English, in which codes are."""
    liked = {"id": 0.0, "en": 0.0}
    for language, q in choices(accept_language).items():
        name = language.partition("-")[0]
        liked |= {name: max(q, liked.get(name, 0.0))}
    return liked["id"] > liked["en"]
