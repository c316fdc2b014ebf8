# SPDX-License-Identifier: EUPL-1.2
"""Building blocks for tests of the flows: facts as the connectors put them down, and a hub in miniature to run them in.

Everything is deterministic: pseudonyms and burgerservicenummers follow from a number, ids from the fact.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import fastavro

from hub.events import PERSONEN, ZAKEN, Event, fact_id, flow_id
from hub.flows import claims, verhuizing
from hub.flows.base import Feit, FlowContext, Opdracht, Termijn
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.aangifte import Aangifte, lees_aangifte
from hub.flows.verhuizing.feiten import Adres, Antwoord, Bewoning, Personen, Zaken, lees_adres
from hub.flows.verhuizing.persoon import lees_persoon
from hub.flows.verhuizing.predicaten import Invoer, Uitslag
from hub.flows.verhuizing.profiel import RisicoProfiel
from hub.flows.verhuizing.uitleg import REDENEN
from hub.privacy import elfproef

GEMEENTE, GEMEENTECODE = "emmen", "0114"
ZAAK = "11111111-1111-4111-8111-111111111111"
ANDERE_ZAAK = "22222222-2222-4222-8222-222222222222"
ONTVANGST = date(2026, 9, 1)  # a Tuesday
OUD_OBJECT, OUDE_NUMMERAANDUIDING = "0114010000000001", "0114200000000001"
NIEUW_OBJECT, NIEUWE_NUMMERAANDUIDING = "0114010000000002", "0114200000000002"
ANDER_OBJECT = "0114010000000003"
LEVERT = (
    *("naam", "geboorte", "verblijfplaats", "gemeenteVanInschrijving", "indicatieCurateleRegister", "rni", "inOnderzoek"),
    *("opschortingBijhouding", "partners", "partners.ontbindingHuwelijkPartnerschap", "kinderen", "gezag"),
    *("verblijfplaats.inOnderzoek", "verblijfplaats.verblijfadres.inOnderzoek", "bewoning.inOnderzoek"),
    "verblijfplaats.indicatieVastgesteldVerblijftNietOpAdres",
)
SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


def pseudoniem(nummer: int) -> str:
    """The pseudonym of test person ``nummer``."""
    return f"{nummer:032x}"


@functools.cache
def bsn(nummer: int) -> str:
    """The ``nummer``-th burgerservicenummer of the test range that passes the elfproef."""
    goede = (str(getal) for getal in range(999900000, 1000000000) if elfproef(str(getal)))
    return next(getal for volgorde, getal in enumerate(goede) if volgorde == nummer)


A, B, C, D = (pseudoniem(nummer) for nummer in (1, 2, 3, 4))  # declarer, partner, child, somebody else


def nummer_van(wie: str) -> int:
    """The number of a test person."""
    return int(wie, 16)


def profiel(**anders: Any) -> RisicoProfiel:
    """A risk profile in force, mode actief, without a sample."""
    standaard = {"versie": "test-1", "auteur": "A. de Boer", "tweede_persoon": "C. Jansen", "geldig_vanaf": "2020-01-01"}
    return RisicoProfiel.model_validate({**standaard, "modus": "actief", "steekproef": 0.0, **anders})


def context(stream: str = ZAAK, **anders: Any) -> FlowContext:
    """What stands fixed while a flow runs on ``stream``."""
    return FlowContext(gemeente=GEMEENTE, gemeentecode=GEMEENTECODE, stream=stream, profiel=profiel(**anders))


@dataclass(frozen=True)
class Fact:
    """A fact that a connector or person is about to put into a stream."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    besloten: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    id: str | None = None


def event(fact: Fact, *, key: str = ZAAK, sequence: int = 1, time: datetime | None = None, topic: str = ZAKEN) -> Event:
    """The event that fact becomes."""
    return Event(
        id=fact.id or fact_id(fact.type, key, str(sequence)),
        type=fact.type,
        source="urn:nld:oin:00000001001234567000:systeem:wissel",
        gemeente=GEMEENTE,
        topic=topic,
        key=key,
        sequence=sequence,
        time=time or datetime(2026, 9, 1, 8, 0, tzinfo=UTC),
        data=fact.data,
        besloten=fact.besloten,
    )


# ------------------------------------------------------------------------------------------------------- declaration


