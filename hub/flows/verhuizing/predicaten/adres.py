# SPDX-License-Identifier: EUPL-1.2
"""Rows 8 to 10: is the new address one address, may one live there, and is it new."""

from __future__ import annotations

from typing import Final

from hub.flows.verhuizing.aangifte import Aangifte
from hub.flows.verhuizing.datums import Datum
from hub.flows.verhuizing.feiten import Kandidaat, NietBeschikbaar
from hub.flows.verhuizing.kalender import vijfde_dag
from hub.flows.verhuizing.persoon import Persoon
from hub.flows.verhuizing.plek import Plek, zelfde_plaats
from hub.flows.verhuizing.predicaten.basis import (
    BRON_WEG,
    UITSLAG_MIST,
    Bevinding,
    Invoer,
    Uitslag,
    oranje,
    rood,
    uitslag,
)

_VBO_IN_GEBRUIK: Final = frozenset({"Verblijfsobject in gebruik", "Verblijfsobject in gebruik (niet ingemeten)"})
_PAND_IN_GEBRUIK: Final = frozenset({"Pand in gebruik", "Pand in gebruik (niet ingemeten)"})
_AANGEWEZEN: Final = "Plaats aangewezen"
_INGETROKKEN: Final = "Naamgeving ingetrokken"
_WOONFUNCTIE: Final = "woonfunctie"


def _spreekt_tegen(aangifte: Aangifte, kandidaat: Kandidaat) -> bool:
    ids = {kandidaat.object_id, kandidaat.nummeraanduiding}
    if aangifte.bag_id and aangifte.bag_id not in ids:
        return True
    if aangifte.nummeraanduiding and aangifte.nummeraanduiding not in ids:
        return True
    return aangifte.huis is not None and kandidaat.huis is not None and aangifte.huis != kandidaat.huis


def p08_adres(i: Invoer) -> Uitslag:
    """The BAG gives exactly one address for what was declared, and it agrees with the identification declared.

    Source: Wet BRP 2.39 lid 1 (the new address is declared); Wet BAG 3, LO BRP 11.80/11.90. None, or a withdrawn
    nummeraanduiding: the resident must be asked first. This row says when the BAG stayed away.
    """
    if not i.aangifte.adres_aanwezig or i.adres is None:
        vernietigd = f"zaak:{i.zaak}" in i.aangifte.vernietigd
        return oranje("gegevens-vernietigd" if vernietigd else "adres-ontbreekt")
    if isinstance(i.adres, NietBeschikbaar):
        return oranje(BRON_WEG)
    kandidaten = i.adres.kandidaten
    if not kandidaten:
        return rood("adres-niet-gevonden", kandidaten=0)
    if i.kandidaat is None:
        return oranje("adres-meerdere-kandidaten", kandidaten=len(kandidaten))
    if i.kandidaat.nummeraanduiding_status == _INGETROKKEN:
        return rood("adres-ingetrokken", kandidaten=1)
    return oranje("adres-spreekt-elkaar-tegen") if _spreekt_tegen(i.aangifte, i.kandidaat) else uitslag([], kandidaten=1)


def _gebruik(kandidaat: Kandidaat) -> list[str]:
    if not kandidaat.is_verblijfsobject:
        return [] if kandidaat.object_status == _AANGEWEZEN else ["object-niet-in-gebruik"]
    codes = [] if kandidaat.object_status in _VBO_IN_GEBRUIK else ["object-niet-in-gebruik"]
    panden = kandidaat.pandstatussen
    if not panden or any(status not in _PAND_IN_GEBRUIK for status in panden):
        codes.append("pand-niet-in-gebruik")
    if _WOONFUNCTIE not in kandidaat.gebruiksdoelen:
        codes.append("geen-woonfunctie")
    return codes


def p09_gebruik(i: Invoer) -> Uitslag:
    """The object is in use, so is every pand it lies in, and living is among its purposes; a plaats is aangewezen.

    Source: policy on BAG data (Catalogus BAG: status, gebruiksdoel, nevenadres, inonderzoek, geconstateerd). An object
    with several purposes is fine when woonfunctie is one of them; "(niet ingemeten)" counts as in use.
    """
    kandidaat = i.kandidaat
    if kandidaat is None:
        return UITSLAG_MIST
    codes = _gebruik(kandidaat)
    codes += ["nevenadres"] if kandidaat.nevenadres else []
    codes += ["object-in-onderzoek"] if kandidaat.in_onderzoek else []
    codes += ["object-geconstateerd"] if kandidaat.geconstateerd else []
    return uitslag(
        [Bevinding(code) for code in codes],
        soort=kandidaat.soort,
        objectStatus=kandidaat.object_status,
        pandStatussen=list(kandidaat.pandstatussen),
        gebruiksdoelen=sorted(kandidaat.gebruiksdoelen),
    )


def _zelfde_dag(i: Invoer, datum: Datum | None) -> bool:
    dag = datum.dag if datum else None
    if dag is None or i.verhuisdatum is None:
        return False
    te_laat = i.ontvangst and i.ontvangst > vijfde_dag(i.verhuisdatum, i.profiel.gelijkgestelde_dagen)
    return dag == i.verhuisdatum or (bool(te_laat) and dag == i.ontvangst)


def _ongewijzigd(i: Invoer, persoon: Persoon, nieuw: Plek) -> Bevinding | None:
    if not zelfde_plaats(persoon.plek, nieuw) or persoon.plek.functie != nieuw.functie:
        return None
    al_verwerkt = _zelfde_dag(i, persoon.plek.datum_van)
    return Bevinding("al-verwerkt" if al_verwerkt else "adres-ongewijzigd", pseudoniem=persoon.pseudoniem)


def p10_zelfde_adres(i: Invoer) -> Uitslag:
    """Nobody lives at the new address already: by BAG id, else by postcode, number, letter, addition and functieAdres.

    Source: Wet BRP 2.39 (there must be a change of address). Equal with datumVan = the declared date (or, declared late,
    the date of receipt: 2.20): ``al-verwerkt``.
    """
    nieuw = i.nieuwe_plek()
    verhuizers = [persoon for wie in i.aangifte.pseudoniemen if (persoon := i.persoon(wie))]
    if nieuw is None or not verhuizers:
        return UITSLAG_MIST
    return uitslag([bevinding for persoon in verhuizers if (bevinding := _ongewijzigd(i, persoon, nieuw))])
