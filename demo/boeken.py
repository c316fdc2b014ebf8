# SPDX-License-Identifier: EUPL-1.2
"""Compares the simulators' own books with what the hub shows: what is lost, what was done twice. Not by the hub's word."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.hubkant import Zaak


@dataclass(frozen=True, slots=True)
class Vergelijking:
    """What the comparison found. The lists name zaken, so that a difference can be looked into."""

    verwerkt: int
    verloren: tuple[str, ...]
    dubbel: tuple[str, ...]


def vergelijk(zaaksysteem: Mapping[str, Any], burgerzaken: Mapping[str, Any], zaken: Sequence[Zaak]) -> Vergelijking:
    """Return what the books of both sides say about these zaken."""
    seen = {zaak.uuid: zaak for zaak in zaken}
    lost = [uuid for book in zaaksysteem["zaken"] for uuid in _lost(book, seen.get(book["uuid"]))]
    twice = [book["uuid"] for book in zaaksysteem["zaken"] if _written_twice(book)]
    processed = Counter(str(entry["zaak"]) for entry in _verwerkingen(burgerzaken))
    twice += [zaak for zaak, count in processed.items() if count > 1]
    twice += [str(entry["zaak"]) for entry in _verwerkingen(burgerzaken) if entry["toegepast"] > 1]
    lost += [zaak for zaak in processed if zaak not in seen or not seen[zaak].bevestigd]
    done = {str(entry["zaak"]) for entry in _verwerkingen(burgerzaken) if entry["toegepast"] >= 1}
    return Vergelijking(len(done & seen.keys()), tuple(lost), tuple(twice))


def _verwerkingen(burgerzaken: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for of_gemeente in burgerzaken["gemeenten"].values():
        yield from of_gemeente["verwerkingen"]


def _lost(book: Mapping[str, Any], zaak: Zaak | None) -> list[str]:
    """Return the zaak once for each entry of its audit trail that the hub's timeline lacks."""
    if zaak is None:
        return [book["uuid"]]
    shown = {event["id"] for event in zaak.body["gebeurtenissen"]}
    return [book["uuid"] for entry in book["gebeurtenissen"] if entry["auditId"] not in shown]


def _written_twice(book: Mapping[str, Any]) -> bool:
    """True when something that must stand once stands twice: a status of one kind, a resultaat, a handler."""
    statuses = Counter(status["statustype"] for status in book["statussen"])
    handlers = sum(rol["omschrijvingGeneriek"] == "behandelaar" for rol in book["rollen"])
    return any(count > 1 for count in statuses.values()) or len(book["resultaten"]) > 1 or handlers > 1


def beslissingen_sha256(lines: Iterable[tuple[str, str, Sequence[str], str, str]]) -> str:
    """SHA-256 over ``uuid|kleur|reasons|profile|rules`` lines, sorted by uuid: no times, positions or event ids."""
    text = "\n".join(
        "|".join((uuid, kleur, ",".join(sorted(why)), profile, rules)) for uuid, kleur, why, profile, rules in sorted(lines)
    )
    return hashlib.sha256(text.encode()).hexdigest()
