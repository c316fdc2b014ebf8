# SPDX-License-Identifier: EUPL-1.2
"""Times as other systems write them, brought to one form, so that equal moments are equal texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.clock import AMSTERDAM, rfc3339


def moment(text: Any) -> datetime | None:
    """Return the aware moment ``text`` (RFC 3339) names, None when it names none; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def utc(text: Any) -> str:
    """Return a time as RFC 3339 in UTC with ``Z``; what is no time is returned as the text it is."""
    found = moment(text)
    return rfc3339(found) if found else str(text or "")


def amsterdam_date(text: Any) -> str:
    """Return the calendar date in Europe/Amsterdam of a time, on which legal terms run; empty when it is no time."""
    found = moment(text)
    return found.astimezone(AMSTERDAM).date().isoformat() if found else ""


def same_moment(one: Any, other: Any, *, within_s: float) -> bool:
    """Return True when two times are at most ``within_s`` seconds apart."""
    first, second = moment(one), moment(other)
    return first is not None and second is not None and abs(first - second) <= timedelta(seconds=within_s)
