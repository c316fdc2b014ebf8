# SPDX-License-Identifier: EUPL-1.2
"""R5 and R13 on a real Kafka: what is not ours parks alone, what comes twice counts once, what is missing is filled in."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace

import pytest
from confluent_kafka import Producer
from hub_voor_tests import TELLER, VolgFlow, feit, loaded, plugins, tel, zet
from logs import access, drop_topics, kafka_hub, make_topics, publisher_of, raw, settle

from hub import discovery
from hub.app import EmbeddedHub
from hub.errors import Refused
from hub.events import ZAKEN
from hub.replay.beheer import Besluit
from hub.replay.stroom import herbouw_stroom
from hub.reservekopie import maak

GROOT = 10 * 1024 * 1024


@pytest.fixture
def hub(kafka, topic_prefix, tmp_path):
    make_topics(kafka, topic_prefix, partities=1, **{"max.message.bytes": str(2 * GROOT)})
    hub = kafka_hub(tmp_path, kafka, topic_prefix, partities=1, made=plugins(flows={"volg": VolgFlow()})).open()
    hub.topic = topic_prefix + ZAKEN
    hub.publisher = publisher_of(hub)
    yield hub
    hub.publisher.stop()
    hub.close()
    drop_topics(kafka, topic_prefix)


@pytest.fixture
def stuur(kafka, hub):
    """Write straight into the topic, as nobody of ours does."""
    producer = Producer({"bootstrap.servers": kafka, "message.max.bytes": 3 * GROOT})

    def send(key=None, value=None, headers=None):
        producer.produce(hub.topic, value=value, key=key, headers=headers, partition=0)
        assert producer.flush(20) == 0

    return send


def ours(kafka, hub, number=0):
    """A record of ours as it stands in the topic: key, value, headers."""
    message = raw(kafka, hub.topic, 1)[number]
    return message.key(), message.value(), list(message.headers())


def gezien(hub, key="a"):
    row = hub.read_model("teller").get("emmen", key)
    return row and row["gezien"]


def geparkeerd(hub):
    """(member, cause, words, sequence) of what is parked."""
    query = "SELECT lid, oorzaak, uitleg, volgnummer FROM geparkeerd ORDER BY lid, stroom, volgnummer, plaats"
    rows = []
    for database in (hub.members, hub.database):
        with database.reader() as db:
            rows += db.execute(query).fetchall()
    return rows


def without(headers, name):
    return [(n, v) for n, v in headers if n != name]


def having(headers, **changes):
    return [(n, changes.get(n, v)) for n, v in headers]


VREEMD = {
    "no headers": (lambda k, v, h: (k, v, None), "has no header ce_id"),
    "wrong magic byte": (lambda k, v, h: (k, b"\x01" + v[1:], h), "magic byte"),
    "JSON": (lambda k, v, h: (k, b'{"a": 1}', h), "magic byte"),
    "only the frame": (lambda k, v, h: (k, v[:5], h), "magic byte"),
    "an unknown schema": (lambda k, v, h: (k, b"\x00\x00\x00\x27\x0f" + v[5:], having(h, ce_id=b"9" * 32)), "schema 9999"),
    "10 MB": (lambda k, v, h: (k, v[:5] + b"\x00" * GROOT, without(h, "ce_id")), "has no header"),
    "no value": (lambda k, v, h: (k, None, h), "tombstone"),
    "no key": (lambda k, v, h: (None, v, h), "no key"),
    "a key that is no text": (lambda k, v, h: (b"\xff\xfe", v, h), "does not read"),
    "an id that is no uuid": (lambda k, v, h: (k, v, having(h, ce_id=b"zomaar iets")), "does not read"),
    "no time": (lambda k, v, h: (k, v, having(h, ce_time=b"gisteren")), "does not read"),
    "no time zone": (lambda k, v, h: (k, v, having(h, ce_time=b"2026-03-12T08:00:00")), "does not read"),
    "sequence nought": (lambda k, v, h: (k, v, having(h, ce_sequence=b"0")), "does not read"),
    "an empty header": (lambda k, v, h: (k, v, having(h, ce_sequence=None)), "does not read"),
    "another key than it says": (lambda k, v, h: (b"b", v, h), "contradict"),
    "a stream that is nobody's": (
        lambda k, v, h: (b"c", v, having(h, ce_partitionkey=b"c", ce_gemeente=b"elders")),
        "no stream of this installation",
    ),
    "another gemeente": (lambda k, v, h: (k, v, having(h, ce_gemeente=b"zwolle")), "gemeente"),
    "an unknown source": (lambda k, v, h: (k, v, having(h, ce_source=b"urn:nld:oin:1:systeem:x")), "source"),
    "another type than its schema": (lambda k, v, h: (k, v, having(h, ce_type=b"nl.iets.anders.v1")), "holds a"),
}


@pytest.mark.parametrize("soort", VREEMD)
def test_a_record_that_is_not_ours_parks_alone(hub, kafka, stuur, soort):
    """With topic, partition, offset and cause; for each member once, its stream and everybody else go on at once."""
    change, why = VREEMD[soort]
    zet(hub, feit("a", 0), feit("b", 0))
    settle(hub, hub.publisher)
    stuur(*change(*ours(kafka, hub)))
    zet(hub, feit("a", 1), feit("b", 1))
    settle(hub, hub.publisher)
    assert (gezien(hub, "a"), gezien(hub, "b")) == ([1, 2], [1, 2])
    parked = geparkeerd(hub)
    assert [(lid, oorzaak) for lid, oorzaak, _, _ in parked] == [("teller:1", "ForeignRecord"), ("flow:volg", "ForeignRecord")]
    for _, _, uitleg, _ in parked:
        assert f"{hub.topic}, partitie 0, offset 2: " in uitleg
        assert why in uitleg


def test_a_flipped_bit_in_a_body_parks_that_record_and_loses_nothing(hub, stuur):
    """A damaged copy comes before the real event: it parks alone, and the real one is applied."""
    from hub.log import cloudevents

    zet(hub, feit("b", 0))
    settle(hub, hub.publisher)
    zet(hub, feit("a", 0))
    one = next(w for w in hub.publisher.waiting() if w.topic == ZAKEN)
    (event,) = hub.publisher._batch(one, one.spot)
    stuur(b"a", event.value[:-3], cloudevents.headers(event, hub.codec.type_of(event.schema_id)))
    settle(hub, hub.publisher)
    assert gezien(hub) == [1]
    parked = geparkeerd(hub)
    assert [(lid, oorzaak) for lid, oorzaak, _, _ in parked] == [("teller:1", "ForeignRecord")]
    assert "not what was put down" in parked[0][2]


def test_a_damaged_record_is_filled_in_from_the_store(hub, kafka, stuur, monkeypatch):
    """The only copy in the topic does not read: it parks alone, and the next of its stream brings the store's own along."""
    zet(hub, feit("a", 0), feit("a", 1), feit("b", 0))
    hub.publisher.catch_up()
    read = hub.log.read

    def damaged(*arguments):
        return [r._replace(value=r.value[:-3]) if (r.stream, r.sequence) == (1, 1) else r for r in read(*arguments)]

    monkeypatch.setattr(hub.log, "read", damaged)
    hub.projector.catch_up()
    assert (gezien(hub, "a"), gezien(hub, "b")) == ([1, 2], [1])
    assert [(lid, oorzaak) for lid, oorzaak, _, _ in geparkeerd(hub)] == [("teller:1", "ForeignRecord")]


