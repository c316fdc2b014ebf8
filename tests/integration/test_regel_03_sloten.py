# SPDX-License-Identifier: EUPL-1.2
"""R3: locks in one order everywhere; keys, text and sealing before the transaction; a lost race is run again whole."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field

import pytest
from hub_voor_tests import OPGESCHORT, TELLER, Klok, VolgFlow, feit, loaded, plugins, zet

from hub.app import EmbeddedHub
from hub.errors import KeyDestroyed, LostRace
from hub.events import ZAKEN
from hub.flows.base import Feit, Opdracht, Termijn
from hub.flows.runner import BATCH_EVENTS
from hub.store.put import StoreTx

pytestmark = pytest.mark.usefixtures("store")

OF_PUT = {"stroom", "bron", "gebeurtenis", "partitie", "sleutel_stroom"}
OPEN = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}


class X:
    name, settings_model, tables = "x", None, ""


def answers_once(seen):
    """An event, an opdracht and a term, once per stream: everything a flow can put down."""
    if any(e.type == OPGESCHORT for e in seen):
        return ()
    return [
        Feit(type=OPGESCHORT, step="feit", data=OPEN, besloten={"p": {"naam": "x"}}),
        Opdracht(connector="x", soort="doe", step="doe"),
        Termijn(naam="t", vervalt=seen[0].time),
    ]


@pytest.fixture
def hub(tmp_path):
    made = plugins(flows={"volg": VolgFlow(answers_once)}, connectors={"x": X()})
    opened = EmbeddedHub(loaded(tmp_path, partities=1), clock=Klok(), plugins=made).open()
    yield opened
    opened.close()


@dataclass
class Trace:
    """The statements that write, per transaction, as the writer ran them: (verb, table)."""

    transactions: list[list[tuple[str, str]]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    def __call__(self, statement):
        if statement.startswith("BEGIN"):
            self.transactions.append([])
            self.begun.append(statement)
        elif found := re.match(r"(INSERT)(?: OR \w+)? INTO (\w+)|(UPDATE) (\w+)|(DELETE) FROM (\w+)", statement):
            verb, table = (group for group in found.groups() if group)
            self.transactions[-1].append((verb, table))


def traced(database, work):
    trace = Trace()
    database.write(lambda db: db.set_trace_callback(trace)).result()
    work()
    database.write(lambda db: db.set_trace_callback(None)).result()
    assert set(trace.begun) == {"BEGIN IMMEDIATE"}  # a lock that is taken halfway is a deadlock waiting to happen
    return [tables for tables in trace.transactions if tables]


@pytest.mark.bestanden
def test_a_flow_writes_checkpoint_then_rows_then_log(hub):
    """First the checkpoint, then ledger and terms, last what put writes: two transactions never wait for each other."""
    zet(hub, feit("a", 1))
    (first, *_) = traced(hub.database, hub.flow_runner.catch_up)
    tables = [table for _, table in first]
    of_put = [number for number, table in enumerate(tables) if table in OF_PUT]
    assert tables[0] == "controlepunt"
    assert set(tables[1 : of_put[0]]) == {"opdracht", "termijn"}
    assert set(tables[of_put[0] :]) <= OF_PUT
    assert "gebeurtenis" in tables


@pytest.mark.bestanden
def test_a_projection_writes_its_checkpoint_first(hub):
    """The compare-and-set comes before any row is loaded or written: who lost the partition writes nothing."""
    zet(hub, feit("a", 1))
    for transaction in traced(hub.members, hub.projector.catch_up):
        assert transaction[0][1] == "controlepunt"
        assert transaction[-1][1] != "controlepunt"


def test_keys_are_made_and_elements_sealed_before_the_transaction(hub, monkeypatch):
    """No key is asked for, and nothing is sealed or encoded, in a writer's thread."""
    writers = []

    def watch(target, name):
        original = getattr(target, name)

        def watched(*args, **kwargs):
            if threading.current_thread().name.startswith("schrijver"):
                writers.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(target, name, watched)

    watch(hub.keys, "current")
    watch(hub.codec, "_encode")
    zet(hub, feit("a", 1, besloten={"q": {"naam": "x"}}))
    hub.flow_runner.catch_up()
    assert hub.read_now(lambda tx: tx.one("SELECT count(*) FROM opdracht")) == (1,)
    assert writers == []


