# SPDX-License-Identifier: EUPL-1.2
"""A green move from notification to closed zaak, beside a bare httpx loop that makes the same calls at the same concurrency."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import httpx

from demo import processen
from demo.formulier import Formulier
from demo.opzet import Opzet, free_port
from demo.proef import proef
from tests.bench.meten import noteer

_MOVES = 150
_AT_ONCE = 16
_GOAL = 0.5


def test_a_green_move_end_to_end(tmp_path):
    """The calls the hub made are counted by the simulators themselves, and made again by a loop that does nothing else."""
    ours_s, calls, bare_s = asyncio.run(_measure(tmp_path))
    ratio = bare_s / ours_s
    noteer(
        f"groene verhuizing van begin tot eind ({calls / _MOVES:.0f} verzoeken elk)",
        gemeten=f"{_MOVES / ours_s:.1f} per s",
        ruw=f"{_MOVES / bare_s:.1f} per s kale httpx-lus",
        verhouding=f"{ratio:.2f}",
        doel=f">= {_GOAL}",
        gehaald=ratio >= _GOAL,
    )


async def _measure(folder) -> tuple[float, int, float]:
    opzet = Opzet(folder=folder, moves=_MOVES, seed=11, hub_port=free_port())
    opzet.write_config()
    settings = opzet.config.read_text(encoding="utf-8")  # without the sample: a sampled move waits for a person
    opzet.config.write_text(settings.replace('modus = "actief"', 'modus = "actief"\nsteekproef = 0'), encoding="utf-8")
    zaaksysteem, burgerzaken, (hub,) = processen.zaaksysteem(opzet), processen.burgerzaken(opzet), processen.hub(opzet)
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=_AT_ONCE)) as client:
        try:
            await asyncio.gather(zaaksysteem.start(), burgerzaken.start())
            await proef(opzet, client)
            await hub.start()
            before, begin = await _counted(opzet, client), time.perf_counter()
            uuids = await _register(opzet, client)
            await _all_closed(opzet, client, len(uuids))
            ours_s = time.perf_counter() - begin
            made = await _counted(opzet, client) - before
            await hub.stop()
            return ours_s, made.total(), await _bare(opzet, client, made, uuids)
        finally:
            await asyncio.gather(*(proces.stop() for proces in (hub, zaaksysteem, burgerzaken)))


async def _register(opzet: Opzet, client: httpx.AsyncClient) -> list[str]:
    """Register plain moves as an e-form does, several at a time; its calls count on both sides of the comparison."""
    query = {"gemeente": "emmen", "aantal": _MOVES, "seed": opzet.seed, "datum": f"{opzet.datum}", "geval": "alleenstaande"}
    scenario = await client.get(f"{opzet.burgerzaken_url}/simulator/aangiften", params=query)
    assert scenario.is_success, scenario.text
    formulier = Formulier(opzet, client)
    first, *rest = scenario.json()
    uuids = [await formulier.meld("emmen", first)]  # learns the catalogue, once
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(aangifte: dict) -> str:
        async with slots:
            return await formulier.meld("emmen", aangifte)

    return uuids + await asyncio.gather(*map(one, rest))


async def _counted(opzet: Opzet, client: httpx.AsyncClient) -> Counter[str]:
    zaak = (await client.get(f"{opzet.zaak_url}/simulator/boeken")).json()["verzoeken"]
    registry = (await client.get(f"{opzet.burgerzaken_url}/simulator/boeken")).json()["gemeenten"].values()
    counted = Counter({f"zaak {key}": count for key, count in zaak.items() if "simulator" not in key})
    for book in registry:
        counted.update({f"registry {key}": count for key, count in book["verzoeken"].items() if "simulator" not in key})
    return counted


async def _all_closed(opzet: Opzet, client: httpx.AsyncClient, count: int) -> None:
    async with asyncio.timeout(240):
        while True:
            zaken = (await client.get(f"{opzet.zaak_url}/simulator/boeken")).json()["zaken"]
            if sum(bool(zaak["einddatum"]) for zaak in zaken) >= count:
                return
            await asyncio.sleep(0.25)


async def _bare(opzet: Opzet, client: httpx.AsyncClient, made: Counter[str], uuids: list[str]) -> float:
    """Make as many calls to either side as the hub did, reads of a zaak and of a person, sixteen at a time."""
    headers = Formulier(opzet, client)._headers()
    zaak = f"{opzet.zaak_url}/emmen/zaken/api/v1/zaken/"
    person = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": ["9" * 9], "fields": ["burgerservicenummer"]}
    registry = f"{opzet.burgerzaken_url}/emmen/haalcentraal/api/brp/personen"
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, which: str) -> None:
        async with slots:
            if which.startswith("zaak"):
                await client.get(zaak + uuids[number % len(uuids)], headers=headers)
            else:
                await client.post(registry, json=person, headers={"x-api-key": opzet.api_sleutel})

    begin = time.perf_counter()
    await asyncio.gather(*(one(number, which) for number, which in enumerate(made.elements())))
    return time.perf_counter() - begin
