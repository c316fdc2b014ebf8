# SPDX-License-Identifier: EUPL-1.2
"""R12: time passes as events. A term that is due is put down when nothing older about that zaak is still under way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.errors import Transient
from hub.events import NewEvent, fact_id
from hub.plugins import Clock, Connector, Gemeente, Hub, ReadTx, Tx

log = structlog.get_logger()
VERSTREKEN: Final = "nl.wissel.termijn.verstreken.v1"
_TICK_S: Final = 0.5
_MOST: Final = 200


class Timers:
    """Puts ``nl.wissel.termijn.verstreken.v1`` into the stream that asked for it."""

    def __init__(self, *, hub: Hub, connectors: Sequence[Connector], gemeenten: Mapping[str, Gemeente], clock: Clock) -> None:
        self._hub = hub
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
        """Put down every term that is due and may be; return how many."""
        now_us = to_microseconds(self._clock.now())
        due = await self._hub.read(
            lambda tx: tx.all(
                "SELECT t.flow, t.stroom, t.naam, t.id, t.vervalt, t.wacht_op_bron, t.oorzaak, s.topic, s.sleutel, s.gemeente"
                " FROM termijn t JOIN stroom s ON s.id = t.stroom WHERE t.vervalt <= ? ORDER BY t.vervalt LIMIT ?",
                (now_us, _MOST),
            )
        )
        return sum([await self._pass(row) for row in due])

    async def _pass(self, row: tuple[Any, ...]) -> bool:
        flow, stream, name, term_id, due_us, waits_for_source, cause, topic, key, gemeente = row
        event = NewEvent(
            id=fact_id(term_id, "verstreken"),
            type=VERSTREKEN,
            source=self._gemeenten[gemeente].source("wissel"),
            gemeente=gemeente,
            topic=topic,
            key=key,
            data={"termijn": term_id, "naam": name, "vervalt": rfc3339(from_microseconds(due_us))},
            causationid=cause,
            correlationid=key,
        )
        sealed = self._hub.seal([event])

        def work(tx: Tx) -> bool:
            if not waits_for_source and not self._may_pass(tx, flow, stream, key, due_us):
                return False
            if tx.execute("DELETE FROM termijn WHERE flow = ? AND stroom = ? AND id = ?", (flow, stream, term_id)) != 1:
                return False  # set again or cancelled meanwhile
            tx.put(sealed)
            return True

        return await self._hub.write(work)

    def _may_pass(self, tx: ReadTx, flow: str, stream: int, key: str, due_us: int) -> bool:
        """True when the flow has seen all of that stream and no hint of that zaak accepted before is unsettled.

        Of a parked stream the term is put down all the same: it parks behind the rest.
        """
        member = f"flow:{flow}"
        if tx.one("SELECT 1 FROM geparkeerd WHERE lid = ? AND stroom = ? LIMIT 1", (member, stream)):
            return True
        if any(connector.unsettled_hints(tx, key, from_microseconds(due_us)) for connector in self._connectors):
            return False
        last = tx.one(
            "SELECT plaats FROM gebeurtenis WHERE stroom = ? ORDER BY volgnummer DESC LIMIT 1",
            (stream,),
        )
        assert last is not None
        place = last[0]
        point = tx.one("SELECT plaats FROM controlepunt WHERE lid = ? AND partitie = ?", (member, place >> 40))
        return point is not None and point[0] >= place
