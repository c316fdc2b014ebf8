# SPDX-License-Identifier: EUPL-1.2
"""Scenarios: the same declarations for the same question, nobody in two of them, and facts that fit what is expected."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from burgerzaken import DATUM, Sim

from connectors.burgerzaken.simulator.aangiften import GEVALLEN, PER_KLEUR

Aangifte = dict[str, Any]


@pytest.fixture(scope="module")
def sim() -> Sim:
    """The country of the demo."""
    return Sim(personen=20_000)


def verhuizers(aangifte: Aangifte) -> list[str]:
    """Return the numbers of the declarer and of everybody who moves along."""
    mee = json.loads(aangifte["eigenschappen"].get("MEEVERHUIZERS", "[]"))
    return [b for b in (aangifte["initiator"]["bsn"], *(m["bsn"] for m in mee)) if b]


def plaats(sim: Sim, bsn: str) -> str:
    persoon = sim.bevolking.vind(bsn)
    return persoon.verblijf.object_id if persoon else ""


def test_the_same_question_gives_the_same_declarations(sim: Sim) -> None:
    """In another process too: nothing but seed, gemeente, number and date goes in."""
    een = sim.aangiften(aantal=60)
    assert een == sim.aangiften(aantal=60) == Sim(personen=20_000).aangiften(aantal=60)
    assert een != sim.aangiften(aantal=60, seed=8)
    assert [a["volgnummer"] for a in een] == list(range(1, 61))
    assert len({a["kenmerk"] for a in een}) == 60


def test_from_250_on_every_kind_is_there_in_about_the_usual_shares(sim: Sim) -> None:
    """Some 60 % green, 20 to 25 % orange, 8 % red and 10 % waiting."""
    aangiften = sim.aangiften(aantal=250)
    assert len(aangiften) == 250
    assert {a["geval"] for a in aangiften} == set(GEVALLEN)
    kleuren = Counter(a["verwacht"]["kleur"] for a in aangiften)
    assert kleuren["rood"] == 20
    assert kleuren["wachtend"] == 25
    assert 50 <= kleuren["oranje"] <= 62
    assert all(a["verwacht"]["redenen"] for a in aangiften if a["verwacht"]["kleur"] != "groen")


@pytest.mark.parametrize("aantal", [0, 1, 2, 3, 10, 31, 100, 251, 600])
def test_as_many_declarations_come_as_were_asked_for(sim: Sim, aantal: int) -> None:
    """A pair counts for two."""
    assert len(sim.aangiften(aantal=aantal)) == aantal


def test_nobody_and_no_address_is_in_two_declarations_except_pairs(sim: Sim) -> None:
    """Not within a gemeente, and not between gemeenten."""
    aangiften = [*sim.aangiften(aantal=500), *sim.aangiften(aantal=500, gemeente="zwolle", seed=3)]
    wie = Counter(bsn for a in aangiften for bsn in verhuizers(a))
    assert [bsn for bsn, aantal in wie.items() if aantal > 1] == []
    vrij = [a for a in aangiften if a["na"] is None and a["geval"] not in {"adres-niet-gevonden", "adres-meerdere-kandidaten"}]
    waar = Counter(a["adres"]["adresseerbaarObjectIdentificatie"] for a in vrij)
    assert [thuis for thuis, aantal in waar.items() if aantal > 1] == []
    herkomst = {plaats(sim, bsn) for a in aangiften for bsn in verhuizers(a)}
    zelf = {"al-verwerkt", "adres-ongewijzigd"}
    assert not [
        a["geval"] for a in vrij if a["adres"]["adresseerbaarObjectIdentificatie"] in herkomst and a["geval"] not in zelf
    ]


def test_the_second_of_a_pair_moves_into_the_home_the_first_leaves(sim: Sim) -> None:
    """And comes after it in the list."""
    aangiften = {a["volgnummer"]: a for a in sim.aangiften(aantal=250)}
    paren = [(aangiften[a["na"]], a) for a in aangiften.values() if a["na"]]
    assert len(paren) >= 3
    for eerste, tweede in paren:
        assert eerste["volgnummer"] < tweede["volgnummer"]
        assert tweede["adres"]["adresseerbaarObjectIdentificatie"] == plaats(sim, eerste["initiator"]["bsn"])
        assert eerste["eigenschappen"]["VERHUISDATUM"] <= tweede["eigenschappen"]["VERHUISDATUM"]


def bewoners(sim: Sim, object_id: str) -> set[str]:
    bewoningen = sim.bewoning(object_id).json()["bewoningen"]
    lijsten = [b.get(veld, []) for b in bewoningen for veld in ("bewoners", "mogelijkeBewoners")]
    return {rij["burgerservicenummer"] for lijst in lijsten for rij in lijst}


def kandidaten(sim: Sim, aangifte: Aangifte) -> list[dict[str, Any]]:
    adres = aangifte["adres"]
    query = {veld: str(adres[veld]) for veld in ("postcode", "huisnummer", "huisletter", "huisnummertoevoeging") if adres[veld]}
    body = sim.vraag("GET", "/bag/v2/adressenuitgebreid", params={**query, "exacteMatch": "true"}).json()
    return list(body.get("_embedded", {}).get("adressen", []))


def test_what_should_be_green_has_nothing_that_speaks_against_it(sim: Sim) -> None:
    """Seen through the APIs alone: who moves, from where, to where, and who lives there."""
    for aangifte in (a for a in sim.aangiften(aantal=250) if a["verwacht"]["kleur"] == "groen" and not a["na"]):
        _personen_gewoon(sim, aangifte)
        (adres,) = kandidaten(sim, aangifte)
        assert adres["nummeraanduidingIdentificatie"] == aangifte["adres"]["nummeraanduidingIdentificatie"]
        assert adres["adresseerbaarObjectStatus"] in {
            "Verblijfsobject in gebruik",
            "Verblijfsobject in gebruik (niet ingemeten)",
            "Plaats aangewezen",
        }
        assert not {"inonderzoek", "geconstateerd"} & adres.keys()
        assert not adres["indicatieNevenadres"]
        aanwezig = bewoners(sim, adres["adresseerbaarObjectIdentificatie"])
        assert bool(aanwezig) == (aangifte["eigenschappen"]["INWONEND"] == "ja")
        if aanwezig:
            assert aangifte["eigenschappen"]["BSN_HOOFDBEWONER"] in aanwezig
        totaal = len(aanwezig) + len(verhuizers(aangifte))
        assert totaal <= 8
        assert adres.get("oppervlakte", 10_000) >= 12 * totaal
        verschil = DATUM - date.fromisoformat(aangifte["eigenschappen"]["VERHUISDATUM"])
        assert timedelta(0) <= verschil <= timedelta(days=5)


def _personen_gewoon(sim: Sim, aangifte: Aangifte) -> None:
    gevonden = sim.personen(verhuizers(aangifte)).json()["personen"]
    assert len(gevonden) == len(verhuizers(aangifte))
    assert gevonden[0]["naam"]["geslachtsnaam"] == aangifte["initiator"]["geslachtsnaam"]
    woont = {p["verblijfplaats"]["adresseerbaarObjectIdentificatie"] for p in gevonden}
    assert len(woont) == 1
    assert aangifte["adres"]["adresseerbaarObjectIdentificatie"] not in woont
    for persoon in gevonden:
        assert not {"opschortingBijhouding", "inOnderzoek", "indicatieCurateleRegister"} & persoon.keys()
        assert "inOnderzoek" not in persoon["verblijfplaats"]
        assert persoon["verblijfplaats"]["functieAdres"]["code"] == "W"
        assert persoon["verblijfplaats"]["datumVan"]["datum"] < "2025-01-01"
        assert persoon["leeftijd"] >= 16 or persoon is not gevonden[0]


def test_who_is_waited_for_still_lives_there(sim: Sim) -> None:
    """A previous resident who has not left, or a date that lies ahead."""
    for aangifte in (a for a in sim.aangiften(aantal=250) if a["verwacht"]["kleur"] == "wachtend"):
        toekomst = aangifte["eigenschappen"]["VERHUISDATUM"] > DATUM.isoformat()
        (adres,) = kandidaten(sim, aangifte)
        assert bool(bewoners(sim, adres["adresseerbaarObjectIdentificatie"])) != toekomst


@pytest.mark.parametrize("geval", sorted(g.naam for kleur in ("oranje", "rood") for g in PER_KLEUR[kleur]))
def test_every_kind_can_be_asked_for_by_name(sim: Sim, geval: str) -> None:
    """So that a test can have just the one it is about."""
    (aangifte,) = sim.aangiften(aantal=1, geval=geval)
    assert aangifte["geval"] == geval


def een(sim: Sim, geval: str) -> Aangifte:
    return sim.aangiften(aantal=1, geval=geval)[0]


def test_doubtful_addresses_are_doubtful_in_the_bag(sim: Sim) -> None:
    """None, two, withdrawn, elsewhere, or another one than the identification says."""
    assert kandidaten(sim, een(sim, "adres-niet-gevonden")) == []
    assert len(kandidaten(sim, een(sim, "adres-meerdere-kandidaten"))) == 2
    assert kandidaten(sim, een(sim, "adres-ingetrokken")) == []
    tegen = een(sim, "adres-spreekt-elkaar-tegen")
    assert kandidaten(sim, tegen)[0]["nummeraanduidingIdentificatie"] != tegen["adres"]["nummeraanduidingIdentificatie"]
    elders = een(sim, "adres-in-andere-gemeente")["adres"]["adresseerbaarObjectIdentificatie"]
    answer = sim.vraag("GET", "/bag/v2/bronhouders", params={"objectIdentificatie": elders}).json()
    assert answer["_embedded"]["bronhouders"][0]["bronhouder"]["code"] != "0114"


def test_doubtful_logins_are_written_as_open_zaak_keeps_them(sim: Sim) -> None:
    """No login, too low, on behalf of somebody, without a number, under another name, unknown."""
    assert een(sim, "authenticatie-onbekend")["authenticatieContext"] is None
    assert een(sim, "inlogniveau-te-laag")["authenticatieContext"]["levelOfAssurance"].endswith("PasswordProtectedTransport")
    machtiging = een(sim, "machtiging")
    assert machtiging["indicatieMachtiging"] == "gemachtigde"
    assert machtiging["authenticatieContext"]["representee"]["identifierType"] == "bsn"
    assert een(sim, "initiator-zonder-bsn")["initiator"]["bsn"] is None
    onbekend = een(sim, "persoon-niet-gevonden")["initiator"]["bsn"]
    assert sim.personen([onbekend]).json()["personen"] == []
    assert "VERHUISDATUM" not in een(sim, "verhuisdatum-ontbreekt")["eigenschappen"]
    assert "INWONEND" not in een(sim, "inwonend-onbekend")["eigenschappen"]


def test_without_history_no_kind_leans_on_it() -> None:
    """What only the history shows cannot be expected of a hub that cannot ask for it."""
    zonder = Sim(met_historie=False, personen=20_000)
    assert "vaak-verhuisd" not in {a["geval"] for a in zonder.aangiften(aantal=250)}


def test_the_world_takes_the_date_of_the_scenario_until_something_happened() -> None:
    """Unless it was started on a date; then another one is refused with what to do."""
    vrij = Sim(datum=None, personen=3_000)
    vrij.aangiften(aantal=2, datum="2026-05-04")
    assert vrij.vraag("GET", "/livez").json()["datum"] == "2026-05-04"
    vrij.verwerk(vrij.verhuizing(vrij.huishouden("alleenstaande").leden[0], vrij.leeg()))
    for bezet in (vrij, Sim(personen=1)):
        answer = bezet.vraag("GET", "/simulator/aangiften", params={"gemeente": "emmen", "datum": "2026-06-01"})
        assert answer.status_code == 409
        assert "--datum 2026-06-01" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    [
        {"gemeente": "utrecht"},
        {"aantal": "veel"},
        {"aantal": "1000000"},
        {"seed": "-1"},
        {"datum": "morgen"},
        {"datum": "1999-01-01"},
        {"geval": "bestaat-niet"},
    ],
)
def test_a_scenario_that_cannot_be_is_refused(sim: Sim, query: dict[str, str]) -> None:
    """400 with what is wrong."""
    answer = sim.vraag("GET", "/simulator/aangiften", params={"gemeente": "emmen", **query})
    assert answer.status_code == 400
    assert answer.json()["invalidParams"]


def test_a_population_too_small_says_so_and_a_small_one_makes_do() -> None:
    """Kinds that it lacks give way to the plainest of the same colour."""
    klein = Sim(personen=1_000)
    kleuren = Counter(a["verwacht"]["kleur"] for a in klein.aangiften(aantal=40))
    assert kleuren == {"groen": 25, "oranje": 8, "rood": 3, "wachtend": 4}
    answer = klein.vraag("GET", "/simulator/aangiften", params={"gemeente": "emmen", "aantal": 5_000, "datum": "2026-03-12"})
    assert answer.status_code == 409
    assert "--personen" in answer.json()["detail"]


def test_a_scenario_reads_and_changes_nothing(sim: Sim) -> None:
    """Asking for one leaves the registry as it was."""
    lid = sim.huishouden("gezin").leden[0]
    voor = sim.persoon(lid, ["verblijfplaats"])
    sim.aangiften(aantal=100)
    assert sim.persoon(lid, ["verblijfplaats"]) == voor
    assert sim.boeken()["verwerkingen"] == []
