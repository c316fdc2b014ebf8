# SPDX-License-Identifier: EUPL-1.2
"""Copies tables from one store to another, in batches: what was copied before an interruption is copied again or gone on with.

The log is gone on with, because events never change once they stand there; everything else is little, and is done anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from hub.errors import Refused
from hub.log.base import OFFSET_BITS, OFFSET_MASK
from hub.plugins import Value
from hub.store.base import Connection, Database, Table

Meld = Callable[[str], None]
_BATCH: Final = 2_000
_TELL: Final = 50_000
LOG: Final = "gebeurtenis"
# meta is written by the move itself; leases are of processes; places in a topic are of that topic; flows are translated
APART: Final = frozenset({"meta", "lease", "publicatie", "controlepunt", "geparkeerd", "gezien"})


class Afdruk(NamedTuple):
    """What a table holds: how many rows, and the SHA-256 over all of them in the order of their key."""

    naam: str
    rijen: int
    sha256: str


def te_kopieren(van: Database, naar: Database) -> list[Table]:
    """Return the tables to copy. Refused when the target has no place for what the source holds."""
    there = {table.name: table for table in _tables(naar)}
    found = []
    for table in _tables(van):
        if table.name in APART or (table.name not in there and not _count(van, table)):
            continue
        if table.name not in there or set(there[table.name].columns) != set(table.columns) or not table.key:
            raise Refused(
                f"tabel {table.name} is bij het doel niet dezelfde: gebruik aan beide kanten deze versie van Wissel en dezelfde"
                " connectors, en maak de tabellen in PostgreSQL met `wissel migreer --fase pre`"
            )
        found.append(table)
    return found


def gevuld(database: Database, *, zonder: frozenset[str]) -> list[str]:
    """Return the tables that hold anything, but these."""
    return [table.name for table in _tables(database) if table.name not in zonder and _count(database, table)]


def refuse_verder(van: Database, naar: Database) -> None:
    """Refuse a target that has events the source does not have: it is another log, or one that went on by itself."""
    for base in _partitions(naar):
        last = _last(naar, base)
        if last is not None and _id_at(van, last) != _id_at(naar, last):
            raise Refused(
                "het doel heeft gebeurtenissen die de bron niet heeft: daar is verder gewerkt. Er is niets gewijzigd; zoek uit"
                " welke van de twee waar is, en verhuis die naar een lege opslag"
            )


def kopieer(van: Database, naar: Database, tables: Sequence[Table], meld: Meld) -> None:
    """Copy tables, the log last: an interrupted copy is then never taken for a whole one."""
    for table in sorted(tables, key=lambda table: table.name == LOG):
        if table.name == LOG:
            _go_on(van, naar, table, meld)
            continue
        naar.write(partial(_empty, table=table)).result()
        rows = _insert(naar, table, _pages(van, table))
        naar.write(partial(_number_on, table=table)).result()
        if rows:
            meld(f"{table.name}: {rows} rijen")


def afdrukken(database: Database, tables: Sequence[Table]) -> list[Afdruk]:
    """Return what each of these tables holds."""
    return [_print_of(database, table) for table in tables]


def _go_on(van: Database, naar: Database, table: Table, meld: Meld) -> None:
    """Copy what the target does not have of the log, partition by partition."""
    copied = 0
    for base in _partitions(van):
        last = _last(naar, base)
        for page in _pages(van, table, after=(base - 1 if last is None else last,), up_to=base | OFFSET_MASK):
            _insert(naar, table, [page])
            if (copied + len(page)) // _TELL > copied // _TELL:
                meld(f"{table.name}: {copied + len(page)} gekopieerd")
            copied += len(page)
    meld(f"{table.name}: {copied} gekopieerd")


def _pages(database: Database, table: Table, *, after: Sequence[Value] = (), up_to: int | None = None) -> Iterator[Any]:
    """Yield the rows of a table in the order of its key; ``up_to`` bounds a key of one number."""
    at = [table.columns.index(column) for column in table.key]
    key, last = ", ".join(table.key), tuple(after)
    bound = f" AND {key} <= {up_to}" if up_to is not None else ""
    while True:
        where = f" WHERE ({key}) > ({_marks(table.key)}){bound}" if last else ""
        query = f"SELECT {', '.join(table.columns)} FROM {table.name}{where} ORDER BY {key} LIMIT {_BATCH}"
        with database.reader() as db:
            page = db.execute(query, last).fetchall()
        if not page:
            return
        yield page
        last = tuple(page[-1][place] for place in at)


def _insert(naar: Database, table: Table, pages: Any) -> int:
    query = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({_marks(table.columns)})"
    count = 0
    for page in pages:
        naar.write(partial(_insert_page, query=query, page=page)).result()
        count += len(page)
    return count


def _insert_page(db: Connection, query: str, page: Sequence[Sequence[Value]]) -> None:
    db.executemany(query, page)


def _empty(db: Connection, table: Table) -> None:
    db.execute(f"DELETE FROM {table.name}")


def _number_on(db: Connection, table: Table) -> None:
    db.number_on(table.name)


def _print_of(database: Database, table: Table) -> Afdruk:
    digest, count = hashlib.sha256(), 0
    ordered = table._replace(columns=tuple(sorted(table.columns)))
    for page in _pages(database, ordered):
        for row in page:
            digest.update(repr(tuple(row)).encode())
        count += len(page)
    return Afdruk(table.name, count, digest.hexdigest())


def _tables(database: Database) -> list[Table]:
    with database.reader() as db:
        return db.tables()


def _count(database: Database, table: Table) -> bool:
    with database.reader() as db:
        return db.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() is not None


def _partitions(database: Database) -> list[int]:
    """Return the place of each partition's first event."""
    with database.reader() as db:
        return [row[0] << OFFSET_BITS for row in db.execute("SELECT id FROM partitie ORDER BY id")]


def _last(database: Database, base: int) -> int | None:
    query = "SELECT max(plaats) FROM gebeurtenis WHERE plaats >= ? AND plaats <= ?"
    with database.reader() as db:
        found: int | None = db.execute(query, (base, base | OFFSET_MASK)).fetchone()[0]
    return found


def _id_at(database: Database, place: int) -> bytes | None:
    with database.reader() as db:
        row = db.execute("SELECT id FROM gebeurtenis WHERE plaats = ?", (place,)).fetchone()
    return bytes(row[0]) if row else None


def _marks(columns: Sequence[str]) -> str:
    return ",".join("?" * len(columns))
