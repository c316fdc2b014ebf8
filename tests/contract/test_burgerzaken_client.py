# SPDX-License-Identifier: EUPL-1.2
"""Every request of the burgerzaken clients is one the official specification allows, and recorded answers are readable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest
import yaml
from openapi import Spec, load, validate_request, validate_response

from connectors.burgerzaken.bag import Adresvraag
from connectors.burgerzaken.bewoning import read_bewoning
from connectors.burgerzaken.bronnen import Bronnen
from connectors.burgerzaken.brp import read_personen
from connectors.burgerzaken.settings import BurgerzakenSettings
from connectors.burgerzaken.velden import VELDEN_GEZAGHOUDER, VELDEN_HOOFDBEWONER, VELDEN_MELDER, VELDEN_VOLGEN
from connectors.burgerzaken.verwerking import Verhuizer, Verhuizing
from hub.privacy import Bsn

PERSONEN = "brp/personen-2.7.0-openapi.yaml"
BEWONING = "brp/bewoning-2.1.0-openapi.yaml"
UPDATE = "brp/update-api-1.0.0-openapi.yaml"
BAG = "bag/bag-individuele-bevragingen-v2-openapi.yaml"
TODAY = date(2026, 3, 12)
OBJECT, NUMMERAANDUIDING, PAND = "0114010000000001", "0114200000000001", "0114100000000001"
ADRES = {
    "openbareRuimteNaam": "Laan",
    "korteNaam": "Laan",
    "huisnummer": 7,
    "postcode": "7811AA",
    "woonplaatsNaam": "Emmen",
    "nummeraanduidingIdentificatie": NUMMERAANDUIDING,
    "openbareRuimteIdentificatie": "0114300000000001",
    "woonplaatsIdentificatie": "1009",
    "adresseerbaarObjectIdentificatie": OBJECT,
    "pandIdentificaties": [PAND],
    "typeAdresseerbaarObject": "Verblijfsobject",
    "adresseerbaarObjectStatus": "Verblijfsobject in gebruik",
    "gebruiksdoelen": ["woonfunctie", "winkelfunctie"],
    "oppervlakte": 84,
}


def bsns(count: int) -> list[Bsn]:
    """Return test numbers: from 999900000 on, those that pass the elfproef."""
    found: list[Bsn] = []
    number = 999_900_000
    while len(found) < count:
        number += 1
        try:
            found.append(Bsn(str(number)))
        except ValueError:
            continue
    return found


class Opname:
    """Answers every request and keeps it."""

    def __init__(self, answer: Callable[[httpx.Request], Any]) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answer(request)
        status = 200 if answer is not None else 404
        media = "application/json" if answer is not None else "application/problem+json"
        return httpx.Response(status, json=answer if answer is not None else {"status": 404}, headers={"content-type": media})


def ask(
    work: Callable[[Bronnen], Any], answer: Callable[[httpx.Request], Any], **changes: Any
) -> tuple[Any, list[httpx.Request]]:
    base = "https://bron.example/emmen"
    settings = BurgerzakenSettings.model_validate(
        {
            "brp_url": f"{base}/haalcentraal/api/brp",
            "bewoning_url": f"{base}/haalcentraal/api/bewoning",
            "historie_url": f"{base}/haalcentraal/api/historie",
            "update_url": f"{base}/haalcentraal/api/brpupdate",
            "bag_url": f"{base}/lvbag/individuelebevragingen/v2",
            "verwerking_url": f"{base}/verwerking/v1",
            "gateway": {"naam": "iconnect", "doelbinding": "BRP-Verhuizing", "verwerking": "w@v", "sleutel": "s3cr3t"},
            **changes,
        }
    )
    opname = Opname(answer)

    async def run() -> Any:
        bronnen = Bronnen(settings, transport=httpx.MockTransport(opname))
        try:
            return await work(bronnen)
        finally:
            await bronnen.aclose()

    return asyncio.run(run()), opname.requests


def body(request: httpx.Request) -> Any:
    return json.loads(request.content) if request.content else None


@pytest.mark.parametrize("doel", ["melder", "gezaghouder", "hoofdbewoner", "volgen"])
def test_every_read_of_persons_is_allowed_by_the_specification(doel):
    """Each purpose asks fields that exist, in batches of at most twenty, and no field that comes by itself."""
    spec = load(PERSONEN)
    answer = {"type": "RaadpleegMetBurgerservicenummer", "personen": []}
    _, requests = ask(lambda b: b.brp.personen(bsns(45), b.settings.doel(doel)), lambda _: answer)
    assert [len(body(r)["burgerservicenummer"]) for r in requests] == [20, 20, 5]
    for request in requests:
        assert request.method == "POST"
        assert not any(number in str(request.url) for number in body(request)["burgerservicenummer"])
        validate_request(spec, "POST", request.url.path, body(request), headers=dict(request.headers))


@pytest.mark.parametrize("velden", [VELDEN_MELDER, VELDEN_GEZAGHOUDER, VELDEN_HOOFDBEWONER, VELDEN_VOLGEN])
def test_every_field_asked_is_a_path_of_the_specification(velden):
    """Asking a field that does not exist is a 400 for everything asked with it."""
    schemas = load(PERSONEN).document["components"]["schemas"]
    assert [veld for veld in velden if not _exists(schemas, {"$ref": "#/x/Persoon"}, veld.split("."))] == []


def _exists(schemas: dict[str, Any], node: dict[str, Any], path: list[str]) -> bool:
    while "$ref" in node:
        node = schemas[node["$ref"].rpartition("/")[2]]
    if not path:
        return True
    if node.get("type") == "array":
        return _exists(schemas, node["items"], path)
    own = node.get("properties", {}).get(path[0])
    return (own is not None and _exists(schemas, own, path[1:])) or any(
        _exists(schemas, part, path) for part in node.get("allOf", ())
    )


def test_the_gateway_profile_goes_along_in_its_own_headers():
    """Header names differ per supplier, and a purpose may have a doelbinding of its own."""
    doelen = {"volgen": {"doelbinding": "BRP-Volgen"}}
    gateway = {
        "kop_sleutel": "apikey",
        "sleutel": "s3cr3t",
        "doelbinding": "BRP-Verhuizing",
        "vaste_koppen": {"X-Toepassing": "w"},
    }
    answer = {"type": "x", "personen": []}
    _, (request,) = ask(
        lambda b: b.brp.personen(bsns(1), b.settings.doel("volgen"), traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01"),
        lambda _: answer,
        gateway=gateway,
        doelen=doelen,
    )
    headers = request.headers
    assert (headers["apikey"], headers["x-doelbinding"], headers["x-gebruiker"]) == ("s3cr3t", "BRP-Volgen", "wissel")
    assert (headers["x-toepassing"], headers["traceparent"][:5]) == ("w", "00-aa")
    assert "x-verwerking" not in headers


def test_bewoning_is_asked_as_specified():
    """BewoningMetPeildatum, in a POST body."""
    answer = {"bewoningen": []}
    bewoning, (request,) = ask(lambda b: b.bewoning.op_peildatum(OBJECT, TODAY, b.settings.doel("bewoning")), lambda _: answer)
    validate_request(load(BEWONING), "POST", request.url.path, body(request))
    assert bewoning.bewoners == ()


def test_following_and_asking_for_changes_is_as_specified():
    """PUT /volgindicaties/{bsn} with an end date, GET /wijzigingen?vanaf=."""
    spec, (bsn,) = load(UPDATE), bsns(1)

    async def work(b: Bronnen) -> Any:
        assert await b.update.volg(bsn, tot_en_met=TODAY)
        return await b.update.wijzigingen(TODAY)

    changed, (put, get) = ask(work, lambda r: {} if r.method == "PUT" else {"burgerservicenummers": [bsn.reveal(), "x"]})
    validate_request(spec, "PUT", put.url.path, body(put))
    assert body(put) == {"einddatum": "2026-03-13"}
    validate_request(spec, "GET", get.url.path, query=dict(get.url.params))
    assert changed == [bsn]


def bag_answer(request: httpx.Request) -> Any:
    path = request.url.path
    if path.endswith("/adressenuitgebreid"):
        return {"_embedded": {"adressen": [ADRES]}}
    if "/nummeraanduidingen/" in path:
        return {"nummeraanduiding": {"status": "Naamgeving uitgegeven", "geconstateerd": "N"}}
    if "/panden/" in path:
        return {"pand": {"identificatie": PAND, "status": "Pand in gebruik", "geconstateerd": "N"}}
    if path.endswith("/bronhouders"):
        return {"_embedded": {"bronhouders": [{"bronhouder": {"code": "0114", "naam": "Emmen"}}]}}
    return None


VRAGEN = {
    "postcode": Adresvraag(postcode="7811 aa", huisnummer="7", huisletter="a", huisnummertoevoeging="2"),
    "plaats": Adresvraag(straat="Laan", huisnummer="7", woonplaats="Emmen"),
    "object": Adresvraag(bag_id=OBJECT),
    "nummeraanduiding": Adresvraag(nummeraanduiding=NUMMERAANDUIDING),
    "nummeraanduiding als bag_id": Adresvraag(bag_id=NUMMERAANDUIDING),
}


@pytest.mark.parametrize("vraag", VRAGEN.values(), ids=VRAGEN.keys())
def test_every_call_to_the_bag_is_allowed_by_the_specification(vraag):
    """Unknown parameters, identifications of another shape and missing headers are all a 400 at the real BAG."""
    spec = load(BAG)
    _, requests = ask(lambda b: b.bag.zoek(vraag), bag_answer)
    assert requests
    for request in requests:
        validate_request(spec, "GET", request.url.path, query=dict(request.url.params), headers=dict(request.headers))
        assert request.headers["accept"] == "application/hal+json"


def test_an_address_is_told_with_status_of_pand_number_and_bronhouder():
    """The address call alone carries neither the pand's status nor whether the number was withdrawn."""
    kandidaten, _ = ask(lambda b: b.bag.zoek(VRAGEN["postcode"]), bag_answer)
    assert [kandidaat.as_json() for kandidaat in kandidaten] == [
        {
            "nummeraanduidingIdentificatie": NUMMERAANDUIDING,
            "adresseerbaarObjectIdentificatie": OBJECT,
            "typeAdresseerbaarObject": "Verblijfsobject",
            "adresseerbaarObjectStatus": "Verblijfsobject in gebruik",
            "nummeraanduidingStatus": "Naamgeving uitgegeven",
            "indicatieNevenadres": False,
            "gebruiksdoelen": ["woonfunctie", "winkelfunctie"],
            "oppervlakte": 84,
            "inonderzoek": False,
            "geconstateerd": False,
            "panden": [{"identificatie": PAND, "status": "Pand in gebruik"}],
            "bronhouderCode": "0114",
            "bronhouderNaam": "Emmen",
        }
    ]


