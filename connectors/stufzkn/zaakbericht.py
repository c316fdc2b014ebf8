# SPDX-License-Identifier: EUPL-1.2
"""Reads StUF-ZKN 3.10 case messages (zakLk01). Pure; raises XmlRefused and GeenKennisgeving on what is none.

A message says only some things of a zaak. What it does not say, or may not (noValue), is not in ``velden``; what it says to
be empty (``geenWaarde``) is None there. A date of which the day is not known says that no day is known: None too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final

from hub.clock import AMSTERDAM
from hub.stuf.bericht import (
    GeenKennisgeving,
    Mutatie,
    Stuurgegevens,
    datum,
    inhoud,
    mutatie,
    stuurgegevens,
    tekst,
    zonder_waarde,
)
from hub.xml import Element

_ZKN: Final = frozenset({"http://www.egem.nl/StUF/sector/zkn/0310", "http://www.stufstandaarden.nl/sector/zkn/0310"})
_LEEG: Final = "geenWaarde"
_BEEINDIGD: Final = frozenset({"V", "E"})  # verwerkingssoort of a relation that ends
_LONGEST_IDENTIFICATIE: Final = 40
_LONGEST_TEKST: Final = 4000
_SECONDS: Final = 14  # digits of a moment down to the second
ROLLEN: Final = (
    "heeftAlsInitiator",
    "heeftAlsBelanghebbende",
    "heeftAlsGemachtigde",
    "heeftAlsUitvoerende",
    "heeftAlsVerantwoordelijke",
    "heeftAlsOverigBetrokkene",
)
# What may stand in a rol: as ZGW names it, and where StUF has its identification.
_BETROKKENEN: Final[Mapping[str, tuple[str, str]]] = {
    "natuurlijkPersoon": ("natuurlijk_persoon", ""),
    "nietNatuurlijkPersoon": ("niet_natuurlijk_persoon", "inn.nnpId"),
    "vestiging": ("vestiging", "vestigingsNummer"),
    "organisatorischeEenheid": ("organisatorische_eenheid", "identificatie"),
    "medewerker": ("medewerker", "identificatie"),
}
# Of whoever it is only these are taken over.
_NAMEN: Final[Mapping[str, tuple[str, ...]]] = {
    "geslachtsnaam": ("geslachtsnaam", "achternaam"),
    "voorvoegsel": ("voorvoegselGeslachtsnaam", "voorvoegselAchternaam"),
    "voornamen": ("voornamen", "voorletters"),
    "naam": ("statutaireNaam", "handelsnaam", "naam"),
}
_TEKSTEN: Final = ("omschrijving", "toelichting")
_DATUMS: Final[Mapping[str, str]] = {
    "startdatum": "startdatum",
    "registratiedatum": "registratiedatum",
    "einddatum": "einddatum",
    "einddatumGepland": "einddatumGepland",
    "uiterlijkeEinddatum": "uiterlijkeEinddatumAfdoening",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rol:
    """Somebody in a zaak. ``bsn``: as it was written, of a natural person; ``identificatie``: of anybody else."""

    soort: str
    betrokkene_type: str
    bsn: str
    identificatie: str
    namen: Mapping[str, str]
    toelichting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status that was set; ``gezet`` is aware. ``verwijderd``: it was taken back."""

    code: str
    omschrijving: str
    volgnummer: int
    gezet: datetime
    toelichting: str
    verwijderd: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deel:
    """What one object of a message says of the zaak: ``velden`` by the names ZGW has for them.

    ``genoemd``: the kinds of rol it says anything about, that there is none included.
    """

    velden: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    rollen: Sequence[Rol] = ()
    genoemd: frozenset[str] = frozenset()
    statussen: Sequence[Status] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Zaakbericht:
    """A change of one zaak. ``tijdstip``: 17 digits, to see which of two messages is the later one."""

    stuurgegevens: Stuurgegevens
    soort: str
    identificatie: str
    tijdstip: str
    moment: datetime
    oud: Deel
    nieuw: Deel


def lees(document: bytes) -> Zaakbericht:
    """Read a message, with or without its SOAP envelope."""
    bericht = inhoud(document)
    if bericht.namespace not in _ZKN or bericht.name != "zakLk01":
        raise GeenKennisgeving("only zakLk01 of StUF-ZKN 3.10 (a change of a zaak) is taken in here")
    stuur, gewijzigd = stuurgegevens(bericht), mutatie(bericht)
    moment = _moment(stuur.tijdstip_bericht)
    if moment is None:
        raise GeenKennisgeving("the tijdstipBericht is missing or no moment; by it late messages are known")
    return Zaakbericht(
        stuurgegevens=stuur,
        soort=gewijzigd.soort,
        identificatie=_identificatie(gewijzigd),
        tijdstip=stuur.tijdstip_bericht.ljust(17, "0"),
        moment=moment,
        oud=_deel(gewijzigd.oud, moment, was=True),
        nieuw=_deel(gewijzigd.nieuw, moment, was=False),
    )


def _identificatie(gewijzigd: Mutatie) -> str:
    found = {tekst(node, "identificatie") for node in (gewijzigd.oud, gewijzigd.nieuw) if node is not None}
    identificatie = next(iter(found))
    if len(found) > 1:
        raise GeenKennisgeving("the old and the new object are about two zaken")
    if not identificatie or len(identificatie) > _LONGEST_IDENTIFICATIE:
        raise GeenKennisgeving(f"the identificatie of the zaak is missing or longer than {_LONGEST_IDENTIFICATIE} characters")
    return identificatie


