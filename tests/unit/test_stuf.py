# SPDX-License-Identifier: EUPL-1.2
"""StUF-BG messages, read into the shape of BRP API Personen, or refused with what is wrong."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from stufbericht import Adres, kennisgeving, object_

from connectors.burgerzaken.classificatie import Soort, classify, rij_uit_persoon
from connectors.burgerzaken.cli import burgerzaken
from connectors.burgerzaken.stuf import Antwoord, Kennisgeving, lees
from hub.stuf.bericht import GeenKennisgeving

BSN = "999990421"
OUD = Adres(geldig="20200101")
ELDERS = Adres(straat="Kerklaan", huisnummer="7", postcode="7812BB", begin="20260310", geldig="20260310")


def lk01(oud=OUD, nieuw=ELDERS, **given):
    found = lees(kennisgeving(object_(BSN, oud), object_(BSN, nieuw), **given))
    assert isinstance(found, Kennisgeving)
    return found


def soort(bericht):
    return classify(rij_uit_persoon(bericht.oud), rij_uit_persoon(bericht.nieuw)).soort


def test_a_move_is_read_with_both_addresses():
    """Old and new object, in the shape the rest of the connector reads."""
    bericht = lk01()
    assert bericht.bsn is not None
    assert bericht.bsn.reveal() == BSN
    assert bericht.oud["verblijfplaats"]["verblijfadres"]["korteStraatnaam"] == "Dorpsstraat"
    assert bericht.nieuw["verblijfplaats"]["datumVan"] == {"type": "Datum", "datum": "2026-03-10"}
    assert bericht.nieuw["gemeenteVanInschrijving"] == {"code": "0114"}
    assert (bericht.correctie, soort(bericht)) == (False, Soort.BINNENGEMEENTELIJK)
    assert soort(lk01(nieuw=Adres(**{**vars(ELDERS), "gemeente": "0193"}))) is Soort.INTERGEMEENTELIJK


def test_a_correction_is_known_by_its_period():
    """What does not begin later than what it replaces happened to nobody: it was written down wrongly."""
    assert lk01(nieuw=Adres(**{**vars(ELDERS), "geldig": "20200101"})).correctie
    assert lk01(mutatiesoort="C").correctie
    assert not lk01(nieuw=Adres(**{**vars(ELDERS), "geldig": ""})).correctie


@pytest.mark.parametrize(
    ("indicatie", "datum"),
    [
        ("V", {"type": "Datum", "datum": "1960-07-01"}),
        ("D", {"type": "JaarMaandDatum", "jaar": 1960, "maand": 7}),
        ("M", {"type": "JaarDatum", "jaar": 1960}),
        ("J", {"type": "DatumOnbekend", "onbekend": True}),
    ],
)
def test_an_incomplete_date_says_what_is_known(indicatie, datum):
    """The digits below what is known mean nothing."""
    extra = f'<BG:geboortedatum StUF:indOnvolledigeDatum="{indicatie}">19600701</BG:geboortedatum>'
    bericht = lees(kennisgeving(object_(BSN, OUD, extra=extra), mutatiesoort="T"))
    assert bericht.nieuw["geboorte"]["datum"] == datum


def test_what_has_no_value_is_absent_and_death_and_secrecy_are_seen():
    """noValue is no text; a date of death is a registration that stopped."""
    extra = (
        '<BG:voorvoegselGeslachtsnaam xsi:nil="true" StUF:noValue="geenWaarde">x</BG:voorvoegselGeslachtsnaam>'
        "<BG:geslachtsnaam>Jansen</BG:geslachtsnaam><BG:overlijdensdatum>20260301</BG:overlijdensdatum>"
        "<BG:inp.indicatieGeheim>7</BG:inp.indicatieGeheim>"
    )
    nieuw = lees(kennisgeving(object_(BSN, None, extra=extra), mutatiesoort="T")).nieuw
    assert nieuw["naam"] == {"geslachtsnaam": "Jansen"}
    assert nieuw["opschortingBijhouding"] == {"reden": {"code": "O"}, "datum": {"type": "Datum", "datum": "2026-03-01"}}
    assert nieuw["geheimhoudingPersoonsgegevens"] is True


def test_abroad_and_a_described_place_are_read():
    """sub.verblijfBuitenland goes before an address inside the Netherlands."""
    abroad = (
        "<BG:sub.verblijfBuitenland><BG:lnd.landcode>5002</BG:lnd.landcode><BG:sub.adresBuitenland1>Rue 1"
        "</BG:sub.adresBuitenland1></BG:sub.verblijfBuitenland>"
    )
    nieuw = lees(kennisgeving(object_(BSN, None, extra=abroad), mutatiesoort="T")).nieuw
    assert nieuw["verblijfplaats"]["verblijfadres"] == {"land": {"code": "5002"}, "regel1": "Rue 1"}
    boat = "<BG:verblijfsadres><BG:inp.locatiebeschrijving>Woonboot</BG:inp.locatiebeschrijving></BG:verblijfsadres>"
    nieuw = lees(kennisgeving(object_(BSN, None, extra=boat), mutatiesoort="T")).nieuw
    assert nieuw["verblijfplaats"] == {"type": "Locatie", "verblijfadres": {"locatiebeschrijving": "Woonboot"}}


def test_added_and_removed_have_one_object():
    """T has no old one, V no new one."""
    added = lees(kennisgeving(object_(BSN, OUD), mutatiesoort="T"))
    removed = lees(kennisgeving(object_(BSN, OUD), mutatiesoort="V"))
    assert (added.oud, bool(added.nieuw)) == ({}, True)
    assert (bool(removed.oud), removed.nieuw) == (True, {})


@pytest.mark.parametrize(
    ("bericht", "says"),
    [
        (kennisgeving(object_(BSN, OUD), object_(BSN, OUD), mutatiesoort="X"), "none of T, W, V and C"),
        (kennisgeving(object_(BSN, OUD)), r"holds 2 object\(s\), this message 1"),
        (kennisgeving(object_(BSN, OUD), object_(BSN, OUD), mutatiesoort="T"), r"holds 1 object\(s\), this message 2"),
        (kennisgeving(object_(BSN, OUD), object_(BSN, OUD), referentie=""), "referentienummer is missing"),
        (kennisgeving(object_(BSN, OUD), object_("999993653", OUD)), "two persons"),
        (b'<x xmlns="http://www.egem.nl/StUF/sector/bg/0310"/>', "only npsLk01"),
        (b'<npsLk01 xmlns="urn:other"/>', "no message of StUF-BG"),
        (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>', "holds no body"),
    ],
)
def test_what_is_no_such_message_is_refused_without_what_is_in_it(bericht, says):
    """The sender reads what is wrong; no number of anybody stands in it."""
    with pytest.raises(GeenKennisgeving, match=says) as caught:
        lees(bericht)
    assert BSN not in str(caught.value)


def test_a_message_without_a_usable_number_is_read_but_names_nobody():
    """Registries hold wrong numbers; the message is no less acknowledged."""
    assert lees(kennisgeving(object_("123456789", OUD), object_("123456789", ELDERS))).bsn is None


def test_the_command_shows_how_a_message_is_read_without_personal_data(tmp_path):
    """What to send a supplier who asks why."""
    path = tmp_path / "bericht.xml"
    path.write_bytes(kennisgeving(object_(BSN, OUD), object_(BSN, ELDERS)))
    result = CliRunner().invoke(burgerzaken, ["stuf", str(path)])
    assert result.exit_code == 0
    assert "mutatiesoort W: binnengemeentelijk" in result.output
    assert BSN not in result.output
    assert "Kerklaan" not in result.output
    path.write_bytes(b"<!DOCTYPE a><a/>")
    assert "geweigerd" in CliRunner().invoke(burgerzaken, ["stuf", str(path)]).output


@pytest.mark.parametrize(
    ("name", "elements"),
    [("StufBgResponse.xml", 1), ("StufBgResponseOnvolledigeDatum.xml", 1), ("StufBgNoAnswerResponse.xml", 0)],
)
def test_the_recorded_answers_are_read(cases, name, elements):
    """Answers of a StUF-BG service, the incomplete date too."""
    found = lees((cases / "stuf" / name).read_bytes())
    assert isinstance(found, Antwoord)
    assert len(found.personen) == elements
    if "Onvolledige" in name:
        assert found.personen[0]["geboorte"]["datum"] == {"type": "JaarDatum", "jaar": 1960}


def test_the_recorded_fault_is_refused_as_one(cases):
    """A gateway in front of the service answers in its place."""
    with pytest.raises(GeenKennisgeving, match="SOAP fault"):
        lees((cases / "stuf" / "StufBgErrorResponse.xml").read_bytes())
