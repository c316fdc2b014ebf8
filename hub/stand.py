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
    """One stream that stands still for one member: the event that failed, why, since when, and how many wait behind it.

    ``nummer`` names it to an operator, ``woorden`` says the cause plainly.
    """

    nummer: str
    lid: str
    stroom: str
    gebeurtenis: str
    soort: str
    oorzaak: str
    woorden: str
    uitleg: str
    sinds: str
    laatst: str
    pogingen: int
    erachter: int


@dataclass(frozen=True, slots=True)
class Bevinding:
    """Something that needs a person. Its words are the texts ``bevinding.<soort>.wat`` and ``.doe``.

    ``over``: about what (a member, a source, a gemeente); ``aantal`` and ``grens`` fill in the words; ``alarm``: at once.
    ``sinds`` is RFC 3339; empty when only seen now.
    """

    soort: str
    over: str = ""
    aantal: int = 0
    grens: int = 0
    sinds: str = ""
    alarm: bool = False


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
