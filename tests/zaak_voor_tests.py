# SPDX-License-Identifier: EUPL-1.2
"""A hub with the zaak connector over real HTTP, and a zaaksysteem that serves what it is given: shared by tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import uvicorn
from hub_voor_tests import gemeente, loaded

from connectors.zaak import rondes
from connectors.zaak.client import ZaakClient
from connectors.zaak.connector import ZaakConnector
from connectors.zaak.fetch import Bron
from connectors.zaak.settings import ZaakSettings
from connectors.zaak.simulator import SimulatorConfig, create_app
from hub.app import EmbeddedHub
from hub.clock import SystemClock, to_microseconds
from hub.discovery import Plugins
from hub.events import ZAKEN, Event, fact_id
from hub.plugins import OpdrachtUitvoering
from hub.serve import web_app
from hub.settings import Loaded

AUTH = "Bearer hub"
SECRET = "een-geheim-van-het-zaaksysteem-dat-lang-genoeg-is"
BASE = "http://127.0.0.1:8000"


def zaak_settings(base: str = BASE, **changes: Any) -> ZaakSettings:
    """Return settings that wait as little as tests want to."""
    values: dict[str, Any] = {
        "zaken_api": f"{base}/zaken/api/v1",
        "catalogi_api": f"{base}/catalogi/api/v1",
        "client_id": "wissel",
        "secret": SECRET,
        "webhook_authorization": AUTH,
        "eerste_pauze_s": 0.02,
        "langste_pauze_s": 0.2,
        "tweede_404_na_s": 0.3,
        "timeout_s": 5.0,
        "timeout_schrijven_s": 5.0,
        "lease_s": 20.0,
        "vergelijken_s": 0,
        "vergelijken_per_s": 10_000.0,
    }
    return ZaakSettings.model_validate(values | changes)


@dataclass
class Standin:
    """Serves objects by URL path, as JSON; everything else is the API's own 404. ``asked`` counts the paths."""

    objects: dict[str, Any] = field(default_factory=dict)
    refused: Callable[[str], bool] = lambda path: path.endswith("/audittrail")
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        path = scope["path"]
        self.asked.append(path)
        if scope["method"] != "GET":
            status, body = 405, problem(405, "method_not_allowed")
        elif self.refused(path):
            status, body = 403, problem(403, "permission_denied")
        elif path in self.objects and not scope["query_string"]:
            status, body = 200, self.objects[path]
        else:
            status, body = 404, problem(404, "not_found")
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def problem(status: int, code: str) -> dict[str, Any]:
    """Return an error body as Open Zaak writes it."""
    return {"type": f"{BASE}/ref/fouten/X/", "code": code, "title": code, "status": status, "detail": "", "instance": "x"}


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI app on the running loop; yield its address."""
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute only
        await asyncio.sleep(0.005)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@dataclass
class Draaiend:
    """A running hub with its address."""

    hub: EmbeddedHub
    url: str
    client: httpx.AsyncClient
    connector: ZaakConnector
    loaded: Loaded

    async def meld(self, body: Any, *, slug: str = "emmen", auth: str | None = AUTH) -> httpx.Response:
        """Post one notification."""
        headers = {"Authorization": auth} if auth else {}
        return await self.client.post(f"{self.url}/webhooks/zaken/{slug}", json=body, headers=headers)

    def events(self, zaak: str) -> list[Event]:
        """Return the events of a zaak, unsealed, in order."""
        head = self.hub.log.head(ZAKEN, zaak)
        stream = self.hub.log.streams([head.id])[head.id]
        return [self.hub.log.event(record, stream) for record in self.hub.log.tail(head.id, 0)]

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Return rows of wissel.db."""
        return self.hub.read_now(lambda tx: tx.all(sql, params))

    async def settled(self, *, within_s: float = 10.0) -> None:
        """Wait until no notification is open and nothing is due."""
        async with asyncio.timeout(within_s):
            while self.rows(  # noqa: ASYNC110 - what is waited for is in the store
                "SELECT 1 FROM zaak_stand WHERE vanaf IS NOT NULL LIMIT 1"
            ):
                await asyncio.sleep(0.01)


