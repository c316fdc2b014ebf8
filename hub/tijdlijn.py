# SPDX-License-Identifier: EUPL-1.2
"""A timeline as a row keeps it, and as a reader gets it: ordered as design R11 says.

An entry is ``[tijdstip, id, type, source, wie, wat, received]``, so that sorting entries is their order: by aanmaakdatum of
the receipt (``received``), else time of observation, then id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.leesmodel import happened
from hub.plugins import ProjectedEvent

Entry = list[Any]
NO_TRAIL: Final = "onbekend (geen audittrail)"
OWN: Final = "Wissel"
_HINT_ONLY: Final = "nl.wissel.zaken.melding-zonder-inhoud.v1"


@dataclass(frozen=True, slots=True)
class Feit:
    """One line of the timeline. ``wat`` fills in the sentence that belongs to ``type``."""

    tijdstip: str
    id: str
    type: str
    source: str
    wie: str
    wat: str | None


def entry(event: ProjectedEvent, what: str = "") -> Entry:
    """Return the entry of an event; ``what`` names the field of its data that fills in its sentence."""
    get = event.data.get
    who = get("wie") or get("door") or get("medewerker")
    text = get(what) if what else None
    return [happened(event), event.id, event.type, event.source, who, text, get("aanmaakdatum") is not None]


def received(known: Sequence[Entry], fact: str, at: str) -> list[Entry]:
    """Return the entries after a receipt of an earlier fetched ``fact`` was recorded; of several the first counts."""
    return [_at(item, at) if item[1] == fact else item for item in known]


def _at(item: Entry, at: str) -> Entry:
    return [min(at, item[0]) if item[6] else at, *item[1:6], True]


def tijdlijn(known: Sequence[Entry]) -> list[Feit]:
    """Return what happened, in order, with who did it."""
    return [_feit(item) for item in sorted(known, key=lambda item: (item[0], item[1]))]


def _feit(item: Entry) -> Feit:
    tijdstip, id_, type_, source, who, what, _ = item
    from_source = source.endswith(":zaaksysteem") or type_ == _HINT_ONLY
    return Feit(tijdstip, id_, type_, source, who or (NO_TRAIL if from_source else OWN), what)
