# SPDX-License-Identifier: EUPL-1.2
"""A read model is built again beside live work, compared, switched to and back; what goes wrong stays in the shadow."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace

import pytest
from hub_voor_tests import HERVAT, OPGESCHORT, TELLER, Klok, feit, loaded, plugins, tel, zet
from logs import access, drop_topics, make_topics, publisher_of

from hub.app import EmbeddedHub
from hub.desk import Desk
from hub.errors import Conflict, Invalid, NotFound, Refused
from hub.replay import beheer, lease, overzicht, verschil
from hub.replay.beheer import Beheer, Besluit
from hub.replay.bouwer import Bouwer, Gestopt
from hub.replay.lezen import Lezer
from hub.replay.stroom import herbouw_stroom

WHY = Besluit("fout hersteld", "beheer")


def wrong(row, event):
    """The planted bug: what is suspended is counted twice."""
    new = tel(row, event)
    return {**new, "aantal": new["aantal"] + 1}


MET_FOUT = replace(TELLER, handlers={HERVAT: tel, OPGESCHORT: wrong})
KORT = replace(TELLER, name="kort", links={})


class Opstelling:
    """A hub with a projection that goes wrong, and the replay of the one that does not."""

    def __init__(self, folder, *, kafka=None, **made):
        self.folder, self.kafka, self.publisher = folder, kafka, None
        self.good = made or {"teller": TELLER}
        self.hub = self.opened({**self.good, "teller": MET_FOUT})

    def settings(self):
        return loaded(self.folder).model_copy(update={"kafka": self.kafka})

    def opened(self, projections):
        hub = EmbeddedHub(self.settings(), clock=Klok(), plugins=plugins(projections)).open()
        self.publisher = publisher_of(hub)
        return hub

    def close(self):
        if self.publisher:
            self.publisher.stop()
        self.hub.close()

    def again(self, projections=None):
        """Stop the hub and start it with the mended code."""
        self.close()
        self.hub = self.opened(projections or self.good)
        return self.hub

    def do(self, work):
        return asyncio.run(work)

    @property
    def beheer(self):
        return Beheer(self.hub)

    def start(self, *names, fill=True, **options):
        """What ``wissel replay start`` does, in this process."""
        number = self.do(self.beheer.claim(names or ["teller"], WHY))
        if fill:
            self.fill(number, *names, **options)
            self.do(self.beheer.filled(number))
            self.hub.projector.catch_up()
        return number

    def fill(self, number, *names, most=None, **options):
        with self.reader() as lezer, closing(lezer.fill(number)) as database:
            chosen = lezer.chosen(names or ["teller"])
            Bouwer(lezer, number=number, projections=chosen, database=database, **options).run(most=most)

    def reader(self):
        return Lezer(self.settings(), plugins(self.good))

    def diff(self, name="teller"):
        with self.reader() as lezer:
            builds, pointers = lezer.builds()
            live = next(p.lid for p in pointers if p.projectie == name)
            by_lid = {b.lid: b for b in builds}
            other = next(b for b in builds if b.projectie == name and b.lid != live)
            return verschil.vergelijk(lezer, by_lid[live], other)

    def status(self):
        with self.reader() as lezer:
            return {line.lid: line for line in overzicht.status(lezer)}

    def busy(self, first=0, count=60):
        events = [
            feit(f"zaak-{n % 7}", n, event_type=OPGESCHORT if n % 7 == 3 else HERVAT) for n in range(first, first + count)
        ]
        self.zet(*events)

    def zet(self, *events):
        zet(self.hub, *events)
        if self.publisher:
            self.publisher.catch_up()
        self.hub.projector.catch_up()

    def row(self, key="zaak-3", name="teller"):
        return self.hub.read_model(name).get("emmen", key)

    def files(self):
        """The replays of which something lies somewhere."""
        return self.hub._stores.build_numbers()


@pytest.fixture
def o(tmp_path, store):
    made = Opstelling(tmp_path)
    yield made
    made.hub.close()


@pytest.fixture
def mended(o):
    """Wrong rows from before, right code since."""
    o.busy()
    o.again()
    return o


def test_the_diff_shows_exactly_the_wrong_rows(mended):
    """One zaak was counted twice; the other six are the same, byte for byte."""
    mended.start()
    found = mended.diff()
    assert (found.gelijk, found.anders, found.alleen_live, found.alleen_schaduw) == (6, 1, 0, 0)
    assert found.kolommen == {"aantal": 1}
    (example,) = found.voorbeelden
    assert example["wat"] == {"aantal": [2 * len(mended.row()["gezien"]), len(mended.row()["gezien"])]}
    assert found.gebeurtenissen == 60


def test_readers_see_the_shadow_after_the_switch_and_the_old_one_after_going_back(mended):
    """And again the new one; whatever came in meanwhile is in both."""
    mended.start()
    old = mended.row()["aantal"]
    assert mended.do(mended.beheer.switch(["teller"], WHY)) == ["teller:1.1"]
    new = mended.row()["aantal"]
    assert (old, new) == (2 * new, len(mended.row()["gezien"]))
    zet(mended.hub, feit("zaak-3", 1_000))
    mended.hub.projector.catch_up()
    assert mended.do(mended.beheer.rollback(["teller"], WHY)) == ["teller:1"]
    assert mended.row()["aantal"] == old + 1
    assert mended.do(mended.beheer.switch(["teller"], WHY)) == ["teller:1.1"]
    assert mended.row()["aantal"] == new + 1
    decided = mended.hub.read_now(lambda tx: tx.all("SELECT lid, besluit, reden, door FROM replaybesluit ORDER BY id"))
    assert [besluit for _, besluit, _, _ in decided] == ["start", "switch", "rollback", "switch"]
    assert decided[1] == ("teller:1.1", "switch", "fout hersteld", "beheer")


def test_what_was_switched_to_is_there_after_a_restart(mended):
    """The pointer, the file it points to and the previous build: all of it follows the log again."""
    mended.start()
    mended.do(mended.beheer.switch(["teller"], WHY))
    mended.again()
    mended.busy(60, 7)
    assert mended.row()["aantal"] == len(mended.row()["gezien"])
    assert {m.name: m.live for m in mended.hub.projector.members} == {"teller:1": False, "teller:1.1": True}
    assert mended.status()["teller:1"].gelezen == mended.status()["teller:1.1"].gelezen == 67


def test_a_replay_goes_on_where_a_killed_one_was(mended):
    """Nothing is applied twice and nothing left out; the lease of a process that is gone does not hold it up."""
    number = mended.do(mended.beheer.claim(["teller"], WHY))
    mended.fill(number, most=1)
    assert mended.status()["teller:1.1"].toestand == "bouwt"
    assert mended.start() == number
    mended.do(mended.beheer.switch(["teller"], WHY))
    assert all(mended.row(f"zaak-{n}")["aantal"] == len(mended.row(f"zaak-{n}")["gezien"]) for n in range(7))
    assert sum(mended.row(f"zaak-{n}")["aantal"] for n in range(7)) == 60


def test_ops_sees_how_a_replay_comes_along(mended):
    """How far, whether it is at work, how fast and how long yet; of a build that nobody fills there is nothing to say."""

    def vulling():
        return {build.lid: build.vulling for build in mended.hub.bediening.beeld("emmen").bouwen}

    number = mended.do(mended.beheer.claim(["teller"], WHY))
    assert vulling() == {"teller:1": None, "teller:1.1": None}
    during = []
    mended.fill(number, most=1, tell=lambda _now, _left: during.append(vulling()["teller:1.1"]))
    assert [(now.loopt, now.gedaan > 0, now.over_s > 0) for now in during] == [(True, True, True)]
    after = vulling()["teller:1.1"]
    assert (after.loopt, after.gedaan, after.totaal) == (False, during[0].gedaan, 60)
    assert after.over_s == pytest.approx((60 - after.gedaan) / after.per_s)
    mended.fill(number)
    mended.do(mended.beheer.filled(number))
    assert vulling() == {"teller:1": None, "teller:1.1": None}


def test_two_operators_at_once_one_wins_and_the_other_reads_who(mended, monkeypatch):
    """The lease is of who came first; the other one's words name the process."""
    number = mended.do(mended.beheer.claim(["teller"], WHY))
    with mended.reader() as lezer:
        database = lezer.fill(number)
    first = database.write(lambda db: lease.take(db, number, lease.myself())).result()
    with pytest.raises(Refused, match=r"wordt al gedaan door proces \d+ op"):
        mended.fill(number)
    later = lease.time.time_ns() + int(20e9)
    monkeypatch.setattr(lease.time, "time_ns", lambda: later)
    mended.fill(number)
    with pytest.raises(Refused, match="overgenomen"):
        database.write(lambda db: lease.renew(db, first, mine=first.houder)).result()
    database.close()


