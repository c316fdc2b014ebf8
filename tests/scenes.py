# SPDX-License-Identifier: EUPL-1.2
"""Zaken in every situation a page can show, told as the events that lead there."""

from __future__ import annotations

from typing import Any

from nephub import EMMEN, NepHub, bsns

from hub.privacy import Bsn
from hub.stand import Beeld, Bevinding, Bouw, Geparkeerd, Positie, Stand, Stap, Verbinding, Vulling, Werk
from projections.beoordelingen import PROJECTION as BEOORDELINGEN
from projections.inzage import PROJECTION as INZAGE
from projections.klantbeeld import PROJECTION as KLANTBEELD
from projections.stand import PROJECTION as STAND
from projections.werkvoorraad import PROJECTION as WERKVOORRAAD
from projections.zaakverloop import PROJECTION as ZAAKVERLOOP

ALL = (ZAAKVERLOOP, WERKVOORRAAD, KLANTBEELD, BEOORDELINGEN, STAND, INZAGE)
PEOPLE = bsns(40)
BASE = "http://zaak.example/emmen/zaken/api/v1"
AANGIFTE = "nl.wissel.verhuisaangifte."


def uuid(number: int) -> str:
    return f"0b000000-0000-4000-8000-{number:012d}"


def pseudo(number: int, gemeente: Any = EMMEN) -> str:
    return gemeente.pseudonym(Bsn(PEOPLE[number]))


def persoon(*, born: str = "1990-05-17", geheim: bool = False, name: str = "Jansen") -> dict[str, Any]:
    found: dict[str, Any] = {
        "naam": {"voornamen": "Anna", "voorvoegsel": "de", "geslachtsnaam": name},
        "geboorte": {"datum": {"type": "Datum", "datum": born, "langFormaat": born}},
    }
    return {**found, "geheimhoudingPersoonsgegevens": True} if geheim else found


