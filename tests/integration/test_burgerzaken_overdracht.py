# SPDX-License-Identifier: EUPL-1.2
"""The hand-over list of a registry without an interface, and what an operator asks of the connector."""

from __future__ import annotations

import csv
import json
import stat

import pytest
from burgerzaken_wereld import DATUM, ZAAK, meeverhuizers, settings, wereld
from click.testing import CliRunner

from connectors.burgerzaken import CONNECTOR, cli
from hub.errors import Refused


@pytest.fixture
def w(tmp_path):
    """A world whose registry takes nothing in by itself."""
    with wereld(tmp_path, schrijven="overdrachtslijst", verwerking_url=None) as world:
        yield world


def ask(w, action, **args):
    """Ask what an operator asks of the running hub."""
    return w.runner.run(CONNECTOR.actions(w.hub)[action](args))


def by_hand(w, aangifte):
    """A person carries it into the registry."""
    for bsn in (aangifte["initiator"]["bsn"], *(lid["bsn"] for lid in meeverhuizers(aangifte))):
        number = aangifte["adres"]["nummeraanduidingIdentificatie"]
        body = {"burgerservicenummer": bsn, "nummeraanduidingIdentificatie": number, "datum": DATUM.isoformat()}
        w.sim("POST", "verhuis", json=body)


def test_a_move_goes_on_the_list_once_and_the_registry_itself_confirms(w):
    """Nothing is sent; who carries it in needs numbers, date and address; the registry's own change is the confirmation."""
    aangifte = w.aangifte("gezin")
    w.haal_personen(aangifte)
    w.verwerk(aangifte)
    w.verwerk(aangifte)  # taken up again after a crash
    movers = [aangifte["initiator"]["bsn"], *(lid["bsn"] for lid in meeverhuizers(aangifte))]
    lijst = ask(w, "burgerzaken overdracht", gemeente="emmen")
    assert sorted(regel["burgerservicenummer"] for regel in lijst) == sorted(movers)
    assert {regel["zaak"] for regel in lijst} == {ZAAK}
    assert {regel["nummeraanduidingIdentificatie"] for regel in lijst} == {aangifte["adres"]["nummeraanduidingIdentificatie"]}
    done = w.log("nl.wissel.opdracht.uitgevoerd")[0]
    assert json.loads(done.data["uitkomst"])["status"] == "op-overdrachtslijst"
    assert w.sim("GET", "boeken")["totaal"]["verwerkingen"] == 0
    assert w.ronde() == 0
    by_hand(w, aangifte)
    assert w.ronde() == len(movers)
    w.stop_volgen()
    assert ask(w, "burgerzaken overdracht", gemeente="emmen") == []


def test_no_number_on_the_list_is_readable_in_the_file(w):
    """Sealed under each mover's own key; a destroyed one leaves an empty place, not a line that is gone."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.verwerk(aangifte)
    w.hub.database.write(lambda db: None).result()
    assert bsn.encode() not in b"".join(file.read_bytes() for file in w.folder.glob("wissel.db*"))
    w.hub.keys.destroy(w.hub.keys.of_subject("emmen", w.pseudoniem(bsn), "registratie"))
    (regel,) = ask(w, "burgerzaken overdracht", gemeente="emmen")
    assert regel["burgerservicenummer"] == ""


def test_the_command_prints_no_number_and_writes_a_file_only_its_owner_reads(w, tmp_path, monkeypatch):
    """A terminal scrolls past others; the file is for the work and then removed."""
    aangifte = w.aangifte("echtpaar")
    w.verwerk(aangifte)
    rows = ask(w, "burgerzaken overdracht", gemeente="emmen")
    monkeypatch.setattr(cli, "_ask", lambda *_: rows)
    config, out = tmp_path / "wissel.toml", tmp_path / "lijst.csv"
    config.write_text("", encoding="utf-8")
    given = ["overdracht", "--config", str(config), "--gemeente", "emmen", "--schrijf", str(out)]
    result = CliRunner().invoke(cli.burgerzaken, given)
    assert result.exit_code == 0
    assert "2 personen te verwerken" in result.output
    assert aangifte["initiator"]["bsn"] not in result.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8", newline="") as file:
        assert aangifte["initiator"]["bsn"] in {row["burgerservicenummer"] for row in csv.DictReader(file, delimiter=";")}
    assert CliRunner().invoke(cli.burgerzaken, given).exit_code != 0  # never over another file
    out.unlink()


@pytest.mark.parametrize("changes", [{"schrijven": "overdrachtslijst"}, {"verwerking_url": None}])
def test_a_registry_is_written_to_one_way(changes):
    """An address without a service, or a service without an address, is a mistake in the settings."""
    with pytest.raises(ValueError, match="verwerking_url hoort bij"):
        settings("http://x.example", **changes)


def test_changes_are_asked_on_demand(tmp_path):
    """An operator who does not want to wait for the next round."""
    with wereld(tmp_path) as w:
        aangifte = w.aangifte("alleenstaande")
        w.haal_personen(aangifte)
        by_hand(w, aangifte)
        assert ask(w, "burgerzaken wijzigingen") == [{"gemeente": "emmen", "feiten": 1}]
        assert ask(w, "burgerzaken wijzigingen", gemeente="emmen") == [{"gemeente": "emmen", "feiten": 0}]
        with pytest.raises(Refused, match="heeft geen burgerzaken-instellingen"):
            ask(w, "burgerzaken wijzigingen", gemeente="nergens")


def test_a_long_case_keeps_its_people_followed(tmp_path):
    """A volgindicatie ends by itself; a case that takes longer renews it, one that ended does not."""
    with wereld(tmp_path, volgduur_dagen=10) as w:
        aangifte = w.aangifte("alleenstaande")
        w.haal_personen(aangifte)
        for _ in range(3):
            w.klok.verder(days=8)
            w.sim("POST", "datum", json={"datum": w.klok.today().isoformat()})
            assert w.gevolgd() == 1
            w.ronde()
        puts = w.sim("GET", "boeken")["gemeenten"]["emmen"]["verzoeken"]["PUT /haalcentraal/api/brp/volgindicaties/{}"]
        assert puts == 4
        w.stop_volgen()
        w.klok.verder(days=11)
        w.ronde()
        assert w.gevolgd() == 0
