# SPDX-License-Identifier: EUPL-1.2
"""The fields of the personen API 2.7.0: which may be asked for, and how an answer is cut down to them.

Asking for a date or a table value, or for any part of one, gives the whole. What comes by itself (inOnderzoek,
geheimhoudingPersoonsgegevens, opschortingBijhouding, rni, verificatie, indicatieVastgesteldVerblijftNietOpAdres) may
not be asked for. Of ``gezag`` only the whole may be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from connectors.burgerzaken.simulator.fouten import Fout, patroon

Boom = Mapping[str, Any]  # field -> its own fields; None: no parts
_DATUM: Final[Boom] = dict.fromkeys(("type", "datum", "langFormaat", "jaar", "maand", "onbekend"))
_TABEL: Final[Boom] = dict.fromkeys(("code", "omschrijving"))
_BLADEREN: Final = (id(_DATUM), id(_TABEL))
_NAAM: Final[Boom] = {
    "voornamen": None,
    "adellijkeTitelPredicaat": {"code": None, "omschrijving": None, "soort": None},
    "voorvoegsel": None,
    "geslachtsnaam": None,
    "voorletters": None,
}
_NAAM_VOLLEDIG: Final[Boom] = {**_NAAM, "volledigeNaam": None}
_GEBOORTE: Final[Boom] = {"datum": _DATUM, "land": _TABEL, "plaats": _TABEL}
_VERBLIJFADRES: Final[Boom] = {
    **dict.fromkeys(("officieleStraatnaam", "korteStraatnaam", "huisnummer", "huisletter", "huisnummertoevoeging")),
    "aanduidingBijHuisnummer": _TABEL,
    **dict.fromkeys(("postcode", "woonplaats", "locatiebeschrijving")),
}
_VERBLIJFPLAATS_BINNENLAND: Final[Boom] = {
    "type": None,
    "datumVan": _DATUM,
    "datumIngangGeldigheid": _DATUM,
    "functieAdres": _TABEL,
    "adresseerbaarObjectIdentificatie": None,
    "nummeraanduidingIdentificatie": None,
    "verblijfadres": _VERBLIJFADRES,
}
_VERBLIJFPLAATS: Final[Boom] = {
    **_VERBLIJFPLAATS_BINNENLAND,
    "verblijfadres": {**_VERBLIJFADRES, "regel1": None, "regel2": None, "regel3": None, "land": _TABEL},
}
_ADRESREGELS: Final[Boom] = {"adresregel1": None, "adresregel2": None, "adresregel3": None, "land": _TABEL}
_ADRESREGELS_BINNENLAND: Final[Boom] = {"adresregel1": None, "adresregel2": None}
BEPERKT: Final[Boom] = {
    "burgerservicenummer": None,
    "geboorte": {"datum": _DATUM},
    "geslacht": _TABEL,
    "leeftijd": None,
    "naam": _NAAM_VOLLEDIG,
    "adressering": _ADRESREGELS,
    "adresseringBinnenland": _ADRESREGELS_BINNENLAND,
}
GEZAG_BEPERKT: Final[Boom] = {**BEPERKT, "gezag": None}
PERSOON: Final[Boom] = {
    "aNummer": None,
    "burgerservicenummer": None,
    "datumEersteInschrijvingGBA": _DATUM,
    "geslacht": _TABEL,
    "uitsluitingKiesrecht": {"uitgeslotenVanKiesrecht": None, "einddatum": _DATUM},
    "europeesKiesrecht": {"aanduiding": _TABEL, "einddatumUitsluiting": _DATUM},
    "leeftijd": None,
    "naam": {**_NAAM_VOLLEDIG, "aanduidingNaamgebruik": _TABEL},
    "nationaliteiten": {
        "type": None,
        "redenOpname": _TABEL,
        "datumIngangGeldigheid": _DATUM,
        "nationaliteit": _TABEL,
    },
    "geboorte": _GEBOORTE,
    "overlijden": _GEBOORTE,
    "verblijfplaats": _VERBLIJFPLAATS,
    "verblijfplaatsBinnenland": _VERBLIJFPLAATS_BINNENLAND,
    "immigratie": {
        "landVanwaarIngeschreven": _TABEL,
        "datumVestigingInNederland": _DATUM,
        "vanuitVerblijfplaatsOnbekend": None,
        "indicatieVestigingVanuitBuitenland": None,
    },
    "gemeenteVanInschrijving": _TABEL,
    "datumInschrijvingInGemeente": _DATUM,
    "adressering": {
        **_ADRESREGELS,
        "aanhef": None,
        "aanschrijfwijze": {"naam": None, "aanspreekvorm": None},
        "gebruikInLopendeTekst": None,
    },
    "adresseringBinnenland": _ADRESREGELS_BINNENLAND,
    "indicatieCurateleRegister": None,
    "indicatieGezagMinderjarige": _TABEL,
    "gezag": None,
    "verblijfstitel": {"aanduiding": _TABEL, "datumEinde": _DATUM, "datumIngang": _DATUM},
    "kinderen": {"burgerservicenummer": None, "naam": _NAAM, "geboorte": _GEBOORTE},
    "ouders": {
        "burgerservicenummer": None,
        "geslacht": _TABEL,
        "ouderAanduiding": None,
        "datumIngangFamilierechtelijkeBetrekking": _DATUM,
        "naam": _NAAM,
        "geboorte": _GEBOORTE,
    },
    "partners": {
        "burgerservicenummer": None,
        "geslacht": _TABEL,
        "soortVerbintenis": _TABEL,
        "naam": _NAAM,
        "geboorte": _GEBOORTE,
        "aangaanHuwelijkPartnerschap": {"land": _TABEL, "plaats": _TABEL, "datum": _DATUM},
        "ontbindingHuwelijkPartnerschap": {"datum": _DATUM},
    },
}
ALIASSEN: Final[Mapping[str, str]] = MappingProxyType(
    {"verblijfplaatsBinnenland": "verblijfplaats", "adresseringBinnenland": "adressering"}
)
_VANZELF: Final = frozenset({"geheimhoudingPersoonsgegevens", "opschortingBijhouding", "rni", "verificatie"})
_OVERAL_VANZELF: Final = frozenset({"inOnderzoek", "indicatieVastgesteldVerblijftNietOpAdres"})
_VORM: Final = r"^[a-zA-Z0-9\._]{1,200}$"
_VELD: Final = re.compile(_VORM)
_MEER_DAN_EEN: Final = frozenset({"datumIngangOnderzoek", "type"})


def controleer(fields: Sequence[Any], boom: Boom) -> list[Fout]:
    """Return what is wrong with each of ``fields``."""
    fouten = (_controleer(f"fields[{plaats}]", veld, boom) for plaats, veld in enumerate(fields))
    return [fout for fout in fouten if fout is not None]


def _controleer(naam: str, veld: Any, boom: Boom) -> Fout | None:
    if not isinstance(veld, str) or not _VELD.match(veld):
        return patroon(naam, _VORM)
    delen = veld.split(".")
    if delen[0] in _VANZELF or _OVERAL_VANZELF.intersection(delen) or (delen[0] == "gezag" and len(delen) > 1):
        return Fout(naam, "fields", "Parameter bevat een niet toegestane veldnaam.")
    knoop: Any = boom
    for deel in delen:
        if knoop is None or deel not in knoop:
            return Fout(naam, "fields", "Parameter bevat een niet bestaande veldnaam.")
        knoop = knoop[deel]
    return None


@lru_cache(maxsize=256)
def keuze(fields: tuple[str, ...], beperkt: bool = False) -> Mapping[str, Any]:  # noqa: FBT001, FBT002
    """Return what ``fields`` (already checked) ask for as a tree: field -> wanted parts, None for the whole."""
    boom = GEZAG_BEPERKT if beperkt else PERSOON
    result: dict[str, Any] = {}
    for veld in fields:
        _neem_op(result, veld.split("."), boom)
    return MappingProxyType(result)


def _neem_op(doel: dict[str, Any], delen: list[str], boom: Any) -> None:
    """Add one path; whoever asked for the whole keeps the whole."""
    for plaats, deel in enumerate(delen):
        onder = boom[deel]
        if plaats == len(delen) - 1 or id(onder) in _BLADEREN:
            doel[deel] = None
            return
        volgend = doel.setdefault(deel, {})
        if volgend is None:
            return
        doel, boom = volgend, onder


def snoei(waarde: Any, gewenst: Mapping[str, Any] | None) -> Any:
    """Return ``waarde`` with only the wanted parts, what comes by itself included; None when nothing is left."""
    if gewenst is None:
        return waarde
    if isinstance(waarde, list):
        return [over for over in (snoei(deel, gewenst) for deel in waarde) if over] or None
    result = {veld: over for veld in gewenst if (over := _deel(waarde, veld, gewenst[veld])) is not None}
    if "indicatieVastgesteldVerblijftNietOpAdres" in waarde:
        result["indicatieVastgesteldVerblijftNietOpAdres"] = True
    if onderzoek := _in_onderzoek(waarde.get("inOnderzoek"), gewenst):
        result["inOnderzoek"] = onderzoek
    if "type" in waarde and (result or "verblijfadres" in waarde or "datumVan" in waarde):
        result["type"] = waarde["type"]
    return result or None


def _deel(waarde: Mapping[str, Any], veld: str, gewenst: Mapping[str, Any] | None) -> Any:
    return snoei(waarde[veld], gewenst) if veld in waarde else None


def _in_onderzoek(onderzoek: Mapping[str, Any] | None, gewenst: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the flags of wanted fields with the date; a type under investigation always shows."""
    if not onderzoek:
        return None
    vlaggen = {veld: True for veld in onderzoek if veld in gewenst or veld == "type"}
    data = {veld: datum for veld, datum in onderzoek.items() if veld.startswith("datumIngangOnderzoek")}
    return {**vlaggen, **data} if vlaggen else None
