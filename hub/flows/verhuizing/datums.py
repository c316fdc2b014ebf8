# SPDX-License-Identifier: EUPL-1.2
"""Dates as the BRP knows them: whole, partly known or unknown; and calendar dates in Europe/Amsterdam."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_EERSTE_JAAR: Final = 1800
_LAATSTE_JAAR: Final = 2200
_DECEMBER: Final = 12
_LAATSTE_DAG: Final = 31


@dataclass(frozen=True, slots=True)
class Datum:
    """A date between two bounds, both inclusive. Wholly known when they are equal, unknown when both are None.

    Source: AbstractDatum of the BRP API Personen 2.7 (Datum, JaarMaandDatum, JaarDatum, DatumOnbekend).
    """

    vroegst: date | None = None
    laatst: date | None = None

    @property
    def dag(self) -> date | None:
        """The date when it is known to the day, else None."""
        return self.vroegst if self.vroegst is not None and self.vroegst == self.laatst else None


ONBEKEND: Final = Datum()


def lees_dag(tekst: object) -> date | None:
    """Return the date of ``YYYY-MM-DD``, or None when it is no such text or no date between 1800 and 2200."""
    if not isinstance(tekst, str) or len(tekst) != len("2000-01-01"):
        return None
    try:
        gelezen = date.fromisoformat(tekst)
    except ValueError:
        return None
    return gelezen if _EERSTE_JAAR <= gelezen.year < _LAATSTE_JAAR else None


def _geheel(waarde: object, minimum: int, maximum: int) -> int | None:
    if isinstance(waarde, bool) or not isinstance(waarde, int):
        return None
    return waarde if minimum <= waarde <= maximum else None


def _tussen(jaar: int | None, maand: int | None) -> Datum:
    if jaar is None:
        return ONBEKEND
    if maand is None:
        return Datum(date(jaar, 1, 1), date(jaar, _DECEMBER, _LAATSTE_DAG))
    return Datum(date(jaar, maand, 1), date(jaar, maand, calendar.monthrange(jaar, maand)[1]))


def lees_datum(waarde: Any) -> Datum | None:
    """Return what an AbstractDatum or a date text says; None when there is nothing; unknown when it is nonsense."""
    if waarde is None:
        return None
    if isinstance(waarde, str):
        dag = lees_dag(waarde)
        return Datum(dag, dag)
    if not isinstance(waarde, dict):
        return ONBEKEND
    if "datum" in waarde:
        return lees_datum(waarde["datum"]) or ONBEKEND
    jaar = _geheel(waarde.get("jaar"), _EERSTE_JAAR, _LAATSTE_JAAR - 1)
    return _tussen(jaar, _geheel(waarde.get("maand"), 1, _DECEMBER))


def leeftijd(geboren: date, peildatum: date) -> int:
    """Return the age in whole years on ``peildatum``; born on 29 February counts from 1 March in a common year."""
    return peildatum.year - geboren.year - ((peildatum.month, peildatum.day) < (geboren.month, geboren.day))


def moment(dag: date, uur: int = 0, minuut: int = 0) -> datetime:
    """Return that clock time of ``dag`` in Europe/Amsterdam, as UTC in whole seconds."""
    return datetime.combine(dag, time(uur, minuut), AMSTERDAM).astimezone(UTC)


def lokale_dag(tijd: datetime) -> date:
    """Return the calendar date in Europe/Amsterdam of a moment."""
    return tijd.astimezone(AMSTERDAM).date()


def hele_seconde(tekst: object) -> datetime | None:
    """Return the moment of an RFC 3339 text in whole seconds UTC, or None when it is none."""
    if not isinstance(tekst, str):
        return None
    try:
        gelezen = datetime.fromisoformat(tekst)
    except ValueError:
        return None
    return (gelezen if gelezen.tzinfo else gelezen.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def tekst_van(tijd: datetime) -> str:
    """Return an RFC 3339 text in UTC, to the millisecond."""
    return tijd.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dagen_na(dag: date, aantal: int) -> date:
    """Return the date ``aantal`` calendar days after ``dag``."""
    return dag + timedelta(days=aantal)
