# SPDX-License-Identifier: EUPL-1.2
"""All open work of a gemeente, red included: what it is, why, by when, and who has picked it up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.events import ZAKEN
from hub.plugins import Hub, Projection
from projections.werkvoorraad.acties import OPERATIONS
from projections.werkvoorraad.api import werkvoorraad_lezen
from projections.werkvoorraad.apply import COLUMNS, HANDLERS
from projections.werkvoorraad.pages import doe, lijst, toen, zaak
from projections.werkvoorraad.queries import NAME


def routes(_hub: Hub) -> Sequence[Any]:
    """Return the handlers: the stock, what can be done with a zaak, and the pages of staff."""
    return [werkvoorraad_lezen, *OPERATIONS, lijst, zaak, toen, doe]


PROJECTION: Final = Projection(
    name=NAME,
    version=3,
    topics=frozenset({ZAKEN}),
    handlers=HANDLERS,
    columns=COLUMNS,
    routes=routes,
)
