# SPDX-License-Identifier: EUPL-1.2
"""Rows 11, 12 and 14: who lives there now, and is there room."""

from __future__ import annotations

import pytest
from bouwstenen import (
    ANDER_OBJECT,
    ANDERE_ZAAK,
    GEMEENTE,
    LEVERT,
    NIEUW_OBJECT,
    A,
    D,
    adres_kandidaat,
    codes,
    invoer,
    persoon,
    profiel,
    pseudoniem,
    verhuizer,
)

from hub.flows.verhuizing.feiten import Antwoord, Bewoning, Claim, NietBeschikbaar
from hub.flows.verhuizing.predicaten.basis import Invoer
from hub.flows.verhuizing.predicaten.bewoning import p11_bezetting, p12_bewoond_adres, p14_adres_in_onderzoek


def bewoning(*wie: str, veel: bool = False, onderzoek: tuple[str, ...] = (), mogelijk: tuple[str, ...] = ()) -> Bewoning:
    """Who lives at the new address."""
    return Bewoning(NIEUW_OBJECT, veel, wie, frozenset(onderzoek), mogelijk)


def bezetting(blijven: int, komen: int, **kandidaat: object) -> Invoer:
    """``blijven`` residents stay, ``komen`` come."""
    blijvers = [pseudoniem(100 + nummer) for nummer in range(blijven)]
    komers = [verhuizer(pseudoniem(200 + nummer), "P") for nummer in range(komen)]
    return invoer(verhuizers=komers, inwonend=True, bewoning=bewoning(*blijvers), kandidaten=[adres_kandidaat(**kandidaat)])


@pytest.mark.parametrize(
    ("blijven", "komen", "oppervlakte", "reden"),
    [
        (0, 1, 100, []),
        (4, 4, 100, []),  # eight, 12.5 m2 each
        (0, 8, 96, []),  # eight, 12 m2 each
        (0, 8, 95, ["te-weinig-ruimte"]),
        (4, 5, 1000, ["te-veel-bewoners"]),
        (0, 13, 1000, ["te-veel-bewoners"]),  # a household of 13
        (0, 20, 1000, ["te-veel-bewoners"]),  # the most one declaration asks the BRP about at once
        (0, 1, 1, ["oppervlakte-onbekend"]),
        (0, 1, 999999, ["oppervlakte-onbekend"]),
        (0, 1, None, ["oppervlakte-onbekend"]),
    ],
)
def test_room_for_who_stays_and_who_comes(blijven: int, komen: int, oppervlakte: int | None, reden: list[str]) -> None:
    """Thresholds of the profile; area 1 and 999999 mean not known."""
    assert codes(p11_bezetting(bezetting(blijven, komen, oppervlakte=oppervlakte))) == reden


@pytest.mark.parametrize("soort", ["Ligplaats", "Standplaats"])
def test_a_ligplaats_has_no_area_and_no_area_rule(soort: str) -> None:
    """The number of residents still counts."""
    assert codes(p11_bezetting(bezetting(0, 2, typeAdresseerbaarObject=soort, oppervlakte=None))) == []
    assert codes(p11_bezetting(bezetting(0, 9, typeAdresseerbaarObject=soort, oppervlakte=None))) == ["te-veel-bewoners"]


def test_the_thresholds_are_those_of_the_profile() -> None:
    """A gemeente sets its own."""
    i = invoer(profiel=profiel(max_bewoners=1, min_m2=200), inwonend=True, bewoning=bewoning(D))
    assert codes(p11_bezetting(i)) == ["te-veel-bewoners", "te-weinig-ruimte"]


def test_uncertain_and_too_many_residents_are_orange() -> None:
    """The source gives no list above a hundred."""
    assert codes(p11_bezetting(invoer(bewoning=bewoning(veel=True)))) == ["veel-bewoners"]
    assert codes(p11_bezetting(invoer(bewoning=bewoning(mogelijk=(D,))))) == ["mogelijke-bewoners"]
    assert codes(p11_bezetting(invoer(bewoning=bewoning(mogelijk=(A,))))) == []  # the mover


def test_those_who_must_still_leave_do_not_take_room() -> None:
    """Row 12 judges whether they leave."""
    vertrekkers = [pseudoniem(100 + nummer) for nummer in range(8)]
    assert codes(p11_bezetting(invoer(inwonend=False, bewoning=bewoning(*vertrekkers)))) == []


def test_an_empty_address_is_green_whatever_was_said_about_moving_in() -> None:
    """inwonend missing is like no when nobody remains."""
    assert [p12_bewoond_adres(invoer(inwonend=i)).uitkomst for i in (False, None)] == ["groen", "groen"]


def test_residents_and_no_word_about_moving_in_is_one_reason() -> None:
    """Nobody can tell what to wait for."""
    assert codes(p12_bewoond_adres(invoer(inwonend=None, bewoning=bewoning(D)))) == ["inwonend-onbekend"]


