# SPDX-License-Identifier: EUPL-1.2
"""Opening a store: one hub, the databases of one log together, or a refusal that says what helps. Here on files."""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Protocol, TextIO

from hub.errors import ConfigError, Refused
from hub.keys import KeyStore
from hub.plugins import Gemeente
from hub.store.base import Connection, Database
from hub.store.sqlite import SqliteDatabase, SqliteReading
from hub.store.verhuisd import refuse_moved

SCHEMA_VERSION: Final = "1"
_KEYS_AT_ONCE: Final = 5_000
_REBUILD: Final = "run `wissel leesmodellen herbouw`: it is built again from the log"


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
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self.path.open("a+", encoding="utf-8")
        except OSError as error:
            raise Refused(
                f"{self.path.parent} is not a folder this process may write in ({error.strerror}); set [opslag] map to one"
            ) from error
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a store is opened for. ``tables``: connector -> its tables. ``forget_members`` throws the read models away first.

    ``moving``: a move looks at what lies there, whatever that is; no hub will run on it.
    """

    tables: Mapping[str, str]
    topics: Mapping[str, int]
    gemeenten: Mapping[str, Gemeente]
    master_key: bytes
    forget_members: bool = False
    moving: bool = False


class Stores(Protocol):
    """The databases of one log: the bookkeeping with the log, the read models, the keys."""

    wissel: Database
    members: Database
    keys: KeyStore
    log_id: str

    def open_build(self, number: int, *, make: bool = False, durable: bool = True) -> Database:
        """Open where the tables of replay ``number`` lie; ``make`` it when it is not there yet. Whoever opens it closes it.

        Without ``durable`` its last commits may go with the power.
        """

    def view_build(self, number: int) -> AbstractContextManager[Connection]:
        """Return a view of where replay ``number`` lies, which another process fills. Refused when there is nothing yet."""

    def remove_build(self, number: int) -> None:
        """Remove all that replay ``number`` made; whoever still reads it goes on reading what it opened."""

    def build_numbers(self) -> set[int]:
        """Return the replays of which something lies here, whatever the pointers say."""

    def close(self) -> None:
        """Close them, the read models first."""


class Files:
    """The three files of one log, opened together or not at all. R2: nothing ever rests on one transaction over two.

    Refused, with what to do, when they do not belong together (R6).
    """

    def __init__(self, folder: Path, asked: Asked) -> None:
        self._folder = folder
        with ExitStack() as opened:
            self.keys = open_keys(folder, asked.master_key)
            opened.callback(self.keys.close)
            refuse_new_log(folder, self.keys)
            self.wissel: Database = open_wissel_db(folder, asked.tables.values())
            opened.callback(self.wissel.close)
            self.log_id = begin(self.wissel, self.keys, asked)
            self.members: Database = open_members(folder, forget=asked.forget_members)
            opened.callback(self.members.close)
            self._opened = opened.pop_all()

    def open_build(self, number: int, *, make: bool = False, durable: bool = True) -> Database:
        """Open the file of a build. Refused when it is gone: the pointer to it was put back without it."""
        path = build_path(self._folder, number)
        if not make and not path.exists():
            raise Refused(f"{path.name} is gone while leesmodellen.db points to it: {_REBUILD}")
        return make_build(path, durable=durable)

    @contextmanager
    def view_build(self, number: int) -> Iterator[Connection]:
        """Open the file of a build for reading alone: it is locked for nobody."""
        path = build_path(self._folder, number)
        if not path.exists():
            raise Refused(f"{path.name} is er (nog) niet")
        with closing(SqliteReading(path)) as database, database.reader() as db:
            yield db

    def remove_build(self, number: int) -> None:
        """Remove the file of a build."""
        remove_file(build_path(self._folder, number))

    def build_numbers(self) -> set[int]:
        """Return the replays of which a file is there."""
        names = (re.fullmatch(r"leesmodellen-(\d+)\.db", path.name) for path in self._folder.iterdir())
        return {int(found[1]) for found in names if found}

    def close(self) -> None:
        """Close them, the read models first."""
        self._opened.close()


def begin(wissel: Database, keys: KeyStore, asked: Asked) -> str:
    """Return the log's identity once it may be worked on. Refused when it was moved elsewhere (R15)."""
    if asked.moving:
        return log_id_of(wissel)
    refuse_moved(wissel)
    return belong(wissel, keys, asked)


def log_id_of(wissel: Database) -> str:
    """Return the identity of the log that lies here, empty when there is none yet."""
    with wissel.reader() as db:
        row = db.execute("SELECT waarde FROM meta WHERE naam = 'log_id'").fetchone()
    return str(row[0]) if row else ""


def belong(wissel: Database, keys: KeyStore, asked: Asked) -> str:
    """Declare the topics and hold gemeenten and keys against the log; return the log's identity."""
    log_id = declare(wissel, asked.topics)
    check_gemeenten(wissel, asked.gemeenten)
    redo_destructions(wissel, keys)
    check_keys(wissel, keys)
    return log_id


