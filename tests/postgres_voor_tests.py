# SPDX-License-Identifier: EUPL-1.2
"""A pytest plugin: a real PostgreSQL, a private server in a temporary folder, and a fresh database for each test.

``WISSEL_TEST_POSTGRES=postgresql://...`` uses an existing server instead, with a role that may make databases.

A test that uses the fixture ``store`` runs twice: with its hubs on files and with them in a database (one per folder that is
given to ``hub_voor_tests.loaded``). The mark ``bestanden`` keeps a test to files: it is about them.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
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

from hub.settings import Loaded
from hub.store.server import OnServer

BINARIES = "initdb", "pg_ctl", "postgres"
MISSING = "PostgreSQL is missing; install it with: sudo apt-get install -y postgresql"


def binaries() -> Path | None:
    """Return the folder with the server's programs; Debian keeps them out of the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in (*debian, Path(shutil.which("postgres") or "/").resolve().parent):
        if all((folder / name).is_file() for name in BINARIES):
            return folder
    return None


@dataclass
class Cluster:
    """A running server. ``stop`` and ``start`` are there for tests of what happens then."""

    dsn: str
    folder: Path | None = None
    bin: Path | None = None
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

    def ctl(self, *args: str) -> None:
        """Run pg_ctl."""
        assert self.folder is not None
        assert self.bin is not None
        as_server([str(self.bin / "pg_ctl"), "-D", str(self.folder / "data"), "-w", "-t", "60", *args], self.folder)

    def start(self) -> None:
        assert self.folder is not None
        self.ctl("-l", str(self.folder / "server.log"), "start")

    def stop(self, how: str = "immediate") -> None:
        self.ctl("-m", how, "stop")

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


def as_server(command: list[str], folder: Path) -> None:
    """Run a program as a user that PostgreSQL accepts: not root."""
    user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **user)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a private server, synchronous as in production, on a socket of its own and a free loopback port."""
    found = binaries()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="wissel-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        init = [str(found / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        as_server([*init, "--no-sync", "--locale=C.UTF-8"], folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (folder / "data" / "postgresql.auto.conf").write_text(
            f"unix_socket_directories = '{folder}'\nlisten_addresses = '127.0.0.1'\nport = {port}\n"
            "max_connections = 200\nshared_buffers = 64MB\nmax_wal_size = 512MB\n"
        )
        made = Cluster(f"postgresql://postgres@/postgres?host={folder}&port={port}", folder, found)
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running PostgreSQL server; databases are made from a template with the schemas in it."""
    existing = os.environ.get("WISSEL_TEST_POSTGRES")
    if not existing and binaries() is None:
        from conftest import missing

        missing(MISSING)
    with ExitStack() as opened:
        made = Cluster(existing) if existing else opened.enter_context(cluster())
        made.template = name = f"wissel_leeg_{os.getpid()}"
        made.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        opened.callback(made.run, f"DROP DATABASE {name} WITH (FORCE)")
        OnServer(with_database(hub_voor_tests.loaded(Path()), made.address(name))).migrate("pre", {})
        yield made


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


def with_database(loaded: Loaded, address: str, **more: str) -> Loaded:
    """Return the settings with the store in a database, its schemas made."""
    changed = {"database": SecretStr(address), **{name: SecretStr(value) for name, value in more.items()}}
    return loaded.model_copy(update=changed)
