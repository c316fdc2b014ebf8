# SPDX-License-Identifier: EUPL-1.2
"""R7: a flow folds facts and decides at the head only; what it decided on a state that moved on never happened."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import fields

import pytest
from hub_voor_tests import DUBBEL, HERVAT, OPGESCHORT, START, Klok, VolgFlow, feit, gemeente, loaded, plugins, zet

from hub import parking
from hub.app import EmbeddedHub
from hub.errors import Conflict, Invalid, NotFound
from hub.events import ZAKEN, command_id, flow_id
from hub.flows import base
from hub.flows.base import Feit, FlowContext, Opdracht, Termijn

pytestmark = pytest.mark.usefixtures("store")

OPEN = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}


class X:
    name, settings_model, tables = "x", None, ""


class Telt(VolgFlow):
    """Keeps what decide was asked, as the sequences it had folded then."""

    def __init__(self, regel=lambda _seen: ()):
        super().__init__(regel)
        self.gevraagd = []

    def decide(self, state):
        self.gevraagd.append([e.sequence for e in state])
        return super().decide(state)


def opened(folder, flow, *, partities=1):
    made = plugins(flows={"volg": flow} if flow else {}, connectors={"x": X()})
    both = (gemeente(), gemeente("zwolle"))
    return EmbeddedHub(loaded(folder, both, partities=partities), clock=Klok(), plugins=made).open()


def once(*answers):
    """Answer with these the first time, and then be silent: what is in the state tells."""
    return lambda seen: () if any(e.type == OPGESCHORT for e in seen) else answers


FEIT = Feit(type=OPGESCHORT, step="opgeschort", data=OPEN)


@pytest.fixture
def make(tmp_path):
    hubs = []

    def open_with(flow, **more):
        hubs.append(opened(tmp_path, flow, **more))
        return hubs[-1]

    yield open_with
    for hub in hubs:
        hub.close()


def types(hub, key):
    stream = hub.log.head(ZAKEN, key).id
    return [hub.log.type_of(record) for record in hub.log.tail(stream, 0)]


def parked(hub):
    with hub.database.reader() as db:
        return [(p.volgnummer, p.oorzaak) for p in parking.parked_of(db)]


# ------------------------------------------------------------------------------------------------ deciding at the head


def test_it_is_asked_at_the_head_only(make):
    """Three events of one stream in one batch: one question, about all three."""
    flow = Telt()
    hub = make(flow)
    zet(hub, *(feit("a", n) for n in range(3)), feit("b", 1))
    hub.flow_runner.catch_up()
    assert flow.gevraagd == [[1, 2, 3], [1]]


def test_the_head_is_the_last_sequence_given_out(make):
    """Also when the batch ends before it: what comes later in the log is folded before anything is decided."""
    flow = Telt()
    hub = make(flow)
    zet(hub, *(feit("a", n) for n in range(1_200)))
    hub.flow_runner.catch_up()
    assert [len(asked) for asked in flow.gevraagd] == [1_200]


def test_what_it_puts_is_folded_and_it_is_asked_until_it_is_silent(make):
    """The second question sees the first answer; its own events read back later ask nothing."""
    flow = Telt(once(FEIT))
    hub = make(flow)
    zet(hub, feit("a", 1))
    hub.flow_runner.catch_up()
    assert flow.gevraagd == [[1], [1, 2]]
    assert types(hub, "a") == [HERVAT, OPGESCHORT]


def test_the_cause_is_the_head_event_and_the_id_follows(make):
    """The same decision on the same head has the same id, whoever makes it and when."""
    hub = make(VolgFlow(once(FEIT)))
    first = feit("a", 1)
    zet(hub, feit("a", 0), first)
    hub.flow_runner.catch_up()
    state, _ = hub.flow_state("volg", gemeente="emmen", key="a")
    assert state[-1].causationid == first.id
    assert state[-1].id == flow_id(gemeente="emmen", flow="volg", topic=ZAKEN, key="a", cause_id=first.id, step="opgeschort")


def test_a_restart_decides_nothing_twice(make):
    """Folding again from the log sees what was decided."""
    for _ in range(3):
        flow = Telt(once(FEIT))
        hub = make(flow)
        if not hub.log.positions()[0].head + hub.log.positions()[-1].head:
            zet(hub, feit("a", 1))
        hub.flow_runner.catch_up()
        assert types(hub, "a") == [HERVAT, OPGESCHORT]
        hub.close()


def test_a_flow_that_is_never_silent_is_parked(make):
    """Bounded: it does not fill the log, and the other streams go on."""

    def regel(seen):
        if seen[0].key == "b":
            return once(FEIT)(seen)
        return [Feit(type=OPGESCHORT, step=f"s{len(seen)}", data=OPEN)]

    hub = make(VolgFlow(regel))
    zet(hub, feit("a", 1), feit("b", 1))
    hub.flow_runner.catch_up()
    assert types(hub, "a") == [HERVAT]
    assert types(hub, "b") == [HERVAT, OPGESCHORT]
    assert parked(hub) == [(1, "Poison")]


def test_a_flow_sees_no_time(make):
    """Its context holds what stands fixed; the only times it meets are in events."""
    assert {field.name for field in fields(FlowContext)} == {"gemeente", "gemeentecode", "stream", "profiel"}
    for asked in (base.Flow.begin, base.Flow.evolve, base.Flow.decide, base.Flow.handle):
        assert set(inspect.signature(asked).parameters) <= {"self", "context", "state", "event", "command"}


# ------------------------------------------------------------------------------------------ a stream that moved on


def overtake(hub, monkeypatch, event):
    """Put ``event`` between judging and putting down."""
    joined = hub.flow_runner._commit

    def late(*arguments):
        monkeypatch.undo()
        zet(hub, event)
        return joined(*arguments)

    monkeypatch.setattr(hub.flow_runner, "_commit", late)


def test_decisions_on_a_stream_that_moved_on_are_dropped(make, monkeypatch):
    """Only that stream's: the newer event asks again, on all there is then."""
    flow = Telt(once(FEIT))
    hub = make(flow)
    zet(hub, feit("a", 1), feit("b", 1))
    overtake(hub, monkeypatch, feit("a", 2))
    hub.flow_runner.catch_up()
    assert types(hub, "a") == [HERVAT, HERVAT, OPGESCHORT]
    assert types(hub, "b") == [HERVAT, OPGESCHORT]
    state, _ = hub.flow_state("volg", gemeente="emmen", key="a")
    assert state[2].causationid == state[1].id


