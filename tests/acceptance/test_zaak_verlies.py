# SPDX-License-Identifier: EUPL-1.2
"""Nothing missed, nothing twice, whatever is lost on the way: the streams are the zaaksysteem's own audit trails.

A hub in a process of its own, a simulated zaaksysteem that loses, repeats and shuffles what it tells, three days of
silence in which the hub cannot reach it either, and five kills. ``WISSEL_ZAKEN`` says how many zaken (default 150).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sqlite3
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from zaak_kind import hub_on, settings_of, start
from zaak_voor_tests import AUTH, Formulier, serving

from connectors.zaak.simulator import Aflevering, SimulatorConfig, create_app
from hub import admin
from hub.events import ZAKEN

ZAKEN_AANTAL = int(os.environ.get("WISSEL_ZAKEN", "150"))
SILENCE = timedelta(hours=72)
LOSSY = {"verlies": 0.3, "dubbel": 0.2, "herordenen": 1.0, "vertraging_max_s": 0.3}
FOUND = ("nieuw", "verschil", "verdwenen", "niet gemeld")
UIT = (503, b"<h1>503 Service Unavailable</h1>")


class Poort:
    """Stands between the hub and the zaaksysteem: shut, the hub gets an error page and the e-forms go on."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.shut = False
        self.refused = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self.shut:
            await self.app(scope, receive, send)
            return
        self.refused += 1
        await send({"type": "http.response.start", "status": UIT[0], "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": UIT[1]})