def _deel(node: Element | None, moment: datetime, *, was: bool) -> Deel:
    if node is None:
        return Deel()
    return Deel(
        velden=dict(_velden(node, moment)),
        rollen=tuple(_rollen(node, also_ended=was)),
        genoemd=frozenset(soort for soort in ROLLEN if any(_gezegd(node, soort))),
        statussen=tuple(_statussen(node, moment)),
    )


def _velden(node: Element, moment: datetime) -> Iterator[tuple[str, Any]]:
    for name in _TEKSTEN:
        for found in _gezegd(node, name):
            yield name, tekst(found, most=_LONGEST_TEKST) or None
    for name, zgw in _DATUMS.items():
        for found in _gezegd(node, name):
            # closed on a day that is not known is closed all the same: by then, says the message
            closed = moment.date().isoformat() if name == "einddatum" and datum(found) else None
            yield zgw, dag(found) or closed
    if kenmerken := list(_gezegd(node, "kenmerk")):
        pairs = [{"kenmerk": tekst(k, "kenmerk"), "bron": tekst(k, "bron")} for k in kenmerken]
        yield "kenmerken", [pair for pair in pairs if pair["kenmerk"]] or None
    for found in _gezegd(node, "opschorting"):
        yield "opschorting", {"reden": tekst(found, "reden")} if tekst(found, "indicatie") == "J" else None
    for found in _gezegd(node, "verlenging"):
        duur = tekst(found, "duur")
        yield "verlenging", {"duur": f"P{int(duur)}D", "reden": tekst(found, "reden")} if _getal(duur) else None
    for found in _gezegd(node, "resultaat"):
        omschrijving, toelichting = tekst(found, "omschrijving"), tekst(found, "toelichting", most=_LONGEST_TEKST)
        yield "resultaat", {"omschrijving": omschrijving, "toelichting": toelichting} if omschrijving else None
    if code := tekst(node, "isVan", "gerelateerde", "code"):
        yield "zaaktype", {"code": code, "omschrijving": tekst(node, "isVan", "gerelateerde", "omschrijving")}


def _rollen(node: Element, *, also_ended: bool) -> Iterator[Rol]:
    for soort in ROLLEN:
        for relatie in node.all(soort):
            ended = relatie.attributes.get("verwerkingssoort") in _BEEINDIGD
            if not zonder_waarde(relatie) and (also_ended or not ended):
                yield from _rol(soort, relatie)


def _rol(soort: str, relatie: Element) -> Iterator[Rol]:
    gerelateerde = relatie.find("gerelateerde")
    for wie in gerelateerde.children if gerelateerde else ():
        if (kind := _BETROKKENEN.get(wie.name)) is None:
            continue
        names = {name: next(filter(None, (tekst(wie, part) for part in parts)), "") for name, parts in _NAMEN.items()}
        yield Rol(
            soort=soort,
            betrokkene_type=kind[0],
            bsn=tekst(wie, "inp.bsn"),
            identificatie=tekst(wie, kind[1]) if kind[1] else "",
            namen={name: value for name, value in names.items() if value},
            toelichting=tekst(relatie, "toelichting"),
        )


def _statussen(node: Element, moment: datetime) -> Iterator[Status]:
    for relatie in node.all("heeft"):
        volgnummer = tekst(relatie, "gerelateerde", "volgnummer")
        omschrijving, code = (tekst(relatie, "gerelateerde", part) for part in ("omschrijving", "code"))
        if zonder_waarde(relatie) or not (volgnummer or omschrijving or code):
            continue
        yield Status(
            code=code,
            omschrijving=omschrijving or code,
            volgnummer=int(volgnummer) if _getal(volgnummer) else 0,
            gezet=_moment(tekst(relatie, "datumStatusGezet")) or moment,
            toelichting=tekst(relatie, "toelichting", most=_LONGEST_TEKST),
            verwijderd=relatie.attributes.get("verwerkingssoort") == "V",
        )


def _gezegd(node: Element, name: str) -> Iterator[Element]:
    """Yield the children with this name that say something, if only that there is nothing."""
    return (found for found in node.all(name) if found.attributes.get("noValue", _LEEG) == _LEEG)


def _getal(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 10_000  # noqa: PLR2004 - RGBZ has four digits at most


def dag(node: Element) -> str | None:
    """Return a whole date as YYYY-MM-DD; None when the day is not known, or is no day of the calendar."""
    found = datum(node)
    try:
        return date(int(found.jaar), int(found.maand), int(found.dag)).isoformat() if found and found.dag else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """Return the moment StUF writes as digits in Dutch time, from a day down to milliseconds; None when it is none."""
    if not text.isascii() or not text.isdigit() or len(text) not in {8, 12, 14, 15, 16, 17}:
        return None
    whole, fraction = text[:_SECONDS].ljust(_SECONDS, "0"), text[_SECONDS:].ljust(6, "0")
    try:
        found = datetime.strptime(whole + fraction, "%Y%m%d%H%M%S%f").replace(tzinfo=AMSTERDAM)
        found.astimezone(UTC)  # the first hours of the year 1 are not there in UTC
    except (ValueError, OverflowError):
        return None
    return found
