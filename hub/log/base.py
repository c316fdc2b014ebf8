# SPDX-License-Identifier: EUPL-1.2
"""The log port: topic, partition and offset on every engine (R6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from hub.events import Event
from hub.plugins import ProjectedEvent

OFFSET_BITS: Final = 40  # a place is partition id << 40 | offset: one integer that orders each partition
OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1
NO_STREAM: Final = 0


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
    foreign: str | None = None  # why this is no event of ours; it is parked alone and holds nobody up (R13)


class Stream(NamedTuple):
    """Which stream an integer id stands for."""

    topic: str
    key: str
    gemeente: str


@dataclass(frozen=True, slots=True)
class StreamHead:
    """A stream and where it is now."""

    id: int
    partition: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition ends: the offset the next event gets, and the log's identity."""

    topic: str
    partition: int
    head: int
    log_id: str


class Log(Protocol):
    """Read side of a log. Writing goes through the store only (R1)."""

    repeats: bool  # True where the log may hold an event twice or miss one, so that its readers look at each sequence (R5)

    def read(self, topic: str, partition: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to ``limit`` records with offset > ``after``, in order; ``after`` -1 starts at the beginning."""

    def close(self) -> None:
        """Let go of the log's own connections."""

    def positions(self) -> Sequence[Position]:
        """Return the end of every partition. LogUnavailable when the log cannot be asked."""

    def assigned(self, topic: str, partition: int) -> bool:
        """Return True when this process works on a partition; others may be worked on elsewhere (R14)."""

    def ends(self) -> Sequence[Position]:
        """Return where every partition will end once all that was put down stands in it; known without asking the log."""

    def identity(self, topic: str) -> str:
        """Return the identity of the log that holds a topic (R6)."""

    def record_at(self, place: int) -> Record | None:
        """Return the record at a place, None when the log holds none there (any more)."""

    def time_after(self, topic: str, partition: int, offset: int) -> int | None:
        """Return when the first event after an offset was logged (or one shortly before it), in µs; None at the end."""

    # ------------------------------------------------ what the store knows of streams and places, on every engine

    def partitions(self) -> Sequence[tuple[str, int]]:
        """Return every (topic, partition) of this installation."""

    def place(self, topic: str, partition: int, offset: int) -> int:
        """Return the one-number place of an offset."""

    def partition_at(self, place: int) -> tuple[str, int]:
        """Return (topic, partition) of a place."""

    def head(self, topic: str, key: str) -> StreamHead:
        """Return where a stream is now. NotFound when there is no such stream."""

    def tail(self, stream: int, after: int) -> list[Record]:
        """Return the events of one stream with sequence > ``after``, in order."""

    def between(self, stream: int, after: int, before: int) -> list[Record]:
        """Return the events of one stream with ``after`` < sequence < ``before``, in order, as the store has them."""

    def has(self, stream: int, sequence: int) -> bool:
        """Return True when that event of a stream was put down, or retention removed it; nothing comes before the first."""

    def sealed_with(self, key_id: str, stream: int) -> bool:
        """Return True when events of this stream were put down sealed with that key."""

    def streams(self, ids: Iterable[int]) -> Mapping[int, Stream]:
        """Return what the stream ids stand for."""

    def type_of(self, record: Record) -> str | None:
        """Return the event type without decoding the body, or None when the registry does not know the schema."""

    def types(self) -> Mapping[int, str]:
        """Return the event type of every schema id that the registry knows."""

    def projected(self, record: Record, stream: Stream, *, body: bool = True) -> ProjectedEvent:
        """Return the event with its personal part still sealed; without ``body`` only its envelope, ``data`` empty."""

    def event(self, record: Record, stream: Stream) -> Event:
        """Return the event with its personal part opened (None per subject whose key has been destroyed)."""
