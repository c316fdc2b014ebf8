# SPDX-License-Identifier: EUPL-1.2
"""Copies the outbox to Kafka, per partition in order: it may repeat after a failure, it never overtakes (R1, R6).

One batch of a partition is on its way at a time, acks=all and idempotent, and a gap is an error of the whole producer. After
anything unclear (an answer that got lost, a lease that moved, a start) it first reads in the topic where it really was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise, starmap
from typing import Any, Final, NamedTuple, Protocol

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from hub import metrics
from hub.clock import to_microseconds
from hub.codec import Codec
from hub.errors import LogUnavailable, LostRace, Refused
from hub.follower import Follower
from hub.log import cloudevents
from hub.log.access import MAX_MESSAGE_BYTES
from hub.log.base import NO_STREAM, OFFSET_BITS, OFFSET_MASK, Record
from hub.log.cloudevents import Outgoing
from hub.log.kafka import KafkaLog
from hub.plugins import Clock
from hub.store.base import Connection, Database

log = structlog.get_logger()
BATCH_EVENTS: Final = 2_000
BATCH_BYTES: Final = 8_000_000
DELIVERY_S: Final = 5.0
_MARGIN_S: Final = 1.0  # a lease that ends sooner is not begun a batch under
_AGAIN_S: Final = 0.5
_LONGEST_S: Final = 15.0
_COLUMNS: Final = (
    "g.plaats, s.sleutel, s.gemeente, g.volgnummer, g.id, g.schema, b.naam, g.tijd, g.oorzaak, g.correlatie, g.traceparent,"
    " g.dataref, g.waarde"
)
_OUTBOX: Final = (
    f"SELECT {_COLUMNS} FROM gebeurtenis g JOIN stroom s ON s.id = g.stroom JOIN bron b ON b.id = g.bron"
    " WHERE g.plaats > ? AND g.plaats <= ? ORDER BY g.plaats LIMIT ?"
)
_WAITING: Final = (
    "SELECT p.id, p.topic, p.nummer, p.kop, u.plaats, u.positie, u.gebeurtenis, u.log_id FROM partitie p"
    " LEFT JOIN publicatie u ON u.partitie = p.id"
)
_RECORD: Final = (
    "INSERT INTO publicatie (partitie, plaats, positie, gebeurtenis, log_id) VALUES (?,?,?,?,?) ON CONFLICT (partitie)"
    " DO UPDATE SET plaats = excluded.plaats, positie = excluded.positie, gebeurtenis = excluded.gebeurtenis"
    " WHERE publicatie.plaats < excluded.plaats AND publicatie.log_id = excluded.log_id"
)


class Fence(Protocol):
    """What tells within a transaction that a lease is still ours."""

    def check(self, db: Connection) -> None:
        """LostRace when it is not."""


class Leases(Protocol):
    """Which partitions this process publishes (``hub.leases.Leases``)."""

    def want(self, name: str) -> None:
        """Take this lease as soon as nobody holds it."""

    def left_s(self, name: str) -> float:
        """Return for how long a lease is surely ours still; 0 when it is not."""

    def fence(self, name: str) -> Fence:
        """Return what checks within a transaction that a lease is ours."""


class Spot(NamedTuple):
    """Where a partition's publication is: the place in the outbox, the offset in the topic and the id of its last event."""

    place: int
    offset: int
    event_id: bytes


class Waiting(NamedTuple):
    """A partition of the outbox and up to where it was published; ``spot`` None: nothing was."""

    partition: int
    topic: str
    number: int
    head: int
    spot: Spot | None
    log_id: str | None

    @property
    def base(self) -> int:
        """Return the place of the partition's first event."""
        return self.partition << OFFSET_BITS

    @property
    def behind(self) -> int:
        """Return how many events wait."""
        return self.base + self.head - 1 - (self.spot.place if self.spot else self.base - 1)

    @property
    def lease(self) -> str:
        """Return the name of the lease on it."""
        return f"publicatie/{self.topic}/{self.number}"


