# SPDX-License-Identifier: EUPL-1.2
"""``wissel doctor``: everything a hub needs is looked at, and of what is not right it says what to do."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hub_voor_tests import HERVAT, OPGESCHORT, VolgFlow, feit, gemeente, instellingen, loaded, plugins, zet
from test_burgerzaken_bron import OK, Script, serve, settings
from zaak_voor_tests import hub_en_zaaksysteem

from connectors.burgerzaken import BurgerzakenConnector
from hub import doctor
from hub.app import EmbeddedHub
from hub.cli import wissel
from hub.flows import onbeslist
from hub.flows.base import Feit
from hub.verbinding import Contact, van_contact

OPEN = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}
WHY = {"reden": "de stand was kwijt", "door": "beheer"}


@pytest.fixture
def config(tmp_path):
    """Settings of a hub that never ran."""
    file = tmp_path / "wissel.toml"
    file.write_text(instellingen(tmp_path / "data"), encoding="utf-8")
    return file


def run(file: Path, *arguments: str, code: int) -> str:
    done = CliRunner().invoke(wissel, ["doctor", "--config", str(file), *arguments])
    assert done.exit_code == code, done.output
    return done.stdout


def states(found):
    return {control.naam: control.staat for control in found}


def test_all_is_well_is_said_and_ends_with_0(config):
    """For a person in sentences, for a program as JSON."""
    first = run(config, code=0)
    assert "map" in first
    assert "Alles is in orde." in run(config, code=0)
    found = json.loads(run(config, "--json", code=0))
    assert {c["naam"]: c["staat"] for c in found["controles"]} == {
        "instellingen": "goed",
        "map": "goed",
        "rechten": "goed",
        "schijf": "goed",
        "opslag": "goed",
        "sleutels": "goed",
        "geparkeerd": "goed",
        "onbeslist": "goed",
    }
    assert found["onbeslist"] == []


def test_wrong_settings_are_all_named(config):
    """Nothing else can be looked at then."""
    config.write_text(config.read_text().replace("0114", "114").replace("00000001002220647000", "1"), encoding="utf-8")
    said = run(config, code=1)
    assert "gemeenten.emmen.gemeentecode" in said
    assert "gemeenten.emmen.oin" in said
    assert "Wat te doen:" in said
    assert "config check" in said


def test_a_store_that_does_not_open_is_said_with_its_own_remedy(config):
    """A newer schema, another master key, a missing key: what the hub itself would say at its start."""
    run(config, code=0)
    config.write_text(config.read_text().replace(f'pseudoniemsleutel = "{"ab" * 32}"', f'pseudoniemsleutel = "{"cd" * 32}"'))
    said = run(config, code=1)
    assert "FOUT    hub: Instellingen kloppen niet" in said
    assert "dit is niet de sleutel waarmee het logboek begon" in said


def test_who_may_read_the_files_is_looked_at(tmp_path, config):
    """The hub makes its folder for itself alone; a folder or secret that others can read is named with the command."""
    run(config, code=0)
    data = tmp_path / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    data.chmod(0o755)
    (data / "sleutels.db").chmod(0o644)
    assert f"chmod 700 {data}" in run(config, code=1)
    secret = tmp_path / "hoofdsleutel"
    secret.write_text("ab" * 32)
    secret.chmod(0o644)
    config.write_text(config.read_text().replace(f'hoofdsleutel = "{"ab" * 32}"', 'hoofdsleutel_bestand = "hoofdsleutel"'))
    assert f"chmod 600 {secret}" in run(config, code=1)


def test_a_disk_that_fills_up_is_told_in_time(tmp_path, monkeypatch):
    """Little room is a warning, hardly any a fault."""

    def left(free):
        monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"total": 10**12, "free": free})())
        return states(doctor.of_machine(loaded(tmp_path)))["schijf"]

    assert [left(9 * 10**11), left(10**10), left(10**8)] == ["goed", "let-op", "fout"]


def test_the_zaaksysteem_and_our_subscription_are_looked_at(tmp_path):
    """It answers, knows us, its clock is ours, and it has one subscription on our webhook; or it says what is wrong."""

    async def main():
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            client = running.connector._of(running.hub).bronnen["emmen"].client
            settings = client.settings
            client.settings = settings.model_copy(update={"callback_url": f"{running.url}/webhooks/zaken/emmen"})
            good = states(await doctor.of_hub(running.hub))
            assert good["zaaksysteem van emmen"] == good["abonnement van emmen"] == "goed"
            assert good["klok tegenover zaaksysteem van emmen"] == "goed"
            client.settings = settings.model_copy(update={"callback_url": "https://ergens.anders.example/"})
            assert states(await doctor.of_hub(running.hub))["abonnement van emmen"] == "fout"
            await form.storing(uit=True)
            found = {c.naam: c for c in await doctor.of_hub(running.hub)}
            assert found["zaaksysteem van emmen"].staat == "fout"
            assert "zaken_api" in found["zaaksysteem van emmen"].doe

    asyncio.run(main())


@pytest.mark.parametrize(("off_s", "state"), [(1, "goed"), (-12, "let-op"), (90, "fout")])
def test_a_clock_that_is_off_is_seen_by_what_a_source_says(off_s, state):
    """Tokens and leases go by it."""
    contact = Contact()
    contact.answered(format_datetime(datetime.now(UTC) + timedelta(seconds=off_s), usegmt=True))
    assert van_contact("brp", contact).staat == state
    contact.answered("gisteren")
    assert van_contact("brp", contact).staat == state
    assert van_contact("brp", Contact()).staat == "goed"


def test_a_registry_that_answers_is_there(tmp_path):
    """Each of its sources, with its clock."""
    with serve(Script(OK)) as url:
        found = of_burgerzaken(tmp_path, url)
    assert found["brp van emmen"] == found["klok tegenover brp van emmen"] == found["bag van emmen"] == "goed"


def of_burgerzaken(folder, url):
    connector = BurgerzakenConnector()
    here = gemeente(plugins={"burgerzaken": settings(url)})

    async def main():
        hub = EmbeddedHub(loaded(folder, [here]), plugins=plugins(connectors={"burgerzaken": connector})).open()
        try:
            return states(await doctor.of_hub(hub))
        finally:
            await connector.close(hub)
            hub.close()

    return asyncio.run(main())


def test_a_registry_that_is_not_there_is_a_fault(tmp_path):
    """Each of its sources by name."""
    found = of_burgerzaken(tmp_path, "http://127.0.0.1:9")
    assert {name for name, state in found.items() if state == "fout"} >= {"brp van emmen", "bag van emmen"}


# ------------------------------------------------------------------------------------------ facts without an answer


def answers(state):
    """A flow that answers every zaak once."""
    return () if any(event.type == OPGESCHORT for event in state) else [Feit(type=OPGESCHORT, step="s", data=OPEN)]


@pytest.fixture
def hub(tmp_path):
    """Four zaken of which the flow, by a fault that is mended, answered only b."""
    flow = VolgFlow(lambda state: answers(state) if state[-1].key == "b" else ())
    hub = EmbeddedHub(loaded(tmp_path), plugins=plugins(flows={"volg": flow})).open()
    zet(hub, *(feit(key, 1) for key in "abcd"))
    hub.flow_runner.catch_up()
    flow.regel = answers
    yield hub
    hub.close()


def types(hub, key):
    state, _ = hub.flow_state("volg", gemeente="emmen", key=key)
    return [event.type for event in state]


def test_zaken_whose_last_fact_got_no_answer_are_found_and_only_those_decided_again(hub):
    """Looking writes nothing; deciding puts down what the flow says, caused by the last fact, and once."""
    heads = [p.head for p in hub.log.positions()]
    seen = onbeslist.kijk(hub)
    assert [o.sleutel for o in seen.gevonden] == ["a", "c", "d"]
    assert (seen.bekeken, seen.verder) == (4, None)
    assert [p.head for p in hub.log.positions()] == heads
    assert onbeslist.herbeslis(hub, "volg", seen.gevonden[0].stroom, **WHY) is True
    assert onbeslist.herbeslis(hub, "volg", seen.gevonden[0].stroom, **WHY) is False
    assert (types(hub, "a"), types(hub, "c")) == ([HERVAT, OPGESCHORT], [HERVAT])
    state, _ = hub.flow_state("volg", gemeente="emmen", key="a")
    assert state[1].causationid == state[0].id
    hub.flow_runner.catch_up()
    assert [o.sleutel for o in onbeslist.kijk(hub).gevonden] == ["c", "d"]


def test_what_is_still_to_come_or_parked_is_no_lost_decision(hub):
    """The live work decides that itself; what is parked waits for a person."""
    zet(hub, feit("e", 1), feit("a", 2))
    assert [o.sleutel for o in onbeslist.kijk(hub).gevonden] == ["c", "d"]
    hub.flow_runner.member("volg").parked.add(hub.log.head("wissel.zaken", "c").id)
    assert [o.sleutel for o in onbeslist.kijk(hub).gevonden] == ["d"]


def test_many_zaken_are_looked_at_in_parts(hub):
    """Each answer within seconds; the next look goes on where this one stopped."""
    found, after = [], 0
    while after is not None:
        part = onbeslist.kijk(hub, na=after, within_s=-1.0)
        assert part.bekeken <= 1
        found += [o.sleutel for o in part.gevonden]
        after = part.verder
    assert found == ["a", "c", "d"]
