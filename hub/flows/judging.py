# SPDX-License-Identifier: EUPL-1.2
"""Folds a stream from the log to its head and asks the flow what must be done there (R7). Writes nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from msgspec.structs import replace

from hub.checkpoints import Checkpoint
from hub.errors import ElementDamaged, ForeignRecord, KeyMissing, Poison, Transient
from hub.events import Event, uuid_text
from hub.flows.answers import Draft, Effects, settle
from hub.flows.base import Feit, Flow, FlowContext, MeldtParkeren
from hub.log.base import Log, Record, Stream
from hub.parking import failure_of, sequence_fault
from hub.plugins import Clock, Gemeente
from hub.store.door import Door

log = structlog.get_logger()
SLEUTEL_VERNIETIGD: Final = "nl.wissel.sleutel.vernietigd.v1"
_CACHED_STATES: Final = 5_000
_MAGIC: Final = b"\x00"


@dataclass(slots=True, eq=False)
class FlowMember:
    """A flow as a member of the log: where it stands per partition, which streams are parked, what a person left out.

    ``points`` is for who moves them, and is read again by nobody else; ``elsewhere``: where other processes have brought it.
    """

    flow: Flow[Any]
    points: dict[int, Checkpoint] = field(default_factory=dict)
    elsewhere: dict[int, Checkpoint] = field(default_factory=dict)
    parked: set[int] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    cache: OrderedDict[int, tuple[Any, int]] = field(default_factory=OrderedDict)

    @property
    def name(self) -> str:
        """Return the member's name, ``flow:<name>``."""
        return f"flow:{self.flow.name}"

    def offset_at(self, partition: int) -> int:
        """Return the last offset taken of a partition, by whichever process."""
        return self.elsewhere.get(partition, self.points[partition]).offset

    def has_folded(self, record: Record) -> bool:
        """Return True for what was judged before, such as this flow's own answers: no need to look it up again."""
        known = self.cache.get(record.stream)
        return known is not None and record.sequence <= known[1] and record.stream not in self.parked

    def remember(self, stream: int, state: Any, sequence: int) -> None:
        """Keep a stream's state as it is at ``sequence``; what was not used longest goes."""
        self.cache.pop(stream, None)
        self.cache[stream] = (state, sequence)
        while len(self.cache) > _CACHED_STATES:
            self.cache.popitem(last=False)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One stream judged at its head: its new state, and what must be put down, sealed, while it is at ``sequence``."""

    stream: int
    name: Stream
    head: Record
    state: Any
    state_sequence: int
    effects: Effects

    @property
    def sequence(self) -> int:
        """Return the sequence at which it was judged."""
        return self.head.sequence


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """One stream that a flow could not judge, and the record it stopped at; ``error`` None: it was parked before.

    ``state`` is what was folded before that record, None when nothing was.
    """

    stream: int
    error: BaseException | None
    culprit: Record | None = None
    name: Stream | None = None
    state: Any = None


class Judge:
    """Judges streams for all flows. Safe to use from every thread."""

    def __init__(self, *, log: Log, door: Door, gemeenten: Mapping[str, Gemeente], clock: Clock) -> None:
        self._log = log
        self._door = door
        self._gemeenten = gemeenten
        self._clock = clock

    def fold(self, member: FlowMember, stream: int, name: Stream, *, up_to: int | None = None) -> tuple[Any, int, Event | None]:
        """Return (state, sequence, head event) of a stream, folded from the log alone; never from the cache."""
        flow, head = member.flow, None
        state, sequence = flow.begin(self._context(flow, name)), 0
        for record in self._log.tail(stream, 0):
            if up_to is not None and record.sequence > up_to:
                break
            event, sequence = self._event(record, sequence, name, member.skipped), record.sequence
            if event is not None:
                head, state = event, flow.evolve(state, event)
        return state, sequence, replace(head, sequence=sequence) if head else None

    def judge(self, member: FlowMember, stream: int, name: Stream) -> Judged | Failed | None:
        """Fold a stream to its head and ask what must be done; None when it was judged there before."""
        cached = member.cache.get(stream)
        tail = self._log.tail(stream, cached[1] if cached else 0)
        if not tail:
            return None
        if cached and any(self._log.type_of(record) == SLEUTEL_VERNIETIGD for record in tail):
            cached, tail = None, self._log.tail(stream, 0)  # a state in memory must not outlive the key it was read with
        at, head, state = tail[0], None, None
        try:
            state, sequence = cached or (member.flow.begin(self._context(member.flow, name)), 0)
            for at in tail:
                event, sequence = self._event(at, sequence, name, member.skipped), at.sequence
                if event is not None:
                    head, state = event, member.flow.evolve(state, event)
            return self._settled(member.flow, name, at, state, head)
        except Transient:
            raise
        except KeyMissing as error:
            if self._log.sealed_with(error.key_id, stream):
                raise  # the key file is not the one of this log: that stops everything, and names the backup
            return Failed(stream, ElementDamaged(str(error)), at, name, state)
        except Exception as error:  # noqa: BLE001 - R13: whatever a flow raises parks that stream, visibly
            return Failed(stream, error, at, name, state)

    def told(self, flow: Flow[Any], name: Stream | None, state: Any, cause: Record | None, *, geparkeerd: bool) -> Effects:
        """Return what a flow tells the streams that wait for this one when it is parked, or goes on (R8)."""
        if name is None or cause is None or state is None or not isinstance(flow, MeldtParkeren):
            return Effects()
        try:
            facts = flow.bij_parkeren(state, geparkeerd=geparkeerd)
            return self._told(flow, name, cause, facts)
        except Transient:
            raise
        except Exception as error:  # noqa: BLE001 - telling is not worth more than parking: that goes on, and this is said
            log.error("parking_not_told", flow=flow.name, uitleg=failure_of(error).text)
            return Effects()

    def _told(self, flow: Flow[Any], name: Stream, cause: Record, facts: Sequence[Feit]) -> Effects:
        if any(fact.topic is None or fact.key in {None, name.key} for fact in facts):
            raise Poison(f"flow {flow.name} tells its own stream that it is parked: that would park behind the rest")
        now, gemeente = self._clock.now(), self._gemeenten[name.gemeente]
        head = Event(
            id=uuid_text(cause.event_id),
            type="",
            source="",
            gemeente=name.gemeente,
            topic=name.topic,
            key=name.key,
            sequence=cause.sequence,
            time=now,
            data={},
        )
        draft = Draft(flow=flow, gemeente=gemeente, now=now, state=None, head=head)
        draft.take(facts)
        return Effects.of(draft.settled(), self._door, now)

    def _settled(self, flow: Flow[Any], name: Stream, last: Record, state: Any, head: Event | None) -> Judged | None:
        if head is None:
            return None
        now = self._clock.now()
        head = replace(head, sequence=last.sequence)
        settled = settle(flow, state, head, gemeente=self._gemeenten[name.gemeente], now=now)
        return Judged(last.stream, name, last, settled.state, settled.sequence, Effects.of(settled, self._door, now))

    def _event(self, record: Record, before: int, name: Stream, skipped: Collection[str]) -> Event | None:
        """Return a record's event; None for what is not ours or was left out by a person. Raises what parks the stream."""
        if is_foreign(record) or uuid_text(record.event_id) in skipped:
            return None
        if record.sequence != before + 1 and (before or not self._log.has(record.stream, record.sequence - 1)):
            raise sequence_fault(record.sequence, before)
        return self._log.event(record, name)

    def _context(self, flow: Flow[Any], name: Stream) -> FlowContext:
        gemeente = self._gemeenten.get(name.gemeente)
        if gemeente is None:
            raise Poison(f"gemeente {name.gemeente} staat in het logboek maar niet in de instellingen: voeg haar weer toe")
        return FlowContext(
            gemeente=gemeente.slug,
            gemeentecode=gemeente.gemeentecode,
            stream=name.key,
            profiel=gemeente.profielen.get(flow.name),
        )


def is_foreign(record: Record) -> bool:
    """Return True for a record that is no event of ours; it is parked alone and holds nobody up (R13)."""
    return record.foreign is not None or record.value[:1] != _MAGIC


def foreign(record: Record) -> ForeignRecord:
    """Return what a record that is no event of ours is parked with."""
    return ForeignRecord(record.foreign or "it does not start with Confluent's magic byte: no event of Wissel")
