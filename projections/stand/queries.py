# SPDX-License-Identifier: EUPL-1.2
"""What ops wants to know, for one gemeente."""

from __future__ import annotations

from typing import Final

from hub.plugins import Hub
from hub.stand import Stand
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


def stand(hub: Hub, gemeente: str) -> Stand | None:
    """Return positions and what is parked; None from a hub that cannot say."""
    ask = getattr(hub, "stand", None)
    if ask is None:
        return None
    found = ask(gemeente)
    assert isinstance(found, Stand)
    return found


def werk(hub: Hub, gemeente: str) -> dict[str, int]:
    """Return how much open work there is per colour."""
    counts = hub.read_model("werkvoorraad").tally(gemeente, "kleur", where="werk = 'open'")
    return {str(colour or "niet-beoordeeld"): number for colour, number in counts.items()}
