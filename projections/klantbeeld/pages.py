# SPDX-License-Identifier: EUPL-1.2
"""The klantbeeld page: looked for with a form that posts, so that no BSN is ever in an address or a history."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import structlog
from litestar import Request, Response, get, post

from hub import zaakfeiten
from hub.api.edge import MenuItem, edge
from hub.api.pages import Bladen, form_of, mine, only
from hub.errors import Invalid
from hub.persoonsgegevens import Tonen, open_dossier
from hub.plugins import Hub
from projections.klantbeeld.api import pseudoniem_van
from projections.klantbeeld.queries import Klantbeeld, klantbeeld, rollen, toestand

log = structlog.get_logger()
PAGES: Final = Bladen(Path(__file__).parent / "templates")
GUARDS: Final = [only("medewerker", "klantbeeld:lezen")]


@get(
    "/klantbeeld",
    guards=GUARDS,
    include_in_schema=False,
    opt={"menu": MenuItem("medewerker", "klantbeeld:lezen", "menu.klantbeeld", "/klantbeeld", 20)},
)
async def zoekblad(request: Request[Any, Any, Any]) -> Response[str]:
    """Show the form to look for a person."""
    return PAGES.toon(request, "klantbeeld.html", beeld=None, fout=None)


@post("/klantbeeld", guards=GUARDS, include_in_schema=False, status_code=200)
async def zoek(request: Request[Any, Any, Any]) -> Response[str]:
    """Show the person that was looked for; who looked is logged."""
    form = await form_of(request)
    sessie, gemeente = mine(request)
    assert sessie.medewerker is not None
    hub = edge(request).hub
    try:
        person = pseudoniem_van(gemeente, form.get("bsn", ""))
    except Invalid as error:
        return PAGES.toon(request, "klantbeeld.html", status=400, beeld=None, fout=error.problems[0][1])
    found = klantbeeld(hub, gemeente.slug, person)
    log.info("klantbeeld_viewed", gemeente=gemeente.slug, door=sessie.medewerker.id, persoon=person)
    lines = [
        {"rij": row, "rollen": rollen(row, person), "toestand": toestand(row), "behandelaar": zaakfeiten.handler(row)}
        for row in found.zaken
    ]
    return PAGES.toon(
        request,
        "klantbeeld.html",
        beeld=found,
        naam=_name(hub, gemeente.slug, found),
        zaken=lines,
        besluiten=[(row, row["besluiten"][person]) for row in found.zaken if person in row["besluiten"]],
        mag_zaak=sessie.mag("werkvoorraad:lezen"),
        fout=None,
    )


def _name(hub: Hub, gemeente: str, found: Klantbeeld) -> Tonen:
    """Return the name by the latest zaak of which the persons were fetched; masked as everywhere."""
    best = Tonen(None, "onbekend")
    for row in found.zaken:
        course = hub.read_model("zaakverloop").get(gemeente, row["uuid"])
        if course is None:
            continue
        name = open_dossier(hub.vault, course).naam(found.pseudoniem)
        if name.tekst or name.reden == "geheim":
            return name
        best = name
    return best
