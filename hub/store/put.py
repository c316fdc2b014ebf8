# SPDX-License-Identifier: EUPL-1.2
"""R1, the one way in: events are put down in the transaction of the state that justifies them, as its last statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from hub.clock import to_microseconds
from hub.errors import HubError, KeyDestroyed, LostRace, Poison
from hub.log.base import OFFSET_BITS
from hub.log.partitioner import partition_of
from hub.plugins import SealedEvent, Value
from hub.store.base import Connection

_CHUNK: Final = 500

# The sequence a stream is at, in a query over ``stroom``.
SEQUENCE: Final = "coalesce((SELECT max(volgnummer) FROM gebeurtenis WHERE stroom = stroom.id), stroom.verwijderd_tot)"
_INSERT_EVENT: Final = "INSERT INTO gebeurtenis VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"


class StreamMoved(LostRace):
    """The streams named are no longer at the sequence expected."""

    def __init__(self, streams: Sequence[tuple[str, str]]) -> None:
        super().__init__(f"{len(streams)} stream(s) moved on meanwhile; look again and decide again")
        self.streams = tuple(streams)


class StoreReadTx:
    """``hub.plugins.ReadTx`` on a connection."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    def one(self, sql: str, params: Sequence[Value] = ()) -> tuple[Any, ...] | None:
        """Return the first row or None."""
        row: tuple[Any, ...] | None = self.db.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, params: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self.db.execute(sql, params).fetchall()


