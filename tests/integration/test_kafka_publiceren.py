# SPDX-License-Identifier: EUPL-1.2
"""R1 and R6 on a real Kafka: the outbox is published in order; after whatever goes wrong it may repeat, never overtake."""

from __future__ import annotations

import shutil

import pytest
from hub_voor_tests import HERVAT, VolgFlow, feit, plugins, zet
from logs import access, drop_topics, kafka_hub, make_topics, publisher_of, raw, settle

from hub.errors import LogUnavailable, LostRace, Refused
from hub.events import ZAKEN
from hub.log.partitioner import partition_of

PARTITIES = 2
HERE = partition_of("a", PARTITIES)


@pytest.fixture
def wereld(kafka, topic_prefix, tmp_path):
    """Topics of this test's own, and hubs on them that are closed after it."""
    make_topics(kafka, topic_prefix, partities=PARTITIES)
    opened = []

    def open_hub(folder="hub", *, prefix=topic_prefix, flows=None, **more):
        hub = kafka_hub(tmp_path / folder, kafka, prefix, made=plugins(flows=flows or {}), **more).open()
        opened.append(hub)
        return hub

    open_hub.kafka, open_hub.prefix, open_hub.folder = kafka, topic_prefix, tmp_path
    yield open_hub
    for hub in opened:
        hub.close()
    drop_topics(kafka, topic_prefix)


def gezien(hub, key="a"):
    row = hub.read_model("teller").get("emmen", key)
    return row and row["gezien"]


def sequences(wereld, key="a"):
    """What stands in the topic of one stream, in order."""
    found = raw(wereld.kafka, wereld.prefix + ZAKEN, PARTITIES)
    return [int(dict(m.headers())["ce_sequence"]) for m in found if m.key() == key.encode()]


