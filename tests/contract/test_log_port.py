# SPDX-License-Identifier: EUPL-1.2
"""One log port, the same on every engine: the table in the store, and Apache Kafka."""

from __future__ import annotations

import pytest
from hub_voor_tests import HERVAT, Klok, VolgFlow, feit, loaded, plugins, zet
from logs import drop_topics, kafka_hub, make_topics, publisher_of, settle

from hub.app import EmbeddedHub
from hub.errors import NotFound
from hub.events import PERSONEN, ZAKEN
from hub.log.partitioner import partition_of

PARTITIES = 3


class Motor:
    """A hub on one engine, opened again and again on the same folder and topics."""

    def __init__(self, open_hub):
        self._open = open_hub
        self.reopen()

    def reopen(self, **more):
        if hasattr(self, "hub"):
            self.hub.close()
        self.hub = self._open(**more).open()
        self.publisher = publisher_of(self.hub)

    def zet(self, *events):
        zet(self.hub, *events)
        self.publish()

    def publish(self):
        if self.publisher:
            self.publisher.catch_up()

    def settle(self):
        settle(self.hub, self.publisher)


@pytest.fixture(params=["tabel", "kafka"])
def motor(request, tmp_path, store):
    made = plugins(flows={"volg": VolgFlow()})
    if request.param == "tabel":
        motor = Motor(lambda **more: EmbeddedHub(loaded(tmp_path, partities=PARTITIES), clock=Klok(), plugins=made, **more))
        yield motor
        motor.hub.close()
        return
    kafka, prefix = request.getfixturevalue("kafka"), request.getfixturevalue("topic_prefix")
    make_topics(kafka, prefix, partities=PARTITIES)
    motor = Motor(lambda **more: kafka_hub(tmp_path, kafka, prefix, partities=PARTITIES, made=made, **more))
    yield motor
    if motor.publisher:
        motor.publisher.stop()
    motor.hub.close()
    drop_topics(kafka, prefix)


def zaken(log):
    return [p for p in log.positions() if p.topic == ZAKEN]


def test_reading_goes_by_topic_partition_and_offset(motor):
    """After -1 comes the beginning; a limit is a limit; what comes back is in order and after what was asked."""
    motor.zet(*(feit(f"zaak-{n % 7}", n) for n in range(40)))
    total = 0
    for position in zaken(motor.hub.log):
        first = motor.hub.log.read(ZAKEN, position.partition, -1, 5)
        rest = motor.hub.log.read(ZAKEN, position.partition, first[-1].offset, 1000) if first else []
        offsets = [record.offset for record in (*first, *rest)]
        assert len(first) <= 5
        assert offsets == list(range(position.head))
        total += len(offsets)
    assert total == 40


def test_reading_starts_anywhere_and_again(motor):
    """Forward, back and at the end: each read stands on its own."""
    motor.zet(*(feit("zaak", n) for n in range(30)))
    here = partition_of("zaak", PARTITIES)

    def read(after, limit):
        return [r.sequence for r in motor.hub.log.read(ZAKEN, here, after, limit)]

    assert read(9, 3) == [11, 12, 13]
    assert read(12, 3) == [14, 15, 16]
    assert read(1, 2) == [3, 4]
    assert read(29, 10) == []
    motor.zet(feit("zaak", 30))
    assert read(29, 10) == [31]


def test_a_partition_holds_its_own_records_only(motor):
    """A stream stands in the partition that every Kafka client with murmur2 picks for its key."""
    motor.zet(*(feit(f"zaak-{n}", n) for n in range(40)))
    for position in zaken(motor.hub.log):
        names = motor.hub.log.streams(r.stream for r in motor.hub.log.read(ZAKEN, position.partition, -1, 1000))
        assert {partition_of(name.key, PARTITIES) for name in names.values()} <= {position.partition}


def test_positions_name_every_partition_and_their_log(motor):
    """Each partition of each topic, its head, and the identity of the log that holds it."""
    positions = motor.hub.log.positions()
    assert {(p.topic, p.partition) for p in positions} == set(motor.hub.log.partitions())
    assert {(t, n) for t in (ZAKEN, PERSONEN) for n in range(PARTITIES)} == {(p.topic, p.partition) for p in positions}
    assert {(p.log_id, p.head) for p in positions} == {(motor.hub.log.identity(p.topic), 0) for p in positions}


def test_the_log_keeps_its_identity(motor):
    """A log is one log for as long as it lives."""
    before = motor.hub.log.identity(ZAKEN)
    motor.reopen()
    assert motor.hub.log.identity(ZAKEN) == before


