# SPDX-License-Identifier: EUPL-1.2
"""How fresh the read models are and how far everything is, for the pages and the ops page of any process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hub import metrics
from hub.clock import from_microseconds
from hub.desk import Desk
from hub.log.base import OFFSET_MASK
from hub.plugins import Freshness, Meldend
from hub.stand import Positie, Stand

if TYPE_CHECKING:  # the hub answers through this
    from hub.core import Core

_LEDGER: Final = "SELECT toestand, count(*) FROM opdracht WHERE gemeente = ? GROUP BY toestand"


class Versheid:
    """Reads where the members are."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub

    def freshness(self) -> Freshness:
        """Return how fresh the read models are."""
        self._look_again()
        behind = self._hub.projector.behind()
        parked = self._hub.builds.parked_count()
        metrics.ACHTERSTAND.labels(lid="projecties").set(behind)
        return Freshness(self._hub.projector.shown_up_to() if behind else self._hub.clock.now(), behind, parked)

    def topics(self) -> list[dict[str, Any]]:
        """Return per partition on Kafka how much waits to be published and which offset each member took last."""
        hub = self._hub
        with hub.database.reader() as db:
            rows = db.execute(
                "SELECT p.topic, p.nummer, p.kop, u.plaats FROM partitie p LEFT JOIN publicatie u ON u.partitie = p.id"
            ).fetchall()
        members = (*hub.projector.positions(), *hub.flow_runner.positions())
        return [
            {
                "topic": hub.kafka.name(topic) if hub.kafka else topic,
                "partitie": number,
                "te_publiceren": head if place is None else head - 1 - (place & OFFSET_MASK),
                "leden": {lid: offset for lid, *where, offset in members if where == [topic, number]},
            }
            for topic, number, head, place in rows
        ]

    def stand(self, gemeente: str) -> Stand:
        """Return how far everything is, and what is parked of one gemeente."""
        hub = self._hub
        self._look_again()
        positions = hub.log.ends()
        heads = {(p.topic, p.partition): p.head for p in positions}
        members = (*hub.projector.positions(), *hub.flow_runner.positions())
        return Stand(
            posities=[
                self._position(lid, topic, number, offset, heads[topic, number]) for lid, topic, number, offset in members
            ],
            geparkeerd=[entry.as_stand() for entry in Desk(hub).list() if entry.gemeente == gemeente],
            opdrachten=dict(hub.read_now(lambda tx: tx.all(_LEDGER, (gemeente,)))),
            gebeurtenissen=sum(p.head for p in positions),
            meldingen_open=hub.read_now(lambda tx: sum(connector.backlog(tx) for connector in hub.connectors.values())),
            storingen=[
                *self.storingen(),
                *self.gemeld(gemeente),
            ],
        )

    def _position(self, lid: str, topic: str, number: int, offset: int, head: int) -> Positie:
        waiting = self._hub.log.read(topic, number, offset, 1) if offset + 1 < head else ()
        late_s = max(0.0, (self._hub.clock.now() - from_microseconds(waiting[0].time_us)).total_seconds()) if waiting else 0.0
        return Positie(lid, topic, number, offset + 1, head, late_s)

    def gemeld(self, gemeente: str) -> list[str]:
        """Return in a sentence each what connectors say is wrong at the other side of a gemeente."""
        reporting = [connector for connector in self._hub.connectors.values() if isinstance(connector, Meldend)]
        return self._hub.read_now(lambda tx: [text for connector in reporting for text in connector.storingen(tx, gemeente)])

    def _look_again(self) -> None:
        """Read where the members are, where other processes move them."""
        if not self._hub.shared:
            return
        for runner in (self._hub.projector, self._hub.flow_runner):
            if self._hub.working:  # the runner's thread knows its own partitions best
                runner.look_elsewhere()
            else:
                runner.reload()

    def storingen(self) -> list[str]:
        """Return in a sentence each what keeps this process from going on."""
        return [e for e in (self._hub.projector.last_error, self._hub.flow_runner.last_error) if e]
