# SPDX-License-Identifier: EUPL-1.2
"""Turns what a flow answers into events, ledger rows and terms, with the ids that belong to them (design, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from hub.clock import rfc3339, to_microseconds
from hub.errors import Poison
from hub.events import OPDRACHTEN, Event, NewEvent, flow_id, timer_id
from hub.flows.base import Antwoord, Feit, Flow, Opdracht, Termijn, TermijnVervalt
from hub.plugins import Gemeente, SealedEvent, Tx
from hub.store.door import Door

GEGEVEN: Final = "nl.wissel.opdracht.gegeven.v1"
UIT_TE_VOEREN: Final = "nl.wissel.opdracht.uit-te-voeren.v1"
TERMIJN_GEZET: Final = "nl.wissel.termijn.gezet.v1"
TERMIJN_VERVALLEN: Final = "nl.wissel.termijn.vervallen.v1"
_MOST_ROUNDS: Final = 40
_json: Final = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An opdracht for the executors; ``event_id`` is its uit-te-voeren event, which the ledger keeps a sealed copy of."""

    opdracht_id: str
    connector: str
    soort: str
    zaak: str
    gemeente: str
    event_id: str


@dataclass(frozen=True, slots=True)
class TermRow:
    """A term set (``vervalt_us``) or cancelled (None) in one stream."""

    key: str
    naam: str
    term_id: str
    vervalt_us: int | None
    wacht_op_bron: bool
    cause: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A flow asked until it had nothing more to say: its state then, and all that must be put down."""

    state: Any
    sequence: int
    answers: tuple[NewEvent, ...]
    ledger: tuple[LedgerRow, ...]
    terms: tuple[TermRow, ...]


def settle(flow: Flow[Any], state: Any, head: Event, *, gemeente: Gemeente, now: datetime) -> Settled:
    """Ask ``decide`` at the head, fold what it puts in its own stream, and ask again until it is silent.

    Poison when it is not silent after 40 rounds: such a flow would fill the log.
    """
    draft = Draft(flow=flow, gemeente=gemeente, now=now, state=state, head=head)
    for _ in range(_MOST_ROUNDS):
        answers = flow.decide(draft.state)
        if not answers:
            return draft.settled()
        draft.take(answers)
    raise Poison(f"flow {flow.name} keeps deciding on one stream: after {_MOST_ROUNDS} rounds it is not silent; this is a bug")


class Draft:
    """Collects answers of one flow about one stream, giving each its id and folding those of its own stream."""

    def __init__(self, *, flow: Flow[Any], gemeente: Gemeente, now: datetime, state: Any, head: Event) -> None:
        self._flow = flow
        self._gemeente = gemeente
        self._now = now
        self.state = state
        self.head = head
        self._events: list[NewEvent] = []
        self._ids: set[str] = set()
        self._ledger: list[LedgerRow] = []
        self._terms: list[TermRow] = []

    def take(self, answers: Sequence[Antwoord], *, cause_id: str | None = None) -> None:
        """Add answers that all have the same cause: the head, unless an official's command is the cause."""
        cause = cause_id or self.head.id
        for answer in answers:
            match answer:
                case Feit():
                    self._add(self._fact(answer, cause))
                case Opdracht():
                    self._opdracht(answer, cause)
                case Termijn():
                    self._term(answer, cause)
                case TermijnVervalt():
                    self._cancel(answer, cause)

    def settled(self) -> Settled:
        """Return what was collected."""
        return Settled(self.state, self.head.sequence, tuple(self._events), tuple(self._ledger), tuple(self._terms))

    def _fact(self, fact: Feit, cause: str) -> NewEvent:
        topic, key = fact.topic or self._flow.topic, fact.key or self.head.key
        return self._event(fact.type, topic, key, cause, fact.step, fact.data, fact.besloten)

    def _opdracht(self, opdracht: Opdracht, cause: str) -> None:
        topic, key = OPDRACHTEN + opdracht.connector, self.head.key
        opdracht_id = self._id(topic, key, cause, opdracht.step)
        text = _json.encode(dict(opdracht.data)).decode()
        common = {
            "opdrachtId": opdracht_id,
            "connector": opdracht.connector,
            "soort": opdracht.soort,
            "stap": opdracht.step,
        }
        self._add(self._event(GEGEVEN, self._flow.topic, key, cause, opdracht.step, {**common, "openbaar": text}, {}))
        payload = {**common, "zaak": key, "gegevens": text, "sleutel": opdracht_id}
        self._add(self._event(UIT_TE_VOEREN, topic, key, cause, opdracht.step, payload, opdracht.besloten))
        self._ledger.append(LedgerRow(opdracht_id, opdracht.connector, opdracht.soort, key, self._gemeente.slug, opdracht_id))

    def _term(self, term: Termijn, cause: str) -> None:
        key = self.head.key
        term_id = timer_id(gemeente=self._gemeente.slug, flow=self._flow.name, key=key, name=term.naam, set_by=cause)
        data = {
            "termijn": term_id,
            "naam": term.naam,
            "vervalt": rfc3339(term.vervalt),
            "wachtOpBron": term.wacht_op_bron,
        }
        self._add(self._event(TERMIJN_GEZET, self._flow.topic, key, cause, f"termijn:{term.naam}", data, {}))
        self._terms.append(TermRow(key, term.naam, term_id, to_microseconds(term.vervalt), term.wacht_op_bron, cause))

    def _cancel(self, term: TermijnVervalt, cause: str) -> None:
        key = self.head.key
        term_id = timer_id(gemeente=self._gemeente.slug, flow=self._flow.name, key=key, name=term.naam, set_by=cause)
        data = {"termijn": term_id, "naam": term.naam}
        self._add(self._event(TERMIJN_VERVALLEN, self._flow.topic, key, cause, f"vervalt:{term.naam}", data, {}))
        self._terms.append(TermRow(key, term.naam, term_id, None, False, cause))

    def _event(self, event_type: str, topic: str, key: str, cause: str, step: str, data: Any, besloten: Any) -> NewEvent:
        return NewEvent(
            id=self._id(topic, key, cause, step),
            type=event_type,
            source=self._gemeente.source("wissel"),
            gemeente=self._gemeente.slug,
            topic=topic,
            key=key,
            data=data,
            besloten=besloten,
            causationid=cause,
            correlationid=self.head.correlationid,
            traceparent=self.head.traceparent,
        )

    def _id(self, topic: str, key: str, cause: str, step: str) -> str:
        return flow_id(gemeente=self._gemeente.slug, flow=self._flow.name, topic=topic, key=key, cause_id=cause, step=step)

    def _add(self, event: NewEvent) -> None:
        if event.id in self._ids:
            raise Poison(
                f"flow {self._flow.name} gives two answers under one step ({event.type}): what exists per mover or address "
                "carries that in its step"
            )
        self._ids.add(event.id)
        self._events.append(event)
        if event.topic != self._flow.topic or event.key != self.head.key:
            return
        self.head = Event(
            id=event.id,
            type=event.type,
            source=event.source,
            gemeente=event.gemeente,
            topic=event.topic,
            key=event.key,
            sequence=self.head.sequence + 1,
            time=self._now,
            data=event.data,
            besloten=event.besloten,
            causationid=event.causationid,
            correlationid=event.correlationid,
            traceparent=event.traceparent,
        )
        self.state = self._flow.evolve(self.state, self.head)


