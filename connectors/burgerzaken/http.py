# SPDX-License-Identifier: EUPL-1.2
"""The one place where HTTP is spoken with the sources: timeouts, retries, the fuse, and what each answer means.

No error, log line or metric of this module holds a burgerservicenummer: paths are shown masked, texts of the other side
are masked and shortened, and httpx's own request log passes through a mask.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httpx
import stamina
import structlog

from connectors.burgerzaken.settings import BronNaam, BurgerzakenSettings, Doel
from connectors.burgerzaken.toegang import Verbinding
from connectors.burgerzaken.zekering import Zekering
from hub import metrics, trace
from hub.errors import SourceContractBroken, SourceUnavailable
from hub.privacy import mask_bsns
from hub.verbinding import Contact

_LOG = structlog.get_logger("wissel.burgerzaken.http")
_TRANSIENT: Final = frozenset({408, 425, 429})
_CREDENTIALS: Final = frozenset({401, 403})
_SHOWN_CHARACTERS: Final = 200
_LONGEST_IN_CALL_PAUSE_S: Final = 2.0
_CREDENTIALS_PAUSE_S: Final = 60.0  # a person must mend this: asking again within the call is useless
_LARGEST_ANSWER_BYTES: Final = 10_000_000


class BronWeigert(SourceContractBroken):
    """The source refused our request as wrong (4xx). The same again will not help. ``status``: of HTTP."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Verzoek:
    """One request. ``toon``: the path as it may be shown, where the real one holds a burgerservicenummer.

    ``doel``: the purpose whose doelbinding and verwerking go along. ``koppen`` come on top of the gateway's headers.
    ``verwacht``: statuses besides 2xx that are an answer, e.g. 404.
    """

    method: str
    path: str
    json: Any = None
    params: Mapping[str, Any] | None = None
    doel: Doel | None = None
    koppen: Mapping[str, str] | None = None
    verwacht: frozenset[int] = frozenset()
    traceparent: str | None = None
    toon: str | None = None

    @property
    def shown(self) -> str:
        """Return method and path for people."""
        return f"{self.method} {self.toon or mask_bsns(self.path)}"


@dataclass(frozen=True, slots=True)
class Antwoord:
    """Status and decoded JSON body (None when there is none)."""

    status: int
    json: Any


