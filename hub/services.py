# SPDX-License-Identifier: EUPL-1.2
"""Services: named coroutines that run as long as a process works, started again when they fail, stopped together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import Final

import structlog

from hub.parking import failure_of
from hub.plugins import Service

log = structlog.get_logger()
_LONGEST_PAUSE_S: Final = 30.0
_STOP_S: Final = 1.0


class Services:
    """Runs services in tasks of their own on the running event loop."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, services: Mapping[str, Service]) -> None:
        """Start these services, each kept alive."""
        self._tasks += [asyncio.create_task(_kept_alive(name, run), name=name) for name, run in services.items()]

    async def stop(self) -> None:
        """Cancel all and wait until they ended."""
        await ended(self._tasks)
        self._tasks = []


async def ended(tasks: Collection[asyncio.Future[None]]) -> None:
    """Cancel tasks until they ended: some lose a cancellation, as those in asyncio.wait_for may before Python 3.12."""
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_STOP_S)


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
