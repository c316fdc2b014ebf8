# SPDX-License-Identifier: EUPL-1.2
"""``POST /bewoningen`` of the BRP API Bewoning 2.1.0.

Known limit: of the time before the simulator started only the stays are known of those who lived there at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from connectors.burgerzaken.simulator import parameters as p
from connectors.burgerzaken.simulator.asgi import Request, Response
from connectors.burgerzaken.simulator.datums import datum_json
from connectors.burgerzaken.simulator.fouten import Fout, ongeldige_parameters
from connectors.burgerzaken.simulator.register import Bewoner, Register

_VEEL: Final = 100
_OBJECT: Final = {"adresseerbaarObjectIdentificatie": p.vorm(p.OBJECT_ID)}
_SOORTEN: Final[Mapping[str, p.Soort]] = {
    "BewoningMetPeildatum": p.Soort(verplicht={**_OBJECT, "peildatum": p.datum}),
    "BewoningMetPeriode": p.Soort(verplicht={**_OBJECT, "datumVan": p.datum, "datumTot": p.datum}),
}
_HEADERS: Final = {"api-version": "2.1.0"}


class Bewoningen:
    """Answers who lives, or lived, at an object."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def bevraag(self, request: Request) -> Response:
        """Answer ``POST /bewoningen``; an address without residents has no bewoning."""
        gelezen = p.lees(request, _SOORTEN)
        if isinstance(gelezen, Response):
            return gelezen
        soort, vraag = gelezen
        object_id = vraag["adresseerbaarObjectIdentificatie"]
        if soort == "BewoningMetPeildatum":
            dag = date.fromisoformat(vraag["peildatum"])
            grenzen = [dag, dag + timedelta(days=1)]
        else:
            van, tot = date.fromisoformat(vraag["datumVan"]), date.fromisoformat(vraag["datumTot"])
            if tot <= van:
                return ongeldige_parameters(request, [Fout("datumTot", "date", "datumTot moet na datumVan liggen.")])
            grenzen = [*self._register.wisseldagen(object_id, van, tot), tot]
        return Response(body={"bewoningen": self._bewoningen(object_id, grenzen)}, headers=_HEADERS)

    def _bewoningen(self, object_id: str, grenzen: list[date]) -> list[dict[str, Any]]:
        """Return one bewoning per composition; neighbouring periods with the same people are one."""
        result: list[dict[str, Any]] = []
        for van, tot in pairwise(grenzen):
            leden = self._samenstelling(self._register.bewoners(object_id, van))
            if result and leden and _zelfde(result[-1], leden) and result[-1]["periode"]["datumTot"] == van.isoformat():
                result[-1]["periode"]["datumTot"] = tot.isoformat()
            elif leden:
                periode = {"datumVan": van.isoformat(), "datumTot": tot.isoformat()}
                result.append({"adresseerbaarObjectIdentificatie": object_id, "periode": periode, **leden})
        return result

    def _samenstelling(self, rijen: list[Bewoner]) -> dict[str, Any]:
        if len(rijen) > _VEEL:
            return {"indicatieVeelBewoners": True}
        if not rijen:
            return {}
        return {
            "bewoners": [self._bewoner(rij) for rij in rijen if not rij.mogelijk],
            "mogelijkeBewoners": [self._bewoner(rij) for rij in rijen if rij.mogelijk],
        }

    def _bewoner(self, rij: Bewoner) -> dict[str, Any]:
        persoon = rij.persoon
        result: dict[str, Any] = {
            "burgerservicenummer": self._register.bevolking.bsn(persoon),
            "naam": {"volledigeNaam": persoon.volledige_naam},
            "geboorte": {"datum": datum_json(persoon.geboorte)},
        }
        if persoon.geheim:
            result["geheimhoudingPersoonsgegevens"] = True
        if rij.in_onderzoek:
            result["inOnderzoek"] = True
        return result


def _zelfde(vorige: Mapping[str, Any], leden: Mapping[str, Any]) -> bool:
    velden = ("bewoners", "mogelijkeBewoners", "indicatieVeelBewoners")
    return all(vorige.get(veld) == leden.get(veld) for veld in velden)
