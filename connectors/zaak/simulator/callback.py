# SPDX-License-Identifier: EUPL-1.2
"""Posting a notification: a small HTTP/1.1 client on asyncio streams.

A general client costs more processor time per post than all the rest of the simulator together; the demo posts
thousands. Connections are kept and reused; every problem on one closes it and counts as "not accepted".
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_USER_AGENT = "python-requests/2.32.3"


@dataclass(frozen=True, slots=True)
class _Target:
    host: str
    port: int
    path: str
    tls: bool

    @property
    def key(self) -> tuple[str, int, bool]:
        return self.host, self.port, self.tls


def _target(url: str) -> _Target:
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.hostname or "", parts.port or (443 if tls else 80), path, tls)


@dataclass(slots=True)
class Poster:
    """Keeps connections per host. Use it within one event loop and ``close`` it there."""

    timeout_s: float
    _idle: dict[tuple[str, int, bool], list[_Connection]] = field(default_factory=lambda: defaultdict(list))
    _loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, url: str, auth: str | None, body: bytes) -> int | None:
        """Post ``body`` with the literal Authorization header ``auth``; return the status, None when none came."""
        target = _target(url)
        if self._loop is not asyncio.get_running_loop():
            self._loop = asyncio.get_running_loop()
            self._idle.clear()  # connections of a loop that has ended
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._post(target, _request(target, auth, body))
        except (OSError, EOFError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return None  # TimeoutError is an OSError; the caller counts it and tries again

    async def _post(self, target: _Target, request: bytes) -> int:
        while self._idle[target.key]:
            connection = self._idle[target.key].pop()
            if connection[0].at_eof():
                connection[1].close()
                continue
            try:
                return await self._exchange(target, connection, request)
            except (ConnectionError, EOFError):
                continue  # the other side closed a connection it had kept: not a failed post, take another
        context = ssl.create_default_context() if target.tls else None
        fresh = await asyncio.open_connection(target.host, target.port, ssl=context)
        return await self._exchange(target, fresh, request)

    async def _exchange(self, target: _Target, connection: _Connection, request: bytes) -> int:
        reader, writer = connection
        keep = False
        try:
            writer.write(request)
            await writer.drain()
            status, keep = await _answer(reader)
        finally:
            if keep:
                self._idle[target.key].append(connection)
            else:
                writer.close()
        return status

    async def close(self) -> None:
        """Close what is kept."""
        for connections in self._idle.values():
            for _, writer in connections:
                writer.close()
        self._idle.clear()


def _request(target: _Target, auth: str | None, body: bytes) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.host}:{target.port}",
        f"User-Agent: {_USER_AGENT}",
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: keep-alive",
        "Content-Type: application/json",
        *([] if auth is None else [f"Authorization: {auth}"]),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one answer; return (status, whether the connection may be used again)."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    status = int(first.partition(b" ")[2][:3])  # ValueError when it is no HTTP
    headers = {name.strip().lower(): value.strip().lower() for name, _, value in (line.partition(b":") for line in lines)}
    if b"transfer-encoding" in headers:
        return status, False
    await reader.readexactly(int(headers.get(b"content-length", b"0")))
    return status, headers.get(b"connection") != b"close" and first.startswith(b"HTTP/1.1")