async def vergelijk(running: Draaiend, soort: Any = "open", *, within_s: float = 60.0, **wat: Any) -> dict[str, int]:
    """Have the hub compare with the source now, as somebody who waits for it; return what it counted."""
    now_us = to_microseconds(running.hub.clock.now())
    number = await running.hub.write(lambda tx: rondes.vraag(tx, "emmen", soort, now_us=now_us, haast=soort != "vullen", **wat))
    running.connector._of(running.hub).wake_all("emmen")
    async with asyncio.timeout(within_s):
        while True:
            found = running.hub.read_now(lambda tx: rondes.ronde(tx, "emmen", number))
            assert found is not None
            assert found.toestand != "mislukt", found.uitleg
            if found.toestand == "klaar":
                return dict(found.telling)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def draaiende_hub(
    folder: Path, settings: Mapping[str, ZaakSettings], *, clock: Any = None, flows: Any = None, projections: Any = None
) -> AsyncIterator[Draaiend]:
    """Run a hub with the zaak connector only; ``settings`` per gemeente."""
    gemeenten = [gemeente(slug, plugins={"zaak": found}) for slug, found in settings.items()]
    connector = ZaakConnector()
    plugins = Plugins({"zaak": connector}, flows or {}, projections or {})
    settled = loaded(folder, gemeenten)
    opened = EmbeddedHub(settled, clock=clock or SystemClock(), plugins=plugins)
    async with opened as hub, serving(web_app(hub, None)) as url, httpx.AsyncClient() as client:
        yield Draaiend(hub, url, client, connector, settled)


