# SPDX-License-Identifier: EUPL-1.2
"""``GET /v1/stand`` and the page of ops."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, get

from hub.api.answers import PROBLEMS, Versheid, versheid
from hub.api.auth import houder, needs
from hub.api.edge import MenuItem, edge
from hub.api.pages import Bladen, mine, only
from projections.stand import queries

PAGES: Final = Bladen(Path(__file__).parent / "templates")


class Positie(msgspec.Struct, rename="camel", frozen=True):
    """Hoever een onderdeel is in een partitie van een topic."""

    lid: str
    topic: str
    partitie: int
    gelezen: int
    kop: int
    achter: int


class Geparkeerd(msgspec.Struct, rename="camel", frozen=True):
    """Een zaak of persoon die stilstaat voor een onderdeel, met de oorzaak."""

    lid: str
    stroom: str
    gebeurtenis: str
    soort: str
    oorzaak: str
    uitleg: str
    sinds: str
    pogingen: int
    erachter: int


class Stand(msgspec.Struct, rename="camel", frozen=True):
    """Hoe vers de gegevens zijn, hoever elk onderdeel is en wat er stilstaat."""

    versheid: Versheid
    posities: list[Positie]
    geparkeerd: list[Geparkeerd]
    opdrachten: dict[str, int]
    gebeurtenissen: int
    meldingen_open: int
    storingen: list[str]
    tellers: dict[str, int]
    werk: dict[str, int]


@get(
    "/v1/stand",
    guards=[needs("stand:lezen")],
    tags=["Stand"],
    operation_id="standLezen",
    summary="Lees de stand",
    security=[{"token": []}],
    responses=PROBLEMS,
)
async def stand_lezen(request: Request[Any, Any, Any]) -> Stand:
    """Geeft posities, versheid en wat er van de gemeente van het token geparkeerd staat."""
    here = edge(request)
    gemeente = houder(request).gemeente
    found = here.hub.stand(gemeente)
    return Stand(
        versheid=versheid(here),
        posities=[Positie(p.lid, p.topic, p.partitie, p.gelezen, p.kop, p.achter) for p in found.posities],
        geparkeerd=[msgspec.convert(p, Geparkeerd, from_attributes=True) for p in found.geparkeerd],
        opdrachten=dict(found.opdrachten),
        gebeurtenissen=found.gebeurtenissen,
        meldingen_open=found.meldingen_open,
        storingen=list(found.storingen),
        tellers=queries.tellers(here.hub, gemeente),
        werk=queries.werk(here.hub, gemeente),
    )


@get(
    "/stand",
    guards=[only("medewerker", "stand:lezen")],
    include_in_schema=False,
    opt={"menu": MenuItem("medewerker", "stand:lezen", "menu.stand", "/stand", 30)},
)
async def standblad(request: Request[Any, Any, Any]) -> Response[str]:
    """Show how far everything is."""
    _, gemeente = mine(request)
    hub = edge(request).hub
    found = hub.stand(gemeente.slug)
    return PAGES.toon(
        request,
        "stand.html",
        stand=found,
        posities=queries.per_lid(found.posities),
        tellers=queries.tellers(hub, gemeente.slug),
        werk=queries.werk(hub, gemeente.slug),
    )
