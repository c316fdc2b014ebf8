# SPDX-License-Identifier: EUPL-1.2
"""Scenarios: a list of declarations of a move, written as an e-form would submit them, the same for the same question.

No two declarations share a mover or an address, except pairs: the second, with ``na``, moves into the home that the
first has left, and is to be registered after the first has ended.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from connectors.burgerzaken.simulator.aangiften_afwijkend import ORANJE, ROOD
from connectors.burgerzaken.simulator.aangiften_gevallen import GROEN, WACHTEND, Bron, Concept, Geval
from connectors.burgerzaken.simulator.bevolking_model import AdresseerbaarObject, Gemeente, Nummeraanduiding, Persoon
from connectors.burgerzaken.simulator.bevolking_nummers import Dobbelsteen
from connectors.burgerzaken.simulator.register import Register
from connectors.burgerzaken.simulator.voorraad import Uitgeput, Voorraad, andere_buurten, eigen_buurten
from hub.errors import Refused

PER_KLEUR: Final = {"groen": GROEN, "oranje": ORANJE, "rood": ROOD, "wachtend": WACHTEND}
GEVALLEN: Final = {geval.naam: geval for gevallen in PER_KLEUR.values() for geval in gevallen}
_VOLLEDIG: Final = 250  # from here on every kind is there at least once
_PROCENT: Final = {"oranje": 20, "rood": 8, "wachtend": 10}
_MANDAAT: Final = "0a6ba1d0-3a8e-4a3f-8a57-2f4a8b7f7f10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vraag:
    """What is asked for. ``gevallen`` restricts to kinds by name (GEVALLEN); empty: the usual mix."""

    gemeente: Gemeente
    aantal: int
    seed: int
    datum: date
    gevallen: tuple[str, ...] = ()


@dataclass(slots=True)
class _Regel:
    geval: Geval
    concept: Concept
    na: _Regel | None = None
    volgnummer: int = 0


class Scenario:
    """Makes the declarations of one Vraag; Refused when the population is too small for it."""

    def __init__(self, register: Register, vraag: Vraag, *, met_historie: bool) -> None:
        bevolking = register.bevolking
        self._bevolking, self._vraag, self._historie = bevolking, vraag, met_historie
        self._kans = Dobbelsteen(vraag.seed, vraag.gemeente.index, 5)
        seed = vraag.seed * 64 + vraag.gemeente.index
        eigen = Voorraad(bevolking, eigen_buurten(bevolking, vraag.gemeente), seed=seed, datum=vraag.datum)
        elders = Voorraad(bevolking, andere_buurten(bevolking, vraag.gemeente), seed=seed, datum=vraag.datum)
        self._bron = Bron(eigen=eigen, elders=elders)
        self._onbekenden = vraag.gemeente.index * 10_000

    def maak(self) -> list[dict[str, Any]]:
        """Return the declarations in the order in which they are to be registered."""
        regels = self._orden(self._regels(self._keuze()))
        for volgnummer, regel in enumerate(regels, start=1):
            regel.volgnummer = volgnummer
        return [self._schrijf(regel) for regel in regels]

    # -------------------------------------------------------------------------------------------------- which and whose

    def _keuze(self) -> list[Geval]:
        if self._vraag.gevallen:
            gekozen = [GEVALLEN[naam] for naam in self._vraag.gevallen]
            return _passend([gekozen[i % len(gekozen)] for i in range(self._vraag.aantal)], self._vraag.aantal)
        aantallen = self._aantallen()
        return [geval for kleur, aantal in aantallen.items() for geval in self._kies(kleur, aantal)]

    def _aantallen(self) -> dict[str, int]:
        aantal = self._vraag.aantal
        result = {kleur: round(aantal * procent / 100) for kleur, procent in _PROCENT.items()}
        if aantal >= _VOLLEDIG:
            result = {kleur: max(getal, len(PER_KLEUR[kleur])) for kleur, getal in result.items()}
        return {"groen": aantal - sum(result.values()), **result}

    def _kies(self, kleur: str, aantal: int) -> list[Geval]:
        """Return ``aantal`` kinds: each once, then in proportion to their weight."""
        soorten = [geval for geval in PER_KLEUR[kleur] if self._historie or not geval.eist_historie]
        extra = [geval for geval in soorten for _ in range(geval.gewicht)]
        rij = self._kans.schud(soorten)
        while len(rij) < aantal:
            rij += self._kans.schud(extra)
        return _passend(rij, aantal)

    def _regels(self, gevallen: Sequence[Geval]) -> list[_Regel]:
        return [regel for geval in gevallen for regel in self._regel(geval)]

    def _regel(self, geval: Geval) -> list[_Regel]:
        """Return one declaration, or two; when the population has none left of this kind, the plainest of its colour."""
        try:
            return self._probeer(geval)
        except Uitgeput:
            gewoonste = PER_KLEUR[geval.kleur][0]
            return [regel for _ in range(1 if geval.vervolg is None else 2) for regel in self._noodgreep(gewoonste)]

    def _noodgreep(self, geval: Geval) -> list[_Regel]:
        try:
            return self._probeer(geval)
        except Uitgeput as error:
            raise Refused(
                f"De bevolking is te klein voor {self._vraag.aantal} aangiften in {self._vraag.gemeente.slug}; start de "
                "simulator met meer --personen (vuistregel: 25 per aangifte en per gemeente)."
            ) from error

    def _probeer(self, geval: Geval) -> list[_Regel]:
        eerste = _Regel(geval, geval.maak(self._bron))
        verlaat = eerste.concept.verlaat
        if geval.vervolg is None or verlaat is None:
            return [eerste]
        return [eerste, _Regel(geval, geval.vervolg(self._bron, verlaat), na=eerste)]

    def _orden(self, regels: list[_Regel]) -> list[_Regel]:
        """Return them shuffled, the second of a pair after the first."""
        geschud = self._kans.schud(regels)
        plaats = {id(regel): i for i, regel in enumerate(geschud)}
        for regel in regels:
            if regel.na is not None and plaats[id(regel)] < plaats[id(regel.na)]:
                a, b = plaats[id(regel)], plaats[id(regel.na)]
                geschud[a], geschud[b] = geschud[b], geschud[a]
                plaats[id(regel)], plaats[id(regel.na)] = b, a
        return geschud

    # --------------------------------------------------------------------------------------------------------- writing

    def _schrijf(self, regel: _Regel) -> dict[str, Any]:
        concept, geval, vraag = regel.concept, regel.geval, self._vraag
        adres = concept.adres or concept.thuis.adressen[0]
        return {
            "volgnummer": regel.volgnummer,
            "kenmerk": f"EF-{vraag.gemeente.code}-{vraag.seed}-{regel.volgnummer:05d}",
            "gemeente": vraag.gemeente.slug,
            "startdatum": vraag.datum.isoformat(),
            "kanaal": concept.kanaal,
            "initiator": self._initiator(concept),
            "authenticatieContext": self._authenticatie(concept),
            "indicatieMachtiging": concept.machtiging,
            "adres": _adres_json(concept, adres),
            "eigenschappen": self._eigenschappen(concept, adres),
            "geval": geval.naam,
            "verwacht": {"kleur": geval.kleur, "redenen": sorted(geval.redenen)},
            "na": regel.na.volgnummer if regel.na else None,
        }

    def _initiator(self, concept: Concept) -> dict[str, Any]:
        persoon = concept.initiator
        if concept.onbekend:
            self._onbekenden += 1
        bsn = self._bevolking.onbekende_bsn(self._onbekenden) if concept.onbekend else self._bevolking.bsn(persoon)
        return {
            "bsn": None if concept.zonder_bsn else bsn,
            "voornamen": persoon.voornamen,
            "voorvoegselGeslachtsnaam": persoon.voorvoegsel,
            "geslachtsnaam": concept.naam or persoon.geslachtsnaam,
        }

    def _authenticatie(self, concept: Concept) -> dict[str, Any] | None:
        """Return it as Open Zaak keeps it at a rol, None when nobody logged in."""
        if concept.niveau is None or concept.zonder_bsn:
            return None
        result: dict[str, Any] = {"source": "digid", "levelOfAssurance": concept.niveau}
        if concept.machtiging:
            bsn = self._bevolking.bsn(concept.initiator)
            result["representee"] = {"identifierType": "bsn", "identifier": bsn}
            result["mandate"] = {"services": [{"id": _MANDAAT}]}
        return result

    def _eigenschappen(self, concept: Concept, adres: Nummeraanduiding) -> dict[str, str]:
        result = {
            "POSTCODE_NIEUW": adres.postcode,
            "HUISNUMMER_NIEUW": f"{concept.huisnummer or adres.huisnummer}",
            "STRAATNAAM_NIEUW": adres.straat,
            "WOONPLAATS_NIEUW": adres.woonplaats,
            "FUNCTIE_NIEUW": concept.functie,
        }
        if concept.inwonend is not None:
            result["INWONEND"] = "ja" if concept.inwonend else "nee"
        if (datum := self._verhuisdatum(concept)) is not None:
            result["VERHUISDATUM"] = datum
        if adres.huisletter:
            result["HUISLETTER_NIEUW"] = adres.huisletter
        if adres.toevoeging:
            result["TOEVOEGINGHUISNUMMER_NIEUW"] = adres.toevoeging
        if concept.hoofdbewoner is not None:
            result["BSN_HOOFDBEWONER"] = self._bevolking.bsn(concept.hoofdbewoner)
        if concept.toestemming:
            result["TOESTEMMING_HOOFDBEWONER"] = concept.toestemming
        if concept.mee:
            result["MEEVERHUIZERS"] = json.dumps([self._meeverhuizer(lid, code) for lid, code in concept.mee])
        return result

    def _verhuisdatum(self, concept: Concept) -> str | None:
        if isinstance(concept.dagen, str):
            return concept.dagen or None
        dagen = -self._kans.getal(6) if concept.dagen is None else concept.dagen
        return (self._vraag.datum + timedelta(days=dagen)).isoformat()

    def _meeverhuizer(self, persoon: Persoon, code: str) -> dict[str, str]:
        return {"bsn": self._bevolking.bsn(persoon), "code": code}


def _passend(rij: Sequence[Geval], aantal: int) -> list[Geval]:
    """Return the first kinds that make ``aantal`` declarations together; a pair counts for two."""
    result: list[Geval] = []
    for geval in rij:
        grootte = 1 if geval.vervolg is None else 2
        if grootte <= aantal:
            result.append(geval)
            aantal -= grootte
    return result


def _adres_json(concept: Concept, adres: Nummeraanduiding) -> dict[str, Any]:
    ander: AdresseerbaarObject | None = concept.ids_van
    nummer = ander.adressen[0].identificatie if ander else adres.identificatie
    thuis = ander.identificatie if ander else concept.thuis.identificatie
    return {
        "nummeraanduidingIdentificatie": nummer if concept.met_ids else None,
        "adresseerbaarObjectIdentificatie": thuis if concept.met_ids else None,
        "straat": adres.straat,
        "huisnummer": concept.huisnummer or adres.huisnummer,
        "huisletter": adres.huisletter,
        "huisnummertoevoeging": adres.toevoeging,
        "postcode": adres.postcode,
        "woonplaats": adres.woonplaats,
    }
