# SPDX-License-Identifier: EUPL-1.2
"""Dates as a registry has them: sometimes without day, month or year. And the one term the registry itself applies."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

_MAANDEN: Final = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november",
    "december",
)  # fmt: skip
_ONBEKEND: Final = "onbekend"
_VOLLEDIG: Final = len("2026-03-12")
_JAAR_EN_MAAND: Final = 2
_ZATERDAG, _ZONDAG = 6, 7
MEERDERJARIG: Final = 18
ZELF_AANGEVEN: Final = 16  # Wet BRP 2.48


@lru_cache(maxsize=8192)
def datum_json(tekst: str) -> dict[str, Any]:
    """Return a date text as the union AbstractDatum of the BRP APIs. The dict is shared: do not change it."""
    if tekst == _ONBEKEND:
        return {"type": "DatumOnbekend", "onbekend": True, "langFormaat": _ONBEKEND}
    delen = [int(deel) for deel in tekst.split("-")]
    if len(delen) == 1:
        return {"type": "JaarDatum", "jaar": delen[0], "langFormaat": f"{delen[0]}"}
    maand = _MAANDEN[delen[1] - 1]
    if len(delen) == _JAAR_EN_MAAND:
        return {"type": "JaarMaandDatum", "jaar": delen[0], "maand": delen[1], "langFormaat": f"{maand} {delen[0]}"}
    return {"type": "Datum", "datum": tekst, "langFormaat": f"{delen[2]} {maand} {delen[0]}"}


@lru_cache(maxsize=8192)
def onzekerheid(tekst: str) -> tuple[date, date]:
    """Return first and last day on which a date text may lie; for a full date both are that day."""
    if tekst == _ONBEKEND:
        return date.min, date.max
    delen = [int(deel) for deel in tekst.split("-")]
    if len(tekst) == _VOLLEDIG:
        dag = date(delen[0], delen[1], delen[2])
        return dag, dag
    if len(delen) == _JAAR_EN_MAAND:
        volgende = date(delen[0] + delen[1] // 12, delen[1] % 12 + 1, 1)
        return date(delen[0], delen[1], 1), volgende - timedelta(days=1)
    return date(delen[0], 1, 1), date(delen[0], 12, 31)


def leeftijd(geboorte: str, op: date) -> int | None:
    """Return the age in whole years, None when an incomplete birth date leaves room for doubt."""
    eerste, laatste = onzekerheid(geboorte)
    if geboorte == _ONBEKEND or _jaren(eerste, op) != _jaren(laatste, op):
        return None
    return _jaren(eerste, op)


def _jaren(geboren: date, op: date) -> int:
    return op.year - geboren.year - ((op.month, op.day) < (geboren.month, geboren.day))


def volledig(tekst: str) -> bool:
    """True for a date text that has its day."""
    return len(tekst) == _VOLLEDIG


def parse_datum(waarde: object) -> date | None:
    """Return the date of a text ``YYYY-MM-DD``, None for anything else."""
    if not isinstance(waarde, str) or len(waarde) != _VOLLEDIG or waarde[4] != "-":
        return None
    try:
        return date.fromisoformat(waarde)
    except ValueError:
        return None


def datum_adreshouding(verhuisdatum: date, aangifte: date) -> date:
    """Return from when somebody is registered at the new address.

    The declared date when the declaration came no later than the fifth day after it, else the day it was received (Wet
    BRP 2.20 lid 3, 2.39 lid 2; a fifth day on a Saturday, Sunday or holiday moves on: Algemene termijnenwet 1 and 3).
    """
    laatste = verhuisdatum + timedelta(days=5)
    while laatste.isoweekday() >= _ZATERDAG or laatste in _feestdagen(laatste.year):
        laatste += timedelta(days=1)
    return verhuisdatum if aangifte <= laatste else aangifte


@lru_cache(maxsize=64)
def _feestdagen(jaar: int) -> frozenset[date]:
    """Algemeen erkende feestdagen and days made equal (Algemene termijnenwet 3).

    Written out here and not taken from the hub: the registry is another party, so a mistake in one of the two shows.
    """
    pasen = _pasen(jaar)
    koningsdag = date(jaar, 4, 27)
    if koningsdag.isoweekday() == _ZONDAG:
        koningsdag = date(jaar, 4, 26)
    vast = {date(jaar, 1, 1), koningsdag, date(jaar, 5, 5), date(jaar, 12, 25), date(jaar, 12, 26)}
    return frozenset(vast | {pasen + timedelta(days=dagen) for dagen in (-2, 1, 39, 50)})


def _pasen(jaar: int) -> date:
    """Easter Sunday (the anonymous Gregorian algorithm)."""
    a, b, c = jaar % 19, jaar // 100, jaar % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * j) // 433
    n = (h + j - 7 * m + 90) // 25
    return date(jaar, n, (h + j - 7 * m + 33 * n + 19) % 32)
