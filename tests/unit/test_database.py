# SPDX-License-Identifier: EUPL-1.2
"""A SQLite file that is damaged or cannot be made: said at once, with what to put back.

What every engine of the store does alike is in tests/contract/test_store_database.py.
"""

from __future__ import annotations

import pytest

from hub.errors import Refused
from hub.store.base import StoreUnavailable
from hub.store.sqlite import SqliteDatabase

SCHEMA = "CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY);"


def insert(number):
    return lambda db: db.execute("INSERT INTO t VALUES (?)", (number,)).rowcount


def rows(database):
    with database.reader() as db:
        return [row[0] for row in db.execute("SELECT n FROM t ORDER BY n")]


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