def test_an_event_is_a_binary_cloudevent_with_the_avro_that_was_put_down(wereld):
    """Attributes of the NL GOV profile as headers, the value byte for byte, the partition that murmur2 gives its key."""
    hub = wereld()
    cause = "11111111-2222-3333-4444-555555555555"
    event = feit("emmen:a", 1, causationid=cause, correlationid="zaak-a", dataref="https://zaken.example/a",
                 traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")  # fmt: skip
    zet(hub, event)
    publisher_of(hub).catch_up()
    (message,) = raw(wereld.kafka, wereld.prefix + ZAKEN, PARTITIES)
    stored = hub.log.tail(hub.log.head(ZAKEN, "emmen:a").id, 0)[0]
    assert {name: value.decode() for name, value in message.headers()} == {
        "content-type": "application/avro",
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": event.source,
        "ce_type": HERVAT,
        "ce_subject": "a",
        "ce_partitionkey": "emmen:a",
        "ce_sequence": "1",
        "ce_sequencetype": "Integer",
        "ce_time": "2026-03-12T08:00:00Z",
        "ce_gemeente": "emmen",
        "ce_causationid": cause,
        "ce_correlationid": "zaak-a",
        "ce_traceparent": event.traceparent,
        "ce_dataref": event.dataref,
    }
    assert (message.value(), message.key()) == (stored.value, b"emmen:a")
    assert message.partition() == partition_of("emmen:a", PARTITIES)


def test_what_was_put_down_is_published_once_and_in_order(wereld):
    """Many streams, more than one batch: every stream counts 1, 2, 3 ... in its partition."""
    hub, count = wereld(), 5_000
    for start in range(0, count, 500):
        zet(hub, *(feit(f"zaak-{n % 41}", n) for n in range(start, start + 500)))
    publisher = publisher_of(hub)
    assert publisher.catch_up() == count
    assert publisher.catch_up() == 0
    found = raw(wereld.kafka, wereld.prefix + ZAKEN, PARTITIES)
    assert len(found) == count
    for key in {m.key() for m in found}:
        own = [int(dict(m.headers())["ce_sequence"]) for m in found if m.key() == key]
        assert own == list(range(1, len(own) + 1))


def test_what_was_published_and_not_recorded_is_found_and_not_sent_again(wereld, monkeypatch):
    """The process died between Kafka's answer and its own note: the next one reads on in the topic first (R6)."""
    hub = wereld()
    zet(hub, *(feit("a", n) for n in range(5)))
    publisher = publisher_of(hub)
    monkeypatch.setattr(publisher, "_record", lambda *_: (_ for _ in ()).throw(LogUnavailable("weg")))
    with pytest.raises(LogUnavailable):
        publisher.catch_up()
    assert sequences(wereld) == [1, 2, 3, 4, 5]
    later = publisher_of(hub)
    zet(hub, feit("a", 5))
    later.catch_up()
    assert sequences(wereld) == [1, 2, 3, 4, 5, 6]


def test_a_producer_whose_answer_got_lost_repeats_nothing_that_stands_there(wereld, monkeypatch):
    """Kafka took the batch and its answer never came: where publication is, is read in the topic before anything is sent."""
    hub = wereld()
    publisher = publisher_of(hub)
    zet(hub, *(feit("a", n) for n in range(4)))
    send = publisher._send

    def lost(one, events):
        send(one, events)
        publisher._drop_producer()
        raise LogUnavailable("het antwoord kwam nooit")

    monkeypatch.setattr(publisher, "_send", lost)
    with pytest.raises(LogUnavailable):
        publisher.catch_up()
    monkeypatch.undo()
    publisher._rest.clear()
    zet(hub, feit("a", 4))
    publisher.catch_up()
    settle(hub, publisher)
    assert sequences(wereld) == [1, 2, 3, 4, 5]
    assert gezien(hub) == [1, 2, 3, 4, 5]


def test_a_stopped_publisher_that_goes_on_repeats_and_never_overtakes(wereld):
    """It wakes after another one published further: its batch comes again, what it thinks is next does not come first."""
    hub = wereld()
    late, other = publisher_of(hub), publisher_of(hub)
    zet(hub, *(feit("a", n) for n in range(3)))
    late.check()
    other.catch_up()
    zet(hub, feit("a", 3))
    other.catch_up()
    one = next(w for w in late.waiting() if (w.topic, w.number) == (ZAKEN, HERE))
    events = late._batch(one, late._sure[one.partition])
    offsets = late._send(one, events[:3])
    with pytest.raises(LostRace):
        late._record(one, type(one.spot)(events[2].place, offsets[-1], events[2].event_id))
    assert sequences(wereld) == [1, 2, 3, 4, 1, 2, 3]
    zet(hub, feit("a", 4))
    other.catch_up()
    settle(hub, other)
    assert gezien(hub) == [1, 2, 3, 4, 5]


def test_a_publisher_without_the_lease_does_nothing(wereld):
    """Only who holds a partition's lease publishes it, and it asks before each batch."""
    hub = wereld()
    zet(hub, feit("a", 0))

    class Leases:
        wanted, left = set(), 0.0

        def want(self, name):
            self.wanted.add(name)

        def left_s(self, _name):
            return self.left

        def fence(self, _name):
            return self

        def check(self, _db):
            if self.left <= 0:
                raise LostRace("een ander heeft haar")

    leases = Leases()
    publisher = publisher_of(hub, leases=leases)
    assert leases.wanted == {f"publicatie/{topic}/{n}" for topic, n in hub.log.partitions()}
    assert publisher.catch_up() == 0
    leases.left = 0.5  # too short to begin a batch under
    assert publisher.catch_up() == 0
    leases.left = 10.0
    assert publisher.catch_up() == 1


def test_a_topic_that_was_made_anew_is_refused(wereld):
    """Its identity is another one: nothing is published and nothing is read, and the message says what helps."""
    hub = wereld()
    zet(hub, feit("a", 0))
    settle(hub, publisher_of(hub))
    hub.close()
    drop_topics(wereld.kafka, wereld.prefix)
    make_topics(wereld.kafka, wereld.prefix, partities=PARTITIES)
    with pytest.raises(Refused, match="does not belong to this log"):
        wereld()
    hub = wereld("hub", forget_read_models=True)
    with pytest.raises(Refused, match=r"made anew.*wissel topics herpubliceer"):
        publisher_of(hub).check()


def test_an_older_store_is_refused(wereld):
    """The topic holds events of ours that this store never gave out: publishing on would give their numbers away twice."""
    hub = wereld()
    zet(hub, feit("a", 0))
    publisher_of(hub).catch_up()
    hub.close()
    shutil.copytree(wereld.folder / "hub", wereld.folder / "backup")
    hub = wereld()
    zet(hub, feit("a", 1), feit("b", 0), feit("c", 0))
    publisher_of(hub).catch_up()
    hub.close()
    old = wereld("backup")
    zet(old, feit("a", 99))
    with pytest.raises(Refused, match=r"never gave out.*newest backup of the store"):
        publisher_of(old).check()


def test_an_older_store_that_lacks_only_new_streams_is_refused_too(wereld):
    """A stream the store does not know, of a gemeente of ours: it began after the backup."""
    hub = wereld()
    zet(hub, feit("a", 0))
    publisher_of(hub).catch_up()
    hub.close()
    shutil.copytree(wereld.folder / "hub", wereld.folder / "backup")
    hub = wereld()
    zet(hub, feit("nieuw", 0))
    publisher_of(hub).catch_up()
    hub.close()
    with pytest.raises(Refused, match="never gave out"):
        publisher_of(wereld("backup")).check()


@pytest.mark.parametrize("count", [1, 4])
def test_another_partition_count_is_refused(wereld, count):
    """Keys would go elsewhere than their streams are; the message says which count there must be."""
    make_topics(wereld.kafka, wereld.prefix + "x", partities=count)
    with pytest.raises(Refused, match=rf"has {count} partitions, the log expects {PARTITIES}"):
        wereld("ander", prefix=wereld.prefix + "x")


def test_a_missing_topic_names_the_command_that_makes_it(wereld):
    """Topics are declared, never made by accident."""
    with pytest.raises(Refused, match="wissel topics apply --uitvoeren"):
        wereld("ander", prefix=wereld.prefix + "nergens.")


def test_while_kafka_is_away_the_store_accepts_and_the_outbox_waits(wereld, monkeypatch):
    """Nothing listens there: the hub opens, takes what comes, counts what waits, and goes on when Kafka is back."""
    from hub import metrics
    from hub.log import kafka as engine

    hub = wereld(flows={"volg": VolgFlow()})
    zet(hub, feit("a", 0))
    settle(hub, publisher_of(hub))
    hub.close()
    monkeypatch.setattr(engine, "_ASK_S", 0.5)
    away = kafka_hub(wereld.folder / "hub", "127.0.0.1:1", wereld.prefix, made=plugins(flows={"volg": VolgFlow()})).open()
    try:
        zet(away, feit("a", 1), feit("a", 2))
        publisher = publisher_of(away)
        progressed, error = publisher._round()
        assert (progressed, type(error)) == (0, LogUnavailable)
        assert metrics.OUTBOX._value.get() == 2
        assert (away.projector.behind(), gezien(away)) == (2, [1])
        publisher.stop()
    finally:
        away.close()
    hub = wereld(flows={"volg": VolgFlow()})
    settle(hub, publisher_of(hub))
    assert gezien(hub) == [1, 2, 3]


def test_access_shows_no_password(wereld):
    """Not in a repr, whatever logs it."""
    from dataclasses import replace

    given = replace(access(wereld.kafka, ""), user="wissel", password="geheim-woord")
    assert "geheim-woord" not in repr(given)
    assert given.confluent()["sasl.password"] == given.kafka_python()["sasl_plain_password"] == "geheim-woord"
