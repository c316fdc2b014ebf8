# SPDX-License-Identifier: EUPL-1.2
"""One stream drawn: a point per event, an arc from each cause to what it caused, a colour per correlation. Pure.

Only numbers and names come out; the template turns them into SVG, so nothing here needs escaping.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.stand import Stap

WIDTH: Final = 330
ROW: Final = 30
X: Final = 72
_TOP: Final = 20
_REACH: Final = 9
_WIDEST: Final = 60
_COLOURS: Final = 4


@dataclass(frozen=True, slots=True)
class Punt:
    """One event: where it is drawn, and with which of the colours. ``van_buiten``: its cause is in another stream."""

    y: int
    stap: Stap
    naam: str
    kleur: int
    van_buiten: bool


@dataclass(frozen=True, slots=True)
class Plaat:
    """A picture: its points, the arcs as SVG paths, and its height."""

    punten: Sequence[Punt]
    bogen: Sequence[str]
    hoogte: int


def teken(steps: Sequence[Stap]) -> Plaat:
    """Return the picture of a stream's events, oldest on top."""
    places = {step.id: _TOP + number * ROW for number, step in enumerate(steps)}
    colours = {name: number % _COLOURS for number, name in enumerate(dict.fromkeys(step.correlatie for step in steps))}
    points = [
        Punt(
            y=places[step.id],
            stap=step,
            naam=kort(step.soort),
            kleur=colours[step.correlatie],
            van_buiten=step.oorzaak is not None and step.oorzaak not in places,
        )
        for step in steps
    ]
    arcs = [_arc(places[step.oorzaak], places[step.id]) for step in steps if step.oorzaak in places]
    return Plaat(points, arcs, _TOP + len(steps) * ROW)


def kort(event_type: str) -> str:
    """Return the part of an event type that says what happened: ``status-gezet``."""
    parts = event_type.split(".")
    return parts[-2] if len(parts) > 1 else event_type


def _arc(cause: int, effect: int) -> str:
    """Return the path of an arc to the left; the further apart, the wider."""
    reach = X - 8 - min(_WIDEST, _REACH * max(1, abs(effect - cause) // ROW))
    return f"M {X - 6} {cause} C {reach} {cause}, {reach} {effect}, {X - 6} {effect}"
