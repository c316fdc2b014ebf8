# SPDX-License-Identifier: EUPL-1.2
"""Every kind of answer of the burgerzaken simulator fits the official document of the API it plays."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import openapi
import pytest
import yaml
from burgerzaken import ALLES, BRP, VERWERKING, Sim

_EIGEN = Path(__file__).resolve().parents[2] / "schemas" / "openapi" / "verwerking-verhuizing.yaml"
# The published features of these APIs answer with texts that the patterns of their own documents do not allow: a colon
# and brackets in `detail`, a pattern in `reason`, `[0]` in `name`, and a path as `instance`. We follow the features.
AFWIJKINGEN = ("detail:", "instance:", "/reason:", "/name:", "is not a 'uri'")


@pytest.fixture(scope="module")
def sim() -> Sim:
    return Sim()


@cache
def eigen_document() -> openapi.Spec:
    return openapi.Spec(yaml.safe_load(_EIGEN.read_text(encoding="utf-8")))


def controleer(spec: openapi.Spec, method: str, path: str, answer: httpx.Response) -> Any:
    body = answer.json() if answer.content else None
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    tolerate = AFWIJKINGEN if answer.status_code == 400 else ("instance:",) if answer.status_code >= 400 else ()
    openapi.validate_response(spec, method, path, answer.status_code, body, tolerate=tolerate)
    return body


def alle_bsns(sim: Sim) -> Iterator[list[str]]:
    """The special and some ordinary households of seven neighbourhoods, twenty people at a time."""
    gemeente = sim.bevolking.land.per_slug["emmen"]
    buurten = [sim.bevolking.buurt(gemeente.eerste_buurt + i) for i in (0, 1, 2, 4, 5, 7, 9)]
    personen = [p for buurt in buurten for huishouden in buurt.huishoudens[:30] for p in huishouden.leden]
    bsns = [sim.bevolking.bsn(p) for p in personen]
    yield from (bsns[i : i + 20] for i in range(0, len(bsns), 20))


def test_every_kind_of_person_fits_personen_2_7(sim: Sim) -> None:
    """With every field asked for, each kind of person is a Persoon."""
    spec = openapi.load("brp/personen-2.7.0-openapi.yaml")
    soorten: set[str] = set()
    for bsns in alle_bsns(sim):
        body = controleer(spec, "POST", "/personen", sim.personen(bsns))
        assert [p["burgerservicenummer"] for p in body["personen"]] == bsns
        soorten |= {p["verblijfplaats"]["type"] for p in body["personen"] if "verblijfplaats" in p}
        soorten |= {g["type"] for p in body["personen"] for g in p.get("gezag", [])}
    assert {"Adres", "Locatie", "VerblijfplaatsBuitenland", "VerblijfplaatsOnbekend"} <= soorten
    assert {"GezamenlijkOuderlijkGezag", "EenhoofdigOuderlijkGezag", "GezamenlijkGezag", "Voogdij"} <= soorten
    assert {"TijdelijkGeenGezag", "GezagNietTeBepalen"} <= soorten


@pytest.mark.parametrize(
    "fields",
    [
        ["burgerservicenummer"],
        ["naam.voornamen", "geboorte.datum.jaar"],
        ["verblijfplaats.verblijfadres.postcode", "verblijfplaats.datumVan"],
        ["verblijfplaatsBinnenland", "adresseringBinnenland"],
        ["partners.naam.geslachtsnaam", "kinderen.burgerservicenummer", "ouders"],
    ],
)
def test_a_choice_of_fields_fits_personen_2_7(sim: Sim, fields: list[str]) -> None:
    """What is left after choosing fields is still a Persoon."""
    spec = openapi.load("brp/personen-2.7.0-openapi.yaml")
    for bsns in list(alle_bsns(sim))[:20]:
        controleer(spec, "POST", "/personen", sim.personen(bsns, fields))


def test_every_way_of_searching_fits_personen_2_7(sim: Sim) -> None:
    """Each type of question has its own answer."""
    spec = openapi.load("brp/personen-2.7.0-openapi.yaml")
    for body in zoekvragen(sim):
        openapi.validate_request(spec, "POST", "/personen", body)
        answer = sim.vraag("POST", f"{BRP}/personen", json=body)
        gevonden = controleer(spec, "POST", "/personen", answer)
        assert gevonden["type"] == body["type"]
        assert gevonden["personen"]


def zoekvragen(sim: Sim) -> Iterator[dict[str, Any]]:
    """One question of each type that finds somebody."""
    lid = sim.huishouden("alleenstaande").leden[0]
    adres = lid.verblijf.adres
    assert adres is not None
    fields = {"fields": ["burgerservicenummer", "naam", "adressering"]}
    huis = {"huisnummer": adres.huisnummer, **({"huisletter": adres.huisletter} if adres.huisletter else {})}
    naam = {"geslachtsnaam": lid.geslachtsnaam, "voornamen": lid.voornamen}
    gemeente = {"gemeenteVanInschrijving": "0114"}
    yield {
        "type": "ZoekMetAdresseerbaarObjectIdentificatie",
        "adresseerbaarObjectIdentificatie": lid.verblijf.object_id,
        **fields,
    }
    yield {"type": "ZoekMetNummeraanduidingIdentificatie", "nummeraanduidingIdentificatie": adres.identificatie, **fields}
    yield {"type": "ZoekMetPostcodeEnHuisnummer", "postcode": adres.postcode, **huis, **fields}
    yield {"type": "ZoekMetStraatHuisnummerEnGemeenteVanInschrijving", "straat": adres.straat, **huis, **gemeente, **fields}
    yield {"type": "ZoekMetNaamEnGemeenteVanInschrijving", **naam, **gemeente, **fields}
    yield {
        "type": "ZoekMetGeslachtsnaamEnGeboortedatum",
        "geslachtsnaam": lid.geslachtsnaam,
        "geboortedatum": lid.geboorte,
        **fields,
    }


FOUTE_VRAGEN: list[dict[str, Any]] = [
    {},
    {"type": "Onbekend"},
    {"type": "RaadpleegMetBurgerservicenummer"},
    {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": [], "fields": ["naam"]},
    {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": ["12"], "fields": ["nietBestaand"]},
    {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": ["12"], "fields": "naam", "extra": 1},
    {"type": "ZoekMetPostcodeEnHuisnummer", "postcode": "x", "huisnummer": 0, "fields": ["burgerservicenummer"]},
]


@pytest.mark.parametrize("body", FOUTE_VRAGEN)
def test_a_wrong_question_is_answered_as_the_document_says(sim: Sim, body: dict[str, Any]) -> None:
    """400 with a BadRequestFoutbericht."""
    spec = openapi.load("brp/personen-2.7.0-openapi.yaml")
    answer = sim.vraag("POST", f"{BRP}/personen", json=body)
    assert answer.status_code == 400
    controleer(spec, "POST", "/personen", answer)


def test_refusals_and_failures_fit_the_document() -> None:
    """401, 403, 406, 415, 429, 500 and 503 are Foutberichten."""
    spec = openapi.load("brp/personen-2.7.0-openapi.yaml")
    bewaakt = Sim(api_key="sleutel-van-de-test", personen=1)
    gezien = {bewaakt.personen(["999999990"]).status_code}
    gezien.add(bewaakt.vraag("POST", f"{BRP}/personen", json={}, headers={"x-api-key": "anders"}).status_code)
    for status, headers in ((406, {"accept": "text/html"}), (415, {"content-type": "text/plain"})):
        answer = bewaakt.vraag(
            "POST", f"{BRP}/personen", content=b"{}", headers={"x-api-key": "sleutel-van-de-test", **headers}
        )
        assert answer.status_code == status
        controleer(spec, "POST", "/personen", answer)
    kapot = Sim(personen=1)
    kapot.vraag("POST", "/simulator/storing", json={"fout_percentage": 100})
    for _ in range(30):
        answer = kapot.personen(["999999990"])
        gezien.add(answer.status_code)
        controleer(spec, "POST", "/personen", answer)
    assert gezien == {401, 403, 429, 500, 503}


def test_every_occupancy_fits_bewoning_2_1(sim: Sim) -> None:
    """Ordinary homes, homes nobody lives in, many residents, possible residents; on a day and over a period."""
    spec = openapi.load("brp/bewoning-2.1.0-openapi.yaml")
    gezien: set[str] = set()
    for soort in ("gezin", "verpleeghuis", "aanvang-onbekend", "paar-deels-in-onderzoek", "briefadresgever", "kamerhuis"):
        object_id = sim.huishouden(soort).leden[0].verblijf.object_id
        body = controleer(spec, "POST", "/bewoningen", sim.bewoning(object_id))
        gezien |= {veld for bewoning in body["bewoningen"] for veld, waarde in bewoning.items() if waarde}
        periode = {"type": "BewoningMetPeriode", "datumVan": "2015-01-01", "datumTot": "2026-03-12"}
        vraag = {**periode, "adresseerbaarObjectIdentificatie": object_id}
        openapi.validate_request(spec, "POST", "/bewoningen", vraag)
        controleer(spec, "POST", "/bewoningen", sim.vraag("POST", f"{BRP}/bewoningen", json=vraag))
    assert {"bewoners", "mogelijkeBewoners", "indicatieVeelBewoners"} <= gezien
    leeg = controleer(spec, "POST", "/bewoningen", sim.bewoning(sim.leeg().identificatie))
    assert leeg == {"bewoningen": []}
    fout = sim.vraag("POST", f"{BRP}/bewoningen", json={"type": "BewoningMetPeildatum", "peildatum": "2023-02-29"})
    assert [f["code"] for f in controleer(spec, "POST", "/bewoningen", fout)["invalidParams"]] == ["required", "date"]


def test_following_somebody_fits_the_update_api(sim: Sim) -> None:
    """Placing, changing, reading and ending a volgindicatie, and asking who changed."""
    spec = openapi.load("brp/update-api-1.0.0-openapi.yaml")
    bsn = sim.bevolking.bsn(sim.huishouden("gezin").leden[0])
    path = f"{BRP}/volgindicaties/{bsn}"
    assert sim.vraag("GET", path).status_code == 404
    for body, status in (({}, 201), ({"einddatum": "2027-01-01"}, 200), ({"einddatum": "2026-03-12"}, 200), ({}, 201)):
        openapi.validate_request(spec, "PUT", "/volgindicaties/1", body)
        answer = sim.vraag("PUT", path, json=body)
        assert answer.status_code == status
        controleer(spec, "PUT", "/volgindicaties/1", answer)
    controleer(spec, "GET", "/volgindicaties/1", sim.vraag("GET", path))
    assert controleer(spec, "GET", "/volgindicaties", sim.vraag("GET", f"{BRP}/volgindicaties"))["volgindicaties"]
    controleer(spec, "GET", "/wijzigingen", sim.vraag("GET", f"{BRP}/wijzigingen", params={"vanaf": "2026-03-01"}))
    for method, fout in (("GET", f"{BRP}/wijzigingen?vanaf=gisteren"), ("PUT", f"{BRP}/volgindicaties/12")):
        answer = sim.vraag(method, fout)
        assert answer.status_code == 400
        controleer(spec, method, fout.split("?")[0], answer)


def test_every_kind_of_address_fits_bag_2(sim: Sim) -> None:
    """Addresses, objects, buildings and bronhouders of a neighbourhood with one of each oddity."""
    spec = openapi.load("bag/bag-individuele-bevragingen-v2-openapi.yaml")
    collectie = {"Verblijfsobject": "verblijfsobjecten", "Ligplaats": "ligplaatsen", "Standplaats": "standplaatsen"}
    for thuis in sim.bevolking.buurt(0).objecten:
        paden = [f"/{collectie[thuis.type]}/{thuis.identificatie}", f"/adresseerbareobjecten/{thuis.identificatie}"]
        paden += [f"/panden/{pand.identificatie}" for pand in thuis.panden]
        for adres in thuis.adressen:
            paden.append(f"/nummeraanduidingen/{adres.identificatie}")
            _adres_past(sim, spec, thuis, adres)
        for path in paden:
            controleer(spec, "GET", path, sim.vraag("GET", f"/bag/v2{path}"))


def _adres_past(sim: Sim, spec: openapi.Spec, thuis: Any, adres: Any) -> None:
    huidig = thuis.huidig and not adres.ingetrokken
    answer = sim.vraag("GET", f"/bag/v2/adressenuitgebreid/{adres.identificatie}")
    assert answer.status_code == (200 if huidig else 404)
    controleer(spec, "GET", f"/adressenuitgebreid/{adres.identificatie}", answer)
    query = {"postcode": adres.postcode, "huisnummer": str(adres.huisnummer), "exacteMatch": "true"}
    query |= {"huisletter": adres.huisletter} if adres.huisletter else {}
    query |= {"huisnummertoevoeging": adres.toevoeging} if adres.toevoeging else {}
    openapi.validate_request(spec, "GET", "/adressenuitgebreid", query=query)
    body = controleer(spec, "GET", "/adressenuitgebreid", sim.vraag("GET", "/bag/v2/adressenuitgebreid", params=query))
    gevonden = [a["nummeraanduidingIdentificatie"] for a in body.get("_embedded", {}).get("adressen", [])]
    assert (adres.identificatie in gevonden) == huidig
    assert len(gevonden) == (2 if thuis.soort.startswith("dubbel-adres") else int(huidig))


def test_bronhouders_and_errors_fit_bag_2(sim: Sim) -> None:
    """A bronhouder is found by any identification; what is wrong is an Error of the BAG API."""
    spec = openapi.load("bag/bag-individuele-bevragingen-v2-openapi.yaml")
    vreemd = sim.leeg("ander-voorvoegsel")
    assert not vreemd.identificatie.startswith("0114")
    for identificatie in (vreemd.identificatie, vreemd.adressen[0].identificatie, vreemd.panden[0].identificatie):
        answer = sim.vraag("GET", "/bag/v2/bronhouders", params={"objectIdentificatie": identificatie})
        (gevonden,) = controleer(spec, "GET", "/bronhouders", answer)["_embedded"]["bronhouders"]
        assert gevonden["bronhouder"]["code"] == "0114"
    controleer(spec, "GET", "/bronhouders/0114", sim.vraag("GET", "/bag/v2/bronhouders/0114"))
    for path, status in (
        ("/adressenuitgebreid?postcode=1234", 400),
        ("/adressenuitgebreid?huisnummer=1", 400),
        ("/adressenuitgebreid?postcode=7811AA&huisnummer=1&onbekend=1", 400),
        ("/nummeraanduidingen/0114209999999999", 404),
        ("/panden/12", 400),
        ("/verblijfsobjecten/0114019999999999", 404),
        ("/bronhouders/9999", 404),
    ):
        answer = sim.vraag("GET", f"/bag/v2{path}")
        assert answer.status_code == status, path
        openapi.validate_response(spec, "GET", path.split("?")[0], status, answer.json())


def test_the_write_side_fits_our_own_document(sim: Sim) -> None:
    """Accepting, repeating, refusing, contradicting and asking how it stands."""
    spec = eigen_document()
    body = sim.verhuizing(sim.huishouden("alleenstaande").leden[0], sim.leeg())
    openapi.validate_request(spec, "POST", "/verhuizingen", body, headers={"Idempotency-Key": "x"})
    for gevraagd, status in ((body, 202), (body, 202), ({**body, "functieAdres": "B"}, 409)):
        answer = sim.verwerk(gevraagd)
        assert answer.status_code == status
        controleer(spec, "POST", "/verhuizingen", answer)
    verwerking = sim.verwerk(body).json()["verwerkingId"]
    controleer(spec, "GET", f"/verhuizingen/{verwerking}", sim.vraag("GET", f"{VERWERKING}/{verwerking}"))
    controleer(spec, "GET", "/verhuizingen/x", sim.vraag("GET", f"{VERWERKING}/onbekend"))
    for slecht in ({}, {**body, "verhuizers": []}, {**body, "zaak": "x", "verhuisdatum": "2026-02-30", "meer": 1}):
        answer = sim.verwerk(slecht, "c1b0c2a4-7f0e-4d9e-8a53-6f5e4d3c2b1a")
        assert answer.status_code == 400
        controleer(spec, "POST", "/verhuizingen", answer)


def test_over_delivery_still_fits_personen_2_7() -> None:
    """A gateway that answers with everything answers with a Persoon all the same."""
    spec = openapi.load("brp/personen-2.7.0-openapi.yaml")
    gul = Sim(levert_te_veel=True)
    body = controleer(spec, "POST", "/personen", gul.personen([gul.bevolking.bsn_van_nummer(3)], ["burgerservicenummer"]))
    assert (
        {"naam", "nationaliteiten", "verblijfplaats"} <= body["personen"][0].keys() <= {*ALLES, "geheimhoudingPersoonsgegevens"}
    )
