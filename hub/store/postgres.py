# SPDX-License-Identifier: EUPL-1.2
"""One schema of a PostgreSQL database behind the store port.

What SQLite gives by being one file, PostgreSQL gives here by a lock: a transaction on the bookkeeping takes one advisory lock
first, so that nobody else writes in between, in whatever process (docs/besluiten). The read models need none: their writers
are fenced by the checkpoint they move first (R4).

Connections are made by whoever needs one, so that after an outage the first to ask gets through at once.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from hub.errors import HubError, Refused
from hub.plugins import Value
from hub.store.base import CommitUnknown, Connection, StoreUnavailable, Table, shapes
from hub.store.postgres_sql import NUMBERED, TABLES, adapt, packed, translated, with_types
from hub.store.writer import Outcome, Work, Writer

T = TypeVar("T")
Pg = psycopg.Connection[tuple[Any, ...]]
_RERUNS: Final = 5
_WISSEL: Final = 0x57495353  # the first half of every advisory lock of this program; the second says what is locked
BOOKKEEPING, KEYS, DEFINING, RUNNING, MIGRATING = range(5)
_VIEW: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_NETWORK: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# What is wrong with the server, its disk or the whole transaction, as against with one statement: connection, rollback by
# the server (deadlock), resources, timeouts, operator, I/O, corruption, and a server that became a standby.
_OF_THE_SERVER: Final = ("08", "40", "53", "55P03", "57", "58", "XX001", "XX002", "25006", "25P03")
_AGAIN: Final = ("40001", "40P01")
CHANNEL: Final = "wissel"
_MANY: Final = 20
_PLAIN: Final = re.compile(r"INSERT INTO (\w+)(?: \(([\w, ]+)\))? VALUES \(\?(?:, ?\?)*\)")
_COLUMN_TYPES: Final = WeakKeyDictionary[Pg, dict[tuple[str, str], list[int]]]()


@dataclass(frozen=True, slots=True)
class Server:
    """Where a database is. ``dsn`` may hold a password and is never shown; ``name`` is.

    A stopped process loses its transaction, with its locks, after ``idle_s``; who waits for a lock waits twice as long, so
    that it gets through.
    """

    dsn: str = field(repr=False)
    readers: int = 8
    wait_s: float = 10.0
    statement_s: int = 60
    idle_s: int = 10

    @property
    def name(self) -> str:
        """Return host and database, without user and password."""
        found = conninfo_to_dict(self.dsn)
        return f"{found.get('host') or 'localhost'}:{found.get('port') or 5432}/{found.get('dbname') or ''}"

    def connect(self, schema: str, *, purpose: str, statement_s: int | None = None) -> Pg:
        """Open a connection that sees one schema."""
        asked = conninfo_to_dict(self.dsn)
        wanted = {
            "search_path": f"{schema},pg_temp",
            "statement_timeout": f"{statement_s or self.statement_s}s",
            "lock_timeout": f"{2 * self.idle_s}s",
            "idle_in_transaction_session_timeout": f"{self.idle_s}s",
            "idle_session_timeout": "0",
        }
        options = " ".join([str(asked.get("options") or ""), *(f"-c {name}={value}" for name, value in wanted.items())])
        shown = {"options": options, "application_name": f"wissel-{purpose}", "client_encoding": "utf8"}
        found = psycopg.connect(make_conninfo("", **{**_NETWORK, **asked, **shown}), autocommit=True)
        adapt(found)
        return found


class PostgresConnection:
    """``hub.store.base.Connection`` on psycopg."""

    def __init__(self, pg: Pg, transaction: int = 0) -> None:
        self.pg = pg
        self.transaction = transaction

    def execute(self, sql: str, params: Sequence[Value] = (), /) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run one statement."""
        query, lists = translated(sql)
        return self.pg.cursor(binary=True).execute(query, packed(params, lists) if lists else params)

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]], /) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run one statement for each row, sent together; many rows of a plain insert by COPY (measured: 4 times as fast)."""
        given = rows if isinstance(rows, list) else list(rows)
        if len(given) >= _MANY and (found := _PLAIN.fullmatch(sql)):
            return self._copy(found[1], found[2] or "", given)
        cursor = self.pg.cursor(binary=True)
        cursor.executemany(translated(sql).sql, given)
        return cursor

    def _copy(self, table: str, columns: str, rows: list[Sequence[Value]]) -> psycopg.Cursor[tuple[Any, ...]]:
        known = _COLUMN_TYPES.setdefault(self.pg, {})
        types = known.get((table, columns))
        if types is None:
            description = self.pg.execute(f"SELECT {columns or '*'} FROM {table} LIMIT 0".encode()).description or ()
            types = known[table, columns] = [column.type_code for column in description]
        cursor = self.pg.cursor()
        into = f"{table} ({columns})" if columns else table
        with cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)".encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        return cursor

    def define(self, statement: str) -> None:
        """Run one CREATE or DROP; two that make the same table at once would fail, whatever IF NOT EXISTS says."""
        self.pg.execute(locked(DEFINING))
        self.pg.execute(with_types(statement).encode())

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what was done inside when it raises, unless the transaction is lost."""
        self.pg.execute("SAVEPOINT deel")
        try:
            yield
        except Exception as error:
            if not self.lost(error):
                self.pg.execute("ROLLBACK TO deel; RELEASE deel")
            raise
        self.pg.execute("RELEASE deel")

    def lost(self, error: BaseException) -> bool:
        """Return True when the connection, the server or the whole transaction failed."""
        return self.pg.broken or self.pg.closed or (isinstance(error, psycopg.Error) and _is(error, _OF_THE_SERVER))

    def tables(self) -> list[Table]:
        """Return the tables of the schema but the record of its migrations."""
        return shapes(self.pg.execute(TABLES))

    def number_on(self, table: str) -> None:
        """Set the sequence of an identity column, which knows nothing of numbers that rows brought along."""
        for (column,) in self.pg.execute(NUMBERED, (table,)).fetchall():
            highest = f"(SELECT coalesce(max({column}), 0) + 1 FROM {table})"
            self.pg.execute(f"SELECT setval(pg_get_serial_sequence(%s, %s), {highest}, false)".encode(), (table, column))

    def unwiped(self) -> AbstractContextManager[None]:
        """PostgreSQL never overwrites what is deleted."""
        return nullcontext()


