# SPDX-License-Identifier: EUPL-1.2
"""Fills the hub with zaken that were there before it: a window of days at a time, so that it can be taken up again.

Of a million zaken only a handful waits to be fetched at any moment, so a notification never waits behind them. Each zaak
is fetched like any other: its stream is its audit trail, in its order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import structlog

from connectors.zaak import inbox, rondes
from connectors.zaak.client import BestaatNiet, Geweigerd, uuid_of
from connectors.zaak.fetch import Bron
from connectors.zaak.rondes import Ronde, Telling
from connectors.zaak.tempo import Tempo
from hub.clock import to_microseconds
from hub.errors import HubError, SourceUnavailable
from hub.plugins import Hub

log = structlog.get_logger("wissel.zaak.vullen")
Json = dict[str, Any]
_LOOK_S: Final = 1.0
_ROOM_S: Final = 0.05
_WINDOW: Final = timedelta(days=31)
_FIRST: Final = date(2000, 1, 1)
_AROUND: Final = 2  # times gelijktijdig: so many may wait to be fetched before another one is taken up


class Vuller:
    """Does the rounds of filling that were asked for, one gemeente at a time each."""

    def __init__(self, hub: Hub, bron: Bron) -> None:
        self._hub = hub
        self._bron = bron
        self._slug = bron.gemeente.slug
        self._tempo = Tempo(bron.settings.vullen_per_s)
        self._telling = Telling()

    async def run(self) -> None:
        """Look for a round that was asked for, or cut off, until cancelled."""
        while True:
            asked = await self._hub.read(lambda tx: rondes.volgende(tx, self._slug, ("vullen",)))
            if asked is None:
                await asyncio.sleep(_LOOK_S)
            else:
                await self.doe(asked)

    async def doe(self, ronde: Ronde) -> Mapping[str, int]:
        """Fill in what was asked for, from where it was cut off, and return the counts."""
        if ronde.toestand == rondes.GEVRAAGD:
            await self._hub.write(lambda tx: rondes.begin(tx, self._slug, ronde.nummer, self._now_us()))
        self._telling = Telling(dict(ronde.telling))
        fault = None
        try:
            for first, last in await self._windows(ronde):
                await self._window(ronde, first, last)
                await self._keep(ronde.nummer, last)
        except HubError as error:
            fault = str(error)
            log.warning("filling_failed", gemeente=self._slug, ronde=ronde.nummer, uitleg=fault)
        counts, now_us = self._telling, self._now_us()
        await self._hub.write(lambda tx: rondes.sluit(tx, self._slug, ronde.nummer, counts, now_us=now_us, fout=fault))
        if not fault:
            log.info("zaken_filled", gemeente=self._slug, ronde=ronde.nummer, **counts.aantallen)
        return counts.aantallen

    async def _keep(self, number: int, last: date) -> None:
        counts, cursor = self._telling, last.isoformat()
        await self._hub.write(lambda tx: rondes.vorder(tx, self._slug, number, counts, cursor=cursor))

    async def _windows(self, ronde: Ronde) -> list[tuple[date, date]]:
        """Return the windows of days still to do, oldest first; the oldest zaak tells where to begin."""
        last = _day(ronde.vraag.get("tot")) or self._hub.clock.today() + timedelta(days=1)
        begin = _day(ronde.vraag.get("vanaf")) or await self._oldest()
        done = _day(ronde.cursor)
        return list(_windows(max(begin, done + timedelta(days=1)) if done else begin, last))

    async def _oldest(self) -> date:
        try:
            items, _ = await self._page({"ordering": "registratiedatum"}, 1)
        except Geweigerd:
            return _FIRST  # a source that cannot order its list
        found = [str(zaak.get("registratiedatum") or "") for zaak in items]
        return _day(min(filter(None, found), default="")) or self._hub.clock.today()

    async def _window(self, ronde: Ronde, first: date, last: date) -> None:
        params = {
            "registratiedatum__gt": (first - timedelta(days=1)).isoformat(),
            "registratiedatum__lt": (last + timedelta(days=1)).isoformat(),
            **({"einddatum__isnull": "true"} if ronde.vraag.get("open") else {}),
        }
        number, more = 1, True
        while more:
            zaken, more = await self._page(params, number)
            number += 1
            named = {uuid: str(zaak["url"]) for zaak in zaken if (uuid := uuid_of(str(zaak.get("url", ""))))}
            known = await self._hub.read(partial(rondes.bekenden, gemeente=self._slug, zaken=list(named)))
            self._telling.tel("zaken", len(named))
            for uuid, url in named.items():
                if uuid not in known:
                    await self._take_up(uuid, url)

    async def _take_up(self, uuid: str, url: str) -> None:
        """Make one zaak due, when there is room and it is its turn."""
        await self._tempo.beurt()
        room = self._bron.settings.gelijktijdig * _AROUND
        while await self._hub.read(lambda tx: rondes.wachtend(tx, self._slug, self._now_us())) >= room:  # noqa: ASYNC110 - a store
            await asyncio.sleep(_ROOM_S)
        taken = await self._hub.write(lambda tx: inbox.maak_bekend(tx, self._slug, [(uuid, url)], self._now_us()))
        self._telling.tel("opgehaald", taken)

    async def _page(self, params: Mapping[str, str], number: int) -> tuple[list[Json], bool]:
        settings = self._bron.settings
        pause_s = settings.eerste_pauze_s
        while True:
            await self._bron.client.rem.vrij()
            try:
                return await self._bron.client.page("zaken", "zaken", params, number=number)
            except BestaatNiet:
                return [], False
            except SourceUnavailable as error:
                pause_s = min(pause_s * 2, settings.langste_pauze_s)
                await asyncio.sleep(min(max(pause_s, error.retry_after_s or 0.0), settings.langste_pauze_s))

    def _now_us(self) -> int:
        return to_microseconds(self._hub.clock.now())


def _windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(first + _WINDOW, last)
        yield first, end
        first = end + timedelta(days=1)


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
