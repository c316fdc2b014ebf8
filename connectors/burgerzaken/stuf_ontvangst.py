# SPDX-License-Identifier: EUPL-1.2
"""``POST /webhooks/stuf-bg/{gemeente}``: takes change messages of the registry (StUF-BG 3.10 npsLk01) over SOAP.

A message about somebody no running case needs is acknowledged and not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from connectors.burgerzaken import meldingen, stuf
from connectors.burgerzaken.bronnen import Bronnenkast
from connectors.burgerzaken.meldingen import Melding
from connectors.burgerzaken.settings import StufOntvangst
from hub.plugins import Hub
from hub.stuf.bericht import GeenKennisgeving, Stuurgegevens
from hub.stuf.ontvangst import ontvang


def webhook(hub: Hub, kast: Bronnenkast, settings: Mapping[str, StufOntvangst]) -> HTTPRouteHandler:
    """Return the route handler for the gemeenten whose registry sends StUF-BG."""

    @post("/webhooks/stuf-bg/{gemeente:str}", status_code=200, request_max_body_size=None, tags=["Meldingen"])
    async def ontvang_stuf(request: Request[Any, Any, Any], gemeente: FromPath[str]) -> Response[Any]:
        """Neem een kennisgeving (npsLk01) aan: Bv03 als ze bewaard is, Fo03, 401 of 413 als ze dat niet is."""

        async def neem_aan(body: bytes) -> tuple[Stuurgegevens, str]:
            kennisgeving = stuf.lees(body)
            if not isinstance(kennisgeving, stuf.Kennisgeving):
                raise GeenKennisgeving("an answer (La01) is not taken in here, only npsLk01")
            outcome = await _keep(hub, gemeente, kennisgeving, body)
            if outcome == "nieuw":
                kast.van(gemeente).geschreven.set()
            return kennisgeving.stuurgegevens, outcome

        return await ontvang(hub, request, gemeente=gemeente, settings=settings.get(gemeente), neem_aan=neem_aan)

    return ontvang_stuf


async def _keep(hub: Hub, gemeente: str, kennisgeving: stuf.Kennisgeving, body: bytes) -> str:
    if kennisgeving.bsn is None:
        return "overig"
    pseudoniem, now = hub.gemeenten[gemeente].pseudonym(kennisgeving.bsn), hub.clock.now()
    stuur = kennisgeving.stuurgegevens
    melding = Melding(
        zender=stuur.afzender,
        referentie=stuur.kenmerk,
        # with the pseudonym, which nobody can guess: a digest of a message alone would tell who guesses its content
        vingerafdruk=hashlib.sha256(pseudoniem.encode() + b"\x1f" + body).hexdigest(),
        pseudoniem=pseudoniem,
        correctie=kennisgeving.correctie,
    )
    outcome = await hub.write(lambda tx: meldingen.neem_aan(tx, gemeente, melding, nu=now), urgent=True)
    if outcome == "anders":
        raise GeenKennisgeving("this referentienummer was used before for another message")
    return "overig" if outcome == "niet-gevolgd" else outcome
