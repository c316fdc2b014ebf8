# SPDX-License-Identifier: EUPL-1.2
"""Delivering notifications: lanes, retries with backoff, and the faults that are asked for, decided from the seed."""

from __future__ import annotations

import asyncio
import itertools
import random
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, replace
from typing import Final

from connectors.zaak.simulator.callback import Poster
from connectors.zaak.simulator.config import Aflevering, Notificatiefouten
from connectors.zaak.simulator.notificaties import subscribers
from connectors.zaak.simulator.state import Gemeente
from connectors.zaak.simulator.web import Json, encode

Deliver = Callable[[str, str | None, bytes], Awaitable[int | None]]
_REORDER_S: Final = 0.3


@dataclass(slots=True)
class Tally:
    """Books of the deliveries.

    ``gepland``: notifications for a subscriber, duplicates not counted; ``verloren``: of these, never tried because a
    loss was asked for; ``geprobeerd``: posts; ``geaccepteerd``: posts answered 2xx; ``mislukt``: other posts;
    ``opgegeven``: dropped after the last retry; ``dubbel``: sent a second time because that was asked for;
    ``wachtend``: not settled yet.
    """

    gepland: int = 0
    verloren: int = 0
    geprobeerd: int = 0
    geaccepteerd: int = 0
    mislukt: int = 0
    opgegeven: int = 0
    dubbel: int = 0
    wachtend: int = 0

    def as_json(self) -> Json:
        """Return the counts."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class _Job:
    """One notification for one subscriber."""

    url: str
    auth: str
    body: bytes
    lane: int
    books: Tally
    attempt: int = 0


class Delivery:
    """Posts notifications. One zaak keeps to one lane: in order unless a fault or a retry gets in between."""

    def __init__(
        self, *, seed: int, settings: Aflevering, faults: Callable[[], Notificatiefouten], deliver: Deliver | None = None
    ) -> None:
        self.tally = Tally()
        self._seed = seed
        self._settings = settings
        self._faults = faults
        self._poster = Poster(settings.timeout_s)
        self.deliver: Deliver = deliver or self._poster
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lanes: list[asyncio.Queue[_Job]] = []
        self._workers: list[asyncio.Task[None]] = []
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._numbers = itertools.count()

    def publish(self, gemeente: Gemeente, message: Json, *, key: str) -> None:
        """Plan the delivery of ``message`` to its subscribers; ``key`` names it, so that faults follow from the seed."""
        targets = subscribers(gemeente, message)
        if not targets:
            return
        body = encode(message)
        lane = zlib.crc32(message["hoofdObject"].encode()) % self._settings.baan_aantal
        for abonnement, url, auth in targets:
            chance = random.Random(f"{self._seed}|{key}|{abonnement}")  # noqa: S311 - no secret, a seed
            self._plan(_Job(url, auth, body, lane, self.tally), chance)

    def _plan(self, job: _Job, chance: random.Random) -> None:
        faults = self._faults()
        lost, twice, late = (chance.random() < odds for odds in (faults.verlies, faults.dubbel, faults.herordenen))
        pause_s = chance.uniform(0, faults.vertraging_max_s) + (chance.uniform(0.01, _REORDER_S) if late else 0.0)
        self.tally.gepland += 1
        if lost:
            self.tally.verloren += 1
            return
        self._later(job, pause_s)
        if twice:
            self.tally.dubbel += 1
            self._later(job, pause_s + chance.uniform(0, _REORDER_S))

    def _later(self, job: _Job, pause_s: float) -> None:
        self.tally.wachtend += 1
        self._start()
        if pause_s <= 0:
            self._lanes[job.lane].put_nowait(job)
            return
        assert self._loop is not None
        number = next(self._numbers)
        self._timers[number] = self._loop.call_later(pause_s, self._due, job, number)

    def _due(self, job: _Job, number: int) -> None:
        del self._timers[number]
        self._lanes[job.lane].put_nowait(job)

    def _start(self) -> None:
        """Start the lanes on the running loop; after a test's loop ended, on the next one."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._loop = loop
        self._timers.clear()
        self._lanes = [asyncio.Queue() for _ in range(self._settings.baan_aantal)]
        self._workers = [loop.create_task(self._work(lane)) for lane in self._lanes]

    async def _work(self, lane: asyncio.Queue[_Job]) -> None:
        while True:
            job = await lane.get()
            job.books.geprobeerd += 1
            status = await self.deliver(job.url, job.auth, job.body)
            job.books.wachtend -= 1
            self._settle(job, status)

    def _settle(self, job: _Job, status: int | None) -> None:
        if job.books is not self.tally:
            return  # the books were started anew while this was under way
        if status is not None and status // 100 == 2:  # noqa: PLR2004
            self.tally.geaccepteerd += 1
            return
        self.tally.mislukt += 1
        if job.attempt >= self._settings.herhalingen:
            self.tally.opgegeven += 1
            return
        pause_s = min(self._settings.basis_s * self._settings.factor**job.attempt, self._settings.max_s)
        self._later(replace(job, attempt=job.attempt + 1), pause_s)

    async def idle(self, timeout_s: float = 30.0) -> None:
        """Wait until every planned delivery is settled; TimeoutError when that takes too long."""
        async with asyncio.timeout(timeout_s):
            while self.tally.wachtend:  # noqa: ASYNC110 - settled in many places, polled in tests only
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Stop: what was not delivered yet is dropped."""
        for timer in self._timers.values():
            timer.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers, self._lanes, self._loop = [], [], None
        self.tally.wachtend = 0
        await self._poster.close()

    def forget(self) -> None:
        """Drop what was not delivered yet and start the books anew."""
        for timer in self._timers.values():
            timer.cancel()
        for lane in self._lanes:
            while not lane.empty():
                lane.get_nowait()
        self._timers.clear()
        self.tally = Tally()
