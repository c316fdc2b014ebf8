# SPDX-License-Identifier: EUPL-1.2
"""A hub on each engine of the log, and topics on a real Kafka for it: what the tests of the log share."""

from __future__ import annotations

import time
from typing import Any

from hub_voor_tests import Klok, loaded, plugins

from hub.app import EmbeddedHub
from hub.events import topic_names
from hub.log.access import Access
from hub.topics import Topics


def access(bootstrap: str, prefix: str) -> Access:
    return Access(servers=bootstrap, prefix=prefix, replicas=1)


def make_topics(bootstrap: str, prefix: str, *, partities: int = 2, connectors: Any = (), **config: str) -> None:
    """Make the topics a hub of the tests wants, as `wissel topics apply` does; ``config`` changes their settings after."""
    from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

    topics = Topics(access(bootstrap, prefix), dict.fromkeys(topic_names(connectors), partities))
    topics.apply(topics.plan())
    if config:
        client = KafkaAdminClient(bootstrap_servers=bootstrap)
        names = [prefix + name for name in topic_names(connectors)]
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, config) for name in names])
        client.close()


def drop_topics(bootstrap: str, prefix: str) -> None:
    """Remove what a test made."""
    from kafka.admin import KafkaAdminClient

    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        client.delete_topics([name for name in client.list_topics() if name.startswith(prefix)])
    finally:
        client.close()


def kafka_hub(folder: Any, bootstrap: str, prefix: str, *, partities: int = 2, made: Any = None, **more: Any) -> EmbeddedHub:
    """A hub whose log is Kafka, not opened yet."""
    settings = loaded(folder, partities=partities).model_copy(update={"kafka": access(bootstrap, prefix)})
    return EmbeddedHub(settings, clock=more.pop("clock", None) or Klok(), plugins=made or plugins(), **more)


def publisher_of(hub: EmbeddedHub, **more: Any) -> Any:
    """What publishes the outbox of an opened hub; stepped by the test."""
    from hub.log.engine import publisher_for

    return publisher_for(hub.log, database=hub.database, codec=hub.codec, clock=hub.clock, **more)


def raw(bootstrap: str, topic: str, partities: int) -> list[Any]:
    """Everything a topic holds, partition by partition in order, as an ordinary consumer reads it."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "proef", "auto.offset.reset": "earliest"})
    found: list[Any] = []
    try:
        for number in range(partities):
            at = TopicPartition(topic, number, 0)
            _, high = consumer.get_watermark_offsets(at, timeout=10)
            consumer.assign([at])
            end = len(found) + high
            while len(found) < end:
                found += consumer.consume(end - len(found), 1.0)
    finally:
        consumer.close()
    return found


def wait_published(publisher: Any, *, within_s: float = 60.0) -> None:
    """Wait until a publisher that runs has nothing left to do."""
    until = time.monotonic() + within_s
    while any(one.behind for one in publisher.waiting()):
        assert time.monotonic() < until, publisher.last_error
        time.sleep(0.1)


def settle(hub: EmbeddedHub, publisher: Any = None) -> None:
    """Publish and take everything, what flows answer included."""
    while sum(step() for one in (publisher, hub.flow_runner, hub.projector) if one for step in one.steps()):
        pass
