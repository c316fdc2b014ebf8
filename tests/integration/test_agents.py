# SPDX-License-Identifier: EUPL-1.2
"""R14: agents only bring records sooner. Whatever Faust loses, commits or delivers twice, every row is there, once."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from hub_voor_tests import feit, loaded, plugins, zet
from logs import access, drop_topics, kafka_hub, make_topics, publisher_of, raw
from postgres_voor_tests import with_database

from hub import admin
from hub.app import EmbeddedHub
from hub.errors import Refused
from hub.events import ZAKEN
from hub.feed import Feed, Message
from hub.flows.answers import Effects
from hub.settings import WerkerSettings
from hub.store.server import OnServer

pytestmark = pytest.mark.timeout(180)
STREAMS = ("a", "b", "c", "d")


@pytest.fixture
def prefix(kafka, topic_prefix):
    make_topics(kafka, topic_prefix)
    yield topic_prefix
    drop_topics(kafka, topic_prefix)


@pytest.fixture
def hub(kafka, prefix, tmp_path):
    """A hub on Kafka and files that is not opened yet."""
    return kafka_hub(tmp_path, kafka, prefix)


@asynccontextmanager
async def draait(hub):
    """Let an opened hub run; wait until its agents have their partitions."""
    hub.start()
    try:
        await tot(lambda: hub.log.feed.assigned)
        yield hub
    finally:
        await hub.stop()


async def tot(waar, *, hoogstens_s=30.0):
    async with asyncio.timeout(hoogstens_s):
        while not (found := waar()):  # noqa: ASYNC110 - what is waited for is done by others
            await asyncio.sleep(0.02)
    return found


def gezien(hub, key):
    row = hub.read_model("teller").get("emmen", key)
    return row["gezien"] if row else []


def alles(hub, last):
    """True when every stream was seen whole, in order, each event once."""
    return all(gezien(hub, key) == list(range(1, last + 1)) for key in STREAMS)


def put(hub, number):
    zet(hub, *(feit(key, number) for key in STREAMS))
    hub.announce(Effects())


def commit_at_the_end(kafka, prefix):
    """Commit the end of every partition for the group of the agents, as Faust does after it lost what came before."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": kafka, "group.id": f"{prefix}wissel", "enable.auto.commit": False})
    ends = []
    for number in range(2):
        at = TopicPartition(prefix + ZAKEN, number)
        ends.append(TopicPartition(at.topic, number, consumer.get_watermark_offsets(at, timeout=10)[1]))
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()


def test_a_commit_ahead_of_the_checkpoint_loses_nothing(kafka, prefix, hub):
    """Faust committed past what was never processed, and no further traffic comes: all rows are there within 5 s."""
    hub.open()
    for number in range(1, 6):
        put(hub, number)

    async def scenario():
        assert publisher_of(hub).catch_up() == 20
        commit_at_the_end(kafka, prefix)
        assert not gezien(hub, "a")
        async with draait(hub):
            begun = time.monotonic()
            await tot(lambda: alles(hub, 5), hoogstens_s=5)
            assert time.monotonic() - begun < 5

    asyncio.run(scenario())


def test_an_agent_that_raises_loses_nothing(hub, monkeypatch):
    """Faust acknowledges the record and starts the agent again; the runner reads it from the log."""
    add, raised = Feed.add, []

    def broken(feed, topic, partition, message):
        if message.offset == 2 and len(raised) < 3:
            raised.append((partition, message.offset))
            raise ZeroDivisionError
        add(feed, topic, partition, message)

    monkeypatch.setattr(Feed, "add", broken)
    hub.open()

    async def scenario():
        async with draait(hub):
            for number in range(1, 6):
                put(hub, number)
            await tot(lambda: raised)
            await tot(lambda: alles(hub, 5))

    asyncio.run(scenario())
    assert raised


def test_a_batch_that_raises_is_taken_again_whole(hub, monkeypatch):
    """The writer fails in the middle of a batch: rolled back with its checkpoint, and done again."""
    from hub import batches
    from hub.errors import Transient

    take, failed = batches.take, []

    def breaks(db, member, batch, **more):
        done = take(db, member, batch, **more)
        if len(failed) < 3:
            failed.append(batch.size)
            raise Transient("the disk had a bad moment")
        return done

    monkeypatch.setattr(batches, "take", breaks)
    hub.open()

    async def scenario():
        async with draait(hub):
            for number in range(1, 6):
                put(hub, number)
            await tot(lambda: alles(hub, 5))

    asyncio.run(scenario())
    assert len(failed) == 3


