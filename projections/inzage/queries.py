# SPDX-License-Identifier: EUPL-1.2
"""What a person may see of who looked: everything about themselves, but the classes the gemeente must keep hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.clock import from_microseconds
from hub.plugins import Gemeente, Hub

NAME: Final = "inzage"


@dataclass(frozen=True, slots=True)
class Lezing:
    """One time that data about a person were read."""

    tijdstip: datetime
    bron: str
    doelbinding: str
    verwerking: str
    gebruiker_soort: str
    gegevens: tuple[str, ...]


def lezingen_over(hub: Hub, gemeente: Gemeente, persoon: str) -> Sequence[Lezing]:
    """Return what was read about one person (pseudonym), newest first.

    What is read for a doelbinding or verwerking in ``inzage_verborgen`` is left out (Wet BRP 3.22 lid 2 and 3).
    """
    row = hub.read_model(NAME).get(gemeente.slug, f"{gemeente.slug}:{persoon}")
    hidden = gemeente.inzage_verborgen
    found = [
        Lezing(from_microseconds(moment), bron, doelbinding, verwerking, soort, tuple(gegevens))
        for moment, bron, doelbinding, verwerking, soort, gegevens, _zaak in (row["lezingen"] if row else ())
        if not hidden & {doelbinding, verwerking}
    ]
    return sorted(found, key=lambda lezing: lezing.tijdstip, reverse=True)
