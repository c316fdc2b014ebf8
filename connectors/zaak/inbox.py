# SPDX-License-Identifier: EUPL-1.2
"""The rooms of this connector in ``wissel.db``: notifications as they came, and per zaak what is published and who fetches.

Everything here runs inside a transaction of the caller. Times are microseconds since 1970 (UTC).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connectors.zaak.bundel import Melding
from connectors.zaak.stand import Regel, Stand
from connectors.zaak.tijd import moment
from hub import trace
from hub.clock import rfc3339
from hub.plugins import ReadTx, Sealed, Tx

TABLES: Final = """
CREATE TABLE IF NOT EXISTS zaak_melding (
    id TEXT PRIMARY KEY,                -- sha256 of gemeente and content: a repeat is the same row
    gemeente TEXT NOT NULL,
    zaak TEXT NOT NULL,                 -- uuid
    resource TEXT NOT NULL,
    resource_url TEXT NOT NULL,
    actie TEXT NOT NULL,
    aanmaakdatum TEXT NOT NULL,
    kenmerken TEXT NOT NULL,
    ontvangen_op INTEGER NOT NULL,      -- first receipt
    aantal INTEGER NOT NULL DEFAULT 1,
    afgehandeld_door INTEGER            -- number of the fetch that began after it; NULL: none yet
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS zaak_melding_zaak ON zaak_melding (zaak);
CREATE INDEX IF NOT EXISTS zaak_melding_open ON zaak_melding (zaak, ontvangen_op) WHERE afgehandeld_door IS NULL;
CREATE TABLE IF NOT EXISTS zaak_stand (
    gemeente TEXT NOT NULL,
    zaak TEXT NOT NULL,
    zaak_url TEXT NOT NULL,
    stand TEXT,                         -- what was published, as Stand.to_json
    bekend INTEGER NOT NULL DEFAULT 0,
    verwijderd INTEGER NOT NULL DEFAULT 0,
    gesloten INTEGER NOT NULL DEFAULT 0,
    ophaalnummer INTEGER NOT NULL DEFAULT 0,    -- last number given to a fetch
    neergelegd INTEGER NOT NULL DEFAULT 0,      -- number of the fetch whose result was put down last
    lease TEXT,
    vanaf INTEGER,                      -- when it must be fetched (leased: when the lease ends); NULL: nothing to do
    poging INTEGER NOT NULL DEFAULT 0,
    fout TEXT,
    PRIMARY KEY (gemeente, zaak)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS zaak_stand_vanaf ON zaak_stand (gemeente, vanaf) WHERE vanaf IS NOT NULL;
CREATE INDEX IF NOT EXISTS zaak_stand_bekend ON zaak_stand (gemeente, gesloten, zaak) WHERE bekend = 1;
CREATE TABLE IF NOT EXISTS zaak_trace (
    gemeente TEXT NOT NULL,
    zaak TEXT NOT NULL,
    traceparent TEXT NOT NULL,          -- of the last notification that came with one
    PRIMARY KEY (gemeente, zaak)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS zaak_bron (
    gemeente TEXT PRIMARY KEY,
    regel TEXT NOT NULL DEFAULT '',     -- by which rule ids of this source are made: fixed at the first conclusion
    begonnen TEXT                       -- day on which this hub began with this source
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS zaak_melding_overig (
    id TEXT PRIMARY KEY,                -- notifications about something else than a zaak, counted
    gemeente TEXT NOT NULL,
    kanaal TEXT NOT NULL,
    resource TEXT NOT NULL,
    resource_url TEXT NOT NULL,
    actie TEXT NOT NULL,
    aanmaakdatum TEXT NOT NULL,
    ontvangen_op INTEGER NOT NULL,
    aantal INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS zaak_melding_afgekeurd (
    id TEXT PRIMARY KEY,                -- malformed bodies, kept sealed for inspection
    gemeente TEXT NOT NULL,
    ontvangen_op INTEGER NOT NULL,
    aantal INTEGER NOT NULL DEFAULT 1,
    reden TEXT NOT NULL,
    key_id TEXT NOT NULL,
    inhoud BLOB NOT NULL
) WITHOUT ROWID;
"""
_MOST_REFUSED_KEPT: Final = 1_000
_ALL: Final = 2**62  # a LIMIT that limits nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Notificatie:
    """A notification that is well-formed. ``zaak``: uuid, empty when it is not about a zaak."""

    kanaal: str
    zaak: str
    hoofd_object: str
    resource: str
    resource_url: str
    actie: str
    aanmaakdatum: str
    kenmerken: dict[str, str]
    traceparent: str = ""

    def id_in(self, gemeente: str) -> str:
        """Return the SHA-256 of its content; a retry of the sender has the same one. Times count by the moment."""
        at = moment(self.aanmaakdatum)
        parts = (
            *(gemeente, self.kanaal, self.hoofd_object, self.resource, self.resource_url, self.actie),
            rfc3339(at) if at else self.aanmaakdatum,
        )
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beurt:
    """One fetch that may begin: its number, what was published when it began, and all notifications of the zaak."""

    gemeente: str
    zaak: str
    zaak_url: str
    nummer: int
    vorige: int
    poging: int
    stand: Stand
    regel: Regel
    meldingen: Sequence[Melding]
    traceparent: str


# ---------------------------------------------------------------------------------------------------- what came in


def bewaar(tx: Tx, gemeente: str, notificatie: Notificatie, now_us: int) -> bool:
    """Store a notification about a zaak and make the zaak due; return False when it came before.

    A repeat opens it again: it looks exactly like a new one with the same content, so it is fetched for once more.
    """
    n = notificatie
    identity = n.id_in(gemeente)
    repeated = tx.execute("UPDATE zaak_melding SET aantal = aantal + 1, afgehandeld_door = NULL WHERE id = ?", (identity,))
    if not repeated:
        kenmerken = json.dumps(n.kenmerken, sort_keys=True)
        row = (identity, gemeente, n.zaak, n.resource, n.resource_url, n.actie, n.aanmaakdatum, kenmerken, now_us)
        tx.execute("INSERT INTO zaak_melding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, NULL)", row)
    tx.execute(
        "INSERT INTO zaak_stand (gemeente, zaak, zaak_url, vanaf) VALUES (?, ?, ?, ?) ON CONFLICT (gemeente, zaak) DO UPDATE"
        " SET vanaf = CASE WHEN zaak_stand.lease IS NULL AND (? = 1 OR zaak_stand.vanaf IS NULL OR zaak_stand.poging = 0)"
        " THEN excluded.vanaf ELSE zaak_stand.vanaf END",
        (gemeente, n.zaak, n.hoofd_object, now_us, int(not repeated)),
    )
    if n.traceparent:
        tx.execute(
            "INSERT INTO zaak_trace (gemeente, zaak, traceparent) VALUES (?, ?, ?) ON CONFLICT (gemeente, zaak)"
            " DO UPDATE SET traceparent = excluded.traceparent",
            (gemeente, n.zaak, n.traceparent),
        )
    return not repeated


def bewaar_overig(tx: Tx, gemeente: str, notificatie: Notificatie, now_us: int) -> None:
    """Count a notification that is not about a zaak, such as the test of a subscription."""
    n = notificatie
    row = (n.id_in(gemeente), gemeente, n.kanaal, n.resource, n.resource_url, n.actie, n.aanmaakdatum, now_us)
    tx.execute(
        "INSERT INTO zaak_melding_overig VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (id)"
        " DO UPDATE SET aantal = zaak_melding_overig.aantal + 1",
        row,
    )


def aantal_overig(tx: ReadTx, gemeente: str, kanaal: str) -> int:
    """Return how many notifications of another kanaal came, repeats included."""
    row = tx.one("SELECT sum(aantal) FROM zaak_melding_overig WHERE gemeente = ? AND kanaal = ?", (gemeente, kanaal))
    return int(row[0] or 0) if row else 0


def bewaar_afgekeurd(tx: Tx, gemeente: str, identity: str, reden: str, sealed: Sealed, now_us: int) -> None:
    """Keep a malformed body, sealed; of very many only the newest."""
    tx.execute(
        "INSERT INTO zaak_melding_afgekeurd VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT (id)"
        " DO UPDATE SET aantal = zaak_melding_afgekeurd.aantal + 1",
        (identity, gemeente, now_us, reden, sealed.key_id, sealed.inhoud),
    )
    tx.execute(
        "DELETE FROM zaak_melding_afgekeurd WHERE id IN (SELECT id FROM zaak_melding_afgekeurd WHERE gemeente = ?"
        " ORDER BY ontvangen_op DESC LIMIT ? OFFSET ?)",
        (gemeente, _ALL, _MOST_REFUSED_KEPT),
    )


def onafgehandeld(tx: ReadTx, zaak: str, before_us: int) -> bool:
    """Return True when a notification of this zaak received before ``before_us`` is not settled."""
    sql = "SELECT 1 FROM zaak_melding WHERE zaak = ? AND afgehandeld_door IS NULL AND ontvangen_op < ? LIMIT 1"
    return tx.one(sql, (zaak, before_us)) is not None


def achterstand(tx: ReadTx) -> int:
    """Return how many notifications are not settled."""
    row = tx.one("SELECT count(*) FROM zaak_melding WHERE afgehandeld_door IS NULL")
    return int(row[0]) if row else 0


def ontvangen(tx: ReadTx, gemeente: str, zaak: str) -> list[tuple[str, str, str]]:
    """Return (resource URL, actie, aanmaakdatum) of every notification that came about a zaak."""
    sql = "SELECT resource_url, actie, aanmaakdatum FROM zaak_melding WHERE zaak = ? AND gemeente = ?"
    return [(url, actie, at) for url, actie, at in tx.all(sql, (zaak, gemeente))]


def laatste_melding(tx: ReadTx, gemeente: str) -> int | None:
    """Return when the last notification about a zaak of this gemeente came in that was not there before."""
    row = tx.one("SELECT max(ontvangen_op) FROM zaak_melding WHERE gemeente = ?", (gemeente,))
    return row[0] if row else None


# ------------------------------------------------------------------------------------------------------- fetching


def neem_over(tx: Tx, owner: str, now_us: int) -> int:
    """Make due what an earlier process was fetching when it ended; return how many."""
    sql = "UPDATE zaak_stand SET lease = NULL, vanaf = ? WHERE lease IS NOT NULL AND lease <> ?"
    return tx.execute(sql, (now_us, owner))


def eerstvolgende(tx: ReadTx, gemeente: str) -> int | None:
    """Return when the next zaak of a gemeente is due, None when nothing is to be done."""
    row = tx.one("SELECT min(vanaf) FROM zaak_stand WHERE gemeente = ? AND vanaf IS NOT NULL", (gemeente,))
    return row[0] if row else None


def begin(tx: Tx, gemeente: str, *, owner: str, now_us: int, lease_us: int, most: int) -> list[Beurt]:
    """Give the zaken that are due, longest waiting first, each a number and a lease, and return what a fetch needs."""
    due = tx.all(
        "SELECT zaak, zaak_url, ophaalnummer, neergelegd, poging, stand FROM zaak_stand"
        " WHERE gemeente = ? AND vanaf <= ? ORDER BY vanaf LIMIT ?",
        (gemeente, now_us, most),
    )
    regel = regel_van(tx, gemeente)
    tx.executemany(
        "UPDATE zaak_stand SET ophaalnummer = ophaalnummer + 1, lease = ?, vanaf = ? WHERE gemeente = ? AND zaak = ?",
        [(owner, now_us + lease_us, gemeente, row[0]) for row in due],
    )
    return [
        Beurt(
            gemeente=gemeente,
            zaak=zaak,
            zaak_url=zaak_url,
            nummer=number + 1,
            vorige=previous,
            poging=attempt,
            stand=Stand.from_json(stand),
            regel=regel,
            meldingen=_meldingen(tx, gemeente, zaak),
            traceparent=_trace(tx, gemeente, zaak),
        )
        for zaak, zaak_url, number, previous, attempt, stand in due
    ]


def leg_neer(tx: Tx, beurt: Beurt, stand: Stand, *, settles: bool, now_us: int, later_us: int | None = None) -> bool:
    """Keep the result of a fetch, unless the result of another one was kept since it began; then return False.

    ``settles``: the notifications stored before it began are done with, but for those that came again meanwhile.
    ``later_us``: look again then.
    """
    key = (beurt.gemeente, beurt.zaak)
    kept = tx.execute(
        "UPDATE zaak_stand SET stand = ?, bekend = ?, verwijderd = ?, gesloten = ?, neergelegd = ?, poging = 0, fout = NULL"
        " WHERE gemeente = ? AND zaak = ? AND neergelegd = ?",
        (
            *(stand.to_json(), int(stand.bekend), int(stand.verwijderd), int(stand.gesloten), beurt.nummer),
            *(*key, beurt.vorige),
        ),
    )
    if kept and stand.regel and not beurt.regel:
        tx.execute(
            "INSERT INTO zaak_bron (gemeente, regel) VALUES (?, ?) ON CONFLICT (gemeente) DO UPDATE"
            " SET regel = excluded.regel WHERE zaak_bron.regel = ''",
            (beurt.gemeente, stand.regel),
        )
    if kept and settles:
        done = "DELETE FROM zaak_trace WHERE gemeente = ? AND zaak = ? AND traceparent = ?"
        tx.execute(done, (*key, beurt.traceparent))
        tx.executemany(
            "UPDATE zaak_melding SET afgehandeld_door = ? WHERE id = ? AND aantal = ?",
            [(beurt.nummer, m.id, m.aantal) for m in beurt.meldingen if m.open],
        )
    _let_go(tx, beurt, now_us if later_us is None else later_us, again=not kept or later_us is not None)
    return bool(kept)


def stel_uit(tx: Tx, beurt: Beurt, *, vanaf_us: int, fout: str) -> None:
    """Let go of a fetch that failed and try again later; nothing is ever dropped."""
    tx.execute(
        "UPDATE zaak_stand SET lease = NULL, vanaf = ?, poging = poging + 1, fout = ?"
        " WHERE gemeente = ? AND zaak = ? AND ophaalnummer = ?",
        (vanaf_us, fout, beurt.gemeente, beurt.zaak, beurt.nummer),
    )


def andere_zaken(tx: ReadTx, gemeente: str, zaak: str, most: int) -> list[str]:
    """Return other zaken of this source that were not deleted, those we know best first."""
    sql = (
        "SELECT zaak FROM zaak_stand WHERE gemeente = ? AND zaak <> ? AND verwijderd = 0"
        " ORDER BY bekend DESC, neergelegd DESC LIMIT ?"
    )
    return [row[0] for row in tx.all(sql, (gemeente, zaak, most))]


def regel_van(tx: ReadTx, gemeente: str) -> Regel:
    """Return by which rule ids of this source are made, empty while nothing was concluded."""
    row = tx.one("SELECT regel FROM zaak_bron WHERE gemeente = ?", (gemeente,))
    found: Regel = row[0] if row else ""
    return found


# ------------------------------------------------------------------------------------------------------ comparing


def onthoud_begin(tx: Tx, gemeente: str, today: str) -> None:
    """Keep the day on which this hub began with a source: older zaken are not taken up without a notification."""
    tx.execute(
        "INSERT INTO zaak_bron (gemeente, begonnen) VALUES (?, ?) ON CONFLICT (gemeente) DO UPDATE"
        " SET begonnen = excluded.begonnen WHERE zaak_bron.begonnen IS NULL",
        (gemeente, today),
    )


def begonnen_op(tx: ReadTx, gemeente: str) -> str | None:
    """Return the day on which this hub began with a source."""
    row = tx.one("SELECT begonnen FROM zaak_bron WHERE gemeente = ?", (gemeente,))
    return row[0] if row else None


def maak_bekend(tx: Tx, gemeente: str, zaken: Sequence[tuple[str, str]], now_us: int) -> int:
    """Make due the zaken (uuid, url) we never heard of; return how many those are."""
    sql = "INSERT INTO zaak_stand (gemeente, zaak, zaak_url, vanaf) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    return sum(tx.execute(sql, (gemeente, uuid, url, now_us)) for uuid, url in zaken)


def maak_nodig(tx: Tx, gemeente: str, zaken: Sequence[str], now_us: int) -> int:
    """Make zaken due that nothing is waited for; return how many."""
    sql = "UPDATE zaak_stand SET vanaf = ? WHERE gemeente = ? AND zaak = ? AND vanaf IS NULL"
    return sum(tx.execute(sql, (now_us, gemeente, zaak)) for zaak in zaken)


def _let_go(tx: Tx, beurt: Beurt, due_us: int, *, again: bool) -> None:
    """End the lease of the newest fetch; the zaak is due again when something is open still."""
    open_ = "EXISTS (SELECT 1 FROM zaak_melding m WHERE m.zaak = ? AND m.gemeente = ? AND m.afgehandeld_door IS NULL)"
    tx.execute(
        f"UPDATE zaak_stand SET lease = NULL, vanaf = CASE WHEN ? = 1 OR {open_} THEN ? END"
        " WHERE gemeente = ? AND zaak = ? AND ophaalnummer = ?",
        (int(again), beurt.zaak, beurt.gemeente, due_us, beurt.gemeente, beurt.zaak, beurt.nummer),
    )


def _trace(tx: ReadTx, gemeente: str, zaak: str) -> str:
    """Return the trace of the notification that made the zaak due; else the one of a trace that begins here."""
    row = tx.one("SELECT traceparent FROM zaak_trace WHERE gemeente = ? AND zaak = ?", (gemeente, zaak))
    return str(row[0]) if row else trace.begin()


def _meldingen(tx: ReadTx, gemeente: str, zaak: str) -> tuple[Melding, ...]:
    rows = tx.all(
        "SELECT id, resource, resource_url, actie, aanmaakdatum, aantal, afgehandeld_door IS NULL FROM zaak_melding"
        " WHERE zaak = ? AND gemeente = ?",
        (zaak, gemeente),
    )
    return tuple(
        Melding(
            id=row[0],
            resource=row[1],
            resource_url=row[2],
            actie=row[3],
            aanmaakdatum=row[4],
            aantal=row[5],
            open=bool(row[6]),
        )
        for row in rows
    )
