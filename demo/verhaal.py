# SPDX-License-Identifier: EUPL-1.2
"""One run of the demo from start to the last line."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import httpx
from rich.console import Console
from rich.live import Live

from demo import processen, scherm
from demo.boeken import beslissingen_sha256, vergelijk
from demo.formulier import Formulier
from demo.hubkant import HubKant, Zaak
from demo.opzet import GEMEENTEN, Opzet
from demo.proef import proef, scenario
from demo.volgen import Verloop, meld_alles, tot_rust, volg

_SCREEN_S: Final = 0.5
_BOOKS_S: Final = 300.0
_KILL_BETWEEN_S: Final = (0.4, 2.5)


class Verhaal:
    """Starts the processes, lets the moves come in, and compares the books at the end."""

    def __init__(self, opzet: Opzet, *, console: Console, kills: int) -> None:
        self.opzet = opzet
        self.console = console
        self.kills = kills
        self.simulators = (processen.zaaksysteem(opzet), processen.burgerzaken(opzet))
        self.hubs = processen.hub(opzet)
        # the other side closes a connection that is idle for 5 s; one that we would reuse just then breaks an answer off
        limits = httpx.Limits(max_connections=32, keepalive_expiry=1.0)
        self._client = httpx.AsyncClient(timeout=30.0, limits=limits)
        self._hub_api = HubKant(opzet, self._client)

    async def speel(self, *, stay: bool) -> dict[str, Any]:
        """Play the story; return the figures of the last line. ``stay``: keep everything up until Ctrl-C."""
        begonnen = time.monotonic()
        this_run = asyncio.current_task()
        assert this_run is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this_run.cancel)  # so that no process is left behind
        try:
            verloop = await self._start(begonnen)
            await self._run(verloop)
            uitslag = await self._uitslag(verloop)
            scherm.slot(self.console, verloop, uitslag)
            if stay:
                scherm.adressen(self.console, self.opzet)
                await _until_interrupted()
            return uitslag
        finally:
            await self._stop()

    async def _start(self, begonnen: float) -> Verloop:
        day = f"{self.opzet.datum:%d-%m-%Y}"
        self.console.print(f"Zaaksysteem, burgerzaken en hub starten (seed {self.opzet.seed}, datum {day}) ...")
        await asyncio.gather(*(simulator.start() for simulator in self.simulators))
        aangiften = await self._aangiften()
        await proef(self.opzet, self._client)
        await processen.prepare(self.opzet)
        await asyncio.gather(*(hub.start() for hub in self.hubs))
        scherm.adressen(self.console, self.opzet)
        return Verloop(aangiften, begonnen=begonnen)

    async def _aangiften(self) -> list[tuple[str, Mapping[str, Any]]]:
        share = {slug: self.opzet.moves // len(GEMEENTEN) for slug in GEMEENTEN}
        share[next(iter(GEMEENTEN))] += self.opzet.moves % len(GEMEENTEN)
        found: list[tuple[str, Mapping[str, Any]]] = []
        for slug, count in share.items():
            found += [(slug, aangifte) for aangifte in await scenario(self.opzet, self._client, slug, count)]
        return found

    async def _run(self, verloop: Verloop) -> None:
        formulier = Formulier(self.opzet, self._client)
        async with asyncio.TaskGroup() as group:
            group.create_task(meld_alles(formulier, verloop))
            following = group.create_task(volg(self._hub_api, verloop))
            killing = group.create_task(self._kill_now_and_then(verloop))
            await self._show(verloop, following.done)
            await killing
        await tot_rust(self._hub_api, tuple(GEMEENTEN))

    async def _show(self, verloop: Verloop, done: Callable[[], bool]) -> None:
        view = partial(scherm.tussenstand, verloop)
        with Live(console=self.console, refresh_per_second=4, transient=True, get_renderable=view):
            while not done():  # noqa: ASYNC110 - the screen has a beat of its own
                await asyncio.sleep(_SCREEN_S)

    async def _kill_now_and_then(self, verloop: Verloop) -> None:
        """Kill a process of the hub with SIGKILL at random moments while work is in flight, and start it again."""
        chance = random.Random()  # noqa: S311 - moments of killing, not secrets; different in every run on purpose
        while verloop.kills < self.kills and len(verloop.klaar) < verloop.moves:
            await asyncio.sleep(chance.uniform(*_KILL_BETWEEN_S))
            if verloop.open == 0:
                continue
            struck = chance.choice(self.hubs)
            await struck.kill()
            verloop.kills += 1
            await struck.start()

    async def _uitslag(self, verloop: Verloop) -> dict[str, Any]:
        zaken = [z for (g, _), uuid in verloop.uuids.items() if (z := await self._hub_api.zaak(g, uuid))]
        for zaak in zaken:
            verloop.neem(zaak)
        standen = [await self._hub_api.stand(slug) for slug in GEMEENTEN]
        books = [await self._books(url) for url in (self.opzet.zaak_url, self.opzet.burgerzaken_url)]
        found = vergelijk(books[0], books[1], zaken)
        kleuren = [zaak.kleur for zaak in zaken]
        return {
            "moves": verloop.moves,
            "groen": kleuren.count("groen"),
            "oranje": kleuren.count("oranje"),
            "rood": kleuren.count("rood"),
            "wachtend": kleuren.count("wachtend"),
            "steekproef": sum(zaak.einde == "steekproef" for zaak in zaken),
            "verwerkt": found.verwerkt,
            "bevestigd": sum(zaak.bevestigd for zaak in zaken),
            "geparkeerd": sum(len(stand["geparkeerd"]) for stand in standen),
            "dubbele_opdrachten": len(found.dubbel),
            "verloren": len(found.verloren) + verloop.moves - len(zaken),
            "gebeurtenissen": max(stand["gebeurtenissen"] for stand in standen),
            "eerste_groen_s": round(verloop.eerste_groen_s, 1) if verloop.eerste_groen_s is not None else None,
            "duur_s": round(time.monotonic() - verloop.begonnen, 1),
            "beslissingen_sha256": await self._hash(zaken),
        }

    async def _books(self, url: str) -> Mapping[str, Any]:
        answer = await self._client.get(f"{url}/simulator/boeken", timeout=_BOOKS_S)
        answer.raise_for_status()
        books: Mapping[str, Any] = answer.json()
        return books

    async def _hash(self, zaken: list[Zaak]) -> str:
        lines = []
        for zaak in zaken:
            why = await self._hub_api.beoordeling(zaak)
            if why is not None and zaak.oordeel is not None:
                lines.append((zaak.uuid, str(zaak.kleur), zaak.oordeel["redenen"], why["profielVersie"], why["regelsVersie"]))
        return beslissingen_sha256(lines)

    async def _stop(self) -> None:
        await self._client.aclose()
        stopped = [await proces.stop() for proces in (*self.hubs, *self.simulators)]
        if not all(stopped):
            self.console.print("[yellow]Niet alles stopte vanzelf; zie de logbestanden.[/]")


async def _until_interrupted() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
