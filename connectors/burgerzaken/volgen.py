# SPDX-License-Identifier: EUPL-1.2
"""Who is followed, and the state in which each was last seen: sealed, so that a later read can be compared with it.

The registry only says *that* somebody changed, per day. What changed follows from the state kept here. It is personal
data of one person under that person's own key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from connectors.burgerzaken.gezien import VERGELEKEN_EERST, Gezien
from hub.plugins import ReadTx, Sealed, Tx, Vault
from hub.privacy import Bsn

KLASSE: Final = "registratie"
TABLES: Final = """
-- Persons followed in the registry, with the sealed state in which each was last seen.
CREATE TABLE IF NOT EXISTS burgerzaken_volg (
    gemeente TEXT NOT NULL,
    pseudoniem TEXT NOT NULL,
    key_id TEXT NOT NULL,
    context TEXT NOT NULL,
    inhoud BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    vorige_wijziging TEXT,
    volgt_tot TEXT NOT NULL,
    gelezen_op TEXT NOT NULL,
    wacht_tot TEXT,
    PRIMARY KEY (gemeente, pseudoniem)
);
-- For which zaken each is followed: following ends when the last of them does.
CREATE TABLE IF NOT EXISTS burgerzaken_volg_zaak (
    gemeente TEXT NOT NULL,
    zaak TEXT NOT NULL,
    pseudoniem TEXT NOT NULL,
    PRIMARY KEY (gemeente, zaak, pseudoniem)
);
CREATE INDEX IF NOT EXISTS burgerzaken_volg_zaak_persoon ON burgerzaken_volg_zaak (gemeente, pseudoniem);
-- The day up to which changes were asked and dealt with.
CREATE TABLE IF NOT EXISTS burgerzaken_poll (gemeente TEXT NOT NULL PRIMARY KEY, tot_en_met TEXT NOT NULL);
"""
_CHUNK: Final = 500
_COLUMNS: Final = "pseudoniem, key_id, context, inhoud, sha256, vorige_wijziging, gelezen_op, wacht_tot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gevolgde:
    """A row: one followed person, still sealed. ``wacht_tot``: until when a write about them awaits confirmation."""

    pseudoniem: str
    verzegeld: Sealed
    sha256: str
    vorige_wijziging: str | None
    gelezen_op: datetime
    wacht_tot: datetime | None

    def awaits(self, nu: datetime) -> bool:
        """Tell whether a write about this person awaits its confirmation now."""
        return self.wacht_tot is not None and nu <= self.wacht_tot


def seal(vault: Vault, gemeente: str, pseudoniem: str, gezien: Gezien) -> Sealed:
    """Seal a state under the person's own key. Outside any transaction."""
    gegevens = {
        "bsn": gezien.bsn.reveal(),
        "zout": gezien.zout,
        "staat": gezien.staat,
        "vergeleken": list(gezien.vergeleken),
    }
    return vault.seal(gemeente, pseudoniem, KLASSE, f"burgerzaken_volg/{gemeente}/{pseudoniem}", gegevens)


def open_(vault: Vault, gevolgde: Gevolgde) -> Gezien | None:
    """Return the state, None when the key was destroyed: that person is not followed any more."""
    opened = vault.open(gevolgde.verzegeld)
    if opened is None:
        return None
    _, gegevens = opened
    vergeleken = tuple(gegevens.get("vergeleken") or VERGELEKEN_EERST)
    return Gezien(Bsn(gegevens["bsn"]), gegevens["staat"], gegevens["zout"], vergeleken)


def begin(tx: Tx, gemeente: str, nieuw: Sequence[tuple[str, Sealed, str]], *, vandaag: date, tot: date, nu: datetime) -> None:
    """Start following (pseudonym, sealed state, sha256).

    Who is followed already keeps the state known: a change since then must still be found.
    """
    rows = [
        (gemeente, pseudoniem, sealed.key_id, sealed.event_id, sealed.inhoud, sha256, tot.isoformat(), nu.isoformat())
        for pseudoniem, sealed, sha256 in nieuw
    ]
    tx.executemany(
        "DELETE FROM burgerzaken_volg WHERE gemeente = ? AND pseudoniem = ? AND volgt_tot < ?",
        [(gemeente, row[1], vandaag.isoformat()) for row in rows],
    )
    tx.executemany(
        "INSERT INTO burgerzaken_volg (gemeente, pseudoniem, key_id, context, inhoud, sha256, volgt_tot, gelezen_op)"
        " VALUES (?,?,?,?,?,?,?,?)"
        " ON CONFLICT (gemeente, pseudoniem) DO UPDATE SET volgt_tot = excluded.volgt_tot",
        rows,
    )


