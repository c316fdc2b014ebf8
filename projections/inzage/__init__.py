# SPDX-License-Identifier: EUPL-1.2
"""Who looked: what the hub read about one person in the BRP, when, and why; for that person alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.events import PERSONEN
from hub.plugins import Hub, Projection
from projections.inzage.apply import HANDLERS
from projections.inzage.pages import mijn_inzage
from projections.inzage.queries import NAME


def routes(_hub: Hub) -> Sequence[Any]:
    """Return the page of a resident."""
    return [mijn_inzage]


PROJECTION: Final = Projection(
    name=NAME,
    version=1,
    topics=frozenset({PERSONEN}),
    handlers=HANDLERS,
    routes=routes,
)
