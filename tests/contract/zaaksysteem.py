# SPDX-License-Identifier: EUPL-1.2
"""A simulated zaaksysteem in this process, with a synchronous face: for tests of it and of what talks to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt

from connectors.zaak.simulator import SimulatorConfig, create_app

BSN = "999993653"
Judge = Callable[[httpx.Response, Any], None]


def token(config: SimulatorConfig, client_id: str = "wissel", **claims: Any) -> str:
    """Return a JWT as the ZGW APIs want it."""
    secret = next((client.secret for client in config.clients if client.client_id == client_id), "onbekend" * 6)
    payload = {"iss": client_id, "iat": int(time.time()), "client_id": client_id, **claims}
    return jwt.encode(payload, secret, algorithm="HS256")


@dataclass
class Receiver:
    """Where notifications arrive. ``statuses`` are answered in turn, then 204; without the right auth 401."""

    auth: str = "Bearer hub"
    statuses: list[int | None] = field(default_factory=list)
    received: list[tuple[str, str | None, bytes]] = field(default_factory=list)

    async def __call__(self, url: str, auth: str | None, body: bytes) -> int | None:
        """Take one notification in."""
        if auth != self.auth:
            return 401
        self.received.append((url, auth, body))
        return self.statuses.pop(0) if self.statuses else 204


class Sim:
    """The simulator, called over ASGI. ``judge(response, body sent)`` sees every exchange."""

    def __init__(self, config: SimulatorConfig | None = None, *, deliver: Any = None, judge: Judge | None = None) -> None:
        self.config = config or SimulatorConfig()
        self.app = create_app(self.config, deliver=deliver)
        self._judge = judge
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=self.app)
        self._client = httpx.AsyncClient(transport=transport, base_url=f"{self.config.basis_url}/emmen")

    def close(self) -> None:
        """Stop everything."""
        self._runner.run(self.app.delivery.close())
        self._runner.run(self._client.aclose())
        self._runner.close()

    def settle(self) -> None:
        """Wait until every notification is delivered or given up."""
        self._runner.run(self.app.delivery.idle())

    def call(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        client_id: str = "wissel",
        headers: dict[str, str | None] | None = None,
        **query: str,
    ) -> httpx.Response:
        """Make one call: ``url`` whole, or a path under the gemeente ("/zaken/api/v1/zaken")."""
        sent = {
            "Authorization": "Bearer " + token(self.config, client_id, user_id="jd", user_representation="Jo de Vries"),
            "Accept-Crs": "EPSG:4326",
            "Content-Crs": "EPSG:4326",
            **(headers or {}),
        }
        kept = {name: value for name, value in sent.items() if value is not None}
        request = self._client.build_request(method, url, json=body, headers=kept, params=query or None)
        response = self._runner.run(self._client.send(request))
        if self._judge:
            self._judge(response, body)
        return response

    def get(self, url: str, **query: str) -> Any:
        """GET and return the JSON; the answer must be 200."""
        response = self.call("GET", url, **query)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, url: str, body: Any, **options: Any) -> Any:
        """POST and return the JSON; the answer must be 201 or 200."""
        response = self.call("POST", url, body, **options)
        assert response.status_code in {200, 201}, response.text
        return response.json()

    def root(self, path: str, method: str = "GET", body: Any = None) -> httpx.Response:
        """Call what lies outside the gemeenten: /simulator/..., /livez."""
        return self.call(method, self.config.basis_url + path, body)

    def zaaktype(self, identificatie: str = "B0366") -> dict[str, Any]:
        """Return the current version of a zaaktype."""
        found = self.get("/catalogi/api/v1/zaaktypen", identificatie=identificatie, status="alles")
        return next(item for item in found["results"] if item["eindeGeldigheid"] is None)

    def types(self, kind: str, identificatie: str = "B0366") -> dict[str, str]:
        """Return name -> URL of the ``kind`` (statustypen, roltypen, ...) of a zaaktype."""
        url = self.zaaktype(identificatie)["url"]
        found = self.get(f"/catalogi/api/v1/{kind}", zaaktype=url)["results"]
        return {item.get("omschrijving") or item["naam"]: item["url"] for item in found}

    def zaak(self, kenmerk: str | None = "OF-1", **values: Any) -> dict[str, Any]:
        """Register a zaak as an e-form does; return it."""
        body = {
            "zaaktype": self.zaaktype()["url"],
            "bronorganisatie": self.config.gemeenten[0].bronorganisatie,
            "verantwoordelijkeOrganisatie": self.config.gemeenten[0].bronorganisatie,
            "startdatum": "2026-01-05",
            "omschrijving": "Aangifte verhuizing",
            "kenmerken": [{"kenmerk": kenmerk, "bron": "openforms"}] if kenmerk else [],
            **values,
        }
        return self.post("/zaken/api/v1/zaken", body)

    def rol(self, zaak: dict[str, Any], *, bsn: str = BSN, **values: Any) -> dict[str, Any]:
        """Add the initiator; return the rol."""
        body = {
            "zaak": zaak["url"],
            "betrokkeneType": "natuurlijk_persoon",
            "roltype": self.types("roltypen")["Initiator"],
            "roltoelichting": "aangever",
            "betrokkeneIdentificatie": {"inpBsn": bsn, "geslachtsnaam": "Maassen"},
            **values,
        }
        return self.post("/zaken/api/v1/rollen", body)

    def behandelaar(self, zaak: dict[str, Any], identificatie: str = "jdevries") -> dict[str, Any]:
        """Put a medewerker on the zaak; return the rol."""
        body = {
            "zaak": zaak["url"],
            "betrokkeneType": "medewerker",
            "roltype": self.types("roltypen")["Uitvoerende"],
            "roltoelichting": "behandelaar",
            "betrokkeneIdentificatie": {"identificatie": identificatie, "achternaam": "Vries"},
        }
        return self.post("/zaken/api/v1/rollen", body)

    def status(self, zaak: dict[str, Any], name: str, gezet: str, **options: Any) -> httpx.Response:
        """Set a status; return the answer as it is."""
        body = {"zaak": zaak["url"], "statustype": self.types("statustypen")[name], "datumStatusGezet": gezet}
        return self.call("POST", "/zaken/api/v1/statussen", body, **options)

    def resultaat(self, zaak: dict[str, Any], name: str = "Verwerkt") -> dict[str, Any]:
        """Set the resultaat."""
        body = {"zaak": zaak["url"], "resultaattype": self.types("resultaattypen")[name], "toelichting": ""}
        return self.post("/zaken/api/v1/resultaten", body)

    def closed_zaak(self, kenmerk: str = "OF-1") -> dict[str, Any]:
        """Register a zaak and close it; return it as it is then."""
        zaak = self.zaak(kenmerk)
        self.resultaat(zaak)
        assert self.status(zaak, "Afgehandeld", "2026-01-06T09:00:00Z").status_code == 201
        return self.get(zaak["url"])

    def subscribe(self, *, url: str = "http://hub.test/webhooks/zaken/emmen", auth: str = "Bearer hub") -> Any:
        """Subscribe to the kanaal zaken; return the abonnement."""
        body = {"callbackUrl": url, "auth": auth, "kanalen": [{"naam": "zaken", "filters": {}}]}
        return self.post("/notificaties/api/v1/abonnement", body)


def path_of(url: str) -> str:
    """Return the path of a URL."""
    return urlsplit(url).path
