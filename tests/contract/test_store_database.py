# SPDX-License-Identifier: EUPL-1.2
"""What a database of the store does on every engine: one writer that outlives whoever asked, views that hold still."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import psycopg
import pytest

from hub.store.base import Table
from hub.store.postgres import BOOKKEEPING, PostgresDatabase, Server
from hub.store.sqlite import SqliteDatabase

SCHEMA = "CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, tekst TEXT, inhoud BLOB);"
ENGINE_ERRORS = (sqlite3.Error, psycopg.Error)


@pytest.fixture(params=["sqlite", "postgres"])
def open_database(request, tmp_path):
    """A function that opens the database (again)."""
    if request.param == "sqlite":
        yield lambda: SqliteDatabase(tmp_path / "t.db", SCHEMA)
        return
    with request.getfixturevalue("postgres").database() as address:

        def opened():
            database = PostgresDatabase(Server(address), "wissel", alone=BOOKKEEPING)
            database.write(lambda db: db.define(SCHEMA.strip(";"))).result()
            return database

        yield opened


@pytest.fixture
def database(open_database):
    opened = open_database()
    yield opened
    opened.close()


def insert(number):
    return lambda db: db.execute("INSERT INTO t (n) VALUES (?)", (number,)).rowcount


def rows(database):
    with database.reader() as db:
        return [row[0] for row in db.execute("SELECT n FROM t ORDER BY n")]


class Held:
    """Keeps the writer busy, so that what is asked meanwhile waits in the queue."""

    def __init__(self, database):
        self._go, self._inside = threading.Event(), threading.Event()
        self.job = database.write(self._work)
        assert self._inside.wait(5)

    def _work(self, _db):
        self._inside.set()
        assert self._go.wait(5)

    def release(self):
        self._go.set()
        self.job.result(5)


def test_who_stops_waiting_does_not_stop_the_writer(database):
    """A cancelled request (a stopping hub, a client that hangs up) leaves the writer alive, and its work undone."""
    held = Held(database)
    given_up = database.write(insert(1))
    assert given_up.cancel()
    held.release()
    assert database.write(insert(2)).result(5) == 1
    assert rows(database) == [2]


def test_work_that_began_is_finished_whoever_waits(database):
    """Cancelling the waiting task while its work runs neither harms the writer nor undoes the work."""

    async def scenario():
        inside, go = threading.Event(), threading.Event()

        def work(db):
            inside.set()
            assert go.wait(5)
            return insert(1)(db)

        task = asyncio.ensure_future(asyncio.wrap_future(database.write(work)))
        await asyncio.to_thread(inside.wait, 5)
        task.cancel()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.wrap_future(database.write(insert(2)))

    assert asyncio.run(asyncio.wait_for(scenario(), 5)) == 1
    assert rows(database) == [1, 2]


def test_a_wrong_statement_fails_alone(database):
    """Urgent jobs share a commit; one with a mistake in it takes nobody with it, and is no fault of the file."""
    held = Held(database)
    good = database.write(insert(1), urgent=True)
    wrong = database.write(lambda db: db.execute("SELECT nothing FROM nowhere"), urgent=True)
    double = database.write(insert(1), urgent=True)
    also_good = database.write(insert(2), urgent=True)
    held.release()
    assert good.result(5) == also_good.result(5) == 1
    with pytest.raises(ENGINE_ERRORS):
        wrong.result(5)
    with pytest.raises(ENGINE_ERRORS):
        double.result(5)
    assert rows(database) == [1, 2]


def test_half_a_job_never_stays(database):
    """What a job wrote before it failed is gone, also within a shared commit."""

    def half(db):
        insert(1)(db)
        raise ValueError

    held = Held(database)
    jobs = [database.write(half, urgent=True), database.write(insert(2), urgent=True)]
    held.release()
    with pytest.raises(ValueError):
        jobs[0].result(5)
    assert jobs[1].result(5) == 1
    assert rows(database) == [2]


def test_urgent_work_goes_before_batches(database):
    """A webhook or command never waits behind batches that were asked before it (R3)."""
    order = []
    held = Held(database)
    batches = [database.write(lambda _db, n=n: order.append(f"batch {n}")) for n in range(3)]
    urgent = database.write(lambda _db: order.append("urgent"), urgent=True)
    held.release()
    for job in (*batches, urgent):
        job.result(5)
    assert order == ["urgent", "batch 0", "batch 1", "batch 2"]


def test_batches_that_wait_together_share_a_commit(database):
    """What several partitions brought is one fsync, and one of them that fails leaves the others whole."""

    def in_transaction(number):
        return lambda db: (insert(number)(db), db.transaction)[1]

    held = Held(database)
    given = [database.write(in_transaction(number)) for number in (1, 2, 2, 3)]
    held.release()
    assert given[0].result(5) == given[1].result(5) == given[3].result(5)
    with pytest.raises(ENGINE_ERRORS):
        given[2].result(5)
    assert rows(database) == [1, 2, 3]


def test_nobody_waits_for_a_closed_database(open_database):
    """Work asked while or after the file closes is refused or done, never left waiting."""
    for _ in range(5):
        database = open_database()
        futures = []
        asking = threading.Thread(target=lambda d=database, f=futures: f.extend(d.write(lambda _db: 1) for _ in range(200)))
        asking.start()
        database.close()
        asking.join()
        errors = [future.exception(5) for future in futures]
        assert len(errors) == 200
        assert all(error is None or "closed" in str(error) for error in errors)


def test_a_reader_sees_one_moment(database):
    """What is committed during a view is not in it."""
    database.write(insert(1)).result()
    with database.reader() as db:
        before = db.execute("SELECT count(*) FROM t").fetchone()
        database.write(insert(2)).result()
        assert db.execute("SELECT count(*) FROM t").fetchone() == before
    assert rows(database) == [1, 2]


def test_a_reader_cannot_write(database):
    """There is one writer; everything else only looks."""
    with database.reader() as db, pytest.raises(ENGINE_ERRORS):
        db.execute("INSERT INTO t (n) VALUES (9)")


def test_a_view_within_a_view_is_the_same_view(database):
    """Whoever looks while looking sees the same moment, also through a function that looks by itself."""
    database.write(insert(1)).result()
    with database.reader() as outer:
        before = outer.execute("SELECT count(*) FROM t").fetchone()
        database.write(insert(2)).result()
        assert rows(database) == [1]
        assert outer.execute("SELECT count(*) FROM t").fetchone() == before
    assert rows(database) == [1, 2]


def test_what_goes_wrong_in_a_view_harms_no_later_view(database):
    """A wrong statement, or an error of who looks, leaves the thread able to look again."""
    for wrong in ("SELECT nothing FROM nowhere", None):
        with pytest.raises((*ENGINE_ERRORS, ZeroDivisionError)), database.reader() as db:
            db.execute(wrong) if wrong else 1 / 0
        assert rows(database) == []


def test_a_savepoint_undoes_its_inside_only(database):
    """What was done before it stays, what comes after it works (R13: one bad row does not take the batch with it)."""

    def twice(db):
        with db.savepoint():
            insert(2)(db)
            insert(1)(db)

    def work(db):
        insert(1)(db)
        with pytest.raises(ENGINE_ERRORS):
            twice(db)
        with db.savepoint():
            insert(3)(db)

    database.write(work).result(5)
    assert rows(database) == [1, 3]


VALUES = [
    (2**62, "grüße, œuvre, 中文, 50% 'x' ? $1", b"\x00\xff" * 3),
    (-(2**62), "", b""),
    (0, None, None),
]


def test_values_come_back_as_they_went_in(database):
    """Whole numbers of any size, text with everything in it, bytes, nothing, and a bool as the number it is."""
    insert_all = "INSERT INTO t (n, tekst, inhoud) VALUES (?,?,?)"
    assert database.write(lambda db: db.executemany(insert_all, VALUES).rowcount).result(5) == len(VALUES)
    database.write(lambda db: db.execute("UPDATE t SET n = ? WHERE n = ?", (True, 0))).result(5)
    with database.reader() as db:
        found = db.execute("SELECT n, tekst, inhoud FROM t ORDER BY n").fetchall()
    assert found == [VALUES[1], (1, None, None), VALUES[0]]


def test_one_sql_text_does_for_every_engine(database):
    """Lists, patterns, a character that means something to a driver, and what changed a row or did not."""

    def work(db):
        db.executemany("INSERT INTO t (n, tekst) VALUES (?,?)", [(n, f"rij {n}") for n in range(1, 8)])
        kept = db.execute("INSERT INTO t (n, tekst) VALUES (?,?) ON CONFLICT DO NOTHING", (1, "x")).rowcount
        upsert = "INSERT INTO t (n, tekst) VALUES (?,?) ON CONFLICT (n) DO UPDATE SET tekst = excluded.tekst || t.tekst"
        return kept, db.execute(upsert, (2, "nieuw ")).rowcount

    assert database.write(work).result(5) == (0, 1)
    with database.reader() as db:
        query = f"SELECT n FROM t WHERE n IN ({','.join('?' * 3)}) AND n <> ? ORDER BY n"
        assert [row[0] for row in db.execute(query, (2, 3, 99, 3))] == [2]
        assert [row[0] for row in db.execute("SELECT n FROM t WHERE tekst NOT IN (?,?) ORDER BY n", ("rij 1", "rij 3"))] == [
            *(2, 4, 5, 6, 7)
        ]
        assert db.execute("SELECT tekst FROM t WHERE tekst LIKE 'nieuw%'").fetchall() == [("nieuw rij 2",)]
        assert db.execute("SELECT n % ? FROM t WHERE n = ?", (4, 7)).fetchone() == (3,)
        assert db.execute("SELECT n FROM t WHERE n = ?", (99,)).fetchone() is None


def test_text_is_compared_byte_by_byte(database):
    """A page that goes on after a key rests on it: no locale puts capitals or hyphens elsewhere."""
    words = ["Zaak", "aak", "a-b", "ab", "a b", "É", "e", "_"]
    database.write(lambda db: db.executemany("INSERT INTO t (n, tekst) VALUES (?,?)", list(enumerate(words)))).result(5)
    with database.reader() as db:
        assert [row[0] for row in db.execute("SELECT tekst FROM t ORDER BY tekst")] == sorted(words, key=str.encode)


def test_transactions_are_numbered(database):
    """What was made in a transaction that may yet be undone is known by its number."""
    numbers = [database.write(lambda db: db.transaction).result(5) for _ in range(3)]
    assert len(set(numbers)) == 3


def test_many_rows_go_in_as_few_do(database):
    """However an engine takes many rows at once: same values, and all or nothing."""
    many = [(n, f"rij {n}" if n % 2 else None, bytes([n % 256])) for n in range(500)]
    insert_all = "INSERT INTO t (n, tekst, inhoud) VALUES (?,?,?)"
    assert database.write(lambda db: db.executemany(insert_all, iter(many)).rowcount).result(10) == len(many)
    with database.reader() as db:
        assert db.execute("SELECT n, tekst, inhoud FROM t ORDER BY n").fetchall() == many

    def twice(db):
        with pytest.raises(ENGINE_ERRORS), db.savepoint():
            db.executemany("INSERT INTO t VALUES (?,?,?)", [(n, None, None) for n in range(1_000, 0, -1)])
        with pytest.raises((*ENGINE_ERRORS, TypeError)), db.savepoint():
            db.executemany("INSERT INTO t VALUES (?,?,?)", [(n, object(), None) for n in range(2_000, 2_100)])
        insert(5_000)(db)

    database.write(twice).result(10)
    assert rows(database) == [*range(500), 5_000]


def test_tables_are_told_by_their_columns_and_key(database):
    """What a move copies and in which order follows from this alone, on every engine; the key in its own order."""
    database.write(lambda db: db.define("CREATE TABLE u (a TEXT, b INTEGER, c BLOB, PRIMARY KEY (c, a))")).result()
    with database.reader() as db:
        found = {table.name: table for table in db.tables()}
    assert found["t"] == Table("t", ("n", "tekst", "inhoud"), ("n",))
    assert found["u"] == Table("u", ("a", "b", "c"), ("c", "a"))
    assert not any(name.startswith("sqlite_") or name == "migratie" for name in found)


def test_numbers_go_on_after_rows_that_came_with_their_own(postgres):
    """An identity of PostgreSQL knows nothing of them by itself, and would give the same number out again."""
    with postgres.database() as address:
        database = PostgresDatabase(Server(address), "wissel", alone=BOOKKEEPING)
        database.write(lambda db: db.execute("INSERT INTO bron (id, naam) VALUES (41, 'a')")).result()
        database.write(lambda db: db.number_on("bron")).result()
        given = database.write(lambda db: db.execute("INSERT INTO bron (naam) VALUES ('b') RETURNING id").fetchone()).result()
        database.close()
    assert given[0] == 42
