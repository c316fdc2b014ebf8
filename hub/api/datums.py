# SPDX-License-Identifier: EUPL-1.2
"""Dates and times as people read them: Dutch, in Europe/Amsterdam. Partial dates show what is known of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from hub.clock import AMSTERDAM

MAANDEN: Final = (
    "januari februari maart april mei juni juli augustus september oktober november december".split()  # noqa: SIM905
)
UNKNOWN: Final = "onbekend"


def dag(value: str | date | None) -> str:
    """Return ``2026-03-03`` as ``3 maart 2026``, ``2026-03`` as ``maart 2026``; anything else unchanged."""
    if value is None:
        return UNKNOWN
    parts = (value if isinstance(value, str) else value.isoformat()).split("T")[0].split("-")
    try:
        numbers = [int(part) for part in parts]
        names = [str(numbers[0]), *([MAANDEN[numbers[1] - 1]] if len(numbers) > 1 else [])]
    except (ValueError, IndexError):
        return str(value)
    return " ".join([*(str(day) for day in numbers[2:]), *reversed(names)])


def lokaal(value: str | datetime) -> datetime:
    """Return a UTC time in Europe/Amsterdam. ValueError when it is no time."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(AMSTERDAM)


def klok(value: str | datetime) -> str:
    """Return the wall clock time, ``14:03:07``."""
    return lokaal(value).strftime("%H:%M:%S")


def dag_en_tijd(value: str | datetime) -> str:
    """Return ``3 maart 2026, 14:03``; a text that is no time comes back unchanged."""
    try:
        moment = lokaal(value)
    except ValueError:
        return str(value)
    return f"{dag(moment.date())}, {moment:%H:%M}"


def duur(seconds: float) -> str:
    """Return a waiting time in words: ``45 seconden``, ``3 minuten``, ``2 uur``."""
    if seconds < 90:  # noqa: PLR2004
        return f"{round(seconds)} seconden"
    return f"{round(seconds / 60)} minuten" if seconds < 5400 else f"{round(seconds / 3600)} uur"  # noqa: PLR2004
