# SPDX-License-Identifier: EUPL-1.2
"""A Faust agent that does nothing: what Faust consumes at best. Prints JSON.

On librdkafka's own mock broker, or on what there is to read already: ``BOOTSTRAP COUNT TOPIC...``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence

import faust
from confluent_kafka import Producer
from faust.contrib.asgi import faust_app_running

COUNT = 40_000
VALUE = b"x" * 400
PARTITIONS = 4


def fill(producer: Producer) -> None:
    """Put the records on the mock broker."""
    for number in range(COUNT):
        producer.produce("leeg", VALUE, partition=number % PARTITIONS)
        if number % 2_000 == 0:
            producer.flush()
    producer.flush()


async def consume(brokers: str, topics: Sequence[str], count: int) -> float:
    """Return how many seconds a no-op agent takes, from its first record to its last."""
    app = faust.App(
        f"leeg-{os.getpid()}",
        broker=f"kafka://{brokers}",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
    )
    topic = app.topic(*topics, key_serializer="raw", value_serializer="raw")
    done, seen, begin = asyncio.Event(), 0, 0.0

    @app.agent(topic, concurrency=1)
    async def leeg(stream):
        nonlocal seen, begin
        async for _ in stream:
            begin = begin or time.perf_counter()
            seen += 1
            if seen == count:
                done.set()

    async with faust_app_running(app):
        await asyncio.wait_for(done.wait(), 120)
        return time.perf_counter() - begin


def main(bootstrap: str = "", count: str = "", *topics: str) -> None:
    """Measure once."""
    producer = Producer({"bootstrap.servers": bootstrap} | ({} if bootstrap else {"test.mock.num.brokers": 1, "linger.ms": 5}))
    if not bootstrap:
        address = next(iter(producer.list_topics(timeout=10).brokers.values()))
        bootstrap = f"{address.host}:{address.port}"
        fill(producer)
    events = int(count or COUNT)
    seconds = asyncio.run(consume(bootstrap, topics or ["leeg"], events))
    sys.stdout.write(json.dumps({"events": events, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
