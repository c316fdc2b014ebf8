# SPDX-License-Identifier: EUPL-1.2
"""R12: time passes as an event, put down when nothing older about that zaak is still under way."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hub_voor_tests import HERVAT, OPGESCHORT, START, Klok, VolgFlow, feit, gemeente, loaded, plugins, zet
from motor import Verbinding, opened, tot

from hub.app import EmbeddedHub
from hub.clock import rfc3339
from hub.flows.base import Termijn, TermijnVervalt
from hub.timers import VERSTREKEN, Timers

pytestmark = pytest.mark.usefixtures("store")

VERVALT = START + timedelta(hours=1)


def termijn(*, bron=False, vervalt=VERVALT):
    """Set one term per stream, once."""
    return lambda seen: (
        ()
        if any(e.type == "nl.wissel.termijn.gezet.v1" for e in seen)
        else [Termijn(naam="t", vervalt=vervalt, wacht_op_bron=bron)]
    )


@pytest.fixture
def make(tmp_path):
    hubs = []

    def open_with(regel, verbinding=None, **more):
        hubs.append(opened(tmp_path, verbinding or Verbinding(), regel=regel, **more))
        return hubs[-1]

    yield open_with
    for hub in hubs:
        hub.close()


def timers(hub):
    return Timers(hub=hub, connectors=tuple(hub.connectors.values()), gemeenten=hub.gemeenten, clock=hub.clock)


def passes(hub):
    return asyncio.run(timers(hub).pass_time())


def set_terms(hub, *keys):
    zet(hub, *(feit(key, 1) for key in keys or ("a",)))
    hub.flow_runner.catch_up()


def elapsed(hub, key="a"):
    state, _ = hub.flow_state("volg", gemeente="emmen", key=key)
    return [event for event in state if event.type == VERSTREKEN]


def test_it_is_put_down_when_due_and_not_before(make):
    """Once, with its due time in the data; the row is gone."""
    hub = make(termijn())
    set_terms(hub)
    hub.clock.verder(minutes=59, seconds=59)
    assert passes(hub) == 0
    hub.clock.verder(seconds=1)
    assert passes(hub) == 1
    assert passes(hub) == 0
    (event,) = elapsed(hub)
    assert event.data["vervalt"] == rfc3339(VERVALT)
    assert event.data["naam"] == "t"
    assert hub.read_now(lambda tx: tx.one("SELECT count(*) FROM termijn")) == (0,)


def test_late_is_late_but_the_due_time_is_the_due_time(make):
    """After a night that the hub was down the fact still says when the term ended: the flow compares with that."""
    hub = make(termijn())
    set_terms(hub)
    hub.clock.verder(hours=12)
    assert passes(hub) == 1
    assert elapsed(hub)[0].data["vervalt"] == rfc3339(VERVALT)


def test_a_hint_of_that_zaak_holds_it_up(make):
    """What was accepted before and not settled may change everything: the resident was in time."""
    verbinding = Verbinding(open_meldingen={"a"})
    hub = make(termijn(), verbinding)
    set_terms(hub, "a", "b")
    hub.clock.verder(hours=2)
    assert passes(hub) == 1
    assert (elapsed(hub, "a"), len(elapsed(hub, "b"))) == ([], 1)
    verbinding.open_meldingen.clear()
    assert passes(hub) == 1
    assert len(elapsed(hub, "a")) == 1


def test_a_term_that_waits_for_a_source_does_not_wait_for_the_inbox(make):
    """It bounds the waiting itself: a source that is away keeps its own hints unsettled."""
    hub = make(termijn(bron=True), Verbinding(open_meldingen={"a"}))
    set_terms(hub)
    hub.clock.verder(hours=2)
    assert passes(hub) == 1


def test_the_flow_must_have_passed_what_was_logged_before_it(make):
    """A fact that is logged and not yet folded goes first."""
    hub = make(termijn())
    set_terms(hub)
    hub.clock.verder(hours=2)
    zet(hub, feit("a", 2))
    assert passes(hub) == 0
    hub.flow_runner.catch_up()
    assert passes(hub) == 1


def test_another_zaak_does_not_hold_it_up(make):
    """Only that stream counts: a busy partition delays no term of a quiet zaak."""
    hub = make(termijn())
    set_terms(hub, "a", "b")
    hub.clock.verder(hours=2)
    zet(hub, feit("b", 2))
    assert passes(hub) == 1
    assert len(elapsed(hub, "a")) == 1


def test_a_parked_stream_gets_it_behind_the_rest(make):
    """It is put down all the same, and waits with what is parked until a person has looked."""
    hub = make(termijn(), Verbinding(open_meldingen={"a"}))
    set_terms(hub)
    regel, hub.plugins.flows["volg"].regel = hub.plugins.flows["volg"].regel, lambda _seen: 1 / 0
    zet(hub, feit("a", 2))
    hub.flow_runner.catch_up()
    hub.clock.verder(hours=2)
    assert passes(hub) == 1
    hub.flow_runner.catch_up()
    assert hub.flow_runner.member("volg").parked
    hub.plugins.flows["volg"].regel = regel
    assert hub.flow_runner.retry("volg", 1)
    state, _ = hub.flow_state("volg", gemeente="emmen", key="a")
    assert [e.type for e in state][-2:] == [HERVAT, VERSTREKEN]


def test_hundreds_that_must_wait_starve_nobody(make):
    """A source is away and keeps the hints of very many zaken open: the terms of the others, due later, pass."""
    keys = [f"zaak-{n:03}" for n in range(450)]
    verbinding = Verbinding(open_meldingen=set(keys))
    hub = make(lambda seen: termijn(vervalt=VERVALT + timedelta(seconds=seen[0].key == "z"))(seen), verbinding)
    set_terms(hub, *keys, "z")
    hub.clock.verder(hours=2)
    assert passes(hub) == 1
    assert len(elapsed(hub, "z")) == 1


def test_a_term_set_again_moves(make):
    """Setting it under its name again replaces it: the old moment passes without a word."""

    def regel(seen):
        terms = sum(e.type == "nl.wissel.termijn.gezet.v1" for e in seen)
        facts = sum(e.type == HERVAT for e in seen)
        return [Termijn(naam="t", vervalt=VERVALT + timedelta(hours=facts - 1))] if terms < facts else ()

    hub = make(regel)
    set_terms(hub)
    zet(hub, feit("a", 2))
    hub.flow_runner.catch_up()
    hub.clock.verder(hours=1)
    assert passes(hub) == 0
    hub.clock.verder(hours=1)
    assert passes(hub) == 1


def test_a_term_that_is_cancelled_never_comes(make):
    """The flow no longer needs it."""

    def regel(seen):
        if len(seen) == 1:
            return [Termijn(naam="t", vervalt=VERVALT)]
        cancelled = any(e.type == "nl.wissel.termijn.vervallen.v1" for e in seen)
        return [TermijnVervalt(naam="t")] if seen[-1].type == OPGESCHORT and not cancelled else ()

    hub = make(regel)
    set_terms(hub)
    zet(hub, feit("a", 2, event_type=OPGESCHORT))
    hub.flow_runner.catch_up()
    hub.clock.verder(hours=2)
    assert passes(hub) == 0


def test_a_term_cancelled_at_the_same_moment_is_put_once_or_not(make, monkeypatch):
    """Between looking and putting the flow cancelled it: the row decides, in one transaction."""
    hub = make(termijn())
    set_terms(hub)
    hub.clock.verder(hours=2)
    clock = timers(hub)
    ready = clock._ready

    def cancel_after_looking(tx, *, due):
        found = ready(tx, due=due)
        hub.database.write(lambda db: db.execute("DELETE FROM termijn")).result()
        return found

    monkeypatch.setattr(clock, "_ready", cancel_after_looking)
    assert asyncio.run(clock.pass_time()) == 0
    assert elapsed(hub) == []


def test_a_hint_that_came_in_at_the_same_moment_counts(make, monkeypatch):
    """Between looking and putting a notification was accepted: what may be is asked again in the transaction."""
    verbinding = Verbinding()
    hub = make(termijn(), verbinding)
    set_terms(hub)
    hub.clock.verder(hours=2)
    clock = timers(hub)
    ready = clock._ready

    def hint_after_looking(tx, *, due):
        found = ready(tx, due=due)
        verbinding.open_meldingen.add("a")
        return found

    monkeypatch.setattr(clock, "_ready", hint_after_looking)
    assert asyncio.run(clock.pass_time()) == 0
    assert elapsed(hub) == []


def test_a_gemeente_that_is_gone_from_the_settings_stops_no_other(tmp_path):
    """Its terms wait; those of the others pass."""
    verbinding = Verbinding()
    hub = opened(tmp_path, verbinding, regel=termijn())
    hub.close()
    made = plugins(flows={"volg": VolgFlow(termijn())}, connectors={"x": verbinding})
    both = loaded(tmp_path, (gemeente(), gemeente("zwolle")), partities=1)
    hub = EmbeddedHub(both, clock=Klok(), plugins=made).open()
    zet(hub, feit("z", 1, slug="zwolle"), feit("a", 1))
    hub.flow_runner.catch_up()
    hub.close()
    hub = opened(tmp_path, verbinding, regel=termijn())
    hub.clock.verder(hours=2)
    assert passes(hub) == 1
    assert len(elapsed(hub, "a")) == 1
    hub.close()


def test_a_restart_keeps_the_terms(make):
    """They stand in wissel.db, not in a running process."""
    hub = make(termijn())
    set_terms(hub)
    hub.close()
    hub = make(termijn())
    hub.clock.verder(hours=2)
    assert passes(hub) == 1
    assert passes(hub) == 0


def test_the_clock_service_puts_it_down_by_itself(make):
    """In a running hub nobody has to ask."""
    hub = make(termijn())
    set_terms(hub)
    hub.clock.verder(hours=2)

    async def scenario():
        running = asyncio.create_task(timers(hub).run())
        await tot(lambda: elapsed(hub))
        running.cancel()

    asyncio.run(scenario())
