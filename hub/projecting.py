# SPDX-License-Identifier: EUPL-1.2
"""Applies events to the rows of one projection, within the caller's transaction (R9), and says what it could not (R13).

Rows are loaded and written in bulk. When the bulk fails for another reason than the disk, the caller rolls back and comes
again by member; then ``apply_by_stream`` finds the event that cannot be applied, and everything else goes in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zlib import crc32

from hub.checkpoints import Checkpoint
from hub.errors import ForeignRecord, HubError
from hub.events import uuid_text
from hub.log.base import Record
from hub.log.sqlite import Stream
from hub.plugins import Apply, ProjectedEvent, Projection, Row
from hub.readmodels import Tables
from hub.store.database import file_failed


class Item(NamedTuple):
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
    """A (projection, version): its tables, where it stands, which streams wait for a person, what a person left out."""

    projection: Projection
    tables: Tables
    points: dict[tuple[str, int], Checkpoint] = field(default_factory=dict)
    parked: set[int] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """Return the member's name, ``<projection>:<version>``."""
        return self.tables.member


def apply(db: sqlite3.Connection, member: Member, items: Sequence[Item], *, base: int, parked: Collection[int]) -> list[Failed]:
    """Fold the items into the member's rows and write these in bulk; return what must be parked.

    ``parked``: the streams that wait. Raises whatever writing a row raises; the caller rolls back.
    """
    handlers, skipped = member.projection.handlers, member.skipped
    per_row: dict[int, list[Item]] = {}
    for item in items:
        event = item.event
        if event is None:
            if item.error is None or item.event_id in skipped:
                continue
        elif event.type not in handlers or event.id in skipped:
            continue
        per_row.setdefault(_row_id(member, item, base), []).append(item)
    if not per_row:
        return []
    before = member.tables.load(db, list(per_row))
    after: dict[int, tuple[str, str, Row | None]] = {}
    failed: list[Failed] = []
    for row_id, todo in per_row.items():
        old = before.get(row_id)
        row = _fold(handlers, old, todo, parked, failed)
        if row is not old:
            after[row_id] = (todo[0].stream.gemeente, _row_key(member, todo[0], base), row)
    if after:
        member.tables.write(db, before, after)
    return failed


def apply_by_stream(
    db: sqlite3.Connection, member: Member, items: Sequence[Item], *, base: int, parked: Collection[int]
) -> list[Failed]:
    """Do what ``apply`` does, stream by stream and where needed event by event, so that one bad row stops one stream only."""
    failed: list[Failed] = []
    by_stream: dict[int, list[Item]] = {}
    for item in items:
        by_stream.setdefault(item.record.stream, []).append(item)
    for own in by_stream.values():
        try:
            with _savepoint(db):
                failed += apply(db, member, own, base=base, parked=parked)
        except Exception as error:
            if file_failed(error):
                raise
            failed += _one_by_one(db, member, own, base=base, parked=parked)
    return failed


def _one_by_one(
    db: sqlite3.Connection, member: Member, items: Sequence[Item], *, base: int, parked: Collection[int]
) -> list[Failed]:
    failed: list[Failed] = []
    waiting = set(parked)
    for item in items:
        try:
            with _savepoint(db):
                now = apply(db, member, [item], base=base, parked=waiting)
        except Exception as error:
            if file_failed(error):
                raise
            now = [Failed(item, error)]
        waiting |= {fault.item.record.stream for fault in now if fault.blocks}
        failed += now
    return failed


@contextmanager
def _savepoint(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("SAVEPOINT deel")
    try:
        yield
    except Exception:
        if db.in_transaction:
            db.execute("ROLLBACK TO deel")
            db.execute("RELEASE deel")
        raise
    db.execute("RELEASE deel")


def _row_id(member: Member, item: Item, base: int) -> int:
    if member.projection.per == "stroom":
        return item.record.stream
    return -((base >> 40) << 32 | crc32(item.stream.gemeente.encode()))


def _row_key(member: Member, item: Item, base: int) -> str:
    return item.stream.key if member.projection.per == "stroom" else f"{item.stream.topic}/{base >> 40}"


def _fold(
    handlers: Mapping[str, Apply], row: Row | None, items: Sequence[Item], parked: Collection[int], failed: list[Failed]
) -> Row | None:
    """Apply the items to one row and return it; what fails is added to ``failed``, with all that follows in its stream."""
    stopped: set[int] = set()
    for item in items:
        stream = item.record.stream
        if not isinstance(item.error, ForeignRecord) and (stream in parked or stream in stopped):
            failed.append(Failed(item, None))
            continue
        try:
            row = _apply_one(handlers, row, item)
        except Exception as error:  # noqa: BLE001 - R13: whatever a projection raises parks that stream, visibly
            failed.append(Failed(item, error))
            if failed[-1].blocks:
                stopped.add(stream)
    return row


def _apply_one(handlers: Mapping[str, Any], row: Row | None, item: Item) -> Row | None:
    if item.error is not None:
        raise item.error
    assert item.event is not None
    return handlers[item.event.type](row, item.event)  # type: ignore[no-any-return]
