# SPDX-License-Identifier: EUPL-1.2
"""What the row of one zaak answers: its state, its timeline, and who may see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from hub.errors import NotFound
from hub.persoonsgegevens import ADULT_FOR_ITSELF, Dossier, open_dossier
from hub.plugins import Hub, Row

NAME: Final = "zaakverloop"
_SECRET: Final = frozenset({"confidentieel", "geheim", "zeer_geheim"})  # a plain move is vertrouwelijk in the catalogue


def zaak(hub: Hub, gemeente: str, uuid: UUID | str) -> Row:
    """Return the row of a zaak; NotFound when this gemeente has no such zaak."""
    row = hub.read_model(NAME).get(gemeente, str(uuid))
    if row is None:
        raise NotFound("Deze zaak is hier niet bekend. Kijk of het nummer klopt.")
    return row


# ------------------------------------------------------------------------------------------------------- who may see it


def betrokkenen(row: Row) -> set[str]:
    """Return the pseudonyms of whoever might see this zaak as a resident: declarer, movers, initiators."""
    return {person for person in (row["aangever"], *row["verhuizers"], *row["initiatoren"].values()) if person}


def dossier(hub: Hub, row: Row) -> Dossier:
    """Open the personal part of a zaak for one page."""
    return open_dossier(hub.vault, row)


def mag_zien(row: Row, person: str, opened: Dossier, today: date) -> bool:
    """Return True when a resident may see this zaak: who declared it, and movers known to be 16 or over."""
    if row["verwijderd"] or row["vertrouwelijkheid"] in _SECRET or person not in betrokkenen(row):
        return False
    if person == row["aangever"] or person in row["initiatoren"].values():
        return True
    years = opened.leeftijd(person, today)
    return years is not None and years >= ADULT_FOR_ITSELF


def zaken_van(hub: Hub, gemeente: str, person: str) -> list[tuple[Row, Dossier]]:
    """Return the zaken a resident may see, latest first, each with its opened dossier."""
    today = hub.clock.today()
    found = [(row, dossier(hub, row)) for _, row in hub.read_model(NAME).linked(gemeente, "betrokkene", person)]
    mine = [(row, opened) for row, opened in found if mag_zien(row, person, opened, today)]
    return sorted(mine, key=lambda pair: (pair[0]["ontvangst"] or "", pair[0]["uuid"]), reverse=True)


def eigen_redenen(row: Row, person: str) -> Sequence[str]:
    """Return the reasons that may be told to a resident; nothing that is about somebody else.

    The declarer reads what is about them and about the declaration as a whole; another mover only what is about them
    alone. What a page tells of these is less still: marks and lists have no text for residents.
    """
    judged: dict[str, Any] = row["oordeel"] or {"redenen": [], "perVerhuizer": []}
    per_mover = {mover["pseudoniem"]: set(mover["redenen"]) for mover in judged["perVerhuizer"]}
    declarer = person == row["aangever"] or person in row["initiatoren"].values()
    if declarer:
        told = per_mover.get(person) or (set.intersection(*per_mover.values()) if per_mover else set(judged["redenen"]))
    else:
        told = per_mover.get(person, set()) - per_mover[row["aangever"]] if row["aangever"] in per_mover else set()
    return [reason for reason in judged["redenen"] if reason in told]