def test_effects_of_a_dropped_decision_are_dropped_with_it(make, monkeypatch):
    """No opdracht and no term of a judgement that did not stand."""
    hub = make(
        VolgFlow(lambda seen: once(Opdracht(connector="x", soort="doe", step="doe"), FEIT)(seen) if len(seen) < 2 else ())
    )
    zet(hub, feit("a", 1))
    overtake(hub, monkeypatch, feit("a", 2))
    hub.flow_runner.catch_up()
    assert types(hub, "a") == [HERVAT, HERVAT]
    assert hub.read_now(lambda tx: tx.one("SELECT count(*) FROM opdracht")) == (0,)


def test_two_streams_that_speak_to_each_other_keep_their_own_sequences(make):
    """In one transaction a stream gets an answer of its own and one from another: the state in memory is that of the log."""

    def regel(seen):
        if any(e.type == OPGESCHORT and e.causationid == seen[0].id for e in seen):
            return ()
        other = "b" if seen[0].key == "a" else "a"
        return [Feit(type=OPGESCHORT, step="naar", data=OPEN, topic=ZAKEN, key=other), FEIT]

    flow = VolgFlow(regel)
    hub = make(flow)
    zet(hub, feit("a", 1), feit("b", 1))
    hub.flow_runner.catch_up()
    for key in ("a", "b"):
        stream = hub.log.head(ZAKEN, key).id
        live, sequence = hub.flow_runner.member("volg").cache[stream]
        folded, at = hub.flow_state("volg", gemeente="emmen", key=key)
        assert (list(live), sequence) == (list(folded), at)
        assert [e.sequence for e in folded] == [1, 2, 3]


