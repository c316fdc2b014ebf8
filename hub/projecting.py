# SPDX-License-Identifier: EUPL-1.2
"""Applies events to the rows of one projection, within the caller's transaction (R9), and says what it could not (R13).

Rows are loaded and written in bulk. When the bulk fails for another reason than the disk, the caller rolls back and comes
again by member; then ``apply_by_stream`` finds the event that cannot be applied, and everything else goes in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn
from zlib import crc32

import msgspec

from hub.checkpoints import Checkpoint
from hub.errors import ForeignRecord, HubError
from hub.events import uuid_text
from hub.log.base import Record, Stream
from hub.plugins import ProjectedEvent, Projection, Row
from hub.readmodels import Tables
from hub.store.base import Connection, Database


class Item(msgspec.Struct, frozen=True):
    """One record of a batch, decoded once for all members; ``error`` instead of ``event`` when it does not decode."""

    record: Record
    stream: Stream
    event: ProjectedEvent | None
    error: HubError | None

    @property
    def event_id(self) -> str:
        """Return the id under which it is logged."""
        return uuid_text(self.record.event_id)

    @property
    def soort(self) -> str:
        """Return its type, as far as it can be read."""
        return self.event.type if self.event else "onleesbaar"


PerStream = Mapping[int, Sequence[Item]]  # per stream what a batch holds of it, in the order of the log
Step = tuple[Callable[[Row | None, Any], Row | None], Item]


class Failed(NamedTuple):
    """An event that was not applied; ``error`` None: it waits behind one of its stream that could not be."""

    item: Item
    error: BaseException | None

    @property
    def blocks(self) -> bool:
        """True when what follows in its stream must wait; a record that is not ours holds nobody up."""
        return not isinstance(self.error, ForeignRecord)


@dataclass(slots=True, eq=False)
class Member:
    """A build of a projection: its tables and where they lie, where it stands, which streams wait, what a person left out.

    ``live``: readers see it. Others are filled or follow, so that readers can be switched to them. ``elsewhere``: where other
    processes have brought it, for who looks on; ``points`` is only for who moves them, and is read again by nobody else.
    """

    projection: Projection
    tables: Tables
    database: Database
    live: bool = True
    points: dict[tuple[str, int], Checkpoint] = field(default_factory=dict)
    elsewhere: dict[tuple[str, int], Checkpoint] = field(default_factory=dict)
    parked: set[int] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """Return the member's name: ``<projection>:<version>``, with ``.<number>`` when a replay made it."""
        return self.tables.member

    def offset_at(self, where: tuple[str, int]) -> int:
        """Return the last offset taken of a partition, by whichever process."""
        return self.elsewhere.get(where, self.points[where]).offset

    def steps(self, items: Sequence[Item]) -> list[Step]:
        """Return what this member does with one stream's items."""
        return steps_of(self.projection, items, self.skipped)

    def row(self, stream_id: int, stream: Stream, base: int) -> tuple[int, str]:
        """Return (id, key) of the row a stream belongs to: its own, or that of its partition and gemeente."""
        if self.projection.per == "stroom":
            return stream_id, stream.key
        return -((base >> 40) << 32 | crc32(stream.gemeente.encode())), f"{stream.topic}/{base >> 40}"


Way = Callable[..., list[Failed]]  # apply or apply_by_stream


def apply(db: Connection, member: Member, streams: PerStream, *, base: int, parked: Collection[int]) -> list[Failed]:
    """Fold the items into the member's rows and write these in bulk; return what must be parked.

    ``parked``: the streams that wait. Raises whatever writing a row raises; the caller rolls back.
    """
    todo = {stream: steps for stream, items in streams.items() if (steps := member.steps(items))}
    if not todo:
        return []
    places = {stream: member.row(stream, steps[0][1].stream, base) for stream, steps in todo.items()}
    before = member.tables.load(db, {row_id for row_id, _ in places.values()})
    rows: dict[int, Row | None] = dict(before)
    after: dict[int, tuple[str, str, Row | None]] = {}
    failed: list[Failed] = []
    for stream, steps in todo.items():
        row_id, key = places[stream]
        old = rows.get(row_id)
        row = fold(old, steps, stream in parked, failed)
        if row is not old:
            rows[row_id] = row
            after[row_id] = (steps[0][1].stream.gemeente, key, row)
    if after:
        member.tables.write(db, before, after)
    return failed


def apply_by_stream(db: Connection, member: Member, streams: PerStream, *, base: int, parked: Collection[int]) -> list[Failed]:
    """Do what ``apply`` does, stream by stream and where needed event by event, so that one bad row stops one stream only."""
    failed: list[Failed] = []
    for stream, items in streams.items():
        try:
            with db.savepoint():
                failed += apply(db, member, {stream: items}, base=base, parked=parked)
        except Exception as error:
            if db.lost(error):
                raise
            failed += _one_by_one(db, member, stream, items, base=base, parked=parked)
    return failed


def _one_by_one(
    db: Connection, member: Member, stream: int, items: Sequence[Item], *, base: int, parked: Collection[int]
) -> list[Failed]:
    failed: list[Failed] = []
    waiting = set(parked)
    for item in items:
        try:
            with db.savepoint():
                now = apply(db, member, {stream: [item]}, base=base, parked=waiting)
        except Exception as error:
            if db.lost(error):
                raise
            now = [Failed(item, error)]
        waiting |= {fault.item.record.stream for fault in now if fault.blocks}
        failed += now
    return failed


def steps_of(projection: Projection, items: Sequence[Item], skipped: Collection[str]) -> list[Step]:
    """Return what is done with one stream's items: those there is a handler for, and those nobody can read."""
    handler = projection.handlers.get
    found = [(apply, item) for item in items if (apply := handler(item.event.type) if item.event else _unreadable)]
    return [step for step in found if step[1].event_id not in skipped] if skipped else found


def fold(row: Row | None, steps: Sequence[Step], waits: bool, failed: list[Failed]) -> Row | None:  # noqa: FBT001
    """Take one stream's steps on its row and return it; what fails is added to ``failed``, with all that follows it.

    ``waits``: the stream is parked. Every event of a rebuild passes here once for each projection.
    """
    for handler, item in steps:
        if waits and not isinstance(item.error, ForeignRecord):
            failed.append(Failed(item, None))
            continue
        try:
            row = handler(row, item.event or item.error)
        except Exception as error:  # noqa: BLE001 - R13: whatever a projection raises parks that stream, visibly
            failed.append(Failed(item, error))
            waits = waits or failed[-1].blocks
    return row


def _unreadable(_row: Row | None, error: HubError) -> NoReturn:
    """Stand in for the handler of an item that does not decode."""
    raise error