def test_ends_count_what_was_put_down(motor):
    """What is not in the log yet counts as behind; once all is published the ends are the positions."""
    zet(motor.hub, *(feit(f"zaak-{n % 7}", n) for n in range(20)))
    assert sum(p.head for p in motor.hub.log.ends()) == 20
    motor.publish()
    heads = {(p.topic, p.partition): p.head for p in motor.hub.log.positions()}
    assert {(p.topic, p.partition): p.head for p in motor.hub.log.ends()} == heads


def test_a_record_is_what_was_put_down(motor):
    """Id, sequence, schema, source, time to the microsecond, cause and body: as the store has them."""
    cause = "11111111-2222-3333-4444-555555555555"
    motor.zet(feit("a", 0), feit("a", 1, causationid=cause, correlationid="zaak-a"))
    log, here = motor.hub.log, partition_of("a", PARTITIES)
    stored = log.tail(log.head(ZAKEN, "a").id, 0)
    read = log.read(ZAKEN, here, -1, 10)
    assert [r[1:9] for r in read] == [r[1:9] for r in stored]
    event = log.event(read[1], log.streams([read[1].stream])[read[1].stream])
    assert (event.type, event.key, event.sequence, event.causationid) == (HERVAT, "a", 2, cause)
    assert event.time == motor.hub.clock.now()


def test_a_place_names_one_record(motor):
    """A place goes to topic, partition and record and back; beyond the end there is nothing."""
    motor.zet(*(feit("a", n) for n in range(4)))
    log, here = motor.hub.log, partition_of("a", PARTITIES)
    place = log.place(ZAKEN, here, 2)
    assert log.partition_at(place) == (ZAKEN, here)
    assert log.record_at(place) == log.read(ZAKEN, here, 1, 1)[0]
    assert log.record_at(log.place(ZAKEN, here, 4)) is None


def test_the_stores_own_copy_of_an_event_can_be_read_by_its_place(motor):
    """What fills a hole has a place too, so that it can be parked, fenced and tried again."""
    motor.zet(*(feit("a", n) for n in range(4)))
    log, here = motor.hub.log, partition_of("a", PARTITIES)
    (own,) = log.between(log.head(ZAKEN, "a").id, 2, 4)
    place = log.place(ZAKEN, here, 0) + own.offset
    assert (own.sequence, log.partition_at(place)) == (3, (ZAKEN, here))
    if log.repeats:
        assert log.record_at(place) == own


def test_the_time_after_an_offset(motor):
    """When the first event that is not shown yet was logged; nothing after the end."""
    motor.zet(feit("a", 0))
    motor.hub.clock.verder(hours=1)
    motor.zet(feit("a", 1))
    log, here = motor.hub.log, partition_of("a", PARTITIES)
    times = [record.time_us for record in log.read(ZAKEN, here, -1, 9)]
    assert [log.time_after(ZAKEN, here, offset) for offset in (-1, 0, 1)] == [*times, None]


def test_what_is_not_there_is_said(motor):
    """An unknown stream or partition is no empty answer."""
    with pytest.raises(NotFound):
        motor.hub.log.head(ZAKEN, "bestaat-niet")
    with pytest.raises(NotFound, match="no partition"):
        motor.hub.log.place(ZAKEN, 99, 0)


def test_members_take_everything_once_and_go_on_after_a_restart(motor):
    """Read models and flows stand where they stood, and rebuilt they are the same."""
    motor.zet(*(feit(f"zaak-{n % 7}", n) for n in range(60)))
    motor.settle()
    motor.reopen()
    motor.zet(*(feit(f"zaak-{n % 7}", n) for n in range(60, 100)))
    motor.settle()
    rows = dict(motor.hub.read_model("teller").select("emmen"))
    assert {key: row["gezien"] for key, row in rows.items()} == {
        f"zaak-{k}": list(range(1, 1 + len(range(k, 100, 7)))) for k in range(7)
    }
    assert (motor.hub.projector.behind(), motor.hub.projector.shown_up_to()) == (0, motor.hub.clock.now())
    motor.hub.projector.rebuild()
    assert dict(motor.hub.read_model("teller").select("emmen")) == rows


def test_a_flow_that_begins_on_a_log_with_history_begins_at_its_head(motor):
    """It judges what comes, not what was before it (R7)."""
    motor.zet(feit("a", 0), feit("b", 0))
    motor.settle()
    motor.hub.database.write(lambda db: db.execute("DELETE FROM controlepunt")).result()
    motor.reopen()
    steps = list(motor.hub.flow_runner.steps())
    assert steps == []
