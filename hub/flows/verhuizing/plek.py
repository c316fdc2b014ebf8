# SPDX-License-Identifier: EUPL-1.2
"""Where somebody lives or is going to live, and when two of those are the same place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.flows.verhuizing import lezen
from hub.flows.verhuizing.datums import Datum, lees_datum

ADRES: Final = "Adres"
LOCATIE: Final = "Locatie"
BUITENLAND: Final = "VerblijfplaatsBuitenland"
ONBEKEND: Final = "VerblijfplaatsOnbekend"
ONTBREEKT: Final = ""
_SOORTEN: Final = frozenset({ADRES, LOCATIE, BUITENLAND, ONBEKEND})


@dataclass(frozen=True, slots=True)
class Huis:
    """Postcode, number, letter and addition: an address where no BAG identification is known."""

    postcode: str
    huisnummer: int
    huisletter: str
    toevoeging: str


@dataclass(frozen=True, slots=True)
class Plek:
    """A verblijfplaats (BRP API Personen 2.7, category 08), or the address one moves to."""

    soort: str = ONTBREEKT
    functie: str | None = None
    object_id: str | None = None
    nummeraanduiding: str | None = None
    huis: Huis | None = field(default=None, repr=False)
    datum_van: Datum | None = None
    in_onderzoek: bool = False
    niet_op_adres: bool = False


GEEN: Final = Plek()


def lees_huis(adres: Mapping[str, Any]) -> Huis | None:
    """Return the address of a verblijfadres or of a declaration, or None without postcode and number."""
    postcode, huisnummer = lezen.postcode(adres.get("postcode")), lezen.geheel(adres.get("huisnummer"))
    if postcode is None or huisnummer is None:
        return None
    letter, toevoeging = lezen.tekst(adres.get("huisletter")), lezen.tekst(adres.get("huisnummertoevoeging"))
    return Huis(postcode, huisnummer, (letter or "").upper(), (toevoeging or "").upper())


def lees_plek(waarde: object) -> Plek:
    """Return a verblijfplaats as the BRP gives it; ``GEEN`` when there is none or its type is unknown."""
    plaats = lezen.als_dict(waarde)
    soort = lezen.tekst(plaats.get("type"))
    if soort not in _SOORTEN:
        return GEEN
    adres = lezen.als_dict(plaats.get("verblijfadres"))
    return Plek(
        soort=soort or ONTBREEKT,
        functie=lezen.code(plaats.get("functieAdres")),
        object_id=lezen.tekst(plaats.get("adresseerbaarObjectIdentificatie")),
        nummeraanduiding=lezen.tekst(plaats.get("nummeraanduidingIdentificatie")),
        huis=lees_huis(adres),
        datum_van=lees_datum(plaats.get("datumVan")),
        in_onderzoek=lezen.iets(plaats.get("inOnderzoek")) or lezen.iets(adres.get("inOnderzoek")),
        niet_op_adres=lezen.iets(plaats.get("indicatieVastgesteldVerblijftNietOpAdres")),
    )


def zelfde_plaats(een: Plek, ander: Plek) -> bool | None:
    """Return whether two addresses are one: by BAG id, else by postcode and number; None when it cannot be told."""
    if een.object_id and ander.object_id:
        return een.object_id == ander.object_id
    if een.nummeraanduiding and ander.nummeraanduiding:
        return een.nummeraanduiding == ander.nummeraanduiding
    if een.huis and ander.huis:
        return een.huis == ander.huis
    return None
