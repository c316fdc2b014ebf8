# SPDX-License-Identifier: EUPL-1.2
"""R10: what is to be done elsewhere stands in the ledger, is done once, and is retried within bounds or parked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hub_voor_tests import DUBBEL, MASTER_KEY, Klok, feit, in_dialect, zet
from motor import UITGEVOERD, Doener, Verbinding, draait, opened, tot, uitgevoerd

from hub.clock import to_microseconds
from hub.errors import Poison, SourceUnavailable, Transient
from hub.events import ZAKEN, outcome_id
from hub.keys import KeyStore
from hub.plugins import Grens, Uitkomst
from hub.store.base import StoreUnavailable

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def klok():
    return Klok()


def ledger(hub, columns="toestand"):
    return hub.read_now(lambda tx: tx.all(f"SELECT {columns} FROM opdracht ORDER BY zaak"))


def states(hub):
    return [row[0] for row in ledger(hub)]


def outcomes(hub, key="a"):
    stream = hub.log.head(ZAKEN, key).id
    return [r for r in hub.log.tail(stream, 0) if hub.log.type_of(r) == UITGEVOERD]


def run(hub, scenario):
    async def whole():
        async with draait(hub):
            await scenario()

    asyncio.run(whole())


# ---------------------------------------------------------------------------------------------------- done, once


def test_the_ledger_row_and_the_opdracht_event_stand_together(tmp_path, klok):
    """Both are written in the transaction of the decision, the personal part sealed in both."""
    hub = opened(tmp_path, Verbinding(), klok=klok)
    zet(hub, feit("a", 1))
    hub.flow_runner.catch_up()
    (row,) = ledger(hub, "id, gebeurtenis, soort, waarde")
    (record,) = hub.log.read("wissel.opdrachten.x", 0, -1, 10)
    assert row[3] == record.value
    assert b"Anna" not in row[3]
    hub.close()


def test_an_opdracht_is_carried_out_and_its_outcome_stands_once(tmp_path, klok):
    """The executor gets what the flow gave, unsealed; the outcome has the id that follows from the opdracht."""
    verbinding = Verbinding()
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, feit("a", 1))

    async def scenario():
        await tot(lambda: states(hub) == ["uitgevoerd"])
        (opdracht,) = verbinding.doener.keren
        assert (opdracht.soort, opdracht.zaak, opdracht.gegevens, opdracht.poging) == ("doe", "a", {"a": 1}, 1)
        assert opdracht.besloten == {"p": {"naam": "Anna"}}
        assert opdracht.sleutel == opdracht.id
        (record,) = outcomes(hub)
        assert hub.log.event(record, hub.log.streams([1])[1]).id == outcome_id(opdracht.id)
        assert ledger(hub, "waarde, lease") == [(b"", None)]

    run(hub, scenario)


def test_a_key_that_another_process_destroyed_is_not_sealed_with_again(tmp_path, klok):
    """What was done is put down sealed with a new key; it is not done once more."""
    verbinding = Verbinding()
    hub = opened(tmp_path, verbinding, klok=klok)

    async def gedrag(opdracht):
        told = [replace(event, besloten={"p": {"naam": "Anna"}}) for event in uitgevoerd(opdracht).events]
        hub.seal(told)  # this process has the key in memory from here on
        doomed = hub.keys.of_subject("emmen", "p")
        mark = "INSERT INTO sleutel_vernietigd (key_id, sinds, klaar) VALUES (?, 0, 0)"
        hub.database.write(lambda db: db.executemany(mark, [(key_id,) for key_id in doomed])).result()
        KeyStore(hub.keys.database, MASTER_KEY).destroy(doomed)
        return Uitkomst(events=told)

    verbinding.doener.gedrag = gedrag
    zet(hub, feit("a", 1))

    async def scenario():
        await tot(lambda: states(hub) == ["uitgevoerd"])
        (record,) = outcomes(hub)
        assert hub.log.event(record, hub.log.streams([1])[1]).besloten == {"p": {"naam": "Anna"}}
        assert len(verbinding.doener.keren) == 1

    run(hub, scenario)


def test_a_replay_causes_no_effect(tmp_path, klok):
    """Folding and projecting everything again, and starting again, gives no second opdracht."""
    verbinding = Verbinding()
    for _ in range(3):
        hub = opened(tmp_path, verbinding, klok=klok)
        if not hub.log.positions()[-1].head:
            zet(hub, feit("a", 1))

        async def scenario(hub=hub):
            await tot(lambda: states(hub) == ["uitgevoerd"])
            await asyncio.to_thread(hub.projector.rebuild)

        run(hub, scenario)
    assert len(verbinding.doener.keren) == 1


def test_several_at_once_and_never_one_twice(tmp_path, klok):
    """Many opdrachten run beside each other, each of them once."""
    at_work, most = set(), []

    async def gedrag(opdracht):
        assert opdracht.id not in at_work
        at_work.add(opdracht.id)
        most.append(len(at_work))
        await asyncio.sleep(0.01)
        at_work.discard(opdracht.id)
        return uitgevoerd(opdracht)

    verbinding = Verbinding(Doener(gedrag))
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, *(feit(f"zaak-{n}", n) for n in range(60)))

    async def scenario():
        await tot(lambda: states(hub) == ["uitgevoerd"] * 60)

    run(hub, scenario)
    assert 2 <= max(most) <= hub.settings.uitvoering.gelijktijdig
    assert len({opdracht.id for opdracht in verbinding.doener.keren}) == len(verbinding.doener.keren) == 60


# ------------------------------------------------------------------------------------------------------ crashes


def test_a_crash_between_write_and_outcome_does_it_again_with_the_same_key(tmp_path, klok):
    """The other side sees the same idempotency key, so that it stands there once; the outcome is put once."""
    verbinding = Verbinding()
    stop = asyncio.Event()

    async def write_and_die(opdracht):
        await opdracht.bevestig_lease()
        verbinding.doener.boeken.append(opdracht.sleutel)
        stop.set()
        await asyncio.Event().wait()

    verbinding.doener.gedrag = write_and_die
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, feit("a", 1))
    run(hub, stop.wait)
    assert len(verbinding.doener.boeken) == 1
    verbinding.doener.gedrag = None
    klok.verder(seconds=60)
    hub = opened(tmp_path, verbinding, klok=klok)

    async def again():
        await tot(lambda: states(hub) == ["uitgevoerd"])
        assert len(outcomes(hub)) == 1

    run(hub, again)
    assert len(verbinding.doener.boeken) == 2
    assert len(set(verbinding.doener.boeken)) == 1


def test_a_write_that_may_be_on_its_way_is_waited_out(tmp_path, klok):
    """After a crash right after the lease was confirmed, nobody writes before that write must have arrived or failed."""
    verbinding = Verbinding()
    stop = asyncio.Event()

    async def confirm_and_die(opdracht):
        await opdracht.bevestig_lease()
        stop.set()
        await asyncio.Event().wait()

    verbinding.doener.gedrag = confirm_and_die
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, feit("a", 1))
    run(hub, stop.wait)
    verbinding.doener.gedrag = None
    hub = opened(tmp_path, verbinding, klok=klok)

    async def scenario():
        await asyncio.sleep(0.2)
        assert verbinding.doener.boeken == []
        klok.verder(seconds=hub.settings.uitvoering.lease_s - 1)
        hub.uitvoering.wake()
        await asyncio.sleep(0.2)
        assert verbinding.doener.boeken == []
        klok.verder(seconds=2)
        hub.uitvoering.wake()
        await tot(lambda: states(hub) == ["uitgevoerd"])

    run(hub, scenario)


def test_what_was_only_reading_is_taken_over_at_once(tmp_path, klok):
    """Nothing can be on its way, so a restart does not wait."""
    verbinding = Verbinding()
    stop = asyncio.Event()

    async def read_and_die(_opdracht):
        stop.set()
        await asyncio.Event().wait()

    verbinding.doener.gedrag = read_and_die
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, feit("a", 1))
    run(hub, stop.wait)
    verbinding.doener.gedrag = None
    hub = opened(tmp_path, verbinding, klok=klok)

    async def scenario():
        await tot(lambda: states(hub) == ["uitgevoerd"])

    run(hub, scenario)


def test_who_lost_the_lease_does_not_write(tmp_path, klok):
    """Somebody else took it over while this one was slow: confirming the lease stops the write, and no outcome is put."""
    verbinding = Verbinding()
    hub = opened(tmp_path, verbinding, klok=klok)

    async def slow(opdracht):
        await hub.write(lambda tx: tx.execute("UPDATE opdracht SET lease = 'iemand anders', lease_tot = ?", (2**60,)))
        await opdracht.bevestig_lease()
        verbinding.doener.boeken.append(opdracht.id)
        return uitgevoerd(opdracht)

    verbinding.doener.gedrag = slow
    zet(hub, feit("a", 1))

    async def scenario():
        await tot(lambda: verbinding.doener.keren)
        await tot(lambda: not hub.uitvoering._running)
        assert verbinding.doener.boeken == []
        assert outcomes(hub) == []
        assert ledger(hub, "toestand, lease") == [("open", "iemand anders")]

    run(hub, scenario)


def test_an_outcome_of_who_lost_the_lease_is_dropped(tmp_path, klok):
    """It came too late: the other one's outcome counts, and there is one."""
    verbinding = Verbinding()
    hub = opened(tmp_path, verbinding, klok=klok)

    async def late(opdracht):
        await hub.write(lambda tx: tx.execute("UPDATE opdracht SET toestand = 'uitgevoerd', lease = NULL"))
        return uitgevoerd(opdracht)

    verbinding.doener.gedrag = late
    zet(hub, feit("a", 1))

    async def scenario():
        await tot(lambda: states(hub) == ["uitgevoerd"])
        await tot(lambda: not hub.uitvoering._running)
        assert outcomes(hub) == []

    run(hub, scenario)


