# SPDX-License-Identifier: EUPL-1.2
"""A pytest plugin: a real PostgreSQL, a private server in a temporary folder, and a fresh database for each test.

``WISSEL_TEST_POSTGRES=postgresql://...`` uses an existing server instead, with a role that may make databases.

A test that uses the fixture ``store`` runs twice: with its hubs on files and with them in a database (one per folder that is
given to ``hub_voor_tests.loaded``). The mark ``bestanden`` keeps a test to files: it is about them.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import hub_voor_tests
import psycopg
import pytest
from pydantic import SecretStr

from demo.postgres import MISSING, Server, binaries, private_server
from hub.settings import Loaded
from hub.store.server import OnServer

HANDLEIDING = Path(__file__).parents[1] / "docs" / "how-to" / "postgresql.md"


@dataclass
class Cluster(Server):
    """A running server. ``stop`` and ``start`` are there for tests of what happens then."""

    template: str = ""
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def address(self, database: str) -> str:
        """Return the address of one database."""
        parts = urlsplit(self.dsn)
        return urlunsplit(parts._replace(path=f"/{database}"))

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the owner of the server."""
        with psycopg.connect(self.address(database), autocommit=True) as pg:
            cursor = pg.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def copy(self, van: Path, naar: Path) -> None:
        """Copy the database of the stopped hub on one folder to that of another."""
        (old, new) = (urlsplit(adres(folder)).path[1:] for folder in (van, naar))
        self.run(f"DROP DATABASE {new} WITH (FORCE)")
        self.run(f"CREATE DATABASE {new} TEMPLATE {old}")

    def files(self, database: str) -> bytes:
        """Return the bytes of a database's files as they lie on the disk of a server of our own, after a checkpoint."""
        assert self.folder is not None
        self.run("CHECKPOINT", database)
        ((number,),) = self.run(f"SELECT oid FROM pg_database WHERE datname = '{database}'")
        return b"".join(path.read_bytes() for path in (self.folder / "data" / "base" / str(number)).iterdir())

    @contextmanager
    def database(self, *, empty: bool = False, seen: Path | None = None) -> Iterator[str]:
        """Yield the address of a fresh database with its schemas made, and drop it. ``seen`` keeps what was in it."""
        name = f"wissel_test_{os.getpid()}_{next(self.numbers)}"
        template = "template0" if empty else self.template
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        try:
            yield self.address(name)
        finally:
            if seen:
                seen.write_bytes(self.content(name))
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def content(self, database: str) -> bytes:
        """Return every value of every table, for who looks whether something stands there that may not."""
        with psycopg.connect(self.address(database), autocommit=True) as pg, pg.cursor(binary=True) as cursor:
            tables = cursor.execute(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            rows = [row for (table,) in tables for row in cursor.execute(f"SELECT * FROM {table}".encode()).fetchall()]
        return b"\n".join(v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running PostgreSQL server; databases are made from a template with the schemas in it."""
    existing = os.environ.get("WISSEL_TEST_POSTGRES")
    if not existing and binaries() is None:
        from conftest import missing

        missing(MISSING)
    with ExitStack() as opened:
        made = Cluster(existing) if existing else opened.enter_context(private_server(Cluster))
        made.template = name = f"wissel_leeg_{os.getpid()}"
        made.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        opened.callback(made.run, f"DROP DATABASE {name} WITH (FORCE)")
        OnServer(with_database(hub_voor_tests.loaded(Path()), made.address(name))).migrate("pre", {})
        yield made


def volgens_de_handleiding(kop: str, doen: str, *, address: str, folder: Path) -> None:
    """Run the commands of the guide that begin with ``doen``, as they stand under a heading, with backups in ``folder``."""
    text = HANDLEIDING.read_text(encoding="utf-8").partition(f"\n## {kop}\n")[2].partition("\n## ")[0]
    block = next(found for found in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if found.startswith(doen))
    for backups in ("backup-keys", "backup"):
        (folder / backups).mkdir(exist_ok=True)
        block = block.replace(f"/{backups}/", f"{folder}/{backups}/")
    block = block.replace("2026-03-12", "$(date +%F)")
    environment = {**os.environ, "DATABASE": address, "KEYS": address}
    done = subprocess.run(["bash", "-euc", block], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=["bestanden", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Let the test run with its hubs on files, and again with them in PostgreSQL."""
    if request.param == "bestanden":
        yield request.param
        return
    server: Cluster = request.getfixturevalue("postgres")
    addresses: dict[Path, str] = {}
    with ExitStack() as made, pytest.MonkeyPatch.context() as changed:

        def elsewhere(loaded: Loaded) -> Loaded:
            folder = loaded.settings.opslag.map
            if folder not in addresses:
                seen = tmp_path / f"postgres-{len(addresses)}.gezien"
                addresses[folder] = made.enter_context(server.database(seen=seen))
            return with_database(loaded, addresses[folder])

        changed.setattr(hub_voor_tests, "opslag", elsewhere)
        opens = OnServer.open
        changed.setattr(OnServer, "open", lambda self, asked: (self.migrate("pre", asked.tables), opens(self, asked))[1])
        yield request.param


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "bestanden: about the files of the embedded store, so not on PostgreSQL")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on PostgreSQL what is about files."""
    out = [item for item in items if item.get_closest_marker("bestanden") and _on_postgres(item)]
    if out:
        items[:] = [item for item in items if item not in out]
        config.hook.pytest_deselected(items=out)


def _on_postgres(item: pytest.Item) -> bool:
    spec = getattr(item, "callspec", None)
    return spec is not None and spec.params.get("store") == "postgres"


def adres(folder: Path) -> str:
    """Return the address of the database of the hub on a folder."""
    found = hub_voor_tests.loaded(folder).database
    assert found is not None
    return found.get_secret_value()


def with_database(loaded: Loaded, address: str, **more: str) -> Loaded:
    """Return the settings with the store in a database, its schemas made."""
    changed = {"database": SecretStr(address), **{name: SecretStr(value) for name, value in more.items()}}
    return loaded.model_copy(update=changed)
