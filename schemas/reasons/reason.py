"""The form of an entry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What is wrong (`en`, `id`) and what the sender can do about it (`do_en`, `do_id`).

    `of`: the types of message that can come to it; empty for any.
    """

    en: str
    id: str
    do_en: str
    do_id: str
    of: tuple[str, ...] = ()
