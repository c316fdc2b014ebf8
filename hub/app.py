# SPDX-License-Identifier: EUPL-1.2
"""The hub with all its work running: runner, executors, timers and the connectors' services."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from hub.commands import Uitvoering, bereave
from hub.core import Core
from hub.flows.answers import Effects
from hub.leases import Leases
from hub.log.engine import agents_for, publisher_for
from hub.plugins import Service, Wekbaar
from hub.replay import deploy
from hub.services import Services
from hub.store.place import Heard
from hub.timers import Timers

if TYPE_CHECKING:  # an extra
    from hub.log.publisher import Publisher


class EmbeddedHub(Core):
    """The whole hub in one process.

    ``open`` takes the folder's lock and checks that the files belong together; ``start`` makes everything run;
    ``stop`` finishes what is at hand. Use as ``async with EmbeddedHub(loaded) as hub`` to have both.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._services = Services()
        self._leases: Leases | None = None
        self.publisher: Publisher | None = None
        self._herald: Heard | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start runner, executors, timers and the connectors' services on the running event loop."""
        self._loop, self.working = asyncio.get_running_loop(), True
        self.uitvoering = Uitvoering(
            hub=self,
            codec=self.codec,
            connectors=self.connectors,
            gemeenten=self.gemeenten,
            clock=self.clock,
            at_once=self.settings.uitvoering.gelijktijdig,
            lease_s=self.settings.uitvoering.lease_s,
            proces=self.proces,
            alone=not self.shared,
        )
        self.timers = Timers(
            hub=self,
            connectors=tuple(self.connectors.values()),
            gemeenten=self.gemeenten,
            clock=self.clock,
            repeats=self.log.repeats,
        )
        here: dict[str, Service] = {"opdrachten": self.uitvoering.run, "toezicht": self.supervision.run}
        once: dict[str, Service] = {"termijnen": self.timers.run}
        if self.settings.projecties.nieuwe_versie == "replay":
            once["nieuwe-versies"] = deploy.service(self)
        for name, connector in self.connectors.items():
            once.update({f"{name}-{service}": run for service, run in connector.services(self).items()})
        if self.shared:
            self._leases = Leases(self.database, holder=self.proces, lasts_s=self.settings.werker.lease_s, bereave=bereave)
            once = {"leases": self._leases.run, **self._leases.once(once)}
        self.publisher = publisher_for(
            self.log,
            database=self.database,
            codec=self.codec,
            clock=self.clock,
            leases=self._leases,
        )
        agents = agents_for(self.log, topics=self.followed, shared=self.shared, on_fed=self._wake_readers)
        if self.publisher and agents:
            self.publisher.start()
            here["agents"] = agents
        self.projector.start()
        self.flow_runner.start()
        self._herald = self._place.herald(self._hear) if self.shared else None
        self._services.start({**here, **once})

    async def stop(self) -> None:
        """Stop everything in order; nothing accepted is lost, the rest is taken up at the next start."""
        if self._herald:
            await asyncio.to_thread(self._herald.stop)
        await self._services.stop()
        if self.publisher:
            await asyncio.to_thread(self.publisher.stop)
        if self._leases:
            await self._leases.release()
        self._loop = None
        await asyncio.to_thread(self.flow_runner.stop)
        await asyncio.to_thread(self.projector.stop)
        await super().stop()

    async def __aenter__(self) -> Self:
        self.open()
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _hear(self) -> None:
        """Something was written, here or in another process: look whether there is work in it."""
        self.announce(Effects())
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop is closing
                loop.call_soon_threadsafe(self._wake_services)

    def _wake_services(self) -> None:
        self.uitvoering.wake()
        for connector in self.connectors.values():
            if isinstance(connector, Wekbaar):
                connector.wake(self)

    def announce(self, effects: Effects) -> None:
        """Wake who follows the log, and the executors when there is an opdracht."""
        if self.publisher:
            self.publisher.wake()
        else:
            self._wake_readers()
        loop = self._loop
        if effects.ledger and loop is not None:
            with suppress(RuntimeError):  # the loop is closing: the ledger row waits for the next start
                loop.call_soon_threadsafe(self.uitvoering.wake)

    def _wake_readers(self) -> None:
        """There is something new in the log."""
        self.flow_runner.wake()
        self.projector.wake()
