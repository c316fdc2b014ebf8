# SPDX-License-Identifier: EUPL-1.2
"""A store whose log was moved elsewhere, or that a move is still filling, says so and lets no hub run on it (R15).

Two hubs on one log would each do its effects. The mark stands in the store itself, so whatever starts there meets it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from hub.errors import Refused
from hub.store.base import Connection, Database

_NAAM: Final = "verhuizing"
VERHUISD: Final = "verhuisd"
BEZIG: Final = "bezig"


@dataclass(frozen=True, slots=True)
class Merk:
    """``verhuisd``: the log went to ``plek``. ``bezig``: it is on its way from ``plek`` to here, and is not whole yet."""

    toestand: str
    plek: str
    op: str


def merk_van(db: Connection) -> Merk | None:
    """Return the mark of a store, None where its log simply is."""
    row = db.execute("SELECT waarde FROM meta WHERE naam = ?", (_NAAM,)).fetchone()
    return Merk(**json.loads(row[0])) if row else None


def merk(db: Connection, found: Merk | None) -> None:
    """Mark a store, or take its mark away."""
    db.execute("DELETE FROM meta WHERE naam = ?", (_NAAM,))
    if found:
        db.execute("INSERT INTO meta (naam, waarde) VALUES (?, ?)", (_NAAM, json.dumps(asdict(found))))


def refuse_moved(database: Database) -> None:
    """Refuse to run on a log that went elsewhere, or that did not wholly arrive."""
    with database.reader() as db:
        found = merk_van(db)
    if found is None:
        return
    if found.toestand == VERHUISD:
        raise Refused(
            f"dit logboek is op {found.op} verhuisd naar {found.plek}: start de hub met de instellingen daarvan. Terug kan met"
            " `wissel verhuis --from <die instellingen> --to <deze>`; hier verder gaan zou werk twee keer doen"
        )
    raise Refused(
        f"hierheen wordt een logboek verhuisd vanaf {found.plek} (begonnen op {found.op}), en dat is niet af: geef"
        " `wissel verhuis` nog eens met dezelfde instellingen, of ga verder op de oude plek, die nog heel is"
    )