def test_a_process_that_somebody_else_counts_is_not_taken_for_dead():
    """Two containers on one host name may both be process 1: only who is counted here, since this boot, is seen to be gone."""
    where, _, random = lease.myself().split("/")
    gone, until = 2**22 + 1, lease.time.time_ns()  # more than Linux gives out; a lease far from its end
    assert not lease.Voortgang(1, f"{where}/{gone}/{random}", until).loopt
    assert lease.Voortgang(1, f"{where}0/{gone}/{random}", until).loopt
    assert lease.Voortgang(1, f"{where.partition('+')[0]}/{gone}/{random}", until).loopt


def test_a_switch_beside_no_worker_says_so(mended, monkeypatch):
    """Where the work is shared, the process that switches moves no build itself: it waits a while, and names who must."""
    zet(mended.hub, feit("zaak-3", 99))
    if mended.publisher:
        mended.publisher.catch_up()
    mended.fill(number := mended.start(fill=False))  # to the end of the log, which the live build has not seen
    mended.do(mended.beheer.filled(number))
    mended.hub.shared = True
    monkeypatch.setattr(beheer, "_EQUAL_S", 0.2)
    with pytest.raises(Refused, match="kijk of er een `wissel worker` draait"):
        mended.do(mended.beheer.switch(["teller"], WHY))