class Move:
    """One declaration of a move, told step by step."""

    def __init__(
        self, hub: NepHub, number: int, *, movers: tuple[int, ...] = (), declarer: int | None = None, gemeente: str = "emmen"
    ) -> None:
        self.hub, self.number, self.uuid, self.gemeente = hub, number, uuid(number), gemeente
        self.at = hub.gemeenten[gemeente]
        self.movers = movers or (number,)
        self.declarer = declarer if declarer is not None else self.movers[0]

    def who(self, number: int) -> str:
        return pseudo(number, self.at)

    def put(self, type_: str, data: dict[str, Any], besloten: Any = None, **more: Any) -> Any:
        return self.hub.put(type_, self.uuid, data, besloten, gemeente=self.gemeente, **more)

    def fact(self, what: str, data: dict[str, Any], **more: Any) -> Any:
        common = {"resourceUrl": f"{BASE}/zaken/{self.uuid}", "aanmaakdatum": None, "wie": None}
        return self.put(f"nl.overheid.zaken.{what}.v1", {**common, **data}, system="zaaksysteem", **more)

    def registered(self, **changes: Any) -> Move:
        self.fact("zaak-geregistreerd", {
            "zaak": f"{BASE}/zaken/{self.uuid}", "uuid": self.uuid, "identificatie": f"ZAAK-2026-{self.number:05d}",
            "bronorganisatie": "001120649", "zaaktype": f"{BASE}/zt", "zaaktypeIdentificatie": "B0366",
            "zaaktypeOmschrijving": "Aangifte verhuizing behandelen", "registratiedatum": "2026-03-02",
            "startdatum": "2026-03-02", "einddatum": None, "einddatumGepland": "2026-03-09",
            "uiterlijkeEinddatumAfdoening": "2026-03-30", "doorlooptijd": "P28D", "communicatiekanaal": "",
            "vertrouwelijkheidaanduiding": "zaakvertrouwelijk", "geslotenBijEersteWaarneming": False, **changes,
        })  # fmt: skip
        return self

    def status(self, name: str, number: int, at: str, *, end: bool = False, **more: Any) -> Move:
        url = f"{BASE}/statussen/{self.uuid}-{number}"
        self.fact("status-gezet", {
            "resourceUrl": url, "status": url, "statustype": f"{BASE}/st/{number}", "omschrijving": name,
            "volgnummer": number, "isEindstatus": end, "datumStatusGezet": at, "statustekst": None, **more,
        })  # fmt: skip
        return self

    def read(self, *, date: str = "2026-03-07", **changes: Any) -> Move:
        secret = {
            self.who(n): {"bsn": PEOPLE[n], "naam": {"voornamen": "Anna", "voorvoegsel": "de", "geslachtsnaam": f"Jansen{n}"}}
            for n in {*self.movers, self.declarer}
        }
        adres = {"straat": "Hoofdstraat", "huisnummer": "12", "huisletter": "A", "postcode": "7811AB", "woonplaats": "Emmen"}
        self.put(AANGIFTE + "gelezen.v1", {
            "zaaktypeIdentificatie": "B0366", "volledig": True, "wachtreden": None, "ontvangstdatum": "2026-03-02",
            "verhuisdatum": date, "functieAdres": "W", "inwonend": False, "kanaal": None, "authenticatie": None,
            "indicatieMachtiging": None, "aangever": self.who(self.declarer), "aantalInitiatoren": 1, "hoofdbewoner": None,
            "toestemming": None, "nieuwAdresBagId": None, "nieuwAdresNummeraanduiding": None, "adresAanwezig": True,
            "verhuizers": [{"pseudoniem": self.who(n), "code": "I" if n == self.declarer else "P"} for n in self.movers],
            "ontbreekt": [], "geslotenBijEersteWaarneming": False, **changes,
        }, {**secret, f"zaak:{self.uuid}": {"adres": adres}})  # fmt: skip
        return self

    def persons(self, **per: dict[str, Any]) -> Move:
        """``persons(p3=persoon(...))`` says what the BRP has about person 3."""
        known = {self.who(n): per.get(f"p{n}", persoon(name=f"Jansen{n}")) for n in {*self.movers, self.declarer}}
        self.put("nl.wissel.gegevens.personen-opgehaald.v1", {
            "opdrachtId": "o1", "bron": "brp-personen", "tijdstip": "2026-03-03T13:00:00Z", "gatewayProfiel": "proef",
            "levert": [], "personen": [{"pseudoniem": p, "rol": "verhuizer", "gevonden": True} for p in known],
        }, known)  # fmt: skip
        return self

    def judged(
        self, colour: str, *reasons: str, held: str | None = None, sample: bool = False, mode: str = "actief", per: Any = None
    ) -> Move:
        movers = per or dict.fromkeys(self.movers, reasons)
        self.put(AANGIFTE + "beoordeeld.v1", {
            "kleur": colour, "aangehoudenTot": held, "aanhoudreden": "verhuisdatum" if held else None,
            "redenen": sorted(reasons),
            "predicaten": [
                {"nr": 6, "uitkomst": colour, "redenen": list(reasons), "invoer": '{"verhuisdatum": "2026-03-07"}',
                 "bron": "aangifte,adres"},
                {"nr": 15, "uitkomst": "niet-getoetst", "redenen": [], "invoer": "{}", "bron": "personen"},
            ],
            "profielVersie": "2026-1", "regelsVersie": "2026-11", "modus": mode, "steekproef": sample,
            "perVerhuizer": [{"pseudoniem": self.who(n), "kleur": colour, "redenen": sorted(r)} for n, r in movers.items()],
            "gekoppeldeZaak": None,
        })  # fmt: skip
        return self

    def done(self, result: str = "Verwerkt") -> Move:
        for n in self.movers:
            self.put(AANGIFTE + "verwerking-bevestigd.v1", {"pseudoniem": self.who(n), "wijziging": "w1"})
        url = f"{BASE}/resultaten/{self.uuid}"
        self.fact(
            "resultaat-gezet", {"resourceUrl": url, "resultaat": url, "resultaattype": f"{BASE}/rt", "omschrijving": result}
        )
        self.status("Afgehandeld", 4, "2026-03-03T13:02:00Z", end=True)
        self.fact("zaak-afgesloten", {"einddatum": "2026-03-03"})
        self.put(AANGIFTE + "afgerond.v1", {"resultaat": result})
        return self

    def asked(self, question: str, *, mover: int | None = None) -> Move:
        self.put(AANGIFTE + "aanvulling-gevraagd.v1", {
            "pseudoniem": None if mover is None else self.who(mover), "door": "behandelaar-sam", "reactieVoor": "2026-03-17",
        }, {f"zaak:{self.uuid}": {"vraag": question}})  # fmt: skip
        return self

    def handled(self, what: str, who: str, **more: Any) -> Move:
        data = {"medewerker": who, "team": "Burgerzaken", "reden": None, "vorige": None, **more}
        self.put(f"nl.wissel.behandeling.{what}.v1", data)
        return self


