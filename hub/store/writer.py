# SPDX-License-Identifier: EUPL-1.2
"""The one writer thread of a database: urgent work goes before batches, and jobs of a kind that wait together share a commit.

The failure of one job leaves the others whole: jobs that share a commit each have a savepoint, one that is alone needs none.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from hub.store.base import Connection, StoreUnavailable

T = TypeVar("T")
Work = Callable[[Connection], Any]
Outcome = tuple[Any, BaseException | None]
_GROUPS: Final = (64, 8)  # of urgent jobs, of batches: those are long, and what is urgent waits for them to end
_STOP: Final = 2


class Writer:
    """``transact`` runs a group of works in one transaction and returns what came of each, in order."""

    def __init__(self, name: str, transact: Callable[[list[Work]], list[Outcome]]) -> None:
        self._name = name
        self._transact = transact
        self._jobs: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue()
        self._count = itertools.count()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"schrijver-{name}", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Connection], T], *, urgent: bool) -> Future[T]:
        """Queue one job."""
        future: Future[T] = Future()
        with self._gate:
            if not self._closed:
                self._jobs.put((0 if urgent else 1, next(self._count), (work, future)))
                return future
        future.set_exception(StoreUnavailable(f"{self._name} is closed: the hub is stopping"))
        return future

    def close(self) -> bool:
        """Finish what was asked; False when that was done before."""
        with self._gate:
            if self._closed:
                return False
            self._closed = True
            self._jobs.put((_STOP, next(self._count), None))
        self._thread.join()
        return True

    def _run(self) -> None:
        while True:
            priority, _, job = self._jobs.get()
            if priority == _STOP:
                return
            self._do([job, *self._waiting(priority)])

    def _waiting(self, priority: int) -> list[Any]:
        """Take the jobs of a priority that wait now, up to a group; anything else goes back."""
        group: list[Any] = []
        while len(group) < _GROUPS[priority] - 1:
            try:
                entry = self._jobs.get_nowait()
            except queue.Empty:
                return group
            if entry[0] != priority:
                self._jobs.put(entry)
                return group
            group.append(entry[2])
        return group

    def _do(self, jobs: list[tuple[Work, Future[Any]]]) -> None:
        wanted = [job for job in jobs if job[1].set_running_or_notify_cancel()]
        outcomes = self._transact([work for work, _ in wanted]) if wanted else []
        for (_, future), (result, raised) in zip(wanted, outcomes, strict=True):
            if raised is None:
                future.set_result(result)
            else:
                future.set_exception(raised)
