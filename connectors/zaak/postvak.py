# SPDX-License-Identifier: EUPL-1.2
"""What of the inbox waits for a person: zaken whose fetch was refused or failed on us, and notifications nobody can read.

A zaak that only waits for its source is not among them: it is fetched again by itself, without end.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from connectors.zaak import inbox
from connectors.zaak.lezen import Malformed, read
from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.errors import Transient
from hub.geparkeerd import kind_of
from hub.parking import Failure
from hub.plugins import Hub, ReadTx, Sealed, Tx
from hub.postvak import Wachtend

_LONGEST_TEXT: Final = 300
_LONGEST_STACK: Final = 4_000
_MELDING: Final = "melding:"


def fout_van(failure: Failure, at_us: int) -> str:
    """Return how a failed fetch is kept: what went wrong on the first line, when on the second, then the stack."""
    told = f"{failure.cause}: {failure.text}".replace("\n", " ")[:_LONGEST_TEXT]
    return f"{told}\n{rfc3339(from_microseconds(at_us))}\n{failure.stack[-_LONGEST_STACK:]}"


def wachtend(tx: ReadTx) -> list[Wachtend]:
    """Return what waits for a person, oldest first."""
    return sorted([*_fetches(tx), *_unreadable(tx)], key=lambda entry: entry.sinds_us)


def probeer_opnieuw(hub: Hub, tx: Tx, wachtend_id: str, now_us: int) -> bool:
    """Fetch a zaak now, or read a notification again; False when it does not wait, or is still no notification."""
    if wachtend_id.startswith(_MELDING):
        return _read_again(hub, tx, wachtend_id.removeprefix(_MELDING), now_us)
    sql = "UPDATE zaak_stand SET vanaf = ?, poging = 0, fout = NULL WHERE gemeente = ? AND zaak = ? AND fout IS NOT NULL"
    return tx.execute(sql, (now_us, *_zaak(wachtend_id))) == 1


def sla_over(tx: Tx, wachtend_id: str) -> bool:
    """Settle what was notified of a zaak without fetching it, or throw a notification away."""
    if wachtend_id.startswith(_MELDING):
        return tx.execute("DELETE FROM zaak_melding_afgekeurd WHERE id = ?", (wachtend_id.removeprefix(_MELDING),)) == 1
    zaak = _zaak(wachtend_id)
    left = tx.execute(
        "UPDATE zaak_stand SET vanaf = NULL, lease = NULL, poging = 0, fout = NULL"
        " WHERE gemeente = ? AND zaak = ? AND fout IS NOT NULL",
        zaak,
    )
    if left:
        tx.execute(
            "UPDATE zaak_melding SET afgehandeld_door ="
            " (SELECT ophaalnummer FROM zaak_stand s WHERE s.gemeente = zaak_melding.gemeente AND s.zaak = zaak_melding.zaak)"
            " WHERE gemeente = ? AND zaak = ? AND afgehandeld_door IS NULL",
            zaak,
        )
    return left == 1


def _fetches(tx: ReadTx) -> Iterator[Wachtend]:
    rows = tx.all(
        "SELECT s.gemeente, s.zaak, s.poging, s.fout, min(m.ontvangen_op), count(m.id) FROM zaak_stand s"
        " LEFT JOIN zaak_melding m ON m.zaak = s.zaak AND m.gemeente = s.gemeente AND m.afgehandeld_door IS NULL"
        " WHERE s.vanaf IS NOT NULL AND s.fout IS NOT NULL GROUP BY s.gemeente, s.zaak, s.poging, s.fout"
    )
    for gemeente, zaak, tries, fault, since_us, waiting in rows:
        told, when, stack = (*fault.split("\n", 2), "", "")[:3]
        if _by_itself(told.partition(":")[0]):
            continue
        last_us = to_microseconds(datetime.fromisoformat(when)) if when else since_us or 0
        yield Wachtend(
            id=f"{gemeente}:{zaak}",
            gemeente=gemeente,
            zaak=zaak,
            soort="ophalen",
            fout=f"{told}\n{stack}",
            pogingen=tries,
            sinds_us=since_us or last_us,
            laatst_us=last_us,
            erachter=max(0, waiting - 1),
        )


def _unreadable(tx: ReadTx) -> Iterator[Wachtend]:
    for identity, gemeente, at_us, count, reden in tx.all(
        "SELECT id, gemeente, ontvangen_op, aantal, reden FROM zaak_melding_afgekeurd"
    ):
        yield Wachtend(
            id=_MELDING + identity,
            gemeente=gemeente,
            zaak="",
            soort="melding",
            fout=f"SchemaViolation: {reden}",
            pogingen=count,
            sinds_us=at_us,
            laatst_us=at_us,
        )


def _by_itself(cause: str) -> bool:
    """Return True for what only waits for the other side: it is tried again without a person."""
    kind = kind_of(cause)
    return cause == TimeoutError.__name__ or (kind is not None and issubclass(kind, Transient))


def _zaak(wachtend_id: str) -> tuple[str, str]:
    gemeente, _, zaak = wachtend_id.rpartition(":")
    return gemeente, zaak


def _read_again(hub: Hub, tx: Tx, identity: str, now_us: int) -> bool:
    """Take a body in after all, e.g. with a version that reads it; what was sealed away for ever stays unread."""
    row = tx.one("SELECT gemeente, key_id, inhoud FROM zaak_melding_afgekeurd WHERE id = ?", (identity,))
    opened = hub.vault.open(Sealed(row[1], identity, row[2])) if row else None
    if row is None or opened is None:
        return False
    try:
        notificatie = read(base64.b64decode(str(opened[1]["inhoud"])))
    except Malformed:
        return False
    if notificatie.zaak:
        inbox.bewaar(tx, row[0], notificatie, now_us)
    else:
        inbox.bewaar_overig(tx, row[0], notificatie, now_us)
    tx.execute("DELETE FROM zaak_melding_afgekeurd WHERE id = ?", (identity,))
    return True
