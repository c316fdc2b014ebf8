# SPDX-License-Identifier: EUPL-1.2
"""The klantbeeld of one person in one gemeente: zaken, decisions and flags, brought together when asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hub.plugins import Hub, Row

NAME: Final = "klantbeeld"


@dataclass(frozen=True, slots=True)
class Klantbeeld:
    """What is known about one person. ``markeringen`` are those that still count."""

    pseudoniem: str
    zaken: Sequence[Row]
    markeringen: Sequence[dict[str, Any]]
    wijzigingen: Sequence[dict[str, Any]]

    @property
    def leeg(self) -> bool:
        """True when nothing is known."""
        return not (self.zaken or self.markeringen or self.wijzigingen)


def klantbeeld(hub: Hub, gemeente: str, person: str) -> Klantbeeld:
    """Return what this gemeente knows about a pseudonym; empty when it is nothing."""
    model = hub.read_model(NAME)
    zaken = [row for _, row in model.linked(gemeente, "persoon", person)]
    zaken.sort(key=lambda row: (row["ontvangst"] or "", row["uuid"]), reverse=True)
    own = model.get(gemeente, f"{gemeente}:{person}") or {"markeringen": {}, "wijzigingen": []}
    today = hub.clock.today()
    marks = [{"id": key, **mark} for key, mark in own["markeringen"].items() if counts(mark, today)]
    return Klantbeeld(person, zaken, marks, list(reversed(own["wijzigingen"])))


def counts(mark: dict[str, Any], today: date) -> bool:
    """Return True while a mark has not expired; the day it expires still counts."""
    return mark["verloopt"] is None or mark["verloopt"] >= today.isoformat()


def rollen(row: Row, person: str) -> list[str]:
    """Return in which roles a person takes part in a zaak."""
    own = [role for who, role in row["deelnemers"].values() if who == person]
    return list(dict.fromkeys([*row["aangifte"].get(person, ()), *own]))


def toestand(row: Row) -> str:
    """Return where a zaak stands in one word of ours (texts ``toestand.*``)."""
    if row["verwijderd"]:
        return "verwijderd"
    if row["afgerond"] or row["einddatum"]:
        return "afgerond"
    if row["aanvulling"]:
        return "aanvulling"
    if row["oordeel"] is None:
        return "nieuw"
    if row["oordeel"]["kleur"] == "groen":
        return "wachtend" if row["aangehouden"] else "verwerken"
    return str(row["oordeel"]["kleur"])
