# SPDX-License-Identifier: EUPL-1.2
"""HTTP to one other system over connections that are kept, each looked at only when it is used.

httpx's own pool asks every connection it keeps whether it still stands, at the begin and at the end of each request: with
sixteen kept that was a quarter of all that the hub's event loop did. Here each connection is a pool of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

import httpx

_ONE: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1)


class Connections(httpx.AsyncBaseTransport):
    """At most ``most`` requests at a time; the connection used last goes first. PoolTimeout when none comes free in time."""

    def __init__(self, *, most: int, verify: ssl.SSLContext | None = None, proxy: str | None = None) -> None:
        trusted = verify or httpx.create_ssl_context(trust_env=False)  # one for all: making it takes as long as many requests
        self._make = partial(httpx.AsyncHTTPTransport, verify=trusted, proxy=proxy, limits=_ONE, trust_env=False)
        self._places = asyncio.Semaphore(most)
        self._made = [self._make()]  # one now: a proxy that cannot be is told here
        self._idle = list(self._made)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its connection comes free when the answer is closed."""
        await self._place(request.extensions.get("timeout", {}).get("pool"))
        connection = self._idle.pop() if self._idle else self._new()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            self._come_free(connection)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Answer(response.stream, partial(self._come_free, connection))
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        made, self._made, self._idle = self._made, [], []
        for connection in made:
            await connection.aclose()

    async def _place(self, timeout_s: float | None) -> None:
        if not self._places.locked():  # a timeout that nothing waits for costs as much as the rest here
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._places.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection came free in time") from error

    def _new(self) -> httpx.AsyncHTTPTransport:
        self._made.append(made := self._make())
        return made

    def _come_free(self, connection: httpx.AsyncHTTPTransport) -> None:
        self._idle.append(connection)
        self._places.release()


class _Answer(httpx.AsyncByteStream):
    """The body of an answer; says when it was closed."""

    def __init__(self, inner: httpx.AsyncByteStream, closed: Callable[[], None]) -> None:
        self._inner = inner
        self._closed = closed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            yield part

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._closed()
