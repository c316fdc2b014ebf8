# SPDX-License-Identifier: EUPL-1.2
"""Hears that another process wrote something to the bookkeeping, so that work there is taken up here without waiting.

Nothing rests on it: who hears nothing (a connection lost, a pooler in between) finds everything at its next look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import psycopg
import structlog

from hub.store.postgres import CHANNEL, Server

log = structlog.get_logger()
_LOOK_S: Final = 1.0
_TOGETHER_S: Final = 0.01  # what is written in so short a time is one word
_AGAIN_S: Final = 2.0


class Herald:
    """Calls ``on_word`` from a thread of its own after each commit on the bookkeeping, in whatever process."""

    def __init__(self, server: Server, on_word: Callable[[], None]) -> None:
        self._server = server
        self._on_word = on_word
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heraut", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("store_not_heard", uitleg=type(error).__name__)
                self._stop.wait(_AGAIN_S)

    def _listen(self) -> None:
        with self._server.connect("pg_catalog", purpose="heraut") as pg:
            pg.execute(f"LISTEN {CHANNEL}".encode())
            while not self._stop.is_set():
                if list(pg.notifies(timeout=_LOOK_S, stop_after=1)):
                    self._stop.wait(_TOGETHER_S)
                    self._on_word()
