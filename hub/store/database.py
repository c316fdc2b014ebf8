# SPDX-License-Identifier: EUPL-1.2
"""One SQLite file: a single writer thread in which urgent work goes before batches, and readers that never wait for it.

Urgent jobs (webhooks, commands, outcomes) that wait together share one commit; each keeps its own savepoint, so that
the failure of one leaves the others whole.
"""

from __future__ import annotations

import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from hub.errors import Refused, Transient

T = TypeVar("T")
Job = tuple[Callable[[sqlite3.Connection], Any], Future[Any]]
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=5000", "cache_size=-32000")
_GROUP: Final = 64
_STOP: Final = 2
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


class StoreUnavailable(Transient):
    """The database does not take writes now (disk full, I/O error, locked). Nothing was accepted; try again later."""


class Database:
    """A SQLite file with one writer. ``write`` may be called from every thread; ``reader`` gives each thread its own view."""

    def __init__(self, path: Path, schema: str, *, remedy: str = _BACKUP) -> None:
        self.path = path
        self._remedy = remedy
        self._write_connection = _open(path, schema, remedy)
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._jobs: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue()
        self._count = itertools.count()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"schrijver-{path.name}", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[sqlite3.Connection], T], *, urgent: bool = False) -> Future[T]:
        """Run ``work`` in one transaction in the writer thread; the future holds its result after the commit.

        What ``work`` raises comes to the caller and its transaction is rolled back: it must have no effect outside that.
        Whoever cancels the future before the work began has not asked for it.
        """
        future: Future[T] = Future()
        with self._gate:
            if not self._closed:
                self._jobs.put((0 if urgent else 1, next(self._count), (work, future)))
                return future
        future.set_exception(StoreUnavailable(f"{self.path.name} is closed: the hub is stopping"))
        return future

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
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
            if file_failed(error):
                raise self._fault(error) from error
            raise
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _drop(self, connection: sqlite3.Connection) -> None:
        """Forget a reader whose view ended in an error: the next one starts afresh."""
        connection.close()
        self._readers.remove(connection)
        self._local.connection = None

    def close(self) -> None:
        """Finish what was asked, truncate the WAL and close."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._jobs.put((_STOP, next(self._count), None))
        self._thread.join()
        with suppress(sqlite3.Error):  # a full or failing disk: the WAL is read at the next start, nothing is lost by it
            self._write_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for connection in (*self._readers, self._write_connection):
            connection.close()

    def _run(self) -> None:
        while True:
            priority, _, job = self._jobs.get()
            if priority == _STOP:
                return
            self._transaction([job, *self._waiting_urgent()] if priority == 0 else [job])

    def _waiting_urgent(self) -> list[Any]:
        """Take the urgent jobs that wait now, up to a group; anything else goes back."""
        group: list[Any] = []
        while len(group) < _GROUP:
            try:
                entry = self._jobs.get_nowait()
            except queue.Empty:
                return group
            if entry[0] != 0:
                self._jobs.put(entry)
                return group
            group.append(entry[2])
        return group

    def _transaction(self, jobs: list[Job]) -> None:
        wanted = [job for job in jobs if job[1].set_running_or_notify_cancel()]
        for future, result, raised in self._outcomes(wanted) if wanted else ():
            if raised is None:
                future.set_result(result)
            else:
                future.set_exception(raised)

    def _outcomes(self, jobs: list[Job]) -> list[tuple[Future[Any], Any, BaseException | None]]:
        """Run the jobs in one transaction and return what came of each; when the file fails, it fails for all."""
        db = self._write_connection
        try:
            db.execute("BEGIN IMMEDIATE")
            outcomes = [(future, *_in_savepoint(db, work)) for work, future in jobs]
            db.execute("COMMIT")
        except sqlite3.Error as error:
            fault = self._fault(error)
            with suppress(sqlite3.Error):  # SQLite has often rolled back by itself; if even this fails, the next BEGIN says so
                db.execute("ROLLBACK")
            return [(future, None, fault) for _, future in jobs]
        return outcomes

    def _fault(self, error: sqlite3.Error) -> StoreUnavailable:
        if _code(error) in _DAMAGED:
            return StoreUnavailable(f"{self.path.name} is damaged ({error}): stop the hub and {self._remedy}")
        return StoreUnavailable(f"{self.path.name} does not work now ({error}); nothing was accepted, check the disk")


def file_failed(error: BaseException) -> bool:
    """Return True when the file or its disk failed, so that the whole transaction is lost; False for one bad statement."""
    return isinstance(error, sqlite3.Error) and _code(error) in _OF_THE_FILE


def _in_savepoint(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], Any]) -> tuple[Any, BaseException | None]:
    """Run one job; what it raises undoes that job alone, unless the file itself fails."""
    db.execute("SAVEPOINT werk")
    try:
        result = work(db)
    except Exception as error:
        if file_failed(error):
            raise
        db.execute("ROLLBACK TO werk")
        db.execute("RELEASE werk")
        return None, error
    db.execute("RELEASE werk")
    return result, None


def _open(path: Path, schema: str, remedy: str) -> sqlite3.Connection:
    connection = _connect(path, remedy=remedy)
    try:
        connection.executescript(schema)
    except sqlite3.Error as error:
        connection.close()
        raise _refusal(path, error, remedy) from error
    return connection


def _connect(path: Path, *, remedy: str, read_only: bool = False) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = None
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
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
