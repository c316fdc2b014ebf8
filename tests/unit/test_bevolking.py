# SPDX-License-Identifier: EUPL-1.2
"""The generated country: the same for the same seed, consistent, and made only of test numbers."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.burgerzaken.simulator.bevolking import Bevolking
from connectors.burgerzaken.simulator.bevolking_model import BUURT_PERSONEN, Persoon
from connectors.burgerzaken.simulator.bevolking_nummers import (
    Dobbelsteen,
    Verstrooiing,
    bsn_van,
    nummer_van,
    postcode,
    postcode_volgnummer,
)
from connectors.burgerzaken.simulator.datums import datum_adreshouding, datum_json, leeftijd, onzekerheid
from hub.privacy import elfproef

DATUM = date(2026, 3, 12)
GEMEENTEN = (("emmen", "0114"), ("zwolle", "0193"))


def land(seed: int = 7, personen: int = 2_000, datum: date = DATUM) -> Bevolking:
    return Bevolking(seed=seed, personen=personen, gemeenten=GEMEENTEN, peildatum=datum)


def iedereen(bevolking: Bevolking) -> list[Persoon]:
    return [p for index in range(bevolking.land.buurten) for p in bevolking.buurt(index).personen]


def beeld(persoon: Persoon, bevolking: Bevolking) -> tuple[object, ...]:
    verwanten = [kind.nr for kind in persoon.kinderen], [ouder.nr for ouder in persoon.ouders]
    return bevolking.bsn(persoon), persoon.volledige_naam, persoon.geboorte, persoon.verblijf, persoon.historie, verwanten


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**40), index=st.integers(min_value=0, max_value=15))
def test_the_same_seed_gives_the_same_people(seed: int, index: int) -> None:
    """Who lives in a neighbourhood follows from the seed, whatever was asked before."""
    een, ander = land(seed), land(seed)
    ander.buurt(0)
    buurt, zelfde = een.buurt(index), ander.buurt(index)
    assert [beeld(p, een) for p in buurt.personen] == [beeld(p, ander) for p in zelfde.personen]
    assert buurt.objecten == zelfde.objecten


def test_another_seed_gives_other_people() -> None:
    """Two seeds are two countries."""
    een, ander = land(1).buurt(3), land(2).buurt(3)
    assert [p.volledige_naam for p in een.personen] != [p.volledige_naam for p in ander.personen]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_every_burgerservicenummer_passes_the_elfproef_and_is_found_back(seed: int) -> None:
    """Each person has a test number of their own."""
    bevolking = land(seed, 600)
    personen = iedereen(bevolking)
    bsns = [bevolking.bsn(p) for p in personen]
    assert all(elfproef(bsn) and bsn.startswith("999") for bsn in bsns)
    assert len(set(bsns)) == len(bsns) == bevolking.land.personen
    assert [bevolking.vind(bsn) for bsn in bsns] == personen


def test_the_first_nine_thousand_numbers_are_9999xxxxx() -> None:
    """Numbers run downwards from the top; a million people stay above 98888xxxx; nothing else is recognised."""
    assert {bsn_van(i)[:4] for i in range(9_000)} == {"9999"}
    assert min(bsn_van(i) for i in range(90_000)).startswith("9990")
    assert bsn_van(999_999) > "988880000"
    assert nummer_van(str(111_222_333)) is None  # a valid number that is not ours
    assert nummer_van("999999999") is None or elfproef("999999999")
    assert [nummer_van(text) for text in ("", "abc", "99999999", "٩٩٩٩٩٩٩٩٩")] == [None] * 4


@given(st.integers(min_value=0, max_value=8_000_000))
def test_a_number_can_be_computed_both_ways(nummer: int) -> None:
    """No table is needed between a person and a burgerservicenummer."""
    assert elfproef(bsn_van(nummer))
    assert nummer_van(bsn_van(nummer)) == nummer


@given(st.integers(min_value=1, max_value=5_000), st.integers(min_value=0, max_value=2**32))
def test_scattering_is_a_permutation(aantal: int, seed: int) -> None:
    """Neighbours get numbers far apart, and each number belongs to one person."""
    strooi = Verstrooiing(aantal, seed)
    assert sorted(strooi.heen(i) for i in range(aantal)) == list(range(aantal))
    assert all(strooi.terug(strooi.heen(i)) == i for i in range(0, aantal, 7))


@given(st.integers(min_value=1000, max_value=9000), st.integers(min_value=0, max_value=40_000))
def test_a_postcode_can_be_computed_both_ways(basis: int, volgnummer: int) -> None:
    """The neighbourhood follows from the postcode."""
    assert postcode_volgnummer(basis, postcode(basis, volgnummer)) == volgnummer


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_every_family_is_consistent(seed: int) -> None:
    """Partners name each other, parents and children too, and authority fits the parents."""
    bevolking = land(seed, 1_800)
    for persoon in iedereen(bevolking):
        for partner in persoon.partners:
            assert partner.persoon is None or any(terug.persoon is persoon for terug in partner.persoon.partners)
            assert partner.persoon is not None or partner.geslachtsnaam
        assert all(persoon in kind.ouders for kind in persoon.kinderen)
        assert all(persoon in ouder.kinderen for ouder in persoon.ouders)
        assert all(ouder.geboorte < persoon.geboorte for ouder in persoon.ouders)
        if persoon.gezag is not None:
            _gezag_klopt(persoon)


def _gezag_klopt(kind: Persoon) -> None:
    gezag = kind.gezag
    assert gezag is not None
    if gezag.soort == "GezamenlijkOuderlijkGezag":
        assert list(gezag.houders) == kind.ouders
        assert len(kind.ouders) == 2
    elif gezag.soort == "EenhoofdigOuderlijkGezag":
        assert len(gezag.houders) == 1
        assert gezag.houders[0] in kind.ouders
    elif gezag.soort == "GezamenlijkGezag":
        assert gezag.houders[0] in kind.ouders
        assert gezag.derde is not None
        assert gezag.derde not in kind.ouders
    elif gezag.soort == "Voogdij":
        assert not set(gezag.houders) & set(kind.ouders)
    else:
        assert gezag.soort in {"TijdelijkGeenGezag", "GezagNietTeBepalen"}
        assert gezag.toelichting
        assert not gezag.houders


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_every_household_lives_at_an_address_that_exists(seed: int) -> None:
    """Who is registered somewhere is found there, moved in after being born, and before the registry's date."""
    bevolking = land(seed, 1_800)
    for index in range(bevolking.land.buurten):
        buurt = bevolking.buurt(index)
        assert len(buurt.personen) == BUURT_PERSONEN
        assert Counter(lid.nr for h in buurt.huishoudens for lid in h.leden) == Counter(p.nr for p in buurt.personen)
        for persoon in buurt.personen:
            verblijf = persoon.verblijf
            if verblijf.adres is not None:
                gevonden = bevolking.nummeraanduiding(verblijf.adres.identificatie)
                assert gevonden is not None
                assert gevonden[0].identificatie == verblijf.object_id
                assert persoon in buurt.op_plek[verblijf.adres.plek]
            assert onzekerheid(persoon.geboorte)[0] <= onzekerheid(verblijf.datum_van)[1] <= date.max
            dagen = [onzekerheid(v.datum_van)[0] for v in (verblijf, *persoon.historie)]
            assert verblijf.datum_van == "onbekend" or dagen == sorted(dagen, reverse=True)


