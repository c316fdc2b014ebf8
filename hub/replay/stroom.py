# SPDX-License-Identifier: EUPL-1.2
"""One zaak alone: its row in every projection built again from its own stream, up to where that projection stands.

What was parked of it goes in now, or parks again. A destroyed key stays destroyed: what it sealed is in the log as it was, and
nobody can read it there either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hub import batches, checkpoints, parking, sequences
from hub.clock import to_microseconds
from hub.events import ZAKEN
from hub.log.base import Record
from hub.parking import Entry
from hub.plugins import Tx
from hub.projecting import Member, Way, apply, apply_by_stream
from hub.replay.beheer import Besluit
from hub.store.base import Connection

if TYPE_CHECKING:
    from hub.core import Core


async def herbouw_stroom(hub: Core, zaak: str, why: Besluit) -> dict[str, Any]:
    """Build one zaak's rows again in every build that follows the log; return what was done per build."""
    head = hub.log.head(ZAKEN, zaak)
    at_us = to_microseconds(hub.clock.now())
    row = (f"stroom:{head.id}", "stream", why.reden, why.door, at_us)

    def note(tx: Tx) -> None:
        tx.execute("INSERT INTO replaybesluit (lid, besluit, reden, door, op) VALUES (?,?,?,?,?)", row)

    await hub.write(note, urgent=True)
    members = [m for m in hub.projector.members if ZAKEN in m.projection.topics]
    whole = [member for member in members if member.projection.per == "stroom"]
    done = {member.name: await asyncio.to_thread(_build, hub, member, head.id) for member in whole}
    return {"zaak": zaak, "gebouwd": done, "overgeslagen": sorted(m.name for m in members if m.projection.per != "stroom")}


def _build(hub: Core, member: Member, stream: int) -> dict[str, int]:
    try:
        return _again(hub, member, stream, apply)
    except Exception:  # noqa: BLE001 - R13: rolled back, and done again event by event so that it parks what cannot be written
        return _again(hub, member, stream, apply_by_stream)


def _again(hub: Core, member: Member, stream: int, way: Way) -> dict[str, int]:
    at_us = to_microseconds(hub.clock.now())
    topic, partition = _where(hub, stream)
    base = hub.log.place(topic, partition, 0)

    def work(db: Connection) -> tuple[int, list[Entry]]:
        point = checkpoints.load(db, member.name, base >> 40, base)
        checkpoints.move(db, point, offset=point.offset, event_id=None, log_id=hub.log.identity(topic))
        seen = _seen(hub, db, member, stream, point.offset)  # after the fence: what came meanwhile is in it, or comes later
        _take_away(db, member, stream, hub.log.streams([stream])[stream].gemeente)
        entries = _fill(hub, db, member, seen, base=base, way=way, at_us=at_us) if seen else []
        return len(seen), entries

    taken, entries = member.database.write(work).result()
    parking.report(member.name, entries)
    with member.database.reader() as db:
        member.parked = parking.parked_streams(db, member.name)
    return {"gebeurtenissen": taken, "geparkeerd": len(entries)}


def _seen(hub: Core, db: Connection, member: Member, stream: int, offset: int) -> list[Record]:
    """Return what a member has seen of a stream. Offsets of Kafka are not those of the store: there its sequence tells."""
    if hub.log.repeats:
        return hub.log.between(stream, 0, sequences.last(db, member.name, stream) + 1)
    return [record for record in hub.log.tail(stream, 0) if record.offset <= offset]


def _take_away(db: Connection, member: Member, stream: int, gemeente: str) -> None:
    before = member.tables.load(db, [stream])
    member.tables.write(db, before, {stream: (gemeente, "", None)})
    parking.release(db, member.name, stream, [parked.plaats for parked in parking.parked_of(db, member.name, stream)])


def _fill(hub: Core, db: Connection, member: Member, seen: Sequence[Record], *, base: int, way: Way, at_us: int) -> list[Entry]:
    streams = hub.projector.decoder.decode(seen, None)
    return batches.put_rows(db, member, streams, base=base, parked=(), way=way, at_us=at_us)


def _where(hub: Core, stream: int) -> tuple[str, int]:
    name = hub.log.streams([stream])[stream]
    return name.topic, hub.log.head(name.topic, name.key).partition
