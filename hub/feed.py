# SPDX-License-Identifier: EUPL-1.2
"""What the agents brought and the runner has not asked for yet: per partition the newest records, bounded.

The runner takes from here what connects to its checkpoint; whatever does not (a record missing, a place already passed, more
than fits) it reads from the log itself. So nothing depends on an agent, its commits or its order: it only saves a reading.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

Where = tuple[str, int]
MOST: Final = 5_000  # records kept per partition
_WAIT_S: Final = 0.02
_LONGEST_WAIT_S: Final = 1.0


class Message(NamedTuple):
    """What lies at an offset."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] | None


@dataclass(slots=True)
class Ring:
    """The newest records of one partition, without a hole. ``asked``: how far somebody read, from here or from the log."""

    records: deque[Message] = field(default_factory=deque)
    asked: int = -1
    patient: bool = True

    @property
    def unread(self) -> int:
        """Return how many of these records nobody asked for yet."""
        return min(len(self.records), self.records[-1].offset - self.asked) if self.records else 0


class Feed:
    """Safe to use from every thread. ``on_fed`` is called when there is something new, to wake the runner."""

    def __init__(self, *, most: int = MOST, on_fed: Callable[[], None] = lambda: None) -> None:
        self._on_fed = on_fed
        self._most = most
        self._lock = threading.Lock()
        self._rings: dict[Where, Ring] = {}
        self._assigned: frozenset[Where] = frozenset()

    @property
    def assigned(self) -> frozenset[Where]:
        """Return the partitions that the agents of this process bring."""
        return self._assigned

    def assign(self, partitions: Iterable[Where]) -> None:
        """Keep what the agents bring of these partitions. What was kept is dropped: the runner begins at its checkpoint."""
        with self._lock:
            self._assigned = frozenset(partitions)
            self._rings = {where: Ring() for where in self._assigned}
        self._on_fed()

    def add(self, topic: str, partition: int, message: Message) -> None:
        """Keep a record. One that does not follow the last begins anew: the log itself has what lies between."""
        with self._lock:
            ring = self._rings.get((topic, partition))
            if ring is None:
                return
            if ring.records and message.offset != ring.records[-1].offset + 1:
                ring.records.clear()
            ring.records.append(message)
            if len(ring.records) > self._most:
                ring.records.popleft()
        self._on_fed()

    async def room(self, topic: str, partition: int) -> None:
        """Wait while a partition is full of what nobody asked for; a second at most, and then not before somebody asks."""
        until = time.monotonic() + _LONGEST_WAIT_S
        while (ring := self._rings.get((topic, partition))) and ring.patient and ring.unread >= self._most:
            if time.monotonic() > until:
                ring.patient = False
            await asyncio.sleep(_WAIT_S)

    def after(self, topic: str, partition: int, offset: int, limit: int) -> list[Message]:
        """Return up to ``limit`` records that follow ``offset`` without a hole; nothing when these are not here."""
        with self._lock:
            ring = self._rings.get((topic, partition))
            if ring is None:
                return []
            ring.asked, ring.patient = max(ring.asked, offset), True
            if not ring.records or not ring.records[0].offset <= offset + 1 <= ring.records[-1].offset:
                return []
            begin = offset + 1 - ring.records[0].offset
            return list(islice(ring.records, begin, begin + limit))

    def end(self, topic: str, partition: int) -> int:
        """Return the offset after the newest record brought, 0 when none is here."""
        with self._lock:
            ring = self._rings.get((topic, partition))
            return ring.records[-1].offset + 1 if ring and ring.records else 0
