# SPDX-License-Identifier: EUPL-1.2
"""Runs the flows over the log: each stream is judged at its head, and the answers are put down (R7).

A stream is folded from the log itself, so no state with personal data in clear is kept anywhere; a bounded cache in memory
saves the reading. What a flow decides is put in the transaction that moves its checkpoint, and only while the stream is
still where it was judged: a stream that moved on is asked again by the newer event.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog

from hub import checkpoints, metrics, parking, sequences
from hub.checkpoints import Checkpoint
from hub.clock import to_microseconds
from hub.errors import ForeignRecord, KeyMissing, LostRace, SequenceFault, Transient
from hub.events import Event
from hub.flows.answers import Effects, put_effects
from hub.flows.base import Flow
from hub.flows.judging import Failed, FlowMember, Judge, Judged, foreign, is_foreign
from hub.follower import Follower
from hub.log.base import Log, Record, Stream
from hub.parking import Entry
from hub.plugins import Clock, Gemeente
from hub.store.base import Connection, Database
from hub.store.door import Door
from hub.store.put import SEQUENCE, LogTables, StoreTx

log = structlog.get_logger()
BATCH_EVENTS: Final = 200  # what fits in BATCH_S; reading more would be read again by the next batch
BATCH_S: Final = 0.02  # a batch that writes wissel.db ends here, so that webhooks never wait long (R3)
_RERUNS: Final = 20
_NAMED: Final = 100


class FlowRunner(Follower):
    """All flows, in one thread. ``on_put`` is called after a commit that put something down."""

    def __init__(
        self,
        *,
        log: Log,
        database: Database,
        tables: LogTables,
        door: Door,
        flows: Sequence[Flow[Any]],
        gemeenten: Mapping[str, Gemeente],
        clock: Clock,
        on_put: Callable[[Effects], None] = lambda _effects: None,
    ) -> None:
        super().__init__("flows")
        self._log = log
        self._database = database
        self._tables = tables
        self._clock = clock
        self._on_put = on_put
        self._judge = Judge(log=log, door=door, gemeenten=gemeenten, clock=clock)
        self.members = [FlowMember(flow) for flow in flows]
        self._sequences = sequences.Sequences(log)
        self._partitions = {m.name: [n for topic, n in log.partitions() if topic == m.flow.topic] for m in self.members}
        for member in self.members:
            self._begin(member)
        self.reload()

    def steps(self) -> Iterable[Callable[[], int]]:
        """Return one step per flow and partition that holds something new."""
        heads = {(p.topic, p.partition): p.head for p in self._log.positions()}
        return [
            partial(self._step, m, partition)
            for m in self.members
            for partition in self._partitions[m.name]
            if m.points[partition].offset < heads[m.flow.topic, partition] - 1 and self._log.assigned(m.flow.topic, partition)
        ]

    def reload(self) -> None:
        """Read again where all flows stand and what a person decided, where other processes move and decide too."""
        with self._database.reader() as db:
            for member in self.members:
                self._load(db, member)

    def look_elsewhere(self) -> None:
        """Read where all flows stand in the partitions that other processes work on."""
        with self._database.reader() as db:
            for member in self.members:
                elsewhere = [p for p in self._partitions[member.name] if not self._log.assigned(member.flow.topic, p)]
                member.elsewhere = {p: self._point(db, member, p) for p in elsewhere}

    def positions(self) -> list[tuple[str, str, int, int]]:
        """Return (member, topic, partition, offset) of every flow: the last event each has taken."""
        return [(m.name, m.flow.topic, p, m.offset_at(p)) for m in self.members for p in self._partitions[m.name]]

    def member(self, flow: str) -> FlowMember:
        """Return a flow's member by the flow's name."""
        return next(m for m in self.members if m.flow.name == flow)

    def fold(self, flow: Flow[Any], stream: int, name: Stream, *, up_to: int | None = None) -> tuple[Any, int, Event | None]:
        """Return (state, sequence, head event) of a stream, folded from the log alone; never from the cache."""
        return self._judge.fold(self.member(flow.name), stream, name, up_to=up_to)

    def retry(self, flow: str, stream: int) -> bool:
        """Judge a parked stream again at its head; return True when it went through (R13)."""
        member = self.member(flow)
        for _ in range(_RERUNS):
            try:
                return self._retry(member, stream)
            except LostRace:
                continue  # something new came into the stream while it was judged: look again
        return self._retry(member, stream)

    def skip(self, flow: str, stream: int, event_id: str) -> None:
        """Leave one event out of what this flow folds; the decision stands in ``wissel.db`` already. Follow it by ``retry``."""
        member = self.member(flow)
        member.skipped.add(event_id)

        def work(db: Connection) -> None:
            places = [p.plaats for p in parking.parked_of(db, member.name, stream) if p.gebeurtenis == event_id]
            if places:
                self._fence(db, member, places[0])
                parking.release(db, member.name, stream, places)

        self._database.write(work).result()

    def judge_anew(self, member: FlowMember, stream: int, name: Stream) -> Judged | Failed | None:
        """Judge a stream at its head as if it was never judged; writes nothing."""
        return self._judge.judge(FlowMember(member.flow, skipped=member.skipped), stream, name)

    def decide_anew(self, flow: str, stream: int) -> bool:
        """Put down what a flow has to say of a stream at its head; False when that is nothing, or cannot be told."""
        member = self.member(flow)
        for _ in range(_RERUNS):
            one = self.judge_anew(member, stream, self._log.streams([stream])[stream])
            if not isinstance(one, Judged) or not one.effects.events:
                return False
            try:
                self._put_anew(member, one)
            except LostRace:
                continue  # the live work was faster: look whether anything is left to say
            return True
        return False

    def _put_anew(self, member: FlowMember, one: Judged) -> None:
        place = self._log.place(member.flow.topic, self._log.head(member.flow.topic, one.name.key).partition, one.head.offset)

        def work(db: Connection) -> Effects:
            self._fence(db, member, place)
            if _sequence(db, one.stream) != one.sequence:
                raise LostRace("the stream moved on while it was judged; judge it again")
            return self._put(db, member, [one])

        self._on_put(self._database.write(work).result())

    # ------------------------------------------------------------------------------------------------ the batch

    def _step(self, member: FlowMember, partition: int) -> int:
        """Take the next batch; where the checkpoint turns out moved, read it again and start over (R3)."""
        for _ in range(_RERUNS):
            try:
                return self._take(member, partition)
            except LostRace:
                self.reload()
        return self._take(member, partition)

    def _take(self, member: FlowMember, partition: int) -> int:
        records = self._log.read(member.flow.topic, partition, member.points[partition].offset, BATCH_EVENTS)
        if not records:
            return 0
        taken, outcomes = self._judge_batch(member, records, self._faults(member, records))
        judged = [outcome for outcome in outcomes if isinstance(outcome, Judged)]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        try:
            self._commit(member, partition, taken, judged, failed)
        except (Transient, KeyMissing):
            raise
        except Exception:  # noqa: BLE001 - R13: rolled back whole, then stream by stream, so that one parks and the rest goes on
            failed += [fault for one in judged if (fault := self._alone(member, partition, one))]
            self._go_on(member, partition, taken, failed)
        return len(taken)

    def _go_on(self, member: FlowMember, partition: int, taken: Sequence[Record], failed: Sequence[Failed]) -> None:
        """Park what failed and move on; when not even telling who waits can be put down, without telling."""
        try:
            self._commit(member, partition, taken, [], failed)
        except (Transient, KeyMissing):
            raise
        except Exception as error:  # noqa: BLE001 - R13: parking must not depend on it
            log.error("parking_not_told", flow=member.flow.name, uitleg=parking.failure_of(error).text)
            self._commit(member, partition, taken, [], [replace(fault, state=None) for fault in failed])

    def _faults(self, member: FlowMember, records: Sequence[Record]) -> Mapping[int, SequenceFault]:
        """Return what is wrong with the sequences of a batch, by offset (R5). What is missing is folded all the same."""
        if not self._log.repeats:
            return {}
        with self._database.reader() as db:
            sifted = self._sequences.sift(db, member.name, records)
        return sifted.faults if sifted else {}

    def _judge_batch(
        self, member: FlowMember, records: Sequence[Record], faults: Mapping[int, SequenceFault]
    ) -> tuple[list[Record], list[Judged | Failed]]:
        """Judge the streams of a batch, each once, until the time for one batch is used up; return what was covered."""
        started = time.monotonic()
        names = self._log.streams({record.stream for record in records})
        outcomes: dict[int, Judged | Failed | None] = {}
        covered: list[Record] = []
        for record in records:
            stream = record.stream
            if fault := faults.get(record.offset):
                outcomes[stream] = Failed(stream, fault, record, names.get(stream))
            elif stream not in outcomes and not member.has_folded(record):
                if covered and time.monotonic() - started > BATCH_S:
                    break
                outcomes[stream] = self._outcome(member, record, names.get(stream))
            covered.append(record)
        return covered, [outcome for outcome in outcomes.values() if outcome is not None]

    def _outcome(self, member: FlowMember, record: Record, name: Stream | None) -> Judged | Failed | None:
        if name is None:
            return Failed(record.stream, ForeignRecord("the record belongs to no stream of this log"), record)
        if record.stream in member.parked:
            return Failed(record.stream, None)
        return self._judge.judge(member, record.stream, name)

    def _commit(
        self,
        member: FlowMember,
        partition: int,
        taken: Sequence[Record],
        judged: Sequence[Judged],
        failed: Sequence[Failed],
    ) -> None:
        """Move the checkpoint, park what failed and put the rest down, in one transaction; drop what moved on meanwhile."""
        point, last = member.points[partition], taken[-1]
        entries = self._entries(taken, failed, point.base)
        newly = {entry.record.stream for entry in entries if entry.failure}
        told = [self._judge.told(member.flow, f.name, f.state, f.culprit, geparkeerd=True) for f in failed if f.stream in newly]

        def work(db: Connection) -> tuple[Checkpoint, list[Judged], Effects]:
            moved = self._move(db, member, point, last)
            parking.park(db, member.name, entries, at_us=to_microseconds(self._clock.now()))
            if self._log.repeats:
                self._sequences.note(db, member.name, taken)
            standing = [one for one in judged if _sequence(db, one.stream) == one.sequence]
            return moved, standing, self._put(db, member, standing, told)

        moved, standing, effects = self._database.write(work).result()
        member.points[partition] = moved
        metrics.TOEGEPAST.labels(lid=member.flow.name).inc(len(taken))
        member.parked |= {entry.record.stream for entry in entries if not is_foreign(entry.record)}
        parking.report(member.name, entries)
        self._after(member, standing, effects)

    def _move(self, db: Connection, member: FlowMember, point: Checkpoint, last: Record | None = None) -> Checkpoint:
        """Move a checkpoint past ``last``, or in place: whoever works on what it was before finds that out (R4)."""
        offset, event_id = (last.offset, last.event_id) if last else (point.offset, None)
        return checkpoints.move(db, point, offset=offset, event_id=event_id, log_id=self._log.identity(member.flow.topic))

    def _alone(self, member: FlowMember, partition: int, one: Judged) -> Failed | None:
        """Put one stream's answers down by themselves; the checkpoint stays where it is. Return the failure, if it is one."""
        point = member.points[partition]

        def work(db: Connection) -> tuple[Checkpoint, list[Judged], Effects]:
            moved = self._move(db, member, point)
            standing = [one] if _sequence(db, one.stream) == one.sequence else []
            return moved, standing, self._put(db, member, standing)

        try:
            moved, standing, effects = self._database.write(work).result()
        except Transient:
            raise
        except Exception as error:  # noqa: BLE001 - R13: this is the stream that could not be put down
            return Failed(one.stream, error, one.head, one.name, one.state)
        member.points[partition] = moved
        self._after(member, standing, effects)
        return None

    def _put(self, db: Connection, member: FlowMember, standing: Sequence[Judged], told: Sequence[Effects] = ()) -> Effects:
        parts = [(one.name.key, one.effects) for one in standing]
        effects = Effects.joined(member.flow.topic, [*parts, *(("", part) for part in told)])
        now = self._clock.now()
        streams = {one.name.key: one.stream for one in standing}
        put_effects(StoreTx(db, self._tables, now), member.flow.name, effects, streams=streams, now=now)
        return effects

    def _after(self, member: FlowMember, standing: Sequence[Judged], effects: Effects) -> None:
        for one in standing:
            member.remember(one.stream, one.state, one.state_sequence)
        if effects.events:
            self._on_put(effects)

    def _entries(self, taken: Sequence[Record], failed: Sequence[Failed], base: int) -> list[Entry]:
        """Return what to park of the records taken: from the one that failed on. What lies further parks with its own batch."""
        faults = {fault.stream: fault for fault in failed}
        causes: dict[int, BaseException | None] = {fault.stream: fault.error for fault in failed}
        entries = []
        for record in taken:
            fault = faults.get(record.stream)
            if is_foreign(record):
                error: BaseException | None = foreign(record)
            elif fault is None or (fault.culprit and record.offset < fault.culprit.offset):
                continue
            else:
                error = causes.pop(record.stream, None)  # the first carries the cause, the others wait behind it
            failure = parking.failure_of(error) if error else None
            entries.append(Entry(record, base + record.offset, self._log.type_of(record) or "onleesbaar", failure))
        return entries

    # ------------------------------------------------------------------------------------------------ one parked stream

    def _retry(self, member: FlowMember, stream: int) -> bool:
        with self._database.reader() as db:
            waiting = parking.parked_of(db, member.name, stream)
        if not waiting:
            return True
        fresh = FlowMember(member.flow, skipped=member.skipped)  # no state from the cache: the code may have been mended
        outcome = self._judge.judge(fresh, stream, self._log.streams([stream])[stream])
        records = [record for parked in waiting if (record := parking.record_of(self._log, parked))]
        base = waiting[0].plaats - records[0].offset
        failed = [outcome] if isinstance(outcome, Failed) else []
        judged = [outcome] if isinstance(outcome, Judged) else []
        try:
            return self._settle_retry(member, records, base, judged, failed)
        except (Transient, KeyMissing):
            raise
        except Exception as error:  # noqa: BLE001 - R13: judged well, but it cannot be put down
            failed = [Failed(stream, error, one.head) for one in judged]
            return self._settle_retry(member, records, base, [], failed)

    def _settle_retry(
        self, member: FlowMember, records: Sequence[Record], base: int, judged: Sequence[Judged], failed: Sequence[Failed]
    ) -> bool:
        entries = self._entries(records, failed, base)
        again = {entry.plaats for entry in entries}
        told = [self._judge.told(member.flow, one.name, one.state, one.head, geparkeerd=False) for one in judged if not entries]

        def work(db: Connection) -> Effects:
            self._fence(db, member, base)
            for one in judged:
                if _sequence(db, one.stream) != one.sequence:
                    raise LostRace("the stream moved on while it was judged; judge it again")
            parking.release(db, member.name, records[0].stream, {base + r.offset for r in records} - again)
            parking.park(db, member.name, entries, at_us=to_microseconds(self._clock.now()))
            return self._put(db, member, judged, told)

        effects = self._database.write(work).result()
        parking.report(member.name, entries)
        if effects.events:
            self._on_put(effects)
        return not entries

    def _fence(self, db: Connection, member: FlowMember, place: int) -> None:
        """Move the checkpoint of a place's partition in place: a batch that knew the stream as parked starts over (R4)."""
        _, partition = self._log.partition_at(place)
        self._move(db, member, self._point(db, member, partition))

    # ------------------------------------------------------------------------------------------------- opening

    def _begin(self, member: FlowMember) -> None:
        """Give a flow that never ran on this log its place: the head. It judges what comes, not what was before it (R7)."""
        with self._database.reader() as db:
            if db.execute("SELECT 1 FROM controlepunt WHERE lid = ?", (member.name,)).fetchone():
                return
        topic = member.flow.topic
        heads = {p.partition: p.head for p in self._log.positions() if p.topic == topic}
        places = {partition: self._log.place(topic, partition, 0) for partition in self._partitions[member.name]}
        last = {p: self._log.record_at(base + heads[p] - 1) for p, base in places.items() if heads[p]}

        def work(db: Connection) -> tuple[int, list[str]]:
            for partition, base in places.items():
                point, record = Checkpoint(member.name, base >> 40, base), last.get(partition)
                event_id = record.event_id if record else None
                checkpoints.move(db, point, offset=heads[partition] - 1, event_id=event_id, log_id=self._log.identity(topic))
            if self._log.repeats:
                self._sequences.begin(db, member.name, topic)
            count = db.execute("SELECT count(*) FROM stroom WHERE topic = ?", (topic,)).fetchone()[0]
            named = "SELECT sleutel FROM stroom WHERE topic = ? ORDER BY id LIMIT ?"
            return count, [row[0] for row in db.execute(named, (topic, _NAMED))]

        with suppress(LostRace):  # another process gave it its place just now
            if (before := self._database.write(work).result())[0]:
                log.warning("flow_begins_at_head", flow=member.flow.name, aantal=before[0], stromen=before[1])

    def _load(self, db: Connection, member: FlowMember) -> None:
        member.points.update({p: self._point(db, member, p) for p in self._partitions[member.name]})
        member.parked = parking.parked_streams(db, member.name)
        member.skipped |= parking.skipped(db, member.name)

    def _point(self, db: Connection, member: FlowMember, partition: int) -> Checkpoint:
        base = self._log.place(member.flow.topic, partition, 0)
        return checkpoints.load(db, member.name, base >> 40, base)


def _sequence(db: Connection, stream: int) -> int:
    return int(db.execute(f"SELECT {SEQUENCE} FROM stroom WHERE id = ?", (stream,)).fetchone()[0])
