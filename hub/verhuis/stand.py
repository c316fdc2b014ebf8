# SPDX-License-Identifier: EUPL-1.2
"""Where the flows are, and what is parked for them: translated by (stream, sequence, id), never copied by offset (R15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from hub.errors import ForeignRecord, Refused
from hub.events import uuid_text
from hub.log.base import OFFSET_BITS, OFFSET_MASK, Log
from hub.store.base import Connection
from hub.verhuis.lezen import Deel, Plek

_PLACE: Final = 3  # in the columns of ``geparkeerd``
_SEEN: Final = (
    "INSERT INTO gezien (lid, stroom, volgnummer) SELECT ?, stroom, max(volgnummer) FROM gebeurtenis"
    " WHERE plaats >= ? AND plaats <= ? GROUP BY stroom"
)


class Punt(NamedTuple):
    """A flow's checkpoint in one partition. ``plek`` None: it took nothing there yet."""

    lid: str
    nummer: int
    topic: str
    partitie: int
    offset: int
    epoch: int
    plek: Plek | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """What the flows of one side have and wait for. ``vreemd``: parked records that were no event of ours; they stay behind."""

    punten: Sequence[Punt]
    geparkeerd: Sequence[tuple[Any, ...]]
    vreemd: int

    @property
    def plekken(self) -> set[tuple[int, int]]:
        """Return every (stream, sequence) that must be found at the other side."""
        parked = {(row[1], row[2]) for row in self.geparkeerd}
        return parked | {(point.plek.stroom, point.plek.volgnummer) for point in self.punten if point.plek}

    def offsets(self, topic: str, partition: int) -> set[int]:
        """Return the offsets of a partition at which a flow stands."""
        return {point.offset for point in self.punten if (point.topic, point.partitie) == (topic, partition)}

    def op_plek(self, parts: Mapping[tuple[str, int], Deel]) -> Stand:
        """Return this with each checkpoint told by the event that it has come to."""
        return replace(self, punten=[p._replace(plek=parts[p.topic, p.partitie].tot[p.offset]) for p in self.punten])


def lees_stand(db: Connection) -> Stand:
    """Read where the flows are. Refused when something parked is no event that was put down, and holds its stream up."""
    names = {number: (topic, partition) for number, topic, partition in db.execute("SELECT id, topic, nummer FROM partitie")}
    rows = db.execute("SELECT lid, partitie, plaats, epoch FROM controlepunt ORDER BY lid, partitie").fetchall()
    points = [Punt(lid, n, *names[n], place - (n << OFFSET_BITS), epoch) for lid, n, place, epoch in rows]
    parked = db.execute("SELECT * FROM geparkeerd ORDER BY lid, stroom, plaats").fetchall()
    ours = [row for row in parked if _put_down(db, row)]
    other = [row for row in parked if not _put_down(db, row) and row[6] != ForeignRecord.__name__]
    if other:
        raise Refused(
            f"{len(other)} geparkeerde gebeurtenis(sen) staan anders in het topic dan ze zijn neergelegd ({other[0][6]}): sla"
            " ze over met `wissel parked skip` voordat u verhuist"
        )
    return Stand(points, ours, len(parked) - len(ours))


def schrijf_stand(db: Connection, found: Stand, log: Log, parts: Mapping[tuple[str, int], Deel]) -> None:
    """Write at the other side where the flows are there; what was there before goes."""
    for table in ("controlepunt", "geparkeerd", "gezien"):
        db.execute(f"DELETE FROM {table}")
    for point in found.punten:
        base, plek = point.nummer << OFFSET_BITS, point.plek
        offset = parts[point.topic, point.partitie].staat[plek[:2]] if plek else -1
        row = (point.lid, point.nummer, base + offset, point.epoch, plek.gebeurtenis if plek else None)
        db.execute("INSERT INTO controlepunt VALUES (?,?,?,?,?,?)", (*row, log.identity(point.topic)))
        if plek and log.repeats:
            db.execute(_SEEN, (point.lid, base, _place_of(db, plek[:2])))
    for row in found.geparkeerd:
        place = _place_of(db, (row[1], row[2]))
        offset = next(part.staat[row[1], row[2]] for part in parts.values() if (row[1], row[2]) in part.staat)
        columns = [*row[:_PLACE], (place & ~OFFSET_MASK) + offset, *row[_PLACE + 1 :]]
        db.execute(f"INSERT INTO geparkeerd VALUES ({','.join('?' * len(columns))})", columns)


def _put_down(db: Connection, row: Sequence[Any]) -> bool:
    """Return True when a parked row is of the event that the store has under its sequence."""
    query = "SELECT id FROM gebeurtenis WHERE stroom = ? AND volgnummer = ?"
    own = db.execute(query, (row[1], row[2])).fetchone()
    return own is not None and uuid_text(bytes(own[0])) == row[4]


def _place_of(db: Connection, plek: tuple[int, int]) -> int:
    """Return where the store has an event, the same on both sides."""
    return int(db.execute("SELECT plaats FROM gebeurtenis WHERE stroom = ? AND volgnummer = ?", plek).fetchone()[0])
