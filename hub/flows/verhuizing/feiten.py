# SPDX-License-Identifier: EUPL-1.2
"""Typed views of what was fetched for a declaration: address, persons, occupancy, other zaken, and claims.

Each is read once, when its event is folded, so that deciding costs no parsing. None of the readers raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.events import Event
from hub.flows.verhuizing import lezen
from hub.flows.verhuizing.persoon import Persoon, lees_persoon
from hub.flows.verhuizing.plek import ADRES, Huis, Plek, lees_huis

VERBLIJFSOBJECT: Final = "Verblijfsobject"


@dataclass(frozen=True, slots=True)
class Kandidaat:
    """One address the BAG gives for what was declared (BAG API individuele bevragingen 2)."""

    object_id: str | None
    nummeraanduiding: str | None
    soort: str
    object_status: str | None
    nummeraanduiding_status: str | None
    nevenadres: bool
    gebruiksdoelen: frozenset[str]
    oppervlakte_m2: int | None
    in_onderzoek: bool
    geconstateerd: bool
    pandstatussen: tuple[str | None, ...]
    gemeentecode: str | None
    huis: Huis | None = field(default=None, repr=False)

    @property
    def is_verblijfsobject(self) -> bool:
        """False for a ligplaats or standplaats, which have no purpose and no area."""
        return self.soort == VERBLIJFSOBJECT

    def plek(self, functie: str) -> Plek:
        """Return the place one moves to."""
        return Plek(ADRES, functie, self.object_id, self.nummeraanduiding, self.huis)


@dataclass(frozen=True, slots=True)
class NietBeschikbaar:
    """The source stayed away: waiting has ended."""

    reden: str


@dataclass(frozen=True, slots=True)
class Adres:
    """What the BAG says about the declared address."""

    kandidaten: tuple[Kandidaat, ...]

    @property
    def enige(self) -> Kandidaat | None:
        """The candidate, when there is exactly one."""
        return self.kandidaten[0] if len(self.kandidaten) == 1 else None


@dataclass(frozen=True, slots=True)
class Personen:
    """What the BRP says about the people concerned, and what this gateway is proven to deliver."""

    per_pseudoniem: Mapping[str, Persoon]
    levert: frozenset[str]

    def levert_element(self, element: str) -> bool:
        """Return True when absence of ``element`` means "no" at this gateway."""
        return element in self.levert


@dataclass(frozen=True, slots=True)
class Bewoning:
    """Who lives at the new address on ``peildatum`` (BRP API Bewoning 2.1)."""

    object_id: str | None
    veel_bewoners: bool
    bewoners: tuple[str, ...]
    in_onderzoek: frozenset[str]
    mogelijke: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AndereZaak:
    """An open zaak about a mover, found in the case system; ``soort`` "verhuizing" or "adresonderzoek"."""

    uuid: str
    soort: str


@dataclass(frozen=True, slots=True)
class Zaken:
    """Open zaken per mover."""

    per_verhuizer: Mapping[str, tuple[AndereZaak, ...]]


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of a zaak on a person or an address (R8)."""

    zaak: str
    soort: str
    doel: str | None
    verhuisdatum: str | None
    ontvangst: str
    geparkeerd: bool = False

    @property
    def volgorde(self) -> tuple[str, str]:
        """First received is the smallest of these."""
        return (self.ontvangst, self.zaak)


@dataclass(frozen=True, slots=True)
class Markering:
    """A mark of the gemeente on a person or an address; ``verloopt`` is the last date on which it counts."""

    soort: str
    verloopt: str | None


@dataclass(frozen=True, slots=True)
class Antwoord:
    """All open claims and marks on one key."""

    claims: tuple[Claim, ...]
    markeringen: tuple[Markering, ...]


def _kandidaat(json: Mapping[str, Any], teksten: Mapping[str | None, Huis | None]) -> Kandidaat:
    nummeraanduiding = lezen.tekst(json.get("nummeraanduidingIdentificatie"))
    return Kandidaat(
        object_id=lezen.tekst(json.get("adresseerbaarObjectIdentificatie")),
        nummeraanduiding=nummeraanduiding,
        soort=lezen.tekst(json.get("typeAdresseerbaarObject")) or "",
        object_status=lezen.tekst(json.get("adresseerbaarObjectStatus")),
        nummeraanduiding_status=lezen.tekst(json.get("nummeraanduidingStatus")),
        nevenadres=lezen.iets(json.get("indicatieNevenadres")),
        gebruiksdoelen=frozenset(lezen.teksten(json.get("gebruiksdoelen"))),
        oppervlakte_m2=lezen.geheel(json.get("oppervlakte")),
        in_onderzoek=lezen.iets(json.get("inonderzoek")),
        geconstateerd=lezen.iets(json.get("geconstateerd")),
        pandstatussen=tuple(lezen.tekst(pand.get("status")) for pand in lezen.dicts(json.get("panden"))),
        gemeentecode=lezen.tekst(json.get("bronhouderCode")),
        huis=teksten.get(nummeraanduiding),
    )


