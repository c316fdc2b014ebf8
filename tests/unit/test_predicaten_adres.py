# SPDX-License-Identifier: EUPL-1.2
"""Rows 8 to 10: is it one address, may one live there, and is it new."""

from __future__ import annotations

import pytest
from bouwstenen import (
    NIEUW_OBJECT,
    A,
    B,
    adres,
    adres_kandidaat,
    codes,
    invoer,
    jaar_maand,
    persoon,
    verblijfplaats,
    verhuizer,
)

from hub.flows.verhuizing.feiten import NietBeschikbaar
from hub.flows.verhuizing.predicaten.adres import p08_adres, p09_gebruik, p10_zelfde_adres

LIGPLAATS = {
    "typeAdresseerbaarObject": "Ligplaats",
    "adresseerbaarObjectStatus": "Plaats aangewezen",
    "gebruiksdoelen": [],
    "oppervlakte": None,
    "panden": [],
}


def test_exactly_one_address_that_agrees_is_green() -> None:
    """The plain case."""
    assert p08_adres(invoer()).uitkomst == "groen"


def test_no_address_and_a_withdrawn_one_are_red_and_several_orange() -> None:
    """The resident must be asked first, or an official chooses."""
    geen = p08_adres(invoer(kandidaten=[]))
    ingetrokken = p08_adres(invoer(kandidaten=[adres_kandidaat(nummeraanduidingStatus="Naamgeving ingetrokken")]))
    meer = p08_adres(invoer(kandidaten=[adres_kandidaat(), adres_kandidaat(nummeraanduidingIdentificatie="x")]))
    assert [(u.uitkomst, codes(u)) for u in (geen, ingetrokken, meer)] == [
        ("rood", ["adres-niet-gevonden"]),
        ("rood", ["adres-ingetrokken"]),
        ("oranje", ["adres-meerdere-kandidaten"]),
    ]


@pytest.mark.parametrize(
    "aangegeven",
    [
        {"nieuwAdresBagId": "0114010000009999"},
        {"nieuwAdresNummeraanduiding": "0114200000009999"},
        {"adrestekst": adres(postcode="7811ZZ")},
        {"adrestekst": adres(huisnummer=3)},
        {"adrestekst": adres(huisletter="A")},
    ],
)
def test_an_identification_that_is_another_address_than_the_text_is_orange(aangegeven: dict) -> None:
    """They disagree: nobody knows which one was meant."""
    assert codes(p08_adres(invoer(**aangegeven))) == ["adres-spreekt-elkaar-tegen"]


def test_writing_the_postcode_otherwise_is_no_disagreement() -> None:
    """Blanks and capitals do not matter."""
    assert p08_adres(invoer(adrestekst=adres(postcode="7811 ab", huisnummer="2"))).uitkomst == "groen"


def test_a_missing_address_is_one_reason_and_the_rows_after_it_add_none() -> None:
    """The resident reads one thing to do."""
    i = invoer(adresAanwezig=False, nieuwAdresBagId=None, nieuwAdresNummeraanduiding=None, kandidaten=[])
    i.adres = None
    assert codes(p08_adres(i)) == ["adres-ontbreekt"]
    assert [p(i).mist for p in (p09_gebruik, p10_zelfde_adres)] == [True, True]


def test_a_bag_that_stays_away_is_orange() -> None:
    """Never green."""
    i = invoer()
    i.adres, i.kandidaat = NietBeschikbaar("geen-antwoord"), None
    assert codes(p08_adres(i)) == ["bron-niet-bereikbaar"]