def naam(wie: str) -> dict[str, str]:
    """The name under which test person ``wie`` declares and is registered."""
    return {"voornamen": f"Voornaam{nummer_van(wie)}", "geslachtsnaam": f"Achternaam{nummer_van(wie)}"}


def adres(**anders: Any) -> dict[str, Any]:
    """The address text of the new address."""
    standaard = {"straat": "Nieuweweg", "huisnummer": 2, "postcode": "7811AB", "woonplaats": "Emmen"}
    return {**standaard, "huisletter": None, "huisnummertoevoeging": None, **anders}


def verhuizer(wie: str, code: str = "I") -> dict[str, str]:
    """A mover."""
    return {"pseudoniem": wie, "code": code}


def gelezen(*, zaak: str = ZAAK, adrestekst: Mapping[str, Any] | None = None, **anders: Any) -> Fact:
    """A plain declaration of A for A alone, complete, received on ``ONTVANGST`` about a move on that day."""
    data: dict[str, Any] = {
        "zaaktypeIdentificatie": "B0366",
        "volledig": True,
        "wachtreden": None,
        "ontvangstdatum": ONTVANGST.isoformat(),
        "verhuisdatum": ONTVANGST.isoformat(),
        "functieAdres": "W",
        "inwonend": False,
        "kanaal": "website",
        "authenticatie": {"middel": "digid", "niveau": "midden"},
        "indicatieMachtiging": None,
        "aangever": A,
        "aantalInitiatoren": 1,
        "hoofdbewoner": None,
        "toestemming": None,
        "verhuizers": [verhuizer(A)],
        "nieuwAdresBagId": NIEUW_OBJECT,
        "nieuwAdresNummeraanduiding": NIEUWE_NUMMERAANDUIDING,
        "adresAanwezig": True,
        "ontbreekt": [],
        "geslotenBijEersteWaarneming": False,
        **anders,
    }
    wie = {p for p in (data["aangever"], data["hoofdbewoner"], *(v["pseudoniem"] for v in data["verhuizers"])) if p}
    besloten: dict[str, Any] = {p: {"bsn": bsn(nummer_van(p)), "naam": naam(p)} for p in sorted(wie)}
    if data["adresAanwezig"]:
        besloten[f"zaak:{zaak}"] = {"adres": dict(adrestekst or adres())}
    return Fact(namen.GELEZEN, data, besloten)


def aangifte(**anders: Any) -> Aangifte:
    """The typed view of a plain declaration."""
    return lees_aangifte(event(gelezen(**anders)))


def geregistreerd(**anders: Any) -> Fact:
    """The zaak itself, P28D."""
    data = {
        "startdatum": ONTVANGST.isoformat(),
        "registratiedatum": ONTVANGST.isoformat(),
        "einddatum": None,
        "einddatumGepland": None,
        "uiterlijkeEinddatumAfdoening": None,
        "doorlooptijd": "P28D",
        "communicatiekanaal": "website",
        "geslotenBijEersteWaarneming": False,
        **anders,
    }
    return Fact(namen.ZAAK_GEREGISTREERD, data)


def status_gezet() -> Fact:
    """The first status, as the e-form sets it."""
    return Fact(namen.STATUS_GEZET, {"volgnummer": 1, "isEindstatus": False})


# ------------------------------------------------------------------------------------------------------------ persons


def datum(dag: date | str) -> dict[str, Any]:
    """A wholly known date as the BRP API gives it."""
    return {"type": "Datum", "datum": str(dag), "langFormaat": str(dag)}


def jaar_maand(jaar: int, maand: int) -> dict[str, Any]:
    """A date known to the month."""
    return {"type": "JaarMaandDatum", "jaar": jaar, "maand": maand}


def jaar(jaar: int) -> dict[str, Any]:
    """A date known to the year."""
    return {"type": "JaarDatum", "jaar": jaar}


DATUM_ONBEKEND = {"type": "DatumOnbekend", "onbekend": True}


def verblijfplaats(object_id: str = OUD_OBJECT, van: Any = "2015-03-01", functie: str = "W", **anders: Any) -> dict[str, Any]:
    """An address in the register."""
    return {
        "type": "Adres",
        "functieAdres": {"code": functie, "omschrijving": "woonadres"},
        "adresseerbaarObjectIdentificatie": object_id,
        "nummeraanduidingIdentificatie": object_id.replace("01000", "20000", 1),
        "datumVan": datum(van) if isinstance(van, str) else van,
        "verblijfadres": {"officieleStraatnaam": "Oudeweg", "huisnummer": 1, "postcode": "7811AA", "woonplaats": "Emmen"},
        **anders,
    }


