# SPDX-License-Identifier: EUPL-1.2
"""Runs the flows over the log: folds each stream to its head, asks ``decide`` there, and puts the answers down (R7).

A stream is folded from the log itself, so no state with personal data in clear is kept anywhere; a bounded cache in memory
saves the reading. What a flow decides is put in the transaction that moves its checkpoint, and only while the stream is
still where it was judged: a stream that moved on is asked again by the newer event.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from hub import checkpoints, parking
from hub.checkpoints import Checkpoint
from hub.clock import to_microseconds
from hub.codec import Codec
from hub.errors import KeyMissing, Poison, Transient
from hub.events import Event
from hub.flows.answers import Effects, Settled, put_effects, settle
from hub.flows.base import Flow, FlowContext
from hub.log.base import Record
from hub.log.sqlite import SqliteLog, Stream
from hub.plugins import Clock, Gemeente
from hub.store.database import Database
from hub.store.put import SEQUENCE, LogTables, SqliteTx

log = structlog.get_logger()
BATCH_EVENTS: Final = 1_000
BATCH_S: Final = 0.02  # a batch that writes wissel.db ends here, so that webhooks never wait long (R3)
_CACHED_STATES: Final = 5_000
_IDLE_S: Final = 0.5
_PAUSE_S: Final = 0.2


@dataclass(slots=True)
class FlowMember:
    """A flow as a member of the log: where it stands per partition and which streams are parked."""

    flow: Flow[Any]
    points: dict[int, Checkpoint] = field(default_factory=dict)
    parked: set[int] = field(default_factory=set)
    cache: OrderedDict[int, tuple[Any, int]] = field(default_factory=OrderedDict)

    @property
    def name(self) -> str:
        """Return the member's name, ``flow:<name>``."""
        return f"flow:{self.flow.name}"


@dataclass(frozen=True, slots=True)
class Judged:
    """One stream judged at its head: its new state and sequence, and what must be put down."""

    stream: int
    name: Stream
    sequence: int
    settled: Settled


@dataclass(frozen=True, slots=True)
class Failed:
    """One stream that a flow could not judge; ``error`` None when it waits behind an earlier failure."""

    stream: int
    error: BaseException | None
    records: tuple[Record, ...] = ()


