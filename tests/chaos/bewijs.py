# SPDX-License-Identifier: EUPL-1.2
"""What the judge looks at, taken from the topics and the tables with ordinary clients: nothing here knows the hub's code."""

from __future__ import annotations

from typing import Any

import psycopg
from chaos.rechter import Record
from confluent_kafka import Consumer, TopicPartition

_OFFSET_BITS = 40
_SCHEMAS = ("wissel", "leesmodellen")
_BOOKKEEPING = frozenset({"controlepunt", "geparkeerd", "volgnummer", "bouw", "leesmodel", "vorm"})


def topics(bootstrap: str) -> tuple[list[Record], dict[tuple[str, int], int]]:
    """Return every record of every topic of the hub, and where each partition ends."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "rechter", "enable.auto.commit": False})
    records: list[Record] = []
    heads: dict[tuple[str, int], int] = {}
    try:
        for name, about in consumer.list_topics(timeout=30).topics.items():
            for number in about.partitions if not name.startswith("__") else ():
                heads[name, number] = _read(consumer, name, number, records)
    finally:
        consumer.close()
    return records, heads


def _read(consumer: Consumer, name: str, number: int, records: list[Record]) -> int:
    """Add the records of a partition and return its head."""
    _, head = consumer.get_watermark_offsets(TopicPartition(name, number), timeout=30)
    consumer.assign([TopicPartition(name, number, 0)])
    last = -1
    while last < head - 1:
        for message in consumer.consume(1_000, 5.0):
            assert message.error() is None, message.error()
            headers = dict(message.headers() or ())
            records.append(Record(name, number, message.offset(), message.key(), headers, message.value()))
            last = message.offset()
    return int(head)


def positions(dsn: str) -> list[tuple[str, int, int]]:
    """Return (member, partition id, position) of every member, of one moment."""
    with psycopg.connect(dsn, connect_timeout=3) as db:
        rows = [row for schema in _SCHEMAS for row in db.execute(f"SELECT lid, partitie, plaats FROM {schema}.controlepunt")]
    return [(str(lid), int(partition), int(place)) for lid, partition, place in rows]


def standing(dsn: str) -> list[tuple[str, str, int, int]]:
    """Return (member, topic, partition, last offset taken) of every member."""
    with psycopg.connect(dsn) as db:
        names = {int(i): (topic, number) for i, topic, number in db.execute("SELECT id, topic, nummer FROM wissel.partitie")}
    return [(lid, *names[partition], place - (partition << _OFFSET_BITS)) for lid, partition, place in positions(dsn)]


def tables(dsn: str) -> dict[str, dict[Any, Any]]:
    """Return the rows of every read model: table -> row as text -> True. What says when something was parked is left out."""
    with psycopg.connect(dsn) as db:
        names = [row[0] for row in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'leesmodellen'")]
        kept = [name for name in names if name not in _BOOKKEEPING]
        return {name: {str(row): True for row in db.execute(f"SELECT * FROM leesmodellen.{name}")} for name in kept}


def dump(dsn: str) -> dict[str, bytes]:
    """Return every table of the store as one text, the keys apart: they open what is sealed and name nobody."""
    with psycopg.connect(dsn) as db:
        names = db.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)", ([*_SCHEMAS],)).fetchall()
        return {f"table {s}.{t}": "\n".join(map(str, db.execute(f"SELECT * FROM {s}.{t}"))).encode() for s, t in names}


def cut(dsn: str) -> None:
    """Break every connection of the hub with its database."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'wissel%'"
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute(query)
