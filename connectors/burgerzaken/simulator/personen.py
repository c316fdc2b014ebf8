# SPDX-License-Identifier: EUPL-1.2
"""``POST /personen`` of the BRP API Personen 2.7.0."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from connectors.burgerzaken.simulator import parameters as p
from connectors.burgerzaken.simulator.asgi import Request, Response
from connectors.burgerzaken.simulator.bevolking_model import (
    STRATEN_PER_BUURT,
    AdresseerbaarObject,
    Nummeraanduiding,
    Persoon,
)
from connectors.burgerzaken.simulator.bevolking_namen import straatnaam
from connectors.burgerzaken.simulator.fouten import ongeldige_parameters, problem
from connectors.burgerzaken.simulator.personen_velden import BEPERKT, GEZAG_BEPERKT, PERSOON, controleer, keuze
from connectors.burgerzaken.simulator.personen_vorm import Vorm
from connectors.burgerzaken.simulator.register import Register

_MAX_RESULTATEN: Final = {"ZoekMetGeslachtsnaamEnGeboortedatum": 10, "ZoekMetNaamEnGemeenteVanInschrijving": 10}
_MAX_ADRES: Final = 30
_RAADPLEEG: Final = "RaadpleegMetBurgerservicenummer"
_ADRESSEERBAAR: Final = "ZoekMetAdresseerbaarObjectIdentificatie"
_FIELDS: Final = {"fields": p.lijst(130)}
_GEMEENTE: Final = {"gemeenteVanInschrijving": p.vorm(r"^[0-9]{4}$")}
_ZOEK: Final[Mapping[str, p.Controle]] = {**_GEMEENTE, "inclusiefOverledenPersonen": p.waar_of_niet}
_HUIS: Final = {"huisletter": p.vorm(r"^[a-zA-Z]{1}$"), "huisnummertoevoeging": p.vorm(r"^[a-zA-Z0-9 \-]{1,4}$")}
_GESLACHT: Final = {"geslacht": p.vorm(r"^([Mm]|[Vv]|[Oo])$"), "voorvoegsel": p.vorm(r"^[a-zA-Z \']{1,10}$")}
_VOORNAMEN: Final = p.vorm(r"^[a-zA-Z0-9À-ž \.\-\']{1,199}\*{0,1}$")
SOORTEN: Final[Mapping[str, p.Soort]] = {
    _RAADPLEEG: p.Soort(verplicht={"burgerservicenummer": p.lijst(20, p.vorm(r"^[0-9]{9}$")), **_FIELDS}, optioneel=_GEMEENTE),
    "ZoekMetGeslachtsnaamEnGeboortedatum": p.Soort(
        verplicht={"geslachtsnaam": p.GESLACHTSNAAM, "geboortedatum": p.datum, **_FIELDS},
        optioneel={**_ZOEK, **_GESLACHT, "voornamen": _VOORNAMEN},
    ),
    "ZoekMetNaamEnGemeenteVanInschrijving": p.Soort(
        verplicht={"geslachtsnaam": p.GESLACHTSNAAM, "voornamen": p.GESLACHTSNAAM, **_GEMEENTE, **_FIELDS},
        optioneel={"inclusiefOverledenPersonen": p.waar_of_niet, **_GESLACHT},
    ),
    "ZoekMetPostcodeEnHuisnummer": p.Soort(
        verplicht={"postcode": p.POSTCODE, "huisnummer": p.geheel_getal, **_FIELDS},
        optioneel={**_ZOEK, **_HUIS, "geboortedatum": p.datum, "geslachtsnaam": p.GESLACHTSNAAM},
    ),
    "ZoekMetStraatHuisnummerEnGemeenteVanInschrijving": p.Soort(
        verplicht={"straat": p.STRAAT, "huisnummer": p.geheel_getal, **_GEMEENTE, **_FIELDS},
        optioneel={"inclusiefOverledenPersonen": p.waar_of_niet, **_HUIS},
    ),
    "ZoekMetNummeraanduidingIdentificatie": p.Soort(
        verplicht={"nummeraanduidingIdentificatie": p.vorm(p.OBJECT_ID), **_FIELDS}, optioneel=_ZOEK
    ),
    _ADRESSEERBAAR: p.Soort(verplicht={"adresseerbaarObjectIdentificatie": p.vorm(p.OBJECT_ID), **_FIELDS}, optioneel=_ZOEK),
}


class Personen:
    """Answers questions about people."""

    def __init__(self, register: Register, *, levert_te_veel: bool) -> None:
        self._register, self._bevolking = register, register.bevolking
        self._vorm = Vorm(register)
        self._te_veel = levert_te_veel

    def bevraag(self, request: Request) -> Any:
        """Answer ``POST /personen``; looking up by number stays free of any waiting."""
        gelezen = p.lees(request, SOORTEN, minimaal=True)
        if isinstance(gelezen, Response):
            return gelezen
        soort, vraag = gelezen
        boom = PERSOON if soort == _RAADPLEEG else GEZAG_BEPERKT if soort == _ADRESSEERBAAR else BEPERKT
        if fouten := controleer(vraag["fields"], boom):
            return ongeldige_parameters(request, fouten)
        if soort == _RAADPLEEG:
            return self._raadpleeg(vraag)
        return self._zoek(request, soort, vraag)

    def _raadpleeg(self, vraag: Mapping[str, Any]) -> Response:
        gewenst = None if self._te_veel else keuze(tuple(vraag["fields"]))
        gevonden = (self._bevolking.vind(bsn) for bsn in dict.fromkeys(vraag["burgerservicenummer"]))
        personen = [self._vorm.persoon(persoon, gewenst) for persoon in gevonden if persoon and self._past(persoon, vraag)]
        return _antwoord(_RAADPLEEG, personen)

    def _past(self, persoon: Persoon, vraag: Mapping[str, Any]) -> bool:
        code = vraag.get("gemeenteVanInschrijving")
        return code is None or bool(self._register.toestand(persoon).verblijf.gemeente[0] == code)

    # ------------------------------------------------------------------------------------------------------- searching

    async def _zoek(self, request: Request, soort: str, vraag: Mapping[str, Any]) -> Response:
        hoogste = _MAX_RESULTATEN.get(soort, _MAX_ADRES)
        gevonden: list[Persoon] = []
        async for persoon in self._kandidaten(soort, vraag):
            if self._voldoet(persoon, vraag):
                gevonden.append(persoon)
            if len(gevonden) > hoogste:
                detail = f"Meer dan maximum van {hoogste} resultaten gevonden. Verfijn de zoekopdracht."
                return problem(request, 400, "Teveel zoekresultaten.", code="tooManyResults", detail=detail)
        gewenst = keuze(tuple(vraag["fields"]), beperkt=True)
        return _antwoord(soort, [self._vorm.persoon(persoon, gewenst) for persoon in gevonden])

    def _kandidaten(self, soort: str, vraag: Mapping[str, Any]) -> AsyncIterator[Persoon]:
        if soort == _ADRESSEERBAAR:
            return _direct(self._register.ingeschrevenen(vraag["adresseerbaarObjectIdentificatie"]))
        if soort == "ZoekMetNummeraanduidingIdentificatie":
            return _direct(self._op_nummer(vraag["nummeraanduidingIdentificatie"]))
        if soort == "ZoekMetPostcodeEnHuisnummer":
            return _direct(self._op_postcode(vraag))
        if soort == "ZoekMetStraatHuisnummerEnGemeenteVanInschrijving":
            return _direct(self._op_straat(vraag))
        return self._iedereen()

    def _op_nummer(self, identificatie: str) -> Iterator[Persoon]:
        if (gevonden := self._bevolking.nummeraanduiding(identificatie)) is not None:
            yield from self._op_adressen([gevonden])

    def _op_postcode(self, vraag: Mapping[str, Any]) -> Iterator[Persoon]:
        adressen = self._bevolking.op_postcode(vraag["postcode"].replace(" ", "").upper())
        yield from self._op_adressen(rij for rij in adressen if _huis_past(rij[1], vraag))

    def _op_straat(self, vraag: Mapping[str, Any]) -> Iterator[Persoon]:
        straat = vraag["straat"].lower()
        for gemeente in self._bevolking.land.gemeenten:
            if gemeente.code != vraag["gemeenteVanInschrijving"]:
                continue
            for nummer in range(gemeente.buurten * STRATEN_PER_BUURT):
                if fnmatchcase(straatnaam(nummer).lower(), straat):
                    buurt = self._bevolking.buurt(gemeente.eerste_buurt + nummer // STRATEN_PER_BUURT)
                    rijen = ((thuis, adres) for thuis in buurt.objecten for adres in thuis.adressen)
                    past = (rij for rij in rijen if fnmatchcase(rij[1].straat.lower(), straat))
                    yield from self._op_adressen(rij for rij in past if _huis_past(rij[1], vraag))

    def _op_adressen(self, rijen: Iterable[tuple[AdresseerbaarObject, Nummeraanduiding]]) -> Iterator[Persoon]:
        for thuis, adres in rijen:
            for persoon in self._register.ingeschrevenen(thuis.identificatie):
                if self._register.toestand(persoon).verblijf.adres == adres:
                    yield persoon

    async def _iedereen(self) -> AsyncIterator[Persoon]:
        """Go through everybody, letting others take their turn now and then."""
        for plaats, persoon in enumerate(self._register.alle_personen()):
            if plaats % 1024 == 0:
                await asyncio.sleep(0)
            yield persoon

    def _voldoet(self, persoon: Persoon, vraag: Mapping[str, Any]) -> bool:
        if persoon.opschorting and persoon.opschorting[0] == "F":
            return False
        if persoon.opschorting and persoon.opschorting[0] == "O" and not vraag.get("inclusiefOverledenPersonen"):
            return False
        tekst = (("geslachtsnaam", persoon.geslachtsnaam), ("voornamen", persoon.voornamen))
        namen = (*tekst, ("voorvoegsel", persoon.voorvoegsel), ("geslacht", persoon.geslacht))
        if not all(naam not in vraag or fnmatchcase(waarde.lower(), vraag[naam].lower()) for naam, waarde in namen):
            return False
        return vraag.get("geboortedatum") in {None, persoon.geboorte} and self._past(persoon, vraag)


async def _direct(personen: Iterable[Persoon]) -> AsyncIterator[Persoon]:
    for persoon in personen:
        yield persoon


def _huis_past(adres: Nummeraanduiding, vraag: Mapping[str, Any]) -> bool:
    letter, toevoeging = vraag.get("huisletter"), vraag.get("huisnummertoevoeging")
    return (
        adres.huisnummer == int(vraag["huisnummer"])
        and (letter is None or adres.huisletter.lower() == letter.lower())
        and (toevoeging is None or adres.toevoeging.lower() == toevoeging.lower())
    )


def _antwoord(soort: str, personen: list[dict[str, Any]]) -> Response:
    return Response(body={"type": soort, "personen": personen}, headers={"api-version": "2.7.0"})