def persoon(wie: str = A, *, geboren: Any = "1985-05-05", **anders: Any) -> dict[str, Any]:
    """An adult of Emmen about whom nothing is the matter; ``anders`` replaces elements, None takes one away."""
    json_persoon = {
        "burgerservicenummer": bsn(nummer_van(wie)),
        "naam": naam(wie),
        "geboorte": {"datum": datum(geboren) if isinstance(geboren, str) else geboren},
        "gemeenteVanInschrijving": {"code": GEMEENTECODE, "omschrijving": "Emmen"},
        "verblijfplaats": verblijfplaats(),
        "verblijfplaatshistorie": [verblijfplaats(), verblijfplaats(ANDER_OBJECT, van="2008-01-01")],
        **anders,
    }
    return {element: waarde for element, waarde in json_persoon.items() if waarde is not None}


def partner_van(wie: str | None, soort: str = "H", **anders: Any) -> dict[str, Any]:
    """A spouse (H) or registered partner (P) as a person's record names one; None: without burgerservicenummer."""
    deel = {"soortVerbintenis": {"code": soort}, **anders}
    return {**deel, "pseudoniem": wie} if wie else deel


def gezamenlijk_gezag(kind: str, *ouders: str) -> dict[str, Any]:
    """Two parents have gezag."""
    houders = [{"pseudoniem": ouder} for ouder in ouders]
    return {"type": "GezamenlijkOuderlijkGezag", "minderjarige": {"pseudoniem": kind}, "ouders": houders}


def eenhoofdig_gezag(kind: str, ouder: str) -> dict[str, Any]:
    """One parent has gezag."""
    return {"type": "EenhoofdigOuderlijkGezag", "minderjarige": {"pseudoniem": kind}, "ouder": {"pseudoniem": ouder}}


def gezin() -> dict[str, dict[str, Any]]:
    """A and B, married, with their child C of eight; all at the old address."""
    return {
        A: persoon(A, partners=[partner_van(B)], kinderen=[{"pseudoniem": C}]),
        B: persoon(B, partners=[partner_van(A)], kinderen=[{"pseudoniem": C}]),
        C: persoon(C, geboren="2018-02-03", gezag=[gezamenlijk_gezag(C, A, B)]),
    }


def personen_opgehaald(
    personen: Mapping[str, Any] | None = None, *, opdracht: str = "?", levert: Iterable[str] = LEVERT
) -> Fact:
    """What the BRP gave; a value of None: asked for and not found."""
    personen = {A: persoon(A)} if personen is None else personen
    data = {
        "opdrachtId": opdracht,
        "bron": "brp",
        "tijdstip": "2026-09-01T08:00:00Z",
        "gatewayProfiel": "test",
        "levert": list(levert),
        "personen": [{"pseudoniem": p, "rol": "verhuizer", "gevonden": json is not None} for p, json in personen.items()],
    }
    besloten = {p: json for p, json in personen.items() if json is not None}
    return Fact(namen.PERSONEN_OPGEHAALD, data, besloten)


# -------------------------------------------------------------------------------------------- address and occupancy


def adres_kandidaat(**anders: Any) -> dict[str, Any]:
    """A home in Emmen of 100 m2, in use."""
    return {
        "nummeraanduidingIdentificatie": NIEUWE_NUMMERAANDUIDING,
        "adresseerbaarObjectIdentificatie": NIEUW_OBJECT,
        "typeAdresseerbaarObject": "Verblijfsobject",
        "adresseerbaarObjectStatus": "Verblijfsobject in gebruik",
        "nummeraanduidingStatus": "Naamgeving uitgegeven",
        "indicatieNevenadres": False,
        "gebruiksdoelen": ["woonfunctie"],
        "oppervlakte": 100,
        "inonderzoek": False,
        "geconstateerd": False,
        "panden": [{"identificatie": "0114100000000002", "status": "Pand in gebruik"}],
        "bronhouderCode": GEMEENTECODE,
        "bronhouderNaam": "Emmen",
        **anders,
    }


