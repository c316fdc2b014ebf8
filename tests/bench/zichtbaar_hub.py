# SPDX-License-Identifier: EUPL-1.2
"""A hub in a process of its own, whose zaaksysteem is a stub in that same process. Prints the port of its web side.

``FOLDER TOKEN`` is a whole hub on files; ``FOLDER TOKEN BOOTSTRAP DATABASE web|werk`` is its web side or a worker on Kafka and
PostgreSQL.

The stub needs no telling: a zaak's uuid begins with the moment (ms) it was registered, and each of its three changes
happens ``STAP_MS`` after the one before. So whoever posts the notifications and the stub agree on what there is to see.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from hub_voor_tests import gemeente, loaded
from logs import access
from postgres_voor_tests import with_database

from connectors.zaak.connector import ZaakConnector
from connectors.zaak.settings import ZaakSettings
from connectors.zaak.simulator.config import made_up_rsin
from hub.api.settings import ApiSettings, TokenSettings
from hub.app import EmbeddedHub
from hub.core import Core
from hub.discovery import Plugins, flows, projections
from hub.logs import configure
from hub.serve import run as run_on_loop
from hub.serve import settle, web_app
from hub.settings import Loaded
from tests.bouwstenen import profiel

BASE = "http://zaken.test"
AUTH = "Bearer zaaksysteem"
STAP_MS = 1_000
_RSIN = made_up_rsin("0114")
_NAMESPACE = uuid.UUID("0b9f2a2c-5a5c-4f8e-9a51-7a3c7f5b9d11")
_PATH = re.compile(r"/zaken/api/v1/zaken/([0-9a-f-]{36})(/\w+)?$")
_CATALOGUE = f"{BASE}/catalogi/api/v1"
_TYPES: dict[str, dict[str, Any]] = {
    "zaaktypen": {"identificatie": "B1796", "omschrijving": "Melding openbare ruimte", "doorlooptijd": "P28D"},
    "roltypen": {"omschrijving": "Melder", "omschrijvingGeneriek": "initiator"},
    "statustypen": {"omschrijving": "In behandeling", "volgnummer": 1, "isEindstatus": False},
}
SOORTEN = ("zaak", "rol", "status")


def nieuwe_zaak(at_ms: int, number: int) -> str:
    """Return the uuid of a zaak that is registered at a moment."""
    digits = f"{at_ms:012x}{uuid.uuid5(_NAMESPACE, f'zaak {at_ms} {number}').hex[12:]}"
    return str(uuid.UUID(digits))


def wijziging_id(zaak: str, step: int) -> str:
    """Return the uuid of an entry of its audit trail: the id under which the fact is shown."""
    return str(uuid.uuid5(_NAMESPACE, f"{zaak}/{step}"))


def melding(zaak: str, step: int) -> dict[str, Any]:
    """Return the notification of a change."""
    kenmerken = {
        "bronorganisatie": _RSIN,
        "zaaktype": _type("zaaktypen"),
        "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
    }
    return {
        "kanaal": "zaken",
        "hoofdObject": _zaak_url(zaak),
        "resource": SOORTEN[step],
        "resourceUrl": _resource(zaak, step)["url"],
        "actie": "create",
        "aanmaakdatum": _moment(zaak, step),
        "kenmerken": kenmerken,
    }


def _zaak_url(zaak: str) -> str:
    return f"{BASE}/zaken/api/v1/zaken/{zaak}"


def _type(kind: str) -> str:
    return f"{_CATALOGUE}/{kind}/{uuid.uuid5(_NAMESPACE, kind)}"


def _at_ms(zaak: str, step: int) -> int:
    return int(zaak.replace("-", "")[:12], 16) + step * STAP_MS


def _moment(zaak: str, step: int) -> str:
    return datetime.fromtimestamp(_at_ms(zaak, step) / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _steps(zaak: str) -> int:
    """Return how many changes there have been by now."""
    now_ms = time.time() * 1_000
    return sum(_at_ms(zaak, step) <= now_ms for step in range(len(SOORTEN)))


def _resource(zaak: str, step: int) -> dict[str, Any]:
    if step == 0:
        return _zaak(zaak, 1)
    collection = {1: "rollen", 2: "statussen"}[step]
    key = uuid.uuid5(_NAMESPACE, f"{zaak}/{collection}")
    common = {"url": f"{BASE}/zaken/api/v1/{collection}/{key}", "uuid": str(key), "zaak": _zaak_url(zaak)}
    if step == 1:
        who = {"inpBsn": "999993653", "geslachtsnaam": "Maassen", "voornamen": "Pien"}
        kind = {"roltype": _type("roltypen"), "omschrijving": "Melder", "omschrijvingGeneriek": "initiator"}
        return {
            **common,
            **kind,
            "betrokkeneType": "natuurlijk_persoon",
            "roltoelichting": "Melder",
            "betrokkeneIdentificatie": who,
        }
    return {**common, "statustype": _type("statustypen"), "datumStatusGezet": _moment(zaak, 2), "statustoelichting": "Opgepakt"}


def _zaak(zaak: str, steps: int) -> dict[str, Any]:
    return {
        "url": _zaak_url(zaak),
        "uuid": zaak,
        "identificatie": f"ZAAK-{zaak[:13]}",
        "bronorganisatie": _RSIN,
        "zaaktype": _type("zaaktypen"),
        "omschrijving": "Losse stoeptegel",
        "toelichting": "Voor de deur van nummer 7 ligt een tegel los.",
        "registratiedatum": _moment(zaak, 0)[:10],
        "startdatum": _moment(zaak, 0)[:10],
        "einddatum": None,
        "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
        "communicatiekanaal": "",
        "rollen": [_resource(zaak, 1)["url"]] if steps > 1 else [],
        "status": _resource(zaak, 2)["url"] if steps > 2 else None,
        "eigenschappen": [],
        "zaakobjecten": [],
    }


def _entry(zaak: str, step: int) -> dict[str, Any]:
    resource = _resource(zaak, step)
    return {
        "uuid": wijziging_id(zaak, step),
        "bron": "zrc",
        "gebruikersId": "formulier",
        "gebruikersWeergave": "Formulier",
        "actie": "create",
        "resultaat": 201,
        "hoofdObject": _zaak_url(zaak),
        "resource": SOORTEN[step],
        "resourceUrl": resource["url"],
        "wijzigingen": {"oud": None, "nieuw": resource},
        "aanmaakdatum": _moment(zaak, step),
    }


class Zaaksysteem(httpx.AsyncBaseTransport):
    """Answers each fetch at once, from what the uuid and the clock say."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._answer(request.url.path)
        status = 200 if answer is not None else 404
        return httpx.Response(status, content=msgspec.json.encode(answer), headers={"content-type": "application/json"})

    def _answer(self, path: str) -> Any:
        if match := _PATH.search(path):
            zaak, part = match.groups()
            steps = _steps(zaak)
            return [_entry(zaak, step) for step in range(steps)] if part == "/audittrail" else _zaak(zaak, steps)
        kind, _, _ = path.removeprefix("/catalogi/api/v1/").partition("/")
        return {"url": BASE + path, **_TYPES[kind]} if kind in _TYPES else None


