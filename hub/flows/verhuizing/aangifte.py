# SPDX-License-Identifier: EUPL-1.2
"""The declaration as the case system holds it: the typed view of ``nl.wissel.verhuisaangifte.gelezen.v1``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hub.events import Event
from hub.flows.verhuizing import lezen
from hub.flows.verhuizing.datums import lees_dag
from hub.flows.verhuizing.plek import Huis, lees_huis
from hub.privacy import Bsn


@dataclass(frozen=True, slots=True)
class Verhuizer:
    """A mover and how the declarer stands to them (LO 72.10: I G K M P O H)."""

    pseudoniem: str
    code: str


@dataclass(frozen=True, slots=True)
class Naam:
    """A name as declared."""

    geslachtsnaam: str | None
    voorvoegsel: str | None
    voornamen: str | None


@dataclass(frozen=True, slots=True)
class Aangifte:
    """What was declared. ``vernietigd`` holds the subjects whose personal part no longer exists.

    ``onbruikbaar`` names the items that were given but could not be read (``meeverhuizers``, ``functie`` ...): a mover whose
    number cannot be read is not among ``verhuizers``, so this is the only trace of that person.
    """

    gebeurtenis: str
    tijd: datetime
    volledig: bool
    gesloten: bool
    ontvangst: date | None
    verhuisdatum: date | None
    verhuisdatum_genoemd: bool
    functie: str
    inwonend: bool | None
    kanaal: str | None
    middel: str | None
    niveau: str | None
    machtiging: bool
    aangever: str | None
    aantal_initiatoren: int
    hoofdbewoner: str | None
    toestemming: str | None
    verhuizers: tuple[Verhuizer, ...]
    adres_aanwezig: bool
    bag_id: str | None
    nummeraanduiding: str | None
    huis: Huis | None = field(repr=False)
    adres: tuple[tuple[str, Any], ...] = field(repr=False)
    bsns: Mapping[str, Bsn] = field(repr=False)
    naam_aangever: Naam | None = field(repr=False)
    vernietigd: frozenset[str] = frozenset()
    onbruikbaar: frozenset[str] = frozenset()

    @property
    def verhuizers_onleesbaar(self) -> bool:
        """True when somebody who moves was declared in a way that cannot be read."""
        return not self.onbruikbaar.isdisjoint({"meeverhuizers", "aangever-verhuist"})

    @property
    def functie_onleesbaar(self) -> bool:
        """True when something else than woonadres or briefadres was declared."""
        return "functie" in self.onbruikbaar

    @property
    def pseudoniemen(self) -> tuple[str, ...]:
        """The movers, in the order declared."""
        return tuple(verhuizer.pseudoniem for verhuizer in self.verhuizers)

    @property
    def betrokkenen(self) -> tuple[str, ...]:
        """The declarer and every mover, each once."""
        eerst = (self.aangever,) if self.aangever else ()
        return tuple(dict.fromkeys((*eerst, *self.pseudoniemen)))

    @property
    def inhoud(self) -> tuple[Any, ...]:
        """What makes one declaration equal to another, whenever it was read."""
        return (
            *(self.volledig, self.ontvangst, self.verhuisdatum, self.verhuisdatum_genoemd, self.functie, self.inwonend),
            *(self.kanaal, self.middel, self.niveau, self.machtiging, self.aangever, self.aantal_initiatoren),
            *(self.hoofdbewoner, self.toestemming, self.verhuizers, self.adres_aanwezig, self.bag_id),
            *(self.nummeraanduiding, self.adres, tuple(self.bsns), self.naam_aangever, self.vernietigd, self.onbruikbaar),
        )


def _bsn(waarde: object) -> Bsn | None:
    cijfers = lezen.tekst(waarde)
    try:
        return Bsn(cijfers) if cijfers else None
    except ValueError:
        return None  # counts as not given: the person is then asked for by nobody and the declaration goes to an official


def _verhuizers(data: Mapping[str, Any], aangever: str | None) -> tuple[Verhuizer, ...]:
    gelezen: dict[str, Verhuizer] = {}
    for element in lezen.dicts(data.get("verhuizers")):
        pseudoniem = lezen.tekst(element.get("pseudoniem"))
        if pseudoniem:
            gelezen.setdefault(pseudoniem, Verhuizer(pseudoniem, lezen.tekst(element.get("code")) or ""))
    if not gelezen and aangever:
        return (Verhuizer(aangever, "I"),)
    return tuple(gelezen.values())


def _onbruikbaar(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the items of ``ontbreekt`` that were given but could not be read: those with a reason behind a colon."""
    genoemd = (tekst.partition(":") for tekst in lezen.teksten(data.get("ontbreekt")))
    return frozenset(item for item, dubbelepunt, _ in genoemd if dubbelepunt)


def _naam(deel: Mapping[str, Any]) -> Naam | None:
    naam = lezen.als_dict(deel.get("naam"))
    geslachtsnaam = lezen.tekst(naam.get("geslachtsnaam"))
    if geslachtsnaam is None:
        return None
    return Naam(geslachtsnaam, lezen.tekst(naam.get("voorvoegsel")), lezen.tekst(naam.get("voornamen")))


def lees_aangifte(event: Event) -> Aangifte:
    """Return the declaration of a ``gelezen`` event; what is missing or destroyed stays empty."""
    data = event.data
    aangever = lezen.tekst(data.get("aangever"))
    authenticatie = lezen.als_dict(data.get("authenticatie"))
    besloten = {subject: lezen.als_dict(deel) for subject, deel in event.besloten.items()}
    bsns = {subject: bsn for subject, deel in besloten.items() if (bsn := _bsn(deel.get("bsn")))}
    adres = lezen.als_dict(besloten.get(f"zaak:{event.key}", lezen.LEEG).get("adres"))
    verhuisdatum = lezen.tekst(data.get("verhuisdatum"))
    return Aangifte(
        gebeurtenis=event.id,
        tijd=event.time,
        volledig=data.get("volledig") is True,
        gesloten=data.get("geslotenBijEersteWaarneming") is True,
        ontvangst=lees_dag(data.get("ontvangstdatum")),
        verhuisdatum=lees_dag(verhuisdatum),
        verhuisdatum_genoemd=verhuisdatum not in {None, "onbekend"},
        functie=lezen.tekst(data.get("functieAdres")) or "W",
        inwonend=inwonend if isinstance(inwonend := data.get("inwonend"), bool) else None,
        kanaal=lezen.tekst(data.get("kanaal")),
        middel=lezen.tekst(authenticatie.get("middel")),
        niveau=lezen.tekst(authenticatie.get("niveau")),
        machtiging=lezen.tekst(data.get("indicatieMachtiging")) is not None,
        aangever=aangever,
        aantal_initiatoren=lezen.geheel(data.get("aantalInitiatoren")) or 0,
        hoofdbewoner=lezen.tekst(data.get("hoofdbewoner")),
        toestemming=lezen.tekst(data.get("toestemming")),
        verhuizers=_verhuizers(data, aangever),
        adres_aanwezig=data.get("adresAanwezig") is True,
        bag_id=lezen.tekst(data.get("nieuwAdresBagId")),
        nummeraanduiding=lezen.tekst(data.get("nieuwAdresNummeraanduiding")),
        huis=lees_huis(adres),
        adres=tuple(sorted((naam, deel) for naam, deel in adres.items() if isinstance(deel, str | int))),
        bsns=bsns,
        naam_aangever=_naam(besloten[aangever]) if aangever in besloten else None,
        vernietigd=frozenset(subject for subject, deel in event.besloten.items() if deel is None),
        onbruikbaar=_onbruikbaar(data),
    )
