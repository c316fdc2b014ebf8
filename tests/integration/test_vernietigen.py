# SPDX-License-Identifier: EUPL-1.2
"""Destroying a key makes what it sealed unreadable everywhere, is told in every stream it touched, and is never undone."""

from __future__ import annotations

import shutil
import time
from functools import partial

import pytest
from hub_voor_tests import HERVAT, MASTER_KEY, TELLER, Klok, VolgFlow, feit, gemeente, loaded, plugins, zet

from hub.app import EmbeddedHub
from hub.errors import KeyDestroyed, Refused
from hub.events import Event, fact_id
from hub.keys import DataKey, KeyRef, KeyStore
from hub.leesmodel import sealed_rows
from hub.plugins import Projection, Sealed
from hub.store import opening
from hub.store.put import StoreTx
from hub.vernietigen import Vernietiging

pytestmark = pytest.mark.usefixtures("store")

ANNA, BOB = "a" * 32, "b" * 32
NAAM = {"naam": "Zonneschijn"}
VERNIETIGD = "nl.wissel.sleutel.vernietigd.v1"

BEWAAR = Projection(
    name="bewaar",
    version=1,
    topics=TELLER.topics,
    handlers={HERVAT: lambda row, event: {"elementen": [*(row or {"elementen": []})["elementen"], *sealed_rows(event)]}},
)


def opened(folder):
    both = (gemeente(), gemeente("zwolle"))
    made = plugins({"bewaar": BEWAAR}, flows={"volg": VolgFlow()})
    return EmbeddedHub(loaded(folder, both), clock=Klok(), plugins=made).open()


@pytest.fixture
def hub(tmp_path):
    hub = opened(tmp_path)
    yield hub
    hub.close()


def told(hub):
    """The streams that were told, with how often."""
    query = (
        "SELECT s.gemeente, s.sleutel, count(*) FROM gebeurtenis g JOIN stroom s ON s.id = g.stroom"
        " WHERE g.schema = ? GROUP BY 1, 2 ORDER BY 1, 2"
    )
    number = hub.codec._registry.by_type(VERNIETIGD).id
    return hub.read_now(lambda tx: tx.all(query, (number,)))


def fill(hub):
    zet(
        hub,
        feit("zaak-1", 1, besloten={ANNA: NAAM, BOB: NAAM}),
        feit("zaak-2", 1, besloten={ANNA: NAAM}),
        feit("zaak-3", 1, besloten={BOB: NAAM}),
        feit("zaak-4", 1, slug="zwolle", besloten={ANNA: NAAM}),
    )
    hub.projector.catch_up()
    hub.flow_runner.catch_up()


def test_it_is_unreadable_in_log_state_and_read_model(hub):
    """One person's part is gone everywhere; the other's, and that of another gemeente, is untouched."""
    fill(hub)
    assert hub.vernietiging.van_subject("emmen", ANNA) == 2
    hub.projector.catch_up()
    state, _ = hub.flow_state("volg", gemeente="emmen", key="zaak-1")
    assert state[0].besloten == {ANNA: None, BOB: NAAM}
    rows = hub.read_model("bewaar").get("emmen", "zaak-1")["elementen"]
    assert [hub.vault.open(Sealed(*row)) for row in rows] == [None, (BOB, NAAM)]
    other, _ = hub.flow_state("volg", gemeente="zwolle", key="zaak-4")
    assert other[0].besloten == {ANNA: NAAM}


def test_every_stream_it_touched_is_told_once(hub):
    """Also when asked again: the fact stands once in each, with the id that follows from key, topic and stream."""
    fill(hub)
    keys = hub.keys.of_subject("emmen", ANNA)
    assert hub.vernietiging.sleutels(keys) == 2
    assert hub.vernietiging.sleutels(keys) == 0
    assert hub.vernietiging.hervat() == 0
    assert told(hub) == [("emmen", "zaak-1", 1), ("emmen", "zaak-2", 1)]
    state, _ = hub.flow_state("volg", gemeente="emmen", key="zaak-2")
    last: Event = state[-1]
    assert (last.type, last.id) == (VERNIETIGD, fact_id(keys[0], "wissel.zaken", "zaak-2"))
    assert last.data == {"keyId": keys[0]}


def test_state_in_memory_does_not_outlive_the_key(hub):
    """What a flow keeps of a stream to save reading is folded anew once the stream is told."""
    fill(hub)
    stream = hub.log.head("wissel.zaken", "zaak-2").id
    cache = hub.flow_runner.member("volg").cache
    assert "Zonneschijn" in repr(cache[stream])
    hub.vernietiging.van_subject("emmen", ANNA)
    hub.flow_runner.catch_up()
    assert "Zonneschijn" not in repr(cache[stream])
    assert len(cache[stream][0]) == 2


def test_more_streams_than_one_page(hub):
    """A subject of many zaken: each is told, page by page."""
    zet(hub, *(feit(f"zaak-{n:04}", 1, besloten={ANNA: NAAM}) for n in range(450)))
    assert hub.vernietiging.van_subject("emmen", ANNA) == 450
    assert [count for _, _, count in told(hub)] == [1] * 450


