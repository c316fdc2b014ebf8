# SPDX-License-Identifier: EUPL-1.2
"""R5 where the log may repeat: each member keeps, in its own transaction, the last sequence it has seen of every stream.

An event at or below it is a repeat when it is the same event, and nothing happens; another event there parks its stream.
What is missing is taken from the store, which has every stream's history; what the store does not hold parks the stream.
The log in the store itself cannot repeat, and costs nothing of this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from hub.errors import SequenceFault
from hub.log.base import Log, Record
from hub.parking import sequence_fault
from hub.store.base import Connection
from hub.store.put import SEQUENCE

_CHUNK: Final = 500
_NOTE: Final = (
    "INSERT INTO gezien (lid, stroom, volgnummer) VALUES (?,?,?) ON CONFLICT (lid, stroom)"
    " DO UPDATE SET volgnummer = excluded.volgnummer WHERE excluded.volgnummer > gezien.volgnummer"
)


class Sifted(NamedTuple):
    """What a member has to take of a batch, in order: repeats left out, holes filled; and what is wrong, by offset."""

    records: Sequence[Record]
    faults: Mapping[int, SequenceFault]


class Sequences:
    """Looks at the sequences of a batch for one member at a time."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def sift(self, db: Connection, member: str, records: Sequence[Record], damaged: Collection[int] = ()) -> Sifted | None:
        """Return what of a batch this member did not see yet; None when that is all of it, in order.

        ``damaged``: offsets of records that do not read as what was put down; like foreign ones they count for nothing.
        """
        ours = [r for r in records if r.foreign is None and r.offset not in damaged]
        seen = _load(db, member, {r.stream for r in ours})
        if _follows(ours, seen):
            return None
        found, faults = [], {}
        counted = {r.offset for r in ours}
        for record in records:
            if record.offset not in counted:
                found.append(record)
                continue
            for one, fault in self._one(record, seen.get(record.stream, 0)):
                found.append(one)
                if fault:
                    faults[one.offset] = fault
            seen[record.stream] = max(record.sequence, seen.get(record.stream, 0))
        return Sifted(found, faults)

    def note(self, db: Connection, member: str, records: Iterable[Record]) -> None:
        """Write down that a member has seen these: applied, parked or left out (R5)."""
        last: dict[int, int] = {}
        for record in records:
            if record.foreign is None and record.sequence > last.get(record.stream, 0):
                last[record.stream] = record.sequence
        db.executemany(_NOTE, [(member, stream, sequence) for stream, sequence in sorted(last.items())])

    def begin(self, db: Connection, member: str, topic: str) -> None:
        """Write down that a member that begins at the head has nothing to see of what stood before it (R7)."""
        rows = db.execute(f"SELECT id, {SEQUENCE} FROM stroom WHERE topic = ?", (topic,)).fetchall()
        db.executemany(_NOTE, [(member, stream, sequence) for stream, sequence in rows])

    def _one(self, record: Record, seen: int) -> Iterator[tuple[Record, SequenceFault | None]]:
        """Yield what a record stands for when ``seen`` was the last of its stream."""
        if record.sequence <= seen:
            if not self._same(record):
                yield record, sequence_fault(record.sequence, seen)
            return
        missing = self._log.between(record.stream, seen, record.sequence)
        yield from ((one, None) for one in missing)
        before = missing[0].sequence - 1 if missing else record.sequence - 1
        whole = len(missing) == record.sequence - 1 - before and (before == seen or self._log.has(record.stream, before))
        yield record, None if whole else sequence_fault(record.sequence, missing[-1].sequence if missing else seen)

    def _same(self, record: Record) -> bool:
        """Return True when this is the event that was put down under its sequence, or retention took that one away."""
        put_down = self._log.between(record.stream, record.sequence - 1, record.sequence + 1)
        return put_down[0].event_id == record.event_id if put_down else self._log.has(record.stream, record.sequence)


def last(db: Connection, member: str, stream: int) -> int:
    """Return the last sequence that a member has seen of a stream, 0 when none."""
    return _load(db, member, [stream]).get(stream, 0)


def forget(db: Connection, member: str) -> None:
    """Let a member begin with none seen."""
    db.execute("DELETE FROM gezien WHERE lid = ?", (member,))


def _follows(records: Sequence[Record], seen: Mapping[int, int]) -> bool:
    """Return True when each record follows what was seen of its stream."""
    last = dict(seen)
    for record in records:
        if record.sequence != last.get(record.stream, 0) + 1:
            return False
        last[record.stream] = record.sequence
    return True


def _load(db: Connection, member: str, streams: Collection[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    wanted = sorted(streams)
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        query = f"SELECT stroom, volgnummer FROM gezien WHERE lid = ? AND stroom IN ({','.join('?' * len(part))})"
        found.update((stream, sequence) for stream, sequence in db.execute(query, (member, *part)))
    return found
