# SPDX-License-Identifier: EUPL-1.2
"""R4: a member's checkpoint per partition, moved by compare-and-set as the first statement of each of its transactions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.errors import LostRace
from hub.store.base import Connection


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a member got in one partition. ``offset`` -1: nothing yet. ``epoch`` fences every other writer."""

    member: str
    partition_id: int
    base: int
    offset: int = -1
    epoch: int = 0

    @property
    def place(self) -> int:
        """The one-number place of the last event taken."""
        return self.base + self.offset


def load(db: Connection, member: str, partition_id: int, base: int) -> Checkpoint:
    """Return where a member stands in a partition."""
    row = db.execute("SELECT plaats, epoch FROM controlepunt WHERE lid = ? AND partitie = ?", (member, partition_id)).fetchone()
    return Checkpoint(member, partition_id, base, row[0] - base, row[1]) if row else Checkpoint(member, partition_id, base)


def move(db: Connection, point: Checkpoint, *, offset: int, event_id: bytes | None, log_id: str) -> Checkpoint:
    """Move a checkpoint from exactly where it was read. LostRace when somebody else moved it meanwhile."""
    moved = replace(point, offset=offset, epoch=point.epoch + 1)
    if point.epoch == 0:
        changed = db.execute(
            "INSERT INTO controlepunt VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            (point.member, point.partition_id, moved.place, moved.epoch, event_id, log_id),
        ).rowcount
    else:
        changed = db.execute(
            "UPDATE controlepunt SET plaats = ?, epoch = ?, gebeurtenis = coalesce(?, gebeurtenis)"
            " WHERE lid = ? AND partitie = ? AND plaats = ? AND epoch = ?",
            (moved.place, moved.epoch, event_id, point.member, point.partition_id, point.place, point.epoch),
        ).rowcount
    if changed != 1:
        raise LostRace(f"{point.member} was moved in partition {point.partition_id} by somebody else; read it again")
    return moved
