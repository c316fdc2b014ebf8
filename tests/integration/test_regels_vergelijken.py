# SPDX-License-Identifier: EUPL-1.2
"""Another risk profile over recorded facts: what would have been decided differently, per reason, writing nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from bouwstenen import profiel
from hub_voor_tests import Klok, gemeente, loaded, plugins

from hub.admin import ACTIONS
from hub.app import EmbeddedHub
from hub.discovery import flows
from hub.errors import NotFound
from hub.flows.vergelijken import Vraag, vergelijk
from tests.bench.zaakstromen import vul

ZAKEN = 5


@pytest.fixture
def hub(tmp_path):
    own = gemeente(profielen={"verhuizing": profiel()})
    hub = EmbeddedHub(loaded(tmp_path, (own,)), clock=Klok(), plugins=plugins({}, flows())).open()
    vul(hub, 0, ZAKEN)
    yield hub
    hub.close()


def ask(**more):
    return Vraag(flow="verhuizing", gemeente="emmen", **{"profiel": None, **more})


def everything(hub):
    """What stands in the store, row for row."""
    with hub.database.reader() as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: db.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in tables}


def test_the_same_profile_decides_the_same(hub):
    """Each judgement is made again where it was made, from what was known there."""
    found = vergelijk(hub, ask())
    assert (found.zaken, found.oordelen, found.anders, found.niet_te_vergelijken) == (ZAKEN, ZAKEN, 0, 0)


def test_another_profile_is_counted_per_colour_and_reason_and_writes_nothing(hub):
    """No event, opdracht, term or row: the store is the same, byte for byte, and nothing is asked of any source."""
    before = everything(hub)
    found = vergelijk(hub, ask(profiel=profiel(versie="nieuw", min_m2=1000.0)))
    assert (found.anders, found.kleuren) == (ZAKEN, {"groen -> oranje": ZAKEN})
    assert set(found.erbij.values()) == {ZAKEN}
    assert found.weg == {}
    assert found.voorbeelden[0]["erbij"] == sorted(found.erbij)
    assert everything(hub) == before


def test_only_the_period_asked_about_counts(hub):
    """By when the judgement was logged."""
    now = hub.clock.now()
    assert vergelijk(hub, ask(van=now + timedelta(days=1))).oordelen == 0
    assert vergelijk(hub, ask(tot=now)).oordelen == 0
    assert vergelijk(hub, ask(van=now, tot=now + timedelta(days=1))).oordelen == ZAKEN


def test_it_answers_in_parts_that_add_up(hub):
    """The hub never works on one answer for long."""
    after, seen, parts = 0, 0, 0
    while after is not None:
        part = vergelijk(hub, ask(), na=after, within_s=0.0)
        after, seen, parts = part.verder, seen + part.oordelen, parts + 1
    assert (seen, parts > ZAKEN) == (ZAKEN, True)


def test_what_rests_on_destroyed_data_is_not_compared(hub):
    """It is counted apart: nobody can say any more what it would have been."""
    with hub.database.reader() as db:
        key = db.execute("SELECT sleutel FROM stroom WHERE topic = 'wissel.zaken' ORDER BY id").fetchone()[0]
    assert hub.vernietiging.van_subject("emmen", f"zaak:{key}") > 0
    found = vergelijk(hub, ask())
    assert (found.oordelen, found.niet_te_vergelijken) == (ZAKEN, 1)


def test_an_operator_asks_it_of_the_hub(hub):
    """The new profile comes along as JSON; an unknown gemeente is told."""
    asked = {"flow": "verhuizing", "gemeente": "emmen", "van": "2020-01-01", "tot": None, "na": 0}
    new = profiel(versie="nieuw", min_m2=1000.0).model_dump(mode="json")
    answer = asyncio.run(ACTIONS["regels vergelijk"](hub, {**asked, "profiel": new}))
    assert (answer["anders"], answer["verder"]) == (ZAKEN, None)
    with pytest.raises(NotFound):
        asyncio.run(ACTIONS["regels vergelijk"](hub, {**asked, "gemeente": "nergens", "profiel": None}))


def test_flows_rebuild_folds_everything_and_decides_nothing(hub):
    """States in memory are held against the log; one that is something else is thrown away. The store stays as it is."""
    from hub.flows.narekenen import reken_na

    hub.flow_runner.catch_up()
    member = hub.flow_runner.member("verhuizing")
    stream = next(iter(member.cache), 1)
    member.remember(stream, hub.flow_runner.fold(member.flow, stream, hub.log.streams([stream])[stream])[0], 10_000)
    before = everything(hub)
    good = reken_na(hub)
    assert (good.anders, good.mislukt, good.verder) == (0, [], None)
    assert good.stromen >= ZAKEN
    member.remember(stream, "iets anders", 10_000)
    assert reken_na(hub).anders == 1
    assert stream not in member.cache
    assert everything(hub) == before


def test_flows_rebuild_names_what_does_not_fold(hub):
    """One damaged record stands in the list with its zaak; the others are folded all the same."""
    from hub.flows.narekenen import reken_na

    query = "UPDATE gebeurtenis SET waarde = substr(waarde, 1, 9) WHERE stroom = 1 AND volgnummer = 2"
    hub.database.write(lambda db: db.execute(query)).result()
    found = reken_na(hub)
    assert [wrong["sleutel"] for wrong in found.mislukt] == [hub.log.streams([1])[1].key]
    assert found.stromen >= ZAKEN
