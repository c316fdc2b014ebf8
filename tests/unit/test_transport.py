# SPDX-License-Identifier: EUPL-1.2
"""Connections that are kept: used again, bounded, replaced when the other side closed them, never lost by an error."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest

from hub.transport import Connections

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request on a connection after ``gate`` opened; counts connections and requests at the same time."""

    def __init__(self) -> None:
        self.connections = self.now = self.most = 0
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()
        self.gate.set()
        self.writers: list[asyncio.StreamWriter] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.now += 1
                self.asked.set()
                self.most = max(self.most, self.now)
                await self.gate.wait()
                self.now -= 1
                writer.write(_ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def server():
    here = Server()
    listening = await asyncio.start_server(here.serve, "127.0.0.1", 0)
    here.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    yield here
    listening.close()
    for writer in here.writers:
        writer.close()


@asynccontextmanager
async def reached(most: int, *, timeout_s: float = 5.0):
    async with server() as here, httpx.AsyncClient(transport=Connections(most=most), timeout=timeout_s) as client:
        yield here, client


def test_a_connection_is_used_again():
    """One after another: one connection; the one used last goes first, so that what was opened for a rush may rest."""

    async def main() -> None:
        async with reached(8) as (here, client):
            for _ in range(5):
                assert (await client.get(here.url)).text == "ok"
            assert here.connections == 1

    asyncio.run(main())


def test_no_more_requests_at_a_time_than_allowed():
    """The source is spared, and all are answered."""

    async def main() -> None:
        async with reached(3) as (here, client):
            answers = await asyncio.gather(*(client.get(here.url) for _ in range(20)))
            assert [answer.text for answer in answers] == ["ok"] * 20
            assert here.most <= 3
            assert here.connections <= 3

    asyncio.run(main())


def test_who_waits_too_long_for_a_connection_is_told():
    """As with httpx's own pool: PoolTimeout."""

    async def main() -> None:
        async with reached(1) as (here, client):
            here.gate.clear()
            first = asyncio.create_task(client.get(here.url))
            await here.asked.wait()
            with pytest.raises(httpx.PoolTimeout):
                await client.get(here.url, timeout=httpx.Timeout(5.0, pool=0.05))
            here.gate.set()
            assert (await first).text == "ok"

    asyncio.run(main())


def test_a_connection_that_the_other_side_closed_is_replaced():
    """No request is sent into a connection that is gone."""

    async def main() -> None:
        async with reached(2) as (here, client):
            await client.get(here.url)
            for writer in here.writers:
                writer.close()
                await writer.wait_closed()
            await asyncio.sleep(0.05)
            assert (await client.get(here.url)).text == "ok"
            assert here.connections == 2

    asyncio.run(main())


def test_an_error_or_a_cancellation_gives_the_place_back():
    """Or a source that was away would stay unreachable after its return."""

    async def main() -> None:
        async with reached(1, timeout_s=2.0) as (here, client):
            for _ in range(3):
                with pytest.raises(httpx.ConnectError):
                    await client.get("http://127.0.0.1:1/")
            here.gate.clear()
            for _ in range(3):
                with pytest.raises(httpx.ReadTimeout):
                    await client.get(here.url, timeout=httpx.Timeout(2.0, read=0.02))
                task = asyncio.create_task(client.get(here.url))
                await asyncio.sleep(0.02)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            here.gate.set()
            assert (await client.get(here.url)).text == "ok"

    asyncio.run(main())


def test_a_proxy_that_cannot_be_is_told_at_once():
    """Who starts the hub hears of it, not each request, of which every one would keep its place."""
    with pytest.raises(ValueError, match="proxy"):
        Connections(most=1, proxy="geen://adres")
