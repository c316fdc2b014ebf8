# SPDX-License-Identifier: EUPL-1.2
"""What an operator does before the first case: find out with known test persons which elements each gateway delivers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

from demo.opzet import GEMEENTEN, Opzet
from demo.processen import run_once

_ALL_CASES: Final = 250  # a scenario of this size has every case in it


async def proef(opzet: Opzet, client: httpx.AsyncClient) -> None:
    """Write ``levert-<slug>.toml`` for each gemeente, with ``wissel burgerzaken check``."""
    await asyncio.gather(*(_check(opzet, client, slug) for slug in GEMEENTEN))


async def scenario(opzet: Opzet, client: httpx.AsyncClient, slug: str, count: int) -> list[Mapping[str, Any]]:
    """Return the declarations of a gemeente that follow from the seed."""
    query: dict[str, str | int] = {"gemeente": slug, "aantal": count, "seed": opzet.seed, "datum": f"{opzet.datum}"}
    answer = await client.get(f"{opzet.burgerzaken_url}/simulator/aangiften", params=query)
    answer.raise_for_status()
    return list(answer.json())


async def _check(opzet: Opzet, client: httpx.AsyncClient, slug: str) -> None:
    numbers = opzet.folder / f"testpersonen-{slug}.txt"
    numbers.touch(mode=0o600)
    numbers.write_text("\n".join(await _test_persons(opzet, client, slug)), encoding="ascii")
    where = ("--config", str(opzet.config), "--gemeente", slug)
    written = opzet.folder / f"levert-{slug}.toml"
    await run_once(opzet, "burgerzaken", "check", *where, "--bsn-bestand", str(numbers), "--schrijf", str(written))
    numbers.unlink()  # the numbers were for this one check


async def _test_persons(opzet: Opzet, client: httpx.AsyncClient, slug: str) -> list[str]:
    """Return people who together have everything a person can have: all who move in a scenario with every case in it."""
    aangiften = await scenario(opzet, client, slug, _ALL_CASES)
    movers = [json.loads(aangifte["eigenschappen"].get("MEEVERHUIZERS") or "[]") for aangifte in aangiften]
    found = {aangifte["initiator"].get("bsn") for aangifte in aangiften}
    return sorted(filter(None, found | {mover.get("bsn") for group in movers for mover in group}))