def test_repeats_count_once(hub, kafka, stuur):
    """The same event at new offsets, beside each other and far apart: nothing happens."""
    zet(hub, *(feit("a", n) for n in range(3)))
    settle(hub, hub.publisher)
    for number in (0, 1, 2, 2, 0):
        stuur(*ours(kafka, hub, number))
    zet(hub, feit("a", 3))
    settle(hub, hub.publisher)
    assert gezien(hub) == [1, 2, 3, 4]
    assert geparkeerd(hub) == []
    hub.projector.rebuild()
    assert gezien(hub) == [1, 2, 3, 4]


def test_another_event_under_a_sequence_that_was_seen_parks_its_stream(hub, kafka, stuur):
    """`volgnummer-dubbel`, for projection and flow alike: two facts claim one place, a person must look."""
    zet(hub, feit("a", 0), feit("a", 1), feit("b", 0))
    settle(hub, hub.publisher)
    key, value, headers = ours(kafka, hub, 1)
    stuur(key, value, having(headers, ce_id=b"11111111-2222-3333-4444-555555555555"))
    zet(hub, feit("a", 2), feit("b", 1))
    settle(hub, hub.publisher)
    assert (gezien(hub, "a"), gezien(hub, "b")) == ([1, 2], [1, 2])
    causes = [(lid, oorzaak, volgnummer) for lid, oorzaak, _, volgnummer in geparkeerd(hub)]
    assert causes == [
        ("teller:1", "volgnummer-dubbel", 2),
        ("teller:1", None, 3),
        ("flow:volg", "volgnummer-dubbel", 2),
        ("flow:volg", None, 3),
    ]


