# SPDX-License-Identifier: EUPL-1.2
"""Reads StUF-BG 3.10 about natural persons: change messages (npsLk01) and answers (npsLa01).

A person comes out in the shape of BRP API Personen, so that one classification serves both. What the sender may not or
cannot give (``StUF:noValue``) is absent. A date may be incomplete: ``StUF:indOnvolledigeDatum`` D (no day), M (no month and
day) or J (nothing known).

A change is a correction when it says so (mutatiesoort C), or when the new occurrence does not begin later than the old one
(tijdvakGeldigheid): then nothing happened to the person, what was written down about them was put right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.burgerzaken.relaties import als_bsn
from hub.errors import Rejected
from hub.privacy import Bsn, loggable
from hub.xml import Element, parse

_BG: Final = frozenset({"http://www.egem.nl/StUF/sector/bg/0310", "http://www.stufstandaarden.nl/sector/bg/0310"})
MUTATIESOORTEN: Final = frozenset({"T", "W", "V", "C"})
_LONGEST: Final = 200
_DATUM_CIJFERS: Final = 8
_BUITENLAND: Final = "sub.verblijfBuitenland"


class GeenKennisgeving(Rejected):
    """A StUF message we do not process. The message says which, never what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuurgegevens:
    """Who sent what. All texts are the sender's: shown to nobody but the sender."""

    berichtcode: str
    zender: Mapping[str, str]
    ontvanger: Mapping[str, str]
    referentienummer: str
    entiteittype: str


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
    bericht = _content(parse(document))
    stuur = _stuurgegevens(bericht)
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


def stuurgegevens_van(document: bytes) -> Stuurgegevens:
    """Return who sent a message that is refused, so that the refusal can name it."""
    return _stuurgegevens(_content(parse(document)))


def _content(root: Element) -> Element:
    body = root.find("Body") if root.name == "Envelope" else None
    if root.name != "Envelope":
        return root
    if body is None or not body.children:
        raise GeenKennisgeving("the SOAP envelope holds no body")
    if body.children[0].name == "Fault":
        raise GeenKennisgeving("this is a SOAP fault, no message of StUF-BG")
    return body.children[0]


def _stuurgegevens(bericht: Element) -> Stuurgegevens:
    node = bericht.find("stuurgegevens")
    return Stuurgegevens(
        berichtcode=_text(node, "berichtcode"),
        zender=_systeem(node, "zender"),
        ontvanger=_systeem(node, "ontvanger"),
        referentienummer=_text(node, "referentienummer"),
        entiteittype=_text(node, "entiteittype"),
    )


def _systeem(node: Element | None, name: str) -> dict[str, str]:
    found = node.find(name) if node else None
    return {part.name: _short(part.text) for part in found.children if part.text} if found else {}


def _kennisgeving(bericht: Element, stuur: Stuurgegevens) -> Kennisgeving:
    mutatiesoort = _text(bericht, "parameters", "mutatiesoort")
    if not stuur.referentienummer:
        raise GeenKennisgeving("the referentienummer is missing")
    if mutatiesoort not in MUTATIESOORTEN:
        raise GeenKennisgeving("the mutatiesoort is none of T, W, V and C")
    objecten = list(bericht.all("object"))
    expected = 2 if mutatiesoort in {"W", "C"} else 1
    if len(objecten) != expected:
        raise GeenKennisgeving(f"mutatiesoort {mutatiesoort} holds {expected} object(s), this message {len(objecten)}")
    oud = objecten[0] if mutatiesoort != "T" else None
    nieuw = objecten[-1] if mutatiesoort != "V" else None
    numbers = {number for node in (oud, nieuw) if node is not None and (number := als_bsn(_text(node, "inp.bsn")))}
    if len(numbers) > 1:
        raise GeenKennisgeving("the old and the new object are about two persons")
    return Kennisgeving(
        stuurgegevens=stuur,
        mutatiesoort=mutatiesoort,
        bsn=next(iter(numbers), None),
        oud=_persoon(oud),
        nieuw=_persoon(nieuw),
        correctie=mutatiesoort == "C" or _no_later(oud, nieuw),
    )


def _no_later(oud: Element | None, nieuw: Element | None) -> bool:
    """Tell whether the new occurrence begins no later than the old one: both must say when they begin."""
    begins = [_text(node, "tijdvakGeldigheid", "beginGeldigheid") for node in (oud, nieuw)]
    return all(begins) and begins[1] <= begins[0]


