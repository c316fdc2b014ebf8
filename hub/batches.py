# SPDX-License-Identifier: EUPL-1.2
"""A batch of the log as projections take it: read and decoded once for all members, then applied to each with its checkpoint.

What follows the log live and what fills a shadow do exactly this, so that both end at the same rows (R4, R5, R9).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from hub import checkpoints, parking
from hub.checkpoints import Checkpoint
from hub.errors import ForeignRecord, HubError, SchemaViolation
from hub.log.base import Log, Record, Stream
from hub.parking import Entry, sequence_fault
from hub.plugins import Projection
from hub.projecting import Failed, Item, Member, PerStream, Way
from hub.sequences import Sequences
from hub.store.base import Connection

_UNKNOWN: Final = Stream("", "", "")
_STREAM: Final = attrgetter("stream")
_NOBODYS: Final = "the record belongs to no stream of this log"
_NO_FAULTS: Final[Mapping[int, HubError]] = MappingProxyType({})


class Batch(NamedTuple):
    """What was read of one partition, decoded once for all members. ``streams`` holds only what a projection may want.

    ``unseen`` gives what one member did not see before, in its own transaction; None where the log repeats nothing (R5).
    """

    where: tuple[str, int]
    streams: PerStream
    last: Record
    size: int
    unseen: Callable[[Connection, str], PerStream] | None = None


class Decoder:
    """Decodes records as far as one of these projections looks into them."""

    def __init__(self, log: Log, projections: Sequence[Projection]) -> None:
        self._log = log
        self._sequences = Sequences(log)
        handled, types = {t for p in projections for t in p.handlers}, log.types().items()
        opened = {t for p in projections for t in p.handlers.keys() - p.envelope}
        self._passed_by = {number for number, name in types if name not in handled}
        self._closed = {number for number, name in types if name in handled - opened}

    def batch(self, where: tuple[str, int], records: Sequence[Record], after: int) -> Batch:
        """Return what was read of a partition after an offset as a batch."""
        if not self._log.repeats:
            return Batch(where, self.decode(records, after), records[-1], len(records))
        streams = self.decode(records, None)
        return Batch(where, streams, records[-1], len(records), partial(self._unseen, records, streams))

    def _unseen(self, records: Sequence[Record], streams: PerStream, db: Connection, member: str) -> PerStream:
        """Return what a member did not see of a batch, and write down that it sees it now (R5)."""
        damaged = {item.record.offset for items in streams.values() for item in items if isinstance(item.error, ForeignRecord)}
        sifted = self._sequences.sift(db, member, records, damaged)
        self._sequences.note(db, member, (record for record in records if record.offset not in damaged))
        return self.decode(sifted.records, None, sifted.faults) if sifted else streams

    def decode(self, records: Sequence[Record], after: int | None, faults: Mapping[int, HubError] = _NO_FAULTS) -> PerStream:
        """Decode records once for all members. ``after``: the offset before them, None when they need not be contiguous.

        ``faults``: what is known to be wrong with them already, by offset.
        """
        names = self._log.streams({record.stream for record in records})
        whole = after is None or records[-1].offset - after == len(records)
        found = {}
        for number, group in groupby(sorted(records, key=_STREAM), key=_STREAM):
            own, stream = list(group), names.get(number)
            if stream is None:
                found[number] = [Item(record, _UNKNOWN, None, ForeignRecord(record.foreign or _NOBODYS)) for record in own]
            elif faults:
                found[number] = list(self._with_faults(own, stream, faults))
            elif after is None or (whole and _in_order(own)):
                found[number] = [item for record in own if (item := self._decode_one(record, stream))]
            else:
                found[number] = list(self._one_by_one(own, stream, whole=whole))
        return found

    def _one_by_one(self, records: Sequence[Record], stream: Stream, *, whole: bool) -> Iterator[Item]:
        """Look at each sequence (R5): the first of a batch follows what the log holds, the others follow each other."""
        before: int | None = None
        for record in records:
            follows = record.sequence == before + 1 if before is not None else whole or self._follows(record)
            fault = None if follows else sequence_fault(record.sequence, before or 0)
            item = Item(record, stream, None, fault) if fault else self._decode_one(record, stream)
            if item:
                yield item
            before = record.sequence

    def _with_faults(self, records: Sequence[Record], stream: Stream, faults: Mapping[int, HubError]) -> Iterator[Item]:
        for record in records:
            fault = faults.get(record.offset)
            if item := Item(record, stream, None, fault) if fault else self._decode_one(record, stream):
                yield item

    def _follows(self, record: Record) -> bool:
        return self._log.has(record.stream, record.sequence - 1)

    def _decode_one(self, record: Record, stream: Stream) -> Item | None:
        """Return the record decoded as far as a projection looks into it; None when none handles its type."""
        if record.schema_id in self._passed_by:
            return None
        try:
            event = self._log.projected(record, stream, body=record.schema_id not in self._closed)
            return Item(record, stream, event, None)
        except HubError as error:
            return Item(record, stream, None, self._damaged(record) or error)
        except Exception as error:  # noqa: BLE001 - bytes that are not ours may break anything, and hold nobody up (R13)
            violation = SchemaViolation(f"the record does not read: {type(error).__name__}")
            return Item(record, stream, None, self._damaged(record) or violation)

    def _damaged(self, record: Record) -> ForeignRecord | None:
        """Return why a record that does not read is none of ours: the store put down something else under that sequence."""
        if not self._log.repeats or record.offset < 0:
            return None
        own = self._log.between(record.stream, record.sequence - 1, record.sequence + 1)
        if own and own[0].value != record.value:
            return ForeignRecord("its body is not what was put down under its sequence: it was damaged or copied")
        return None


def take(db: Connection, member: Member, batch: Batch, *, way: Way, log_id: str, at_us: int) -> tuple[Checkpoint, list[Entry]]:
    """Move a member's checkpoint past a batch and apply that, in the caller's transaction; return what was parked (R4)."""
    last = batch.last
    point = checkpoints.move(db, member.points[batch.where], offset=last.offset, event_id=last.event_id, log_id=log_id)
    streams = batch.unseen(db, member.name) if batch.unseen else batch.streams
    return point, put_rows(db, member, streams, base=point.base, parked=member.parked, way=way, at_us=at_us)


def put_rows(
    db: Connection,
    member: Member,
    streams: PerStream,
    *,
    base: int,
    parked: Collection[int],
    way: Way,
    at_us: int,
) -> list[Entry]:
    """Apply events to a member's rows and park what cannot be; the checkpoint has been moved before."""
    entries = [_entry(fault, base) for fault in way(db, member, streams, base=base, parked=parked)]
    parking.park(db, member.name, entries, at_us=at_us)
    return entries


def _entry(fault: Failed, base: int) -> Entry:
    item = fault.item
    failure = parking.failure_of(fault.error) if fault.error else None
    return Entry(item.record, base + item.record.offset, item.soort, failure)


def _in_order(records: Sequence[Record]) -> bool:
    first = records[0].sequence
    return all(record.sequence == number for number, record in enumerate(records, first))
