# SPDX-License-Identifier: EUPL-1.2
"""What an operator decides about builds, done by the hub: claim a replay, say that it is filled, switch, go back, drop.

Switching locks the checkpoints of both builds in one fixed order, sees that they are equal, and moves one pointer row. What is
decided is written in ``wissel.db`` with the reason and who; the builds themselves can be thrown away.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from hub import builds as registry
from hub import checkpoints
from hub.builds import BOUWT, KLAAR, WEG, Build, Pointer, shadow_of
from hub.clock import to_microseconds
from hub.errors import Conflict, Invalid, NotFound, Refused, niet_ingevuld
from hub.log.base import OFFSET_BITS
from hub.plugins import Projection, Tx
from hub.privacy import mask_bsns
from hub.readmodels import drop, member_name
from hub.store.base import Connection, Database

if TYPE_CHECKING:
    from hub.core import Core

log = structlog.get_logger()
T = TypeVar("T")
_EQUAL_S: Final = 15.0
_LOOK_S: Final = 0.02
_HOUR_US: Final = 3_600_000_000
_CHUNK: Final = 500
_LEAVE_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class Besluit:
    """Why, and who."""

    reden: str
    door: str

    @classmethod
    def of(cls, reden: str, door: str) -> Besluit:
        """Return it without any BSN. Invalid names everything that is missing at once."""
        if problems := niet_ingevuld(reden=reden, door=door):
            raise Invalid(problems)
        return cls(mask_bsns(reden), mask_bsns(door))


class Beheer:
    """Decides about builds for one hub."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub
        self._builds = hub.builds

    # ---------------------------------------------------------------------------------------------- claim and fill

    async def claim(self, names: Sequence[str], why: Besluit) -> int:
        """Return the number of the replay that fills these, a new one or one broken off. Refused when one is ready."""
        projections = self._chosen(names)
        number, new = await self._main(partial(self._claim, projections=projections, why=why))
        if new:
            await self._write_down([member_name(p.name, p.version, number) for p in projections], "start", why)
        return number

    def _claim(self, db: Connection, projections: Sequence[Projection], why: Besluit) -> tuple[int, bool]:
        found = registry.builds_of(db)
        pointers = {p.projectie: p for p in registry.pointers_of(db)}
        open_ones = [b for p in projections if (b := shadow_of(found, pointers.get(p.name), p.name))]
        if ready := [b for b in open_ones if b.toestand == KLAAR]:
            raise Refused(
                f"{', '.join(b.lid for b in ready)} staat al klaar (begonnen door {ready[0].door}: {ready[0].reden}); "
                "bekijk `wissel replay diff`, zet om met `switch` of ruim op met `drop`"
            )
        if not open_ones:
            number = 1 + max((build.nummer for build in found), default=0)
            at_us = to_microseconds(self._hub.clock.now())
            for projection in projections:
                registry.add(db, projection, number, BOUWT, reden=why.reden, door=why.door, at_us=at_us)
            return number, True
        numbers = {build.nummer for build in open_ones}
        wanted = {member_name(p.name, p.version, n) for p in projections for n in numbers}
        whole = {b.lid for b in found if b.nummer in numbers and b.toestand == BOUWT}
        if len(numbers) > 1 or wanted != whole:
            raise Refused(
                f"er loopt al een replay van {', '.join(sorted(whole))}, begonnen door {open_ones[0].door}: "
                f"{open_ones[0].reden}. Start precies die om haar af te maken, of stop haar met `wissel replay cancel`"
            )
        return numbers.pop(), False

    async def filled(self, number: int) -> None:
        """Let a replay's builds follow the log from here on. NotFound when it was cancelled meanwhile."""

        def work(db: Connection) -> int:
            query = "UPDATE bouw SET toestand = ? WHERE nummer = ? AND toestand = ?"
            return db.execute(query, (KLAAR, number, BOUWT)).rowcount

        if await self._main(work) == 0:
            raise NotFound(f"replay {number} is er niet (meer); is zij afgebroken?")
        await asyncio.to_thread(self._hub.projector.sync)

    # ---------------------------------------------------------------------------------------------- switch and back

    async def switch(self, names: Sequence[str], why: Besluit, *, anyway: bool = False) -> list[str]:
        """Let readers see the new builds, all at once. Refused when one is not ready, or parked more than what it replaces."""
        found, pointers = self._now()
        moves = []
        for projection in self._chosen(names):
            pointer = pointers[projection.name]
            target = shadow_of(found.values(), pointer, projection.name) or _newer(found, pointer)
            if target is None:
                raise Refused(f"er staat niets klaar voor {projection.name}; begin met `wissel replay start`")
            moves.append((pointer, target))
        if not anyway:
            await asyncio.to_thread(self._check_parked, moves, found)
        return await self._move(moves, "switch", why)

    async def rollback(self, names: Sequence[str], why: Besluit) -> list[str]:
        """Let readers see the previous builds again, which followed the log meanwhile."""
        found, pointers = self._now()
        moves = []
        for projection in self._chosen(names):
            pointer = pointers[projection.name]
            previous = found.get(pointer.vorige or "")
            if previous is None or previous == _newer(found, pointer):
                raise Refused(f"{projection.name} heeft geen vorige bouw om naar terug te gaan; bekijk `wissel replay status`")
            moves.append((pointer, previous))
        return await self._move(moves, "rollback", why)

    async def _move(self, moves: Sequence[tuple[Pointer, Build]], besluit: str, why: Besluit) -> list[str]:
        await asyncio.to_thread(self._hub.projector.sync)
        following = {member.name for member in self._hub.projector.members}
        if still := [build.lid for _, build in moves if build.lid not in following]:
            raise Refused(f"{', '.join(still)} volgt het logboek niet (meer); begin eerst een replay")
        until = time.monotonic() + _EQUAL_S
        while not await asyncio.to_thread(self._move_when_equal, moves):
            if time.monotonic() > until:
                raise Refused(f"de oude en de nieuwe bouw stonden nergens tegelijk gelijk; {self._remedy()}")
            await asyncio.sleep(_LOOK_S)
        lids = [build.lid for _, build in moves]
        await self._write_down(lids, besluit, why)
        for pointer, build in moves:
            log.info("projection_switched", van=pointer.lid, naar=build.lid, reden=why.reden, door=why.door)
        await asyncio.to_thread(self._hub.projector.sync)
        await self._forget_replaced(moves)
        return lids

    def _remedy(self) -> str:
        if self._hub.shared:  # this process moves no build itself there
            return "kijk of er een `wissel worker` draait en wacht tot die minder achterloopt"
        return "wacht tot de hub minder achterloopt"

    def _move_when_equal(self, moves: Sequence[tuple[Pointer, Build]]) -> bool:
        """Move the pointers in one transaction that holds the checkpoints of all builds concerned; False when not equal."""
        found = {build.lid: build for build in self._builds.all()[0]}
        lids = sorted({lid for pointer, build in moves for lid in (pointer.lid, build.lid)})
        if not (self._hub.projector.running or self._hub.shared):
            self._hub.projector.catch_up()
        with ExitStack() as held:
            where: dict[str, Database] = {}
            for lid in lids:
                database = self._builds.take(found[lid].nummer) if lid in found else None
                if database is None:
                    raise NotFound(f"{lid} is er niet meer; bekijk `wissel replay status`")
                held.callback(self._builds.release, found[lid].nummer)
                where[lid] = database
            return self._locked(where, moves)

    def _locked(self, where: dict[str, Database], moves: Sequence[tuple[Pointer, Build]]) -> bool:
        """Take the write lock of each place where checkpoints lie, in one order, the pointers' own last."""
        others = [d for _, d in sorted(where.items()) if d is not self._builds.main]  # in the order of their names
        others = list(dict.fromkeys(others))
        until_us = to_microseconds(self._hub.clock.now()) + int(self._hub.settings.projecties.vorige_volgt_uur * _HOUR_US)
        held: dict[Database, Connection] = {}

        def inside(left: Sequence[Database]) -> bool:
            database = left[0]

            def work(db: Connection) -> bool:
                held[database] = db
                if len(left) > 1:
                    return inside(left[1:])
                if not all(self._equal(held, where, pointer.lid, build.lid) for pointer, build in moves):
                    return False
                for pointer, build in moves:
                    registry.point(db, pointer, build.lid, until_us=until_us)
                return True

            return database.write(work, urgent=True).result()

        return inside([*others, self._builds.main])

    def _equal(self, held: dict[Database, Connection], where: dict[str, Database], old: str, new: str) -> bool:
        """Move both builds' checkpoints in place, so that whoever works on them starts over, and compare where they are."""
        found: dict[str, list[int]] = {}
        for lid in sorted((old, new)):
            db, points = held[where[lid]], []
            for topic, partition in sorted(self._hub.log.partitions()):
                base = self._hub.log.place(topic, partition, 0)
                point = checkpoints.load(db, lid, base >> OFFSET_BITS, base)
                if point.epoch:
                    checkpoints.move(db, point, offset=point.offset, event_id=None, log_id=self._hub.log.identity(topic))
                points.append(point.offset)
            found[lid] = points
        if old in {member.name for member in self._hub.projector.members}:
            return found[old] == found[new]
        return all(ahead >= behind for ahead, behind in zip(found[new], found[old], strict=True))  # its code is gone: it stands

    def _check_parked(self, moves: Sequence[tuple[Pointer, Build]], found: dict[str, Build]) -> None:
        for pointer, build in moves:
            now, then = self._parked(found[pointer.lid].lid), self._parked(build.lid)
            if then > now:
                raise Refused(
                    f"{build.lid} heeft {then} gebeurtenissen geparkeerd en {pointer.lid} {now}: wie omzet ziet minder. Bekijk "
                    "`wissel parked list`, of zet om met --toch"
                )

    def _parked(self, lid: str) -> int:
        with self._builds.view(lid) as db:
            return int(db.execute("SELECT count(*) FROM geparkeerd WHERE lid = ?", (lid,)).fetchone()[0])

    async def _forget_replaced(self, moves: Sequence[tuple[Pointer, Build]]) -> None:
        """Drop what was kept to go back to before this: there is one previous build."""
        for pointer, build in moves:
            old = self._now()[0].get(pointer.vorige or "")
            if old is not None and old.lid != build.lid:
                await self._drop(old)

    # ---------------------------------------------------------------------------------------------- cancel and drop

    async def cancel(self, names: Sequence[str], why: Besluit) -> list[str]:
        """Stop the replay of these projections and clean up; the process that fills it stops by itself."""
        found, pointers = self._now()
        chosen = [shadow_of(found.values(), pointers.get(p.name), p.name) for p in self._chosen(names)]
        numbers = {build.nummer for build in chosen if build and build.toestand == BOUWT}
        builds = [build for build in found.values() if build.nummer in numbers]
        if not builds:
            raise NotFound("er loopt geen replay van deze projectie; wat klaar staat ruimt `wissel replay drop` op")
        await self._write_down([build.lid for build in builds], "cancel", why)
        for build in builds:
            await self._drop(build)
        return [build.lid for build in builds]

    async def drop(self, lid: str, why: Besluit) -> None:
        """Remove a build that readers do not see, once nobody reads it any more."""
        found, pointers = self._now()
        if lid not in found:
            raise NotFound(f"er is geen bouw {lid}; bekijk `wissel replay status`")
        if any(pointer.lid == lid for pointer in pointers.values()):
            raise Conflict(f"{lid} is wat iedereen nu ziet; zet eerst om naar een andere bouw")
        await self._write_down([lid], "drop", why)
        await self._drop(found[lid])

    async def _drop(self, build: Build) -> None:
        def gone(db: Connection) -> None:
            db.execute("UPDATE bouw SET toestand = ? WHERE lid = ?", (WEG, build.lid))
            db.execute("UPDATE leesmodel SET vorige = NULL, vorige_tot = NULL WHERE vorige = ?", (build.lid,))

        await self._main(gone)
        await asyncio.to_thread(self._hub.projector.sync)
        if self._hub.shared:
            await asyncio.sleep(_LEAVE_S)  # other processes look before their next round, and leave it then
        await asyncio.to_thread(self._clean, build)

    def _clean(self, build: Build) -> None:
        """Remove a dropped build's rows, or its whole file when no other build lies there."""
        if any(other.nummer == build.nummer for other in self._now()[0].values()):
            database = self._builds.take(build.nummer)
            if database is not None:
                try:
                    _empty(database, build)
                finally:
                    self._builds.release(build.nummer)
        elif build.nummer:
            self._builds.forget(build.nummer)
            self._hub.remove_build(build.nummer)
        else:
            _empty(self._builds.main, build)

    # ------------------------------------------------------------------------------------------------------- shared

    def _chosen(self, names: Sequence[str]) -> list[Projection]:
        known = self._builds.projections
        if unknown := sorted(set(names) - known.keys()):
            raise NotFound(f"er is geen projectie {', '.join(unknown)}; kies uit {', '.join(sorted(known))}")
        if not names:
            raise Invalid([("projectie", f"noem er een of meer: {', '.join(sorted(known))}")])
        return [known[name] for name in sorted(set(names))]

    def _now(self) -> tuple[dict[str, Build], dict[str, Pointer]]:
        found, pointers = self._builds.all()
        return {build.lid: build for build in found}, {pointer.projectie: pointer for pointer in pointers}

    async def _main(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.wrap_future(self._builds.main.write(work, urgent=True))

    async def _write_down(self, lids: Sequence[str], besluit: str, why: Besluit) -> None:
        rows = [(lid, besluit, why.reden, why.door, to_microseconds(self._hub.clock.now())) for lid in lids]

        def work(tx: Tx) -> None:
            tx.executemany("INSERT INTO replaybesluit (lid, besluit, reden, door, op) VALUES (?,?,?,?,?)", rows)

        await self._hub.write(work, urgent=True)


def _newer(found: dict[str, Build], pointer: Pointer) -> Build | None:
    """Return the build that was gone back from, so that it can be switched to again."""
    previous, live = found.get(pointer.vorige or ""), found[pointer.lid]
    return previous if previous and (previous.versie, previous.nummer) > (live.versie, live.nummer) else None


def _remove(db: Connection, query: str) -> int:
    return db.execute(query, (_CHUNK,)).rowcount


def _empty(database: Database, build: Build) -> None:
    """Remove rows bit by bit, so that no lock is held long, then what is left of the tables."""
    tables = [(build.shape.table, "stroom"), *((build.shape.link(link), "waarde") for link in build.shape.links)]
    for table, key in tables:
        query = f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} LIMIT ?)"
        while database.write(partial(_remove, query=query)).result():
            continue

    def last(db: Connection) -> None:
        drop(db, build.shape)
        for table in ("controlepunt", "geparkeerd", "gezien"):
            db.execute(f"DELETE FROM {table} WHERE lid = ?", (build.lid,))

    database.write(last).result()
