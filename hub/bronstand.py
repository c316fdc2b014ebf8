# SPDX-License-Identifier: EUPL-1.2
"""How the sources are, shared between processes: the workers write how they met them, a process that only shows reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hub.clock import from_microseconds, to_microseconds
from hub.plugins import ReadTx, Tx
from hub.stand import Verbinding

_FORGOTTEN_US: Final = 300_000_000  # a process that wrote nothing for so long does not work any more
_UPSERT: Final = (
    "INSERT INTO bronstand (naam, gemeente, proces, op, laatst, mislukt, fout, zekering, gemist) VALUES (?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (naam, gemeente, proces) DO UPDATE SET op = excluded.op, laatst = excluded.laatst,"
    " mislukt = excluded.mislukt, fout = excluded.fout, zekering = excluded.zekering, gemist = excluded.gemist"
)
_READ: Final = (
    "SELECT naam, gemeente, laatst, mislukt, fout, zekering, gemist FROM bronstand WHERE op > ? ORDER BY gemeente, naam, op"
)


def schrijf(tx: Tx, found: Sequence[Verbinding], *, proces: str, now_us: int) -> None:
    """Write how one process met the sources, and forget what processes that stopped had written."""
    tx.execute("DELETE FROM bronstand WHERE op <= ?", (now_us - _FORGOTTEN_US,))
    rows = [
        (
            v.naam,
            v.gemeente,
            proces,
            now_us,
            to_microseconds(v.laatst) if v.laatst else None,
            v.mislukt,
            v.fout,
            v.zekering,
            v.gemist,
        )
        for v in found
    ]
    tx.executemany(_UPSERT, rows)


def lees(tx: ReadTx, *, now_us: int) -> list[Verbinding]:
    """Return per source the latest contact of any process, and the worst that a process met since."""
    found: dict[tuple[str, str], Verbinding] = {}
    for naam, gemeente, last_us, failed, fault, fuse, missed in tx.all(_READ, (now_us - _FORGOTTEN_US,)):
        one = Verbinding(
            naam=naam,
            gemeente=gemeente,
            laatst=from_microseconds(last_us) if last_us else None,
            mislukt=failed,
            fout=fault,
            zekering=fuse,
            gemist=missed,
        )
        before = found.get((gemeente, naam))
        found[gemeente, naam] = _both(before, one) if before else one
    return list(found.values())


def _both(first: Verbinding, second: Verbinding) -> Verbinding:
    """Return one source as two processes met it."""
    worst = max((first, second), key=lambda v: (v.zekering == "open", v.mislukt))
    latest = max((v.laatst for v in (first, second) if v.laatst), default=None)
    missed = max((v.gemist for v in (first, second) if v.gemist is not None), default=None)
    return replace(worst, laatst=latest, gemist=missed)
