# SPDX-License-Identifier: EUPL-1.2
"""Every decision about one zaak as it was put down, so that each can be explained years later. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.leesmodel import logged
from hub.plugins import Apply, ProjectedEvent, Row

BEOORDEELD: Final = "nl.wissel.verhuisaangifte.beoordeeld.v1"


def judged(row: Row | None, event: ProjectedEvent) -> Row:
    """Keep one more decision; the same one again changes nothing."""
    known: Mapping[str, Any] = row["beoordelingen"] if row else {}
    return {"zaak": event.key, "beoordelingen": {**known, event.id: _kept(event)}, "laatste": event.id}


def _kept(event: ProjectedEvent) -> Row:
    data = event.data
    return {
        "tijdstip": logged(event),
        "volgnummer": event.sequence,
        **{key: data.get(key) for key in ("kleur", "aangehoudenTot", "aanhoudreden", "modus", "steekproef")},
        **{key: data.get(key) for key in ("profielVersie", "regelsVersie", "gekoppeldeZaak")},
        "redenen": list(data["redenen"]),
        "predicaten": [dict(predicate) for predicate in data["predicaten"]],
        "perVerhuizer": [dict(mover) for mover in data["perVerhuizer"]],
    }


def ids(row: Row) -> Iterable[str]:
    """Return the ids of the decisions in a row."""
    return list(row["beoordelingen"])


HANDLERS: Final[Mapping[str, Apply]] = {BEOORDEELD: judged}
