# SPDX-License-Identifier: EUPL-1.2
"""What is wrong with the other side and needs a person, kept in the store so that every process can show it."""

from __future__ import annotations

from typing import Final, Literal

from hub import metrics
from hub.plugins import ReadTx, Tx

Wat = Literal["abonnement", "meldingen", "mapping"]
TABLES: Final = """
CREATE TABLE IF NOT EXISTS zaak_bewaking (
    gemeente TEXT NOT NULL,
    wat TEXT NOT NULL,                  -- abonnement, meldingen, mapping
    sinds INTEGER NOT NULL,
    uitleg TEXT NOT NULL,
    PRIMARY KEY (gemeente, wat)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS zaak_abonnement (
    gemeente TEXT PRIMARY KEY,
    vingerafdruk TEXT NOT NULL          -- SHA-256 of what we subscribed with: the API never shows it
) WITHOUT ROWID;
"""


def meld(tx: Tx, gemeente: str, wat: Wat, uitleg: str, now_us: int) -> bool:
    """Keep that something is wrong; return True when it was not yet."""
    metrics.BRON_STORING.labels(gemeente, wat).set(1)
    sql = "UPDATE zaak_bewaking SET uitleg = ? WHERE gemeente = ? AND wat = ?"
    if tx.execute(sql, (uitleg, gemeente, wat)):
        return False
    tx.execute("INSERT INTO zaak_bewaking VALUES (?, ?, ?, ?)", (gemeente, wat, now_us, uitleg))
    return True


def herstel(tx: Tx, gemeente: str, wat: Wat) -> bool:
    """Keep that it is well; return True when something was wrong."""
    metrics.BRON_STORING.labels(gemeente, wat).set(0)
    return bool(tx.execute("DELETE FROM zaak_bewaking WHERE gemeente = ? AND wat = ?", (gemeente, wat)))


def storingen(tx: ReadTx, gemeente: str) -> list[str]:
    """Return what is wrong, longest first."""
    return [row[0] for row in tx.all("SELECT uitleg FROM zaak_bewaking WHERE gemeente = ? ORDER BY sinds", (gemeente,))]


def vingerafdruk(tx: ReadTx, gemeente: str) -> str:
    """Return the fingerprint of what we subscribed with last, empty when we never did."""
    row = tx.one("SELECT vingerafdruk FROM zaak_abonnement WHERE gemeente = ?", (gemeente,))
    return str(row[0]) if row else ""


def onthoud_vingerafdruk(tx: Tx, gemeente: str, waarde: str) -> None:
    """Keep the fingerprint of what we subscribed with."""
    tx.execute(
        "INSERT INTO zaak_abonnement VALUES (?, ?) ON CONFLICT (gemeente) DO UPDATE SET vingerafdruk = excluded.vingerafdruk",
        (gemeente, waarde),
    )
