# SPDX-License-Identifier: EUPL-1.2
"""One measurement on Kafka and PostgreSQL in a process of its own: ``WHAT FOLDER BOOTSTRAP DATABASE COUNT``. Prints JSON.

``publiceer`` the outbox, ``herbouw`` all projections with the direct reader, ``live`` as a worker whose agents bring a backlog,
``werk`` as a worker until it is ended. Bare loops beside them: ``kaal-publiceer`` and ``kaal-herbouw``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from hub_voor_tests import loaded
from logs import access, publisher_of
from postgres_voor_tests import with_database

from hub.app import EmbeddedHub
from hub.discovery import Plugins, projections
from hub.logs import configure
from hub.settings import Loaded
from tests.bench.herbouw_proces import decoder

ONLY_PROJECTIONS = Plugins({}, {}, projections())
PARTITIES = 4
_TRANSACTION = 1_000


def instellingen(folder: Path, bootstrap: str, database: str) -> Loaded:
    """Return the settings of a hub on this Kafka and this database."""
    found = with_database(loaded(folder, partities=PARTITIES), database)
    return found.model_copy(update={"kafka": access(bootstrap, "")})


def publiceer(settings: Loaded, _count: int) -> None:
    """Publish the whole outbox."""
    with opened(settings) as hub, measured() as seen:
        seen["events"] = publisher_of(hub).catch_up()


def herbouw(settings: Loaded, count: int) -> None:
    """Build all projections from the topics."""
    with opened(settings) as hub, measured() as seen:
        hub.projector.rebuild()
        seen["events"] = count


def kaal_publiceer(settings: Loaded, count: int) -> None:
    """Produce the same records into another topic, with nothing around the producer."""
    records = list(gelezen(settings, count))
    sure = {"enable.idempotence": True, "acks": "all", "linger.ms": 2, "compression.type": "gzip"}
    producer = Producer(settings.kafka.confluent(**sure))  # type: ignore[union-attr]
    with measured() as seen:
        for message in records:
            at = {"key": message.key(), "headers": message.headers(), "partition": message.partition()}
            while True:
                try:
                    producer.produce("kaal", message.value(), **at)
                    break
                except BufferError:
                    producer.poll(0.01)
        producer.flush()
        seen["events"] = len(records)


def kaal_herbouw(settings: Loaded, count: int) -> None:
    """Read, decode, one upsert per event, a transaction with a checkpoint per 1,000."""
    decode = decoder()
    upsert = (
        "INSERT INTO kaal (stroom, laatste, aantal) VALUES (%s, %s, 1)"
        " ON CONFLICT (stroom) DO UPDATE SET laatste = excluded.laatste, aantal = kaal.aantal + 1"
    )
    assert settings.database
    with psycopg.connect(settings.database.get_secret_value()) as db:
        db.execute("CREATE TABLE kaal (stroom TEXT PRIMARY KEY, laatste TEXT, aantal INTEGER)")
        db.execute("CREATE TABLE kaal_punt AS SELECT 0 AS plaats")
        db.commit()
        rows: list[tuple[Any, ...]] = []
        with measured() as seen:
            for number, message in enumerate(gelezen(settings, count), 1):
                event = decode(int.from_bytes(message.value()[1:5], "big"), message.value())
                rows.append((message.key().decode(), next(iter(event))))
                if len(rows) == _TRANSACTION or number == count:
                    db.cursor().executemany(upsert, rows)
                    db.execute("UPDATE kaal_punt SET plaats = %s", (number,))
                    db.commit()
                    rows = []
            seen["events"] = count


def gelezen(settings: Loaded, count: int) -> Iterator[Any]:
    """Yield every record that the projections follow, read without a group."""
    assert settings.kafka
    consumer = Consumer(settings.kafka.confluent(**{"group.id": "kaal", "enable.auto.commit": False}))
    consumer.assign([TopicPartition(topic, number, 0) for topic in gevolgd() for number in range(PARTITIES)])
    seen = 0
    while seen < count:
        for message in consumer.consume(min(_TRANSACTION, count - seen), 1.0):
            assert message.error() is None, message.error().str()
            seen += 1
            yield message
    consumer.close()


def gevolgd() -> list[str]:
    """Return the topics that the projections follow."""
    return sorted({topic for projection in projections().values() for topic in projection.topics})


def live(settings: Loaded, count: int) -> None:
    """Take a standing backlog as a worker does, from when it got its partitions."""

    async def taken() -> None:
        async with EmbeddedHub(settings, plugins=ONLY_PROJECTIONS, shared=True) as hub:
            while not hub.log.feed.assigned:  # type: ignore[attr-defined]  # noqa: ASYNC110 - Faust tells nobody
                await asyncio.sleep(0.005)
            with measured() as seen:
                while await asyncio.to_thread(lambda: hub.freshness().achter):  # noqa: ASYNC110 - others take their part
                    await asyncio.sleep(0.05)
                seen["events"] = count

    asyncio.run(taken())


def werk(settings: Loaded, _count: int) -> None:
    """Work until ended."""

    async def works() -> None:
        async with EmbeddedHub(settings, plugins=ONLY_PROJECTIONS, shared=True) as hub:
            while not hub.log.feed.assigned:  # type: ignore[attr-defined]  # noqa: ASYNC110 - Faust tells nobody
                await asyncio.sleep(0.005)
            sys.stdout.write("klaar\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    asyncio.run(works())


@contextmanager
def opened(settings: Loaded) -> Iterator[EmbeddedHub]:
    """Open a hub that has the store to itself."""
    hub = EmbeddedHub(settings, plugins=ONLY_PROJECTIONS).open()
    yield hub
    hub.close()


@contextmanager
def measured() -> Iterator[dict[str, int]]:
    """Print how long what is inside took, and what it cost of a core; it says how many ``events`` that were."""
    seen: dict[str, int] = {}
    begin, cpu = time.perf_counter(), time.process_time()
    yield seen
    spent = {"seconds": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu}
    sys.stdout.write(json.dumps({**seen, **spent}) + "\n")


WHAT = {one.__name__.replace("_", "-"): one for one in (publiceer, kaal_publiceer, herbouw, kaal_herbouw, live, werk)}
if __name__ == "__main__":
    configure(level="WARNING")
    what, folder, bootstrap, database, count = sys.argv[1:]
    WHAT[what](instellingen(Path(folder), bootstrap, database), int(count))
