# SPDX-License-Identifier: EUPL-1.2
"""The connector as the hub sees it (``hub.plugins.Connector``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from connectors.stufzkn import ontvangst
from connectors.stufzkn.settings import StufZknSettings
from hub.clock import rfc3339
from hub.plugins import Connector, Executor, Hub, ReadTx, Service
from hub.verbinding import Controle, Verbinding


class StufZknConnector:
    """Messages in, and nothing out: it carries out no opdrachten."""

    name: str = "stufzkn"
    settings_model: type[BaseModel] = StufZknSettings
    tables: str = ontvangst.TABLES

    def routes(self, hub: Hub) -> Sequence[Any]:
        """Return the webhook, where the zaaksysteem of any gemeente sends StUF-ZKN."""
        settings = self._instellingen(hub)
        return [ontvangst.webhook(hub, settings)] if settings else []

    def executors(self, hub: Hub) -> Mapping[str, Executor]:  # noqa: ARG002
        """Return nothing: nothing is written back."""
        return {}

    def services(self, hub: Hub) -> Mapping[str, Service]:  # noqa: ARG002
        """Return nothing: this connector asks nobody."""
        return {}

    async def close(self, hub: Hub) -> None:
        """Hold nothing, close nothing."""

    def backlog(self, tx: ReadTx) -> int:  # noqa: ARG002
        """Return 0: a message is facts at once, no hint is left to settle."""
        return 0

    def unsettled_hints(self, tx: ReadTx, zaak: str, before: datetime) -> bool:  # noqa: ARG002
        """Return False: see ``backlog``."""
        return False

    def verbindingen(self, hub: Hub, tx: ReadTx) -> Sequence[Verbinding]:
        """Return per gemeente when its zaaksysteem told us something last (``hub.verbinding.Verbonden``)."""
        return [
            Verbinding(naam="meldingen", gemeente=slug, laatst=ontvangst.laatste(tx, slug)) for slug in self._instellingen(hub)
        ]

    async def nakijken(self, hub: Hub) -> Sequence[Controle]:
        """Tell whether anything ever came in: nobody can be asked."""
        found = await hub.read(lambda tx: self.verbindingen(hub, tx))
        return [_controle(verbinding) for verbinding in found]

    def _instellingen(self, hub: Hub) -> Mapping[str, StufZknSettings]:
        found = {slug: gemeente.plugins.get(self.name) for slug, gemeente in hub.gemeenten.items()}
        return {slug: given for slug, given in found.items() if isinstance(given, StufZknSettings)}


def _controle(verbinding: Verbinding) -> Controle:
    name = f"zaakberichten van {verbinding.gemeente}"
    if verbinding.laatst:
        return Controle(naam=name, staat="goed", tekst=f"het laatste bericht kwam op {rfc3339(verbinding.laatst)}")
    doe = "vraag de leverancier of de broker berichten te sturen, en kijk in het logboek of er een is geweigerd"
    return Controle(naam=name, staat="let-op", tekst="er is nog geen bericht gekomen", doe=doe)


CONNECTOR: Final[Connector] = StufZknConnector()
