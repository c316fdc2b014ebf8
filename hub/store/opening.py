# SPDX-License-Identifier: EUPL-1.2
"""Opening the embedded files: one hub per folder, the files of one log together, or a refusal that says what helps."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final, TextIO

from hub.errors import Refused
from hub.keys import KeyStore
from hub.store.database import Database

SCHEMA_VERSION: Final = "1"


def sql(name: str) -> str:
    """Return one of the SQL files beside this module."""
    return files("hub.store").joinpath(name).read_text(encoding="utf-8")


class FolderLock:
    """R14: one running hub per folder. Held by the operating system, so a killed hub leaves nothing to clean up."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "wissel.lock"
        self._file: TextIO | None = None

    def take(self) -> None:
        """Take the lock, or refuse and name the process that holds it."""
        self._file = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "?"
            self._file.close()
            raise Refused(
                f"a hub already runs on {self.path.parent} (process {holder}); stop it first, or give this one another folder"
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let go of the folder."""
        if self._file:
            self._file.close()
            self._file = None


def open_wissel_db(folder: Path, *, tables: Iterable[str], topics: Mapping[str, int]) -> tuple[Database, str]:
    """Open (or make) ``wissel.db`` with the topics declared; return it and the log's identity.

    Refused when it was made by a newer version, or with other partition counts (order per stream would break).
    """
    database = Database(folder / "wissel.db", "\n".join((sql("wissel.sql"), sql("parkeren.sql"), *tables)))

    def prepare(db: sqlite3.Connection) -> str:
        meta = dict(db.execute("SELECT naam, waarde FROM meta"))
        if meta.get("schema", SCHEMA_VERSION) != SCHEMA_VERSION:
            raise Refused(
                f"wissel.db has schema {meta['schema']}, this version of Wissel knows {SCHEMA_VERSION}: use that version"
            )
        log_id = meta.get("log_id") or uuid.uuid4().hex
        db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", [("schema", SCHEMA_VERSION), ("log_id", log_id)])
        for topic, count in topics.items():
            _declare(db, topic, count)
        return log_id

    try:
        return database, database.write(prepare).result()
    except BaseException:
        database.close()
        raise


def _declare(db: sqlite3.Connection, topic: str, count: int) -> None:
    present = db.execute("SELECT count(*) FROM partitie WHERE topic = ?", (topic,)).fetchone()[0]
    if present == 0:
        db.executemany("INSERT INTO partitie (topic, nummer) VALUES (?, ?)", [(topic, n) for n in range(count)])
    elif present != count:
        raise Refused(
            f"topic {topic} has {present} partitions, the settings ask {count}: that would break the order of running streams; "
            f"set [log] partities = {present}"
        )


def redo_destructions(database: Database, keys: KeyStore) -> None:
    """Destroy again, in a restored key file, what the log records as destroyed (design, section 3)."""
    with database.reader() as db:
        destroyed = [row[0] for row in db.execute("SELECT key_id FROM sleutel_vernietigd")]
    if destroyed:
        keys.destroy(destroyed)


def check_keys(database: Database, keys: KeyStore) -> None:
    """Refuse to run when the log was sealed with keys that this key file does not know."""
    known = keys.known_ids()
    with database.reader() as db:
        missing = sum(row[0] not in known for row in db.execute("SELECT DISTINCT key_id FROM sleutel_stroom"))
    if missing:
        raise Refused(
            f"sleutels.db misses {missing} key(s) that the log was sealed with: it is older than wissel.db. Put back the "
            "newest backup of sleutels.db (docs/how-to/back-up.md); nothing has been changed"
        )


def check_members(wissel: Database, members: Database, log_id: str) -> None:
    """R6: refuse when checkpoints point to another log, beyond its end, or at another event than they remember."""
    with members.reader() as db:
        points = db.execute("SELECT lid, partitie, plaats, gebeurtenis, log_id FROM controlepunt").fetchall()
    with wissel.reader() as db:
        for member, _, place, event_id, of_log in points:
            row = db.execute("SELECT id FROM gebeurtenis WHERE plaats = ?", (place,)).fetchone()
            if of_log != log_id or (event_id is not None and (row is None or row[0] != event_id)):
                raise Refused(
                    f"{members.path.name} ({member}) does not belong to this wissel.db: an older or other file was put back. "
                    "If wissel.db is the right one, run `wissel leesmodellen herbouw`; if not, put back the newest wissel.db"
                )


def forget_members(members: Database) -> None:
    """Forget how far the members got: they are about to be rebuilt from the log."""
    members.write(lambda db: db.execute("DELETE FROM controlepunt").rowcount).result()
