# SPDX-License-Identifier: EUPL-1.2
"""Every decision, explained from what it was given: predicates, inputs, rules, articles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.events import ZAKEN
from hub.plugins import Hub, Projection
from projections.beoordelingen.api import beoordeling_lezen
from projections.beoordelingen.apply import HANDLERS, ids
from projections.beoordelingen.queries import NAME


def routes(_hub: Hub) -> Sequence[Any]:
    """Return the handler that explains a decision."""
    return [beoordeling_lezen]


PROJECTION: Final = Projection(
    name=NAME,
    version=1,
    topics=frozenset({ZAKEN}),
    handlers=HANDLERS,
    links={"beoordeling": ids},
    routes=routes,
)
