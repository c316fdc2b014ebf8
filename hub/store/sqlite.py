# SPDX-License-Identifier: EUPL-1.2
"""One SQLite file behind the store port: a single writer (see ``hub.store.writer``), and readers that never wait for it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from hub.errors import Refused
from hub.store.base import Connection, StoreUnavailable, Table, shapes
from hub.store.writer import Outcome, Work, Writer

T = TypeVar("T")
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "busy_timeout=5000",
    "cache_size=-32000",
    "wal_autocheckpoint=8000",
)
_TABLES: Final = (
    "SELECT m.name, c.name, c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, c.cid"
)
_BACKUP: Final = "put back its newest backup (docs/how-to/bestanden-veiligstellen.md)"
# What is wrong with the file or its disk, as against with one statement: nothing in this transaction can be trusted then.
_OF_THE_FILE: Final = frozenset(
    {
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB),
    }
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SqliteConnection(sqlite3.Connection):
    """``hub.store.base.Connection``: the standard library's own, at its own speed, with what SQLite does its own way."""

    transaction = 0

    def define(self, statement: str) -> None:
        """Run one CREATE or DROP; the file has one writer, so nobody else defines anything meanwhile."""
        self.execute(statement)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what was done inside when it raises; SQLite may have undone the whole transaction already."""
        self.execute("SAVEPOINT deel")
        try:
            yield
        except Exception:
            if self.in_transaction:
                self.execute("ROLLBACK TO deel")
                self.execute("RELEASE deel")
            raise
        self.execute("RELEASE deel")

    def lost(self, error: BaseException) -> bool:
        """Return True when the file or its disk failed."""
        return isinstance(error, sqlite3.Error) and _code(error) in _OF_THE_FILE

    def tables(self) -> list[Table]:
        """Return the tables of the file."""
        return shapes(self.execute(_TABLES))

    def number_on(self, _table: str) -> None:
        """Nothing: SQLite counts on from the highest by itself."""

    @contextmanager
    def unwiped(self) -> Iterator[None]:
        """Wiping is half the time of dropping a large table."""
        self.execute("PRAGMA secure_delete=OFF")
        try:
            yield
        finally:
            self.execute("PRAGMA secure_delete=ON")


class SqliteReading:
    """A file that this process only reads: ``hub.store.base.Database`` for commands beside a running hub."""

    remote = False

    def __init__(self, path: Path, *, remedy: str = _BACKUP) -> None:
        self.path = path
        self.name = path.name
        self._remedy = remedy
        self._local = threading.local()
        self._readers: list[SqliteConnection] = []

    def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> Future[T]:  # noqa: ARG002 - what the port asks
        """Refuse: this process reads."""
        raise Refused(f"{self.name} was opened for reading only; whoever writes it is the hub")

    def wiped(self) -> None:
        """Refuse: this process reads."""
        raise Refused(f"{self.name} was opened for reading only; whoever writes it is the hub")

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Yield this thread's read-only connection inside one consistent view."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _connect(self.path, remedy=self._remedy, read_only=True)
            self._readers.append(connection)
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._drop(connection)
            if connection.lost(error):
                raise self._fault(error) from error
            raise
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _drop(self, connection: SqliteConnection) -> None:
        """Forget a reader whose view ended in an error: the next one starts afresh."""
        connection.close()
        self._readers.remove(connection)
        self._local.connection = None

    def close(self) -> None:
        """Close every reader."""
        for connection in self._readers:
            connection.close()

    def _fault(self, error: sqlite3.Error) -> StoreUnavailable:
        if _code(error) in _DAMAGED:
            return StoreUnavailable(f"{self.name} is damaged ({error}): stop the hub and {self._remedy}")
        return StoreUnavailable(f"{self.name} does not work now ({error}); nothing was accepted, check the disk")


class SqliteDatabase(SqliteReading):
    """``hub.store.base.Database`` on one file. ``schema`` is run at opening; ``remedy`` is told when the file is damaged.

    Without ``durable`` the last commits may go with the power, the file stays whole: for what can be built again.
    """

    remote = False

    def __init__(self, path: Path, schema: str, *, remedy: str = _BACKUP, durable: bool = True) -> None:
        super().__init__(path, remedy=remedy)
        self._write_connection = _open(path, schema, remedy)
        if not durable:
            self._write_connection.execute("PRAGMA synchronous=NORMAL")
        self._writer = Writer(path.name, self._transact)

    def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> Future[T]:
        """Run ``work`` in one transaction in the writer thread; the future holds its result after the commit."""
        return self._writer.submit(work, urgent=urgent)

    def wiped(self) -> None:
        """Truncate the WAL: the file itself is overwritten by secure_delete."""
        with self._faults(), closing(_connect(self.path, remedy=self._remedy)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Finish what was asked, truncate the WAL and close."""
        if not self._writer.close():
            return
        with suppress(sqlite3.Error):  # a full or failing disk: the WAL is read at the next start, nothing is lost by it
            self._write_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        super().close()
        self._write_connection.close()

    def _transact(self, works: list[Work]) -> list[Outcome]:
        """Run the works in one transaction and return what came of each; when the file fails, it fails for all."""
        db = self._write_connection
        db.transaction += 1
        try:
            db.execute("BEGIN IMMEDIATE")
            outcomes = [_in_savepoint(db, work) for work in works] if len(works) > 1 else [_outcome(db, works[0])]
            db.execute("ROLLBACK" if all(error is not None for _, error in outcomes) else "COMMIT")
        except sqlite3.Error as error:
            fault = self._fault(error)
            with suppress(sqlite3.Error):  # SQLite has often rolled back by itself; if even this fails, the next BEGIN says so
                db.execute("ROLLBACK")
            return [(None, fault) for _ in works]
        return outcomes

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, Refused) as error:
            raise StoreUnavailable(f"{self.name} does not work now ({error}); check the disk") from error


def _in_savepoint(db: SqliteConnection, work: Work) -> Outcome:
    """Run one job of several; what it raises undoes that job alone. Costly: SQLite keeps each page as it was before the job."""
    db.execute("SAVEPOINT werk")
    outcome = _outcome(db, work)
    if outcome[1] is not None:
        db.execute("ROLLBACK TO werk")
    db.execute("RELEASE werk")
    return outcome


def _outcome(db: SqliteConnection, work: Work) -> Outcome:
    """Run one job; raises only when the file itself fails."""
    try:
        return work(db), None
    except Exception as error:
        if db.lost(error):
            raise
        return None, error


def _open(path: Path, schema: str, remedy: str) -> SqliteConnection:
    connection = _connect(path, remedy=remedy)
    try:
        connection.executescript(schema)
    except sqlite3.Error as error:
        connection.close()
        raise _refusal(path, error, remedy) from error
    return connection


def _connect(path: Path, *, remedy: str, read_only: bool = False) -> SqliteConnection:
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = None
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, factory=SqliteConnection)
        for pragma in _PRAGMAS if not read_only else ("busy_timeout=5000", "cache_size=-16000", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        if connection:
            connection.close()
        raise _refusal(path, error, remedy) from error
    return connection


def _refusal(path: Path, error: sqlite3.Error, remedy: str) -> Refused:
    if _code(error) in _DAMAGED:
        return Refused(f"{path} is damaged ({error}): {remedy}")
    return Refused(f"{path} does not open as a database ({error}); check the path, its permissions and the disk, or {remedy}")


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, SQLITE_ERROR for what the module itself raised."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
