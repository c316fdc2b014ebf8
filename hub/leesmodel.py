# SPDX-License-Identifier: EUPL-1.2
"""What read models share: how they keep sealed elements and times, and how these are opened when a page is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from hub.plugins import ProjectedEvent, Sealed, Vault

_WITH_FRACTION: Final = len("2026-03-12T08:00:00.000001+00:00")
SealedRow = Sequence[Any]


def moment(value: str | datetime) -> str:
    """Return a time as UTC text of one fixed width, so that text order is time order.

    What is no time with an offset comes back unchanged: a projection never stops on one odd value.
    """
    if isinstance(value, datetime):
        return _text(value)
    try:
        parsed = datetime.fromisoformat(value)
        return _text(parsed) if parsed.tzinfo else value
    except (ValueError, OverflowError):
        return value


def _text(value: datetime) -> str:
    """Return the text; ``isoformat`` takes half the time of ``strftime``."""
    text = value.astimezone(UTC).isoformat()
    return f"{text[:26]}Z" if len(text) == _WITH_FRACTION else f"{text[:19]}.000000Z"


def happened(event: ProjectedEvent) -> str:
    """Return when a fact happened for a reader: aanmaakdatum of its receipt, else when it was observed (R11)."""
    received = event.data.get("aanmaakdatum")
    return moment(received) if received else logged(event)


def logged(event: ProjectedEvent) -> str:
    """Return when an event was logged, as ``moment`` writes it. Every event of a rebuild passes here."""
    seconds, micros = divmod(event.time_us, 1_000_000)
    return f"{_second(seconds)}.{micros:06d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    """Return the text of a whole second: events come in bursts, so neighbours in the log share it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def sealed_rows(event: ProjectedEvent) -> list[SealedRow]:
    """Return the sealed elements of ``event`` as a row keeps them: ``[key_id, event_id, inhoud]``."""
    return [[element.key_id, element.event_id, element.inhoud] for element in event.verzegeld]


@dataclass(frozen=True, slots=True)
class Geopend:
    """Sealed elements after opening: per subject what is known; ``vernietigd`` counts what nobody can read any more."""

    per_subject: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    vernietigd: int = 0

    def van(self, subject: str) -> Mapping[str, Any] | None:
        """Return what is known about ``subject``, or None."""
        return self.per_subject.get(subject)


def open_rows(vault: Vault, rows: Iterable[SealedRow] | None) -> Geopend:
    """Open sealed elements of a row; later elements about the same subject win. KeyMissing is a fault."""
    known: dict[str, Mapping[str, Any]] = {}
    destroyed = 0
    for key_id, event_id, inhoud in rows or ():
        found = vault.open(Sealed(key_id, event_id, bytes(inhoud)))
        if found is None:
            destroyed += 1
        else:
            known[found[0]] = found[1]
    return Geopend(known, destroyed)
