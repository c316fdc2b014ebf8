# SPDX-License-Identifier: EUPL-1.2
"""The log on Apache Kafka: read directly, without a consumer group, from any offset (R6, R14).

Streams, sources and history come from the store; the topics say in which order what was put down can be read, to us and to
other systems. What stands in them and is no event of ours becomes a record with the reason, never an error (R13).
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import starmap
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from hub.codec import Codec
from hub.errors import ForeignRecord, LogUnavailable, Refused
from hub.feed import Feed, Message
from hub.log import cloudevents
from hub.log.access import Access
from hub.log.base import NO_STREAM, OFFSET_BITS, OFFSET_MASK, Position, Record
from hub.log.cursor import Cursor, known, said
from hub.log.streams import CHUNK, StreamStore
from hub.store.base import Connection, Database

_ASK_S: Final = 5.0
_LOOK_AGAIN_S: Final = 5.0
_ASK_AGAIN_S: Final = 1.0
_CURSORS: Final = 16
_CACHED: Final = 300_000


class Known(NamedTuple):
    """What the store knows of a stream by its name."""

    id: int
    partition: int
    gemeente: str


class KafkaLog(StreamStore):
    """Reads the log from Kafka. Safe to use from every thread. ``topics`` maps each topic to its number of partitions.

    From ``follow`` on, what this worker's agents bring saves a reading where it connects to what is asked, and says where this
    process works; once a second Kafka itself is asked where it ends, so nothing depends on an agent (R14).
    """

    repeats = True

    def __init__(self, database: Database, codec: Codec, access: Access, topics: Mapping[str, int]) -> None:
        super().__init__(database, codec)
        self.access = access
        self._topics = dict(topics)
        self.feed: Feed | None = None
        self._shared = False
        self._asked_for: frozenset[tuple[str, int]] = frozenset()
        self._asked_at = float("-inf")
        self._types = codec.types()
        self._admin = AdminClient(access.confluent())
        self._gate = threading.Lock()
        self._cursors: dict[tuple[str, int], Cursor] = {}
        self._known: dict[tuple[str, str], Known] = {}
        self._source_ids: dict[str, int] = {}
        self._identities: dict[str, str] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._looked_at = float("-inf")

    def close(self) -> None:
        """Let go of the connections."""
        with self._gate:
            for cursor in self._cursors.values():
                cursor.close()
            self._cursors.clear()

    # --------------------------------------------------------------------------------------------------- the port

    def read(self, topic: str, partition: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to ``limit`` records of a partition with offset > ``after``."""
        if self.feed and (brought := self.feed.after(topic, partition, after, limit)):
            return self.records(topic, partition, brought)
        end = self._ends.get((topic, partition), 0)
        if after >= end - 1:
            end = self._ends[topic, partition] = self._ask_ends([(topic, partition)])[topic, partition]
        if after >= end:
            raise Refused(
                f"{self.access.name(topic)}, partition {partition} ends before offset {after}, which was read before: the topic"
                " was made anew or is an older copy; put back the newest one, nothing has been changed"
            )
        if after == end - 1:
            return []
        return self.records(topic, partition, self._cursor(topic, partition).read(after, end, limit))

    def positions(self) -> Sequence[Position]:
        """Return the end of every partition. Refused when a topic was made anew meanwhile."""
        self.check()
        assigned = self.feed.assigned if self.feed else None
        if assigned is None or assigned != self._asked_for or time.monotonic() - self._asked_at >= _ASK_AGAIN_S:
            self._ends = self._ask_ends([(topic, n) for topic, count in self._topics.items() for n in range(count)])
            self._asked_at, self._asked_for = time.monotonic(), assigned or frozenset()
        return [
            Position(topic, number, max(head, self.feed.end(topic, number) if self.feed else 0), self.identity(topic))
            for (topic, number), head in sorted(self._ends.items())
        ]

    def assigned(self, topic: str, partition: int) -> bool:
        """Return True when this process works on a partition: on all, unless other processes work too."""
        return not self._shared or self.feed is None or (topic, partition) in self.feed.assigned

    def follow(self, feed: Feed, *, shared: bool) -> None:
        """Take from ``feed`` what connects, from now on. ``shared``: work only on the partitions that it is given."""
        self.feed, self._shared = feed, shared

    def ends(self) -> Sequence[Position]:
        """Return where every partition will end once all that was put down is published; Kafka is not asked."""
        query = (
            "SELECT p.topic, p.nummer, p.kop, p.id, u.plaats, u.positie, u.log_id FROM partitie p"
            " LEFT JOIN publicatie u ON u.partitie = p.id ORDER BY p.topic, p.nummer"
        )
        with self._database.reader() as db:
            rows = db.execute(query).fetchall()
        return [
            Position(topic, number, head + _ahead(place, partition, offset), log_id or "")
            for topic, number, head, partition, place, offset, log_id in rows
        ]

    def identity(self, topic: str) -> str:
        """Return cluster id and topic id: a topic that was made anew is another log."""
        if topic not in self._identities:
            self.check()
        return self._identities[topic]

    def record_at(self, place: int) -> Record | None:
        """Return the record at a place; a negative one names the store's own copy."""
        if place < 0:
            own = self.stored_at(-place - 1)
            return own._replace(offset=place - (-place - 1 & ~OFFSET_MASK)) if own else None
        topic, partition = self.partition_at(place)
        offset = place & OFFSET_MASK
        found = self.read(topic, partition, offset - 1, 1)
        return found[0] if found and found[0].offset == offset else None

    def time_after(self, topic: str, partition: int, offset: int) -> int | None:
        """Return when the first event after an offset was logged, or one before it where something was repeated meanwhile."""
        with self._database.reader() as db:
            number = self._partition_id(db, topic, partition)
            row = db.execute("SELECT plaats, positie FROM publicatie WHERE partitie = ?", (number,)).fetchone()
            base = number << OFFSET_BITS
            after = base + offset - (_ahead(row[0], number, row[1]) if row else 0)
            query = "SELECT tijd FROM gebeurtenis WHERE plaats > ? AND plaats <= ? ORDER BY plaats LIMIT 1"
            found = db.execute(query, (max(after, base - 1), base | OFFSET_MASK)).fetchone()
        return int(found[0]) if found else None

    # ------------------------------------------------------------------------------------------------- belonging

    def check(self) -> None:
        """Refuse topics that are missing, divided otherwise, or made anew. LogUnavailable when Kafka does not answer."""
        if time.monotonic() - self._looked_at < _LOOK_AGAIN_S:
            return
        names = {self.access.name(topic): topic for topic in self._topics}
        cluster = known(lambda: self._admin.describe_cluster(request_timeout=_ASK_S).result(_ASK_S)).cluster_id
        asked = known(lambda: self._admin.describe_topics(TopicCollection(list(names)), request_timeout=_ASK_S))
        for name, future in asked.items():
            self._check_topic(names[name], cluster, future)
        self._looked_at = time.monotonic()

    def _check_topic(self, topic: str, cluster: str, future: Any) -> None:
        name, count = self.access.name(topic), self._topics[topic]
        try:
            found = future.result(_ASK_S)
        except KafkaException as error:
            if said(error) == "UNKNOWN_TOPIC_OR_PART":
                raise Refused(f"Kafka has no topic {name}: make it with `wissel topics apply --uitvoeren`") from error
            raise LogUnavailable(f"Kafka does not tell about topic {name} ({said(error)}); trying again") from error
        if len(found.partitions) != count:
            raise Refused(
                f"topic {name} has {len(found.partitions)} partitions, the log expects {count}: that would break the order of"
                f" running streams; put back a topic with {count}, nothing has been changed"
            )
        bits = (found.topic_id.get_most_significant_bits(), found.topic_id.get_least_significant_bits())
        identity = f"{cluster}/" + "".join(f"{part & (1 << 64) - 1:016x}" for part in bits)
        if self._identities.setdefault(topic, identity) != identity:
            raise Refused(
                f"topic {name} was deleted and made anew while the hub ran: stop, and put back what was in it, or run"
                " `wissel topics herpubliceer` to publish it again from the store"
            )

    # --------------------------------------------------------------------------------------------------- records

    def records(self, topic: str, partition: int, messages: Sequence[Message]) -> list[Record]:
        """Return what was read of a partition as records of this installation."""
        read: list[cloudevents.Envelope | ForeignRecord] = list(starmap(_envelope, (m[1:] for m in messages)))
        streams = self._by_name(topic, {one.key for one in read if isinstance(one, cloudevents.Envelope)})
        sources = self._source_numbers({one.source for one in read if isinstance(one, cloudevents.Envelope)})
        found = []
        for message, one in zip(messages, read, strict=True):
            if isinstance(one, cloudevents.Envelope):
                stream, source = streams.get(one.key), sources.get(one.source)
                why = self._not_ours(one, stream, source, partition)
                if stream and source and not why:
                    found.append(_record(message, one, stream.id, source))
                    continue
            else:
                why = str(one)
            where = f"{self.access.name(topic)}, partitie {partition}, offset {message.offset}"
            found.append(_foreign(message, f"{where}: {why}", self._sequence_of_ours(one)))
        return found

    def _sequence_of_ours(self, one: cloudevents.Envelope | ForeignRecord) -> int:
        """Return the sequence of what reads as an event of one of our gemeenten though the store does not know it; else 0."""
        if isinstance(one, ForeignRecord) or self._types.get(one.schema_id) != one.type:
            return 0
        with self._database.reader() as db:
            query = "SELECT 1 FROM meta WHERE naam = ?"
            return one.sequence if db.execute(query, (f"pseudoniemsleutel:{one.gemeente}",)).fetchone() else 0

    def _not_ours(self, one: cloudevents.Envelope, stream: Known | None, source: int | None, partition: int) -> str | None:
        """Return why a record that reads as an event is none of this installation; None when it is one."""
        if stream is None:
            return "its key is no stream of this installation"
        if stream.partition != partition:
            return f"its key belongs in partition {stream.partition}"
        if stream.gemeente != one.gemeente:
            return "its gemeente is not the one its stream belongs to"
        if source is None:
            return "its source is not known to this installation"
        event_type = self._types.get(one.schema_id)
        if event_type is None:
            own = self.between(stream.id, one.sequence - 1, one.sequence + 1)
            return None if own and own[0].event_id == one.event_id else f"schema {one.schema_id} is not in the registry"
        return None if event_type == one.type else f"it says {one.type} and holds a {event_type}"

    def _by_name(self, topic: str, keys: Iterable[str]) -> Mapping[str, Known]:
        """Return the streams with these keys; what a stream is never changes, so it is kept."""
        found = {key: one for key in keys if (one := self._known.get((topic, key)))}
        missing = sorted(set(keys) - found.keys())
        with self._database.reader() as db:
            for start in range(0, len(missing), CHUNK):
                found |= self._look_up(db, topic, missing[start : start + CHUNK])
        if len(self._known) > _CACHED:
            self._known.clear()
        self._known.update(((topic, key), one) for key, one in found.items())
        return found

    @staticmethod
    def _look_up(db: Connection, topic: str, keys: Sequence[str]) -> dict[str, Known]:
        query = (
            "SELECT s.sleutel, s.id, p.nummer, s.gemeente FROM stroom s JOIN partitie p ON p.id = s.partitie"
            f" WHERE s.topic = ? AND s.sleutel IN ({','.join('?' * len(keys))})"
        )
        return {key: Known(*rest) for key, *rest in db.execute(query, (topic, *keys))}

    def _source_numbers(self, names: Iterable[str]) -> Mapping[str, int]:
        if not self._source_ids.keys() >= set(names):
            with self._database.reader() as db:
                self._source_ids = {name: number for number, name in db.execute("SELECT id, naam FROM bron")}
        return self._source_ids

    def _ask_ends(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Ask Kafka where partitions end, over a connection that no fetch waits on."""
        asked = {TopicPartition(self.access.name(topic), number): (topic, number) for topic, number in places}
        latest: Any = dict.fromkeys(asked, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        try:
            answers = known(lambda: self._admin.list_offsets(latest, request_timeout=_ASK_S))
            return {asked[at]: known(partial(future.result, _ASK_S)).offset for at, future in answers.items()}
        except LogUnavailable:
            self._admin = AdminClient(self.access.confluent())  # this one keeps asking whom it knew as leader, for ever
            raise

    def _cursor(self, topic: str, partition: int) -> Cursor:
        with self._gate:
            cursor = self._cursors.pop((topic, partition), None)
            if cursor is None:
                cursor = Cursor(self.access, self.access.name(topic), partition)
                while len(self._cursors) >= _CURSORS:
                    self._cursors.pop(next(iter(self._cursors))).close()
            self._cursors[topic, partition] = cursor  # the one used last is the last to go
            return cursor


def _ahead(place: int | None, partition: int, offset: int | None) -> int:
    """Return how much further an event stands in the topic than in the outbox: what was repeated, and what is not ours."""
    return 0 if place is None or offset is None else offset - (place - (partition << OFFSET_BITS))


def _envelope(key: bytes | None, value: bytes | None, headers: Any) -> cloudevents.Envelope | ForeignRecord:
    try:
        return cloudevents.envelope(key, value, headers)
    except ForeignRecord as error:
        return error


def _record(message: Message, one: cloudevents.Envelope, stream: int, source: int) -> Record:
    value = message.value or b""
    return Record(message.offset, stream, one.sequence, one.event_id, one.schema_id, source, one.time_us, one.cause, value)


def _foreign(message: Message, why: str, sequence: int) -> Record:
    """Return a record that is no event: it has the digest of its value for an id, and nothing of its content is kept."""
    digest = hashlib.sha256(message.value or b"").digest()[:16]
    return Record(message.offset, NO_STREAM, sequence, digest, 0, 0, 0, None, b"", foreign=why)