class StoreTx(StoreReadTx):
    """``hub.plugins.Tx`` on one write transaction."""

    def __init__(self, db: Connection, log: LogTables, now: datetime) -> None:
        super().__init__(db)
        self._log = log
        self._now = now
        self._done = False

    def execute(self, sql: str, params: Sequence[Value] = ()) -> int:
        """Run one statement and return the number of rows it touched."""
        self._still_open()
        return self.db.execute(sql, params).rowcount

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each row."""
        self._still_open()
        self.db.executemany(sql, rows)

    def put(self, events: Sequence[SealedEvent], expected: Mapping[tuple[str, str], int] | None = None) -> None:
        """Put events down, once and last. StreamMoved when a stream is not at the sequence expected; KeyDestroyed.

        Poison when a stream belongs to another gemeente than an event says, or its topic has no partitions here.
        """
        self._still_open()
        self._done = True
        if events or expected:
            self._log.append(self.db, events, expected or {}, self._now)

    @property
    def has_put(self) -> bool:
        """True when events were put down in this transaction."""
        return self._done

    def _still_open(self) -> None:
        if self._done:
            raise HubError("put comes once and last in a transaction (R1): write the rows that justify the events first")


class LogTables:
    """The log as tables of ``wissel.db``. Knows the partitions; keeps ids that never change.

    ``forget_keys`` is called before KeyDestroyed is raised, so that who seals again does so with another key.
    """

    def __init__(self, partitions: Mapping[str, int], *, forget_keys: Callable[[], None]) -> None:
        self._partitions = partitions
        self._forget_keys = forget_keys
        self._partition_ids: dict[tuple[str, int], int] = {}
        self._sources: dict[str, int] = {}
        self._made_in: dict[str, int] = {}

    def append(
        self,
        db: Connection,
        events: Sequence[SealedEvent],
        expected: Mapping[tuple[str, str], int],
        now: datetime,
    ) -> None:
        """Give each event its sequence and place and insert it, in the order given per stream."""
        if _destroyed(db, events):
            self._forget_keys()
            raise KeyDestroyed("a data key used for these events has been destroyed; seal again with a new key")
        _refuse_moved(db, expected)
        streams = self._streams(db, events)
        before: dict[int, int] = dict(db.execute("SELECT id, kop FROM partitie"))
        heads = dict(before)
        sequences = {stream: sequence for stream, _, sequence in streams.values()}
        rows: list[tuple[Value, ...]] = []
        keys: list[tuple[str, int]] = []
        at = to_microseconds(now)
        for sealed in events:
            event = sealed.event
            stream, partition, _ = streams[event.topic, event.key]
            sequences[stream] += 1
            place = partition << OFFSET_BITS | heads[partition]
            heads[partition] += 1
            rows.append(
                (
                    place,
                    stream,
                    sequences[stream],
                    sealed.raw_id,
                    sealed.schema_id,
                    self._source(db, event.source),
                    to_microseconds(sealed.time) if sealed.time else at,
                    sealed.raw_cause,
                    event.correlationid,
                    event.traceparent,
                    event.dataref,
                    sealed.value,
                )
            )
            keys.extend((key_id, stream) for key_id in sealed.key_ids)
        rows.sort()
        db.executemany(_INSERT_EVENT, rows)
        grown = [(head, partition) for partition, head in heads.items() if head != before[partition]]
        db.executemany("UPDATE partitie SET kop = ? WHERE id = ?", grown)
        db.executemany("INSERT INTO sleutel_stroom VALUES (?, ?) ON CONFLICT DO NOTHING", sorted(set(keys)))

    def _streams(self, db: Connection, events: Sequence[SealedEvent]) -> dict[tuple[str, str], tuple[int, int, int]]:
        """Return (topic, key) -> (stream id, partition id, sequence now); streams that are new are made."""
        wanted = _wanted(events)
        found: dict[tuple[str, str], tuple[int, int, int]] = {}
        for topic in {topic for topic, _ in wanted}:
            keys = [key for t, key in wanted if t == topic]
            for start in range(0, len(keys), _CHUNK):
                part = keys[start : start + _CHUNK]
                marks = ",".join("?" * len(part))
                query = (
                    f"SELECT sleutel, gemeente, id, partitie, {SEQUENCE} FROM stroom WHERE topic = ? AND sleutel IN ({marks})"
                )
                for key, gemeente, *stream in db.execute(query, (topic, *part)):
                    _same_gemeente(gemeente, wanted[topic, key], topic)
                    found[topic, key] = (stream[0], stream[1], stream[2])
        new = [(topic, key, gemeente) for (topic, key), gemeente in wanted.items() if (topic, key) not in found]
        if new:
            found.update(self._new_streams(db, new))
        return found

    def _new_streams(self, db: Connection, new: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], tuple[int, int, int]]:
        first = (db.execute("SELECT max(id) FROM stroom").fetchone()[0] or 0) + 1
        rows = []
        for stream, (topic, key, gemeente) in enumerate(new, first):
            partition = self._partition_id(db, topic, partition_of(key, self._count(topic)))
            rows.append((stream, topic, key, gemeente, partition))
        db.executemany("INSERT INTO stroom (id, topic, sleutel, gemeente, partitie) VALUES (?,?,?,?,?)", rows)
        return {(topic, key): (stream, partition, 0) for stream, topic, key, _, partition in rows}

    def _count(self, topic: str) -> int:
        return self._partitions.get(topic, self._partitions["*"])

    def _partition_id(self, db: Connection, topic: str, number: int) -> int:
        known = self._partition_ids.get((topic, number))
        if known is None:
            row = db.execute("SELECT id FROM partitie WHERE topic = ? AND nummer = ?", (topic, number)).fetchone()
            if row is None:
                raise Poison(f"topic {topic} is not declared here: is the connector installed that carries out its opdrachten?")
            known = self._partition_ids[topic, number] = int(row[0])
        return known

    def _source(self, db: Connection, name: str) -> int:
        known = self._sources.get(name)
        if known is None:
            row = db.execute("SELECT id FROM bron WHERE naam = ?", (name,)).fetchone()
            if row is None:
                self._made_in[name] = db.transaction
                return int(db.execute("INSERT INTO bron (naam) VALUES (?) RETURNING id", (name,)).fetchone()[0])
            known = int(row[0])
            if self._made_in.get(name) != db.transaction:  # this transaction may still be rolled back, and its id be another's
                self._sources[name] = known
        return known


def _wanted(events: Sequence[SealedEvent]) -> dict[tuple[str, str], str]:
    """Return the streams that events go to, with their gemeente."""
    wanted: dict[tuple[str, str], str] = {}
    for sealed in events:
        event = sealed.event
        _same_gemeente(wanted.setdefault((event.topic, event.key), event.gemeente), event.gemeente, event.topic)
    return wanted


def _same_gemeente(has: str, says: str, topic: str) -> None:
    if has != says:
        raise Poison(
            f"a stream of {topic} belongs to gemeente {has}, an event for it says {says}: nothing crosses between them"
        )


def _refuse_moved(db: Connection, expected: Mapping[tuple[str, str], int]) -> None:
    query = f"SELECT {SEQUENCE} FROM stroom WHERE topic = ? AND sleutel = ?"
    moved = [name for name, sequence in expected.items() if (db.execute(query, name).fetchone() or (0,))[0] != sequence]
    if moved:
        raise StreamMoved(moved)


def _destroyed(db: Connection, events: Sequence[SealedEvent]) -> bool:
    """Return True when an element was sealed with a key that was marked for destruction meanwhile."""
    if db.execute("SELECT 1 FROM sleutel_vernietigd LIMIT 1").fetchone() is None:
        return False
    used = sorted({key_id for event in events for key_id in event.key_ids})
    for start in range(0, len(used), _CHUNK):
        part = used[start : start + _CHUNK]
        query = f"SELECT 1 FROM sleutel_vernietigd WHERE key_id IN ({','.join('?' * len(part))})"
        if db.execute(query, part).fetchone():
            return True
    return False
