# SPDX-License-Identifier: EUPL-1.2
"""Takes batches from the log through the projections: rows and checkpoint in one transaction (R4, R9, R13)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from zlib import crc32

import structlog

from hub import checkpoints, parking
from hub.checkpoints import Checkpoint
from hub.clock import from_microseconds, to_microseconds
from hub.errors import HubError, KeyMissing, SchemaViolation, Transient
from hub.log.base import Record
from hub.log.sqlite import SqliteLog, Stream
from hub.plugins import Clock, ProjectedEvent, Projection, Row
from hub.readmodels import Tables
from hub.store.database import Database

log = structlog.get_logger()
LIVE_BATCH: Final = 1_000
REBUILD_BATCH: Final = 10_000
_IDLE_S: Final = 0.5
_TRANSIENT_PAUSE_S: Final = 0.2


class Item(NamedTuple):
    """One record of a batch, decoded once for all members; ``error`` instead of ``event`` when it does not decode."""

    record: Record
    stream: Stream
    event: ProjectedEvent | None
    error: HubError | None


@dataclass(slots=True)
class Member:
    """A (projection, version): its tables, where it stands, and which streams wait for a person."""

    projection: Projection
    tables: Tables
    points: dict[tuple[str, int], Checkpoint]
    parked: set[int]

    @property
    def name(self) -> str:
        """Return the member's name, ``<projection>:<version>``."""
        return self.tables.member


