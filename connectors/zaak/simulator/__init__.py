# SPDX-License-Identifier: EUPL-1.2
"""A zaaksysteem to test against: Catalogi, Zaken, Notificaties and an Objects API stand-in, over HTTP, in memory.

``create_app(config)`` is the ASGI app, ``run`` the command ``wissel simulator zaaksysteem``. It behaves as Open Zaak
1.21 and Open Notificaties 1.9 were observed to, under ``/{gemeente}/...``; under ``/simulator/`` it keeps its own books.
"""

from __future__ import annotations

from connectors.zaak.simulator.app import Zaaksysteem
from connectors.zaak.simulator.command import run
from connectors.zaak.simulator.config import (
    ALLES,
    GEWOON,
    Aflevering,
    Client,
    GemeenteConfig,
    Notificatiefouten,
    SimulatorConfig,
    Storing,
    gemeente,
)
from connectors.zaak.simulator.delivery import Deliver

__all__ = [
    "ALLES",
    "GEWOON",
    "Aflevering",
    "Client",
    "GemeenteConfig",
    "Notificatiefouten",
    "SimulatorConfig",
    "Storing",
    "Zaaksysteem",
    "create_app",
    "gemeente",
    "run",
]


def create_app(config: SimulatorConfig | None = None, *, deliver: Deliver | None = None) -> Zaaksysteem:
    """Return the ASGI app.

    ``deliver(url, auth, body)`` posts one notification and returns the status, or None when no answer came; by
    default over the network. A test passes its own to reach an app in the same process.
    """
    return Zaaksysteem(config or SimulatorConfig(), deliver=deliver)
