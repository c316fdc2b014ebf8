# SPDX-License-Identifier: EUPL-1.2
"""Which builds of each projection there are, which one readers see, and where their tables lie (R4).

A build that a replay made lies in a file of its own, so that filling or dropping it never takes the lock of the live one.
Pointer and builds stand in ``leesmodellen.db``; whoever reads a projection looks at its pointer first.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from hub.clock import to_microseconds
from hub.errors import NotFound, Refused
from hub.plugins import Clock, Projection
from hub.readmodels import Shape, member_name, shape_of
from hub.store.base import Connection, Database

T = TypeVar("T")
BOUWT: Final = "bouwt"
KLAAR: Final = "klaar"
WEG: Final = "weg"
_COLUMNS: Final = "lid, nummer, projectie, versie, vorm, toestand, reden, door, begonnen"
_POINTED: Final = (
    "SELECT b.nummer, b.vorm FROM leesmodel m JOIN bouw b ON b.lid = m.lid WHERE m.projectie = ? AND b.toestand = 'klaar'"
)
_DROP_WAIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Build:
    """One set of tables of (projection, version), with checkpoints of its own under ``lid``."""

    lid: str
    nummer: int
    projectie: str
    versie: int
    shape: Shape
    toestand: str
    reden: str
    door: str
    begonnen: int


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which build of a projection readers see, and which one came before and may come back."""

    projectie: str
    lid: str
    vorige: str | None
    vorige_tot: int | None


class Builds:
    """The builds of one store. Safe to use from every thread; what another process changed is seen at the next look.

    ``new_versions``: a version that this code brings gets a build at once, which the hub fills itself.
    """

    def __init__(
        self,
        *,
        main: Database,
        open_file: Callable[[int], Database],
        projections: Sequence[Projection],
        clock: Clock,
        new_versions: bool = True,
    ) -> None:
        self.main = main
        self.projections = {p.name: p for p in projections}
        self._open_file = open_file
        self._clock = clock
        self._new_versions = new_versions
        self._files: dict[int, Database] = {}
        self._users: Counter[int] = Counter()
        self._free = threading.Condition()
        main.write(self._begin).result()

    def _begin(self, db: Connection) -> None:
        """Give every projection in the code a build to begin with; a new version gets one beside what readers see."""
        pointers = {p.projectie: p for p in pointers_of(db)}
        known = builds_of(db)
        for projection in self.projections.values():
            pointer = pointers.get(projection.name)
            if pointer is None:
                add(db, projection, 0, KLAAR, reden="begin", door="wissel", at_us=self._now())
                lid = member_name(projection.name, projection.version, 0)
                begin = "INSERT INTO leesmodel (projectie, lid) VALUES (?, ?) ON CONFLICT (projectie) DO NOTHING"
                db.execute(begin, (projection.name, lid))  # another worker may begin at this very moment
            elif self._new_versions and not _has(known, projection):
                add(db, projection, 0, KLAAR, reden="nieuwe versie", door="wissel", at_us=self._now())

    def _now(self) -> int:
        return to_microseconds(self._clock.now())

    def all(self) -> tuple[list[Build], list[Pointer]]:
        """Return what there is now, dropped builds left out, and where readers look."""
        with self.main.reader() as db:
            return [build for build in builds_of(db) if build.toestand != WEG], pointers_of(db)

    @contextmanager
    def reading(self, projection: str) -> Iterator[tuple[Connection, Shape]]:
        """Yield a view of the live build: the old one or the new one, never neither. NotFound for an unknown projection."""
        while True:
            with self.main.reader() as db:
                row = db.execute(_POINTED, (projection,)).fetchone()
                if row is None:
                    raise NotFound(f"er is geen leesmodel {projection}")
                number, shape = row[0], _shape(row[1])
                database = self.take(number)
                if database is self.main:
                    yield db, shape
                    return
            if database is None:
                continue  # it was dropped since we looked, so the pointer has moved: look again
            try:
                with database.reader() as view:
                    yield view, shape
                return
            finally:
                self.release(number)

    def gather(self, read: Callable[[Connection], list[T]]) -> list[T]:
        """Return what ``read`` finds in each place where a build lies that follows the log."""
        found: list[T] = []
        for number in sorted({build.nummer for build in self.all()[0] if build.toestand == KLAAR} | {0}):
            with self._view(number) as db:
                found += read(db)
        return found

    def parked_count(self) -> int:
        """Return how many events are parked for what readers see."""
        builds, pointers = self.all()
        live = {pointer.lid for pointer in pointers}
        total = 0
        for number in {build.nummer for build in builds if build.lid in live}:
            with self._view(number) as db:
                counts = db.execute("SELECT lid, count(*) FROM geparkeerd GROUP BY lid").fetchall()
                total += sum(count for lid, count in counts if lid in live)
        return total

    def view(self, lid: str) -> AbstractContextManager[Connection]:
        """Return a view of where a build lies. NotFound when it is not there (any more)."""
        return self._view(next((build.nummer for build in self.all()[0] if build.lid == lid), -1))

    @contextmanager
    def _view(self, number: int) -> Iterator[Connection]:
        database = self.take(number)
        if database is None:
            raise NotFound("deze bouw van een leesmodel is er niet (meer); bekijk `wissel replay status`")
        try:
            with database.reader() as db:
                yield db
        finally:
            self.release(number)

    # ------------------------------------------------------------------------------------------------- their files

    def take(self, number: int) -> Database | None:
        """Return the database a build lies in, held open until ``release``; None when the build is dropped."""
        with self._free:
            if number == 0:
                return self.main
            if number not in self._files:
                if self._dropped(number):
                    return None
                self._files[number] = self._open_file(number)
            if self._files[number] is not self.main:
                self._users[number] += 1
            return self._files[number]

    def release(self, number: int) -> None:
        """Say that ``take``'s database is used no longer."""
        with self._free:
            if self._users[number]:
                self._users[number] -= 1
            self._free.notify_all()

    def forget(self, number: int) -> None:
        """Close a dropped build's file, when whoever reads it is done. Refused when somebody goes on reading too long."""
        with self._free:
            if not self._free.wait_for(lambda: not self._users[number], _DROP_WAIT_S):
                raise Refused(f"bouw {number} wordt nog gelezen; de volgende start van de hub ruimt haar op")
            database = self._files.pop(number, None)
        if database not in {None, self.main}:
            database.close()

    def close(self) -> None:
        """Close the files of builds; ``leesmodellen.db`` belongs to who opened it."""
        with self._free:
            files, self._files = self._files, {}
        for database in files.values():
            if database is not self.main:
                database.close()

    def _dropped(self, number: int) -> bool:
        with self.main.reader() as db:
            rows = db.execute("SELECT 1 FROM bouw WHERE nummer = ? AND toestand <> 'weg'", (number,)).fetchall()
        return not rows


