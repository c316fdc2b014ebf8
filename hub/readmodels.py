# SPDX-License-Identifier: EUPL-1.2
"""The tables of one build of a projection: made, loaded and written in bulk under integer keys, and asked by pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

import msgspec

from hub.errors import HubError
from hub.plugins import Projection, Row, Value
from hub.store.base import Connection

_CHUNK: Final = 500
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


class Shape(NamedTuple):
    """What must be known of a build to read it, also when its code is gone: table, columns (name -> SQL type) and links."""

    table: str
    columns: Mapping[str, str]
    links: tuple[str, ...]

    def link(self, name: str) -> str:
        """Return the name of a link's table."""
        return f"{self.table}_{name}"


def member_name(projection: str, version: int, number: int) -> str:
    """Return the member of build ``number``; 0 is the one that began with the version, others were made by a replay."""
    return f"{projection}:{version}.{number}" if number else f"{projection}:{version}"


def shape_of(projection: Projection, number: int = 0) -> Shape:
    """Return the shape of a build of this version."""
    table = f"{projection.name}_v{projection.version}" + (f"_{number}" if number else "")
    return Shape(table, {name: kind for name, (kind, _) in projection.columns.items()}, tuple(projection.links))


class Tables:
    """Names, DDL and SQL of one build of (projection, version). Secondary indexes can be made last (R9)."""

    def __init__(self, projection: Projection, number: int = 0) -> None:
        self.projection = projection
        self.number = number
        self.shape = shape_of(projection, number)
        self.name = self.shape.table
        self.member = member_name(projection.name, projection.version, number)
        self.columns = tuple(projection.columns)
        self._readers = tuple(reader for _, reader in projection.columns.values())
        names = ("stroom", "gemeente", "sleutel", *self.columns, "rij")
        updates = ", ".join(f"{n} = excluded.{n}" for n in (*self.columns, "rij"))
        self._upsert = (
            f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            f" ON CONFLICT (stroom) DO UPDATE SET {updates}"
        )
        self._update = f"UPDATE {self.name} SET rij = ? WHERE stroom = ?"

    def create(self, db: Connection) -> None:
        """Make the tables where they are not there yet."""
        columns = "".join(f", {name} {kind}" for name, (kind, _) in self.projection.columns.items())
        db.define(
            f"CREATE TABLE IF NOT EXISTS {self.name} (stroom INTEGER PRIMARY KEY, gemeente TEXT NOT NULL,"
            f" sleutel TEXT NOT NULL{columns}, rij BLOB NOT NULL)"
        )
        for link in self.projection.links:
            db.define(
                f"CREATE TABLE IF NOT EXISTS {self.name}_{link} (waarde TEXT NOT NULL, stroom INTEGER NOT NULL,"
                " PRIMARY KEY (waarde, stroom)) WITHOUT ROWID"
            )

    def create_indexes(self, db: Connection) -> None:
        """Make the secondary indexes; a rebuild does this last.

        Rows without a value are in none: who asks for what is open then never reads, by whatever index, all that is over.
        """
        db.define(f"CREATE INDEX IF NOT EXISTS {self.name}_op_sleutel ON {self.name} (sleutel)")
        for column in self.columns:
            where = f"(gemeente, {column}) WHERE {column} IS NOT NULL"
            db.define(f"CREATE INDEX IF NOT EXISTS {self.name}_op_{column} ON {self.name} {where}")

    def drop(self, db: Connection) -> None:
        """Remove the tables."""
        drop(db, self.shape)

    def load(self, db: Connection, streams: Iterable[int]) -> dict[int, Row]:
        """Return stream id -> row of those that have one, read sorted and in bulk."""
        rows: dict[int, Row] = {}
        ordered = sorted(streams)
        for start in range(0, len(ordered), _CHUNK):
            part = ordered[start : start + _CHUNK]
            query = f"SELECT stroom, rij FROM {self.name} WHERE stroom IN ({','.join('?' * len(part))})"
            rows.update((stream, _decode(packed)) for stream, packed in db.execute(query, part))
        return rows

    def write(self, db: Connection, before: Mapping[int, Row | None], after: Mapping[int, tuple[str, str, Row | None]]) -> None:
        """Write the rows that changed; ``after`` maps stream id to (gemeente, key, row or None for gone)."""
        inserts, updates, gone = [], [], []
        for stream in sorted(after):
            gemeente, key, row = after[stream]
            old = before.get(stream)
            if row is None:
                gone.append((stream,))
                continue
            values = self._values(row)
            if old is not None and self._values(old) == values:
                updates.append((_encode(row), stream))  # the indexed columns did not move: leave the indexes alone
            else:
                inserts.append((stream, gemeente, key, *values, _encode(row)))
        if inserts:
            db.executemany(self._upsert, inserts)
        if updates:
            db.executemany(self._update, updates)
        if gone:
            db.executemany(f"DELETE FROM {self.name} WHERE stroom = ?", gone)
        for link, reader in self.projection.links.items():
            self._write_links(
                db, link, [(s, set(_links(reader, before.get(s))), set(_links(reader, after[s][2]))) for s in after]
            )

    def _values(self, row: Row) -> tuple[Value, ...]:
        return tuple(reader(row) for reader in self._readers)

    def _write_links(self, db: Connection, link: str, changes: Iterable[tuple[int, set[str], set[str]]]) -> None:
        table = f"{self.name}_{link}"
        added = sorted((value, stream) for stream, old, new in changes for value in new - old)
        removed = [(value, stream) for stream, old, new in changes for value in old - new]
        if removed:
            db.executemany(f"DELETE FROM {table} WHERE waarde = ? AND stroom = ?", removed)
        if added:
            db.executemany(f"INSERT INTO {table} VALUES (?, ?) ON CONFLICT DO NOTHING", added)


