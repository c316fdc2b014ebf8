# SPDX-License-Identifier: EUPL-1.2
"""What every request handler may need, in one object on the application: the hub, sessions, tokens, texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from litestar.connection import ASGIConnection

from hub.plugins import Hub

if TYPE_CHECKING:
    from hub.api.auth import Tokens
    from hub.api.login import LoginPort, Voorbeelden
    from hub.api.sessions import Sessies
    from hub.api.settings import ApiSettings
    from hub.api.teksten import Teksten


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the menu: for whom, behind which scope (None: everybody of that kind), its text and path."""

    soort: str
    scope: str | None
    tekst: str
    path: str
    plaats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The parts of the HTTP side. One per application."""

    hub: Hub
    settings: ApiSettings
    tokens: Tokens
    sessies: Sessies
    login: LoginPort | None
    teksten: Teksten
    menu: Sequence[MenuItem] = ()
    vendor: Sequence[str] = ()
    themas: frozenset[str] = frozenset()
    voorbeelden: Voorbeelden | None = None

    def versheid(self) -> Versheid:
        """Return how fresh what is shown is, now."""
        fresh = self.hub.freshness()
        late = (self.hub.clock.now() - fresh.tot).total_seconds() if fresh.achter else 0.0
        return Versheid(fresh.tot, fresh.achter, fresh.geparkeerd, max(0.0, late), late > self.settings.achter_na_s)


@dataclass(frozen=True, slots=True)
class Versheid:
    """How fresh a page is. ``achter_s`` is 0 while all that was logged is shown; ``oud`` asks for a banner."""

    tot: datetime
    achter: int
    geparkeerd: int
    achter_s: float
    oud: bool


def edge(connection: ASGIConnection[Any, Any, Any, Any]) -> Edge:
    """Return the edge a connection came in through."""
    found = connection.app.state.edge
    assert isinstance(found, Edge)
    return found
