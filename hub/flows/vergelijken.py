# SPDX-License-Identifier: EUPL-1.2
"""Shadow decisions: what another risk profile, or today's rules, would have made of recorded facts. Writes nothing.

Each recorded judgement is made again where it was made: the stream folded to the event that caused it, and the flow asked. What
was fetched then stands in the stream, so nothing is asked of any source.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from hub.errors import HubError, NotFound
from hub.events import Event
from hub.flows.answers import settle
from hub.flows.base import Flow, FlowContext
from hub.plugins import Gemeente

if TYPE_CHECKING:
    from hub.core import Core

_PAGE: Final = 100
_EXAMPLES: Final = 20
_STREAMS: Final = "SELECT id, sleutel FROM stroom WHERE topic = ? AND gemeente = ? AND id > ? ORDER BY id LIMIT ?"


@runtime_checkable
class Oordelend(Protocol):
    """A flow that judges: ``oordeel`` is the type of its judgement, whose data holds ``kleur`` and ``redenen``."""

    oordeel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vraag:
    """Which judgements, and against what. ``profiel`` None: the profile of now, so that only the rules can differ."""

    flow: str
    gemeente: str
    profiel: Any
    van: datetime | None = None
    tot: datetime | None = None

    def wants(self, event: Event) -> bool:
        """Return True when a judgement was made in the period asked about."""
        return (self.van is None or event.time >= self.van) and (self.tot is None or event.time < self.tot)


@dataclass(slots=True)
class Uitkomst:
    """What came of a comparison. ``kleuren`` counts ``van -> naar``; ``erbij`` and ``weg`` count reasons."""

    zaken: int = 0
    oordelen: int = 0
    anders: int = 0
    niet_te_vergelijken: int = 0
    kleuren: Counter[str] = field(default_factory=Counter)
    erbij: Counter[str] = field(default_factory=Counter)
    weg: Counter[str] = field(default_factory=Counter)
    voorbeelden: list[dict[str, Any]] = field(default_factory=list)
    verder: int | None = None


def vergelijk(hub: Core, ask: Vraag, *, na: int = 0, within_s: float = 5.0) -> Uitkomst:
    """Compare the streams after ``na``, as many as fit in the time. NotFound for a flow that does not judge."""
    flow, gemeente = hub.plugins.flows.get(ask.flow), hub.gemeenten.get(ask.gemeente)
    if not isinstance(flow, Oordelend) or gemeente is None:
        raise NotFound(f"er is geen flow {ask.flow} die oordeelt, of geen gemeente {ask.gemeente}")
    found, until_s = Uitkomst(), time.monotonic() + within_s
    for stream, key in _streams(hub, flow, ask.gemeente, na):
        _one(hub, flow, gemeente, ask, (stream, key), found)
        if time.monotonic() > until_s:
            found.verder = stream
            break
    return found


def _streams(hub: Core, flow: Any, gemeente: str, after: int) -> Iterator[tuple[int, str]]:
    def page() -> Sequence[tuple[Any, ...]]:
        return hub.read_now(lambda tx: tx.all(_STREAMS, (flow.topic, gemeente, after, _PAGE)))

    while rows := page():
        for stream, key in rows:
            yield stream, key
            after = stream


def _one(hub: Core, flow: Any, gemeente: Gemeente, ask: Vraag, stream: tuple[int, str], found: Uitkomst) -> None:
    number, key = stream
    records = hub.log.tail(number, 0)
    if not any(hub.log.type_of(record) == flow.oordeel for record in records):
        return
    found.zaken += 1
    name = hub.log.streams([number])[number]
    try:
        events = [hub.log.event(record, name) for record in records]
    except HubError:  # one that does not read stands parked; nothing can be said about its zaak
        found.niet_te_vergelijken += 1
        return
    for index, event in enumerate(events):
        if event.type == flow.oordeel and ask.wants(event):
            found.oordelen += 1
            again = _judged(flow, gemeente, ask, key, events[:index], event)
            if again is None:
                found.niet_te_vergelijken += 1
            else:
                _compare(key, event, again, found)


def _judged(
    flow: Flow[Any], gemeente: Gemeente, ask: Vraag, key: str, before: Sequence[Event], recorded: Event
) -> Mapping[str, Any] | None:
    """Return the judgement made again; None when what it rested on is destroyed, or the flow now says something else first."""
    causes = [number for number, event in enumerate(before) if event.id == recorded.causationid]
    known = before[: causes[-1] + 1] if causes else before
    if any(part is None for event in known for part in event.besloten.values()):
        return None
    profile = ask.profiel if ask.profiel is not None else gemeente.profielen.get(ask.flow)
    context = FlowContext(gemeente=gemeente.slug, gemeentecode=gemeente.gemeentecode, stream=key, profiel=profile)
    state = flow.begin(context)
    for event in known:
        state = flow.evolve(state, event)
    answers = settle(flow, state, known[-1], gemeente=gemeente, now=recorded.time).answers
    return next((answer.data for answer in answers if answer.type == recorded.type), None)


def _compare(key: str, recorded: Event, again: Mapping[str, Any], found: Uitkomst) -> None:
    old, new = recorded.data, again
    more, less = set(new["redenen"]) - set(old["redenen"]), set(old["redenen"]) - set(new["redenen"])
    if old["kleur"] == new["kleur"] and not (more or less):
        return
    found.anders += 1
    found.kleuren[f"{old['kleur']} -> {new['kleur']}"] += 1
    found.erbij.update(more)
    found.weg.update(less)
    if len(found.voorbeelden) < _EXAMPLES:
        found.voorbeelden.append(
            {"zaak": key, "volgnummer": recorded.sequence, "van": old["kleur"], "naar": new["kleur"], "erbij": sorted(more)}
            | {"weg": sorted(less)}
        )