@pytest.mark.parametrize(
    "vraag",
    [
        Adresvraag(postcode="0000AA", huisnummer="7"),
        Adresvraag(postcode="7811AA", huisnummer="zeven"),
        Adresvraag(postcode="7811AA", huisnummer="7", huisletter="ab"),
        Adresvraag(postcode="7811AA", huisnummer="7", huisnummertoevoeging="te lang"),
        Adresvraag(postcode="7811AA", huisnummer="²"),
        Adresvraag(huisnummer="7"),
        Adresvraag(bag_id="' OR 1=1"),
        Adresvraag(),
    ],
)
def test_what_can_be_no_address_is_not_asked(vraag):
    """The BAG would answer 400; there simply is no such address."""
    kandidaten, requests = ask(lambda b: b.bag.zoek(vraag), bag_answer)
    assert (kandidaten, requests) == ([], [])


def test_an_identification_that_agrees_narrows_down_to_one():
    """A nevenadres has the same object: the postcode and number say which of the two is meant."""
    neven = {**ADRES, "nummeraanduidingIdentificatie": "0114200000000002", "huisnummer": 9}
    vraag = Adresvraag(postcode="7811AA", huisnummer="7", bag_id=OBJECT)

    def answer(request: httpx.Request) -> Any:
        both = "adresseerbaarObjectIdentificatie" in request.url.params
        found = [ADRES, neven] if both else [ADRES]
        return {"_embedded": {"adressen": found}} if request.url.path.endswith("/adressenuitgebreid") else bag_answer(request)

    kandidaten, _ = ask(lambda b: b.bag.zoek(vraag), answer)
    assert [k.nummeraanduiding for k in kandidaten] == [NUMMERAANDUIDING]


