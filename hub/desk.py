# SPDX-License-Identifier: EUPL-1.2
"""What an operator may do with what is parked, whether in a projection, a flow or the ledger; decisions are written first.

A skip or retry is a row in ``wissel.db`` before it is done in the member's own file; open ones are done again at start (R13).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import structlog

from hub import parking
from hub.clock import to_microseconds
from hub.commands import give_up, parked_opdrachten, reopen, stap_van
from hub.errors import Invalid, NotFound, niet_ingevuld
from hub.events import ZAKEN, NewEvent, fact_id, outcome_id
from hub.geparkeerd import OPDRACHT, POSTVAK, Achter, Geparkeerd, Keuze, of_inbox, of_opdracht, of_stream
from hub.log.base import Stream
from hub.plugins import ReadTx, SealedEvent, Tx
from hub.postvak import Postvak
from hub.privacy import mask_bsns
from hub.projecting import Member
from hub.stand import Herkansing
from hub.store.base import Connection

if TYPE_CHECKING:  # the hub lists what is parked through this desk
    from hub.core import Core

log = structlog.get_logger()
OVERGESLAGEN: Final = "nl.wissel.parkeren.overgeslagen.v1"
MISLUKT: Final = "nl.wissel.opdracht.mislukt.v1"
ALL: Final = Keuze()
_NOBODY: Final = Stream("", "", "")
_ANSWER_S: Final = 10.0  # one answer to an operator takes no longer than this; what is left is asked for again
_LATEST: Final = 1 << 62
Besluit = Literal["retry", "skip"]


class Desk:
    """Lists, retries and skips what is parked."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub

    def list(self, keuze: Keuze = ALL) -> list[Geparkeerd]:
        """Return what is parked, one entry per stream and member, opdracht or inbox entry; oldest first."""
        now = self._hub.clock.now()
        chosen = [entry for entry in (*self._streams(), *self._beside()) if keuze.fits(entry, now)]
        return sorted(chosen, key=lambda entry: (datetime.fromisoformat(entry.sinds), entry.nummer))

    def show(self, nummer: str) -> Geparkeerd:
        """Return one entry with what waits behind it. NotFound when it is not parked (any more)."""
        return self._whole(self._found(nummer))

    def export(self, keuze: Keuze = ALL) -> Sequence[Geparkeerd]:
        """Return what is chosen, each with what waits behind it."""
        return [self._whole(entry) for entry in self.list(keuze)]

    def tally(self) -> Sequence[tuple[str, int, int, int]]:
        """Return (member, how much is parked, most in one stream, since when in microseconds) of who has something parked."""
        found = self._hub.builds.gather(parking.tally)
        with self._hub.database.reader() as db:
            found += parking.tally(db)
        beside: dict[str, tuple[int, int]] = {}
        for entry in self._beside():
            count, since = beside.get(entry.lid, (0, _LATEST))
            beside[entry.lid] = (count + 1, min(since, to_microseconds(datetime.fromisoformat(entry.sinds))))
        return [*found, *((lid, count, 1, since) for lid, (count, since) in beside.items())]

    async def retry(self, nummer: str, *, reden: str, door: str) -> bool:
        """Try again; True when it went through. Raises Invalid without a reason, NotFound when it is not parked."""
        _check_why(reden, door)
        return await self._decide(await asyncio.to_thread(self._found, nummer), "retry", reden, door)

    async def retry_chosen(self, keuze: Keuze, *, reden: str, door: str) -> Herkansing:
        """Try again what is chosen, oldest first, until one fails again or the time for one answer is used up."""
        _check_why(reden, door)
        entries, until_s = await asyncio.to_thread(self.list, keuze), time.monotonic() + _ANSWER_S
        for done, entry in enumerate(entries, 1):
            if not await self._decide(entry, "retry", reden, door):
                return Herkansing(gelukt=done - 1, over=len(entries) - done + 1, mislukt=entry.nummer)
            if time.monotonic() > until_s:
                return Herkansing(gelukt=done, over=len(entries) - done)
        return Herkansing(gelukt=len(entries), over=0)

    async def skip(self, nummer: str, *, reden: str, door: str) -> bool:
        """Leave the failed event out; True when nothing of that stream waits any more. An event tells what and why."""
        _check_why(reden, door)
        return await self._decide(await asyncio.to_thread(self._found, nummer), "skip", reden, door)

    async def redo_open(self) -> int:
        """Do decisions again that were written but perhaps not done when the hub died. Doing one twice changes nothing."""
        query = "SELECT id, lid, stroom, besluit, gebeurtenis FROM parkeerbesluit WHERE gedaan = 0 ORDER BY id"
        rows = await self._hub.read(lambda tx: tx.all(query))
        for number, lid, stream, besluit, event_id in rows:
            try:
                await self._do(lid, stream, besluit, event_id)
            except NotFound as error:  # of a version or plugin that does not run any more: nothing is parked for it
                log.warning("parked_decision_outlived_its_member", lid=lid, gebeurtenis=event_id, uitleg=str(error))
            await self._done(number)
        return len(rows)

    def _found(self, nummer: str) -> Geparkeerd:
        for entry in self.list(Keuze(nummer=nummer)):
            return entry
        raise NotFound(f"er staat niets geparkeerd onder {nummer}; bekijk `wissel parked list`")

    def _streams(self) -> Iterator[Geparkeerd]:
        found = self._hub.builds.gather(parking.standing)
        with self._hub.database.reader() as db:
            found += parking.standing(db)
        names = self._hub.log.streams({first.stroom for first, _ in found})
        return (of_stream(first, waiting, names.get(first.stroom, _NOBODY)) for first, waiting in found)

    def _beside(self) -> Sequence[Geparkeerd]:
        """Return what waits in the ledger and in the connectors' inboxes."""

        def work(tx: ReadTx) -> Sequence[Geparkeerd]:
            inboxes = [(name, entry) for name, box in self._inboxes() for entry in box.wachtend(tx)]
            return [*map(of_opdracht, parked_opdrachten(tx)), *(of_inbox(name, entry) for name, entry in inboxes)]

        return self._hub.read_now(work)

    def _inboxes(self) -> Iterator[tuple[str, Postvak]]:
        return ((name, found) for name, found in self._hub.connectors.items() if isinstance(found, Postvak))

    def _whole(self, entry: Geparkeerd) -> Geparkeerd:
        if not entry.in_log:
            return entry
        stream = int(entry.nummer.rpartition("/")[2])
        with self._view(entry.lid) as db:
            behind = parking.parked_of(db, entry.lid, stream)[1:]
        return replace(entry, achter=tuple(Achter(p.volgnummer, p.soort, p.gebeurtenis) for p in behind))

    def _view(self, lid: str) -> AbstractContextManager[Connection]:
        return self._hub.database.reader() if lid.startswith("flow:") else self._hub.builds.view(lid)

    async def _decide(self, entry: Geparkeerd, besluit: Besluit, reden: str, door: str) -> bool:
        reden, door = mask_bsns(reden), mask_bsns(door)
        if not entry.in_log:
            return await self._beside_besluit(entry, besluit, reden, door)
        stream = int(entry.nummer.rpartition("/")[2])
        facts = self._hub.seal(self._skipped(entry, reden, door) if besluit == "skip" else [])
        number = await self._hub.write(lambda tx: self._write_down(tx, entry, stream, besluit, reden, door, facts), urgent=True)
        clear = await self._do(entry.lid, stream, besluit, entry.gebeurtenis)
        await self._done(number)
        return clear

    def _write_down(
        self, tx: Tx, entry: Geparkeerd, stream: int, besluit: Besluit, reden: str, door: str, facts: Sequence[SealedEvent]
    ) -> int:
        row = tx.one(
            "INSERT INTO parkeerbesluit (lid, stroom, gebeurtenis, besluit, reden, door, op) VALUES (?,?,?,?,?,?,?)"
            " RETURNING id",
            (entry.lid, stream, entry.gebeurtenis, besluit, reden, door, to_microseconds(self._hub.clock.now())),
        )
        assert row is not None
        if facts:
            tx.put(facts)
        return int(row[0])

    def _skipped(self, entry: Geparkeerd, reden: str, door: str) -> Sequence[NewEvent]:
        """Return the fact that an event was left out; a record that belongs to no stream has nowhere to say it."""
        number = int(entry.nummer.rpartition("/")[2])
        stream = self._hub.log.streams([number]).get(number)
        if stream is None:
            return []
        return [self._left_out(entry, stream, reden, door, causationid=entry.gebeurtenis)]

    def _left_out(self, entry: Geparkeerd, stream: Stream, reden: str, door: str, *, causationid: str | None) -> NewEvent:
        return NewEvent(
            id=fact_id(entry.lid, entry.gebeurtenis, "overgeslagen", str(entry.pogingen)),
            type=OVERGESLAGEN,
            source=self._hub.gemeenten[stream.gemeente].source("wissel"),
            gemeente=stream.gemeente,
            topic=stream.topic,
            key=stream.key,
            data={"member": entry.lid, "gebeurtenis": entry.gebeurtenis, "reden": reden, "door": door},
            causationid=causationid,
        )

    async def _do(self, lid: str, stream: int, besluit: str, event_id: str) -> bool:
        """Do a decision: a skip leaves out exactly the event it names, and then both try again what waits."""
        if lid.startswith("flow:"):
            flow, runner = self._flow(lid), self._hub.flow_runner
            if besluit == "skip":
                await asyncio.to_thread(runner.skip, flow, stream, event_id)
            return await asyncio.to_thread(runner.retry, flow, stream)
        member, projector = self._member(lid), self._hub.projector
        if besluit == "skip":
            await asyncio.to_thread(projector.skip, member, stream, event_id)
        return await asyncio.to_thread(projector.retry, member, stream)

    def _flow(self, lid: str) -> str:
        name = lid.removeprefix("flow:")
        if name not in self._hub.plugins.flows:
            raise NotFound(f"{lid} draait niet in deze hub")
        return name

    def _member(self, lid: str) -> Member:
        for member in self._hub.projector.members:
            if member.name == lid:
                return member
        raise NotFound(f"{lid} draait niet in deze hub")

    async def _done(self, number: int) -> None:
        await self._hub.write(
            lambda tx: tx.execute("UPDATE parkeerbesluit SET gedaan = 1 WHERE id = ?", (number,)), urgent=True
        )

    async def _beside_besluit(self, entry: Geparkeerd, besluit: Besluit, reden: str, door: str) -> bool:
        """Do a decision about an opdracht or inbox entry, and write it down, in one transaction."""
        now_us = to_microseconds(self._hub.clock.now())
        opdracht = entry.lid.startswith(OPDRACHT)
        told = (self._given_up if opdracht else self._inbox_left_out)(entry, reden, door) if besluit == "skip" else []
        facts = self._hub.seal(told)

        def work(tx: Tx) -> bool:
            tx.execute(
                "INSERT INTO parkeerbesluit (lid, stroom, gebeurtenis, besluit, reden, door, op, gedaan)"
                " VALUES (?,0,?,?,?,?,?,1)",
                (entry.lid, entry.gebeurtenis, besluit, reden, door, now_us),
            )
            done = self._opdracht(tx, entry, besluit, now_us) if opdracht else self._inbox(tx, entry, besluit, now_us)
            if done and facts:
                tx.put(facts)
            return done

        return await self._hub.write(work, urgent=True)

    def _opdracht(self, tx: Tx, entry: Geparkeerd, besluit: Besluit, now_us: int) -> bool:
        return reopen(tx, entry.gebeurtenis, now_us) if besluit == "retry" else give_up(tx, entry.gebeurtenis)

    def _inbox(self, tx: Tx, entry: Geparkeerd, besluit: Besluit, now_us: int) -> bool:
        box = dict(self._inboxes())[entry.lid.removeprefix(POSTVAK)]
        if besluit == "retry":
            return box.probeer_opnieuw(self._hub, tx, entry.gebeurtenis, now_us)
        return box.sla_over(tx, entry.gebeurtenis)

    def _inbox_left_out(self, entry: Geparkeerd, reden: str, door: str) -> Sequence[NewEvent]:
        """Return that an inbox entry was left out; where the zaak has no stream yet only the decision itself tells it."""
        try:
            self._hub.log.head(ZAKEN, entry.sleutel)
        except NotFound:
            return []
        return [self._left_out(entry, Stream(ZAKEN, entry.sleutel, entry.gemeente), reden, door, causationid=None)]

    def _given_up(self, entry: Geparkeerd, reden: str, door: str) -> Sequence[NewEvent]:
        """Return that an opdracht was left out, and the outcome its flow waits for."""
        stream = Stream(ZAKEN, entry.sleutel, entry.gemeente)
        left_out = self._left_out(entry, stream, reden, door, causationid=entry.gebeurtenis)
        data = {
            "opdrachtId": entry.gebeurtenis,
            "soort": entry.soort,
            "stap": self._hub.read_now(lambda tx: stap_van(tx, self._hub.codec, entry.gebeurtenis)) or entry.soort,
            "reden": "overgeslagen",
            "uitleg": f"{door}: {reden}",
            "definitief": True,
        }
        return [left_out, replace(left_out, id=outcome_id(entry.gebeurtenis), type=MISLUKT, data=data)]


def _check_why(reden: str, door: str) -> None:
    if problems := niet_ingevuld(reden=reden, door=door):
        raise Invalid(problems)