class Bron:
    """One source of one gemeente, reached through its gateway. Close it with ``aclose``.

    ``lees`` tries again within the call, ``schrijf`` never does: between two tries of a write the lease is checked.
    Both raise SourceUnavailable (tried again later), BronWeigert or SourceContractBroken.
    """

    def __init__(
        self,
        naam: BronNaam,
        base_url: str,
        settings: BurgerzakenSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.naam = naam
        self._settings = settings
        self._gateway = settings.gateway_of(naam)
        self.zekering = Zekering(naam, na=settings.zekering_na, pauze_s=settings.zekering_pauze_s, monotonic_s=monotonic_s)
        self.contact = Contact()
        self._places = asyncio.Semaphore(settings.gelijktijdig)
        _mask_request_logs()
        make = partial(
            httpx.AsyncClient,
            base_url=base_url,
            timeout=httpx.Timeout(settings.timeout_s),
            follow_redirects=False,
            trust_env=False,
        )
        self._verbinding = Verbinding(
            self._gateway, make, most=settings.gelijktijdig, transport=transport, monotonic_s=monotonic_s
        )

    async def lees(self, verzoek: Verzoek) -> Antwoord:
        """Ask, and ask again within the call when that may help: bounded, with jitter, minding Retry-After."""
        settings = self._settings
        async for attempt in stamina.retry_context(
            on=_worth_another_try,
            attempts=settings.pogingen_per_aanroep,
            timeout=settings.timeout_s,
            wait_initial=settings.eerste_pauze_s,
            wait_max=_LONGEST_IN_CALL_PAUSE_S,
            wait_jitter=settings.eerste_pauze_s,
        ):
            with attempt:
                return await self._once(verzoek, settings.timeout_s)
        raise AssertionError("a retry context returns or raises")

    async def schrijf(self, verzoek: Verzoek) -> Antwoord:
        """Send a write, once. It outlives no lease: its timeout is ``timeout_schrijven_s``."""
        return await self._once(verzoek, self._settings.timeout_schrijven_s)

    async def leeft(self) -> int:
        """Return the status of any answer at all at the base address. SourceUnavailable when there is none."""
        response, _ = await self._send(Verzoek(method="GET", path=""), self._settings.timeout_s)
        return response.status_code

    async def aclose(self) -> None:
        """Close the connections."""
        await self._verbinding.aclose()

    async def _once(self, verzoek: Verzoek, timeout_s: float) -> Antwoord:
        self.zekering.admit()
        try:
            async with self._places:  # waiting for our own turn does not count as the source's slowness
                response, body = await self._send(verzoek, timeout_s)
            antwoord = self._judge(verzoek, response, body)
        except SourceUnavailable as fault:
            self.zekering.failed()
            self.contact.failed(fault)
            raise
        except SourceContractBroken:
            self.zekering.succeeded()  # it answered: a wrong answer is no reason to leave it alone
            raise
        except BaseException:
            self.zekering.released()
            raise
        self.zekering.succeeded()
        return antwoord

    async def _send(self, verzoek: Verzoek, timeout_s: float) -> tuple[httpx.Response, bytes]:
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._answered(verzoek, timeout_s)
                try:
                    body = await self._read(verzoek, response)
                finally:
                    await response.aclose()
        except (httpx.TimeoutException, TimeoutError) as fault:
            metrics.BRON_VERZOEKEN.labels(self.naam, "geen-antwoord").inc()
            raise SourceUnavailable(
                f"{self.naam}: no answer to {verzoek.shown} within {timeout_s:g} s; is it slow, or the network down?"
            ) from fault
        except httpx.HTTPError as fault:
            metrics.BRON_VERZOEKEN.labels(self.naam, "geen-antwoord").inc()
            raise SourceUnavailable(
                f"{self.naam}: {verzoek.shown} failed ({type(fault).__name__}); check that the source runs and that "
                "address and certificate in the settings are right"
            ) from fault
        finally:
            metrics.BRON_DUUR.labels(self.naam).observe(time.monotonic() - began_s)
        metrics.BRON_VERZOEKEN.labels(self.naam, str(response.status_code)).inc()
        self.contact.answered(response.headers.get("date"))
        duration_ms = round((time.monotonic() - began_s) * 1000)
        _LOG.debug("source_answered", bron=self.naam, verzoek=verzoek.shown, status=response.status_code, duur_ms=duration_ms)
        return response, body

    async def _answered(self, verzoek: Verzoek, timeout_s: float) -> httpx.Response:
        """Send it; once more with a new token when the one we had is refused: such a request was not looked at."""
        client, token = self._verbinding.client(), self._verbinding.token
        if token is None:
            return await client.send(self._request(client, verzoek, timeout_s, {}), stream=True)
        header = await token.header(client)
        response = await client.send(self._request(client, verzoek, timeout_s, header), stream=True)
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        await response.aclose()
        token.drop(header["Authorization"])
        return await client.send(self._request(client, verzoek, timeout_s, await token.header(client)), stream=True)

    async def _read(self, verzoek: Verzoek, response: httpx.Response) -> bytes:
        """Read the body, but never more than an answer of these sources can be."""
        parts, size_bytes = [], 0
        async for part in response.aiter_bytes():
            size_bytes += len(part)
            if size_bytes > _LARGEST_ANSWER_BYTES:
                raise SourceContractBroken(
                    f"{self.naam}: {verzoek.shown} was answered with more than {_LARGEST_ANSWER_BYTES:,} bytes; "
                    "it was not read further; is the address in the settings right?"
                )
            parts.append(part)
        return b"".join(parts)

    def _request(
        self, client: httpx.AsyncClient, verzoek: Verzoek, timeout_s: float, toegang: Mapping[str, str]
    ) -> httpx.Request:
        doel = verzoek.doel or Doel()
        own = self._gateway.headers(doelbinding=doel.doelbinding, verwerking=doel.verwerking)
        koppen = {"Accept": "application/json", **own, **toegang, **(verzoek.koppen or {})}
        if span := trace.child(verzoek.traceparent or trace.current()):
            koppen["traceparent"] = span
        content = None
        if verzoek.json is not None:
            content = json.dumps(verzoek.json, ensure_ascii=False).encode()
            koppen.setdefault("Content-Type", "application/json; charset=utf-8")
        return client.build_request(
            verzoek.method,
            verzoek.path,
            content=content,
            params=verzoek.params,
            headers=koppen,
            timeout=httpx.Timeout(timeout_s),
        )

    def _judge(self, verzoek: Verzoek, response: httpx.Response, body: bytes) -> Antwoord:
        status = response.status_code
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRANSIENT:
            raise SourceUnavailable(
                f"{self.naam}: {verzoek.shown} was answered with {status}{_problem(body)}; it is tried again",
                retry_after_s=_retry_after_s(response),
            )
        if status in _CREDENTIALS:
            raise SourceUnavailable(
                f"{self.naam}: {verzoek.shown} was refused with {status}{_problem(body)}; check the key, the "
                "certificate and the doelbinding of this gateway",
                retry_after_s=_CREDENTIALS_PAUSE_S,
            )
        if response.is_redirect:
            raise SourceContractBroken(
                f"{self.naam}: {verzoek.shown} was answered with a redirect ({status}), which is not followed: "
                "personal data would go elsewhere; correct the address in the settings"
            )
        if not response.is_success and status not in verzoek.verwacht:
            raise BronWeigert(f"{self.naam}: {verzoek.shown} was refused with {status}{_problem(body)}", status=status)
        return Antwoord(status, self._decode(verzoek, response, body))

    def _decode(self, verzoek: Verzoek, response: httpx.Response, body: bytes) -> Any:
        if not body:
            return None
        media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json" and not media.endswith("+json"):
            raise SourceContractBroken(
                f"{self.naam}: {verzoek.shown} was answered with {media or 'no content type'!r} where JSON is "
                "specified; does something in front of the source answer in its place?"
            )
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as fault:
            raise SourceContractBroken(f"{self.naam}: {verzoek.shown} was answered with JSON that cannot be read") from fault


def _worth_another_try(fault: Exception) -> bool | float:
    """Say whether to try again within this call, or after how many seconds. A longer wait is for the ledger."""
    if not isinstance(fault, SourceUnavailable):
        return False
    if fault.retry_after_s is None:
        return True
    return fault.retry_after_s if fault.retry_after_s <= _LONGEST_IN_CALL_PAUSE_S else False


def _retry_after_s(response: httpx.Response) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3): seconds or a date; None when absent or unreadable."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((moment.astimezone(UTC) - datetime.now(UTC)).total_seconds(), 0.0)


def _problem(body: bytes) -> str:
    """Return what the problem details (RFC 7807) say, masked and short; empty when there are none."""
    try:
        problem = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(problem, dict):
        return ""
    texts = [problem[name] for name in ("title", "code", "detail") if isinstance(problem.get(name), str)]
    params = problem.get("invalidParams")
    wrong = [f"{p.get('name')}: {p.get('code')}" for p in params if isinstance(p, dict)] if isinstance(params, list) else []
    text = "; ".join([*texts, *wrong])
    return f" ({mask_bsns(text)[:_SHOWN_CHARACTERS]})" if text else ""


class _BsnMask(logging.Filter):
    """Masks the request lines httpx logs: the path of a volgindicatie holds a burgerservicenummer by its standard."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask_bsns(record.getMessage()), None
        return True


def _mask_request_logs() -> None:
    for name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy"):
        logger = logging.getLogger(name)
        if not any(isinstance(present, _BsnMask) for present in logger.filters):
            logger.addFilter(_BsnMask())
