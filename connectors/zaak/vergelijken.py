# SPDX-License-Identifier: EUPL-1.2
"""Finds what no notification told: compares, on a slow cycle, what is known with what the zaaksysteem has.

Notifications get lost (measured elsewhere: most of 1,500 in an outage of five minutes), and no list tells that a closed
zaak was edited by force or destroyed. Nothing is concluded here: a zaak that may differ is made due and fetched like any
other, spread over the cycle so that notifications go first.
"""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any, Final

import structlog

from connectors.zaak import inbox
from connectors.zaak.client import uuid_of
from connectors.zaak.fetch import Bron
from hub.clock import to_microseconds
from hub.errors import HubError
from hub.plugins import Hub

log = structlog.get_logger("wissel.zaak.vergelijken")
_LOOK_BACK: Final = timedelta(days=7)
_FIRST_AFTER_S: Final = 300.0  # after a start the notifications that waited come first
_AT_ONCE: Final = 100
_SECOND_US: Final = 1_000_000


class Vergelijker:
    """Compares for one gemeente, every ``vergelijken_s``; closed zaken every ``vergelijken_gesloten_s``."""

    def __init__(self, hub: Hub, bron: Bron) -> None:
        self._hub = hub
        self._bron = bron
        self._slug = bron.gemeente.slug
        self._closed_due_us = 0
        self.gemist = 0  # zaken that the last comparing found and no notification had told of

    async def run(self) -> None:
        """Compare until cancelled; a source that is away is asked again in the next cycle."""
        settings = self._bron.settings
        await self._hub.write(lambda tx: inbox.onthoud_begin(tx, self._slug, self._hub.clock.today().isoformat()))
        await asyncio.sleep(min(_FIRST_AFTER_S, settings.vergelijken_s))
        while True:
            try:
                found = await self.compare(spread_s=settings.vergelijken_s)
                log.info("zaken_compared", gemeente=self._slug, **found)
            except HubError as error:
                log.warning("comparing_failed", gemeente=self._slug, uitleg=str(error))
            await asyncio.sleep(settings.vergelijken_s)

    async def compare(self, *, spread_s: float = 0.0) -> dict[str, int]:
        """Make due what is new, every open zaak, and closed ones that are gone; return how many of each."""
        now_us = to_microseconds(self._hub.clock.now())
        new = self.gemist = await self._new(now_us)
        spread_us = int(spread_s * _SECOND_US)
        again = await self._hub.write(lambda tx: inbox.opnieuw(tx, self._slug, now_us=now_us, spread_us=spread_us))
        gone = await self._gone(now_us) if now_us >= self._closed_due_us else 0
        return {"nieuw": new, "opnieuw": again, "verdwenen": gone}

    async def _new(self, now_us: int) -> int:
        """Look for zaken registered since we began, at most a week back, that no notification told of."""
        since = await self._hub.read(lambda tx: inbox.begonnen_op(tx, self._slug))
        begin = max(date.fromisoformat(since), self._hub.clock.today() - _LOOK_BACK) if since else self._hub.clock.today()
        params = {"registratiedatum__gt": (begin - timedelta(days=1)).isoformat()}
        urls = [str(zaak["url"]) async for zaak in self._bron.client.pages("zaken", "zaken", params)]
        named = [(uuid, url) for url in urls if (uuid := uuid_of(url))]
        return await self._hub.write(lambda tx: inbox.maak_bekend(tx, self._slug, named, now_us))

    async def _gone(self, now_us: int) -> int:
        """Look which closed zaken the source no longer has: destroyed, or closed to us."""
        closed = await self._hub.read(lambda tx: inbox.gesloten_zaken(tx, self._slug))
        missing: list[str] = []
        for at in range(0, len(closed), _AT_ONCE):
            asked = closed[at : at + _AT_ONCE]
            found: list[dict[str, Any]] = await self._bron.client.zoek({"uuid__in": asked})
            missing += set(asked) - {uuid_of(str(zaak.get("url", ""))) for zaak in found}
        self._closed_due_us = now_us + int(self._bron.settings.vergelijken_gesloten_s * _SECOND_US)
        return await self._hub.write(lambda tx: inbox.maak_nodig(tx, self._slug, missing, now_us))
