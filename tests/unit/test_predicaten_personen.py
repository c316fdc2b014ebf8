# SPDX-License-Identifier: EUPL-1.2
"""Rows 13, 15 and 21: marks on a person, and how often somebody moved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bouwstenen import (
    ANDER_OBJECT,
    DATUM_ONBEKEND,
    LEVERT,
    NIEUW_OBJECT,
    ONTVANGST,
    OUD_OBJECT,
    A,
    B,
    codes,
    invoer,
    jaar,
    jaar_maand,
    persoon,
    profiel,
    verblijfplaats,
    verhuizer,
)

from hub.flows.verhuizing.predicaten.personen import p13_in_onderzoek, p15_mobiliteit, p21_geheimhouding


def dagen_geleden(aantal: int) -> str:
    """That many days before receipt."""
    return (ONTVANGST - timedelta(days=aantal)).isoformat()


@pytest.mark.parametrize(
    ("element", "reden"),
    [
        ({}, []),
        ({"inOnderzoek": {"burgerservicenummer": True}}, ["persoon-in-onderzoek"]),
        ({"inOnderzoek": {"datumIngangOnderzoekGezag": {"type": "DatumOnbekend"}}}, ["persoon-in-onderzoek"]),
        ({"verblijfplaats": verblijfplaats(inOnderzoek={"functieAdres": True})}, ["verblijfplaats-in-onderzoek"]),
        (
            {"verblijfplaats": verblijfplaats(verblijfadres={"inOnderzoek": {"huisnummer": True}})},
            ["verblijfplaats-in-onderzoek"],
        ),
        (
            {"verblijfplaats": verblijfplaats(indicatieVastgesteldVerblijftNietOpAdres=True)},
            ["vastgesteld-verblijft-niet-op-adres"],
        ),
    ],
)
def test_data_under_investigation_at_any_level_is_orange(element: dict, reden: list[str]) -> None:
    """Person, verblijfplaats and verblijfadres; of the declarer and of every mover."""
    assert codes(p13_in_onderzoek(invoer(personen={A: persoon(A, **element)}))) == reden
    mee = invoer(personen={A: persoon(A), B: persoon(B, **element)}, verhuizers=[verhuizer(A), verhuizer(B, "P")])
    assert codes(p13_in_onderzoek(mee)) == reden


@pytest.mark.parametrize(
    "element",
    [
        "inOnderzoek",
        "verblijfplaats.inOnderzoek",
        "verblijfplaats.verblijfadres.inOnderzoek",
        "verblijfplaats.indicatieVastgesteldVerblijftNietOpAdres",
    ],
)
def test_no_investigation_must_be_proven(element: str) -> None:
    """These come by themselves by the standard; a gateway may still drop them."""
    i = invoer(levert=[naam for naam in LEVERT if naam != element])
    assert codes(p13_in_onderzoek(i)) == ["bron-levert-gegeven-niet"]


def historie(*dagen: Any) -> dict[str, Any]:
    """A person who moved on these days, newest first, each time to another place."""
    plaatsen = [verblijfplaats(f"01140100000001{nummer:02}", van=dag) for nummer, dag in enumerate(dagen)]
    return persoon(A, verblijfplaats=plaatsen[0], verblijfplaatshistorie=plaatsen)


@pytest.mark.parametrize(
    ("dagen", "reden"),
    [
        ([31, 400], []),
        ([30, 400], ["recent-verhuisd"]),
        ([31, 180], ["vaak-verhuisd"]),
        ([31, 181], []),
        ([5, 100], ["recent-verhuisd", "vaak-verhuisd"]),
        ([181, 182, 183], []),
    ],
)
def test_fewer_than_two_moves_in_180_days_and_none_in_the_last_30(dagen: list[int], reden: list[str]) -> None:
    """Counted back from the day of receipt."""
    uitslag = p15_mobiliteit(invoer(personen={A: historie(*map(dagen_geleden, dagen))}))
    assert codes(uitslag) == reden
    assert uitslag.uitkomst == ("oranje" if reden else "groen")


def test_the_thresholds_of_mobility_are_those_of_the_profile() -> None:
    """Policy, not law."""
    eigen = profiel(verhuizingen_max=1, verhuizingen_venster_dagen=400, verhuizing_rust_dagen=0)
    i = invoer(personen={A: historie(dagen_geleden(399))}, profiel=eigen)
    assert codes(p15_mobiliteit(i)) == ["vaak-verhuisd"]


@pytest.mark.parametrize(
    ("van", "reden"),
    [
        (dagen_geleden(31), []),
        (dagen_geleden(30), ["recent-verhuisd"]),
        (jaar_maand(2026, 8), ["datum-adres-onvolledig"]),
        (jaar_maand(2026, 1), []),
        (jaar(2025), []),
        (jaar(2026), ["datum-adres-onvolledig"]),
        (DATUM_ONBEKEND, ["datum-adres-onvolledig"]),
        ({"type": "Datum", "datum": "2026-13-45"}, ["datum-adres-onvolledig"]),
    ],
)
def test_without_history_only_the_present_date_is_looked_at(van: Any, reden: list[str]) -> None:
    """The count shows as not tested, and a date of which parts are unknown counts where it could matter."""
    wie = persoon(A, verblijfplaats=verblijfplaats(van=van), verblijfplaatshistorie=None)
    uitslag = p15_mobiliteit(invoer(personen={A: wie}))
    assert codes(uitslag) == reden
    assert uitslag.uitkomst == ("oranje" if reden else "niet-getoetst")


def test_an_unknown_date_long_ago_does_not_matter() -> None:
    """Newest first: what lies behind a known old move is older."""
    i = invoer(personen={A: historie(dagen_geleden(400), DATUM_ONBEKEND)})
    assert codes(p15_mobiliteit(i)) == []


def test_a_technical_row_on_the_same_place_is_no_move() -> None:
    """About forty per cent of the changes in the register are none."""
    plaatsen = [verblijfplaats(OUD_OBJECT, van=dagen_geleden(10)), verblijfplaats(OUD_OBJECT, van="2010-01-01")]
    wie = persoon(A, verblijfplaats=plaatsen[0], verblijfplaatshistorie=plaatsen)
    assert codes(p15_mobiliteit(invoer(personen={A: wie}))) == []


def test_birth_is_no_move_and_neither_is_the_one_declared_now() -> None:
    """A baby moved nowhere; a move that was processed already is row 10's."""
    geboren = dagen_geleden(20)
    baby = persoon(B, geboren=geboren, verblijfplaats=verblijfplaats(van=geboren), verblijfplaatshistorie=None)
    al_daar = verblijfplaats(NIEUW_OBJECT, van=ONTVANGST.isoformat())
    plaatsen = [al_daar, verblijfplaats(ANDER_OBJECT, van="2010-01-01")]
    verhuisd = persoon(A, verblijfplaats=al_daar, verblijfplaatshistorie=plaatsen)
    i = invoer(personen={A: verhuisd, B: baby}, verhuizers=[verhuizer(A), verhuizer(B, "G")])
    assert codes(p15_mobiliteit(i)) == []


def test_geheimhouding_changes_no_colour() -> None:
    """It masks read models."""
    uitslag = p21_geheimhouding(invoer(personen={A: persoon(A, geheimhoudingPersoonsgegevens=True)}))
    assert (uitslag.uitkomst, uitslag.gegevens) == ("nvt", {"geheimhouding": 1})
