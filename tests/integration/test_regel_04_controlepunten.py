# SPDX-License-Identifier: EUPL-1.2
"""R4: a member moves its checkpoint by compare-and-set before anything else; live projections go in lockstep."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hub_voor_tests import HERVAT, TELLER, Klok, VolgFlow, feit, loaded, plugins, tel, zet

from hub import checkpoints
from hub.app import EmbeddedHub
from hub.errors import LostRace
from hub.projector import Projector
from hub.store.base import StoreUnavailable

pytestmark = pytest.mark.usefixtures("store")

TWEEDE = replace(TELLER, name="tweede")


def opened(folder, projections=(TELLER,), flows=(), **more):
    made = plugins({p.name: p for p in projections}, flows={f.name: f for f in flows})
    return EmbeddedHub(loaded(folder, partities=1), clock=Klok(), plugins=made, **more).open()


@pytest.fixture
def hub(tmp_path):
    hub = opened(tmp_path, (TELLER, TWEEDE), (VolgFlow(),))
    yield hub
    hub.close()


def second_projector(hub):
    """Another worker on the same files, as after losing a partition without knowing it yet."""
    return Projector(log=hub.log, builds=hub.builds, bookkeeping=hub.database, clock=hub.clock)


def test_a_checkpoint_moves_only_from_where_it_was_read(hub):
    """The second of two who read the same checkpoint gets nothing done."""
    place = hub.log.place("wissel.zaken", 0, 0)
    point = checkpoints.Checkpoint("lid", place >> 40, place)

    def move(point, offset):
        arguments = {"offset": offset, "event_id": b"e", "log_id": "l"}
        return hub.members.write(lambda db: checkpoints.move(db, point, **arguments)).result()

    moved = move(point, 5)
    for late in (point, replace(moved, epoch=moved.epoch - 1), replace(moved, offset=4)):
        with pytest.raises(LostRace):
            move(late, 6)
    assert move(moved, 6).offset == 6


def test_a_worker_that_lost_its_partition_writes_nothing_twice(hub):
    """Two workers on one log, both awake: each event is counted once, whoever gets there first."""
    other = second_projector(hub)
    zet(hub, feit("a", 1), feit("a", 2))
    other.catch_up()
    hub.projector.catch_up()
    zet(hub, feit("a", 3))
    hub.projector.catch_up()
    other.catch_up()
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1, 2, 3]


def test_a_worker_that_was_overtaken_mid_batch_rolls_back(hub, monkeypatch):
    """Between reading and writing a batch somebody else did it: the late one's rows do not land, and it goes on from there."""
    other = second_projector(hub)
    zet(hub, feit("a", 1))
    decode = hub.projector._decoder.batch

    def overtaken(*arguments):
        monkeypatch.undo()
        other.catch_up()
        return decode(*arguments)

    monkeypatch.setattr(hub.projector._decoder, "batch", overtaken)
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1]


def test_a_flow_that_was_overtaken_decides_nothing(hub, monkeypatch):
    """The same for a flow: its late answers are dropped with its checkpoint."""
    zet(hub, feit("a", 1))
    read = hub.log.read

    def overtaken(*arguments):
        monkeypatch.undo()
        found = read(*arguments)
        hub.database.write(lambda db: db.execute("UPDATE controlepunt SET epoch = epoch + 1, plaats = plaats + 1")).result()
        return found

    monkeypatch.setattr(hub.log, "read", overtaken)
    assert hub.flow_runner.catch_up() == 0


def looked_at(hub, runner, monkeypatch):
    """Another thread asks where all stand, while the partitions are another process's."""
    with monkeypatch.context() as lost:
        lost.setattr(hub.log, "assigned", lambda *_: False)
        runner.look_elsewhere()


def test_who_looks_on_brings_no_overtaken_worker_further(hub, monkeypatch):
    """What it read before it lost its partition does not land after all, and the position does not go back."""
    other = second_projector(hub)
    zet(hub, feit("a", 1))
    decode = hub.projector._decoder.batch

    def overtaken(*arguments):
        monkeypatch.undo()
        zet(hub, feit("a", 2), feit("a", 3))
        other.catch_up()
        looked_at(hub, hub.projector, monkeypatch)
        assert {offset for name, *_, offset in hub.projector.positions() if name.startswith("teller")} == {2}
        return decode(*arguments)

    monkeypatch.setattr(hub.projector._decoder, "batch", overtaken)
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1, 2, 3]


def test_who_looks_on_brings_no_overtaken_flow_further(hub, monkeypatch):
    """The same for a flow: what it judged before is not put down from where another process stands now."""
    zet(hub, feit("a", 1))
    read = hub.log.read

    def overtaken(*arguments):
        monkeypatch.undo()
        found = read(*arguments)
        hub.database.write(lambda db: db.execute("UPDATE controlepunt SET epoch = epoch + 1, plaats = plaats + 1")).result()
        looked_at(hub, hub.flow_runner, monkeypatch)
        assert {offset for *_, offset in hub.flow_runner.positions()} == {0}
        return found

    monkeypatch.setattr(hub.log, "read", overtaken)
    assert hub.flow_runner.catch_up() == 0


