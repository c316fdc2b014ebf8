# SPDX-License-Identifier: EUPL-1.2
"""Terms of law: which days are ordinary days, and on which day a term ends.

Algemene termijnenwet (Atw) art. 1 lid 1: a term of law that ends on a Saturday, Sunday or algemeen erkende feestdag is
extended to the next day that is none of these. Art. 3: which days those are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import holidays

_ZATERDAG: Final = 5
_DAG: Final = timedelta(days=1)
_PASEN: Final = "Easter Monday"
_VROEGST_TE_VROEG: Final = timedelta(days=28)
_ACHT_WEKEN: Final = timedelta(weeks=8)
_ISO_DUUR: Final = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T.*)?")
_DAGEN_PER_DEEL: Final = (365, 30, 7, 1)

GELIJKGESTELD: Final = frozenset(
    date.fromisoformat(dag)
    for dag in (
        # Besluit gelijkstelling van 28 april 2023, 19 mei 2023, 10 mei 2024, 27 december 2024 en 30 mei 2025
        *("2023-04-28", "2023-05-19", "2024-05-10", "2024-12-27", "2025-05-30"),
        # Besluit gelijkstelling van 2 januari 2026, 15 mei 2026, 7 mei 2027, 28 april 2028 en 26 mei 2028
        *("2026-01-02", "2026-05-15", "2027-05-07", "2028-04-28", "2028-05-26"),
    )
)
"""Days made equal by royal decree (Atw art. 3 lid 3); a profile can add those of a later decree."""


@lru_cache(maxsize=512)
def feestdagen(jaar: int) -> frozenset[date]:
    """Return the algemeen erkende feestdagen of ``jaar`` and Good Friday (Atw art. 3 lid 1 and 2).

    The package follows custom where 5 May is concerned (free once in five years); the law names every fifth of May.
    """
    dagen = holidays.country_holidays("NL", years=jaar, language="en_US")
    goede_vrijdagen = {dag - 3 * _DAG for dag, naam in dagen.items() if naam == _PASEN}
    return frozenset(dagen) | goede_vrijdagen | {date(jaar, 5, 5)}


def is_gewone_dag(dag: date, extra: Collection[date] = ()) -> bool:
    """Return True when ``dag`` is no Saturday, Sunday, feestdag or day made equal; ``extra`` adds days made equal."""
    if dag.weekday() >= _ZATERDAG:
        return False
    return dag not in feestdagen(dag.year) and dag not in GELIJKGESTELD and dag not in extra


def verschoven(dag: date, extra: Collection[date] = ()) -> date:
    """Return ``dag``, or the next ordinary day where it is none (Atw art. 1 lid 1)."""
    while not is_gewone_dag(dag, extra):
        dag += _DAG
    return dag


def na_werkdagen(dag: date, aantal: int, extra: Collection[date] = ()) -> date:
    """Return the day that lies ``aantal`` ordinary days after ``dag``."""
    for _ in range(aantal):
        dag = verschoven(dag + _DAG, extra)
    return dag


@lru_cache(maxsize=4096)
def vijfde_dag(verhuisdatum: date, extra: frozenset[date] = frozenset()) -> date:
    """Return the last day on which a declaration is in time: the fifth day after the move (Wet BRP 2.39 lid 2; Atw 1)."""
    return verschoven(verhuisdatum + 5 * _DAG, extra)


@lru_cache(maxsize=4096)
def vertrekgrens(verhuisdatum: date, werkdagen: int, extra: frozenset[date] = frozenset()) -> date:
    """Return until when a previous occupant is waited for: the fifth day and then ``werkdagen`` ordinary days (policy)."""
    return na_werkdagen(vijfde_dag(verhuisdatum, extra), werkdagen, extra)


def te_vroeg(ontvangst: date, verhuisdatum: date) -> bool:
    """Return True when declared more than 28 calendar days ahead (Wet BRP 2.39 lid 2): these never shift."""
    return verhuisdatum - ontvangst > _VROEGST_TE_VROEG


@lru_cache(maxsize=1024)
def dagen_van(duur: str | None) -> int | None:
    """Return the calendar days of an ISO 8601 duration (year 365, month 30), or None when it is none."""
    match = _ISO_DUUR.fullmatch(duur or "")
    if match is None or not any(match.groups()):
        return None
    return sum(int(deel or 0) * dagen for deel, dagen in zip(match.groups(), _DAGEN_PER_DEEL, strict=True))


@lru_cache(maxsize=4096)
def fatale_dag(
    start: date, uiterlijk: date | None, doorlooptijd_dagen: int, opgeschort_dagen: int, extra: frozenset[date]
) -> date:
    """Return the last day of the decision term.

    ``uiterlijkeEinddatumAfdoening``, else start + doorlooptijd; at most eight weeks (Awb 4:13 by analogy), then the days
    the clock stood still (Awb 4:15 by analogy), and the last day by the Algemene termijnenwet.
    """
    einde = min(uiterlijk or start + timedelta(days=doorlooptijd_dagen), start + _ACHT_WEKEN)
    return verschoven(einde + timedelta(days=opgeschort_dagen), extra)