@dataclass(frozen=True, slots=True)
class Effects:
    """Events sealed and encoded outside the transaction (R3), with the rows that go with them."""

    events: tuple[SealedEvent, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    terms: tuple[TermRow, ...] = ()

    @classmethod
    def of(cls, settled: Settled, door: Door, now: datetime) -> Effects:
        """Seal what one stream gave. ``now`` is the time it was folded with: read back, it is the same event."""
        return cls(tuple(door.seal(settled.answers, time=now)), settled.ledger, settled.terms)

    @classmethod
    def joined(cls, topic: str, parts: Sequence[tuple[str, Effects]]) -> Effects:
        """Return several streams' effects as one; ``parts`` are a stream's key and its effects.

        What each stream gets from itself comes before what it gets from another in this same transaction: then its own
        answers take exactly the sequences with which they were folded.
        """
        own: list[SealedEvent] = []
        crossing: list[SealedEvent] = []
        for key, part in parts:
            for sealed in part.events:
                (own if sealed.event.key == key and sealed.event.topic == topic else crossing).append(sealed)
        return cls(
            (*own, *crossing),
            tuple(row for _, part in parts for row in part.ledger),
            tuple(row for _, part in parts for row in part.terms),
        )


def put_effects(
    tx: Tx,
    flow: str,
    effects: Effects,
    *,
    streams: Mapping[str, int],
    now: datetime,
    expected: Mapping[tuple[str, str], int] | None = None,
) -> None:
    """Write ledger and terms and put the events down, in the caller's transaction. ``streams``: key -> stream id."""
    values = {sealed.event.id: sealed.value for sealed in effects.events}
    at = to_microseconds(now)
    tx.executemany(
        "INSERT INTO opdracht (id, gemeente, zaak, connector, soort, gebeurtenis, waarde, gegeven, vanaf)"
        " VALUES (?,?,?,?,?,?,?,?,?)",
        [
            (r.opdracht_id, r.gemeente, r.zaak, r.connector, r.soort, r.event_id, values[r.event_id], at, at)
            for r in effects.ledger
        ],
    )
    for term in effects.terms:
        tx.execute("DELETE FROM termijn WHERE flow = ? AND stroom = ? AND naam = ?", (flow, streams[term.key], term.naam))
        if term.vervalt_us is not None:
            tx.execute(
                "INSERT INTO termijn VALUES (?,?,?,?,?,?,?)",
                (
                    flow,
                    streams[term.key],
                    term.naam,
                    term.term_id,
                    term.vervalt_us,
                    int(term.wacht_op_bron),
                    term.cause,
                ),
            )
    tx.put(effects.events, expected)
