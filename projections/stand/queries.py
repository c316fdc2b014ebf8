# SPDX-License-Identifier: EUPL-1.2
"""What ops wants to know, for one gemeente."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.plugins import Hub
from hub.stand import Positie
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
    """Return how far each member is in each topic, its partitions added up."""
    totals: dict[tuple[str, str], tuple[int, int]] = {}
    for position in positions:
        read, head = totals.get((position.lid, position.topic), (0, 0))
        totals[position.lid, position.topic] = (read + position.gelezen, head + position.kop)
    return [Positie(lid, topic, 0, read, head) for (lid, topic), (read, head) in sorted(totals.items())]


def werk(hub: Hub, gemeente: str) -> dict[str, int]:
    """Return how much open work there is per colour."""
    counts = hub.read_model("werkvoorraad").tally(gemeente, "kleur", where="werk = 'open'")
    return {str(colour or "niet-beoordeeld"): number for colour, number in counts.items()}
