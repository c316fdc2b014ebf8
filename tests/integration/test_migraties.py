# SPDX-License-Identifier: EUPL-1.2
"""The schemas in PostgreSQL: made by plain SQL in two phases, checked at start, alike to those of the files."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from click.testing import CliRunner
from hub_voor_tests import Klok, feit, loaded, plugins, zet
from postgres_voor_tests import with_database

from hub import cli
from hub.app import EmbeddedHub
from hub.discovery import connectors
from hub.errors import Refused
from hub.store import migraties
from hub.store.opening import sql
from hub.store.server import OnServer

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "postgresql.md"
OF_FILES = {
    "wissel": ("wissel.sql", "parkeren.sql"),
    "leesmodellen": ("leesmodellen.sql", "parkeren.sql"),
    "sleutels": ("sleutels.sql",),
}
TABLES = {name: connector.tables for name, connector in connectors().items()}


@pytest.fixture
def empty(postgres):
    with postgres.database(empty=True) as address:
        yield address


@pytest.fixture
def store(empty, tmp_path):
    return OnServer(with_database(loaded(tmp_path), empty))


def columns_on_files(part):
    scripts = [sql(name) for name in OF_FILES[part]] + ([*TABLES.values()] if part == "wissel" else [])
    db = sqlite3.connect(":memory:")
    db.executescript("\n".join(scripts))
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kinds = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}
    return {t: [(c[1], kinds[c[2]]) for c in db.execute(f"PRAGMA table_info({t})")] for t in tables}


def columns_on_server(address, part):
    query = (
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = %s"
        " AND table_name <> 'migratie' ORDER BY table_name, ordinal_position"
    )
    found: dict = {}
    with psycopg.connect(address) as pg:
        for table, column, kind in pg.execute(query, (part,)):
            found.setdefault(table, []).append((column, kind))
    return found


@pytest.mark.parametrize("part", migraties.PARTS)
def test_the_tables_are_those_of_the_files(store, empty, part):
    """Same tables, same columns in the same order: one SQL text does for both, and moving house copies row by row."""
    store.migrate("pre", TABLES)
    store.migrate("post", TABLES)
    assert columns_on_server(empty, part) == columns_on_files(part)


def test_text_is_compared_byte_by_byte_everywhere(store, empty):
    """No column of text was forgotten: a locale would order keys otherwise."""
    store.migrate("pre", TABLES)
    query = (
        "SELECT table_schema, table_name, column_name FROM information_schema.columns WHERE data_type = 'text'"
        " AND table_schema IN ('wissel', 'leesmodellen', 'sleutels') AND table_name <> 'migratie'"
        " AND collation_name IS DISTINCT FROM 'C'"
    )
    with psycopg.connect(empty) as pg:
        assert pg.execute(query).fetchall() == []


def test_a_step_is_applied_once(store):
    """What was applied is remembered, and shown before it is done."""
    first = store.migrate("pre", {}, show=True)
    assert {"wissel/0001-begin.pre", "leesmodellen/0001-begin.pre", "sleutels/0001-begin.pre"} <= set(first)
    assert store.migrate("pre", {}, show=True) == first
    assert store.migrate("pre", {}) == first
    assert store.migrate("pre", {}) == []
    assert store.migrate("post", {}) == []


def test_a_hub_says_which_step_it_misses(store, empty, tmp_path):
    """It starts on no schema that it would fail on later; the connectors' tables are part of it."""
    settings = with_database(loaded(tmp_path), empty)
    with pytest.raises(Refused, match=r"misses wissel/0001-begin\.pre, .*run `wissel migreer --fase pre`"):
        EmbeddedHub(settings, plugins=plugins()).open()
    store.migrate("pre", {})
    with pytest.raises(Refused, match=r"misses wissel/tabellen-burgerzaken-.*, wissel/tabellen-zaak-"):
        EmbeddedHub(settings, plugins=plugins(connectors=connectors())).open()
    store.migrate("pre", TABLES)
    EmbeddedHub(settings, clock=Klok(), plugins=plugins()).open().close()


def test_the_version_before_starts_beside_a_new_pre_phase(store, empty, tmp_path):
    """The pre phase only adds: a worker of the version before may still be started until the post phase."""
    store.migrate("pre", {"x": "CREATE TABLE IF NOT EXISTS x_boek (id TEXT PRIMARY KEY);"})
    store.migrate(
        "pre", {"x": "CREATE TABLE IF NOT EXISTS x_boek (id TEXT PRIMARY KEY); CREATE INDEX IF NOT EXISTS x ON x_boek (id);"}
    )
    with psycopg.connect(empty) as pg:
        pg.execute("INSERT INTO wissel.migratie (naam, sha256) VALUES ('0099-nieuw.pre', 'x')")

    class X:
        name, settings_model, tables = "x", None, "CREATE TABLE IF NOT EXISTS x_boek (id TEXT PRIMARY KEY);"

    settings = with_database(loaded(tmp_path), empty)
    EmbeddedHub(settings, clock=Klok(), plugins=plugins(connectors={"x": X()})).open().close()
    with psycopg.connect(empty) as pg:
        pg.execute("INSERT INTO wissel.migratie (naam, sha256) VALUES ('0099-nieuw.post', 'x')")
    with pytest.raises(Refused, match=r"a newer version of Wissel applied 0099-nieuw\.post"):
        EmbeddedHub(settings, clock=Klok(), plugins=plugins(connectors={"x": X()})).open()