class Hub:
    """The hub's process over its lives."""

    def __init__(self, folder: Any, base: str, secret: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.given = {"map": str(folder), "bron": f"{base}/emmen", "secret": secret, "poort": port, "verschuiving_s": 0.0}
        self.kills = 0
        self.child: Any = None

    async def start(self) -> None:
        self.child = await asyncio.to_thread(start, self.given)

    async def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        await asyncio.to_thread(self.child.wait)
        self.child.stdout.close()
        self.kills += 1
        await self.start()

    async def stop(self) -> None:
        self.child.terminate()
        assert await asyncio.to_thread(self.child.wait, 30) == 0
        self.child.stdout.close()

    async def ask(self, action: str, **args: Any) -> Any:
        return await admin.call(settings_of(self.given), action, args)

    async def reconcile(self) -> Counter[str]:
        """Compare everything, as `wissel zaak reconcile` does, and return the counts."""
        total: Counter[str] = Counter()
        for item in await self.ask("zaak reconcile"):
            for number in item["rondes"]:
                while (found := await self.ask("zaak ronde", gemeente="emmen", nummer=number))["toestand"] != "klaar":
                    assert found["toestand"] != "mislukt", found["uitleg"]
                    await asyncio.sleep(0.05)
                total.update(found["telling"])
        return total

    async def settled(self) -> None:
        """Wait until nothing is due."""
        store = sqlite3.connect(f"file:{self.given['map']}/wissel.db?mode=ro", uri=True)
        async with asyncio.timeout(600):
            while store.execute("SELECT 1 FROM zaak_stand WHERE vanaf IS NOT NULL LIMIT 1").fetchone():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        store.close()


class Leven:
    """What happens to zaken: each step by a die of this test's own, so that a seed tells the whole story."""

    def __init__(self, form: Formulier, seed: int) -> None:
        self.form = form
        self.rng = random.Random(seed)
        self.open: list[dict[str, Any]] = []
        self.closed: list[dict[str, Any]] = []
        self.minute = 0

    async def begin(self) -> None:
        """Register one and let some things happen to it."""
        zaak = await self.form.aangifte()
        self.open.append(zaak)
        for _ in range(self.rng.randrange(3)):
            await self.happen(zaak)

    async def happen(self, zaak: dict[str, Any]) -> None:
        """Let one thing happen to an open zaak."""
        await self.rng.choice([self._suspend, self._take_over, self._contact, self._plan, self._status])(zaak)

    async def later(self) -> None:
        """Let something happen to a zaak that was there: more of the same, its end, a forced edit, or its destruction."""
        chance = self.rng.random()
        if self.closed and chance < 0.15:
            zaak = self.rng.choice(self.closed)
            await self.form.call("PATCH", zaak["url"], {"toelichting": f"na sluiting {self._moment()}"})
        elif self.closed and chance < 0.2:
            zaak = self.closed.pop(self.rng.randrange(len(self.closed)))
            await self._status(zaak)  # opens it again
            self.open.append(zaak)
        elif self.open and chance < 0.6:
            await self.happen(self.rng.choice(self.open))
        elif self.open and chance < 0.9:
            await self._close(self.open.pop(self.rng.randrange(len(self.open))))
        elif self.open:
            await self.form.call("DELETE", self.open.pop(self.rng.randrange(len(self.open)))["url"])

    def _moment(self) -> str:
        self.minute += 1
        return f"2026-03-11T{self.minute // 3600 % 24:02}:{self.minute // 60 % 60:02}:{self.minute % 60:02}.{self.minute:06}Z"

    async def _suspend(self, zaak: dict[str, Any]) -> None:
        for indicatie in (True, False):
            await self.form.call("PATCH", zaak["url"], {"opschorting": {"indicatie": indicatie, "reden": "wacht"}})

    async def _take_over(self, zaak: dict[str, Any]) -> None:
        type_ = await self.form.type("roltypen", "Uitvoerende")
        values = {"betrokkeneType": "medewerker", "roltype": type_}
        rol = await self.form.rol(zaak, betrokkeneIdentificatie={"identificatie": "jd"}, **values)
        await self.form.call("DELETE", rol["url"])
        await self.form.rol(zaak, betrokkeneIdentificatie={"identificatie": "pk"}, **values)

    async def _contact(self, zaak: dict[str, Any]) -> None:
        body = {"zaak": zaak["url"], "datumtijd": self._moment(), "kanaal": "telefoon", "onderwerp": "vraag"}
        await self.form.call("POST", "/zaken/api/v1/klantcontacten", body)

    async def _plan(self, zaak: dict[str, Any]) -> None:
        await self.form.call("PATCH", zaak["url"], {"einddatumGepland": f"2026-04-{self.rng.randrange(1, 29):02}"})

    async def _status(self, zaak: dict[str, Any]) -> None:
        await self.form.status(zaak, self.rng.choice(["Fout", "Verhuizing in behandeling"]), self._moment())

    async def _close(self, zaak: dict[str, Any]) -> None:
        if not (await self.form.call("GET", zaak["url"]))["resultaat"]:
            await self.form.resultaat(zaak)
        await self.form.status(zaak, "Afgehandeld", self._moment())
        self.closed.append(zaak)


async def story(hub: Hub, poort: Poort, form: Formulier) -> tuple[Counter[str], int]:
    """Five kills, three days of silence; return what the comparison counted and what it would find after it."""
    leven, third = Leven(form, seed=6), ZAKEN_AANTAL // 3
    await form.storing(notificaties=LOSSY)
    for _ in range(2):
        for _ in range(third):
            await leven.begin()
        for _ in range(third):
            await leven.later()
        await hub.kill()  # while notifications come in
    await form.app.delivery.idle(300)
    await hub.settled()
    poort.shut = True
    for _ in range(third):  # the last that is told, of what the hub cannot fetch now
        await leven.later()
    await form.app.delivery.idle(300)
    await form.storing(notificaties={**LOSSY, "verlies": 1.0})
    for _ in range(ZAKEN_AANTAL - 2 * third):
        await leven.begin()
    await hub.kill()
    for _ in range(ZAKEN_AANTAL):
        await leven.later()
    hub.given["verschuiving_s"] = SILENCE.total_seconds()
    form.app.clock._shift += SILENCE
    await hub.kill()
    await form.storing(notificaties=LOSSY)
    poort.shut = False
    for _ in range(third):
        await leven.later()
    counts = await hub.reconcile()
    await hub.kill()  # while what was found is being fetched
    await form.app.delivery.idle(120)
    await hub.settled()
    counts += await hub.reconcile()
    await hub.settled()
    left = await hub.reconcile()
    return counts, sum(left[name] for name in FOUND)


@pytest.mark.timeout(3600)
def test_after_three_days_of_silence_and_five_kills_the_streams_are_the_audit_trails(tmp_path):
    """30 % lost, 20 % told twice, all shuffled: one comparison later every stream equals its trail, one to one."""
    simulator = create_app(SimulatorConfig(aflevering=Aflevering(basis_s=0.3, factor=2.0, max_s=2.0, herhalingen=6)))
    form, poort = Formulier(simulator), Poort(simulator)

    async def main() -> tuple[Counter[str], int, Hub]:
        async with serving(poort) as base:
            hub = Hub(tmp_path / "hub", base, simulator.config.clients[0].secret)
            await hub.start()
            body = {
                "callbackUrl": f"http://127.0.0.1:{hub.given['poort']}/webhooks/zaken/emmen",
                "auth": AUTH,
                "kanalen": [{"naam": "zaken", "filters": {}}],
            }
            await form.call("POST", "/notificaties/api/v1/abonnement", body)
            counts, left = await story(hub, poort, form)
            await hub.stop()
            await simulator.delivery.close()
            return counts, left, hub

    counts, left, hub = asyncio.run(main())
    told = simulator.delivery.tally
    assert hub.kills == 5
    assert told.verloren > 0.3 * told.gepland * 0.9
    assert told.dubbel > 0
    assert min(counts[name] for name in FOUND[:3]) > 0, f"there was something of every kind to find: {counts}"
    assert left == 0
    assert_books(simulator.gemeenten["emmen"], streams(hub))
    assert 0 < poort.refused < 200, "a source that is away is asked whether it is back, and not stormed"
    assert told.geaccepteerd > 0.5 * (told.gepland - told.verloren), "most of what was sent did arrive"
    lost = f"{told.gepland} meldingen, {told.verloren} verloren, {told.dubbel} dubbel, {told.opgegeven} opgegeven"
    print(f"\n{ZAKEN_AANTAL} zaken, {lost}; {poort.refused} keer geweigerd; {dict(counts)}")  # noqa: T201 - what a full run reports


def streams(hub: Hub) -> dict[str, list[tuple[str, str]]]:
    """Return per zaak (id, type) of what its zaaksysteem told, in order; nothing in a stream is there twice."""
    opened = hub_on(hub.given).open()
    try:
        found = {}
        keys = [row[0] for row in opened.read_now(lambda tx: tx.all("SELECT sleutel FROM stroom WHERE topic = ?", (ZAKEN,)))]
        source = opened.gemeenten["emmen"].source("zaaksysteem")
        for key in keys:
            head = opened.log.head(ZAKEN, key)
            name = opened.log.streams([head.id])[head.id]
            events = [opened.log.event(record, name) for record in opened.log.tail(head.id, 0)]
            ids = [event.id for event in events]
            assert len(ids) == len(set(ids))
            found[key] = [(event.id, event.type) for event in events if event.source == source]
        return found
    finally:
        opened.close()


def assert_books(gemeente: Any, found: dict[str, list[tuple[str, str]]]) -> None:
    """Hold the streams against the simulator's own books, and those against a hub that only reads."""
    for uuid, dossier in gemeente.dossiers.items():
        assert [event_id for event_id, _ in found.pop(uuid)] == [entry.data["uuid"] for entry in dossier.trail]
        assert "wissel" not in {line["clientId"] for line in dossier.history}
    for uuid, dossier in gemeente.gone.items():
        told = [event_id for event_id, _ in found.get(uuid, ())]
        trail = [line["auditId"] for line in dossier.history if line["auditId"]]
        assert told[:-1] == trail[: len(told) - 1] if told else True
        assert [kind for _, kind in found.pop(uuid, [])][-1:] in ([], ["nl.overheid.zaken.zaak-verwijderd.v1"])
    assert found == {}, "no stream of a zaak that never was"
