# SPDX-License-Identifier: EUPL-1.2
"""What an operator may do with what is parked, whether in a projection, a flow or the ledger; decisions are written first.

A skip or retry is a row in ``wissel.db`` before it is done in the member's own file; open ones are done again at start (R13).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog

from hub import parking, stand
from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.commands import give_up, parked_opdrachten, reopen, stap_van
from hub.errors import Invalid, NotFound
from hub.events import ZAKEN, NewEvent, fact_id, outcome_id
from hub.log.sqlite import Stream
from hub.plugins import SealedEvent, Tx
from hub.privacy import mask_bsns
from hub.projecting import Member

if TYPE_CHECKING:  # the hub lists what is parked through this desk
    from hub.core import Core

log = structlog.get_logger()
OVERGESLAGEN: Final = "nl.wissel.parkeren.overgeslagen.v1"
MISLUKT: Final = "nl.wissel.opdracht.mislukt.v1"
_OPDRACHT: Final = "opdracht:"
_NOBODY: Final = Stream("", "", "")
Besluit = Literal["retry", "skip"]


@dataclass(frozen=True, slots=True)
class Geparkeerd:
    """One parked stream or opdracht in an operator's list. ``nummer`` names it in commands."""

    nummer: str
    lid: str
    gemeente: str
    sleutel: str
    soort: str
    gebeurtenis: str
    oorzaak: str
    uitleg: str
    stapel: str
    pogingen: int
    sinds: str
    wacht_erachter: int

    def as_stand(self) -> stand.Geparkeerd:
        """Return what the ops page shows of it."""
        return stand.Geparkeerd(
            lid=self.lid,
            stroom=self.sleutel.rpartition(":")[2],
            gebeurtenis=self.gebeurtenis,
            soort=self.soort,
            oorzaak=self.oorzaak,
            uitleg=self.uitleg,
            sinds=self.sinds,
            pogingen=self.pogingen,
            erachter=self.wacht_erachter,
        )


class Desk:
    """Lists, retries and skips what is parked."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub

    def list(self) -> list[Geparkeerd]:
        """Return what is parked, one entry per stream and member, oldest first."""
        with self._hub.members.reader() as db:
            found = parking.parked_of(db)
        with self._hub.database.reader() as db:
            found += parking.parked_of(db)
        by_stream: dict[tuple[str, int], list[parking.Parked]] = {}
        for parked in found:
            by_stream.setdefault((parked.lid, parked.stroom), []).append(parked)
        names = self._hub.log.streams({stream for _, stream in by_stream})
        entries = [_entry(rows, names.get(stream, _NOBODY)) for (_, stream), rows in by_stream.items()]
        return sorted([*entries, *map(_opdracht, self._hub.read_now(parked_opdrachten))], key=lambda entry: entry.sinds)

    def show(self, nummer: str) -> Geparkeerd:
        """Return one entry. NotFound when it is not parked (any more)."""
        for entry in self.list():
            if entry.nummer == nummer:
                return entry
        raise NotFound(f"er staat niets geparkeerd onder {nummer}; bekijk `wissel parked list`")

    async def retry(self, nummer: str, *, reden: str, door: str) -> bool:
        """Try again; True when it went through. Raises Invalid without a reason, NotFound when it is not parked."""
        entry = self._checked(nummer, reden, door)
        return await self._decide(entry, "retry", reden, door)

    async def skip(self, nummer: str, *, reden: str, door: str) -> bool:
        """Leave the failed event out; True when nothing of that stream waits any more. An event tells what and why."""
        entry = self._checked(nummer, reden, door)
        return await self._decide(entry, "skip", reden, door)

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

    def _checked(self, nummer: str, reden: str, door: str) -> Geparkeerd:
        problems = [(name, "mag niet leeg zijn") for name, value in (("reden", reden), ("door", door)) if not value.strip()]
        if problems:
            raise Invalid(problems)
        return self.show(nummer)

    async def _decide(self, entry: Geparkeerd, besluit: Besluit, reden: str, door: str) -> bool:
        reden, door = mask_bsns(reden), mask_bsns(door)
        if entry.lid.startswith(_OPDRACHT):
            return await self._opdracht_besluit(entry, besluit, reden, door)
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

    async def _opdracht_besluit(self, entry: Geparkeerd, besluit: Besluit, reden: str, door: str) -> bool:
        now_us = to_microseconds(self._hub.clock.now())
        facts = self._hub.seal(self._given_up(entry, reden, door) if besluit == "skip" else [])

        def work(tx: Tx) -> bool:
            tx.execute(
                "INSERT INTO parkeerbesluit (lid, stroom, gebeurtenis, besluit, reden, door, op, gedaan)"
                " VALUES (?,0,?,?,?,?,?,1)",
                (entry.lid, entry.gebeurtenis, besluit, reden, door, now_us),
            )
            if besluit == "retry":
                return reopen(tx, entry.gebeurtenis, now_us)
            if not give_up(tx, entry.gebeurtenis):
                return False
            tx.put(facts)
            return True

        return await self._hub.write(work, urgent=True)

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


def _entry(rows: Sequence[parking.Parked], name: Any) -> Geparkeerd:
    first = rows[0]
    return Geparkeerd(
        nummer=f"{first.lid}/{first.stroom}",
        lid=first.lid,
        gemeente=name.gemeente,
        sleutel=name.key,
        soort=first.soort,
        gebeurtenis=first.gebeurtenis,
        oorzaak=first.oorzaak or "wacht",
        uitleg=first.uitleg or "",
        stapel=first.stapel or "",
        pogingen=first.pogingen,
        sinds=rfc3339(from_microseconds(first.eerst_us)),
        wacht_erachter=len(rows) - 1,
    )


def _opdracht(row: tuple[Any, ...]) -> Geparkeerd:
    opdracht_id, gemeente, zaak, connector, soort, pogingen, fout, gegeven = row
    oorzaak, _, uitleg = (fout or "onbekend").partition(": ")
    return Geparkeerd(
        nummer=f"opdracht:{connector}/{opdracht_id}",
        lid=f"opdracht:{connector}",
        gemeente=gemeente,
        sleutel=zaak,
        soort=soort,
        gebeurtenis=opdracht_id,
        oorzaak=oorzaak,
        uitleg=uitleg,
        stapel="",
        pogingen=pogingen,
        sinds=rfc3339(from_microseconds(gegeven)),
        wacht_erachter=0,
    )


def as_dict(entry: Geparkeerd) -> Mapping[str, Any]:
    """Return the entry for JSON."""
    return asdict(entry)
