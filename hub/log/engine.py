# SPDX-License-Identifier: EUPL-1.2
"""Which engine carries the log. The clients of Kafka are loaded only where the log is Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import structlog

from hub.codec import Codec
from hub.errors import LogUnavailable, Refused
from hub.feed import Feed
from hub.log.access import Access
from hub.log.base import OFFSET_BITS, Log
from hub.log.table import TableLog
from hub.plugins import Clock, Service
from hub.store.base import Database

if TYPE_CHECKING:
    from hub.log.publisher import Leases, Publisher

log = structlog.get_logger()


def open_log(
    database: Database,
    codec: Codec,
    *,
    access: Access | None,
    topics: Mapping[str, int],
    log_id: str,
) -> Log:
    """Return the log.

    Refused when Kafka's topics are not those of this store; that Kafka is away is no reason to stay shut.
    """
    if access is None:
        return TableLog(database, codec, log_id)
    try:
        from hub.log.kafka import KafkaLog  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise Refused(f"[log] adres asks for Kafka, and {error.name} is not installed: pip install 'wissel[kafka]'") from error
    found = KafkaLog(database, codec, access, topics)
    try:
        found.check()
    except LogUnavailable as error:
        log.warning("log_unavailable_at_start", uitleg=str(error))
    return found


def publisher_for(
    found: Log,
    *,
    database: Database,
    codec: Codec,
    clock: Clock,
    leases: Leases | None = None,
    on_published: Callable[[], None] = lambda: None,
) -> Publisher | None:
    """Return what publishes the outbox, None where putting down is logging."""
    if isinstance(found, TableLog):
        return None
    from hub.log.kafka import KafkaLog  # noqa: PLC0415 - an extra
    from hub.log.publisher import Publisher  # noqa: PLC0415 - an extra

    assert isinstance(found, KafkaLog)
    return Publisher(log=found, database=database, codec=codec, clock=clock, leases=leases, on_published=on_published)


def agents_for(found: Log, *, topics: Iterable[str], shared: bool, on_fed: Callable[[], None]) -> Service | None:
    """Return the service that brings what is new in Kafka, None where the store tells it.

    ``shared``: other processes work too, so that this one works only on the partitions given to it.
    """
    if isinstance(found, TableLog):
        return None
    from hub.agents import Agents  # noqa: PLC0415 - an extra
    from hub.log.kafka import KafkaLog  # noqa: PLC0415 - an extra

    assert isinstance(found, KafkaLog)
    feed = Feed(on_fed=on_fed)
    found.follow(feed, shared=shared)
    return Agents(found.access, topics=topics, feed=feed).run


def check_points(found: Log, database: Database) -> None:
    """R6: refuse when checkpoints in a database point to another log, beyond its end, or at another event than they remember.

    What retention removed from a topic is not looked at; Kafka being away puts it off until the first read.
    """
    with database.reader() as db:
        points = db.execute("SELECT lid, partitie, plaats, gebeurtenis, log_id FROM controlepunt").fetchall()
    try:
        for member, partition, place, event_id, of_log in points:
            topic, _ = found.partition_at(partition << OFFSET_BITS)
            record = found.record_at(place) if event_id is not None else None
            gone = record is None and event_id is not None and not found.repeats
            if gone or found.identity(topic) != of_log or (record and record.event_id != event_id):
                raise Refused(
                    f"{database.name} ({member}) does not belong to this log: an older or other one was put back. If the log is"
                    " right, run `wissel leesmodellen herbouw`; if not, put back the newest wissel.db, or the right [log] adres"
                )
    except LogUnavailable as error:
        log.warning("log_unavailable_at_start", uitleg=str(error))
