# SPDX-License-Identifier: EUPL-1.2
"""The fuse in front of a source: after enough failures in a row it is left alone for a while.

Without it every waiting case knocks on a source that is down, and keeps it down when it comes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.errors import SourceUnavailable


class Zekering:
    """Circuit breaker of one source. Closed: all may ask. Open: nobody, until the pause is over; then one may try."""

    def __init__(self, bron: str, *, na: int, pauze_s: float, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._bron = bron
        self._na = na
        self._pauze_s = pauze_s
        self._monotonic_s = monotonic_s
        self._failures = 0
        self._open_until_s: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Tell whether asking is refused now."""
        return self._open_until_s is not None and (self._probing or self._monotonic_s() < self._open_until_s)

    def admit(self) -> None:
        """Let one request pass or raise SourceUnavailable with how long to wait; after the pause one probe passes."""
        if self._open_until_s is None:
            return
        if self.is_open:
            wait_s = max(self._open_until_s - self._monotonic_s(), 1.0)
            raise SourceUnavailable(
                f"{self._bron} failed {self._failures} times in a row and is left alone for {wait_s:.0f} s; check that it runs",
                retry_after_s=wait_s,
            )
        self._probing = True

    def succeeded(self) -> None:
        """The source answered: close."""
        self._failures, self._open_until_s, self._probing = 0, None, False

    def failed(self) -> None:
        """The source did not answer: count, and open when it is enough or when the probe failed."""
        self._failures += 1
        if self._probing or self._failures >= self._na:
            self._open_until_s = self._monotonic_s() + self._pauze_s
        self._probing = False

    def released(self) -> None:
        """The request was given up by us (cancelled): it says nothing about the source."""
        self._probing = False
