# SPDX-License-Identifier: EUPL-1.2
"""``GET /v1/beoordelingen/{id}``: why a declaration got its colour."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.params import PathParameter

from hub.api.answers import PROBLEMS, Versheid, versheid
from hub.api.auth import houder, needs
from hub.api.edge import edge
from hub.api.redenen import Toets, Uitleg, toetsen, uitleg
from projections.beoordelingen.queries import beoordeling


class Reden(msgspec.Struct, rename="camel", frozen=True):
    """Een reden in gewone woorden. ``grondslag`` is een wetsartikel, of beleid."""

    code: str
    uitleg: str
    grondslag: str


class Predicaat(msgspec.Struct, rename="camel", frozen=True):
    """Een toets: wat eruit kwam, op welke gegevens uit welke bronnen, volgens welke regel.

    ``invoer`` noemt per bron de gebeurtenis en het tijdstip. ``grondslag`` is een wetsartikel, of beleid.
    """

    nr: int
    naam: str
    uitkomst: str
    redenen: list[Reden]
    invoer: Any
    bronnen: list[str]
    regel: str
    grondslag: str


class Verhuizer(msgspec.Struct, rename="camel", frozen=True):
    """Het oordeel over een verhuizer."""

    pseudoniem: str
    kleur: str
    redenen: list[str]


class Beoordeling(msgspec.Struct, rename="camel", frozen=True):
    """Een beoordeling zoals zij is vastgelegd, met uitleg."""

    id: str
    zaak: str
    tijdstip: str
    kleur: str
    redenen: list[Reden]
    aangehouden_tot: str | None
    aanhoudreden: str | None
    steekproef: bool
    modus: str
    profiel_versie: str
    regels_versie: str
    gekoppelde_zaak: str | None
    per_verhuizer: list[Verhuizer]
    predicaten: list[Predicaat]
    versheid: Versheid


@get(
    "/v1/beoordelingen/{id_:uuid}",
    guards=[needs("beoordelingen:lezen")],
    tags=["Beoordelingen"],
    operation_id="beoordelingLezen",
    summary="Lees een beoordeling met uitleg",
    security=[{"token": []}],
    responses=PROBLEMS,
)
async def beoordeling_lezen(
    request: Request[Any, Any, Any],
    id_: Annotated[UUID, PathParameter(description="Id van de beoordeling, zie beoordeling.id van een zaak.")],
) -> Beoordeling:
    """Legt uit waarom een aangifte groen, oranje of rood werd: elke toets met invoer, bron, versie en regel."""
    here = edge(request)
    gemeente = houder(request).gemeente
    zaak, kept = beoordeling(here.hub, gemeente, id_)
    text = here.teksten.voor(gemeente)
    return Beoordeling(
        id=str(id_),
        zaak=zaak,
        tijdstip=kept["tijdstip"],
        kleur=kept["kleur"],
        redenen=[_reason(uitleg(text, here.teksten, code)) for code in kept["redenen"]],
        aangehouden_tot=kept["aangehoudenTot"],
        aanhoudreden=kept["aanhoudreden"],
        steekproef=kept["steekproef"],
        modus=kept["modus"],
        profiel_versie=kept["profielVersie"],
        regels_versie=kept["regelsVersie"],
        gekoppelde_zaak=kept["gekoppeldeZaak"],
        per_verhuizer=[Verhuizer(m["pseudoniem"], m["kleur"], list(m["redenen"])) for m in kept["perVerhuizer"]],
        predicaten=[_predicate(toets) for toets in toetsen(kept, text, here.teksten)],
        versheid=versheid(here),
    )


def _reason(found: Uitleg) -> Reden:
    return Reden(found.code, found.tekst, found.grondslag)


def _predicate(toets: Toets) -> Predicaat:
    reasons = [_reason(reason) for reason in toets.redenen]
    return Predicaat(
        nr=toets.nr,
        naam=toets.naam,
        uitkomst=toets.uitkomst,
        redenen=reasons,
        invoer=toets.invoer,
        bronnen=list(toets.bronnen),
        regel=toets.regel,
        grondslag=toets.grondslag,
    )
