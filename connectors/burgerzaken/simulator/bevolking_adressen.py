# SPDX-License-Identifier: EUPL-1.2
"""The BAG of one neighbourhood: five streets of twenty places, in one neighbourhood of three with oddities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from connectors.burgerzaken.simulator.bevolking_land import Land
from connectors.burgerzaken.simulator.bevolking_model import (
    BUURT_PLEKKEN,
    PLEKKEN_PER_STRAAT,
    STRATEN_PER_BUURT,
    AdresseerbaarObject,
    Gemeente,
    Nummeraanduiding,
    Pand,
)
from connectors.burgerzaken.simulator.bevolking_namen import straatnaam
from connectors.burgerzaken.simulator.bevolking_nummers import Dobbelsteen, bag_id, meng, postcode

_FLATSTRAAT: Final = 4
_BISSTRAAT: Final = 3
_LAATSTE_VAN_VIJF: Final = 4  # every fifth place is for what is special
BIJZONDER: Final = (
    "niet-ingemeten",
    "meer-doelen",
    "ligplaats",
    "standplaats",
    "twee-panden",
    "ander-voorvoegsel",
    "geen-woonfunctie",
    "verbouwing",
    "gevormd",
    "pand-niet-in-gebruik",
    "nevenadres",
    "dubbel-adres",  # the last place of the third street ...
    "dubbel-adres-tweede",  # ... whose postcode and number are also used in the fourth
    "in-onderzoek",
    "geconstateerd",
    "zonder-oppervlakte",
    "ingetrokken",
    "klein",
    "gewoon",
    "groot",
)


def is_bijzonder(gemeente: Gemeente, buurt: int) -> bool:
    """True for the neighbourhoods that hold one of each BIJZONDER."""
    return (buurt - gemeente.eerste_buurt) % 3 == 0


def bouw_adressen(land: Land, seed: int, buurt: int) -> tuple[AdresseerbaarObject, ...]:
    """Return the objects of a neighbourhood in order of place."""
    bouwer = _Bouwer(land, seed, buurt)
    return tuple(bouwer.bouw(plek) for plek in range(BUURT_PLEKKEN))


class _Bouwer:
    def __init__(self, land: Land, seed: int, buurt: int) -> None:
        self.land, self.buurt = land, buurt
        self.gemeente = land.gemeente_van(buurt)
        self.kans = Dobbelsteen(seed, buurt, 1)
        self.straat_van = (buurt - self.gemeente.eerste_buurt) * STRATEN_PER_BUURT
        self.woonplaats_nr = meng(seed, buurt, 2) % len(self.gemeente.woonplaatsen)
        self.bijzonder = is_bijzonder(self.gemeente, buurt)

    def bouw(self, plek: int) -> AdresseerbaarObject:
        soort = BIJZONDER[plek // 5] if self.bijzonder and plek % 5 == _LAATSTE_VAN_VIJF else "gewoon"
        gegevens = self._gewoon(plek)
        if maak := _VARIANTEN.get(soort):
            gegevens |= maak(self, plek, gegevens)
        return AdresseerbaarObject(plek=plek, soort=soort, gemeente=self.gemeente, **gegevens)

    def _gewoon(self, plek: int) -> dict[str, Any]:
        oppervlakte = self.kans.tussen(45, 90) if self.is_flat(plek) else self.kans.tussen(70, 180)
        return {
            "identificatie": self.id("01", plek),
            "type": "Verblijfsobject",
            "status": "Verblijfsobject in gebruik",
            "adressen": (self.adres(plek),),
            "gebruiksdoelen": ("woonfunctie",),
            "oppervlakte": oppervlakte,
            "panden": (self.pand(plek),),
        }

    def is_flat(self, plek: int) -> bool:
        return plek // PLEKKEN_PER_STRAAT == _FLATSTRAAT

    def id(self, soort: str, plek: int, *, keer: int = 1, extra: int = 0, voorvoegsel: str = "") -> str:
        return bag_id(voorvoegsel or self.gemeente.code, soort, (self.buurt * 128 + plek) * keer + extra)

    def adres(self, plek: int, *, extra: int = 0, postcode_van: int | None = None, **anders: Any) -> Nummeraanduiding:
        """Return the address of ``plek``; ``postcode_van``: with the postcode and number of that other place."""
        straat = self.straat_van + plek // PLEKKEN_PER_STRAAT
        bron = plek if postcode_van is None else postcode_van
        huisnummer, huisletter, toevoeging = _nummering(bron)
        gegevens: dict[str, Any] = {
            "identificatie": self.id("20", plek, keer=4, extra=extra),
            "straat": straatnaam(straat),
            "openbare_ruimte": bag_id(self.gemeente.code, "30", straat),
            "huisnummer": huisnummer,
            "huisletter": huisletter,
            "toevoeging": toevoeging,
            "postcode": postcode(self.gemeente.postcode_basis, self.straat_van + bron // PLEKKEN_PER_STRAAT),
            "woonplaats": self.gemeente.woonplaatsen[self.woonplaats_nr],
            "woonplaats_id": f"{1000 + self.gemeente.index * 20 + self.woonplaats_nr}",
            "plek": plek,
        }
        return Nummeraanduiding(**(gegevens | anders))

    def pand(self, plek: int, *, status: str = "Pand in gebruik", extra: int = 0) -> Pand:
        """Return the building; ten flats share one."""
        eerste = plek - plek % 10 if self.is_flat(plek) and status == "Pand in gebruik" else plek
        bouwjaar = 1900 + meng(self.buurt, eerste) % 120
        return Pand(identificatie=self.id("10", eerste, keer=2, extra=extra), status=status, bouwjaar=bouwjaar)


def _nummering(plek: int) -> tuple[int, str, str]:
    """Return number, letter and addition: odd or even per street, ``bis`` houses in one, letters in the flats."""
    straat, plaats = divmod(plek, PLEKKEN_PER_STRAAT)
    if straat == _FLATSTRAAT:
        return 10 + 10 * (plaats // 10), "ABCDEFGHJK"[plaats % 10], ""
    if straat == _BISSTRAAT:
        return 1 + 2 * (plaats // 2), "", "bis" if plaats % 2 else ""
    return (1 if straat % 2 else 2) + 2 * plaats, "", ""


def _niet_ingemeten(bouwer: _Bouwer, plek: int, _: dict[str, Any]) -> dict[str, Any]:
    pand = bouwer.pand(plek, status="Pand in gebruik (niet ingemeten)")
    return {"status": "Verblijfsobject in gebruik (niet ingemeten)", "panden": (pand,)}


def _plaats(soort: str, naam: str) -> Callable[[_Bouwer, int, dict[str, Any]], dict[str, Any]]:
    def maak(bouwer: _Bouwer, plek: int, _: dict[str, Any]) -> dict[str, Any]:
        leeg = {"gebruiksdoelen": (), "oppervlakte": None, "panden": ()}
        return {"identificatie": bouwer.id(soort, plek), "type": naam, "status": "Plaats aangewezen", **leeg}

    return maak


def _twee_panden(bouwer: _Bouwer, plek: int, gegevens: dict[str, Any]) -> dict[str, Any]:
    return {"panden": (*gegevens["panden"], bouwer.pand(plek, extra=1))}


def _ander_voorvoegsel(bouwer: _Bouwer, plek: int, _: dict[str, Any]) -> dict[str, Any]:
    """The digits of a BAG identification do not tell the gemeente: borders move, identifications stay."""
    buren = bouwer.land.gemeenten[(bouwer.gemeente.index + 1) % len(bouwer.land.gemeenten)].code
    adres = bouwer.adres(plek, identificatie=bouwer.id("20", plek, keer=4, voorvoegsel=buren))
    return {"identificatie": bouwer.id("01", plek, voorvoegsel=buren), "adressen": (adres,)}


def _pand_niet_in_gebruik(bouwer: _Bouwer, plek: int, _: dict[str, Any]) -> dict[str, Any]:
    status = bouwer.kans.kies(("Verbouwing pand", "Bouw gestart", "Sloopvergunning verleend", "Pand buiten gebruik"))
    return {"panden": (bouwer.pand(plek, status=status),)}


def _nevenadres(bouwer: _Bouwer, plek: int, gegevens: dict[str, Any]) -> dict[str, Any]:
    neven = bouwer.adres(plek, extra=1, nevenadres=True, huisletter="N", toevoeging="")
    return {"adressen": (*gegevens["adressen"], neven)}


def _dubbel(bouwer: _Bouwer, plek: int, _: dict[str, Any]) -> dict[str, Any]:
    return {"adressen": (bouwer.adres(plek, postcode_van=BIJZONDER.index("dubbel-adres") * 5 + 4),)}


def _ingetrokken(bouwer: _Bouwer, plek: int, _: dict[str, Any]) -> dict[str, Any]:
    return {"status": "Verblijfsobject ingetrokken", "adressen": (bouwer.adres(plek, ingetrokken=True),)}


def _groot(_: _Bouwer, _plek: int, _gegevens: dict[str, Any]) -> dict[str, Any]:
    return {"oppervlakte": 6400, "gebruiksdoelen": ("woonfunctie", "gezondheidszorgfunctie")}


def _met(**velden: Any) -> Callable[[_Bouwer, int, dict[str, Any]], dict[str, Any]]:
    return lambda _bouwer, _plek, _gegevens: dict(velden)


_VARIANTEN: Final[dict[str, Callable[[_Bouwer, int, dict[str, Any]], dict[str, Any]]]] = {
    "niet-ingemeten": _niet_ingemeten,
    "meer-doelen": _met(gebruiksdoelen=("winkelfunctie", "woonfunctie")),
    "ligplaats": _plaats("02", "Ligplaats"),
    "standplaats": _plaats("03", "Standplaats"),
    "twee-panden": _twee_panden,
    "ander-voorvoegsel": _ander_voorvoegsel,
    "geen-woonfunctie": _met(gebruiksdoelen=("kantoorfunctie",)),
    "verbouwing": _met(status="Verbouwing verblijfsobject"),
    "gevormd": _met(status="Verblijfsobject gevormd"),
    "pand-niet-in-gebruik": _pand_niet_in_gebruik,
    "nevenadres": _nevenadres,
    "in-onderzoek": _met(in_onderzoek=True),
    "geconstateerd": _met(geconstateerd=True),
    "zonder-oppervlakte": lambda bouwer, _plek, _g: {"oppervlakte": bouwer.kans.kies((1, 999_999))},
    "dubbel-adres-tweede": _dubbel,
    "ingetrokken": _ingetrokken,
    "klein": _met(oppervlakte=24),
    "groot": _groot,
}
