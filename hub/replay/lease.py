# SPDX-License-Identifier: EUPL-1.2
"""One replay per projection at a time: whoever fills a build holds a lease that each of its transactions renews.

A holder that died is taken over at once when that can be seen (same boot, no such process), else when the lease ran out.
One that only slept finds its lease gone in its next transaction, and changes nothing any more.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from hub.errors import Refused
from hub.store.base import Connection

LEASE_S: Final = 10.0
_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Voortgang:
    """How far the replay in one place is."""

    nummer: int
    houder: str
    lease_tot: int
    gedaan: int = 0
    bezig_us: int = 0
    pauze_us: int = 0
    fout: str | None = None

    @property
    def loopt(self) -> bool:
        """True while somebody holds the lease and, as far as can be seen from here, lives."""
        return self.lease_tot > _now_us() and _may_live(self.houder)

    @property
    def per_s(self) -> float | None:
        """Return events per second of work, None when nothing was done yet."""
        return self.gedaan / (self.bezig_us / _US) if self.bezig_us else None


def myself() -> str:
    """Return a name for this process that no other has."""
    return f"{_where()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


@cache
def _where() -> str:
    """Name this machine, its boot and who counts processes here: two containers may both be process 1 of one host name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not Linux: the host name is all there is
        boot = space = ""
    return f"{socket.gethostname()}+{boot}+{space}"


def progress(db: Connection, number: int) -> Voortgang | None:
    """Return how far the replay of a build is, None when it did not begin."""
    row = db.execute(
        "SELECT nummer, houder, lease_tot, gedaan, bezig_us, pauze_us, fout FROM herbouw WHERE nummer = ?", (number,)
    ).fetchone()
    return Voortgang(*row) if row else None


def take(db: Connection, number: int, holder: str) -> Voortgang:
    """Take the lease, with what was done before. Refused while another holds it, and says who."""
    before = progress(db, number)
    if before is None:
        taken = Voortgang(number, holder, _until())
        db.execute("INSERT INTO herbouw VALUES (?,?,?,?,?,?,?)", (number, holder, taken.lease_tot, 0, 0, 0, None))
        return taken
    if before.loopt and before.houder != holder:
        where, process, _ = before.houder.split("/")
        machine = where.partition("+")[0]
        raise Refused(
            f"replay {number} wordt al gedaan door proces {process} op {machine}; volg het met `wissel replay status`, "
            "of stop het met `wissel replay cancel`"
        )
    taken = replace(before, houder=holder, lease_tot=_until(), fout=None)
    _write(db, taken)
    return taken


def renew(db: Connection, now: Voortgang, *, mine: str) -> Voortgang:
    """Write progress and renew the lease, in the transaction that did the work. Refused when another took it over."""
    renewed = replace(now, lease_tot=_until())
    changed = db.execute(
        "UPDATE herbouw SET lease_tot = ?, gedaan = ?, bezig_us = ?, pauze_us = ? WHERE nummer = ? AND houder = ?",
        (renewed.lease_tot, renewed.gedaan, renewed.bezig_us, renewed.pauze_us, renewed.nummer, mine),
    ).rowcount
    if changed != 1:
        raise Refused(f"replay {now.nummer} is door een ander proces overgenomen; dit proces stopt")
    return renewed


def let_go(db: Connection, now: Voortgang, fault: str | None) -> None:
    """Give the lease back, and keep why it stopped."""
    db.execute(
        "UPDATE herbouw SET lease_tot = 0, fout = ? WHERE nummer = ? AND houder = ?",
        (fault, now.nummer, now.houder),
    )


def _write(db: Connection, now: Voortgang) -> None:
    db.execute(
        "UPDATE herbouw SET houder = ?, lease_tot = ?, fout = ? WHERE nummer = ?",
        (now.houder, now.lease_tot, now.fout, now.nummer),
    )


def _may_live(holder: str) -> bool:
    where, process, _ = holder.split("/")
    if where != _where():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _until() -> int:
    return _now_us() + int(LEASE_S * _US)


def _now_us() -> int:
    return time.time_ns() // 1_000
