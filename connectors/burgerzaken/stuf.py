# SPDX-License-Identifier: EUPL-1.2
"""Reads StUF-BG 3.10 about natural persons: change messages (npsLk01) and answers (npsLa01).

A person comes out in the shape of BRP API Personen, so that one classification serves both.

A change is a correction when it says so (mutatiesoort C), or when the new occurrence does not begin later than the old one
(tijdvakGeldigheid): then nothing happened to the person, what was written down about them was put right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.burgerzaken.relaties import als_bsn
from hub.privacy import Bsn
from hub.stuf.bericht import GeenKennisgeving, Stuurgegevens, datum, inhoud, mutatie, stuurgegevens, tekst
from hub.xml import Element

_BG: Final = frozenset({"http://www.egem.nl/StUF/sector/bg/0310", "http://www.stufstandaarden.nl/sector/bg/0310"})
_BUITENLAND: Final = "sub.verblijfBuitenland"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kennisgeving:
    """A change of one person. ``bsn`` None: without a usable number nobody can be followed."""

    stuurgegevens: Stuurgegevens
    mutatiesoort: str
    bsn: Bsn | None
    oud: Mapping[str, Any] | None
    nieuw: Mapping[str, Any] | None
    correctie: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Antwoord:
    """An answer to a question: the persons in it, none when nobody was found."""

    stuurgegevens: Stuurgegevens
    personen: tuple[Mapping[str, Any], ...]


def lees(document: bytes) -> Kennisgeving | Antwoord:
    """Read a message, with or without its SOAP envelope. Raises XmlRefused and GeenKennisgeving."""
    bericht = inhoud(document)
    stuur = stuurgegevens(bericht)
    if bericht.namespace not in _BG:
        raise GeenKennisgeving(f"{bericht.name or 'this'} is no message of StUF-BG 3.10")
    match bericht.name:
        case "npsLk01":
            return _kennisgeving(bericht, stuur)
        case "npsLa01":
            antwoord = bericht.find("antwoord")
            objecten = antwoord.all("object") if antwoord else ()
            return Antwoord(stuurgegevens=stuur, personen=tuple(p for o in objecten if (p := _persoon(o))))
        case _:
            raise GeenKennisgeving("only npsLk01 (a change of a natural person) is taken in here")


def _kennisgeving(bericht: Element, stuur: Stuurgegevens) -> Kennisgeving:
    gewijzigd = mutatie(bericht)
    oud, nieuw = gewijzigd.oud, gewijzigd.nieuw
    numbers = {number for node in (oud, nieuw) if node is not None and (number := als_bsn(tekst(node, "inp.bsn")))}
    if len(numbers) > 1:
        raise GeenKennisgeving("the old and the new object are about two persons")
    return Kennisgeving(
        stuurgegevens=stuur,
        mutatiesoort=gewijzigd.soort,
        bsn=next(iter(numbers), None),
        oud=_persoon(oud),
        nieuw=_persoon(nieuw),
        correctie=gewijzigd.soort == "C" or _no_later(oud, nieuw),
    )


def _no_later(oud: Element | None, nieuw: Element | None) -> bool:
    """Tell whether the new occurrence begins no later than the old one: both must say when they begin."""
    begins = [tekst(node, "tijdvakGeldigheid", "beginGeldigheid") for node in (oud, nieuw)]
    return all(begins) and begins[1] <= begins[0]


# ------------------------------------------------------------------------------------------------------------ the person


def _persoon(node: Element | None) -> dict[str, Any]:
    """Return the person of an ``object`` in the shape of BRP API Personen; empty when there is none."""
    if node is None:
        return {}
    overleden = _datum(node.find("overlijdensdatum"))
    reden = tekst(node, "inp.redenOpschortingBijhouding") or ("O" if overleden else "")
    gevonden = {
        "burgerservicenummer": tekst(node, "inp.bsn"),
        "naam": _filled(
            voornamen=tekst(node, "voornamen"),
            voorvoegsel=tekst(node, "voorvoegselGeslachtsnaam"),
            geslachtsnaam=tekst(node, "geslachtsnaam"),
        ),
        "geboorte": _filled(datum=_datum(node.find("geboortedatum"))),
        "gemeenteVanInschrijving": _coded(tekst(node, "inp.gemeenteVanInschrijving")),
        "verblijfplaats": _verblijfplaats(node),
        "opschortingBijhouding": _filled(
            reden=_coded(reden), datum=_datum(node.find("inp.datumOpschortingBijhouding")) or overleden
        ),
        "geheimhoudingPersoonsgegevens": tekst(node, "inp.indicatieGeheim") not in {"", "0"},
    }
    return _filled(**gevonden)


def _verblijfplaats(node: Element) -> dict[str, Any]:
    adres, buitenland = node.find("verblijfsadres"), node.find(_BUITENLAND)
    if buitenland is not None and (land := tekst(buitenland, "lnd.landcode")):
        regels = {f"regel{number}": tekst(buitenland, f"sub.adresBuitenland{number}") for number in (1, 2, 3)}
        return {"type": "VerblijfplaatsBuitenland", "verblijfadres": _filled(land=_coded(land), **regels)}
    if adres is None:
        return {}
    locatie = tekst(adres, "inp.locatiebeschrijving")
    datum = _datum(adres.find("begindatumVerblijf"))
    if locatie:
        return _filled(type="Locatie", verblijfadres={"locatiebeschrijving": locatie}, datumVan=datum)
    verblijfadres = _filled(
        officieleStraatnaam=tekst(adres, "gor.openbareRuimteNaam"),
        korteStraatnaam=tekst(adres, "gor.straatnaam"),
        huisnummer=tekst(adres, "aoa.huisnummer"),
        huisletter=tekst(adres, "aoa.huisletter"),
        huisnummertoevoeging=tekst(adres, "aoa.huisnummertoevoeging"),
        postcode=tekst(adres, "aoa.postcode"),
        woonplaats=tekst(adres, "wpl.woonplaatsNaam"),
    )
    if not verblijfadres:
        return {}
    return _filled(
        type="Adres",
        verblijfadres=verblijfadres,
        nummeraanduidingIdentificatie=tekst(adres, "aoa.identificatie"),
        datumVan=datum,
    )


def _datum(node: Element | None) -> dict[str, Any] | None:
    """Return an AbstractDatum of BRP API Personen; None when absent, wholly unknown when it is no date."""
    found = datum(node)
    if found is None:
        return None
    if not found.jaar:
        return {"type": "DatumOnbekend", "onbekend": True}
    if not found.maand:
        return {"type": "JaarDatum", "jaar": int(found.jaar)}
    if not found.dag:
        return {"type": "JaarMaandDatum", "jaar": int(found.jaar), "maand": int(found.maand)}
    return {"type": "Datum", "datum": f"{found.jaar}-{found.maand}-{found.dag}"}


def _coded(code: str) -> dict[str, str] | None:
    return {"code": code} if code else None


def _filled(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}
