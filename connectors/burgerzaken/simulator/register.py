# SPDX-License-Identifier: EUPL-1.2
"""The registry: the generated population, plus what has changed since. Only changes take memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from connectors.burgerzaken.simulator.bevolking import Bevolking
from connectors.burgerzaken.simulator.bevolking_model import BUURT_PERSONEN, AdresseerbaarObject, Persoon, Verblijf
from connectors.burgerzaken.simulator.bevolking_nummers import bag_nummer
from connectors.burgerzaken.simulator.config import SimulatorConfig
from connectors.burgerzaken.simulator.datums import onzekerheid
from hub.clock import AMSTERDAM

_ONDERZOEK_NAAR_VERBLIJF: Final = frozenset({"080000", "081100", "089999"})
ONDERZOEK_SINDS: Final = "2024-09-02"
_GEEN_BEWONER: Final = frozenset({"O", "F"})  # dead, or a list that should not have been (bewoning 2.1.0)


@dataclass(slots=True)
class Toestand:
    """Where somebody lives now, where before (newest first), and since when that stay is being investigated."""

    verblijf: Verblijf
    historie: tuple[Verblijf, ...]
    onderzoek: str


@dataclass(frozen=True, slots=True)
class Bewoner:
    """One row of an occupancy: ``mogelijk`` when the dates leave room for doubt."""

    persoon: Persoon
    mogelijk: bool
    in_onderzoek: bool


class Register:
    """Answers questions about people and addresses as they are today, and takes in changes."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._vast = config.datum
        self._datum = config.datum or datetime.now(UTC).astimezone(AMSTERDAM).date()
        self.bevolking = Bevolking(
            seed=config.seed, personen=config.personen, gemeenten=config.gemeenten, peildatum=self._datum
        )
        self._overlay: dict[int, Toestand] = {}
        self._kenmerken: dict[int, dict[str, Any]] = {}
        self._ingetrokken_op: dict[str, set[int]] = defaultdict(set)  # object -> who moved in since the start
        self.wijzigingen: dict[int, list[date]] = defaultdict(list)

    def herstel(self) -> None:
        """Forget every change."""
        self._overlay.clear()
        self._kenmerken.clear()
        self._ingetrokken_op.clear()
        self.wijzigingen.clear()

    # -------------------------------------------------------------------------------------------------------- the date

    @property
    def vandaag(self) -> date:
        """The registry's calendar date."""
        return self._datum

    def zet_datum(self, datum: date) -> None:
        """Let the calendar be ``datum`` from now on; recent moves of the population stay where they were."""
        self._datum = self._vast = datum

    def leef_op(self, datum: date) -> bool:
        """Take ``datum`` as the date of this world when none was fixed and nothing has changed yet; False otherwise."""
        if datum == self._datum:
            return True
        if self._vast is not None or self._overlay:
            return False
        self._datum = datum
        self.bevolking.zet_peildatum(datum)
        return True

    # ---------------------------------------------------------------------------------------------------------- people

    def toestand(self, persoon: Persoon) -> Toestand:
        """Return where somebody lives now."""
        if (gewijzigd := self._overlay.get(persoon.nr)) is not None:
            return gewijzigd
        return Toestand(persoon.verblijf, persoon.historie, persoon.onderzoek)

    def verhuis(self, persoon: Persoon, verblijf: Verblijf) -> None:
        """Register a new stay. An investigation of the old one ends with it."""
        nu = self.toestand(persoon)
        onderzoek = "" if nu.onderzoek in _ONDERZOEK_NAAR_VERBLIJF else nu.onderzoek
        self._overlay[persoon.nr] = Toestand(verblijf, (nu.verblijf, *nu.historie), onderzoek)
        if verblijf.object_id:
            self._ingetrokken_op[verblijf.object_id].add(persoon.nr)
        self.wijzigingen[persoon.nr].append(self._datum)

    def actueel(self, persoon: Persoon) -> Persoon:
        """Return somebody as registered now, with what else than the residence changed since the start."""
        kenmerken = self._kenmerken.get(persoon.nr)
        return replace(persoon, **kenmerken) if kenmerken else persoon

    def wijzig(self, persoon: Persoon, **kenmerken: Any) -> None:
        """Register something else than a move: a death, geheimhouding, gezag."""
        self._kenmerken.setdefault(persoon.nr, {}).update(kenmerken)
        self.wijzigingen[persoon.nr].append(self._datum)

    def onderzoek(self, persoon: Persoon, aanduiding: str) -> None:
        """Start an investigation of the residence (element 08.83.10), or end it (an empty ``aanduiding``)."""
        nu = self.toestand(persoon)
        self._overlay[persoon.nr] = Toestand(nu.verblijf, nu.historie, aanduiding)
        self.wijzigingen[persoon.nr].append(self._datum)

    # ------------------------------------------------------------------------------------------------------- addresses

    def betrokkenen(self, object_id: str) -> Iterator[Persoon]:
        """Yield everybody who is, was from the start or has since been registered at an object."""
        thuis = self.bevolking.object(object_id)
        if thuis is None:
            return
        buurt = self.bevolking.buurt(bag_nummer(object_id) // 128)
        gezien = {persoon.nr for persoon in buurt.op_plek.get(thuis.plek, ())}
        yield from buurt.op_plek.get(thuis.plek, ())
        for nr in sorted(self._ingetrokken_op.get(object_id, set()) - gezien):
            yield self.bevolking.persoon(nr)

    def ingeschrevenen(self, object_id: str) -> list[Persoon]:
        """Return who is registered at an object today, by letter address too."""
        return [p for p in self.betrokkenen(object_id) if self.toestand(p).verblijf.object_id == object_id]

    def bewoners(self, object_id: str, op: date) -> list[Bewoner]:
        """Return who lived at an object on a day (bewoning 2.1.0): certain and possible residents."""
        rijen = (self._bewoner(persoon, object_id, op) for persoon in self.betrokkenen(object_id))
        return [rij for rij in rijen if rij is not None]

    def _bewoner(self, persoon: Persoon, object_id: str, op: date) -> Bewoner | None:
        if persoon.opschorting and persoon.opschorting[0] in _GEEN_BEWONER:
            return None
        nu = self.toestand(persoon)
        tot = date.max, date.max
        for verblijf in (nu.verblijf, *nu.historie):
            van = onzekerheid(verblijf.datum_van)
            hier = verblijf.object_id == object_id and verblijf.functie == "W"
            if hier and (zeker := _zekerheid(op, van, tot)) is not None:
                return self._beoordeel(persoon, nu, op, is_huidig=verblijf is nu.verblijf, zeker=zeker)
            tot = van
        return None

    @staticmethod
    def _beoordeel(persoon: Persoon, nu: Toestand, op: date, *, is_huidig: bool, zeker: bool) -> Bewoner | None:
        onderzoek = nu.onderzoek if is_huidig else ""
        if onderzoek == "089999":
            sinds = date.fromisoformat(ONDERZOEK_SINDS)
            return None if op >= sinds else Bewoner(persoon, mogelijk=True, in_onderzoek=True)
        return Bewoner(persoon, mogelijk=not zeker, in_onderzoek=onderzoek in _ONDERZOEK_NAAR_VERBLIJF)

    def wisseldagen(self, object_id: str, van: date, tot: date) -> list[date]:
        """Return the days in [van, tot) on which the occupancy may change, ``van`` first."""
        dagen = {van}
        for persoon in self.betrokkenen(object_id):
            nu = self.toestand(persoon)
            for verblijf in (nu.verblijf, *nu.historie):
                eerste, laatste = onzekerheid(verblijf.datum_van)
                na = laatste + timedelta(days=1) if laatste < date.max else laatste
                dagen.update(dag for dag in (eerste, na) if van < dag < tot)
        return sorted(dagen)

    def verblijf_op(self, thuis: AdresseerbaarObject, *, nummeraanduiding: str, datum_van: date, functie: str) -> Verblijf:
        """Return a stay at an object, for ``verhuis``."""
        adres = next(a for a in thuis.adressen if a.identificatie == nummeraanduiding)
        return Verblijf(
            soort="Adres",
            datum_van=datum_van.isoformat(),
            gemeente=(thuis.gemeente.code, thuis.gemeente.naam),
            functie=functie,
            object_id=thuis.identificatie,
            adres=adres,
        )

    def alle_personen(self) -> Iterator[Persoon]:
        """Yield everybody; a million people take seconds."""
        for index in range(self.bevolking.land.personen // BUURT_PERSONEN):
            yield from self.bevolking.buurt(index).personen


def _zekerheid(op: date, van: tuple[date, date], tot: tuple[date, date]) -> bool | None:
    """Return True: surely there, False: possibly, None: surely not. ``van`` and ``tot`` are (first, last) day."""
    weg = op >= tot[0] if tot[0] == tot[1] else op > tot[1]
    if op < van[0] or weg:
        return None
    begonnen = op >= van[1] if van[0] == van[1] else op > van[1]
    return begonnen and op < tot[0]
