# SPDX-License-Identifier: EUPL-1.2
"""One person in one gemeente: zaken, decisions and flags; and the lists those flags come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.events import PERSONEN, ZAKEN
from hub.plugins import Hub, Projection
from projections.klantbeeld.api import klantbeeld_zoeken
from projections.klantbeeld.apply import HANDLERS, gemarkeerd, personen
from projections.klantbeeld.lijst import hef_op, lijstblad, zet
from projections.klantbeeld.pages import zoek, zoekblad
from projections.klantbeeld.queries import NAME


def routes(_hub: Hub) -> Sequence[Any]:
    """Return the handlers: looking for a person, for programs and for staff, and keeping the lists."""
    return [klantbeeld_zoeken, zoekblad, zoek, lijstblad, zet, hef_op]


PROJECTION: Final = Projection(
    name=NAME,
    version=1,
    topics=frozenset({ZAKEN, PERSONEN}),
    handlers=HANDLERS,
    links={"persoon": personen, "gemarkeerd": gemarkeerd},
    routes=routes,
)
