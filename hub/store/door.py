# SPDX-License-Identifier: EUPL-1.2
"""R1, the door: what a log cannot carry is refused before any transaction, and kept for inspection, sealed.

Kept is one row for the open part and one per subject, each sealed with a key of whom it is about: destroying that key makes
it unreadable here too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from hub.clock import from_microseconds, to_microseconds
from hub.codec import Codec
from hub.errors import Poison, SchemaViolation, TooLarge, Transient
from hub.events import PERSONEN, NewEvent
from hub.keys import KeyRef
from hub.plugins import Clock, Sealed, SealedEvent
from hub.privacy import loggable, mask_bsns
from hub.store.base import Connection, Database

log = structlog.get_logger()
_CONTEXT: Final = "geweigerd"
_KLASSE: Final = "zaak"
_MOST_TEXT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Geweigerd:
    """Part of an event that was refused. ``tekst`` is JSON (its first million characters), None when its key is destroyed."""

    op: datetime
    bron: str
    reden: str
    subject: str
    tekst: str | None


class Door:
    """Seals what is about to be put down. Safe to use from every thread."""

    def __init__(self, *, codec: Codec, database: Database, clock: Clock) -> None:
        self._codec = codec
        self._database = database
        self._clock = clock

    def seal(self, events: Sequence[NewEvent], *, time: datetime | None = None) -> list[SealedEvent]:
        """Return the events ready for ``put``. SchemaViolation or TooLarge when one is refused: none of them goes in."""
        try:
            return self._codec.seal(events, time=time)
        except (SchemaViolation, TooLarge):
            for event in events:
                self._keep_if_refused(event)
            raise

    def kept(self) -> list[Geweigerd]:
        """Return what was refused, oldest first."""
        with self._database.reader() as db:
            rows = db.execute("SELECT op, bron, reden, key_id, inhoud FROM geweigerd ORDER BY id").fetchall()
        return [self._opened(*row) for row in rows]

    def _keep_if_refused(self, event: NewEvent) -> None:
        try:
            self._codec.seal([event])
        except Poison as error:
            self._keep(event, error)

    def _keep(self, event: NewEvent, error: Poison) -> None:
        """Write what was refused; not waited for, since whoever put it down may be the writer's own thread."""
        at = to_microseconds(self._clock.now())
        try:
            parts = [
                self._codec.seal_one(KeyRef(event.gemeente, subject, _KLASSE), _CONTEXT, {"tekst": text})
                for subject, text in _parts(event)
            ]
        except Transient as fault:
            log.error("refused_event_not_kept", soort=event.type, uitleg=str(fault))
            return
        rows = [(at, event.source, str(error), sealed.key_id, sealed.inhoud) for sealed in parts]
        kept = self._database.write(lambda db: _insert(db, rows))
        kept.add_done_callback(_say_when_lost)
        log.error("event_refused", soort=event.type, gebeurtenis=event.id, uitleg=str(error))

    def _opened(self, op: int, bron: str, reden: str, key_id: str, inhoud: bytes) -> Geweigerd:
        subject, gegevens = self._codec.open(Sealed(key_id, _CONTEXT, inhoud))
        return Geweigerd(from_microseconds(op), bron, reden, subject, gegevens["tekst"] if gegevens else None)


def _parts(event: NewEvent) -> Iterator[tuple[str, str]]:
    """Return (subject, text) of the open part and of each subject's."""
    about = event.key.rpartition(":")[2]
    subject = about if event.topic == PERSONEN else f"zaak:{about}"
    head = {"id": event.id, "type": event.type, "topic": event.topic, "key": event.key, "gemeente": event.gemeente}
    yield _nameable(subject), _text({**head, "data": event.data})
    for person, gegevens in event.besloten.items():
        yield _nameable(person), _text({"id": event.id, "subject": person, "gegevens": gegevens})


def _nameable(subject: str) -> str:
    """Return a subject that may stand beside a key: what is refused may be a burgerservicenummer in the wrong place."""
    return mask_bsns(loggable(subject))


def _text(value: Any) -> str:
    """Return anything as text: what is refused may well be what JSON refuses too."""
    try:
        return json.dumps(value, default=repr, skipkeys=True)[:_MOST_TEXT]
    except (ValueError, RecursionError):
        return repr(value)[:_MOST_TEXT]


def _insert(db: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    db.executemany("INSERT INTO geweigerd (op, bron, reden, key_id, inhoud) VALUES (?,?,?,?,?)", rows)


def _say_when_lost(future: Future[None]) -> None:
    if not future.cancelled() and (error := future.exception()):
        log.error("refused_event_not_kept", uitleg=str(error))
