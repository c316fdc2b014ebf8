# SPDX-License-Identifier: EUPL-1.2
"""Opdracht ``lees-terug``: the registry's own change event stayed away, so look whether it did what was instructed.

Only an exact match of person, address and date confirms. Whatever else is found goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.burgerzaken.bronnen import Bronnen
from connectors.burgerzaken.lezen import BRP_PERSONEN, Lezer, geraadpleegd
from connectors.burgerzaken.model import Adres, lees_verblijfplaats
from connectors.burgerzaken.opdracht_personen import betrokkenen_van
from hub.plugins import OpdrachtUitvoering, Uitkomst

TERUGGELEZEN: Final = "nl.wissel.gegevens.teruggelezen.v1"


class LeesTerug(Lezer):
    """Reads the movers of a zaak and compares each with what was instructed."""

    wat = "teruggelezen"
    bron = BRP_PERSONEN

    async def lees(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen) -> Uitkomst:
        """Ask the BRP about the movers."""
        doel = bronnen.settings.doel("volgen")
        asked = betrokkenen_van(opdracht, "verhuizers")
        numbers = [who.bsn for who in asked if who.bsn]
        found = await bronnen.brp.personen(numbers, doel, traceparent=opdracht.traceparent) if numbers else {}
        outcomes = [
            {
                "pseudoniem": who.pseudoniem,
                "uitkomst": vergelijk(found.get(who.bsn) if who.bsn else None, opdracht.gegevens),
            }
            for who in asked
        ]
        read = [who.pseudoniem for who in asked if who.bsn]
        records = geraadpleegd(opdracht, read, bron=self.bron, doel=doel, bronnen=bronnen)
        return Uitkomst(events=[self.opgehaald(opdracht, TERUGGELEZEN, {"perVerhuizer": outcomes}), *records])


def vergelijk(persoon: Mapping[str, Any] | None, opgedragen: Mapping[str, Any]) -> str:
    """Return what comparing a person with the instruction gives: overeen, wijkt-af, niet-verwerkt or niet-gevonden."""
    if persoon is None:
        return "niet-gevonden"
    adres = lees_verblijfplaats(persoon.get("verblijfplaats"))
    if not isinstance(adres, Adres) or adres.adresseerbaar_object != opgedragen["adresseerbaarObjectIdentificatie"]:
        return "niet-verwerkt"
    datum = adres.datum_van.tekst if adres.datum_van else None
    exact = (adres.functie, datum) == (opgedragen["functieAdres"], opgedragen["datum"])
    return "overeen" if exact and "opschortingBijhouding" not in persoon else "wijkt-af"
