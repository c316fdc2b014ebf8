# SPDX-License-Identifier: EUPL-1.2
"""Streams whose last fact was answered by nothing, though their flow has something to say: what a lost flow state leaves.

Finding them writes nothing. Only those found are decided again, and only on an operator's command.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from hub.flows.judging import FlowMember, Judged
from hub.log.base import OFFSET_BITS

if TYPE_CHECKING:
    from hub.core import Core

log = structlog.get_logger()
_PAGE: Final = 200
_LAST: Final = (
    "SELECT s.id, (SELECT max(plaats) FROM gebeurtenis g WHERE g.stroom = s.id) FROM stroom s"
    " WHERE s.topic = ? AND s.id > ? ORDER BY s.id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Onbeslist:
    """One stream that a flow has something to say about and has not."""

    flow: str
    stroom: int
    sleutel: str
    gemeente: str


@dataclass(frozen=True, slots=True)
class Blik:
    """What one look found. ``verder``: from which stream the next look goes on, None when all were looked at."""

    gevonden: tuple[Onbeslist, ...]
    bekeken: int
    verder: int | None


def kijk(hub: Core, *, na: int = 0, within_s: float = 5.0) -> Blik:
    """Look at the streams after ``na``, as many as fit in the time."""
    until_s, found, seen, last = time.monotonic() + within_s, [], 0, na
    for stream, here in _streams(hub, na):
        found += here
        seen, last = seen + 1, stream
        if time.monotonic() > until_s:
            return Blik(tuple(found), seen, last)
    return Blik(tuple(found), seen, None)


def herbeslis(hub: Core, flow: str, stream: int, *, reden: str, door: str) -> bool:
    """Decide one stream again; True when its flow had something to say."""
    said = hub.flow_runner.decide_anew(flow, stream)
    log.info("decided_anew", flow=flow, stroom=stream, gezegd=said, reden=reden, door=door)
    return said


def _streams(hub: Core, after: int) -> Iterator[tuple[int, list[Onbeslist]]]:
    members = list(hub.flow_runner.members)
    topics = {member.flow.topic for member in members}
    while page := sorted(_page(hub, topics, after))[:_PAGE]:
        for stream, place, topic in page:
            yield stream, [o for m in members if m.flow.topic == topic and (o := _look(hub, m, stream, place))]
            after = stream


def _page(hub: Core, topics: set[str], after: int) -> list[tuple[int, int, str]]:
    rows = hub.read_now(lambda tx: [(topic, row) for topic in topics for row in tx.all(_LAST, (topic, after, _PAGE))])
    return [(stream, place, topic) for topic, (stream, place) in rows if place is not None]


def _look(hub: Core, member: FlowMember, stream: int, place: int) -> Onbeslist | None:
    """Return the stream when its flow passed its last event and would say something now; not what is parked or to come."""
    _, partition = hub.log.partition_at(place)
    if stream in member.parked or member.points[partition].offset < (place & (1 << OFFSET_BITS) - 1):
        return None
    name = hub.log.streams([stream])[stream]
    judged = hub.flow_runner.judge_anew(member, stream, name)
    if not isinstance(judged, Judged) or not judged.effects.events:
        return None
    return Onbeslist(member.flow.name, stream, name.key, name.gemeente)
