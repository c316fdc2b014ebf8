# SPDX-License-Identifier: EUPL-1.2
"""Messages of the registry that somebody changed, kept until that person was read again.

A message is a hint, as a changed number is: what became of it is read from the registry itself. Only messages about people
a running case needs are kept; of the others nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.plugins import ReadTx, Tx

TABLES: Final = """
-- Messages about followed people (StUF-BG), by what their sender calls them; open until that person was read again.
CREATE TABLE IF NOT EXISTS burgerzaken_melding (
    gemeente TEXT NOT NULL,
    zender TEXT NOT NULL,
    referentie TEXT NOT NULL,
    vingerafdruk TEXT NOT NULL,
    pseudoniem TEXT NOT NULL,
    correctie INTEGER NOT NULL,
    ontvangen TEXT NOT NULL,
    klaar TEXT,
    PRIMARY KEY (gemeente, zender, referentie)
);
CREATE INDEX IF NOT EXISTS burgerzaken_melding_open ON burgerzaken_melding (gemeente, klaar, pseudoniem);
"""
_KEPT: Final = timedelta(days=90)  # a sender that repeats a message after that long tells of it anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Melding:
    """One message. ``vingerafdruk`` tells a repeated message from another one under the same reference."""

    zender: str
    referentie: str
    vingerafdruk: str
    pseudoniem: str
    correctie: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Aanwijzing:
    """What the open messages about one person say together. ``correctie``: all of them are corrections."""

    eerste: datetime
    laatste: datetime
    correctie: bool


def neem_aan(tx: Tx, gemeente: str, melding: Melding, *, nu: datetime) -> str:
    """Keep a message about somebody who is followed: "nieuw", "herhaald", "anders" (same reference) or "niet-gevolgd"."""
    eerder = tx.one(
        "SELECT vingerafdruk FROM burgerzaken_melding WHERE gemeente = ? AND zender = ? AND referentie = ?",
        (gemeente, melding.zender, melding.referentie),
    )
    if eerder is not None:
        return "herhaald" if eerder[0] == melding.vingerafdruk else "anders"
    needed = "SELECT 1 FROM burgerzaken_volg WHERE gemeente = ? AND pseudoniem = ?"
    if tx.one(needed, (gemeente, melding.pseudoniem)) is None:
        return "niet-gevolgd"
    tx.execute(
        "INSERT INTO burgerzaken_melding (gemeente, zender, referentie, vingerafdruk, pseudoniem, correctie, ontvangen)"
        " VALUES (?,?,?,?,?,?,?)",
        (
            gemeente,
            melding.zender,
            melding.referentie,
            melding.vingerafdruk,
            melding.pseudoniem,
            int(melding.correctie),
            nu.isoformat(),
        ),
    )
    return "nieuw"


def open_(tx: ReadTx, gemeente: str) -> dict[str, Aanwijzing]:
    """Return what the open messages say, by pseudonym."""
    rows = tx.all(
        "SELECT pseudoniem, min(ontvangen), max(ontvangen), min(correctie) FROM burgerzaken_melding"
        " WHERE gemeente = ? AND klaar IS NULL GROUP BY pseudoniem",
        (gemeente,),
    )
    return {
        pseudoniem: Aanwijzing(
            eerste=datetime.fromisoformat(eerste), laatste=datetime.fromisoformat(laatste), correctie=bool(correctie)
        )
        for pseudoniem, eerste, laatste, correctie in rows
    }


def aantal_open(tx: ReadTx) -> int:
    """Return how many messages still wait until the person they are about was read."""
    (count,) = tx.one("SELECT count(*) FROM burgerzaken_melding WHERE klaar IS NULL") or (0,)
    return int(count)


def wacht_voor(tx: ReadTx, zaak: str, voor: datetime) -> bool:
    """Return True when a message about somebody this zaak needs came in before ``voor`` and still waits."""
    sql = (
        "SELECT 1 FROM burgerzaken_melding melding JOIN burgerzaken_volg_zaak nodig ON nodig.gemeente = melding.gemeente"
        " AND nodig.pseudoniem = melding.pseudoniem WHERE nodig.zaak = ? AND melding.klaar IS NULL AND melding.ontvangen < ?"
        " LIMIT 1"
    )
    return tx.one(sql, (zaak, voor.isoformat())) is not None


def sluit(tx: Tx, gemeente: str, tot: Mapping[str, datetime], *, nu: datetime) -> None:
    """Close the messages about these people that came in up to and with the given moment; forget long closed ones."""
    tx.executemany(
        "UPDATE burgerzaken_melding SET klaar = ? WHERE gemeente = ? AND pseudoniem = ? AND klaar IS NULL AND ontvangen <= ?",
        [(nu.isoformat(), gemeente, pseudoniem, moment.isoformat()) for pseudoniem, moment in tot.items()],
    )
    if tot:
        tx.execute("DELETE FROM burgerzaken_melding WHERE gemeente = ? AND klaar < ?", (gemeente, (nu - _KEPT).isoformat()))


def vergeet(tx: Tx, gemeente: str, pseudoniemen: Iterable[str]) -> None:
    """Forget the messages about who of these people is not followed any more."""
    tx.executemany(
        "DELETE FROM burgerzaken_melding WHERE gemeente = ? AND pseudoniem = ? AND NOT EXISTS (SELECT 1 FROM"
        " burgerzaken_volg nog WHERE nog.gemeente = ? AND nog.pseudoniem = ?)",
        [(gemeente, pseudoniem, gemeente, pseudoniem) for pseudoniem in pseudoniemen],
    )