# ------------------------------------------------------------------------------------------------ retry within bounds


def due_in_s(hub, klok):
    return (ledger(hub, "vanaf")[0][0] - to_microseconds(klok.now())) / 1e6


def test_it_is_tried_again_with_growing_pauses_and_jitter(tmp_path, klok):
    """Each pause lies between half and whole of what doubling gives, and never above the longest."""
    verbinding = Verbinding()

    async def away(_opdracht):
        raise Transient("de andere kant is er even niet")

    verbinding.doener = Doener(away, Grens(pogingen=6, eerste_pauze_s=2.0, langste_pauze_s=9.0))
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, feit("a", 1))
    pauses = []

    async def scenario():
        for number in range(1, 6):
            await tot(lambda number=number: len(verbinding.doener.keren) == number and not hub.uitvoering._running)
            pauses.append(due_in_s(hub, klok))
            klok.verder(seconds=pauses[-1] + 0.001)
            hub.uitvoering.wake()
        await tot(lambda: states(hub) == ["geparkeerd"])

    run(hub, scenario)
    for pause, whole in zip(pauses, (2.0, 4.0, 8.0, 9.0, 9.0), strict=True):
        assert whole / 2 <= pause <= whole
    assert len({round(pause / whole, 6) for pause, whole in zip(pauses, (2, 4, 8, 9, 9), strict=True)}) > 1
    assert [opdracht.poging for opdracht in verbinding.doener.keren] == [1, 2, 3, 4, 5, 6]
    assert len({opdracht.id for opdracht in verbinding.doener.keren}) == 1