def adres_opgehaald(*kandidaten: Mapping[str, Any], opdracht: str = "?", zaak: str = ZAAK) -> Fact:
    """What the BAG gave: exactly the candidates named."""
    teksten = [{"nummeraanduidingIdentificatie": k.get("nummeraanduidingIdentificatie"), **adres()} for k in kandidaten]
    data = {
        "opdrachtId": opdracht,
        "bron": "bag",
        "tijdstip": "2026-09-01T08:00:00Z",
        "kandidaten": json.dumps(list(kandidaten)),
    }
    return Fact(namen.ADRES_OPGEHAALD, data, {f"zaak:{zaak}": {"adressen": teksten}})


def bewoning_opgehaald(*bewoners: str, opdracht: str = "?", onderzoek: Iterable[str] = (), **anders: Any) -> Fact:
    """Who lives at the new address."""
    in_onderzoek = set(onderzoek)
    data = {
        "opdrachtId": opdracht,
        "bron": "brp-bewoning",
        "tijdstip": "2026-09-01T08:00:00Z",
        "adresseerbaarObjectIdentificatie": NIEUW_OBJECT,
        "peildatum": ONTVANGST.isoformat(),
        "indicatieVeelBewoners": False,
        "bewoners": [{"pseudoniem": p, "inOnderzoek": p in in_onderzoek} for p in bewoners],
        "mogelijkeBewoners": [],
        **anders,
    }
    return Fact(namen.BEWONING_OPGEHAALD, data)


def zaken_gevonden(per_verhuizer: Mapping[str, list[dict[str, Any]]] | None = None, *, opdracht: str = "?") -> Fact:
    """Other open zaken per mover."""
    elementen = [{"pseudoniem": p, "zaken": zaken} for p, zaken in (per_verhuizer or {}).items()]
    data = {"opdrachtId": opdracht, "tijdstip": "2026-09-01T08:00:00Z", "perVerhuizer": elementen}
    return Fact(namen.ZAKEN_GEVONDEN, data)


def andere_zaak(uuid: str = ANDERE_ZAAK, soort: str = "verhuizing") -> dict[str, Any]:
    """An open zaak as the case system lists it."""
    return {"uuid": uuid, "zaaktypeIdentificatie": "B0366", "soort": soort, "startdatum": ONTVANGST.isoformat()}


def niet_beschikbaar(wat: str, *, opdracht: str = "?") -> Fact:
    """A source stayed away."""
    data = {"opdrachtId": opdracht, "bron": wat, "wat": wat, "reden": "geen-antwoord", "uitleg": "geen antwoord"}
    return Fact(namen.NIET_BESCHIKBAAR, data)


# --------------------------------------------------------------------------------------------- input of a predicate


def invoer(
    *,
    personen: Mapping[str, Any] | None = None,
    levert: Iterable[str] = LEVERT,
    kandidaten: Iterable[Mapping[str, Any]] | None = None,
    bewoning: Bewoning | None = None,
    zaken: Zaken | None = None,
    antwoorden: Mapping[str, Antwoord] | None = None,
    profiel: RisicoProfiel | None = None,
    datum_bereikt: bool = False,
    grens_bereikt: bool = False,
    **aangegeven: Any,
) -> Invoer:
    """The input of a plain green move, with what is named instead; other keywords change the declaration."""
    gelezen_personen = {p: lees_persoon(p, json) for p, json in ({A: persoon(A)} if personen is None else personen).items()}
    keuze = [adres_kandidaat()] if kandidaten is None else list(kandidaten)
    gevonden: Adres = lees_adres(event(adres_opgehaald(*keuze)))
    return Invoer(
        zaak=ZAAK,
        gemeente=GEMEENTE,
        gemeentecode=GEMEENTECODE,
        profiel=profiel or _PROFIEL,
        aangifte=aangifte(**aangegeven),
        adres=gevonden,
        personen=Personen(gelezen_personen, frozenset(levert)),
        bewoning=bewoning or Bewoning(NIEUW_OBJECT, False, (), frozenset(), ()),
        zaken=zaken or Zaken({}),
        antwoorden=antwoorden or {},
        datum_bereikt=datum_bereikt,
        grens_bereikt=grens_bereikt,
    )


_PROFIEL = profiel()


