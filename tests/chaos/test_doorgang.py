# SPDX-License-Identifier: EUPL-1.2
"""The network between hub and broker cut, silent, and losing answers: what was accepted is read once, in order."""

from __future__ import annotations

import socket
import struct
import time

import pytest
from chaos.doorgang import Doorgang, Requests
from conftest import kafka_cluster
from hub_voor_tests import feit, plugins, zet
from logs import kafka_hub, make_topics, publisher_of, raw, settle, wait_published

from hub.errors import LogUnavailable
from hub.events import ZAKEN


@pytest.fixture(scope="module")
def passage(tmp_path_factory):
    """A passage and the broker behind it."""
    with Doorgang() as passage, kafka_cluster(tmp_path_factory.mktemp("kafka"), extra=passage.listener) as cluster:
        yield passage, cluster


@pytest.fixture
def published(passage, tmp_path, topic_prefix):
    """A hub that enters by the passage, its publisher, and what then lies in the topic for who looks on undisturbed."""
    through, cluster = passage
    make_topics(cluster.bootstrap, topic_prefix, partities=1)
    hub = kafka_hub(tmp_path / "hub", through.address, topic_prefix, partities=1, made=plugins()).open()
    zet(hub, feit("a", 0))
    publisher = publisher_of(hub)
    settle(hub, publisher)
    yield through, hub, publisher, lambda: raw(cluster.bootstrap, topic_prefix + ZAKEN, 1)
    through.mend()
    publisher.stop()
    hub.close()


def test_whoever_enters_by_the_passage_stays_in_it(passage) -> None:
    """What the broker tells clients about itself leads through the passage again, and not around it."""
    from confluent_kafka.admin import AdminClient

    told = AdminClient({"bootstrap.servers": passage[0].address}).list_topics(timeout=10).brokers
    assert {f"{one.host}:{one.port}" for one in told.values()} == {passage[0].address}


def test_a_batch_whose_answer_got_lost_is_found_and_not_sent_again(published) -> None:
    """The broker took it, nobody heard so: the publisher looks where it is before it goes on."""
    through, hub, publisher, lying = published
    zet(hub, *(feit("a", number) for number in range(1, 51)))
    lost = through.answers_lost
    through.swallow()
    with pytest.raises(LogUnavailable):
        settle(hub, publisher)
    assert through.answers_lost > lost
    assert len(lying()) > 1, "nothing arrived: no answer can have got lost"
    through.mend()
    publisher.start()
    wait_published(publisher)
    settle(hub)
    assert sequences(lying()) == list(range(1, 52))
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == list(range(1, 52))


@pytest.mark.parametrize("blow", ["cut", "silence"])
def test_what_is_put_down_while_the_network_is_gone_arrives_in_order_after_it(published, blow: str) -> None:
    """Cut: refused at once. Silent: held, and perhaps delivered long after its sender gave up."""
    through, hub, publisher, lying = published
    publisher.start()
    getattr(through, blow)()
    zet(hub, *(feit("a", number) for number in range(1, 51)))
    publisher.wake()
    time.sleep(8)  # longer than a batch is waited for
    through.mend()
    wait_published(publisher)
    settle(hub)
    assert list(dict.fromkeys(sequences(lying()))) == list(range(1, 52))
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == list(range(1, 52))


def test_a_cut_network_refuses_and_keeps_its_port(passage) -> None:
    through, _ = passage
    host, port = through.address.split(":")
    through.cut()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=2)
    through.mend()
    socket.create_connection((host, int(port)), timeout=2).close()


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_produce_requests_are_counted_however_their_bytes_come(size: int) -> None:
    asked = b"".join(
        struct.pack(">ihh", 4 + len(rest), kind, 9) + rest for kind, rest in ((0, b"x" * 20), (3, b""), (0, b"yy"))
    )
    requests = Requests()
    assert sum(requests.produced(asked[at : at + size]) for at in range(0, len(asked), size)) == 2


def sequences(messages) -> list[int]:
    return [int(dict(message.headers())["ce_sequence"]) for message in messages]
