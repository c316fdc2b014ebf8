# SPDX-License-Identifier: EUPL-1.2
"""``wissel backup`` copies what belongs together while the hub runs; ``wissel restore`` puts back nothing that does not."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hub_voor_tests import feit, instellingen, zet

from hub.app import EmbeddedHub
from hub.cli import wissel
from hub.errors import Refused
from hub.reservekopie import MANIFEST, maak, zet_terug
from hub.settings import load

ANNA, BOB = "a" * 32, "b" * 32
NAAM = {"naam": "Zonneschijn"}
ONE, TWO = feit("zaak-1", 1, besloten={ANNA: NAAM}), feit("zaak-2", 1, besloten={BOB: NAAM})


@pytest.fixture
def config(tmp_path):
    """The settings file of an installation."""
    file = tmp_path / "wissel.toml"
    file.write_text(instellingen(tmp_path / "data"), encoding="utf-8")
    return file


@pytest.fixture
def settings(config):
    """The settings of an installation."""
    return load(config, {})


@pytest.fixture
def hub(settings):
    """A hub with one event on it."""
    opened = EmbeddedHub(settings).open()
    zet(opened, ONE)
    yield opened
    opened.close()


def names(settings):
    """What a hub on the folder reads of each zaak."""
    hub = EmbeddedHub(settings).open()
    try:
        hub.projector.catch_up()
        found = {}
        for position in hub.log.positions():
            for record in hub.log.read(position.topic, position.partition, -1, 1_000):
                event = hub.log.event(record, hub.log.streams([record.stream])[record.stream])
                found.setdefault(event.key, []).extend(event.besloten.values())
        return found
    finally:
        hub.close()


def test_a_backup_of_a_running_hub_can_be_put_back(hub, settings, tmp_path):
    """What came after it is gone, what was before it reads, and every file is only its owner's."""
    copy = maak(settings, tmp_path / "kopie")
    assert copy.gebeurtenissen == 1
    assert {path.name for path in (tmp_path / "kopie").iterdir()} == {*copy.bestanden, MANIFEST}
    assert {"wissel.db", "sleutels.db", "leesmodellen.db"} <= copy.bestanden.keys()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kopie").glob("*.db")} == {0o600}
    zet(hub, TWO)
    hub.close()
    zet_terug(settings, tmp_path / "kopie", over_newer=True)
    assert names(settings) == {"zaak-1": [NAAM]}


def test_every_copy_made_under_fire_opens_and_reads(hub, settings, tmp_path):
    """While events are put down with new keys, each copy holds every key that its log needs, and checkpoints within it."""
    stop = threading.Event()

    def put():
        for number in range(100_000):
            if stop.is_set():
                return
            zet(hub, feit(f"veel-{number}", 1, besloten={f"{number:032x}": NAAM}))
            hub.projector.catch_up()

    writer = threading.Thread(target=put)
    writer.start()
    try:
        copies = [maak(settings, tmp_path / f"kopie-{number}") for number in range(4)]
    finally:
        stop.set()
        writer.join()
    assert copies[0].gebeurtenissen < copies[-1].gebeurtenissen
    hub.close()
    zet_terug(settings, tmp_path / "kopie-1", over_newer=True)
    found = names(settings)
    assert len(found) == copies[1].gebeurtenissen
    assert all(values == [NAAM] for values in found.values())


def test_keys_are_kept_apart_when_asked(hub, settings, tmp_path):
    """They have a term of their own: neither part alone can be put back in an empty folder, both together can."""
    copy = maak(settings, tmp_path / "kopie", keys_apart=tmp_path / "sleutels")
    assert "sleutels.db" not in copy.bestanden
    assert not (tmp_path / "kopie" / "sleutels.db").exists()
    hub.close()
    for path in settings.settings.opslag.map.iterdir():
        path.unlink()
    with pytest.raises(Refused, match="zitten geen sleutels"):
        zet_terug(settings, tmp_path / "kopie")
    zet_terug(settings, tmp_path / "kopie", keys=tmp_path / "sleutels")
    assert names(settings) == {"zaak-1": [NAAM]}


def test_a_restore_refuses_over_a_running_hub_and_over_what_is_newer(hub, settings, tmp_path):
    """And leaves everything as it was."""
    maak(settings, tmp_path / "kopie")
    zet(hub, TWO)
    with pytest.raises(Refused, match="a hub already runs"):
        zet_terug(settings, tmp_path / "kopie", over_newer=True)
    hub.close()
    with pytest.raises(Refused, match="staan 2 gebeurtenissen, in de kopie 1"):
        zet_terug(settings, tmp_path / "kopie")
    assert names(settings) == {"zaak-1": [NAAM], "zaak-2": [NAAM]}


