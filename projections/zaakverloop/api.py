# SPDX-License-Identifier: EUPL-1.2
"""``GET /v1/zaken/{uuid}``: one zaak, its state and everything that happened to it."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.params import PathParameter, QueryParameter

from hub import zaakfeiten
from hub.api.answers import PROBLEMS, Versheid, versheid
from hub.api.auth import houder, needs
from hub.api.edge import edge
from hub.api.zinnen import zin
from hub.errors import Invalid, NotFound
from hub.plugins import Hub, Row
from hub.tijdlijn import Feit, tijdlijn
from hub.tijdreis import lees_moment
from projections.zaakverloop import queries

_TOEN: Final = "de stand zoals die op dit tijdstip bekend was: RFC 3339, of een dag"


class Beoordeling(msgspec.Struct, rename="camel", frozen=True):
    """Hoe de aangifte is beoordeeld. De uitleg staat op /v1/beoordelingen/{id}."""

    id: str
    kleur: str
    redenen: list[str]
    steekproef: bool
    modus: str
    aangehouden_tot: str | None


class Gebeurtenis(msgspec.Struct, rename="camel", frozen=True):
    """Een feit uit het leven van de zaak."""

    id: str
    source: str
    type: str
    tijdstip: str
    omschrijving: str
    wie: str


class Zaak(msgspec.Struct, rename="camel", frozen=True):
    """Een zaak zoals Wissel haar kent. ``volgnummer`` noemt u bij een besluit over deze zaak."""

    uuid: str
    identificatie: str | None
    zaaktype: str | None
    zaaktype_omschrijving: str | None
    status: str | None
    resultaat: str | None
    behandelaar: str | None
    startdatum: str | None
    streefdatum: str | None
    fatale_datum: str | None
    einddatum: str | None
    opgeschort: bool
    verwijderd: bool
    beoordeling: Beoordeling | None
    gebeurtenissen: list[Gebeurtenis]
    volgnummer: int
    versheid: Versheid


@get(
    "/v1/zaken/{uuid:uuid}",
    guards=[needs("zaken:lezen")],
    tags=["Zaken"],
    operation_id="zaakLezen",
    summary="Lees een zaak",
    security=[{"token": []}],
    responses=PROBLEMS,
)
async def zaak_lezen(
    request: Request[Any, Any, Any],
    uuid: Annotated[UUID, PathParameter(description="Uuid van de zaak in het zaaksysteem.")],
    beschikbaar_op: Annotated[str | None, QueryParameter(name="beschikbaarOp", description=_TOEN)] = None,
    volgnummer: Annotated[int | None, QueryParameter(description="de stand na zoveel gebeurtenissen van deze zaak")] = None,
) -> Zaak:
    """Geeft de stand van een zaak en haar tijdlijn, gesorteerd op tijdstip en dan op id; ook zoals die eerder bekend was."""
    here = edge(request)
    gemeente = houder(request).gemeente
    row = _row(here.hub, gemeente, uuid, beschikbaar_op, volgnummer)
    return answer(row, [describe(here.teksten.voor(gemeente), f) for f in tijdlijn(row["gebeurtenissen"])], versheid(here))


def _row(hub: Hub, gemeente: str, uuid: UUID, available_at: str | None, sequence: int | None) -> Row:
    """Return the row of now, or as it was known then. Invalid when both or something else is asked."""
    if available_at is None and sequence is None:
        return queries.zaak(hub, gemeente, uuid)
    if available_at is not None and sequence is not None:
        raise Invalid([("volgnummer", "geef beschikbaarOp of volgnummer, niet allebei")])
    moment = (
        lees_moment(available_at, "beschikbaarOp") if available_at is not None else lees_moment(str(sequence), "volgnummer")
    )
    row = hub.toen(queries.NAME, gemeente=gemeente, key=str(uuid), moment=moment)
    if row is None:
        raise NotFound("Deze zaak was toen nog niet bekend.")
    return row


def describe(text: Any, fact: Feit) -> Gebeurtenis:
    """Return a line of the timeline with its sentence."""
    return Gebeurtenis(fact.id, fact.source, fact.type, fact.tijdstip, zin(text, fact), fact.wie)


def answer(row: Row, timeline: list[Gebeurtenis], fresh: Versheid) -> Zaak:
    """Return the answer of the API from a row."""
    return Zaak(
        uuid=row["uuid"],
        identificatie=row["identificatie"],
        zaaktype=row["zaaktype"],
        zaaktype_omschrijving=row["zaaktypeOmschrijving"],
        status=zaakfeiten.status(row),
        resultaat=zaakfeiten.result(row),
        behandelaar=zaakfeiten.handler(row),
        startdatum=row["ontvangst"],
        streefdatum=row["streef"],
        fatale_datum=row["fataal"],
        einddatum=row["einddatum"],
        opgeschort=row["opgeschort"],
        verwijderd=row["verwijderd"],
        beoordeling=_judgement(row),
        gebeurtenissen=timeline,
        volgnummer=row["volgnummer"],
        versheid=fresh,
    )


def _judgement(row: Row) -> Beoordeling | None:
    judged = row["oordeel"]
    if judged is None:
        return None
    return Beoordeling(
        id=judged["id"],
        kleur=judged["kleur"],
        redenen=judged["redenen"],
        steekproef=judged["steekproef"],
        modus=judged["modus"],
        aangehouden_tot=row["aangehouden"],
    )