class PostgresDatabase:
    """``hub.store.base.Database`` on one schema.

    ``alone``: a lock that its transactions take first, in every process. Without ``durable`` its last commits may go with the
    power. ``tells``: each commit is told to the other processes (hub/store/herald.py).
    """

    remote = True

    def __init__(
        self,
        server: Server,
        schema: str,
        *,
        alone: int | None = None,
        statement_s: int | None = None,
        durable: bool = True,
        tells: bool = False,
    ) -> None:
        self.name = f"{schema} ({server.name})"
        self._server = server
        self._schema = schema
        self._statement_s = statement_s
        self._durable = durable
        self._begin = b"BEGIN" if alone is None else f"BEGIN; {locked(alone)}".encode()
        self._end = f"NOTIFY {CHANNEL}; COMMIT".encode() if tells else b"COMMIT"
        self._local = threading.local()
        self._slots: queue.LifoQueue[Pg | None] = queue.LifoQueue()
        for _ in range(server.readers):
            self._slots.put(None)
        self._pg: Pg | None = None
        self._transactions = 0
        try:
            self._pg = self._connect("schrijver")
        except StoreUnavailable as error:
            raise Refused(str(error)) from error
        self._writer = Writer(schema, self._transact)

    def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> Future[T]:
        """Run ``work`` in one transaction in the writer thread; the future holds its result after the commit."""
        return self._writer.submit(work, urgent=urgent)

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Yield a read-only connection inside one consistent view; this thread's own when it is inside one."""
        inside: PostgresConnection | None = getattr(self._local, "inside", None)
        if inside:
            yield inside
            return
        with self._slot() as pg:
            db = self._local.inside = PostgresConnection(pg)
            try:
                yield db
            except psycopg.Error as error:
                if db.lost(error):
                    raise self._fault(error) from error
                raise
            finally:
                self._local.inside = None

    @contextmanager
    def _slot(self) -> Iterator[Pg]:
        """Lend a connection with a view begun; what ended in an error is not lent again."""
        pg = self._begun()
        try:
            yield pg
        finally:
            with suppress(psycopg.Error):
                pg.execute("ROLLBACK")  # of a view nothing stays either way
            if pg.info.transaction_status != TransactionStatus.IDLE:
                pg.close()
            self._slots.put(None if pg.closed else pg)

    def _begun(self) -> Pg:
        """Return a connection with a view begun. One that died while it lay still shows that here, and is replaced."""
        try:
            pg = self._slots.get(timeout=self._server.wait_s)
        except queue.Empty:
            raise StoreUnavailable(
                f"all {self._server.readers} reading connections of {self.name} are in use; raise [opslag] lezers"
            ) from None
        try:
            if pg is None or not _viewing(pg):
                pg = self._connect("lezer")
                pg.execute(_VIEW)
        except BaseException as error:
            self._slots.put(None)
            if isinstance(error, psycopg.Error):
                raise self._fault(error) from error
            raise
        return pg

    def close(self) -> None:
        """Finish what was asked, and close every connection."""
        if not self._writer.close():
            return
        with suppress(queue.Empty):
            while True:
                if pg := self._slots.get_nowait():
                    pg.close()
        if self._pg:
            self._pg.close()

    def wiped(self) -> None:
        """PostgreSQL keeps what was deleted until it is vacuumed, and in its WAL: docs/how-to/postgresql.md says what to do."""

    # ----------------------------------------------------------------------------------------------- writing

    def _transact(self, works: list[Work]) -> list[Outcome]:
        """Run the works in one transaction; again when the server asks for it, or the connection was lost before COMMIT."""
        for last in (*(False,) * (_RERUNS - 1), True):
            try:
                db = self._writing()
                outcomes = self._run(db, works)
            except psycopg.Error as error:
                broken = self._give_up()
                if last or not (broken or _is(error, _AGAIN)):
                    return self._all(works, self._fault(error))
            except StoreUnavailable as fault:
                return self._all(works, fault)
            else:
                return self._commit(db, works, outcomes)
        raise AssertionError

    def _writing(self) -> PostgresConnection:
        """Return the writer's connection with a transaction begun."""
        if self._pg is None:
            self._pg = self._connect("schrijver")
        self._transactions += 1
        self._pg.execute(self._begin)
        return PostgresConnection(self._pg, self._transactions)

    def _run(self, db: PostgresConnection, works: list[Work]) -> list[Outcome]:
        if len(works) > 1:
            return [_in_savepoint(db, work) for work in works]
        outcome = _result(db, works[0])
        if outcome[1] is not None:
            db.pg.execute("ROLLBACK")
        return [outcome]

    def _commit(self, db: PostgresConnection, works: list[Work], outcomes: list[Outcome]) -> list[Outcome]:
        if db.pg.info.transaction_status == TransactionStatus.IDLE:
            return outcomes  # the one job there was has been rolled back
        try:
            db.pg.execute(self._end)
        except psycopg.Error as error:
            if not self._give_up():
                return self._all(works, self._fault(error))
            unknown = CommitUnknown(f"{self.name}: the connection broke during a commit ({_told(error)}); look what stands")
            return self._all(works, unknown)
        return outcomes

    def _give_up(self) -> bool:
        """Roll back; True when the connection is gone, and the transaction with it unless it was being committed."""
        pg, self._pg = self._pg, None
        if pg is None:
            return True
        with suppress(psycopg.Error):
            if not pg.broken:
                pg.execute("ROLLBACK")
        if pg.broken or pg.closed:
            pg.close()
            return True
        self._pg = pg
        return False

    def _all(self, works: list[Work], error: HubError) -> list[Outcome]:
        return [(None, error) for _ in works]

    def _connect(self, purpose: str) -> Pg:
        try:
            pg = self._server.connect(self._schema, purpose=f"{self._schema}-{purpose}", statement_s=self._statement_s)
            if not self._durable:  # what is being built again: a commit lost with the power is built again too
                pg.execute("SET synchronous_commit = off")
        except psycopg.Error as error:
            raise self._fault(error) from error
        return pg

    def _fault(self, error: psycopg.Error) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self.name} does not work now ({_told(error)}); nothing was accepted, check the PostgreSQL server"
        )


