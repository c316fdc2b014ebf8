# SPDX-License-Identifier: EUPL-1.2
"""A typed view of a person as fetched from the BRP: read once, tolerant of anything, and it never raises.

Source: BRP API Personen 2.7 (Persoon). Only what a predicate asks for is read; nationality, country of birth and gender
are not, so that no rule can come to depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hub.flows.verhuizing import lezen
from hub.flows.verhuizing.datums import Datum, leeftijd, lees_datum
from hub.flows.verhuizing.plek import GEEN, Plek, lees_plek

_HOUDERS = ("ouders", "ouder", "derde", "derden")


@dataclass(frozen=True, slots=True)
class Partner:
    """A marriage or registered partnership; ``pseudoniem`` None: the partner has no burgerservicenummer."""

    pseudoniem: str | None
    verbonden: bool


@dataclass(frozen=True, slots=True)
class Gezag:
    """A gezagsrelatie: its type, who holds it (None: somebody without burgerservicenummer) and over whom."""

    soort: str
    houders: tuple[str | None, ...]
    minderjarige: str | None
    in_onderzoek: bool


@dataclass(frozen=True, slots=True)
class Persoon:
    """One person. ``vernietigd``: the data were destroyed; then, and when not ``gevonden``, nothing else is filled."""

    pseudoniem: str
    gevonden: bool = True
    vernietigd: bool = False
    geslachtsnaam: str | None = field(default=None, repr=False)
    voorvoegsel: str | None = field(default=None, repr=False)
    voornamen: str | None = field(default=None, repr=False)
    geboorte: Datum | None = field(default=None, repr=False)
    opschorting: str | None = None
    rni: bool = False
    gemeente: str | None = None
    curatele: bool = False
    geheim: bool = False
    in_onderzoek: bool = False
    plek: Plek = GEEN
    partners: tuple[Partner, ...] = ()
    kinderen: tuple[str | None, ...] = ()
    gezag: tuple[Gezag, ...] = ()
    historie: tuple[Plek, ...] | None = None

    def leeftijd_op(self, peildatum: date) -> int | None:
        """Return the age in whole years, or None when the date of birth is not wholly known."""
        geboren = self.geboorte.dag if self.geboorte else None
        return leeftijd(geboren, peildatum) if geboren else None

    def zeker_meerderjarig(self, peildatum: date) -> bool:
        """Return True when, born on the last day that is possible, this person is 18 on ``peildatum``."""
        laatst = self.geboorte.laatst if self.geboorte else None
        return laatst is not None and leeftijd(laatst, peildatum) >= 18  # noqa: PLR2004

    def misschien_minderjarig(self, peildatum: date) -> bool:
        """Return True unless this person is certainly 18 or older on ``peildatum``."""
        return not self.zeker_meerderjarig(peildatum)


def _partner(partner: Mapping[str, Any]) -> Partner:
    ontbonden = bool(partner.get("ontbindingHuwelijkPartnerschap"))
    soort = lezen.code(partner.get("soortVerbintenis"))
    verbonden = soort in {"H", "P"} and not ontbonden and not lezen.iets(partner.get("inOnderzoek"))
    return Partner(lezen.tekst(partner.get("pseudoniem")), verbonden)


def _kind(kind: Mapping[str, Any]) -> str | None:
    return None if lezen.iets(kind.get("inOnderzoek")) else lezen.tekst(kind.get("pseudoniem"))


def _gezag(relatie: Mapping[str, Any]) -> Gezag:
    houders: list[str | None] = []
    for naam in _HOUDERS:
        waarde = relatie.get(naam)
        lijst = waarde if isinstance(waarde, list) else [] if waarde is None else [waarde]
        houders.extend(lezen.tekst(lezen.als_dict(houder).get("pseudoniem")) for houder in lijst)
    return Gezag(
        soort=lezen.tekst(relatie.get("type")) or "",
        houders=tuple(houders),
        minderjarige=lezen.tekst(lezen.als_dict(relatie.get("minderjarige")).get("pseudoniem")),
        in_onderzoek=lezen.iets(relatie.get("inOnderzoek")),
    )


def _historie(waarde: object) -> tuple[Plek, ...] | None:
    return tuple(lees_plek(plaats) for plaats in lezen.dicts(waarde)) or None  # a history without rows tells nothing


def _opschorting(waarde: object) -> str | None:
    if not lezen.iets(waarde):
        return None
    return lezen.code(lezen.als_dict(waarde).get("reden")) or "."


def lees_persoon(pseudoniem: str, waarde: object) -> Persoon:
    """Return the view of one person from the filtered Persoon JSON."""
    json = lezen.als_dict(waarde)
    naam = lezen.als_dict(json.get("naam"))
    return Persoon(
        pseudoniem=pseudoniem,
        geslachtsnaam=lezen.tekst(naam.get("geslachtsnaam")),
        voorvoegsel=lezen.tekst(naam.get("voorvoegsel")),
        voornamen=lezen.tekst(naam.get("voornamen")),
        geboorte=lees_datum(lezen.als_dict(json.get("geboorte")).get("datum")),
        opschorting=_opschorting(json.get("opschortingBijhouding")),
        rni=lezen.iets(json.get("rni")),
        gemeente=lezen.code(json.get("gemeenteVanInschrijving")),
        curatele=lezen.iets(json.get("indicatieCurateleRegister")),
        geheim=lezen.iets(json.get("geheimhoudingPersoonsgegevens")),
        in_onderzoek=lezen.iets(json.get("inOnderzoek")),
        plek=lees_plek(json.get("verblijfplaats")),
        partners=tuple(_partner(partner) for partner in lezen.dicts(json.get("partners"))),
        kinderen=tuple(_kind(kind) for kind in lezen.dicts(json.get("kinderen"))),
        gezag=tuple(_gezag(relatie) for relatie in lezen.dicts(json.get("gezag"))),
        historie=_historie(json.get("verblijfplaatshistorie")),
    )
