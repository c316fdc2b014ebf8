# SPDX-License-Identifier: EUPL-1.2
"""The Kafka of the tests is a real one: it starts, keeps what it was given through a power cut, and leaves nothing behind."""

from __future__ import annotations

import psutil
import pytest
from conftest import kafka_cluster

from demo import broker


@pytest.fixture
def cluster(tmp_path):
    with kafka_cluster(tmp_path) as cluster:
        yield cluster


def topics(cluster):
    from kafka.admin import KafkaAdminClient

    client = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    try:
        return client.list_topics()
    finally:
        client.close()


def test_a_killed_broker_comes_back_with_its_data_on_the_same_address(cluster):
    """SIGKILL, then a start on the same files: clients find what was there where it was."""
    from kafka.admin import KafkaAdminClient, NewTopic

    client = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    client.create_topics([NewTopic("blijft", 1, 1)])
    client.close()
    node, address = cluster.members[0], cluster.bootstrap
    node.kill()
    assert not node.running
    cluster.restart(node)
    assert cluster.bootstrap == address
    assert "blijft" in topics(cluster)


def test_stopping_leaves_no_process(cluster):
    """Neither the broker nor the guard that watches over it stays."""
    node = cluster.members[0]
    ours = {node.process.pid, node._guard.pid}
    assert ours <= {p.pid for p in psutil.Process().children(recursive=True)}
    cluster.stop()
    assert {p.pid for p in psutil.Process().children(recursive=True)} & ours == set()


def test_a_cluster_id_is_never_taken_for_an_option():
    """Kafka's own tools refuse to format a storage whose id begins with a dash: one in sixty-four would."""
    assert not any(broker.new_cluster_id().startswith("-") for _ in range(2_000))
