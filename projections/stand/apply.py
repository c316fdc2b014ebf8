# SPDX-License-Identifier: EUPL-1.2
"""How much happened, counted per partition and gemeente. Counting commutes, so partitions never wait for each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.leesmodel import logged
from hub.plugins import Apply, ProjectedEvent, Row

COUNTED: Final[Mapping[str, str]] = {
    "nl.overheid.zaken.zaak-geregistreerd.v1": "zaken",
    "nl.wissel.verhuisaangifte.beoordeeld.v1": "beoordelingen",
    "nl.wissel.verhuisaangifte.verwerking-bevestigd.v1": "bevestigd",
    "nl.wissel.verhuisaangifte.afgerond.v1": "afgerond",
    "nl.wissel.opdracht.mislukt.v1": "mislukt",
    "nl.wissel.gegevens.niet-beschikbaar.v1": "nietBeschikbaar",
    "nl.wissel.parkeren.overgeslagen.v1": "overgeslagen",
}


def count(row: Row | None, event: ProjectedEvent) -> Row:
    """Count one event and remember the latest time."""
    old = row or {"aantallen": {}, "laatst": ""}
    what = COUNTED[event.type]
    counts = {**old["aantallen"], what: old["aantallen"].get(what, 0) + 1}
    return {"aantallen": counts, "laatst": max(old["laatst"], logged(event))}


HANDLERS: Final[Mapping[str, Apply]] = dict.fromkeys(COUNTED, count)