def test_every_address_is_found_by_each_of_its_identifications() -> None:
    """Objects, addresses, buildings and postcodes lead back to themselves; an invented number leads nowhere."""
    bevolking = land()
    for index in range(bevolking.land.buurten):
        for thuis in bevolking.buurt(index).objecten:
            assert bevolking.object(thuis.identificatie) == thuis
            for adres in thuis.adressen:
                assert bevolking.nummeraanduiding(adres.identificatie) == (thuis, adres)
                op_postcode = (thuis, adres) in list(bevolking.op_postcode(adres.postcode))
                assert op_postcode == (thuis.huidig and not adres.ingetrokken)
            assert all(bevolking.pand(pand.identificatie) for pand in thuis.panden)
    assert bevolking.object("0114019999999999") is None
    assert bevolking.nummeraanduiding("") is None
    assert bevolking.pand("0114100000000000x") is None
    assert list(bevolking.op_postcode("9999XX")) == []


def test_no_two_addresses_look_the_same_but_the_pairs_made_so() -> None:
    """Postcode, number, letter and addition tell an address, except where two streets share them on purpose."""
    bevolking = land(personen=6_000)
    tekst = Counter(
        (a.postcode, a.huisnummer, a.huisletter, a.toevoeging)
        for index in range(bevolking.land.buurten)
        for thuis in bevolking.buurt(index).objecten
        for a in thuis.adressen
    )
    dubbel = [adres for adres, aantal in tekst.items() if aantal > 1]
    bijzonder = sum(
        thuis.soort == "dubbel-adres" for i in range(bevolking.land.buurten) for thuis in bevolking.buurt(i).objecten
    )
    assert len(dubbel) == bijzonder > 0


