# SPDX-License-Identifier: EUPL-1.2
"""The move itself: look first, copy, publish, read both sides, and only then let the log be at the target (R15).

The source is whole and may go on until the last step; a move that was interrupted is given again and goes on. The target
carries a mark from the first row to the last, so a half-filled store is never taken for a log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from hub.clock import rfc3339, to_microseconds
from hub.discovery import Plugins, installed
from hub.errors import ConfigError, Refused
from hub.settings import Loaded
from hub.store.base import Connection
from hub.store.verhuisd import BEZIG, VERHUISD, Merk, merk
from hub.verhuis import kopie, stand
from hub.verhuis.kopie import Afdruk
from hub.verhuis.lezen import Deel, lees
from hub.verhuis.zijde import Zijde

log = structlog.get_logger()
_BEGUN: Final = frozenset({"meta", "partitie", "lease", "controlepunt", "publicatie"})  # what a hub writes that only started
_WORK: Final[Mapping[str, str]] = {
    "openstaande opdrachten": "SELECT count(*) FROM opdracht WHERE toestand = 'open'",
    "geparkeerde opdrachten": "SELECT count(*) FROM opdracht WHERE toestand = 'geparkeerd'",
    "lopende termijnen": "SELECT count(*) FROM termijn",
    "geparkeerde stromen van flows": "SELECT count(*) FROM (SELECT DISTINCT lid, stroom FROM geparkeerd) AS s",
    "overgeslagen gebeurtenissen": "SELECT count(*) FROM parkeerbesluit WHERE besluit = 'skip'",
    "vernietigde sleutels": "SELECT count(*) FROM sleutel_vernietigd",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitie:
    """One partition as both sides hold it: the same events in the same order, each counted once."""

    topic: str
    partitie: int
    aantal: int
    sha256: str
    herhaald: tuple[int, int]  # how often an event stood there again: at the source, at the target
    vreemd: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verslag:
    """What was moved, and that it is the same."""

    van: str
    naar: str
    partities: tuple[Partitie, ...]
    tabellen: tuple[Afdruk, ...]
    werk: Mapping[str, int]
    vreemd: int
    leesmodellen: int
    gepubliceerd: int
    seconden: float

    @property
    def gebeurtenissen(self) -> int:
        """Return how many events the log holds."""
        return sum(part.aantal for part in self.partities)

    def as_dict(self) -> dict[str, Any]:
        """Return it for a program."""
        tables = [table._asdict() for table in self.tabellen]
        return {"gebeurtenissen": self.gebeurtenissen, **asdict(self), "tabellen": tables}


def verhuis(
    van: Loaded, naar: Loaded, *, plugins: Plugins | None = None, meld: Callable[[str], None] = lambda _text: None
) -> Verslag:
    """Move a log with all that belongs to it. Refused, with nothing changed at the source, when that cannot be done well."""
    found = plugins or installed()
    vergelijk(van, naar)
    bron, doel = Zijde(van, found), Zijde(naar, found)
    if bron.naam == doel.naam:
        raise Refused(f"beide instellingen wijzen naar {bron.naam}: er valt niets te verhuizen")
    if van.database is None and not (van.settings.opslag.map / "wissel.db").exists():
        raise Refused(f"in {van.settings.opslag.map} staat geen wissel.db: er is niets te verhuizen; controleer [opslag] map")
    with ExitStack() as opened:
        for side in (bron, doel):
            opened.callback(side.close)
            side.open()
        return _Verhuizing(bron, doel, meld).voer_uit()


def vergelijk(van: Loaded, naar: Loaded) -> None:
    """Refuse settings that are not of one installation; name every difference at once."""
    here, there = van.gemeenten, naar.gemeenten
    problems = [
        f"gemeenten.{slug}: staat maar in één van beide instellingen; zet haar in allebei"
        for slug in sorted({*here} ^ {*there})
    ]
    problems += [
        f"gemeenten.{slug}.pseudoniemsleutel: is bij het doel een andere; iedereen zou daar iemand anders zijn"
        for slug in sorted({*here} & {*there})
        if here[slug].pseudonym.fingerprint() != there[slug].pseudonym.fingerprint()
    ]
    if van.master_key != naar.master_key:
        problems.append("sleutels.hoofdsleutel: is bij het doel een andere; wat ermee is ingepakt gaat daar niet open")
    counts = van.settings.log.partities, naar.settings.log.partities
    if len(set(counts)) > 1:
        problems.append(f"log.partities: is {counts[0]} bij de bron en {counts[1]} bij het doel; de volgorde zou breken")
    if problems:
        raise ConfigError(problems)


class _Verhuizing:
    def __init__(self, bron: Zijde, doel: Zijde, meld: Callable[[str], None]) -> None:
        self._bron, self._doel, self._meld = bron, doel, meld
        self._begonnen = time.monotonic()
        self._nu = bron.clock.now()

    def voer_uit(self) -> Verslag:
        """Do it all, in the order in which an interruption does no harm."""
        bron, doel = self._bron, self._doel
        self._may_go()
        self._may_come()
        with bron.wissel.reader() as db:
            where = stand.lees_stand(db)
        tables = kopie.te_kopieren(bron.wissel, doel.wissel)
        keys = kopie.te_kopieren(bron.keys.database, doel.keys.database)
        self._begin()
        kopie.kopieer(bron.keys.database, doel.keys.database, keys, self._meld)
        kopie.kopieer(bron.wissel, doel.wissel, tables, self._meld)
        prints = (*self._same_tables(), *self._same_keys())
        published = doel.publiceer()
        if published:
            self._meld(f"Kafka: {published} gebeurtenissen gepubliceerd")
        here = self._read(bron, where)
        where = where.op_plek(here)
        there = self._read(doel, where)
        parts = tuple(_same(here[name], there[name]) for name in sorted(here))
        doel.wissel.write(lambda db: stand.schrijf_stand(db, where, doel.log, there)).result()
        doel.nagekeken()
        built = doel.bouw_leesmodellen()
        self._meld(f"leesmodellen: gebouwd uit {built} gebeurtenissen")
        work = self._work()
        self._finish()
        return Verslag(
            van=bron.naam,
            naar=doel.naam,
            partities=parts,
            tabellen=prints,
            werk=work,
            vreemd=where.vreemd,
            leesmodellen=built,
            gepubliceerd=published,
            seconden=round(time.monotonic() - self._begonnen, 1),
        )

    def _may_go(self) -> None:
        """Refuse a source whose log is elsewhere, or of which not everything is published."""
        found = self._bron.merk
        if not self._bron.log_id:
            raise Refused(f"op {self._bron.naam} staat geen logboek: er is niets te verhuizen; controleer --from")
        if found and not (found.toestand == VERHUISD and found.plek == self._doel.naam and self._coming):
            where = "hiervandaan verhuisd naar" if found.toestand == VERHUISD else "nog onderweg hierheen vanaf"
            raise Refused(f"het logboek van de bron is {where} {found.plek}; geef bij --from de plek waar het nu is")
        self._bron.nagekeken()
        if waiting := self._bron.wachtend:
            raise Refused(f"{waiting} gebeurtenissen zijn nog niet gepubliceerd: start de hub tot `wissel topics show` 0 zegt")

    @property
    def _coming(self) -> bool:
        """Return True when the target is where a move of this very log was interrupted."""
        found = self._doel.merk
        return found is not None and found.toestand == BEZIG and self._doel.log_id == self._bron.log_id

    def _may_come(self) -> None:
        """Refuse a target that holds anything but an earlier state of this log, marked as such."""
        doel = self._doel
        if doel.merk and doel.log_id == self._bron.log_id:
            kopie.refuse_verder(self._bron.wissel, doel.wissel)
            return
        full = [*kopie.gevuld(doel.wissel, zonder=_BEGUN), *kopie.gevuld(doel.keys.database, zonder=frozenset())]
        if full:
            raise Refused(f"het doel is niet leeg ({', '.join(full)}): verhuis naar een lege opslag; er is niets gewijzigd")
        if any(position.head for position in doel.log.positions()):
            raise Refused("de topics van het doel zijn niet leeg: geef er lege, of een ander [log] voorvoegsel")

    def _begin(self) -> None:
        """Make the target this log, and say that it is on its way."""
        mark = Merk(BEZIG, self._bron.naam, rfc3339(self._nu))
        with self._bron.wissel.reader() as db:
            known = db.execute("SELECT naam, waarde FROM meta").fetchall()

        def work(db: Connection) -> None:
            db.execute("DELETE FROM meta")
            db.execute("DELETE FROM lease")
            db.executemany("INSERT INTO meta (naam, waarde) VALUES (?, ?)", known)
            merk(db, mark)

        self._doel.wissel.write(work).result()
        self._doel.opnieuw()

    def _same_tables(self) -> list[Afdruk]:
        return _compared(self._bron.wissel, self._doel.wissel)

    def _same_keys(self) -> list[Afdruk]:
        return _compared(self._bron.keys.database, self._doel.keys.database)

    def _read(self, side: Zijde, where: stand.Stand) -> dict[tuple[str, int], Deel]:
        """Read a whole side through its log port."""
        self._meld(f"lezen: {side.naam}")
        wanted = where.plekken
        return {
            (topic, partition): lees(side.log, topic, partition, offsets=where.offsets(topic, partition), plekken=wanted)
            for topic, partition in side.log.partitions()
        }

    def _work(self) -> dict[str, int]:
        """Return what goes on at the target."""
        with self._doel.wissel.reader() as db:
            return {name: int(db.execute(query).fetchone()[0]) for name, query in _WORK.items()}

    def _finish(self) -> None:
        """Let the source refuse to run, then the target run; what is between the two is finished by giving the move again."""
        gone = Merk(VERHUISD, self._doel.naam, rfc3339(self._nu))
        self._bron.wissel.write(lambda db: merk(db, gone)).result()
        kept = self._nu + timedelta(days=self._doel.loaded.settings.sleutels.kopie_bewaren_dagen)
        copy = (to_microseconds(self._nu), self._bron.naam, kept.date().isoformat())

        def work(db: Connection) -> None:
            merk(db, None)
            db.execute("INSERT INTO sleutelkopie (op, doel, bewaren_tot) VALUES (?,?,?)", copy)

        self._doel.wissel.write(work).result()
        log.warning("log_moved", van=self._bron.naam, naar=self._doel.naam)


def _compared(van: Any, naar: Any) -> list[Afdruk]:
    """Return what each table holds. Refused when the target holds something else."""
    tables = kopie.te_kopieren(van, naar)
    here, there = kopie.afdrukken(van, tables), kopie.afdrukken(naar, tables)
    other = [f"{a.naam} ({a.rijen} en {b.rijen} rijen)" for a, b in zip(here, there, strict=True) if a != b]
    if other:
        raise Refused(
            f"na het kopiëren verschilt {', '.join(other)}: de bron is ongewijzigd; maak het doel leeg en begin opnieuw"
        )
    return here


def _same(here: Deel, there: Deel) -> Partitie:
    """Return a partition that is the same on both sides. Refused when it is not."""
    if (here.aantal, here.sha256) != (there.aantal, there.sha256):
        sides = [f"{side.aantal} gebeurtenissen ({side.sha256})" for side in (here, there)]
        raise Refused(
            f"{here.topic}, partitie {here.partitie} is niet hetzelfde: {sides[0]} bij de bron, {sides[1]} bij het doel;"
            " de bron is ongewijzigd"
        )
    return Partitie(
        topic=here.topic,
        partitie=here.partitie,
        aantal=here.aantal,
        sha256=here.sha256,
        herhaald=(here.herhaald, there.herhaald),
        vreemd=(here.vreemd, there.vreemd),
    )