class Publisher(Follower):
    """Publishes what waits in the outbox. ``leases`` None: no other process publishes from this store.

    ``on_published`` is called after a batch stands in Kafka, for who reads there.
    """

    def __init__(
        self,
        *,
        log: KafkaLog,
        database: Database,
        codec: Codec,
        clock: Clock,
        leases: Leases | None = None,
        on_published: Callable[[], None] = lambda: None,
        idle_s: float = 0.5,
    ) -> None:
        super().__init__("publicatie", idle_s=idle_s)
        self._log = log
        self._database = database
        self._types = codec.types()
        self._clock = clock
        self._leases = leases
        self._on_published = on_published
        self._producer: Producer | None = None
        self._sure: dict[int, Spot] = {}  # where this process knows each partition to be
        self._rest: dict[int, tuple[float, float]] = {}  # partition -> (not before, pause) after a failure
        for one in self.waiting():
            if leases:
                leases.want(one.lease)

    def waiting(self) -> list[Waiting]:
        """Return every partition and up to where it was published."""
        with self._database.reader() as db:
            rows = db.execute(_WAITING).fetchall()
        return [_waiting(*row) for row in rows]

    def steps(self) -> Iterable[Callable[[], int]]:
        """Return one step per partition of ours that holds something to publish, or was not looked at yet."""
        found = self.waiting()
        metrics.OUTBOX.set(sum(one.behind for one in found))
        metrics.OUTBOX_LEEFTIJD.set(self._oldest_s(found))
        now = time.monotonic()
        return [
            partial(self._step, one)
            for one in found
            if self._left_s(one) > _MARGIN_S and now >= self._rest.get(one.partition, (0.0, 0.0))[0]
            if one.behind or one.partition not in self._sure
        ]

    def check(self) -> None:
        """Look in every partition of ours where it is. Refused when topic and store do not belong together."""
        for one in self.waiting():
            if self._left_s(one) > _MARGIN_S:
                self._sure[one.partition] = self._find(one)

    def stop(self) -> None:
        """Finish the batch at hand and stop."""
        super().stop()
        self._drop_producer()

    def _left_s(self, one: Waiting) -> float:
        left_s = self._leases.left_s(one.lease) if self._leases else float("inf")
        if left_s <= 0:
            self._sure.pop(one.partition, None)  # another process may publish it meanwhile
        return left_s

    def _oldest_s(self, found: Sequence[Waiting]) -> float:
        """Return the age of the oldest event that waits, 0 when none does."""
        query = "SELECT min(tijd) FROM gebeurtenis WHERE plaats = ?"
        with self._database.reader() as db:
            places = [one.spot.place + 1 if one.spot else one.base for one in found if one.behind]
            times = [row[0] for place in places if (row := db.execute(query, (place,)).fetchone()) and row[0] is not None]
        return max(0.0, (to_microseconds(self._clock.now()) - min(times)) / 1e6) if times else 0.0

    def _step(self, one: Waiting) -> int:
        """Publish the next batch of a partition; after a failure it rests a while, ever longer, and the others go on."""
        try:
            taken = self._publish(one)
        except Exception:
            pause = min(self._rest.get(one.partition, (0.0, _AGAIN_S / 2))[1] * 2, _LONGEST_S)
            self._rest[one.partition] = (time.monotonic() + pause, pause)
            self._sure.pop(one.partition, None)
            raise
        self._rest.pop(one.partition, None)
        return taken

    def _publish(self, one: Waiting) -> int:
        spot = self._sure.get(one.partition)
        if spot is None:
            spot = self._sure[one.partition] = self._find(one)
        events = self._batch(one, spot)
        if not events:
            return 0
        offsets = self._send(one, events)
        if offsets[0] <= spot.offset or any(after <= before for before, after in pairwise(offsets)):
            raise Refused(self._remade(one))
        last = Spot(events[-1].place, offsets[-1], events[-1].event_id)
        self._record(one, last)
        self._sure[one.partition] = last
        self._on_published()
        return len(events)

    def _batch(self, one: Waiting, spot: Spot) -> list[Outgoing]:
        """Return what comes next, at most so much that the producer can hold it."""
        events: list[Outgoing] = []
        size = 0
        with self._database.reader() as db:
            for event in starmap(Outgoing, db.execute(_OUTBOX, (spot.place, one.base | OFFSET_MASK, BATCH_EVENTS))):
                size += len(event.value)
                if events and size > BATCH_BYTES:
                    break
                events.append(event)
        return events

    def _send(self, one: Waiting, events: Sequence[Outgoing]) -> list[int]:
        """Send a batch and wait for all of it; return its offsets. LogUnavailable when not all of it surely stands there."""
        producer = self._producer = self._producer or self._new_producer()
        name, offsets, faults = self._log.access.name(one.topic), [-1] * len(events), []

        def delivered(number: int, error: KafkaError | None, message: Any) -> None:
            if error is None:
                offsets[number] = message.offset()
            else:
                faults.append(error)

        try:
            for number, event in enumerate(events):
                producer.produce(
                    name,
                    value=event.value,
                    key=event.key.encode(),
                    partition=one.number,
                    headers=cloudevents.headers(event, self._types[event.schema_id]),  # type: ignore[arg-type]
                    timestamp=event.time_us // 1_000,
                    on_delivery=partial(delivered, number),
                )
            producer.flush(DELIVERY_S + _AGAIN_S)
        except (KafkaException, BufferError, SystemError) as error:  # a fatal error comes out of a callback as SystemError
            self._drop_producer()
            raise LogUnavailable(f"{name}, partition {one.number} takes nothing now; the outbox waits") from error
        if -1 in offsets:
            self._drop_producer()
            why = faults[0].name() if faults else "no answer"
            raise LogUnavailable(f"{name}, partition {one.number} does not confirm ({why}); the outbox waits")
        return offsets

    def _new_producer(self) -> Producer:
        return Producer(
            self._log.access.confluent(
                **{
                    "enable.idempotence": True,
                    "acks": "all",
                    "enable.gapless.guarantee": True,
                    "message.timeout.ms": int(DELIVERY_S * 1_000),
                    "linger.ms": 2,
                    "compression.type": "gzip",  # what every client reads without a library beside it
                    "partitioner": "murmur2_random",  # the partition is given; this is what others should compute
                    "message.max.bytes": 2 * MAX_MESSAGE_BYTES,
                    "queue.buffering.max.messages": BATCH_EVENTS * 2,
                    "retry.backoff.ms": 50,
                    "reconnect.backoff.max.ms": 1_000,
                    "statistics.interval.ms": 0,
                }
            )
        )

    def _drop_producer(self) -> None:
        """Forget a producer, and what it may still have on its way: where that ended is read in the topic."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaException):
                producer.purge(in_queue=True, in_flight=True, blocking=True)

    def _record(self, one: Waiting, last: Spot) -> None:
        """Write down up to where a partition was published, if it is ours still."""
        log_id = self._log.identity(one.topic)

        def work(db: Connection) -> None:
            if self._leases:
                self._leases.fence(one.lease).check(db)
            if db.execute(_RECORD, (one.partition, last.place, last.offset, last.event_id, log_id)).rowcount != 1:
                raise LostRace(f"{one.topic}, partition {one.number} was published further by another process")

        self._database.write(work).result()

    # ------------------------------------------------------------------------------------------- where it really is

    def _find(self, one: Waiting) -> Spot:
        """Read on from what was recorded to the end of the topic: what stands there is published, recorded or not (R6)."""
        one = next(now for now in self.waiting() if now.partition == one.partition)
        identity = self._log.identity(one.topic)
        if one.log_id not in {None, identity}:
            raise Refused(self._remade(one))
        spot = one.spot or Spot(one.base - 1, -1, b"")
        if one.spot:
            self._same(one, one.spot)
        found, offset = spot, spot.offset
        while records := self._log.read(one.topic, one.number, offset, BATCH_EVENTS):
            offset = records[-1].offset
            for record in records:
                found = self._further(one, record, found)
        if found.place != spot.place:
            self._record(one, found)
            log.info("published_before", topic=one.topic, partitie=one.number, aantal=found.place - spot.place)
        return found

    def _same(self, one: Waiting, spot: Spot) -> None:
        """Refuse a topic that holds something else where our last event stood; one that retention removed is not there."""
        record = self._log.record_at(one.base + spot.offset)
        if record is not None and record.event_id != spot.event_id:
            raise Refused(self._remade(one))

    def _further(self, one: Waiting, record: Record, found: Spot) -> Spot:
        """Return where publication is after a record. Refused for an event of ours that the store never put down."""
        if record.stream == NO_STREAM and not record.sequence:
            return found
        own = self._log.between(record.stream, record.sequence - 1, record.sequence + 1)
        if not own or own[0].event_id != record.event_id:
            raise Refused(
                f"{self._log.access.name(one.topic)}, partition {one.number}, offset {record.offset} holds an event of"
                " ours with a sequence this store never gave out: an older store was put back. Put back the newest backup of"
                " the store; nothing has been published or changed"
            )
        place = -(one.base + own[0].offset) - 1
        return Spot(place, record.offset, record.event_id) if place > found.place else found

    def _remade(self, one: Waiting) -> str:
        return (
            f"topic {self._log.access.name(one.topic)} is not the one this store published to: it was made anew, or [log] adres"
            " names another cluster. Set the right address or put the topic back; if it is gone for good, publish it again"
            " from the store with `wissel topics herpubliceer`"
        )


def _waiting(partition: int, topic: str, number: int, head: int, *published: Any) -> Waiting:
    place, offset, event_id, log_id = published
    spot = None if place is None else Spot(place, offset, event_id)
    return Waiting(partition, topic, number, head, spot, log_id)
