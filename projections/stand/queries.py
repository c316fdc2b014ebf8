# SPDX-License-Identifier: EUPL-1.2
"""What ops wants to know, for one gemeente."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.plugins import Hub
from hub.stand import Geparkeerd, Positie
from projections.stand.apply import COUNTED

NAME: Final = "stand"
_PARTITIONS: Final = 1_000


def tellers(hub: Hub, gemeente: str) -> dict[str, int]:
    """Return what happened, summed over partitions."""
    totals = dict.fromkeys(COUNTED.values(), 0)
    for _, row in hub.read_model(NAME).select(gemeente, limit=_PARTITIONS):
        for what, number in row["aantallen"].items():
            totals[what] = totals.get(what, 0) + number
    return totals


def per_lid(positions: Sequence[Positie]) -> list[Positie]:
    """Return how far each member is in each topic, its partitions added up; as late as the latest of them."""
    totals: dict[tuple[str, str], tuple[int, int, float]] = {}
    for position in positions:
        read, head, late_s = totals.get((position.lid, position.topic), (0, 0, 0.0))
        late_s = max(late_s, position.achter_s)
        totals[position.lid, position.topic] = (read + position.gelezen, head + position.kop, late_s)
    return [Positie(lid, topic, 0, *counts) for (lid, topic), counts in sorted(totals.items())]


def per_oorzaak(parked: Sequence[Geparkeerd]) -> list[tuple[str, str, list[Geparkeerd]]]:
    """Return (cause, in plain words, entries) per cause, most entries first."""
    groups: dict[str, list[Geparkeerd]] = {}
    for entry in parked:
        groups.setdefault(entry.oorzaak, []).append(entry)
    return sorted(((cause, found[0].woorden, found) for cause, found in groups.items()), key=lambda g: (-len(g[2]), g[0]))


def werk(hub: Hub, gemeente: str) -> dict[str, int]:
    """Return how much open work there is per colour."""
    counts = hub.read_model("werkvoorraad").tally(gemeente, "kleur", where="werk = 'open'")
    return {str(colour or "niet-beoordeeld"): number for colour, number in counts.items()}