def start(hub: NepHub, number: int, **more: Any) -> Move:
    """A zaak that was read and of which the persons were fetched."""
    move = Move(hub, number, **more).registered().status("Geregistreerd", 1, "2026-03-02T09:00:00Z").read()
    return move.persons()


def country(hub: NepHub | None = None) -> NepHub:
    """A hub with a zaak in every situation: 1 to 12 in Emmen, 20 in Zwolle."""
    hub = hub or NepHub(ALL)
    start(hub, 1).judged("groen").done()
    start(hub, 2).judged("oranje", "te-laat-aangegeven", "vorige-bewoner-nog-ingeschreven")
    start(hub, 3).judged("rood", "te-vroeg-aangegeven")
    start(hub, 4).judged("groen", held="2026-03-20")
    start(hub, 5).judged("oranje", "naam-wijkt-af").asked("Kunt u een kopie van uw huurcontract sturen?")
    start(hub, 6).judged("groen", sample=True)
    Move(hub, 7).registered().read()
    start(hub, 8, movers=(8, 9, 10)).judged("oranje", "relatie-onbekend").handled("opgepakt", "behandelaar-noor")
    start(hub, 11).judged("groen")
    start(hub, 12).judged("rood", "curatele", "adres-niet-gevonden")
    start(hub, 13).judged("oranje", "te-veel-bewoners").done("Geweigerd")
    start(hub, 20, gemeente="zwolle").judged("oranje", "te-laat-aangegeven")
    return hub


def bad_night(hub: NepHub) -> None:
    """Fill what ops sees with everything that can be wrong at once."""
    since = "2026-03-03T02:14:00Z"
    hub.bediening.bevindingen = [
        Bevinding("storing", over="wissel.db does not work now", sinds=since, alarm=True),
        Bevinding("bron", over="brp (emmen)", aantal=6, sinds=since, alarm=True),
        Bevinding("geparkeerd", aantal=3, sinds=since),
    ]
    parked = {"soort": "nl.overheid.zaken.status-gezet.v1", "uitleg": "onverwachte fout van soort KeyError", "sinds": since}
    parked |= {"laatst": since, "pogingen": 2, "woorden": "Er ging iets mis dat niet was voorzien.", "oorzaak": "KeyError"}
    hub.stand_now = Stand(
        posities=[Positie("flow:verhuizing", "wissel.zaken", n, 100, 120 + n, 95.0) for n in range(2)],
        geparkeerd=[
            Geparkeerd(
                nummer=f"werkvoorraad:1/{n}", lid="werkvoorraad:1", stroom=uuid(n), gebeurtenis=uuid(n), erachter=n, **parked
            )
            for n in (2, 5)
        ],
        opdrachten={"open": 3, "uitgevoerd": 120},
        gebeurtenissen=1_240,
        meldingen_open=7,
    )
    at = hub.clock.now()
    hub.bediening.gezien = Beeld(
        verbindingen=[
            Verbinding(naam="zaaksysteem", gemeente="emmen", laatst=at),
            Verbinding(naam="meldingen", gemeente="emmen", laatst=at, gemist=2),
            Verbinding(naam="brp", gemeente="emmen", mislukt=6, fout="brp: no answer to POST /personen", zekering="open"),
            Verbinding(naam="bag", gemeente="emmen"),
        ],
        werk=[Werk("haal-personen", "open", 3, since), Werk("zet-status", "geparkeerd", 1, since)],
        bouwen=[
            Bouw("werkvoorraad:1", "klaar", True, since),
            Bouw("werkvoorraad:1.2", "bouwt", False, since, Vulling(3_000, 9_000, loopt=True, per_s=120.0)),
        ],
        termijnen=12,
        termijnen_te_laat=1,
        eerste_termijn=since,
        sleutels_vernietigd=9,
        vernietigingen=2,
        laatste_vernietiging=since,
    )
    kinds = (
        "zaak-geregistreerd",
        "rol-toegevoegd",
        "status-gezet",
        "aangifte-gelezen",
        "opdracht.gegeven",
        "opdracht.uitgevoerd",
    )
    hub.bediening.stappen = [
        Stap(n, uuid(n), f"nl.overheid.zaken.{kind}.v1", "zaaksysteem", since, uuid(n - 2) if n > 2 else None, uuid(n % 2))
        for n, kind in enumerate(kinds, 1)
    ]
