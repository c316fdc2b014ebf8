# SPDX-License-Identifier: EUPL-1.2
"""Which engine holds the store, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from hub.errors import ConfigError, Refused
from hub.settings import Loaded
from hub.store.base import Database
from hub.store.opening import Asked, Files, FolderLock, Stores, build_path, make_build
from hub.store.sqlite import SqliteReading

Phase = Literal["pre", "post"]


@dataclass(frozen=True, slots=True)
class Beside:
    """What a process beside the hub opens: the log and read models for reading, and a build to fill."""

    wissel: Database
    members: Database
    build: Callable[[int], Database]  # for reading; Refused when there is no such build
    make_build: Callable[[int], Database]  # made when it is not there; its last commits may go with the power


class Lock(Protocol):
    """R14: one embedded hub per store, or several processes that share it."""

    def take(self) -> None:
        """Take the lock, or refuse and say who holds it."""

    def release(self) -> None:
        """Let go of it."""


class Heard(Protocol):
    """What hears of writes in other processes."""

    def stop(self) -> None:
        """Hear no more."""


class Place(Protocol):
    """Where the store is. ``name`` says it to a person, without a password."""

    name: str

    def lock(self, *, shared: bool) -> Lock:
        """Return the lock that keeps a second hub away; ``shared``: only one that runs alone."""

    def herald(self, on_word: Callable[[], None]) -> Heard | None:
        """Call ``on_word`` whenever another process wrote to the bookkeeping, until it is stopped; None where there is none."""

    def open(self, asked: Asked) -> Stores:
        """Open the databases together, or refuse."""

    def beside(self) -> Beside:
        """Open what a command reads beside a running hub. Refused when no hub ever ran here."""

    def migrate(self, phase: Phase, tables: Mapping[str, str], *, show: bool = False) -> Sequence[str]:
        """Apply (or only name) the steps that make and change the tables; return those that were not applied yet."""


class OnFiles:
    """SQLite files in the folder of ``[opslag] map``."""

    def __init__(self, loaded: Loaded) -> None:
        self._folder = loaded.settings.opslag.map
        self.name = f"de map {self._folder.resolve()}"

    def lock(self, *, shared: bool) -> Lock:  # noqa: ARG002 - files are of one process (Core refuses)
        """Return the lock on the folder."""
        return FolderLock(self._folder)

    def herald(self, _on_word: Callable[[], None]) -> None:
        """Return nothing: files are of one process."""

    def open(self, asked: Asked) -> Stores:
        """Open the three files."""
        return Files(self._folder, asked)

    def beside(self) -> Beside:
        """Open the files for reading."""

        def reading(path: Path) -> Database:
            if not path.exists():
                raise Refused(f"{path} is er niet; begin een hub met `wissel serve`, of een replay met `wissel replay start`")
            return SqliteReading(path)

        return Beside(
            wissel=reading(self._folder / "wissel.db"),
            members=reading(self._folder / "leesmodellen.db"),
            build=lambda number: reading(build_path(self._folder, number)),
            make_build=lambda number: make_build(build_path(self._folder, number)),
        )

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
