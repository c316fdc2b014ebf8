# SPDX-License-Identifier: EUPL-1.2
"""Rows 5 to 7: what kind of move, and when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from bouwstenen import LEVERT, ONTVANGST, A, adres_kandidaat, codes, invoer, persoon, verblijfplaats

from hub.flows.verhuizing.predicaten.verhuizing import p05_soort_verhuizing, p06_tijdigheid, p07_toekomst


@pytest.mark.parametrize(
    ("plaats", "uitkomst", "reden"),
    [
        (verblijfplaats(), "groen", []),
        (verblijfplaats(functie="B"), "oranje", ["van-briefadres"]),
        (verblijfplaats(functieAdres=None), "oranje", ["huidig-adres-geen-woonadres"]),
        ({"type": "Locatie", "functieAdres": {"code": "W"}}, "oranje", ["huidig-adres-geen-woonadres"]),
        ({"type": "VerblijfplaatsBuitenland"}, "rood", ["vestiging-vanuit-buitenland"]),
        ({"type": "VerblijfplaatsOnbekend"}, "rood", ["vestiging-vanuit-buitenland"]),
        ({}, "oranje", ["verblijfplaats-onbekend"]),
    ],
)
def test_where_one_comes_from_decides_the_kind_of_move(plaats: dict, uitkomst: str, reden: list[str]) -> None:
    """Only from a woonadres in the country."""
    uitslag = p05_soort_verhuizing(invoer(personen={A: persoon(A, verblijfplaats=plaats)}))
    assert (uitslag.uitkomst, codes(uitslag)) == (uitkomst, reden)


def test_an_address_the_gateway_does_not_deliver_is_not_unknown_but_unseen() -> None:
    """Absence means nothing there."""
    levert = [element for element in LEVERT if element != "verblijfplaats"]
    i = invoer(personen={A: persoon(A, verblijfplaats=None)}, levert=levert)
    assert codes(p05_soort_verhuizing(i)) == ["bron-levert-gegeven-niet"]


@pytest.mark.parametrize(
    ("bronhouder", "reden"),
    [("0114", []), ("0193", ["adres-in-andere-gemeente"]), (None, ["gemeente-van-adres-onbekend"])],
)
def test_the_gemeente_of_the_target_comes_from_the_bronhouder(bronhouder: str | None, reden: list[str]) -> None:
    """The digits of a BAG id do not tell: this one begins with 0114 whoever keeps it now."""
    assert codes(p05_soort_verhuizing(invoer(kandidaten=[adres_kandidaat(bronhouderCode=bronhouder)]))) == reden


def test_choosing_a_briefadres_is_red() -> None:
    """It is another procedure (Wet BRP 2.40)."""
    uitslag = p05_soort_verhuizing(invoer(functieAdres="B"))
    assert (uitslag.uitkomst, codes(uitslag)) == ("rood", ["keuze-briefadres"])


def test_a_missing_function_means_woonadres() -> None:
    """The e-form asks for a home unless told otherwise."""
    assert p05_soort_verhuizing(invoer(functieAdres=None)).uitkomst == "groen"


@pytest.mark.parametrize(
    ("ontvangst", "verhuisdatum", "uitkomst", "reden"),
    [
        (date(2026, 9, 1), date(2026, 9, 29), "groen", []),  # 28 days ahead
        (date(2026, 9, 1), date(2026, 9, 30), "rood", ["te-vroeg-aangegeven"]),  # 29 days ahead
        (date(2026, 9, 7), date(2026, 9, 1), "groen", []),  # fifth day was Sunday, moved to Monday
        (date(2026, 9, 8), date(2026, 9, 1), "oranje", ["te-laat-aangegeven"]),
        (date(2026, 4, 7), date(2026, 3, 29), "groen", []),  # fifth day was Good Friday
        (date(2026, 4, 8), date(2026, 3, 29), "oranje", ["te-laat-aangegeven"]),
        (date(2026, 4, 28), date(2026, 4, 22), "groen", []),  # fifth day was Koningsdag
        (date(2026, 4, 29), date(2026, 4, 22), "oranje", ["te-laat-aangegeven"]),
        (date(2024, 2, 29), date(2024, 2, 24), "groen", []),  # leap day is a day like any other
        (date(2024, 3, 1), date(2024, 2, 24), "oranje", ["te-laat-aangegeven"]),
        (date(2024, 2, 1), date(2024, 2, 29), "groen", []),  # 28 days before a leap day
        (date(2024, 1, 31), date(2024, 2, 29), "rood", ["te-vroeg-aangegeven"]),
    ],
)
def test_from_28_days_before_to_the_fifth_day_after(
    ontvangst: date, verhuisdatum: date, uitkomst: str, reden: list[str]
) -> None:
    """Wet BRP 2.39 lid 2."""
    i = invoer(ontvangstdatum=ontvangst.isoformat(), verhuisdatum=verhuisdatum.isoformat())
    uitslag = p06_tijdigheid(i)
    assert (uitslag.uitkomst, codes(uitslag)) == (uitkomst, reden)


@pytest.mark.parametrize(
    ("verhuisdatum", "code"),
    [
        (None, "verhuisdatum-ontbreekt"),
        ("onbekend", "verhuisdatum-ontbreekt"),
        ("2026-09", "verhuisdatum-onbruikbaar"),
        ("2026", "verhuisdatum-onbruikbaar"),
        ("2026-02-30", "verhuisdatum-onbruikbaar"),
        ("9999-12-31", "verhuisdatum-onbruikbaar"),
        ("0001-01-01", "verhuisdatum-onbruikbaar"),
    ],
)
def test_a_moving_date_that_is_no_date_is_one_reason(verhuisdatum: str | None, code: str) -> None:
    """What depends on that date alone adds no second one."""
    i = invoer(verhuisdatum=verhuisdatum)
    assert codes(p06_tijdigheid(i)) == [code]
    assert p07_toekomst(i).uitkomst == "nvt"


def test_a_missing_date_of_receipt_is_a_reason() -> None:
    """Everything is measured from it."""
    assert codes(p06_tijdigheid(invoer(ontvangstdatum="?"))) == ["ontvangstdatum-ontbreekt"]


def test_a_future_date_waits_and_a_reached_one_does_not() -> None:
    """Row 7 holds; today's move and a past one do not wait."""
    morgen = (ONTVANGST + timedelta(days=1)).isoformat()
    assert p07_toekomst(invoer(verhuisdatum=morgen)).uitkomst == "wacht"
    assert p07_toekomst(invoer(verhuisdatum=morgen, datum_bereikt=True)).uitkomst == "groen"
    assert p07_toekomst(invoer()).uitkomst == "nvt"