def test_an_identification_that_disagrees_gives_both():
    """Which of the two is meant is for a person to say."""
    other = {
        **ADRES,
        "nummeraanduidingIdentificatie": "0114200000000002",
        "adresseerbaarObjectIdentificatie": "0114010000000002",
    }
    vraag = Adresvraag(postcode="7811AA", huisnummer="7", bag_id="0114010000000002")

    def answer(request: httpx.Request) -> Any:
        found = other if "adresseerbaarObjectIdentificatie" in request.url.params else ADRES
        return {"_embedded": {"adressen": [found]}} if request.url.path.endswith("/adressenuitgebreid") else bag_answer(request)

    kandidaten, _ = ask(lambda b: b.bag.zoek(vraag), answer)
    assert len(kandidaten) == 2


def test_a_withdrawn_number_is_found_though_no_address_shows_it():
    """Current-address calls answer 404; the nummeraanduiding itself says that it was withdrawn."""

    def answer(request: httpx.Request) -> Any:
        if "/nummeraanduidingen/" in request.url.path:
            return {"nummeraanduiding": {"status": "Naamgeving ingetrokken"}}
        return None

    kandidaten, _ = ask(lambda b: b.bag.zoek(VRAGEN["nummeraanduiding"]), answer)
    assert [k.nummeraanduiding_status for k in kandidaten] == ["Naamgeving ingetrokken"]
    assert ask(lambda b: b.bag.zoek(VRAGEN["nummeraanduiding"]), lambda _: None)[0] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inonderzoek", {"gebruiksdoelen": True}),
        ("inonderzoek", {"huisnummer": False, "postcode": True}),
        ("geconstateerd", {"verblijfsobject": True}),
    ],
)
def test_any_mark_of_the_bag_is_seen(field, value):
    """The marks are objects of booleans per element; one is enough."""

    def answer(request: httpx.Request) -> Any:
        marked = {"_embedded": {"adressen": [{**ADRES, field: value}]}}
        return marked if request.url.path.endswith("/adressenuitgebreid") else bag_answer(request)

    kandidaten, _ = ask(lambda b: b.bag.zoek(VRAGEN["postcode"]), answer)
    assert kandidaten[0].as_json()[field] is True


