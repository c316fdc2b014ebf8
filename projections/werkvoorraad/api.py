# SPDX-License-Identifier: EUPL-1.2
"""``GET /v1/werkvoorraad``: all open work of one gemeente, without anything that measures a medewerker."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from hub import zaakfeiten
from hub.api.answers import PROBLEMS, Versheid, versheid
from hub.api.auth import houder, needs
from hub.api.edge import edge
from hub.plugins import Row
from projections.werkvoorraad.apply import kleur as kleur_van
from projections.werkvoorraad.apply import redenen
from projections.werkvoorraad.queries import NOBODY, SORTS, Vraag, voorraad


class Werk(msgspec.Struct, rename="camel", frozen=True):
    """Een zaak waar een medewerker naar moet kijken."""

    uuid: str
    identificatie: str | None
    zaaktype_omschrijving: str | None
    kleur: str | None
    redenen: list[str]
    team: str | None
    behandelaar: str | None
    startdatum: str | None
    streefdatum: str | None
    fatale_datum: str | None
    wacht_tot: str | None
    antwoord_voor: str | None
    opgeschort: bool


class Werkvoorraad(msgspec.Struct, rename="camel", frozen=True):
    """Een bladzijde van de werkvoorraad. Geef ``volgende`` mee als cursor voor de volgende."""

    items: list[Werk]
    volgende: str | None
    aantallen: dict[str, int]
    wachtend: int
    versheid: Versheid


def item(row: Row) -> Werk:
    """Return one line of the answer."""
    return Werk(
        uuid=row["uuid"],
        identificatie=row["identificatie"],
        zaaktype_omschrijving=row["zaaktypeOmschrijving"],
        kleur=kleur_van(row),
        redenen=redenen(row),
        team=row["team"],
        behandelaar=zaakfeiten.handler(row),
        startdatum=row["ontvangst"],
        streefdatum=row["streef"],
        fatale_datum=row["fataal"],
        wacht_tot=row["aangehouden"],
        antwoord_voor=row["aanvulling"]["reactieVoor"] if row["aanvulling"] else None,
        opgeschort=row["opgeschort"],
    )


@get(
    "/v1/werkvoorraad",
    guards=[needs("werkvoorraad:lezen")],
    tags=["Werkvoorraad"],
    operation_id="werkvoorraadLezen",
    summary="Lees de werkvoorraad",
    security=[{"token": []}],
    responses=PROBLEMS,
)
async def werkvoorraad_lezen(
    request: Request[Any, Any, Any],
    kleur: Annotated[str | None, QueryParameter(description="groen, oranje of rood")] = None,
    reden: Annotated[str | None, QueryParameter(description="code van een reden")] = None,
    team: Annotated[str | None, QueryParameter(description="naam van een team")] = None,
    behandelaar: Annotated[str | None, QueryParameter(description=f"medewerker, of {NOBODY} voor wat niemand heeft")] = None,
    wachtend: Annotated[bool, QueryParameter(description="zaken die op hun verhuisdatum wachten")] = False,  # noqa: FBT002
    sort: Annotated[str, QueryParameter(description=f"{', '.join(SORTS)}; met - ervoor aflopend")] = "streefdatum",
    cursor: Annotated[str | None, QueryParameter(description="waarde van volgende")] = None,
    limit: Annotated[int, QueryParameter(description="hoeveel zaken per bladzijde, hoogstens 100")] = 50,
) -> Werkvoorraad:
    """Geeft het open werk van de gemeente van het token: rood, oranje en de steekproef, en wat niet lukte."""
    here = edge(request)
    asked = Vraag(
        kleur=kleur,
        reden=reden,
        team=team,
        behandelaar=behandelaar,
        wachtend=wachtend,
        sort=sort,
        cursor=cursor,
        limit=limit,
    )
    page = voorraad(here.hub, houder(request).gemeente, asked)
    return Werkvoorraad([item(row) for row in page.rijen], page.volgende, dict(page.aantallen), page.wachtend, versheid(here))
