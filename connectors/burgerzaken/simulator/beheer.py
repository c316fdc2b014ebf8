# SPDX-License-Identifier: EUPL-1.2
"""``/simulator/*``: faults on request, the simulator's own books, its date, scenarios. No part of any standard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from connectors.burgerzaken.simulator.aangiften import GEVALLEN, Scenario, Vraag
from connectors.burgerzaken.simulator.asgi import MalformedBody, Request, Response
from connectors.burgerzaken.simulator.config import EERSTE_DATUM, LAATSTE_DATUM, SimulatorConfig
from connectors.burgerzaken.simulator.datums import parse_datum
from connectors.burgerzaken.simulator.fouten import (
    Fout,
    geen_datum,
    geen_json,
    ongeldige_parameters,
    onverwacht,
    problem,
    verplicht,
)
from connectors.burgerzaken.simulator.register import Register
from connectors.burgerzaken.simulator.storingen import ANTWOORDEN, ONDERDELEN, Storing, Storingen
from connectors.burgerzaken.simulator.verwerking import Verwerkingen
from connectors.burgerzaken.simulator.volgindicaties import Volgindicaties
from hub.errors import Refused

_MAX_AANTAL: Final = 100_000
_HEEL: Final = 100
_MAX_VERTRAGING_S: Final = 60
_MAX_CIJFERS: Final = 12
_STORING_VELDEN: Final = frozenset({"uit", "vertraging_s", "fout_percentage", "antwoord", "onderdeel"})


class Boeken:
    """Counts requests per gemeente and path; the variable part of a path is not kept."""

    def __init__(self) -> None:
        self.verzoeken: dict[str, Counter[str]] = {}

    def tel(self, slug: str, sjabloon: str) -> None:
        """Count one request."""
        self.verzoeken.setdefault(slug, Counter())[sjabloon] += 1


class Beheer:
    """Serves ``/simulator/*``."""

    def __init__(
        self,
        config: SimulatorConfig,
        *,
        register: Register,
        volgindicaties: Volgindicaties,
        verwerkingen: Verwerkingen,
        storingen: Storingen,
        boeken: Boeken,
    ) -> None:
        self._config, self._register, self._volgindicaties = config, register, volgindicaties
        self._verwerkingen, self._storingen, self._boeken = verwerkingen, storingen, boeken

    def leeft(self, _: Request) -> Response:
        """Answer ``GET /livez``."""
        return Response(body={"status": "ok", "datum": self._register.vandaag.isoformat()})

    def herstel(self, _: Request) -> Response:
        """Answer ``POST /simulator/reset``: as it was at the start, the date excepted."""
        for deel in (self._register, self._volgindicaties, self._verwerkingen, self._storingen):
            deel.herstel()
        self._boeken.verzoeken.clear()
        return Response(status=204)

    def boeken(self, _: Request) -> Response:
        """Answer ``GET /simulator/boeken``: what every gemeente ordered, asked and follows."""
        gemeenten = {slug: self._boek(slug) for slug in self._register.bevolking.land.per_slug}
        totaal = {
            "verwerkingen": sum(len(boek["verwerkingen"]) for boek in gemeenten.values()),
            "toegepast": sum(regel["toegepast"] for boek in gemeenten.values() for regel in boek["verwerkingen"]),
            "dubbel": sum(len(boek["dubbel"]) for boek in gemeenten.values()),
            "tegenstrijdig": sum(len(boek["tegenstrijdig"]) for boek in gemeenten.values()),
            "verzoeken": sum(sum(teller.values()) for teller in self._boeken.verzoeken.values()),
        }
        return Response(body={"datum": self._register.vandaag.isoformat(), "gemeenten": gemeenten, "totaal": totaal})

    def _boek(self, slug: str) -> dict[str, Any]:
        verzoeken = dict(sorted(self._boeken.verzoeken.get(slug, Counter()).items()))
        volgindicaties = self._volgindicaties.aantal(slug)
        return {**self._verwerkingen.boeken(slug), "volgindicaties": volgindicaties, "verzoeken": verzoeken}

    # --------------------------------------------------------------------------------------------------- faults, date

    def storing(self, request: Request) -> Response:
        """Answer ``POST /simulator/storing``: set a fault on a part, or on ``alles`` (the default)."""
        body = _object(request)
        if isinstance(body, Response):
            return body
        onderdeel = body.get("onderdeel", "alles")
        fouten = [onverwacht(naam) for naam in body if naam not in _STORING_VELDEN]
        if onderdeel not in {*ONDERDELEN, "alles"}:
            fouten.append(Fout("onderdeel", "enum", f"Waarde is geen van: {', '.join(ONDERDELEN)}, alles."))
        storing = _lees_storing(body)
        if storing is None:
            reden = "uit is waar of onwaar, vertraging_s 0 tot 60, fout_percentage 0 tot 100, antwoord een bekende naam."
            fouten.append(Fout("storing", "value", reden))
        if fouten or storing is None:
            return ongeldige_parameters(request, fouten)
        for naam in ONDERDELEN if onderdeel == "alles" else (onderdeel,):
            self._storingen.per_onderdeel[naam] = storing
        return Response(status=204)

    def datum(self, request: Request) -> Response:
        """Answer ``POST /simulator/datum``: let the registry's calendar be another day."""
        body = _object(request)
        if isinstance(body, Response):
            return body
        dag = _datum_in_bereik(body.get("datum"))
        if dag is None:
            return ongeldige_parameters(request, [geen_datum("datum")])
        self._register.zet_datum(dag)
        return Response(status=204)

    def verhuis(self, request: Request) -> Response:
        """Answer ``POST /simulator/verhuis``: somebody moves without the hub, e.g. a previous resident who leaves."""
        body = _object(request)
        if isinstance(body, Response):
            return body
        bevolking = self._register.bevolking
        persoon = bevolking.vind(str(body.get("burgerservicenummer", "")))
        rij = bevolking.nummeraanduiding(str(body.get("nummeraanduidingIdentificatie", "")))
        dag = parse_datum(body.get("datum", self._register.vandaag.isoformat()))
        if persoon is None or rij is None or dag is None:
            namen = ("burgerservicenummer", "nummeraanduidingIdentificatie", "datum")
            slecht = [naam for naam, waarde in zip(namen, (persoon, rij, dag), strict=True) if waarde is None]
            return ongeldige_parameters(request, [Fout(naam, "value", "Waarde bestaat niet.") for naam in slecht])
        thuis, adres = rij
        verblijf = self._register.verblijf_op(thuis, nummeraanduiding=adres.identificatie, datum_van=dag, functie="W")
        self._register.verhuis(persoon, verblijf)
        return Response(status=204)

    def gebeurtenis(self, request: Request) -> Response:
        """Answer ``POST /simulator/gebeurtenis``: something else than a move happens to somebody."""
        body = _object(request)
        if isinstance(body, Response):
            return body
        persoon = self._register.bevolking.vind(str(body.get("burgerservicenummer", "")))
        if persoon is None:
            return ongeldige_parameters(request, [Fout("burgerservicenummer", "value", "Waarde bestaat niet.")])
        gezag = self._register.actueel(persoon).gezag
        match body.get("soort"):
            case "overleden":
                self._register.wijzig(persoon, opschorting=("O", self._register.vandaag.isoformat()))
            case "fout":
                self._register.wijzig(persoon, opschorting=("F", self._register.vandaag.isoformat()))
            case "geheimhouding" | "geheimhouding-op" as soort:
                self._register.wijzig(persoon, geheim=soort == "geheimhouding")
            case "onderzoek" | "onderzoek-klaar" as soort:
                self._register.onderzoek(persoon, "080000" if soort == "onderzoek" else "")
            case "voogdij" if gezag is not None:
                self._register.wijzig(persoon, gezag=replace(gezag, soort="TijdelijkGeenGezag", houders=()))
            case _:
                return ongeldige_parameters(request, [Fout("soort", "value", "Gebeurtenis bestaat niet voor deze persoon.")])
        return Response(status=204)

    # ------------------------------------------------------------------------------------------------------- scenarios

    def aangiften(self, request: Request) -> Response:
        """Answer ``GET /simulator/aangiften``: the declarations of a scenario."""
        vraag = self._vraag(request)
        if isinstance(vraag, Response):
            return vraag
        if not self._register.leef_op(vraag.datum):
            detail = (
                f"De simulator leeft op {self._register.vandaag}. Start hem met --datum {vraag.datum}, of vraag "
                "aangiften voor die dag."
            )
            return problem(request, 409, "Andere datum dan die van het register.", code="conflict", detail=detail)
        try:
            aangiften = Scenario(self._register, vraag, met_historie=self._config.met_historie).maak()
        except Refused as error:
            return problem(request, 409, "Te weinig bevolking.", code="conflict", detail=str(error))
        return Response(body=aangiften)

    def _vraag(self, request: Request) -> Vraag | Response:
        query = request.query
        gemeente = self._register.bevolking.land.per_slug.get(query.get("gemeente", ""))
        aantal, seed = _getal(query.get("aantal", "250")), _getal(query.get("seed", str(self._config.seed)))
        datum = _datum_in_bereik(query.get("datum", self._register.vandaag.isoformat()))
        gevallen = tuple(naam for naam in query.get("geval", "").split(",") if naam)
        fouten = [Fout("geval", "enum", f"Onbekend geval {naam[:40]}.") for naam in gevallen if naam not in GEVALLEN]
        if gemeente is None:
            fouten.append(verplicht("gemeente"))
        if aantal is None or aantal > _MAX_AANTAL:
            fouten.append(Fout("aantal", "integer", f"Waarde is geen getal van 0 tot {_MAX_AANTAL}."))
        if seed is None:
            fouten.append(Fout("seed", "integer", "Waarde is geen geldig getal."))
        if datum is None:
            fouten.append(Fout("datum", "date", f"Waarde is geen datum van {EERSTE_DATUM} tot {LAATSTE_DATUM}."))
        if fouten or gemeente is None or aantal is None or seed is None or datum is None:
            return ongeldige_parameters(request, fouten)
        return Vraag(gemeente=gemeente, aantal=aantal, seed=seed, datum=datum, gevallen=gevallen)


def _object(request: Request) -> dict[str, Any] | Response:
    try:
        body = request.json()
    except MalformedBody:
        return geen_json(request)
    return body if isinstance(body, dict) else geen_json(request)


def _lees_storing(body: Mapping[str, Any]) -> Storing | None:
    uit, vertraging, deel = body.get("uit", False), body.get("vertraging_s", 0), body.get("fout_percentage", 0)
    if not isinstance(uit, bool) or isinstance(vertraging, bool) or not isinstance(vertraging, (int, float)):
        return None
    if (
        isinstance(deel, bool)
        or not isinstance(deel, int)
        or not 0 <= deel <= _HEEL
        or not 0 <= vertraging <= _MAX_VERTRAGING_S
    ):
        return None
    antwoord = body.get("antwoord", "")
    return Storing(uit, float(vertraging), deel, antwoord) if antwoord in {"", *ANTWOORDEN} else None


def _getal(tekst: str) -> int | None:
    return int(tekst) if tekst.isascii() and tekst.isdigit() and len(tekst) <= _MAX_CIJFERS else None


def _datum_in_bereik(waarde: object) -> date | None:
    dag = parse_datum(waarde)
    return dag if dag is not None and EERSTE_DATUM <= dag <= LAATSTE_DATUM else None