class Formulier:
    """Acts on a simulated zaaksysteem as an e-form or an official would, in the running loop."""

    def __init__(self, app: Any, slug: str = "emmen", client_id: str = "beheer") -> None:
        self.app = app
        self._client_id = client_id
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"{app.config.basis_url}/{slug}", timeout=30
        )
        self._types: dict[str, Any] = {}

    async def call(self, method: str, url: str, body: Any = None, **params: str) -> Any:
        """Make one call and return its JSON; anything but 2xx fails the test."""
        secret = next(client.secret for client in self.app.config.clients if client.client_id == self._client_id)
        claims = {"iss": self._client_id, "iat": int(time.time()), "client_id": self._client_id, "user_id": "formulier"}
        headers = {
            "Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}",
            "Accept-Crs": "EPSG:4326",
            "Content-Crs": "EPSG:4326",
        }
        response = await self._client.request(method, url, json=body, headers=headers, params=params or None)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def type(self, kind: str, name: str) -> str:
        """Return the URL of a statustype, roltype, resultaattype or eigenschap of B0366."""
        if not self._types:
            found = await self.call("GET", "/catalogi/api/v1/zaaktypen", identificatie="B0366", status="alles")
            self._types["zaaktype"] = next(z for z in found["results"] if z["eindeGeldigheid"] is None)["url"]
        if kind not in self._types:
            listed = await self.call("GET", f"/catalogi/api/v1/{kind}", zaaktype=self._types["zaaktype"])
            self._types[kind] = {item.get("omschrijving") or item["naam"]: item["url"] for item in listed["results"]}
        return self._types[kind][name]

    async def zaak(self, **values: Any) -> dict[str, Any]:
        """Register a zaak."""
        await self.type("statustypen", "Afgehandeld")
        rsin = self.app.config.gemeenten[0].bronorganisatie
        body = {
            "zaaktype": self._types["zaaktype"],
            "bronorganisatie": rsin,
            "verantwoordelijkeOrganisatie": rsin,
            "startdatum": "2026-03-10",
            "omschrijving": "Aangifte verhuizing",
        }
        return await self.call("POST", "/zaken/api/v1/zaken", body | values)

    async def rol(self, zaak: dict[str, Any], *, bsn: str = "999993653", **values: Any) -> dict[str, Any]:
        """Add the initiator."""
        body = {
            "zaak": zaak["url"],
            "betrokkeneType": "natuurlijk_persoon",
            "roltype": await self.type("roltypen", "Initiator"),
            "roltoelichting": "aangever",
            "betrokkeneIdentificatie": {"inpBsn": bsn, "geslachtsnaam": "Maassen"},
        }
        return await self.call("POST", "/zaken/api/v1/rollen", body | values)

    async def adres(self, zaak: dict[str, Any]) -> dict[str, Any]:
        """Add the new address."""
        body = {
            "zaak": zaak["url"],
            "objectType": "adres",
            "relatieomschrijving": "nieuw adres",
            "objectIdentificatie": {
                "identificatie": "0114200000000001",
                "wplWoonplaatsNaam": "Emmen",
                "gorOpenbareRuimteNaam": "Laan",
                "huisnummer": 7,
                "postcode": "7811AA",
            },
        }
        return await self.call("POST", "/zaken/api/v1/zaakobjecten", body)

    async def eigenschap(self, zaak: dict[str, Any], naam: str, waarde: str) -> dict[str, Any]:
        """Add an eigenschap."""
        body = {"zaak": zaak["url"], "eigenschap": await self.type("eigenschappen", naam), "waarde": waarde}
        return await self.call("POST", f"{zaak['url']}/zaakeigenschappen", body)

    async def status(self, zaak: dict[str, Any], naam: str, gezet: str) -> dict[str, Any]:
        """Set a status."""
        body = {"zaak": zaak["url"], "statustype": await self.type("statustypen", naam), "datumStatusGezet": gezet}
        return await self.call("POST", "/zaken/api/v1/statussen", body)

    async def resultaat(self, zaak: dict[str, Any], naam: str = "Verwerkt") -> dict[str, Any]:
        """Set the resultaat."""
        body = {"zaak": zaak["url"], "resultaattype": await self.type("resultaattypen", naam), "toelichting": ""}
        return await self.call("POST", "/zaken/api/v1/resultaten", body)

    async def aangifte(self) -> dict[str, Any]:
        """Register a whole declaration in the order an e-form does."""
        zaak = await self.zaak()
        await self.rol(zaak)
        await self.adres(zaak)
        await self.eigenschap(zaak, "VERHUISDATUM", "2026-03-12")
        await self.status(zaak, "Verhuizing in behandeling", "2026-03-10T09:00:00Z")
        return zaak

    async def trail(self, zaak: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the audit trail of a zaak."""
        return await self.call("GET", f"{zaak['url']}/audittrail")

    async def storing(self, **wanted: Any) -> None:
        """Change the faults."""
        response = await self._client.post(f"{self.app.config.basis_url}/simulator/storing", json=wanted)
        assert response.is_success, response.text


@asynccontextmanager
async def hub_en_zaaksysteem(
    folder: Path, config: SimulatorConfig | None = None, **settings: Any
) -> AsyncIterator[tuple[Draaiend, Formulier]]:
    """Run a simulated zaaksysteem and a hub that is subscribed to it, both over HTTP."""
    simulator = create_app(config or SimulatorConfig())
    form = Formulier(simulator)
    async with serving(simulator) as base:
        found = zaak_settings(
            f"{base}/emmen",
            secret=simulator.config.clients[0].secret,
            notificaties_api=f"{base}/emmen/notificaties/api/v1",
            **settings,
        )
        async with draaiende_hub(folder, {"emmen": found}) as running:
            body = {
                "callbackUrl": f"{running.url}/webhooks/zaken/emmen",
                "auth": AUTH,
                "kanalen": [{"naam": "zaken", "filters": {}}],
            }
            await form.call("POST", "/notificaties/api/v1/abonnement", body)
            yield running, form
            await simulator.delivery.close()


def opdracht(soort: str, zaak: str, *, besloten: Any = None, confirm: Any = None, **gegevens: Any) -> OpdrachtUitvoering:
    """Return an opdracht as the hub gives it to an executor; ``confirm`` is called right before each write."""

    async def still_ours() -> None:
        if confirm is not None:
            confirm()

    return OpdrachtUitvoering(
        id=fact_id("opdracht", soort, zaak, json.dumps(gegevens, sort_keys=True)),
        event_id=fact_id("gebeurtenis", soort, zaak),
        soort=soort,
        stap=soort,
        gemeente=gemeente("emmen"),
        zaak=zaak,
        gegevens=gegevens,
        besloten=besloten or {},
        poging=1,
        correlationid=zaak,
        traceparent=None,
        bevestig_lease=still_ours,
    )


@dataclass
class Opgenomen(httpx.AsyncBaseTransport):
    """Passes requests to an ASGI app and keeps them."""

    app: Any
    requests: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await httpx.ASGITransport(app=self.app).handle_async_request(request)

    @property
    def writes(self) -> int:
        """How many requests would change something."""
        safe = {"GET", "HEAD"}
        return sum(r.method not in safe and not r.url.path.endswith("_zoek") for r in self.requests)


@asynccontextmanager
async def bron_en_zaaksysteem(
    config: SimulatorConfig | None = None, **settings: Any
) -> AsyncIterator[tuple[Bron, Formulier, Opgenomen]]:
    """Give a source that speaks with a simulated zaaksysteem in this process."""
    simulator = create_app(config or SimulatorConfig())
    transport = Opgenomen(simulator)
    base = f"{simulator.config.basis_url}/emmen"
    secret = simulator.config.clients[0].secret
    found = zaak_settings(base, secret=secret, notificaties_api=f"{base}/notificaties/api/v1", **settings)
    client = ZaakClient(found, gemeente="emmen", transport=transport)
    yield Bron(gemeente("emmen"), client), Formulier(simulator), transport
    await client.aclose()
    await simulator.delivery.close()