def test_a_pand_in_onderzoek_marks_the_address():
    """Row 9 of the decision table asks it of every pand."""

    def answer(request: httpx.Request) -> Any:
        if "/panden/" in request.url.path:
            return {
                "pand": {"status": "Pand in gebruik"},
                "inonderzoek": [{"kenmerk": "status", "inOnderzoek": "J", "historie": "J"}],
            }
        return bag_answer(request)

    kandidaten, _ = ask(lambda b: b.bag.zoek(VRAGEN["postcode"]), answer)
    assert kandidaten[0].in_onderzoek


def test_history_is_asked_per_person_and_period():
    """RaadpleegMetPeriode; the end date is not part of the period."""
    (bsn,) = bsns(1)
    answer = {"verblijfplaatsen": [{"type": "Adres", "datumVan": {"type": "JaarDatum", "jaar": 2020}, "onbekend": 1}]}
    rows, (request,) = ask(
        lambda b: b.historie.in_periode(bsn, van=date(2025, 3, 12), tot=TODAY, doel=b.settings.doel("historie")),
        lambda _: answer,
    )
    assert body(request) == {
        "type": "RaadpleegMetPeriode",
        "burgerservicenummer": bsn.reveal(),
        "datumVan": "2025-03-12",
        "datumTot": "2026-03-12",
    }
    assert rows == [{"type": "Adres", "datumVan": {"type": "JaarDatum", "jaar": 2020}}]


