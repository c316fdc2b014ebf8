# SPDX-License-Identifier: EUPL-1.2
"""The simulated zaaksysteem as an ASGI app.

A framework would spend more on a call than the call itself costs here; so this routes by itself: one dict lookup, one
token lookup, a handler that mostly joins bytes that were encoded before.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from connectors.zaak.simulator import admin, notificaties, routes
from connectors.zaak.simulator.auth import NOBODY, Authenticator, Claims
from connectors.zaak.simulator.clock import Clock
from connectors.zaak.simulator.config import SimulatorConfig
from connectors.zaak.simulator.delivery import Deliver, Delivery
from connectors.zaak.simulator.resource import namespace
from connectors.zaak.simulator.routes import Route
from connectors.zaak.simulator.state import Gemeente
from connectors.zaak.simulator.web import (
    JSON_TYPE,
    ApiError,
    Request,
    Response,
    crs_missing,
    crs_unknown,
    encode,
    forbidden,
    invalid_field,
    method_not_allowed,
    not_found,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_CRS: Final = b"EPSG:4326"
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_APIS: Final = {"zaken": "v1", "catalogi": "v1", "notificaties": "v1", "objecten": "v2"}
_UNAVAILABLE: Final = Response(503, b"<h1>503 Service Unavailable</h1>", [(b"content-type", b"text/html")])
_BAD_GATEWAY: Final = Response(502, b"<h1>502 Bad Gateway</h1>", [(b"content-type", b"text/html")])


class Zaaksysteem:
    """The ASGI app; ``gemeenten``, ``storing``, ``delivery`` and ``clock`` are its state, in memory.

    ``requests`` counts the calls by route, ``refused`` those that came while the APIs were away.
    """

    def __init__(self, config: SimulatorConfig, *, deliver: Deliver | None = None) -> None:
        self.config = config
        self.routes = routes.build()
        self._authenticate = Authenticator(config.clients, geldig_s=config.jwt_geldig_s, namespace=namespace(config.seed))
        self.storing = config.storing
        self.delivery = Delivery(
            seed=config.seed, settings=config.aflevering, faults=lambda: self.storing.notificaties, deliver=deliver
        )
        self.reset()

    def reset(self) -> None:
        """Start anew: no zaken, no abonnementen, empty books, the faults of the config."""
        self.storing = self.config.storing
        self.clock = Clock(self.config.datum, shift_s=self.config.verschuiving_s)
        self.requests: Counter[str] = Counter()
        self.refused = 0
        self._errors = 0
        self._chance = random.Random(self.config.seed)  # noqa: S311 - no secret, a seed
        self.gemeenten = {item.slug: Gemeente(self.config, item) for item in self.config.gemeenten}
        for gemeente in self.gemeenten.values():
            notificaties.add_kanalen(gemeente)
        self.delivery.forget()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or take part in starting and stopping."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        body = await _body(receive)
        response = await self._respond(scope, body)
        headers = [*response.headers, (b"content-length", str(len(response.body)).encode())]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.delivery.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _respond(self, scope: Scope, body: bytes) -> Response:
        parts = scope["path"].strip("/").split("/")
        if parts[0] in {"simulator", "livez"}:
            return admin.respond(self, scope["method"], parts, scope["query_string"], body)
        if self.storing.vertraging_s:
            await asyncio.sleep(self.storing.vertraging_s)
        if self.storing.uit:
            self.refused += 1
            return _UNAVAILABLE
        gemeente = self.gemeenten.get(parts[0])
        methods = self._methods(parts) if gemeente else None
        if gemeente is None or methods is None:
            return self._error(not_found(), [])
        return await self._operate(scope, body, gemeente, parts, methods)

    def _methods(self, parts: list[str]) -> dict[str, Route] | None:
        """Return what can be done at /{gemeente}/{api}/api/v1/..., or None for an unknown path."""
        if len(parts) < 5 or parts[2] != "api" or _APIS.get(parts[1]) != parts[3]:  # noqa: PLR2004
            return None
        return self.routes.get(routes.key_of(parts[1], parts[4:]))

    async def _operate(
        self, scope: Scope, body: bytes, gemeente: Gemeente, parts: list[str], methods: dict[str, Route]
    ) -> Response:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        route = methods.get(method)
        extra = self._headers(parts[1], methods, crs=any(item.crs for item in methods.values()))
        if route is None:
            return self._error(method_not_allowed(method), extra)
        self.requests[f"{method} /{parts[1]}{route.pattern}"] += 1
        if self._strikes(self.storing.fout_percentage):
            return self._error(_server_error(), extra)
        try:
            response = await self._handle(scope, body, gemeente, parts, route)
        except ApiError as error:
            return self._error(error, extra)
        if method in _WRITES and self._strikes(self.storing.fout_na_schrijven_percentage):
            return _BAD_GATEWAY
        response.headers += extra
        return response

    async def _handle(self, scope: Scope, body: bytes, gemeente: Gemeente, parts: list[str], route: Route) -> Response:
        headers = dict(scope["headers"])
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        claims = self._claims(route, headers)
        if route.crs and method != "DELETE":
            _check_crs(method, headers)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        if route.query is not None and (unknown := query.keys() - route.query):
            reason = f"Onbekende query parameters: {', '.join(sorted(unknown))}"
            raise invalid_field("nonFieldErrors", "unknown-parameters", reason)
        request = Request(
            app=self,
            gemeente=gemeente,
            route=route,
            method=method,
            path=scope["path"],
            ids=tuple(parts[5::2]),
            query=query,
            headers=headers,
            raw=body,
            claims=claims,
        )
        answered = route.handler(request)
        return answered if isinstance(answered, Response) else await answered

    def _claims(self, route: Route, headers: dict[bytes, bytes]) -> Claims:
        if not route.scopes:
            return NOBODY
        claims = self._authenticate(headers.get(b"authorization"))
        if claims.scopes.isdisjoint(route.scopes):
            raise forbidden("permission_denied", "Je hebt geen toestemming om deze actie uit te voeren.")
        return claims

    def _headers(self, api: str, methods: dict[str, Route], *, crs: bool) -> list[tuple[bytes, bytes]]:
        version = {"zaken": self.config.api_versie, "catalogi": self.config.catalogi_versie}.get(api, "1.0.1")
        allow = ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])
        headers = [(b"api-version", version.encode()), (b"allow", allow.encode())]
        return [*headers, (b"content-crs", _CRS)] if crs else headers

    def _strikes(self, percentage: float) -> bool:
        return percentage > 0 and self._chance.random() * 100 < percentage

    def _error(self, error: ApiError, headers: list[tuple[bytes, bytes]]) -> Response:
        self._errors += 1
        instance = uuid.uuid5(namespace(self.config.seed), f"fout|{self._errors}")
        body = {
            "type": f"{self.config.basis_url}/ref/fouten/{error.soort}/",
            **error.body,
            "instance": f"urn:uuid:{instance}",
        }
        if error.invalid_params is not None:
            body["invalidParams"] = list(error.invalid_params)
        return Response(error.status, encode(body), [JSON_TYPE, *headers])


def _check_crs(method: str, headers: dict[bytes, bytes]) -> None:
    """A zaak is read with Accept-Crs and written with Content-Crs as well: 412 without, 406 with another CRS."""
    needed = [(b"content-crs", "Content-Crs")] if method in _WRITES else []
    for name, shown in [*needed, (b"accept-crs", "Accept-Crs")]:
        given = headers.get(name)
        if given is None:
            raise crs_missing(shown)
        if given != _CRS:
            raise crs_unknown(given.decode("latin-1"))


def _server_error() -> ApiError:
    text = "Er is een serverfout opgetreden."
    return ApiError(500, soort="APIException", code="error", title=text, detail=text)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body
