# SPDX-License-Identifier: EUPL-1.2
"""A replay causes no effect: counted in the books of the simulated zaaksysteem and registry, by processes of their own."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from demo import processen
from demo.formulier import Formulier
from demo.hubkant import HubKant
from demo.opzet import Opzet, free_port
from demo.proef import proef, scenario
from hub.discovery import projections

pytestmark = [pytest.mark.demo, pytest.mark.timeout(400)]
MOVES = 4
WHY = ("--reden", "proef", "--door", "beheer")
ALLES = sorted(projections())


async def boeken(opzet: Opzet, client: httpx.AsyncClient) -> list:
    """What was done at both other sides, by their own account; the hub looks there all the time, so reading does not count."""
    zaak, registry = [(await client.get(f"{url}/simulator/boeken")).json() for url in (opzet.zaak_url, opzet.burgerzaken_url)]
    done = {
        slug: {what: found for what, found in boek.items() if what != "verzoeken"}
        for slug, boek in registry["gemeenten"].items()
    }
    return [zaak["zaken"], zaak["afleveringen"], zaak["abonnementen"], done]


async def tot_rust(opzet: Opzet, client: httpx.AsyncClient) -> list:
    """Wait until nothing happens at the other sides any more; return their books."""
    before, same = None, 0
    async with asyncio.timeout(120):
        while same < 4:
            now = await boeken(opzet, client)
            same = same + 1 if now == before else 0
            before = now
            await asyncio.sleep(0.5)
    return before or []


async def verhaal(opzet: Opzet) -> tuple[list, list]:
    """Let moves end, then do all there is to do with replays; return the books before and after."""
    opzet.write_config()
    sides = [processen.zaaksysteem(opzet), processen.burgerzaken(opzet)]
    (hub,) = processen.hub(opzet)
    async with httpx.AsyncClient(timeout=30) as client:
        try:
            await asyncio.gather(*(proces.start() for proces in sides))
            await proef(opzet, client)
            await processen.prepare(opzet)
            await hub.start()
            form, kant = Formulier(opzet, client), HubKant(opzet, client)
            zaken = [await form.meld("emmen", one) for one in await scenario(opzet, client, "emmen", MOVES)]
            ends: set = set()
            async with asyncio.timeout(200):
                while None in ends or not ends:
                    found = [await kant.zaak("emmen", uuid) for uuid in zaken]
                    ends = {zaak.einde if zaak else None for zaak in found}
                    await asyncio.sleep(0.2)
            assert "verwerkt" in ends
            before = await tot_rust(opzet, client)
            where = ("--config", str(opzet.config))
            for words in (
                ("start", *ALLES),
                ("switch", *ALLES),
                ("rollback", *ALLES),
                ("switch", *ALLES),
                ("stream", zaken[0]),
            ):
                await processen.run_once(opzet, "replay", *words, *WHY, *where)
            await processen.run_once(opzet, "asof", "2", zaken[0], *where)
            await processen.run_once(opzet, "flows", "rebuild", *where)
            return before, await tot_rust(opzet, client)
        finally:
            await asyncio.gather(*(proces.stop() for proces in (hub, *sides)))


@pytest.mark.parametrize("motor", ["bestanden", "postgres"])
def test_a_replay_is_not_noticed_at_the_other_side(motor, request, tmp_path):
    """Nothing is written there again, and so nothing is notified: the books are those from before it."""
    if motor == "bestanden":
        before, after = asyncio.run(verhaal(Opzet(folder=tmp_path, moves=MOVES, seed=7, hub_port=free_port())))
    else:
        with request.getfixturevalue("postgres").database(empty=True) as address:
            where = Opzet(folder=tmp_path, moves=MOVES, seed=7, hub_port=free_port(), database=address)
            before, after = asyncio.run(verhaal(where))
    assert before[-1]["emmen"]["verwerkingen"]
    assert after == before
