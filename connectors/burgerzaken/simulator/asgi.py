# SPDX-License-Identifier: EUPL-1.2
"""A small ASGI core. No framework: the answers must be exact to the byte and the request path short.

A handler takes a Request and returns a Response, or an awaitable of one. Paths have at most one variable part, the
last: ``/x/panden/{}`` is kept as the prefix ``/x/panden/``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MAX_BODY: Final = 1_000_000
PROBLEM: Final = "application/problem+json"
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


@dataclass(slots=True, kw_only=True)
class Request:
    """One request. ``deel`` is the variable last part of the path, ``slug`` the gemeente of the route."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    slug: str = ""
    deel: str = ""

    def json(self) -> Any:
        """Return the body as JSON; MalformedBody when it is none."""
        try:
            return _decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedBody from error


class MalformedBody(ValueError):
    """The body is no JSON."""


@dataclass(slots=True, kw_only=True)
class Response:
    """One answer; ``body`` is encoded as JSON, None sends no body.

    ``letterlijk`` goes instead of ``body`` as it is; with ``druppel_s`` it drips out, a byte each so many seconds.
    """

    body: Any = None
    status: int = 200
    media: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    letterlijk: bytes | None = None
    druppel_s: float = 0.0


Handler = Callable[[Request], Response | Awaitable[Response]]


@dataclass(slots=True, frozen=True, kw_only=True)
class Route:
    """What serves one method on one path. ``onderdeel`` is what a fault can be set on; ``sjabloon`` is for the books."""

    handler: Handler
    slug: str
    onderdeel: str
    sjabloon: str


class Router:
    """Finds the route by one or two look-ups."""

    def __init__(self) -> None:
        self._routes: dict[str, dict[str, Route]] = {}

    def add(self, method: str, path: str, handler: Handler, *, slug: str = "", onderdeel: str, sjabloon: str) -> None:
        """Serve ``method`` on ``path``; a path that ends in ``/`` takes one more part."""
        route = Route(handler=handler, slug=slug, onderdeel=onderdeel, sjabloon=f"{method} {sjabloon}")
        self._routes.setdefault(path, {})[method] = route

    def find(self, path: str) -> tuple[Mapping[str, Route], str]:
        """Return the routes per method and the variable part; no routes when nothing is there."""
        if (exact := self._routes.get(path)) is not None:
            return exact, ""
        basis, _, deel = path.rpartition("/")
        return self._routes.get(basis + "/", {}) if deel else {}, deel


async def read_request(scope: Scope, receive: Receive) -> Request | None:
    """Return the request, None when its body is larger than MAX_BODY."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > MAX_BODY:
            return None
    query = scope.get("query_string", b"")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {},
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=parts[0] if len(parts) == 1 else b"".join(parts),
    )


async def send_response(send: Send, response: Response) -> None:
    """Send ``response``."""
    body = response.letterlijk if response.letterlijk is not None else b""
    if response.letterlijk is None and response.body is not None:
        body = _encode(response.body)
    headers = [(b"content-length", b"%d" % len(body))]
    if body:
        headers.append((b"content-type", response.media.encode("ascii")))
    headers.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items())
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    for number in range(len(body) if response.druppel_s else 0):
        await send({"type": "http.response.body", "body": body[number : number + 1], "more_body": True})
        await asyncio.sleep(response.druppel_s)
    await send({"type": "http.response.body", "body": b"" if response.druppel_s else body})


def is_uuid(text: object) -> bool:
    """True for the canonical text of a UUID."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
