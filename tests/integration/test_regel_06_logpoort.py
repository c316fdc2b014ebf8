# SPDX-License-Identifier: EUPL-1.2
"""R6: the log speaks topic, partition and offset; files that do not belong together are refused with what helps."""

from __future__ import annotations

import shutil

import pytest
from hub_voor_tests import HERVAT, Klok, VolgFlow, feit, loaded, plugins, zet

from hub.app import EmbeddedHub
from hub.discovery import Plugins
from hub.errors import NotFound, Refused
from hub.events import ZAKEN
from hub.log.partitioner import partition_of


def opened(folder, *, partities=3, flows=True, **more):
    made = plugins(flows={"volg": VolgFlow()} if flows else {})
    return EmbeddedHub(loaded(folder, partities=partities), clock=Klok(), plugins=made, **more).open()


@pytest.fixture
def hub(tmp_path):
    hub = opened(tmp_path)
    yield hub
    hub.close()


def test_reading_goes_by_topic_partition_and_offset(hub):
    """After -1 comes the beginning; a limit is a limit; what comes back is in order and after what was asked."""
    zet(hub, *(feit(f"zaak-{n % 7}", n) for n in range(40)))
    total = 0
    for position in (p for p in hub.log.positions() if p.topic == ZAKEN):
        first = hub.log.read(ZAKEN, position.partition, -1, 5)
        rest = hub.log.read(ZAKEN, position.partition, first[-1].offset, 1000) if first else []
        offsets = [record.offset for record in (*first, *rest)]
        assert len(first) <= 5
        assert offsets == list(range(position.head))
        total += len(offsets)
    assert total == 40


def test_a_partition_holds_its_own_records_only(hub):
    """Partitions lie beside each other in one table; reading one never runs into the next."""
    zet(hub, *(feit(f"zaak-{n}", n) for n in range(40)))
    for position in (p for p in hub.log.positions() if p.topic == ZAKEN):
        names = hub.log.streams(r.stream for r in hub.log.read(ZAKEN, position.partition, -1, 1000))
        assert {partition_of(name.key, 3) for name in names.values()} <= {position.partition}
        assert hub.log.read(ZAKEN, position.partition, position.head - 1, 1000) == []


def test_positions_name_the_log(hub):
    """Every partition of every topic, its head, and the one identity of this log."""
    positions = hub.log.positions()
    assert {(p.topic, p.partition) for p in positions} >= {(ZAKEN, 0), (ZAKEN, 1), (ZAKEN, 2)}
    assert {p.log_id for p in positions} == {hub.log.log_id}
    assert len(hub.log.log_id) == 32


def test_the_log_keeps_its_identity(tmp_path):
    """A log is one log for as long as it lives; another folder is another log."""
    ids = []
    for _ in range(2):
        hub = opened(tmp_path / "een")
        ids.append(hub.log.log_id)
        hub.close()
    other = opened(tmp_path / "ander")
    assert ids[0] == ids[1] != other.log.log_id
    other.close()


def test_a_record_carries_the_whole_envelope(hub):
    """Correlation, cause, trace and dataref come back as they were put down, times in UTC to the microsecond."""
    event = feit("a", 1, causationid="11111111-2222-3333-4444-555555555555", correlationid="zaak-a")
    zet(hub, feit("a", 0), event)
    (_, record) = hub.log.tail(1, 0)
    read = hub.log.event(record, hub.log.streams([1])[1])
    assert (read.id, read.type, read.source, read.gemeente, read.topic, read.key) == (
        event.id, HERVAT, event.source, "emmen", ZAKEN, "a",
    )  # fmt: skip
    assert (read.causationid, read.correlationid, read.sequence) == (event.causationid, "zaak-a", 2)
    assert read.time == hub.clock.now()
    assert read.data == event.data


def test_what_is_not_there_is_said(hub):
    """An unknown stream or partition is no empty answer."""
    with pytest.raises(NotFound):
        hub.log.head(ZAKEN, "bestaat-niet")
    with pytest.raises(NotFound, match="no partition"):
        hub.log.read(ZAKEN, 99, -1, 1)


# ------------------------------------------------------------------------------------- files that belong together


def fill(folder, count, *, first=0):
    hub = opened(folder)
    zet(hub, *(feit(f"zaak-{n % 3}", first + n) for n in range(count)))
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    hub.close()


def copy(source, target, names):
    target.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(source / name, target / name)


