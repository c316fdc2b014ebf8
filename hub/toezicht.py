# SPDX-License-Identifier: EUPL-1.2
"""Looks after the hub itself: what needs a person now, since when. The ops page shows it, the log says it once, gauges hold it.

Nothing here stops anything: an alarm about too much that is parked never drops what is parked.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from hub import metrics
from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.desk import Desk
from hub.errors import Transient
from hub.stand import Bevinding

if TYPE_CHECKING:  # the hub holds its own supervisor
    from hub.core import Core

log = structlog.get_logger()
_EVERY_S: Final = 10.0
_OLD_OPDRACHT_S: Final = 3_600.0
_LATE_TERM_S: Final = 300.0
_FAILED_IN_A_ROW: Final = 3
LEAST_BYTES: Final = 500_000_000  # less room on the disk than this, and soon nothing is accepted
_OLD: Final = "SELECT count(*), min(gegeven) FROM opdracht WHERE toestand = 'open' AND gegeven < ?"
_LATE: Final = "SELECT count(*), min(vervalt) FROM termijn WHERE vervalt < ?"


class Toezicht:
    """One per process. ``kijk`` looks now; ``run`` looks every few seconds and logs what begins and what is over."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub
        self._since: dict[tuple[str, str], str] = {}
        self._kinds: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Look until cancelled; a store that is away is looked at again later."""
        before: set[tuple[str, str]] = set()
        while True:
            try:
                found = {(b.soort, b.over): b for b in await asyncio.to_thread(self.kijk)}
                if self._hub.shared:
                    await self._hub.bediening.deel_verbindingen()
            except Transient as error:
                log.warning("supervision_paused", uitleg=str(error))
            else:
                for name in found.keys() - before:
                    _say(found[name])
                for soort, over in before - found.keys():
                    log.info("attention_over", soort=soort, over=over)
                before = set(found)
            await asyncio.sleep(_EVERY_S)

    def kijk(self) -> Sequence[Bevinding]:
        """Return what needs a person, alarms first and then oldest first, and bring the gauges up to date."""
        now = rfc3339(self._hub.clock.now())
        found = [*self._parked(), *self._late(), *self._sources(), *self._machine()]
        names = {(b.soort, b.over) for b in found}
        self._since = {name: self._since.get(name, now) for name in names}
        self._count(found)
        dated = [b if b.sinds else replace(b, sinds=self._since[b.soort, b.over]) for b in found]
        return sorted(dated, key=lambda b: (not b.alarm, datetime.fromisoformat(b.sinds)))

    def _count(self, found: Sequence[Bevinding]) -> None:
        """Bring the gauge up to date; a kind that is over stays, at 0."""
        counts = dict.fromkeys(self._kinds, 0) | Counter((b.soort, str(b.alarm).lower()) for b in found)
        self._kinds = set(counts)
        for (soort, alarm), count in counts.items():
            metrics.AANDACHT.labels(soort=soort, alarm=alarm).set(count)

    def _parked(self) -> Iterator[Bevinding]:
        """Yield that something is parked, and that it is more than the settings call bearable."""
        tally, bounds = Desk(self._hub).tally(), self._hub.settings.parkeren
        total = sum(count for _, count, _, _ in tally)
        most, where = max(((most, lid) for lid, _, most, _ in tally), default=(0, ""))
        metrics.GEPARKEERD_NU.set(total)
        over = {"totaal": total > bounds.totaal_hoogstens, "stroom": most > bounds.stroom_hoogstens}
        for bound, exceeded in over.items():
            metrics.PARKEERGRENS.labels(grens=bound).set(exceeded)
        since = rfc3339(from_microseconds(min(since for *_, since in tally))) if tally else ""
        if over["totaal"]:
            yield Bevinding("parkeergrens-totaal", aantal=total, grens=bounds.totaal_hoogstens, alarm=True)
        if over["stroom"]:
            yield Bevinding("parkeergrens-stroom", over=where, aantal=most, grens=bounds.stroom_hoogstens, alarm=True)
        if total:
            yield Bevinding("geparkeerd", aantal=total, sinds=since)

    def _late(self) -> Iterator[Bevinding]:
        """Yield what does not keep up: who follows the log, opdrachten, terms."""
        hub, now = self._hub, self._hub.clock.now()
        fresh = hub.freshness()
        if fresh.achter and (now - fresh.tot).total_seconds() > hub.settings.api.achter_na_s:
            yield Bevinding("achterstand", aantal=fresh.achter, sinds=rfc3339(fresh.tot), alarm=True)
        for text in hub.versheid.storingen():
            yield Bevinding("storing", over=text, alarm=True)
        old_us, late_us = (to_microseconds(now - timedelta(seconds=s)) for s in (_OLD_OPDRACHT_S, _LATE_TERM_S))
        count, since = hub.read_now(lambda tx: tx.one(_OLD, (old_us,))) or (0, None)
        if count:
            yield Bevinding("opdrachten", aantal=count, sinds=rfc3339(from_microseconds(since)))
        count, since = hub.read_now(lambda tx: tx.one(_LATE, (late_us,))) or (0, None)
        if count:
            yield Bevinding("termijnen", aantal=count, sinds=rfc3339(from_microseconds(since)))

    def _sources(self) -> Iterator[Bevinding]:
        """Yield which source does not answer, and what connectors say is wrong at the other side."""
        for source in self._hub.read_now(self._hub.bediening.verbindingen):
            name = f"{source.naam} ({source.gemeente})"
            if source.zekering == "open" or source.mislukt >= _FAILED_IN_A_ROW:
                yield Bevinding("bron", over=name, aantal=source.mislukt, alarm=True)
        for slug in self._hub.gemeenten:
            for text in self._hub.versheid.gemeld(slug):
                yield Bevinding("gemeld", over=f"{slug}: {text}")

    def _machine(self) -> Iterator[Bevinding]:
        folder = self._hub.folder
        if self._hub.settings.opslag.database is None and folder.is_dir():
            free = shutil.disk_usage(folder).free
            if free < LEAST_BYTES:
                yield Bevinding(
                    "schijf", over=str(folder), aantal=free // 1_000_000, grens=LEAST_BYTES // 1_000_000, alarm=True
                )


def _say(found: Bevinding) -> None:
    told = {"soort": found.soort, "over": found.over, "aantal": found.aantal, "grens": found.grens, "sinds": found.sinds}
    if found.alarm:
        log.error("attention_needed", **told)
    else:
        log.warning("attention_needed", **told)
