# SPDX-License-Identifier: EUPL-1.2
"""From two states of one person to the facts of the registry: their types, their ids and what each may tell openly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.burgerzaken import volgen
from connectors.burgerzaken.classificatie import Classificatie, Soort, classify, rij_uit_persoon
from connectors.burgerzaken.gezien import (
    GEMEENTE,
    OPSCHORTING,
    VERBLIJFPLAATS,
    Feit,
    Gezien,
    other_facts,
    residence_changed,
)
from connectors.burgerzaken.herindelingen import GEEN as GEEN_HERINDELINGEN
from connectors.burgerzaken.herindelingen import Herindelingen
from connectors.burgerzaken.model import Adres, Locatie, gemeente_van_inschrijving, lees_verblijfplaats
from hub.events import PERSONEN, NewEvent, fact_id, registry_change_id
from hub.plugins import Gemeente

VERHUISD: Final = "nl.brp.verhuisd."
ZONDER_VERHUIZING: Final = "nl.wissel.brp.wijziging-zonder-verhuizing.v1"
_ZONDER_AANGIFTE: Final = ("08.72.10",)
_RESIDENCE: Final = (GEMEENTE, OPSCHORTING, VERBLIJFPLAATS)


@dataclass(frozen=True, slots=True)
class Wijziging:
    """What is different about one person, found by comparing two states: zero or more facts."""

    gevolgde: volgen.Gevolgde
    oud: Gezien
    nieuw: Gezien
    classificatie: Classificatie | None
    feiten: tuple[Feit, ...]

    @property
    def is_verhuizing(self) -> bool:
        """Tell whether this person moved."""
        return self.classificatie is not None and self.classificatie.soort.is_verhuizing

    def events(self, gemeente: Gemeente) -> list[NewEvent]:
        """Return the registry facts. Their ids follow from source, person, both states and the previous change."""
        found = [] if self.classificatie is None else [self._residence(gemeente, self.classificatie)]
        return found + [self._other(gemeente, feit) for feit in self.feiten]

    def change_id(self, gemeente: Gemeente) -> str:
        """Return the id of this change as a whole; the fact about the residence carries it."""
        return registry_change_id(
            source=gemeente.source("brp"),
            person=self.gevolgde.pseudoniem,
            old_sha256=self.gevolgde.sha256,
            new_sha256=self.nieuw.sha256,
            previous_id=self.gevolgde.vorige_wijziging,
        )

    def _residence(self, gemeente: Gemeente, classificatie: Classificatie) -> NewEvent:
        soort = classificatie.soort
        data = {
            **_place(self.nieuw.staat),
            "gemeenteVan": gemeente_van_inschrijving(self.oud.staat),
            "gemeenteNaar": gemeente_van_inschrijving(self.nieuw.staat),
            "ontbrekendeElementen": list(classificatie.ontbrekende_elementen),
            **self._digests(),
        }
        if not soort.is_verhuizing:
            data = {"soort": str(soort), **data}
        event_type = f"{VERHUISD}{soort}.v1" if soort.is_verhuizing else ZONDER_VERHUIZING
        return self._event(gemeente, event_type, data, _RESIDENCE, event_id=self.change_id(gemeente))

    def _other(self, gemeente: Gemeente, feit: Feit) -> NewEvent:
        data = {**feit.data, **self._digests()}
        return self._event(gemeente, feit.type, data, feit.elementen, event_id=fact_id(self.change_id(gemeente), feit.type))

    def _digests(self) -> dict[str, str]:
        return {"sha256Oud": self.gevolgde.sha256, "sha256Nieuw": self.nieuw.sha256}

    def _event(
        self, gemeente: Gemeente, event_type: str, data: Mapping[str, Any], elementen: Sequence[str], *, event_id: str
    ) -> NewEvent:
        person = self.gevolgde.pseudoniem
        oud, nieuw = (dict(gezien.limited_to(elementen).staat) for gezien in (self.oud, self.nieuw))
        return NewEvent(
            id=event_id,
            type=event_type,
            source=gemeente.source("brp"),
            gemeente=gemeente.slug,
            topic=PERSONEN,
            key=f"{gemeente.slug}:{person}",
            data=data,
            besloten={person: {"oud": oud, "nieuw": nieuw}},
        )


def find_change(
    gevolgde: volgen.Gevolgde,
    oud: Gezien,
    nieuw: Gezien,
    *,
    herindelingen: Herindelingen = GEEN_HERINDELINGEN,
    correctie: bool = False,
) -> Wijziging | None:
    """Return what changed, or None when nothing did. Without any fact: only more is compared from now on. Pure.

    ``correctie``: the registry said that what was written down was put right, so nobody moved.
    """
    if nieuw.sha256 == gevolgde.sha256 and nieuw.vergeleken == oud.vergeleken:
        return None
    seen = nieuw.limited_to(oud.vergeleken)
    classificatie = None
    if residence_changed(oud, seen):
        classificatie = _classify(oud, seen, herindelingen, correctie=correctie)
    return Wijziging(gevolgde, oud, nieuw, classificatie, tuple(other_facts(oud, seen)))


def _classify(oud: Gezien, nieuw: Gezien, herindelingen: Herindelingen, *, correctie: bool) -> Classificatie:
    """Return what happened to the residence. Of a list that was withdrawn (merged away) nobody moved: it shows no place."""
    if correctie:
        return Classificatie(Soort.CORRECTIE, _ZONDER_AANGIFTE)
    found = classify(rij_uit_persoon(oud.staat), rij_uit_persoon(nieuw.staat), herindelingen)
    somewhere = VERBLIJFPLAATS in oud.staat and VERBLIJFPLAATS in nieuw.staat
    return found if somewhere else Classificatie(Soort.GEEN_VERHUIZING, found.ontbrekende_elementen)


def _place(staat: Mapping[str, Any]) -> dict[str, Any]:
    """Return where and since when somebody is registered, as far as it may be said openly: BAG ids and a date."""
    verblijfplaats = lees_verblijfplaats(staat.get("verblijfplaats"))
    datum = verblijfplaats.datum_van if verblijfplaats else None
    adres = verblijfplaats if isinstance(verblijfplaats, Adres) else None
    return {
        "datum": datum.tekst if datum else None,
        "adresseerbaarObjectIdentificatie": adres.adresseerbaar_object if adres else None,
        "nummeraanduidingIdentificatie": adres.nummeraanduiding if adres else None,
        "functieAdres": verblijfplaats.functie if isinstance(verblijfplaats, Adres | Locatie) else None,
    }
