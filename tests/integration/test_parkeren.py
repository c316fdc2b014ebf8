# SPDX-License-Identifier: EUPL-1.2
"""What an operator does with what is parked: choose, look, try a choice again in order, skip, export; and the limits."""

from __future__ import annotations

import asyncio
import json
import stat
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hub_voor_tests import HERVAT, TELLER, Klok, VolgFlow, feit, gemeente, instellingen, loaded, plugins, tel, zet
from motor import Doener, Verbinding, draait, tot
from motor import opened as met_verbinding
from zaak_voor_tests import Standin, draaiende_hub, serving, zaak_settings

from hub import metrics
from hub.app import EmbeddedHub
from hub.cli import wissel
from hub.desk import Desk
from hub.errors import Invalid, Poison, SourceContractBroken
from hub.geparkeerd import Keuze, in_woorden
from hub.settings import ParkeerSettings

pytestmark = pytest.mark.usefixtures("store")
WHY = {"reden": "uitgezocht", "door": "beheerder"}
ZAAK = "0e7a4ea6-5aa7-4b8c-9a30-3c0ac8a3f2a1"


class Breuk:
    """Raises for the zaken it is told to, each its own kind of error, until it is mended."""

    def __init__(self, **kinds):
        self.kinds = kinds

    def __call__(self, row, event):
        if event.key in self.kinds:
            raise self.kinds[event.key]("kapot")
        return tel(row, event)


def opened(folder, breuk, **settings):
    projection = replace(TELLER, handlers={HERVAT: breuk})
    given = loaded(folder, (gemeente(), gemeente("zwolle")), partities=1, **settings)
    made = plugins({"teller": projection}, flows={"volg": VolgFlow(lambda state: 1 / 0 if state[-1].key == "d" else ())})
    return EmbeddedHub(given, clock=Klok(), plugins=made).open()


@pytest.fixture
def breuk():
    """Three zaken that fail on two causes."""
    return Breuk(a=KeyError, b=KeyError, c=Poison)


@pytest.fixture
def hub(tmp_path, breuk):
    """Parked: a and b on one cause, c of another gemeente on another, d for the flow; each an hour after the one before."""
    hub = opened(tmp_path, breuk)
    for key, slug in (("a", "emmen"), ("b", "emmen"), ("c", "zwolle"), ("d", "emmen")):
        zet(hub, *(feit(key, n, slug=slug) for n in range(3)))
        hub.projector.catch_up()
        hub.flow_runner.catch_up()
        hub.clock.verder(hours=1)
    yield hub
    hub.close()


def keys(hub, **chosen):
    return [entry.sleutel for entry in Desk(hub).list(Keuze.of(chosen))]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, "abcd"),
        ({"oorzaak": "KeyError"}, "ab"),
        ({"zaak": "c"}, "c"),
        ({"soort": HERVAT}, "abcd"),
        ({"soort": "iets anders"}, ""),
        ({"lid": "teller"}, "abc"),
        ({"lid": "teller:1"}, "abc"),
        ({"lid": "flow"}, "d"),
        ({"ouder_dan": "2u"}, "abc"),
        ({"ouder_dan": "181m"}, "a"),
        ({"gemeente": "zwolle"}, "c"),
        ({"oorzaak": "KeyError", "zaak": "b"}, "b"),
        ({"nummer": "flow:volg/4"}, "d"),
    ],
)
def test_what_is_listed_is_what_was_chosen_oldest_first(hub, chosen, expected):
    """By cause, stream, type, member, age, gemeente, and by several at once."""
    assert "".join(keys(hub, **chosen)) == expected


@pytest.mark.bestanden
def test_an_age_that_is_none_is_refused(hub):
    """And what to write instead is said."""
    with pytest.raises(Invalid, match="30m of 2u"):
        keys(hub, ouder_dan="gisteren")


def test_one_entry_tells_everything(hub):
    """Cause in plain words, tries, first and last time, the stack, and what waits behind it."""
    hub.clock.verder(hours=1)
    asyncio.run(Desk(hub).retry("teller:1/3", **WHY))
    entry = Desk(hub).show("teller:1/3")
    assert entry.woorden == in_woorden("Poison") != ""
    assert (entry.pogingen, entry.sinds, entry.laatst) == (2, "2026-03-12T10:00:00Z", "2026-03-12T13:00:00Z")
    assert [(a.volgnummer, a.soort) for a in entry.achter] == [(2, HERVAT), (3, HERVAT)]
    assert entry.wacht_erachter == 2
    assert "in __call__" in entry.stapel