@pytest.mark.parametrize("moment", ["marked", "destroyed", "half told"])
def test_a_crash_resumes_from_the_mark(tmp_path, monkeypatch, moment):
    """Wherever it stopped, the next start finishes it: key gone, every stream told once."""
    hub = opened(tmp_path)
    zet(hub, *(feit(f"zaak-{n:04}", 1, besloten={ANNA: NAAM}) for n in range(250)))
    tell = hub.vernietiging._tell_page

    def stop(*_):
        raise KeyboardInterrupt

    def half(*arguments):
        tell(*arguments)
        raise KeyboardInterrupt

    target, name, what = {
        "marked": (hub.keys, "destroy", stop),
        "destroyed": (hub.vernietiging, "_tell_page", stop),
        "half told": (hub.vernietiging, "_tell_page", half),
    }[moment]
    monkeypatch.setattr(target, name, what)
    with pytest.raises(KeyboardInterrupt):
        hub.vernietiging.van_subject("emmen", ANNA)
    monkeypatch.undo()
    hub.close()
    hub = opened(tmp_path)
    assert hub.keys.of_subject("emmen", ANNA) == []
    assert len(told(hub)) == 250
    assert {count for _, _, count in told(hub)} == {1}
    hub.close()


def test_put_refuses_what_was_sealed_before_the_mark(hub):
    """Between sealing and putting the key was destroyed: it does not slip in; sealed again it goes in with a new key."""
    fill(hub)
    late = hub.seal([feit("zaak-5", 1, besloten={ANNA: NAAM})])
    hub.vernietiging.van_subject("emmen", ANNA)
    with pytest.raises(KeyDestroyed):
        hub.database.write(lambda db: StoreTx(db, hub.tables, hub.clock.now()).put(late)).result()
    zet(hub, feit("zaak-5", 1, besloten={ANNA: NAAM}))
    state, _ = hub.flow_state("volg", gemeente="emmen", key="zaak-5")
    assert state[0].besloten == {ANNA: NAAM}


@pytest.mark.bestanden
def test_a_restored_key_file_has_it_destroyed_again(tmp_path):
    """Putting back a backup of sleutels.db from before does not bring anybody's data back."""
    hub = opened(tmp_path)
    fill(hub)
    hub.close()
    shutil.copy(tmp_path / "sleutels.db", tmp_path / "backup")
    hub = opened(tmp_path)
    hub.vernietiging.van_subject("emmen", ANNA)
    hub.close()
    shutil.copy(tmp_path / "backup", tmp_path / "sleutels.db")
    hub = opened(tmp_path)
    state, _ = hub.flow_state("volg", gemeente="emmen", key="zaak-1")
    assert state[0].besloten == {ANNA: None, BOB: NAAM}
    assert told(hub) == [("emmen", "zaak-1", 1), ("emmen", "zaak-2", 1)]
    hub.close()


@pytest.mark.bestanden
def test_a_key_file_from_before_a_destroyed_key_was_made_is_normal(tmp_path):
    """The only key that the restored file misses was destroyed meanwhile: nothing readable is lost, so the hub starts."""
    hub = opened(tmp_path)
    zet(hub, feit("zaak-3", 1, besloten={BOB: NAAM}))
    hub.close()
    shutil.copy(tmp_path / "sleutels.db", tmp_path / "backup")
    hub = opened(tmp_path)
    zet(hub, feit("zaak-1", 1, besloten={ANNA: NAAM}))
    hub.vernietiging.van_subject("emmen", ANNA)
    hub.close()
    shutil.copy(tmp_path / "backup", tmp_path / "sleutels.db")
    hub = opened(tmp_path)
    state, _ = hub.flow_state("volg", gemeente="emmen", key="zaak-1")
    assert list(state[0].besloten.values()) == [None]
    hub.close()


@pytest.mark.bestanden
@pytest.mark.parametrize("at_once", [1, 2, 5_000])
def test_an_older_key_file_is_refused(tmp_path, monkeypatch, at_once):
    """A key that the log was sealed with is missing and not destroyed, on whatever page: refuse, and name the backup."""
    monkeypatch.setattr(opening, "_KEYS_AT_ONCE", at_once)
    hub = opened(tmp_path)
    zet(hub, feit("zaak-3", 1, besloten={BOB: NAAM, **{f"{n:032x}": NAAM for n in range(3)}}))
    hub.close()
    shutil.copy(tmp_path / "sleutels.db", tmp_path / "backup")
    hub = opened(tmp_path)
    zet(hub, feit("zaak-1", 1, besloten={ANNA: NAAM}))
    hub.close()
    shutil.copy(tmp_path / "backup", tmp_path / "sleutels.db")
    with pytest.raises(Refused, match=r"sleutels\.db misses 1 key\(s\).*newest backup of sleutels\.db"):
        opened(tmp_path)


@pytest.mark.parametrize("died", [False, True])
def test_no_process_opens_it_any_more_once_it_is_told(hub, monkeypatch, died):
    """Another process keeps a key for a while after it was destroyed: its streams are told when that while is over."""
    monkeypatch.setattr("hub.keys.CACHE_S", 0.4)
    fill(hub)
    (key_id,) = hub.keys.of_subject("emmen", ANNA)
    elsewhere = KeyStore(hub.keys._database, MASTER_KEY)
    shared = Vernietiging(
        database=hub.database,
        keys=hub.keys,
        door=hub.door,
        tables=hub.tables,
        gemeenten=hub.gemeenten,
        clock=hub.clock,
        cached_s=0.4,
    )
    readable, tell = [], shared._tell_page

    def telling(*page):
        readable.append(elsewhere.by_id(key_id).cipher is not None)
        return tell(*page)

    if died:
        monkeypatch.setattr(shared, "_tell", lambda _: 0)
        shared.sleutels([key_id])
        monkeypatch.setattr(shared, "_tell", partial(Vernietiging._tell, shared))
        elsewhere._by_id[key_id] = (time.monotonic(), DataKey(key_id, KeyRef("emmen", ANNA, "zaak"), object()))
    else:
        assert elsewhere.by_id(key_id).cipher is not None
    monkeypatch.setattr(shared, "_tell_page", telling)
    assert shared.hervat() if died else shared.sleutels([key_id])
    assert readable == [False]
