# SPDX-License-Identifier: EUPL-1.2
"""The store port: what the hub asks of a database, whatever engine is behind it.

SQL is written once, in what SQLite and PostgreSQL share: ``?`` for a parameter, ``INTEGER`` and ``BLOB`` in definitions (an
engine maps the types it calls otherwise), ``ON CONFLICT (...) DO NOTHING``, columns qualified in a ``DO UPDATE``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from hub.errors import Transient
from hub.plugins import Value

T = TypeVar("T")


class StoreUnavailable(Transient):
    """The database does not take writes now (disk full, I/O error, locked, away). Nothing was accepted; try again later."""


class CommitUnknown(Transient):
    """The connection broke while a transaction was committed: it may stand or not. Read the checkpoint or row again (R4)."""


class Table(NamedTuple):
    """A table as it stands in a database: its columns, and those of its primary key in order."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """Return how many rows were touched."""

    def fetchone(self) -> Any:
        """Return the next row, None after the last."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Go through the rows that are left."""


class Connection(Protocol):
    """One transaction's way to the database. ``transaction`` numbers them: what was seen in this one may be undone yet."""

    transaction: int

    def execute(self, sql: str, params: Sequence[Value] = (), /) -> Cursor:
        """Run one statement."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]], /) -> Cursor:
        """Run one statement for each row."""

    def define(self, statement: str) -> None:
        """Run one CREATE or DROP. Whoever else defines something in this database waits until this transaction ends."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what was done inside, and only that, when the inside raises; unless the transaction is lost."""

    def lost(self, error: BaseException) -> bool:
        """Return True when after this error nothing of the transaction can be trusted; False for one bad statement."""

    def tables(self) -> list[Table]:
        """Return the tables that are here, by name; what the engine keeps for itself left out."""

    def number_on(self, table: str) -> None:
        """Let the numbers that a table gives out go on after the highest it holds, once rows came in with their own."""

    def unwiped(self) -> AbstractContextManager[None]:
        """Do not overwrite what is deleted inside: for rows that come back at once, sealed as they were."""


class Database(Protocol):
    """A database with one writer thread. ``write`` may be called from every thread; ``reader`` gives each its own view."""

    name: str
    remote: bool  # a server elsewhere: looking there may take long, so never on the event loop

    def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> Future[T]:
        """Run ``work`` in one transaction in the writer thread; the future holds its result after the commit.

        Urgent jobs (webhooks, commands, outcomes) go first, and those that wait together share one commit. What ``work``
        raises comes to the caller and undoes that job alone: it must have no effect outside its transaction, and may be run
        again where a transaction must be rerun. Whoever cancels the future before the work began has not asked for it.
        """

    def reader(self) -> AbstractContextManager[Connection]:
        """Yield a read-only connection inside one consistent view; the same one when this thread is inside already."""

    def wiped(self) -> None:
        """Let what was deleted be gone from the database's own journal too, as far as the engine can."""

    def close(self) -> None:
        """Finish what was asked, and close."""


def shapes(rows: Iterable[Sequence[Any]]) -> list[Table]:
    """Return the tables of (table, column, place in the primary key or 0), which come by table and in column order."""
    found: dict[str, list[tuple[str, int]]] = {}
    for table, column, place in rows:
        found.setdefault(str(table), []).append((str(column), int(place)))
    return [
        Table(name, tuple(column for column, _ in columns), tuple(c for c, place in sorted(columns, key=_place) if place))
        for name, columns in found.items()
    ]


def _place(column: tuple[str, int]) -> int:
    return column[1]
