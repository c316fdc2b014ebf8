# SPDX-License-Identifier: EUPL-1.2
"""R15: an installation with work half done moves to Kafka and PostgreSQL and back; nothing is lost, nothing done twice.

``WISSEL_TEST_VERHUIS=200000`` moves one of that many events.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from hub_voor_tests import feit, gemeente, instellingen, plugins, zet
from logs import drop_topics, make_topics, publisher_of, settle
from verhuiswereld import WERK, Wereld, begin, begin_verhuizing, maak_af, side, vul, zeg

from hub.core import Core
from hub.errors import ConfigError, Refused
from hub.events import ZAKEN
from hub.log.partitioner import partition_of
from hub.privacy import Pseudonymizer
from hub.settings import load
from hub.store.server import OnServer
from hub.store.sqlite import SqliteDatabase
from hub.verhuis import verhuizing
from hub.verhuis.cli import verhuis as command
from hub.verhuis.verhuizing import verhuis

EVENTS = int(os.environ.get("WISSEL_TEST_VERHUIS", "2000"))


@pytest.fixture
def wereld():
    return Wereld()


@pytest.fixture
def oud(tmp_path):
    """The side an installation begins on: files."""
    return {"folder": str(tmp_path / "oud")}


@pytest.fixture
def nieuw(tmp_path, kafka, topic_prefix, postgres, wereld):
    """The side it moves to: topics and schemas made, empty."""
    make_topics(kafka, topic_prefix, connectors=["x"])
    with postgres.database(seen=tmp_path / "gezien") as address:
        given = {"folder": str(tmp_path / "nieuw"), "database": address, "kafka": kafka, "prefix": topic_prefix}
        OnServer(side(**given)).migrate("pre", {"x": wereld.plugins().connectors["x"].tables})
        yield given
    drop_topics(kafka, topic_prefix)


@pytest.fixture
def heen_en_weer(wereld, oud, nieuw):
    """Return a move between the two."""

    def go(van, naar):
        return verhuis(side(**van), side(**naar), plugins=wereld.plugins(), meld=zeg)

    return go


def regels(verslag):
    """What is proven of each partition."""
    return [(part.topic, part.partitie, part.aantal, part.sha256) for part in verslag.partities]


def punten(wereld, where):
    """Where each flow stands, told by the event itself."""
    hub = wereld.hub(side(**where)).open()
    with hub.database.reader() as db:
        rows = db.execute("SELECT lid, partitie, plaats, gebeurtenis FROM controlepunt ORDER BY lid, partitie").fetchall()
    found = [(lid, hub.log.partition_at(n << 40), bytes(id_ or b"")) for lid, n, _, id_ in rows]
    assert [bytes(hub.log.record_at(place).event_id) if id_ else b"" for _, _, place, id_ in rows] == [f[2] for f in found]
    hub.close()
    return found


@pytest.mark.timeout(60 + EVENTS / 100)
def test_work_half_done_ends_as_it_would_have_there_and_back(wereld, oud, nieuw, heen_en_weer, tmp_path):
    """The same digest per partition, every opdracht written once, and in the end all streams and rows of one that stayed."""
    vul(wereld, side(**oud), EVENTS)
    shutil.copytree(oud["folder"], tmp_path / "bleef")
    bleef = Wereld()
    bleef.geschreven = wereld.geschreven.copy()
    half = sum(wereld.geschreven.values())
    assert half == WERK // 2
    heen = heen_en_weer(oud, nieuw)
    assert heen.gebeurtenissen >= EVENTS + 2 * WERK
    assert heen.gepubliceerd == heen.gebeurtenissen
    assert {part.herhaald for part in heen.partities} == {part.vreemd for part in heen.partities} == {(0, 0)}
    assert heen.werk["openstaande opdrachten"] == 3 * WERK // 10
    assert heen.werk["geparkeerde opdrachten"] == WERK // 10
    assert heen.werk["lopende termijnen"] == 9 * WERK // 10
    assert heen.werk["geparkeerde stromen van flows"] == 2
    assert heen.werk["overgeslagen gebeurtenissen"] == 1
    where = punten(wereld, nieuw)
    terug = heen_en_weer(nieuw, oud)
    assert regels(terug) == regels(heen)
    assert punten(wereld, oud) == where
    assert terug.tabellen != heen.tabellen  # the new place remembers that the old one keeps a copy of the keys
    klaar = maak_af(wereld, side(**oud))
    assert klaar == maak_af(bleef, side(str(tmp_path / "bleef")))
    assert klaar["geparkeerd"] == [("teller:1", "krom-0")]
    assert wereld.geschreven == bleef.geschreven
    assert set(wereld.geschreven.values()) == {1}
    assert len(wereld.geschreven) == WERK + 2
    for verslag in (heen, terug):
        zeg(f"{verslag.gebeurtenissen} gebeurtenissen, {sum(t.rijen for t in verslag.tabellen)} rijen, {verslag.seconden} s")
    for topic, partitie, aantal, sha256 in regels(heen):
        zeg(f"{topic}/{partitie} {aantal} {sha256}")
    zeg(f"effecten dubbel: {sum(count - 1 for count in wereld.geschreven.values())} van {len(wereld.geschreven)}")


@pytest.mark.timeout(400)  # a process for each kill
def test_a_move_that_is_killed_again_and_again_goes_on(wereld, oud, nieuw, heen_en_weer):
    """The source is whole and may work on, no hub runs on the half target, and the next move copies what changed too."""
    vul(wereld, side(**oud), 500)
    for moment in ("termijn:", "Kafka:", "leesmodellen:"):
        child = begin_verhuizing(oud, nieuw)
        for line in child.stdout:
            if line.startswith(moment):
                child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, f"it ended before {moment}"
        with pytest.raises(Refused, match="dat is niet af"):
            wereld.hub(side(**nieuw)).open()
        hub = wereld.hub(side(**oud)).open()
        zet(hub, feit("stil-1", 900 + len(moment)))
        settle(hub)
        hub.close()
    heen = heen_en_weer(oud, nieuw)
    assert heen.gepubliceerd == 1  # what was put down after the last kill
    maak_af(wereld, side(**nieuw))
    assert set(wereld.geschreven.values()) == {1}
    assert len(wereld.geschreven) == WERK + 2


def test_the_old_place_refuses_and_says_where_it_went_and_how_to_undo(wereld, oud, nieuw, heen_en_weer):
    """Two hubs on one log would do everything twice; the way back takes the mark away and leaves one at the other place."""
    begin(wereld, side(**oud))
    heen_en_weer(oud, nieuw)
    with pytest.raises(Refused, match=r"verhuisd naar PostgreSQL op .* met Kafka op .*wissel verhuis --from"):
        wereld.hub(side(**oud)).open()
    with pytest.raises(Refused, match="hiervandaan verhuisd naar PostgreSQL"):
        heen_en_weer(oud, nieuw)
    wereld.hub(side(**nieuw)).open().close()
    heen_en_weer(nieuw, oud)
    with pytest.raises(Refused, match="verhuisd naar de map"):
        wereld.hub(side(**nieuw)).open()
    wereld.hub(side(**oud)).open().close()
    assert heen_en_weer(oud, nieuw).gepubliceerd == 0  # its topics have it all still


def test_a_move_cut_off_between_its_last_two_steps_is_finished(wereld, oud, nieuw, heen_en_weer, monkeypatch):
    """The source refuses already, the target not yet runs: giving the move again lets the target run."""
    begin(wereld, side(**oud))
    marks = []

    def cut(db, found):
        if marks and found is None:
            raise RuntimeError("de stroom viel uit")
        marks.append(found)
        merk(db, found)

    merk = verhuizing.merk
    monkeypatch.setattr(verhuizing, "merk", cut)
    with pytest.raises(RuntimeError):
        heen_en_weer(oud, nieuw)
    monkeypatch.setattr(verhuizing, "merk", merk)
    for where in (oud, nieuw):
        with pytest.raises(Refused):
            wereld.hub(side(**where)).open()
    heen_en_weer(oud, nieuw)
    wereld.hub(side(**nieuw)).open().close()


def test_repeats_and_foreign_records_in_the_topics_count_for_nothing(wereld, oud, nieuw, heen_en_weer, kafka, topic_prefix):
    """A checkpoint behind them comes at the event it is at, not at its offset; what is not ours stays behind."""
    from confluent_kafka import Consumer, Producer, TopicPartition

    vul(wereld, side(**oud), 50)
    heen = heen_en_weer(oud, nieuw)
    number, topic = partition_of("stil-0", 2), topic_prefix + ZAKEN
    reader = Consumer({"bootstrap.servers": kafka, "group.id": "proef"})
    reader.assign([TopicPartition(topic, number, 0)])
    again = reader.consume(5, 10.0)
    reader.close()
    producer = Producer({"bootstrap.servers": kafka})
    for message in again:
        producer.produce(topic, value=message.value(), key=message.key(), partition=number, headers=message.headers())
    producer.produce(topic, value=b"{}", partition=number)
    producer.flush(10)
    hub = wereld.hub(side(**nieuw)).open()
    settle(hub, publisher_of(hub))
    (head,) = [p.head for p in hub.log.positions() if (p.topic, p.partition) == (ZAKEN, number)]
    assert hub.flow_runner.members[0].points[number].offset == head - 1
    hub.close()
    before = punten(wereld, nieuw)
    terug = heen_en_weer(nieuw, oud)
    part = next(p for p in terug.partities if (p.topic, p.partitie) == (ZAKEN, number))
    assert (part.herhaald, part.vreemd) == ((5, 0), (1, 0))
    assert terug.vreemd == 1
    assert terug.gebeurtenissen >= heen.gebeurtenissen
    after = punten(wereld, oud)
    assert [point[:2] for point in after] == [point[:2] for point in before]
    hub = wereld.hub(side(**oud)).open()
    assert list(hub.flow_runner.steps()) == []
    hub.close()


def test_a_hub_that_runs_on_either_side_is_in_the_way(wereld, oud, nieuw, heen_en_weer):
    """Whatever it would do during the move would be lost, or done twice."""
    for where in (oud, nieuw):
        hub = wereld.hub(side(**where)).open()
        with pytest.raises(Refused, match="a hub already runs"):
            heen_en_weer(oud, nieuw)
        hub.close()


def test_what_is_not_published_yet_is_waited_for(wereld, oud, nieuw, heen_en_weer):
    """The topics of the source must be whole: other systems read them."""
    hub = wereld.hub(side(**nieuw)).open()
    zet(hub, *(feit("a", n) for n in range(3)))
    hub.close()
    with pytest.raises(Refused, match=r"3 gebeurtenissen zijn nog niet gepubliceerd.*topics show"):
        heen_en_weer(nieuw, oud)
    wereld.hub(side(**oud)).open().close()  # nothing was begun there


def test_a_target_that_holds_anything_is_left_alone(wereld, oud, nieuw, heen_en_weer):
    """Another log, or topics with events in them; a hub that only started there is no hindrance."""
    begin(wereld, side(**oud))
    hub = wereld.hub(side(**nieuw)).open()
    hub.close()
    heen_en_weer(oud, nieuw)
    other = {"folder": f"{oud['folder']}-ander"}
    hub = wereld.hub(side(**other)).open()
    zet(hub, feit("a", 1))
    hub.close()
    with pytest.raises(Refused, match=r"het doel is niet leeg \(.*gebeurtenis"):
        heen_en_weer(nieuw, other)
    hub = wereld.hub(side(**other)).open()
    assert sum(p.head for p in hub.log.positions()) == 1
    hub.close()


def test_topics_with_events_of_others_are_left_alone(wereld, oud, nieuw, heen_en_weer, kafka, topic_prefix):
    """A store that is empty does not make its topics so."""
    from confluent_kafka import Producer

    begin(wereld, side(**oud))
    producer = Producer({"bootstrap.servers": kafka})
    producer.produce(topic_prefix + ZAKEN, value=b"iets")
    producer.flush(10)
    with pytest.raises(Refused, match="topics van het doel zijn niet leeg"):
        heen_en_weer(oud, nieuw)


def test_a_log_that_went_on_at_both_places_is_never_mixed(wereld, oud, nieuw, heen_en_weer):
    """Somebody took the mark away by hand for a while: what each place put down then is not what the other did."""
    begin(wereld, side(**oud))
    heen_en_weer(oud, nieuw)
    path = Path(oud["folder"]) / "wissel.db"
    (mark,) = op_bestand(path, "SELECT waarde FROM meta WHERE naam = 'verhuizing'")
    op_bestand(path, "DELETE FROM meta WHERE naam = 'verhuizing' RETURNING 1")
    for where, number in ((oud, 901), (nieuw, 902)):
        hub = wereld.hub(side(**where)).open()
        zet(hub, feit("stil-1", number))
        settle(hub, publisher_of(hub))
        hub.close()
    with pytest.raises(Refused, match="niet leeg"):
        heen_en_weer(nieuw, oud)
    op_bestand(path, "INSERT INTO meta VALUES ('verhuizing', ?) RETURNING 1", *mark)
    with pytest.raises(Refused, match="het doel heeft gebeurtenissen die de bron niet heeft"):
        heen_en_weer(nieuw, oud)
    with pytest.raises(Refused, match="verhuisd naar PostgreSQL"):  # and nothing was changed there
        wereld.hub(side(**oud)).open()


def op_bestand(path, sql, *params):
    """Run one statement on a file that no hub has open; return its rows."""
    database = SqliteDatabase(path, "")
    rows = database.write(lambda db: db.execute(sql, params).fetchall()).result()
    database.close()
    return rows


def test_settings_of_two_installations_are_all_named(wereld, oud, tmp_path):
    """Every difference at once, before anything is opened."""
    van = side(**oud)
    naar = side(str(tmp_path / "b"), partities=3).model_copy(
        update={"master_key": bytes(32), "gemeenten": {"zwolle": gemeente("zwolle")}}
    )
    with pytest.raises(ConfigError) as problems:
        verhuis(van, naar, plugins=plugins())
    told = str(problems.value)
    assert all(key in told for key in ("gemeenten.emmen", "gemeenten.zwolle", "sleutels.hoofdsleutel", "log.partities"))
    other = gemeente()
    object.__setattr__(other, "pseudonym", Pseudonymizer(b"anders".ljust(32, b".")))
    with pytest.raises(ConfigError, match=r"gemeenten\.emmen\.pseudoniemsleutel"):
        verhuis(van, side(str(tmp_path / "b")).model_copy(update={"gemeenten": {"emmen": other}}), plugins=plugins())
    assert not (tmp_path / "b").exists()


def test_a_source_that_is_not_there_and_a_move_to_itself_are_refused(wereld, oud, tmp_path):
    """A wrong path must not begin an empty installation."""
    with pytest.raises(Refused, match=r"geen wissel\.db"):
        verhuis(side(**oud), side(str(tmp_path / "b")), plugins=plugins())
    assert not (tmp_path / "oud").exists()
    with pytest.raises(Refused, match="beide instellingen wijzen naar"):
        verhuis(side(**oud), side(**oud), plugins=plugins())


def test_a_key_that_was_destroyed_stays_destroyed_after_the_way_back(wereld, oud, nieuw, heen_en_weer):
    """The old place had it still; it gets the keys as they are now."""
    begin(wereld, side(**oud))
    heen_en_weer(oud, nieuw)
    hub = wereld.hub(side(**nieuw)).open()
    (key_id, *_) = hub.keys.of_subject("emmen", "p-1")
    hub.vernietiging.sleutels([key_id])
    settle(hub, publisher_of(hub))
    hub.close()
    heen_en_weer(nieuw, oud)
    hub = wereld.hub(side(**oud)).open()
    assert hub.keys.by_id(key_id).cipher is None
    hub.close()


def test_the_command_prints_every_partition_and_ends_with_one_when_refused(tmp_path):
    """With real settings files and all that is installed: the report for a person, for a program, and the refusal."""
    paths = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.toml"
        path.write_text(instellingen(tmp_path / name))
        paths.append(path)
    core = Core(load(paths[0], {})).open()
    zet(core, *(feit(f"zaak-{n}", n) for n in range(20)))
    core.close()
    there, back = ([f"--from={van}", f"--to={naar}"] for van, naar in (paths, paths[::-1]))
    shown = CliRunner().invoke(command, there)
    assert shown.exit_code == 0, shown.output
    assert "20 gebeurtenissen" in shown.output
    assert f"Naar: de map {tmp_path / 'b'}" in shown.output
    refused = CliRunner().invoke(command, there)
    assert isinstance(refused.exception, Refused)
    told = json.loads(CliRunner().invoke(command, [*back, "--json"]).stdout.splitlines()[-1])
    assert told["gebeurtenissen"] == sum(part["aantal"] for part in told["partities"]) == 20
    assert all(part["sha256"] in shown.output for part in told["partities"])
    assert next(table["rijen"] for table in told["tabellen"] if table["naam"] == "gebeurtenis") == 20
