# SPDX-License-Identifier: EUPL-1.2
"""``hub.stand.Bediening`` on a hub: what the ops pages look at and do, never over the border of a gemeente."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import structlog

from hub import bronstand
from hub.builds import BOUWT
from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.desk import Desk
from hub.errors import NotFound
from hub.events import PERSONEN, ZAKEN, uuid_text
from hub.geparkeerd import Keuze
from hub.plugins import ReadTx
from hub.stand import Beeld, Bevinding, Bouw, Herkansing, Stap, Verbinding, Vulling, Werk
from hub.verbinding import Verbonden

if TYPE_CHECKING:
    from hub.core import Core

log = structlog.get_logger()
_WORK: Final = (
    "SELECT soort, toestand, count(*), min(gegeven) FROM opdracht WHERE gemeente = ? AND toestand IN ('open', 'geparkeerd')"
    " GROUP BY soort, toestand ORDER BY soort, toestand"
)
_TERMS: Final = (
    "SELECT count(*), coalesce(sum(CASE WHEN t.vervalt <= ? THEN 1 ELSE 0 END), 0), min(t.vervalt)"
    " FROM termijn t JOIN stroom s ON s.id = t.stroom WHERE s.gemeente = ?"
)
_GONE: Final = (
    "SELECT count(DISTINCT v.id), count(s.key_id), max(v.op) FROM vernietiging v"
    " LEFT JOIN vernietigde_sleutel s ON s.vernietiging = v.id WHERE v.gemeente = ?"
)
_MOST_SHOWN: Final = 200


class Bediening:
    """See ``hub.stand.Bediening``."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub

    def toezicht(self) -> Sequence[Bevinding]:
        """Return what needs a person now, and bring the gauges up to date."""
        return self._hub.toezicht()

    def beeld(self, gemeente: str) -> Beeld:
        """Return how everything besides positions and parked work is."""
        now_us = to_microseconds(self._hub.clock.now())

        def read(tx: ReadTx) -> Beeld:
            terms, late, first = tx.one(_TERMS, (now_us, gemeente)) or (0, 0, None)
            orders, keys, last = tx.one(_GONE, (gemeente,)) or (0, 0, None)
            return Beeld(
                verbindingen=[v for v in self.verbindingen(tx) if v.gemeente == gemeente],
                werk=[Werk(soort, state, count, _moment(since)) for soort, state, count, since in tx.all(_WORK, (gemeente,))],
                bouwen=self._builds(),
                termijnen=int(terms),
                termijnen_te_laat=int(late),
                eerste_termijn=_moment(first),
                vernietigingen=int(orders),
                sleutels_vernietigd=int(keys),
                laatste_vernietiging=_moment(last),
            )

        return self._hub.read_now(read)

    def verbindingen(self, tx: ReadTx) -> list[Verbinding]:
        """Return how every source of every gemeente is: as this process met it, or as the workers did where it only shows."""
        if self._hub.shared and not self._hub.working:
            return bronstand.lees(tx, now_us=to_microseconds(self._hub.clock.now()))
        return self._met(tx)

    async def deel_verbindingen(self) -> None:
        """Write down how this process met the sources, for the processes that only show it."""
        hub, now_us = self._hub, to_microseconds(self._hub.clock.now())
        await hub.write(lambda tx: bronstand.schrijf(tx, self._met(tx), proces=hub.proces, now_us=now_us))

    def _met(self, tx: ReadTx) -> list[Verbinding]:
        told = [c for c in self._hub.connectors.values() if isinstance(c, Verbonden)]
        return [found for connector in told for found in connector.verbindingen(self._hub, tx)]

    def stroom(self, gemeente: str, key: str) -> Sequence[Stap]:
        """Return the latest events of a zaak, person or address, oldest first."""
        stream = self._stream(gemeente, key)
        name = self._hub.log.streams([stream])[stream]
        steps = []
        for record in self._hub.log.tail(stream, 0)[-_MOST_SHOWN:]:
            event = self._hub.log.projected(record, name, body=False)
            steps.append(
                Stap(
                    volgnummer=event.sequence,
                    id=event.id,
                    soort=event.type,
                    bron=event.source.rpartition(":")[2],
                    op=rfc3339(event.time),
                    oorzaak=uuid_text(record.cause) if record.cause else None,
                    correlatie=record.correlation,
                )
            )
        return steps

    async def opnieuw(self, gemeente: str, *, nummer: str = "", oorzaak: str = "", reden: str, door: str) -> Herkansing:
        """Try one entry, or all of a cause, again."""
        chosen = Keuze.of({"nummer": nummer, "oorzaak": oorzaak, "gemeente": gemeente})
        desk = Desk(self._hub)
        if not (nummer or oorzaak) or not await asyncio.to_thread(desk.list, chosen):
            raise NotFound("dit staat niet (meer) geparkeerd")
        done = await desk.retry_chosen(chosen, reden=reden, door=door)
        log.info("parked_retried", door=door, gemeente=gemeente, nummer=nummer, oorzaak=oorzaak, gelukt=done.gelukt)
        return done

    async def overslaan(self, gemeente: str, *, nummer: str, reden: str, door: str) -> bool:
        """Leave one entry out; True when nothing of it waits any more."""
        desk = Desk(self._hub)
        if (await asyncio.to_thread(desk.show, nummer)).gemeente != gemeente:
            raise NotFound("dit staat niet (meer) geparkeerd")
        clear = await desk.skip(nummer, reden=reden, door=door)
        log.info("parked_skipped", door=door, gemeente=gemeente, nummer=nummer)
        return clear

    def _stream(self, gemeente: str, key: str) -> int:
        for topic in (ZAKEN, PERSONEN):
            try:
                head = self._hub.log.head(topic, key)
            except NotFound:
                continue
            if self._hub.log.streams([head.id])[head.id].gemeente == gemeente:
                return head.id
        raise NotFound("deze zaak of sleutel is bij Wissel niet bekend")

    def _builds(self) -> list[Bouw]:
        builds, pointers = self._hub.builds.all()
        live = {pointer.lid for pointer in pointers}
        filling = {b.nummer for b in builds if b.toestand == BOUWT}
        found = {number: self._filling(number, [b.projectie for b in builds if b.nummer == number]) for number in filling}
        return [Bouw(b.lid, b.toestand, b.lid in live, _moment(b.begonnen), found.get(b.nummer)) for b in builds]

    def _filling(self, number: int, names: Sequence[str]) -> Vulling | None:
        now = self._hub.replay_progress(number)
        if now is None:
            return None
        known = self._hub.plugins.projections
        topics = set[str]().union(*(known[name].topics for name in names if name in known))
        total = sum(position.head for position in self._hub.log.positions() if position.topic in topics)
        return Vulling(now.gedaan, max(total, now.gedaan), now.loopt, now.fout or "", now.per_s)


def _moment(at_us: int | None) -> str:
    return rfc3339(from_microseconds(at_us)) if at_us else ""
