# SPDX-License-Identifier: EUPL-1.2
"""The composition root of the embedded hub: opens the files, starts runner, executors and timers, and closes them again."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self, TypeVar

import structlog

from hub import metrics
from hub.clock import SystemClock
from hub.codec import Codec
from hub.commands import Uitvoering
from hub.desk import Desk
from hub.discovery import Plugins, installed
from hub.errors import Conflict, KeyDestroyed, LostRace, NotFound, Rejected
from hub.events import OPDRACHTEN, PERSONEN, ZAKEN, NewEvent, command_id
from hub.flows.answers import Draft, Effects, put_effects
from hub.flows.runner import FlowRunner
from hub.keys import KeyRef
from hub.log.sqlite import SqliteLog
from hub.parking import failure_of
from hub.plugins import Clock, Freshness, Gemeente, ReadTx, Sealed, SealedEvent, Service, Tx
from hub.projector import Projector
from hub.readmodels import StoreReadModel
from hub.settings import Loaded
from hub.stand import Positie, Stand
from hub.store import opening
from hub.store.base import Connection
from hub.store.door import Door
from hub.store.put import LogTables, StoreReadTx, StoreTx
from hub.timers import Timers
from hub.vernietigen import Vernietiging
from schemas import load as load_schemas

log = structlog.get_logger()
T = TypeVar("T")
_RESEALS: Final = 5
_LONGEST_PAUSE_S: Final = 30.0
_STOP_S: Final = 1.0
_LEDGER: Final = "SELECT toestand, count(*) FROM opdracht WHERE gemeente = ? GROUP BY toestand"


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


class EmbeddedHub:
    """The hub on SQLite files: ``hub.plugins.Hub`` for connectors and pages.

    ``open`` takes the folder's lock and checks that the files belong together; ``start`` makes everything run;
    ``stop`` finishes what is at hand. Use as ``async with EmbeddedHub(loaded) as hub`` to have both.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        clock: Clock | None = None,
        plugins: Plugins | None = None,
        forget_read_models: bool = False,
    ) -> None:
        self.settings = loaded.settings
        self.gemeenten: Mapping[str, Gemeente] = loaded.gemeenten
        self.clock: Clock = clock or SystemClock(loaded.clock_shift)
        self.folder = loaded.settings.opslag.map
        self.plugins = plugins or installed()
        self.connectors = self.plugins.connectors
        self._master_key = loaded.master_key
        self._forget_read_models = forget_read_models
        self._lock = opening.FolderLock(self.folder)
        self._files: opening.Files | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    # --------------------------------------------------------------------------------------- opening and closing

    def open(self) -> Self:
        """Open the files. Refused when another hub holds them or when they do not belong together."""
        self._lock.take()
        try:
            self._open_files()
        except BaseException:
            self.close()
            raise
        return self

    def _open_files(self) -> None:
        count = self.settings.log.partities
        topics = dict.fromkeys([ZAKEN, PERSONEN, *(OPDRACHTEN + name for name in self.connectors)], count)
        tables = [connector.tables for connector in self.connectors.values()]
        files = self._files = opening.Files(
            self.folder,
            tables=tables,
            topics=topics,
            gemeenten=self.gemeenten,
            master_key=self._master_key,
            forget_members=self._forget_read_models,
        )
        self.database, self.members, self.keys = files.wissel, files.members, files.keys
        self.codec = Codec(load_schemas(), self.keys)
        self.vault = CodecVault(self.codec)
        self.door = Door(codec=self.codec, database=self.database, clock=self.clock)
        self.log = SqliteLog(self.database, self.codec, files.log_id)
        self.tables = LogTables({**topics, "*": count})
        self.vernietiging = Vernietiging(
            database=self.database,
            keys=self.keys,
            door=self.door,
            tables=self.tables,
            gemeenten=self.gemeenten,
            clock=self.clock,
        )
        self.vernietiging.hervat()
        self.projector = Projector(
            log=self.log,
            database=self.members,
            bookkeeping=self.database,
            projections=tuple(self.plugins.projections.values()),
            clock=self.clock,
        )
        self.flow_runner = FlowRunner(
            log=self.log,
            database=self.database,
            tables=self.tables,
            door=self.door,
            flows=tuple(self.plugins.flows.values()),
            gemeenten=self.gemeenten,
            clock=self.clock,
            on_put=self._announce_effects,
        )
        self._read_models = {m.projection.name: StoreReadModel(self.members, m.tables) for m in self.projector.members}

    def start(self) -> None:
        """Start runner, executors, timers and the connectors' services on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self.uitvoering = Uitvoering(
            hub=self,
            codec=self.codec,
            connectors=self.connectors,
            gemeenten=self.gemeenten,
            clock=self.clock,
            at_once=self.settings.uitvoering.gelijktijdig,
            lease_s=self.settings.uitvoering.lease_s,
        )
        self.timers = Timers(hub=self, connectors=tuple(self.connectors.values()), gemeenten=self.gemeenten, clock=self.clock)
        self.projector.start()
        self.flow_runner.start()
        services: dict[str, Service] = {"opdrachten": self.uitvoering.run, "termijnen": self.timers.run}
        for name, connector in self.connectors.items():
            services.update({f"{name}-{service}": run for service, run in connector.services(self).items()})
        self._tasks = [asyncio.create_task(_kept_alive(name, run), name=name) for name, run in services.items()]

    async def stop(self) -> None:
        """Stop everything in order; nothing accepted is lost, the rest is taken up at the next start."""
        running = set(self._tasks)
        while running:  # again for a service that lost its cancellation, as asyncio.wait_for may do before Python 3.12
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=_STOP_S)
        self._loop = None
        await asyncio.to_thread(self.flow_runner.stop)
        await asyncio.to_thread(self.projector.stop)
        self.close()

    def close(self) -> None:
        """Close the files and let go of the folder."""
        if self._files:
            self._files.close()
        self._lock.release()

    async def __aenter__(self) -> Self:
        self.open()
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # ------------------------------------------------------------------------------------ what plugins may ask

    def seal(self, events: Sequence[NewEvent]) -> Sequence[SealedEvent]:
        """Encode and seal events, outside any transaction. What is refused is kept for inspection (R1)."""
        return self.door.seal(events)

    async def write(self, work: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """Run ``work`` in one write transaction on ``wissel.db``."""

        def run(db: Connection) -> tuple[T, bool]:
            tx = StoreTx(db, self.tables, self.clock.now())
            return work(tx), tx.has_put

        result, has_put = await asyncio.wrap_future(self.database.write(run, urgent=urgent))
        if has_put:
            self._announce()
        return result

    async def read(self, work: Callable[[ReadTx], T]) -> T:
        """Run ``work`` on one consistent view of ``wissel.db``."""
        return self.read_now(work)

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

    def freshness(self) -> Freshness:
        """Return how fresh the read models are."""
        behind = self.projector.behind()
        with self.members.reader() as db:
            parked = db.execute("SELECT count(*) FROM geparkeerd").fetchone()[0]
        metrics.ACHTERSTAND.labels(lid="projecties").set(behind)
        return Freshness(self.projector.shown_up_to() if behind else self.clock.now(), behind, parked)

    def stand(self, gemeente: str) -> Stand:
        """Return how far everything is, and what is parked of one gemeente."""
        positions = self.log.positions()
        heads = {(p.topic, p.partition): p.head for p in positions}
        members = (*self.projector.positions(), *self.flow_runner.positions())
        return Stand(
            posities=[Positie(lid, topic, number, offset + 1, heads[topic, number]) for lid, topic, number, offset in members],
            geparkeerd=[entry.as_stand() for entry in Desk(self).list() if entry.gemeente == gemeente],
            opdrachten=dict(self.read_now(lambda tx: tx.all(_LEDGER, (gemeente,)))),
            gebeurtenissen=sum(p.head for p in positions),
            meldingen_open=self.read_now(lambda tx: sum(connector.backlog(tx) for connector in self.connectors.values())),
            storingen=[e for e in (self.projector.last_error, self.flow_runner.last_error) if e],
        )

    def flow_state(self, flow: str, *, gemeente: str, key: str) -> tuple[Any, int]:
        """Return (state, sequence) of a stream, folded to its head."""
        found = self.plugins.flows[flow]
        stream, name = self._stream(found.topic, gemeente, key)
        state, sequence, _ = self.flow_runner.fold(found, stream, name)
        return state, sequence

    async def command(self, flow: str, *, gemeente: str, key: str, command: Any, sequence: int, token: str, actor: str) -> int:
        """Give an official's command to a flow; the same token again gives the same facts, once (R7)."""
        found = self.plugins.flows[flow]
        stream, name = self._stream(found.topic, gemeente, key)
        cause = command_id(gemeente=gemeente, zaak=key, token=token)
        for _ in range(_RESEALS):
            if (done := self._already(stream, cause)) is not None:
                return done
            state, now_at, head = self.flow_runner.fold(found, stream, name)
            assert head is not None
            try:
                answers = found.handle(state, command)
            except Rejected:
                if (done := self._already(stream, cause)) is not None:
                    return done  # the same click came twice at once: the other one was put down after we looked
                raise
            if now_at != sequence:
                judged, _, _ = self.flow_runner.fold(found, stream, name, up_to=sequence)
                if found.handle(judged, command) != answers:
                    raise Conflict("de zaak is intussen veranderd; bekijk de zaak opnieuw en beslis dan")
            now = self.clock.now()
            draft = Draft(flow=found, gemeente=self.gemeenten[gemeente], now=now, state=state, head=head)
            draft.take(answers, cause_id=cause)
            effects = Effects.of(draft.settled(), self.door, now)
            try:
                await self._put_command(flow, effects, stream, found.topic, key, now_at)
            except (LostRace, KeyDestroyed):
                continue
            log.info("command_given", flow=flow, soort=type(command).__name__, zaak=key, door=actor)
            return draft.head.sequence
        raise Conflict("de zaak verandert op dit moment steeds; probeer het zo nog eens")

    async def _put_command(self, flow: str, effects: Effects, stream: int, topic: str, key: str, sequence: int) -> None:
        now = self.clock.now()
        await self.write(
            lambda tx: put_effects(tx, flow, effects, streams={key: stream}, now=now, expected={(topic, key): sequence}),
            urgent=True,
        )
        self._announce_effects(effects)

    def _already(self, stream: int, cause: str) -> int | None:
        """Return the sequence of the last fact a command gave before, or None when it was not given yet."""
        row = self.read_now(
            lambda tx: tx.one(
                "SELECT max(volgnummer) FROM gebeurtenis WHERE stroom = ? AND oorzaak = ?", (stream, uuid.UUID(cause).bytes)
            )
        )
        return row[0] if row and row[0] is not None else None

    def _stream(self, topic: str, gemeente: str, key: str) -> tuple[int, Any]:
        head = self.log.head(topic, key)
        name = self.log.streams([head.id])[head.id]
        if name.gemeente != gemeente:
            raise NotFound("deze zaak is bij Wissel niet bekend")
        return head.id, name

    # ------------------------------------------------------------------------------------------------ waking up

    def _announce(self) -> None:
        self.flow_runner.wake()
        self.projector.wake()

    def _announce_effects(self, effects: Effects) -> None:
        """Called from the runner's thread after a commit."""
        self._announce()
        loop = self._loop
        if effects.ledger and loop is not None:
            with suppress(RuntimeError):  # the loop is closing: the ledger row waits for the next start
                loop.call_soon_threadsafe(self.uitvoering.wake)


async def _kept_alive(name: str, run: Service) -> None:
    """Run a service for as long as the hub runs; one that stops with an error is reported and started again."""
    pause_s = 0.5
    while True:
        begun = time.monotonic()
        try:
            await run()
        except Exception as error:  # noqa: BLE001 - a service that dies silently would be the worst outcome of all
            log.error("service_failed", dienst=name, soort=type(error).__name__, uitleg=_safe(error))
        pause_s = 0.5 if time.monotonic() - begun > _LONGEST_PAUSE_S else min(pause_s * 2, _LONGEST_PAUSE_S)
        await asyncio.sleep(pause_s)


def _safe(error: Exception) -> str:
    failure = failure_of(error)
    return f"{failure.text}\n{failure.stack}"