@pytest.mark.parametrize(
    ("anders", "reden"),
    [
        ({"toestemming": "gegeven", "hoofdbewoner": D}, []),
        ({"toestemming": None}, ["toestemming-ontbreekt"]),
        ({"toestemming": "geweigerd", "hoofdbewoner": D}, ["toestemming-geweigerd"]),
        ({"toestemming": "ingetrokken", "hoofdbewoner": D}, ["toestemming-ingetrokken"]),
        ({"toestemming": "gegeven"}, ["hoofdbewoner-onbekend"]),
        ({"toestemming": "gegeven", "hoofdbewoner": pseudoniem(77)}, ["toestemming-niet-van-bewoner"]),
        ({"toestemming": "gegeven", "hoofdbewoner": A}, ["toestemming-niet-van-bewoner"]),
    ],
)
def test_moving_in_needs_consent_of_a_resident(anders: dict, reden: list[str]) -> None:
    """Evidence, no condition of law; withdrawn consent is none."""
    i = invoer(inwonend=True, bewoning=bewoning(D), personen={A: persoon(A), D: persoon(D)}, **anders)
    assert codes(p12_bewoond_adres(i)) == reden


@pytest.mark.parametrize(
    ("geboren", "reden"),
    [("2008-09-01", []), ("2008-09-02", ["toestemming-niet-van-volwassene"]), (None, ["toestemming-niet-van-volwassene"])],
)
def test_consent_comes_from_an_adult(geboren: str | None, reden: list[str]) -> None:
    """Eighteen on the day of receipt; unknown is not adult."""
    personen = {A: persoon(A), D: persoon(D, geboren=geboren)}
    i = invoer(inwonend=True, bewoning=bewoning(D), personen=personen, toestemming="gegeven", hoofdbewoner=D)
    assert codes(p12_bewoond_adres(i)) == reden


def test_a_possible_resident_gives_no_consent() -> None:
    """mogelijkeBewoners are uncertain."""
    i = invoer(
        inwonend=True,
        bewoning=bewoning(mogelijk=(D,)),
        personen={A: persoon(A), D: persoon(D)},
        toestemming="gegeven",
        hoofdbewoner=D,
    )
    assert codes(p12_bewoond_adres(i)) == ["toestemming-niet-van-bewoner"]


def vertrek(datum: str | None, doel: str = ANDER_OBJECT) -> dict[str, Antwoord]:
    """The resident D declared a move out, in another zaak."""
    claim = Claim(ANDERE_ZAAK, "verhuizing", doel, datum, "2026-08-30")
    return {f"{GEMEENTE}:{D}": Antwoord((claim,), ())}


def test_a_previous_occupant_is_waited_for_until_the_limit() -> None:
    """Fifth day after the move (moved to Monday the 7th) and three ordinary days: the 10th."""
    wacht = p12_bewoond_adres(invoer(bewoning=bewoning(D)))
    assert (wacht.uitkomst, wacht.gegevens["tot"]) == ("wacht", "2026-09-10")
    voorbij = p12_bewoond_adres(invoer(bewoning=bewoning(D), grens_bereikt=True))
    assert codes(voorbij) == ["vorige-bewoner-nog-ingeschreven"]


@pytest.mark.parametrize(
    ("datum", "uitkomst"),
    [("2026-08-31", "groen"), ("2026-09-10", "groen"), ("2026-09-11", "wacht"), (None, "wacht")],
)
def test_a_previous_occupant_who_declared_to_leave_in_time_is_gone(datum: str | None, uitkomst: str) -> None:
    """A declared move out counts like a registered one."""
    assert p12_bewoond_adres(invoer(bewoning=bewoning(D), antwoorden=vertrek(datum))).uitkomst == uitkomst


def test_a_declared_move_to_this_same_address_is_no_move_out() -> None:
    """They declare to live here."""
    i = invoer(bewoning=bewoning(D), antwoorden=vertrek("2026-09-01", NIEUW_OBJECT))
    assert p12_bewoond_adres(i).uitkomst == "wacht"


def test_without_a_moving_date_waiting_has_no_end_and_adds_no_reason() -> None:
    """The missing date is reported by row 6."""
    uitslag = p12_bewoond_adres(invoer(bewoning=bewoning(D), verhuisdatum=None))
    assert (uitslag.bevindingen, uitslag.mist) == ((), True)


def test_after_the_limit_nothing_is_waited_for() -> None:
    """Received when the limit had passed: an official looks at once."""
    i = invoer(bewoning=bewoning(D), verhuisdatum="2026-08-01")
    assert codes(p12_bewoond_adres(i)) == ["vorige-bewoner-nog-ingeschreven"]


def test_an_address_under_investigation_is_orange() -> None:
    """Whoever of its residents it is about."""
    assert codes(p14_adres_in_onderzoek(invoer(bewoning=bewoning(D, onderzoek=(D,))))) == ["adres-in-onderzoek"]
    assert p14_adres_in_onderzoek(invoer()).uitkomst == "groen"
    levert = [element for element in LEVERT if element != "bewoning.inOnderzoek"]
    assert codes(p14_adres_in_onderzoek(invoer(bewoning=bewoning(D), levert=levert))) == ["bron-levert-gegeven-niet"]


def test_occupancy_that_stays_away_is_orange_everywhere() -> None:
    """Never green on a source that did not answer."""
    i = invoer()
    i.bewoning = NietBeschikbaar("geen-antwoord")
    uitslagen = [p(i) for p in (p11_bezetting, p12_bewoond_adres, p14_adres_in_onderzoek)]
    assert [codes(u) for u in uitslagen] == [["bron-niet-bereikbaar"]] * 3