def without_sequence(hub, monkeypatch, sequence):
    """Let the topic miss an event of the first stream."""
    read = hub.log.read
    monkeypatch.setattr(hub.log, "read", lambda *a: [r for r in read(*a) if (r.stream, r.sequence) != (1, sequence)])


def test_a_hole_is_filled_from_the_store(hub, monkeypatch):
    """The topic misses an event that was put down: it is applied in its place all the same."""
    zet(hub, *(feit("a", n) for n in range(4)))
    hub.publisher.catch_up()
    without_sequence(hub, monkeypatch, 2)
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    assert gezien(hub) == [1, 2, 3, 4]
    assert geparkeerd(hub) == []


def test_a_hole_nobody_can_fill_parks_its_stream(hub, monkeypatch):
    """Neither topic nor store holds it: `volgnummer-ontbreekt`, and the others go on."""
    zet(hub, feit("a", 0), feit("a", 1), feit("a", 2), feit("b", 0))
    hub.publisher.catch_up()
    hub.database.write(lambda db: db.execute("DELETE FROM gebeurtenis WHERE stroom = 1 AND volgnummer = 2")).result()
    without_sequence(hub, monkeypatch, 2)
    hub.projector.catch_up()
    assert (gezien(hub, "a"), gezien(hub, "b")) == ([1], [1])
    assert [(oorzaak, volgnummer) for _, oorzaak, _, volgnummer in geparkeerd(hub)] == [("volgnummer-ontbreekt", 3)]


def test_what_filled_a_hole_and_failed_is_parked_and_tried_again(kafka, topic_prefix, tmp_path, monkeypatch):
    """It has a place of its own, so a retry finds it, and its successors wait behind it."""
    from dataclasses import replace

    from hub_voor_tests import TELLER, tel

    kapot = {2}

    def breekt(row, event):
        if event.sequence in kapot:
            raise ValueError("kan ik niet")
        return tel(row, event)

    made = plugins({"teller": replace(TELLER, handlers=dict.fromkeys(TELLER.handlers, breekt))})
    make_topics(kafka, topic_prefix, partities=1)
    hub = kafka_hub(tmp_path, kafka, topic_prefix, partities=1, made=made).open()
    try:
        zet(hub, *(feit("a", n) for n in range(4)))
        publisher_of(hub).catch_up()
        without_sequence(hub, monkeypatch, 2)
        hub.projector.catch_up()
        assert gezien(hub) == [1]
        kapot.clear()
        assert hub.projector.retry(hub.projector.members[0], 1) is True
        assert gezien(hub) == [1, 2, 3, 4]
    finally:
        hub.close()
        drop_topics(kafka, topic_prefix)


