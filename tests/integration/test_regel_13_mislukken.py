# SPDX-License-Identifier: EUPL-1.2
"""R13: what cannot be processed is parked with its successors, visibly; everything else goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hub_voor_tests import (
    DUBBEL,
    HERVAT,
    OPGESCHORT,
    TELLER,
    Klok,
    VolgFlow,
    feit,
    gemeente,
    in_dialect,
    loaded,
    plugins,
    tel,
    zet,
)
from motor import Doener, Verbinding, draait, tot
from motor import opened as met_verbinding

from hub import parking
from hub.app import EmbeddedHub
from hub.desk import Desk
from hub.errors import Invalid, KeyMissing, NotFound, Poison, Transient
from hub.events import ZAKEN, outcome_id
from hub.flows.base import Feit
from hub.store.base import StoreUnavailable

pytestmark = pytest.mark.usefixtures("store")

OPEN = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}
TWEEDE = replace(TELLER, name="tweede")
WHY = {"reden": "uitgezocht met de leverancier", "door": "beheerder"}


class Kapot:
    """Raises on the events it is told to, until it is mended."""

    def __init__(self, *numbers, error=None):
        self.numbers, self.error = set(numbers), error or ValueError("met 999990019 erin")

    def __call__(self, row, event):
        if event.sequence in self.numbers:
            raise self.error
        return tel(row, event)


def opened(folder, *projections, flow=None):
    made = plugins({p.name: p for p in projections or (TELLER,)}, flows={"volg": flow} if flow else {})
    both = (gemeente(), gemeente("zwolle"))
    return EmbeddedHub(loaded(folder, both, partities=1), clock=Klok(), plugins=made).open()


@pytest.fixture
def make(tmp_path):
    hubs = []

    def open_with(*projections, **more):
        hubs.append(opened(tmp_path, *projections, **more))
        return hubs[-1]

    yield open_with
    for hub in hubs:
        hub.close()


def broken(kapot, **changes):
    return replace(TELLER, handlers={HERVAT: kapot, OPGESCHORT: tel}, **changes)


def parked(hub, lid="teller:1"):
    database = hub.database if lid.startswith("flow:") else hub.members
    with database.reader() as db:
        return [(p.volgnummer, p.oorzaak) for p in parking.parked_of(db, lid)]


def seen(hub, key="a", model="teller"):
    row = hub.read_model(model).get("emmen", key)
    return row["gezien"] if row else []


def retry(hub, nummer="teller:1/1"):
    return asyncio.run(Desk(hub).retry(nummer, **WHY))


def skip(hub, nummer="teller:1/1"):
    return asyncio.run(Desk(hub).skip(nummer, **WHY))


# ------------------------------------------------------------------------------------------- parking in a projection


def test_the_failed_event_and_its_successors_wait_and_the_rest_goes_on(make):
    """Its own stream for this projection; not the other streams, not the other projections."""
    hub = make(broken(Kapot(2)), TWEEDE)
    zet(hub, *(feit("a", n) for n in range(3)), *(feit("b", n) for n in range(3)))
    hub.projector.catch_up()
    assert parked(hub) == [(2, "ValueError"), (3, None), (2, "ValueError"), (3, None)]
    hub.close()
    hub = make(broken(Kapot(2)), TWEEDE)
    assert seen(hub) == [1]
    assert seen(hub, model="tweede") == seen(hub, "b", "tweede") == [1, 2, 3]


def test_only_the_stream_that_failed_waits(make):
    """A poisoned zaak beside a healthy one in the same batch."""

    def kapot(row, event):
        if event.key == "a" and event.sequence == 2:
            raise ValueError
        return tel(row, event)

    hub = make(broken(kapot))
    zet(hub, *(feit(key, n) for n in range(4) for key in "ab"))
    hub.projector.catch_up()
    assert (seen(hub), seen(hub, "b")) == ([1], [1, 2, 3, 4])
    assert hub.projector.behind() == 0


def test_what_comes_later_waits_too_also_after_a_restart(make):
    """Order per stream holds: nothing is applied past a hole."""
    hub = make(broken(Kapot(2)))
    zet(hub, feit("a", 1), feit("a", 2))
    hub.projector.catch_up()
    zet(hub, feit("a", 3))
    hub.projector.catch_up()
    hub.close()
    hub = make(TELLER)
    zet(hub, feit("a", 4))
    hub.projector.catch_up()
    assert seen(hub) == [1]
    assert parked(hub) == [(2, "ValueError"), (3, None), (4, None)]


def test_the_cause_is_told_without_what_was_in_it(make):
    """Kind and place of a foreign error, our own words of our own errors; never a burgerservicenummer."""
    hub = make(broken(Kapot(1)), replace(broken(Kapot(1, error=Poison("bsn 999990019 mag hier niet"))), name="eigen"))
    zet(hub, feit("a", 1))
    hub.projector.catch_up()
    entries = {entry.lid: entry for entry in Desk(hub).list()}
    foreign, own = entries["teller:1"], entries["eigen:1"]
    assert (foreign.oorzaak, foreign.uitleg) == ("ValueError", "onverwachte fout van soort ValueError")
    assert (own.oorzaak, own.uitleg) == ("Poison", "bsn *** mag hier niet")
    assert "test_regel_13" in foreign.stapel
    assert "999990019" not in repr(entries)
    assert (foreign.sleutel, foreign.gemeente, foreign.soort, foreign.pogingen) == ("a", "emmen", HERVAT, 1)


def test_a_projection_cannot_stop_itself_by_calling_it_transient(make):
    """A pure function has nothing to wait for: whatever it raises parks, so that the others are not held up for ever."""
    hub = make(broken(Kapot(1, error=Transient("even geduld"))))
    zet(hub, feit("a", 1), feit("b", 2))
    hub.projector.catch_up()
    assert hub.projector.behind() == 0
    assert parked(hub)[0] == (1, "Transient")


# ---------------------------------------------------------------------------------------------------- retry and skip


def test_a_retry_applies_what_waited_in_order(make):
    """With the code mended, everything of the stream is applied, and the stream goes on by itself."""
    kapot = Kapot(2)
    hub = make(broken(kapot))
    zet(hub, *(feit("a", n) for n in range(4)))
    hub.projector.catch_up()
    kapot.numbers.clear()
    assert retry(hub) is True
    zet(hub, feit("a", 9))
    hub.projector.catch_up()
    assert seen(hub) == [1, 2, 3, 4, 5]
    assert parked(hub) == []


def test_a_retry_stops_at_the_first_that_fails_again(make):
    """What goes goes; from there on the rest waits, with since when and how often."""
    kapot = Kapot(2, 4)
    hub = make(broken(kapot))
    zet(hub, *(feit("a", n) for n in range(5)))
    hub.projector.catch_up()
    since = Desk(hub).show("teller:1/1").sinds
    hub.clock.verder(hours=1)
    assert retry(hub) is False
    assert Desk(hub).show("teller:1/1").pogingen == 2
    kapot.numbers = {4}
    assert retry(hub) is False
    assert seen(hub) == [1, 2, 3]
    assert parked(hub) == [(4, "ValueError"), (5, None)]
    assert Desk(hub).show("teller:1/1").sinds == since
    kapot.numbers.clear()
    assert retry(hub) is True
    assert seen(hub) == [1, 2, 3, 4, 5]


def test_a_retry_during_live_work_counts_nothing_twice(make):
    """The stream is released and goes on while the projector takes a batch: each event once, none forgotten as parked."""
    kapot = Kapot(1)
    hub = make(broken(kapot))
    zet(hub, feit("a", 1))
    hub.projector.catch_up()
    kapot.numbers.clear()
    decode = hub.projector._decoder.batch

    def meanwhile(*arguments):
        hub.projector._decoder.batch = decode
        assert retry(hub) is True
        return decode(*arguments)

    zet(hub, feit("a", 2))
    hub.projector._decoder.batch = meanwhile
    hub.projector.catch_up()
    zet(hub, feit("a", 3))
    hub.projector.catch_up()
    assert seen(hub) == [1, 2, 3]
    assert parked(hub) == []


def test_a_skip_leaves_out_one_event_and_says_so_in_the_stream(make):
    """With the reason and who; a BSN that somebody typed in the reason is masked."""
    hub = make(broken(Kapot(2)))
    events = [feit("a", n) for n in range(3)]
    zet(hub, *events)
    hub.projector.catch_up()
    assert asyncio.run(Desk(hub).skip("teller:1/1", reden="dubbel van 999990019", door="beheerder")) is True
    assert seen(hub) == [1, 3]
    assert parked(hub) == []
    record = hub.log.tail(1, 3)[0]
    event = hub.log.event(record, hub.log.streams([1])[1])
    assert event.type == "nl.wissel.parkeren.overgeslagen.v1"
    assert event.data == {"member": "teller:1", "gebeurtenis": events[1].id, "reden": "dubbel van ***", "door": "beheerder"}
    assert event.causationid == events[1].id


def test_a_skip_holds_in_a_rebuild(make):
    """Built again it is the same: the decision is loaded, the event is left out again."""
    hub = make(broken(Kapot(2)))
    zet(hub, *(feit("a", n) for n in range(3)))
    hub.projector.catch_up()
    skip(hub)
    for _ in range(2):
        hub.projector.rebuild()
        assert seen(hub) == [1, 3]
        assert parked(hub) == []
        hub.close()
        hub = make(broken(Kapot(2)))


def test_a_new_version_does_not_inherit_a_skip(make):
    """It may well be able to apply what the old one could not."""
    hub = make(broken(Kapot(2)))
    zet(hub, *(feit("a", n) for n in range(3)))
    hub.projector.catch_up()
    skip(hub)
    hub.close()
    hub = make(replace(TELLER, version=2))
    hub.projector.catch_up()
    assert seen(hub) == [1, 2, 3]


def test_reason_and_name_are_asked(make):
    """All that is missing at once; and nothing is decided about what is not parked."""
    hub = make(broken(Kapot(1)))
    zet(hub, feit("a", 1))
    hub.projector.catch_up()
    with pytest.raises(Invalid, match="reden: mag niet leeg zijn; door: mag niet leeg zijn"):
        asyncio.run(Desk(hub).skip("teller:1/1", reden=" ", door=""))
    with pytest.raises(NotFound, match="wissel parked list"):
        retry(hub, "teller:1/999")
    assert hub.read_now(lambda tx: tx.one("SELECT count(*) FROM parkeerbesluit")) == (0,)


@pytest.mark.parametrize("besluit", ["skip", "retry"])
@pytest.mark.parametrize("moment", ["decided", "done"])
def test_a_decision_survives_a_crash(make, monkeypatch, besluit, moment):
    """Written in wissel.db first: done at the next start when it was not, and doing it twice leaves out nothing more."""
    kapot = Kapot(2, 3)
    hub = make(broken(kapot))
    zet(hub, *(feit("a", n) for n in range(4)))
    hub.projector.catch_up()
    if besluit == "retry":
        kapot.numbers = {3}

    async def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Desk, "_do" if moment == "decided" else "_done", die)
    with pytest.raises(KeyboardInterrupt):
        (skip if besluit == "skip" else retry)(hub)
    monkeypatch.undo()
    hub.close()
    hub = make(broken(kapot))
    assert asyncio.run(Desk(hub).redo_open()) == 1
    assert asyncio.run(Desk(hub).redo_open()) == 0
    assert seen(hub) == ([1] if besluit == "skip" else [1, 2])
    assert parked(hub) == [(3, "ValueError"), (4, None)]
    assert hub.log.head(ZAKEN, "a").sequence == (5 if besluit == "skip" else 4)


def test_a_decision_about_what_runs_no_more_stops_no_start(make):
    """A decision that was open when its projection or flow was taken out is closed, with a word in the log."""
    hub = make(TELLER)
    columns = "lid, stroom, gebeurtenis, besluit, reden, door, op"
    row = f"INSERT INTO parkeerbesluit ({columns}) VALUES (?, 1, 'x', 'skip', 'r', 'd', 0)"
    hub.database.write(lambda db: db.executemany(row, [("weg:1",), ("flow:weg",)])).result()
    assert asyncio.run(Desk(hub).redo_open()) == 2
    assert asyncio.run(Desk(hub).redo_open()) == 0


# ------------------------------------------------------------------------------------- a row that cannot be written


def onthoud(row, event):
    """As ``tel``, and remember the name that an event carries: with a name the rows below cannot be written."""
    return {**tel(row, event), "naam": (row or {}).get("naam") or event.data["wie"]}


def column_fails(row):
    return row["naam"] and {}[row["naam"]]


def packs_badly(row, event):
    new = onthoud(row, event)
    return {**new, "x": object() if new["naam"] else None}


def slecht(name, **changes):
    return replace(TELLER, name=name, **{"handlers": {HERVAT: onthoud}, "links": {}, **changes})


UNIQUE = slecht("uniek", columns={"naam": ("TEXT UNIQUE", lambda row: row["naam"])})
PACKED = slecht("verpakt", handlers={HERVAT: packs_badly})
LINKED = slecht("gelinkt", links={"naar": lambda row: [object()] if row["naam"] else []})
COLUMN = slecht("kolom", columns={"naam": ("TEXT", column_fails)})
BOUND = slecht("gebonden", columns={"naam": ("TEXT", lambda row: object() if row["naam"] else None)})


def with_name(key, number):
    return feit(key, number, data={**OPEN, "wie": "Anna"})


@pytest.mark.parametrize(
    ("projection", "oorzaak"),
    [
        (UNIQUE, DUBBEL),
        (PACKED, "TypeError"),
        (LINKED, "ProgrammingError"),
        (COLUMN, "KeyError"),
        (BOUND, "ProgrammingError"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_row_that_does_not_write_parks_its_own_event_only(make, projection, oorzaak):
    """The bulk is rolled back and done again, by member and then by stream: the others lose nothing and gain nothing twice."""
    hub = make(projection, TELLER)
    first = with_name("b", 1) if projection is UNIQUE else feit("b", 1)
    zet(hub, first, feit("a", 1), with_name("a", 2), feit("a", 3), feit("c", 1))
    hub.projector.catch_up()
    lid = f"{projection.name}:1"
    assert parked(hub, lid) in [[(2, name), (3, None)] for name in ([oorzaak] if isinstance(oorzaak, str) else oorzaak)]
    assert hub.projector.behind() == 0
    assert seen(hub, "a", projection.name) == [1]
    assert seen(hub, "b", projection.name) == seen(hub, "c", projection.name) == [1]
    assert seen(hub, "a") == [1, 2, 3]
    assert parked(hub) == []
    zet(hub, feit("c", 2), feit("a", 4))
    hub.projector.catch_up()
    assert seen(hub, "c", projection.name) == [1, 2]
    assert [number for number, _ in parked(hub, lid)] == [2, 3, 4]


def test_what_did_not_write_can_be_retried_and_skipped(make):
    """Retrying fails again without harm; skipping lets the rest through; a rebuild gives the same."""
    hub = make(COLUMN)
    zet(hub, feit("a", 1), with_name("a", 2), feit("a", 3))
    hub.projector.catch_up()
    assert retry(hub, "kolom:1/1") is False
    assert parked(hub, "kolom:1") == [(2, "KeyError"), (3, None)]
    assert skip(hub, "kolom:1/1") is True
    assert seen(hub, model="kolom") == [1, 3]
    hub.projector.rebuild()
    assert seen(hub, model="kolom") == [1, 3]


@pytest.mark.bestanden
def test_a_full_disk_parks_nothing(make):
    """That is Transient: the batch waits whole, and goes in when there is room."""
    hub = make(TELLER)
    zet(hub, *(feit(f"zaak-{n}", n) for n in range(800)))
    pages = hub.members.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0]).result()
    hub.members.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}")).result()
    with pytest.raises(StoreUnavailable):
        hub.projector.catch_up()
    hub.members.write(lambda db: db.execute("PRAGMA max_page_count = 100000")).result()
    assert hub.projector.catch_up() == 800
    assert parked(hub) == []


# ------------------------------------------------------------------------------------------------------------ flows


def test_a_flow_that_fails_parks_that_stream_for_that_flow(make):
    """The projections show it all the same, and the other streams are judged."""

    def regel(state):
        if state[0].key == "a":
            raise ValueError
        return [Feit(type=OPGESCHORT, step="s", data=OPEN)] if state[-1].type == HERVAT else ()

    hub = make(TELLER, flow=VolgFlow(regel))
    zet(hub, feit("a", 1), feit("b", 1), feit("a", 2))
    hub.flow_runner.catch_up()
    zet(hub, feit("a", 3))
    hub.flow_runner.catch_up()
    hub.projector.catch_up()
    assert parked(hub, "flow:volg") == [(2, "ValueError"), (3, None)]
    assert (seen(hub), seen(hub, "b")) == ([1, 2, 3], [1, 2])


def test_a_mended_flow_judges_a_parked_stream_at_its_head(make):
    """Once, on everything that came in meanwhile."""
    flow = VolgFlow(lambda _state: 1 / 0)
    hub = make(flow=flow)
    zet(hub, feit("a", 1))
    hub.flow_runner.catch_up()
    zet(hub, feit("a", 2))
    hub.flow_runner.catch_up()
    assert parked(hub, "flow:volg") == [(1, "ZeroDivisionError"), (2, None)]
    assert retry(hub, "flow:volg/1") is False
    assert parked(hub, "flow:volg") == [(2, "ZeroDivisionError")]  # it fails at the head: what is folded well waits no more
    flow.regel = lambda state: [Feit(type=OPGESCHORT, step=f"na-{len(state)}", data=OPEN)] if len(state) == 2 else ()
    assert retry(hub, "flow:volg/1") is True
    assert parked(hub, "flow:volg") == []
    zet(hub, feit("a", 3))
    hub.flow_runner.catch_up()
    hub.projector.catch_up()
    assert seen(hub) == [1, 2, 3, 4]


def test_a_stream_that_moved_while_it_was_retried_is_judged_again(make, monkeypatch):
    """Nothing is put down on a state that is no longer the state."""
    flow = VolgFlow(lambda _state: 1 / 0)
    hub = make(flow=flow)
    zet(hub, feit("a", 1))
    hub.flow_runner.catch_up()
    flow.regel = lambda state: (
        () if state[-1].type == OPGESCHORT else [Feit(type=OPGESCHORT, step=f"na-{len(state)}", data=OPEN)]
    )
    settle = hub.flow_runner._settle_retry

    def late(*arguments):
        monkeypatch.undo()
        zet(hub, feit("a", 2))
        return settle(*arguments)

    monkeypatch.setattr(hub.flow_runner, "_settle_retry", late)
    assert hub.flow_runner.retry("volg", 1) is True
    hub.flow_runner.catch_up()
    assert parked(hub, "flow:volg") == []
    state, _ = hub.flow_state("volg", gemeente="emmen", key="a")
    assert [e.type for e in state] == [HERVAT, HERVAT, OPGESCHORT]
    assert state[2].causationid == state[1].id


def damage(hub, sequence, how, key="a"):
    query = f"UPDATE gebeurtenis SET {how} WHERE volgnummer = ? AND stroom = (SELECT id FROM stroom WHERE sleutel = ?)"
    hub.database.write(lambda db: db.execute(in_dialect(hub, query), (sequence, key))).result()


def test_a_skipped_event_is_left_out_of_a_flows_fold(make):
    """Live, after a restart and when a page asks for the state; what comes after it is judged."""
    hub = make(flow=VolgFlow())
    zet(hub, *(feit("a", n) for n in range(3)))
    damage(hub, 2, "waarde = CAST(substr(waarde, 1, 9) AS BLOB)")
    hub.flow_runner.catch_up()
    assert parked(hub, "flow:volg") == [(2, "SchemaViolation"), (3, None)]
    assert skip(hub, "flow:volg/1") is True
    for _ in range(2):
        hub.flow_runner.catch_up()
        assert parked(hub, "flow:volg") == []
        state, sequence = hub.flow_state("volg", gemeente="emmen", key="a")
        assert [e.sequence for e in state] == [1, 3, 4]
        assert sequence == 4
        hub.close()
        hub = make(flow=VolgFlow())


# ------------------------------------------------------------------------------------------- foreign and corrupt bytes

FOREIGN = b"GET / HTTP/1.1"


def insert_foreign(hub, *, stream, sequence=1, value=FOREIGN):
    def work(db):
        partition, head = db.execute("SELECT id, kop FROM partitie WHERE topic = ?", (ZAKEN,)).fetchone()
        row = (partition << 40 | head, stream, sequence, b"x" * 16, 0, 1, 0, None, None, None, None, value)
        db.execute("INSERT INTO gebeurtenis VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", row)
        db.execute("UPDATE partitie SET kop = kop + 1 WHERE id = ?", (partition,))

    hub.database.write(work).result()


def test_bytes_that_are_not_ours_are_parked_alone(make):
    """In a stream or in none: nobody waits for them, before or after."""
    hub = make(flow=VolgFlow())
    zet(hub, feit("a", 1))
    insert_foreign(hub, stream=1, sequence=2)
    insert_foreign(hub, stream=999)
    zet(hub, feit("a", 3), feit("b", 1))
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    assert (seen(hub), seen(hub, "b")) == ([1, 3], [1])
    for lid in ("teller:1", "flow:volg"):
        assert {cause for _, cause in parked(hub, lid)} == {"ForeignRecord"}
        assert len(parked(hub, lid)) == 2
    zet(hub, feit("a", 4))
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    assert seen(hub) == [1, 3, 4]
    state, _ = hub.flow_state("volg", gemeente="emmen", key="a")
    assert [e.sequence for e in state] == [1, 3, 4]


def test_foreign_bytes_can_be_skipped(make):
    """An operator clears them away; where there is a stream, it says so there."""
    hub = make()
    zet(hub, feit("a", 1))
    insert_foreign(hub, stream=1, sequence=2)
    insert_foreign(hub, stream=999)
    hub.projector.catch_up()
    assert [entry.sleutel for entry in Desk(hub).list()] == ["a", ""]
    assert skip(hub, "teller:1/1") is True
    assert skip(hub, "teller:1/999") is True
    assert Desk(hub).list() == []


@pytest.mark.parametrize(
    "how",
    [
        "waarde = CAST(substr(waarde, 1, 12) AS BLOB)",
        "waarde = CAST(waarde || x'00' AS BLOB)",
        "waarde = x'00'",
        "waarde = x'0000ffffff00'",
        "bron = 999",
        "schema = 999, waarde = x'00000003e700'",
    ],
)
def test_a_corrupt_record_parks_its_own_stream(make, how):
    """Truncated, longer, of no schema or of no source: its successors wait, the others go on."""
    hub = make(flow=VolgFlow())
    zet(hub, *(feit("a", n) for n in range(3)), feit("b", 1))
    damage(hub, 2, how)
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    for lid in ("teller:1", "flow:volg"):
        assert [number for number, _ in parked(hub, lid)] in ([2, 3], [2])
    assert seen(hub)[0] == 1
    assert seen(hub, "b") == [1]
    assert hub.projector.behind() == 0


def test_a_damaged_element_parks_its_stream_and_not_the_flow(make):
    """A flipped bit in a sealed part: that zaak waits for a person, all others are judged."""
    hub = make(flow=VolgFlow())
    zet(hub, feit("a", 1, besloten={"p": {"naam": "x"}}), feit("b", 1, besloten={"p": {"naam": "x"}}))
    value = hub.log.tail(1, 0)[0].value
    flipped = value[:-10] + bytes([value[-10] ^ 1]) + value[-9:]
    hub.database.write(lambda db: db.execute("UPDATE gebeurtenis SET waarde = ? WHERE stroom = 1", (flipped,))).result()
    hub.flow_runner.catch_up()
    assert parked(hub, "flow:volg") == [(1, "ElementDamaged")]
    assert hub.flow_state("volg", gemeente="emmen", key="b")[0]


def test_a_damaged_name_of_a_key_parks_its_stream_and_not_the_flow(make):
    """A key nobody ever sealed with is a damaged record, not a missing backup."""
    hub = make(flow=VolgFlow())
    zet(hub, feit("a", 1, besloten={"p": {"naam": "x"}}), feit("b", 1))
    (key,) = hub.keys.of_subject("emmen", "p")
    value = hub.log.tail(1, 0)[0].value.replace(key.encode(), b"z" + key[1:].encode())
    hub.database.write(lambda db: db.execute("UPDATE gebeurtenis SET waarde = ? WHERE stroom = 1", (value,))).result()
    hub.flow_runner.catch_up()
    assert parked(hub, "flow:volg") == [(1, "ElementDamaged")]


def test_a_missing_key_is_a_fault_that_parks_nobody(make):
    """The key file is not the one of this log: nothing is judged on half the facts, and the backup is named."""
    hub = make(flow=VolgFlow())
    zet(hub, feit("a", 1, besloten={"p": {"naam": "x"}}))
    hub.keys._database.write(lambda db: db.execute("DELETE FROM sleutel")).result()
    hub.keys._by_id.clear()
    with pytest.raises(KeyMissing, match="put back its newest backup"):
        hub.flow_runner.catch_up()
    assert parked(hub, "flow:volg") == []


def test_a_gemeente_that_is_gone_parks_its_own_streams(tmp_path):
    """Taken out of the settings while its zaken are in the log: they wait, with what to do."""
    hub = opened(tmp_path, flow=VolgFlow())
    zet(hub, feit("z", 1, slug="zwolle"), feit("a", 1))
    hub.close()
    made = plugins(flows={"volg": VolgFlow()})
    hub = EmbeddedHub(loaded(tmp_path, (gemeente(),), partities=1), clock=Klok(), plugins=made).open()
    hub.flow_runner.catch_up()
    (entry,) = Desk(hub).list()
    assert (entry.gemeente, entry.sleutel) == ("zwolle", "z")
    assert "voeg haar weer toe" in entry.uitleg
    hub.close()


# ----------------------------------------------------------------------------------------- followers and the ledger


def test_a_step_that_fails_holds_no_other_up(tmp_path):
    """One partition that cannot go on, whatever the reason, leaves the others going; the stand shows it."""
    hub = EmbeddedHub(loaded(tmp_path, partities=4), clock=Klok(), plugins=plugins()).open()
    zet(hub, *(feit(f"zaak-{n}", n) for n in range(40)))
    read = hub.log.read

    def failing(topic, partition, *rest):
        if partition == 0:
            raise RuntimeError("dit had niet gekund")
        return read(topic, partition, *rest)

    hub.log.read = failing
    progressed, error = hub.projector._round()
    assert progressed > 0
    assert isinstance(error, RuntimeError)
    hub.log.read = read
    assert hub.projector._round()[1] is None
    assert hub.projector.behind() == 0
    hub.close()


def test_a_follower_never_dies(tmp_path):
    """An error nobody thought of is reported and tried again; when it is over the thread goes on."""
    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins()).open()
    steps = hub.projector.steps
    hub.projector.steps = lambda: [lambda: 1 / 0]

    async def scenario():
        async with draait(hub):
            await tot(lambda: hub.projector.last_error)
            assert "ZeroDivisionError" in hub.projector.last_error
            hub.projector.steps = steps
            zet(hub, feit("a", 1))
            await tot(lambda: seen(hub) == [1])
            await tot(lambda: hub.projector.last_error is None)

    asyncio.run(scenario())


async def poison(_opdracht):
    raise Poison("kan niet")


@pytest.mark.parametrize("besluit", ["skip", "retry"])
def test_a_parked_opdracht_is_retried_or_left_out(tmp_path, besluit):
    """Retried it starts from the beginning of its bounds; left out, the zaak's stream says so and its flow gets its outcome."""
    verbinding = Verbinding(Doener(poison))
    hub = met_verbinding(tmp_path, verbinding)
    zet(hub, feit("a", 1))

    async def scenario():
        async with draait(hub):
            (entry,) = await tot(Desk(hub).list)
            assert (entry.oorzaak, entry.sleutel, entry.soort) == ("Poison", "a", "doe")
            verbinding.doener.gedrag = None
            assert await getattr(Desk(hub), besluit)(entry.nummer, **WHY)
            hub.uitvoering.wake()
            await tot(lambda: hub.log.head(ZAKEN, "a").sequence >= (4 if besluit == "skip" else 3))
            state, _ = hub.flow_state("volg", gemeente="emmen", key="a")
            assert Desk(hub).list() == []
            if besluit == "skip":
                assert [e.type for e in state[2:]] == ["nl.wissel.parkeren.overgeslagen.v1", "nl.wissel.opdracht.mislukt.v1"]
                assert state[3].id == outcome_id(entry.gebeurtenis)
                assert (state[3].data["stap"], state[3].data["definitief"]) == ("doe", True)
            else:
                assert state[2].id == outcome_id(entry.gebeurtenis)
            with pytest.raises(NotFound):
                await Desk(hub).skip(entry.nummer, **WHY)

    asyncio.run(scenario())
