# SPDX-License-Identifier: EUPL-1.2
"""How far everything is and what stands still, for the ops page and ``GET /v1/stand``. Nothing personal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Positie:
    """How far one member is in one partition: ``gelezen`` events of ``kop`` that are logged."""

    lid: str
    topic: str
    partitie: int
    gelezen: int
    kop: int

    @property
    def achter(self) -> int:
        """Return how many events are still to be taken."""
        return max(0, self.kop - self.gelezen)


@dataclass(frozen=True, slots=True)
class Geparkeerd:
    """One stream that stands still for one member: the event that failed, why, since when, and how many wait behind it."""

    lid: str
    stroom: str
    gebeurtenis: str
    soort: str
    oorzaak: str
    uitleg: str
    sinds: str
    pogingen: int
    erachter: int


@dataclass(frozen=True, slots=True)
class Stand:
    """Positions of this installation, and what is parked of one gemeente.

    ``opdrachten`` counts the gemeente's ledger by toestand; ``meldingen_open`` the notifications accepted and not settled yet;
    ``storingen`` says in a sentence what keeps the hub from going on.
    """

    posities: Sequence[Positie] = ()
    geparkeerd: Sequence[Geparkeerd] = ()
    opdrachten: Mapping[str, int] = field(default_factory=dict)
    gebeurtenissen: int = 0
    meldingen_open: int = 0
    storingen: Sequence[str] = ()
