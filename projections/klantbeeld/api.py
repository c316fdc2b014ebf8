# SPDX-License-Identifier: EUPL-1.2
"""``POST /v1/klantbeelden/_zoek``: one person, looked for by BSN in the body, never in an address."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import structlog
from litestar import Request, post
from litestar.params import JSONBody
from pydantic import BaseModel, ConfigDict, Field

from hub import zaakfeiten
from hub.api.answers import PROBLEMS, Versheid, versheid
from hub.api.auth import houder, needs
from hub.api.edge import edge
from hub.errors import Invalid
from hub.plugins import Gemeente, Row
from hub.privacy import Bsn
from projections.klantbeeld.queries import Klantbeeld, klantbeeld, rollen, toestand

log = structlog.get_logger()


class Zoekvraag(BaseModel):
    """Wie u zoekt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bsn: Annotated[str, Field(min_length=1, max_length=20, description="Burgerservicenummer, negen cijfers.")]


class Besluit(msgspec.Struct, rename="camel", frozen=True):
    """Wat een medewerker over deze persoon besloot: goedgekeurd of niet-gevolgd."""

    uitkomst: str
    door: str
    datum: str
    kenmerk: str | None


class ZaakVanKlant(msgspec.Struct, rename="camel", frozen=True):
    """Een zaak waar deze persoon aan meedoet."""

    uuid: str
    identificatie: str | None
    zaaktype_omschrijving: str | None
    rollen: list[str]
    stand: str
    status: str | None
    kleur: str | None
    behandelaar: str | None
    startdatum: str | None
    streefdatum: str | None
    fatale_datum: str | None
    einddatum: str | None
    resultaat: str | None
    besluit: Besluit | None


class Vlag(msgspec.Struct, rename="camel", frozen=True):
    """Een markering die nu geldt."""

    id: str
    soort: str
    verloopt: str | None


class Wijziging(msgspec.Struct, rename="camel", frozen=True):
    """Een wijziging in de BRP; ``verhuizing`` zegt of het een verhuizing was."""

    id: str
    soort: str
    verhuizing: bool
    datum: str | None
    tijdstip: str
    gemeente_van: str | None
    gemeente_naar: str | None


class Klant(msgspec.Struct, rename="camel", frozen=True):
    """Alles wat deze gemeente in Wissel over een persoon heeft."""

    zaken: list[ZaakVanKlant]
    vlaggen: list[Vlag]
    wijzigingen: list[Wijziging]
    versheid: Versheid


def pseudoniem_van(gemeente: Gemeente, bsn: str) -> str:
    """Return the pseudonym of a BSN as somebody typed it; Invalid, without the number, when it is none."""
    try:
        return gemeente.pseudonym(Bsn(bsn.replace(" ", "").replace(".", "")))
    except ValueError:
        raise Invalid([("bsn", "dit is geen geldig burgerservicenummer: negen cijfers die de elfproef doorstaan")]) from None


@post(
    "/v1/klantbeelden/_zoek",
    guards=[needs("klantbeeld:lezen")],
    status_code=200,
    tags=["Klantbeelden"],
    operation_id="klantbeeldZoeken",
    summary="Zoek het klantbeeld van een persoon",
    security=[{"token": []}],
    responses=PROBLEMS,
)
async def klantbeeld_zoeken(request: Request[Any, Any, Any], data: JSONBody[Zoekvraag]) -> Klant:
    """Geeft de zaken, besluiten en vlaggen van een persoon. Wie niemand kent krijgt lege lijsten."""
    here = edge(request)
    holder = houder(request)
    person = pseudoniem_van(here.hub.gemeenten[holder.gemeente], data.bsn)
    found = klantbeeld(here.hub, holder.gemeente, person)
    log.info("klantbeeld_viewed", gemeente=holder.gemeente, door=holder.naam, persoon=person)
    return answer(found, versheid(here))


def answer(found: Klantbeeld, fresh: Versheid) -> Klant:
    """Return the answer of the API."""
    return Klant(
        zaken=[_zaak(row, found.pseudoniem) for row in found.zaken],
        vlaggen=[Vlag(mark["id"], mark["soort"], mark["verloopt"]) for mark in found.markeringen],
        wijzigingen=[_change(change) for change in found.wijzigingen],
        versheid=fresh,
    )


def _zaak(row: Row, person: str) -> ZaakVanKlant:
    judged, decided = row["oordeel"], row["besluiten"].get(person)
    return ZaakVanKlant(
        uuid=row["uuid"],
        identificatie=row["identificatie"],
        zaaktype_omschrijving=row["zaaktypeOmschrijving"],
        rollen=rollen(row, person),
        stand=toestand(row),
        status=zaakfeiten.status(row),
        kleur=judged["kleur"] if judged else None,
        behandelaar=zaakfeiten.handler(row),
        startdatum=row["ontvangst"],
        streefdatum=row["streef"],
        fatale_datum=row["fataal"],
        einddatum=row["einddatum"],
        resultaat=row["afgerond"],
        besluit=Besluit(*decided) if decided else None,
    )


def _change(change: dict[str, Any]) -> Wijziging:
    return Wijziging(
        id=change["id"],
        soort=change["soort"],
        verhuizing=change["verhuizing"],
        datum=change["datum"],
        tijdstip=change["tijdstip"],
        gemeente_van=change["gemeenteVan"],
        gemeente_naar=change["gemeenteNaar"],
    )