def test_a_restore_refuses_over_another_log(hub, settings, tmp_path):
    """Somebody else's data are not replaced by mistake."""
    maak(settings, tmp_path / "kopie")
    hub.close()
    with closing(sqlite3.connect(settings.settings.opslag.map / "wissel.db")) as db, db:
        db.execute("UPDATE meta SET waarde = 'ander' WHERE naam = 'log_id'")
    with pytest.raises(Refused, match="een ander logboek"):
        zet_terug(settings, tmp_path / "kopie")


@pytest.mark.parametrize("damage", ["manifest", "changed", "missing"])
def test_a_damaged_backup_is_not_put_back(hub, settings, tmp_path, damage):
    """Its files are what they were when it was made, or it is refused by name."""
    maak(settings, tmp_path / "kopie")
    hub.close()
    if damage == "manifest":
        (tmp_path / "kopie" / MANIFEST).write_text("{}")
    elif damage == "changed":
        with (tmp_path / "kopie" / "wissel.db").open("r+b") as file:
            file.seek(5_000)
            file.write(b"x")
    else:
        (tmp_path / "kopie" / "sleutels.db").unlink()
    with pytest.raises(Refused, match="geen reservekopie" if damage == "manifest" else "is beschadigd"):
        zet_terug(settings, tmp_path / "kopie", over_newer=True)
    assert names(settings) == {"zaak-1": [NAAM]}


def test_a_backup_never_overwrites_another_and_leaves_no_half_one(hub, settings, tmp_path, monkeypatch):
    """A folder with a manifest is whole; what failed is not there."""
    maak(settings, tmp_path / "kopie")
    with pytest.raises(Refused, match="is er al"):
        maak(settings, tmp_path / "kopie")

    def fails(*_):
        raise Refused("de kopie opent niet")

    monkeypatch.setattr("hub.reservekopie._opened", fails)
    with pytest.raises(Refused, match="opent niet"):
        maak(settings, tmp_path / "tweede")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("tweede")] == []


def test_what_was_destroyed_after_the_backup_stays_destroyed(hub, settings, tmp_path):
    """The log that is replaced still tells which keys: the old key file does not bring anybody back."""
    maak(settings, tmp_path / "kopie")
    hub.vernietiging.van_subject("emmen", ANNA)
    hub.close()
    zet_terug(settings, tmp_path / "kopie", over_newer=True)
    assert names(settings) == {"zaak-1": [None]}


def run(config: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(wissel, [*arguments, "--config", str(config)])
    assert done.exit_code == code, done.output + repr(done.exception)
    return done.stdout


def test_the_commands_say_what_they_did(hub, settings, config, tmp_path):
    """And until when the copy of the keys is kept is recorded, for the proof of a later destruction."""
    hub.close()
    said = run(config, "backup", str(tmp_path / "kopie"))
    term = (datetime.now(UTC) + timedelta(days=30)).date()
    assert "1 gebeurtenissen" in said
    assert str(term) in said
    told = json.loads(run(config, "backup", str(tmp_path / "k2"), "--bewaren-tot", "2999-01-31", "--json"))
    assert told["sleutelsBewarenTot"] == "2999-01-31"
    assert "Start de hub" in run(config, "restore", str(tmp_path / "kopie"))
    assert names(settings) == {"zaak-1": [NAAM]}


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_restore_that_stops_halfway_is_finished_by_giving_it_again(hub, settings, tmp_path, monkeypatch, after):
    """Whichever file it stopped before: until then a hub refuses to run or finds the old log, never a mixture."""
    maak(settings, tmp_path / "kopie")
    zet(hub, TWO)
    hub.close()
    replaced, move = [], Path.replace

    def stops(self, target):
        if len(replaced) == after:
            raise KeyboardInterrupt
        replaced.append(target)
        return move(self, target)

    monkeypatch.setattr(Path, "replace", stops)
    with pytest.raises(KeyboardInterrupt):
        zet_terug(settings, tmp_path / "kopie", over_newer=True)
    monkeypatch.undo()
    assert read_or_refused(settings) in ({"zaak-1": [NAAM]}, {"zaak-1": [NAAM], "zaak-2": [NAAM]}, "sleutels.db misses 1 key")
    zet_terug(settings, tmp_path / "kopie", over_newer=True)
    assert names(settings) == {"zaak-1": [NAAM]}


def read_or_refused(settings):
    """What a hub reads that is started now, or the beginning of its refusal."""
    try:
        return names(settings)
    except Refused as refusal:
        return str(refusal).partition("(")[0]