class Projector:
    """Runs all live projections over the log, in lockstep. One thread; writes go through the file's writer."""

    def __init__(self, *, log: SqliteLog, database: Database, projections: Sequence[Projection], clock: Clock) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._partitions = [(p.topic, p.partition) for p in log.positions()]
        self.members = [Member(p, Tables(p), {}, set()) for p in projections]
        self._wanted = {t for p in projections for t in p.handlers}
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_error: str | None = None
        self._shown_us = 0
        database.write(self._open).result()

    def start(self) -> None:
        """Follow the log in a thread of its own until ``stop``."""
        self._thread = threading.Thread(target=self._run, name="projecties", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was put down: look now instead of at the next tick."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the batch at hand and stop."""
        self._stop.set()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def catch_up(self, *, batch: int = LIVE_BATCH) -> int:
        """Apply all that is in the log now; return how many events were taken (each counted once)."""
        taken = 0
        while step := sum(self._step(topic, partition, batch) for topic, partition in self._partitions):
            taken += step
        return taken

    def rebuild(self) -> int:
        """Throw the read models away and build them again: larger batches, secondary indexes last (R9)."""
        self._database.write(self._clear).result()
        taken = self.catch_up(batch=REBUILD_BATCH)
        for member in self.members:
            self._database.write(member.tables.create_indexes).result()
        return taken

    def behind(self) -> int:
        """Return how many events of the log the slowest projection has not taken yet, summed over partitions."""
        total = 0
        for position in self._log.positions():
            offsets = [
                self._point(m, position.topic, position.partition).offset
                for m in self.members
                if position.topic in m.projection.topics
            ]
            if offsets:
                total += position.head - 1 - min(offsets)
        return total

    def positions(self) -> list[tuple[str, str, int, int]]:
        """Return (member, topic, partition, offset) of every projection: the last event each has taken."""
        return [
            (member.name, topic, partition, point.offset)
            for member in self.members
            for (topic, partition), point in sorted(member.points.items())
            if topic in member.projection.topics
        ]

    def shown_up_to(self) -> datetime:
        """Return the log time of the last event applied; all that is older is shown."""
        return from_microseconds(self._shown_us) if self._shown_us else self._clock.now()

    def retry(self, member: Member, stream: int) -> bool:
        """Apply a stream's parked events again, in order; return True when none is parked any more (R13)."""
        return self._database.write(lambda db: self._retry(db, member, stream)).result()

    def skip(self, member: Member, stream: int, event_id: str) -> None:
        """Leave one parked event out; the decision has been written in ``wissel.db`` before."""
        self._database.write(
            lambda db: db.execute(
                "DELETE FROM geparkeerd WHERE lid = ? AND stroom = ? AND gebeurtenis = ?",
                (member.name, stream, event_id),
            )
        ).result()

    # ------------------------------------------------------------------------------------------------ the loop

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                progressed = sum(self._step(topic, partition, LIVE_BATCH) for topic, partition in self._partitions)
                self.last_error = None
            except Transient as error:
                self._report(error)
                self._stop.wait(_TRANSIENT_PAUSE_S)
                continue
            except (KeyMissing, sqlite3.Error) as error:
                self._report(error)
                self._stop.wait(_IDLE_S)
                continue
            if not progressed:
                self._wake.wait(_IDLE_S)

    def _report(self, error: Exception) -> None:
        if self.last_error != str(error):
            log.error("projections_paused", uitleg=str(error))
        self.last_error = str(error)

    def _step(self, topic: str, partition: int, batch: int) -> int:
        """Take the next batch of one partition; members that stand elsewhere (new ones) catch up on their own first."""
        here = [m for m in self.members if topic in m.projection.topics]
        if not here:
            return 0
        slowest = min(self._point(m, topic, partition).offset for m in here)
        group = [m for m in here if self._point(m, topic, partition).offset == slowest]
        others = [self._point(m, topic, partition).offset for m in here if m not in group]
        limit = min(batch, min(others) - slowest) if others else batch
        records = self._log.read(topic, partition, slowest, limit)
        if not records:
            return 0
        items = self._decode(records)
        last = records[-1]
        self._commit(group, topic, partition, items, last)
        return len(records)

    def _decode(self, records: Sequence[Record]) -> list[Item]:
        streams = self._log.streams({record.stream for record in records})
        return [self._decode_one(record, streams[record.stream]) for record in records]

    def _decode_one(self, record: Record, stream: Stream) -> Item:
        known = self._log.type_of(record)
        if known is not None and known not in self._wanted:
            return Item(record, stream, None, None)
        try:
            return Item(record, stream, self._log.projected(record, stream), None)
        except SchemaViolation as error:
            return Item(record, stream, None, error)

    def _commit(self, group: list[Member], topic: str, partition: int, items: list[Item], last: Record) -> None:
        def work(db: sqlite3.Connection) -> list[tuple[Member, Checkpoint, set[int]]]:
            moved = [
                (
                    m,
                    checkpoints.move(
                        db,
                        self._point(m, topic, partition),
                        offset=last.offset,
                        event_id=last.event_id,
                        log_id=self._log.log_id,
                    ),
                )
                for m in group
            ]
            return [(member, point, self._apply(db, member, items, point.base)) for member, point in moved]

        for member, point, newly_parked in self._database.write(work).result():
            member.points[topic, partition] = point
            member.parked |= newly_parked
        self._shown_us = last.time_us

    # ---------------------------------------------------------------------------------------------- one member

    def _apply(self, db: sqlite3.Connection, member: Member, items: Sequence[Item], base: int) -> set[int]:
        """Fold the items into the member's rows and write them; return the streams that had to be parked."""
        handlers = member.projection.handlers
        per_row: dict[int, list[Item]] = {}
        for item in items:
            if item.error is not None or (item.event is not None and item.event.type in handlers):
                per_row.setdefault(self._row_id(member, item, base), []).append(item)
        if not per_row:
            return set()
        before = member.tables.load(db, list(per_row))
        after: dict[int, tuple[str, str, Row | None]] = {}
        parked: set[int] = set()
        for row_id, todo in per_row.items():
            row, failed = _fold(handlers, before.get(row_id), todo, member.parked)
            if row is not before.get(row_id):
                after[row_id] = (todo[0].stream.gemeente, _row_key(member, todo[0], base), row)
            if failed:
                parked |= self._park(db, member, failed, base)
        if after:
            member.tables.write(db, before, after)
        return parked

    def _row_id(self, member: Member, item: Item, base: int) -> int:
        if member.projection.per == "stroom":
            return item.record.stream
        return -((base >> 40) << 32 | crc32(item.stream.gemeente.encode()))

    def _park(
        self, db: sqlite3.Connection, member: Member, failed: list[tuple[Item, BaseException | None]], base: int
    ) -> set[int]:
        now = to_microseconds(self._clock.now())
        for item, error in failed:
            entry = (item.record, base + item.record.offset, item.event.type if item.event else "onleesbaar")
            parking.park(db, member.name, [entry], failure=parking.failure_of(error) if error else None, at_us=now)
        return {item.record.stream for item, _ in failed}

    def _retry(self, db: sqlite3.Connection, member: Member, stream: int) -> bool:
        waiting = parking.parked_of(db, member.name, stream)
        records = [record for parked in waiting if (record := self._log.record_at(parked.plaats))]
        if not records:
            member.parked.discard(stream)
            return True
        base = waiting[0].plaats - records[0].offset
        topic, partition = self._log.partition_at(waiting[0].plaats)
        point = self._point(member, topic, partition)
        moved = checkpoints.move(db, point, offset=point.offset, event_id=None, log_id=self._log.log_id)
        parking.release(db, member.name, stream, waiting[-1].volgnummer)
        was_parked = member.parked
        member.parked = member.parked - {stream}
        member.points[topic, partition] = moved
        failed = self._apply(db, member, self._decode(records), base)
        member.parked |= failed
        if failed:
            member.parked = was_parked
        return not failed

    # ------------------------------------------------------------------------------------------------- opening

    def _point(self, member: Member, topic: str, partition: int) -> Checkpoint:
        return member.points[topic, partition]

    def _open(self, db: sqlite3.Connection) -> None:
        for member in self.members:
            fresh = not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (member.tables.name,)).fetchone()
            member.tables.create(db)
            if fresh:
                member.tables.create_indexes(db)
            self._load(db, member)

    def _load(self, db: sqlite3.Connection, member: Member) -> None:
        for topic, partition in self._partitions:
            base = self._log.place(topic, partition, 0)
            member.points[topic, partition] = checkpoints.load(db, member.name, base >> 40, base)
        member.parked = parking.parked_streams(db, member.name)

    def _clear(self, db: sqlite3.Connection) -> None:
        for member in self.members:
            member.tables.drop(db)
            db.execute("DELETE FROM controlepunt WHERE lid = ?", (member.name,))
            db.execute("DELETE FROM geparkeerd WHERE lid = ?", (member.name,))
            member.tables.create(db)
            self._load(db, member)


def _row_key(member: Member, item: Item, base: int) -> str:
    return item.stream.key if member.projection.per == "stroom" else f"{item.stream.topic}/{base >> 40}"


def _fold(
    handlers: Mapping[str, Callable[[Row | None, ProjectedEvent], Row | None]],
    row: Row | None,
    items: Sequence[Item],
    parked: set[int],
) -> tuple[Row | None, list[tuple[Item, BaseException | None]]]:
    """Apply the items to one row; from the first that fails on, that stream's items come back to be parked."""
    failed: list[tuple[Item, BaseException | None]] = []
    stopped: set[int] = set()
    for item in items:
        stream = item.record.stream
        if stream in parked or stream in stopped:
            failed.append((item, None))
            continue
        try:
            row = _apply_one(handlers, row, item)
        except Transient:
            raise
        except Exception as error:  # noqa: BLE001 - R13: whatever a projection raises parks that stream, visibly
            stopped.add(stream)
            failed.append((item, error))
    return row, failed


def _apply_one(handlers: Mapping[str, Any], row: Row | None, item: Item) -> Row | None:
    if item.error is not None:
        raise item.error
    assert item.event is not None
    return handlers[item.event.type](row, item.event)  # type: ignore[no-any-return]
