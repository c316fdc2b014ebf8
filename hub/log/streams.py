# SPDX-License-Identifier: EUPL-1.2
"""What the store knows of streams: each one's history, names and sources. The same whatever engine carries the log.

``gebeurtenis`` is both the outbox and the history of every stream, so a flow folds its streams from here on every engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from types import MappingProxyType
from typing import Any, Final

from hub.clock import from_microseconds
from hub.codec import Codec
from hub.errors import NotFound, SchemaViolation
from hub.events import Event, uuid_text
from hub.log.base import OFFSET_BITS, OFFSET_MASK, Record, Stream, StreamHead
from hub.plugins import ProjectedEvent, Sealed
from hub.store.base import Connection, Database
from hub.store.put import SEQUENCE

CHUNK: Final = 500
COLUMNS: Final = "plaats & ?, stroom, volgnummer, id, schema, bron, tijd, oorzaak, waarde"
_ALL_COLUMNS: Final = f"{COLUMNS}, correlatie, traceparent, dataref"
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_NO_ELEMENTS: Final[tuple[Sealed, ...]] = ()
_CACHED_STREAMS: Final = 300_000


class StreamStore:
    """What the engines of the log share. Safe to use from every thread; each call is one consistent view."""

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec
        self._partition_ids: dict[tuple[str, int], int] = {}
        self._streams: dict[int, Stream] = {}
        self._sources: dict[int, str] = {}

    def partitions(self) -> Sequence[tuple[str, int]]:
        """Return every (topic, partition) of this installation."""
        with self._database.reader() as db:
            return [
                (topic, number) for topic, number in db.execute("SELECT topic, nummer FROM partitie ORDER BY topic, nummer")
            ]

    def assigned(self, _topic: str, _partition: int) -> bool:
        """Return True: who reads the log by itself works on all of it."""
        return True

    def head(self, topic: str, key: str) -> StreamHead:
        """Return where a stream is now. NotFound when there is no such stream."""
        with self._database.reader() as db:
            row = db.execute(
                f"SELECT stroom.id, p.nummer, {SEQUENCE} FROM stroom JOIN partitie p ON p.id = stroom.partitie"
                " WHERE stroom.topic = ? AND stroom.sleutel = ?",
                (topic, key),
            ).fetchone()
        if row is None:
            raise NotFound("deze zaak of sleutel is bij Wissel niet bekend")
        return StreamHead(*row)

    def tail(self, stream: int, after: int) -> list[Record]:
        """Return the events of one stream with sequence > ``after``, in order."""
        with self._database.reader() as db:
            rows = db.execute(
                f"SELECT {_ALL_COLUMNS} FROM gebeurtenis WHERE stroom = ? AND volgnummer > ? ORDER BY volgnummer, plaats",
                (OFFSET_MASK, stream, after),
            )
            return list(starmap(Record, rows))

    def between(self, stream: int, after: int, before: int) -> list[Record]:
        """Return the events of one stream with ``after`` < sequence < ``before``, in order.

        Their offset is negative: it names the store's own copy (``record_at``), wherever the log itself has them.
        """
        where = "stroom = ? AND volgnummer > ? AND volgnummer < ? ORDER BY volgnummer"
        with self._database.reader() as db:
            query = f"SELECT plaats, {COLUMNS} FROM gebeurtenis WHERE {where}"
            rows = db.execute(query, (OFFSET_MASK, stream, after, before)).fetchall()
        return [Record(_own_copy(place) - (place & ~OFFSET_MASK), *columns) for place, _, *columns in rows]

    def has(self, stream: int, sequence: int) -> bool:
        """Return True when the log holds that event of a stream, or retention removed it; nothing comes before the first."""
        query = "SELECT 1 FROM gebeurtenis WHERE stroom = ? AND volgnummer = ?"
        with self._database.reader() as db:
            found = db.execute(query, (stream, sequence)).fetchone()
            removed = db.execute("SELECT verwijderd_tot FROM stroom WHERE id = ?", (stream,)).fetchone()
        return found is not None or sequence <= (removed[0] if removed else 0)

    def sealed_with(self, key_id: str, stream: int) -> bool:
        """Return True when events of this stream were put down sealed with that key."""
        query = "SELECT 1 FROM sleutel_stroom WHERE key_id = ? AND stroom = ?"
        with self._database.reader() as db:
            return db.execute(query, (key_id, stream)).fetchone() is not None

    def type_of(self, record: Record) -> str | None:
        """Return the event type without decoding the body, or None when the registry does not know the schema."""
        return self._codec.type_of(record.schema_id)

    def types(self) -> dict[int, str]:
        """Return the event type of every schema id that the registry knows."""
        return self._codec.types()

    def stored_at(self, place: int) -> Record | None:
        """Return what the table holds at a place."""
        with self._database.reader() as db:
            row = db.execute(f"SELECT {COLUMNS} FROM gebeurtenis WHERE plaats = ?", (OFFSET_MASK, place)).fetchone()
        return Record(*row) if row else None

    def partition_at(self, place: int) -> tuple[str, int]:
        """Return (topic, partition) of a place."""
        with self._database.reader() as db:
            number = max(place, _own_copy(place)) >> OFFSET_BITS
            row = db.execute("SELECT topic, nummer FROM partitie WHERE id = ?", (number,)).fetchone()
        return str(row[0]), int(row[1])

    def place(self, topic: str, partition: int, offset: int) -> int:
        """Return the one-number place of an offset."""
        with self._database.reader() as db:
            return self._partition_id(db, topic, partition) << OFFSET_BITS | offset

    def streams(self, ids: Iterable[int]) -> dict[int, Stream]:
        """Return what the stream ids stand for; ids never change their meaning, so they are cached."""
        found = {i: known for i in ids if (known := self._streams.get(i))}
        missing = sorted(set(ids) - found.keys())
        with self._database.reader() as db:
            for start in range(0, len(missing), CHUNK):
                part = missing[start : start + CHUNK]
                marks = ",".join("?" * len(part))
                for row in db.execute(f"SELECT id, topic, sleutel, gemeente FROM stroom WHERE id IN ({marks})", part):
                    found[row[0]] = self._streams[row[0]] = Stream(*row[1:])
        if len(self._streams) > _CACHED_STREAMS:
            self._streams.clear()
        return found

    def projected(self, record: Record, stream: Stream, *, body: bool = True) -> ProjectedEvent:
        """Return the event with its personal part still sealed; without ``body`` only its envelope, ``data`` empty."""
        event_id, data, sealed = uuid_text(record.event_id), _NOTHING, _NO_ELEMENTS
        if body:
            event_type, data, sealed = self._codec.decode(event_id, record.value)
        else:
            event_type = self._codec.head(record.value).type
        topic, key, gemeente = stream
        return ProjectedEvent(
            id=event_id,
            type=event_type,
            source=self._sources.get(record.source) or self._source(record.source),
            gemeente=gemeente,
            topic=topic,
            key=key,
            sequence=record.sequence,
            time_us=record.time_us,
            data=data,
            verzegeld=sealed,
            cause=record.cause,
        )

    def event(self, record: Record, stream: Stream) -> Event:
        """Return the event with its personal part opened (None per subject whose key has been destroyed)."""
        event_id = uuid_text(record.event_id)
        event_type, data, sealed = self._codec.decode(event_id, record.value)
        return Event(
            id=event_id,
            type=event_type,
            source=self._source(record.source),
            gemeente=stream.gemeente,
            topic=stream.topic,
            key=stream.key,
            sequence=record.sequence,
            time=from_microseconds(record.time_us),
            data=data,
            besloten=self._codec.unseal(sealed),
            causationid=uuid_text(record.cause) if record.cause else None,
            correlationid=record.correlation,
            traceparent=record.traceparent,
            dataref=record.dataref,
        )

    def _partition_id(self, db: Connection, topic: str, partition: int) -> int:
        known = self._partition_ids.get((topic, partition))
        if known is None:
            row = db.execute("SELECT id FROM partitie WHERE topic = ? AND nummer = ?", (topic, partition)).fetchone()
            if row is None:
                raise NotFound(f"topic {topic} has no partition {partition}")
            known = self._partition_ids[topic, partition] = int(row[0])
        return known

    def _source(self, number: int) -> str:
        known = self._sources.get(number)
        if known is None:
            with self._database.reader() as db:
                row = db.execute("SELECT naam FROM bron WHERE id = ?", (number,)).fetchone()
            if row is None:
                raise SchemaViolation(f"the record names source {number}, which this log does not have: it was damaged")
            known = self._sources[number] = str(row[0])
        return known


def _own_copy(place: int) -> int:
    """Return the place that names the store's copy of what lies at ``place`` in the table; and the other way around."""
    return -place - 1