@pytest.mark.bestanden
def test_a_parked_stream_is_sealed_before_its_transaction_too(hub, monkeypatch):
    """A retry by an operator keeps to the same order."""
    flow = hub.plugins.flows["volg"]
    flow.regel = lambda _seen: 1 / 0
    zet(hub, feit("a", 1))
    hub.flow_runner.catch_up()
    flow.regel = answers_once
    encode, threads = hub.codec._encode, []
    monkeypatch.setattr(hub.codec, "_encode", lambda *a: threads.append(threading.current_thread().name) or encode(*a))
    transactions = traced(hub.database, lambda: hub.flow_runner.retry("volg", 1))
    assert transactions[0][0][1] == "controlepunt"
    assert threads
    assert not any(name.startswith("schrijver") for name in threads)


def test_a_lost_race_is_run_again_on_fresh_state(hub):
    """Somebody moved a flow's and a projection's checkpoint: both read it again and go on, instead of stopping for good."""
    zet(hub, feit("a", 1))
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    for database in (hub.database, hub.members):
        database.write(lambda db: db.execute("UPDATE controlepunt SET epoch = epoch + 5")).result()
    zet(hub, feit("a", 2))
    hub.flow_runner.catch_up()
    hub.projector.catch_up()
    assert hub.projector.behind() == 0
    assert hub.read_model("teller").get("emmen", "a")["aantal"] == 3  # two facts and what the flow put


def test_a_key_destroyed_meanwhile_seals_again(hub, monkeypatch):
    """put refuses what was sealed with a key that was marked; the flow seals again with a new one and loses nothing."""
    zet(hub, feit("a", 1))
    original, times = hub.codec.seal, []

    def seal(events, **more):
        sealed = original(events, **more)
        if sealed and not times:
            times.append(1)
            doomed = [key for one in sealed for key in one.key_ids]
            mark = "INSERT INTO sleutel_vernietigd VALUES (?, 0, 0)"
            hub.database.write(lambda db: db.executemany(mark, [(k,) for k in doomed])).result()
            hub.keys.destroy(doomed)
        return sealed

    monkeypatch.setattr(hub.codec, "seal", seal)
    with pytest.raises(KeyDestroyed):
        hub.flow_runner.catch_up()
    hub.flow_runner.catch_up()
    assert hub.read_now(lambda tx: tx.one("SELECT count(*) FROM opdracht")) == (1,)


def test_a_batch_of_a_flow_ends_at_its_limit(hub):
    """A transaction on wissel.db never covers more: webhooks wait behind it."""
    assert BATCH_EVENTS <= 1_000
    zet(hub, *(feit("a", n) for n in range(BATCH_EVENTS + 1)))
    step = next(iter(hub.flow_runner.steps()))
    assert step() == BATCH_EVENTS


def test_a_batch_of_a_flow_ends_after_twenty_milliseconds(hub):
    """A slow flow gives the file back in time, and takes the rest in the next batch."""
    flow = hub.plugins.flows["volg"]
    flow.regel = lambda _seen: time.sleep(0.015) or ()
    zet(hub, *(feit(f"zaak-{n}", n) for n in range(10)))
    step = next(iter(hub.flow_runner.steps()))
    taken = [step() for _ in range(10)]
    assert max(taken) <= 3
    assert sum(taken) == 10


@pytest.mark.bestanden
def test_what_put_writes_is_sorted(hub):
    """Rows go in in the order of their key, whatever the order of the streams: pages are touched once."""
    sealed = hub.seal([feit(f"zaak-{n}", n) for n in (5, 3, 9, 1)])
    places = []

    def work(db):
        db.set_trace_callback(
            lambda s: (
                places.append(int(re.search(r"VALUES \((\d+)", s)[1])) if s.startswith("INSERT INTO gebeurtenis") else None
            )
        )
        StoreTx(db, hub.tables, hub.clock.now()).put(sealed)
        db.set_trace_callback(None)

    hub.database.write(work).result()
    assert len(places) == 4
    assert places == sorted(places)


def test_stale_decisions_are_no_error(hub):
    """A command judged on a stream that moved meanwhile is told so as a race, which is Transient."""
    zet(hub, feit("a", 1))
    with pytest.raises(LostRace):
        zet(hub, feit("a", 2), expected={(ZAKEN, "a"): 0})
    assert TELLER.version == 1
