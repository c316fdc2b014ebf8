# SPDX-License-Identifier: EUPL-1.2
"""The one writer of a file: it outlives whoever asked, and one bad statement harms nobody else."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest

from hub.errors import Refused
from hub.store.base import StoreUnavailable
from hub.store.sqlite import SqliteDatabase

SCHEMA = "CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY);"


@pytest.fixture
def database(tmp_path):
    opened = SqliteDatabase(tmp_path / "t.db", SCHEMA)
    yield opened
    opened.close()


def insert(number):
    return lambda db: db.execute("INSERT INTO t VALUES (?)", (number,)).rowcount


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
    with pytest.raises(sqlite3.OperationalError):
        wrong.result(5)
    with pytest.raises(sqlite3.IntegrityError):
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
    held, commits = Held(database), []
    database._write_connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    given = [database.write(insert(number)) for number in (1, 2, 2, 3)]
    held.release()
    assert [given[0].result(5), given[1].result(5), given[3].result(5)] == [1, 1, 1]
    with pytest.raises(sqlite3.IntegrityError):
        given[2].result(5)
    assert rows(database) == [1, 2, 3]
    assert len(commits) == 2


def test_nobody_waits_for_a_closed_file(tmp_path):
    """Work asked while or after the file closes is refused or done, never left waiting."""
    for _ in range(20):
        database = SqliteDatabase(tmp_path / "t.db", SCHEMA)
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
    with database.reader() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("INSERT INTO t VALUES (9)")


@pytest.mark.parametrize("content", [b"this is no database at all, it is a letter to my aunt" * 100, None])
def test_a_damaged_file_is_refused_and_the_backup_is_named(tmp_path, content):
    """Whether its header or its inside is damaged, opening says so and what to do."""
    path = tmp_path / "t.db"
    database = SqliteDatabase(path, SCHEMA)
    database.write(lambda db: [insert(n)(db) for n in range(10_000)]).result()
    database.close()
    if content is None:
        content = path.read_bytes()
        content = content[:100] + b"\xff" * 4_000 + content[4_100:]  # the page with the tables' names
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"t\.db is damaged .*bestanden-veiligstellen\.md"):
        SqliteDatabase(path, SCHEMA)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    """A path where no file can be says what to check."""
    with pytest.raises(Refused, match="check the path, its permissions and the disk"):
        SqliteDatabase(tmp_path / "not-there" / "t.db", SCHEMA)


def test_damage_met_later_is_said_and_nothing_is_accepted(tmp_path):
    """A page that turns out damaged while running gives an error that names the remedy, not a wrong answer."""
    path = tmp_path / "t.db"
    database = SqliteDatabase(path, SCHEMA)
    database.write(lambda db: [insert(n)(db) for n in range(50_000)]).result()
    database.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    database = SqliteDatabase(path, SCHEMA)
    with pytest.raises(StoreUnavailable, match="damaged"):
        rows(database)
    with pytest.raises(StoreUnavailable, match="damaged"):
        database.write(insert(60_000)).result(5)
    database.close()