def open_keys(folder: Path, master_key: bytes) -> KeyStore:
    """Open (or make) ``sleutels.db``. Refused when the master key is not the one it was made with."""
    remedy = "put back its newest backup (docs/how-to/bestanden-veiligstellen.md): without its keys nothing sealed can be read"
    database = SqliteDatabase(folder / "sleutels.db", sql("sleutels.sql"), remedy=remedy)
    try:
        return KeyStore(database, master_key)
    except BaseException:
        database.close()
        raise


def open_members(folder: Path, *, forget: bool = False) -> Database:
    """Open (or make) ``leesmodellen.db``; ``forget`` removes it first with all builds, since the log holds what was in it."""
    path = folder / "leesmodellen.db"
    for old in folder.glob("leesmodellen*.db") if forget else ():
        remove_file(old)
    return SqliteDatabase(path, sql("leesmodellen.sql") + sql("parkeren.sql"), remedy=_REBUILD)


def build_path(folder: Path, number: int) -> Path:
    """Return where the tables lie that replay ``number`` made."""
    return folder / f"leesmodellen-{number}.db"


def make_build(path: Path, *, durable: bool = False) -> Database:
    """Open (or make) the file of a build."""
    return SqliteDatabase(path, sql("leesmodellen.sql") + sql("parkeren.sql"), remedy=_REBUILD, durable=durable)


def remove_file(path: Path) -> None:
    """Remove a database file with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def open_wissel_db(folder: Path, tables: Iterable[str]) -> Database:
    """Open (or make) ``wissel.db``."""
    return SqliteDatabase(folder / "wissel.db", "\n".join((sql("wissel.sql"), sql("parkeren.sql"), *tables)))


def declare(database: Database, topics: Mapping[str, int]) -> str:
    """Declare the topics and return the log's identity, which is made with it.

    Refused when it was made by a newer version, or with other partition counts (order per stream would break).
    """

    def prepare(db: Connection) -> str:
        meta = dict(db.execute("SELECT naam, waarde FROM meta"))
        if meta.get("schema", SCHEMA_VERSION) != SCHEMA_VERSION:
            raise Refused(
                f"{database.name} has schema {meta['schema']}, this version of Wissel knows {SCHEMA_VERSION}: use that version"
            )
        log_id = meta.get("log_id") or uuid.uuid4().hex
        known = [("schema", SCHEMA_VERSION), ("log_id", log_id)]
        db.executemany("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", known)
        for topic, count in topics.items():
            _declare(db, topic, count)
        return str(log_id)

    return database.write(prepare).result()


def _declare(db: Connection, topic: str, count: int) -> None:
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
        marked = {row[0] for row in db.execute("SELECT key_id FROM sleutel_vernietigd")}
    if again := marked - keys.destroyed_ids():
        keys.destroy(again)


def check_keys(database: Database, keys: KeyStore) -> None:
    """Refuse to run when the log was sealed with keys that this key file does not know."""
    missing = sum(len(page) - len(keys.known(page)) for page in _used_keys(database))
    if missing:
        raise Refused(
            f"{keys.name} misses {missing} key(s) that the log was sealed with: it is older than {database.name}. Put back the "
            f"newest backup of {keys.name} (docs/how-to/bestanden-veiligstellen.md); nothing has been changed"
        )


def _used_keys(database: Database) -> Iterator[list[str]]:
    """Yield the ids of the keys the log was sealed with, a page at a time: there is one for each person."""
    query, last = "SELECT DISTINCT key_id FROM sleutel_stroom WHERE key_id > ? ORDER BY key_id LIMIT ?", ""
    while True:
        with database.reader() as db:
            page = [row[0] for row in db.execute(query, (last, _KEYS_AT_ONCE))]
        if not page:
            return
        yield page
        last = page[-1]


def refuse_new_log(folder: Path, keys: KeyStore) -> None:
    """Refuse to begin an empty log beside keys that were used: the log is elsewhere (a disk that is not mounted)."""
    if not (folder / "wissel.db").exists() and keys.count():
        raise Refused(
            f"wissel.db is not in {folder}, and sleutels.db holds the keys of a log: mount the disk it is on, or put back its "
            "newest backup (docs/how-to/bestanden-veiligstellen.md). Nothing has been changed"
        )


def check_gemeenten(database: Database, gemeenten: Mapping[str, Gemeente]) -> None:
    """Refuse when a gemeente has another pseudonym key than its log began with.

    With another key everybody would silently be somebody else: claims and registry changes would find nobody.
    """

    def work(db: Connection) -> list[str]:
        known = dict(db.execute("SELECT substr(naam, 19), waarde FROM meta WHERE naam LIKE 'pseudoniemsleutel:%'"))
        prints = {slug: gemeente.pseudonym.fingerprint() for slug, gemeente in gemeenten.items()}
        other = [
            f"gemeenten.{slug}.pseudoniemsleutel: dit is niet de sleutel waarmee het logboek begon; zet die terug"
            for slug, fingerprint in prints.items()
            if known.get(slug, fingerprint) != fingerprint
        ]
        new = [(f"pseudoniemsleutel:{slug}", fingerprint) for slug, fingerprint in prints.items() if slug not in known]
        if not other:
            db.executemany("INSERT INTO meta VALUES (?, ?)", new)
        return other

    if problems := database.write(work).result():
        raise ConfigError(problems)