def test_a_second_replay_of_a_projection_is_refused_while_one_waits(mended):
    """With who made the one that waits and why; another projection may."""
    mended.start()
    with pytest.raises(Refused, match=r"staat al klaar .begonnen door beheer: fout hersteld"):
        mended.do(mended.beheer.claim(["teller"], WHY))
    with pytest.raises(NotFound, match="kies uit teller"):
        mended.do(mended.beheer.claim(["nietes"], WHY))
    with pytest.raises(Invalid, match="reden"):
        Besluit.of(" ", "beheer")


def test_several_projections_in_one_pass_switch_together(tmp_path, store):
    """One file, one pass over the log, one moment of switching."""
    o = Opstelling(tmp_path, teller=TELLER, kort=KORT)
    o.busy()
    o.again()
    o.start("teller", "kort")
    assert o.files() == {1}
    assert o.diff("kort").leeg
    assert o.do(o.beheer.switch(["teller", "kort"], WHY)) == ["kort:1.1", "teller:1.1"]
    assert o.row(name="kort") == o.row()
    o.start("teller", "kort", fill=False)
    with pytest.raises(Refused, match="precies die"):
        o.start("teller", fill=False)
    o.hub.close()


def test_a_projection_that_raises_stops_its_shadow_and_nobody_else(o):
    """The shadow says at which event of which zaak; readers go on seeing what they saw, and new events go in."""

    def broken(row, event):
        if event.key == "zaak-3" and event.sequence == 5:
            raise ValueError("kapot")
        return tel(row, event)

    o.busy()
    o.good = {"teller": replace(TELLER, handlers={HERVAT: tel, OPGESCHORT: broken})}
    number = o.do(o.beheer.claim(["teller"], WHY))
    with pytest.raises(Gestopt, match=r"volgnummer 5 van zaak-3.*ValueError.*--bij-fout parkeer"):
        o.fill(number)
    assert "volgnummer 5 van zaak-3" in o.status()["teller:1.1"].fout
    o.busy(60, 7)
    assert (o.row("zaak-1")["gezien"][-1], Desk(o.hub).list()) == (10, [])
    o.good = {"teller": TELLER}
    o.start()
    o.again()
    o.do(o.beheer.switch(["teller"], WHY))
    assert o.row()["aantal"] == 10


