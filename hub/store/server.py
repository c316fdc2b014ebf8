# SPDX-License-Identifier: EUPL-1.2
"""Opening a store on PostgreSQL: one hub, schemas that fit this version, and the same checks as on files."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import partial
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from hub.errors import ConfigError, Refused
from hub.keys import KeyStore
from hub.settings import Loaded
from hub.store import migraties
from hub.store.base import Connection, Database
from hub.store.herald import Herald
from hub.store.opening import Asked, begin
from hub.store.place import Beside, Phase
from hub.store.postgres import BOOKKEEPING, KEYS, RUNNING, Pg, PostgresDatabase, Server, tried

_BUILD_S: Final = 1_800  # making an index over millions of rows takes its time
_TRIES: Final = 20
_TRY_S: Final = 0.1
_OF_BUILD: Final = re.compile(r"\w+?_v\d+_(\d+)(?:_[a-z]\w*)?")  # see hub.readmodels.shape_of
_OF_MEMBERS: Final = ("controlepunt", "geparkeerd", "gezien")
_SAFE: Final = ("fsync", "full_page_writes", "synchronous_commit")


class ServerLock:
    """R14: one embedded hub per database, or several processes that share it; never both.

    The lock goes with its connection, so a killed hub leaves nothing to clean up.
    """

    def __init__(self, server: Server, *, shared: bool) -> None:
        self._server = server
        self._shared = shared
        self._pg: Pg | None = None

    def take(self) -> None:
        """Take the lock, or refuse."""
        with migraties.faults(self._server):
            pg = self._pg = self._server.connect("pg_catalog", purpose="hub")
            for _ in range(_TRIES):  # the server needs a moment to see that a hub that was killed is gone
                if pg.execute(tried(RUNNING, shared=self._shared).encode()).fetchone() == (True,):
                    return
                time.sleep(_TRY_S)
        self.release()
        other = "a hub that runs alone (`wissel serve`)" if self._shared else "a hub"
        raise Refused(f"{other} already runs on {self._server.name}; stop it first, or give this one another database")

    def release(self) -> None:
        """Let go of the database."""
        if self._pg:
            with suppress(psycopg.Error):
                self._pg.execute("SELECT pg_advisory_unlock_all()")  # now, not when the server notices that we left
            self._pg.close()
            self._pg = None


class Schemas:
    """The three schemas of one log, opened together or not at all; ``sleutels`` may be in another database."""

    def __init__(self, server: Server, keys: Server, asked: Asked) -> None:
        self._server = server
        with ExitStack() as opened:
            _check(server, keys, asked.tables)
            key_database = PostgresDatabase(keys, "sleutels", alone=KEYS)
            opened.callback(key_database.close)
            self.keys = KeyStore(key_database, asked.master_key)
            self.wissel: Database = PostgresDatabase(server, "wissel", alone=BOOKKEEPING, tells=True)
            opened.callback(self.wissel.close)
            _refuse_new_log(self.wissel, self.keys)
            self.log_id = begin(self.wissel, self.keys, asked)
            self.members: Database = PostgresDatabase(server, "leesmodellen", statement_s=_BUILD_S)
            opened.callback(self.members.close)
            if asked.forget_members:
                self.members.write(_forget).result()
            self._opened = opened.pop_all()

    def open_build(self, number: int, *, make: bool = False, durable: bool = True) -> Database:  # noqa: ARG002
        """Open the read models once more, with a writer of its own: a replay never waits for the live projections."""
        return PostgresDatabase(self._server, "leesmodellen", statement_s=_BUILD_S, durable=durable)

    def view_build(self, number: int) -> AbstractContextManager[Connection]:  # noqa: ARG002
        """Return a view of the read models: all builds lie there."""
        return self.members.reader()

    def remove_build(self, number: int) -> None:
        """Drop the tables of a build, with its checkpoints and what was parked for it."""

        def work(db: Connection) -> None:
            for table in _tables(db):
                if (found := _OF_BUILD.fullmatch(table)) and int(found[1]) == number:
                    db.define(f"DROP TABLE {table}")
            for table in _OF_MEMBERS:
                db.execute(f"DELETE FROM {table} WHERE lid LIKE ?", (f"%:%.{number}",))

        self.members.write(work).result()

    def build_numbers(self) -> set[int]:
        """Return the replays of which a table is there."""
        with self.members.reader() as db:
            return {int(found[1]) for table in _tables(db) if (found := _OF_BUILD.fullmatch(table))}

    def close(self) -> None:
        """Close them, the read models first."""
        self._opened.close()


class OnServer:
    """``hub.store.place.Place``: three schemas, of which ``sleutels`` may be in a database of its own."""

    def __init__(self, loaded: Loaded) -> None:
        opslag, problems = loaded.settings.opslag, list[str]()
        database = _server(loaded.database, opslag.lezers, "opslag.database", problems)
        keys = _server(loaded.sleutels_database, opslag.lezers, "opslag.sleutels_database", problems) or database
        if database is None or keys is None or problems:
            raise ConfigError(problems)
        self.server, self.keys = database, keys
        self.name = f"PostgreSQL op {database.name}"

    def lock(self, *, shared: bool) -> ServerLock:
        """Return the lock on the database."""
        return ServerLock(self.server, shared=shared)

    def herald(self, on_word: Callable[[], None]) -> Herald:
        """Call ``on_word`` whenever something was written to the bookkeeping, until it is stopped."""
        return Herald(self.server, on_word)

    def open(self, asked: Asked) -> Schemas:
        """Open the schemas."""
        return Schemas(self.server, self.keys, asked)

    def beside(self) -> Beside:
        """Open the schemas of log and read models; builds lie in that of the read models, each with a writer of its own."""
        members = partial(PostgresDatabase, self.server, "leesmodellen", statement_s=_BUILD_S)
        return Beside(
            wissel=PostgresDatabase(self.server, "wissel"),
            members=members(),
            build=lambda _number: members(),
            make_build=lambda _number: members(durable=False),
        )

    def migrate(self, phase: Phase, tables: Mapping[str, str], *, show: bool = False) -> list[str]:
        """Apply (or only name) the steps of a phase that were not applied yet."""
        done = migraties.migrate(self.server, ("wissel", "leesmodellen"), tables, phase, show=show)
        return [*done, *migraties.migrate(self.keys, ("sleutels",), {}, phase, show=show)]


def _server(address: SecretStr | None, readers: int, key: str, problems: list[str]) -> Server | None:
    """Return the server of an address; what libpq finds wrong with it is not repeated, it may hold the password."""
    if address is None:
        return None
    try:
        conninfo_to_dict(address.get_secret_value())
    except psycopg.ProgrammingError:
        problems.append(f"{key}: PostgreSQL begrijpt dit adres niet; kijk de namen na het vraagteken na (sslmode, sslrootcert)")
        return None
    return Server(address.get_secret_value(), readers)


def _check(server: Server, keys: Server, tables: Mapping[str, str]) -> None:
    """Refuse schemas that do not fit this version, and a server that may lose what it confirmed."""
    migraties.check(server, ("wissel", "leesmodellen"), tables)
    migraties.check(keys, ("sleutels",), {})
    for where in {server, keys}:
        with migraties.connected(where) as pg:
            off = [name for name in _SAFE if pg.execute(f"SHOW {name}".encode()).fetchone() == ("off",)]
        if off:
            raise Refused(f"{where.name} runs with {', '.join(off)} = off: what was accepted could be lost; switch it on")


def _refuse_new_log(wissel: Database, keys: KeyStore) -> None:
    """Refuse to begin an empty log beside keys that were used: the log is in another database."""
    with wissel.reader() as db:
        begun = db.execute("SELECT 1 FROM meta WHERE naam = 'log_id'").fetchone()
    if not begun and keys.count():
        raise Refused(
            f"{wissel.name} holds no log, and {keys.name} holds the keys of one: name the right database in [opslag], or put "
            "back its newest backup (docs/how-to/postgresql.md). Nothing has been changed"
        )


def _forget(db: Connection) -> None:
    """Throw the read models away: every table of their schema but those that the migrations made."""
    for table in _tables(db):
        if table in {*_OF_MEMBERS, "bouw", "leesmodel", "herbouw"}:
            db.execute(f"DELETE FROM {table}")
        elif table != "migratie":
            db.define(f"DROP TABLE {table}")


def _tables(db: Connection) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'leesmodellen' ORDER BY tablename"
    return [row[0] for row in db.execute(query)]
