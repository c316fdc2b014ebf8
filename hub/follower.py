# SPDX-License-Identifier: EUPL-1.2
"""A thread that follows the log: takes what is there, and looks again when woken or after half a second.

While little comes at a time it begins a round at most every 10 ms: each round costs a transaction or more, whatever it holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from hub.errors import Transient
from hub.parking import failure_of

log = structlog.get_logger()
_IDLE_S: Final = 0.5
_PAUSE_S: Final = 0.2
_PACE_S: Final = 0.01
_LITTLE: Final = 100


class Follower:
    """Runs steps, each about one partition, until it is stopped. A step that fails is tried again and holds no other up."""

    def __init__(self, name: str, *, idle_s: float = _IDLE_S) -> None:
        self._name = name
        self._idle_s = idle_s
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_error: str | None = None

    def steps(self) -> Iterable[Callable[[], int]]:
        """Return one callable per partition; it takes the next batch and returns how many events that were."""
        raise NotImplementedError

    def start(self) -> None:
        """Follow the log in a thread of its own until ``stop``."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Return True while a thread follows the log."""
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """Something was put down: look now instead of at the next tick."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the batch at hand and stop."""
        self._stop.set()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def catch_up(self) -> int:
        """Take all that is in the log now, and what that gives; return how many events were taken. Raises what goes wrong."""
        taken = 0
        while progressed := sum(step() for step in self.steps()):
            taken += progressed
        return taken

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            begun = time.monotonic()
            progressed, failed = self._round()
            self._report(failed)
            if failed:
                self._stop.wait(_PAUSE_S)
            elif not progressed:
                self._wake.wait(self._idle_s)
            elif progressed < _LITTLE:
                self._stop.wait(max(0.0, begun + _PACE_S - time.monotonic()))

    def _round(self) -> tuple[int, Exception | None]:
        progressed, failed = 0, None
        try:
            for step in self.steps():
                done, fault = _taken(step)
                progressed, failed = progressed + done, fault or failed
                if self._stop.is_set():
                    break
        except Exception as error:  # noqa: BLE001 - neither store nor log could be asked what there is
            failed = error
        return progressed, failed

    def _report(self, error: Exception | None) -> None:
        text = failure_of(error).text if error else None
        if text and text != self.last_error:
            stack = None if isinstance(error, Transient) else failure_of(error).stack  # type: ignore[arg-type]
            log.error("following_paused", lid=self._name, uitleg=text, stapel=stack)
        self.last_error = text


def _taken(step: Callable[[], int]) -> tuple[int, Exception | None]:
    try:
        return step(), None
    except Exception as error:  # noqa: BLE001 - a thread that died here would stop all work without a word
        return 0, error