def test_redelivery_below_the_checkpoint_is_nothing(hub):
    """Waking up again and again takes nothing twice."""
    zet(hub, feit("a", 1))
    assert [hub.projector.catch_up() for _ in range(3)] == [1, 0, 0]
    assert hub.read_model("teller").get("emmen", "a")["aantal"] == 1


def test_a_checkpoint_remembers_place_epoch_event_and_log(hub):
    """What R6 compares at the next start is written down in the same row."""
    zet(hub, feit("a", 1), feit("a", 2))
    hub.projector.catch_up()
    with hub.members.reader() as db:
        (lid, plaats, epoch, event_id, log_id) = db.execute(
            "SELECT lid, plaats, epoch, gebeurtenis, log_id FROM controlepunt WHERE lid = 'teller:1'"
        ).fetchone()
    last = hub.log.read("wissel.zaken", 0, -1, 10)[-1]
    assert (lid, plaats, event_id, log_id) == ("teller:1", hub.log.place("wissel.zaken", 0, 1), last.event_id, hub.log.log_id)
    assert epoch >= 1


@pytest.mark.bestanden
def test_rows_and_checkpoint_stand_or_fall_together(hub):
    """A batch that is rolled back moved no checkpoint, in the file or in memory; the next try takes it whole."""
    zet(hub, *(feit(f"zaak-{n}", n) for n in range(1_000)))
    pages = hub.members.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0]).result()
    hub.members.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}")).result()
    with pytest.raises(StoreUnavailable, match="full"):
        hub.projector.catch_up()
    assert hub.projector.behind() == 1_000
    hub.members.write(lambda db: db.execute("PRAGMA max_page_count = 100000")).result()
    assert hub.projector.catch_up() == 1_000
    assert hub.read_model("teller").tally("emmen", "aantal") == {1: 1_000}


@pytest.mark.bestanden
def test_live_projections_go_in_lockstep(hub):
    """All projections show the same moment: one transaction moves them together, or none of them."""
    zet(hub, *(feit("a", n) for n in range(5)))
    moves = []
    kind = re.compile(r"(COMMIT)|(?:INSERT INTO|UPDATE) (controlepunt)")
    trace = lambda s: moves.extend(f[1] or f[2] for f in [kind.match(s)] if f)  # noqa: E731
    hub.members.write(lambda db: db.set_trace_callback(trace)).result()
    moves.clear()
    hub.projector.catch_up()
    assert moves[:3] == ["controlepunt", "controlepunt", "COMMIT"]


def test_a_new_projection_catches_up_and_then_goes_along(tmp_path):
    """It starts at the beginning by itself, without holding the others up or being skipped past anything."""
    hub = opened(tmp_path)
    zet(hub, *(feit("a", n) for n in range(2_500)))
    hub.projector.catch_up()
    hub.close()
    hub = opened(tmp_path, (TELLER, TWEEDE))
    zet(hub, *(feit("a", n) for n in range(2_500, 2_600)))
    old, new = hub.projector.members
    while hub.projector.behind():
        for step in hub.projector.steps():
            step()
            assert all(new.points[where].offset <= point.offset for where, point in old.points.items())
    for name in ("teller", "tweede"):
        assert hub.read_model(name).get("emmen", "a")["aantal"] == 2_600
    offsets = {offset for _, _, _, offset in hub.projector.positions()}
    assert len(offsets) <= 2  # the topic without events, and one shared place
    hub.close()


def test_a_new_version_is_built_beside_the_old_one(tmp_path):
    """Version 2 has rows and a checkpoint of its own; version 1's are untouched."""
    hub = opened(tmp_path)
    zet(hub, feit("a", 1))
    hub.projector.catch_up()
    hub.close()
    hub = opened(tmp_path, (replace(TELLER, version=2),))
    hub.projector.catch_up()
    with hub.members.reader() as db:
        assert (
            db.execute("SELECT count(*) FROM teller_v1").fetchone() == db.execute("SELECT count(*) FROM teller_v2").fetchone()
        )
    hub.close()


def test_readers_see_the_old_version_until_the_new_one_has_caught_up(tmp_path):
    """A new version starts empty: nobody sees it before it has taken all that the old one had taken."""
    hub = opened(tmp_path)
    zet(hub, feit("a", 1), feit("a", 2))
    hub.projector.catch_up()
    hub.close()
    new = replace(TELLER, version=2, handlers={HERVAT: lambda row, event: {**tel(row, event), "nieuw": True}})
    hub = opened(tmp_path, (new,))
    zet(hub, feit("a", 3))
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1, 2]
    assert hub.freshness().achter == 1
    hub.projector.catch_up()
    row = hub.read_model("teller").get("emmen", "a")
    assert (row["gezien"], row["nieuw"], hub.freshness().achter) == ([1, 2, 3], True, 0)
    hub.close()