ALL = ("wissel.db", "leesmodellen.db", "sleutels.db")


def test_an_older_wissel_db_is_refused(tmp_path):
    """The checkpoints of the read models point beyond the end of the log that was put back."""
    fill(tmp_path / "hub", 5)
    copy(tmp_path / "hub", tmp_path / "backup", ALL)
    fill(tmp_path / "hub", 5, first=10)
    copy(tmp_path / "backup", tmp_path / "hub", ["wissel.db"])
    with pytest.raises(Refused, match=r"leesmodellen\.db .*wissel leesmodellen herbouw.*newest wissel\.db"):
        opened(tmp_path / "hub")


def test_an_older_wissel_db_that_went_on_is_refused(tmp_path):
    """After the restore other events were put at the same places: the id at the checkpoint tells."""
    fill(tmp_path / "hub", 5)
    copy(tmp_path / "hub", tmp_path / "backup", ALL)
    fill(tmp_path / "hub", 30, first=10)
    copy(tmp_path / "hub", tmp_path / "later", ["leesmodellen.db"])
    copy(tmp_path / "backup", tmp_path / "hub", ALL)
    fill(tmp_path / "hub", 60, first=1_000)
    copy(tmp_path / "later", tmp_path / "hub", ["leesmodellen.db"])
    with pytest.raises(Refused, match=r"leesmodellen\.db"):
        opened(tmp_path / "hub")


def test_read_models_of_another_log_are_refused(tmp_path):
    """Right offsets, wrong log: its identity stands in the checkpoint."""
    fill(tmp_path / "een", 5)
    fill(tmp_path / "twee", 5)
    copy(tmp_path / "twee", tmp_path / "een", ["leesmodellen.db"])
    with pytest.raises(Refused, match="does not belong to this"):
        opened(tmp_path / "een")


def test_the_command_it_names_helps(tmp_path):
    """Forgetting the read models and building them again gives what the restored log holds, no more and no less."""
    fill(tmp_path / "hub", 5)
    copy(tmp_path / "hub", tmp_path / "backup", ALL)
    fill(tmp_path / "hub", 5, first=10)
    copy(tmp_path / "backup", tmp_path / "hub", ["wissel.db"])
    hub = opened(tmp_path / "hub", forget_read_models=True)
    assert hub.projector.rebuild() == 5
    assert sum(row["aantal"] for _, row in hub.read_model("teller").select("emmen")) == 5
    hub.close()
    opened(tmp_path / "hub").close()


def test_older_read_models_simply_catch_up(tmp_path):
    """An older leesmodellen.db of the same log is behind, not wrong."""
    fill(tmp_path / "hub", 5)
    copy(tmp_path / "hub", tmp_path / "backup", ["leesmodellen.db"])
    fill(tmp_path / "hub", 5, first=10)
    copy(tmp_path / "backup", tmp_path / "hub", ["leesmodellen.db"])
    hub = opened(tmp_path / "hub")
    hub.projector.catch_up()
    assert sum(row["aantal"] for _, row in hub.read_model("teller").select("emmen")) == 10
    hub.close()


def test_other_partition_counts_are_refused(tmp_path):
    """Another count would put a running stream elsewhere and break its order; the message says what to set."""
    fill(tmp_path / "hub", 5)
    with pytest.raises(Refused, match=r"set \[log\] partities = 3"):
        opened(tmp_path / "hub", partities=4)


def test_a_log_of_a_newer_version_is_refused(tmp_path):
    """Rows it does not understand are not touched."""
    hub = opened(tmp_path)
    hub.database.write(lambda db: db.execute("UPDATE meta SET waarde = '99' WHERE naam = 'schema'")).result()
    hub.close()
    with pytest.raises(Refused, match="schema 99"):
        opened(tmp_path)


def test_a_record_of_a_newer_schema_parks_its_stream(tmp_path):
    """An event type that this version does not know stops nobody but its own zaak."""
    hub = opened(tmp_path, partities=1)
    zet(hub, feit("a", 1), feit("a", 2), feit("b", 1))
    hub.database.write(
        lambda db: db.execute(
            "UPDATE gebeurtenis SET schema = 9999, waarde = x'000000270f00' WHERE stroom = 1 AND volgnummer = 1"
        )
    ).result()
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "a") is None
    assert hub.read_model("teller").get("emmen", "b")["aantal"] == 1
    assert isinstance(hub.plugins, Plugins)
    hub.close()
