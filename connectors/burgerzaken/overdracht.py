# SPDX-License-Identifier: EUPL-1.2
"""The hand-over list: moves for a registry that offers no interface, carried in by a person.

One row per mover, the number sealed under that mover's own key. The registry's own change confirms, as always; a row goes
when its zaak ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.burgerzaken.verwerking import Verhuizing
from connectors.burgerzaken.volgen import KLASSE
from hub.plugins import OpdrachtUitvoering, ReadTx, Sealed, Tx, Vault

TABLES: Final = """
-- Movers of a move that a person must carry into the registry, with the sealed number.
CREATE TABLE IF NOT EXISTS burgerzaken_overdracht (
    gemeente TEXT NOT NULL,
    opdracht TEXT NOT NULL,
    zaak TEXT NOT NULL,
    pseudoniem TEXT NOT NULL,
    gegevens TEXT NOT NULL,
    key_id TEXT NOT NULL,
    context TEXT NOT NULL,
    inhoud BLOB NOT NULL,
    sinds TEXT NOT NULL,
    PRIMARY KEY (gemeente, opdracht, pseudoniem)
);
CREATE INDEX IF NOT EXISTS burgerzaken_overdracht_zaak ON burgerzaken_overdracht (gemeente, zaak);
"""
KOLOMMEN: Final = (
    "zaak", "burgerservicenummer", "code", "verhuisdatum", "datumAangifte", "adresseerbaarObjectIdentificatie",
    "nummeraanduidingIdentificatie", "functieAdres", "door", "sinds",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Regel:
    """One mover on the list. ``gegevens``: what is to be registered, nothing personal in it."""

    pseudoniem: str
    gegevens: Mapping[str, str]
    verzegeld: Sealed


def regels_van(vault: Vault, opdracht: OpdrachtUitvoering, verhuizing: Verhuizing) -> list[Regel]:
    """Return a line per mover, sealed. Outside any transaction."""
    slug, found = opdracht.gemeente.slug, []
    for verhuizer in verhuizing.verhuizers:
        pseudoniem = opdracht.gemeente.pseudonym(verhuizer.bsn)
        gegevens = {
            "code": verhuizer.code,
            "verhuisdatum": verhuizing.verhuisdatum,
            "datumAangifte": verhuizing.datum_aangifte,
            "adresseerbaarObjectIdentificatie": verhuizing.adresseerbaar_object,
            "nummeraanduidingIdentificatie": verhuizing.nummeraanduiding,
            "functieAdres": verhuizing.functie_adres,
            "door": verhuizing.door,
        }
        context = f"burgerzaken_overdracht/{slug}/{opdracht.id}/{pseudoniem}"
        sealed = vault.seal(slug, pseudoniem, KLASSE, context, {"bsn": verhuizer.bsn.reveal()})
        found.append(Regel(pseudoniem=pseudoniem, gegevens=gegevens, verzegeld=sealed))
    return found


def zet_op_lijst(tx: Tx, opdracht: OpdrachtUitvoering, regels: Iterable[Regel], *, nu: datetime) -> None:
    """Put movers on the list; who is on it for this opdracht already stays as they are."""
    tx.executemany(
        "INSERT INTO burgerzaken_overdracht (gemeente, opdracht, zaak, pseudoniem, gegevens, key_id, context, inhoud, sinds)"
        " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
        [
            (
                opdracht.gemeente.slug,
                opdracht.id,
                opdracht.zaak,
                regel.pseudoniem,
                json.dumps(dict(regel.gegevens), sort_keys=True),
                regel.verzegeld.key_id,
                regel.verzegeld.event_id,
                regel.verzegeld.inhoud,
                nu.isoformat(),
            )
            for regel in regels
        ],
    )


def haal_van_lijst(tx: Tx, gemeente: str, zaak: str) -> None:
    """Take the movers of a zaak off the list: it ended."""
    tx.execute("DELETE FROM burgerzaken_overdracht WHERE gemeente = ? AND zaak = ?", (gemeente, zaak))


def lees_lijst(tx: ReadTx, gemeente: str) -> list[tuple[Any, ...]]:
    """Return (zaak, gegevens, key_id, context, inhoud, sinds), oldest first."""
    return tx.all(
        "SELECT zaak, gegevens, key_id, context, inhoud, sinds FROM burgerzaken_overdracht WHERE gemeente = ?"
        " ORDER BY sinds, zaak, pseudoniem",
        (gemeente,),
    )


def geopend(vault: Vault, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, str]]:
    """Return the list as a person needs it, the number opened; empty when it was destroyed."""
    found = []
    for zaak, gegevens, key_id, context, inhoud, sinds in rows:
        opened = vault.open(Sealed(key_id, context, inhoud))
        number = opened[1]["bsn"] if opened else ""
        found.append({"zaak": zaak, **json.loads(gegevens), "sinds": sinds, "burgerservicenummer": number})
    return found