def test_what_the_other_side_asks_is_waited_for(tmp_path, klok):
    """Retry-After counts, up to the longest pause."""
    verbinding = Verbinding()

    async def busy(_opdracht):
        raise SourceUnavailable("te druk", retry_after_s=120.0)

    verbinding.doener = Doener(busy, Grens(eerste_pauze_s=0.5, langste_pauze_s=60.0))
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, feit("a", 1))

    async def scenario():
        await tot(lambda: verbinding.doener.keren and not hub.uitvoering._running)
        assert due_in_s(hub, klok) == pytest.approx(60.0, abs=0.1)

    run(hub, scenario)


@pytest.mark.parametrize("gives_up", [True, False])
def test_at_its_bounds_it_gives_up_as_its_executor_says(tmp_path, klok, gives_up):
    """Too long in time: the executor's own outcome, or parked for a person; either way it is not tried for ever."""
    verbinding = Verbinding()

    async def away(_opdracht):
        klok.verder(hours=2)
        raise Transient("weg")

    verbinding.doener = Doener(
        away, Grens(pogingen=99, duur_s=3600), lambda o, _f: uitgevoerd(o, weg=True) if gives_up else None
    )
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, feit("a", 1))

    async def scenario():
        await tot(lambda: states(hub) == (["opgegeven"] if gives_up else ["geparkeerd"]))
        assert len(outcomes(hub)) == gives_up

    run(hub, scenario)
    assert len(verbinding.doener.keren) == 1


