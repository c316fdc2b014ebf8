# SPDX-License-Identifier: EUPL-1.2
"""Typed views on BRP answers: partial dates and the four kinds of verblijfplaats, as unions.

Views are tolerant: what a source leaves out is None, what it sends wrong is None too, and never an exception. They hold
for Haal Centraal BRP personen 2.7, verblijfplaatshistorie 2 and bewoning 2.1, which share these shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

ONBEKEND: Final = "onbekend"


@dataclass(frozen=True, slots=True)
class Datum:
    """A date of which the day, the month or everything may be unknown (Logisch Ontwerp BRP: zeros)."""

    jaar: int | None = None
    maand: int | None = None
    dag: int | None = None

    @property
    def tekst(self) -> str:
        """Return ``YYYY-MM-DD``, ``YYYY-MM``, ``YYYY`` or ``onbekend``."""
        if self.jaar is None:
            return ONBEKEND
        if self.maand is None:
            return f"{self.jaar:04d}"
        if self.dag is None:
            return f"{self.jaar:04d}-{self.maand:02d}"
        return f"{self.jaar:04d}-{self.maand:02d}-{self.dag:02d}"

    @property
    def volledig(self) -> date | None:
        """Return the calendar date, None when a part is unknown."""
        if self.jaar is None or self.maand is None or self.dag is None:
            return None
        return date(self.jaar, self.maand, self.dag)


def lees_datum(node: Any) -> Datum | None:
    """Read an AbstractDatum (union on ``type``). None when absent; an impossible date is wholly unknown."""
    if not isinstance(node, Mapping):
        return None
    match node.get("type"):
        case "Datum":
            return _from_iso(node.get("datum"))
        case "JaarMaandDatum":
            return _checked(node.get("jaar"), node.get("maand"), None)
        case "JaarDatum":
            return _checked(node.get("jaar"), None, None)
        case "DatumOnbekend":
            return Datum()
        case _:
            return None


def lees_lo_datum(text: str) -> Datum | None:
    """Read a date of the Logisch Ontwerp BRP: eight digits, zeros for what is unknown. None when empty."""
    if not text:
        return None
    if len(text) != len("YYYYMMDD") or not text.isdigit():
        return Datum()
    jaar, maand, dag = int(text[:4]), int(text[4:6]), int(text[6:])
    return _checked(jaar or None, maand or None, dag or None)


def _from_iso(text: Any) -> Datum:
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        return Datum()
    return Datum(day.year, day.month, day.day)


def _checked(jaar: Any, maand: Any, dag: Any) -> Datum:
    """Return the date as far as it can exist; a part below an unknown one is unknown too."""
    try:
        date(jaar, maand or 1, dag or 1)
    except (TypeError, ValueError, OverflowError):
        return Datum()
    return Datum(jaar, maand or None, (dag or None) if maand else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adres:
    """A BAG or other address inside the Netherlands. ``functie``: W (woonadres), B (briefadres) or None."""

    datum_van: Datum | None
    functie: str | None
    adresseerbaar_object: str | None
    nummeraanduiding: str | None
    korte_straatnaam: str
    officiele_straatnaam: str
    huisnummer: str
    huisletter: str
    toevoeging: str
    aanduiding: str
    postcode: str
    woonplaats: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Locatie:
    """A place inside the Netherlands that is described instead of numbered."""

    datum_van: Datum | None
    functie: str | None
    beschrijving: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Buitenland:
    """An address abroad; ``land`` is a code of table 34."""

    datum_van: Datum | None
    land: str
    regels: tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Onbekend:
    """Left, and nobody knows where to."""

    datum_van: Datum | None


Verblijfplaats = Adres | Locatie | Buitenland | Onbekend


def lees_verblijfplaats(node: Any) -> Verblijfplaats | None:
    """Read an AbstractVerblijfplaats (union on ``type``). None when absent or of a kind we do not know."""
    if not isinstance(node, Mapping):
        return None
    adres = node.get("verblijfadres")
    adres = adres if isinstance(adres, Mapping) else {}
    datum_van = lees_datum(node.get("datumVan"))
    match node.get("type"):
        case "Adres":
            return _adres(node, adres, datum_van)
        case "Locatie":
            beschrijving = _text(adres, "locatiebeschrijving")
            return Locatie(datum_van=datum_van, functie=_code(node, "functieAdres"), beschrijving=beschrijving)
        case "VerblijfplaatsBuitenland":
            regels = (_text(adres, "regel1"), _text(adres, "regel2"), _text(adres, "regel3"))
            return Buitenland(datum_van=datum_van, land=_code(adres, "land") or "", regels=regels)
        case "VerblijfplaatsOnbekend":
            return Onbekend(datum_van=datum_van)
        case _:
            return None


def _adres(node: Mapping[str, Any], adres: Mapping[str, Any], datum_van: Datum | None) -> Adres:
    return Adres(
        datum_van=datum_van,
        functie=_code(node, "functieAdres"),
        adresseerbaar_object=_text(node, "adresseerbaarObjectIdentificatie") or None,
        nummeraanduiding=_text(node, "nummeraanduidingIdentificatie") or None,
        korte_straatnaam=_text(adres, "korteStraatnaam"),
        officiele_straatnaam=_text(adres, "officieleStraatnaam"),
        huisnummer=_text(adres, "huisnummer"),
        huisletter=_text(adres, "huisletter"),
        toevoeging=_text(adres, "huisnummertoevoeging"),
        aanduiding=_code(adres, "aanduidingBijHuisnummer") or "",
        postcode=_text(adres, "postcode").replace(" ", "").upper(),
        woonplaats=_text(adres, "woonplaats"),
    )


def gemeente_van_inschrijving(persoon: Mapping[str, Any]) -> str | None:
    """Return the code (table 33) of the gemeente where the person is or was last registered."""
    return _code(persoon, "gemeenteVanInschrijving")


def _code(node: Mapping[str, Any], name: str) -> str | None:
    value = node.get(name)
    code = value.get("code") if isinstance(value, Mapping) else None
    return code if isinstance(code, str) and code else None


def _text(node: Mapping[str, Any], name: str) -> str:
    value = node.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