@pytest.mark.bestanden
def test_every_cause_has_plain_words():
    """Our own, those of a kind above it, those with a name of their own, and one that nobody foresaw."""
    assert in_woorden("SourceContractBroken") == SourceContractBroken.in_woorden
    assert in_woorden("volgnummer-dubbel") == in_woorden("SequenceFault") != in_woorden("ZeroDivisionError")
    assert all(map(in_woorden, ("wacht", "Poison", "GeenToegang", "ZeroDivisionError", "onbekend")))


def test_a_cause_is_tried_again_in_order_and_stops_at_the_first_that_fails_again(hub, breuk):
    """Oldest first; what comes after the one that fails is not touched."""
    order = []
    retry = hub.projector.retry
    hub.projector.retry = lambda member, stream: order.append(stream) or retry(member, stream)
    del breuk.kinds["b"]
    done = asyncio.run(Desk(hub).retry_chosen(Keuze(oorzaak="KeyError"), **WHY))
    assert (order, done.gelukt, done.over, done.mislukt) == ([1], 0, 2, "teller:1/1")
    del breuk.kinds["a"]
    done = asyncio.run(Desk(hub).retry_chosen(Keuze(oorzaak="KeyError"), **WHY))
    assert (order, done.gelukt, done.over, done.mislukt) == ([1, 1, 2], 2, 0, None)
    assert keys(hub) == ["c", "d"]


def test_all_of_it_is_tried_again(hub, breuk):
    """Projections and flows alike; each decision stands with reason and name."""
    breuk.kinds.clear()
    hub.plugins.flows["volg"].regel = lambda _state: ()
    done = asyncio.run(Desk(hub).retry_chosen(Keuze(), **WHY))
    assert (done.gelukt, done.mislukt) == (4, None)
    assert keys(hub) == []
    told = hub.read_now(lambda tx: tx.all("SELECT besluit, reden, door, gedaan FROM parkeerbesluit"))
    assert told == [("retry", "uitgezocht", "beheerder", 1)] * 4


def test_one_answer_ends_in_time_and_says_what_is_left(hub, breuk, monkeypatch):
    """Much is tried again in parts, so that no operator waits on one answer."""
    breuk.kinds.clear()
    monkeypatch.setattr("hub.desk._ANSWER_S", -1.0)
    done = asyncio.run(Desk(hub).retry_chosen(Keuze(lid="teller"), **WHY))
    assert (done.gelukt, done.over, done.mislukt) == (1, 2, None)


# ------------------------------------------------------------------------------------------------------------- limits


def test_too_much_raises_an_alarm_and_loses_nothing(tmp_path, breuk):
    """In one stream and in total: a finding, a gauge, a line in the log once; over again when it was settled."""
    hub = opened(tmp_path, breuk, parkeren=ParkeerSettings(stroom_hoogstens=3, totaal_hoogstens=5))
    zet(hub, *(feit("a", n) for n in range(3)))
    hub.projector.catch_up()
    assert [b.soort for b in hub.toezicht()] == ["geparkeerd"]
    zet(hub, feit("a", 4), *(feit("b", n) for n in range(3)))
    hub.projector.catch_up()
    found = hub.toezicht()
    assert [(b.soort, b.alarm, b.aantal) for b in found] == [
        ("parkeergrens-totaal", True, 7),
        ("parkeergrens-stroom", True, 4),
        ("geparkeerd", False, 7),
    ]
    gauge = metrics.REGISTRY.get_sample_value
    assert gauge("wissel_parking_limit_exceeded", {"grens": "totaal"}) == 1
    assert gauge("wissel_parking_limit_exceeded", {"grens": "stroom"}) == 1
    assert gauge("wissel_parked_now") == 7
    breuk.kinds.clear()
    asyncio.run(Desk(hub).retry_chosen(Keuze(), **WHY))
    assert hub.toezicht() == []
    assert gauge("wissel_parking_limit_exceeded", {"grens": "totaal"}) == 0
    assert [row["aantal"] for _, row in hub.read_model("teller").select("emmen")] == [4, 3]
    hub.close()


