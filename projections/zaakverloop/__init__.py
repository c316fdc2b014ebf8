# SPDX-License-Identifier: EUPL-1.2
"""One zaak: where it stands and what happened, for the resident and for staff."""

from __future__ import annotations

from typing import Final

from hub.events import ZAKEN
from hub.plugins import Projection
from projections.zaakverloop.apply import ENVELOPE, HANDLERS
from projections.zaakverloop.queries import NAME, betrokkenen
from projections.zaakverloop.routes import routes

PROJECTION: Final = Projection(
    name=NAME,
    version=1,
    topics=frozenset({ZAKEN}),
    handlers=HANDLERS,
    envelope=ENVELOPE,
    links={"betrokkene": betrokkenen},
    routes=routes,
)
