# SPDX-License-Identifier: EUPL-1.2
"""``POST /verblijfplaatshistorie`` of the BRP API Historie 2: the stays of one person, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from connectors.burgerzaken.simulator import parameters as p
from connectors.burgerzaken.simulator.asgi import Request, Response
from connectors.burgerzaken.simulator.bevolking_model import Persoon
from connectors.burgerzaken.simulator.datums import datum_json, onzekerheid
from connectors.burgerzaken.simulator.fouten import fout
from connectors.burgerzaken.simulator.personen_vorm import adresregels, verblijf_json
from connectors.burgerzaken.simulator.register import Register

_BSN: Final = {"burgerservicenummer": p.vorm(r"^[0-9]{9}$")}
_SOORTEN: Final[Mapping[str, p.Soort]] = {
    "RaadpleegMetPeildatum": p.Soort(verplicht={**_BSN, "peildatum": p.datum}),
    "RaadpleegMetPeriode": p.Soort(verplicht={**_BSN, "datumVan": p.datum, "datumTot": p.datum}),
}
_HEADERS: Final = {"api-version": "2.0.0"}


class Historie:
    """Answers where somebody has lived; ``aangeboden`` False: the gateway does not offer it (501)."""

    def __init__(self, register: Register, *, aangeboden: bool) -> None:
        self._register, self._aangeboden = register, aangeboden

    def bevraag(self, request: Request) -> Response:
        """Answer ``POST /verblijfplaatshistorie``; somebody unknown has lived nowhere."""
        if not self._aangeboden:
            return fout(request, 501)
        gelezen = p.lees(request, _SOORTEN)
        if isinstance(gelezen, Response):
            return gelezen
        soort, vraag = gelezen
        persoon = self._register.bevolking.vind(vraag["burgerservicenummer"])
        if persoon is None or (persoon.opschorting and persoon.opschorting[0] == "F"):
            return Response(body={"verblijfplaatsen": []}, headers=_HEADERS)
        if soort == "RaadpleegMetPeildatum":
            van = date.fromisoformat(vraag["peildatum"])
            tot = van + timedelta(days=1)
        else:
            van, tot = date.fromisoformat(vraag["datumVan"]), date.fromisoformat(vraag["datumTot"])
        return Response(body=self._historie(persoon, van, tot), headers=_HEADERS)

    def _historie(self, persoon: Persoon, van: date, tot: date) -> dict[str, Any]:
        nu = self._register.toestand(persoon)
        stays: list[dict[str, Any]] = []
        einde = ""
        for verblijf in (nu.verblijf, *nu.historie):
            begin = onzekerheid(verblijf.datum_van)[0]
            slot = onzekerheid(einde)[1] if einde else date.max
            if begin < tot and slot > van:
                rij = {**verblijf_json(verblijf), "gemeenteVanInschrijving": _tabel(verblijf.gemeente)}
                if regels := adresregels(verblijf):
                    rij["adressering"] = regels
                stays.append({**rij, "datumTot": datum_json(einde)} if einde else rij)
            einde = verblijf.datum_van
        result: dict[str, Any] = {"verblijfplaatsen": stays}
        if persoon.geheim:
            result["geheimhoudingPersoonsgegevens"] = True
        if persoon.opschorting:
            reden, datum = persoon.opschorting
            result["opschortingBijhouding"] = {"reden": {"code": reden}, "datum": datum_json(datum)}
        return result


def _tabel(gemeente: tuple[str, str]) -> dict[str, str]:
    return {"code": gemeente[0], "omschrijving": gemeente[1]}