class FlowRunner:
    """All flows, in one thread. ``on_effects`` is called after a commit that gave opdrachten or terms."""

    def __init__(
        self,
        *,
        log: SqliteLog,
        database: Database,
        tables: LogTables,
        codec: Codec,
        flows: Sequence[Flow[Any]],
        gemeenten: Mapping[str, Gemeente],
        clock: Clock,
        on_put: Callable[[Effects], None] = lambda _effects: None,
    ) -> None:
        self._log = log
        self._database = database
        self._tables = tables
        self._codec = codec
        self._gemeenten = gemeenten
        self._clock = clock
        self._on_put = on_put
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_error: str | None = None
        self.members = [FlowMember(flow) for flow in flows]
        self._partitions = {m.name: [p.partition for p in log.positions() if p.topic == m.flow.topic] for m in self.members}
        with database.reader() as db:
            for member in self.members:
                self._load(db, member)

    def start(self) -> None:
        """Follow the log in a thread of its own until ``stop``."""
        self._thread = threading.Thread(target=self._run, name="flows", daemon=True)
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

    def catch_up(self) -> int:
        """Take all that is in the log now, and what that gives; return how many events were taken."""
        taken = 0
        while step := sum(self._step(m, p) for m in self.members for p in self._partitions[m.name]):
            taken += step
        return taken

    def positions(self) -> list[tuple[str, str, int, int]]:
        """Return (member, topic, partition, offset) of every flow: the last event each has taken."""
        return [(m.name, m.flow.topic, p, m.points[p].offset) for m in self.members for p in self._partitions[m.name]]

    def member(self, flow: str) -> FlowMember:
        """Return a flow's member by the flow's name."""
        return next(m for m in self.members if m.flow.name == flow)

    def fold(self, flow: Flow[Any], stream: int, name: Stream, *, up_to: int | None = None) -> tuple[Any, int, Event | None]:
        """Return (state, sequence, head event) of a stream, folded from the log alone; never from the cache."""
        state, sequence, head = flow.begin(self._context(flow, name)), 0, None
        for record in self._log.tail(stream, 0):
            if up_to is not None and record.sequence > up_to:
                break
            head = self._log.event(record, name)
            state, sequence = flow.evolve(state, head), record.sequence
        return state, sequence, head

    def retry(self, flow: str, stream: int) -> bool:
        """Judge a parked stream again at its head; return True when it went through."""
        member = self.member(flow)
        name = self._log.streams([stream])[stream]
        with self._database.reader() as db:
            waiting = parking.parked_of(db, member.name, stream)
        if not waiting:
            return True
        member.cache.pop(stream, None)
        judged = self._judge(member, stream, name)
        records = tuple(r for p in waiting if (r := self._log.record_at(p.plaats)))
        if isinstance(judged, Failed):
            self._database.write(
                lambda db: self._park(db, member, Failed(stream, judged.error, records), waiting[0].plaats >> 40)
            ).result()
            return False

        def work(db: sqlite3.Connection) -> Effects:
            parking.release(db, member.name, stream, waiting[-1].volgnummer)
            return self._put(db, member, [judged] if judged else [])

        effects = self._database.write(work).result()
        member.parked.discard(stream)
        self._after(member, [judged] if judged else [], effects)
        return True

    def skip(self, flow: str, stream: int) -> None:
        """Leave a parked stream's failed judgement out: it is judged again when something new comes in."""
        member = self.member(flow)
        with self._database.reader() as db:
            last = max((p.volgnummer for p in parking.parked_of(db, member.name, stream)), default=0)
        self._database.write(lambda db: parking.release(db, member.name, stream, last)).result()
        member.parked.discard(stream)

    # ------------------------------------------------------------------------------------------------ the loop

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                progressed = sum(self._step(m, p) for m in self.members for p in self._partitions[m.name])
                self.last_error = None
            except (Transient, KeyMissing, sqlite3.Error) as error:
                if self.last_error != str(error):
                    log.error("flows_paused", uitleg=str(error))
                self.last_error = str(error)
                self._stop.wait(_PAUSE_S)
                continue
            if not progressed:
                self._wake.wait(_IDLE_S)

    def _step(self, member: FlowMember, partition: int) -> int:
        point = member.points[partition]
        records = self._log.read(member.flow.topic, partition, point.offset, BATCH_EVENTS)
        if not records:
            return 0
        taken, outcomes = self._judge_batch(member, records)
        self._commit(member, partition, taken, outcomes)
        return len(taken)

    def _judge_batch(self, member: FlowMember, records: Sequence[Record]) -> tuple[Sequence[Record], list[Judged | Failed]]:
        """Judge the streams of a batch, each once, until the time for one batch is used up; return what was covered."""
        started = time.monotonic()
        names = self._log.streams({record.stream for record in records})
        outcomes: dict[int, Judged | Failed | None] = {}
        covered: list[Record] = []
        for record in records:
            stream = record.stream
            if stream not in outcomes:
                if covered and time.monotonic() - started > BATCH_S:
                    break
                parked = stream in member.parked
                outcomes[stream] = Failed(stream, None) if parked else self._judge(member, stream, names[stream])
            covered.append(record)
        return covered, [_covering(outcome, covered) for outcome in outcomes.values() if outcome is not None]

    def _judge(self, member: FlowMember, stream: int, name: Stream) -> Judged | Failed | None:
        """Fold a stream to its head and ask what must be done; None when it was judged there before."""
        cached = member.cache.get(stream)
        tail = self._log.tail(stream, cached[1] if cached else 0)
        if not tail:
            return None
        try:
            state = cached[0] if cached else member.flow.begin(self._context(member.flow, name))
            for record in tail:
                head = self._log.event(record, name)
                state = member.flow.evolve(state, head)
            settled = settle(member.flow, state, head, gemeente=self._gemeenten[name.gemeente], now=self._clock.now())
        except (Transient, KeyMissing):
            raise
        except Exception as error:  # noqa: BLE001 - R13: whatever a flow raises parks that stream, visibly
            return Failed(stream, error)
        return Judged(stream, name, head.sequence, settled)

    def _commit(self, member: FlowMember, partition: int, taken: Sequence[Record], outcomes: Sequence[Judged | Failed]) -> None:
        """Move the checkpoint, park what failed and put the rest down, in one transaction; drop what moved on meanwhile."""
        judged = [o for o in outcomes if isinstance(o, Judged)]
        failed = [o for o in outcomes if isinstance(o, Failed)]
        point, last = member.points[partition], taken[-1]
        prepared = self._prepare(judged)

        def work(db: sqlite3.Connection) -> tuple[Checkpoint, list[Judged], Effects]:
            moved = checkpoints.move(db, point, offset=last.offset, event_id=last.event_id, log_id=self._log.log_id)
            for failure in failed:
                self._park(db, member, failure, point.partition_id)
            standing = [j for j in judged if _sequence(db, j.stream) == j.sequence]
            return moved, standing, self._put(db, member, standing, prepared)

        moved, standing, effects = self._database.write(work).result()
        member.points[partition] = moved
        member.parked |= {failure.stream for failure in failed}
        for outcome in judged:
            if outcome not in standing:
                member.cache.pop(outcome.stream, None)
        self._after(member, standing, effects)

    def _prepare(self, judged: Sequence[Judged]) -> dict[int, Effects]:
        """Seal and encode outside the transaction (R3)."""
        return {j.stream: Effects.of(j.settled, self._codec, self._clock.now()) for j in judged if j.settled.answers}

    def _put(
        self,
        db: sqlite3.Connection,
        member: FlowMember,
        standing: Sequence[Judged],
        prepared: Mapping[int, Effects] | None = None,
    ) -> Effects:
        ready = prepared if prepared is not None else self._prepare(standing)
        effects = Effects.joined([ready[j.stream] for j in standing if j.stream in ready])
        now = self._clock.now()
        streams = {j.name.key: j.stream for j in standing}
        put_effects(SqliteTx(db, self._tables, now), member.flow.name, effects, streams=streams, now=now)
        return effects

    def _after(self, member: FlowMember, standing: Sequence[Judged], effects: Effects) -> None:
        for outcome in standing:
            member.cache[outcome.stream] = (outcome.settled.state, outcome.settled.sequence)
            member.cache.move_to_end(outcome.stream)
        while len(member.cache) > _CACHED_STATES:
            member.cache.popitem(last=False)
        if effects.events:
            self._on_put(effects)

    def _park(self, db: sqlite3.Connection, member: FlowMember, failed: Failed, partition_id: int) -> None:
        entries = [(r, partition_id << 40 | r.offset, self._log.type_of(r) or "onleesbaar") for r in failed.records]
        failure = parking.failure_of(failed.error) if failed.error else None
        parking.park(db, member.name, entries, failure=failure, at_us=to_microseconds(self._clock.now()))

    def _context(self, flow: Flow[Any], name: Stream) -> FlowContext:
        gemeente = self._gemeenten.get(name.gemeente)
        if gemeente is None:
            raise Poison(f"gemeente {name.gemeente} staat in het logboek maar niet in de instellingen: voeg haar weer toe")
        return FlowContext(
            gemeente=gemeente.slug,
            gemeentecode=gemeente.gemeentecode,
            stream=name.key,
            profiel=gemeente.profielen.get(flow.name),
        )

    def _load(self, db: sqlite3.Connection, member: FlowMember) -> None:
        for partition in self._partitions[member.name]:
            base = self._log.place(member.flow.topic, partition, 0)
            member.points[partition] = checkpoints.load(db, member.name, base >> 40, base)
        member.parked = parking.parked_streams(db, member.name)


def _covering(outcome: Judged | Failed, covered: Sequence[Record]) -> Judged | Failed:
    """Give a failure the records to park: those this batch covers; what comes later is parked by its own batch."""
    if isinstance(outcome, Judged):
        return outcome
    return replace(outcome, records=tuple(record for record in covered if record.stream == outcome.stream))


def _sequence(db: sqlite3.Connection, stream: int) -> int:
    return int(db.execute(f"SELECT {SEQUENCE} FROM stroom WHERE id = ?", (stream,)).fetchone()[0])
