# SPDX-License-Identifier: EUPL-1.2
"""The HTTP client of one gemeente's zaaksysteem: Zaken, Catalogi and Notificaties API, versions 1.5.1 to 1.7.0.

Requests go only to the addresses in the settings: of a URL found in a body or notification, only the resource and uuid
are used (``resource_key``). No error text holds more of an answer than its codes, because answers hold personal data.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, Literal

import httpx
import msgspec

from connectors.zaak.settings import ZaakSettings
from connectors.zaak.tempo import Rem
from connectors.zaak.toegang import Certificaat, Toegang
from hub import metrics, trace
from hub.errors import SourceContractBroken, SourceUnavailable
from hub.privacy import mask_bsns
from hub.transport import Connections
from hub.verbinding import Contact

Json = dict[str, Any]
Api = Literal["zaken", "catalogi", "notificaties"]
_UUID: Final = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_KEY: Final = re.compile(rf"/((?:zaken/{_UUID}/)?([a-z]+)/({_UUID}))/?$")
_NUMBER: Final = re.compile(r"\d+")
_CRS: Final = {"Accept-Crs": "EPSG:4326", "Content-Crs": "EPSG:4326"}  # the official document requires both, on reads too
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_MOST_PAGES: Final = 1_000
_LONGEST_BODY: Final = 64 * 1024 * 1024  # bytes; a page of a hundred zaken with all their objects is some megabytes
_TOTAL: Final = 2.0  # times the timeout: an answer that comes in drops keeps every single read within its time
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "wissel"}


class GeenToegang(SourceContractBroken):
    """The zaaksysteem refused our credentials for this (401 or 403). ``code``: its own word for why."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code

    @property
    def verborgen(self) -> bool:
        """Return True when it knows us and hides this one: not when it did not take our token."""
        return self.code == "permission_denied"


class NietVanDeApi(SourceUnavailable):
    """A 404 without the API's own error body: something between us answers, or the resource is not offered at all."""


class BestaatNiet(SourceContractBroken):
    """The API itself says 404, in its own error body: this object does not exist (any more)."""


class Geweigerd(SourceContractBroken):
    """The zaaksysteem refused the request as wrong (4xx). ``codes``: what it found wrong, as (name, code) pairs."""

    def __init__(self, message: str, *, status: int, codes: tuple[tuple[str, str], ...]) -> None:
        super().__init__(message)
        self.status = status
        self.codes = codes


@lru_cache(maxsize=20_000)
def resource_key(url: str) -> str:
    """Return what names an object in its source whatever the host it is reached by: ``statussen/<uuid>``.

    Below a zaak: ``zaken/<uuid>/zaakeigenschappen/<uuid>``. Empty when the URL does not end in a resource and uuid.
    """
    match = _KEY.search(url)
    return match.group(1).lower() if match else ""


def uuid_of(url: str) -> str:
    """Return the uuid a URL or resource key ends in, in lower case; empty when there is none."""
    match = _KEY.search("/" + url)
    return match.group(3).lower() if match else ""


