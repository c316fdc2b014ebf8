# SPDX-License-Identifier: EUPL-1.2
"""Who may ask what: bearer tokens with scopes for programs. Configuration holds only the SHA-256 of each token.

Tokens are 256 random bits, so one SHA-256 is enough to make a leaked configuration useless. Every configured token is
compared, in constant time, whether an earlier one fitted or not.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from hub.api.edge import edge
from hub.api.settings import TokenSettings
from hub.errors import ConfigError

log = structlog.get_logger()
Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


@dataclass(frozen=True, slots=True)
class Houder:
    """Who holds a token: a program with a name, one gemeente and scopes."""

    naam: str
    gemeente: str
    scopes: frozenset[str]


class Tokens:
    """All configured tokens. ConfigError names every token that cannot be right, all at once."""

    def __init__(self, settings: Sequence[TokenSettings], gemeenten: Mapping[str, Any]) -> None:
        problems = [
            f"api.tokens.{number}.gemeente: {token.gemeente!r} is geen ingestelde gemeente; kies uit {sorted(gemeenten)}"
            for number, token in enumerate(settings)
            if token.gemeente not in gemeenten
        ]
        if len({token.sha256 for token in settings}) != len(settings):
            problems.append("api.tokens: twee tokens zijn gelijk; maak voor elk systeem een eigen token")
        if problems:
            raise ConfigError(problems)
        self._known = [(bytes.fromhex(t.sha256), Houder(t.naam, t.gemeente, frozenset(t.scopes))) for t in settings]

    def holder(self, token: str) -> Houder | None:
        """Return who holds ``token``, or None."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found: Houder | None = None
        for known, holder in self._known:
            if hmac.compare_digest(known, digest):
                found = holder
        return found


def new_token() -> tuple[str, str]:
    """Return a new token and the SHA-256 (hex) that goes into the configuration."""
    token = secrets.token_urlsafe(32)
    return token, hashlib.sha256(token.encode()).hexdigest()


def needs(scope: str) -> Guard:
    """Return a guard: 401 without a good bearer token, 403 when it lacks ``scope``."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        kind, _space, token = connection.headers.get("authorization", "").partition(" ")
        holder = edge(connection).tokens.holder(token.strip()) if kind.lower() == "bearer" else None
        if holder is None:
            raise NotAuthorizedException(
                "Stuur een geldig token mee: Authorization: Bearer <token>.",
                headers={"WWW-Authenticate": 'Bearer realm="wissel"'},
            )
        if scope not in holder.scopes:
            log.warning("access_refused", door=holder.naam, gemeente=holder.gemeente, scope=scope)
            raise PermissionDeniedException(f"Dit token mist het recht {scope}.")
        connection.state.houder = holder

    guard.scope = scope  # type: ignore[attr-defined]  # read by the test that every /v1 route has a policy
    return guard


def houder(request: Request[Any, Any, Any]) -> Houder:
    """Return who asks; only behind ``needs``."""
    found = request.state.houder
    assert isinstance(found, Houder)
    return found
