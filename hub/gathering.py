# SPDX-License-Identifier: EUPL-1.2
"""Does together what is asked at about the same time: what arrives while work is under way goes into the next round.

Nobody waits for company: the first goes alone. The busier it is, the more share one transaction and one fsync, so that the
cost of each falls just when there is little left to spend.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from hub.store.base import StoreUnavailable

T = TypeVar("T")
R = TypeVar("R")
MOST: Final = 64


class Gathering(Generic[T, R]):
    """``work`` does many at once and returns what came of each, in order; it either does all of them or raises.

    A round that fails is done again one by one, so that what is wrong with one touches no other; unless the store is away,
    which is so for all.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, most: int = MOST) -> None:
        self._work = work
        self._most = most
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def do(self, item: T) -> R:
        """Have one done and return what came of it; raises what its own work raised. Call from the event loop."""
        asked: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, asked))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await asked

    async def _run(self) -> None:
        try:
            while self._waiting:
                count = min(self._most, len(self._waiting))
                await self._round([self._waiting.popleft() for _ in range(count)])
        finally:
            self._running = None

    async def _round(self, asked: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        wanted = [one for one in asked if not one[1].done()]  # whoever cancelled has not asked for it
        try:
            results = await self._work([item for item, _ in wanted]) if wanted else ()
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            await self._failed(wanted, error)
            return
        for (_, future), result in zip(wanted, results, strict=True):
            if not future.done():
                future.set_result(result)

    async def _failed(self, asked: Sequence[tuple[T, asyncio.Future[R]]], error: Exception) -> None:
        if len(asked) > 1 and not isinstance(error, StoreUnavailable):
            for one in asked:
                await self._round([one])
            return
        for _, future in asked:
            if not future.done():
                future.set_exception(error)
