# SPDX-License-Identifier: EUPL-1.2
"""``POST /webhooks/zaken/{gemeente}``: takes notifications and CloudEvents, and answers 204 once they are stored.

Nothing is looked at before the Authorization header is right, also not ``kanaal: test``: Open Notificaties refuses a
subscriber that accepts its test without one. What cannot be stored is not accepted: the sender tries again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from litestar import HttpMethod, Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from connectors.zaak import inbox
from connectors.zaak.cloudevents import is_cloudevent, read_cloudevent
from connectors.zaak.inbox import Notificatie
from connectors.zaak.lezen import Malformed, read
from connectors.zaak.settings import ZaakSettings
from hub import metrics, trace
from hub.api.problems import Problem, problem_response
from hub.clock import to_microseconds
from hub.deur import authorized, body_of
from hub.errors import Transient
from hub.plugins import Hub
from hub.privacy import loggable

MAX_BODY_BYTES: Final = 1_000_000
_RETRY_AFTER_S: Final = 5
_LONGEST_ORIGIN: Final = 255

Aannemen = Callable[[str, Notificatie, int], Awaitable[bool]]


def webhook(hub: Hub, settings: Mapping[str, ZaakSettings], neem_aan: Aannemen) -> HTTPRouteHandler:
    """Return the route handler.

    ``settings``: per gemeente that has a zaaksysteem. ``neem_aan`` stores a notification about a zaak (gemeente,
    notification, microseconds of receipt), and returns False when it came before.
    """

    @route(
        "/webhooks/zaken/{gemeente:str}",
        http_method=[HttpMethod.POST, HttpMethod.OPTIONS],
        status_code=204,
        request_max_body_size=None,
        tags=["Meldingen"],
    )
    async def ontvang_melding(request: Request[Any, Any, Any], gemeente: FromPath[str]) -> Response[None]:
        """Neem een melding van het zaaksysteem aan: 204 als ze bewaard is, 401, 413, 400 of 503 als ze dat niet is."""
        found = settings.get(gemeente)
        if request.method == HttpMethod.OPTIONS:
            return _handshake(request, found)
        if not _authorized(request, found) or found is None:
            metrics.HINTS.labels(gemeente if found else "onbekend", "geweigerd").inc()
            return _refused(401, "De Authorization van deze melding klopt niet.", headers={"WWW-Authenticate": "Bearer"})
        body = await body_of(request, MAX_BODY_BYTES)
        if body is None:
            metrics.HINTS.labels(gemeente, "te-groot").inc()
            return _refused(413, f"Een melding is hoogstens {MAX_BODY_BYTES} bytes.")
        try:
            return await _accept(hub, gemeente, partial(_read, request, body, found), neem_aan, body)
        except (Transient, OSError):
            metrics.HINTS.labels(gemeente, "niet-bewaard").inc()
            headers = {"Retry-After": str(_RETRY_AFTER_S)}
            return _refused(
                503, "De melding kan nu niet worden bewaard en is niet aangenomen. Stuur haar opnieuw.", headers=headers
            )

    return ontvang_melding


def _handshake(request: Request[Any, Any, Any], settings: ZaakSettings | None) -> Response[Any]:
    """Say whether CloudEvents may be sent here (CloudEvents webhook, section 4): to who has our Authorization."""
    origin = request.headers.get("webhook-request-origin", "")
    headers = {"Allow": "OPTIONS, POST"}
    if origin and not _authorized(request, settings):
        return _refused(401, "De Authorization van deze vraag klopt niet.", headers={"WWW-Authenticate": "Bearer"})
    if origin:
        headers |= {"WebHook-Allowed-Origin": loggable(origin)[:_LONGEST_ORIGIN], "WebHook-Allowed-Rate": "*"}
    return Response(None, status_code=204, headers=headers)


def _read(request: Request[Any, Any, Any], body: bytes, settings: ZaakSettings) -> Notificatie:
    is_event = is_cloudevent(request.headers)
    found = read_cloudevent(request.headers, body, zaken_api=settings.zaken_api) if is_event else read(body)
    traceparent = trace.read(request.headers.get("traceparent"))
    return replace(found, traceparent=traceparent) if traceparent else found


async def _accept(hub: Hub, gemeente: str, lees: Callable[[], Notificatie], neem_aan: Aannemen, body: bytes) -> Response[Any]:
    now_us = to_microseconds(hub.clock.now())
    try:
        notificatie = lees()
    except Malformed as malformed:
        await _keep_malformed(hub, gemeente, body, malformed, now_us)
        metrics.HINTS.labels(gemeente, "afgekeurd").inc()
        detail = "Dit is geen melding volgens de Notificaties API. Verbeter wat bij errors staat."
        return problem_response(Problem(status=400, detail=detail, errors=malformed.errors))
    if not notificatie.zaak:
        await hub.write(lambda tx: inbox.bewaar_overig(tx, gemeente, notificatie, now_us), urgent=True)
        metrics.HINTS.labels(gemeente, "overig").inc()
        return Response(None, status_code=204)
    new = await neem_aan(gemeente, notificatie, now_us)
    metrics.HINTS.labels(gemeente, "nieuw" if new else "herhaald").inc()
    return Response(None, status_code=204)


def _authorized(request: Request[Any, Any, Any], settings: ZaakSettings | None) -> bool:
    return authorized(request, settings.aanvaarde_authorizations if settings else ())


async def _keep_malformed(hub: Hub, gemeente: str, body: bytes, malformed: Malformed, now_us: int) -> None:
    identity = hashlib.sha256(gemeente.encode() + b"\x1f" + body).hexdigest()
    content = {"inhoud": base64.b64encode(body).decode()}
    sealed = await asyncio.to_thread(hub.vault.seal, gemeente, "meldingen:afgekeurd", "zaak", identity, content)
    reden = str(malformed)
    await hub.write(lambda tx: inbox.bewaar_afgekeurd(tx, gemeente, identity, reden, sealed, now_us), urgent=True)


def _refused(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return problem_response(Problem(status=status, detail=detail, headers=headers))