class ZaakClient:
    """Speaks with the zaaksysteem of one gemeente. Close it with ``aclose``.

    Every call raises SourceUnavailable (no answer, 5xx, 429), GeenToegang, BestaatNiet, Geweigerd or
    SourceContractBroken; the callers decide on trying again.
    """

    def __init__(self, settings: ZaakSettings, *, gemeente: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.settings = settings
        self.gemeente = gemeente
        self._bases = {
            "zaken": settings.zaken_api,
            "catalogi": settings.catalogi_api,
            "notificaties": settings.notificaties_api or "",
        }
        self.contact = Contact()
        self.rem = Rem(eerste_s=settings.eerste_pauze_s, langste_s=settings.langste_pauze_s)
        self._toegang = Toegang(settings, self._send)
        self._certificaat = Certificaat(settings.mtls) if settings.mtls else None
        # no httpx.AsyncClient around it: cookies and redirects, which we never follow, would cost as much as the request
        self._transport = transport or Connections(
            most=settings.gelijktijdig * 2, verify=self._certificaat.context if self._certificaat else None
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def url(self, api: Api, key: str) -> str:
        """Return where ``key`` is fetched."""
        return f"{self._bases[api]}/{key}"

    async def get(self, api: Api, key: str, params: Mapping[str, str] | None = None) -> Any:
        """Return the JSON of ``key``."""
        return await self._ask("GET", api, key, params=params)

    async def object(self, api: Api, key: str) -> Json:
        """Return the object ``key`` names; an answer that is another one, or an error page with status 200, is none."""

        def is_it(found: Any) -> bool:
            return isinstance(found, dict) and resource_key(str(found.get("url", ""))) == key.lower()

        found: Json = await self._ask("GET", api, key, is_answer=is_it)
        return found

    async def page(self, api: Api, key: str, params: Mapping[str, str], *, number: int) -> tuple[list[Json], bool]:
        """Return one page of a list, and whether there is another; a list that is not paged is one page."""
        wanted = dict(params) | ({"page": str(number)} if number > 1 else {})
        return _items(await self._ask("GET", api, key, params=wanted, is_answer=_is_list))

    async def pages(self, api: Api, key: str, params: Mapping[str, str] | None = None) -> AsyncIterator[Json]:
        """Yield every object of a list, page by page."""
        for number in range(1, _MOST_PAGES):
            items, more = await self.page(api, key, params or {}, number=number)
            for item in items:
                yield item
            if not more:
                return
        raise SourceContractBroken(f"{api} {_masked(key)}: a list of more than {_MOST_PAGES} pages does not end")

    async def zoek(self, body: Json) -> list[Json]:
        """Return all zaken that ``POST /zaken/_zoek`` finds; what is searched by stands in the body, never in a URL."""
        found: list[Json] = []
        for page in range(1, _MOST_PAGES):
            params = {"page": str(page)} if page > 1 else None
            answer = await self._ask("POST", "zaken", "zaken/_zoek", body=body, params=params, is_answer=_is_list)
            items, more = _items(answer)
            found += items
            if not more:
                return found
        raise SourceContractBroken(f"zaken/_zoek: a list of more than {_MOST_PAGES} pages does not end")

    async def post(self, api: Api, key: str, body: Json, *, toelichting: str = "") -> Any:
        """Create an object and return it as the other side has it. Sent once; ``toelichting`` goes into its trail."""
        return await self._ask("POST", api, key, body=body, writing=True, toelichting=toelichting)

    async def patch(self, api: Api, key: str, body: Json, *, toelichting: str = "") -> Any:
        """Change some fields and return the object. Sent once."""
        return await self._ask("PATCH", api, key, body=body, writing=True, toelichting=toelichting)

    async def delete(self, api: Api, key: str, *, toelichting: str = "") -> None:
        """Remove an object; one that is gone already is no error."""
        try:
            await self._ask("DELETE", api, key, writing=True, toelichting=toelichting)
        except BestaatNiet:
            return

    async def objectenregistratie(self, url: str) -> Any:
        """Return the object behind ``zaakobject.object``, or None when it is not in the configured Objects API."""
        objecten = self.settings.objecten
        if objecten is None or not url.startswith(objecten.url + "/"):
            return None
        response = await self._send(
            httpx.Request(
                "GET", url, headers={"Authorization": objecten.authorization, "Accept-Crs": "EPSG:4326"} | _trace_header()
            ),
            "objecten",
            self.settings.timeout_s,
        )
        return self._judge(response, "objecten")

    async def _ask(
        self,
        method: str,
        api: Api,
        key: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
        writing: bool = False,
        toelichting: str = "",
        is_answer: Callable[[Any], bool] = lambda _found: True,
    ) -> Any:
        headers = {"Authorization": await self._toegang.header()} | (_CRS if api == "zaken" and _has_crs(key) else {})
        if toelichting:
            headers["X-Audit-Toelichting"] = toelichting
        request = httpx.Request(
            method, self.url(api, key), params=params, json=body, headers=_HEADERS | headers | _trace_header()
        )
        timeout_s = self.settings.timeout_schrijven_s if writing else self.settings.timeout_s
        what = f"{method} {api} {_masked(key)}"
        return self._judge(await self._send(request, what, timeout_s), what, is_answer)

    async def _send(self, request: httpx.Request, what: str, timeout_s: float) -> httpx.Response:
        if self._certificaat is not None:
            self._certificaat.ververs()
        request.extensions["timeout"] = httpx.Timeout(timeout_s).as_dict()
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s * _TOTAL):
                response = await self._read(request)
        except (httpx.HTTPError, TimeoutError) as error:
            metrics.BRON_VERZOEKEN.labels("zaaksysteem", "geen-antwoord").inc()
            self.contact.failed(error)
            self.rem.mislukt(None)
            raise SourceUnavailable(f"zaaksysteem of {self.gemeente}, {what}: no answer ({type(error).__name__})") from error
        finally:
            metrics.BRON_DUUR.labels("zaaksysteem").observe(time.monotonic() - began_s)
        metrics.BRON_VERZOEKEN.labels("zaaksysteem", str(response.status_code)).inc()
        self.contact.answered(response.headers.get("Date"))
        return response

    async def _read(self, request: httpx.Request) -> httpx.Response:
        """Return the answer whole; one that grows too large is no answer."""
        response = await self._transport.handle_async_request(request)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LONGEST_BODY:
                    raise httpx.RemoteProtocolError("the answer is too large")
        finally:
            await response.aclose()
        return httpx.Response(response.status_code, headers=_without_coding(response), content=bytes(body), request=request)

    def _judge(self, response: httpx.Response, what: str, is_answer: Callable[[Any], bool] = lambda _found: True) -> Any:
        """Return the body of an answer, or raise what it means."""
        status, where = response.status_code, f"zaaksysteem of {self.gemeente}, {what}"
        if response.is_success:
            return self._content(response, where, is_answer)
        if status in _TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR or not response.is_client_error:
            later_s = _retry_after(response)
            self.rem.mislukt(later_s)
            hint = "; it is not followed: write the final address in the settings" if response.has_redirect_location else ""
            raise SourceUnavailable(f"{where}: answered {status}{hint}", retry_after_s=later_s)
        problem = _problem(response)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._refused(status, problem, where)
        if problem is not None:
            self.rem.gelukt()
        if status == HTTPStatus.NOT_FOUND:
            if problem is None:
                self.rem.mislukt(None)
                raise NietVanDeApi(f"{where}: a 404 that is not the API's own; check the address and what stands between")
            raise BestaatNiet(f"{where}: does not exist")
        codes = _codes(problem or {})
        shown = ", ".join(f"{name}: {code}" for name, code in codes) or "no reason given"
        raise Geweigerd(f"{where}: refused with {status} ({shown})", status=status, codes=codes)

    def _refused(self, status: int, problem: Json | None, where: str) -> GeenToegang:
        """Return the error for a 401 or 403; a token that was not taken is made anew, for the secret may have changed."""
        code = mask_bsns(str((problem or {}).get("code", "")))[:80]
        error = GeenToegang(f"{where}: answered {status}; check client_id, secret and the scopes given to it", code=code)
        if error.verborgen:
            self.rem.gelukt()
        else:
            self._toegang.vergeet()
            self.rem.mislukt(None)
        return error

    def _content(self, response: httpx.Response, where: str, is_answer: Callable[[Any], bool]) -> Any:
        try:
            found = _body(response, where, is_answer)
        except SourceUnavailable:  # an error page with status 200, or half a body
            self.rem.mislukt(None)
            raise
        self.rem.gelukt()
        return found


def _is_list(answer: Any) -> bool:
    items = answer.get("results") if isinstance(answer, dict) else answer
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _items(answer: Any) -> tuple[list[Json], bool]:
    """Return the objects of a list, and whether a next page follows."""
    return (answer["results"], bool(answer.get("next"))) if isinstance(answer, dict) else (answer, False)


def _without_coding(response: httpx.Response) -> list[tuple[str, str]]:
    """Return the headers of an answer whose body was decoded."""
    drop = {"content-encoding", "content-length", "transfer-encoding"}
    return [(name, value) for name, value in response.headers.multi_items() if name.lower() not in drop]


def _trace_header() -> dict[str, str]:
    """Return the header that makes this call a span of the trace that the work at hand belongs to."""
    span = trace.child(trace.current())
    return {"traceparent": span} if span else {}


def _has_crs(key: str) -> bool:
    """Return True for zaken, one zaak and the search: they alone know a coordinate reference system."""
    return key == "zaken" or (key.startswith("zaken/") and key.count("/") == 1)


def _body(response: httpx.Response, where: str, is_answer: Callable[[Any], bool]) -> Any:
    try:
        found = msgspec.json.decode(response.content) if response.content else None
    except (msgspec.DecodeError, RecursionError) as error:
        raise SourceUnavailable(f"{where}: answered {response.status_code} with something that is not JSON") from error
    if not is_answer(found):
        raise SourceUnavailable(f"{where}: answered {response.status_code} with something else than what was asked")
    return found


def _problem(response: httpx.Response) -> Json | None:
    """Return the API's own error body (ZGW: code, title, status, detail), None when it is something else."""
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, RecursionError):
        return None
    own = isinstance(body, dict) and body.get("status") == response.status_code and ("code" in body or "title" in body)
    return body if own else None


def _codes(problem: Json) -> tuple[tuple[str, str], ...]:
    """Return (name, code) per invalid parameter: never the reason, which may repeat what was sent."""
    found = problem.get("invalidParams")
    pairs = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    codes = [(mask_bsns(str(item.get("name", "")))[:80], mask_bsns(str(item.get("code", "")))[:80]) for item in pairs]
    return tuple(codes) or ((("", str(problem["code"])[:80]),) if "code" in problem else ())


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _masked(key: str) -> str:
    return mask_bsns(key)
