# SPDX-License-Identifier: EUPL-1.2
"""Takes batches from the log through the projections: rows and checkpoint in one transaction (R4, R9, R13)."""

from __future__ import annotations

import gc
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import product
from typing import Final, NamedTuple, TypeVar

from hub import batches, checkpoints, metrics, parking
from hub.batches import Batch, Decoder
from hub.builds import Builds
from hub.checkpoints import Checkpoint
from hub.clock import from_microseconds, to_microseconds
from hub.errors import LostRace, Transient
from hub.follower import Follower
from hub.log.base import Log, Position
from hub.members import Members, forget
from hub.parking import Entry
from hub.plugins import Clock
from hub.projecting import Member, Way, apply, apply_by_stream
from hub.store.base import Connection, Database

LIVE_BATCH: Final = 1_000
REBUILD_BATCH: Final = 5_000
_RERUNS: Final = 20
Moved = list[tuple[Member, Checkpoint, list[Entry]]]
T = TypeVar("T")


class Sent(NamedTuple):
    """A batch handed to the writer; ``applied`` is set when only the commit is left to be done."""

    moved: Future[Moved]
    applied: threading.Event


Begun = tuple[Batch, Sequence[tuple[Sequence[Member], Sent]]]


class Projector(Follower):
    """Runs all builds that follow the log, in lockstep. One thread; writes go through the writer of each build's file."""

    def __init__(self, *, log: Log, builds: Builds, bookkeeping: Database, clock: Clock) -> None:
        super().__init__("projecties")
        self._log = log
        self._clock = clock
        self._decoder = self.decoder = Decoder(log, tuple(builds.projections.values()))
        self._following = Members(log=log, builds=builds, bookkeeping=bookkeeping, clock=clock)
        self._partitions = self._following.partitions
        self._following.sync()

    @property
    def members(self) -> Sequence[Member]:
        """Return the builds that follow the log now."""
        return self._following.all

    def sync(self) -> None:
        """Let builds join and leave as is written now."""
        self._following.sync()

    def reload(self) -> None:
        """Read again where all builds stand, where other processes move them."""
        self._following.sync()
        self._following.reload()

    def look_elsewhere(self) -> None:
        """Read where all builds stand in the partitions that other processes work on."""
        self._following.look_elsewhere()

    def steps(self) -> Iterable[Callable[[], int]]:
        """Yield one step per partition that holds something new; all are handed to the writer first, to share a commit."""
        self._following.sync()
        self._following.take_over()
        ends = self._slowest(self.members, self._log.positions())
        waiting = [(topic, partition) for head, topic, partition, offset in ends if offset < head - 1]
        begun = [(place, self._begun(*place)) for place in waiting if self._log.assigned(*place)]
        yield from (partial(self._step, *place, started) for place, started in begun)

    def rebuild(self) -> int:
        """Throw the read models away and build them again: larger batches, secondary indexes last (R9)."""
        for database, members in _by_database(self.members):
            database.write(partial(self._clear, members=members)).result()
        with _collector_off():
            try:
                self._build()
            except LostRace:  # the thread that follows the log works on these rows too: go on step by step
                self._following.reload()
            self.catch_up()
        for member in self.members:
            member.database.write(member.tables.create_indexes).result()
        return sum(offset + 1 for _, _, _, offset in self._slowest(self.members, self._log.ends()))

    def behind(self) -> int:
        """Return how many events of the log the slowest projection that readers see has not taken yet, over all partitions."""
        return sum(head - 1 - offset for head, _, _, offset in self._shown())

    def positions(self) -> list[tuple[str, str, int, int]]:
        """Return (member, topic, partition, offset) of every build that follows: the last event each has taken."""
        return [
            (member.name, topic, partition, member.offset_at((topic, partition)))
            for member in self.members
            for topic, partition in sorted(member.points)
            if topic in member.projection.topics
        ]

    def shown_up_to(self) -> datetime:
        """Return the log time of the oldest event that is not shown yet: all before it is. Now, when all is shown."""
        waiting = [
            time_us
            for head, topic, partition, offset in self._shown()
            if offset < head - 1 and (time_us := self._log.time_after(topic, partition, offset)) is not None
        ]
        return from_microseconds(min(waiting)) if waiting else self._clock.now()

    def retry(self, member: Member, stream: int) -> bool:
        """Apply a stream's parked events again, in order; return True when none is parked any more (R13)."""
        with member.database.reader() as db:
            waiting = parking.parked_of(db, member.name, stream)
        if not waiting:
            return True

        def again(way: Way) -> list[Entry]:
            return member.database.write(lambda db: self._retry(db, member, stream, way)).result()

        failed = _bulk_then_by_stream(again)
        parking.report(member.name, failed)
        return not failed

    def skip(self, member: Member, stream: int, event_id: str) -> None:
        """Leave one parked event out; the decision has been written in ``wissel.db`` before."""
        member.skipped.add(event_id)

        def work(db: Connection) -> None:
            places = [p.plaats for p in parking.parked_of(db, member.name, stream) if p.gebeurtenis == event_id]
            if places:
                self.fence(db, member, places[0])
                parking.release(db, member.name, stream, places)

        member.database.write(work).result()

    # ------------------------------------------------------------------------------------------------ the batch

    def _slowest(self, members: Sequence[Member], ends: Sequence[Position]) -> list[tuple[int, str, int, int]]:
        """Return (head, topic, partition, offset of the slowest of them) of the partitions that one of them reads."""
        return [
            (position.head, position.topic, position.partition, min(offsets))
            for position in ends
            if (offsets := [m.offset_at((position.topic, position.partition)) for m in _readers(members, position.topic)])
        ]

    def _shown(self) -> list[tuple[int, str, int, int]]:
        """Return what ``_slowest`` does for what readers see, builds whose code is gone included."""
        ends = self._log.ends()
        offsets = {where[:3]: where[3] for where in self._slowest([m for m in self.members if m.live], ends)}
        heads = {(p.topic, p.partition): p.head for p in ends}
        for points in self._following.stilstaand:
            for (topic, partition), point in points.items():
                place = heads[topic, partition], topic, partition
                offsets[place] = min(offsets.get(place, point.offset), point.offset)
        return [(*place, offset) for place, offset in offsets.items()]

    def _begun(self, topic: str, partition: int) -> Begun | Exception | None:
        try:
            return self._begin(topic, partition)
        except Exception as error:  # noqa: BLE001 - raised by the step of this partition: it holds no other one up
            return error

    def _step(self, topic: str, partition: int, begun: Begun | Exception | None) -> int:
        """Wait for the batch of one partition; where the checkpoint turns out moved, read it again and start over (R3)."""
        if isinstance(begun, Exception):
            raise begun
        for _ in range(_RERUNS):
            try:
                return self._end(begun, topic, partition)
            except LostRace:
                self._following.reload()
                begun = self._begin(topic, partition)
        return self._end(begun, topic, partition)

    def _begin(self, topic: str, partition: int) -> Begun | None:
        """Hand a batch for the live builds to the writer."""
        here = _readers(self.members, topic)
        return self._begin_slowest([m for m in here if m.live] or here, here, (topic, partition))

    def _end(self, begun: Begun | None, topic: str, partition: int) -> int:
        """Wait for it, then apply a batch to whatever stands further back: that catches up and then goes along."""
        here, where, taken = _readers(self.members, topic), (topic, partition), self._finished(begun)
        live = min((m.points[where].offset for m in here if m.live), default=-1)
        behind = [m for m in here if m.points[where].offset < live]
        return taken + self._finished(self._begin_slowest(behind, here, where))

    def _begin_slowest(self, chosen: Sequence[Member], here: Sequence[Member], where: tuple[str, int]) -> Begun | None:
        """Begin with all that stand where the slowest of the chosen does, not further than where the next stands."""
        if not chosen:
            return None
        slowest = min(m.points[where].offset for m in chosen)
        group = [m for m in here if m.points[where].offset == slowest]
        ahead = [m.points[where].offset for m in here if m.points[where].offset > slowest]
        read = self._read(where, slowest, min(LIVE_BATCH, min(ahead) - slowest) if ahead else LIVE_BATCH)
        if read is None:
            return None
        return read, [(members, self._send(members, read, apply)) for _, members in _by_database(group)]

    def _finished(self, begun: Begun | None) -> int:
        if begun is None:
            return 0
        read, sent = begun
        for members, one in sent:
            self._finish(members, read, one)
        return read.size

    def _build(self) -> None:
        """Take the log from the start; the next batch is read while the last one is committed."""
        before = None
        for (topic, partition), (_, members) in product(self._partitions, _by_database(self.members)):
            here, offset = _readers(members, topic), -1
            while here and (batch := self._read((topic, partition), offset, REBUILD_BATCH)):
                if before:
                    self._finish(*before)
                sent = self._send(here, batch, apply)
                sent.applied.wait()
                before, offset = (here, batch, sent), batch.last.offset
        if before:
            self._finish(*before)

    def _read(self, where: tuple[str, int], after: int, limit: int) -> Batch | None:
        """Return what comes after an offset, decoded; None when that is the end."""
        records = self._log.read(*where, after, limit)
        return self._decoder.batch(where, records, after) if records else None

    def _send(self, group: Sequence[Member], batch: Batch, way: Way) -> Sent:
        """Hand a batch to the writer: first a member's checkpoint is moved, then its rows are written (R4)."""
        applied, at_us = threading.Event(), to_microseconds(self._clock.now())
        log_id = self._log.identity(batch.where[0])

        def work(db: Connection) -> Moved:
            moved = [(member, *batches.take(db, member, batch, way=way, log_id=log_id, at_us=at_us)) for member in group]
            applied.set()
            return moved

        moved = group[0].database.write(work)
        moved.add_done_callback(lambda _: applied.set())
        return Sent(moved, applied)

    def _finish(self, group: Sequence[Member], batch: Batch, sent: Sent) -> None:
        """Wait for the commit; when that failed for another reason than the disk, commit member by member."""
        try:
            self._settle(batch, sent)
        except Transient:
            raise
        except Exception:  # noqa: BLE001 - R13: whatever it was is rolled back, and comes out where it belongs
            for member in group:
                _bulk_then_by_stream(partial(self._alone, member, batch))

    def _alone(self, member: Member, batch: Batch, way: Way) -> None:
        self._settle(batch, self._send([member], batch, way))

    def _settle(self, batch: Batch, sent: Sent) -> None:
        for member, point, entries in sent.moved.result():
            member.points[batch.where] = point
            metrics.TOEGEPAST.labels(lid=member.projection.name).inc(batch.size)
            if entries:
                self._reload_parked(member)
                parking.report(member.name, entries)

    def _retry(self, db: Connection, member: Member, stream: int, way: Way) -> list[Entry]:
        """Apply what waits, as far as it goes, and let go of what was applied."""
        waiting = parking.parked_of(db, member.name, stream)
        if not waiting:
            return []
        point = self.fence(db, member, waiting[0].plaats)
        records = [record for parked in waiting if (record := parking.record_of(self._log, parked))]
        streams = self._decoder.decode(records, None)
        at_us = to_microseconds(self._clock.now())
        entries = batches.put_rows(db, member, streams, base=point.base, parked=(), way=way, at_us=at_us)
        again = {entry.plaats for entry in entries}
        parking.release(db, member.name, stream, [p.plaats for p in waiting if p.plaats not in again])
        return entries

    def fence(self, db: Connection, member: Member, place: int) -> Checkpoint:
        """Move the checkpoint of a place's partition in place: whoever works on older rows finds that out (R4)."""
        topic, partition = self._log.partition_at(place)
        base = self._log.place(topic, partition, 0)
        point = checkpoints.load(db, member.name, base >> 40, base)
        return checkpoints.move(db, point, offset=point.offset, event_id=None, log_id=self._log.identity(topic))

    def _reload_parked(self, member: Member) -> None:
        with member.database.reader() as db:
            member.parked = parking.parked_streams(db, member.name)

    def _clear(self, db: Connection, members: Sequence[Member]) -> None:
        with db.unwiped():  # the same sealed rows come back at once
            for member in members:
                forget(db, member)
                member.tables.create(db)
                self._following.load(db, member)


def _readers(members: Sequence[Member], topic: str) -> list[Member]:
    return [m for m in members if topic in m.projection.topics]


def _by_database(members: Sequence[Member]) -> list[tuple[Database, list[Member]]]:
    """Return the members per database they lie in: each has a writer and a transaction of its own."""
    found: dict[Database, list[Member]] = defaultdict(list)
    for member in members:
        found[member.database].append(member)
    return list(found.items())


def _bulk_then_by_stream(work: Callable[[Way], T]) -> T:
    """Do ``work`` in bulk; when that fails for another reason than the disk, stream by stream."""
    try:
        return work(apply)
    except Transient:
        raise
    except Exception:  # noqa: BLE001 - R13: rolled back, and done again so that it parks what cannot be written
        return work(apply_by_stream)


@contextmanager
def _collector_off() -> Iterator[None]:
    """Keep Python from looking for cycles: events and rows hold none, and looking costs a fifth of a rebuild."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
