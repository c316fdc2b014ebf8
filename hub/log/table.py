# SPDX-License-Identifier: EUPL-1.2
"""The log as a table of the store, so that putting down is logging."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from typing import Final

from hub.codec import Codec
from hub.log.base import OFFSET_BITS, OFFSET_MASK, Position, Record
from hub.log.streams import COLUMNS, StreamStore
from hub.store.base import Connection, Database

_AFTER: Final = "FROM gebeurtenis WHERE plaats > ? AND plaats <= ? ORDER BY plaats LIMIT ?"


class TableLog(StreamStore):
    """Reads the log from the table that ``put`` writes. Safe to use from every thread; each call is one consistent view."""

    repeats = False

    def __init__(self, database: Database, codec: Codec, log_id: str) -> None:
        super().__init__(database, codec)
        self.log_id = log_id

    def read(self, topic: str, partition: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to ``limit`` records of a partition with offset > ``after``."""
        with self._database.reader() as db:
            first, last = self._range(db, topic, partition, after)
            return list(starmap(Record, db.execute(f"SELECT {COLUMNS} {_AFTER}", (OFFSET_MASK, first, last, limit))))

    def close(self) -> None:
        """Nothing: the store has the connections."""

    def positions(self) -> Sequence[Position]:
        """Return the end of every partition."""
        with self._database.reader() as db:
            rows = db.execute("SELECT topic, nummer, kop FROM partitie ORDER BY topic, nummer").fetchall()
        return [Position(topic, partition, head, self.log_id) for topic, partition, head in rows]

    def ends(self) -> Sequence[Position]:
        """Return the end of every partition: what was put down stands in it."""
        return self.positions()

    def identity(self, topic: str) -> str:  # noqa: ARG002 - all topics are one log here
        """Return the log's identity: random, made with its first file."""
        return self.log_id

    def record_at(self, place: int) -> Record | None:
        """Return the record at a place (partition id and offset in one number)."""
        return self.stored_at(place)

    def time_after(self, topic: str, partition: int, offset: int) -> int | None:
        """Return when the first event after an offset was logged, in microseconds; None at the end."""
        with self._database.reader() as db:
            row = db.execute(f"SELECT tijd {_AFTER}", (*self._range(db, topic, partition, offset), 1)).fetchone()
        return int(row[0]) if row else None

    def _range(self, db: Connection, topic: str, partition: int, after: int) -> tuple[int, int]:
        base = self._partition_id(db, topic, partition) << OFFSET_BITS
        return base + after if after >= 0 else base - 1, base | OFFSET_MASK
