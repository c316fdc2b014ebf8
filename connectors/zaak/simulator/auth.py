# SPDX-License-Identifier: EUPL-1.2
"""Who calls: the JWT (HS256) of the ZGW APIs, checked as commonground-api-common does it; every failure is a 403."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import jwt

from connectors.zaak.simulator.config import Client
from connectors.zaak.simulator.web import ApiError, forbidden, not_authenticated

_CACHE_SIZE: Final = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid JWT says: who calls (``client_id``), on behalf of which user, issued when (``iat``, seconds)."""

    client_id: str
    applicatie_id: str
    scopes: frozenset[str]
    user_id: str = ""
    user_representation: str = ""
    iat: float = 0.0

    def may(self, *scopes: str) -> bool:
        """Return True when the client has one of ``scopes``."""
        return not self.scopes.isdisjoint(scopes)


NOBODY: Final = Claims("", "", frozenset())


class Authenticator:
    """Checks the Authorization header. A token that was valid is remembered: only its age is looked at again."""

    def __init__(self, clients: Iterable[Client], *, geldig_s: float, namespace: uuid.UUID) -> None:
        self._clients = {client.client_id: client for client in clients}
        self._geldig_s = geldig_s
        self._namespace = namespace
        self._known: dict[bytes, Claims] = {}

    def __call__(self, header: bytes | None) -> Claims:
        """Return the claims; ApiError 403 with the code of what is wrong."""
        if header is None or not header.startswith(b"Bearer "):
            raise not_authenticated()
        claims = self._known.get(header)
        if claims is None:
            claims = self._verify(header[7:].decode("latin-1"))
            if len(self._known) >= _CACHE_SIZE:
                self._known.clear()
            self._known[header] = claims
        if time.time() - claims.iat > self._geldig_s:
            raise forbidden("jwt-expired", "The JWT used for this request is expired")
        return claims

    def _verify(self, token: str) -> Claims:
        client = self._client(token)
        try:
            payload = jwt.decode(token, client.secret, algorithms=["HS256"], options={"verify_aud": False})
        except jwt.InvalidSignatureError as error:
            raise forbidden("invalid-jwt-signature", "Client credentials zijn niet geldig") from error
        except jwt.ExpiredSignatureError as error:
            raise forbidden("jwt-expired", "The JWT used for this request is expired") from error
        except jwt.PyJWTError as error:
            raise forbidden("permission_denied", str(error)) from error
        if not isinstance(payload.get("iat"), (int, float)):
            raise forbidden("jwt-missing-iat", "Het JWT heeft geen iat claim")
        return Claims(
            client_id=client.client_id,
            applicatie_id=str(uuid.uuid5(self._namespace, f"applicatie|{client.client_id}")),
            scopes=client.scopes,
            user_id=str(payload.get("user_id") or ""),
            user_representation=str(payload.get("user_representation") or ""),
            iat=float(payload["iat"]),
        )

    def _client(self, token: str) -> Client:
        try:
            payload = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise _undecodable() from error
        client_id = payload.get("client_id")
        if client_id is None:
            raise forbidden("missing-client-identifier", "Client identifier is niet aanwezig in JWT")
        if client_id not in self._clients:
            raise forbidden("invalid-client-identifier", "Client identifier bestaat niet")
        return self._clients[client_id]


def _undecodable() -> ApiError:
    text = "Het JWT kon niet gedecodeerd worden. Mogelijks heb je een copy-paste fout gemaakt"
    return forbidden("jwt-decode-error", text)
