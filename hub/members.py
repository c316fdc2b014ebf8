# SPDX-License-Identifier: EUPL-1.2
"""Which builds of projections follow the log in this process: what readers see, what they may be switched to or back to.

Looked at again before every round, so that a build joins, leaves or becomes live while the hub runs, whoever decided that.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from hub import checkpoints, parking, sequences
from hub.builds import KLAAR, Build, Builds, Pointer
from hub.builds import point as move_pointer
from hub.checkpoints import Checkpoint
from hub.clock import to_microseconds
from hub.log.base import Log
from hub.plugins import Clock
from hub.projecting import Member
from hub.readmodels import Tables, member_name
from hub.store.base import Connection, Database

log = structlog.get_logger()
Points = Mapping[tuple[str, int], Checkpoint]


class Members:
    """The members of one process.

    ``stilstaand``: where live builds stand whose code is gone, so that nobody moves them; ``opvolgers``: the members that
    come in their place when they have caught up.
    """

    def __init__(self, *, log: Log, builds: Builds, bookkeeping: Database, clock: Clock) -> None:
        self._log = log
        self._builds = builds
        self._bookkeeping = bookkeeping
        self._clock = clock
        self._seen: object = None
        self._lock = threading.Lock()
        self.partitions = log.partitions()
        self.all: list[Member] = []
        self.stilstaand: list[Points] = []
        self.opvolgers: list[Member] = []

    def sync(self) -> None:
        """Let builds join and leave as is written now."""
        with self._lock:
            builds, pointers = self._builds.all()
            now_us = to_microseconds(self._clock.now())
            wanted = [build for build in builds if self._follows(build, pointers, now_us)]
            seen = ([build.lid for build in wanted], [pointer.lid for pointer in pointers])
            if seen != self._seen:
                self._change(wanted, builds, pointers)
                self._seen = seen

    def _follows(self, build: Build, pointers: Sequence[Pointer], now_us: int) -> bool:
        projection = self._builds.projections.get(build.projectie)
        if build.toestand != KLAAR or projection is None or projection.version != build.versie:
            return False
        pointer = next(p for p in pointers if p.projectie == build.projectie)
        return pointer.vorige != build.lid or now_us < (pointer.vorige_tot or 0)

    def _change(self, wanted: Sequence[Build], builds: Sequence[Build], pointers: Sequence[Pointer]) -> None:
        live, names = {pointer.lid for pointer in pointers}, {build.lid for build in wanted}
        stay = [member for member in self.all if member.name in names]
        gone = [member for member in self.all if member.name not in names]
        there = {member.name for member in stay}
        joined = [member for build in wanted if build.lid not in there and (member := self._join(build))]
        for member in (*stay, *joined):
            member.live = member.name in live
        frozen = [build for build in builds if build.lid in live and build.lid not in names]
        self.stilstaand = [self._standing(build) for build in frozen]
        self.all = sorted([*stay, *joined], key=lambda member: (member.tables.number, member.name))
        lost = {build.projectie for build in frozen}
        self.opvolgers = [m for m in self.all if m.projection.name in lost and m.tables.number == 0]
        for member in gone:
            self._builds.release(member.tables.number)

    def _join(self, build: Build) -> Member | None:
        database = self._builds.take(build.nummer)
        if database is None:
            return None
        projection = self._builds.projections[build.projectie]
        member = Member(projection, Tables(projection, build.nummer), database)
        self._load_skipped(member)
        database.write(lambda db: self._open(db, member)).result()
        return member

    def _open(self, db: Connection, member: Member) -> None:
        if not db.execute("SELECT 1 FROM controlepunt WHERE lid = ?", (member.name,)).fetchone():
            forget(db, member)  # rows without a checkpoint are of a rebuild that did not begin
        member.tables.create(db)
        member.tables.create_indexes(db)
        self.load(db, member)

    def load(self, db: Connection, member: Member) -> None:
        """Read where a member stands, and which of its streams wait for a person."""
        for topic, partition in self.partitions:
            base = self._log.place(topic, partition, 0)
            member.points[topic, partition] = checkpoints.load(db, member.name, base >> 40, base)
        member.parked = parking.parked_streams(db, member.name)

    def reload(self) -> None:
        """Read again where every member stands."""
        for member in self.all:
            with member.database.reader() as db:
                self.load(db, member)
            self._load_skipped(member)

    def look_elsewhere(self) -> None:
        """Read where every member stands in the partitions that other processes work on; the own ones are known here."""
        others = [(where, self._log.place(*where, 0)) for where in self.partitions if not self._log.assigned(*where)]
        for member in self.all:
            with member.database.reader() as db:
                member.elsewhere = {where: checkpoints.load(db, member.name, base >> 40, base) for where, base in others}

    def _load_skipped(self, member: Member) -> None:
        """Read what a person decided to leave out, in whatever process that was."""
        with self._bookkeeping.reader() as db:
            member.skipped |= parking.skipped(db, member_name(member.projection.name, member.projection.version, 0))

    def take_over(self) -> None:
        """Let a new version be seen once it has taken all there is, where the old one can only get older: its code is gone."""
        heads = {(p.topic, p.partition): p.head for p in self._log.positions()} if self.opvolgers else {}
        for member in self.opvolgers:
            own = {where: point for where, point in member.points.items() if where[0] in member.projection.topics}
            if all(point.offset == heads[where] - 1 for where, point in own.items()):
                pointer = next(p for p in self._builds.all()[1] if p.projectie == member.projection.name)
                self._builds.main.write(partial(move_pointer, pointer=pointer, lid=member.name, until_us=0)).result()
                log.info("projection_switched", van=pointer.lid, naar=member.name, reden="nieuwe versie", door="wissel")
        if self.opvolgers:
            self.sync()

    def _standing(self, build: Build) -> Points:
        database = self._builds.take(build.nummer)
        if database is None:
            return {}
        try:
            with database.reader() as db:
                return self._points(db, build.lid)
        finally:
            self._builds.release(build.nummer)

    def _points(self, db: Connection, lid: str) -> Points:
        found = {}
        for topic, partition in self.partitions:
            base = self._log.place(topic, partition, 0)
            point = checkpoints.load(db, lid, base >> 40, base)
            if point.epoch:
                found[topic, partition] = point
        return found


def forget(db: Connection, member: Member) -> None:
    """Remove a member's tables, where it stood and what was parked for it."""
    member.tables.drop(db)
    db.execute("DELETE FROM controlepunt WHERE lid = ?", (member.name,))
    db.execute("DELETE FROM geparkeerd WHERE lid = ?", (member.name,))
    sequences.forget(db, member.name)
