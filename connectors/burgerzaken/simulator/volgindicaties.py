# SPDX-License-Identifier: EUPL-1.2
"""The BRP Update API 1.0.0: who is followed by a gemeente, and whose data changed since a day.

Its specification puts the burgerservicenummer in the path. It is written to no log and no error here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from connectors.burgerzaken.simulator.asgi import MalformedBody, Request, Response
from connectors.burgerzaken.simulator.datums import parse_datum
from connectors.burgerzaken.simulator.fouten import (
    Fout,
    fout,
    geen_datum,
    geen_json,
    ongeldige_parameters,
    onverwacht,
    patroon,
)
from connectors.burgerzaken.simulator.register import Register

_BSN: Final = re.compile(r"^[0-9]{9}$")
_HEADERS: Final = {"api-version": "1.0.0"}
_PAD: Final = "burgerservicenummer"


@dataclass(slots=True)
class Volgindicatie:
    """Somebody is followed from ``begin`` up to, not including, ``einde``."""

    begin: date
    einde: date | None

    def actief(self, op: date) -> bool:
        """True when it is in force on a day."""
        return self.begin <= op and (self.einde is None or op < self.einde)


class Volgindicaties:
    """Keeps the volgindicaties per gemeente."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._per_gemeente: dict[str, dict[int, Volgindicatie]] = {}

    def herstel(self) -> None:
        """Forget all of them."""
        self._per_gemeente.clear()

    def aantal(self, slug: str) -> int:
        """Return how many are in force for a gemeente."""
        return sum(volg.actief(self._register.vandaag) for volg in self._per_gemeente.get(slug, {}).values())

    def alle(self, request: Request) -> Response:
        """Answer ``GET /volgindicaties``."""
        actief = [
            self._json(nr, volg)
            for nr, volg in sorted(self._per_gemeente.get(request.slug, {}).items())
            if volg.actief(self._register.vandaag)
        ]
        return Response(body={"volgindicaties": actief}, headers=_HEADERS)

    def lees(self, request: Request) -> Response:
        """Answer ``GET /volgindicaties/{burgerservicenummer}``."""
        if not _BSN.match(request.deel):
            return ongeldige_parameters(request, [patroon(_PAD, "^[0-9]{9}$")])
        nr = self._register.bevolking.nummer(request.deel)
        volg = None if nr is None else self._per_gemeente.get(request.slug, {}).get(nr)
        if nr is None or volg is None:
            return fout(request, 404)
        return Response(body=self._json(nr, volg), headers=_HEADERS)

    def zet(self, request: Request) -> Response:
        """Answer ``PUT /volgindicaties/{burgerservicenummer}``: 201 when new, 200 when changed."""
        if not _BSN.match(request.deel):
            return ongeldige_parameters(request, [patroon(_PAD, "^[0-9]{9}$")])
        einde = _einddatum(request)
        if isinstance(einde, Response):
            return einde
        nr = self._register.bevolking.nummer(request.deel)
        if nr is None:
            return fout(request, 404)
        lijst = self._per_gemeente.setdefault(request.slug, {})
        vorige = lijst.get(nr)
        nieuw = vorige is None or not vorige.actief(self._register.vandaag)
        begin = self._register.vandaag if vorige is None or nieuw else vorige.begin
        lijst[nr] = Volgindicatie(begin, einde)
        return Response(body=self._json(nr, lijst[nr]), status=201 if nieuw else 200, headers=_HEADERS)

    def wijzigingen(self, request: Request) -> Response:
        """Answer ``GET /wijzigingen?vanaf=``: who changed on or after that day while being followed."""
        if fouten := [onverwacht(naam) for naam in request.query if naam != "vanaf"]:
            return ongeldige_parameters(request, fouten)
        vanaf = parse_datum(request.query["vanaf"]) if "vanaf" in request.query else date.min
        if vanaf is None:
            return ongeldige_parameters(request, [geen_datum("vanaf")])
        gevolgd, gewijzigd = self._per_gemeente.get(request.slug, {}), self._register.wijzigingen
        bsns = [
            self._register.bevolking.bsn_van_nummer(nr)
            for nr in sorted(gevolgd.keys() & gewijzigd.keys())
            if any(dag >= vanaf and gevolgd[nr].actief(dag) for dag in gewijzigd[nr])
        ]
        persoon = {"href": f"/{request.slug}/haalcentraal/api/brp/personen"}
        links = {"self": {"href": request.path}, "ingeschrevenPersoon": persoon}
        body = {"_links": links, "burgerservicenummers": bsns}
        return Response(body=body, media="application/hal+json", headers=_HEADERS)

    def _json(self, nr: int, volg: Volgindicatie) -> dict[str, Any]:
        bsn = self._register.bevolking.bsn_van_nummer(nr)
        einde = {"einddatum": volg.einde.isoformat()} if volg.einde else {}
        return {"burgerservicenummer": bsn, "begindatum": volg.begin.isoformat(), **einde}


def _einddatum(request: Request) -> date | Response | None:
    """Return the end date of the body (None: without end), or the answer that says what is wrong with the body."""
    try:
        body = request.json() if request.body else {}
    except MalformedBody:
        return geen_json(request)
    if not isinstance(body, dict):
        return geen_json(request)
    if fouten := [onverwacht(naam) for naam in body if naam != "einddatum"]:
        return ongeldige_parameters(request, fouten)
    einde = parse_datum(body["einddatum"]) if body.get("einddatum") is not None else None
    if einde is None and body.get("einddatum") is not None:
        return ongeldige_parameters(request, [Fout("einddatum", "date", "Waarde is geen geldige datum.")])
    return einde
