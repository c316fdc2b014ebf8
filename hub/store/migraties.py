# SPDX-License-Identifier: EUPL-1.2
"""The schemas of a PostgreSQL database, made and changed by plain SQL files in two phases.

``pre`` only adds, so that the version before still runs beside it; ``post`` takes away what no running version uses. A file is
``migraties/<schema>-<number>-<name>.<phase>.sql``; each schema remembers in its table ``migratie`` which were applied. What the
connectors define (CREATE ... IF NOT EXISTS) is applied in the ``pre`` phase, again whenever it changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Final, NamedTuple

import psycopg

from hub.errors import Refused
from hub.store.place import Phase
from hub.store.postgres import MIGRATING, Pg, Server, locked
from hub.store.postgres_sql import with_types

PARTS: Final = ("wissel", "leesmodellen", "sleutels")
_TABLE: Final = (
    'CREATE TABLE IF NOT EXISTS migratie (naam text COLLATE "C" PRIMARY KEY, sha256 text NOT NULL,'
    " op timestamptz NOT NULL DEFAULT now())"
)


class Migration(NamedTuple):
    """One step. ``name`` sorts, steps are applied in that order; it ends in the phase."""

    part: str
    name: str
    sql: str

    @property
    def phase(self) -> str:
        """Return in which phase it is applied."""
        return self.name.rpartition(".")[2]

    @property
    def sha256(self) -> str:
        """Return the digest of the text, so that a step changed after it was applied is found."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known(tables: Mapping[str, str]) -> list[Migration]:
    """Return every step that this version knows. ``tables``: connector -> the definition of its tables."""
    found = []
    for file in sorted(files("hub.store").joinpath("migraties").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            part, _, name = file.name.removesuffix(".sql").partition("-")
            found.append(Migration(part, name, file.read_text(encoding="utf-8")))
    return [*found, *(_of_connector(name, sql) for name, sql in sorted(tables.items()) if sql)]


def _of_connector(name: str, sql: str) -> Migration:
    """Return the step that makes a connector's tables, named after their definition: a changed one is another step."""
    text = with_types(sql)
    return Migration("wissel", f"tabellen-{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.pre", text)


def missing(pg: Pg, part: str, steps: Iterable[Migration]) -> list[Migration]:
    """Return the steps of one schema that were not applied. Refused when what was applied is not what this version knows."""
    steps = [step for step in steps if step.part == part]
    applied = _applied(pg, part)
    changed = [step.name for step in steps if applied.get(step.name, step.sha256) != step.sha256]
    if changed:
        raise Refused(f"{part}: {', '.join(changed)} was changed after it was applied; use the version that applied it")
    newer = [name for name in applied.keys() - {step.name for step in steps} if name.endswith(".post")]
    if newer:
        raise Refused(f"{part}: a newer version of Wissel applied {', '.join(newer)}; use that version")
    return [step for step in steps if step.name not in applied]


def check(server: Server, parts: Sequence[str], tables: Mapping[str, str]) -> None:
    """Refuse to start on schemas that this version's ``pre`` steps were not applied to."""
    with connected(server) as pg:
        if pg.info.parameter_status("server_encoding") != "UTF8":
            raise Refused(f"{server.name} is not a UTF8 database: make one with CREATE DATABASE ... ENCODING 'UTF8'")
        waiting = [step for part in parts for step in missing(pg, part, known(tables)) if step.phase == "pre"]
    if waiting:
        names = ", ".join(f"{step.part}/{step.name}" for step in waiting)
        raise Refused(f"{server.name} misses {names}: run `wissel migreer --fase pre` with a role that may make tables")


def migrate(server: Server, parts: Sequence[str], tables: Mapping[str, str], phase: Phase, *, show: bool = False) -> list[str]:
    """Apply the steps of a phase that were not applied, each schema in one transaction; return their names."""
    done = []
    with connected(server) as pg:
        for part in parts:
            with pg.transaction():
                if not show:
                    _prepare(pg, part)
                steps = [step for step in missing(pg, part, known(tables)) if step.phase == phase]
                if not show:
                    _apply(pg, steps)
                done += [f"{part}/{step.name}" for step in steps]
    return done


def _prepare(pg: Pg, part: str) -> None:
    """Take the lock and make the schema where it is not there yet."""
    pg.execute(locked(MIGRATING).encode())
    if pg.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (part,)).fetchone() is None:
        pg.execute(f"CREATE SCHEMA {part}".encode())
    pg.execute(f"SET LOCAL search_path = {part}, pg_temp".encode())
    pg.execute(_TABLE)


def _apply(pg: Pg, steps: Iterable[Migration]) -> None:
    for step in steps:
        pg.execute(step.sql.encode())
        pg.execute("INSERT INTO migratie (naam, sha256) VALUES (%s, %s)", (step.name, step.sha256))


def _applied(pg: Pg, part: str) -> dict[str, str]:
    """Return what was applied, empty when nothing was."""
    if pg.execute("SELECT to_regclass(%s)", (f"{part}.migratie",)).fetchone() == (None,):
        return {}
    return dict(pg.execute(f"SELECT naam, sha256 FROM {part}.migratie".encode()).fetchall())


@contextmanager
def connected(server: Server) -> Iterator[Pg]:
    """Connect for once."""
    with faults(server), server.connect("pg_catalog", purpose="migreer") as pg:
        yield pg


@contextmanager
def faults(server: Server) -> Iterator[None]:
    """Refuse, with what PostgreSQL says, when what is done inside does not work."""
    try:
        yield
    except psycopg.Error as error:
        told = str(error).splitlines()[0]
        raise Refused(f"{server.name}: {told}; check [opslag] database and the rights of its role") from error
