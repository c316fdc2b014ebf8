# SPDX-License-Identifier: EUPL-1.2
"""Sessions of people: kept in memory of the server, the browser holds only a random token.

A session ends after 15 minutes without activity and at the latest after 2 hours (resident) or 8 hours (staff). What a
page refreshes by itself is no activity. No BSN is kept: a resident is a pseudonym from the moment of logging in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from hub.api.settings import ApiSettings

Soort = Literal["inwoner", "medewerker"]
TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Medewerker:
    """A member of staff: ``id`` as the organisation issues it (never a BSN), what to call them, team and scopes."""

    id: str
    naam: str
    team: str | None
    scopes: frozenset[str]


@dataclass(slots=True)
class Sessie:
    """One person in one browser. ``persoon`` is the pseudonym of a resident, ``medewerker`` who of the staff it is."""

    soort: Soort
    gemeente: str
    persoon: str | None = None
    medewerker: Medewerker | None = None
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES))
    begonnen: float = 0.0
    laatst: float = 0.0
    melding: str | None = None

    def mag(self, scope: str) -> bool:
        """Return True when this is a member of staff with ``scope``."""
        return self.medewerker is not None and scope in self.medewerker.scopes

    def csrf_fits(self, token: str) -> bool:
        """Return True when ``token`` is the one this session's forms carry."""
        return hmac.compare_digest(self.csrf.encode(), token.encode("utf-8", "replace"))


class Sessies:
    """All sessions. ``now`` counts seconds and never goes back."""

    def __init__(self, settings: ApiSettings, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._by_digest: OrderedDict[str, Sessie] = OrderedDict()
        self._login_key = secrets.token_bytes(TOKEN_BYTES)

    @property
    def cookie_name(self) -> str:
        """``__Host-`` ties the cookie to this host and https; a browser refuses that prefix on plain http."""
        return "__Host-wissel" if self._settings.secure else "wissel"

    def begin(self, sessie: Sessie) -> str:
        """Keep a new session and return its token. The longest unused one goes when there are too many."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        sessie.begonnen = sessie.laatst = self._now()
        self._by_digest[_digest(token)] = sessie
        while len(self._by_digest) > self._settings.sessies_hoogstens:
            self._by_digest.popitem(last=False)
        return token

    def find(self, token: str, *, active: bool = True) -> Sessie | None:
        """Return the session of ``token`` while it lasts; ``active`` False does not count as activity."""
        digest = _digest(token)
        sessie = self._by_digest.get(digest)
        if sessie is None:
            return None
        if self._over(sessie):
            self.end(token)
            return None
        if active:
            sessie.laatst = self._now()
            self._by_digest.move_to_end(digest)
        return sessie

    def end(self, token: str) -> None:
        """Forget a session."""
        self._by_digest.pop(_digest(token), None)

    def of(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Sessie | None:
        """Return the session a request belongs to; a refresh by htmx is no activity of a person."""
        token = connection.cookies.get(self.cookie_name)
        return self.find(token, active="hx-request" not in connection.headers) if token else None

    def replace(self, request: Request[Any, Any, Any], response: Response[Any], sessie: Sessie) -> None:
        """Give the browser a new session with a new token and end the one it had (no session fixation)."""
        if old := request.cookies.get(self.cookie_name):
            self.end(old)
        response.set_cookie(self._cookie(self.begin(sessie)))

    def drop(self, request: Request[Any, Any, Any], response: Response[Any]) -> None:
        """Log out: forget the session and its cookie."""
        if old := request.cookies.get(self.cookie_name):
            self.end(old)
        response.set_cookie(self._cookie("", max_age=0))
        response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'

    def login_guard(self, connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str, Cookie]:
        """Return what guards the login form before there is a session: its CSRF token and the cookie it belongs to.

        The token is an HMAC over a random cookie, so a visitor who never logs in costs no memory.
        """
        name = self.cookie_name + "-inloggen"
        value = connection.cookies.get(name) or secrets.token_urlsafe(TOKEN_BYTES)
        return self._login_token(value), self._cookie(value, name=name)

    def login_csrf_fits(self, connection: ASGIConnection[Any, Any, Any, Any], token: str) -> bool:
        """Return True when ``token`` belongs to the cookie of the login form."""
        value = connection.cookies.get(self.cookie_name + "-inloggen", "")
        return bool(value) and hmac.compare_digest(self._login_token(value).encode(), token.encode("utf-8", "replace"))

    def _login_token(self, value: str) -> str:
        return hmac.new(self._login_key, value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _cookie(self, value: str, *, max_age: int | None = None, name: str | None = None) -> Cookie:
        return Cookie(
            key=name or self.cookie_name,
            value=value,
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._settings.secure,
            max_age=max_age,
        )

    def _over(self, sessie: Sessie) -> bool:
        longest = self._settings.sessie_medewerker_min if sessie.medewerker else self._settings.sessie_inwoner_min
        now = self._now()
        return now - sessie.laatst > self._settings.sessie_stil_min * 60 or now - sessie.begonnen > longest * 60

    def logged_in(self) -> int:
        """Return how many sessions last now."""
        return sum(not self._over(sessie) for sessie in self._by_digest.values())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
