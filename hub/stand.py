# SPDX-License-Identifier: EUPL-1.2
"""How far everything is and what stands still, for the ops page and ``GET /v1/stand``. Nothing personal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Positie:
    """How far one member is in one partition: ``gelezen`` events of ``kop`` that are logged.

    ``achter_s``: how long the oldest event waits that it has not taken, 0 when it has them all.
    """

    lid: str
    topic: str
    partitie: int
    gelezen: int
    kop: int
    achter_s: float = 0.0

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbinding:
    """One source of one gemeente as it stands: ``zekering`` is ``open`` while it is left alone after many failures.

    ``gemist``: how many changes the last comparing found that no notification told of, None where nothing is notified.
    """

    naam: str
    gemeente: str
    laatst: datetime | None = None
    mislukt: int = 0
    fout: str = ""
    zekering: Literal["dicht", "open", ""] = ""
    gemist: int | None = None


@dataclass(frozen=True, slots=True)
class Werk:
    """Opdrachten of one soort in one toestand: how many, and since when the oldest is there (RFC 3339)."""

    soort: str
    toestand: str
    aantal: int
    oudste: str


@dataclass(frozen=True, slots=True)
class Vulling:
    """How a replay that fills a build comes along: ``gedaan`` of ``totaal`` events, over all that it fills in one pass.

    ``loopt``: its process is at work. ``per_s`` and ``over_s`` (how long yet) are None until something was done.
    """

    gedaan: int
    totaal: int
    loopt: bool
    fout: str = ""
    per_s: float | None = None

    @property
    def over_s(self) -> float | None:
        """Return how many seconds it still takes."""
        return max(0, self.totaal - self.gedaan) / self.per_s if self.per_s else None


@dataclass(frozen=True, slots=True)
class Bouw:
    """One build of a projection: ``live`` is what readers see, ``vulling`` how a replay of it comes along."""

    lid: str
    toestand: str
    live: bool
    begonnen: str
    vulling: Vulling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beeld:
    """What ops sees of one gemeente besides positions and what is parked. Times are RFC 3339, empty when there is none."""

    verbindingen: Sequence[Verbinding] = ()
    werk: Sequence[Werk] = ()
    bouwen: Sequence[Bouw] = ()
    termijnen: int = 0
    termijnen_te_laat: int = 0
    eerste_termijn: str = ""
    sleutels_vernietigd: int = 0
    vernietigingen: int = 0
    laatste_vernietiging: str = ""


@dataclass(frozen=True, slots=True)
class Stap:
    """One event of a stream as a picture shows it: the envelope, nothing of what it says."""

    volgnummer: int
    id: str
    soort: str
    bron: str
    op: str
    oorzaak: str | None
    correlatie: str | None


@dataclass(frozen=True, slots=True)
class Herkansing:
    """What came of trying again: how many went through, how many of those chosen are left, and which one failed again."""

    gelukt: int
    over: int
    mislukt: str | None = None


class Bediening(Protocol):
    """What ops may look at and do, for one gemeente."""

    def toezicht(self) -> Sequence[Bevinding]:
        """Return what needs a person now, and bring the gauges up to date; of the whole installation."""

    def beeld(self, gemeente: str) -> Beeld:
        """Return how everything besides positions and parked work is."""

    def stroom(self, gemeente: str, key: str) -> Sequence[Stap]:
        """Return the events of a zaak, person or address, oldest first. NotFound when it is not of this gemeente."""

    async def opnieuw(self, gemeente: str, *, nummer: str = "", oorzaak: str = "", reden: str, door: str) -> Herkansing:
        """Try one entry, or all of a cause, again. Invalid without a reason, NotFound when it is not parked here."""

    async def overslaan(self, gemeente: str, *, nummer: str, reden: str, door: str) -> bool:
        """Leave one entry out; True when nothing of it waits any more."""
