# SPDX-License-Identifier: EUPL-1.2
"""Takes batches from the log through the projections: rows and checkpoint in one transaction (R4, R9, R13)."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar

from hub import checkpoints, metrics, parking
from hub.checkpoints import Checkpoint
from hub.clock import from_microseconds, to_microseconds
from hub.errors import ForeignRecord, HubError, LostRace, SchemaViolation, Transient
from hub.follower import Follower
from hub.log.base import Record
from hub.log.sqlite import SqliteLog, Stream
from hub.parking import Entry, sequence_fault
from hub.plugins import Clock, Projection
from hub.projecting import Failed, Item, Member, PerStream, apply, apply_by_stream
from hub.readmodels import Tables
from hub.store.base import Connection, Database

LIVE_BATCH: Final = 1_000
REBUILD_BATCH: Final = 5_000
_RERUNS: Final = 20
_UNKNOWN: Final = Stream("", "", "")
_STREAM: Final = attrgetter("stream")
Way = Callable[..., list[Failed]]
Moved = list[tuple[Member, Checkpoint, list[Entry]]]
T = TypeVar("T")


class Batch(NamedTuple):
    """What was read of one partition, decoded once for all members. ``streams`` holds only what a projection may want."""

    where: tuple[str, int]
    streams: PerStream
    last: Record
    size: int


class Sent(NamedTuple):
    """A batch handed to the writer; ``applied`` is set when only the commit is left to be done."""

    moved: Future[Moved]
    applied: threading.Event


class Projector(Follower):
    """Runs all live projections over the log, in lockstep. One thread; writes go through the file's writer."""

    def __init__(
        self, *, log: SqliteLog, database: Database, bookkeeping: Database, projections: Sequence[Projection], clock: Clock
    ) -> None:
        super().__init__("projecties")
        self._log = log
        self._database = database
        self._clock = clock
        self._partitions = [(p.topic, p.partition) for p in log.positions()]
        self.members = [Member(p, Tables(p)) for p in projections]
        handled, types = {t for p in projections for t in p.handlers}, log.types().items()
        opened = {t for p in projections for t in p.handlers.keys() - p.envelope}
        self._passed_by = {number for number, name in types if name not in handled}
        self._closed = {number for number, name in types if name in handled - opened}
        with bookkeeping.reader() as db:
            for member in self.members:
                member.skipped |= parking.skipped(db, member.name)
        database.write(self._open).result()

    def steps(self) -> Iterable[Callable[[], int]]:
        """Return one step per partition that holds something new."""
        return [
            partial(self._step, topic, partition, LIVE_BATCH)
            for head, topic, partition, offset in self._slowest()
            if offset < head - 1
        ]

    def rebuild(self) -> int:
        """Throw the read models away and build them again: larger batches, secondary indexes last (R9)."""
        self._database.write(self._clear).result()
        with _collector_off():
            try:
                self._build()
            except LostRace:  # the thread that follows the log works on these rows too: go on step by step
                self._reload()
            self.catch_up()
        for member in self.members:
            self._database.write(member.tables.create_indexes).result()
        return sum(offset + 1 for _, _, _, offset in self._slowest())

    def behind(self) -> int:
        """Return how many events of the log the slowest projection has not taken yet, summed over partitions."""
        return sum(head - 1 - offset for head, _, _, offset in self._slowest())

    def positions(self) -> list[tuple[str, str, int, int]]:
        """Return (member, topic, partition, offset) of every projection: the last event each has taken."""
        return [
            (member.name, topic, partition, point.offset)
            for member in self.members
            for (topic, partition), point in sorted(member.points.items())
            if topic in member.projection.topics
        ]

    def shown_up_to(self) -> datetime:
        """Return the log time of the oldest event that is not shown yet: all before it is. Now, when all is shown."""
        waiting = [
            record.time_us
            for head, topic, partition, offset in self._slowest()
            if offset < head - 1
            for record in self._log.read(topic, partition, offset, 1)
        ]
        return from_microseconds(min(waiting)) if waiting else self._clock.now()

    def retry(self, member: Member, stream: int) -> bool:
        """Apply a stream's parked events again, in order; return True when none is parked any more (R13)."""
        with self._database.reader() as db:
            waiting = parking.parked_of(db, member.name, stream)
        if not waiting:
            return True

        def again(way: Way) -> list[Entry]:
            return self._database.write(lambda db: self._retry(db, member, stream, way)).result()

        failed = _bulk_then_by_stream(again)
        parking.report(member.name, failed)
        return not failed

    def skip(self, member: Member, stream: int, event_id: str) -> None:
        """Leave one parked event out; the decision has been written in ``wissel.db`` before."""
        member.skipped.add(event_id)

        def work(db: Connection) -> None:
            places = [p.plaats for p in parking.parked_of(db, member.name, stream) if p.gebeurtenis == event_id]
            if places:
                self._fence(db, member, places[0])
                parking.release(db, member.name, stream, places)

        self._database.write(work).result()

    # ------------------------------------------------------------------------------------------------ the batch

    def _slowest(self) -> list[tuple[int, str, int, int]]:
        """Return (head, topic, partition, offset of the slowest projection) of the partitions that somebody reads."""
        return [
            (position.head, position.topic, position.partition, min(offsets))
            for position in self._log.positions()
            if (offsets := [m.points[position.topic, position.partition].offset for m in self._readers(position.topic)])
        ]

    def _readers(self, topic: str) -> list[Member]:
        return [m for m in self.members if topic in m.projection.topics]

    def _step(self, topic: str, partition: int, batch: int) -> int:
        """Take the next batch of one partition; where the checkpoint turns out moved, read it again and start over (R3)."""
        for _ in range(_RERUNS):
            try:
                return self._take(topic, partition, batch)
            except LostRace:
                self._reload()
        return self._take(topic, partition, batch)

    def _take(self, topic: str, partition: int, batch: int) -> int:
        """Apply one batch to the members that stand furthest back; a new one catches up on its own, then all go together."""
        here = self._readers(topic)
        if not here:
            return 0
        slowest = min(m.points[topic, partition].offset for m in here)
        group = [m for m in here if m.points[topic, partition].offset == slowest]
        others = [m.points[topic, partition].offset for m in here if m not in group]
        limit = min(batch, min(others) - slowest) if others else batch
        read = self._read((topic, partition), slowest, limit)
        if read is None:
            return 0
        self._finish(group, read, self._send(group, read, apply))
        return read.size

    def _build(self) -> None:
        """Take the log from the start; the next batch is read while the last one is committed."""
        before = None
        for topic, partition in self._partitions:
            here, offset = self._readers(topic), -1
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
        return Batch(where, self._decode(records, after), records[-1], len(records)) if records else None

    def _send(self, group: Sequence[Member], batch: Batch, way: Way) -> Sent:
        """Hand a batch to the writer: first the checkpoints are moved, then the rows are written (R4)."""
        applied, last = threading.Event(), batch.last

        def work(db: Connection) -> Moved:
            points = [
                checkpoints.move(db, m.points[batch.where], offset=last.offset, event_id=last.event_id, log_id=self._log.log_id)
                for m in group
            ]
            moved = [
                (member, point, self._apply(db, member, batch.streams, base=point.base, parked=member.parked, way=way))
                for member, point in zip(group, points, strict=True)
            ]
            applied.set()
            return moved

        moved = self._database.write(work)
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

    def _apply(
        self, db: Connection, member: Member, streams: PerStream, *, base: int, parked: Collection[int], way: Way
    ) -> list[Entry]:
        failed = way(db, member, streams, base=base, parked=parked)
        entries = [_entry(fault, base) for fault in failed]
        parking.park(db, member.name, entries, at_us=to_microseconds(self._clock.now()))
        return entries

    def _retry(self, db: Connection, member: Member, stream: int, way: Way) -> list[Entry]:
        """Apply what waits, as far as it goes, and let go of what was applied."""
        waiting = parking.parked_of(db, member.name, stream)
        if not waiting:
            return []
        point = self._fence(db, member, waiting[0].plaats)
        records = [record for parked in waiting if (record := self._log.record_at(parked.plaats))]
        streams = self._decode(records, None)
        entries = self._apply(db, member, streams, base=point.base, parked=(), way=way)
        again = {entry.plaats for entry in entries}
        parking.release(db, member.name, stream, [p.plaats for p in waiting if p.plaats not in again])
        return entries

    def _fence(self, db: Connection, member: Member, place: int) -> Checkpoint:
        """Move the checkpoint of a place's partition in place: whoever works on older rows finds that out (R4)."""
        topic, partition = self._log.partition_at(place)
        base = self._log.place(topic, partition, 0)
        point = checkpoints.load(db, member.name, base >> 40, base)
        return checkpoints.move(db, point, offset=point.offset, event_id=None, log_id=self._log.log_id)

    # ------------------------------------------------------------------------------------------------- decoding

    def _decode(self, records: Sequence[Record], after: int | None) -> PerStream:
        """Decode records once for all members. ``after``: the offset before them, None when they need not be contiguous."""
        names = self._log.streams({record.stream for record in records})
        whole = after is None or records[-1].offset - after == len(records)
        found = {}
        for number, group in groupby(sorted(records, key=_STREAM), key=_STREAM):
            own, stream = list(group), names.get(number)
            if stream is None:
                error = ForeignRecord("the record belongs to no stream of this log")
                found[number] = [Item(record, _UNKNOWN, None, error) for record in own]
            elif after is None or (whole and _in_order(own)):
                found[number] = [item for record in own if (item := self._decode_one(record, stream))]
            else:
                found[number] = list(self._one_by_one(own, stream, whole=whole))
        return found

    def _one_by_one(self, records: Sequence[Record], stream: Stream, *, whole: bool) -> Iterator[Item]:
        """Look at each sequence (R5): the first of a batch follows what the log holds, the others follow each other."""
        before: int | None = None
        for record in records:
            follows = record.sequence == before + 1 if before is not None else whole or self._follows(record)
            fault = None if follows else sequence_fault(record.sequence, before or 0)
            item = Item(record, stream, None, fault) if fault else self._decode_one(record, stream)
            if item:
                yield item
            before = record.sequence

    def _follows(self, record: Record) -> bool:
        return self._log.has(record.stream, record.sequence - 1)

    def _decode_one(self, record: Record, stream: Stream) -> Item | None:
        """Return the record decoded as far as a projection looks into it; None when none handles its type."""
        if record.schema_id in self._passed_by:
            return None
        try:
            event = self._log.projected(record, stream, body=record.schema_id not in self._closed)
            return Item(record, stream, event, None)
        except HubError as error:
            return Item(record, stream, None, error)
        except Exception as error:  # noqa: BLE001 - bytes that are not ours may break anything, and hold nobody up (R13)
            return Item(record, stream, None, SchemaViolation(f"the record does not read: {type(error).__name__}"))

    # ------------------------------------------------------------------------------------------------- opening

    def _open(self, db: Connection) -> None:
        for member in self.members:
            if not db.execute("SELECT 1 FROM controlepunt WHERE lid = ?", (member.name,)).fetchone():
                self._forget(db, member)  # rows without a checkpoint are of a rebuild that did not begin
            member.tables.create(db)
            member.tables.create_indexes(db)
            self._load(db, member)

    def _load(self, db: Connection, member: Member) -> None:
        for topic, partition in self._partitions:
            base = self._log.place(topic, partition, 0)
            member.points[topic, partition] = checkpoints.load(db, member.name, base >> 40, base)
        member.parked = parking.parked_streams(db, member.name)

    def _reload(self) -> None:
        with self._database.reader() as db:
            for member in self.members:
                self._load(db, member)

    def _reload_parked(self, member: Member) -> None:
        with self._database.reader() as db:
            member.parked = parking.parked_streams(db, member.name)

    def _forget(self, db: Connection, member: Member) -> None:
        member.tables.drop(db)
        db.execute("DELETE FROM controlepunt WHERE lid = ?", (member.name,))
        db.execute("DELETE FROM geparkeerd WHERE lid = ?", (member.name,))

    def _clear(self, db: Connection) -> None:
        with db.unwiped():  # the same sealed rows come back at once
            for member in self.members:
                self._forget(db, member)
                member.tables.create(db)
                self._load(db, member)


def _in_order(records: Sequence[Record]) -> bool:
    first = records[0].sequence
    return all(record.sequence == number for number, record in enumerate(records, first))


def _bulk_then_by_stream(work: Callable[[Way], T]) -> T:
    """Do ``work`` in bulk; when that fails for another reason than the disk, stream by stream."""
    try:
        return work(apply)
    except Transient:
        raise
    except Exception:  # noqa: BLE001 - R13: rolled back, and done again so that it parks what cannot be written
        return work(apply_by_stream)


def _entry(fault: Failed, base: int) -> Entry:
    item = fault.item
    failure = parking.failure_of(fault.error) if fault.error else None
    return Entry(item.record, base + item.record.offset, item.soort, failure)


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
