# SPDX-License-Identifier: EUPL-1.2
"""``POST /webhooks/zaken/{gemeente}``: takes notifications (ZGW Notificaties consumer) and answers 204 once they are stored.

Nothing is looked at before the Authorization header is right, also not ``kanaal: test``: Open Notificaties refuses a
subscriber that accepts its test without one. What cannot be stored is not accepted: the sender tries again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from connectors.zaak import inbox
from connectors.zaak.client import resource_key
from connectors.zaak.inbox import Notificatie
from connectors.zaak.settings import ZaakSettings
from connectors.zaak.tijd import moment
from hub import metrics, trace
from hub.api.problems import FieldError, Problem, problem_response
from hub.clock import to_microseconds
from hub.errors import Transient
from hub.plugins import Hub
from hub.privacy import loggable

MAX_BODY_BYTES: Final = 1_000_000
KANAAL: Final = "zaken"
TEST: Final = "test"
_RETRY_AFTER_S: Final = 5
_URL: Final = re.compile(r"https?://[^\s]{1,1000}")
_LONGEST: Final = {"kanaal": 50, "resource": 100, "actie": 100}
_REQUIRED: Final = ("kanaal", "hoofdObject", "resource", "resourceUrl", "actie", "aanmaakdatum")
_NOBODY: Final = b"no gemeente has this Authorization"

Aannemen = Callable[[str, Notificatie, int], Awaitable[bool]]


class Malformed(ValueError):
    """The body is no notification; ``errors`` says everything that is wrong with it."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{error.name}: {error.detail}" for error in errors))
        self.errors = errors


def webhook(hub: Hub, settings: Mapping[str, ZaakSettings], neem_aan: Aannemen) -> HTTPRouteHandler:
    """Return the route handler.

    ``settings``: per gemeente that has a zaaksysteem. ``neem_aan`` stores a notification about a zaak (gemeente,
    notification, microseconds of receipt), and returns False when it came before.
    """

    @post("/webhooks/zaken/{gemeente:str}", status_code=204, request_max_body_size=None, tags=["Meldingen"])
    async def ontvang_melding(request: Request[Any, Any, Any], gemeente: FromPath[str]) -> Response[None]:
        """Neem een melding van het zaaksysteem aan: 204 als ze bewaard is, 401, 413, 400 of 503 als ze dat niet is."""
        found = settings.get(gemeente)
        if not _authorized(request, found) or found is None:
            metrics.HINTS.labels(gemeente if found else "onbekend", "geweigerd").inc()
            return _refused(401, "De Authorization van deze melding klopt niet.", headers={"WWW-Authenticate": "Bearer"})
        body = await _body(request)
        if body is None:
            metrics.HINTS.labels(gemeente, "te-groot").inc()
            return _refused(413, f"Een melding is hoogstens {MAX_BODY_BYTES} bytes.")
        try:
            return await _accept(hub, gemeente, body, neem_aan, trace.read(request.headers.get("traceparent")))
        except (Transient, OSError):
            metrics.HINTS.labels(gemeente, "niet-bewaard").inc()
            headers = {"Retry-After": str(_RETRY_AFTER_S)}
            return _refused(
                503, "De melding kan nu niet worden bewaard en is niet aangenomen. Stuur haar opnieuw.", headers=headers
            )

    return ontvang_melding


async def _accept(hub: Hub, gemeente: str, body: bytes, neem_aan: Aannemen, traceparent: str | None) -> Response[Any]:
    now_us = to_microseconds(hub.clock.now())
    try:
        notificatie = replace(read(body), traceparent=traceparent or "")
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


def read(body: bytes) -> Notificatie:
    """Return the notification in a body, or raise Malformed with everything that is wrong."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed((FieldError("body", "", "geen JSON"),)) from None
    if not isinstance(data, dict):
        raise Malformed((FieldError("body", "", "geen JSON-object"),))
    if data.get("kanaal") == TEST:  # the test of a subscription holds placeholders
        data = {name: data.get(name) if isinstance(data.get(name), str) else "" for name in _REQUIRED}
    else:
        errors = tuple(_errors(data))
        if errors:
            raise Malformed(errors)
    kenmerken = data.get("kenmerken") or {}
    hoofd_object, resource_url = loggable(data["hoofdObject"]), loggable(data["resourceUrl"])
    return Notificatie(
        kanaal=loggable(data["kanaal"]),
        zaak=_zaak_uuid(hoofd_object) if data["kanaal"] == KANAAL else "",
        hoofd_object=hoofd_object,
        resource=loggable(data["resource"]).strip().lower(),
        resource_url=resource_url,
        actie=loggable(data["actie"]).strip().lower(),
        aanmaakdatum=loggable(data["aanmaakdatum"]),
        kenmerken={loggable(str(name)): loggable(str(value)) for name, value in kenmerken.items()},
    )


def _errors(data: Mapping[str, Any]) -> list[FieldError]:
    found = []
    for name in _REQUIRED:
        value = data.get(name)
        if not isinstance(value, str) or not value:
            found.append(FieldError("body", name, "verplicht, als tekst", "required"))
        elif name in ("hoofdObject", "resourceUrl") and not _URL.fullmatch(value):
            found.append(FieldError("body", name, "geen URL"))
        elif name == "aanmaakdatum" and moment(value) is None:
            found.append(FieldError("body", name, "geen datum en tijd volgens RFC 3339"))
        elif len(value) > _LONGEST.get(name, len(value)):
            found.append(FieldError("body", name, f"langer dan {_LONGEST[name]} tekens", "max_length"))
    if not isinstance(data.get("kenmerken") or {}, dict):
        found.append(FieldError("body", "kenmerken", "geen object"))
    return found


def _zaak_uuid(url: str) -> str:
    collection, _, uuid = resource_key(url).rpartition("/")
    return uuid if collection == "zaken" else ""


def _authorized(request: Request[Any, Any, Any], settings: ZaakSettings | None) -> bool:
    """Compare in constant time, also for a gemeente that does not exist."""
    given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
    accepted = settings.aanvaarde_authorizations if settings else (_NOBODY,)
    fits = [hmac.compare_digest(given, wanted) for wanted in accepted]
    return any(fits) and settings is not None


async def _body(request: Request[Any, Any, Any]) -> bytes | None:
    """Return the body, None as soon as it turns out to be too large."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        return None
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY_BYTES:
            return None
    return bytes(received)


async def _keep_malformed(hub: Hub, gemeente: str, body: bytes, malformed: Malformed, now_us: int) -> None:
    identity = hashlib.sha256(gemeente.encode() + b"\x1f" + body).hexdigest()
    content = {"inhoud": base64.b64encode(body).decode()}
    sealed = await asyncio.to_thread(hub.vault.seal, gemeente, "meldingen:afgekeurd", "zaak", identity, content)
    reden = str(malformed)
    await hub.write(lambda tx: inbox.bewaar_afgekeurd(tx, gemeente, identity, reden, sealed, now_us), urgent=True)


def _refused(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return problem_response(Problem(status=status, detail=detail, headers=headers))
