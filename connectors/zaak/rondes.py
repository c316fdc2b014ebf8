# SPDX-License-Identifier: EUPL-1.2
"""The rooms of comparing and filling in ``wissel.db``: rounds that were asked for, how far they are, and what they saw.

A round is asked for by a row, so that whoever asks need not be the process that compares, and a round that was cut off is
taken up again. Everything here runs inside a transaction of the caller.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from connectors.zaak.stand import Stand
from hub.plugins import ReadTx, Tx

Soort = Literal["open", "gesloten", "vullen"]
GEVRAAGD: Final = "gevraagd"
LOOPT: Final = "loopt"
KLAAR: Final = "klaar"
MISLUKT: Final = "mislukt"
TABLES: Final = """
CREATE TABLE IF NOT EXISTS zaak_ronde (
    gemeente TEXT NOT NULL,
    nummer INTEGER NOT NULL,
    soort TEXT NOT NULL,                -- open, gesloten, vullen
    vraag TEXT NOT NULL,                -- what was asked, as JSON
    haast INTEGER NOT NULL,             -- 1: somebody waits for it, so it is not spread over the cycle
    gevraagd_op INTEGER NOT NULL,
    begonnen_op INTEGER,
    klaar_op INTEGER,
    toestand TEXT NOT NULL,             -- gevraagd, loopt, klaar, mislukt
    telling TEXT NOT NULL,              -- how many of what, as JSON
    cursor TEXT NOT NULL,               -- up to where it is done, for what is taken up again
    uitleg TEXT,
    PRIMARY KEY (gemeente, nummer)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS zaak_gezien (
    gemeente TEXT NOT NULL,
    zaak TEXT NOT NULL,
    ronde INTEGER NOT NULL,             -- the last round that met this open zaak in the source
    PRIMARY KEY (gemeente, zaak)
) WITHOUT ROWID;
"""
_KEPT: Final = 100
_CHUNK: Final = 500
_COLUMNS: Final = "nummer, soort, vraag, haast, gevraagd_op, begonnen_op, klaar_op, toestand, telling, cursor, uitleg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ronde:
    """One round: what was asked, and how far it is."""

    nummer: int
    soort: Soort
    vraag: Mapping[str, Any]
    haast: bool
    gevraagd_op: int
    begonnen_op: int | None
    klaar_op: int | None
    toestand: str
    telling: Mapping[str, int]
    cursor: str
    uitleg: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bekende:
    """A zaak we know. ``onderweg``: it is due or being fetched already."""

    stand: Stand
    bekend: bool
    gesloten: bool
    onderweg: bool


@dataclass(slots=True)
class Telling:
    """Counts of a round, as they grow."""

    aantallen: dict[str, int] = field(default_factory=dict)

    def tel(self, wat: str, hoeveel: int = 1) -> None:
        """Add to one count."""
        if hoeveel:
            self.aantallen[wat] = self.aantallen.get(wat, 0) + hoeveel


def vraag(tx: Tx, gemeente: str, soort: Soort, *, now_us: int, haast: bool = False, **wat: Any) -> int:
    """Ask for a round; return its number. The same question that was not begun yet is the same round."""
    asked = json.dumps({name: value for name, value in wat.items() if value}, sort_keys=True)
    sql = "SELECT nummer FROM zaak_ronde WHERE gemeente = ? AND soort = ? AND vraag = ? AND toestand = ?"
    waiting = tx.one(sql, (gemeente, soort, asked, GEVRAAGD))
    if waiting:
        tx.execute("UPDATE zaak_ronde SET haast = ? WHERE gemeente = ? AND nummer = ?", (int(haast), gemeente, waiting[0]))
        return int(waiting[0])
    last = tx.one("SELECT max(nummer) FROM zaak_ronde WHERE gemeente = ?", (gemeente,))
    number = ((last[0] if last else None) or 0) + 1
    row = (gemeente, number, soort, asked, int(haast), now_us, None, None, GEVRAAGD, "{}", "", None)
    tx.execute("INSERT INTO zaak_ronde VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    tx.execute("DELETE FROM zaak_ronde WHERE gemeente = ? AND nummer < ? AND soort <> 'vullen'", (gemeente, number - _KEPT))
    return number


def volgende(tx: ReadTx, gemeente: str, soorten: Sequence[Soort]) -> Ronde | None:
    """Return the round to do now: one that somebody waits for first, then what was cut off, then the oldest."""
    marks = ", ".join("?" * len(soorten))
    row = tx.one(
        f"SELECT {_COLUMNS} FROM zaak_ronde WHERE gemeente = ? AND soort IN ({marks}) AND toestand IN (?, ?)"
        " ORDER BY haast DESC, toestand DESC, nummer LIMIT 1",
        (gemeente, *soorten, GEVRAAGD, LOOPT),
    )
    return _ronde(row) if row else None


def ronde(tx: ReadTx, gemeente: str, nummer: int) -> Ronde | None:
    """Return one round."""
    row = tx.one(f"SELECT {_COLUMNS} FROM zaak_ronde WHERE gemeente = ? AND nummer = ?", (gemeente, nummer))
    return _ronde(row) if row else None


def haast_gevraagd(tx: ReadTx, gemeente: str) -> bool:
    """Return True when somebody waits for a round that was not begun."""
    sql = "SELECT 1 FROM zaak_ronde WHERE gemeente = ? AND toestand = ? AND haast = 1 AND soort <> 'vullen' LIMIT 1"
    return tx.one(sql, (gemeente, GEVRAAGD)) is not None


def laatste_klaar(tx: ReadTx, gemeente: str, soort: Soort) -> int | None:
    """Return when the last round of a kind that looked at everything and was finished began."""
    row = tx.one(
        "SELECT max(begonnen_op) FROM zaak_ronde WHERE gemeente = ? AND soort = ? AND toestand = ? AND vraag = '{}'",
        (gemeente, soort, KLAAR),
    )
    return row[0] if row else None


def begin(tx: Tx, gemeente: str, nummer: int, now_us: int) -> None:
    """Begin a round, or begin it again."""
    tx.execute(
        "UPDATE zaak_ronde SET toestand = ?, begonnen_op = ?, telling = '{}', uitleg = NULL WHERE gemeente = ? AND nummer = ?",
        (LOOPT, now_us, gemeente, nummer),
    )


def vorder(tx: Tx, gemeente: str, nummer: int, telling: Telling, *, cursor: str = "", uitleg: str | None = None) -> None:
    """Keep how far a round is; ``uitleg``: what it waits for."""
    tx.execute(
        "UPDATE zaak_ronde SET telling = ?, cursor = ?, uitleg = ? WHERE gemeente = ? AND nummer = ?",
        (json.dumps(telling.aantallen), cursor, uitleg, gemeente, nummer),
    )


def sluit(tx: Tx, gemeente: str, nummer: int, telling: Telling, *, now_us: int, fout: str | None = None) -> None:
    """End a round; ``fout``: why it could not be finished."""
    tx.execute(
        "UPDATE zaak_ronde SET toestand = ?, klaar_op = ?, telling = ?, uitleg = ? WHERE gemeente = ? AND nummer = ?",
        (MISLUKT if fout else KLAAR, now_us, json.dumps(telling.aantallen), fout, gemeente, nummer),
    )


# --------------------------------------------------------------------------------------------------- what is known


def bekenden(tx: ReadTx, gemeente: str, zaken: Sequence[str]) -> dict[str, Bekende]:
    """Return of these zaken (at most some hundreds) those we have heard of."""
    marks = ", ".join("?" * len(zaken))
    rows = tx.all(
        f"SELECT zaak, stand, bekend, gesloten, vanaf FROM zaak_stand WHERE gemeente = ? AND zaak IN ({marks})",
        (gemeente, *zaken),
    )
    return {
        zaak: Bekende(stand=Stand.from_json(stand), bekend=bool(bekend), gesloten=bool(gesloten), onderweg=vanaf is not None)
        for zaak, stand, bekend, gesloten, vanaf in rows
    }


def gezien(tx: Tx, gemeente: str, nummer: int, zaken: Sequence[str]) -> None:
    """Keep that a round met these zaken."""
    tx.executemany(
        "INSERT INTO zaak_gezien VALUES (?, ?, ?) ON CONFLICT (gemeente, zaak) DO UPDATE SET ronde = excluded.ronde",
        [(gemeente, zaak, nummer) for zaak in zaken],
    )


def ongezien(tx: ReadTx, gemeente: str, nummer: int, *, na: str) -> list[str]:
    """Return the next open zaken we know that a round did not meet: closed, destroyed or hidden from us."""
    rows = tx.all(
        "SELECT s.zaak FROM zaak_stand s LEFT JOIN zaak_gezien g ON g.gemeente = s.gemeente AND g.zaak = s.zaak AND g.ronde = ?"
        " WHERE s.gemeente = ? AND s.zaak > ? AND s.bekend = 1 AND s.gesloten = 0 AND s.vanaf IS NULL AND g.zaak IS NULL"
        " ORDER BY s.zaak LIMIT ?",
        (nummer, gemeente, na, _CHUNK),
    )
    return [row[0] for row in rows]


def vergeet_gezien(tx: Tx, gemeente: str, nummer: int) -> int:
    """Forget some of the zaken that only earlier rounds met; return how many."""
    return tx.execute(
        "DELETE FROM zaak_gezien WHERE gemeente = ? AND zaak IN"
        " (SELECT zaak FROM zaak_gezien WHERE gemeente = ? AND ronde < ? LIMIT ?)",
        (gemeente, gemeente, nummer, _CHUNK),
    )


def gesloten_zaken(tx: ReadTx, gemeente: str, *, na: str, most: int) -> list[str]:
    """Return the next zaken that are closed and not known to be deleted."""
    rows = tx.all(
        "SELECT zaak FROM zaak_stand WHERE gemeente = ? AND zaak > ? AND bekend = 1 AND gesloten = 1 ORDER BY zaak LIMIT ?",
        (gemeente, na, most),
    )
    return [row[0] for row in rows]


def aantal_open(tx: ReadTx, gemeente: str) -> int:
    """Return how many open zaken we know."""
    row = tx.one("SELECT count(*) FROM zaak_stand WHERE gemeente = ? AND bekend = 1 AND gesloten = 0", (gemeente,))
    return int(row[0]) if row else 0


def wachtend(tx: ReadTx, gemeente: str, now_us: int) -> int:
    """Return how many zaken are due or being fetched."""
    sql = "SELECT count(*) FROM zaak_stand WHERE gemeente = ? AND vanaf IS NOT NULL AND (vanaf <= ? OR lease IS NOT NULL)"
    row = tx.one(sql, (gemeente, now_us))
    return int(row[0]) if row else 0


def _ronde(row: tuple[Any, ...]) -> Ronde:
    nummer, soort, asked, haast, gevraagd, begonnen, klaar, toestand, telling, cursor, uitleg = row
    return Ronde(
        nummer=nummer,
        soort=soort,
        vraag=json.loads(asked),
        haast=bool(haast),
        gevraagd_op=gevraagd,
        begonnen_op=begonnen,
        klaar_op=klaar,
        toestand=toestand,
        telling=json.loads(telling),
        cursor=cursor,
        uitleg=uitleg,
    )
