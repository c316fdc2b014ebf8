# SPDX-License-Identifier: EUPL-1.2
"""The time comes in as an argument everywhere; this is the one place that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, moved by ``shift``: zero in production, the demo's calendar date follows from its seed."""

    shift: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the time, UTC and aware."""
        return datetime.now(UTC) + self.shift

    def today(self) -> date:
        """Return the calendar date in Europe/Amsterdam."""
        return self.now().astimezone(AMSTERDAM).date()


def to_microseconds(moment: datetime) -> int:
    """Return ``moment`` as whole microseconds since 1970 UTC: exact, sortable, 8 bytes in a table."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Return the aware UTC time of ``to_microseconds``."""
    return _EPOCH + value * _MICROSECOND


def rfc3339(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339 in UTC with ``Z``, as the NL API Design Rules want answers."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