# -------------------------------------------------------------------------------------------------- poison is parked


async def poison(_opdracht):
    raise Poison("dit kan niet, vraag de leverancier")


async def bug(_opdracht):
    raise ZeroDivisionError


async def bad_outcome(opdracht):
    return Uitkomst(events=[opdracht.feit(UITGEVOERD, {"onzin": 1}, event_id=outcome_id(opdracht.id))])


async def bad_rows(opdracht):
    outcome = uitgevoerd(opdracht)
    return Uitkomst(events=outcome.events, rows=lambda tx: tx.execute("INSERT INTO x_boek VALUES (?), (?)", ("a", "a")))


def gives_up_badly(*_):
    raise KeyError("ook dat nog")


@pytest.mark.parametrize(
    ("doener", "fault"),
    [
        (Doener(poison), "Poison: dit kan niet"),
        (Doener(bug), "ZeroDivisionError: onverwachte fout"),
        (Doener(bad_outcome), "SchemaViolation: "),
        (Doener(bad_rows), DUBBEL),
        (Doener(poison, opgeven=gives_up_badly), "KeyError: "),
    ],
)
def test_what_cannot_succeed_is_parked_with_why(tmp_path, klok, doener, fault):
    """Once, visibly, with nothing of it half done; the other opdrachten go on."""
    doener.keren.clear()
    verbinding = Verbinding(doener)
    hub = opened(tmp_path, verbinding, klok=klok)
    zet(hub, feit("a", 1))

    async def scenario():
        await tot(lambda: states(hub) == ["geparkeerd"])
        assert ledger(hub, "fout")[0][0].startswith(fault)
        assert outcomes(hub) == []
        assert hub.read_now(lambda tx: tx.all("SELECT * FROM x_boek")) == []

    run(hub, scenario)
    assert len(doener.keren) == 1


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("soort = 'kent-niemand'", "Poison: connector x kent geen opdracht kent-niemand"),
        ("connector = 'weg'", "Poison: connector weg kent geen opdracht"),
        ("gemeente = 'opgeheven'", "Poison: gemeente opgeheven staat niet in de instellingen"),
        ("waarde = x'00'", "ForeignRecord: "),
        ("waarde = CAST(waarde || x'00' AS BLOB)", "SchemaViolation: "),
    ],
)
def test_an_opdracht_that_cannot_be_read_is_parked(tmp_path, klok, damage, fault):
    """It is not tried again at every lease for ever."""
    hub = opened(tmp_path, Verbinding(), klok=klok)
    zet(hub, feit("a", 1), feit("b", 1))
    hub.flow_runner.catch_up()
    hub.database.write(lambda db: db.execute(in_dialect(hub, f"UPDATE opdracht SET {damage} WHERE zaak = 'a'"))).result()

    async def scenario():
        await tot(lambda: states(hub) == ["geparkeerd", "uitgevoerd"])
        assert ledger(hub, "fout")[0][0].startswith(fault)

    run(hub, scenario)


