# SPDX-License-Identifier: EUPL-1.2
"""How hard one source may be asked: an even pace for what is not urgent, and one brake for everything when it fails.

Without the brake every zaak that is due would find out by itself that the source is away: thousands of tries a second
against a system that is trying to get up.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

_FAILURES_IN_A_ROW: Final = 5


class Tempo:
    """Gives turns at most ``per_s`` times a second, evenly: what was not used is not saved up."""

    def __init__(self, per_s: float, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._step_s = 1.0 / per_s
        self._monotonic_s = monotonic_s
        self._next_s = 0.0

    def verander(self, per_s: float) -> None:
        """Go on at another pace."""
        self._step_s = 1.0 / per_s

    async def beurt(self) -> None:
        """Wait for the next turn."""
        now_s = self._monotonic_s()
        mine_s = max(now_s, self._next_s)
        self._next_s = mine_s + self._step_s
        if mine_s > now_s:
            await asyncio.sleep(mine_s - now_s)


class Rem:
    """Stops asking a source that fails again and again, or that says when it wants to be asked again.

    After five failures in a row nothing is asked for a while; then one try, and with each failed try a longer while.
    The first answer releases it.
    """

    def __init__(self, *, eerste_s: float, langste_s: float, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._eerste_s = eerste_s
        self._langste_s = langste_s
        self._monotonic_s = monotonic_s
        self._failures = 0
        self._tries = 0
        self._until_s = 0.0

    @property
    def staat_erop(self) -> bool:
        """Return True from the first pause until the source answers again."""
        return self._tries > 0

    def wacht_s(self) -> float:
        """Return how long the source must be left alone still."""
        return max(0.0, self._until_s - self._monotonic_s())

    def gelukt(self) -> None:
        """Release: the source answered."""
        self._failures = self._tries = 0
        self._until_s = 0.0

    def mislukt(self, retry_after_s: float | None) -> None:
        """Count a failure; what was under way when the brake went on counts no further."""
        self._failures += 1
        if self.wacht_s() or (retry_after_s is None and self._failures < _FAILURES_IN_A_ROW):
            return
        grown_s = min(self._eerste_s * 2**self._tries, self._langste_s) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        self._tries = min(self._tries + 1, 30)
        self._until_s = self._monotonic_s() + max(grown_s, min(retry_after_s or 0.0, self._langste_s))

    async def vrij(self) -> None:
        """Wait until the source may be asked again."""
        pause_s = self.wacht_s()
        while pause_s:
            await asyncio.sleep(pause_s)
            pause_s = self.wacht_s()
