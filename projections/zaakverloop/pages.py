# SPDX-License-Identifier: EUPL-1.2
"""Pages of a resident: "Mijn zaken" and "Mijn zaak". Nobody sees anything of another person here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath

from hub import zaakfeiten
from hub.api.edge import MenuItem, edge
from hub.api.login import Voorbeeld
from hub.api.pages import Bladen, mine, only
from hub.api.redenen import voor_inwoner
from hub.errors import NotFound
from hub.leesmodel import open_rows
from hub.plugins import Gemeente, Hub, Row
from projections.zaakverloop import queries
from projections.zaakverloop.stappen import is_verhuizing, verloop

PAGES: Final = Bladen(Path(__file__).parent / "templates")
EXAMPLES_FROM: Final = 400
EXAMPLES_EACH: Final = 2


def voorbeelden(hub: Hub, gemeente: Gemeente) -> Sequence[Voorbeeld]:
    """Return residents to try the pages with: a few for each situation a zaak can be in."""
    rows = hub.read_model(queries.NAME).select(gemeente.slug, order="sleutel", limit=EXAMPLES_FROM)
    by_situation: dict[str, list[Voorbeeld]] = {}
    for _, row in rows:
        if row["aangever"] and not row["verwijderd"]:
            code = verloop(row, row["aangever"]).nu.code
            number = row["identificatie"] or row["uuid"][:8]
            by_situation.setdefault(code, []).append(Voorbeeld(code, number, row["aangever"]))
    return [example for found in by_situation.values() for example in found[:EXAMPLES_EACH]]


@get(
    "/mijn",
    guards=[only("inwoner")],
    include_in_schema=False,
    opt={"menu": MenuItem("inwoner", None, "menu.mijn", "/mijn", 10), "voorbeelden": voorbeelden},
)
async def mijn_zaken(request: Request[Any, Any, Any]) -> Response[str]:
    """Show the zaken of the resident who is logged in."""
    sessie, gemeente = mine(request)
    person = sessie.persoon or ""
    found = queries.zaken_van(edge(request).hub, gemeente.slug, person)
    cards = [(row, verloop(row, person)) for row, _ in found]
    turn = sum(course.vraagt for _, course in cards)
    return PAGES.toon(request, "mijn-zaken.html", kaarten=cards, aan_zet=turn, is_verhuizing=is_verhuizing)


@get("/mijn/zaken/{uuid:uuid}", guards=[only("inwoner")], include_in_schema=False)
async def mijn_zaak(request: Request[Any, Any, Any], uuid: FromPath[UUID]) -> Response[str]:
    """Show one zaak to a resident who may see it; to anybody else it does not exist."""
    sessie, gemeente = mine(request)
    hub, person = edge(request).hub, sessie.persoon or ""
    row = queries.zaak(hub, gemeente.slug, uuid)
    opened = queries.dossier(hub, row)
    if not queries.mag_zien(row, person, opened, hub.clock.today()):
        raise NotFound("Deze zaak is hier niet bekend. Kijk of het nummer klopt.")
    seen = verloop(row, person)
    return PAGES.toon(
        request,
        "mijn-zaak.html",
        rij=row,
        verloop=seen,
        verhuizing=is_verhuizing(row),
        paren=list(pairwise([*seen.stappen, None])),
        uitleg=voor_inwoner(edge(request).teksten.voor(gemeente.slug), seen.redenen),
        adres=opened.adres(row["uuid"], voor=person),
        vraag=_question(hub, row) if seen.vraagt else None,
        status_tekst=zaakfeiten.status(row),
        resultaat=zaakfeiten.result(row),
    )


def _question(hub: Hub, row: Row) -> str | None:
    """Return what an official asked; None when nothing is asked or the question is destroyed."""
    asked = row["aanvulling"]
    if asked is None:
        return None
    opened = open_rows(hub.vault, asked["vraag"]).van(f"zaak:{row['uuid']}")
    return str(opened["vraag"]) if opened and opened.get("vraag") else None