def test_a_shadow_that_parked_is_not_switched_to_by_accident(o):
    """Asked to go on it parks that zaak; switching then needs to be said twice."""
    o.busy()
    broken = replace(TELLER, handlers={HERVAT: tel, OPGESCHORT: lambda *_: 1 / 0})
    o.good = {"teller": broken}
    o.again()
    o.start(bij_fout="parkeer")
    assert o.status()["teller:1.1"].geparkeerd == 9
    assert o.hub.freshness().geparkeerd == 0
    with pytest.raises(Refused, match="heeft 9 gebeurtenissen geparkeerd en teller:1 0"):
        o.do(o.beheer.switch(["teller"], WHY))
    assert o.do(o.beheer.switch(["teller"], WHY, anyway=True)) == ["teller:1.1"]
    assert o.hub.freshness().geparkeerd == 9


def test_a_record_that_does_not_read_is_named_and_gone_past_when_asked(mended):
    """Live had parked it; the replay says which it is, and parks it too when asked to go on."""
    where = "stroom = 2 AND volgnummer = 3"
    mended.hub.database.write(
        lambda db: db.execute(f"UPDATE gebeurtenis SET waarde = substr(waarde, 1, 9) WHERE {where}")
    ).result()
    number = mended.do(mended.beheer.claim(["teller"], WHY))
    with pytest.raises(Gestopt, match=r"\(onleesbaar\).*volgnummer 3 van zaak-1"):
        mended.fill(number)
    mended.start(bij_fout="parkeer")
    assert mended.status()["teller:1.1"].geparkeerd == 7


@pytest.mark.bestanden
def test_a_full_disk_stops_the_shadow_and_leaves_what_readers_see(mended, monkeypatch):
    """It says what to do, live work goes on, and the same command finishes it once there is room."""
    number = mended.do(mended.beheer.claim(["teller"], WHY))
    with mended.reader() as lezer, closing(lezer.fill(number)) as database:
        bouwer = Bouwer(lezer, number=number, projections=[TELLER], database=database)
        bouwer._open()
        pages = database.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0]).result()
        database.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}")).result()
        zet(mended.hub, *(feit(f"{'x' * 300}-{n}", n) for n in range(200)))
        with pytest.raises(Refused, match="maak ruimte en geef hetzelfde `wissel replay start`"):
            bouwer.run()
    mended.hub.projector.catch_up()
    assert mended.row(f"{'x' * 300}-1")["aantal"] == 1
    mended.start()
    assert mended.diff().kolommen == {"aantal": 1}


@pytest.mark.parametrize("filled", [False, True])
def test_cancel_and_drop_leave_no_tables_behind(mended, filled):
    """Neither a file nor rows; the number is not used again, so nobody reads an old file for a new one."""
    mended.start(fill=filled)
    if filled:
        mended.do(mended.beheer.drop("teller:1.1", WHY))
    else:
        mended.fill(1, most=1)
        mended.do(mended.beheer.cancel(["teller"], WHY))
    assert mended.files() == set()
    assert set(mended.status()) == {"teller:1"}
    assert mended.start() == 2


def test_a_running_replay_that_is_cancelled_stops_by_itself(mended):
    """It looks now and then whether it is still wanted."""
    number = mended.do(mended.beheer.claim(["teller"], WHY))

    def cancel(*_):
        if mended.files():
            mended.do(mended.beheer.cancel(["teller"], WHY))

    with pytest.raises(Refused, match="replay 1 is afgebroken"):
        mended.fill(number, tell=cancel)
    assert mended.files() == set()


