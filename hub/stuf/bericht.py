# SPDX-License-Identifier: EUPL-1.2
"""Reads the outside of a StUF 3.01 message: SOAP envelope, stuurgegevens, mutatiesoort, old and new object.

What the sender may not or cannot give (``StUF:noValue``) is absent. A date may be incomplete: ``StUF:indOnvolledigeDatum``
D (no day), M (no month and day) or J (nothing known).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.errors import Rejected
from hub.privacy import loggable
from hub.xml import Element, parse

_MET_TWEE_OBJECTEN: Final = frozenset({"W", "C"})
_MUTATIESOORTEN: Final = frozenset({"T", "V", *_MET_TWEE_OBJECTEN})
_LONGEST: Final = 200
_DATUM_CIJFERS: Final = 8


class GeenKennisgeving(Rejected):
    """A StUF message we do not process. The message says which, never what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuurgegevens:
    """Who sent what. All texts are the sender's: shown to nobody but the sender."""

    berichtcode: str = ""
    zender: Mapping[str, str]
    ontvanger: Mapping[str, str]
    referentienummer: str = ""
    tijdstip_bericht: str = ""
    entiteittype: str = ""

    @property
    def afzender(self) -> str:
        """Return a digest of who sent it, to know a repeated message by, together with ``kenmerk``."""
        return hashlib.sha256(repr(sorted(self.zender.items())).encode()).hexdigest()[:32]

    @property
    def kenmerk(self) -> str:
        """Return a digest of what the sender calls it."""
        return hashlib.sha256(self.referentienummer.encode()).hexdigest()[:32]


LEEG: Final = Stuurgegevens(zender={}, ontvanger={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutatie:
    """A change (Lk01): what it was before (None with T) and what it is now (None with V)."""

    soort: str
    oud: Element | None
    nieuw: Element | None


@dataclass(frozen=True, slots=True)
class Datum:
    """A date as far as it is known; without a year nothing is."""

    jaar: str = ""
    maand: str = ""
    dag: str = ""


def inhoud(document: bytes) -> Element:
    """Return the message, with or without its SOAP envelope. Raises XmlRefused and GeenKennisgeving."""
    root = parse(document)
    if root.name != "Envelope":
        return root
    body = root.find("Body")
    if body is None or not body.children:
        raise GeenKennisgeving("the SOAP envelope holds no body")
    if body.children[0].name == "Fault":
        raise GeenKennisgeving("this is a SOAP fault, no StUF message")
    return body.children[0]


def stuurgegevens(bericht: Element) -> Stuurgegevens:
    """Return who sent a message; empty texts for what it does not say."""
    node = bericht.find("stuurgegevens")
    return Stuurgegevens(
        berichtcode=tekst(node, "berichtcode"),
        zender=_systeem(node, "zender"),
        ontvanger=_systeem(node, "ontvanger"),
        referentienummer=tekst(node, "referentienummer"),
        tijdstip_bericht=tekst(node, "tijdstipBericht"),
        entiteittype=tekst(node, "entiteittype"),
    )


def mutatie(bericht: Element) -> Mutatie:
    """Return the change a Lk01 tells. GeenKennisgeving when it lacks what makes it one."""
    soort = tekst(bericht, "parameters", "mutatiesoort")
    if not tekst(bericht, "stuurgegevens", "referentienummer"):
        raise GeenKennisgeving("the referentienummer is missing")
    if soort not in _MUTATIESOORTEN:
        raise GeenKennisgeving("the mutatiesoort is none of T, W, V and C")
    objecten = list(bericht.all("object"))
    expected = 2 if soort in _MET_TWEE_OBJECTEN else 1
    if len(objecten) != expected:
        raise GeenKennisgeving(f"mutatiesoort {soort} holds {expected} object(s), this message {len(objecten)}")
    return Mutatie(soort=soort, oud=objecten[0] if soort != "T" else None, nieuw=objecten[-1] if soort != "V" else None)


def tekst(node: Element | None, *path: str, most: int = _LONGEST) -> str:
    """Return what stands along this path, at most that many characters; empty when it is absent or has no value."""
    found = node.find(*path) if node else None
    return "" if found is None or zonder_waarde(found) else loggable(found.text)[:most]


def zonder_waarde(node: Element) -> bool:
    """Tell whether an element is there only to say that no value is given."""
    return "noValue" in node.attributes or node.attributes.get("nil") in {"true", "1"}


def datum(node: Element | None) -> Datum | None:
    """Return the date, None when absent; what is no date says nothing that is known."""
    if node is None or zonder_waarde(node) or not node.text:
        return None
    text = node.text
    if len(text) != _DATUM_CIJFERS or not text.isdecimal():
        return Datum()
    match node.attributes.get("indOnvolledigeDatum", "V"):
        case "J":
            return Datum()
        case "M":
            return Datum(text[:4])
        case "D":
            return Datum(text[:4], text[4:6])
        case _:
            return Datum(text[:4], text[4:6], text[6:])


def _systeem(node: Element | None, name: str) -> dict[str, str]:
    found = node.find(name) if node else None
    return {part.name: loggable(part.text)[:_LONGEST] for part in found.children if part.text} if found else {}