def test_a_step_changed_afterwards_is_found(store, empty):
    """A file that was edited after it was applied would leave installations that differ."""
    store.migrate("pre", {})
    with psycopg.connect(empty) as pg:
        pg.execute("UPDATE leesmodellen.migratie SET sha256 = 'anders'")
    with pytest.raises(Refused, match=r"0001-begin\.pre was changed after it was applied"):
        store.migrate("pre", {})


def test_half_a_step_never_stays(store, empty):
    """A schema is made whole or not at all."""
    with pytest.raises(Refused, match="syntax error"):
        store.migrate("pre", {"x": "CREATE TABLE x_a (id TEXT); CREATE NONSENSE;"})
    with psycopg.connect(empty) as pg:
        assert pg.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'wissel'").fetchone() is None


def test_an_operator_migrates_by_command(empty, tmp_path, monkeypatch):
    """The address comes from a file of its own; --toon says what would be done."""
    keys = {"WISSEL__SLEUTELS__HOOFDSLEUTEL": "a" * 64, "WISSEL__GEMEENTEN__EMMEN__PSEUDONIEMSLEUTEL": "b" * 64}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "adres").write_text(empty + "\n")
    config = tmp_path / "wissel.toml"
    config.write_text(
        f"[opslag]\nmap = '{tmp_path}'\ndatabase_bestand = 'adres'\n"
        "[gemeenten.emmen]\nnaam = 'Emmen'\ngemeentecode = '0114'\noin = '00000001002220647000'\n"
        "[gemeenten.emmen.profiel.verhuizing]\nversie = '1'\nauteur = 'a'\ntweede_persoon = 'b'\ngeldig_vanaf = 2026-01-01\n"
    )

    def run(*args):
        return CliRunner().invoke(cli.wissel, ["migreer", "--config", str(config), *args], catch_exceptions=False).output

    assert "nog te doen: wissel/0001-begin.pre" in run("--fase", "pre", "--toon")
    assert "gedaan: wissel/0001-begin.pre" in run("--fase", "pre")
    assert "Er is niets te doen in fase pre." in run("--fase", "pre")
    config.write_text(config.read_text().replace("database_bestand = 'adres'\n", ""))
    assert "Er is niets te doen in fase pre." in run("--fase", "pre")


def test_the_roles_of_the_how_to_are_enough(postgres, store, empty, tmp_path):
    """The statements of the page, as they stand there: the hub runs with the rights they give, and cannot change its tables."""
    database, port = urlsplit(empty).path[1:], postgres.run("SHOW port")[0][0]
    blocks = re.findall(r"```sql\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    roles, rights = (next(b for b in blocks if word in b) for word in ("CREATE ROLE", "ALTER DEFAULT PRIVILEGES"))
    for role in ("wissel_eigenaar", "wissel_hub"):
        postgres.run(f"DROP ROLE IF EXISTS {role}")
    try:
        with psycopg.connect(empty, autocommit=True) as pg:
            for statement in filter(str.strip, roles.replace("DATABASE wissel", f"DATABASE {database}").split(";")):
                if "CREATE DATABASE" not in statement:
                    pg.execute(statement.encode())
        of_owner, of_hub = (f"postgresql://{role}@127.0.0.1:{port}/{database}" for role in ("wissel_eigenaar", "wissel_hub"))
        with psycopg.connect(of_owner, autocommit=True) as pg:
            pg.execute(rights.encode())
        OnServer(with_database(loaded(tmp_path), of_owner)).migrate("pre", TABLES)
        settings = with_database(loaded(tmp_path), of_hub)
        hub = EmbeddedHub(settings, clock=Klok(), plugins=plugins(connectors=connectors())).open()
        zet(hub, feit("a", 1, besloten={"p": {"naam": "x"}}))
        hub.projector.catch_up()
        hub.close()
        hub = EmbeddedHub(settings, clock=Klok(), plugins=plugins(), forget_read_models=True).open()
        assert hub.projector.rebuild() == 1
        hub.close()
        with psycopg.connect(of_hub) as pg, pytest.raises(psycopg.errors.InsufficientPrivilege):
            pg.execute("DROP TABLE wissel.gebeurtenis")
    finally:
        with psycopg.connect(empty, autocommit=True) as pg:
            pg.execute("DROP OWNED BY wissel_hub, wissel_eigenaar CASCADE")
        for role in ("wissel_hub", "wissel_eigenaar"):
            postgres.run(f"DROP ROLE {role}")