def test_the_write_is_as_our_own_document_says(repo):
    """The port's OpenAPI document is what an adapter is built against."""
    spec = Spec(yaml.safe_load((repo / "schemas/openapi/verwerking-verhuizing.yaml").read_text(encoding="utf-8")))
    zaak, sleutel = "6f7c2a52-7d5b-4b0e-9d55-0f2d7e9e4c11", "0d5f7a0e-8e0c-5a53-9a0a-2a9a51b1f0aa"
    verhuizing = Verhuizing(
        zaak=zaak,
        verhuisdatum="2026-03-10",
        datum_aangifte="2026-03-12",
        adresseerbaar_object=OBJECT,
        nummeraanduiding=NUMMERAANDUIDING,
        functie_adres="W",
        verhuizers=[Verhuizer(bsn=bsn, code=code) for bsn, code in zip(bsns(2), "IP", strict=True)],
        door="wissel",
    )

    async def work(b: Bronnen) -> Any:
        sent = await b.verwerking.verwerk(verhuizing, sleutel=sleutel)
        return sent, await b.verwerking.status(sent.id)

    receipts, (post, get) = ask(work, lambda _: {"verwerkingId": zaak, "status": "aangenomen"})
    validate_request(spec, "POST", post.url.path, body(post), headers=dict(post.headers))
    validate_request(spec, "GET", get.url.path, headers=dict(get.headers))
    assert post.headers["idempotency-key"] == sleutel
    assert [receipt.status for receipt in receipts] == ["aangenomen", "aangenomen"]


# --------------------------------------------------------------------------------------------------- recorded answers

RECORDED = [
    "recorded-find_person_succesfully",
    "recorded-get_children_include_deceased",
    "recorded-get_partners_include_deceased",
    "recorded-person_not_found",
    "iconnect-recorded-exchange",
]


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers_are_readable_and_as_specified(cases, name):
    """What real servers answered is what the client expects."""
    spec = load(PERSONEN)
    for exchange in yaml.safe_load((cases / f"brp/{name}.yaml").read_text())["interactions"]:
        answer = json.loads(exchange["response"]["body"]["string"])
        assert all(isinstance(persoon, dict) for persoon in read_personen(answer))
        validate_response(spec, "POST", "/personen", exchange["response"]["status"]["code"], answer)


def test_the_client_finds_its_person_in_a_recorded_answer(cases):
    """By number, filtered to what it asked."""
    exchange = yaml.safe_load((cases / "brp/iconnect-recorded-exchange.yaml").read_text())["interactions"][0]
    answer = json.loads(exchange["response"]["body"]["string"])
    (number,) = json.loads(exchange["request"]["body"])["burgerservicenummer"]
    found, _ = ask(lambda b: b.brp.personen([Bsn(number)], b.settings.doel("volgen")), lambda _: answer)
    assert found[Bsn(number)].keys() == {
        "burgerservicenummer",
        "gemeenteVanInschrijving",
        "verblijfplaats",
        "opschortingBijhouding",
    }


def test_an_example_of_the_bewoning_specification_is_readable():
    """Periods are taken together, a resident of two counts once, and one without number counts too."""
    example = load(BEWONING).document["components"]["schemas"]["BewoningenQueryResponse"]["example"]
    bewoning = read_bewoning(example)
    assert (len(bewoning.bewoners), len(bewoning.mogelijke_bewoners), bewoning.veel_bewoners) == (2, 1, False)
    nameless = read_bewoning({"bewoningen": [{"bewoners": [{}, {"inOnderzoek": True}], "indicatieVeelBewoners": True}]})
    assert [bewoner.in_onderzoek for bewoner in nameless.bewoners] == [False, True]
    assert nameless.veel_bewoners
