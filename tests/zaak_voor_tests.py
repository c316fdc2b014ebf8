# SPDX-License-Identifier: EUPL-1.2
"""A hub with the zaak connector over real HTTP, and a zaaksysteem that serves what it is given: shared by tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from hub_voor_tests import gemeente, loaded

from connectors.zaak.connector import ZaakConnector
from connectors.zaak.settings import ZaakSettings
from hub.app import EmbeddedHub
from hub.clock import SystemClock
from hub.discovery import Plugins
from hub.events import ZAKEN, Event
from hub.serve import web_app

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
    while not server.started:
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
            while self.rows("SELECT 1 FROM zaak_stand WHERE vanaf IS NOT NULL LIMIT 1"):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def draaiende_hub(
    folder: Path, settings: Mapping[str, ZaakSettings], *, clock: Any = None, flows: Any = None, projections: Any = None
) -> AsyncIterator[Draaiend]:
    """Run a hub with the zaak connector only; ``settings`` per gemeente."""
    gemeenten = [gemeente(slug, plugins={"zaak": found}) for slug, found in settings.items()]
    plugins = Plugins({"zaak": ZaakConnector()}, flows or {}, projections or {})
    async with EmbeddedHub(loaded(folder, gemeenten), clock=clock or SystemClock(), plugins=plugins) as hub:
        async with serving(web_app(hub, None)) as url, httpx.AsyncClient() as client:
            yield Draaiend(hub, url, client)
