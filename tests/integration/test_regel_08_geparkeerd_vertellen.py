# SPDX-License-Identifier: EUPL-1.2
"""R8: a zaak whose stream is parked shows as such to those who wait for it, and so does its going on."""

from __future__ import annotations

import asyncio

import pytest
from hub_voor_tests import HERVAT, OPGESCHORT, Klok, VolgFlow, feit, gemeente, loaded, plugins, zet

from hub import parking
from hub.app import EmbeddedHub
from hub.desk import Desk
from hub.events import PERSONEN, ZAKEN
from hub.flows.base import Feit

GEPARKEERD = "nl.wissel.claim.geparkeerd.v1"
PERSOON = "emmen:" + "a" * 32
OPEN = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}
WHY = {"reden": "hersteld", "door": "beheer"}


class Eerlijk(VolgFlow):
    """Tells one person's stream when a zaak of hers is parked, naming how much of it was folded."""

    def bij_parkeren(self, state, *, geparkeerd):
        data = {"zaak": f"{state[0].key}/{len(state)}" if state else "leeg", "geparkeerd": geparkeerd}
        return [Feit(type=GEPARKEERD, step=f"geparkeerd:{geparkeerd}", topic=PERSONEN, key=PERSOON, data=data)]


def breaks_at(number):
    """Fail on zaak a once it has so many facts."""

    def regel(seen):
        if seen[0].key == "a" and len(seen) >= number:
            raise ValueError
        return ()

    return regel


@pytest.fixture
def make(tmp_path):
    hubs = []

    def open_with(flow):
        made = plugins(flows={"volg": flow})
        both = (gemeente(), gemeente("zwolle"))
        hubs.append(EmbeddedHub(loaded(tmp_path, both, partities=1), clock=Klok(), plugins=made).open())
        return hubs[-1]

    yield open_with
    for hub in hubs:
        hub.close()


def told(hub):
    names = {position.topic: hub.log.read(position.topic, 0, -1, 100) for position in hub.log.positions()}
    events = [hub.log.event(record, hub.log.streams([record.stream])[record.stream]) for record in names[PERSONEN]]
    return [(event.data["zaak"], event.data["geparkeerd"]) for event in events]


def parked(hub):
    with hub.database.reader() as db:
        return [p.volgnummer for p in parking.parked_of(db)]


def test_who_waits_hears_that_a_zaak_is_parked_and_that_it_goes_on(make):
    """Once each, in the transaction that parks or releases; more that parks behind it is no news."""
    flow = Eerlijk(breaks_at(2))
    hub = make(flow)
    zet(hub, feit("a", 1), feit("b", 1))
    hub.flow_runner.catch_up()
    assert told(hub) == []
    for number in (2, 3):
        zet(hub, feit("a", number))
        hub.flow_runner.catch_up()
    assert told(hub) == [("a/2", True)]
    assert asyncio.run(Desk(hub).retry("flow:volg/1", **WHY)) is False
    assert told(hub) == [("a/2", True)]
    flow.regel = lambda _seen: ()
    assert asyncio.run(Desk(hub).retry("flow:volg/1", **WHY)) is True
    assert told(hub) == [("a/2", True), ("a/3", False)]


def test_what_was_folded_before_a_damaged_event_is_what_is_told_from(make):
    """The event that cannot be read takes nothing from what is known of the zaak."""
    hub = make(Eerlijk())
    zet(hub, feit("a", 1), feit("a", 2), feit("a", 3))
    cut = "UPDATE gebeurtenis SET waarde = CAST(substr(waarde, 1, 9) AS BLOB) WHERE volgnummer = 3"
    hub.database.write(lambda db: db.execute(cut)).result()
    hub.flow_runner.catch_up()
    assert told(hub) == [("a/2", True)]


def test_an_answer_that_could_not_be_put_down_is_told_too(make):
    """Parked is parked, whatever the reason."""
    hub = make(
        Eerlijk(lambda seen: [Feit(type=OPGESCHORT, step="s", data=OPEN, topic=ZAKEN, key="z")] if len(seen) == 1 else ())
    )
    zet(hub, feit("z", 1, slug="zwolle"), feit("z", 2, slug="zwolle"))
    hub.flow_runner.catch_up()
    zet(hub, feit("a", 1))
    hub.flow_runner.catch_up()
    assert parked(hub) == [1]
    assert told(hub) == [("a/1", True)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda *_, **__: 1 / 0,
        lambda *_, **__: [Feit(type=GEPARKEERD, step="s", topic=PERSONEN, key=PERSOON, data={"onzin": 1})],
        lambda *_, **__: [Feit(type=OPGESCHORT, step="s", data=OPEN)],
        lambda *_, **__: [Feit(type=HERVAT, step="s", data=OPEN, topic=ZAKEN, key="z")],
    ],
    ids=["raises", "does not fit", "own stream", "cannot be put"],
)
def test_a_stream_is_parked_even_when_telling_fails(make, wrong):
    """Telling is second: the stream waits for a person, the others go on, and nobody is told half."""
    flow = Eerlijk(breaks_at(1))
    flow.bij_parkeren = wrong
    hub = make(flow)
    zet(hub, feit("z", 1, slug="zwolle"))
    zet(hub, feit("a", 1), feit("b", 1))
    hub.flow_runner.catch_up()
    assert parked(hub) == [1]
    assert told(hub) == []
    zet(hub, feit("b", 2))
    assert hub.flow_runner.catch_up() == 1
