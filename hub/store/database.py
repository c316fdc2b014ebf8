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
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from hub.errors import HubError, LostRace, Refused, Transient

T = TypeVar("T")
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=5000", "cache_size=-32000")
_GROUP: Final = 64
_RERUNS: Final = 20
_STOP: Final = 2


class StoreUnavailable(Transient):
    """The database does not take writes now (disk full, I/O error, locked). Nothing was accepted; try again later."""


class Database:
    """A SQLite file with one writer. ``write`` may be called from every thread; ``reader`` gives each thread its own view."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._write_connection = _connect(path)
        self._write_connection.executescript(schema)
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._jobs: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue()
        self._count = itertools.count()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"schrijver-{path.name}", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[sqlite3.Connection], T], *, urgent: bool = False) -> Future[T]:
        """Run ``work`` in one transaction in the writer thread; the future holds its result after the commit.

        Transient errors it raises about races are rerun whole, so it must have no effect outside the transaction.
        """
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(StoreUnavailable(f"{self.path.name} is closed: the hub is stopping"))
            return future
        self._jobs.put((0 if urgent else 1, next(self._count), (work, future)))
        return future

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Yield this thread's read-only connection inside one consistent view."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _connect(self.path, read_only=True)
            self._readers.append(connection)
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("COMMIT")

    def close(self) -> None:
        """Finish what was asked, truncate the WAL and close."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put((_STOP, next(self._count), None))
        self._thread.join()
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

    def _transaction(self, jobs: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]]) -> None:
        db = self._write_connection
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            db.execute("BEGIN IMMEDIATE")
            for work, future in jobs:
                outcomes.append((future, *_in_savepoint(db, work)))
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            fault = _store_fault(self.path, error)
            outcomes = [(future, None, fault) for _, future in jobs]
        for future, result, raised in outcomes:
            if raised is None:
                future.set_result(result)
            else:
                future.set_exception(raised)


def _in_savepoint(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], Any]) -> tuple[Any, BaseException | None]:
    for attempt in range(_RERUNS):
        db.execute("SAVEPOINT werk")
        try:
            result = work(db)
        except LostRace as error:
            db.execute("ROLLBACK TO werk")
            db.execute("RELEASE werk")
            if attempt == _RERUNS - 1 or not getattr(error, "rerun", False):
                return None, error
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            if not db.in_transaction or not isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise  # the file itself fails: the whole group does
            db.execute("ROLLBACK TO werk")
            db.execute("RELEASE werk")
            return None, error
        except Exception as error:  # noqa: BLE001 - handed to whoever asked for the work, through its future
            db.execute("ROLLBACK TO werk")
            db.execute("RELEASE werk")
            return None, error
        else:
            db.execute("RELEASE werk")
            return result, None
    raise HubError("unreachable: the last rerun returns")


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS if not read_only else ("busy_timeout=5000", "cache_size=-16000", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        raise Refused(
            f"{path} does not open as a database ({error}); check the path, its permissions and the disk, or put back a backup"
        ) from error
    return connection


def _store_fault(path: Path, error: sqlite3.Error) -> StoreUnavailable:
    return StoreUnavailable(f"{path.name} does not take writes now ({error}); nothing was accepted, check the disk")
