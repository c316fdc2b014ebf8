# SPDX-License-Identifier: EUPL-1.2
"""A real PostgreSQL on this machine: a private server in a temporary folder, synchronous as in production."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from demo.opzet import free_port
from hub.errors import Refused

S = TypeVar("S", bound="Server")
_BINARIES: Final = ("initdb", "pg_ctl", "postgres")
MISSING: Final = "PostgreSQL is missing; install it with: sudo apt-get install -y postgresql"


def binaries() -> Path | None:
    """Return the folder with the server's programs; Debian keeps them out of the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in (*debian, Path(shutil.which("postgres") or "/").resolve().parent):
        if all((folder / name).is_file() for name in _BINARIES):
            return folder
    return None


@dataclass
class Server:
    """A running server. ``folder`` and ``bin`` are there when it is ours, to stop and start it."""

    dsn: str
    folder: Path | None = None
    bin: Path | None = None

    def ctl(self, *args: str) -> None:
        """Run pg_ctl."""
        assert self.folder is not None
        assert self.bin is not None
        _as_server([str(self.bin / "pg_ctl"), "-D", str(self.folder / "data"), "-w", "-t", "60", *args], self.folder)

    def start(self) -> None:
        """Start it on its own data; return when it answers."""
        assert self.folder is not None
        self.ctl("-l", str(self.folder / "server.log"), "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it; ``immediate`` as a power cut does."""
        self.ctl("-m", how, "stop")


@contextmanager
def private_server(make: Callable[[str, Path, Path], S]) -> Iterator[S]:
    """Start a server of our own, on a socket of its own and a free loopback port. Refused where PostgreSQL is missing."""
    found = binaries()
    if found is None:
        raise Refused(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="wissel-pg-"))
    try:
        port = _prepare(folder, found)
        server = make(f"postgresql://postgres@/postgres?host={folder}&port={port}", folder, found)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path, found: Path) -> int:
    """Make the data folder and return the port it will listen on."""
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    init = [str(found / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    _as_server([*init, "--no-sync", "--locale=C.UTF-8"], folder)
    port = free_port()
    (folder / "data" / "postgresql.auto.conf").write_text(
        f"unix_socket_directories = '{folder}'\nlisten_addresses = '127.0.0.1'\nport = {port}\n"
        "max_connections = 200\nshared_buffers = 64MB\nmax_wal_size = 512MB\n",
        encoding="utf-8",
    )
    return port


def _as_server(command: Sequence[str], folder: Path) -> None:
    """Run a program as a user that PostgreSQL accepts: not root."""
    user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **user)
    if done.returncode:
        raise Refused(f"{command[0]}: {done.stdout}{done.stderr}")
