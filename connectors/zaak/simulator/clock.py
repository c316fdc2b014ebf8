# SPDX-License-Identifier: EUPL-1.2
"""The simulator's clock: real time, moved to the date of the simulation; and how the APIs write times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")


class Clock:
    """Real pace, moved to another date or by ``shift_s`` seconds. ``now`` never gives the same moment twice: it orders.

    ``leeway`` is how far ahead a client's clock may be. A moved clock allows a day: whoever takes part in a simulation
    moves his own clock, and not to the same second.
    """

    def __init__(self, starts_on: date | None = None, *, shift_s: float = 0.0) -> None:
        real = datetime.now(UTC).astimezone(AMSTERDAM)
        self._shift = timedelta(seconds=shift_s)
        if starts_on is not None:
            self._shift = timedelta(days=(starts_on - real.date()).days)
        self.leeway: Final = timedelta(days=1) if self._shift else timedelta(minutes=1)
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time (UTC), always later than the last one given."""
        self._last = max(datetime.now(UTC) + self._shift, self._last + timedelta(microseconds=1))
        return self._last

    def today(self) -> str:
        """Return the date in Europe/Amsterdam, YYYY-MM-DD."""
        return (datetime.now(UTC) + self._shift).astimezone(AMSTERDAM).date().isoformat()


def micros(moment: datetime) -> str:
    """Write a time as Open Zaak does: UTC with microseconds."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def millis(moment: datetime) -> str:
    """Write a time as Open Notificaties does: UTC with milliseconds."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def as_utc(moment: datetime) -> str:
    """Write a time that a client gave: UTC, with a fraction only where there is one."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
