# SPDX-License-Identifier: EUPL-1.2
"""``POST /webhooks/burgerzaken/{gemeente}/oordelen``: what the registry's supplier thinks of a declaration.

Some suppliers score a move themselves. Their word is an event in the stream of the zaak and stands beside ours on the
screen; which of the two wins is written in the risk profile (``oordeel_leverancier``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from connectors.burgerzaken.settings import OordeelOntvangst
from hub.api.problems import Problem, problem_response
from hub.deur import authorized, body_of
from hub.errors import NotFound
from hub.events import ZAKEN, NewEvent, fact_id
from hub.plugins import Hub, Tx
from hub.privacy import loggable

TABLES: Final = """
-- Verdicts of the supplier that were taken in: a repeated one is one fact.
CREATE TABLE IF NOT EXISTS burgerzaken_oordeel (gebeurtenis TEXT NOT NULL PRIMARY KEY);
"""
OORDEEL: Final = "nl.wissel.verhuisaangifte.oordeel-leverancier.v1"
_FLOW: Final = "verhuizing"
_MAX_BODY_BYTES: Final = 20_000
_KLEUREN: Final = frozenset({"groen", "oranje", "rood"})
_UUID_CHARACTERS: Final = 36
_MOST_REASONS: Final = 50
_LONGEST: Final = 500


class Oordeel(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Wat de leverancier stuurt. ``kenmerk`` is van de leverancier: hetzelfde kenmerk is hetzelfde oordeel."""

    zaak: str
    kleur: str
    kenmerk: str
    redenen: list[str] = []


def webhook(hub: Hub, settings: Mapping[str, OordeelOntvangst]) -> HTTPRouteHandler:
    """Return the route handler for the gemeenten whose supplier gives a verdict."""

    @post("/webhooks/burgerzaken/{gemeente:str}/oordelen", status_code=204, request_max_body_size=None, tags=["Meldingen"])
    async def ontvang_oordeel(request: Request[Any, Any, Any], gemeente: FromPath[str]) -> Response[None]:
        """Neem het oordeel van de leverancier over een aangifte aan: 204, of 400, 401, 404 of 413."""
        found = settings.get(gemeente)
        if found is None or not authorized(request, found.aanvaard):
            return _refused(401, "De Authorization van dit oordeel klopt niet.")
        body = await body_of(request, _MAX_BODY_BYTES)
        if body is None:
            return _refused(413, f"Een oordeel is hoogstens {_MAX_BODY_BYTES} bytes.")
        try:
            oordeel = msgspec.json.decode(body, type=Oordeel)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _refused(400, "Stuur zaak, kleur en kenmerk als tekst, en redenen als lijst van teksten.")
        if problem := _wrong(oordeel):
            return _refused(400, problem)
        try:
            hub.flow_state(_FLOW, gemeente=gemeente, key=oordeel.zaak.lower())
        except NotFound:
            return _refused(404, "Deze zaak is hier niet bekend.")
        await _put_down(hub, gemeente, oordeel, found.leverancier)
        return Response(None, status_code=204)

    return ontvang_oordeel


def _wrong(oordeel: Oordeel) -> str:
    if oordeel.kleur not in _KLEUREN:
        return "kleur is groen, oranje of rood."
    if len(oordeel.zaak) != _UUID_CHARACTERS or not 0 < len(oordeel.kenmerk) <= _LONGEST:
        return "zaak is een uuid; kenmerk is ingevuld en niet langer dan 500 tekens."
    too_much = len(oordeel.redenen) > _MOST_REASONS or any(len(reden) > _LONGEST for reden in oordeel.redenen)
    return "redenen zijn er hoogstens 50, van hoogstens 500 tekens." if too_much else ""


async def _put_down(hub: Hub, gemeente: str, oordeel: Oordeel, leverancier: str) -> None:
    zaak = oordeel.zaak.lower()
    event = NewEvent(
        id=fact_id(gemeente, "oordeel-leverancier", zaak, leverancier, oordeel.kenmerk),
        type=OORDEEL,
        source=hub.gemeenten[gemeente].source("burgerzaken"),
        gemeente=gemeente,
        topic=ZAKEN,
        key=zaak,
        data={"leverancier": leverancier, "kleur": oordeel.kleur},
        # free text of somebody else: it may name people
        besloten={f"zaak:{zaak}": {"redenen": [loggable(reden) for reden in oordeel.redenen]}} if oordeel.redenen else {},
    )
    sealed = hub.seal([event])

    def write(tx: Tx) -> None:
        query = "INSERT INTO burgerzaken_oordeel (gebeurtenis) VALUES (?) ON CONFLICT DO NOTHING"
        if tx.execute(query, (event.id,)) == 1:
            tx.put(sealed)

    await hub.write(write, urgent=True)


def _refused(status: int, detail: str) -> Response[Any]:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004
    return problem_response(Problem(status=status, detail=detail, headers=headers))
