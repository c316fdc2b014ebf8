# SPDX-License-Identifier: EUPL-1.2
"""The registry as the rules of the conformance kit see it: our simulator, and the change messages (StUF-BG) it sends.

The hub follows some people first. What happens to them after that is told by a message each, and read by the hub itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from connectors.burgerzaken import opdracht_adres, opdracht_bewoning, opdracht_personen, opdracht_teruglezen
from connectors.burgerzaken.gezien import GEHEIM_INGESTELD
from connectors.burgerzaken.lezen import GERAADPLEEGD
from connectors.burgerzaken.simulator import SimulatorConfig, create_app
from connectors.burgerzaken.simulator.bevolking_model import Persoon
from hub.conformiteit import GEMEENTE, PSEUDONIEM, Levering, Proef, ProefOpdracht
from hub.conformiteit.kant import Kant
from hub.privacy import Bsn

Json = dict[str, Any]
_SLUG: Final = "emmen"
_AUTH: Final = "Basic alleen-voor-de-proef"
_STRAAT: Final = "Laan van de Proefpersonen"
_ONGEVRAAGD: Final = "een veld waar niemand om vroeg"
_GEVOLGD, _PER_ZAAK, _VERHUIZERS = 60, 10, 40
_VERHUISD: Final = "nl.brp.verhuisd.binnengemeentelijk.v1"
_FEIT_VAN_SOORT: Final = {
    "haal-personen": opdracht_personen.OPGEHAALD,
    "haal-adres": opdracht_adres.OPGEHAALD,
    "haal-bewoning": opdracht_bewoning.OPGEHAALD,
    "lees-terug": opdracht_teruglezen.TERUGGELEZEN,
}
_SOORTEN: Final = ("verwerk-verhuizing", *_FEIT_VAN_SOORT, "stop-volgen")
_BERICHT: Final = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:BG="http://www.egem.nl/StUF/sector/bg/0310" xmlns:StUF="http://www.egem.nl/StUF/StUF0301"><soapenv:Body>'
    "<BG:npsLk01><BG:stuurgegevens><StUF:berichtcode>Lk01</StUF:berichtcode><StUF:zender><StUF:applicatie>BZ"
    "</StUF:applicatie></StUF:zender><StUF:ontvanger><StUF:applicatie>WISSEL</StUF:applicatie></StUF:ontvanger>"
    "<StUF:referentienummer>{referentie}</StUF:referentienummer><StUF:tijdstipBericht>20260312101500000"
    "</StUF:tijdstipBericht><StUF:entiteittype>NPS</StUF:entiteittype></BG:stuurgegevens><BG:parameters>"
    "<StUF:mutatiesoort>T</StUF:mutatiesoort><StUF:indicatorOvername>V</StUF:indicatorOvername></BG:parameters>"
    '<BG:object StUF:entiteittype="NPS" StUF:verwerkingssoort="T"><BG:inp.bsn>{bsn}</BG:inp.bsn><BG:verblijfsadres>'
    "<BG:gor.straatnaam>{straat}</BG:gor.straatnaam></BG:verblijfsadres></BG:object></BG:npsLk01>"
    "</soapenv:Body></soapenv:Envelope>"
)


class Burgerzaken(Proef):
    """See ``hub.conformiteit.Proef``."""

    ongevraagd: Sequence[str] = (_ONGEVRAAGD,)
    onleesbaar: Sequence[bytes] = (
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b"<Envelope><Body><npsLk01/></Body></Envelope>",
    )
    verzoeken_per_storing = 120
    verslagen = (GERAADPLEEGD,)
    waarnemingen = (_VERHUISD, GEHEIM_INGESTELD)  # told with a salted digest of two readings: nobody may guess an address

    def __init__(self) -> None:
        self._simulator = create_app(SimulatorConfig(personen=8000, seed=5, verwerkingsvertraging_s=0.0))
        self.app = self._kant = Kant(self._simulator, ongevraagd=_ONGEVRAAGD, diep=2)  # an answer and its persons
        self._datum = self._simulator.register.vandaag.isoformat()
        number = _GEVOLGD + _VERHUIZERS
        query = f"gemeente={_SLUG}&aantal={number}&seed=3&datum={self._datum}&geval=alleenstaande"
        people = self._kant.vraag("GET", f"/simulator/aangiften?{query}")
        self._gevolgd, self._verhuizers = people[:_GEVOLGD], people[_GEVOLGD:]
        self.geheim = [_STRAAT, *(word for aangifte in people for word in self._personal(aangifte))]
        self._gebeurd: dict[str, str] = {}  # stream key -> type
        self._berichten: list[Levering] = []
        self._gegeven: list[ProefOpdracht] = []

    def close(self) -> None:
        """Stop the simulator."""
        self._kant.close()

    def instellingen(self, url: str) -> Mapping[str, Any]:
        """Return settings that wait as little as the rules want to."""
        brp = f"{url}/{_SLUG}/haalcentraal/api/brp"
        return {
            "brp_url": brp,
            "bewoning_url": brp,
            "historie_url": brp,
            "bag_url": f"{url}/{_SLUG}/bag/v2",
            "verwerking_url": f"{url}/{_SLUG}/verwerking/v1",
            "stuf": {"authorization": _AUTH},
            "gateway": {"naam": "proef", "doelbinding": "BRP-Verhuizing", "verwerking": "Burgerzaken@Verhuizing"},
            "levert": ["indicatieCurateleRegister", "verblijfplaats"],
            "timeout_s": 1.0,
            "timeout_schrijven_s": 1.0,
            "pogingen_per_aanroep": 1,
            "zekering_pauze_s": 0.5,
            "poll_interval_wachtend_s": 0.2,
            "herlees_s": 0.0,
            "herlees_wachtend_s": 0.0,
        }

    def vooraf(self) -> Sequence[ProefOpdracht]:
        """Have the people read to whom something will happen: whoever is read is followed."""
        return [self._haal_personen(self._gevolgd[at : at + _PER_ZAAK]) for at in range(0, _GEVOLGD, _PER_ZAAK)]

    def gebeur(self, aantal: int) -> Sequence[Levering]:
        """Let something happen to people nothing happened to yet; when there are none left, tell again what was told."""
        begin = len(self._berichten)
        self._berichten += [self._gebeur(aangifte) for aangifte in self._gevolgd[begin : begin + aantal]]
        return self._berichten[begin:] or self._berichten[:aantal]

    def waarheid(self) -> Mapping[str, Sequence[str]]:
        """Return what happened to people, and what was read for which zaak."""
        asked = [*self.vooraf(), *self._gegeven]
        read = {opdracht.zaak: [_FEIT_VAN_SOORT[opdracht.soort]] for opdracht in asked if opdracht.soort in _FEIT_VAN_SOORT}
        return {**{key: [event_type] for key, event_type in self._gebeurd.items()}, **read}

    def opdrachten(self, aantal: int) -> Sequence[ProefOpdracht]:
        """Return opdrachten of every soort, half of them writes, each about somebody else and for a zaak of its own."""
        made = []
        for number in range(aantal):
            soort = _SOORTEN[number // 2 % (len(_SOORTEN) - 1) + 1] if number % 2 else _SOORTEN[0]
            made.append(self._opdracht(soort, self._verhuizers[len(self._gegeven) + number]))
        self._gegeven += made
        return made

    def effecten(self) -> Sequence[str]:
        """Return every move that stands in the registry's own books, one entry per time it was carried out."""
        books = self._kant.vraag("GET", "/simulator/boeken")["gemeenten"][_SLUG]
        return [line["zaak"] for line in books["verwerkingen"] for _ in range(line["toegepast"])]

    def weigert(self, status: int, tekst: str) -> bool:
        """Tell whether this answer refuses: Fo03 in a SOAP fault, which SOAP 1.1 has answered with 500."""
        return "Fo03Bericht" in tekst if status == 500 else super().weigert(status, tekst)  # noqa: PLR2004

    # ------------------------------------------------------------------------------------------------- what happens

    def _gebeur(self, aangifte: Json) -> Levering:
        bsn = aangifte["initiator"]["bsn"]
        moves = len(self._gebeurd) % 3 > 0 or self._persoon(aangifte).geheim  # once secret, that is no change
        if moves:
            number = aangifte["adres"]["nummeraanduidingIdentificatie"]
            body = {"burgerservicenummer": bsn, "nummeraanduidingIdentificatie": number, "datum": self._datum}
            self._kant.vraag("POST", "/simulator/verhuis", body)
        else:
            self._kant.vraag("POST", "/simulator/gebeurtenis", {"burgerservicenummer": bsn, "soort": "geheimhouding"})
        key = f"{GEMEENTE}:{_pseudoniem(aangifte)}"
        self._gebeurd[key] = _VERHUISD if moves else GEHEIM_INGESTELD
        content = _BERICHT.format(referentie=f"R{len(self._gebeurd)}", bsn=bsn, straat=_STRAAT).encode()
        headers = {"authorization": _AUTH, "content-type": "text/xml"}
        return Levering(pad=f"/webhooks/stuf-bg/{GEMEENTE}", inhoud=content, stroom=key, koppen=headers)

    def _personal(self, aangifte: Json) -> Iterable[str]:
        return aangifte["initiator"]["bsn"], self._persoon(aangifte).volledige_naam

    def _persoon(self, aangifte: Json) -> Persoon:
        person = self._simulator.register.bevolking.vind(aangifte["initiator"]["bsn"])
        assert person is not None, "the simulator makes declarations of its own people"
        return person

    # -------------------------------------------------------------------------------------------- what is asked of us

    def _opdracht(self, soort: str, aangifte: Json) -> ProefOpdracht:
        if soort == "haal-personen":
            return self._haal_personen([aangifte])
        zaak, adres = _zaak(soort, aangifte), aangifte["adres"]
        who, besloten = _verhuizers([aangifte])
        move = {
            "adresseerbaarObjectIdentificatie": adres["adresseerbaarObjectIdentificatie"],
            "nummeraanduidingIdentificatie": adres["nummeraanduidingIdentificatie"],
            "functieAdres": "W",
            "datum": self._datum,
        }
        gegevens: Mapping[str, Json] = {
            "verwerk-verhuizing": {
                **move,
                "verhuisdatum": self._datum,
                "datumAangifte": self._datum,
                "verhuizers": [{**node, "code": "I"} for node in who],
                "door": "wissel",
            },
            "haal-adres": {"nieuwAdresNummeraanduiding": adres["nummeraanduidingIdentificatie"]},
            "haal-bewoning": {**move, "peildatum": self._datum},
            "lees-terug": {**move, "verhuizers": who},
            "stop-volgen": {},
        }
        effect = soort == "verwerk-verhuizing"
        return ProefOpdracht(soort=soort, zaak=zaak, gegevens=gegevens[soort], besloten=besloten, effect=effect)

    def _haal_personen(self, people: Sequence[Json]) -> ProefOpdracht:
        who, besloten = _verhuizers(people)
        gegevens = {"personen": [{**node, "rol": "verhuizer"} for node in who], "peildatum": self._datum}
        zaak = _zaak("haal-personen", people[0])
        return ProefOpdracht(soort="haal-personen", zaak=zaak, gegevens=gegevens, besloten=besloten, effect=False)


def _pseudoniem(aangifte: Json) -> str:
    return PSEUDONIEM(Bsn(aangifte["initiator"]["bsn"]))


def _verhuizers(people: Iterable[Json]) -> tuple[list[Json], dict[str, Json]]:
    """Return who they are, and their numbers, to seal."""
    numbers = {_pseudoniem(aangifte): {"bsn": aangifte["initiator"]["bsn"]} for aangifte in people}
    return [{"pseudoniem": pseudoniem} for pseudoniem in numbers], numbers


def _zaak(soort: str, aangifte: Json) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{soort}/{aangifte['volgnummer']}"))