@pytest.mark.bestanden
def test_what_begins_to_need_a_person_is_logged_once(tmp_path, breuk, monkeypatch, capsys):
    """And that it is over."""
    monkeypatch.setattr("hub.toezicht._EVERY_S", 0.01)
    hub = opened(tmp_path, breuk)
    zet(hub, feit("a", 1))
    hub.projector.catch_up()

    async def watched():
        task = asyncio.create_task(hub.supervision.run())
        await asyncio.sleep(0.15)
        breuk.kinds.clear()
        await Desk(hub).retry("teller:1/1", **WHY)
        await asyncio.sleep(0.15)
        task.cancel()

    asyncio.run(watched())
    said = capsys.readouterr()
    text = said.out + said.err
    assert text.count("attention_needed") == text.count("attention_over") == 1
    hub.close()


# ------------------------------------------------------------------------------------------------ ledger and inboxes


def test_a_parked_opdracht_shows_its_stack_and_tries(tmp_path):
    """As a parked event does; a retry begins its bounds anew."""

    async def refuses(_opdracht):
        raise SourceContractBroken("het register weigert dit")

    async def main():
        hub = met_verbinding(tmp_path, Verbinding(Doener(refuses)))
        async with draait(hub):
            zet(hub, feit("a", 1))
            hub.flow_runner.wake()
            (entry,) = await tot(Desk(hub).list)
            assert (entry.lid, entry.oorzaak, entry.pogingen) == ("opdracht:x", "SourceContractBroken", 1)
            assert entry.uitleg == "het register weigert dit"
            assert entry.woorden == SourceContractBroken.in_woorden
            assert "in refuses" in entry.stapel
            assert keys(hub, lid="opdracht") == ["a"]
            assert Desk(hub).show(entry.nummer) == entry

    asyncio.run(main())


BODY = {
    "kanaal": "zaken",
    "hoofdObject": f"http://127.0.0.1:8000/zaken/api/v1/zaken/{ZAAK}",
    "resource": "zaak",
    "resourceUrl": f"http://127.0.0.1:8000/zaken/api/v1/zaken/{ZAAK}",
    "actie": "create",
    "aanmaakdatum": "2026-03-12T10:00:00Z",
    "kenmerken": {},
}


def inbox(tmp_path, check):
    """Run a hub whose zaaksysteem refuses everything, notify it of a zaak, and look."""

    async def main():
        async with (
            serving(Standin({}, refused=lambda _path: True)) as base,
            draaiende_hub(tmp_path, {"emmen": zaak_settings(base)}) as running,
        ):
            await check(running)

    asyncio.run(main())


def test_a_zaak_whose_fetch_is_refused_waits_in_the_same_list(tmp_path):
    """It is tried again by itself all the same; a skip settles its notifications."""

    async def check(running):
        assert (await running.meld(BODY)).status_code == 204
        (entry,) = await tot(Desk(running.hub).list)
        assert (entry.lid, entry.sleutel, entry.soort, entry.oorzaak) == ("postvak:zaak", ZAAK, "ophalen", "GeenToegang")
        assert entry.woorden == SourceContractBroken.in_woorden
        assert await Desk(running.hub).retry(entry.nummer, **WHY) is True
        (entry,) = await tot(Desk(running.hub).list)
        assert await Desk(running.hub).skip(entry.nummer, **WHY) is True
        assert Desk(running.hub).list() == []
        assert running.hub.read_now(running.connector.backlog) == 0

    inbox(tmp_path, check)


@pytest.mark.bestanden
def test_a_source_that_is_only_away_parks_nothing(tmp_path):
    """What comes right by itself needs no person."""

    async def main():
        settings = zaak_settings("http://127.0.0.1:9")
        async with draaiende_hub(tmp_path, {"emmen": settings}) as running:
            await running.meld(BODY)
            await tot(lambda: running.rows("SELECT 1 FROM zaak_stand WHERE poging > 1"))
            assert Desk(running.hub).list() == []

    asyncio.run(main())