def test_live_state_is_what_a_fold_from_the_log_gives(make):
    """Data, sealed parts, times, causes and correlation: what was folded before logging equals what is read back."""
    clock = Klok()

    def tick():
        clock.verder(seconds=1)
        return clock.moment

    answers = (
        Feit(type=OPGESCHORT, step="f", data=OPEN, besloten={"p": {"naam": "Ånna", "lijst": ["a"]}}),
        Opdracht(connector="x", soort="doe", step="doe", data={"a": [1, "b"]}),
        Termijn(naam="t", vervalt=START),
    )
    hub = make(VolgFlow(once(*answers)))
    clock_now, hub.clock.now = hub.clock.now, tick
    zet(hub, feit("a", 1, correlationid="zaak-a", traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01"))
    hub.flow_runner.catch_up()
    hub.clock.now = clock_now
    live, sequence = hub.flow_runner.member("volg").cache[hub.log.head(ZAKEN, "a").id]
    folded, at = hub.flow_state("volg", gemeente="emmen", key="a")
    assert (list(live), sequence) == (list(folded), at)
    assert {e.correlationid for e in folded} == {"zaak-a"}
    assert len({e.traceparent for e in folded}) == 1


# -------------------------------------------------------------------------------------- answers that cannot be put down


@pytest.mark.parametrize(
    ("answers", "oorzaak"),
    [
        ((Feit(type=OPGESCHORT, step="s", data={"onbekend": 1}),), "SchemaViolation"),
        ((Feit(type="nl.wissel.bestaat-niet.v1", step="s"),), "SchemaViolation"),
        ((Feit(type=OPGESCHORT, step="s", data=OPEN, besloten={"p": {"n": object()}}),), "SchemaViolation"),
        ((Feit(type=OPGESCHORT, step="s", data={**OPEN, "resourceUrl": "x" * 1_000_000}),), "TooLarge"),
        ((FEIT, FEIT), "Poison"),
        ((FEIT, Opdracht(connector="weg", soort="doe", step="doe")), "Poison"),
        ((FEIT, Feit(type=OPGESCHORT, step="z", data=OPEN, topic=ZAKEN, key="van-zwolle")), "Poison"),
        ((Termijn(naam="t", vervalt=START.replace(tzinfo=None)),), "TypeError"),
    ],
)
def test_an_answer_that_cannot_be_put_down_parks_its_stream_alone(make, answers, oorzaak):
    """Whatever is wrong with it: its zaak waits for a person, and the flow goes on with the others."""
    hub = make(VolgFlow(lambda seen: () if len(seen) > 1 else answers if seen[0].key == "a" else [FEIT]))
    zet(hub, feit("van-zwolle", 1, slug="zwolle"), feit("a", 1), feit("b", 1))
    hub.flow_runner.catch_up()
    assert types(hub, "a") == [HERVAT]
    assert types(hub, "b") == [HERVAT, OPGESCHORT]
    assert parked(hub) == [(1, oorzaak)]
    zet(hub, feit("b", 2))
    assert hub.flow_runner.catch_up() == 1


def test_a_row_that_is_there_already_parks_its_stream_alone(make):
    """An opdracht under an id that the ledger holds: the transaction is done again stream by stream."""
    hub = make(VolgFlow(once(FEIT, Opdracht(connector="x", soort="doe", step="doe"))))
    taken = flow_id(gemeente="emmen", flow="volg", topic="wissel.opdrachten.x", key="a", cause_id=feit("a", 1).id, step="doe")
    row = (
        "INSERT INTO opdracht (id, gemeente, zaak, connector, soort, gebeurtenis, waarde, gegeven, vanaf)"
        " VALUES (?, 'emmen', 'a', 'x', 'doe', ?, ?, 0, 0)"
    )
    hub.database.write(lambda db: db.execute(row, (taken, taken, b""))).result()
    zet(hub, feit("a", 1), feit("b", 1), feit("c", 1))
    hub.flow_runner.catch_up()
    assert types(hub, "a") == [HERVAT]
    assert len(types(hub, "b")) == len(types(hub, "c")) == 3
    assert parked(hub) in [[(1, name)] for name in DUBBEL]


# --------------------------------------------------------------------------------------------------- a new flow


def test_a_flow_that_never_ran_here_begins_at_the_head(make, capsys):
    """It judges what comes, not years of zaken that people already handled; those are listed."""
    hub = make(None)
    zet(hub, feit("oud", 1), feit("ouder", 1))
    hub.close()
    flow = Telt(once(FEIT))
    hub = make(flow)
    hub.flow_runner.catch_up()
    assert flow.gevraagd == []
    assert "flow_begins_at_head" in capsys.readouterr().out
    zet(hub, feit("oud", 2), feit("nieuw", 1))
    hub.flow_runner.catch_up()
    assert types(hub, "oud") == [HERVAT, HERVAT, OPGESCHORT]
    assert types(hub, "nieuw") == [HERVAT, OPGESCHORT]
    assert types(hub, "ouder") == [HERVAT]


def test_a_flow_that_ran_before_it_read_anything_misses_nothing(make):
    """Installed on an empty log and stopped at once: what came in later is judged at the next start."""
    make(VolgFlow()).close()
    hub = make(None)
    zet(hub, feit("a", 1))
    hub.close()
    hub = make(VolgFlow(once(FEIT)))
    hub.flow_runner.catch_up()
    assert types(hub, "a") == [HERVAT, OPGESCHORT]


# --------------------------------------------------------------------------------------------- officials' commands


def give(hub, command, *, sequence, token="t1", key="a", slug="emmen"):
    return asyncio.run(
        hub.command("volg", gemeente=slug, key=key, command=command, sequence=sequence, token=token, actor="ambtenaar")
    )


def suspend(seen):
    """A command that is possible while nothing was suspended, and that depends on how much was resumed."""
    if any(e.type == OPGESCHORT for e in seen):
        raise Conflict("is al opgeschort")
    return [Feit(type=OPGESCHORT, step="opschorten", data=OPEN)]


def test_a_command_judged_on_the_head_is_done(make):
    """It puts its facts, caused by the click, and gives back the new sequence."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1))
    assert give(hub, suspend, sequence=1) == 2
    state, _ = hub.flow_state("volg", gemeente="emmen", key="a")
    assert state[-1].causationid == command_id(gemeente="emmen", zaak="a", token="t1")


def test_the_same_click_twice_is_one_fact(make):
    """Also when the state would refuse it by now: the second answer is that of the first."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1))
    assert [give(hub, suspend, sequence=1) for _ in range(3)] == [2, 2, 2]
    assert types(hub, "a") == [HERVAT, OPGESCHORT]


def test_an_older_sequence_is_judged_again(make):
    """What happened meanwhile makes no difference to this command: it is done, on the state of now."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1), feit("a", 2))
    assert give(hub, suspend, sequence=1) == 3


def test_a_command_that_would_be_another_now_is_a_conflict(make):
    """The official decided on something else than what is there: look again."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1), feit("a", 2))
    with pytest.raises(Conflict, match="intussen veranderd"):
        give(hub, lambda seen: [Feit(type=OPGESCHORT, step=f"na-{len(seen)}", data=OPEN)], sequence=1)
    assert types(hub, "a") == [HERVAT, HERVAT]


def test_a_command_that_is_no_longer_possible_is_a_conflict(make):
    """Two officials, one zaak: the second hears that it was done."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1))
    give(hub, suspend, sequence=1)
    with pytest.raises(Conflict, match="al opgeschort"):
        give(hub, suspend, sequence=1, token="t2")


def test_a_stream_that_moves_while_a_command_is_put_is_judged_again(make, monkeypatch):
    """Between judging and putting something came in: judged again and done, once."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1))
    put = hub.officials.put_down

    async def late(*arguments):
        monkeypatch.undo()
        sealed = hub.seal([feit("a", 2)])
        await hub.write(lambda tx: tx.put(sealed))
        await put(*arguments)

    monkeypatch.setattr(hub.officials, "put_down", late)
    assert give(hub, suspend, sequence=1) == 3
    assert types(hub, "a") == [HERVAT, HERVAT, OPGESCHORT]


def test_two_clicks_at_once_are_one_fact(make):
    """The same token from two windows at the same moment."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1))

    async def both():
        given = {"gemeente": "emmen", "key": "a", "command": suspend, "sequence": 1, "token": "t", "actor": "x"}
        return await asyncio.gather(*(hub.command("volg", **given) for _ in range(5)))

    assert asyncio.run(both()) == [2] * 5
    assert types(hub, "a") == [HERVAT, OPGESCHORT]


@pytest.mark.parametrize(("key", "slug"), [("weg", "emmen"), ("a", "zwolle")])
def test_a_zaak_that_is_not_there_for_this_gemeente_is_not_found(make, key, slug):
    """Unknown, or another gemeente's: the same answer."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1))
    with pytest.raises(NotFound):
        give(hub, suspend, sequence=1, key=key, slug=slug)


def test_what_is_wrong_with_a_command_comes_back_whole(make):
    """A flow's own objections reach the asker, and nothing is put."""
    hub = make(VolgFlow())
    zet(hub, feit("a", 1))

    def wrong(_seen):
        raise Invalid([("reden", "mag niet leeg zijn"), ("datum", "ligt in het verleden")])

    with pytest.raises(Invalid, match="reden: mag niet leeg zijn; datum"):
        give(hub, wrong, sequence=1)
    assert types(hub, "a") == [HERVAT]
