# SPDX-License-Identifier: EUPL-1.2
"""Every request of the zaak connector is one the official documents allow, and every answer means what it should."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import jwt
import pytest
from openapi import load, validate_request
from zaak_voor_tests import SECRET, Opgenomen, bron_en_zaaksysteem, opdracht, zaak_settings

from connectors.zaak.abonnement import abonneer
from connectors.zaak.client import (
    BestaatNiet,
    GeenToegang,
    Geweigerd,
    NietVanDeApi,
    ZaakClient,
    resource_key,
    uuid_of,
)
from connectors.zaak.outbound import schrijvers
from connectors.zaak.simulator import SimulatorConfig, Storing
from connectors.zaak.stand import Stand
from connectors.zaak.zoeken import ZoekZaken
from hub.errors import HubError, SourceContractBroken, SourceUnavailable

CATALOGI, NOTIFICATIES = "zgw/catalogi-1.3.3-openapi.yaml", "zgw/notificaties-1.0.1-openapi.yaml"
AT = "2026-03-11T09:00:00Z"
BSN = "999993653"
UUID = "7b590c1c-1b1b-4c6a-9b5e-0d8a1f2e3c4d"


async def everything(bron: Any, form: Any) -> None:
    """Make the connector do all it ever does."""
    zaak = await form.aangifte()
    contact = {"zaak": zaak["url"], "datumtijd": AT, "kanaal": "telefoon", "onderwerp": "vraag"}
    await form.call("POST", "/zaken/api/v1/klantcontacten", contact)
    for regel in ("", "objecten"):
        assert await bron.ophaler.haal(zaak["uuid"], Stand(), (), regel)
    assert await bron.ophaler.bestaat(zaak["uuid"])
    bare = await form.zaak()
    executors = schrijvers({"emmen": bron})
    todo = [
        (bare, "zet-status", {"volgnummer": "eerste", "datumStatusGezet": AT}),
        (zaak, "zet-behandelaar", {"medewerker": "jdevries", "omschrijving": "behandelaar"}),
        (zaak, "zet-behandelaar", {"medewerker": "adamas", "omschrijving": "behandelaar"}),
        (zaak, "verwijder-behandelaar", {"medewerker": "adamas"}),
        (zaak, "schort-op", {"reden": "wachten"}),
        (zaak, "hervat", {}),
        (zaak, "zet-einddatum-gepland", {"datum": "2026-04-01"}),
        (zaak, "zet-toelichting", {"toelichting": "x"}),
        (zaak, "zet-resultaat", {"sleutel": "afgebroken"}),
        (zaak, "zet-resultaat", {"sleutel": "verwerkt"}),
        (zaak, "sluit-zaak", {"datumStatusGezet": AT}),
    ]
    for about, soort, gegevens in todo:
        await executors[soort].voer_uit(opdracht(soort, about["uuid"], **gegevens))
    search = ZoekZaken(type("Hub", (), {"clock": __import__("hub_voor_tests").Klok()})(), {"emmen": bron})
    asked = opdracht("zoek-zaken", zaak["uuid"], besloten={"p": {"bsn": BSN}}, pseudoniemen=["p"])
    await search.voer_uit(asked)
    await abonneer(bron.client)
    await abonneer(bron.client, vernieuw=True)


@pytest.mark.parametrize("version", ["1.5.1", "1.7.0"])
def test_every_request_is_allowed_by_the_official_documents(version):
    """Paths, query parameters, headers and bodies, in both versions of the Zaken API we support."""
    specs = {"zaken": load(f"zgw/zaken-{version}-openapi.yaml"), "catalogi": load(CATALOGI), "notificaties": load(NOTIFICATIES)}
    requests: list[httpx.Request] = []

    async def main() -> None:
        config = SimulatorConfig(api_versie=version)
        callback = {"callback_url": "http://hub.test/webhooks/zaken/emmen"}
        async with bron_en_zaaksysteem(config, **callback) as (bron, form, transport):
            transport.app.delivery.deliver = willing
            await everything(bron, form)
            requests.extend(transport.requests)

    asyncio.run(main())
    assert len(requests) > 50
    for request in requests:
        _, _, api, _, _, *path = request.url.path.split("/")
        body = json.loads(request.content) if request.content else None
        query = dict(request.url.params)
        validate_request(specs[api], request.method, "/" + "/".join(path), body, query=query, headers=dict(request.headers))
        assert BSN not in str(request.url)


async def willing(_url: str, auth: str | None, _body: bytes) -> int:
    """Answer for the hub when the simulated Notificaties API tests the callback."""
    return 204 if auth else 401


@pytest.mark.parametrize("api_versie", ["1.5.1", "1.6.0", "1.7.0"])
@pytest.mark.parametrize("audittrail", [True, False])
def test_both_shapes_of_answers_are_read(api_versie, audittrail):
    """Open Zaak's deviations and the bare standard give the same picture of a zaak."""

    async def main() -> None:
        config = SimulatorConfig(api_versie=api_versie, storing=Storing(audittrail=audittrail))
        async with bron_en_zaaksysteem(config) as (bron, form, transport):
            zaak = await form.aangifte()
            before = len(transport.requests)
            bundle = await bron.ophaler.haal(zaak["uuid"], Stand(), (), "")
            assert bundle is not None
            assert (bundle.trail is not None) is audittrail
            own = [request for request in transport.requests[before:] if "/zaken/api/" in request.url.path]
            assert len(own) == (3 if audittrail else 7)
            assert bundle.typen[resource_key(bundle.zaak["zaaktype"])]["identificatie"] == "B0366"

    asyncio.run(main())


