# SPDX-License-Identifier: EUPL-1.2
"""The connection to one source: its certificate, and the token that goes along; both renewed while the hub runs."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import httpx
import structlog

from connectors.burgerzaken.gateway import Gateway, OAuth
from hub.errors import SourceUnavailable
from hub.geheimen import stamp
from hub.transport import Connections

_LOG = structlog.get_logger("wissel.burgerzaken.toegang")
_EARLIER_S: Final = 30.0  # a token is renewed this long before it ends: a request takes time too
_SHORTEST_S: Final = 60.0  # what a token is taken to be good for when its answer does not say
_REFUSED_PAUSE_S: Final = 60.0  # a person must mend this


class Verbinding:
    """Connections through one gateway. ``client`` is renewed when a certificate file was replaced."""

    def __init__(
        self,
        gateway: Gateway,
        make: Callable[..., httpx.AsyncClient],
        *,
        most: int,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway, self._make, self._most, self._transport = gateway, make, most, transport
        self._files = (gateway.certificaat, gateway.certificaat_sleutel, gateway.ca_bestand)
        self._seen = stamp(*self._files)
        self._client = self._connect()
        self._retired: list[httpx.AsyncClient] = []
        self.token = Token(gateway.oauth, monotonic_s) if gateway.oauth else None

    def client(self) -> httpx.AsyncClient:
        """Return the client for one request. What still runs over an older certificate ends as it began."""
        if (now := stamp(*self._files)) != self._seen:
            try:
                renewed = self._connect()
            except (OSError, ssl.SSLError) as fault:
                _LOG.warning("certificate_unreadable", uitleg=f"{type(fault).__name__}; the certificate known stays in use")
            else:
                self._retired.append(self._client)
                self._client, self._seen = renewed, now
        return self._client

    async def aclose(self) -> None:
        """Close every connection."""
        for client in (*self._retired, self._client):
            await client.aclose()

    def _connect(self) -> httpx.AsyncClient:
        return self._make(transport=self._transport or connections(self._gateway, most=self._most))


class Token:
    """A bearer token, fetched when needed and kept until shortly before it ends. One fetch at a time."""

    def __init__(self, oauth: OAuth, monotonic_s: Callable[[], float]) -> None:
        self._oauth, self._monotonic_s = oauth, monotonic_s
        self._value, self._until_s = "", 0.0
        self._lock = asyncio.Lock()

    async def header(self, client: httpx.AsyncClient) -> dict[str, str]:
        """Return the Authorization header. Raises SourceUnavailable when no token can be had."""
        async with self._lock:
            if not self._value or self._monotonic_s() >= self._until_s:
                await self._fetch(client)
            return {"Authorization": f"Bearer {self._value}"}

    def drop(self, header: str) -> None:
        """Forget the token that was refused; one fetched meanwhile stays."""
        if header == f"Bearer {self._value}":
            self._value = ""

    async def _fetch(self, client: httpx.AsyncClient) -> None:
        try:
            response = await client.post(self._oauth.token_url, data=self._oauth.form(), headers={"Accept": "application/json"})
        except httpx.HTTPError as fault:
            raise SourceUnavailable(
                f"token: no answer of the token service ({type(fault).__name__}); check token_url and whether it runs"
            ) from fault
        if response.status_code != HTTPStatus.OK:
            refused = response.is_client_error and response.status_code != HTTPStatus.TOO_MANY_REQUESTS
            raise SourceUnavailable(
                f"token: the token service answered {response.status_code}; check client_id and client_geheim",
                retry_after_s=_REFUSED_PAUSE_S if refused else None,
            )
        self._value, lasts_s = _token_of(response)
        self._until_s = self._monotonic_s() + max(lasts_s - _EARLIER_S, lasts_s / 2)


def _token_of(response: httpx.Response) -> tuple[str, float]:
    try:
        answer: Any = json.loads(response.content)
    except (ValueError, RecursionError):
        answer = None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token.isprintable():
        raise SourceUnavailable("token: the answer holds no access_token; does something in front of it answer in its place?")
    lasts = answer.get("expires_in")
    return token, float(lasts) if isinstance(lasts, int | float) and lasts > 0 else _SHORTEST_S


def connections(gateway: Gateway, *, most: int) -> Connections:
    """Return how a source is reached: which certificate is shown, whose is trusted, through which proxy."""
    verify: ssl.SSLContext | None = None
    if gateway.ca_bestand is not None or gateway.certificaat is not None:
        verify = ssl.create_default_context(cafile=gateway.ca_bestand)
        if gateway.certificaat is not None:
            verify.load_cert_chain(gateway.certificaat, gateway.certificaat_sleutel)
    return Connections(most=most, verify=verify, proxy=gateway.proxy)
