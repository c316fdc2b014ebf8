# SPDX-License-Identifier: EUPL-1.2
"""How far everything is, how fresh, and what stands still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.events import ZAKEN
from hub.plugins import Hub, Projection
from projections.stand.apply import HANDLERS
from projections.stand.queries import NAME
from projections.stand.routes import ROUTES


def routes(_hub: Hub) -> Sequence[Any]:
    """Return the handlers of ops."""
    return ROUTES


PROJECTION: Final = Projection(
    name=NAME,
    version=1,
    topics=frozenset({ZAKEN}),
    handlers=HANDLERS,
    per="partitie",
    routes=routes,
)
