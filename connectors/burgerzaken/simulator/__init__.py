# SPDX-License-Identifier: EUPL-1.2
"""A civil registry to test against: it speaks the official APIs, has a generated population, and keeps its own books.

    wissel simulator burgerzaken --port 8102 --seed 7 --personen 20000 --gemeenten emmen:0114,zwolle:0193

In a test: ``httpx.ASGITransport(create_app(SimulatorConfig(seed=7)))``.
"""

from __future__ import annotations

from connectors.burgerzaken.simulator.app import create_app
from connectors.burgerzaken.simulator.config import SimulatorConfig
from connectors.burgerzaken.simulator.run import run

__all__ = ["SimulatorConfig", "create_app", "run"]