def test_a_notification_nobody_can_read_is_kept_and_read_again(tmp_path, monkeypatch):
    """A version that reads it takes it in after all; what stays unreadable can be thrown away."""

    async def check(running):
        for body in ({**BODY, "actie": ""}, {"kanaal": 1}):
            assert (await running.meld(body)).status_code == 400
        first, second = Desk(running.hub).list()
        assert {first.lid, second.lid} == {"postvak:zaak"}
        assert await Desk(running.hub).retry(first.nummer, **WHY) is False
        monkeypatch.setattr("connectors.zaak.lezen._REQUIRED", tuple(BODY)[:4])
        missing = next(e for e in (first, second) if "actie" in e.uitleg and "hoofdObject" not in e.uitleg)
        assert await Desk(running.hub).retry(missing.nummer, **WHY) is True
        (left,) = keys_of(running.hub, "melding")
        assert await Desk(running.hub).skip(left.nummer, **WHY) is True
        assert keys_of(running.hub, "melding") == []
        assert running.rows("SELECT zaak FROM zaak_melding") == [(ZAAK,)]

    inbox(tmp_path, check)


def keys_of(hub, soort):
    return Desk(hub).list(Keuze(soort=soort))


# ---------------------------------------------------------------------------------------------------- the command line


@pytest.fixture
def command(tmp_path):
    """Commands on the files of an installation in which one event of two zaken does not read."""
    file = tmp_path / "wissel.toml"
    file.write_text(instellingen(tmp_path / "data"), encoding="utf-8")
    from hub.settings import load

    hub = EmbeddedHub(load(file, {})).open()
    zet(hub, *(feit(key, n) for key in "ab" for n in range(2)))
    good = hub.database.write(_damage).result()
    hub.projector.catch_up()
    hub.close()

    def run(*arguments, code=0):
        done = CliRunner().invoke(wissel, ["parked", *arguments, "--config", str(file)], env={"COLUMNS": "300"})
        assert done.exit_code == code, done.output
        return done.stdout

    run.mend = lambda: _mend(file, good)
    return run


def _damage(db):
    rows = db.execute("SELECT plaats, waarde FROM gebeurtenis WHERE volgnummer = 1").fetchall()
    db.executemany("UPDATE gebeurtenis SET waarde = ? WHERE plaats = ?", [(value[:9], place) for place, value in rows])
    return rows


def _mend(file, good):
    from hub.settings import load

    hub = EmbeddedHub(load(file, {})).open()
    update = "UPDATE gebeurtenis SET waarde = ? WHERE plaats = ?"
    hub.database.write(lambda db: db.executemany(update, [(value, place) for place, value in good])).result()
    hub.close()


@pytest.mark.bestanden
def test_the_commands_list_show_export_and_retry(command, tmp_path):
    """For a person and, with --json, for a program; a choice that fails again ends with 1."""
    entries = json.loads(command("list", "--json"))
    assert {e["oorzaak"] for e in entries} == {"SchemaViolation"}
    number = next(e["nummer"] for e in entries if e["wacht_erachter"])
    assert number in command("list", "--zaak", entries[0]["sleutel"])
    assert "Er staat niets geparkeerd" in command("list", "--oorzaak", "iets anders")
    shown = command("show", number)
    assert in_woorden("SchemaViolation") in shown
    assert "de fout in detail" in shown
    assert json.loads(command("show", number, "--json"))["achter"][0]["volgnummer"] == 2
    target = tmp_path / "uit.jsonl"
    command("export", "--naar", str(target))
    assert [json.loads(line)["nummer"] for line in target.read_text().splitlines()] == [e["nummer"] for e in entries]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    why = ("--reden", "hersteld", "--door", "beheer")
    assert "is weer mislukt" in command("retry", "--oorzaak", "SchemaViolation", *why, code=1)
    command.mend()
    done = json.loads(command("retry", "--alles", "--json", *why))
    assert done == {"gelukt": len(entries), "over": 0, "mislukt": None}
    assert json.loads(command("list", "--json")) == []


@pytest.mark.bestanden
def test_a_retry_of_nothing_in_particular_is_wrong_use(command):
    """All of it is tried again only when that is asked."""
    command("retry", "--reden", "r", "--door", "d", code=2)
    command("retry", "x/1", "--alles", "--reden", "r", "--door", "d", code=2)