def answered(status: int, body: Any = None, *, text: str | None = None, **headers: str) -> Any:
    """Return what the client makes of one answer."""

    async def main() -> Any:
        content = text.encode() if text is not None else json.dumps(body).encode()
        transport = httpx.MockTransport(lambda _: httpx.Response(status, content=content, headers=headers))
        client = ZaakClient(zaak_settings(), gemeente="emmen", transport=transport)
        try:
            return await client.get("zaken", f"zaken/{UUID}")
        finally:
            await client.aclose()

    return asyncio.run(main())


def fault(status: int, **more: Any) -> dict[str, Any]:
    return {"code": "invalid", "title": "Invalid input.", "status": status, "detail": f"bsn {BSN}"} | more


@pytest.mark.parametrize(
    ("status", "body", "text", "error"),
    [
        (500, None, "<h1>oeps</h1>", SourceUnavailable),
        (502, None, "", SourceUnavailable),
        (503, None, "", SourceUnavailable),
        (429, {}, None, SourceUnavailable),
        (408, {}, None, SourceUnavailable),
        (302, None, "", SourceUnavailable),
        (200, None, "<html>log eerst in</html>", SourceUnavailable),
        (200, None, "[" * 100_000, SourceUnavailable),
        (404, None, "[" * 100_000, NietVanDeApi),
        (404, None, "<h1>404</h1>", NietVanDeApi),
        (404, {"detail": "Not found."}, None, NietVanDeApi),
        (404, fault(404, code="not_found"), None, BestaatNiet),
        (401, fault(401), None, GeenToegang),
        (403, fault(403, code="jwt-expired"), None, GeenToegang),
        (400, fault(400, invalidParams=[{"name": "zaak", "code": "required", "reason": BSN}]), None, Geweigerd),
        (412, fault(412), None, Geweigerd),
        (400, {"actie": ["Dit veld is vereist."]}, None, Geweigerd),
    ],
)
def test_each_answer_means_what_it_should(status, body, text, error):
    """Who should try again, who should look, and never a word of somebody's data."""
    with pytest.raises(error) as raised:
        answered(status, body, text=text)
    assert issubclass(error, HubError)
    assert isinstance(raised.value, (SourceUnavailable, SourceContractBroken))
    assert BSN not in str(raised.value)
    assert SECRET not in str(raised.value)


def test_what_the_other_side_found_wrong_is_named_by_code():
    """Name and code help; the reason may repeat what was sent, so it stays out."""
    with pytest.raises(Geweigerd, match="zaak: required") as raised:
        answered(400, fault(400, invalidParams=[{"name": "zaak", "code": "required", "reason": BSN}]))
    assert raised.value.codes == (("zaak", "required"),)