def test_everything_a_careful_judge_must_notice_exists_in_each_gemeente() -> None:
    """Households and addresses of every special kind are there from some three thousand people per gemeente on."""
    bevolking = land(personen=7_000)
    for gemeente in bevolking.land.per_slug.values():
        buurten = [bevolking.buurt(gemeente.eerste_buurt + i) for i in range(gemeente.buurten)]
        soorten = {h.soort for buurt in buurten for h in buurt.huishoudens}
        assert len(soorten) > 45
        assert {"curatele", "voogdij", "verpleeghuis", "gezin-van-dertien", "partner-zonder-bsn", "briefadres"} <= soorten
        redenen = {p.opschorting[0] for buurt in buurten for p in buurt.personen if p.opschorting}
        assert redenen == set("OEMFR.")
        assert {p.onderzoek for buurt in buurten for p in buurt.personen} == {"", "080000", "081100", "010000", "089999"}
        leeg = {o.soort for buurt in buurten for o in buurt.objecten if buurt.leeg(o.plek)}
        assert {"ligplaats", "standplaats", "nevenadres", "ingetrokken", "zonder-oppervlakte", "ander-voorvoegsel"} <= leeg
        assert max(len(bewoners) for buurt in buurten for bewoners in buurt.op_plek.values()) > 100


def test_people_keep_their_identity_when_the_date_moves() -> None:
    """Another registry date moves recent moves only: names, numbers, births and older addresses stay."""
    een, later = land(personen=3_000), land(personen=3_000, datum=date(2027, 6, 1))
    for p, q in zip(iedereen(een), iedereen(later), strict=True):
        assert (een.bsn(p), p.volledige_naam, p.geboorte) == (later.bsn(q), q.volledige_naam, q.geboorte)
    anders = [p.verblijf != q.verblijf for p, q in zip(iedereen(een), iedereen(later), strict=True)]
    assert 0 < sum(anders) < len(anders) // 20


def test_a_million_people_start_at_once_and_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held per person: starting takes no time, and what was looked at long ago is forgotten."""
    monkeypatch.setattr("connectors.burgerzaken.simulator.bevolking._CACHE_BUURTEN", 20)
    begonnen = time.perf_counter()
    bevolking = land(personen=1_000_000)
    assert time.perf_counter() - begonnen < 1.0
    assert bevolking.land.personen >= 1_000_000
    kans = Dobbelsteen(1)
    for _ in range(60):
        persoon = bevolking.persoon(kans.getal(bevolking.land.personen))
        assert bevolking.vind(bevolking.bsn(persoon)) is persoon
    assert len(bevolking._cache) == 20


@pytest.mark.parametrize(
    ("verhuisdatum", "aangifte", "verwacht"),
    [
        ("2026-03-10", "2026-03-12", "2026-03-10"),
        ("2026-03-10", "2026-03-16", "2026-03-10"),  # the fifth day is a Sunday
        ("2026-03-10", "2026-03-17", "2026-03-17"),
        ("2026-03-29", "2026-04-07", "2026-03-29"),  # the fifth day is Good Friday, then Easter: Tuesday
        ("2026-03-29", "2026-04-08", "2026-04-08"),
        ("2026-04-22", "2026-04-28", "2026-04-22"),  # the fifth day is Koningsdag
        ("2026-05-01", "2026-03-12", "2026-05-01"),
    ],
)
def test_a_late_declaration_is_recorded_on_the_day_it_was_received(verhuisdatum: str, aangifte: str, verwacht: str) -> None:
    """Wet BRP 2.20 lid 3 and 2.39 lid 2, with the Algemene termijnenwet."""
    gevonden = datum_adreshouding(date.fromisoformat(verhuisdatum), date.fromisoformat(aangifte))
    assert gevonden.isoformat() == verwacht


@pytest.mark.parametrize(
    ("tekst", "soort", "lang"),
    [
        ("1984-07-01", "Datum", "1 juli 1984"),
        ("1984-12", "JaarMaandDatum", "december 1984"),
        ("1984", "JaarDatum", "1984"),
        ("onbekend", "DatumOnbekend", "onbekend"),
    ],
)
def test_a_date_may_lack_its_parts(tekst: str, soort: str, lang: str) -> None:
    """The union of the BRP APIs, and what an incomplete date leaves open."""
    assert (datum_json(tekst)["type"], datum_json(tekst)["langFormaat"]) == (soort, lang)
    eerste, laatste = onzekerheid(tekst)
    assert (eerste == laatste) == (soort == "Datum")


def test_an_age_is_only_given_when_it_is_certain() -> None:
    """An incomplete birth date has an age when every day it may be gives the same one."""
    assert leeftijd("2010-03-12", date(2026, 3, 12)) == 16
    assert leeftijd("2010-03-13", date(2026, 3, 12)) == 15
    assert leeftijd("2008-02-29", date(2026, 2, 28)) == 17
    assert leeftijd("1969", date(2026, 3, 12)) is None
    assert leeftijd("1969-01", date(2026, 3, 12)) == 57
    assert leeftijd("onbekend", date(2026, 3, 12)) is None