def instellingen(folder: Path, token: str) -> Loaded:
    """Return the settings: one gemeente, one token that may read zaken."""
    settings = ZaakSettings.model_validate(
        {
            "zaken_api": f"{BASE}/zaken/api/v1",
            "catalogi_api": _CATALOGUE,
            "client_id": "wissel",
            "secret": "een-geheim-van-het-zaaksysteem-dat-lang-genoeg-is",
            "webhook_authorization": AUTH,
            "vergelijken_s": 0,
        }
    )
    found = loaded(folder, [gemeente("emmen", plugins={"zaak": settings}, profielen={"verhuizing": profiel()})], partities=4)
    scopes = frozenset({"zaken:lezen"})
    known = TokenSettings(naam="meting", sha256=hashlib.sha256(token.encode()).hexdigest(), gemeente="emmen", scopes=scopes)
    changed = found.settings.model_copy(update={"api": ApiSettings(tokens=(known,))})
    return found.model_copy(update={"settings": changed})


def verbonden() -> Plugins:
    """Return everything that is installed, with the stub for a zaaksysteem."""
    return Plugins({"zaak": ZaakConnector(transport=Zaaksysteem())}, flows(), projections())


async def run(folder: Path, token: str, kafka: str = "", database: str = "", role: str = "") -> None:
    """Serve until the process is ended."""
    settings = instellingen(folder, token)
    if role:
        settings = with_database(settings, database).model_copy(update={"kafka": access(kafka, "")})
    made = Core if role == "web" else EmbeddedHub
    hub = made(settings, plugins=verbonden(), shared=bool(role)).open()
    hub.start()
    config = uvicorn.Config(
        web_app(hub, None), port=0, access_log=False, log_config=None, lifespan="off", timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started or (role == "werk" and not hub.log.feed.assigned):  # type: ignore[attr-defined]  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    sys.stdout.write(f"{server.servers[0].sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    settle()
    await serving
    await hub.stop()


if __name__ == "__main__":
    configure(level="WARNING")
    run_on_loop(run(Path(sys.argv[1]), *sys.argv[2:]))