# ------------------------------------------------------------------------------------------------------------ the person


def _persoon(node: Element | None) -> dict[str, Any]:
    """Return the person of an ``object`` in the shape of BRP API Personen; empty when there is none."""
    if node is None:
        return {}
    overleden = _datum(node.find("overlijdensdatum"))
    reden = _text(node, "inp.redenOpschortingBijhouding") or ("O" if overleden else "")
    gevonden = {
        "burgerservicenummer": _text(node, "inp.bsn"),
        "naam": _filled(
            voornamen=_text(node, "voornamen"),
            voorvoegsel=_text(node, "voorvoegselGeslachtsnaam"),
            geslachtsnaam=_text(node, "geslachtsnaam"),
        ),
        "geboorte": _filled(datum=_datum(node.find("geboortedatum"))),
        "gemeenteVanInschrijving": _coded(_text(node, "inp.gemeenteVanInschrijving")),
        "verblijfplaats": _verblijfplaats(node),
        "opschortingBijhouding": _filled(
            reden=_coded(reden), datum=_datum(node.find("inp.datumOpschortingBijhouding")) or overleden
        ),
        "geheimhoudingPersoonsgegevens": _text(node, "inp.indicatieGeheim") not in {"", "0"},
    }
    return _filled(**gevonden)


def _verblijfplaats(node: Element) -> dict[str, Any]:
    adres, buitenland = node.find("verblijfsadres"), node.find(_BUITENLAND)
    if buitenland is not None and (land := _text(buitenland, "lnd.landcode")):
        regels = {f"regel{number}": _text(buitenland, f"sub.adresBuitenland{number}") for number in (1, 2, 3)}
        return {"type": "VerblijfplaatsBuitenland", "verblijfadres": _filled(land=_coded(land), **regels)}
    if adres is None:
        return {}
    locatie = _text(adres, "inp.locatiebeschrijving")
    datum = _datum(adres.find("begindatumVerblijf"))
    if locatie:
        return _filled(type="Locatie", verblijfadres={"locatiebeschrijving": locatie}, datumVan=datum)
    verblijfadres = _filled(
        officieleStraatnaam=_text(adres, "gor.openbareRuimteNaam"),
        korteStraatnaam=_text(adres, "gor.straatnaam"),
        huisnummer=_text(adres, "aoa.huisnummer"),
        huisletter=_text(adres, "aoa.huisletter"),
        huisnummertoevoeging=_text(adres, "aoa.huisnummertoevoeging"),
        postcode=_text(adres, "aoa.postcode"),
        woonplaats=_text(adres, "wpl.woonplaatsNaam"),
    )
    if not verblijfadres:
        return {}
    return _filled(
        type="Adres",
        verblijfadres=verblijfadres,
        nummeraanduidingIdentificatie=_text(adres, "aoa.identificatie"),
        datumVan=datum,
    )


def _datum(node: Element | None) -> dict[str, Any] | None:
    """Return an AbstractDatum of BRP API Personen; None when absent, wholly unknown when it is no date."""
    if node is None or _no_value(node) or not node.text:
        return None
    text = node.text
    if len(text) != _DATUM_CIJFERS or not text.isdecimal():
        return {"type": "DatumOnbekend", "onbekend": True}
    jaar, maand, dag = int(text[:4]), text[4:6], text[6:]
    match node.attributes.get("indOnvolledigeDatum", "V"):
        case "J":
            return {"type": "DatumOnbekend", "onbekend": True}
        case "M":
            return {"type": "JaarDatum", "jaar": jaar}
        case "D":
            return {"type": "JaarMaandDatum", "jaar": jaar, "maand": int(maand)}
        case _:
            return {"type": "Datum", "datum": f"{text[:4]}-{maand}-{dag}"}


def _coded(code: str) -> dict[str, str] | None:
    return {"code": code} if code else None


def _filled(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}


def _text(node: Element | None, *path: str) -> str:
    found = node.find(*path) if node else None
    return "" if found is None or _no_value(found) else _short(found.text)


def _no_value(node: Element) -> bool:
    return "noValue" in node.attributes or node.attributes.get("nil") in {"true", "1"}


def _short(text: str) -> str:
    return loggable(text)[:_LONGEST]
