# SPDX-License-Identifier: EUPL-1.2
"""What a scenario can take from: households and vacant addresses, each given out once."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TypeVar

from connectors.burgerzaken.simulator.bevolking import Bevolking
from connectors.burgerzaken.simulator.bevolking_huishoudens import M2_PER_BEWONER
from connectors.burgerzaken.simulator.bevolking_model import AdresseerbaarObject, Buurt, Gemeente, Huishouden
from connectors.burgerzaken.simulator.bevolking_nummers import Dobbelsteen
from connectors.burgerzaken.simulator.datums import MEERDERJARIG, ZELF_AANGEVEN, leeftijd

T = TypeVar("T")
_UITGAAND = 10  # one in ten neighbourhoods of a gemeente is kept for people who move to the next one


class Uitgeput(LookupError):
    """The population holds no more of what was asked for."""


class Voorraad:
    """Households and vacant addresses of some neighbourhoods, taken in an order that follows from the seed."""

    def __init__(self, bevolking: Bevolking, buurten: Iterable[int], *, seed: int, datum: date) -> None:
        self._bevolking, self._datum = bevolking, datum
        self._bron: Iterator[int] = iter(Dobbelsteen(seed, 11).schud(sorted(buurten)))
        self._huishoudens: dict[str, deque[tuple[Buurt, Huishouden]]] = defaultdict(deque)
        self._adressen: dict[str, deque[AdresseerbaarObject]] = defaultdict(deque)

    def huishouden(self, soort: str, *, past: Callable[[Huishouden], bool] = lambda _: True) -> Huishouden:
        """Return a household of ``soort`` that has not been given out; Uitgeput when there is none."""
        return self._neem(self._huishoudens[soort], lambda rij: past(rij[1]))[1]

    def bewoond(self, soort: str, *, erbij: int) -> tuple[AdresseerbaarObject, Huishouden]:
        """Return a household together with its home, with room for ``erbij`` more people."""

        def ruim(rij: tuple[Buurt, Huishouden]) -> bool:
            thuis = rij[0].objecten[rij[1].plek]
            return (thuis.oppervlakte or 0) >= M2_PER_BEWONER * (len(rij[1].leden) + erbij)

        buurt, huishouden = self._neem(self._huishoudens[soort], ruim)
        return buurt.objecten[huishouden.plek], huishouden

    def leeg(self, soort: str = "gewoon", *, bewoners: int = 1) -> AdresseerbaarObject:
        """Return a vacant object of ``soort``; an ordinary one has room for ``bewoners``."""
        nodig = M2_PER_BEWONER * bewoners if soort == "gewoon" else 0
        return self._neem(self._adressen[soort], lambda thuis: (thuis.oppervlakte or 0) >= nodig)

    def _neem(self, rij: deque[T], past: Callable[[T], bool]) -> T:
        while True:
            for plaats, kandidaat in enumerate(rij):
                if past(kandidaat):
                    del rij[plaats]
                    return kandidaat
            if not self._vul_aan():
                raise Uitgeput

    def _vul_aan(self) -> bool:
        index = next(self._bron, None)
        if index is None:
            return False
        buurt = self._bevolking.buurt(index)
        for huishouden in buurt.huishoudens:
            self._huishoudens[huishouden.soort].append((buurt, huishouden))
        for thuis in buurt.objecten:
            if buurt.leeg(thuis.plek):
                self._adressen[thuis.soort].append(thuis)
        return True

    # ------------------------------------------------------------------------------------------------------------ ages

    def jaren(self, huishouden: Huishouden) -> list[int]:
        """Return the ages of a household on the scenario's date; -1 for an incomplete birth date."""
        jaren = (leeftijd(lid.geboorte, self._datum) for lid in huishouden.leden)
        return [-1 if jaar is None else jaar for jaar in jaren]

    def jonge_kinderen(self, huishouden: Huishouden) -> bool:
        """True when everybody is either surely of age or surely younger than sixteen."""
        return all(0 <= jaar < ZELF_AANGEVEN or jaar >= MEERDERJARIG for jaar in self.jaren(huishouden))


def eigen_buurten(bevolking: Bevolking, gemeente: Gemeente) -> list[int]:
    """Return the neighbourhoods whose people and addresses a gemeente's own scenario may use."""
    meer = len(bevolking.land.per_slug) > 1
    buurten = range(gemeente.eerste_buurt, gemeente.eerste_buurt + gemeente.buurten)
    return [b for b in buurten if not meer or (b - gemeente.eerste_buurt) % _UITGAAND != _UITGAAND - 1]


def andere_buurten(bevolking: Bevolking, gemeente: Gemeente) -> list[int]:
    """Return the neighbourhoods elsewhere kept for this gemeente's scenario, shared with no other gemeente."""
    land, eigen = bevolking.land, [g for g in bevolking.land.gemeenten if not g.is_achtergrond]
    achter = range(land.achtergrond.eerste_buurt, land.achtergrond.eerste_buurt + land.achtergrond.buurten)
    result = [b for b in achter if b % len(eigen) == gemeente.index]
    if len(eigen) > 1:
        vorige = eigen[gemeente.index - 1]
        buurten = range(vorige.eerste_buurt, vorige.eerste_buurt + vorige.buurten)
        result += [b for b in buurten if (b - vorige.eerste_buurt) % _UITGAAND == _UITGAAND - 1]
    return result
