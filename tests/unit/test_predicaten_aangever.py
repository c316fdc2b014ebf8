# SPDX-License-Identifier: EUPL-1.2
"""Rows 1 to 4: who declares, and whether the register knows each person as an ordinary resident."""

from __future__ import annotations

from datetime import date

import pytest
from bouwstenen import (
    DATUM_ONBEKEND,
    LEVERT,
    ONTVANGST,
    A,
    B,
    codes,
    event,
    invoer,
    jaar,
    jaar_maand,
    naam,
    partner_van,
    personen_opgehaald,
    persoon,
    profiel,
    verhuizer,
)

from hub.flows.verhuizing.feiten import NietBeschikbaar, lees_personen
from hub.flows.verhuizing.predicaten.aangever import (
    p01_authenticatie,
    p02_leeftijd_aangever,
    p03_registratie,
    p04_curatele,
)

MOBIEL = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"


def zonder(*elementen: str) -> tuple[str, ...]:
    """What a gateway delivers that is not proven to deliver these."""
    return tuple(element for element in LEVERT if element not in elementen)


@pytest.mark.parametrize("niveau", ["midden", "substantieel", "hoog", MOBIEL, "20"])
def test_digid_at_or_above_the_level_is_green(niveau: str) -> None:
    """The level of the profile is enough, in each spelling the case system has for it."""
    assert p01_authenticatie(invoer(authenticatie={"middel": "digid", "niveau": niveau})).uitkomst == "groen"


@pytest.mark.parametrize(
    ("aangegeven", "code"),
    [
        ({"authenticatie": None}, "authenticatie-onbekend"),
        ({"authenticatie": None, "kanaal": "Balie"}, "aangifte-niet-digitaal"),
        ({"authenticatie": None, "kanaal": "e-mail"}, "aangifte-niet-digitaal"),
        ({"authenticatie": {"middel": "digid", "niveau": "basis"}}, "inlogniveau-te-laag"),
        ({"authenticatie": {"middel": "digid", "niveau": "?"}}, "inlogniveau-onbekend"),
        ({"authenticatie": {"middel": "eidas", "niveau": "hoog"}}, "inlogmiddel-niet-digid"),
        ({"indicatieMachtiging": "gemachtigde"}, "machtiging"),
        ({"aantalInitiatoren": 2}, "meer-initiatoren"),
        ({"aantalInitiatoren": 0, "aangever": None, "verhuizers": []}, "initiator-ontbreekt"),
        ({"aangever": None, "verhuizers": []}, "initiator-zonder-bsn"),
    ],
)
def test_each_doubt_about_who_declares_is_one_orange_reason(aangegeven: dict, code: str) -> None:
    """One cause, one code."""
    uitslag = p01_authenticatie(invoer(**aangegeven))
    assert (uitslag.uitkomst, codes(uitslag)) == ("oranje", [code])


def test_a_higher_level_can_be_asked_by_the_profile() -> None:
    """The level is policy of the gemeente."""
    i = invoer(profiel=profiel(digid_niveau="substantieel"))
    assert codes(p01_authenticatie(i)) == ["inlogniveau-te-laag"]


@pytest.mark.parametrize(
    ("brp", "gelijk"),
    [
        ({"geslachtsnaam": "Achternaam1"}, True),
        ({"geslachtsnaam": "ACHTERNAAM1"}, True),
        ({"geslachtsnaam": "Àchternaam1"}, True),
        ({"geslachtsnaam": "Achternaam1", "voorvoegsel": "van der"}, True),
        ({"geslachtsnaam": "Achternaam2"}, False),
        ({"geslachtsnaam": "Achternaam1", "voornamen": "Xander"}, False),
        ({}, False),
    ],
)
def test_the_name_declared_is_compared_with_the_register(brp: dict, gelijk: bool) -> None:
    """Wabb 12: the number must be this person's; accents and capitals do not matter."""
    uitslag = p01_authenticatie(invoer(personen={A: persoon(A, naam=brp)}))
    assert codes(uitslag) == ([] if gelijk else ["naam-wijkt-af"])


def test_a_name_that_the_gateway_does_not_deliver_says_so() -> None:
    """Absence is no difference where the gateway is not proven to deliver names."""
    i = invoer(personen={A: persoon(A, naam=None)}, levert=zonder("naam"))
    assert codes(p01_authenticatie(i)) == ["bron-levert-gegeven-niet"]


@pytest.mark.parametrize(
    ("geboren", "uitkomst", "reden"),
    [
        ("2008-09-01", "groen", []),  # 18 today
        ("2010-09-01", "groen", []),  # 16 today, for self
        ("2010-09-02", "rood", ["aangever-jonger-dan-16"]),  # 16 tomorrow
        (jaar(1960), "oranje", ["geboortedatum-onvolledig"]),
        (jaar_maand(1960, 2), "oranje", ["geboortedatum-onvolledig"]),
        (DATUM_ONBEKEND, "oranje", ["geboortedatum-onvolledig"]),
        (None, "oranje", ["geboortedatum-onvolledig"]),
    ],
)
def test_age_is_measured_on_the_day_of_receipt(geboren: object, uitkomst: str, reden: list[str]) -> None:
    """The sixteenth birthday itself counts (Wet BRP 2.48)."""
    uitslag = p02_leeftijd_aangever(invoer(personen={A: persoon(A, geboren=geboren)}))
    assert (uitslag.uitkomst, codes(uitslag)) == (uitkomst, reden)


