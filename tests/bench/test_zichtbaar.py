# SPDX-License-Identifier: EUPL-1.2
"""How long it takes from an accepted notification until ``GET /v1/zaken/{uuid}`` shows the fact, at 200 a second.

Looking is load as well. One zaak in every ``_EEN_OP`` is looked for, all its facts, first every ``_LOOK_EVERY_S`` and then
after a tenth of the time waited so far: some 50 GETs a second beside the 200 notifications, and no more of them when the hub
is slow. What comes out is at most one such pause too long. The hub, with its stub, is one process, or on Kafka and PostgreSQL
a web side and a worker; the load and the looking are another.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from logs import make_topics
from postgres_voor_tests import with_database

from hub.store.server import OnServer
from tests.bench.meten import draaiend, noteer, percentiel
from tests.bench.zichtbaar_hub import AUTH, SOORTEN, STAP_MS, instellingen, melding, nieuwe_zaak, verbonden, wijziging_id
from tests.conftest import kafka_cluster

_PER_S = 200
_DUUR_S = 30.0
_INLOPEN_S = 3.0
_EEN_OP = 16
_TOKEN = "alleen-voor-deze-meting"
_LOOK_EVERY_S = 0.010


@contextmanager
def draaiende_hub(folder: Path, *where: str) -> Iterator[str]:
    """Run the hub, or the part of it that ``where`` names, as a process; yield its address."""
    with draaiend("zichtbaar_hub.py", str(folder), _TOKEN, *where) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"


def fsync_s(folder: Path, count: int = 400) -> list[float]:
    """Return how long a bare append with fsync takes, a few milliseconds apart as under this load."""
    took = []
    with (folder / "kaal").open("ab", buffering=0) as file:
        for _ in range(count):
            time.sleep(1 / _PER_S)
            begin = time.perf_counter()
            file.write(b"x" * 4_096)
            os.fsync(file.fileno())
            took.append(time.perf_counter() - begin)
    return took


class Verbindingen:
    """Keep-alive connections to the hub and just enough HTTP/1.1: the load must not take the processor from the hub."""

    def __init__(self, url: str) -> None:
        self._host, _, port = url.removeprefix("http://").partition(":")
        self._port = int(port)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def vraag(self, method: str, path: str, *, authorization: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return (status, body) of one request."""
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection(self._host, self._port)
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: {authorization}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        answer = await reader.readexactly(int(length[1]) if length else 0)
        self._free.append((reader, writer))
        return int(head[9:12]), answer

    def sluit(self) -> None:
        """Close all."""
        for _, writer in self._free:
            writer.close()


class Belasting:
    """Posts notifications at a fixed pace, whatever the answers do, and looks for one in every so many."""

    def __init__(self, hub: Verbindingen) -> None:
        self._hub = hub
        self.zichtbaar_s: list[float] = []
        self.aangenomen_s: list[float] = []

    async def draai(self) -> None:
        """Post for the whole time: each zaak gets its three facts in turn."""
        zaken_per_s = _PER_S / len(SOORTEN)
        begin = time.time() + 0.1
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(_DUUR_S * zaken_per_s)):
                at_s = begin + number / zaken_per_s
                await asyncio.sleep(max(0.0, at_s - time.time()))
                counts = number / zaken_per_s > _INLOPEN_S and number % _EEN_OP == 0
                tasks.create_task(self._zaak(nieuwe_zaak(int(at_s * 1_000), number), at_s, counts=counts))

    async def _zaak(self, zaak: str, at_s: float, *, counts: bool) -> None:
        for step in range(len(SOORTEN)):
            await asyncio.sleep(max(0.0, at_s + step * STAP_MS / 1_000 + 0.002 - time.time()))
            body = json.dumps(melding(zaak, step)).encode()
            begin = time.perf_counter()
            status, answer = await self._hub.vraag("POST", "/webhooks/zaken/emmen", authorization=AUTH, body=body)
            accepted = time.perf_counter()
            assert status == 204, answer
            if counts:
                self.aangenomen_s.append(accepted - begin)
                self.zichtbaar_s.append(await self._seen(zaak, wijziging_id(zaak, step)) - accepted)

    async def _seen(self, zaak: str, fact: str) -> float:
        """Return when the fact was in the answer."""
        begin = time.perf_counter()
        while True:
            _, answer = await self._hub.vraag("GET", f"/v1/zaken/{zaak}", authorization=f"Bearer {_TOKEN}")
            if fact.encode() in answer:
                return time.perf_counter()
            await asyncio.sleep(max(_LOOK_EVERY_S, (time.perf_counter() - begin) / 10))


async def belast(url: str) -> Belasting:
    """Put the load on a hub and return what was measured."""
    hub = Verbindingen(url)
    load = Belasting(hub)
    await load.draai()
    hub.sluit()
    return load


def test_from_webhook_to_visible(tmp_path):
    """p99 of webhook accepted until visible, at 200 events a second, beside that of a bare fsync."""
    raw = fsync_s(tmp_path)
    with draaiende_hub(tmp_path / "hub") as url:
        load = asyncio.run(belast(url))
    raw += fsync_s(tmp_path)
    _rij("melding aangenomen tot zichtbaar", load, raw, goal_s=max(0.050, 20 * percentiel(raw, 99)))


def test_from_webhook_to_visible_on_kafka_and_postgresql(tmp_path, postgres):
    """The same on a real broker and a real server: a web side takes the notifications, a worker does the rest."""
    raw = fsync_s(tmp_path)
    plugins = verbonden()
    with kafka_cluster(tmp_path) as cluster, postgres.database(empty=True) as database, ExitStack() as running:
        make_topics(cluster.bootstrap, "", partities=4, connectors=tuple(plugins.connectors))
        store = OnServer(with_database(instellingen(tmp_path, _TOKEN), database))
        store.migrate("pre", {name: connector.tables for name, connector in plugins.connectors.items()})
        where = (tmp_path / "hub", cluster.bootstrap, database)
        running.enter_context(draaiende_hub(*where, "werk"))
        load = asyncio.run(belast(running.enter_context(draaiende_hub(*where, "web"))))
    raw += fsync_s(tmp_path)
    _rij("melding aangenomen tot zichtbaar op Kafka en PostgreSQL", load, raw, goal_s=0.250, median_s=0.060)


def _rij(wat: str, load: Belasting, raw: list[float], *, goal_s: float, median_s: float = float("inf")) -> None:
    p50, p99, bare = percentiel(load.zichtbaar_s, 50), percentiel(load.zichtbaar_s, 99), percentiel(raw, 99)
    noteer(
        f"{wat}, {_PER_S}/s (p99 van {len(load.zichtbaar_s)})",
        gemeten=f"{p99 * 1e3:.0f} ms (p50 {p50 * 1e3:.0f} ms)",
        ruw=f"{bare * 1e3:.2f} ms fsync p99",
        verhouding=f"{p99 / bare:.0f} x",
        doel=f"<= {goal_s * 1e3:.0f} ms" + (f" (p50 {median_s * 1e3:.0f} ms)" if median_s < goal_s else ""),
        gehaald=p99 <= goal_s and p50 <= median_s,
    )
