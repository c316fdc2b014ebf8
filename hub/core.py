# SPDX-License-Identifier: EUPL-1.2
"""What every process of the hub has: the store and the log opened, and what plugins and operators may ask. Runs nothing.

``hub.app`` lets the work run on it. A process that only serves pages leaves that out: what it puts down is taken up by the
processes that work.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Self, TypeVar

from hub.bediening import Bediening
from hub.builds import Builds
from hub.clock import SystemClock
from hub.codec import Codec
from hub.discovery import Plugins, installed
from hub.errors import NotFound, Refused
from hub.events import NewEvent, topic_names
from hub.flows.answers import Effects
from hub.flows.runner import FlowRunner
from hub.keys import CACHE_S, KeyRef
from hub.leases import FENCE
from hub.log.base import Log
from hub.log.engine import check_points, open_log
from hub.officials import Officials
from hub.plugins import Clock, Freshness, Gemeente, ReadTx, Row, Sealed, SealedEvent, Tx
from hub.projector import Projector
from hub.readmodels import StoreReadModel
from hub.replay import begin, lease
from hub.settings import Loaded
from hub.stand import Bevinding, Stand
from hub.store.base import Connection
from hub.store.door import Door
from hub.store.opening import Asked, Stores
from hub.store.place import place_of
from hub.store.put import LogTables, StoreReadTx, StoreTx
from hub.tijdreis import Moment, Tijdreis
from hub.toezicht import Toezicht
from hub.vergeten import Vergeten
from hub.vernietigen import Vernietiging
from hub.versheid import Versheid
from schemas import load as load_schemas

T = TypeVar("T")
_ALONE: Final = (
    "`wissel web` en `wissel worker` delen hun werk over Kafka en PostgreSQL: zet [log] adres en [opslag] database."
    " Zonder die twee draait alles in één proces: start `wissel serve`"
)


class CodecVault:
    """``hub.plugins.Vault`` on the codec's keys."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def seal(self, gemeente: str, subject: str, klasse: str, context: str, gegevens: Mapping[str, Any]) -> Sealed:
        """Seal something about one subject, bound to ``context``."""
        return self._codec.seal_one(KeyRef(gemeente, subject, klasse), context, gegevens)

    def open(self, sealed: Sealed) -> tuple[str, Mapping[str, Any]] | None:
        """Return (subject, gegevens), or None when the key has been destroyed."""
        subject, gegevens = self._codec.open(sealed)
        return None if gegevens is None else (subject, gegevens)


