# SPDX-License-Identifier: EUPL-1.2
"""The network between the hub and its broker: a passage for TCP that can be cut, fall silent, and swallow answers.

The broker advertises the passage on a listener of its own (``listener``), so that whoever enters here stays here; who is to
look on undisturbed takes the broker's own address. It knows of Kafka only what a produce request looks like, to count those
whose answer got lost.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

from demo.opzet import free_port

_HOST: Final = "127.0.0.1"
_CHUNK: Final = 65_536
_WORK_S: Final = 10.0
_HEAD: Final = struct.Struct(">ih")  # size and kind of a request
_PRODUCE: Final = 0


@dataclass
class Requests:
    """Tells where in the bytes of one connection a request begins."""

    _head: bytes = b""
    _rest: int = 0

    def produced(self, data: bytes) -> int:
        """Return how many produce requests begin in these bytes."""
        count = 0
        while data:
            passed, data = data[: self._rest], data[self._rest :]
            self._rest -= len(passed)
            self._head, data = self._head + data[: _HEAD.size - len(self._head)], data[_HEAD.size - len(self._head) :]
            if len(self._head) == _HEAD.size:
                size, kind = _HEAD.unpack(self._head)
                self._head, self._rest = b"", size - (_HEAD.size - 4)
                count += kind == _PRODUCE
        return count


@dataclass
class Doorgang:
    """A passage to one broker, open until told otherwise. Safe to use from every thread."""

    answers_lost: int = 0
    _target: int = field(default_factory=free_port)
    _place: socket.socket = field(default_factory=socket.socket)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _through: asyncio.Event = field(default_factory=asyncio.Event)
    _deaf: bool = False

    def __enter__(self) -> Self:
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._place.bind((_HOST, 0))  # it never listens: it keeps the port ours, and refused, while the network is cut
        self._thread = threading.Thread(target=self._loop.run_forever, name="doorgang", daemon=True)
        self._thread.start()
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._place.close()

    @property
    def address(self) -> str:
        """Return where clients enter."""
        return f"{_HOST}:{self._place.getsockname()[1]}"

    @property
    def listener(self) -> str:
        """Return what a broker's settings need so that its clients come through here (``extra`` of ``broker.Cluster``)."""
        own = "PLAINTEXT://127.0.0.1:{port}"
        return (
            f"listeners={own},CONTROLLER://127.0.0.1:{{controller}},DOORGANG://{_HOST}:{self._target}\n"
            f"advertised.listeners={own},DOORGANG://{self.address}\n"
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,DOORGANG:PLAINTEXT"
        )

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._do(self._cut())

    def silence(self) -> None:
        """Hold everything under way in both directions; connections stay, and nothing is lost."""
        self._loop.call_soon_threadsafe(self._through.clear)

    def swallow(self) -> None:
        """Pass on what is asked and throw away what is answered."""
        self._deaf = True

    def mend(self) -> None:
        """Be open again. Who lost an answer meanwhile loses the connection too: bytes are missing in it."""
        self._do(self._mend())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_WORK_S)

    async def _cut(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _mend(self) -> None:
        if self._deaf:
            await self._cut()
            self._deaf = False
        if self._server is None:
            port = self._place.getsockname()[1]
            self._server = await asyncio.start_server(self._enter, _HOST, port, reuse_port=True)
        self._through.set()

    def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._connection(reader, writer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side, or the network, ends it."""
        ends, ways = [writer], list[asyncio.Future[None]]()
        try:
            there, back = await asyncio.open_connection(_HOST, self._target)
            ends.append(back)
            requests = Requests()
            ways += map(asyncio.ensure_future, (self._carry(reader, back, requests), self._carry(there, writer)))
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass  # the broker is down: so is the connection
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in ends:
                end.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Requests | None = None
    ) -> None:
        """Carry one direction: what is asked when there are ``requests`` to tell apart, else what is answered."""
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._through.wait()
                if requests:
                    produced = requests.produced(data)
                    self.answers_lost += produced if self._deaf else 0
                elif self._deaf:
                    continue
                writer.write(data)
                await writer.drain()
