# SPDX-License-Identifier: EUPL-1.2
"""What runs in one process at a time: taken, handed over when its holder dies or stands still, and fenced."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

import pytest

from hub.errors import LostRace
from hub.leases import FENCE, Leases
from hub.store.opening import sql
from hub.store.sqlite import SqliteDatabase

LASTS_S = 3.0


@dataclass
class Tijd:
    """A monotonic clock of one process, moved by hand."""

    moment: float = 0.0

    def __call__(self) -> float:
        return self.moment


@pytest.fixture
def database(tmp_path):
    opened = SqliteDatabase(tmp_path / "wissel.db", sql("wissel.sql"))
    yield opened
    opened.close()


@pytest.fixture
def twee(database):
    """Two processes that want the same lease, each with a clock of its own; they differ by a day."""
    dead = []
    een = Leases(database, holder="een", lasts_s=LASTS_S, now=Tijd(0.0), bereave=lambda _db, who: dead.append(who))
    ander = Leases(database, holder="ander", lasts_s=LASTS_S, now=Tijd(86_400.0), bereave=lambda _db, who: dead.append(who))
    for leases in (een, ander):
        leases.want("termijnen")
        leases.dead = dead
    return een, ander


def rondes(*rounds):
    """Let each of these processes do a round, one after the other."""

    async def run():
        for leases in rounds:
            await leases.round()

    asyncio.run(run())


def in_een_draad(work):
    """Let another process do something while this one waits."""
    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()


def verder(seconds, *all_leases):
    for leases in all_leases:
        leases._now.moment += seconds


def test_one_process_holds_a_lease_and_the_other_waits(twee):
    een, ander = twee
    rondes(een, ander)
    assert een.left_s("termijnen") == LASTS_S
    assert ander.left_s("termijnen") == 0
    for _ in range(10):
        verder(1, een, ander)
        rondes(een, ander)
        assert een.left_s("termijnen") > 0
        assert ander.left_s("termijnen") == 0


def test_a_lease_moves_on_when_its_holder_stands_still(twee):
    """Killed or stopped: the count stands still, and for as long as a lease lasts nobody takes it."""
    een, ander = twee
    rondes(een, ander)
    verder(2.9, een, ander)
    rondes(ander)
    assert ander.left_s("termijnen") == 0
    verder(0.2, een, ander)
    rondes(ander)
    assert ander.left_s("termijnen") == LASTS_S
    assert een.left_s("termijnen") == 0, "the holder knows by its own clock that it may not go on"
    assert een.dead == ["een"]


def test_a_holder_that_comes_back_gets_the_lease_again_only_when_it_is_free(twee):
    een, ander = twee
    rondes(een, ander)
    verder(4, een, ander)
    rondes(ander, een)
    assert een.left_s("termijnen") == 0
    asyncio.run(ander.release())
    rondes(een)
    assert een.left_s("termijnen") == LASTS_S
    assert een.dead == ["een", "ander"], "who stops lets go of the opdrachten it was reading for"


def test_a_holder_that_lost_its_lease_writes_nothing(twee, database):
    """The fence of R4 for services: checked in the transaction itself, whatever the process believes."""
    een, ander = twee
    rondes(een, ander)
    fence = een.fence("termijnen")
    database.write(fence.check).result()
    verder(4, ander)  # een was stopped: its own clock says nothing
    rondes(ander)
    assert een.left_s("termijnen") > 0
    with pytest.raises(LostRace, match="termijnen"):
        database.write(fence.check).result()


def test_a_stopped_observer_does_not_take_what_lives(twee):
    """A process that was stopped for a minute has seen nothing in it; that is no proof that others stood still."""
    een, ander = twee
    rondes(een, ander)
    for _ in range(20):
        verder(1, een)
        rondes(een)
    verder(60, ander)
    rondes(ander)
    assert ander.left_s("termijnen") == 0
    assert een.dead == ["ander"]


def test_a_service_runs_in_one_process_and_moves_with_the_lease(database):
    """Real time: the holder goes quiet without a word, and the other goes on within seconds."""
    ran = []

    async def scenario():
        een = Leases(database, holder="een", lasts_s=0.3)
        ander = Leases(database, holder="ander", lasts_s=0.3)

        def service(who):
            async def run():
                ran.append((who, FENCE.get().name))
                await asyncio.Event().wait()

            return run

        counting = [asyncio.create_task(leases.run()) for leases in (een, ander)]
        working = [asyncio.create_task(leases.once({"dienst": service(leases.holder)})["dienst"]()) for leases in (een, ander)]
        await until(lambda: ran)
        first = ran[0][0]
        counting[0 if first == "een" else 1].cancel()
        await until(lambda: len(ran) == 2)
        await until(working[0 if first == "een" else 1].done)
        for task in (*counting, *working):
            task.cancel()
        await asyncio.gather(*counting, *working, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scenario(), 10))
    assert {who for who, _ in ran} == {"een", "ander"}
    assert {name for _, name in ran} == {"dienst"}


async def until(waar):
    while not waar():  # noqa: ASYNC110 - what is waited for is done by others
        await asyncio.sleep(0.01)


def test_a_count_that_came_while_waiting_for_the_store_gives_a_whole_lease(twee, monkeypatch):
    """Who waited long for its turn to look saw a count made meanwhile: it stands still only from then on."""
    een, ander = twee
    rondes(een)
    write, waited = ander._database.write, []

    def late(work, **more):
        if not waited:
            waited.append(True)
            verder(2.9, een, ander)
            in_een_draad(een.round)
        return write(work, **more)

    monkeypatch.setattr(ander._database, "write", late)
    asyncio.run(ander.round())
    verder(0.2, een, ander)
    rondes(ander)
    assert een.left_s("termijnen") > LASTS_S / 2
    assert ander.left_s("termijnen") == 0
