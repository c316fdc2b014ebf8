# SPDX-License-Identifier: EUPL-1.2
"""What a replay would take, and how every build stands: read beside the hub, without touching it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.builds import BOUWT, Build, Pointer, shadow_of
from hub.clock import from_microseconds, rfc3339
from hub.errors import Refused
from hub.plugins import Projection
from hub.replay import lease
from hub.replay.bouwer import Bouwer
from hub.replay.lezen import Lezer
from hub.store.opening import make_build

_SAMPLE: Final = 4_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replay of these projections takes. ``per_s`` was measured on the first events of this log, just now."""

    projecties: Sequence[str]
    gebeurtenissen: int
    per_s: float
    duur_s: float
    rijen: dict[str, int]
    geparkeerd: dict[str, int]
    nodig_mb: float
    vrij_mb: float
    bezig: Sequence[str]


@dataclass(frozen=True, slots=True)
class Regel:
    """How one build stands. ``wat``: live, schaduw, vorige or over (kept, followed by nobody)."""

    projectie: str
    lid: str
    wat: str
    toestand: str
    gelezen: int
    totaal: int
    geparkeerd: int
    sinds: str
    door: str
    reden: str
    per_s: float | None
    over_s: float | None
    bezig: bool
    fout: str | None


def plan(lezer: Lezer, projections: Sequence[Projection]) -> Plan:
    """Measure how fast these projections take the log here, and tell what a replay of all of it takes."""
    builds, pointers = lezer.builds()
    by_name = {pointer.projectie: pointer for pointer in pointers}
    live = {p.name: build for p in projections for build in builds if build.lid == by_name[p.name].lid}
    total = sum(p.head for p in lezer.log.positions() if any(p.topic in found.topics for found in projections))
    per_s, bytes_each = _measured(lezer, projections)
    open_ones = [b.lid for p in projections if (b := shadow_of(builds, by_name.get(p.name), p.name))]
    return Plan(
        projecties=[projection.name for projection in projections],
        gebeurtenissen=total,
        per_s=round(per_s, 1),
        duur_s=round(total / per_s, 1),
        rijen={name: _count(lezer, build, build.shape.table) for name, build in live.items()},
        geparkeerd={name: _parked(lezer, build) for name, build in live.items()},
        nodig_mb=round(total * bytes_each / 1e6, 1),
        vrij_mb=round(shutil.disk_usage(lezer.folder).free / 1e6, 1),
        bezig=open_ones,
    )


def _measured(lezer: Lezer, projections: Sequence[Projection]) -> tuple[float, float]:
    """Return (events per second, bytes per event) of a sample built beside everything, and thrown away."""
    with tempfile.TemporaryDirectory(dir=lezer.folder, prefix="proef-") as folder:
        database = make_build(Path(folder) / "proef.db")
        try:
            bouwer = Bouwer(lezer, number=1, projections=projections, database=database, bij_fout="parkeer", claimed=False)
            bouwer.run(most=_SAMPLE)
            per_s, done = bouwer.voortgang.per_s, bouwer.voortgang.gedaan
        finally:
            database.close()
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    return per_s or 1.0, size / done if done else 0.0


def status(lezer: Lezer) -> list[Regel]:
    """Return every build there is, the live one of each projection first."""
    builds, pointers = lezer.builds()
    order = {"live": 0, "schaduw": 1, "vorige": 2, "over": 3}
    lines = [_line(lezer, build, next(p for p in pointers if p.projectie == build.projectie), builds) for build in builds]
    return sorted(lines, key=lambda line: (line.projectie, order[line.wat], line.lid))


def _line(lezer: Lezer, build: Build, pointer: Pointer, builds: Sequence[Build]) -> Regel:
    found = lezer.projections.get(build.projectie)
    topics = found.topics if found else frozenset[str]()
    places = _places(lezer, build)
    total = sum(p.head for p in lezer.log.positions() if p.topic in topics)
    read = sum((place & ((1 << 40) - 1)) + 1 for partition, place in places.items() if place >= partition << 40)
    going = _progress(lezer, build) if build.toestand == BOUWT else None
    per_s = going.per_s if going else None
    return Regel(
        projectie=build.projectie,
        lid=build.lid,
        wat=_role(build, pointer, builds),
        toestand=build.toestand,
        gelezen=min(read, total),
        totaal=total,
        geparkeerd=_parked(lezer, build),
        sinds=rfc3339(from_microseconds(build.begonnen)),
        door=build.door,
        reden=build.reden,
        per_s=round(per_s, 1) if per_s else None,
        over_s=round(max(0, total - read) / per_s, 1) if per_s else None,
        bezig=bool(going and going.loopt),
        fout=going.fout if going else None,
    )


def _role(build: Build, pointer: Pointer, builds: Sequence[Build]) -> str:
    if build.lid == pointer.lid:
        return "live"
    if build.lid == pointer.vorige:
        return "vorige"
    return "schaduw" if build == shadow_of(builds, pointer, build.projectie) else "over"


def _progress(lezer: Lezer, build: Build) -> lease.Voortgang | None:
    try:
        with lezer.database(build.nummer).reader() as db:
            return lease.progress(db, build.nummer)
    except Refused:  # its process has not made the file yet
        return None


def _places(lezer: Lezer, build: Build) -> dict[int, int]:
    try:
        with lezer.database(build.nummer).reader() as db:
            return dict(db.execute("SELECT partitie, plaats FROM controlepunt WHERE lid = ?", (build.lid,)).fetchall())
    except Refused:
        return {}


def _parked(lezer: Lezer, build: Build) -> int:
    try:
        with lezer.database(build.nummer).reader() as db:
            return int(db.execute("SELECT count(*) FROM geparkeerd WHERE lid = ?", (build.lid,)).fetchone()[0])
    except Refused:
        return 0


def _count(lezer: Lezer, build: Build, table: str) -> int:
    with lezer.database(build.nummer).reader() as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
