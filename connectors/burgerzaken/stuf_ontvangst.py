# SPDX-License-Identifier: EUPL-1.2
"""``POST /webhooks/stuf-bg/{gemeente}``: takes change messages of the registry (StUF-BG 3.10 npsLk01) over SOAP.

Answered with Bv03 once it is stored, and with Fo03 in a SOAP fault when it is not: the sender keeps it and sends it again.
A message about somebody no running case needs is acknowledged and not kept.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import structlog
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from connectors.burgerzaken import meldingen, stuf
from connectors.burgerzaken.bronnen import Bronnenkast
from connectors.burgerzaken.deur import authorized, body_of
from connectors.burgerzaken.meldingen import Melding
from connectors.burgerzaken.settings import StufOntvangst
from hub import metrics
from hub.api.problems import Problem, problem_response
from hub.clock import AMSTERDAM
from hub.errors import Rejected, Transient
from hub.plugins import Hub

MAX_BODY_BYTES: Final = 1_000_000
_MEDIA: Final = "text/xml; charset=utf-8"
_ONJUIST: Final = "StUF055"  # the body does not fit the schema, or is not for this receiver
_MISLUKT: Final = "StUF058"  # processing the message failed
_LEEG: Final = stuf.Stuurgegevens(berichtcode="", zender={}, ontvanger={}, referentienummer="", entiteittype="")
_LOG = structlog.get_logger("wissel.burgerzaken.stuf")


def webhook(hub: Hub, kast: Bronnenkast, settings: Mapping[str, StufOntvangst]) -> HTTPRouteHandler:
    """Return the route handler for the gemeenten whose registry sends StUF-BG."""

    @post("/webhooks/stuf-bg/{gemeente:str}", status_code=200, request_max_body_size=None, tags=["Meldingen"])
    async def ontvang_stuf(request: Request[Any, Any, Any], gemeente: FromPath[str]) -> Response[Any]:
        """Neem een kennisgeving (npsLk01) aan: Bv03 als ze bewaard is, Fo03, 401 of 413 als ze dat niet is."""
        found = settings.get(gemeente)
        if found is None or not authorized(request, found):
            metrics.HINTS.labels("onbekend" if found is None else gemeente, "geweigerd").inc()
            detail = "De Authorization van dit bericht klopt niet."
            return problem_response(Problem(status=401, detail=detail, headers={"WWW-Authenticate": "Basic"}))
        body = await body_of(request, MAX_BODY_BYTES)
        if body is None:
            metrics.HINTS.labels(gemeente, "te-groot").inc()
            return problem_response(Problem(status=413, detail=f"Een bericht is hoogstens {MAX_BODY_BYTES} bytes."))
        return await _Ontvangst(hub, kast, gemeente).neem_aan(body)

    return ontvang_stuf


class _Ontvangst:
    def __init__(self, hub: Hub, kast: Bronnenkast, gemeente: str) -> None:
        self._hub, self._kast, self._slug = hub, kast, gemeente
        self._gemeente = hub.gemeenten[gemeente]

    async def neem_aan(self, body: bytes) -> Response[str]:
        now = self._hub.clock.now()
        try:
            kennisgeving = stuf.lees(body)
            if not isinstance(kennisgeving, stuf.Kennisgeving):
                raise stuf.GeenKennisgeving("an answer (La01) is not taken in here, only npsLk01")
            outcome = await self._keep(kennisgeving, body, now)
        except Rejected as fault:
            return self._refused(body, fault, now)
        except (Transient, OSError):
            metrics.HINTS.labels(self._slug, "niet-bewaard").inc()
            return _fo03(_LEEG, now, code=_MISLUKT, plek="server", uitleg="it cannot be stored now; send it again")
        metrics.HINTS.labels(self._slug, outcome).inc()
        if outcome == "nieuw":
            self._kast.van(self._slug).geschreven.set()
        return _bv03(kennisgeving.stuurgegevens, now)

    async def _keep(self, kennisgeving: stuf.Kennisgeving, body: bytes, now: datetime) -> str:
        if kennisgeving.bsn is None:
            return "overig"
        pseudoniem = self._gemeente.pseudonym(kennisgeving.bsn)
        stuur = kennisgeving.stuurgegevens
        melding = Melding(
            zender=hashlib.sha256(repr(sorted(stuur.zender.items())).encode()).hexdigest()[:32],
            referentie=hashlib.sha256(stuur.referentienummer.encode()).hexdigest()[:32],
            # with the pseudonym, which nobody can guess: a digest of a message alone would tell who guesses its content
            vingerafdruk=hashlib.sha256(pseudoniem.encode() + b"\x1f" + body).hexdigest(),
            pseudoniem=pseudoniem,
            correctie=kennisgeving.correctie,
        )
        outcome = await self._hub.write(lambda tx: meldingen.neem_aan(tx, self._slug, melding, nu=now), urgent=True)
        if outcome == "anders":
            raise stuf.GeenKennisgeving("this referentienummer was used before for another message")
        return "overig" if outcome == "niet-gevolgd" else outcome

    def _refused(self, body: bytes, fault: Rejected, now: datetime) -> Response[str]:
        metrics.HINTS.labels(self._slug, "afgekeurd").inc()
        _LOG.warning("stuf_message_refused", gemeente=self._slug, uitleg=str(fault))
        try:
            stuur = stuf.stuurgegevens_van(body)
        except Rejected:
            stuur = _LEEG
        return _fo03(stuur, now, code=_ONJUIST, plek="client", uitleg=str(fault))


# ------------------------------------------------------------------------------------------------------------- the answer


def _bv03(stuur: stuf.Stuurgegevens, now: datetime) -> Response[str]:
    return _soap(f"<StUF:Bv03Bericht>{_terug(stuur, 'Bv03', now)}</StUF:Bv03Bericht>", status=200)


def _fo03(stuur: stuf.Stuurgegevens, now: datetime, *, code: str, plek: str, uitleg: str) -> Response[str]:
    text = escape(uitleg)
    fault = (
        f"<soapenv:Fault><faultcode>soapenv:{plek.capitalize()}</faultcode><faultstring>{text}</faultstring><detail>"
        f"<StUF:Fo03Bericht>{_terug(stuur, 'Fo03', now)}<StUF:body><StUF:code>{code}</StUF:code><StUF:plek>{plek}</StUF:plek>"
        f"<StUF:omschrijving>{text}</StUF:omschrijving></StUF:body></StUF:Fo03Bericht></detail></soapenv:Fault>"
    )
    return _soap(fault, status=500)  # SOAP 1.1, 6.2: a fault is answered with 500


def _terug(stuur: stuf.Stuurgegevens, berichtcode: str, now: datetime) -> str:
    """Return the stuurgegevens of an answer: sender and receiver change places."""
    moment = now.astimezone(AMSTERDAM).strftime("%Y%m%d%H%M%S%f")[:-3]
    cross = f"<StUF:crossRefnummer>{escape(stuur.referentienummer)}</StUF:crossRefnummer>" if stuur.referentienummer else ""
    return (
        f"<StUF:stuurgegevens><StUF:berichtcode>{berichtcode}</StUF:berichtcode>"
        f"{_systeem('zender', stuur.ontvanger)}{_systeem('ontvanger', stuur.zender)}"
        f"<StUF:referentienummer>{uuid.uuid4()}</StUF:referentienummer><StUF:tijdstipBericht>{moment}</StUF:tijdstipBericht>"
        f"{cross}</StUF:stuurgegevens>"
    )


def _systeem(name: str, parts: Mapping[str, str]) -> str:
    order = ("organisatie", "applicatie", "administratie", "gebruiker")
    inner = "".join(f"<StUF:{part}>{escape(parts[part])}</StUF:{part}>" for part in order if part in parts)
    return f"<StUF:{name}>{inner}</StUF:{name}>" if inner else ""


def _soap(content: str, *, status: int) -> Response[str]:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        f' xmlns:StUF="http://www.egem.nl/StUF/StUF0301"><soapenv:Body>{content}</soapenv:Body></soapenv:Envelope>'
    )
    return Response(text, status_code=status, media_type=_MEDIA)
