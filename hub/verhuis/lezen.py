# SPDX-License-Identifier: EUPL-1.2
"""Reads one partition of a log through its port, whatever engine carries it: what is in it, each event counted once.

Both sides are read so. That their digests are equal is the proof; where an event stands is told by (stream, sequence, id),
because offsets differ as soon as something was repeated or is not ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, Final, NamedTuple

from hub.log.base import Log, Record, Stream

_BATCH: Final = 1_000


class Plek(NamedTuple):
    """An event by what it is on every engine."""

    stroom: int
    volgnummer: int
    gebeurtenis: bytes


class Deel(NamedTuple):
    """One partition as it was read. ``herhaald``: events that stood there again; ``vreemd``: records that are none of ours."""

    topic: str
    partitie: int
    aantal: int
    sha256: str
    herhaald: int
    vreemd: int
    tot: dict[int, Plek | None]  # per offset asked: the last event that a reader up to there had met
    staat: dict[tuple[int, int], int]  # per (stream, sequence) asked: where it first stands


class Lezing:
    """Takes records in order."""

    def __init__(self, log: Log, *, offsets: Collection[int], plekken: Collection[tuple[int, int]]) -> None:
        self._log = log
        self._asked = sorted(set(offsets), reverse=True)
        self._wanted = set(plekken)
        self._seen: dict[int, int] = {}
        self._digest = hashlib.sha256()
        self._last: Plek | None = None
        self.aantal = self.herhaald = self.vreemd = 0
        self.tot: dict[int, Plek | None] = {}
        self.staat: dict[tuple[int, int], int] = {}

    def take(self, record: Record, names: Any) -> None:
        """Count one record."""
        while self._asked and self._asked[-1] < record.offset:
            self.tot[self._asked.pop()] = self._last
        name = names.get(record.stream)
        if record.foreign is not None or name is None:
            self.vreemd += 1
        elif record.sequence <= self._seen.get(record.stream, 0):
            self._again(record)
        else:
            self._first(record, name)

    def end(self, topic: str, partition: int) -> Deel:
        """Return what was read."""
        self.tot.update((offset, self._last) for offset in self._asked)
        digest = self._digest.hexdigest()
        return Deel(topic, partition, self.aantal, digest, self.herhaald, self.vreemd, self.tot, self.staat)

    def _first(self, record: Record, name: Stream) -> None:
        self._seen[record.stream] = record.sequence
        self._last = Plek(record.stream, record.sequence, record.event_id)
        if self._last[:2] in self._wanted:
            self.staat[self._last[:2]] = record.offset
        self.aantal += 1
        said = (name.key, record.sequence, record.event_id.hex(), record.time_us, self._log.type_of(record), len(record.value))
        self._digest.update(repr(said).encode())
        self._digest.update(record.value)

    def _again(self, record: Record) -> None:
        own = self._log.between(record.stream, record.sequence - 1, record.sequence + 1)
        if own and own[0].event_id == record.event_id:
            self.herhaald += 1
        else:
            self.vreemd += 1


def lees(
    log: Log,
    topic: str,
    partition: int,
    *,
    offsets: Collection[int] = (),
    plekken: Collection[tuple[int, int]] = (),
) -> Deel:
    """Read a partition from its beginning to its end."""
    reading = Lezing(log, offsets=offsets, plekken=plekken)
    after = -1
    while records := log.read(topic, partition, after, _BATCH):
        names = log.streams({record.stream for record in records})
        for record in records:
            reading.take(record, names)
        after = records[-1].offset
    return reading.end(topic, partition)
