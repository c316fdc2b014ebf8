# SPDX-License-Identifier: EUPL-1.2
"""Terms of law: the Algemene termijnenwet against dates anybody can look up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hub.flows.verhuizing.kalender import (
    dagen_van,
    fatale_dag,
    feestdagen,
    is_gewone_dag,
    na_werkdagen,
    te_vroeg,
    verschoven,
    vertrekgrens,
    vijfde_dag,
)


@pytest.mark.parametrize(
    ("dag", "wat"),
    [
        (date(2026, 1, 1), "Nieuwjaarsdag"),
        (date(2026, 4, 3), "Goede Vrijdag (art. 3 lid 2)"),
        (date(2026, 4, 6), "tweede Paasdag"),
        (date(2026, 4, 27), "Koningsdag"),
        (date(2025, 4, 26), "Koningsdag op zaterdag, omdat de 27e een zondag is"),
        (date(2026, 5, 5), "de vijfde mei, ook buiten een lustrum (art. 3 lid 1)"),
        (date(2025, 5, 5), "de vijfde mei in een lustrum"),
        (date(2026, 5, 14), "Hemelvaartsdag"),
        (date(2026, 5, 25), "tweede Pinksterdag"),
        (date(2026, 12, 25), "eerste Kerstdag"),
        (date(2026, 12, 26), "tweede Kerstdag"),
    ],
)
def test_every_day_the_law_names_is_no_ordinary_day(dag: date, wat: str) -> None:
    """Algemene termijnenwet art. 3."""
    assert dag in feestdagen(dag.year), wat
    assert not is_gewone_dag(dag), wat


@pytest.mark.parametrize("dag", [date(2024, 5, 10), date(2025, 5, 30), date(2026, 1, 2), date(2026, 5, 15), date(2027, 5, 7)])
def test_days_made_equal_by_decree_are_no_ordinary_days(dag: date) -> None:
    """Art. 3 lid 3: mostly the Friday after Hemelvaartsdag; they hold for their own year only."""
    assert dag.weekday() == 4
    assert not is_gewone_dag(dag)


def test_a_later_decree_is_added_by_the_profile() -> None:
    """The list in the program ends with the decree of its day."""
    dag = date(2029, 5, 11)
    assert is_gewone_dag(dag)
    assert not is_gewone_dag(dag, {dag})
    assert verschoven(dag, frozenset({dag})) == date(2029, 5, 14)


@pytest.mark.parametrize(
    ("verhuisdatum", "laatste"),
    [
        (date(2026, 9, 1), date(2026, 9, 7)),  # fifth day is Sunday the 6th
        (date(2026, 8, 31), date(2026, 9, 7)),  # Saturday the 5th
        (date(2026, 9, 3), date(2026, 9, 8)),  # Tuesday: does not move
        (date(2026, 3, 29), date(2026, 4, 7)),  # Good Friday 3 April, then a weekend and Easter Monday
        (date(2026, 4, 22), date(2026, 4, 28)),  # Koningsdag
        (date(2026, 4, 30), date(2026, 5, 6)),  # 5 May
        (date(2026, 5, 9), date(2026, 5, 18)),  # Hemelvaartsdag, then a Friday made equal, then a weekend
        (date(2024, 2, 24), date(2024, 2, 29)),  # leap day, a Thursday
        (date(2023, 2, 24), date(2023, 3, 1)),  # no leap day
        (date(2025, 12, 20), date(2025, 12, 29)),  # both days of Christmas, then a weekend
    ],
)
def test_the_fifth_day_moves_to_the_next_ordinary_day(verhuisdatum: date, laatste: date) -> None:
    """Wet BRP 2.39 lid 2 with Algemene termijnenwet art. 1."""
    assert vijfde_dag(verhuisdatum) == laatste


@pytest.mark.parametrize("verhuisdatum", [date(2026, 9, 29), date(2024, 2, 29), date(2026, 4, 27), date(2026, 9, 27)])
def test_twenty_eight_days_ahead_never_move(verhuisdatum: date) -> None:
    """They lie before the event: the wet only extends terms that end."""
    assert not te_vroeg(verhuisdatum - timedelta(days=28), verhuisdatum)
    assert te_vroeg(verhuisdatum - timedelta(days=29), verhuisdatum)


def test_previous_occupants_are_waited_for_until_three_ordinary_days_after_the_fifth() -> None:
    """Over Easter: Tuesday 7 April, then Wednesday, Thursday and Friday."""
    assert vertrekgrens(date(2026, 3, 29), 3) == date(2026, 4, 10)
    assert vertrekgrens(date(2026, 3, 29), 0) == date(2026, 4, 7)
    assert na_werkdagen(date(2026, 9, 4), 1) == date(2026, 9, 7)


@pytest.mark.parametrize(
    ("duur", "dagen"),
    [("P28D", 28), ("P4W", 28), ("P1M", 30), ("P1Y2M3D", 428), ("PT5H", None), ("", None), (None, None), ("28 dagen", None)],
)
def test_a_duration_is_read_or_left(duur: str | None, dagen: int | None) -> None:
    """ZGW doorlooptijd is an ISO 8601 duration."""
    assert dagen_van(duur) == dagen


def test_the_term_is_at_most_eight_weeks_and_stands_still() -> None:
    """Awb 4:13 and 4:15 by analogy; the last day by the Algemene termijnenwet."""
    start = date(2026, 9, 1)
    geen: frozenset[date] = frozenset()
    assert fatale_dag(start, None, 28, 0, geen) == date(2026, 9, 29)
    assert fatale_dag(start, date(2026, 9, 26), 28, 0, geen) == date(2026, 9, 28)  # a Saturday
    assert fatale_dag(start, date(2027, 1, 1), 28, 0, geen) == date(2026, 10, 27)
    assert fatale_dag(start, None, 28, 7, geen) == date(2026, 10, 6)