def test_what_no_codec_reads_stops_no_agent(kafka, prefix, hub):
    """No key, no value, no headers, bytes of somebody else: parked or passed, and what follows is there."""
    from confluent_kafka import Producer

    hub.open()

    async def scenario():
        async with draait(hub):
            put(hub, 1)
            await tot(lambda: alles(hub, 1))
            producer = Producer({"bootstrap.servers": kafka})
            for value, key in ((b"{", b"x"), (None, b"a"), (b"\x00\x00\x00\x00\x07rest", None), (b"\xff" * 2_000, b"a")):
                for number in range(2):
                    producer.produce(prefix + ZAKEN, value=value, key=key, partition=number)
            producer.flush(10)
            put(hub, 2)
            await tot(lambda: alles(hub, 2))

    asyncio.run(scenario())


def test_a_kill_between_commit_and_acknowledgement_applies_nothing_twice(kafka, prefix, tmp_path):
    """The rows were committed and Faust's offset was not: everything is delivered again to the next process."""
    first = kafka_hub(tmp_path, kafka, prefix).open()
    for number in range(1, 4):
        put(first, number)
    assert publisher_of(first).catch_up() == 12
    first.projector.catch_up()
    assert alles(first, 3)
    first.close()

    async def scenario():
        second = kafka_hub(tmp_path, kafka, prefix).open()
        async with draait(second):
            feed = second.log.feed
            for message in raw(kafka, prefix + ZAKEN, 2):  # as Faust delivers again from an old commit
                feed.add(
                    ZAKEN, message.partition(), Message(message.offset(), message.key(), message.value(), message.headers())
                )
            put(second, 4)
            await tot(lambda: alles(second, 4))

    asyncio.run(scenario())


@pytest.fixture
def samen(postgres, kafka, prefix, tmp_path):
    """The settings of processes that share one database and one Kafka."""
    with postgres.database() as address:
        settings = with_database(loaded(tmp_path, partities=2), address).model_copy(update={"kafka": access(kafka, prefix)})
        quick = settings.settings.model_copy(update={"werker": WerkerSettings(lease_s=1.5)})
        settings = settings.model_copy(update={"settings": quick})
        OnServer(settings).migrate("pre", {})
        yield settings


def worker(settings):
    return EmbeddedHub(settings, plugins=plugins(), shared=True).open()


def test_partitions_move_between_workers_with_work_in_flight(samen):
    """A worker joins and leaves while events come in: every event once and in order, whoever works on it."""

    async def scenario():
        stays = worker(samen)
        number = 0
        async with draait(stays):
            for _ in range(2):
                joins = worker(samen)
                joins.start()
                for _ in range(10):
                    number += 1
                    put(stays, number)
                    await asyncio.sleep(0.05)
                await tot(lambda hub=joins: len(hub.log.feed.assigned) == len(stays.log.feed.assigned) == 1, hoogstens_s=30)
                for _ in range(10):
                    number += 1
                    put(stays, number)
                    await asyncio.sleep(0.05)
                await joins.stop()
            await tot(lambda: alles(stays, number), hoogstens_s=60)

    asyncio.run(scenario())


def test_a_worker_knows_how_far_the_others_are(samen):
    """Lag is that of the installation: what another worker has taken is not behind."""

    async def scenario():
        async with draait(worker(samen)) as one, draait(worker(samen)) as other:
            await tot(lambda: len(one.log.feed.assigned) == len(other.log.feed.assigned) == 1)
            for number in range(1, 6):
                put(one, number)
            await tot(lambda: alles(one, 5))
            assert [hub.freshness().achter for hub in (one, other)] == [0, 0]

    asyncio.run(scenario())


def test_a_command_needs_no_process_where_workers_share_a_store(samen, monkeypatch):
    """It goes to the database beside the workers; a hub that wants the store for itself is refused."""
    monkeypatch.setattr("hub.core.installed", plugins)

    async def scenario():
        async with draait(worker(samen)):
            assert await admin.call(samen, "parked list", {}) == []
            with pytest.raises(Refused, match="already runs"):
                EmbeddedHub(samen, plugins=plugins()).open()

    asyncio.run(scenario())
