# SPDX-License-Identifier: EUPL-1.2
"""The connector as the hub sees it (``hub.plugins.Connector``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from connectors.stufzkn import ontvangst
from connectors.stufzkn.settings import StufZknSettings
from hub.plugins import Connector, Executor, Hub, ReadTx, Service


class StufZknConnector:
    """Messages in, and nothing out: it carries out no opdrachten."""

    name: str = "stufzkn"
    settings_model: type[BaseModel] = StufZknSettings
    tables: str = ontvangst.TABLES

    def routes(self, hub: Hub) -> Sequence[Any]:
        """Return the webhook, where the zaaksysteem of any gemeente sends StUF-ZKN."""
        found = {slug: gemeente.plugins.get(self.name) for slug, gemeente in hub.gemeenten.items()}
        settings = {slug: given for slug, given in found.items() if isinstance(given, StufZknSettings)}
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


CONNECTOR: Final[Connector] = StufZknConnector()