def test_what_readers_see_is_not_dropped(mended):
    """And neither is what does not exist."""
    with pytest.raises(Conflict, match="is wat iedereen nu ziet"):
        mended.do(mended.beheer.drop("teller:1", WHY))
    with pytest.raises(NotFound):
        mended.do(mended.beheer.drop("teller:9", WHY))
    with pytest.raises(Refused, match="begin met"):
        mended.do(mended.beheer.switch(["teller"], WHY))
    with pytest.raises(Refused, match="geen vorige bouw"):
        mended.do(mended.beheer.rollback(["teller"], WHY))


def test_a_drop_waits_for_who_is_reading(mended):
    """Whoever opened a view of a build reads it to the end."""
    mended.start()
    mended.do(mended.beheer.switch(["teller"], WHY))
    order = []

    async def story():
        with mended.hub.builds.reading("teller") as (db, shape):
            mended.do_now = asyncio.create_task(asyncio.to_thread(asyncio.run, going_back()))
            await asyncio.sleep(0.3)
            order.append(db.execute(f"SELECT count(*) FROM {shape.table}").fetchone()[0])
        await mended.do_now

    async def going_back():
        await mended.beheer.rollback(["teller"], WHY)
        await mended.beheer.drop("teller:1.1", WHY)
        order.append("weg")

    asyncio.run(story())
    assert order == [7, "weg"]
    assert mended.files() == set()


@pytest.mark.bestanden
def test_the_first_build_is_dropped_bit_by_bit(mended, monkeypatch):
    """Its rows lie beside what is live, so no transaction may hold that file's lock long."""
    mended.start()
    mended.do(mended.beheer.switch(["teller"], WHY))
    mended.do(mended.beheer.drop("teller:1", WHY))
    with mended.hub.members.reader() as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'teller%'")]
        assert (tables, db.execute("SELECT count(*) FROM controlepunt").fetchone()) == ([], (0,))
    mended.again()
    mended.busy(60, 7)
    assert mended.row()["aantal"] == len(mended.row()["gezien"])


@pytest.mark.bestanden
def test_what_a_killed_process_left_is_swept_at_the_next_start(mended):
    """A file that no build points to is of a replay that was dropped while its process still wrote."""
    (mended.folder / "leesmodellen-99.db").write_bytes(b"x")
    mended.again()
    assert mended.files() == set()


@pytest.mark.bestanden
def test_a_pointer_whose_file_is_gone_is_refused_with_what_to_do(mended):
    """A backup of leesmodellen.db alone, put back, is no read model."""
    mended.start()
    mended.do(mended.beheer.switch(["teller"], WHY))
    mended.hub.close()
    (mended.folder / "leesmodellen-1.db").unlink()
    with pytest.raises(Refused, match="wissel leesmodellen herbouw"):
        mended.opened(mended.good)
    mended.hub = EmbeddedHub(loaded(mended.folder), clock=Klok(), plugins=plugins(), forget_read_models=True).open()


def test_a_skip_is_loaded_by_a_replay(o):
    """What a person left out of this version stays out; a new version looks at it again."""
    o.busy()
    o.hub.database.write(
        lambda db: db.execute(
            "INSERT INTO parkeerbesluit (lid, stroom, gebeurtenis, besluit, reden, door, op, gedaan)"
            " VALUES ('teller:1', 1, ?, 'skip', 'r', 'd', 0, 1)",
            (feit("zaak-1", 8).id,),
        )
    ).result()
    o.again()
    o.start()
    assert o.diff().kolommen["gezien"] == 1


def test_readers_never_see_neither_or_both(mended):
    """Reading as fast as possible while the pointer moves to and fro: every answer is one whole build, and never older."""
    mended.start()
    answers, stop = [], asyncio.Event()

    async def read():
        while not stop.is_set():
            answers.append(
                await asyncio.to_thread(lambda: sorted(mended.hub.read_model("teller").tally("emmen", "aantal").items()))
            )

    async def story():
        readers = [asyncio.create_task(read()) for _ in range(3)]
        for _ in range(10):
            await mended.beheer.switch(["teller"], WHY)
            await mended.beheer.rollback(["teller"], WHY)
        stop.set()
        await asyncio.gather(*readers)

    asyncio.run(story())
    assert {tuple(answer) for answer in answers} == {((8, 3), (9, 3), (18, 1)), ((8, 3), (9, 4))}


