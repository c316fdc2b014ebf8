# SPDX-License-Identifier: EUPL-1.2
"""The log port: topic, partition and offset on every engine (R6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """One event as it lies in the log. ``stream`` is the integer id of (topic, key) in this installation's store."""

    offset: int
    stream: int
    sequence: int
    event_id: bytes
    schema_id: int
    source: int
    time_us: int
    cause: bytes | None
    value: bytes
    correlation: str | None = None  # these three only where a whole stream is read
    traceparent: str | None = None
    dataref: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition ends: the offset the next event gets, and the log's identity."""

    topic: str
    partition: int
    head: int
    log_id: str


class Log(Protocol):
    """Read side of a log. Writing goes through the store only (R1)."""

    def read(self, topic: str, partition: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to ``limit`` records with offset > ``after``, in order; ``after`` -1 starts at the beginning."""

    def positions(self) -> Sequence[Position]:
        """Return the end of every partition."""