@pytest.mark.parametrize(
    ("given", "low", "high"), [("7", 7, 7), ("Wed, 21 Oct 2099 07:28:00 GMT", 1e6, 1e12), ("nu", None, None)]
)
def test_the_wait_that_was_asked_for_is_kept(given, low, high):
    """Retry-After as seconds or as a date; nonsense is nothing."""
    with pytest.raises(SourceUnavailable) as raised:
        answered(503, {}, **{"Retry-After": given})
    found = raised.value.retry_after_s
    assert found is None if low is None else low <= found <= high


def test_no_answer_is_the_source_being_away():
    """A refused connection, a broken one, a timeout."""

    async def main(fault: Exception) -> None:
        def fail(_: httpx.Request) -> httpx.Response:
            raise fault

        client = ZaakClient(zaak_settings(), gemeente="emmen", transport=httpx.MockTransport(fail))
        with pytest.raises(SourceUnavailable):
            await client.get("zaken", f"zaken/{UUID}")
        await client.aclose()

    for fault_ in (httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")):
        asyncio.run(main(fault_))


def test_the_token_names_the_hub():
    """HS256 with the claims that land in the audit trail, and an iat that is never old."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    async def main() -> None:
        settings = zaak_settings(user_id="wissel-emmen", user_representation="Wissel Emmen")
        client = ZaakClient(settings, gemeente="emmen", transport=httpx.MockTransport(answer))
        await client.get("zaken", f"zaken/{UUID}")
        await client.aclose()

    asyncio.run(main())
    claims = jwt.decode(seen[0].headers["authorization"].removeprefix("Bearer "), SECRET, algorithms=["HS256"])
    assert (claims["iss"], claims["client_id"]) == ("wissel", "wissel")
    assert (claims["user_id"], claims["user_representation"]) == ("wissel-emmen", "Wissel Emmen")
    assert seen[0].headers["accept-crs"] == "EPSG:4326"


def test_credentials_go_only_to_the_addresses_in_the_settings():
    """A URL from a body or notification gives no more than resource and uuid; an object elsewhere is not fetched."""
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json={"record": {}})

    async def main() -> None:
        objecten = {"url": "https://objecten.example/api/v2/", "token": "t0k3n"}
        client = ZaakClient(zaak_settings(objecten=objecten), gemeente="emmen", transport=httpx.MockTransport(answer))
        await client.get("zaken", resource_key(f"https://boef.example/zaken/api/v1/rollen/{UUID}"))
        assert await client.objectenregistratie(f"https://boef.example/api/v2/objects/{UUID}") is None
        assert await client.objectenregistratie(f"https://objecten.example/api/v2.boef.example/{UUID}") is None
        assert await client.objectenregistratie(f"https://objecten.example/api/v2/objects/{UUID}") == {"record": {}}
        await client.aclose()

    asyncio.run(main())
    assert {url.host for url in asked} == {"127.0.0.1", "objecten.example"}


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (f"http://a/zaken/api/v1/statussen/{UUID}", f"statussen/{UUID}"),
        (f"https://b/x/y/zaken/{UUID.upper()}/", f"zaken/{UUID}"),
        (f"http://a/zaken/{UUID}/zaakeigenschappen/{UUID}", f"zaken/{UUID}/zaakeigenschappen/{UUID}"),
        (f"http://a/statussen/{UUID}?x=1", ""),
        ("http://a/statussen/1", ""),
        ("", ""),
    ],
)
def test_an_object_is_named_by_resource_and_uuid(url, key):
    """Whatever host or proxy it is reached by."""
    assert resource_key(url) == key
    assert uuid_of(key) == (UUID if key else "")


def test_a_list_is_read_to_its_last_page():
    """And one that is not paged is read at once."""
    pages = {"1": {"results": [{"n": 1}], "next": "x"}, "2": {"results": [{"n": 2}], "next": None}}

    async def main() -> None:
        transport = httpx.MockTransport(lambda r: httpx.Response(200, json=pages[r.url.params.get("page", "1")]))
        client = ZaakClient(zaak_settings(), gemeente="emmen", transport=transport)
        assert [item["n"] async for item in client.pages("zaken", "rollen")] == [1, 2]
        assert [item["n"] for item in await client.zoek({})] == [1, 2]
        await client.aclose()

    asyncio.run(main())
    assert Opgenomen(None).writes == 0