def drop(db: Connection, shape: Shape) -> None:
    """Remove the tables of a build."""
    for name in (shape.table, *map(shape.link, shape.links)):
        db.define(f"DROP TABLE IF EXISTS {name}")


Reading = Callable[[], AbstractContextManager[tuple[Connection, Shape]]]


class StoreReadModel:
    """``hub.plugins.ReadModel``: ``reading`` gives one consistent view of the build that is live at that moment.

    What is found by key or link is held to its gemeente here, not in the query: an engine that has no statistics may choose
    an index on gemeente for it, and read every row of that gemeente.
    """

    def __init__(self, name: str, reading: Reading) -> None:
        self._name = name
        self._reading = reading

    def get(self, gemeente: str, key: str) -> Row | None:
        """Return the row of stream ``key``, or None."""
        with self._reading() as (db, shape):
            rows = db.execute(f"SELECT gemeente, rij FROM {shape.table} WHERE sleutel = ?", (key,)).fetchall()
        return next((_decode(packed) for owner, packed in rows if owner == gemeente), None)

    def select(
        self,
        gemeente: str,
        *,
        where: str = "1=1",
        params: Sequence[Value] = (),
        order: str = "stroom",
        limit: int = 100,
    ) -> list[tuple[str, Row]]:
        """Return (key, row) pairs of one gemeente."""
        with self._reading() as (db, shape):
            query = f"SELECT sleutel, rij FROM {shape.table} WHERE gemeente = ? AND ({where}) ORDER BY {order} LIMIT ?"
            return [(key, _decode(packed)) for key, packed in db.execute(query, (gemeente, *params, limit))]

    def linked(self, gemeente: str, link: str, value: str) -> list[tuple[str, Row]]:
        """Return (key, row) of the rows whose link holds ``value``."""
        with self._reading() as (db, shape):
            if link not in shape.links:
                raise HubError(f"projection {self._name} has no link {link}")
            query = (
                f"SELECT gemeente, sleutel, rij FROM {shape.table} JOIN {shape.link(link)} USING (stroom)"
                " WHERE waarde = ? ORDER BY stroom"
            )
            return [(key, _decode(packed)) for owner, key, packed in db.execute(query, (value,)) if owner == gemeente]

    def tally(self, gemeente: str, column: str, *, where: str = "1=1", params: Sequence[Value] = ()) -> dict[Value, int]:
        """Return how many rows hold each value of ``column``."""
        with self._reading() as (db, shape):
            if column not in shape.columns:
                raise HubError(f"projection {self._name} has no column {column}")
            query = f"SELECT {column}, count(*) FROM {shape.table} WHERE gemeente = ? AND ({where}) GROUP BY {column}"
            return dict(db.execute(query, (gemeente, *params)).fetchall())


def _links(reader: Any, row: Row | None) -> Iterable[str]:
    return () if row is None else reader(row)