def needed_by(tx: Tx, gemeente: str, zaak: str, pseudoniemen: Iterable[str]) -> None:
    """Note that this zaak needs these persons to be followed. Before the registry is asked to: so nobody ends it meanwhile."""
    tx.executemany(
        "INSERT INTO burgerzaken_volg_zaak (gemeente, zaak, pseudoniem) VALUES (?,?,?) ON CONFLICT DO NOTHING",
        [(gemeente, zaak, pseudoniem) for pseudoniem in pseudoniemen],
    )


def people_of(tx: ReadTx, gemeente: str, zaak: str) -> list[str]:
    """Return whom this zaak needs to be followed, sorted."""
    query = "SELECT pseudoniem FROM burgerzaken_volg_zaak WHERE gemeente = ? AND zaak = ? ORDER BY pseudoniem"
    return [row[0] for row in tx.all(query, (gemeente, zaak))]


def needed_elsewhere(tx: ReadTx, gemeente: str, zaak: str) -> set[str]:
    """Return who of the people of this zaak is needed by another one too."""
    rows = tx.all(
        "SELECT DISTINCT ander.pseudoniem FROM burgerzaken_volg_zaak eigen JOIN burgerzaken_volg_zaak ander"
        " ON ander.gemeente = eigen.gemeente AND ander.pseudoniem = eigen.pseudoniem AND ander.zaak <> eigen.zaak"
        " WHERE eigen.gemeente = ? AND eigen.zaak = ?",
        (gemeente, zaak),
    )
    return {row[0] for row in rows}


