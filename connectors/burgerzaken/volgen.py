# SPDX-License-Identifier: EUPL-1.2
"""Who is followed, and the state in which each was last seen: sealed, so that a later read can be compared with it.

The registry only says *that* somebody changed, per day. What changed follows from the state kept here. It is personal
data of one person under that person's own key.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from connectors.burgerzaken.velden import filter_persoon
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
-- The day up to which changes were asked and dealt with.
CREATE TABLE IF NOT EXISTS burgerzaken_poll (gemeente TEXT NOT NULL PRIMARY KEY, tot_en_met TEXT NOT NULL);
"""
_CHUNK: Final = 500
_COLUMNS: Final = "pseudoniem, key_id, context, inhoud, sha256, vorige_wijziging, gelezen_op, wacht_tot"
_VERGELEKEN: Final = ("gemeenteVanInschrijving", "opschortingBijhouding", "verblijfplaats")
_GEEN_GEGEVEN: Final = frozenset({"langFormaat", "omschrijving"})  # text derived from a code or date: no fact of its own


@dataclass(frozen=True, slots=True)
class Gezien:
    """A state of one person: what is compared, and its SHA-256, salted so that an address cannot be guessed from it."""

    bsn: Bsn
    staat: Mapping[str, Any]
    zout: str

    @property
    def sha256(self) -> str:
        """Return the digest of the canonical state, hexadecimal."""
        text = json.dumps(_canonical(self.staat), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(f"{self.zout}\x1f{text}".encode()).hexdigest()

    def now(self, persoon: Mapping[str, Any], velden: Sequence[str]) -> Gezien:
        """Return the state in which the same person is found now."""
        return Gezien(self.bsn, staat_van(persoon, velden), self.zout)


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


def staat_van(persoon: Mapping[str, Any], velden: Sequence[str]) -> dict[str, Any]:
    """Return what of ``persoon`` is compared: residence, gemeente and opschorting, as far as ``velden`` asks for it."""
    asked = filter_persoon(persoon, velden)
    return {name: asked[name] for name in _VERGELEKEN if name in asked}


def eerste(bsn: Bsn, persoon: Mapping[str, Any], velden: Sequence[str]) -> Gezien:
    """Return the first state of somebody who was not followed yet."""
    return Gezien(bsn, staat_van(persoon, velden), secrets.token_hex(16))


def seal(vault: Vault, gemeente: str, pseudoniem: str, gezien: Gezien) -> Sealed:
    """Seal a state under the person's own key. Outside any transaction."""
    gegevens = {"bsn": gezien.bsn.reveal(), "zout": gezien.zout, "staat": gezien.staat}
    return vault.seal(gemeente, pseudoniem, KLASSE, f"burgerzaken_volg/{gemeente}/{pseudoniem}", gegevens)


def open_(vault: Vault, gevolgde: Gevolgde) -> Gezien | None:
    """Return the state, None when the key was destroyed: that person is not followed any more."""
    opened = vault.open(gevolgde.verzegeld)
    if opened is None:
        return None
    _, gegevens = opened
    return Gezien(Bsn(gegevens["bsn"]), gegevens["staat"], gegevens["zout"])


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


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _canonical(part) for name, part in value.items() if name not in _GEEN_GEGEVEN}
    return [_canonical(item) for item in value] if isinstance(value, list) else value
