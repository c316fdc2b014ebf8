# SPDX-License-Identifier: EUPL-1.2
"""Checks the mapping when the hub starts and when kanaal ``zaaktypen`` tells of a change: a new version may lack something."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from connectors.zaak import bewaking, inbox
from connectors.zaak.controle import Bevinding, controleer_bron
from connectors.zaak.fetch import Bron
from hub.clock import to_microseconds
from hub.errors import HubError
from hub.plugins import Hub, Tx

log = structlog.get_logger("wissel.zaak.mapping")
_LOOK_S: Final = 30.0
_KANAAL: Final = "zaaktypen"
_MOST_NAMED: Final = 3


class Mappingwacht:
    """Looks every half minute whether there is something new to check."""

    def __init__(self, hub: Hub, bron: Bron) -> None:
        self._hub = hub
        self._bron = bron
        self._slug = bron.gemeente.slug
        self._checked = -1

    async def run(self) -> None:
        """Check until cancelled; a catalogue that is away is asked again."""
        while True:
            told = await self._hub.read(lambda tx: inbox.aantal_overig(tx, self._slug, _KANAAL))
            if told != self._checked:
                try:
                    await self.kijk()
                    self._checked = told
                except HubError as error:
                    log.info("mapping_not_checked", gemeente=self._slug, uitleg=str(error))
            await asyncio.sleep(_LOOK_S)

    async def kijk(self) -> Sequence[Bevinding]:
        """Check now, and keep and say what is missing."""
        found = await controleer_bron(self._bron.client, today=self._hub.clock.today())
        missing = [item for item in found if item.staat == "ontbreekt"]
        if await self._hub.write(lambda tx: self._tell(tx, missing)) and missing:
            log.error("mapping_lacks", gemeente=self._slug, aantal=len(missing))
        return missing

    def _tell(self, tx: Tx, missing: Sequence[Bevinding]) -> bool:
        if not missing:
            return bewaking.herstel(tx, self._slug, "mapping")
        named = "; ".join(f"{item.zaaktype}, {item.stap}: {item.nodig}" for item in missing[:_MOST_NAMED])
        text = f"de mapping van {self._slug} past niet op het zaaksysteem ({named}); kijk met `wissel zaak mapping check`"
        return bewaking.meld(tx, self._slug, "mapping", text, to_microseconds(self._hub.clock.now()))