def _viewing(pg: Pg) -> bool:
    """Begin a view; False when the connection died while it lay still."""
    try:
        pg.execute(_VIEW)
    except psycopg.Error:
        pg.close()
        return False
    return True


def tried(what: int, *, shared: bool = False) -> str:
    """Return the statement that takes one of this program's advisory locks for as long as the connection lives, if it can."""
    return f"SELECT pg_try_advisory_lock{'_shared' if shared else ''}({_WISSEL}, {what})"


def locked(what: int) -> str:
    """Return the statement that takes one of this program's advisory locks until the transaction ends."""
    return f"SELECT pg_advisory_xact_lock({_WISSEL}, {what})"


def _in_savepoint(db: PostgresConnection, work: Work) -> Outcome:
    """Run one job of several; what it raises undoes that job alone, unless the transaction is lost."""
    db.pg.execute("SAVEPOINT werk")
    outcome = _result(db, work)
    db.pg.execute("RELEASE werk" if outcome[1] is None else "ROLLBACK TO werk; RELEASE werk")
    return outcome


def _result(db: PostgresConnection, work: Work) -> Outcome:
    """Run one job. A statement that failed without its job saying so would undo the transaction silently: that is an error."""
    try:
        result = work(db)
    except Exception as error:
        if db.lost(error):
            raise
        return None, error
    if db.pg.info.transaction_status == TransactionStatus.INERROR:
        return None, HubError("a statement of this transaction failed and the error was swallowed: use a savepoint for that")
    return result, None


def _is(error: psycopg.Error, codes: Sequence[str]) -> bool:
    return (error.sqlstate or "").startswith(tuple(codes))


def _told(error: psycopg.Error) -> str:
    """Return what PostgreSQL says in one line, without values: its first line names no data, its DETAIL might."""
    said = error.diag.message_primary or (str(error).splitlines() or [""])[0]
    return f"{error.sqlstate}: {said}" if error.sqlstate else said
