# SPDX-License-Identifier: EUPL-1.2
"""Looks after the hub itself: what needs a person now, since when. The ops page shows it, the log says it once, gauges hold it.

Nothing here stops anything: an alarm about too much that is parked never drops what is parked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

import structlog

from hub import metrics
from hub.clock import from_microseconds, rfc3339
from hub.desk import Desk
from hub.errors import Transient
from hub.stand import Bevinding

if TYPE_CHECKING:  # the hub holds its own supervisor
    from hub.core import Core

log = structlog.get_logger()
_EVERY_S: Final = 10.0


class Toezicht:
    """One per process. ``kijk`` looks now; ``run`` looks every few seconds and logs what begins and what is over."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub
        self._since: dict[tuple[str, str], str] = {}

    async def run(self) -> None:
        """Look until cancelled; a store that is away is looked at again later."""
        before: set[tuple[str, str]] = set()
        while True:
            try:
                found = {(b.soort, b.over): b for b in await asyncio.to_thread(self.kijk)}
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
        found = list(self._parked())
        names = {(b.soort, b.over) for b in found}
        self._since = {name: self._since.get(name, now) for name in names}
        dated = [b if b.sinds else replace(b, sinds=self._since[b.soort, b.over]) for b in found]
        return sorted(dated, key=lambda b: (not b.alarm, datetime.fromisoformat(b.sinds)))

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


def _say(found: Bevinding) -> None:
    told = {"soort": found.soort, "over": found.over, "aantal": found.aantal, "grens": found.grens, "sinds": found.sinds}
    if found.alarm:
        log.error("attention_needed", **told)
    else:
        log.warning("attention_needed", **told)