class Core:
    """``hub.plugins.Hub`` for connectors and pages. ``open`` first, ``close`` last; nothing is followed in between."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        clock: Clock | None = None,
        plugins: Plugins | None = None,
        forget_read_models: bool = False,
        shared: bool = False,
    ) -> None:
        if shared and not loaded.shareable:
            raise Refused(_ALONE)
        self.settings = loaded.settings
        self.settings_path = loaded.path
        self.gemeenten: Mapping[str, Gemeente] = loaded.gemeenten
        self.clock: Clock = clock or SystemClock(loaded.clock_shift)
        self.folder = loaded.settings.opslag.map
        self.plugins = plugins or installed()
        self.connectors = self.plugins.connectors
        self.proces = uuid.uuid4().hex
        self.shared = shared
        self.working = False  # True where the runner runs
        self._master_key = loaded.master_key
        self.kafka = loaded.kafka
        self._forget_read_models = forget_read_models
        self._place = place_of(loaded)
        self._lock = self._place.lock(shared=shared)
        self._stores: Stores | None = None
        self._builds: Builds | None = None
        self._log: Log | None = None

    def open(self) -> Self:
        """Open the store. Refused when another hub holds it or when they do not belong together."""
        self._lock.take()
        try:
            self._open_stores()
        except BaseException:
            self.close()
            raise
        return self

    def _open_stores(self) -> None:
        count = self.settings.log.partities
        topics = dict.fromkeys(topic_names(self.connectors), count)
        asked = Asked(
            tables={name: connector.tables for name, connector in self.connectors.items()},
            topics=topics,
            gemeenten=self.gemeenten,
            master_key=self._master_key,
            forget_members=self._forget_read_models,
        )
        stores = self._stores = self._place.open(asked)
        self.database, self.members, self.keys = stores.wissel, stores.members, stores.keys
        self.codec = Codec(load_schemas(), self.keys)
        self.vault = CodecVault(self.codec)
        self.door = Door(codec=self.codec, database=self.database, clock=self.clock)
        self._log = open_log(self.database, self.codec, access=self.kafka, topics=topics, log_id=stores.log_id)
        self.log: Log = self._log
        check_points(self.log, self.members)
        check_points(self.log, self.database)
        self.tables = LogTables({**topics, "*": count}, forget_keys=self.keys.forget)
        self.vernietiging = Vernietiging(
            database=self.database,
            keys=self.keys,
            door=self.door,
            tables=self.tables,
            gemeenten=self.gemeenten,
            clock=self.clock,
            cached_s=CACHE_S if self.shared else 0.0,
        )
        self.vernietiging.hervat()
        self.builds = self._builds = Builds(
            main=self.members,
            open_file=stores.open_build,
            projections=tuple(self.plugins.projections.values()),
            clock=self.clock,
            new_versions=self.settings.projecties.nieuwe_versie == "meteen",
        )
        begin.check_and_sweep(stores, self.builds, self.log)
        self.projector = Projector(log=self.log, builds=self.builds, bookkeeping=self.database, clock=self.clock)
        self.flow_runner = FlowRunner(
            log=self.log,
            database=self.database,
            tables=self.tables,
            door=self.door,
            flows=tuple(self.plugins.flows.values()),
            gemeenten=self.gemeenten,
            clock=self.clock,
            on_put=self.announce,
        )
        self._read_models = {
            name: StoreReadModel(name, partial(self.builds.reading, name)) for name in self.plugins.projections
        }
        self.officials = Officials(self)
        self.versheid = Versheid(self)
        self.tijdreis = Tijdreis(self)
        self.supervision = Toezicht(self)
        self.bediening = Bediening(self)
        self.vergeten = Vergeten(self)
        self.vergeten.hervat()

    def replay_progress(self, number: int) -> lease.Voortgang | None:
        """Return how far a replay is that fills a build; None when it has not begun."""
        assert self._stores is not None
        try:
            with self._stores.view_build(number) as db:
                return lease.progress(db, number)
        except Refused:
            return None

    def remove_build(self, number: int) -> None:
        """Remove all that a replay made, once nothing follows it any more."""
        assert self._stores is not None
        self._stores.remove_build(number)

    @property
    def followed(self) -> frozenset[str]:
        """Return the topics that a flow or projection reads; the others are for readers outside."""
        projections, flows = self.plugins.projections.values(), self.plugins.flows.values()
        return frozenset({flow.topic for flow in flows}.union(*(projection.topics for projection in projections)))

    def start(self) -> None:
        """Run nothing: what plugins may ask needs nothing that runs."""

    async def stop(self) -> None:
        """Close the connections of the connectors, and then the store."""
        for connector in self.connectors.values():
            await connector.close(self)
        self.close()

    def close(self) -> None:
        """Close the store and let go of it."""
        if self._builds:
            self._builds.close()
        if self._log:
            self._log.close()
        if self._stores:
            self._stores.close()
        self._lock.release()

    # ------------------------------------------------------------------------------------ what plugins may ask

    def seal(self, events: Sequence[NewEvent]) -> Sequence[SealedEvent]:
        """Encode and seal events, outside any transaction. What is refused is kept for inspection (R1)."""
        return self.door.seal(events)

    async def write(self, work: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """Run ``work`` in one write transaction on ``wissel.db``."""
        fence = FENCE.get()

        def run(db: Connection) -> tuple[T, bool]:
            if fence:
                fence.check(db)
            tx = StoreTx(db, self.tables, self.clock.now())
            return work(tx), tx.has_put

        result, has_put = await asyncio.wrap_future(self.database.write(run, urgent=urgent))
        if has_put:
            self.announce(Effects())
        return result

    async def read(self, work: Callable[[ReadTx], T]) -> T:
        """Run ``work`` on one consistent view of ``wissel.db``."""
        return await asyncio.to_thread(self.read_now, work) if self.database.remote else self.read_now(work)

    def read_now(self, work: Callable[[ReadTx], T]) -> T:
        """Run ``work`` on one consistent view, from any thread."""
        with self.database.reader() as db:
            return work(StoreReadTx(db))

    def read_model(self, name: str) -> StoreReadModel:
        """Return the live version of a projection."""
        try:
            return self._read_models[name]
        except KeyError:
            raise NotFound(f"er is geen leesmodel {name}") from None

    def toen(self, projection: str, *, gemeente: str, key: str, moment: Moment) -> Row | None:
        """Return a zaak's row as a projection had it at that moment."""
        return self.tijdreis.stand(projection, gemeente=gemeente, key=key, moment=moment)

    def freshness(self) -> Freshness:
        """Return how fresh the read models are."""
        return self.versheid.freshness()

    def stand(self, gemeente: str) -> Stand:
        """Return how far everything is, and what is parked of one gemeente."""
        return self.versheid.stand(gemeente)

    def toezicht(self) -> Sequence[Bevinding]:
        """Return what needs a person now, and bring the gauges up to date."""
        return self.supervision.kijk()

    def flow_state(self, flow: str, *, gemeente: str, key: str) -> tuple[Any, int]:
        """Return (state, sequence) of a stream, folded to its head."""
        return self.officials.flow_state(flow, gemeente=gemeente, key=key)

    async def command(self, flow: str, *, gemeente: str, key: str, command: Any, sequence: int, token: str, actor: str) -> int:
        """Give an official's command to a flow; the same token again gives the same facts, once (R7)."""
        return await self.officials.command(
            flow, gemeente=gemeente, key=key, command=command, sequence=sequence, token=token, actor=actor
        )

    def announce(self, effects: Effects) -> None:
        """Something was put down, with ``effects``: whoever works here looks now. Called from every thread, after a commit."""
