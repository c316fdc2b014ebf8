# SPDX-License-Identifier: EUPL-1.2
"""``GET /v1/stand`` and the pages of ops: one glance, what is parked with what can be done about it, and one stream drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from hub.api.answers import PROBLEMS, Versheid, versheid
from hub.api.auth import houder, needs
from hub.api.edge import MenuItem, edge
from hub.api.pages import Bladen, form_of, mine, naar, only
from hub.api.sessions import Sessie
from hub.errors import NotFound
from projections.stand import queries
from projections.stand.plaatje import WIDTH, X, teken

PAGES: Final = Bladen(Path(__file__).parent / "templates")


class Positie(msgspec.Struct, rename="camel", frozen=True):
    """Hoever een onderdeel is in een partitie van een topic."""

    lid: str
    topic: str
    partitie: int
    gelezen: int
    kop: int
    achter: int
    achter_s: float


class Geparkeerd(msgspec.Struct, rename="camel", frozen=True):
    """Een zaak of persoon die stilstaat voor een onderdeel, met de oorzaak."""

    nummer: str
    lid: str
    stroom: str
    gebeurtenis: str
    soort: str
    oorzaak: str
    woorden: str
    uitleg: str
    sinds: str
    laatst: str
    pogingen: int
    erachter: int


class Bevinding(msgspec.Struct, rename="camel", frozen=True):
    """Iets dat een mens nodig heeft, en sinds wanneer."""

    soort: str
    over: str
    aantal: int
    grens: int
    sinds: str
    alarm: bool


class Stand(msgspec.Struct, rename="camel", frozen=True):
    """Hoe vers de gegevens zijn, hoever elk onderdeel is en wat er stilstaat."""

    versheid: Versheid
    bevindingen: list[Bevinding]
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
        bevindingen=[msgspec.convert(b, Bevinding, from_attributes=True) for b in here.hub.bediening.toezicht()],
        posities=[Positie(p.lid, p.topic, p.partitie, p.gelezen, p.kop, p.achter, p.achter_s) for p in found.posities],
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
    """Show at a glance whether all is well, and how far everything is."""
    _, gemeente = mine(request)
    hub = edge(request).hub
    found = hub.stand(gemeente.slug)
    return PAGES.toon(
        request,
        "stand.html",
        stand=found,
        bevindingen=hub.bediening.toezicht(),
        beeld=hub.bediening.beeld(gemeente.slug),
        oorzaken=queries.per_oorzaak(found.geparkeerd),
        posities=queries.per_lid(found.posities),
        tellers=queries.tellers(hub, gemeente.slug),
        werk=queries.werk(hub, gemeente.slug),
    )


@get("/stand/geparkeerd", guards=[only("medewerker", "stand:lezen")], include_in_schema=False)
async def geparkeerd_blad(request: Request[Any, Any, Any]) -> Response[str]:
    """Show one entry, or all of a cause, and ask whether to try it again or leave it out."""
    _, gemeente = mine(request)
    nummer, oorzaak = (request.query_params.get(name, "") for name in ("nummer", "oorzaak"))
    found = edge(request).hub.stand(gemeente.slug).geparkeerd
    chosen = [p for p in found if (nummer and p.nummer == nummer) or (oorzaak and p.oorzaak == oorzaak)]
    if not chosen:
        raise NotFound("Dit staat niet meer geparkeerd. Ga terug naar de stand.")
    return PAGES.toon(request, "geparkeerd.html", gekozen=chosen, nummer=nummer, oorzaak=oorzaak)


@post("/stand/opnieuw", guards=[only("medewerker", "stand:lezen")], include_in_schema=False, status_code=303)
async def opnieuw(request: Request[Any, Any, Any]) -> Redirect:
    """Try one entry or a cause again; what came of it is told on the page that follows."""
    form = await form_of(request)
    sessie, gemeente = mine(request)
    given = {name: form.get(name, "") for name in ("nummer", "oorzaak", "reden")}
    done = await edge(request).hub.bediening.opnieuw(gemeente.slug, **given, door=_who(sessie))
    how = "mislukt" if done.mislukt else "deels" if done.over else "gelukt"
    text = edge(request).teksten.voor(gemeente.slug)
    sessie.melding = text(f"standblad.opnieuw_{how}", gelukt=done.gelukt, over=done.over, nummer=done.mislukt or "")
    return naar("/stand")


@post("/stand/overslaan", guards=[only("medewerker", "stand:lezen")], include_in_schema=False, status_code=303)
async def overslaan(request: Request[Any, Any, Any]) -> Redirect:
    """Leave one entry out for good."""
    form = await form_of(request)
    sessie, gemeente = mine(request)
    given = {name: form.get(name, "") for name in ("nummer", "reden")}
    clear = await edge(request).hub.bediening.overslaan(gemeente.slug, **given, door=_who(sessie))
    sessie.melding = edge(request).teksten.voor(gemeente.slug)(f"standblad.overgeslagen{'' if clear else '_maar'}")
    return naar("/stand")


@get("/stand/stroom/{key:str}", guards=[only("medewerker", "stand:lezen")], include_in_schema=False)
async def stroomblad(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[str]:
    """Draw the events of one zaak, person or address: what caused what."""
    _, gemeente = mine(request)
    steps = edge(request).hub.bediening.stroom(gemeente.slug, key)
    return PAGES.toon(request, "stroom.html", sleutel=key, plaat=teken(steps), x=X, breedte=WIDTH)


def _who(sessie: Sessie) -> str:
    assert sessie.medewerker is not None  # these pages are staff's
    return sessie.medewerker.id


ROUTES: Final = (stand_lezen, standblad, geparkeerd_blad, opnieuw, overslaan, stroomblad)
