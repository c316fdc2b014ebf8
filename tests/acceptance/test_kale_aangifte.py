# SPDX-License-Identifier: EUPL-1.2
"""B0366 as the real catalogue has it, without eigenschappen: what is missing is a reason, never a crash and never a guess."""

from __future__ import annotations

import asyncio
import dataclasses

import httpx
import pytest

from demo import processen
from demo.formulier import Formulier
from demo.hubkant import HubKant
from demo.opzet import Opzet, free_port
from demo.proef import proef

pytestmark = [pytest.mark.demo, pytest.mark.timeout(200)]


async def _beoordeel(folder) -> dict:
    """Register an open B0366 of a known person to a known address, without moving date and login; return the decision."""
    opzet = Opzet(folder=folder, moves=1, seed=7, hub_port=free_port())
    opzet.write_config()
    zaaksysteem = processen.zaaksysteem(opzet)
    zaaksysteem = dataclasses.replace(zaaksysteem, arguments=[*zaaksysteem.arguments, "--variant", "echt"])
    running = [zaaksysteem, processen.burgerzaken(opzet), *processen.hub(opzet)]
    async with httpx.AsyncClient(timeout=30) as client:
        try:
            await asyncio.gather(*(proces.start() for proces in running[:2]))
            await proef(opzet, client)
            await running[2].start()
            query = {"gemeente": "emmen", "aantal": 1, "seed": 7, "datum": f"{opzet.datum}", "geval": "alleenstaande"}
            scenario = await client.get(f"{opzet.burgerzaken_url}/simulator/aangiften", params=query)
            assert scenario.is_success, scenario.text
            kaal = scenario.json()[0] | {"eigenschappen": {}, "authenticatieContext": None}
            uuid = await Formulier(opzet, client).meld("emmen", kaal)
            hub = HubKant(opzet, client)
            async with asyncio.timeout(90):
                while not ((zaak := await hub.zaak("emmen", uuid)) and zaak.oordeel):  # noqa: ASYNC110 - asks another process
                    await asyncio.sleep(0.2)
            return dict(zaak.oordeel)
        finally:
            await asyncio.gather(*(proces.stop() for proces in running))


def test_without_moving_date_and_login_it_is_orange_for_exactly_those_two(tmp_path):
    """A check that lacks only what is already reported adds no second reason."""
    oordeel = asyncio.run(_beoordeel(tmp_path))
    assert oordeel["kleur"] == "oranje"
    assert oordeel["redenen"] == ["authenticatie-onbekend", "verhuisdatum-ontbreekt"]
