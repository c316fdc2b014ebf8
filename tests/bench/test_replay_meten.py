# SPDX-License-Identifier: EUPL-1.2
"""What a replay costs: beside live traffic, comparing, switching, and one zaak alone.

``WISSEL_BENCH_RIJEN`` sets how many rows are compared (1 000 000 in the promise; fewer by default).
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import replace

import msgspec
import pytest
from hub_voor_tests import TELLER, feit, gemeente, loaded, plugins, zet

from hub import admin
from hub.app import EmbeddedHub
from hub.builds import KLAAR, add
from hub.clock import SystemClock
from hub.discovery import Plugins, projections
from hub.replay.beheer import Beheer, Besluit
from hub.replay.lezen import Lezer
from hub.replay.stroom import herbouw_stroom
from hub.replay.verschil import vergelijk
from tests.bench.meten import noteer, per_s, percentiel, proces, tijd_s
from tests.bench.zaakstromen import vul

ROWS = int(os.environ.get("WISSEL_BENCH_RIJEN", "200000"))
EVENTS, PER_S = 150_000, 200
WHY = Besluit("meten", "bench")


@pytest.fixture
def two_builds(tmp_path):
    """Two builds of one projection of many rows, of which one in a hundred differs."""
    projection = replace(TELLER, links={})
    hub = EmbeddedHub(loaded(tmp_path), clock=SystemClock(), plugins=plugins({"teller": projection})).open()
    hub.members.write(lambda db: add(db, projection, 1, KLAAR, reden="x", door="x", at_us=0)).result()
    with Lezer(loaded(tmp_path), plugins({"teller": projection})) as lezer:
        lezer.fill(1).close()
    hub.projector.sync()
    pack = msgspec.msgpack.Encoder().encode
    for member in hub.projector.members:
        own = member.tables.number
        rows = (
            (n, "emmen", f"zaak-{n}", n % 9, pack({"aantal": n % 9, "gezien": list(range(20)), "fout": n % 100 == 0 and own}))
            for n in range(ROWS)
        )
        insert = f"INSERT INTO {member.tables.name} (stroom, gemeente, sleutel, aantal, rij) VALUES (?,?,?,?,?)"
        member.database.write(lambda db, i=insert, r=rows: db.executemany(i, r)).result()
    yield hub
    hub.close()


def test_diff(two_builds):
    """Comparing two builds takes no more than twice the time of reading both."""
    with Lezer(loaded(two_builds.folder), plugins()) as lezer:
        builds = {build.lid: build for build in lezer.builds()[0]}
        live, shadow = builds["teller:1"], builds["teller:1.1"]

        def read():
            for build in (live, shadow):
                query = f"SELECT stroom, gemeente, sleutel, rij, aantal FROM {build.shape.table} ORDER BY stroom"
                with lezer.database(build.nummer).reader() as db:
                    for _ in db.execute(query):
                        pass

        read()
        raw = min(tijd_s(read) for _ in range(3))
        ours = min(tijd_s(lambda: vergelijk(lezer, live, shadow)) for _ in range(3))
        found = vergelijk(lezer, live, shadow)
    assert found.anders == -(-ROWS // 100)
    noteer(
        f"diff van {ROWS} rijen",
        gemeten=f"{ours:.2f} s",
        ruw=f"{raw:.2f} s beide lezen",
        verhouding=f"{ours / raw:.2f}",
        doel="<= 2",
        gehaald=ours / raw <= 2,
    )


def test_switch(two_builds):
    """The longest that a reader waits while the pointer moves to and fro."""
    longest, stop = [0.0], threading.Event()

    def read():
        while not stop.is_set():
            longest[0] = max(longest[0], tijd_s(lambda: two_builds.read_model("teller").get("emmen", "zaak-7")))

    async def story():
        beheer = Beheer(two_builds)
        for _ in range(10):
            await beheer.switch(["teller"], WHY)
            await beheer.rollback(["teller"], WHY)

    reader = threading.Thread(target=read)
    reader.start()
    asyncio.run(story())
    stop.set()
    reader.join()
    noteer(
        f"omzetten bij {ROWS} rijen: langste wacht van een lezer",
        gemeten=f"{longest[0] * 1000:.1f} ms",
        ruw="",
        verhouding="",
        doel="<= 100 ms",
        gehaald=longest[0] <= 0.1,
    )


def test_one_stream(tmp_path):
    """A zaak of a thousand events built again in every projection."""
    hub = EmbeddedHub(loaded(tmp_path), clock=SystemClock(), plugins=plugins(projections())).open()
    zet(hub, *(feit("zaak", n) for n in range(1_000)))
    hub.projector.catch_up()
    took = tijd_s(lambda: asyncio.run(herbouw_stroom(hub, "zaak", WHY)))
    hub.close()
    noteer(
        "één zaak van 1 000 gebeurtenissen, alle projecties",
        gemeten=f"{took:.2f} s",
        ruw="",
        verhouding="",
        doel="<= 1 s",
        gehaald=took <= 1,
    )


def measured(hub, work):
    """Put 200 facts a second down while ``work`` runs; return (what it gave, how long each was not seen yet, in seconds)."""
    stop, seen, given = threading.Event(), [], []
    thread = threading.Thread(target=lambda: (given.append(work()), stop.set()))
    thread.start()
    number = 0
    while not stop.is_set():
        begin = time.perf_counter()
        number += 1
        zet(hub, feit("meting", int(begin * 1e6), data={"resourceUrl": "x", "aanmaakdatum": None, "wie": None}))
        hub.projector.wake()
        while number % 10 == 0 and hub.projector.behind():
            time.sleep(0.0005)
        if number % 10 == 0:
            seen.append(time.perf_counter() - begin)
        time.sleep(max(0.0, 1 / PER_S - (time.perf_counter() - begin)))
    thread.join()
    return given[0], seen


def test_replay_beside_live_traffic(tmp_path):
    """All projections from a whole log while 200 facts a second come in, beside the same on a quiet hub."""
    settings = loaded(tmp_path, [gemeente()], partities=4)
    hub = EmbeddedHub(settings, clock=SystemClock(), plugins=Plugins({}, {}, projections())).open()
    vul(hub, 0, EVENTS // 40)
    hub.projector.rebuild()

    async def story():
        hub.start()
        commands = await admin.listen(hub)
        try:
            _, quiet = await asyncio.to_thread(measured, hub, lambda: time.sleep(5))
            alone = await asyncio.to_thread(proces, "replay_proces.py", str(tmp_path), "1")
            beside, busy = await asyncio.to_thread(measured, hub, lambda: proces("replay_proces.py", str(tmp_path), "2"))
        finally:
            commands.close()
            await hub.stop()
        return alone, beside, percentiel(quiet, 99) * 1000, percentiel(busy, 99) * 1000

    alone, beside, quiet_ms, busy_ms = asyncio.run(story())
    ratio = (beside["events"] / beside["seconds"]) / (alone["events"] / alone["seconds"])
    noteer(
        "replay van alle projecties naast 200/s",
        gemeten=per_s(beside["events"], beside["seconds"]),
        ruw=f"{per_s(alone['events'], alone['seconds'])} op een rustige hub",
        verhouding=f"{ratio:.2f}",
        doel=">= 0.7",
        gehaald=ratio >= 0.7,
    )
    most = max(2 * quiet_ms, 100)
    noteer(
        "zichtbaar tijdens die replay, p99",
        gemeten=f"{busy_ms:.0f} ms",
        ruw=f"{quiet_ms:.0f} ms zonder replay",
        verhouding=f"{busy_ms / quiet_ms:.1f}",
        doel="<= 2x of 100 ms",
        gehaald=busy_ms <= most,
    )
    noteer(
        "geheugen van die replay",
        gemeten=f"{beside['rss_mb']:.0f} MB",
        ruw="",
        verhouding="",
        doel="<= 300 MB",
        gehaald=beside["rss_mb"] <= 300,
    )
