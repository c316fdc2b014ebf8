# SPDX-License-Identifier: EUPL-1.2
"""Notices that followed persons changed: ask who, read them, compare with what was known, say what it was.

There is no feed of moves in production. The Update API says per day *who* of the followed changed; who is read, compared
with the sealed state and classified. A person whose write awaits confirmation is read first and more often.

Nothing is missed: the day is asked again with one day of overlap until everybody it names was read at least
``herlees_s`` (at most half a day) after the previous read. Nothing is said twice: a change is put down in the transaction
that replaces the state it was found against.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog

from connectors.burgerzaken import volgen
from connectors.burgerzaken.bronnen import Bronnenkast
from connectors.burgerzaken.brp import MOST_PER_REQUEST
from connectors.burgerzaken.gezien import Gezien
from connectors.burgerzaken.lezen import BRP_PERSONEN, GERAADPLEEGD, asked_again, raadpleging
from connectors.burgerzaken.wijziging import Wijziging, find_change
from hub.errors import KeyDestroyed, Poison, Transient
from hub.events import PERSONEN, NewEvent, fact_id
from hub.plugins import Gemeente, Hub, Tx
from hub.privacy import Bsn

_OVERLAP: Final = timedelta(days=1)
_MOST_PER_ROUND: Final = 500  # then the next round begins, so that who is awaited never waits behind a whole gemeente
_RESEALS: Final = 3
_LOG = structlog.get_logger("wissel.burgerzaken.wijzigingen")


def first_asked_day(asked_until: date | None, today: date) -> date:
    """Return the day from which changes are asked: the last one dealt with, and one day of overlap."""
    return min(asked_until or today, today) - _OVERLAP


def is_due(gevolgde: volgen.Gevolgde, now: datetime, *, herlees_s: float, herlees_wachtend_s: float) -> bool:
    """Tell whether this person, named as changed, is read now: not more often than configured."""
    least_s = herlees_wachtend_s if gevolgde.awaits(now) else herlees_s
    return (now - gevolgde.gelezen_op).total_seconds() >= least_s


class Wijzigingenlezer:
    """Asks one gemeente's registry for changes, again and again."""

    def __init__(self, hub: Hub, kast: Bronnenkast, gemeente: Gemeente) -> None:
        self._hub = hub
        self._bronnen = kast.van(gemeente.slug)
        self._settings = self._bronnen.settings
        self._gemeente = gemeente
        self._slug = gemeente.slug

    async def run(self) -> None:
        """Ask until cancelled. A source that is away is asked again at the next round."""
        while True:
            try:
                await self.round()
            except (Transient, Poison) as fault:
                # Not swallowed: the day asked for stays open, so the next round does all of this again.
                _LOG.warning("registry_changes_not_read", gemeente=self._slug, uitleg=str(fault))
            await self._rest()

    async def round(self) -> int:
        """Ask who changed and deal with who is due; return the number of changes put down."""
        today, now = self._hub.clock.today(), self._hub.clock.now()
        first = first_asked_day(await self._asked_until(today), today)
        with asked_again():
            due, all_done = await self._due(first, today, now)
            count = 0
            for start in range(0, len(due), MOST_PER_REQUEST):
                count += await self._deal_with(due[start : start + MOST_PER_REQUEST])
        if all_done:
            await self._hub.write(lambda tx: volgen.note_asked(tx, self._slug, today))
        return count

    async def _asked_until(self, today: date) -> date:
        known = await self._hub.read(lambda tx: volgen.asked_until(tx, self._slug))
        if known is None:
            # Noted before asking: were the source away now, the days from here on are still asked later.
            await self._hub.write(lambda tx: volgen.note_asked(tx, self._slug, today))
        return known or today

    async def _due(self, first: date, today: date, now: datetime) -> tuple[list[volgen.Gevolgde], bool]:
        """Return who is read in this round, awaited first, and whether that is everybody who is due."""
        changed = await self._bronnen.update.wijzigingen(first) if self._bronnen.update else []
        pseudoniemen = [self._gemeente.pseudonym(bsn) for bsn in changed]
        known = await self._hub.read(lambda tx: volgen.followed(tx, self._slug, pseudoniemen, today))
        settings = self._settings
        due = [
            gevolgde
            for gevolgde in known
            if is_due(gevolgde, now, herlees_s=settings.herlees_s, herlees_wachtend_s=settings.herlees_wachtend_s)
        ]
        due.sort(key=lambda gevolgde: (not gevolgde.awaits(now), gevolgde.gelezen_op, gevolgde.pseudoniem))
        return due[:_MOST_PER_ROUND], len(due) <= _MOST_PER_ROUND

    async def _deal_with(self, due: Sequence[volgen.Gevolgde]) -> int:
        opened = {gevolgde: volgen.open_(self._hub.vault, gevolgde) for gevolgde in due}
        known = {gevolgde: gezien for gevolgde, gezien in opened.items() if gezien}
        gone = [gevolgde.pseudoniem for gevolgde, gezien in opened.items() if gezien is None]
        doel = self._settings.doel("volgen")
        found = await self._bronnen.brp.personen([gezien.bsn for gezien in known.values()], doel) if known else {}
        changes = [change for gevolgde, oud in known.items() if (change := self._compare(gevolgde, oud, found))]
        return await self._put_down(changes, list(known), gone)

    def _compare(self, gevolgde: volgen.Gevolgde, oud: Gezien, found: Mapping[Bsn, Mapping[str, Any]]) -> Wijziging | None:
        persoon = found.get(oud.bsn)
        if persoon is None:
            # Absence says nothing by itself: no authorisation, or no longer known. The state known stays.
            _LOG.warning("followed_person_not_found", gemeente=self._slug, pseudoniem=gevolgde.pseudoniem)
            return None
        nieuw = oud.now(persoon, self._settings.doel("volgen").velden, self._gemeente.pseudonym)
        return find_change(gevolgde, oud, nieuw, herindelingen=self._settings.herindelingen)

    async def _put_down(self, changes: Sequence[Wijziging], read: Sequence[volgen.Gevolgde], gone: Sequence[str]) -> int:
        """Put changes, new states and the record of reading down together; seal again when a key was destroyed."""
        for last_try in (*[False] * (_RESEALS - 1), True):
            try:
                return await self._hub.write(self._work(changes, read, gone))
            except KeyDestroyed:
                if last_try:
                    raise
        raise AssertionError("the last try returns or raises")

    def _work(self, changes: Sequence[Wijziging], read: Sequence[volgen.Gevolgde], gone: Sequence[str]) -> Any:
        now = self._hub.clock.now()
        sealed_events = [self._hub.seal(change.events(self._gemeente)) for change in changes]
        sealed_records = self._hub.seal(self._records(read, now))
        states = [self._new_state(change) for change in changes]

        def work(tx: Tx) -> int:
            volgen.forget(tx, self._slug, gone)
            volgen.seen(tx, self._slug, [gevolgde.pseudoniem for gevolgde in read], now)
            won = [
                event
                for change, events, state in zip(changes, sealed_events, states, strict=True)
                if volgen.replace(tx, self._slug, change.gevolgde, state, nu=now)
                for event in events
            ]
            tx.put([*won, *sealed_records])
            return len(won)

        return work

    def _new_state(self, change: Wijziging) -> volgen.NieuweStaat:
        return volgen.NieuweStaat(
            verzegeld=volgen.seal(self._hub.vault, self._slug, change.gevolgde.pseudoniem, change.nieuw),
            sha256=change.nieuw.sha256,
            wijziging=change.change_id(self._gemeente),
            verhuisd=change.is_verhuizing,
        )

    def _records(self, read: Sequence[volgen.Gevolgde], now: datetime) -> list[NewEvent]:
        """Return the record that these persons were read because the registry reported a change (AVG 5 lid 2)."""
        moment = now.isoformat()
        round_id = fact_id(self._slug, "wijzigingen", moment)
        data = {
            "opdrachtId": round_id,
            **raadpleging(BRP_PERSONEN, self._settings.doel("volgen"), self._bronnen),
            "zaak": None,
        }
        return [
            NewEvent(
                id=fact_id(round_id, gevolgde.pseudoniem),
                type=GERAADPLEEGD,
                source=self._gemeente.source("wissel"),
                gemeente=self._slug,
                topic=PERSONEN,
                key=f"{self._slug}:{gevolgde.pseudoniem}",
                data=data,
            )
            for gevolgde in read
        ]

    async def _rest(self) -> None:
        """Wait for the next round; a write cuts the waiting short, to what the registry needs to carry it out."""
        written, soon_s = self._bronnen.geschreven, self._settings.poll_interval_wachtend_s
        try:
            async with asyncio.timeout(await self._pause_s()):
                await written.wait()
                await asyncio.sleep(soon_s)
        except TimeoutError:
            return
        finally:
            written.clear()

    async def _pause_s(self) -> float:
        now = self._hub.clock.now()
        awaited = await self._hub.read(lambda tx: volgen.somebody_awaits(tx, self._slug, now))
        settings = self._settings
        return min(settings.poll_interval_wachtend_s, settings.poll_interval_s) if awaited else settings.poll_interval_s
