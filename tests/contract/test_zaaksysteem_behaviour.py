# SPDX-License-Identifier: EUPL-1.2
"""What the simulated zaaksysteem does as Open Zaak was observed to: rules, refusals, audit trail, books, faults."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from zaaksysteem import BSN, Sim

from connectors.zaak.simulator import SimulatorConfig, Storing, gemeente
from connectors.zaak.simulator.zaaknummers import Zaaknummers
from hub.privacy import elfproef

ZAKEN = "/zaken/api/v1/zaken"
ZOEK = f"{ZAKEN}/_zoek"
BSN_KEY = "rol__betrokkeneIdentificatie__natuurlijkPersoon__inpBsn"
OTHER_BSN = "999991772"


@pytest.fixture
def sim() -> Iterator[Sim]:
    """A simulator with the default config."""
    made = Sim()
    yield made
    made.close()


@pytest.fixture
def configured() -> Iterator[Any]:
    """Return a maker of simulators with other settings."""
    made: list[Sim] = []

    def make(**settings: Any) -> Sim:
        made.append(Sim(dataclasses.replace(SimulatorConfig(), **settings)))
        return made[-1]

    yield make
    for item in made:
        item.close()


def code(response: Any) -> str:
    """Return the code of the first invalid parameter, else of the error."""
    body = response.json()
    return str(body["invalidParams"][0]["code"] if body.get("invalidParams") else body["code"])


# --- catalogus -------------------------------------------------------------------------------------------------------


def test_the_real_variant_has_no_eigenschappen_and_the_extended_one_has(configured: Any) -> None:
    """B0366 as municipalities have it knows no eigenschappen."""
    assert configured(variant="echt").types("eigenschappen") == {}
    assert {"VERHUISDATUM", "MEEVERHUIZERS", "BSN_HOOFDBEWONER"} <= set(configured().types("eigenschappen"))


def test_b0366_is_as_in_the_real_catalogus(sim: Sim) -> None:
    """Statustypen, roltypen, resultaattypen and doorlooptijd of the real zaaktype."""
    zaaktype = sim.zaaktype()
    assert zaaktype["doorlooptijd"] == "P28D"
    assert zaaktype["vertrouwelijkheidaanduiding"] == "vertrouwelijk"
    assert set(sim.types("resultaattypen")) == {
        "Verwerkt",
        "Handmatig verwerkt",
        "Succesvol",
        "Geweigerd",
        "Afgebroken",
    }
    rollen = [sim.get(url) for url in zaaktype["roltypen"]]
    assert {(rol["omschrijving"], rol["omschrijvingGeneriek"]) for rol in rollen} == {
        ("Initiator", "initiator"),
        ("Uitvoerende", "behandelaar"),
    }
    statussen = sorted((sim.get(url) for url in zaaktype["statustypen"]), key=lambda item: item["volgnummer"])
    assert [(item["omschrijving"], item["isEindstatus"]) for item in statussen] == [
        ("Verhuizing in behandeling", False),
        ("Fout", False),
        ("Afgehandeld", True),
    ]


def test_a_zaaktype_has_another_url_per_version(sim: Sim) -> None:
    """The identificatie stays, the URL does not; the date tells which version holds."""
    url = "/catalogi/api/v1/zaaktypen"
    both = sim.get(url, identificatie="B0366")["results"]
    assert len({item["url"] for item in both}) == 2
    assert both[0]["eindeGeldigheid"] is None
    old = sim.get(url, identificatie="B0366", datumGeldigheid="2018-05-01")["results"]
    assert [item["url"] for item in old] == [both[1]["url"]]
    assert sim.get(url, identificatie="B1144")["results"][0]["omschrijving"] == "Adresonderzoek"
    assert sim.get(url, status="concept")["count"] == 0


def test_gemeenten_share_nothing(sim: Sim) -> None:
    """A zaak of one gemeente is unknown in the other."""
    zaak = sim.zaak()
    assert sim.call("GET", zaak["url"].replace("/emmen/", "/zwolle/")).status_code == 404
    assert sim.call("GET", zaak["url"].replace("/emmen/", "/nergens/")).status_code == 404


def test_a_made_up_rsin_passes_the_elfproef_and_is_nobodys() -> None:
    """The bronorganisatie of any gemeente is a number outside the range of test persons."""
    for number in range(0, 2000, 37):
        rsin = gemeente("x", f"{number:04d}").bronorganisatie
        assert elfproef(rsin)
        assert rsin.startswith("001")


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "not_authenticated"),
        ("Basic eA==", "not_authenticated"),
        ("Bearer kapot", "jwt-decode-error"),
        ("Bearer " + jwt.encode({"iat": 1}, "x" * 32), "missing-client-identifier"),
        ("Bearer " + jwt.encode({"client_id": "niemand"}, "x" * 32), "invalid-client-identifier"),
        ("Bearer " + jwt.encode({"client_id": "wissel", "iat": int(time.time())}, "x" * 32), "invalid-jwt-signature"),
    ],
)
def test_whoever_does_not_show_a_good_jwt_gets_403(sim: Sim, header: str | None, expected: str) -> None:
    """Never 401: and the code tells what is wrong."""
    response = sim.call("GET", ZAKEN, headers={"Authorization": header})
    assert response.status_code == 403
    assert code(response) == expected
    assert response.headers["content-type"] == "application/json"


def test_a_jwt_expires_by_its_age(configured: Any) -> None:
    """A token that was good is refused once its iat is too old."""
    sim = configured(jwt_geldig_s=0.2)
    secret = sim.config.clients[0].secret
    header = {"Authorization": "Bearer " + jwt.encode({"client_id": "wissel", "iat": time.time()}, secret)}
    assert sim.call("GET", ZAKEN, headers=header).status_code == 200
    time.sleep(0.25)
    assert code(sim.call("GET", ZAKEN, headers=header)) == "jwt-expired"


def test_scopes_are_asked_for(configured: Any) -> None:
    """A client that may only read cannot write."""
    reader = dataclasses.replace(SimulatorConfig().clients[0], scopes=frozenset({"zaken.lezen"}))
    sim = configured(clients=(reader,))
    assert sim.call("GET", ZAKEN).status_code == 200
    assert code(sim.call("POST", ZAKEN, {})) == "permission_denied"


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {"Accept-Crs": None}, 412),
        ("GET", {"Accept-Crs": "EPSG:28992"}, 406),
        ("POST", {"Content-Crs": None}, 412),
        ("POST", {"Content-Crs": "EPSG:28992"}, 406),
        ("POST", {"Accept-Crs": None}, 412),
    ],
)
def test_zaken_are_read_and_written_with_their_coordinate_system(
    sim: Sim, method: str, headers: dict[str, str | None], expected: int
) -> None:
    """412 without it, 406 with another; deleting and other resources need none."""
    assert sim.call(method, ZAKEN, {} if method == "POST" else None, headers=headers).status_code == expected
    without: dict[str, str | None] = {"Accept-Crs": None, "Content-Crs": None}
    assert sim.call("GET", "/zaken/api/v1/rollen", headers=without).status_code == 200
    assert sim.call("DELETE", sim.zaak()["url"], headers=without).status_code == 204


def test_what_the_standard_does_not_have_is_405_or_404(sim: Sim) -> None:
    """A rol cannot be changed in place; unknown paths are not found."""
    rol = sim.rol(sim.zaak())
    assert sim.call("PATCH", rol["url"], {"roltoelichting": "x"}).status_code == 405
    assert sim.call("GET", "/zaken/api/v1/bestaatniet").status_code == 404
    assert sim.call("GET", "/zaken/api/v2/zaken").status_code == 404


# --- registering -----------------------------------------------------------------------------------------------------


def test_all_problems_of_a_body_are_told_at_once(sim: Sim) -> None:
    """Missing and wrong fields, each with its code."""
    response = sim.call("POST", ZAKEN, {"zaaktype": "x", "startdatum": "2026-02-30", "omschrijving": "x" * 81})
    assert response.status_code == 400
    assert {(item["name"], item["code"]) for item in response.json()["invalidParams"]} == {
        ("zaaktype", "invalid"),
        ("startdatum", "invalid"),
        ("omschrijving", "max_length"),
        ("bronorganisatie", "required"),
        ("verantwoordelijkeOrganisatie", "required"),
    }


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_400(sim: Sim, body: bytes) -> None:
    """Broken input is answered, it does not break the simulator."""
    request = sim._client.build_request("POST", "/zaken/api/v1/rollen", content=body)
    request.headers["Authorization"] = sim.call("GET", ZAKEN).request.headers["Authorization"]
    assert sim._runner.run(sim._client.send(request)).status_code == 400


def test_values_that_the_zaaktype_gives_are_filled_in(sim: Sim) -> None:
    """Vertrouwelijkheidaanduiding, registratiedatum and identificatie."""
    zaak = sim.zaak()
    assert zaak["vertrouwelijkheidaanduiding"] == "vertrouwelijk"
    assert zaak["registratiedatum"] == sim.app.clock.today()
    assert zaak["identificatie"] == "ZAAK-2026-0000000001"


def test_a_zaaknummer_is_reused_after_deletion_and_unique_until_then(sim: Sim) -> None:
    """The number of the last zaak comes back once it is deleted; the uuid does not."""
    sim.zaak("OF-1")
    second = sim.zaak("OF-2")
    body = {**{name: second[name] for name in ("zaaktype", "bronorganisatie", "verantwoordelijkeOrganisatie")}}
    body |= {"startdatum": "2026-01-05", "identificatie": second["identificatie"]}
    assert code(sim.call("POST", ZAKEN, body)) == "identificatie-niet-uniek"
    sim.call("DELETE", second["url"])
    third = sim.zaak("OF-3")
    assert third["identificatie"] == second["identificatie"]
    assert third["uuid"] != second["uuid"]


def test_zaaknummers_count_per_year_and_organisation() -> None:
    """One above the highest in use, numbers of others and other forms aside."""
    numbers = Zaaknummers()
    for owner, name in (("a", "ZAAK-2026-0000000007"), ("b", "ZAAK-2026-0000000099"), ("a", "eigen nummer")):
        numbers.take(owner, name)
    assert numbers.next("a", "2026") == "ZAAK-2026-0000000008"
    assert numbers.next("a", "2027") == "ZAAK-2027-0000000001"
    numbers.take("a", "ZAAK-2026-0000000008")
    numbers.release("a", "ZAAK-2026-0000000007")
    assert numbers.next("a", "2026") == "ZAAK-2026-0000000009"
    numbers.release("a", "ZAAK-2026-0000000008")
    assert numbers.next("a", "2026") == "ZAAK-2026-0000000001"


def test_types_must_belong_to_the_zaaktype(sim: Sim) -> None:
    """zrc-016..020: a status-, rol- or resultaattype of another zaaktype is refused."""
    zaak = sim.zaak()
    foreign = sim.types("statustypen", "B1144")["In onderzoek"]
    body = {"zaak": zaak["url"], "statustype": foreign, "datumStatusGezet": "2026-01-05T10:00:00Z"}
    assert code(sim.call("POST", "/zaken/api/v1/statussen", body)) == "zaaktype-mismatch"
    assert code(sim.call("POST", "/zaken/api/v1/statussen", {**body, "statustype": zaak["url"]})) == "bad-url"
    assert code(sim.call("POST", "/zaken/api/v1/statussen", {**body, "zaak": foreign})) == "does_not_exist"


def test_zaaktype_and_identificatie_never_change(sim: Sim) -> None:
    """A PATCH that would is refused."""
    zaak = sim.zaak()
    assert code(sim.call("PATCH", zaak["url"], {"identificatie": "X"})) == "wijzigen-niet-toegelaten"


def test_suspension_is_remembered_after_it_ended(sim: Sim) -> None:
    """eerdereOpschorting tells that a zaak was suspended before."""
    url = sim.zaak()["url"]
    first = sim.call("PATCH", url, {"opschorting": {"indicatie": True, "reden": "wacht"}}).json()["opschorting"]
    assert first == {"indicatie": True, "eerdereOpschorting": False, "reden": "wacht"}
    assert sim.call("PATCH", url, {"toelichting": "x"}).json()["opschorting"] == first
    ended = sim.call("PATCH", url, {"opschorting": {"indicatie": False, "reden": ""}}).json()["opschorting"]
    assert ended["eerdereOpschorting"] is True


# --- rollen ----------------------------------------------------------------------------------------------------------


def test_a_take_over_is_a_delete_and_a_post(sim: Sim) -> None:
    """Two changes, two entries in the trail, one handler at the end."""
    zaak = sim.zaak()
    first = sim.behandelaar(zaak, "aap")
    sim.call("DELETE", first["url"])
    second = sim.behandelaar(zaak, "noot")
    assert sim.get(zaak["url"])["rollen"] == [second["url"]]
    found = sim.get("/zaken/api/v1/rollen", zaak=zaak["url"], omschrijvingGeneriek="behandelaar")["results"]
    assert [rol["betrokkeneIdentificatie"]["identificatie"] for rol in found] == ["noot"]
    trail = sim.get(f"{zaak['url']}/audittrail")
    assert [(item["resource"], item["actie"]) for item in trail[1:]] == [
        ("rol", "create"),
        ("rol", "destroy"),
        ("rol", "create"),
    ]


def test_a_second_initiator_is_refused_unless_allowed(sim: Sim, configured: Any) -> None:
    """Open Zaak refuses it, the standard does not."""
    zaak = sim.zaak()
    sim.rol(zaak)
    body = {**_rol_body(sim, zaak), "betrokkeneIdentificatie": {"inpBsn": OTHER_BSN}}
    assert code(sim.call("POST", "/zaken/api/v1/rollen", body)) == "max-occurences"
    other = configured(meer_initiatoren=True)
    zaak = other.zaak()
    other.rol(zaak)
    other.rol(zaak, bsn=OTHER_BSN)


def _rol_body(sim: Sim, zaak: dict[str, Any]) -> dict[str, Any]:
    return {
        "zaak": zaak["url"],
        "betrokkeneType": "natuurlijk_persoon",
        "roltype": sim.types("roltypen")["Initiator"],
        "roltoelichting": "aangever",
    }


def test_a_bsn_must_pass_the_elfproef_and_is_not_repeated(sim: Sim) -> None:
    """The refusal does not contain the number."""
    body = {**_rol_body(sim, sim.zaak()), "betrokkeneIdentificatie": {"inpBsn": "999999245"}}
    response = sim.call("POST", "/zaken/api/v1/rollen", body)
    assert response.status_code == 400
    assert response.json()["invalidParams"][0]["name"] == "betrokkeneIdentificatie.inpBsn"
    assert "999999245" not in response.text


def test_a_rol_without_anybody_is_refused(sim: Sim) -> None:
    """betrokkene or betrokkeneIdentificatie."""
    assert code(sim.call("POST", "/zaken/api/v1/rollen", _rol_body(sim, sim.zaak()))) == "invalid-betrokkene"


def test_authenticatie_context_is_open_zaaks(sim: Sim) -> None:
    """Means and level are kept; a representee needs a mandate and indicatieMachtiging gemachtigde; others have none."""
    zaak = sim.zaak()
    level = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
    context = {"source": "digid", "levelOfAssurance": level}
    body = {**_rol_body(sim, zaak), "betrokkeneIdentificatie": {"inpBsn": BSN}}
    representee = {**context, "representee": {"identifierType": "bsn", "identifier": OTHER_BSN}}
    post = "/zaken/api/v1/rollen"
    assert code(sim.call("POST", post, {**body, "authenticatieContext": representee})) == "required"
    mandated = {**representee, "mandate": {"services": [{"id": "verhuizen"}]}}
    assert code(sim.call("POST", post, {**body, "authenticatieContext": mandated})) == "indicatie-machtiging-invalid"
    assert code(sim.call("POST", post, {**body, "authenticatieContext": {"source": "ideal"}})) == "invalid_choice"
    assert sim.post(post, {**body, "authenticatieContext": context})["authenticatieContext"] == context
    assert "authenticatieContext" not in sim.behandelaar(zaak)


# --- statussen, closing and opening ----------------------------------------------------------------------------------


def test_the_current_status_is_the_latest_by_its_own_date(sim: Sim) -> None:
    """A status that is set later but dated earlier does not become the current one."""
    zaak = sim.zaak()
    assert sim.status(zaak, "Fout", "2026-01-06T10:00:00Z").json()["indicatieLaatstGezetteStatus"] is True
    late = sim.status(zaak, "Verhuizing in behandeling", "2026-01-06T09:59:59.5Z").json()
    assert late["indicatieLaatstGezetteStatus"] is False
    assert sim.get(zaak["url"])["status"] != late["url"]
    newest = sim.status(zaak, "Verhuizing in behandeling", "2026-01-06T10:00:00.001Z").json()
    assert sim.get(zaak["url"])["status"] == newest["url"]
    listed = sim.get("/zaken/api/v1/statussen", zaak=zaak["url"])["results"]
    assert [item["indicatieLaatstGezetteStatus"] for item in listed] == [True, False, False]
    only = sim.get("/zaken/api/v1/statussen", zaak=zaak["url"], indicatieLaatstGezetteStatus="true")["results"]
    assert [item["url"] for item in only] == [newest["url"]]


def test_a_status_date_is_unique_within_the_zaak_and_not_in_the_future(sim: Sim) -> None:
    """The natural key that makes setting a status safe to repeat."""
    zaak = sim.zaak()
    assert sim.status(zaak, "Fout", "2026-01-06T10:00:00Z").status_code == 201
    assert code(sim.status(zaak, "Fout", "2026-01-06T11:00:00+01:00")) == "unique"
    assert code(sim.status(zaak, "Fout", "2999-01-06T10:00:00Z")) == "date-in-future"
    assert code(sim.status(zaak, "Fout", "gisteren")) == "invalid"


def test_closing_needs_a_resultaat_and_sets_the_end_and_the_archive(sim: Sim) -> None:
    """zrc-007: einddatum is the date as the client wrote it, the archive date follows from the resultaattype."""
    zaak = sim.zaak()
    assert code(sim.status(zaak, "Afgehandeld", "2026-01-06T09:00:00Z")) == "resultaat-does-not-exist"
    sim.resultaat(zaak, "Afgebroken")
    assert sim.status(zaak, "Afgehandeld", "2026-02-28T23:30:00-01:00").status_code == 201
    closed = sim.get(zaak["url"])
    assert (closed["einddatum"], closed["archiefnominatie"]) == ("2026-02-28", "vernietigen")
    assert (closed["startdatumBewaartermijn"], closed["archiefactiedatum"]) == ("2026-02-28", "2027-02-28")


def test_a_closed_zaak_changes_only_by_force(sim: Sim) -> None:
    """Everything under it is 403 too, except with zaken.geforceerd-bijwerken."""
    zaak = sim.closed_zaak()
    rol = _rol_body(sim, zaak) | {"betrokkeneIdentificatie": {"inpBsn": BSN}}
    contact = {"zaak": zaak["url"], "datumtijd": "2026-01-06T10:00:00Z"}
    attempts = [
        ("PATCH", zaak["url"], {"toelichting": "x"}),
        ("POST", "/zaken/api/v1/rollen", rol),
        ("POST", "/zaken/api/v1/klantcontacten", contact),
        ("DELETE", zaak["resultaat"], None),
    ]
    assert [sim.call(*attempt).status_code for attempt in attempts] == [403] * 4
    force = [sim.call(*attempt, client_id="beheer").status_code for attempt in attempts]
    assert force == [200, 201, 201, 204]


def test_opening_again_needs_its_scope_empties_the_end_and_keeps_the_resultaat(sim: Sim) -> None:
    """zrc-008."""
    zaak = sim.closed_zaak()
    assert sim.status(zaak, "Fout", "2026-01-07T09:00:00Z").status_code == 403
    assert sim.status(zaak, "Fout", "2026-01-07T09:00:00Z", client_id="beheer").status_code == 201
    opened = sim.get(zaak["url"])
    assert (opened["einddatum"], opened["archiefnominatie"], opened["archiefactiedatum"]) == (None, None, None)
    assert opened["resultaat"] == zaak["resultaat"]


def test_a_zaak_has_one_resultaat(sim: Sim) -> None:
    """A second is refused; after deletion a new one is possible."""
    zaak = sim.zaak()
    first = sim.resultaat(zaak)
    body = {"zaak": zaak["url"], "resultaattype": first["resultaattype"]}
    assert code(sim.call("POST", "/zaken/api/v1/resultaten", body)) == "unique"
    sim.call("DELETE", first["url"])
    assert sim.get(zaak["url"])["resultaat"] is None
    second = sim.resultaat(zaak, "Handmatig verwerkt")
    assert sim.get(zaak["url"])["resultaat"] == second["url"]


# --- deletion, trail -------------------------------------------------------------------------------------------------


def test_deleting_a_zaak_is_physical(sim: Sim) -> None:
    """zrc-023: the zaak, all under it and its trail are 404; searching by person finds nothing."""
    zaak = sim.zaak()
    rol = sim.rol(zaak)
    assert sim.call("DELETE", zaak["url"]).status_code == 204
    for url in (zaak["url"], rol["url"], f"{zaak['url']}/audittrail", f"{zaak['url']}/zaakeigenschappen"):
        response = sim.call("GET", url)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert sim.post(ZOEK, {BSN_KEY: BSN})["count"] == 0
    assert sim.get("/zaken/api/v1/rollen", zaak=zaak["url"])["count"] == 0


def test_every_change_leaves_one_entry_with_old_and_new_and_who(sim: Sim) -> None:
    """The trail matches the changes one to one, in order, with stable uuids and strictly rising times."""
    zaak = sim.zaak()
    rol = sim.rol(zaak)
    sim.call("PATCH", zaak["url"], {"toelichting": "nieuw"}, headers={"X-Audit-Toelichting": "op verzoek"})
    sim.call("DELETE", rol["url"])
    trail = sim.get(f"{zaak['url']}/audittrail")
    assert [(item["resource"], item["actie"], item["resultaat"]) for item in trail] == [
        ("zaak", "create", 201),
        ("rol", "create", 201),
        ("zaak", "partial_update", 200),
        ("rol", "destroy", 204),
    ]
    changed = trail[2]["wijzigingen"]
    assert (changed["oud"]["toelichting"], changed["nieuw"]["toelichting"]) == ("", "nieuw")
    assert trail[1]["wijzigingen"]["oud"] is None
    assert trail[3]["wijzigingen"] == {"oud": rol, "nieuw": None}
    assert trail[2]["toelichting"] == "op verzoek"
    assert {item["gebruikersId"] for item in trail} == {"jd"}
    assert {item["gebruikersWeergave"] for item in trail} == {"Jo de Vries"}
    assert {item["applicatieWeergave"] for item in trail} == {"wissel"}
    assert len({item["uuid"] for item in trail}) == 4
    assert [item["aanmaakdatum"] for item in trail] == sorted({item["aanmaakdatum"] for item in trail})
    assert sim.get(f"{zaak['url']}/audittrail") == trail


def test_the_trail_can_be_switched_off_while_the_zaak_is_read(sim: Sim) -> None:
    """As with a client without audittrails.lezen: 403 on the trail, 200 on the zaak."""
    zaak = sim.zaak()
    sim.root("/simulator/storing", "POST", {"audittrail": False})
    assert sim.call("GET", f"{zaak['url']}/audittrail").status_code == 403
    assert sim.call("GET", zaak["url"]).status_code == 200


def test_open_zaaks_gaps_in_the_trail_can_be_asked_for(configured: Any) -> None:
    """Changing a zaakeigenschap is then notified and done, but leaves no entry."""
    sim = configured(storing=Storing(audittrail_gaten=True))
    zaak = sim.zaak()
    body = {"zaak": zaak["url"], "eigenschap": sim.types("eigenschappen")["INWONEND"], "waarde": "ja"}
    made = sim.post(f"{zaak['url']}/zaakeigenschappen", body)
    sim.call("PATCH", made["url"], {"waarde": "nee"})
    assert len(sim.get(f"{zaak['url']}/audittrail")) == 2
    history = sim.root("/simulator/boeken").json()["zaken"][0]["gebeurtenissen"]
    assert [item["auditId"] is None for item in history] == [False, False, True]


def test_the_etag_of_a_zaak_does_not_move_with_the_value_of_an_eigenschap(sim: Sim) -> None:
    """304 while nothing of the zaak itself changed; a new status moves it."""
    zaak = sim.zaak()
    body = {"zaak": zaak["url"], "eigenschap": sim.types("eigenschappen")["INWONEND"], "waarde": "ja"}
    made = sim.post(f"{zaak['url']}/zaakeigenschappen", body)
    etag = sim.call("GET", zaak["url"]).headers["etag"]
    sim.call("PATCH", made["url"], {"waarde": "nee"})
    unchanged = sim.call("GET", zaak["url"], headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    sim.status(zaak, "Fout", "2026-01-06T10:00:00Z")
    assert sim.call("GET", zaak["url"], headers={"If-None-Match": etag}).status_code == 200
    assert "etag" not in sim.call("GET", ZAKEN).headers


# --- finding ---------------------------------------------------------------------------------------------------------


def test_zaken_are_found_by_person_in_the_body_and_by_uuid(sim: Sim) -> None:
    """Newest first; a rol that was taken away no longer counts."""
    first, second, third = (sim.zaak(f"OF-{number}") for number in range(3))
    sim.rol(first)
    rol = sim.rol(second)
    sim.rol(third, bsn=OTHER_BSN)
    found = sim.post(ZOEK, {BSN_KEY: BSN})
    assert [item["uuid"] for item in found["results"]] == [second["uuid"], first["uuid"]]
    assert found["results"][0]["_expand"] == {}
    sim.call("DELETE", rol["url"])
    assert sim.post(ZOEK, {BSN_KEY: BSN})["count"] == 1
    assert sim.post(ZOEK, {BSN_KEY: BSN, "rol__omschrijvingGeneriek": "behandelaar"})["count"] == 0
    assert sim.post(ZOEK, {"uuid__in": [third["uuid"], first["uuid"], "weg"]})["count"] == 2
    assert sim.post(ZOEK, {"zaaktype__in": [first["zaaktype"]], "uuid__in": [first["uuid"]]})["count"] == 1


def test_zoek_without_or_with_unknown_parameters_is_400(sim: Sim) -> None:
    """A typing error in a search must not find everything."""
    assert code(sim.call("POST", ZOEK, {})) == "empty_search_body"
    assert code(sim.call("POST", ZOEK, {"inpBsn": BSN})) == "unknown-parameters"


def test_filters_of_the_standard_narrow_the_list(sim: Sim) -> None:
    """Dates with operators, null, lists, confidentiality and roles."""
    closed = sim.closed_zaak("OF-1")
    sim.zaak("OF-2", startdatum="2026-03-01", vertrouwelijkheidaanduiding="openbaar")
    expected = {
        "einddatum__isnull=true": 1,
        "startdatum__gte=2026-01-05": 2,
        "startdatum__gt=2026-01-05": 1,
        "startdatum__lt=2026-01-05": 0,
        "maximaleVertrouwelijkheidaanduiding=openbaar": 1,
        "maximaleVertrouwelijkheidaanduiding=geheim": 2,
        f"identificatie={closed['identificatie']}": 1,
        f"bronorganisatie__in={closed['bronorganisatie']},x": 2,
        "archiefnominatie=vernietigen": 1,
        "rol__betrokkeneType=medewerker": 0,
    }
    counts = {query: sim.get(ZAKEN, **dict([query.split("=")]))["count"] for query in expected}
    assert counts == expected
    response = sim.call("GET", ZAKEN, onbekend="1")
    assert code(response) == "unknown-parameters"


def test_lists_come_in_pages(sim: Sim) -> None:
    """count, next and previous; a page past the end is 404."""
    for number in range(5):
        sim.zaak(f"OF-{number}")
    first = sim.get(ZAKEN, pageSize="2")
    assert (first["count"], len(first["results"]), first["previous"]) == (5, 2, None)
    third = sim.get(sim.get(first["next"])["next"])
    assert (len(third["results"]), third["next"]) == (1, None)
    assert sim.call("GET", ZAKEN, pageSize="2", page="4").status_code == 404
    assert sim.call("GET", ZAKEN, page="nul").status_code == 404
    ordered = sim.get(ZAKEN, ordering="identificatie")["results"]
    assert [item["identificatie"] for item in ordered] == sorted(item["identificatie"] for item in ordered)


def test_expand_brings_related_resources_along(sim: Sim) -> None:
    """Down to the type of the status."""
    zaak = sim.closed_zaak()
    found = sim.get(zaak["url"], expand="status,status.statustype,resultaat,zaaktype,rollen")["_expand"]
    assert found["status"]["_expand"]["statustype"]["omschrijving"] == "Afgehandeld"
    assert found["resultaat"]["url"] == zaak["resultaat"]
    assert (found["zaaktype"]["identificatie"], found["rollen"]) == ("B0366", [])
    assert sim.call("GET", zaak["url"], expand="alles").status_code == 400


# --- objects ---------------------------------------------------------------------------------------------------------


def test_a_zaakobject_can_point_at_an_object_with_the_declaration(sim: Sim) -> None:
    """A productaanvraag in the Objects API, read with its own token; a dangling reference is refused."""
    token: dict[str, str | None] = {"Authorization": f"Token {sim.config.objecten_token}"}
    objects = "/objecten/api/v2/objects"
    record = {"typeVersion": 1, "startAt": "2026-01-05", "data": {"aanvraaggegevens": {"verhuisdatum": "2026-01-10"}}}
    body = {"type": "https://objecttypen.example/api/v2/objecttypes/1", "record": record}
    assert sim.call("POST", objects, body).status_code == 401
    made = sim.post(objects, body, headers=token)
    zaak = sim.zaak()
    link = {"zaak": zaak["url"], "objectType": "overige", "objectTypeOverige": "productaanvraag", "object": made["url"]}
    linked = sim.post("/zaken/api/v1/zaakobjecten", link)
    assert sim.call("GET", linked["object"], headers=token).json()["record"]["data"] == record["data"]
    dangling = {**link, "object": made["url"][:-4] + "0000"}
    assert code(sim.call("POST", "/zaken/api/v1/zaakobjecten", dangling)) == "bad-url"
    assert sim.call("GET", objects, headers=token).json()["count"] == 1


def test_an_adres_needs_its_parts(sim: Sim) -> None:
    """objectIdentificatie is checked by objectType, huisnummer is a number."""
    body = {"zaak": sim.zaak()["url"], "objectType": "adres"}
    post = "/zaken/api/v1/zaakobjecten"
    assert code(sim.call("POST", post, body)) == "invalid-zaakobject"
    assert code(sim.call("POST", post, {**body, "objectIdentificatie": {"identificatie": "x"}})) == "required"
    adres = {"identificatie": "x", "wplWoonplaatsNaam": "x", "gorOpenbareRuimteNaam": "x", "huisnummer": "twee"}
    response = sim.call("POST", post, {**body, "objectIdentificatie": adres})
    assert response.json()["invalidParams"][0]["name"] == "objectIdentificatie.huisnummer"


# --- reproducible ----------------------------------------------------------------------------------------------------


def _register(seed: int, order: list[int]) -> dict[str, list[str]]:
    """Register zaken in ``order``, their parts interleaved; return the uuids of everything per kenmerk."""
    sim = Sim(SimulatorConfig(seed=seed))
    zaken = {number: sim.zaak(f"OF-{number}") for number in order}
    for number in reversed(order):
        sim.rol(zaken[number])
    for number in order:
        sim.status(zaken[number], "Verhuizing in behandeling", "2026-01-05T10:00:00Z")
    uuids = {
        zaak["kenmerken"][0]["kenmerk"]: [zaak["uuid"], *(item["uuid"] for item in sim.get(f"{zaak['url']}/audittrail"))]
        for zaak in zaken.values()
    }
    sim.close()
    return uuids


def test_uuids_follow_from_seed_and_kenmerk_whatever_the_order() -> None:
    """Zaken registered in any order have the same uuids, and so has all under them; another seed gives others."""
    order = list(range(6))
    first = _register(3, order)
    random.Random(1).shuffle(order)
    assert _register(3, order) == first
    other = _register(4, order)
    assert not {item for uuids in first.values() for item in uuids} & {item for uuids in other.values() for item in uuids}


def test_the_same_kenmerk_twice_gives_two_zaken(sim: Sim) -> None:
    """Also after the first was deleted; without a kenmerk a running number decides."""
    zaken = [sim.zaak("OF-1"), sim.zaak("OF-1"), sim.zaak(None), sim.zaak(None)]
    sim.call("DELETE", zaken[0]["url"])
    zaken.append(sim.zaak("OF-1"))
    assert len({zaak["uuid"] for zaak in zaken}) == 5


def test_the_clock_starts_on_the_date_given(configured: Any) -> None:
    """Dates follow the simulation, not the calendar on the wall."""
    day = datetime(2031, 5, 17, tzinfo=UTC).date()
    sim = configured(datum=day)
    zaak = sim.zaak()
    assert zaak["registratiedatum"] == "2031-05-17"
    assert sim.get(f"{zaak['url']}/audittrail")[0]["aanmaakdatum"][:7] == "2031-05"
    assert sim.status(zaak, "Fout", "2031-05-16T10:00:00Z").status_code == 201
    assert code(sim.status(zaak, "Fout", "2031-05-20T10:00:00Z")) == "date-in-future"


def test_the_clock_can_be_moved_along_with_the_hubs(configured: Any) -> None:
    """By so many seconds; a client whose clock is some hours ahead is still believed."""
    sim = configured(verschuiving_s=-100 * 86_400.0)
    moved = datetime.now(UTC) - timedelta(days=100)
    zaak = sim.zaak()
    assert abs(datetime.fromisoformat(sim.get(f"{zaak['url']}/audittrail")[0]["aanmaakdatum"]) - moved) < timedelta(minutes=1)
    assert sim.status(zaak, "Fout", (moved + timedelta(hours=9)).isoformat()).status_code == 201


# --- books and faults ------------------------------------------------------------------------------------------------


def test_the_books_tell_what_happened_and_name_no_resident(sim: Sim) -> None:
    """Events in order with the uuid of their trail entry, also of a deleted zaak; no BSN, no name."""
    zaak = sim.closed_zaak("OF-1")
    sim.behandelaar(other := sim.zaak("OF-2"), "jdevries")
    sim.rol(other)
    sim.call("DELETE", zaak["url"])
    answered = sim.root("/simulator/boeken")
    books = answered.json()
    by_kenmerk = {item["kenmerk"]: item for item in books["zaken"]}
    gone, kept = by_kenmerk["OF-1"], by_kenmerk["OF-2"]
    assert [item["resource"] for item in gone["gebeurtenissen"]] == ["zaak", "resultaat", "status", "zaak"]
    assert (gone["verwijderd"], gone["einddatum"]) == (True, "2026-01-06")
    assert [item["omschrijving"] for item in gone["resultaten"]] == ["Verwerkt"]
    assert [item["omschrijving"] for item in gone["statussen"]] == ["Afgehandeld"]
    assert [rol["identificatie"] for rol in kept["rollen"]] == ["jdevries", None]
    trail = sim.get(f"{other['url']}/audittrail")
    assert [item["auditId"] for item in kept["gebeurtenissen"]] == [item["uuid"] for item in trail]
    assert (BSN in answered.text, "Maassen" in answered.text) == (False, False)
    assert books["verzoeken"]["POST /zaken/zaken"] == 2
    assert [item["kenmerk"] for item in sim.root(f"/simulator/boeken?zaak={other['uuid']}").json()["zaken"]] == ["OF-2"]
    assert sim.root("/simulator/boeken?gemeente=zwolle").json()["zaken"] == []


def test_faults_are_switched_on_and_off_while_it_runs(sim: Sim) -> None:
    """Away, failing, slow, and done but answered badly; unknown keys are refused with what is known."""
    zaak = sim.zaak()
    fault = "/simulator/storing"
    assert sim.root(fault, "POST", {"uit": True}).json()["uit"] is True
    assert sim.call("GET", zaak["url"]).status_code == 503
    assert sim.root("/livez").status_code == 200
    sim.root(fault, "POST", {"uit": False, "fout_percentage": 100})
    assert sim.call("PATCH", zaak["url"], {"toelichting": "x"}).status_code == 500
    sim.root(fault, "POST", {"fout_percentage": 0, "fout_na_schrijven_percentage": 100})
    assert sim.call("PATCH", zaak["url"], {"toelichting": "toch"}).status_code == 502
    assert sim.get(zaak["url"])["toelichting"] == "toch"
    sim.root(fault, "POST", {"fout_na_schrijven_percentage": 0, "vertraging_s": 0.05})
    started = time.monotonic()
    sim.get(zaak["url"])
    assert time.monotonic() - started >= 0.05
    refused = sim.root(fault, "POST", {"kapot": True, "notificaties": {"verlies": "veel"}})
    assert refused.status_code == 400
    assert "kapot: unknown" in refused.json()["detail"]
    assert "notificaties.verlies: a float is needed" in refused.json()["detail"]
    assert sim.root(fault, "POST", []).status_code == 400
    assert sim.root(fault).json()["vertraging_s"] == 0.05


def test_a_reset_starts_anew_with_the_same_uuids(sim: Sim) -> None:
    """No zaken, no faults, and what is registered again is the same."""
    first = sim.zaak()
    sim.root("/simulator/storing", "POST", {"uit": True})
    assert sim.root("/simulator/reset", "POST").status_code == 204
    assert sim.root("/simulator/boeken").json()["zaken"] == []
    assert sim.zaak()["uuid"] == first["uuid"]


def test_what_is_not_there_under_simulator_is_404(sim: Sim) -> None:
    """The answer names what is."""
    assert "boeken" in sim.root("/simulator/iets").json()["detail"]
    assert sim.root("/simulator/boeken/meer").status_code == 404