def lees_adres(event: Event) -> Adres:
    """Return the candidates of ``adres-opgehaald``, each with its address text where that still exists."""
    besloten = lezen.als_dict(event.besloten.get(f"zaak:{event.key}"))
    adressen = [a for a in lezen.dicts(besloten.get("adressen")) if "nummeraanduidingIdentificatie" in a]
    teksten = {lezen.tekst(a["nummeraanduidingIdentificatie"]): lees_huis(a) for a in adressen}
    kandidaten = lezen.dicts(lezen.json_tekst(event.data.get("kandidaten")))
    return Adres(tuple(_kandidaat(kandidaat, teksten) for kandidaat in kandidaten))


def _persoon(event: Event, element: Mapping[str, Any]) -> Persoon | None:
    pseudoniem = lezen.tekst(element.get("pseudoniem"))
    if pseudoniem is None:
        return None
    if element.get("gevonden") is not True:
        return Persoon(pseudoniem, gevonden=False)
    json = event.besloten.get(pseudoniem)
    return Persoon(pseudoniem, vernietigd=True) if json is None else lees_persoon(pseudoniem, json)


def _en_erboven(pad: str) -> Iterator[str]:
    """A path proves what it names and all above it: verblijfplaats.datumVan proves verblijfplaats, not the reverse."""
    delen = pad.split(".")
    return (".".join(delen[:lengte]) for lengte in range(1, len(delen) + 1))


def lees_personen(event: Event) -> Personen:
    """Return the persons of ``personen-opgehaald``; one whose data were destroyed is there as ``vernietigd``."""
    gelezen = (_persoon(event, element) for element in lezen.dicts(event.data.get("personen")))
    levert = {boven for pad in lezen.teksten(event.data.get("levert")) for boven in _en_erboven(pad)}
    return Personen({persoon.pseudoniem: persoon for persoon in gelezen if persoon}, frozenset(levert))


def lees_bewoning(event: Event) -> Bewoning:
    """Return the occupancy of ``bewoning-opgehaald``."""
    data = event.data
    bewoners = {p: b for b in lezen.dicts(data.get("bewoners")) if (p := lezen.tekst(b.get("pseudoniem")))}
    mogelijke = (lezen.tekst(b.get("pseudoniem")) for b in lezen.dicts(data.get("mogelijkeBewoners")))
    return Bewoning(
        object_id=lezen.tekst(data.get("adresseerbaarObjectIdentificatie")),
        veel_bewoners=data.get("indicatieVeelBewoners") is True,
        bewoners=tuple(bewoners),
        in_onderzoek=frozenset(p for p, bewoner in bewoners.items() if lezen.iets(bewoner.get("inOnderzoek"))),
        mogelijke=tuple(dict.fromkeys(p for p in mogelijke if p)),
    )


def _zaak(json: Mapping[str, Any]) -> AndereZaak:
    return AndereZaak(lezen.tekst(json.get("uuid")) or "", lezen.tekst(json.get("soort")) or "")


def lees_zaken(event: Event) -> Zaken:
    """Return the open zaken of ``zaken-gevonden``."""
    per_verhuizer = {}
    for element in lezen.dicts(event.data.get("perVerhuizer")):
        zaken = tuple(_zaak(zaak) for zaak in lezen.dicts(element.get("zaken")))
        per_verhuizer[lezen.tekst(element.get("pseudoniem")) or ""] = zaken
    return Zaken(per_verhuizer)


def lees_claim(json: Mapping[str, Any], *, zaak: str | None = None, ontvangst: str = "") -> Claim:
    """Return a claim as an event carries it."""
    return Claim(
        zaak=zaak or lezen.tekst(json.get("zaak")) or "",
        soort=lezen.tekst(json.get("soort")) or "",
        doel=lezen.tekst(json.get("doel")),
        verhuisdatum=lezen.tekst(json.get("verhuisdatum")),
        ontvangst=lezen.tekst(json.get("ontvangst")) or ontvangst,
        geparkeerd=json.get("geparkeerd") is True,
    )


def lees_antwoord(event: Event) -> Antwoord:
    """Return the claims and marks of ``claim.antwoord``."""
    markeringen = lezen.dicts(event.data.get("markeringen"))
    return Antwoord(
        claims=tuple(lees_claim(claim) for claim in lezen.dicts(event.data.get("claims"))),
        markeringen=tuple(Markering(lezen.tekst(m.get("soort")) or "", lezen.tekst(m.get("verloopt"))) for m in markeringen),
    )