# ---------------------------------------------------------------------------------------------------- rows of the tables


def builds_of(db: Connection) -> list[Build]:
    """Return all builds, in the order in which they were made."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM bouw ORDER BY nummer, lid")
    return [Build(lid, number, name, versie, _shape(vorm), *rest) for lid, number, name, versie, vorm, *rest in rows]


def pointers_of(db: Connection) -> list[Pointer]:
    """Return where readers look, per projection."""
    return [Pointer(*row) for row in db.execute("SELECT projectie, lid, vorige, vorige_tot FROM leesmodel ORDER BY projectie")]


def add(db: Connection, projection: Projection, number: int, toestand: str, *, reden: str, door: str, at_us: int) -> None:
    """Write a build down. One that began with its version may be there as dropped: it begins again."""
    lid = member_name(projection.name, projection.version, number)
    shape = shape_of(projection, number)
    vorm = json.dumps([shape.table, shape.columns, shape.links])
    db.execute(
        f"INSERT INTO bouw ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT (lid) DO UPDATE SET toestand = excluded.toestand, reden = excluded.reden, door = excluded.door",
        (lid, number, projection.name, projection.version, vorm, toestand, reden, door, at_us),
    )


def _shape(vorm: str) -> Shape:
    table, columns, links = json.loads(vorm)
    return Shape(table, columns, tuple(links))


def point(db: Connection, pointer: Pointer, lid: str, *, until_us: int) -> None:
    """Move a projection's pointer. Refused when somebody else moved it since it was read."""
    changed = db.execute(
        "UPDATE leesmodel SET lid = ?, vorige = ?, vorige_tot = ? WHERE projectie = ? AND lid = ?",
        (lid, pointer.lid, until_us, pointer.projectie, pointer.lid),
    ).rowcount
    if changed != 1:
        raise Refused(f"{pointer.projectie} is intussen door iemand anders omgezet; bekijk `wissel replay status`")


def _has(builds: Iterable[Build], projection: Projection) -> bool:
    return any(b.versie == projection.version and b.toestand != WEG for b in _of(builds, projection.name))


def _of(builds: Iterable[Build], projection: str) -> list[Build]:
    return [build for build in builds if build.projectie == projection]


def shadow_of(builds: Iterable[Build], pointer: Pointer | None, projection: str) -> Build | None:
    """Return the build of a projection that waits to be switched to: the latest that is neither live nor the previous one."""
    taken = {pointer.lid, pointer.vorige} if pointer else set[Any]()
    open_ones = [build for build in _of(builds, projection) if build.lid not in taken and build.toestand != WEG]
    return open_ones[-1] if open_ones else None
