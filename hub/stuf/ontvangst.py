# SPDX-License-Identifier: EUPL-1.2
"""A door for StUF messages over SOAP: answered with Bv03 once what it said is stored, and with Fo03 in a SOAP fault when not.

Who gets no Bv03 keeps the message and sends it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import structlog
from litestar import Request, Response

from hub import metrics
from hub.api.problems import Problem, problem_response
from hub.clock import AMSTERDAM
from hub.deur import Ontvangst, authorized, body_of
from hub.errors import Poison, Rejected, Transient
from hub.plugins import Hub
from hub.stuf.bericht import LEEG, Stuurgegevens, inhoud, stuurgegevens

MAX_BODY_BYTES: Final = 1_000_000
_MEDIA: Final = "text/xml; charset=utf-8"
_ONJUIST: Final = "StUF055"  # the body does not fit the schema, or is not for this receiver
_MISLUKT: Final = "StUF058"  # processing the message failed
_LOG = structlog.get_logger("wissel.stuf")

# Stores what a message says, and returns who sent it and what came of it, for the metric of notifications.
Aannemen = Callable[[bytes], Awaitable[tuple[Stuurgegevens, str]]]


async def ontvang(
    hub: Hub, request: Request[Any, Any, Any], *, gemeente: str, settings: Ontvangst | None, neem_aan: Aannemen
) -> Response[Any]:
    """Answer what somebody sends to the door of a gemeente; ``settings`` None: it has none."""
    if settings is None or not authorized(request, settings.aanvaard):
        metrics.HINTS.labels("onbekend" if settings is None else gemeente, "geweigerd").inc()
        detail = "De Authorization van dit bericht klopt niet."
        return problem_response(Problem(status=401, detail=detail, headers={"WWW-Authenticate": "Basic"}))
    body = await body_of(request, MAX_BODY_BYTES)
    if body is None:
        metrics.HINTS.labels(gemeente, "te-groot").inc()
        return problem_response(Problem(status=413, detail=f"Een bericht is hoogstens {MAX_BODY_BYTES} bytes."))
    now = hub.clock.now()
    try:
        stuur, outcome = await neem_aan(body)
    except Rejected as fault:
        return _refused(gemeente, body, str(fault), now)
    except Poison as fault:  # its text is for who operates the hub, not for the sender
        return _refused(gemeente, body, f"what it says cannot be recorded ({type(fault).__name__})", now)
    except (Transient, OSError):
        metrics.HINTS.labels(gemeente, "niet-bewaard").inc()
        return _fo03(LEEG, now, code=_MISLUKT, plek="server", uitleg="it cannot be stored now; send it again")
    metrics.HINTS.labels(gemeente, outcome).inc()
    return _bv03(stuur, now)


def _refused(gemeente: str, body: bytes, uitleg: str, now: datetime) -> Response[str]:
    metrics.HINTS.labels(gemeente, "afgekeurd").inc()
    _LOG.warning("stuf_message_refused", gemeente=gemeente, uitleg=uitleg)
    try:
        stuur = stuurgegevens(inhoud(body))
    except Rejected:
        stuur = LEEG
    return _fo03(stuur, now, code=_ONJUIST, plek="client", uitleg=uitleg)


# ------------------------------------------------------------------------------------------------------------- the answer


def _bv03(stuur: Stuurgegevens, now: datetime) -> Response[str]:
    return _soap(f"<StUF:Bv03Bericht>{_terug(stuur, 'Bv03', now)}</StUF:Bv03Bericht>", status=200)


def _fo03(stuur: Stuurgegevens, now: datetime, *, code: str, plek: str, uitleg: str) -> Response[str]:
    text = escape(uitleg)
    fault = (
        f"<soapenv:Fault><faultcode>soapenv:{plek.capitalize()}</faultcode><faultstring>{text}</faultstring><detail>"
        f"<StUF:Fo03Bericht>{_terug(stuur, 'Fo03', now)}<StUF:body><StUF:code>{code}</StUF:code><StUF:plek>{plek}</StUF:plek>"
        f"<StUF:omschrijving>{text}</StUF:omschrijving></StUF:body></StUF:Fo03Bericht></detail></soapenv:Fault>"
    )
    return _soap(fault, status=500)  # SOAP 1.1, 6.2: a fault is answered with 500


def _terug(stuur: Stuurgegevens, berichtcode: str, now: datetime) -> str:
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
