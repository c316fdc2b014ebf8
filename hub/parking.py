# SPDX-License-Identifier: EUPL-1.2
"""R13: what cannot be processed is parked per (member, stream) with its successors; nothing is swallowed, others go on."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from hub import metrics
from hub.errors import ForeignRecord, HubError, SequenceFault
from hub.events import uuid_text
from hub.log.base import OFFSET_MASK, Log, Record
from hub.plugins import Value
from hub.privacy import mask_bsns
from hub.store.base import Connection

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


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to park: where it lies, its type as far as it can be read, and why (None: it waits behind another)."""

    record: Record
    plaats: int
    soort: str
    failure: Failure | None


def failure_of(error: BaseException) -> Failure:
    """Describe an error without any BSN. The text of foreign errors is not trusted: only its kind and place are kept."""
    ours = isinstance(error, HubError)
    text = str(error) if ours else f"onverwachte fout van soort {type(error).__name__}"
    cause = getattr(error, "oorzaak", type(error).__name__) if ours else type(error).__name__
    frames = traceback.format_tb(error.__traceback__)
    return Failure(cause, mask_bsns(text), mask_bsns("".join(frames)))


def sequence_fault(sequence: int, before: int) -> SequenceFault:
    """Return the fault of a sequence that does not follow the one before."""
    if sequence <= before:
        return SequenceFault(
            f"the log holds sequence {sequence} after {before}: an event stands in it twice, put back a backup or skip it",
            oorzaak="volgnummer-dubbel",
        )
    return SequenceFault(
        f"the log misses what comes before sequence {sequence} of this stream: put back a newer wissel.db, or skip it",
        oorzaak="volgnummer-ontbreekt",
    )


def park(db: Connection, member: str, entries: Sequence[Entry], *, at_us: int) -> None:
    """Park events of one member; what was parked before keeps since when, and counts one try more where it failed again."""
    db.executemany(
        "INSERT INTO geparkeerd VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (lid, stroom, plaats) DO UPDATE SET"
        " oorzaak = excluded.oorzaak, uitleg = excluded.uitleg, stapel = excluded.stapel,"
        " pogingen = geparkeerd.pogingen + excluded.pogingen, laatst = excluded.laatst",
        [(member, *_columns(entry), at_us, at_us) for entry in entries],
    )


def _columns(entry: Entry) -> tuple[Value, ...]:
    record, why = entry.record, entry.failure
    told = (why.cause, why.text, why.stack, 1) if why else (None, None, None, 0)
    return (record.stream, record.sequence, entry.plaats, uuid_text(record.event_id), entry.soort, *told)


def report(member: str, entries: Iterable[Entry]) -> None:
    """Count and log what was parked, once its transaction has been committed."""
    for entry in entries:
        if why := entry.failure:
            metrics.GEPARKEERD.labels(lid=member.partition(":")[0], oorzaak=why.cause).inc()
            told = {"gebeurtenis": uuid_text(entry.record.event_id), "soort": entry.soort, "uitleg": why.text}
            log.error("event_parked", lid=member, oorzaak=why.cause, **told)


def parked_streams(db: Connection, member: str) -> set[int]:
    """Return the streams that wait for a person, for one member. A record that is not ours holds no stream up."""
    query = "SELECT DISTINCT stroom FROM geparkeerd WHERE lid = ? AND (oorzaak IS NULL OR oorzaak <> ?)"
    return {row[0] for row in db.execute(query, (member, ForeignRecord.__name__))}


def parked_of(db: Connection, member: str | None = None, stream: int | None = None) -> list[Parked]:
    """Return what is parked, oldest stream first, in stream order."""
    asked: list[tuple[str, Value]] = [("lid", member), ("stroom", stream)]
    given = [(column, value) for column, value in asked if value is not None]
    where = f"WHERE {' AND '.join(f'{column} = ?' for column, _ in given)}" if given else ""
    query = f"SELECT * FROM geparkeerd {where} ORDER BY lid, stroom, volgnummer, plaats"
    return [Parked(*row) for row in db.execute(query, [value for _, value in given])]


def standing(db: Connection) -> list[tuple[Parked, int]]:
    """Return per member and stream the event it stands still at, and how many wait behind that one."""
    rows = db.execute(
        "SELECT g.lid, g.stroom, g.volgnummer, g.plaats, g.gebeurtenis, g.soort, g.oorzaak, g.uitleg, g.stapel, g.pogingen,"
        " g.eerst, g.laatst, s.aantal - 1 FROM geparkeerd g JOIN"
        " (SELECT lid, stroom, min(plaats) AS plaats, count(*) AS aantal FROM geparkeerd GROUP BY lid, stroom) s"
        " ON s.lid = g.lid AND s.stroom = g.stroom AND s.plaats = g.plaats"
    )
    return [(Parked(*row[:-1]), int(row[-1])) for row in rows]


def tally(db: Connection) -> list[tuple[str, int, int, int]]:
    """Return (member, events parked, most in one stream, since when) of each member that has something parked."""
    query = (
        "SELECT lid, sum(aantal), max(aantal), min(eerst) FROM (SELECT lid, stroom, count(*) AS aantal, min(eerst) AS eerst"
        " FROM geparkeerd GROUP BY lid, stroom) AS s GROUP BY lid"
    )
    return [(str(lid), int(total), int(most), int(since)) for lid, total, most, since in db.execute(query)]


def record_of(where: Log, parked: Parked) -> Record | None:
    """Return the record of a parked event, the store's own copy where the log does not hold it any more."""
    record = where.record_at(parked.plaats)
    if record is None:
        own = where.between(parked.stroom, parked.volgnummer - 1, parked.volgnummer + 1)
        record = own[0]._replace(offset=parked.plaats & OFFSET_MASK) if own else None
    return record


def release(db: Connection, member: str, stream: int, places: Iterable[int]) -> None:
    """Events of a stream have been applied (or left out) in this very transaction: they are parked no longer."""
    rows = [(member, stream, place) for place in places]
    db.executemany("DELETE FROM geparkeerd WHERE lid = ? AND stroom = ? AND plaats = ?", rows)


def skipped(db: Connection, member: str) -> set[str]:
    """Return the events that a person decided to leave out for this member, or for a build of the same projection and version.

    Read in ``wissel.db``, where decisions stand.
    """
    rows = db.execute("SELECT lid, gebeurtenis FROM parkeerbesluit WHERE besluit = 'skip'")
    return {event_id for lid, event_id in rows if lid == member or lid.startswith(f"{member}.")}