def ends_soon(tx: ReadTx, gemeente: str, until: date, most: int) -> list[Gevolgde]:
    """Return whose following ends on or before ``until`` although a running zaak still needs them."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM burgerzaken_volg WHERE gemeente = ? AND volgt_tot <= ? AND EXISTS (SELECT 1 FROM"
        " burgerzaken_volg_zaak nog WHERE nog.gemeente = burgerzaken_volg.gemeente"
        " AND nog.pseudoniem = burgerzaken_volg.pseudoniem) ORDER BY volgt_tot LIMIT ?",
        (gemeente, until.isoformat(), most),
    )
    return [_gevolgde(row) for row in rows]


def follow_until(tx: Tx, gemeente: str, pseudoniemen: Iterable[str], until: date) -> None:
    """Note that these persons are followed up to and with a day."""
    tx.executemany(
        "UPDATE burgerzaken_volg SET volgt_tot = ? WHERE gemeente = ? AND pseudoniem = ?",
        [(until.isoformat(), gemeente, pseudoniem) for pseudoniem in pseudoniemen],
    )


def end_for(tx: Tx, gemeente: str, zaak: str, pseudoniemen: Sequence[str]) -> None:
    """Note that this zaak needs nobody any more; who of ``pseudoniemen`` is needed by no other one is forgotten."""
    tx.execute("DELETE FROM burgerzaken_volg_zaak WHERE gemeente = ? AND zaak = ?", (gemeente, zaak))
    tx.executemany(
        "DELETE FROM burgerzaken_volg WHERE gemeente = ? AND pseudoniem = ? AND NOT EXISTS (SELECT 1 FROM"
        " burgerzaken_volg_zaak nog WHERE nog.gemeente = ? AND nog.pseudoniem = ?)",
        [(gemeente, pseudoniem, gemeente, pseudoniem) for pseudoniem in pseudoniemen],
    )


def await_confirmation(tx: Tx, gemeente: str, pseudoniemen: Iterable[str], *, until: datetime) -> None:
    """Mark that these persons are about to change because we wrote so: they are read first, and more often."""
    tx.executemany(
        "UPDATE burgerzaken_volg SET wacht_tot = ? WHERE gemeente = ? AND pseudoniem = ?",
        [(until.isoformat(), gemeente, pseudoniem) for pseudoniem in pseudoniemen],
    )


def followed(tx: ReadTx, gemeente: str, pseudoniemen: Sequence[str], today: date) -> list[Gevolgde]:
    """Return those of ``pseudoniemen`` who are followed today."""
    found = []
    for start in range(0, len(pseudoniemen), _CHUNK):
        part = pseudoniemen[start : start + _CHUNK]
        rows = tx.all(
            f"SELECT {_COLUMNS} FROM burgerzaken_volg WHERE gemeente = ? AND volgt_tot >= ?"
            f" AND pseudoniem IN ({','.join('?' * len(part))})",
            (gemeente, today.isoformat(), *part),
        )
        found += [_gevolgde(row) for row in rows]
    return found


def somebody_awaits(tx: ReadTx, gemeente: str, nu: datetime) -> bool:
    """Tell whether any write still awaits its confirmation."""
    query = "SELECT 1 FROM burgerzaken_volg WHERE gemeente = ? AND wacht_tot >= ? LIMIT 1"
    return tx.one(query, (gemeente, nu.isoformat())) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class NieuweStaat:
    """What takes the place of the state known. ``verhuisd``: it is a move, so nothing is awaited any more."""

    verzegeld: Sealed
    sha256: str
    wijziging: str
    verhuisd: bool


def replace(tx: Tx, gemeente: str, gevolgde: Gevolgde, nieuw: NieuweStaat, *, nu: datetime) -> bool:
    """Put a newer state in the place of the one compared with; False when somebody else already did."""
    until = None if nieuw.verhuisd or gevolgde.wacht_tot is None else gevolgde.wacht_tot.isoformat()
    touched = tx.execute(
        "UPDATE burgerzaken_volg SET key_id = ?, context = ?, inhoud = ?, sha256 = ?, vorige_wijziging = ?,"
        " gelezen_op = ?, wacht_tot = ? WHERE gemeente = ? AND pseudoniem = ? AND sha256 = ?",
        (
            nieuw.verzegeld.key_id,
            nieuw.verzegeld.event_id,
            nieuw.verzegeld.inhoud,
            nieuw.sha256,
            nieuw.wijziging,
            nu.isoformat(),
            until,
            gemeente,
            gevolgde.pseudoniem,
            gevolgde.sha256,
        ),
    )
    return touched == 1


def seen(tx: Tx, gemeente: str, pseudoniemen: Iterable[str], nu: datetime) -> None:
    """Note that these persons were read and had not changed."""
    tx.executemany(
        "UPDATE burgerzaken_volg SET gelezen_op = ? WHERE gemeente = ? AND pseudoniem = ?",
        [(nu.isoformat(), gemeente, pseudoniem) for pseudoniem in pseudoniemen],
    )


def forget(tx: Tx, gemeente: str, pseudoniemen: Iterable[str]) -> None:
    """Stop following these persons: their key was destroyed."""
    tx.executemany(
        "DELETE FROM burgerzaken_volg WHERE gemeente = ? AND pseudoniem = ?",
        [(gemeente, pseudoniem) for pseudoniem in pseudoniemen],
    )


def asked_until(tx: ReadTx, gemeente: str) -> date | None:
    """Return the last day whose changes were asked and dealt with; None when that never happened."""
    row = tx.one("SELECT tot_en_met FROM burgerzaken_poll WHERE gemeente = ?", (gemeente,))
    return date.fromisoformat(row[0]) if row else None


def note_asked(tx: Tx, gemeente: str, dag: date) -> None:
    """Note the day whose changes were asked and dealt with."""
    tx.execute(
        "INSERT INTO burgerzaken_poll VALUES (?, ?) ON CONFLICT (gemeente) DO UPDATE SET tot_en_met = excluded.tot_en_met",
        (gemeente, dag.isoformat()),
    )


def _gevolgde(row: tuple[Any, ...]) -> Gevolgde:
    pseudoniem, key_id, context, inhoud, sha256, vorige, gelezen_op, wacht_tot = row
    return Gevolgde(
        pseudoniem=pseudoniem,
        verzegeld=Sealed(key_id, context, inhoud),
        sha256=sha256,
        vorige_wijziging=vorige,
        gelezen_op=datetime.fromisoformat(gelezen_op),
        wacht_tot=datetime.fromisoformat(wacht_tot) if wacht_tot else None,
    )


def vergeet(tx: Tx, gemeente: str, pseudoniem: str) -> None:
    """Follow a person no longer, and let go of the state in which they were last seen."""
    for table in ("burgerzaken_volg", "burgerzaken_volg_zaak"):
        tx.execute(f"DELETE FROM {table} WHERE gemeente = ? AND pseudoniem = ?", (gemeente, pseudoniem))