@pytest.mark.parametrize(
    ("anders", "reden"),
    [
        ({}, []),
        ({"adresseerbaarObjectStatus": "Verblijfsobject in gebruik (niet ingemeten)"}, []),
        ({"panden": [{"status": "Pand in gebruik (niet ingemeten)"}]}, []),
        ({"gebruiksdoelen": ["winkelfunctie", "woonfunctie"]}, []),
        (LIGPLAATS, []),
        ({**LIGPLAATS, "typeAdresseerbaarObject": "Standplaats"}, []),
        ({**LIGPLAATS, "adresseerbaarObjectStatus": "Plaats ingetrokken"}, ["object-niet-in-gebruik"]),
        ({"adresseerbaarObjectStatus": "Verbouwing verblijfsobject"}, ["object-niet-in-gebruik"]),
        ({"adresseerbaarObjectStatus": "Verblijfsobject gevormd"}, ["object-niet-in-gebruik"]),
        ({"gebruiksdoelen": ["winkelfunctie"]}, ["geen-woonfunctie"]),
        ({"panden": [{"status": "Pand in gebruik"}, {"status": "Sloopvergunning verleend"}]}, ["pand-niet-in-gebruik"]),
        ({"panden": []}, ["pand-niet-in-gebruik"]),
        ({"indicatieNevenadres": True}, ["nevenadres"]),
        ({"inonderzoek": True}, ["object-in-onderzoek"]),
        ({"geconstateerd": True}, ["object-geconstateerd"]),
    ],
)
def test_use_and_status_of_the_object_and_every_pand(anders: dict, reden: list[str]) -> None:
    """A multi-purpose object is fine with woonfunctie among its purposes; not measured counts as in use."""
    assert codes(p09_gebruik(invoer(kandidaten=[adres_kandidaat(**anders)]))) == reden


@pytest.mark.parametrize(
    ("plaats", "reden"),
    [
        (verblijfplaats(), []),
        (verblijfplaats(NIEUW_OBJECT, van="2026-09-01"), ["al-verwerkt"]),
        (verblijfplaats(NIEUW_OBJECT, van="2020-01-01"), ["adres-ongewijzigd"]),
        (verblijfplaats(NIEUW_OBJECT, van=jaar_maand(2026, 9)), ["adres-ongewijzigd"]),
        (verblijfplaats(NIEUW_OBJECT, functie="B"), []),
    ],
)
def test_the_same_address_is_seen_by_bag_id(plaats: dict, reden: list[str]) -> None:
    """A briefadres at that address is another one."""
    assert codes(p10_zelfde_adres(invoer(personen={A: persoon(A, verblijfplaats=plaats)}))) == reden


def test_without_bag_id_postcode_number_letter_and_addition_decide() -> None:
    """Some registrations have no BAG id."""
    zonder_bag = {"adresseerbaarObjectIdentificatie": None, "nummeraanduidingIdentificatie": None}
    zelfde = verblijfplaats(van="2020-01-01", verblijfadres=adres(), **zonder_bag)
    ander = verblijfplaats(van="2020-01-01", verblijfadres=adres(huisletter="A"), **zonder_bag)
    assert codes(p10_zelfde_adres(invoer(personen={A: persoon(A, verblijfplaats=zelfde)}))) == ["adres-ongewijzigd"]
    assert codes(p10_zelfde_adres(invoer(personen={A: persoon(A, verblijfplaats=ander)}))) == []


def test_a_late_move_is_processed_when_it_is_recorded_on_the_day_of_receipt() -> None:
    """Wet BRP 2.20: declared late, the date recorded is that of receipt."""
    verwerkt = persoon(A, verblijfplaats=verblijfplaats(NIEUW_OBJECT, van="2026-09-01"))
    i = invoer(personen={A: verwerkt}, verhuisdatum="2026-08-01")
    assert codes(p10_zelfde_adres(i)) == ["al-verwerkt"]


def test_the_reason_names_the_mover_who_lives_there_already() -> None:
    """The others still move."""
    daar = persoon(B, verblijfplaats=verblijfplaats(NIEUW_OBJECT))
    i = invoer(personen={A: persoon(A), B: daar}, verhuizers=[verhuizer(A), verhuizer(B, "P")])
    assert [b.pseudoniem for b in p10_zelfde_adres(i).bevindingen] == [B]
