# SPDX-License-Identifier: EUPL-1.2
"""The sentence that goes with an event on a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.api.teksten import Vertaler
from hub.tijdlijn import Feit

UNKNOWN: Final = "onbekend"
_RVIG: Final = "nl.brp.verhuisd."
# what fills in the sentence is a code: its words stand under these keys
WORDS: Final[Mapping[str, str]] = {
    "nl.wissel.registerwijziging.doorgegeven.v1": "wijziging",
    "nl.wissel.verhuisaangifte.beoordeeld.v1": "kleur",
    "nl.wissel.verhuisaangifte.niet-beoordeeld.v1": "niet_beoordeeld",
    "nl.wissel.verhuisaangifte.oordeel-leverancier.v1": "kleur",
    "nl.wissel.verhuisaangifte.voorgelegd.v1": "reden",
    "nl.wissel.opdracht.uitgevoerd.v1": "opdracht",
    "nl.wissel.opdracht.mislukt.v1": "opdracht",
    "nl.wissel.gegevens.adres-opgehaald.v1": "bron",
    "nl.wissel.gegevens.personen-opgehaald.v1": "bron",
    "nl.wissel.gegevens.bewoning-opgehaald.v1": "bron",
    "nl.wissel.gegevens.niet-beschikbaar.v1": "bron",
    "nl.wissel.termijn.verstreken.v1": "termijn",
}


def zin(text: Vertaler, fact: Feit) -> str:
    """Return the sentence of one line of a timeline; a code without words is shown as it is."""
    what = fact.wat or UNKNOWN
    if words := WORDS.get(fact.type):
        what = text(f"{words}.{what.removeprefix(_RVIG).removesuffix('.v1')}")
    return text(f"gebeurtenis.{fact.type}", wat=what)