@pytest.mark.parametrize(
    ("ontvangst", "uitkomst"),
    [(date(2026, 2, 28), "rood"), (date(2026, 3, 1), "groen")],
)
def test_who_is_born_on_a_leap_day_turns_sixteen_on_1_march(ontvangst: date, uitkomst: str) -> None:
    """2026 has no 29 February."""
    i = invoer(personen={A: persoon(A, geboren="2010-03-01")}, ontvangstdatum=ontvangst.isoformat())
    assert p02_leeftijd_aangever(i).uitkomst == uitkomst
    schrikkel = invoer(personen={A: persoon(A, geboren="2008-02-29")}, ontvangstdatum="2024-02-28")
    assert p02_leeftijd_aangever(schrikkel).uitkomst == "rood"
    jarig = invoer(personen={A: persoon(A, geboren="2008-02-29")}, ontvangstdatum="2024-02-29")
    assert p02_leeftijd_aangever(jarig).uitkomst == "groen"


def test_a_seventeen_year_old_declares_for_nobody_else() -> None:
    """From 16 one may for oneself."""
    i = invoer(
        personen={A: persoon(A, geboren="2009-01-01"), B: persoon(B)},
        verhuizers=[verhuizer(A), verhuizer(B, "P")],
    )
    assert codes(p02_leeftijd_aangever(i)) == ["minderjarige-aangever-voor-anderen"]


@pytest.mark.parametrize(
    ("element", "uitkomst", "reden"),
    [
        ({"opschortingBijhouding": {"reden": {"code": "O"}}}, "rood", "overleden"),
        ({"opschortingBijhouding": {"reden": {"code": "E"}}}, "rood", "geemigreerd"),
        ({"opschortingBijhouding": {"reden": {"code": "R"}}}, "rood", "niet-ingezetene"),
        ({"opschortingBijhouding": {"reden": {"code": "M"}}}, "oranje", "bijhouding-opgeschort"),
        ({"opschortingBijhouding": {"reden": {"code": "F"}}}, "oranje", "bijhouding-opgeschort"),
        ({"opschortingBijhouding": {"datum": {"type": "DatumOnbekend"}}}, "oranje", "bijhouding-opgeschort"),
        ({"gemeenteVanInschrijving": {"code": "1999"}}, "rood", "niet-ingezetene"),
        ({"gemeenteVanInschrijving": None}, "oranje", "registratie-onduidelijk"),
        ({"rni": [{"deelnemer": {"code": "0101"}}]}, "oranje", "registratie-onduidelijk"),
    ],
)
def test_each_state_of_the_registration_has_its_colour(element: dict, uitkomst: str, reden: str) -> None:
    """It holds for a mover who is not the declarer too."""
    i = invoer(personen={A: persoon(A), B: persoon(B, **element)}, verhuizers=[verhuizer(A), verhuizer(B, "P")])
    uitslag = p03_registratie(i)
    assert (uitslag.uitkomst, codes(uitslag)) == (uitkomst, [reden])
    assert {b.pseudoniem for b in uitslag.bevindingen} == {B}


def test_who_is_not_found_or_not_asked_for_is_orange() -> None:
    """A person the register does not know is somebody's typing error more often than not."""
    i = invoer(personen={A: persoon(A)}, verhuizers=[verhuizer(A), verhuizer(B, "P")])
    assert codes(p03_registratie(i)) == ["persoon-niet-gevonden"]


def test_a_register_that_stays_away_is_one_reason() -> None:
    """Not one per person, and never green."""
    i = invoer()
    i.personen = NietBeschikbaar("geen-antwoord")
    assert codes(p03_registratie(i)) == ["bron-niet-bereikbaar"]
    assert [p(i).mist for p in (p02_leeftijd_aangever, p04_curatele)] == [True, True]


@pytest.mark.parametrize("element", ["opschortingBijhouding", "rni"])
def test_absence_is_green_only_for_what_the_gateway_is_proven_to_deliver(element: str) -> None:
    """In the BRP API absence also means "not authorised"."""
    assert codes(p03_registratie(invoer(levert=zonder(element)))) == ["bron-levert-gegeven-niet"]


def test_a_path_proves_what_lies_above_it_and_nothing_below() -> None:
    """verblijfplaats.inOnderzoek proves verblijfplaats, not inOnderzoek of the person."""
    gelezen = lees_personen(event(personen_opgehaald(levert=["verblijfplaats.inOnderzoek", "rni"])))
    assert gelezen.levert == {"verblijfplaats", "verblijfplaats.inOnderzoek", "rni"}


def test_curatele_is_red_and_its_absence_must_be_proven() -> None:
    """Wet BRP 2.48: then the curator declares."""
    onder_curatele = {A: persoon(A), B: persoon(B, indicatieCurateleRegister=True, partners=[partner_van(A)])}
    i = invoer(personen=onder_curatele, verhuizers=[verhuizer(A), verhuizer(B, "P")])
    uitslag = p04_curatele(i)
    assert (uitslag.uitkomst, codes(uitslag)) == ("rood", ["curatele"])
    assert p04_curatele(invoer()).uitkomst == "groen"
    assert codes(p04_curatele(invoer(levert=zonder("indicatieCurateleRegister")))) == ["bron-levert-gegeven-niet"]


def test_the_name_of_the_form_is_the_name_of_the_register_in_these_tests() -> None:
    """The building blocks agree with themselves."""
    assert naam(A) == {"voornamen": "Voornaam1", "geslachtsnaam": "Achternaam1"}
    assert ONTVANGST.strftime("%A") == "Tuesday"