def test_retention_takes_the_beginning_of_a_topic_and_nothing_else(hub, kafka):
    """What Kafka removed comes from the store: a rebuild gives the same rows."""
    from kafka import TopicPartition
    from kafka.admin import KafkaAdminClient

    zet(hub, *(feit(f"zaak-{n % 3}", n) for n in range(30)))
    settle(hub, hub.publisher)
    before = dict(hub.read_model("teller").select("emmen"))
    client = KafkaAdminClient(bootstrap_servers=kafka)
    client.delete_records({TopicPartition(hub.topic, 0): 13})
    client.close()
    hub.projector.rebuild()
    assert dict(hub.read_model("teller").select("emmen")) == before
    assert geparkeerd(hub) == []


def test_a_well_made_event_the_store_never_gave_out_stops_its_publication(hub, kafka, stuur):
    """It reads as ours and is not: either an older store was put back, or somebody writes who must not."""
    zet(hub, feit("a", 0))
    settle(hub, hub.publisher)
    key, value, headers = ours(kafka, hub)
    stuur(key, value, having(headers, ce_sequence=b"7", ce_id=b"11111111-2222-3333-4444-555555555555"))
    with pytest.raises(Refused, match="never gave out"):
        publisher_of(hub).check()


def test_what_is_parked_outlives_its_record_in_the_topic(kafka, topic_prefix, tmp_path):
    """Retention took the record: a retry finds the event in the store, and lets go of nothing that it did not apply."""
    from kafka import TopicPartition
    from kafka.admin import KafkaAdminClient

    broken = [True]

    def apply(row, event):
        if broken:
            raise ValueError
        return tel(row, event)

    make_topics(kafka, topic_prefix, partities=1)
    mended = replace(TELLER, handlers=dict.fromkeys(TELLER.handlers, apply))
    hub = kafka_hub(tmp_path, kafka, topic_prefix, partities=1, made=plugins({"teller": mended})).open()
    publisher = publisher_of(hub)
    try:
        zet(hub, feit("a", 1), feit("a", 2))
        settle(hub, publisher)
        (member,) = hub.projector.members
        admin = KafkaAdminClient(bootstrap_servers=kafka)
        admin.delete_records({TopicPartition(topic_prefix + ZAKEN, 0): 2})
        admin.close()
        broken.clear()
        zet(hub, feit("b", 1))
        settle(hub, publisher)
        assert hub.projector.retry(member, hub.log.head(ZAKEN, "a").id)
        assert gezien(hub) == [1, 2]
    finally:
        publisher.stop()
        hub.close()
        drop_topics(kafka, topic_prefix)


def test_one_zaak_built_again_takes_what_was_seen_however_far_the_topic_ran_ahead(hub, stuur):
    """What is not ours makes Kafka's offsets run ahead of the store's: an event that is still to come is not taken twice."""
    for _ in range(3):
        stuur(key=b"a", value=b"niets")
    zet(hub, feit("a", 1), feit("a", 2))
    settle(hub, hub.publisher)
    zet(hub, feit("a", 3), feit("a", 4))
    done = asyncio.run(herbouw_stroom(hub, "a", Besluit("proef", "iemand")))
    assert done["gebouwd"] == {"teller:1": {"gebeurtenissen": 2, "geparkeerd": 0}}
    assert gezien(hub) == [1, 2]
    settle(hub, hub.publisher)
    assert gezien(hub) == [1, 2, 3, 4]


def test_a_backup_counts_what_was_put_down_and_not_what_lies_in_the_topic(kafka, topic_prefix, tmp_path):
    """Foreign records and repeats make a topic longer than the log: counted along, putting back would not see what is newer."""
    make_topics(kafka, topic_prefix, connectors=discovery.connectors())
    settings = loaded(tmp_path / "hub").model_copy(update={"kafka": access(kafka, topic_prefix)})
    with closing(EmbeddedHub(settings).open()) as hub:
        zet(hub, feit("a", 1), feit("a", 2))
        publisher = publisher_of(hub)
        publisher.catch_up()
        publisher.stop()
    producer = Producer({"bootstrap.servers": kafka})
    for number in range(5):
        producer.produce(topic_prefix + ZAKEN, value=b"niet van ons", key=str(number), partition=0)
    assert producer.flush(20) == 0
    assert maak(settings, tmp_path / "kopie").gebeurtenissen == 2
    drop_topics(kafka, topic_prefix)
