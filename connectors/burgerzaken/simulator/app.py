# SPDX-License-Identifier: EUPL-1.2
"""The ASGI application: what is served where, and what happens around each request."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from connectors.burgerzaken.simulator.asgi import (
    Handler,
    Receive,
    Request,
    Response,
    Router,
    Scope,
    Send,
    read_request,
    send_response,
)
from connectors.burgerzaken.simulator.bag import Bag, bag_fout
from connectors.burgerzaken.simulator.beheer import Beheer, Boeken
from connectors.burgerzaken.simulator.bewoningen import Bewoningen
from connectors.burgerzaken.simulator.config import SimulatorConfig
from connectors.burgerzaken.simulator.fouten import fout
from connectors.burgerzaken.simulator.historie import Historie
from connectors.burgerzaken.simulator.personen import Personen
from connectors.burgerzaken.simulator.register import Register
from connectors.burgerzaken.simulator.storingen import Storingen
from connectors.burgerzaken.simulator.verwerking import Verwerkingen
from connectors.burgerzaken.simulator.volgindicaties import Volgindicaties

_BEHEER: Final = "beheer"
_BAG: Final = "bag"
# the APIs below one base, as the hub's settings have them; below their own bases, as their documents have them
_BEWONING: Final = ("haalcentraal/api/brp/bewoningen", "haalcentraal/api/bewoning/bewoningen")
_HISTORIE: Final = (
    "haalcentraal/api/brp/verblijfplaatshistorie",
    "haalcentraal/api/brphistorie/verblijfplaatshistorie",
)
_UPDATE: Final = ("haalcentraal/api/brp", "haalcentraal/api/brpupdate")


class App:
    """The simulator. ``register`` is there for tests that want to look behind the API."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._config = config
        self.register = Register(config)
        self._volgindicaties = Volgindicaties(self.register)
        self._verwerkingen = Verwerkingen(self.register, vertraging_s=config.verwerkingsvertraging_s)
        self._storingen, self._boeken = Storingen(config.seed), Boeken()
        self._router = Router()
        self._beheer_paden()
        for slug in self.register.bevolking.land.per_slug:
            self._gemeente_paden(slug)

    # ---------------------------------------------------------------------------------------------------------- routes

    def _beheer_paden(self) -> None:
        beheer = Beheer(
            self._config,
            register=self.register,
            volgindicaties=self._volgindicaties,
            verwerkingen=self._verwerkingen,
            storingen=self._storingen,
            boeken=self._boeken,
        )
        self._bag_paden("")
        for method, path, handler in (
            ("GET", "/livez", beheer.leeft),
            ("GET", "/simulator/boeken", beheer.boeken),
            ("POST", "/simulator/storing", beheer.storing),
            ("POST", "/simulator/reset", beheer.herstel),
            ("POST", "/simulator/datum", beheer.datum),
            ("POST", "/simulator/verhuis", beheer.verhuis),
            ("POST", "/simulator/gebeurtenis", beheer.gebeurtenis),
            ("GET", "/simulator/aangiften", beheer.aangiften),
        ):
            self._router.add(method, path, handler, onderdeel=_BEHEER, sjabloon=path)

    def _gemeente_paden(self, slug: str) -> None:
        personen = Personen(self.register, levert_te_veel=self._config.levert_te_veel)
        historie = Historie(self.register, aangeboden=self._config.met_historie)
        volg, verwerking = self._volgindicaties, self._verwerkingen
        self._serveer(slug, "POST", "haalcentraal/api/brp/personen", personen.bevraag, onderdeel="brp")
        for path in _HISTORIE:
            self._serveer(slug, "POST", path, historie.bevraag, onderdeel="brp")
        for path in _BEWONING:
            self._serveer(slug, "POST", path, Bewoningen(self.register).bevraag, onderdeel="bewoning")
        for basis in _UPDATE:
            self._serveer(slug, "GET", f"{basis}/volgindicaties", volg.alle, onderdeel="brp")
            self._serveer(slug, "GET", f"{basis}/volgindicaties/", volg.lees, onderdeel="brp")
            self._serveer(slug, "PUT", f"{basis}/volgindicaties/", volg.zet, onderdeel="brp")
            self._serveer(slug, "GET", f"{basis}/wijzigingen", volg.wijzigingen, onderdeel="brp")
        self._serveer(slug, "POST", "verwerking/v1/verhuizingen", verwerking.neem_aan, onderdeel="verwerking")
        self._serveer(slug, "GET", "verwerking/v1/verhuizingen/", verwerking.raadpleeg, onderdeel="verwerking")
        self._bag_paden(slug)

    def _bag_paden(self, slug: str) -> None:
        for path, handler in Bag(self.register).paden().items():
            self._serveer(slug, "GET", f"bag/v2/{path}", handler, onderdeel=_BAG)

    def _serveer(self, slug: str, method: str, path: str, handler: Handler, *, onderdeel: str) -> None:
        voor = f"/{slug}/" if slug else "/"
        sjabloon = f"/{path}{{}}" if path.endswith("/") else f"/{path}"
        self._router.add(method, voor + path, handler, slug=slug, onderdeel=onderdeel, sjabloon=sjabloon)

    # --------------------------------------------------------------------------------------------------- each request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await send_response(send, await self._antwoord(scope, receive))

    async def _antwoord(self, scope: Scope, receive: Receive) -> Response:
        request = await read_request(scope, receive)
        if request is None:
            leeg = Request(method=scope["method"], path=scope["path"], query={}, headers={}, body=b"")
            return fout(leeg, 413)
        response = await self._behandel(request)
        if traceparent := request.headers.get("traceparent"):
            response.headers = {**response.headers, "traceparent": traceparent}
        return response

    async def _behandel(self, request: Request) -> Response:
        routes, deel = self._router.find(request.path)
        if not routes:
            return fout(request, 404)
        route = routes.get(request.method)
        if route is None:
            response = fout(request, 405)
            response.headers = {"Allow": ", ".join(sorted(routes))}
            return response
        request.slug, request.deel = route.slug, deel
        if route.onderdeel != _BEHEER:
            self._boeken.tel(route.slug or _BAG, route.sjabloon)
            if (weigering := await self._vooraf(request, route.onderdeel)) is not None:
                return weigering
        self._verwerkingen.werk_bij()
        antwoord = route.handler(request)
        return antwoord if isinstance(antwoord, Response) else await antwoord

    async def _vooraf(self, request: Request, onderdeel: str) -> Response | None:
        """Return what keeps this request from being answered: a fault, or something about the request itself."""
        maak: Callable[[Request, int], Response] = bag_fout if onderdeel == _BAG else fout
        if (storing := self._storingen.van(onderdeel)) is not None:
            if storing.vertraging_s:
                await asyncio.sleep(storing.vertraging_s)
            if (weigering := self._storingen.antwoord(request, storing)) is not None:
                return weigering
        if (status := self._geweigerd(request, onderdeel)) is not None:
            return maak(request, status)
        return None

    def _geweigerd(self, request: Request, onderdeel: str) -> int | None:
        headers = request.headers
        if self._config.api_key is not None:
            sleutel = headers.get("x-api-key")
            if sleutel is None:
                return 401
            if not hmac.compare_digest(sleutel.encode(), self._config.api_key.encode()):
                return 403
        if onderdeel != _BAG and not all(headers.get(naam.lower()) for naam in self._config.vereiste_headers):
            return 403
        if not _json_gewenst(headers.get("accept", "*/*")):
            return 406
        if request.body and "json" not in headers.get("content-type", "json"):
            return 415
        return None


def create_app(config: SimulatorConfig | None = None) -> App:
    """Return the simulator as an ASGI application."""
    return App(config or SimulatorConfig())


def _json_gewenst(accept: str) -> bool:
    return "json" in accept or "*/*" in accept or "application/*" in accept


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
