# SPDX-License-Identifier: EUPL-1.2
"""The zaaksysteem's side: notifications accepted, a burst after an outage, and comparing many zaken with their trails.

``WISSEL_BENCH_ZAKEN`` says how many open zaken are compared (default 2,000), ``WISSEL_BENCH_BURST`` how large the burst is
(default 2,000). The zaaksysteem is the simulator in this process: its own time counts against both sides alike.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
import tracemalloc
from typing import Any

import httpx
import pytest
from hub_voor_tests import gemeente, loaded
from zaak_voor_tests import AUTH, Draaiend, Formulier, serving, vergelijk, zaak_settings

from connectors.zaak.client import ZaakClient
from connectors.zaak.connector import ZaakConnector
from connectors.zaak.simulator import SimulatorConfig, create_app
from connectors.zaak.simulator.callback import Poster
from hub.app import EmbeddedHub
from hub.clock import SystemClock
from hub.discovery import Plugins
from hub.serve import web_app
from tests.bench.meten import noteer, per_s

ZAKEN = int(os.environ.get("WISSEL_BENCH_ZAKEN", "2000"))
BURST = int(os.environ.get("WISSEL_BENCH_BURST", "2000"))
AT_ONCE = 64
OPEN_NOTIFICATIES_PER_S = 25.0
_KEER = 5
DUE = "SELECT 1 FROM zaak_stand WHERE vanaf IS NOT NULL LIMIT 1"


def body(number: int, zaak: str) -> bytes:
    url = f"http://zaaksysteem.test/emmen/zaken/api/v1/zaken/{zaak}"
    melding = {
        "kanaal": "zaken",
        "hoofdObject": url,
        "resource": "zaak",
        "resourceUrl": url,
        "actie": "partial_update",
        "aanmaakdatum": f"2026-03-12T10:00:00.{number:06}Z",
        "kenmerken": {"bronorganisatie": "000000000", "vertrouwelijkheidaanduiding": "openbaar"},
    }
    return json.dumps(melding).encode()


async def post_all(base: str, bodies: list[bytes]) -> float:
    """Post all over HTTP, ``AT_ONCE`` at a time on connections that stay open, and return how long it took."""
    poster, waiting = Poster(timeout_s=60.0), iter(bodies)

    async def one_after_another() -> None:
        for content in waiting:
            assert await poster(f"{base}/webhooks/zaken/emmen", AUTH, content) == 204

    begin = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    took = time.perf_counter() - begin
    await poster.close()
    return took


class Kaal:
    """A bare ASGI handler: what comes together goes in with one synced transaction."""

    def __init__(self, path: Any) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self.db.execute(f"PRAGMA {pragma}")
        self.db.execute("CREATE TABLE melding (id INTEGER PRIMARY KEY, inhoud BLOB)")
        self.waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self.writing: asyncio.Task[None] | None = None

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        content = (await receive())["body"]
        json.loads(content)
        stored = asyncio.get_running_loop().create_future()
        self.waiting.append((content, stored))
        if self.writing is None:
            self.writing = asyncio.create_task(self._write())
        await stored
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _write(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting, []
            await asyncio.to_thread(self._commit, [(content,) for content, _ in batch])
            for _, stored in batch:
                stored.set_result(None)
        self.writing = None

    def _commit(self, rows: list[tuple[bytes]]) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany("INSERT INTO melding (inhoud) VALUES (?)", rows)
        self.db.execute("COMMIT")


def hub_for(folder: Any, transport: httpx.AsyncBaseTransport, **changes: Any) -> tuple[EmbeddedHub, ZaakConnector]:
    """Return a hub whose zaaksysteem is reached in this process."""
    simulator = SimulatorConfig()
    settings = zaak_settings(
        "http://zaaksysteem.test/emmen", secret=simulator.clients[0].secret, vergelijken_per_s=1e6, vullen_per_s=1e6,
        vergelijken_gelijktijdig=16, **changes,
    )  # fmt: skip
    connector = ZaakConnector(transport=transport)
    held = loaded(folder, [gemeente("emmen", plugins={"zaak": settings})])
    return EmbeddedHub(held, clock=SystemClock(), plugins=Plugins({"zaak": connector}, {}, {})), connector


def test_notifications_accepted_against_a_bare_handler(tmp_path):
    """Durably stored before 204, in one process; beside a handler that does nothing but that."""
    away = httpx.MockTransport(lambda _request: httpx.Response(503))

    async def main() -> tuple[list[float], int]:
        hub, _ = hub_for(tmp_path, away, langste_pauze_s=3600.0, eerste_pauze_s=3600.0)
        async with hub:
            async with serving(web_app(hub, None)) as ours, serving(Kaal(tmp_path / "kaal.db")) as bare:
                number = 0
                took: list[list[float]] = [[], []]
                for _ in range(_KEER):
                    for which, base in enumerate((ours, bare)):
                        bodies = [body(number + n, f"00000000-0000-4000-8000-{(number + n) % 500:012}") for n in range(1_000)]
                        number += 1_000
                        took[which].append(await post_all(base, bodies))
            stored = hub.read_now(lambda tx: tx.one("SELECT count(*) FROM zaak_melding"))
            return [sorted(times)[_KEER // 2] for times in took], stored[0]

    (took, raw), stored = asyncio.run(main())
    assert stored == 1_000 * _KEER
    rate, ratio = 1_000 / took, raw / took
    noteer(
        f"meldingen aangenomen, {AT_ONCE} tegelijk",
        gemeten=per_s(1_000, took),
        ruw=per_s(1_000, raw),
        verhouding=f"{ratio:.2f}",
        doel=">= 0.5, >= 10 x 25/s",
        gehaald=ratio >= 0.5 and rate >= 10 * OPEN_NOTIFICATIES_PER_S,
    )


@pytest.fixture(scope="module")
def zaaksysteem() -> Any:
    return create_app(SimulatorConfig())


def test_comparing_open_zaken_with_their_trails(tmp_path, zaaksysteem):
    """One in a hundred missed: all found, at most 1.3 requests a zaak counted at the zaaksysteem, a page in memory."""

    async def main() -> tuple[float, int, int, float]:
        form = Formulier(zaaksysteem)
        zaken = [await form.zaak() for _ in range(ZAKEN)]
        hub, connector = hub_for(tmp_path, httpx.ASGITransport(app=zaaksysteem))
        async with hub:
            running = Draaiend(hub, "", httpx.AsyncClient(), connector, None)  # type: ignore[arg-type]
            await vergelijk(running, "vullen", within_s=3600)
            await running.settled(within_s=3600)
            for zaak in zaken[::100]:
                await form.call("PATCH", zaak["url"], {"toelichting": "heimelijk"})
            before, largest = sum(zaaksysteem.requests.values()), 0
            tracemalloc.start()
            begin = time.perf_counter()
            counts = await vergelijk(running, within_s=3600)
            took = time.perf_counter() - begin
            largest = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            await running.settled(within_s=3600)
            asked = sum(zaaksysteem.requests.values()) - before
            await running.client.aclose()
            found = counts.get("verschil", 0)
            assert all(len(running.events(zaak["uuid"])) >= 3 for zaak in zaken[::100])
            return took, found, asked, largest / 1e6

    took, found, asked, megabytes = asyncio.run(main())
    missed = len(range(0, ZAKEN, 100))
    noteer(
        f"vergelijken van {ZAKEN} open zaken, {missed} wijzigingen gemist",
        gemeten=f"{found} gevonden, {asked / ZAKEN:.2f} verzoek/zaak, {per_s(ZAKEN, took)}, piek {megabytes:.0f} MB",
        ruw="1.00 verzoek/zaak",
        verhouding=f"{ZAKEN / asked:.2f}",
        doel="alle; <= 1.3 verzoek/zaak",
        gehaald=found == missed and asked / ZAKEN <= 1.3,
    )


def test_a_burst_after_an_outage_against_bare_fetching(tmp_path):
    """Notifications about as many zaken at once: until all is fetched and put down, beside only fetching those zaken."""
    simulator = create_app(SimulatorConfig())

    async def main() -> tuple[float, float]:
        form = Formulier(simulator)
        zaken = [await form.zaak() for _ in range(BURST)]
        transport = httpx.ASGITransport(app=simulator)
        hub, _ = hub_for(tmp_path, transport)
        client = ZaakClient(
            zaak_settings("http://zaaksysteem.test/emmen", secret=simulator.config.clients[0].secret), gemeente="emmen",
            transport=transport,
        )  # fmt: skip
        bare_s = await bare_fetch(client, [zaak["uuid"] for zaak in zaken])
        async with hub, serving(web_app(hub, None)) as ours:
            begin = time.perf_counter()
            await post_all(ours, [body(number, zaak["uuid"]) for number, zaak in enumerate(zaken)])
            while hub.read_now(lambda tx: tx.one(DUE)):  # noqa: ASYNC110 - what is waited for is in the store
                await asyncio.sleep(0.01)
            took_s = time.perf_counter() - begin
        bare_s = (bare_s + await bare_fetch(client, [zaak["uuid"] for zaak in zaken])) / 2
        await client.aclose()
        return took_s, bare_s

    took, raw = asyncio.run(main())
    noteer(
        f"stoot van {BURST} meldingen, tot alles is opgehaald",
        gemeten=per_s(BURST, took),
        ruw=per_s(BURST, raw),
        verhouding=f"{raw / took:.2f}",
        doel=">= 0.5",
        gehaald=raw / took >= 0.5,
    )


async def bare_fetch(client: ZaakClient, uuids: list[str]) -> float:
    """Fetch each zaak and its trail, as many at a time as the hub does, and nothing else."""
    waiting = iter(uuids)

    async def one_after_another() -> None:
        for uuid in waiting:
            await asyncio.gather(client.get("zaken", f"zaken/{uuid}"), client.get("zaken", f"zaken/{uuid}/audittrail"))

    begin = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(client.settings.gelijktijdig)))
    return time.perf_counter() - begin