def test_the_plan_counts_measures_and_changes_nothing(mended):
    """Events of the topics it reads, speed measured on this log, and what is there now."""
    before = mended.files()
    with mended.reader() as lezer:
        found = overzicht.plan(lezer, lezer.chosen(["teller"]))
    assert (found.gebeurtenissen, found.rijen, found.bezig) == (60, {"teller": 7}, [])
    assert found.per_s > 100
    assert found.duur_s == pytest.approx(60 / found.per_s, abs=0.2)
    assert mended.files() == before
    assert list(mended.folder.glob("proef-*")) == []
    with mended.reader() as lezer, pytest.raises(NotFound, match="kies uit teller"):
        lezer.chosen(["x"])


def test_personal_values_are_masked_in_examples():
    """What is no number, date, uuid or colour is shown by its length alone."""
    value = {"a" * 32: ["Jansen", b"\x01", 3, None, "2026-03-03", "groen"], "medewerker": "behandelaar-sam"}
    shown = verschil.masked(value)
    assert shown == {"•••(32)": ["•••(6)", "•••", 3, None, "2026-03-03", "groen"], "•••(10)": "•••(15)"}


def test_one_zaak_alone_is_built_again_in_every_build(mended):
    """Its rows become what the mended code makes of it; the others are not touched, and later events follow on."""
    others = {n: mended.row(f"zaak-{n}") for n in (0, 1, 2, 4, 5, 6)}
    done = mended.do(herbouw_stroom(mended.hub, "zaak-3", WHY))
    assert done["gebouwd"] == {"teller:1": {"gebeurtenissen": 9, "geparkeerd": 0}}
    assert mended.row()["aantal"] == 9
    assert {n: mended.row(f"zaak-{n}") for n in others} == others
    assert mended.hub.read_model("teller").linked("emmen", "laatste", mended.row()["laatste"]) == [("zaak-3", mended.row())]
    mended.busy(60, 7)
    assert mended.row()["gezien"] == list(range(1, 11))
    with pytest.raises(NotFound):
        mended.do(herbouw_stroom(mended.hub, "zaak-99", WHY))


def test_what_comes_while_one_zaak_is_built_again_is_not_lost(mended, monkeypatch):
    """An event that the live work takes just before the fence is in the row that comes in its place."""
    from hub.replay.stroom import herbouw_stroom

    (member,) = mended.hub.projector.members
    write, came = member.database.write, []

    def first_comes_another(work, **more):
        if not came:
            came.append(True)
            mended.busy(60, 7)
        return write(work, **more)

    monkeypatch.setattr(member.database, "write", first_comes_another)
    mended.do(herbouw_stroom(mended.hub, "zaak-3", WHY))
    mended.hub.projector.catch_up()
    assert mended.row()["gezien"] == list(range(1, 11))


@pytest.mark.bestanden
def test_a_replay_needs_no_key(mended):
    """The process that fills a shadow has the log and the read models, and nothing that unseals: what is shredded stays so."""
    number = mended.do(mended.beheer.claim(["teller"], WHY))
    keys = mended.folder / "sleutels.db"
    away = keys.rename(mended.folder / "elders.db")
    mended.fill(number)
    away.rename(keys)
    mended.do(mended.beheer.filled(number))
    assert mended.diff().anders == 1


