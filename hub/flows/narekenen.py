# SPDX-License-Identifier: EUPL-1.2
"""Folds every stream again by ``evolve`` alone: nothing is decided and nothing written.

A flow's state is folded from the log whenever it is asked for, so there is none to lose. What a process keeps in memory saves
reading; here it is held against the log, and thrown away where it is something else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.flows.judging import FlowMember
from hub.log.base import Stream
from hub.parking import failure_of

if TYPE_CHECKING:
    from hub.core import Core

_PAGE: Final = 200
_MOST: Final = 100
_STREAMS: Final = "SELECT id, topic, sleutel, gemeente FROM stroom WHERE id > ? ORDER BY id LIMIT ?"


@dataclass(slots=True)
class Narekening:
    """What was folded. ``anders``: states in memory that were not what the log gives; ``mislukt``: streams that do not fold."""

    stromen: int = 0
    uit_geheugen: int = 0
    anders: int = 0
    mislukt: list[dict[str, str]] = field(default_factory=list)
    verder: int | None = None


def reken_na(hub: Core, *, na: int = 0, within_s: float = 5.0) -> Narekening:
    """Fold the streams after ``na``, as many as fit in the time."""
    found, until_s = Narekening(), time.monotonic() + within_s
    for number, name in _streams(hub, na):
        for member in hub.flow_runner.members:
            if member.flow.topic == name.topic:
                _one(hub, member, number, name, found)
        if time.monotonic() > until_s:
            found.verder = number
            break
    return found


def _streams(hub: Core, after: int) -> Iterator[tuple[int, Stream]]:
    def page() -> Sequence[tuple[Any, ...]]:
        return hub.read_now(lambda tx: tx.all(_STREAMS, (after, _PAGE)))

    while rows := page():
        for number, *name in rows:
            yield number, Stream(*name)
            after = number


def _one(hub: Core, member: FlowMember, number: int, name: Stream, found: Narekening) -> None:
    found.stromen += 1
    kept = member.cache.get(number)
    try:
        hub.flow_runner.fold(member.flow, number, name)
        state = hub.flow_runner.fold(member.flow, number, name, up_to=kept[1])[0] if kept else None
    except Exception as error:  # noqa: BLE001 - R13: whatever a fold raises is told, and the others are folded all the same
        if len(found.mislukt) < _MOST:
            found.mislukt.append({"flow": member.flow.name, "sleutel": name.key, "uitleg": failure_of(error).text})
        return
    if kept:
        found.uit_geheugen += 1
        if state != kept[0]:
            found.anders += 1
            member.cache.pop(number, None)
