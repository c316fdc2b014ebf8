# SPDX-License-Identifier: EUPL-1.2
"""R12: time passes as events. A term that is due is put down when nothing older about that zaak is still under way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import structlog

from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.errors import Transient
from hub.events import NewEvent, fact_id
from hub.log.base import OFFSET_BITS
from hub.plugins import Clock, Connector, Gemeente, Hub, ReadTx, Tx

log = structlog.get_logger()
VERSTREKEN: Final = "nl.wissel.termijn.verstreken.v1"
_TICK_S: Final = 0.5
_PAGE: Final = 200
_BEGIN: Final = (-(2**63), "", 0, "")


class Term(NamedTuple):
    """A row of ``termijn`` with the stream it belongs to."""

    flow: str
    stroom: int
    naam: str
    id: str
    vervalt: int
    wacht_op_bron: int
    oorzaak: str
    topic: str
    sleutel: str
    gemeente: str


class Timers:
    """Puts ``nl.wissel.termijn.verstreken.v1`` into the stream that asked for it."""

    def __init__(
        self,
        *,
        hub: Hub,
        connectors: Sequence[Connector],
        gemeenten: Mapping[str, Gemeente],
        clock: Clock,
        repeats: bool = False,
    ) -> None:
        self._hub = hub
        self._repeats = repeats
        self._connectors = connectors
        self._gemeenten = gemeenten
        self._clock = clock

    async def run(self) -> None:
        """Look for terms that are due until cancelled."""
        while True:
            try:
                await self.pass_time()
            except Transient as error:
                log.warning("timers_paused", uitleg=str(error))
            await asyncio.sleep(_TICK_S)

    async def pass_time(self) -> int:
        """Put down every term that is due and may be; return how many. One that must wait holds no other up."""
        now_us = to_microseconds(self._clock.now())
        passed, after = 0, _BEGIN
        while due := await self._hub.read(partial(_due, now_us=now_us, after=after)):
            last = due[-1]
            after = (last.vervalt, last.flow, last.stroom, last.naam)
            ready = await self._hub.read(partial(self._ready, due=due))
            passed += sum([await self._pass(term) for term in ready])
        return passed

    def _ready(self, tx: ReadTx, *, due: Sequence[Term]) -> list[Term]:
        return [term for term in due if self._may_pass(tx, term)]

    async def _pass(self, term: Term) -> bool:
        event = NewEvent(
            id=fact_id(term.id, "verstreken"),
            type=VERSTREKEN,
            source=self._gemeenten[term.gemeente].source("wissel"),
            gemeente=term.gemeente,
            topic=term.topic,
            key=term.sleutel,
            data={"termijn": term.id, "naam": term.naam, "vervalt": rfc3339(from_microseconds(term.vervalt))},
            causationid=term.oorzaak,
            correlationid=term.sleutel,
        )
        sealed = self._hub.seal([event])
        delete = "DELETE FROM termijn WHERE flow = ? AND stroom = ? AND id = ?"

        def work(tx: Tx) -> bool:
            if not self._may_pass(tx, term) or tx.execute(delete, (term.flow, term.stroom, term.id)) != 1:
                return False  # something came in for that zaak, or the term was set again or cancelled meanwhile
            tx.put(sealed)
            return True

        return await self._hub.write(work)

    def _may_pass(self, tx: ReadTx, term: Term) -> bool:
        """True when the flow has seen all of that stream and no hint of that zaak accepted before is unsettled.

        A term that waits for a source waits for nothing else. Of a parked stream the term is put down all the same: it parks
        behind the rest. A gemeente that is no longer in the settings has no flows that could hear of it.
        """
        if term.gemeente not in self._gemeenten:
            return False
        if term.wacht_op_bron:
            return True
        member = f"flow:{term.flow}"
        if tx.one("SELECT 1 FROM geparkeerd WHERE lid = ? AND stroom = ? LIMIT 1", (member, term.stroom)):
            return True
        due = from_microseconds(term.vervalt)
        if any(connector.unsettled_hints(tx, term.sleutel, due) for connector in self._connectors):
            return False
        query = "SELECT plaats, volgnummer FROM gebeurtenis WHERE stroom = ? ORDER BY volgnummer DESC LIMIT 1"
        last = tx.one(query, (term.stroom,))
        if last is None:
            return True
        place, sequence = last
        if self._repeats:  # places in the log are not those in the table
            seen = tx.one("SELECT volgnummer FROM gezien WHERE lid = ? AND stroom = ?", (member, term.stroom))
            return seen is not None and seen[0] >= sequence
        point = tx.one("SELECT plaats FROM controlepunt WHERE lid = ? AND partitie = ?", (member, place >> OFFSET_BITS))
        return point is not None and point[0] >= place


def _due(tx: ReadTx, *, now_us: int, after: tuple[int, str, int, str]) -> list[Term]:
    """Return the next page of the terms that are due, longest due first."""
    rows = tx.all(
        "SELECT t.flow, t.stroom, t.naam, t.id, t.vervalt, t.wacht_op_bron, t.oorzaak, s.topic, s.sleutel, s.gemeente"
        " FROM termijn t JOIN stroom s ON s.id = t.stroom"
        " WHERE t.vervalt <= ? AND (t.vervalt, t.flow, t.stroom, t.naam) > (?, ?, ?, ?)"
        " ORDER BY t.vervalt, t.flow, t.stroom, t.naam LIMIT ?",
        (now_us, *after, _PAGE),
    )
    return [Term(*row) for row in rows]
