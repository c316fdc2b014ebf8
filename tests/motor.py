# SPDX-License-Identifier: EUPL-1.2
"""A connector whose other side keeps books, and a hub that runs for as long as a test needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hub_voor_tests import Klok, VolgFlow, loaded, plugins

from hub.app import EmbeddedHub
from hub.events import outcome_id
from hub.flows.base import Opdracht
from hub.plugins import Grens, OpdrachtUitvoering, Uitkomst

UITGEVOERD = "nl.wissel.opdracht.uitgevoerd.v1"
GEGEVEN = "nl.wissel.opdracht.gegeven.v1"


def uitgevoerd(opdracht: OpdrachtUitvoering, **uitkomst: Any) -> Uitkomst:
    """The outcome of an opdracht that succeeded."""
    data = {"opdrachtId": opdracht.id, "soort": opdracht.soort, "stap": opdracht.stap, "uitkomst": str(uitkomst)}
    return Uitkomst(events=[opdracht.feit(UITGEVOERD, data, event_id=outcome_id(opdracht.id))])


@dataclass
class Doener:
    """Carries out one soort opdracht: writes in its books, or does what ``gedrag`` says."""

    gedrag: Callable[[OpdrachtUitvoering], Awaitable[Uitkomst]] | None = None
    grens: Grens = field(default_factory=Grens)
    opgeven: Callable[[OpdrachtUitvoering, Exception], Uitkomst | None] = lambda _opdracht, _fout: None
    boeken: list[str] = field(default_factory=list)
    keren: list[OpdrachtUitvoering] = field(default_factory=list)

    async def voer_uit(self, opdracht: OpdrachtUitvoering) -> Uitkomst:
        self.keren.append(opdracht)
        if self.gedrag:
            return await self.gedrag(opdracht)
        await opdracht.bevestig_lease()
        self.boeken.append(opdracht.id)
        return uitgevoerd(opdracht)

    def geef_op(self, opdracht: OpdrachtUitvoering, fout: Exception) -> Uitkomst | None:
        return self.opgeven(opdracht, fout)


@dataclass
class Verbinding:
    """A connector ``x`` that carries out ``doe``. ``open_meldingen``: the zaken of which a hint is not settled."""

    doener: Doener = field(default_factory=Doener)
    open_meldingen: set[str] = field(default_factory=set)
    name: str = "x"
    settings_model: Any = None
    tables: str = "CREATE TABLE IF NOT EXISTS x_boek (opdracht TEXT PRIMARY KEY);"

    def routes(self, _hub: Any) -> list[Any]:
        return []

    def executors(self, _hub: Any) -> Mapping[str, Any]:
        return {"doe": self.doener}

    def services(self, _hub: Any) -> Mapping[str, Any]:
        return {}

    async def close(self, _hub: Any) -> None:
        return

    def unsettled_hints(self, _tx: Any, zaak: str, _before: Any) -> bool:
        return zaak in self.open_meldingen

    def backlog(self, _tx: Any) -> int:
        return len(self.open_meldingen)


def geeft_opdracht(seen: Any) -> Any:
    """Give one opdracht per stream."""
    if any(event.type == GEGEVEN for event in seen):
        return ()
    return [Opdracht(connector="x", soort="doe", step="doe", data={"a": 1}, besloten={"p": {"naam": "Anna"}})]


def opened(
    folder: Any, verbinding: Verbinding, *, regel: Any = geeft_opdracht, klok: Klok | None = None, **settings: Any
) -> EmbeddedHub:
    made = plugins(flows={"volg": VolgFlow(regel)}, connectors={"x": verbinding})
    return EmbeddedHub(loaded(folder, partities=1, **settings), clock=klok or Klok(), plugins=made).open()


@asynccontextmanager
async def draait(hub: EmbeddedHub) -> AsyncIterator[EmbeddedHub]:
    """Let an opened hub run, and stop it."""
    hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def tot(waar: Callable[[], Any], *, hoogstens_s: float = 10.0) -> Any:
    """Wait until something is so."""
    async with asyncio.timeout(hoogstens_s):
        while not (found := waar()):  # noqa: ASYNC110 - what is waited for stands in a database
            await asyncio.sleep(0.005)
    return found