def test_a_new_version_waits_for_the_switch_where_that_is_asked(mended):
    """Everybody sees the old rows until then, also when that is long; then the new ones, and no way back without its code."""
    from hub.replay.deploy import nieuwe_versies

    mended.hub.close()
    mended.good = {"teller": replace(TELLER, version=2, handlers={HERVAT: tel, OPGESCHORT: tel})}
    settings = loaded(mended.folder, projecties={"nieuwe_versie": "wacht"})
    mended.hub = EmbeddedHub(settings, clock=Klok(), plugins=plugins(mended.good)).open()
    assert nieuwe_versies(mended.hub.builds) == ["teller"]
    old = mended.row()["aantal"]
    mended.busy(60, 7)
    assert mended.row()["aantal"] == old
    mended.start()
    assert (mended.row()["aantal"], nieuwe_versies(mended.hub.builds)) == (old, [])
    assert mended.do(mended.beheer.switch(["teller"], WHY)) == ["teller:2.1"]
    assert mended.row()["aantal"] == len(mended.row()["gezien"]) == 10
    with pytest.raises(Refused, match="volgt het logboek niet"):
        mended.do(mended.beheer.rollback(["teller"], WHY))


def test_the_previous_build_follows_for_as_long_as_was_set(mended):
    """Until then there is a way back; after that it stands still, takes no part in the work, and waits to be dropped."""
    mended.start()
    mended.do(mended.beheer.switch(["teller"], WHY))
    mended.hub.clock.verder(hours=25)
    mended.busy(60, 7)
    assert [member.name for member in mended.hub.projector.members] == ["teller:1.1"]
    assert mended.status()["teller:1"].gelezen == 60
    with pytest.raises(Refused, match="volgt het logboek niet"):
        mended.do(mended.beheer.rollback(["teller"], WHY))
    mended.do(mended.beheer.drop("teller:1", WHY))
    assert set(mended.status()) == {"teller:1.1"}


def test_a_next_switch_drops_the_one_before_the_previous(mended):
    """There is one build to go back to; what came before it leaves nothing behind."""
    for _ in range(3):
        mended.start()
        mended.do(mended.beheer.switch(["teller"], WHY))
    assert {lid: line.wat for lid, line in mended.status().items()} == {"teller:1.3": "live", "teller:1.2": "vorige"}
    assert mended.files() == {2, 3}


def test_a_replay_reads_a_log_on_kafka_directly(tmp_path, store, kafka, topic_prefix):
    """The same story where the log is Kafka: killed and resumed, compared, switched, back, and one zaak alone."""
    make_topics(kafka, topic_prefix)
    o = Opstelling(tmp_path, kafka=access(kafka, topic_prefix))
    o.busy()
    o.again()
    number = o.do(o.beheer.claim(["teller"], WHY))
    o.fill(number, most=1)
    assert o.start() == number
    found = o.diff()
    assert (found.gelijk, found.anders, found.kolommen, found.gebeurtenissen) == (6, 1, {"aantal": 1}, 60)
    assert o.do(o.beheer.switch(["teller"], WHY)) == ["teller:1.1"]
    o.busy(60, 7)
    assert o.row()["aantal"] == len(o.row()["gezien"]) == 10
    assert o.do(o.beheer.rollback(["teller"], WHY)) == ["teller:1"]
    done = o.do(herbouw_stroom(o.hub, "zaak-3", WHY))
    assert set(done["gebouwd"]) == {"teller:1", "teller:1.1"}
    assert o.row()["gezien"] == list(range(1, 11))
    o.busy(67, 7)
    assert o.row()["gezien"] == list(range(1, 12))
    assert o.hub.toen("teller", gemeente="emmen", key="zaak-3", moment=4)["gezien"] == [1, 2, 3, 4]
    o.close()
    drop_topics(kafka, topic_prefix)


def test_a_shadow_of_another_log_is_not_gone_on_with(mended):
    """An older wissel.db was put back while a replay lay half done: it says so instead of mixing two histories (R6)."""
    number = mended.do(mended.beheer.claim(["teller"], WHY))
    mended.fill(number, most=1)
    with mended.reader() as lezer, closing(lezer.fill(number)) as database:
        database.write(lambda db: db.execute("UPDATE controlepunt SET log_id = 'ander' WHERE lid = 'teller:1.1'")).result()
    with pytest.raises(Refused, match=r"uit een ander logboek.*wissel replay cancel"):
        mended.fill(number)
    mended.do(mended.beheer.cancel(["teller"], WHY))
    assert mended.start() == 2