def test_a_store_that_fails_while_an_opdracht_is_read_parks_nothing(tmp_path, klok, monkeypatch):
    """Its keys could not be read for a moment: nobody has to look, it is taken up again, and that was no try."""
    hub = opened(tmp_path, Verbinding(), klok=klok)
    unseal, failed = hub.codec.unseal, []

    def fails_once(sealed):
        if not failed:
            failed.append(1)
            raise StoreUnavailable("the connection was cut")
        return unseal(sealed)

    zet(hub, feit("a", 1))
    hub.flow_runner.catch_up()
    monkeypatch.setattr(hub.codec, "unseal", fails_once)

    async def scenario():
        await tot(lambda: failed and not hub.uitvoering._running)
        assert ledger(hub, "toestand, fout, poging") == [("open", "the connection was cut", 0)]
        klok.verder(minutes=1)
        hub.uitvoering.wake()
        await tot(lambda: states(hub) == ["uitgevoerd"])

    run(hub, scenario)


def test_a_long_opdracht_does_not_make_the_others_wait_or_the_machine_spin(tmp_path, klok):
    """Beyond its own lease it runs on here; the rest is taken beside it, and nothing is asked over and over."""
    verbinding = Verbinding()
    go = asyncio.Event()

    async def slow(opdracht):
        if opdracht.zaak == "a":
            await go.wait()
        return uitgevoerd(opdracht)

    verbinding.doener.gedrag = slow
    hub = opened(tmp_path, verbinding, klok=klok, uitvoering={"gelijktijdig": 2})
    zet(hub, feit("a", 1))
    asked = []

    async def scenario():
        await tot(lambda: verbinding.doener.keren)
        klok.verder(hours=1)
        lease = hub.uitvoering._lease
        hub.uitvoering._lease = lambda *a: asked.append(1) or lease(*a)
        zet(hub, *(feit(f"zaak-{n}", n) for n in range(5)))
        hub.flow_runner.wake()
        await tot(lambda: states(hub).count("uitgevoerd") == 5)
        await asyncio.sleep(0.3)
        assert len(verbinding.doener.keren) == 6
        assert len(asked) < 20
        go.set()
        await tot(lambda: states(hub) == ["uitgevoerd"] * 6)

    run(hub, scenario)


@pytest.mark.bestanden
def test_a_disk_that_is_full_for_a_while_loses_no_outcome(tmp_path, klok, monkeypatch):
    """The outcome cannot be stored: nothing is parked for it, and when there is room the opdracht is settled, once."""
    verbinding = Verbinding()
    hub = opened(tmp_path, verbinding, klok=klok)
    full = []

    async def fill(opdracht):
        if not full:
            full.append(1)
            pages = (await hub.read(lambda tx: tx.one("PRAGMA page_count")))[0]
            hub.database.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}")).result()
            return Uitkomst(events=uitgevoerd(opdracht, lang="x" * 400_000).events)
        return uitgevoerd(opdracht)

    verbinding.doener.gedrag = fill
    zet(hub, feit("a", 1))

    async def scenario():
        await tot(lambda: full and not hub.uitvoering._running)
        hub.database.write(lambda db: db.execute("PRAGMA max_page_count = 1000000")).result()
        for _ in range(3):
            klok.verder(hours=1)
            hub.uitvoering.wake()
            await asyncio.sleep(0.05)
        await tot(lambda: states(hub) == ["uitgevoerd"])
        assert len(outcomes(hub)) == 1

    run(hub, scenario)
