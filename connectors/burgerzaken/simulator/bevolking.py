# SPDX-License-Identifier: EUPL-1.2
"""The population: computed when asked for, forgotten when not used, always the same for the same seed.

Nothing is held per person. A neighbourhood of 128 people is made in milliseconds from (seed, its number) and kept in a
bounded cache, so a million people start as fast as a thousand and take as little memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from datetime import date
from typing import Final

from connectors.burgerzaken.simulator.bevolking_adressen import bouw_adressen
from connectors.burgerzaken.simulator.bevolking_bijzonder import bouw_bijzonder
from connectors.burgerzaken.simulator.bevolking_huishoudens import Bouwer
from connectors.burgerzaken.simulator.bevolking_land import Land
from connectors.burgerzaken.simulator.bevolking_model import (
    BUURT_PERSONEN,
    AdresseerbaarObject,
    Buurt,
    Nummeraanduiding,
    Pand,
    Persoon,
)
from connectors.burgerzaken.simulator.bevolking_nummers import Verstrooiing, bag_nummer, bsn_van, nummer_van

_CACHE_BUURTEN: Final = 320
_OBJECT_SOORTEN: Final = frozenset({"01", "02", "03"})


class Bevolking:
    """A country of ``land.personen`` people, derived from ``seed``. ``peildatum`` moves only the recent moves."""

    def __init__(self, *, seed: int, personen: int, gemeenten: tuple[tuple[str, str], ...], peildatum: date) -> None:
        self.seed, self.peildatum = seed, peildatum
        self.land = Land(gemeenten, personen)
        self._strooi = Verstrooiing(self.land.personen, seed)
        self._cache: OrderedDict[int, Buurt] = OrderedDict()

    def zet_peildatum(self, peildatum: date) -> None:
        """Live on another date from now on."""
        if peildatum != self.peildatum:
            self.peildatum = peildatum
            self._cache.clear()

    # ---------------------------------------------------------------------------------------------------------- people

    def bsn(self, persoon: Persoon) -> str:
        """Return the burgerservicenummer of somebody who lives here."""
        return self.bsn_van_nummer(persoon.nr)

    def bsn_van_nummer(self, nr: int) -> str:
        """Return the burgerservicenummer of person ``nr``."""
        return bsn_van(self._strooi.heen(nr))

    def nummer(self, bsn: str) -> int | None:
        """Return the internal number of a burgerservicenummer, None when nobody has it."""
        nummer = nummer_van(bsn)
        return None if nummer is None or nummer >= self.land.personen else self._strooi.terug(nummer)

    def persoon(self, nr: int) -> Persoon:
        """Return person ``nr`` (0 <= nr < land.personen)."""
        return self.buurt(nr // BUURT_PERSONEN).personen[nr % BUURT_PERSONEN]

    def vind(self, bsn: str) -> Persoon | None:
        """Return who has ``bsn``."""
        nr = self.nummer(bsn)
        return None if nr is None else self.persoon(nr)

    def onbekende_bsn(self, volgnummer: int) -> str:
        """Return a valid burgerservicenummer that nobody here has."""
        return bsn_van(self.land.personen + volgnummer)

    # ------------------------------------------------------------------------------------------------------- addresses

    def object(self, identificatie: str) -> AdresseerbaarObject | None:
        """Return the object with this identification."""
        if identificatie[4:6] not in _OBJECT_SOORTEN:
            return None
        buurt = self._buurt_van(bag_nummer(identificatie) // 128)
        plek = buurt.plek_van_object.get(identificatie) if buurt else None
        return None if buurt is None or plek is None else buurt.objecten[plek]

    def nummeraanduiding(self, identificatie: str) -> tuple[AdresseerbaarObject, Nummeraanduiding] | None:
        """Return the address with this identification and the object it belongs to."""
        buurt = self._buurt_van(bag_nummer(identificatie) // 512) if identificatie[4:6] == "20" else None
        plek = buurt.plek_van_nummer.get(identificatie) if buurt else None
        if buurt is None or plek is None:
            return None
        thuis = buurt.objecten[plek]
        return thuis, next(a for a in thuis.adressen if a.identificatie == identificatie)

    def pand(self, identificatie: str) -> tuple[Pand, AdresseerbaarObject] | None:
        """Return the building with this identification and one object in it."""
        buurt = self._buurt_van(bag_nummer(identificatie) // 256) if identificatie[4:6] == "10" else None
        for thuis in buurt.objecten if buurt else ():
            for pand in thuis.panden:
                if pand.identificatie == identificatie:
                    return pand, thuis
        return None

    def op_postcode(self, postcode: str) -> Iterator[tuple[AdresseerbaarObject, Nummeraanduiding]]:
        """Yield every current address with this postcode (NNNNLL)."""
        index = self.land.buurt_van_postcode(postcode)
        for thuis in self.buurt(index).objecten if index is not None else ():
            for adres in thuis.adressen:
                if adres.postcode == postcode and thuis.huidig and not adres.ingetrokken:
                    yield thuis, adres

    # -------------------------------------------------------------------------------------------------- neighbourhoods

    def _buurt_van(self, index: int) -> Buurt | None:
        return self.buurt(index) if 0 <= index < self.land.buurten else None

    def buurt(self, index: int) -> Buurt:
        """Return neighbourhood ``index``; the least recently used one makes room."""
        if (buurt := self._cache.get(index)) is not None:
            self._cache.move_to_end(index)
            return buurt
        buurt = self._cache[index] = self._bouw(index)
        if len(self._cache) > _CACHE_BUURTEN:
            self._cache.popitem(last=False)
        return buurt

    def _bouw(self, index: int) -> Buurt:
        gemeente = self.land.gemeente_van(index)
        objecten = bouw_adressen(self.land, self.seed, index)
        bouwer = Bouwer(seed=self.seed, buurt=index, gemeente=gemeente, objecten=objecten, peildatum=self.peildatum)
        bouwer.bouw(bouw_bijzonder)
        return Buurt(
            index=index,
            gemeente=gemeente,
            objecten=objecten,
            personen=tuple(bouwer.personen),
            huishoudens=tuple(bouwer.huishoudens),
            op_plek=_per_plek(bouwer.personen),
            plek_van_object={thuis.identificatie: thuis.plek for thuis in objecten},
            plek_van_nummer={adres.identificatie: thuis.plek for thuis in objecten for adres in thuis.adressen},
        )


def _per_plek(personen: list[Persoon]) -> dict[int, list[Persoon]]:
    result: dict[int, list[Persoon]] = {}
    for persoon in personen:
        if persoon.verblijf.adres is not None:
            result.setdefault(persoon.verblijf.adres.plek, []).append(persoon)
    return result
