# SPDX-License-Identifier: EUPL-1.2
"""What the burgerzaken simulator promises beyond the shape of its answers. Needs no outside material."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from burgerzaken import ALLES, BRP, DATUM, VERWERKING, Sim

from connectors.burgerzaken.simulator import SimulatorConfig
from connectors.burgerzaken.simulator.config import parse_gemeenten
from hub.errors import ConfigError
from hub.privacy import mask_bsns

SLEUTELS = [f"0d3c9a60-5a0f-4a55-8f4e-5b2f1d0c9e{i:02d}" for i in range(10)]


@pytest.fixture(scope="module")
def sim() -> Sim:
    """A registry nobody changes."""
    return Sim()


@pytest.fixture
def vers() -> Sim:
    """A registry of one's own."""
    return Sim(personen=3_000)


def fouten(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400
    return [(fout["name"], fout["code"]) for fout in answer.json()["invalidParams"]]


# ------------------------------------------------------------------------------------------------------------- personen


def test_only_what_is_asked_is_answered(sim: Sim) -> None:
    """Fields choose; whoever asks for a part of a date or a table value gets the whole."""
    lid = sim.huishouden("curatele").leden[0]
    lid.geheim = False
    assert sim.persoon(lid, ["leeftijd"]).keys() == {"leeftijd"}
    assert sim.persoon(lid, ["naam.geslachtsnaam"]) == {"naam": {"geslachtsnaam": lid.geslachtsnaam}}
    geboorte = sim.persoon(lid, ["geboorte.datum.jaar"])["geboorte"]
    assert geboorte == {"datum": sim.persoon(lid, ["geboorte"])["geboorte"]["datum"]}
    assert sim.persoon(lid, ["geslacht.omschrijving"])["geslacht"].keys() == {"code", "omschrijving"}
    plaats = sim.persoon(lid, ["verblijfplaats.verblijfadres.postcode"])["verblijfplaats"]
    assert plaats.keys() == {"type", "verblijfadres"}
    assert plaats["verblijfadres"].keys() == {"postcode"}
    assert sim.persoon(lid, ["indicatieCurateleRegister"]) == {"indicatieCurateleRegister": True}


def test_false_is_absent(sim: Sim) -> None:
    """Booleans are only there when true."""
    lid = sim.huishouden("alleenstaande").leden[0]
    gevonden = sim.persoon(lid)
    assert not {"indicatieCurateleRegister", "opschortingBijhouding", "inOnderzoek", "rni"} & gevonden.keys()


@pytest.mark.parametrize(
    ("fields", "plaats", "reden"),
    [
        (["burgerservicenummer", "inOnderzoek"], 1, "niet toegestane"),
        (["geheimhoudingPersoonsgegevens"], 0, "niet toegestane"),
        (["opschortingBijhouding.reden.code"], 0, "niet toegestane"),
        (["rni"], 0, "niet toegestane"),
        (["verificatie"], 0, "niet toegestane"),
        (["verblijfplaats.inOnderzoek"], 0, "niet toegestane"),
        (["verblijfplaats.indicatieVastgesteldVerblijftNietOpAdres"], 0, "niet toegestane"),
        (["gezag.type"], 0, "niet toegestane"),
        (["anummer"], 0, "niet bestaande"),
        (["naam.achternaam"], 0, "niet bestaande"),
        (["geboorte.datum.datum.dag"], 0, "niet bestaande"),
    ],
)
def test_a_field_that_may_not_be_asked_for_is_named(sim: Sim, fields: list[str], plaats: int, reden: str) -> None:
    """What comes by itself, and what does not exist, is refused with its place in the list."""
    answer = sim.personen(["999999990"], fields)
    assert fouten(answer) == [(f"fields[{plaats}]", "fields")]
    assert reden in answer.json()["invalidParams"][0]["reason"]


def test_errors_are_spelled_as_the_published_features_spell_them(sim: Sim) -> None:
    """Title, code, detail and every wrong parameter at once."""
    body = {
        "type": "RaadpleegMetBurgerservicenummer",
        "burgerservicenummer": ["1234567890", "999999990", "x"],
        "fields": ["naam"],
    }
    answer = sim.vraag("POST", f"{BRP}/personen", json=body).json()
    assert answer == {
        "type": "https://datatracker.ietf.org/doc/html/rfc7231#section-6.5.1",
        "title": "Een of meerdere parameters zijn niet correct.",
        "status": 400,
        "detail": "De foutieve parameter(s) zijn: burgerservicenummer[0], burgerservicenummer[2].",
        "code": "paramsValidation",
        "instance": "/emmen/haalcentraal/api/brp/personen",
        "invalidParams": [
            {"name": name, "code": "pattern", "reason": "Waarde voldoet niet aan patroon ^[0-9]{9}$."}
            for name in ("burgerservicenummer[0]", "burgerservicenummer[2]")
        ],
    }
    ontbreekt = sim.vraag("POST", f"{BRP}/personen", json={"type": "RaadpleegMetBurgerservicenummer", "fields": ["naam"]})
    assert ontbreekt.json()["code"] == "paramsCombination"
    assert ontbreekt.json()["title"] == "Minimale combinatie van parameters moet worden opgegeven."


def test_twenty_people_may_be_asked_for_and_no_more(sim: Sim) -> None:
    """The order of the question is the order of the answer; twice the same is once."""
    bsns = [sim.bevolking.bsn_van_nummer(i) for i in range(21)]
    gevonden = sim.personen(bsns[:20], ["burgerservicenummer"]).json()["personen"]
    assert [p["burgerservicenummer"] for p in gevonden] == bsns[:20]
    assert fouten(sim.personen(bsns, ["burgerservicenummer"])) == [("burgerservicenummer", "maxItems")]
    assert len(sim.personen([bsns[0], bsns[0]], ["leeftijd"]).json()["personen"]) == 1


def test_somebody_unknown_is_an_empty_list(sim: Sim) -> None:
    """Not found is 200, also for a resident of another gemeente when only one's own were asked for."""
    assert sim.personen([sim.bevolking.onbekende_bsn(0)]).json()["personen"] == []
    bsn = sim.bevolking.bsn(sim.huishouden("alleenstaande").leden[0])
    assert sim.personen([bsn], ["leeftijd"], gemeenteVanInschrijving="0193").json()["personen"] == []
    assert len(sim.personen([bsn], ["leeftijd"], gemeenteVanInschrijving="0114").json()["personen"]) == 1


def test_a_list_that_should_not_have_been_gives_little_away(sim: Sim) -> None:
    """Opschorting F: only the reason, the date and the numbers that were asked for."""
    lid = sim.huishouden("fout").leden[0]
    assert sim.persoon(lid).keys() == {"aNummer", "burgerservicenummer", "opschortingBijhouding"}
    assert sim.persoon(lid, ["naam"]).keys() == {"opschortingBijhouding"}


@pytest.mark.parametrize(
    ("soort", "reden"),
    [("overleden", "O"), ("emigratie", "E"), ("ministerieel-besluit", "M"), ("rni", "R"), ("opschorting-onbekend", ".")],
)
def test_a_suspended_registration_says_so_by_itself(sim: Sim, soort: str, reden: str) -> None:
    """opschortingBijhouding comes along whatever was asked; rni and verificatie with it."""
    gevonden = sim.persoon(sim.huishouden(soort).leden[0], ["leeftijd"])
    assert gevonden["opschortingBijhouding"]["reden"]["code"] == reden
    assert ("rni" in gevonden) == (reden == "R")


def test_an_investigation_shows_at_each_level(sim: Sim) -> None:
    """At verblijfplaats, at verblijfadres and at the person, each with what was asked for."""
    categorie = sim.persoon(sim.huishouden("verblijfplaats-in-onderzoek").leden[0])["verblijfplaats"]
    assert categorie["inOnderzoek"]["datumVan"] is True
    adres = sim.persoon(sim.huishouden("adres-in-onderzoek").leden[0])["verblijfplaats"]
    assert "datumVan" not in adres["inOnderzoek"]
    assert adres["verblijfadres"]["inOnderzoek"]["postcode"] is True
    persoon = sim.huishouden("persoon-in-onderzoek").leden[0]
    assert sim.persoon(persoon)["inOnderzoek"]["burgerservicenummer"] is True
    assert "inOnderzoek" not in sim.persoon(persoon, ["verblijfplaats"])
    assert sim.persoon(persoon, ["naam.voornamen"])["naam"]["inOnderzoek"].keys() == {"voornamen", "datumIngangOnderzoek"}
    weg = sim.persoon(sim.huishouden("verblijft-niet-op-adres").leden[0], ["verblijfplaats.datumVan"])["verblijfplaats"]
    assert weg["indicatieVastgesteldVerblijftNietOpAdres"] is True


def test_authority_is_told_of_the_child_and_of_who_holds_it(vers: Sim) -> None:
    """A parent sees the same relation as the child; at eighteen it is over."""
    ouder, kind = vers.huishouden("gezag-in-onderzoek").leden
    (van_kind,), (van_ouder,) = vers.persoon(kind, ["gezag"])["gezag"], vers.persoon(ouder, ["gezag"])["gezag"]
    assert van_kind == van_ouder
    assert van_kind["inOnderzoek"] is True
    assert van_kind["ouder"]["burgerservicenummer"] == vers.bevolking.bsn(ouder)
    vers.vraag("POST", "/simulator/datum", json={"datum": "2035-12-31"})
    assert "gezag" not in vers.persoon(kind, ["gezag"])


def test_a_partner_without_a_number_is_there_by_name_only(sim: Sim) -> None:
    """What cannot be proven by number is not numbered."""
    (partner,) = sim.persoon(sim.huishouden("partner-zonder-bsn").leden[0], ["partners"])["partners"]
    assert "burgerservicenummer" not in partner
    assert partner["naam"]["geslachtsnaam"]


def test_a_gateway_may_answer_with_more_than_was_asked() -> None:
    """As recorded with a real gateway: the fields asked for are not what decides."""
    gul = Sim(levert_te_veel=True, personen=1)
    assert "nationaliteiten" in gul.persoon(gul.bevolking.persoon(0), ["burgerservicenummer"])


def test_searching_leaves_the_dead_out_and_says_when_too_much_is_found(sim: Sim) -> None:
    """Unless they are asked for."""
    dode, weduwe = sim.huishouden("overleden").leden
    vraag = {
        "type": "ZoekMetAdresseerbaarObjectIdentificatie",
        "adresseerbaarObjectIdentificatie": dode.verblijf.object_id,
        "fields": ["burgerservicenummer"],
    }
    levend = sim.vraag("POST", f"{BRP}/personen", json=vraag).json()["personen"]
    assert [p["burgerservicenummer"] for p in levend] == [sim.bevolking.bsn(weduwe)]
    allen = sim.vraag("POST", f"{BRP}/personen", json={**vraag, "inclusiefOverledenPersonen": True}).json()["personen"]
    assert len(allen) == 2
    naam = {"type": "ZoekMetNaamEnGemeenteVanInschrijving", "geslachtsnaam": "Jan*", "voornamen": "Jan*"}
    veel = sim.vraag("POST", f"{BRP}/personen", json={**naam, "gemeenteVanInschrijving": "0114", "fields": ["naam"]})
    assert veel.status_code in {200, 400}
    tehuis = {**vraag, "adresseerbaarObjectIdentificatie": sim.huishouden("verpleeghuis").leden[0].verblijf.object_id}
    assert sim.vraag("POST", f"{BRP}/personen", json=tehuis).json()["code"] == "tooManyResults"


# ------------------------------------------------------------------------------------------------- bewoning and history


def test_residents_are_who_lives_there_for_certain(sim: Sim) -> None:
    """No letter address, nobody of whom it was found that they left; unknown dates make somebody possible."""
    gever = sim.huishouden("briefadresgever").leden[0]
    (bewoning,) = sim.bewoning(gever.verblijf.object_id).json()["bewoningen"]
    assert [b["burgerservicenummer"] for b in bewoning["bewoners"]] == [sim.bevolking.bsn(gever)]
    weg = sim.huishouden("verblijft-niet-op-adres").leden[0].verblijf.object_id
    assert sim.bewoning(weg).json()["bewoningen"] == []
    (eerder,) = sim.bewoning(weg, date(2024, 9, 1)).json()["bewoningen"]
    assert (eerder["bewoners"], len(eerder["mogelijkeBewoners"])) == ([], 1)
    onbekend = sim.huishouden("aanvang-onbekend").leden[0].verblijf.object_id
    (mogelijk,) = sim.bewoning(onbekend).json()["bewoningen"]
    assert (mogelijk["bewoners"], len(mogelijk["mogelijkeBewoners"])) == ([], 1)
    (veel,) = sim.bewoning(sim.huishouden("verpleeghuis").leden[0].verblijf.object_id).json()["bewoningen"]
    assert veel["indicatieVeelBewoners"] is True
    assert "bewoners" not in veel


def test_a_period_is_cut_where_the_residents_change(vers: Sim) -> None:
    """Each composition has its own period, and together they fill the one asked for."""
    thuis, lid = vers.leeg(), vers.huishouden("alleenstaande").leden[0]
    vers.verwerk(vers.verhuizing(lid, thuis))
    vraag = {"type": "BewoningMetPeriode", "datumVan": "2026-01-01", "datumTot": "2026-04-01"}
    oud = vers.vraag(
        "POST", f"{BRP}/bewoningen", json={**vraag, "adresseerbaarObjectIdentificatie": lid.verblijf.object_id}
    ).json()["bewoningen"]
    nieuw = vers.vraag(
        "POST", f"{BRP}/bewoningen", json={**vraag, "adresseerbaarObjectIdentificatie": thuis.identificatie}
    ).json()["bewoningen"]
    assert [b["periode"] for b in oud] == [{"datumVan": "2026-01-01", "datumTot": "2026-03-10"}]
    assert [b["periode"] for b in nieuw] == [{"datumVan": "2026-03-10", "datumTot": "2026-04-01"}]


def test_the_stays_of_a_person_are_told_newest_first(sim: Sim) -> None:
    """Each with the day on which the next began."""
    lid = sim.huishouden("vaak-verhuisd").leden[0]
    vraag = {
        "type": "RaadpleegMetPeriode",
        "burgerservicenummer": sim.bevolking.bsn(lid),
        "datumVan": "2000-01-01",
        "datumTot": "2026-03-13",
    }
    stays = sim.vraag("POST", f"{BRP}/verblijfplaatshistorie", json=vraag).json()["verblijfplaatsen"]
    begin = [stay["datumVan"]["datum"] for stay in stays]
    assert begin == sorted(begin, reverse=True)
    assert [stay["datumTot"]["datum"] for stay in stays[1:]] == begin[:-1]
    recent = (DATUM - timedelta(days=180)).isoformat()
    assert sum(dag >= recent for dag in begin) == 3
    op_dag = {"type": "RaadpleegMetPeildatum", "burgerservicenummer": vraag["burgerservicenummer"], "peildatum": begin[1]}
    (stay,) = sim.vraag("POST", f"{BRP}/verblijfplaatshistorie", json=op_dag).json()["verblijfplaatsen"]
    assert stay["datumVan"]["datum"] == begin[1]


def test_a_gateway_without_history_says_so() -> None:
    """501, so that a caller can tell it from having lived nowhere."""
    zonder = Sim(met_historie=False, personen=1)
    assert zonder.vraag("POST", f"{BRP}/verblijfplaatshistorie", json={}).status_code == 501


# ----------------------------------------------------------------------------------------------------------- write side


def test_an_order_is_registered_and_then_seen_everywhere(vers: Sim) -> None:
    """Address, occupancy of both homes, history and who changed; the investigation of the old address ends."""
    lid, thuis = vers.huishouden("verblijfplaats-in-onderzoek").leden[0], vers.leeg()
    bsn = vers.bevolking.bsn(lid)
    vers.vraag("PUT", f"{BRP}/volgindicaties/{bsn}", json={})
    assert vers.vraag("GET", f"{BRP}/wijzigingen").json()["burgerservicenummers"] == []
    assert vers.verwerk(vers.verhuizing(lid, thuis)).status_code == 202
    plaats = vers.persoon(lid, ["verblijfplaats"])["verblijfplaats"]
    assert plaats["adresseerbaarObjectIdentificatie"] == thuis.identificatie
    assert plaats["datumVan"]["datum"] == "2026-03-10"
    assert "inOnderzoek" not in plaats
    assert vers.bewoning(lid.verblijf.object_id).json()["bewoningen"] == []
    assert len(vers.bewoning(thuis.identificatie).json()["bewoningen"]) == 1
    assert vers.vraag("GET", f"{BRP}/wijzigingen", params={"vanaf": "2026-03-12"}).json()["burgerservicenummers"] == [bsn]
    assert vers.vraag("GET", f"{BRP}/wijzigingen", params={"vanaf": "2026-03-13"}).json()["burgerservicenummers"] == []


def test_moving_between_gemeenten_changes_the_gemeente(vers: Sim) -> None:
    """The gemeente of the new address orders it."""
    lid, thuis = vers.huishouden("alleenstaande", "zwolle").leden[0], vers.leeg("ander-voorvoegsel")
    assert vers.verwerk(vers.verhuizing(lid, thuis)).status_code == 202
    gevonden = vers.persoon(lid, ["gemeenteVanInschrijving", "datumInschrijvingInGemeente"])
    assert gevonden["gemeenteVanInschrijving"]["code"] == "0114"
    assert gevonden["datumInschrijvingInGemeente"]["datum"] == "2026-03-10"
    elders = vers.verhuizing(lid, vers.leeg(slug="zwolle"))
    assert fouten(vers.verwerk(elders, SLEUTELS[1])) == [("adresseerbaarObjectIdentificatie", "value")]


def test_a_late_declaration_counts_from_the_day_it_was_received(vers: Sim) -> None:
    """Wet BRP 2.20 lid 3."""
    lid, thuis = vers.huishouden("alleenstaande").leden[0], vers.leeg()
    vers.verwerk(vers.verhuizing(lid, thuis, verhuisdatum="2026-02-01"))
    assert vers.persoon(lid, ["verblijfplaats"])["verblijfplaats"]["datumVan"]["datum"] == "2026-03-12"


def test_an_order_is_registered_after_a_while_and_not_before() -> None:
    """202 says accepted; the registry itself says when it is done."""
    traag = Sim(verwerkingsvertraging_s=3600.0, personen=3_000)
    lid, thuis = traag.huishouden("alleenstaande").leden[0], traag.leeg()
    verwerking = traag.verwerk(traag.verhuizing(lid, thuis)).json()["verwerkingId"]
    assert traag.vraag("GET", f"{VERWERKING}/{verwerking}").json()["status"] == "aangenomen"
    assert traag.persoon(lid)["verblijfplaats"]["adresseerbaarObjectIdentificatie"] == lid.verblijf.object_id
    assert traag.boeken()["verwerkingen"][0]["toegepast"] == 0


def test_the_same_key_is_carried_out_once(vers: Sim) -> None:
    """Repeated with the same body it gives the same answer; with another body it is refused."""
    lid, thuis = vers.huishouden("alleenstaande").leden[0], vers.leeg()
    body = vers.verhuizing(lid, thuis)
    antwoorden = [vers.verwerk(body) for _ in range(3)]
    assert {answer.status_code for answer in antwoorden} == {202}
    assert len({answer.content for answer in antwoorden}) == 1
    assert vers.verwerk({**body, "verhuisdatum": "2026-03-09"}).status_code == 409
    (regel,) = vers.boeken()["verwerkingen"]
    assert (regel["toegepast"], regel["aangeboden"], regel["status"]) == (1, 4, "verwerkt")
    assert len(vers.register.toestand(lid).historie) == len(lid.historie) + 1


def test_the_books_show_what_was_ordered_twice_or_contradicts_itself(vers: Sim) -> None:
    """Under another key the same move of the same zaak stands out, and so does another address."""
    lid = vers.huishouden("alleenstaande").leden[0]
    een, ander = vers.leeg(), vers.leeg("ligplaats")
    for sleutel, thuis in zip(SLEUTELS, (een, een, ander), strict=False):
        assert vers.verwerk(vers.verhuizing(lid, thuis), sleutel).status_code == 202
    boek = vers.boeken()
    assert [(d["persoon"], d["sleutels"]) for d in boek["dubbel"]] == [(lid.nr, SLEUTELS[:2])]
    assert boek["tegenstrijdig"][0]["adressen"] == sorted([een.identificatie, ander.identificatie])
    totaal = vers.vraag("GET", "/simulator/boeken").json()["totaal"]
    assert (totaal["verwerkingen"], totaal["toegepast"], totaal["dubbel"], totaal["tegenstrijdig"]) == (3, 3, 1, 1)
    assert vers.bevolking.bsn(lid) not in vers.vraag("GET", "/simulator/boeken").text


@pytest.mark.parametrize(
    ("anders", "verwacht"),
    [
        ({"verhuisdatum": "2026-02-30"}, [("verhuisdatum", "date")]),
        ({"zaak": "zaak-1"}, [("zaak", "uuid")]),
        ({"functieAdres": "X", "door": "robot"}, [("functieAdres", "enum"), ("door", "enum")]),
        ({"verhuizers": []}, [("verhuizers", "minItems")]),
        ({"verhuizers": ["x"]}, [("verhuizers[0]", "object")]),
        ({"verhuizers": [{"burgerservicenummer": "1", "code": "I"}]}, [("verhuizers[0].burgerservicenummer", "pattern")]),
        ({"verhuizers": [{"code": "Z"}]}, [("verhuizers[0].burgerservicenummer", "required"), ("verhuizers[0].code", "enum")]),
        ({"nummeraanduidingIdentificatie": "0114209999999999"}, [("nummeraanduidingIdentificatie", "value")]),
        ({"onverwacht": 1}, [("onverwacht", "unknownParam")]),
    ],
)
def test_nonsense_is_refused_with_every_mistake_named(
    sim: Sim, anders: dict[str, Any], verwacht: list[tuple[str, str]]
) -> None:
    """400, and nothing is booked."""
    body = sim.verhuizing(sim.huishouden("alleenstaande").leden[0], sim.leeg(), **anders)
    assert fouten(sim.verwerk(body, SLEUTELS[5])) == verwacht
    assert sim.boeken()["verwerkingen"] == []


def test_the_dead_the_unknown_and_the_doubled_do_not_move(sim: Sim) -> None:
    """What is well-formed may still be impossible."""
    dode, thuis = sim.huishouden("overleden").leden[0], sim.leeg()
    assert fouten(sim.verwerk(sim.verhuizing(dode, thuis), SLEUTELS[6])) == [("verhuizers[0].burgerservicenummer", "value")]
    twee = [{"burgerservicenummer": sim.bevolking.onbekende_bsn(1), "code": "I"}] * 2
    codes = {code for _, code in fouten(sim.verwerk(sim.verhuizing(dode, thuis, verhuizers=twee), SLEUTELS[6]))}
    assert codes == {"uniqueItems", "value"}
    zonder = sim.vraag("POST", VERWERKING, json=sim.verhuizing(dode, thuis))
    assert ("Idempotency-Key", "required") in fouten(zonder)


# ----------------------------------------------------------------------------------------------------------- following


def test_only_who_is_followed_is_reported_and_only_to_who_follows(vers: Sim) -> None:
    """Per gemeente, from the day it was placed until it ends."""
    gevolgd, ander = vers.huishouden("echtpaar").leden
    bsn, thuis = vers.bevolking.bsn(gevolgd), vers.leeg()
    vers.vraag("PUT", f"/zwolle/haalcentraal/api/brpupdate/volgindicaties/{bsn}", json={})
    for persoon in (gevolgd, ander):
        vers.vraag("POST", "/simulator/verhuis", json=verhuis(vers, persoon, thuis))
    assert vers.vraag("GET", "/zwolle/haalcentraal/api/brp/wijzigingen").json()["burgerservicenummers"] == [bsn]
    assert vers.vraag("GET", f"{BRP}/wijzigingen").json()["burgerservicenummers"] == []
    vers.vraag("PUT", f"/zwolle/haalcentraal/api/brp/volgindicaties/{bsn}", json={"einddatum": DATUM.isoformat()})
    assert vers.boeken("zwolle")["volgindicaties"] == 0


def verhuis(sim: Sim, persoon: Any, thuis: Any) -> dict[str, str]:
    return {
        "burgerservicenummer": sim.bevolking.bsn(persoon),
        "nummeraanduidingIdentificatie": thuis.adressen[0].identificatie,
    }


def test_no_answer_names_the_number_in_a_path(sim: Sim) -> None:
    """The Update API has it in its path; it stands in no error, book or header."""
    bsn = sim.bevolking.bsn_van_nummer(17)
    for path in (f"{BRP}/volgindicaties/{bsn}", f"/emmen/onbekend/{bsn}", f"/bag/v2/panden/{bsn}"):
        answer = sim.vraag("GET", path)
        assert bsn not in answer.text + repr(answer.headers)
    assert mask_bsns(sim.vraag("GET", "/simulator/boeken").text) == sim.vraag("GET", "/simulator/boeken").text


# ------------------------------------------------------------------------------------------------- BAG, gateway, faults


def adressen(sim: Sim, **query: str) -> list[dict[str, Any]]:
    return sim.vraag("GET", "/bag/v2/adressenuitgebreid", params=query).json().get("_embedded", {}).get("adressen", [])


def test_an_exact_match_is_exact(sim: Sim) -> None:
    """Without it, a number finds its letters and additions too."""
    adres = sim.bevolking.buurt(0).objecten[61].adressen[0]
    assert adres.toevoeging == "bis"
    zoek = {"postcode": adres.postcode.lower(), "huisnummer": str(adres.huisnummer)}
    assert len(adressen(sim, **zoek)) == 2
    (hoofd,) = adressen(sim, **zoek, exacteMatch="true")
    assert "huisnummertoevoeging" not in hoofd
    (bis,) = adressen(sim, **zoek, huisnummertoevoeging="BIS", exacteMatch="true")
    assert bis["nummeraanduidingIdentificatie"] == adres.identificatie
    straat = {"woonplaatsNaam": adres.woonplaats, "openbareRuimteNaam": adres.straat, "huisnummer": str(adres.huisnummer)}
    assert adres.identificatie in {a["nummeraanduidingIdentificatie"] for a in adressen(sim, **straat)}


def test_each_oddity_of_an_address_can_be_seen(sim: Sim) -> None:
    """What a careful judge needs, from the calls a careful judge makes."""
    per_soort = {
        soort: sim.leeg(soort) for soort in ("ligplaats", "in-onderzoek", "geconstateerd", "nevenadres", "ingetrokken")
    }
    gevonden = {s: adressen(sim, adresseerbaarObjectIdentificatie=o.identificatie) for s, o in per_soort.items()}
    assert not {"oppervlakte", "gebruiksdoelen", "pandIdentificaties"} & gevonden["ligplaats"][0].keys()
    assert gevonden["ligplaats"][0]["adresseerbaarObjectStatus"] == "Plaats aangewezen"
    assert gevonden["in-onderzoek"][0]["inonderzoek"]
    assert gevonden["geconstateerd"][0]["geconstateerd"] == {"verblijfsobject": True}
    assert [a["indicatieNevenadres"] for a in gevonden["nevenadres"]] == [False, True]
    assert gevonden["ingetrokken"] == []
    nummer = per_soort["ingetrokken"].adressen[0].identificatie
    status = sim.vraag("GET", f"/bag/v2/nummeraanduidingen/{nummer}").json()["nummeraanduiding"]["status"]
    assert status == "Naamgeving ingetrokken"
    oud = sim.leeg("pand-niet-in-gebruik").panden[0].identificatie
    assert sim.vraag("GET", f"/emmen/bag/v2/panden/{oud}").json()["pand"]["status"] != "Pand in gebruik"
    assert sim.leeg("zonder-oppervlakte").oppervlakte in {1, 999_999}


def test_a_gateway_profile_asks_for_its_headers() -> None:
    """Missing one is 403; a key is 401 when absent and 403 when wrong; the BAG wants only the key."""
    streng = Sim(vereiste_headers=("x-doelbinding", "X-Origin-OIN"), api_key="sleutel-van-de-test", personen=1)
    koppen = {"x-doelbinding": "verhuizing", "x-origin-oin": "0" * 20, "x-api-key": "sleutel-van-de-test"}
    vraag = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": ["999999990"], "fields": ["naam"]}

    def status(**headers: str) -> int:
        return streng.vraag("POST", f"{BRP}/personen", json=vraag, headers=headers).status_code

    assert status(**koppen) == 200
    assert status(**{**koppen, "x-doelbinding": ""}) == 403
    assert status(**{**koppen, "x-api-key": "anders"}) == 403
    assert status() == 401
    bag = streng.vraag("GET", "/bag/v2/bronhouders/0114", headers={"x-api-key": "sleutel-van-de-test"})
    assert bag.status_code == 200
    assert streng.vraag("GET", "/bag/v2/bronhouders/0114").status_code == 401
    assert streng.vraag("GET", "/livez").status_code == 200


def test_a_trace_goes_through(sim: Sim) -> None:
    """The traceparent of the question comes back with the answer, also with an error."""
    trace = "00-bdec4858ec4a61fa597c1bbd8e28322f-4ce4620afc9ddccc-01"
    for path in ("/livez", "/nergens"):
        assert sim.vraag("GET", path, headers={"traceparent": trace}).headers["traceparent"] == trace


def test_a_fault_hits_the_part_it_was_set_on_until_reset(vers: Sim) -> None:
    """And a part that is off answers 503, as the documents have it."""
    assert vers.vraag("POST", "/simulator/storing", json={"uit": True, "onderdeel": "bag"}).status_code == 204
    assert vers.vraag("GET", "/bag/v2/bronhouders/0114").status_code == 503
    assert vers.personen(["999999990"]).status_code == 200
    vers.vraag("POST", "/simulator/storing", json={"uit": True})
    assert vers.bewoning("0114010000000001").status_code == 503
    assert vers.vraag("GET", "/livez").status_code == 200
    vers.verwerk(vers.verhuizing(vers.huishouden("alleenstaande").leden[0], vers.leeg()))
    vers.vraag("POST", "/simulator/reset")
    assert vers.vraag("GET", "/bag/v2/bronhouders/0114").status_code == 200
    assert vers.boeken() == {**vers.boeken(), "verwerkingen": [], "volgindicaties": 0}
    for slecht in ({"onderdeel": "kfc"}, {"uit": "ja"}, {"fout_percentage": 101}, {"vertraging_s": -1}, {"x": 1}):
        assert vers.vraag("POST", "/simulator/storing", json=slecht).status_code == 400


def test_requests_are_counted_per_path(vers: Sim) -> None:
    """Under the template of the path, never the path itself."""
    vers.personen(["999999990"])
    vers.vraag("GET", f"{BRP}/volgindicaties/{vers.bevolking.bsn_van_nummer(1)}")
    verzoeken = vers.boeken()["verzoeken"]
    assert verzoeken["POST /haalcentraal/api/brp/personen"] == 1
    assert verzoeken["GET /haalcentraal/api/brp/volgindicaties/{}"] == 1


def test_what_is_not_there_is_said_plainly(vers: Sim) -> None:
    """404, 405 with what is allowed, 413, and 400 for a body that is no JSON."""
    assert vers.vraag("GET", "/utrecht/haalcentraal/api/brp/personen").status_code == 404
    answer = vers.vraag("GET", f"{BRP}/personen")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert vers.vraag("POST", f"{BRP}/personen", content=b"{" * 1_000_001).status_code == 413
    assert vers.vraag("POST", f"{BRP}/personen", content=b"{").status_code == 400
    assert vers.vraag("POST", f"{BRP}/personen", content=b"[1]").status_code == 400


def test_wrong_settings_are_all_named_at_once() -> None:
    """With the key and what to write."""
    with pytest.raises(ConfigError) as caught:
        SimulatorConfig(gemeenten=parse_gemeenten("Emmen:114,bag:0193"), personen=0, verwerkingsvertraging_s=-1)
    assert len(caught.value.problems) == 4
    with pytest.raises(ConfigError, match="twice"):
        SimulatorConfig(gemeenten=parse_gemeenten("emmen:0114,emmen:0193"))


def test_one_gemeente_is_enough_and_five_share_a_country() -> None:
    """Postcodes, identifications and people of different gemeenten never collide."""
    codes = "coevorden:0109,assen:0106,hoogeveen:0118,deventer:0150,wissel-stad:0999"
    vijf = Sim(gemeenten=parse_gemeenten(codes), personen=3_000)
    land = vijf.bevolking.land
    assert len(land.gemeenten) == 6
    basis = sorted((g.postcode_basis, g.slug) for g in land.gemeenten)
    assert len({getal for getal, _ in basis}) == 6
    een = Sim(gemeenten=(("emmen", "0114"),), personen=1)
    assert een.personen([een.bevolking.bsn_van_nummer(0)], ALLES).status_code == 200
