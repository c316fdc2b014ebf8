# SPDX-License-Identifier: EUPL-1.2
"""What an operator types and reads, without a hub running: each command says what it did and ends with a code."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from hub import cli
from hub.app import EmbeddedHub
from hub.discovery import Plugins, projections
from hub.errors import HubError
from hub.settings import load
from tests.acceptance.replay_verkeer import settings_toml
from tests.bench.zaakstromen import vul

WHY = ("--reden", "proef", "--door", "test")


@pytest.fixture
def say(tmp_path, monkeypatch):
    """Run one command on a small log; return (exit code, what was said)."""
    monkeypatch.setattr(os, "nice", lambda _by: 0)
    config = tmp_path / "wissel.toml"
    config.write_text(settings_toml(tmp_path, "0" * 64), encoding="utf-8")
    hub = EmbeddedHub(load(config), plugins=Plugins({}, {}, {})).open()
    vul(hub, 0, 3)
    with hub.database.reader() as db:
        key = db.execute("SELECT sleutel FROM stroom WHERE topic = 'wissel.zaken' ORDER BY id").fetchone()[0]
    hub.close()

    def run(*words, ends=0):
        done = CliRunner().invoke(cli.wissel, [*words, "--config", str(config)], env={"NO_COLOR": "1", "COLUMNS": "200"})
        if isinstance(done.exception, HubError):
            assert ends == 1
            return str(done.exception)
        assert done.exit_code == ends, (words, done.output, done.exception)
        return done.stdout

    run.zaak = key
    monkeypatch.setattr(cli.logs, "configure", lambda **_: None)
    return run


def test_a_replay_from_the_command_line(say):
    """Plan, start, status, diff, switch, back, drop: each in words, and for a program with --json."""
    say("leesmodellen", "herbouw")
    assert "hetzelfde" in say("asof", "10000", say.zaak)
    assert "gebeurtenissen" in say("replay", "plan", "werkvoorraad")
    assert "De schaduw volgt nu het logboek" in say("replay", "start", "werkvoorraad", "stand", *WHY)
    assert "klaar" in say("replay", "status")
    assert "geen verschil" in say("replay", "diff", "werkvoorraad")
    assert "staat al klaar" in say("replay", "start", "werkvoorraad", *WHY, ends=1)
    stock = f"werkvoorraad:{projections()['werkvoorraad'].version}"
    assert f"Iedereen ziet nu stand:1.1, {stock}.1." in say("replay", "switch", "stand", "werkvoorraad", *WHY)
    told = say("replay", "rollback", "stand", "--json", *WHY)
    assert json.loads(told.splitlines()[-1]) == {"bouwen": ["stand:1"]}
    assert "Opgeruimd: stand:1.1" in say("replay", "drop", "stand:1.1", *WHY)
    assert "geen projectie x" in say("replay", "plan", "x", ends=1)
    assert "telt over zaken heen" in say("replay", "stream", say.zaak, *WHY)


def test_what_is_missing_on_the_command_line_is_wrong_use(say):
    """Exit code 2, as for every command."""
    say("replay", "start", ends=2)
    say("asof", "12", ends=2)
    say("regels", "vergelijk", ends=2)


def test_looking_back_and_comparing_rules_from_the_command_line(say, tmp_path):
    """What changed since is in a table; what other rules would decide is counted; nothing is written."""
    say("leesmodellen", "herbouw")
    assert "toen" in say("asof", "2", say.zaak)
    assert "JJJJ-MM-DD" in say("asof", "gisteren", say.zaak, ends=1)
    new = tmp_path / "nieuw.toml"
    new.write_text(
        'versie = "x"\nauteur = "A. de Boer"\ntweede_persoon = "C. Jansen"\ngeldig_vanaf = "2026-01-01"\nmin_m2 = 1000.0\n'
        'modus = "actief"\n',
        encoding="utf-8",
    )
    said = say("regels", "vergelijk", "--gemeente", "emmen", "--profiel", str(new))
    assert "3 oordelen over 3 zaken; 3 zouden anders zijn" in said
    assert "groen -> oranje" in said
    new.write_text("min_m2 = 'veel'\n", encoding="utf-8")
    assert "ontbreekt" in say("regels", "vergelijk", "--gemeente", "emmen", "--profiel", str(new), ends=1)
    assert "nagerekend" in say("flows", "rebuild")
