# SPDX-License-Identifier: EUPL-1.2
"""A broker that is killed under the publisher: what was accepted arrives, once for every reader, in order."""

from __future__ import annotations

import time

import pytest
from conftest import kafka_cluster
from hub_voor_tests import feit, plugins, zet
from logs import kafka_hub, make_topics, publisher_of, raw, settle, wait_published

from hub.events import ZAKEN


@pytest.fixture
def cluster(tmp_path):
    with kafka_cluster(tmp_path) as cluster:
        yield cluster


def test_a_broker_killed_while_it_is_published_to_loses_and_overtakes_nothing(cluster, tmp_path):
    """SIGKILL with batches under way, events accepted all the time; the thread goes on by itself once the broker is back."""
    make_topics(cluster.bootstrap, "", partities=1)
    hub = kafka_hub(tmp_path / "hub", cluster.bootstrap, "", partities=1, made=plugins()).open()
    publisher = publisher_of(hub)
    publisher.start()
    try:
        for number in range(20):
            zet(hub, *(feit("a", number * 50 + n) for n in range(50)))
            publisher.wake()
            if number == 8:
                cluster.members[0].kill()
            if number == 14:
                cluster.restart(cluster.members[0])
            time.sleep(0.02)
        wait_published(publisher)
    finally:
        publisher.stop()
    settle(hub)
    numbers = [int(dict(m.headers())["ce_sequence"]) for m in raw(cluster.bootstrap, ZAKEN, 1)]
    assert list(dict.fromkeys(numbers)) == list(range(1, 1001))  # the first time each comes, it comes in its turn
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == list(range(1, 1001))
    hub.close()
