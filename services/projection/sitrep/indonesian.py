"""Instants and numbers as they are written in Indonesian; times are local, in WIB."""

from datetime import date, datetime, timedelta, timezone

WIB = timezone(timedelta(hours=7), "WIB")
"""Asia/Jakarta: seven hours ahead of UTC, without summer time."""
_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip


def day(value: date) -> str:
    """A day, e.g. 3 November 2019."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime) -> str:
    """An instant to the minute, e.g. 3 November 2019 pukul 07.00 WIB."""
    local = value.astimezone(WIB)
    return f"{day(local)} pukul {local:%H.%M} WIB"


def brief_instant(value: datetime) -> str:
    """An instant where there is little room, e.g. 3/11 07.00."""
    local = value.astimezone(WIB)
    return f"{local.day}/{local.month} {local:%H.%M}"


def number(value: float) -> str:
    """A number with points between thousands and a comma before decimals, at most two, e.g. 1.234,5."""
    whole = f"{value:,.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"
    return whole.translate(str.maketrans(",.", ".,"))
