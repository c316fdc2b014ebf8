# SPDX-License-Identifier: EUPL-1.2
"""R13: what cannot be processed is parked per (member, stream) with its successors; nothing is swallowed, others go on."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from hub import metrics
from hub.errors import HubError
from hub.events import uuid_text
from hub.log.base import Record
from hub.privacy import mask_bsns

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked event as a person reads it. ``oorzaak`` None: it waits behind the event that failed."""

    lid: str
    stroom: int
    volgnummer: int
    plaats: int
    gebeurtenis: str
    soort: str
    oorzaak: str | None
    uitleg: str | None
    stapel: str | None
    pogingen: int
    eerst_us: int
    laatst_us: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event failed: ``cause`` names the kind, ``text`` says it in a sentence, ``stack`` is for the developer."""

    cause: str
    text: str
    stack: str


def failure_of(error: BaseException) -> Failure:
    """Describe an error without any BSN. The text of foreign errors is not trusted: only its kind and place are kept."""
    ours = isinstance(error, HubError)
    text = str(error) if ours else f"onverwachte fout van soort {type(error).__name__}"
    frames = traceback.format_tb(error.__traceback__)
    return Failure(type(error).__name__, mask_bsns(text), mask_bsns("".join(frames)))


def park(
    db: sqlite3.Connection,
    member: str,
    records: Iterable[tuple[Record, int, str]],
    *,
    failure: Failure | None,
    at_us: int,
) -> None:
    """Park ``(record, place, type)`` of one stream: the first with its failure (None: all wait behind an earlier one)."""
    for number, (record, place, event_type) in enumerate(records):
        why = failure if number == 0 else None
        event_id = uuid_text(record.event_id)
        db.execute(
            "INSERT INTO geparkeerd VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
            " oorzaak = excluded.oorzaak, uitleg = excluded.uitleg, stapel = excluded.stapel,"
            " pogingen = pogingen + 1, laatst = excluded.laatst",
            (
                *(member, record.stream, record.sequence, place, event_id, event_type),
                *((why.cause, why.text, why.stack, 1) if why else (None, None, None, 0)),
                *(at_us, at_us),
            ),
        )
        if why:
            metrics.GEPARKEERD.labels(lid=member.partition(":")[0], oorzaak=why.cause).inc()
            log.error("event_parked", lid=member, gebeurtenis=event_id, soort=event_type, oorzaak=why.cause, uitleg=why.text)


def parked_streams(db: sqlite3.Connection, member: str) -> set[int]:
    """Return the streams that wait for a person, for one member."""
    return {row[0] for row in db.execute("SELECT DISTINCT stroom FROM geparkeerd WHERE lid = ?", (member,))}


def parked_of(db: sqlite3.Connection, member: str | None = None, stream: int | None = None) -> list[Parked]:
    """Return what is parked, oldest stream first, in stream order."""
    rows = db.execute(
        "SELECT * FROM geparkeerd WHERE (?1 IS NULL OR lid = ?1) AND (?2 IS NULL OR stroom = ?2)"
        " ORDER BY lid, stroom, volgnummer",
        (member, stream),
    )
    return [Parked(*row) for row in rows]


def release(db: sqlite3.Connection, member: str, stream: int, up_to: int) -> None:
    """A stream's parked events up to a sequence have been applied (or skipped) in this very transaction."""
    db.execute("DELETE FROM geparkeerd WHERE lid = ? AND stroom = ? AND volgnummer <= ?", (member, stream, up_to))
