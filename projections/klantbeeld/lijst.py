# SPDX-License-Identifier: EUPL-1.2
"""The page of lists: institutions, mass addresses and watch-list marks, kept by two people with a reason.

Reasons and names are sealed and opened only here, for staff who may keep the lists. A BSN comes in a form, never in an
address, and is forgotten for the pseudonym.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from litestar import Request, Response, get, post

from hub.api.edge import MenuItem, edge
from hub.api.pages import Bladen, form_of, mine, naar, only
from hub.errors import Invalid, KeyDestroyed
from hub.events import NewEvent
from hub.leesmodel import open_rows
from hub.lijsten import SOORTEN, Markering, lifted
from hub.plugins import Gemeente, Hub, SealedEvent, Tx
from projections.klantbeeld.api import pseudoniem_van
from projections.klantbeeld.queries import NAME, counts

log = structlog.get_logger()
PAGES: Final = Bladen(Path(__file__).parent / "templates")
SCOPE: Final = "lijst:beheren"
GUARDS: Final = [only("medewerker", SCOPE)]
BAG_DIGITS: Final = 16
_RESEALS: Final = 3
_VISIBLE_TRIES: Final = 100
_LOOK_EACH_S: Final = 0.02


@get(
    "/lijst",
    guards=GUARDS,
    include_in_schema=False,
    opt={"menu": MenuItem("medewerker", SCOPE, "menu.lijst", "/lijst", 25)},
)
async def lijstblad(request: Request[Any, Any, Any]) -> Response[str]:
    """Show every mark of the gemeente and the form to set one."""
    return _page(request)


@post("/lijst", guards=GUARDS, include_in_schema=False, status_code=303)
async def zet(request: Request[Any, Any, Any]) -> Response[Any]:
    """Set a mark; what is wrong comes back with what was filled in, but for the BSN."""
    form = await form_of(request)
    sessie, gemeente = mine(request)
    assert sessie.medewerker is not None
    hub = edge(request).hub
    try:
        mark = _mark(gemeente, form, sessie.medewerker.id)
        mark.check(hub.clock.today())
    except Invalid as error:
        return _page(request, ingevuld={**form, "bsn": ""}, fout=error)
    event = mark.event(gemeente)
    await _put(hub, event)
    log.info("mark_set", gemeente=gemeente.slug, door=sessie.medewerker.id, soort=mark.soort, markering=event.id)
    await _wait(hub, gemeente.slug, event.key, event.id, there=True)
    sessie.melding = edge(request).teksten.voor(gemeente.slug)("lijst.gezet")
    return naar("/lijst")


@post("/lijst/opheffen", guards=GUARDS, include_in_schema=False, status_code=303)
async def hef_op(request: Request[Any, Any, Any]) -> Response[Any]:
    """Lift a mark, with a reason."""
    form = await form_of(request)
    sessie, gemeente = mine(request)
    assert sessie.medewerker is not None
    hub, me = edge(request).hub, sessie.medewerker.id
    over, number = form.get("over", ""), form.get("markering", "")
    try:
        event = lifted(gemeente, over, number, soort=_kind(hub, gemeente, over, number), reden=form.get("reden", ""), door=me)
    except Invalid as error:
        return _page(request, fout=error)
    await _put(hub, event)
    log.info("mark_lifted", gemeente=gemeente.slug, door=me, markering=number)
    await _wait(hub, gemeente.slug, event.key, number, there=False)
    sessie.melding = edge(request).teksten.voor(gemeente.slug)("lijst.opgeheven")
    return naar("/lijst")


def _kind(hub: Hub, gemeente: Gemeente, over: str, number: str) -> str:
    """Return what kind of mark it is; Invalid when it is not there (any more)."""
    row = hub.read_model(NAME).get(gemeente.slug, f"{gemeente.slug}:{over}")
    mark = row["markeringen"].get(number) if row else None
    if mark is None:
        raise Invalid([("markering", "deze markering is er niet meer")])
    return str(mark["soort"])


def _mark(gemeente: Gemeente, form: Mapping[str, str], author: str) -> Markering:
    """Return the mark a form asks for. Invalid when it names no one address or person, or no date."""
    bag, bsn = form.get("bagId", ""), form.get("bsn", "")
    if bool(bag) == bool(bsn):
        raise Invalid([("bagId", "vul een adres in, of een burgerservicenummer, en niet allebei")])
    if bag and not (bag.isascii() and bag.isdigit() and len(bag) == BAG_DIGITS):
        raise Invalid([("bagId", "een BAG-nummer heeft 16 cijfers")])
    try:
        expires = date.fromisoformat(form["verloopt"]) if form.get("verloopt") else None
    except ValueError:
        raise Invalid([("verloopt", "dit is geen datum; schrijf jjjj-mm-dd")]) from None
    return Markering(
        soort=form.get("soort", ""),
        over=bag or pseudoniem_van(gemeente, bsn),
        reden=form.get("reden", ""),
        auteur=author,
        tweede_persoon=form.get("tweedePersoon", ""),
        verloopt=expires,
    )


async def _put(hub: Hub, event: NewEvent) -> None:
    """Put a fact down; sealed again when its key was destroyed in between."""
    for attempt in range(_RESEALS):
        try:
            await hub.write(partial(_down, hub.seal([event])), urgent=True)
        except KeyDestroyed:
            if attempt == _RESEALS - 1:
                raise
            continue
        return


def _down(sealed: Sequence[SealedEvent], tx: Tx) -> None:
    tx.put(sealed)


async def _wait(hub: Hub, gemeente: str, key: str, mark: str, *, there: bool) -> None:
    """Wait shortly until the read model shows it, so that who did it sees it."""
    for _ in range(_VISIBLE_TRIES):
        row = hub.read_model(NAME).get(gemeente, key)
        if (row is not None and mark in row["markeringen"]) is there:
            return
        await asyncio.sleep(_LOOK_EACH_S)


def _page(
    request: Request[Any, Any, Any], *, ingevuld: Mapping[str, str] | None = None, fout: Invalid | None = None
) -> Response[str]:
    _, gemeente = mine(request)
    hub = edge(request).hub
    return PAGES.toon(
        request,
        "lijst.html",
        status=400 if fout else 200,
        markeringen=marks(hub, gemeente.slug),
        soorten=SOORTEN,
        ingevuld=ingevuld or {},
        fout=fout,
    )


def marks(hub: Hub, gemeente: str) -> list[dict[str, Any]]:
    """Return every mark of a gemeente, opened: those that count first, then by kind and expiry."""
    today = hub.clock.today()
    found = []
    for key, row in hub.read_model(NAME).linked(gemeente, "gemarkeerd", "ja"):
        over = key.removeprefix(f"{gemeente}:")
        for number, mark in row["markeringen"].items():
            opened = open_rows(hub.vault, mark["besloten"]).per_subject.values()
            sealed = next(iter(opened), {})
            found.append({
                "nummer": number, "over": over, "adres": over.isdigit(), "soort": mark["soort"], "verloopt": mark["verloopt"],
                "telt": counts(mark, today), "reden": sealed.get("reden"), "auteur": sealed.get("auteur"),
                "tweede": sealed.get("tweedePersoon"),
            })  # fmt: skip
    return sorted(found, key=lambda mark: (not mark["telt"], mark["soort"], mark["verloopt"] or "", mark["nummer"]))
