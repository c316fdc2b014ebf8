# SPDX-License-Identifier: EUPL-1.2
"""How the hub shows a zaaksysteem who it is: a JWT of its own, a token of an OAuth2 server, and a client certificate.

Secrets in files are read again when the file changed, so that a secret or certificate can be replaced while the hub runs.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
import msgspec
import structlog

from connectors.zaak.settings import Mtls, Oauth2, ZaakSettings
from hub.errors import SourceContractBroken, SourceUnavailable

log = structlog.get_logger("wissel.zaak.toegang")
_JWT_LIFETIME_S: Final = 60.0  # the other side refuses an iat that is too old; a fresh one each minute never is
_RENEW_BEFORE_S: Final = 30.0
_DEFAULT_LIFETIME_S: Final = 300.0
_LOOK_AGAIN_S: Final = 5.0

Send = Callable[[httpx.Request, str, float], Awaitable[httpx.Response]]


class Toegang:
    """Gives the Authorization header of each request. ``vergeet`` after the other side refused it."""

    def __init__(self, settings: ZaakSettings, send: Send) -> None:
        self._settings = settings
        self._send = send
        self._token = ("", float("-inf"))  # header, until when (monotonic)
        self._asking = asyncio.Lock()

    def vergeet(self) -> None:
        """Make a new token for the next request: the other side did not take this one."""
        self._token = ("", float("-inf"))

    async def header(self) -> str:
        """Return the value of the Authorization header."""
        if self._fresh():
            return self._token[0]
        async with self._asking:
            if not self._fresh():
                self._token = await self._new()
        return self._token[0]

    def _fresh(self) -> bool:
        return time.monotonic() < self._token[1]

    async def _new(self) -> tuple[str, float]:
        if self._settings.oauth2 is not None:
            return await self._from_server(self._settings.oauth2)
        return self._jwt(), time.monotonic() + _JWT_LIFETIME_S

    def _jwt(self) -> str:
        settings = self._settings
        claims = {
            "iss": settings.client_id,
            "iat": int(time.time()),
            "client_id": settings.client_id,
            "user_id": settings.user_id,
            "user_representation": settings.user_representation,
        }
        return f"Bearer {jwt.encode(claims, settings.client_secret, algorithm='HS256')}"

    async def _from_server(self, oauth2: Oauth2) -> tuple[str, float]:
        """Ask a token with client credentials (RFC 6749, section 4.4)."""
        form = {"grant_type": "client_credentials", **({"scope": oauth2.scope} if oauth2.scope else {})}
        auth = httpx.BasicAuth(self._settings.client_id, self._settings.client_secret)
        request = next(auth.auth_flow(httpx.Request("POST", oauth2.token_url, data=form)))
        response = await self._send(request, "oauth2 token", self._settings.timeout_s)
        if response.is_client_error:
            raise SourceContractBroken(
                f"the OAuth2 server answered {response.status_code} to our credentials; check client_id and its secret"
            )
        body = _json(response)
        token = body.get("access_token")
        if not response.is_success or not isinstance(token, str) or not token:
            raise SourceUnavailable(f"the OAuth2 server answered {response.status_code} without a token; tried again")
        lifetime = body.get("expires_in")
        lifetime_s = float(lifetime) if isinstance(lifetime, (int, float)) else _DEFAULT_LIFETIME_S
        return f"Bearer {token}", time.monotonic() + max(1.0, lifetime_s - min(_RENEW_BEFORE_S, lifetime_s / 2))


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class Certificaat:
    """The TLS side: our client certificate, and whom we trust. New connections use what the files hold now."""

    def __init__(self, mtls: Mtls) -> None:
        self._mtls = mtls
        self.context = ssl.create_default_context(cafile=str(mtls.ca) if mtls.ca else None)
        self._loaded = self._seen()
        self._load()
        self._look_again_s = time.monotonic() + _LOOK_AGAIN_S

    def ververs(self) -> None:
        """Load the certificate anew when its files changed; one that cannot be read leaves the old one in use."""
        if time.monotonic() < self._look_again_s:
            return
        self._look_again_s = time.monotonic() + _LOOK_AGAIN_S
        try:
            seen = self._seen()
            if seen == self._loaded:
                return
            self._load()
        except (OSError, ssl.SSLError) as error:
            log.warning("certificate_unreadable", uitleg=f"{type(error).__name__}; het vorige certificaat blijft in gebruik")
            return
        self._loaded = seen
        log.info("certificate_renewed")

    def _load(self) -> None:
        self.context.load_cert_chain(self._mtls.certificaat, self._mtls.sleutel)
        if self._mtls.ca:
            self.context.load_verify_locations(cafile=str(self._mtls.ca))

    def _seen(self) -> tuple[tuple[int, int], ...]:
        paths = (self._mtls.certificaat, self._mtls.sleutel, self._mtls.ca)
        return tuple(_stamp(path) for path in paths if path is not None)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
