# SPDX-License-Identifier: EUPL-1.2
"""One round of comparing: a page of zaken at a time, in memory and at the source.

Per open zaak the audit trail is read, one request; the lists are pages of a hundred. A round concludes nothing: a zaak
that may differ is made due and fetched like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from connectors.zaak import inbox, rondes
from connectors.zaak.client import BestaatNiet, GeenToegang, Geweigerd, uuid_of
from connectors.zaak.fetch import Bron
from connectors.zaak.rondes import Bekende, Ronde, Telling
from connectors.zaak.tempo import Tempo
from connectors.zaak.tijd import moment
from connectors.zaak.verschil import UITGEKLAPT, onverwerkt, verschilt, verschilt_object
from hub import metrics
from hub.clock import AMSTERDAM, from_microseconds, to_microseconds
from hub.errors import SourceUnavailable
from hub.plugins import Hub, Tx

log = structlog.get_logger("wissel.zaak.vergelijken")
Json = dict[str, Any]
T = TypeVar("T")
_AT_ONCE: Final = 100
_MOST_PAGES: Final = 100_000
_OVERLAP: Final = timedelta(days=1)
_OPEN: Final = {"einddatum__isnull": "true"}


class Rondgang:
    """One round at work. Holds a page of zaken at a time."""

    def __init__(self, hub: Hub, bron: Bron, ronde: Ronde, tempo: Tempo) -> None:
        self._hub = hub
        self._bron = bron
        self._slug = bron.gemeente.slug
        self._ronde = ronde
        self._tempo = tempo
        self._at_work = asyncio.Semaphore(bron.settings.vergelijken_gelijktijdig)
        self.telling = Telling()

    # ------------------------------------------------------------------------------------------------ open zaken

    async def open(self) -> None:
        """Compare every open zaak with its audit trail, then look for what is gone and for what is new."""
        since = moment(self._ronde.vraag.get("sinds"))
        rule = await self._hub.read(lambda tx: inbox.regel_van(tx, self._slug))
        began = await self._began()
        page = 1
        while page < _MOST_PAGES:
            zaken, more = await self._page(page, _OPEN)
            await self._compare(zaken, began, since=since, with_trail=rule == "audittrail")
            await self._progress()
            if not more:
                break
            page += 1
        if since is None:
            await self._not_met()
        await self._registered(began, since)

    async def _began(self) -> date:
        began = await self._hub.read(lambda tx: inbox.begonnen_op(tx, self._slug))
        return date.fromisoformat(began) if began else self._hub.clock.today()

    async def _compare(self, zaken: Sequence[Json], began: date, *, since: datetime | None, with_trail: bool) -> None:
        by_uuid = {uuid: zaak for zaak in zaken if (uuid := uuid_of(str(zaak.get("url", ""))))}
        self.telling.tel("zaken", len(by_uuid))
        known = await self._hub.read(lambda tx: rondes.bekenden(tx, self._slug, list(by_uuid)))
        await self._hub.write(lambda tx: rondes.gezien(tx, self._slug, self._ronde.nummer, list(known)))
        await self._new([zaak for uuid, zaak in by_uuid.items() if uuid not in known], began)
        idle = {uuid: found for uuid, found in known.items() if not found.onderweg}
        if since is not None:
            idle = {uuid: found for uuid, found in idle.items() if _may_have_changed(by_uuid[uuid], since)}
        differ = [uuid for uuid, found in idle.items() if self._differs(found, by_uuid[uuid], with_trail=with_trail)]
        rest = [uuid for uuid in idle if uuid not in set(differ)]
        behind = await asyncio.gather(*(self._is_behind(uuid, idle[uuid], by_uuid[uuid]) for uuid in rest))
        differ += [uuid for uuid, is_behind in zip(rest, behind, strict=True) if is_behind]
        await self._fetch_again("verschil", differ)

    def _differs(self, found: Bekende, zaak: Json, *, with_trail: bool) -> bool:
        """Return True when the list alone is reason to fetch a zaak; without audit trails every zaak is fetched."""
        if not found.bekend or found.gesloten or not with_trail:
            return True
        return verschilt(found.stand, zaak, self._bron.gemeente.pseudonym)

    async def _is_behind(self, uuid: str, found: Bekende, zaak: Json) -> bool:
        """Return True when the source knows something about a zaak that was not published."""
        async with self._at_work:
            try:
                trail = await self._ask(lambda: self._bron.ophaler.trail(uuid))
                if onverwerkt(found.stand, trail):
                    self.telling.tel("niet gemeld", len(onverwerkt(found.stand, trail)))
                    return True
                return await self._eigenschappen_differ(uuid, found, zaak)
            except BestaatNiet:
                return True

    async def _eigenschappen_differ(self, uuid: str, found: Bekende, zaak: Json) -> bool:
        """Look at the eigenschappen where the list did not show them: Open Zaak audits no change of those."""
        if "eigenschappen" in (zaak.get("_expand") or {}) or not zaak.get("eigenschappen"):
            return False
        items = await self._ask(lambda: self._bron.ophaler.eigenschappen(uuid))
        return any(verschilt_object(found.stand, item, self._bron.gemeente.pseudonym) for item in items.values())

    async def _not_met(self) -> None:
        """Fetch the open zaken that the source no longer lists: closed, destroyed or hidden."""
        after = ""
        while gone := await self._hub.read(partial(rondes.ongezien, gemeente=self._slug, nummer=self._ronde.nummer, na=after)):
            await self._fetch_again("verdwenen", gone)
            after = gone[-1]
        while await self._hub.write(lambda tx: rondes.vergeet_gezien(tx, self._slug, self._ronde.nummer)):
            pass

    async def _registered(self, began: date, since: datetime | None) -> None:
        """Look for zaken, closed ones too, registered since the last whole round that no notification told of."""
        last_us = await self._hub.read(lambda tx: rondes.laatste_klaar(tx, self._slug, "open"))
        last = from_microseconds(last_us).astimezone(AMSTERDAM).date() if last_us else began
        begin = since.astimezone(AMSTERDAM).date() if since else max(began, last)
        params = {"registratiedatum__gt": (begin - 2 * _OVERLAP).isoformat()}
        page = 1
        while page < _MOST_PAGES:
            zaken, more = await self._page(page, params)
            uuids = [uuid_of(str(zaak.get("url", ""))) for zaak in zaken]
            known = await self._hub.read(partial(rondes.bekenden, gemeente=self._slug, zaken=uuids))
            await self._new([z for z, uuid in zip(zaken, uuids, strict=True) if uuid and uuid not in known], began)
            page += 1
            if not more:
                return

    async def _new(self, zaken: Sequence[Json], began: date) -> None:
        """Take up zaken nobody told of; those from before the hub began stay with whoever worked on them."""
        first = (began - _OVERLAP).isoformat()
        new = [str(zaak["url"]) for zaak in zaken if str(zaak.get("registratiedatum") or "") > first]
        self.telling.tel("van voor het begin", len(zaken) - len(new))
        if new:
            named = [(uuid_of(url), url) for url in new]
            taken = await self._hub.write(lambda tx: inbox.maak_bekend(tx, self._slug, named, self._now_us()))
            self._found("nieuw", taken)

    # ---------------------------------------------------------------------------------------------- closed zaken

    async def gesloten(self) -> None:
        """Compare the closed zaken we know with what the source shows of them, a hundred at a time."""
        after = self._ronde.cursor
        while True:
            asked = await self._hub.read(partial(rondes.gesloten_zaken, gemeente=self._slug, na=after, most=_AT_ONCE))
            if not asked:
                return
            known = await self._hub.read(partial(rondes.bekenden, gemeente=self._slug, zaken=asked))
            found = {uuid_of(str(zaak.get("url", ""))): zaak for zaak in await self._search(asked)}
            self.telling.tel("zaken", len(asked))
            idle = [uuid for uuid in asked if uuid in known and not known[uuid].onderweg]
            await self._fetch_again("verdwenen", [uuid for uuid in idle if uuid not in found])
            pseudonym = self._bron.gemeente.pseudonym
            differ = [u for u in idle if u in found and verschilt(known[u].stand, found[u], pseudonym)]
            await self._fetch_again("verschil", differ)
            after = asked[-1]
            await self._progress(cursor=after)

    async def _search(self, uuids: list[str]) -> list[Json]:
        body: Json = {"uuid__in": uuids}
        if self._bron.klapt_uit:
            try:
                return await self._ask(lambda: self._bron.client.zoek({**body, "expand": ",".join(UITGEKLAPT)}))
            except Geweigerd:
                self._no_expand()
        return await self._ask(lambda: self._bron.client.zoek(body))

    # ------------------------------------------------------------------------------------------------ how it asks

    async def _page(self, number: int, params: Mapping[str, str]) -> tuple[list[Json], bool]:
        """Return one page of zaken and whether there is another. A list that became shorter meanwhile simply ends."""
        if self._bron.klapt_uit:
            try:
                return await self._one_page(number, {**params, "expand": "eigenschappen,zaakobjecten"})
            except Geweigerd:
                self._no_expand()
        return await self._one_page(number, params)

    async def _one_page(self, number: int, params: Mapping[str, str]) -> tuple[list[Json], bool]:
        try:
            return await self._ask(lambda: self._bron.client.page("zaken", "zaken", params, number=number))
        except BestaatNiet:
            if number == 1:
                raise
            return [], False

    def _no_expand(self) -> None:
        """Go on without ``expand``: not every zaaksysteem offers it on a list."""
        log.info("expand_not_offered", gemeente=self._slug)
        self._bron.klapt_uit = False

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask in our turn, and again, ever later, as long as the source does not answer."""
        settings = self._bron.settings
        pause_s = settings.eerste_pauze_s
        while True:
            await self._bron.client.rem.vrij()
            await self._tempo.beurt()
            self.telling.tel("verzoeken")
            try:
                return await ask()
            except SourceUnavailable as error:
                pause_s = min(pause_s * 2, settings.langste_pauze_s)
                await self._progress(uitleg=str(error))
                await asyncio.sleep(min(max(pause_s, error.retry_after_s or 0.0), settings.langste_pauze_s))
            except GeenToegang as error:
                raise SourceUnavailable(f"vergelijken kan niet verder: {error}") from error

    async def _fetch_again(self, why: str, zaken: Sequence[str]) -> None:
        if zaken:
            made = await self._hub.write(lambda tx: inbox.maak_nodig(tx, self._slug, zaken, self._now_us()))
            self._found(why, made)

    def _found(self, what: str, count: int) -> None:
        self.telling.tel(what, count)
        metrics.GEVONDEN.labels(self._slug, what).inc(count)

    async def _progress(self, *, cursor: str = "", uitleg: str | None = None) -> None:
        def work(tx: Tx) -> bool:
            rondes.vorder(tx, self._slug, self._ronde.nummer, self.telling, cursor=cursor, uitleg=uitleg)
            return rondes.haast_gevraagd(tx, self._slug)

        if await self._hub.write(work):  # somebody waits for the next round: finish this one at full pace
            self._tempo.verander(self._bron.settings.vergelijken_per_s)

    def _now_us(self) -> int:
        return to_microseconds(self._hub.clock.now())


def _may_have_changed(zaak: Json, since: datetime) -> bool:
    """Return False only for a zaak of which the source itself says that it did not change since."""
    changed = moment(zaak.get("laatstGemuteerd"))
    return changed is None or changed >= since