def codes(uitslag: Uitslag) -> list[str]:
    """The reason codes of an outcome, sorted; each one is explained."""
    assert all(bevinding.code in REDENEN for bevinding in uitslag.bevindingen)
    return sorted({bevinding.code for bevinding in uitslag.bevindingen})


# ------------------------------------------------------------------------------------------------ a hub in miniature


@functools.cache
def _schema(event_type: str) -> Any:
    tekst = json.loads((SCHEMAS / f"{event_type}.avsc").read_text(encoding="utf-8"))
    tekst["fields"] = [veld for veld in tekst["fields"] if veld["name"] != "besloten"]
    return fastavro.parse_schema(tekst)


def past_bij_schema(event_type: str, data: Mapping[str, Any]) -> None:
    """Fail when the open part is not what the published schema says, with no field more."""
    schema = _schema(event_type)
    fastavro.validate(dict(data), schema, raise_errors=True)
    teveel = set(data) - {veld["name"] for veld in schema["fields"]}
    assert not teveel, f"{event_type} has no {teveel}"


class Rit:
    """One stream of one flow: gives events their sequence, folds, asks ``decide`` until it answers nothing.

    ``log`` is the stream, ``opdrachten`` maps opdracht id to what was instructed, ``buiten`` holds what goes to other
    streams and ``termijnen`` the terms that run.
    """

    def __init__(self, flow: Any = verhuizing.FLOW, vast: FlowContext | None = None, *, tijd: datetime | None = None) -> None:
        self.flow, self.context = flow, vast or context()
        self.staat = flow.begin(self.context)
        self.tijd = tijd or datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
        self.log: list[Event] = []
        self.opdrachten: dict[str, Opdracht] = {}
        self.buiten: list[tuple[Feit, str]] = []
        self.termijnen: dict[str, datetime] = {}

    def geef(self, *facts: Fact, beslis: bool = True) -> Rit:
        """Put facts into the stream, each folded and (unless told not to) decided on."""
        for fact in facts:
            self._log(fact)
            if beslis:
                self.beslis()
        return self

    def beslis(self) -> None:
        """Ask the flow what must be done now, until nothing is left."""
        for _ in range(50):
            antwoorden = self.flow.decide(self.staat)
            if not antwoorden:
                return
            self._neem_aan(antwoorden)
        raise AssertionError("the flow does not come to rest")

    def opdracht_van_medewerker(self, command: Any) -> Rit:
        """Give an official's command."""
        self._neem_aan(self.flow.handle(self.staat, command))
        self.beslis()
        return self

    def verstrijk(self, term: str) -> Rit:
        """Let a running term pass."""
        vervalt = self.termijnen.pop(term)
        self.tijd = max(self.tijd, vervalt)
        data = {"termijn": fact_id(term, str(vervalt)), "naam": term, "vervalt": _z(vervalt)}
        return self.geef(Fact(namen.TERMIJN_VERSTREKEN, data))

    def open(self, soort: str) -> list[str]:
        """The ids of the opdrachten of one soort that have no outcome yet, oldest first."""
        gegeven = [nr for nr, opdracht in self.opdrachten.items() if opdracht.soort == soort]
        klaar = {e.data.get("opdrachtId") for e in self.log if e.type != namen.OPDRACHT_GEGEVEN}
        return [nr for nr in gegeven if nr not in klaar]

    def voer_uit(self, soort: str) -> Rit:
        """Report every open opdracht of one soort as done."""
        for nr in self.open(soort):
            stap = self.opdrachten[nr].step
            self.geef(Fact(namen.OPDRACHT_UITGEVOERD, {"opdrachtId": nr, "soort": soort, "stap": stap, "uitkomst": "{}"}))
        return self

    def soorten(self) -> list[str]:
        """The soorten of all opdrachten, in order."""
        return [opdracht.soort for opdracht in self.opdrachten.values()]

    def van_type(self, event_type: str) -> list[Event]:
        """The events of one type in the stream."""
        return [e for e in self.log if e.type == event_type]

    def _log(self, fact: Fact) -> Event:
        logged = event(fact, key=self.context.stream, sequence=len(self.log) + 1, time=self.tijd, topic=self.flow.topic)
        self.log.append(logged)
        self.staat = self.flow.evolve(self.staat, logged)
        self.tijd += timedelta(milliseconds=5)
        return logged

    def _neem_aan(self, antwoorden: Iterable[Any]) -> None:
        oorzaak = self.log[-1].id if self.log else "begin"
        for antwoord in antwoorden:
            if isinstance(antwoord, Feit):
                self._feit(antwoord, oorzaak)
            elif isinstance(antwoord, Opdracht):
                self._opdracht(antwoord, oorzaak)
            elif isinstance(antwoord, Termijn):
                self.termijnen[antwoord.naam] = antwoord.vervalt
                data = {
                    "termijn": fact_id(antwoord.naam, oorzaak),
                    "naam": antwoord.naam,
                    "vervalt": _z(antwoord.vervalt),
                    "wachtOpBron": antwoord.wacht_op_bron,
                }
                self._log(Fact(namen.TERMIJN_GEZET, data))
            else:
                self.termijnen.pop(antwoord.naam)
                self._log(Fact(namen.TERMIJN_VERVALLEN, {"termijn": fact_id(antwoord.naam), "naam": antwoord.naam}))

    def _id(self, oorzaak: str, step: str, topic: str, key: str) -> str:
        return flow_id(gemeente=GEMEENTE, flow=self.flow.name, topic=topic, key=key, cause_id=oorzaak, step=step)

    def _feit(self, feit: Feit, oorzaak: str) -> None:
        past_bij_schema(feit.type, feit.data)
        nr = self._id(oorzaak, feit.step, feit.topic or self.flow.topic, feit.key or self.context.stream)
        if feit.key is not None:
            self.buiten.append((feit, nr))
            return
        assert all(nr != e.id for e in self.log), f"two facts with one id: {feit.type} {feit.step}"
        self._log(Fact(feit.type, feit.data, feit.besloten, nr))

    def _opdracht(self, opdracht: Opdracht, oorzaak: str) -> None:
        nr = self._id(oorzaak, opdracht.step, f"wissel.opdrachten.{opdracht.connector}", self.context.stream)
        assert nr not in self.opdrachten, f"two opdrachten with one id: {opdracht.step}"
        self.opdrachten[nr] = opdracht
        data = {
            "opdrachtId": nr,
            "connector": opdracht.connector,
            "soort": opdracht.soort,
            "stap": opdracht.step,
            "openbaar": json.dumps(dict(opdracht.data)),
        }
        past_bij_schema(namen.OPDRACHT_GEGEVEN, data)
        self._log(Fact(namen.OPDRACHT_GEGEVEN, data))


