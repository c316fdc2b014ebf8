# SPDX-License-Identifier: EUPL-1.2
"""Finds what no notification told: compares what is known with what the zaaksysteem has, on start, on schedule, when asked.

Notifications get lost (measured elsewhere: most of 1,500 in an outage of five minutes), and no list tells that a closed
zaak was edited by force or destroyed: those are compared on a slower cycle. ``rondgang`` is what happens in one round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from connectors.zaak import inbox, rondes
from connectors.zaak.fetch import Bron
from connectors.zaak.rondes import Ronde
from connectors.zaak.rondgang import Rondgang
from connectors.zaak.tempo import Tempo
from hub import metrics
from hub.clock import to_microseconds
from hub.errors import HubError
from hub.plugins import Hub, Tx

log = structlog.get_logger("wissel.zaak.vergelijken")
_SECOND_US: Final = 1_000_000
_LOOK_S: Final = 1.0
_SPREAD_OVER: Final = 0.5  # part of the cycle: the rest is room for a source that is slow


class Vergelijker:
    """Compares for one gemeente: open zaken every ``vergelijken_s``, closed ones every ``vergelijken_gesloten_s``."""

    def __init__(self, hub: Hub, bron: Bron) -> None:
        self._hub = hub
        self._bron = bron
        self._slug = bron.gemeente.slug
        self._settings = bron.settings
        self._asked = asyncio.Event()
        self.gemist = 0  # zaken that the last comparing found and no notification had told of

    def wake(self) -> None:
        """Look at once whether a round was asked for (call from the event loop)."""
        self._asked.set()

    async def run(self) -> None:
        """Do rounds until cancelled: on start, on schedule, and when asked for."""
        await self._hub.write(lambda tx: inbox.onthoud_begin(tx, self._slug, self._hub.clock.today().isoformat()))
        due_us = self._now_us() + int(min(self._settings.vergelijken_na_start_s, self._settings.vergelijken_s) * _SECOND_US)
        first = True
        while True:
            if self._settings.vergelijken_s and self._now_us() >= due_us:
                due_us = self._now_us() + int(self._settings.vergelijken_s * _SECOND_US)
                await self._plan(haast=first)
                first = False
            self._asked.clear()
            asked = await self._hub.read(lambda tx: rondes.volgende(tx, self._slug, ("open", "gesloten")))
            if asked is not None:
                await self.doe(asked)
                continue
            await _either(self._asked, _LOOK_S)

    async def _plan(self, *, haast: bool) -> None:
        """Ask for the rounds of this cycle; after a start at full pace, because the hub was away."""
        now_us, slow_us = self._now_us(), int(self._settings.vergelijken_gesloten_s * _SECOND_US)

        def work(tx: Tx) -> None:
            rondes.vraag(tx, self._slug, "open", now_us=now_us, haast=haast)
            last_us = rondes.laatste_klaar(tx, self._slug, "gesloten")
            if last_us is None or now_us - last_us >= slow_us:
                rondes.vraag(tx, self._slug, "gesloten", now_us=now_us)

        await self._hub.write(work)

    async def doe(self, ronde: Ronde) -> Mapping[str, int]:
        """Do one round to its end and return its counts; what the source refuses ends it, what fails is asked again."""
        await self._hub.write(lambda tx: rondes.begin(tx, self._slug, ronde.nummer, self._now_us()))
        werk = Rondgang(self._hub, self._bron, ronde, await self._pace(ronde))
        fault = None
        try:
            await (werk.gesloten() if ronde.soort == "gesloten" else werk.open())
        except HubError as error:
            fault = str(error)
            log.warning("comparing_failed", gemeente=self._slug, ronde=ronde.nummer, uitleg=fault)
        counts = werk.telling
        if ronde.soort == "open":
            self.gemist = sum(counts.aantallen.get(reason, 0) for reason in ("nieuw", "verschil"))
        await self._hub.write(lambda tx: rondes.sluit(tx, self._slug, ronde.nummer, counts, now_us=self._now_us(), fout=fault))
        metrics.VERGELEKEN.labels(self._slug, ronde.soort, "mislukt" if fault else "klaar").inc()
        if not fault:
            log.info("zaken_compared", gemeente=self._slug, ronde=ronde.nummer, soort=ronde.soort, **counts.aantallen)
        return counts.aantallen

    async def _pace(self, ronde: Ronde) -> Tempo:
        """Return the pace: all that is allowed when somebody waits, else spread over half of the cycle."""
        full = self._settings.vergelijken_per_s
        if ronde.haast or ronde.soort == "gesloten" or not self._settings.vergelijken_s:
            return Tempo(full)
        count = await self._hub.read(lambda tx: rondes.aantal_open(tx, self._slug))
        return Tempo(min(full, max(count / (self._settings.vergelijken_s * _SPREAD_OVER), 1.0)))

    def _now_us(self) -> int:
        return to_microseconds(self._hub.clock.now())


async def _either(event: asyncio.Event, within_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), within_s)
    except TimeoutError:
        return
