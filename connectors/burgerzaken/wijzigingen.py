# SPDX-License-Identifier: EUPL-1.2
"""Notices that followed persons changed: ask who, read them, compare with what was known, say what it was.

There is no feed of moves in production. The Update API says per day *who* of the followed changed, and a registry may send
StUF-BG messages by itself; who is named is read, compared with the sealed state and classified. A person whose write awaits
confirmation is read first and more often.

Nothing is missed: the day is asked again with one day of overlap until everybody it names was read at least
``herlees_s`` (at most half a day) after the previous read. Nothing is said twice: a change is put down in the transaction
that replaces the state it was found against.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog

from connectors.burgerzaken import meldingen, volgen
from connectors.burgerzaken.bronnen import Bronnenkast
from connectors.burgerzaken.brp import MOST_PER_REQUEST
from connectors.burgerzaken.gezien import Gezien
from connectors.burgerzaken.lezen import BRP_PERSONEN, GERAADPLEEGD, asked_again, raadpleging
from connectors.burgerzaken.meldingen import Aanwijzing
from connectors.burgerzaken.wijziging import Wijziging, find_change
from hub.errors import KeyDestroyed, Poison, Transient
from hub.events import PERSONEN, NewEvent, fact_id
from hub.plugins import Gemeente, Hub, ReadTx, Tx
from hub.privacy import Bsn

_OVERLAP: Final = timedelta(days=1)
_MOST_PER_ROUND: Final = 500  # then the next round begins, so that who is awaited never waits behind a whole gemeente
_RENEWED_BEFORE_DAYS: Final = 7
_RESEALS: Final = 3
_LOG = structlog.get_logger("wissel.burgerzaken.wijzigingen")
_LOOK_S: Final = 5.0  # so soon is seen that another process wrote to the registry


def first_asked_day(asked_until: date | None, today: date) -> date:
    """Return the day from which changes are asked: the last one dealt with, and one day of overlap."""
    return min(asked_until or today, today) - _OVERLAP


def is_due(
    gevolgde: volgen.Gevolgde,
    now: datetime,
    *,
    herlees_s: float,
    herlees_wachtend_s: float,
    aanwijzing: Aanwijzing | None = None,
) -> bool:
    """Tell whether this person, named as changed, is read now: not more often than configured.

    Who a message came about since the last read is read at once; while the message waits for a difference, as who awaits.
    """
    if aanwijzing is not None and aanwijzing.laatste >= gevolgde.gelezen_op:
        return True
    least_s = herlees_wachtend_s if gevolgde.awaits(now) or aanwijzing is not None else herlees_s
    return (now - gevolgde.gelezen_op).total_seconds() >= least_s


@dataclass(frozen=True, slots=True)
class _Aan:
    """Whose turn it is, and what messages said about them."""

    gevolgde: volgen.Gevolgde
    aanwijzing: Aanwijzing | None


@dataclass(frozen=True, slots=True)
class _Gelezen:
    """What came of reading: changes, who was read, who can be read no more, and whose messages are dealt with till when."""

    wijzigingen: Sequence[Wijziging]
    personen: Sequence[volgen.Gevolgde]
    weg: Sequence[str]
    afgehandeld: Mapping[str, datetime]


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
        asked_s = -math.inf
        while True:
            try:
                ask = time.monotonic() - asked_s >= await self._ask_pause_s()
                asked_s = time.monotonic() if ask else asked_s
                await self.round(ask=ask)
            except (Transient, Poison) as fault:
                # Not swallowed: the day asked for stays open, so the next round does all of this again.
                _LOG.warning("registry_changes_not_read", gemeente=self._slug, uitleg=str(fault))
            await self._rest()

    async def round(self, *, ask: bool = True) -> int:
        """Ask who changed and deal with who is due; return the number of facts put down.

        ``ask`` False: only deal with who the registry sent a message about.
        """
        today, now = self._hub.clock.today(), self._hub.clock.now()
        first = first_asked_day(await self._asked_until(today), today)
        with asked_again():
            if ask:
                await self._follow_on(today)
            changed = await self._bronnen.update.wijzigingen(first) if ask and self._bronnen.update else []
            due, all_done = await self._due(changed, today, now)
            count = 0
            for start in range(0, len(due), MOST_PER_REQUEST):
                count += await self._deal_with(due[start : start + MOST_PER_REQUEST])
        if all_done and ask:
            await self._hub.write(lambda tx: volgen.note_asked(tx, self._slug, today))
        return count

    async def _follow_on(self, today: date) -> None:
        """Keep following whom a long running zaak needs: a volgindicatie ends by itself."""
        days = self._settings.volgduur_dagen
        near, until = today + timedelta(days=min(_RENEWED_BEFORE_DAYS, days // 2)), today + timedelta(days=days)
        soon = await self._hub.read(lambda tx: volgen.ends_soon(tx, self._slug, near, _MOST_PER_ROUND))
        opened = [(gevolgde.pseudoniem, volgen.open_(self._hub.vault, gevolgde)) for gevolgde in soon]
        renewed = []
        for pseudoniem, gezien in opened:
            if gezien is not None:
                await self._bronnen.volg(gezien.bsn, tot_en_met=until)
                renewed.append(pseudoniem)
        if renewed:
            await self._hub.write(lambda tx: volgen.follow_until(tx, self._slug, renewed, until))

    async def _asked_until(self, today: date) -> date:
        known = await self._hub.read(lambda tx: volgen.asked_until(tx, self._slug))
        if known is None:
            # Noted before asking: were the source away now, the days from here on are still asked later.
            await self._hub.write(lambda tx: volgen.note_asked(tx, self._slug, today))
        return known or today

    async def _due(self, changed: Sequence[Bsn], today: date, now: datetime) -> tuple[list[_Aan], bool]:
        """Return who is read in this round, awaited first, and whether that is everybody who is due."""
        settings, named = self._settings, {self._gemeente.pseudonym(bsn) for bsn in changed}

        def read(tx: ReadTx) -> tuple[list[volgen.Gevolgde], dict[str, Aanwijzing]]:
            aanwijzingen = meldingen.open_(tx, self._slug)
            return volgen.followed(tx, self._slug, sorted(named | aanwijzingen.keys()), today), aanwijzingen

        known, aanwijzingen = await self._hub.read(read)
        due = [
            _Aan(gevolgde, aanwijzing)
            for gevolgde in known
            if is_due(
                gevolgde,
                now,
                herlees_s=settings.herlees_s,
                herlees_wachtend_s=settings.herlees_wachtend_s,
                aanwijzing=(aanwijzing := aanwijzingen.get(gevolgde.pseudoniem)),
            )
        ]
        due.sort(key=lambda aan: (not aan.gevolgde.awaits(now), aan.gevolgde.gelezen_op, aan.gevolgde.pseudoniem))
        return due[:_MOST_PER_ROUND], len(due) <= _MOST_PER_ROUND

    async def _deal_with(self, due: Sequence[_Aan]) -> int:
        began = self._hub.clock.now()
        opened = {aan: volgen.open_(self._hub.vault, aan.gevolgde) for aan in due}
        known = {aan: gezien for aan, gezien in opened.items() if gezien}
        gone = [aan.gevolgde.pseudoniem for aan, gezien in opened.items() if gezien is None]
        doel = self._settings.doel("volgen")
        found = await self._bronnen.brp.personen([gezien.bsn for gezien in known.values()], doel) if known else {}
        changes = [change for aan, oud in known.items() if (change := self._compare(aan, oud, found))]
        told = {change.gevolgde.pseudoniem for change in changes}
        settled = {aan.gevolgde.pseudoniem: began for aan in known if self._is_settled(aan, told, began)}
        return await self._put_down(_Gelezen(changes, [aan.gevolgde for aan in known], gone, settled))

    def _is_settled(self, aan: _Aan, told: set[str], now: datetime) -> bool:
        """Tell whether the messages about this person are dealt with: the difference was seen, or stayed away too long."""
        if aan.aanwijzing is None or aan.gevolgde.pseudoniem in told:
            return aan.aanwijzing is not None
        patience_s = self._settings.stuf.wacht_s if self._settings.stuf else 0.0
        if (now - aan.aanwijzing.laatste).total_seconds() < patience_s:
            return False
        _LOG.info("message_without_difference", gemeente=self._slug, pseudoniem=aan.gevolgde.pseudoniem)
        return True

    def _compare(self, aan: _Aan, oud: Gezien, found: Mapping[Bsn, Mapping[str, Any]]) -> Wijziging | None:
        gevolgde = aan.gevolgde
        persoon = found.get(oud.bsn)
        if persoon is None:
            # Absence says nothing by itself: no authorisation, or no longer known. The state known stays.
            _LOG.warning("followed_person_not_found", gemeente=self._slug, pseudoniem=gevolgde.pseudoniem)
            return None
        nieuw = oud.now(persoon, self._settings.doel("volgen").velden, self._gemeente.pseudonym)
        correctie = aan.aanwijzing is not None and aan.aanwijzing.correctie
        return find_change(gevolgde, oud, nieuw, herindelingen=self._settings.herindelingen, correctie=correctie)

    async def _put_down(self, gelezen: _Gelezen) -> int:
        """Put changes, new states and the record of reading down together; seal again when a key was destroyed."""
        for last_try in (*[False] * (_RESEALS - 1), True):
            try:
                return await self._hub.write(self._work(gelezen))
            except KeyDestroyed:
                if last_try:
                    raise
        raise AssertionError("the last try returns or raises")

    def _work(self, gelezen: _Gelezen) -> Any:
        changes, read = gelezen.wijzigingen, gelezen.personen
        now = self._hub.clock.now()
        sealed_events = [self._hub.seal(change.events(self._gemeente)) for change in changes]
        sealed_records = self._hub.seal(self._records(read, now))
        states = [self._new_state(change) for change in changes]

        def work(tx: Tx) -> int:
            volgen.forget(tx, self._slug, gelezen.weg)
            meldingen.vergeet(tx, self._slug, gelezen.weg)
            meldingen.sluit(tx, self._slug, gelezen.afgehandeld, nu=now)
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
        """Wait for the next round; a write cuts the waiting short, to what the registry needs to carry it out.

        A write by another process is seen in the store, at the next look.
        """
        written, soon_s, began = self._bronnen.geschreven, self._settings.poll_interval_wachtend_s, time.monotonic()
        while (left_s := began + await self._pause_s() - time.monotonic()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, _LOOK_S)):
                    await written.wait()
            if written.is_set():
                await asyncio.sleep(min(soon_s, left_s))
                break
        written.clear()

    async def _pause_s(self) -> float:
        """Return how long nothing is looked at: messages that came in at another process are found soon too."""
        pause_s, settings = await self._ask_pause_s(), self._settings
        return min(pause_s, settings.poll_interval_wachtend_s) if settings.stuf else pause_s

    async def _ask_pause_s(self) -> float:
        now = self._hub.clock.now()
        awaited = await self._hub.read(lambda tx: volgen.somebody_awaits(tx, self._slug, now))
        settings = self._settings
        return min(settings.poll_interval_wachtend_s, settings.poll_interval_s) if awaited else settings.poll_interval_s
