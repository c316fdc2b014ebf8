# SPDX-License-Identifier: EUPL-1.2
"""What a process beside the hub opens: the log and the read models, for reading only, and nothing that unseals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from hub.builds import WEG, Build, Pointer, builds_of, pointers_of
from hub.clock import SystemClock
from hub.codec import Codec
from hub.discovery import Plugins, installed
from hub.errors import NotFound
from hub.keys import KeyStore
from hub.log.base import Log
from hub.log.engine import open_log
from hub.plugins import Projection
from hub.settings import Loaded
from hub.store.base import Database
from hub.store.place import place_of
from schemas import load as load_schemas


class GeenSleutels(KeyStore):
    """A replay opens no sealed element: read models keep them sealed, so it needs no key and has none."""

    def __init__(self) -> None:
        """Open no file."""


class Lezer:
    """The log and the builds as they are now, from another process than the hub's. Use as a context manager."""

    def __init__(self, loaded: Loaded, plugins: Plugins | None = None) -> None:
        self.loaded = loaded
        self.folder = loaded.settings.opslag.map
        self._beside = place_of(loaded).beside()
        self.projections: Mapping[str, Projection] = (plugins or installed()).projections
        self.clock = SystemClock(loaded.clock_shift)
        self.wissel, self.main = self._beside.wissel, self._beside.members
        self._builds: dict[int, Database] = {}
        with self.wissel.reader() as db:
            row = db.execute("SELECT waarde FROM meta WHERE naam = 'log_id'").fetchone()
            topics = dict(db.execute("SELECT topic, count(*) FROM partitie GROUP BY topic").fetchall())
        codec = Codec(load_schemas(), GeenSleutels())
        self.log: Log = open_log(self.wissel, codec, access=loaded.kafka, topics=topics, log_id=str(row[0]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.log.close()
        for database in (*self._builds.values(), self.main, self.wissel):
            database.close()

    def builds(self) -> tuple[list[Build], list[Pointer]]:
        """Return the builds there are, and where readers look."""
        with self.main.reader() as db:
            return [build for build in builds_of(db) if build.toestand != WEG], pointers_of(db)

    def database(self, number: int) -> Database:
        """Return where a build lies."""
        if number == 0:
            return self.main
        if number not in self._builds:
            self._builds[number] = self._beside.build(number)
        return self._builds[number]

    def fill(self, number: int) -> Database:
        """Return where a build is to be filled. Whoever asks closes it."""
        return self._beside.make_build(number)

    def chosen(self, names: Sequence[str]) -> list[Projection]:
        """Return the projections of these names, all when none is named. NotFound names those there are."""
        if unknown := [name for name in names if name not in self.projections]:
            raise NotFound(f"er is geen projectie {', '.join(unknown)}; kies uit {', '.join(sorted(self.projections))}")
        return [projection for name, projection in sorted(self.projections.items()) if not names or name in names]