def _z(tijd: datetime) -> str:
    return tijd.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Bronnen:
    """What the sources in the miniature world know; a test changes it while the world runs."""

    personen: dict[str, Any] = field(default_factory=lambda: {A: persoon(A)})
    kandidaten: list[dict[str, Any]] = field(default_factory=lambda: [adres_kandidaat()])
    bewoners: list[str] = field(default_factory=list)
    zaken: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    levert: list[str] = field(default_factory=lambda: list(LEVERT))
    weg: set[str] = field(default_factory=set)


class Wereld:
    """Both flows over all their streams, with connectors that answer every question and confirm every instruction.

    ``bevestig``: whether the registry does what it is told, and its change comes back. ``weg`` in ``bronnen`` names
    sources that stay away.
    """

    def __init__(self, bronnen: Bronnen | None = None, *, bevestig: bool = True, **anders: Any) -> None:
        self.bronnen, self.bevestig, self.anders = bronnen or Bronnen(), bevestig, anders
        self.zaken: dict[str, Rit] = {}
        self.personen: dict[str, Rit] = {}
        self.gedaan: set[str] = set()

    def zaak(self, uuid: str = ZAAK) -> Rit:
        """The stream of one zaak."""
        return self.zaken.setdefault(uuid, Rit(verhuizing.FLOW, context(uuid, **self.anders)))

    def sleutel(self, sleutel: str) -> Rit:
        """The stream of one person or address."""
        return self.personen.setdefault(sleutel, Rit(claims.FLOW, context(sleutel)))

    def geef(self, *facts: Fact, zaak: str = ZAAK) -> Rit:
        """Put facts into a zaak's stream and let the world run until it is at rest."""
        self.zaak(zaak).geef(*facts)
        self.draai()
        return self.zaak(zaak)

    def meld(self, wie: str, *facts: Fact) -> None:
        """Put facts (marks, registry changes) into the stream of a person or address."""
        self.sleutel(f"{GEMEENTE}:{wie}").geef(*facts)
        self.draai()

    def draai(self) -> None:
        """Deliver and answer until nothing happens any more."""
        for _ in range(200):
            if not (self._bezorg() or self._antwoord()):
                return
        raise AssertionError("the world does not come to rest")

    def _bezorg(self) -> bool:
        bezorgd = False
        for rit in [*self.zaken.values(), *self.personen.values()]:
            feiten, rit.buiten = rit.buiten, []
            for feit, nr in feiten:
                assert feit.key is not None
                doel = self.sleutel(feit.key) if feit.topic == PERSONEN else self.zaak(feit.key)
                doel.geef(Fact(feit.type, feit.data, feit.besloten, nr))
                bezorgd = True
        return bezorgd

    def _antwoord(self) -> bool:
        for rit in list(self.zaken.values()):
            for nr, opdracht in list(rit.opdrachten.items()):
                if nr not in self.gedaan:
                    self.gedaan.add(nr)
                    self._voer_uit(rit, nr, opdracht)
                    return True
        return False

    def _voer_uit(self, rit: Rit, nr: str, opdracht: Opdracht) -> None:
        halen: dict[str, Callable[[], Fact]] = {
            "adres": lambda: adres_opgehaald(*self.bronnen.kandidaten, opdracht=nr, zaak=rit.context.stream),
            "personen": lambda: self._personen(nr, opdracht),
            "bewoning": lambda: bewoning_opgehaald(*self.bronnen.bewoners, opdracht=nr),
            "zaken": lambda: zaken_gevonden(self.bronnen.zaken, opdracht=nr),
        }
        wat = opdracht.soort.rpartition("-")[2]
        if opdracht.soort.startswith(("haal-", "zoek-")):
            rit.geef(niet_beschikbaar(wat, opdracht=nr) if wat in self.bronnen.weg else halen[wat]())
            return
        data = {"opdrachtId": nr, "soort": opdracht.soort, "stap": opdracht.step, "uitkomst": "{}"}
        rit.geef(Fact(namen.OPDRACHT_UITGEVOERD, data))
        if opdracht.soort == namen.VERWERK and self.bevestig:
            self._registreer(opdracht.data)

    def _personen(self, nr: str, opdracht: Opdracht) -> Fact:
        gevraagd = [p["pseudoniem"] for p in opdracht.data["personen"]]
        assert set(opdracht.besloten) == set(gevraagd)
        gezag = [h for p in gevraagd for h in self._houders(p) if h not in gevraagd and h in self.bronnen.personen]
        gevonden = {p: self.bronnen.personen.get(p) for p in [*gevraagd, *gezag]}
        return personen_opgehaald(gevonden, opdracht=nr, levert=self.bronnen.levert)

    def _houders(self, wie: str) -> list[str]:
        gezag = lees_persoon(wie, self.bronnen.personen.get(wie)).gezag
        return [houder for relatie in gezag for houder in relatie.houders if houder]

    def _registreer(self, data: Mapping[str, Any]) -> None:
        for mover in data["verhuizers"]:
            self.sleutel(f"{GEMEENTE}:{mover['pseudoniem']}").geef(verhuisd(mover["pseudoniem"], van=data["verhuisdatum"]))


def verhuisd(wie: str, *, naar: str = NIEUW_OBJECT, van: str = "2026-09-01", functie: str = "W") -> Fact:
    """The registry's own fact that somebody moved within the gemeente."""
    data = {
        "datum": van,
        "gemeenteVan": GEMEENTECODE,
        "gemeenteNaar": GEMEENTECODE,
        "adresseerbaarObjectIdentificatie": naar,
        "nummeraanduidingIdentificatie": None,
        "functieAdres": functie,
        "ontbrekendeElementen": [],
        "sha256Oud": "0" * 64,
        "sha256Nieuw": "1" * 64,
    }
    nieuw = verblijfplaats(naar, van=van, functie=functie)
    besloten = {wie: {"oud": {"verblijfplaats": verblijfplaats()}, "nieuw": {"verblijfplaats": nieuw}}}
    return Fact("nl.brp.verhuisd.binnengemeentelijk.v1", data, besloten)
