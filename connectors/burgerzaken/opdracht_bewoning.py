# SPDX-License-Identifier: EUPL-1.2
"""Opdracht ``haal-bewoning``: who is registered at the new address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from connectors.burgerzaken.bewoning import Bewoner
from connectors.burgerzaken.bronnen import Bronnen
from connectors.burgerzaken.lezen import BEWONING, Lezer, geraadpleegd
from hub.plugins import OpdrachtUitvoering, Uitkomst
from hub.privacy import Pseudonymizer

OPGEHAALD: Final = "nl.wissel.gegevens.bewoning-opgehaald.v1"


class HaalBewoning(Lezer):
    """Reads the residents of an adresseerbaar object on a day. The outcome holds pseudonyms only."""

    wat = "bewoning"
    bron = BEWONING

    async def lees(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen) -> Uitkomst:
        """Ask the bewoning API."""
        doel = bronnen.settings.doel("bewoning")
        adresseerbaar_object = str(opdracht.gegevens["adresseerbaarObjectIdentificatie"])
        peildatum = date.fromisoformat(opdracht.gegevens["peildatum"])
        bewoning = await bronnen.bewoning.op_peildatum(adresseerbaar_object, peildatum, doel, traceparent=opdracht.traceparent)
        bewoners = _named(bewoning.bewoners, opdracht.gemeente.pseudonym, "bewoner")
        mogelijk = _named(bewoning.mogelijke_bewoners, opdracht.gemeente.pseudonym, "mogelijke-bewoner")
        data = {
            "adresseerbaarObjectIdentificatie": adresseerbaar_object,
            "peildatum": peildatum.isoformat(),
            "indicatieVeelBewoners": bewoning.veel_bewoners,
            "bewoners": [{"pseudoniem": naam, "inOnderzoek": bewoner.in_onderzoek} for naam, bewoner in bewoners],
            "mogelijkeBewoners": [{"pseudoniem": naam} for naam, _ in mogelijk],
        }
        read = [naam for naam, bewoner in (*bewoners, *mogelijk) if bewoner.bsn]
        records = geraadpleegd(opdracht, read, bron=self.bron, doel=doel, bronnen=bronnen)
        return Uitkomst(events=[self.opgehaald(opdracht, OPGEHAALD, data), *records])


def _named(bewoners: Sequence[Bewoner], pseudonym: Pseudonymizer, role: str) -> list[tuple[str, Bewoner]]:
    """Give each resident a name; one without a number counts too, so it is numbered."""
    return [
        (pseudonym(bewoner.bsn) if bewoner.bsn else f"onbekende-{role}-{number}", bewoner)
        for number, bewoner in enumerate(bewoners, 1)
    ]
