# SPDX-License-Identifier: EUPL-1.2
"""Which engine holds the store, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from hub.errors import ConfigError
from hub.settings import Loaded
from hub.store.opening import Asked, Files, FolderLock, Stores

Phase = Literal["pre", "post"]


class Lock(Protocol):
    """R14: one embedded hub per store."""

    def take(self) -> None:
        """Take the lock, or refuse and say who holds it."""

    def release(self) -> None:
        """Let go of it."""


class Place(Protocol):
    """Where the store is."""

    def lock(self) -> Lock:
        """Return the lock that keeps a second hub away."""

    def open(self, asked: Asked) -> Stores:
        """Open the databases together, or refuse."""

    def migrate(self, phase: Phase, tables: Mapping[str, str], *, show: bool = False) -> Sequence[str]:
        """Apply (or only name) the steps that make and change the tables; return those that were not applied yet."""


class OnFiles:
    """SQLite files in the folder of ``[opslag] map``."""

    def __init__(self, loaded: Loaded) -> None:
        self._folder = loaded.settings.opslag.map

    def lock(self) -> Lock:
        """Return the lock on the folder."""
        return FolderLock(self._folder)

    def open(self, asked: Asked) -> Stores:
        """Open the three files."""
        return Files(self._folder, asked)

    def migrate(self, _phase: Phase, _tables: Mapping[str, str], *, show: bool = False) -> Sequence[str]:  # noqa: ARG002
        """Do nothing: files are made as they are opened."""
        return ()


def place_of(loaded: Loaded) -> Place:
    """Return where the settings put the store."""
    if loaded.database is None:
        return OnFiles(loaded)
    try:
        from hub.store.server import OnServer  # noqa: PLC0415 - psycopg is an extra that files do not need
    except ImportError as error:
        raise ConfigError(["opslag.database: PostgreSQL vraagt een extra pakket; installeer wissel[postgres]"]) from error
    return OnServer(loaded)
