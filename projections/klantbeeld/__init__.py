# SPDX-License-Identifier: EUPL-1.2
"""One person in one gemeente: zaken, decisions and flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.events import PERSONEN, ZAKEN
from hub.plugins import Hub, Projection
from projections.klantbeeld.api import klantbeeld_zoeken
from projections.klantbeeld.apply import HANDLERS, personen
from projections.klantbeeld.pages import zoek, zoekblad
from projections.klantbeeld.queries import NAME


def routes(_hub: Hub) -> Sequence[Any]:
    """Return the handlers: looking for a person, for programs and for staff."""
    return [klantbeeld_zoeken, zoekblad, zoek]


PROJECTION: Final = Projection(
    name=NAME,
    version=1,
    topics=frozenset({ZAKEN, PERSONEN}),
    handlers=HANDLERS,
    links={"persoon": personen},
    routes=routes,
)
