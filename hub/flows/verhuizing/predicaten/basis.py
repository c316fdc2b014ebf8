# SPDX-License-Identifier: EUPL-1.2
"""What a predicate is given and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from hub.flows.verhuizing.aangifte import Aangifte
from hub.flows.verhuizing.feiten import (
    Adres,
    Antwoord,
    Bewoning,
    Claim,
    Kandidaat,
    NietBeschikbaar,
    Personen,
    Zaken,
)
from hub.flows.verhuizing.kalender import vertrekgrens
from hub.flows.verhuizing.persoon import Persoon
from hub.flows.verhuizing.plek import Plek
from hub.flows.verhuizing.profiel import RisicoProfiel

GROEN: Final = "groen"
ORANJE: Final = "oranje"
ROOD: Final = "rood"
WACHT: Final = "wacht"
NVT: Final = "nvt"
NIET_GETOETST: Final = "niet-getoetst"

BRON_WEG: Final = "bron-niet-bereikbaar"
BRON_LEVERT_NIET: Final = "bron-levert-gegeven-niet"

_GEEN: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Bevinding:
    """One reason, about one mover or (None) about the declaration as a whole."""

    code: str
    kleur: str = ORANJE
    pseudoniem: str | None = None


@dataclass(frozen=True, slots=True)
class Uitslag:
    """What one predicate found.

    ``mist``: an input was not there and another predicate says so; this one adds no second reason, and a declaration is
    never green on it. ``gegevens`` are the open values it looked at (dates of moving, counts, codes; nothing personal).
    """

    uitkomst: str
    bevindingen: tuple[Bevinding, ...] = ()
    gegevens: Mapping[str, Any] = field(default_factory=lambda: _GEEN)
    mist: bool = False


UITSLAG_GROEN: Final = Uitslag(GROEN)
UITSLAG_NVT: Final = Uitslag(NVT)
UITSLAG_MIST: Final = Uitslag(NIET_GETOETST, mist=True)


def uitslag(bevindingen: list[Bevinding], **gegevens: Any) -> Uitslag:
    """Return red when any finding is red, else orange when there is any, else green."""
    if not bevindingen:
        return Uitslag(GROEN, (), gegevens)
    rood = any(bevinding.kleur == ROOD for bevinding in bevindingen)
    return Uitslag(ROOD if rood else ORANJE, tuple(dict.fromkeys(bevindingen)), gegevens)


def oranje(code: str, pseudoniem: str | None = None, **gegevens: Any) -> Uitslag:
    """Return an orange outcome with one reason."""
    return Uitslag(ORANJE, (Bevinding(code, ORANJE, pseudoniem),), gegevens)


def rood(code: str, pseudoniem: str | None = None, **gegevens: Any) -> Uitslag:
    """Return a red outcome with one reason."""
    return Uitslag(ROOD, (Bevinding(code, ROOD, pseudoniem),), gegevens)


class Invoer:
    """Everything a decision is made from, in reach of every predicate. Built once per decision, then only read.

    ``adres``, ``personen``, ``bewoning`` and ``zaken`` are None where nothing was asked (there was nothing to ask with).
    ``datum_bereikt``: the term at the moving date has passed. ``grens_bereikt``: so has the one for previous occupants.
    """

    __slots__ = (
        "_grens",
        "aangifte",
        "adres",
        "antwoorden",
        "bewoning",
        "blijvers",
        "datum_bereikt",
        "gemeente",
        "gemeentecode",
        "grens_bereikt",
        "kandidaat",
        "ontvangst",
        "personen",
        "profiel",
        "verhuisdatum",
        "verhuizend",
        "zaak",
        "zaken",
    )

    def __init__(
        self,
        *,
        zaak: str,
        gemeente: str,
        gemeentecode: str,
        profiel: RisicoProfiel,
        aangifte: Aangifte,
        adres: Adres | NietBeschikbaar | None = None,
        personen: Personen | NietBeschikbaar | None = None,
        bewoning: Bewoning | NietBeschikbaar | None = None,
        zaken: Zaken | NietBeschikbaar | None = None,
        antwoorden: Mapping[str, Antwoord] = _GEEN,
        datum_bereikt: bool = False,
        grens_bereikt: bool = False,
    ) -> None:
        self.zaak, self.gemeente, self.gemeentecode = zaak, gemeente, gemeentecode
        self.profiel, self.aangifte, self.antwoorden = profiel, aangifte, antwoorden
        self.adres, self.personen, self.bewoning, self.zaken = adres, personen, bewoning, zaken
        self.datum_bereikt, self.grens_bereikt = datum_bereikt, grens_bereikt
        self.ontvangst: date | None = aangifte.ontvangst
        self.verhuisdatum: date | None = aangifte.verhuisdatum
        self.kandidaat: Kandidaat | None = adres.enige if isinstance(adres, Adres) else None
        self.verhuizend = frozenset(aangifte.pseudoniemen)
        bewoners = bewoning.bewoners if isinstance(bewoning, Bewoning) else ()
        self.blijvers: tuple[str, ...] = tuple(p for p in bewoners if p not in self.verhuizend)
        self._grens: date | None = None

    @property
    def vertrekgrens(self) -> date | None:
        """Until when a previous occupant is waited for; None without a moving date."""
        if self._grens is None and self.verhuisdatum is not None:
            profiel = self.profiel
            self._grens = vertrekgrens(self.verhuisdatum, profiel.vorige_bewoner_werkdagen, profiel.gelijkgestelde_dagen)
        return self._grens

    def persoon(self, pseudoniem: str | None) -> Persoon | None:
        """Return a person whose data are there, else None (row 3 says why they are not)."""
        if pseudoniem is None or not isinstance(self.personen, Personen):
            return None
        gevonden = self.personen.per_pseudoniem.get(pseudoniem)
        return gevonden if gevonden and gevonden.gevonden and not gevonden.vernietigd else None

    def levert(self, element: str) -> bool:
        """Return True when absence of this element (a path with dots) means "no" at the gateway that answered."""
        return isinstance(self.personen, Personen) and self.personen.levert_element(element)

    def nieuwe_plek(self) -> Plek | None:
        """Return the place one moves to, when the BAG gives exactly one."""
        return self.kandidaat.plek(self.aangifte.functie) if self.kandidaat else None

    def sleutel(self, wat: str | None) -> str:
        """Return the key on ``wissel.personen`` of a pseudonym or BAG id."""
        return f"{self.gemeente}:{wat}"

    def claims_op(self, wat: str | None) -> tuple[Claim, ...]:
        """Return the open claims of other zaken on a person or address."""
        antwoord = self.antwoorden.get(self.sleutel(wat))
        return tuple(claim for claim in antwoord.claims if claim.zaak != self.zaak) if antwoord else ()
