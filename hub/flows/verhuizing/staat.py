# SPDX-License-Identifier: EUPL-1.2
"""The state of one zaak in the flow: only what ``evolve`` folded. Frozen; every event gives a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final

from hub.flows.base import FlowContext
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.aangifte import Aangifte
from hub.flows.verhuizing.datums import lokale_dag
from hub.flows.verhuizing.feiten import Adres, Antwoord, Bewoning, Claim, NietBeschikbaar, Personen, Zaken
from hub.flows.verhuizing.kalender import dagen_van, fatale_dag
from hub.flows.verhuizing.profiel import RisicoProfiel
from hub.flows.verhuizing.regels import PerVerhuizer

LEEG: Final[Mapping[str, Any]] = MappingProxyType({})
_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)

_STRENG: Final = {"groen": 0, "oranje": 1, "rood": 2}
GESLOTEN: Final = "gesloten-bij-eerste-waarneming"
MODUS_UIT: Final = "modus-uit"
NIET_GELDIG: Final = "profiel-nog-niet-geldig"
GOEDGEKEURD: Final = "goedgekeurd"
NIET_GEVOLGD: Final = "niet-gevolgd"
WISSEL: Final = "wissel"
AMBTENAAR: Final = "ambtenaar"


@dataclass(frozen=True, slots=True)
class Zaak:
    """What the flow needs of the zaak itself."""

    startdatum: date | None = None
    doorlooptijd: str | None = None
    einddatum_gepland: date | None = None
    uiterlijk: date | None = None
    gesloten: bool = False
    verwijderd: bool = False
    gesloten_bij_eerste: bool = False
    heropend: bool = False
    status_gezet: bool = False


@dataclass(frozen=True, slots=True)
class Bron:
    """One source: what was asked last and what came of it.

    ``verouderd_op`` is the sequence after which it must have been asked: a later change in the register, or a moving date
    that was reached, makes older facts old.
    """

    ronde: int = 0
    vraag: tuple[Any, ...] | None = None
    gevraagd_op: int = 0
    verouderd_op: int = 0
    opdracht: str | None = None
    antwoord: Adres | Personen | Bewoning | Zaken | NietBeschikbaar | None = None
    gebeurtenis: str | None = None
    tijdstip: str | None = None
    ontvangen: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpdrachtStand:
    """An opdracht of this flow: ``stand`` is "gegeven", "uitgevoerd" or "mislukt"."""

    soort: str
    stap: str
    stand: str = "gegeven"
    reden: str | None = None


@dataclass(frozen=True, slots=True)
class Beoordeling:
    """The last decision, as put down."""

    gebeurtenis: str
    sequence: int
    nummer: int
    kleur: str
    redenen: tuple[str, ...]
    aangehouden_tot: date | None
    aanhoudreden: str | None
    steekproef: bool
    profiel_versie: str
    regels_versie: str
    modus: str
    per_verhuizer: tuple[PerVerhuizer, ...]
    gekoppelde_zaak: str | None

    @property
    def inhoud(self) -> tuple[Any, ...]:
        """What makes a decision differ from another one."""
        return (
            *(self.kleur, self.redenen, self.aangehouden_tot, self.aanhoudreden, self.steekproef, self.modus),
            *(self.per_verhuizer, self.gekoppelde_zaak),
        )


@dataclass(frozen=True, slots=True)
class Ambtsbesluit:
    """What an official decided about one mover; a ``niet-gevolgd`` is a besluit with date and reference."""

    soort: str
    door: str
    besluitdatum: str | None = None
    besluitkenmerk: str | None = None


@dataclass(frozen=True, slots=True)
class Aanvulling:
    """What was asked of the resident; the clock stands still while it is open."""

    nummer: int
    pseudoniem: str | None
    door: str
    gevraagd_op: date
    reactie_voor: date | None
    open: bool = True


@dataclass(frozen=True, slots=True)
class Verwerking:
    """The instruction to the registry: exactly this must come back from it."""

    verhuizers: tuple[str, ...]
    datum: str
    object_id: str
    functie: str
    door: str
    gegeven: datetime


@dataclass(frozen=True, slots=True)
class Wijziging:
    """A change in the registry about one mover, as passed on."""

    pseudoniem: str
    gebeurtenis: str
    soort: str
    datum: str | None
    object_id: str | None
    functie: str | None


@dataclass(frozen=True, slots=True)
class Behandeling:
    """Who has this zaak in hand, and who is written so in the case system."""

    medewerker: str | None = None
    team: str | None = None
    vorige: str | None = None
    overgenomen: bool = False
    doorgegeven: str | None = None
    ronde: int = 0


@dataclass(frozen=True, kw_only=True)
class Staat:
    """All of it. The properties at the end are what pages and commands ask for."""

    context: FlowContext
    sequence: int = 0
    tijd: datetime = _BEGIN
    zaak: Zaak = Zaak()
    aangifte: Aangifte | None = None
    wacht_sinds: datetime | None = None
    gereed: bool = False
    adres: Bron = Bron()
    personen: Bron = Bron()
    bewoning: Bron = Bron()
    zaken: Bron = Bron()
    peildatum: date | None = None
    datum_bereikt: date | None = None
    claims: Mapping[str, Claim] = field(default_factory=lambda: LEEG)
    antwoorden: Mapping[str, Antwoord] = field(default_factory=lambda: LEEG)
    laatste_antwoord: tuple[str, str] | None = None
    termijnen: Mapping[str, datetime] = field(default_factory=lambda: LEEG)
    verstreken: frozenset[tuple[str, datetime]] = frozenset()
    opdrachten: Mapping[str, OpdrachtStand] = field(default_factory=lambda: LEEG)
    invoer_op: int = 0
    beoordeling: Beoordeling | None = None
    was_aangehouden: date | None = None
    niet_beoordeeld: str | None = None
    besluiten: Mapping[str, Ambtsbesluit] = field(default_factory=lambda: LEEG)
    aanvulling: Aanvulling | None = None
    opgeschort_dagen: int = 0
    behandeling: Behandeling = Behandeling()
    verwerking: Verwerking | None = None
    wijzigingen: tuple[Wijziging, ...] = ()
    bevestigd: Mapping[str, str] = field(default_factory=lambda: LEEG)
    overleden: Mapping[str, str] = field(default_factory=lambda: LEEG)
    teruggelezen: Mapping[str, tuple[str, str]] = field(default_factory=lambda: LEEG)
    voorgelegd: frozenset[tuple[str, str]] = frozenset()
    leverancier: tuple[str, str] | None = None
    ingetrokken: bool = False
    afgerond: str | None = None

    def met(self, **velden: Any) -> Staat:
        """Return a copy with other values in ``velden``; TypeError for a name that is no field.

        Folding copies the state for every event: this costs a tenth of ``dataclasses.replace`` on so many fields.
        """
        if not velden.keys() <= self.__dict__.keys():
            raise TypeError(f"geen veld van Staat: {sorted(velden.keys() - self.__dict__.keys())}")
        kopie = object.__new__(Staat)
        kopie.__dict__.update(self.__dict__)
        kopie.__dict__.update(velden)
        return kopie

    @property
    def profiel(self) -> RisicoProfiel:
        """The risk profile in force."""
        profiel: RisicoProfiel = self.context.profiel
        return profiel

    @property
    def kleur(self) -> str | None:
        """groen, oranje or rood; None when not judged."""
        return self.beoordeling.kleur if self.beoordeling else None

    @property
    def werkkleur(self) -> str | None:
        """The colour that is acted on: ours, or as the profile says the supplier's. Red of ours always stays red."""
        ons, zijn = self.kleur, self.leverancier[0] if self.leverancier else None
        wie_wint = self.profiel.oordeel_leverancier
        if ons is None or zijn is None or wie_wint == "tonen" or ons == "rood":
            return ons
        return zijn if wie_wint == "leverancier" else max(ons, zijn, key=_STRENG.__getitem__)

    @property
    def redenen(self) -> tuple[str, ...]:
        """Reason codes of the last decision, sorted."""
        return self.beoordeling.redenen if self.beoordeling else ()

    @property
    def verhuizers(self) -> tuple[str, ...]:
        """Pseudonyms of the movers."""
        return self.aangifte.pseudoniemen if self.aangifte else ()

    @property
    def betrokkenen(self) -> frozenset[str]:
        """Whose declaration it is: the movers and the declarer."""
        aangever = self.aangifte.aangever if self.aangifte else None
        return frozenset((*self.verhuizers, aangever)) - {None} if aangever else frozenset(self.verhuizers)

    @property
    def behandelaar(self) -> str | None:
        """The medewerker who has it in hand."""
        return self.behandeling.medewerker

    @property
    def team(self) -> str:
        """The team that owns the work: of the handler, else of the profile."""
        return self.behandeling.team or self.profiel.team

    @property
    def aangehouden_tot(self) -> date | None:
        """Until when a decision is held; None when it is not."""
        return self.beoordeling.aangehouden_tot if self.beoordeling else None

    @property
    def wacht_op_ambtenaar(self) -> bool:
        """True when a person must look: orange, red or a green one in the sample, and nobody decided all of it yet."""
        b = self.beoordeling
        if b is None or self.reden_niet_beoordelen or not self.loopt or self.uitvoering_begonnen:
            return False
        return (self.werkkleur != "groen" or b.steekproef) and not self.alles_besloten

    @property
    def alles_besloten(self) -> bool:
        """True when an official decided about every mover declared now."""
        return bool(self.verhuizers) and all(wie in self.besluiten for wie in self.verhuizers)

    @property
    def goedgekeurd(self) -> tuple[str, ...]:
        """The movers an official approved, in the order declared."""
        besluiten = self.besluiten
        return tuple(p for p in self.verhuizers if p in besluiten and besluiten[p].soort == GOEDGEKEURD)

    @property
    def loopt(self) -> bool:
        """True while there is a declaration on an open zaak that nobody withdrew or finished."""
        dicht = self.zaak.gesloten or self.zaak.verwijderd or self.ingetrokken or self.afgerond is not None
        return self.aangifte is not None and not dicht

    @property
    def reden_niet_beoordelen(self) -> str | None:
        """Why this zaak is not judged at all: closed when first seen, mode off, profile not in force yet; else None."""
        if self.zaak.gesloten_bij_eerste and not self.zaak.heropend:
            return GESLOTEN
        if not self.loopt or self.beoordeling is not None:
            return None
        if self.profiel.modus == "uit":
            return MODUS_UIT
        return NIET_GELDIG if self.vandaag < self.profiel.geldig_vanaf else None

    @property
    def uitvoering_begonnen(self) -> bool:
        """True once an opdracht was sent that cannot be taken back: from then on nothing is judged again."""
        return self.verwerking is not None or self.opdracht(namen.ZET_RESULTAAT) is not None

    @property
    def mislukt(self) -> tuple[OpdrachtStand, ...]:
        """Opdrachten that ended without success, for the page."""
        return tuple(opdracht for opdracht in self.opdrachten.values() if opdracht.stand == "mislukt")

    @property
    def bevestiging_blijft_uit(self) -> bool:
        """True when the registry did not confirm in the time allowed."""
        wacht = self.verwerking is not None and len(self.bevestigd) < len(self.verwerking.verhuizers)
        return wacht and any(naam == namen.BEVESTIGING for naam, _ in self.verstreken)

    @property
    def fatale_datum(self) -> date | None:
        """The last day of the decision term, with the days the clock stood still."""
        start = self.zaak.startdatum or (self.aangifte.ontvangst if self.aangifte else None)
        if start is None:
            return None
        doorlooptijd = dagen_van(self.zaak.doorlooptijd) or self.profiel.doorlooptijd_dagen
        extra = self.profiel.gelijkgestelde_dagen
        return fatale_dag(start, self.zaak.uiterlijk, doorlooptijd, self.opgeschort_dagen, extra)

    @property
    def vandaag(self) -> date:
        """The calendar date of the last event: a flow knows no other."""
        return lokale_dag(self.tijd)

    def opdracht(self, stap: str) -> OpdrachtStand | None:
        """Return the opdracht of one step, or None when it was not given."""
        return next((opdracht for opdracht in self.opdrachten.values() if opdracht.stap == stap), None)

    def uitgevoerd(self, stap: str) -> bool:
        """Return True when the opdracht of one step was carried out."""
        opdracht = self.opdracht(stap)
        return opdracht is not None and opdracht.stand == "uitgevoerd"
