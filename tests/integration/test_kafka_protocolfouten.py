# SPDX-License-Identifier: EUPL-1.2
"""The publisher against protocol errors on request (librdkafka's mock cluster): in order, nothing lost, going on by itself."""

from __future__ import annotations

import time

import pytest
from hub_voor_tests import feit, plugins, zet
from kafka_nagemaakt import NOT_ALLOWED, NOT_LEADER, OUT_OF_ORDER, PRODUCE, TIMED_OUT, TOO_FEW_COPIES, Nagemaakt
from logs import kafka_hub, publisher_of, raw

from hub.errors import LogUnavailable
from hub.events import PERSONEN, ZAKEN
from hub.log.kafka import KafkaLog


@pytest.fixture
def cluster():
    found = Nagemaakt()
    for name in (ZAKEN, PERSONEN):
        found.topic(name, 1)
    yield found
    found.close()


@pytest.fixture
def hub(cluster, tmp_path, monkeypatch):
    """The mock cluster cannot describe itself, so its identity is given."""
    monkeypatch.setattr(KafkaLog, "check", lambda log: log._identities.update({ZAKEN: "nagemaakt", PERSONEN: "nagemaakt"}))
    hub = kafka_hub(tmp_path, cluster.bootstrap, "", partities=1, made=plugins()).open()
    yield hub
    hub.close()


def sequences(cluster):
    return [int(dict(m.headers())["ce_sequence"]) for m in raw(cluster.bootstrap, ZAKEN, 1)]


def first_seen(numbers):
    return list(dict.fromkeys(numbers))


def by_itself(publisher):
    """Look again, as its thread does, until nothing waits."""
    until = time.monotonic() + 20
    while any(one.behind for one in publisher.waiting()) and time.monotonic() < until:
        publisher._round()
        time.sleep(0.05)


@pytest.mark.parametrize(
    "errors", [[NOT_LEADER] * 3, [TIMED_OUT] * 2, [TOO_FEW_COPIES] * 2, [NOT_LEADER, TIMED_OUT, NOT_LEADER]]
)
def test_what_passes_is_tried_again_in_order(cluster, hub, errors):
    """Not leader, timed out, too few copies: every event once, in order, without anybody noticing."""
    publisher = publisher_of(hub)
    zet(hub, *(feit("a", n) for n in range(50)))
    cluster.answer(PRODUCE, errors)
    assert publisher.catch_up() == 50
    assert sequences(cluster) == list(range(1, 51))


@pytest.mark.parametrize("error", [NOT_ALLOWED, OUT_OF_ORDER])
def test_what_does_not_pass_stops_that_batch_and_what_follows_stays_behind_it(cluster, hub, error):
    """The producer is thrown away, the outbox waits; then all of it comes, and nothing came before its turn."""
    publisher = publisher_of(hub)
    zet(hub, *(feit("a", n) for n in range(5)))
    publisher.catch_up()
    cluster.answer(PRODUCE, [error])
    zet(hub, *(feit("a", n) for n in range(5, 10)))
    progressed, fault = publisher._round()
    if error == NOT_ALLOWED:
        assert (progressed, type(fault)) == (0, LogUnavailable)
    zet(hub, *(feit("a", n) for n in range(10, 15)))
    by_itself(publisher)
    assert first_seen(sequences(cluster)) == list(range(1, 16))
    assert [w.behind for w in publisher.waiting()] == [0, 0]


def test_a_broker_that_goes_down_under_a_batch_delays_it(cluster, hub, monkeypatch):
    """No answer within the time for a batch: it counts as not sent, and where it was is read before anything is repeated."""
    from hub.log import publisher as engine

    monkeypatch.setattr(engine, "DELIVERY_S", 1.0)
    publisher = publisher_of(hub)
    zet(hub, *(feit("a", n) for n in range(5)))
    publisher.catch_up()
    for broker in (1, 2, 3):
        cluster.down(broker)
    zet(hub, *(feit("a", n) for n in range(5, 10)))
    progressed, fault = publisher._round()
    assert (progressed, type(fault)) == (0, LogUnavailable)
    for broker in (1, 2, 3):
        cluster.up(broker)
    by_itself(publisher)
    assert first_seen(sequences(cluster)) == list(range(1, 11))
