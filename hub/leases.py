# SPDX-License-Identifier: EUPL-1.2
"""What must run in one process at a time, across all that share a database: leases in table ``lease``.

A holder counts up its rows' ``beurt`` three times per lease. Another process takes a row over when it saw the count stand
still for as long as the lease lasts, on its own monotonic clock: clocks that differ between machines do no harm. A holder
stops by itself once it could not count for that long, and each of its transactions looks whether the row is still its own, so
a process that was stopped and goes on does nothing with a lease that somebody else has.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Final, NamedTuple

import structlog

from hub.errors import LostRace, Transient
from hub.plugins import Service
from hub.services import ended
from hub.store.base import Connection, Database

log = structlog.get_logger()
_PRESENT: Final = "proces/"
_PER_LEASE: Final = 3  # times a holder counts within one lease
_NONE: Final = frozenset[str]()
Bereave = Callable[[Connection, str], None]


class Row(NamedTuple):
    """One lease as it stands in the table. ``houder`` None: free."""

    houder: str | None
    beurt: int
    duur_ms: int


class Seen(NamedTuple):
    """A row as this process saw it first, and when."""

    row: Row
    since: float


class Fence(NamedTuple):
    """The lease under which something runs; checked in each of its transactions."""

    name: str
    holder: str

    def check(self, db: Connection) -> None:
        """LostRace when the lease is no longer ours."""
        row = db.execute("SELECT houder FROM lease WHERE naam = ?", (self.name,)).fetchone()
        if row is None or row[0] != self.holder:
            raise LostRace(f"lease {self.name} is held by another process now; this one leaves the work to it")


FENCE: Final[ContextVar[Fence | None]] = ContextVar("wissel_lease", default=None)


class Leases:
    """The leases of one process. ``bereave`` is told, in a transaction, which process was found dead."""

    def __init__(
        self,
        database: Database,
        *,
        holder: str,
        lasts_s: float,
        bereave: Bereave = lambda _db, _holder: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.holder = holder
        self._database = database
        self._lasts_s = lasts_s
        self._bereave = bereave
        self._now = now
        self._wanted = {_PRESENT + holder}
        self._held: frozenset[str] = _NONE
        self._until = 0.0
        self._seen: dict[str, Seen] = {}
        self._changed = asyncio.Condition()

    def want(self, name: str) -> None:
        """Take this lease as soon as nobody holds it."""
        self._wanted.add(name)

    def left_s(self, name: str) -> float:
        """Return for how long a lease is surely ours still; 0 when it is not. Safe to ask from every thread."""
        return max(0.0, self._until - self._now()) if name in self._held else 0.0

    def fence(self, name: str) -> Fence:
        """Return what checks within a transaction that a lease is ours."""
        return Fence(name, self.holder)

    def once(self, services: Mapping[str, Service]) -> dict[str, Service]:
        """Return services that run while this process holds the lease of their name, and wait while another one does."""
        for name in services:
            self.want(name)
        return {name: self._only_while_held(name, run) for name, run in services.items()}

    async def run(self) -> None:
        """Count, take what is free, and take over from who stands still, until cancelled."""
        while True:
            try:
                await self.round()
            except Transient as error:
                log.warning("leases_not_renewed", uitleg=str(error))
            await asyncio.sleep(self._lasts_s / _PER_LEASE)

    async def round(self) -> None:
        """Do one round in one transaction."""
        at = self._now()
        rows, held = await asyncio.wrap_future(self._database.write(lambda db: self._count_and_take(db, at), urgent=True))
        self._note(rows, self._now())  # after the transaction: it may have waited long for the lock, and counts came meanwhile
        for name in held - self._held:
            log.info("lease_taken", dienst=name)
        for name in self._held - held:
            log.warning("lease_lost", dienst=name)
        async with self._changed:
            self._held, self._until = held, at + self._lasts_s
            self._changed.notify_all()

    async def release(self) -> None:
        """Let go of everything at once: the process stops."""
        self._held = _NONE

        def work(db: Connection) -> None:
            db.execute("DELETE FROM lease WHERE naam = ? AND houder = ?", (_PRESENT + self.holder, self.holder))
            db.execute("UPDATE lease SET houder = NULL, beurt = beurt + 1 WHERE houder = ?", (self.holder,))
            self._bereave(db, self.holder)

        try:
            await asyncio.wrap_future(self._database.write(work, urgent=True))
        except Transient as error:  # the others find out by the count that stands still
            log.warning("leases_not_released", uitleg=str(error))

    def _only_while_held(self, name: str, run: Service) -> Service:
        async def guarded() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: self.left_s(name) > 0)
            FENCE.set(self.fence(name))  # of this task and all that it starts
            working = asyncio.ensure_future(run())
            try:
                while not working.done() and (left_s := self.left_s(name)) > 0:
                    await asyncio.wait({working}, timeout=left_s)
                if working.done():
                    working.result()
            finally:
                await ended({working})

        return guarded

    def _count_and_take(self, db: Connection, at: float) -> tuple[dict[str, Row], frozenset[str]]:
        rows = {name: Row(*row) for name, *row in db.execute("SELECT naam, houder, beurt, duur_ms FROM lease")}
        held = {name for name, row in rows.items() if row.houder == self.holder}
        db.execute("UPDATE lease SET beurt = beurt + 1 WHERE houder = ?", (self.holder,))
        held |= {name for name in sorted(self._wanted - held) if self._take(db, name, rows.get(name), at)}
        for name, row in rows.items():
            if name.startswith(_PRESENT) and row.houder != self.holder and self._stands_still(name, row, at):
                self._bury(db, name, row)
        return rows, frozenset(held)

    def _take(self, db: Connection, name: str, row: Row | None, at: float) -> bool:
        duration_ms = int(self._lasts_s * 1_000)
        if row is None:
            query = "INSERT INTO lease (naam, houder, beurt, duur_ms) VALUES (?, ?, 1, ?) ON CONFLICT (naam) DO NOTHING"
            return db.execute(query, (name, self.holder, duration_ms)).rowcount == 1
        if row.houder is not None and not self._stands_still(name, row, at):
            return False
        query = "UPDATE lease SET houder = ?, beurt = beurt + 1, duur_ms = ? WHERE naam = ? AND beurt = ?"
        return db.execute(query, (self.holder, duration_ms, name, row.beurt)).rowcount == 1

    def _bury(self, db: Connection, name: str, row: Row) -> None:
        if row.houder and db.execute("DELETE FROM lease WHERE naam = ? AND beurt = ?", (name, row.beurt)).rowcount == 1:
            log.warning("process_gone", proces=row.houder)
            self._bereave(db, row.houder)

    def _stands_still(self, name: str, row: Row, at: float) -> bool:
        seen = self._seen.get(name)
        return seen is not None and seen.row == row and at - seen.since >= row.duur_ms / 1_000

    def _note(self, rows: Mapping[str, Row], at: float) -> None:
        """Remember since when each row is as it is: where it did not change, since it was seen so first."""
        self._seen = {
            name: seen if (seen := self._seen.get(name)) and seen.row == row else Seen(row, at) for name, row in rows.items()
        }
