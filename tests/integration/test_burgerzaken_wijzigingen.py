# SPDX-License-Identifier: EUPL-1.2
"""What the registry itself changes: which facts come of it, around midnight too, and who is followed how long."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from burgerzaken_wereld import DATUM, ZAAK, meeverhuizers, wereld

from connectors.burgerzaken import gezien, volgen, wijzigingen
from hub.errors import SourceUnavailable
from hub.events import outcome_id
from hub.metrics import exposition
from hub.privacy import Bsn

ANDERE_ZAAK = "0b6c3f5e-12f3-4a0a-8f55-6d1f9a3b7c22"


@pytest.fixture
def w(tmp_path):
    """A world of 4,000 people, everything offered."""
    with wereld(tmp_path) as world:
        yield world


def facts(w):
    """What was put down about persons besides the records of reading."""
    return [event for event in w.log() if ".brp." in event.type and "geraadpleegd" not in event.type]


def _to(aangifte):
    number = aangifte["adres"]["nummeraanduidingIdentificatie"]
    return {"burgerservicenummer": aangifte["initiator"]["bsn"], "nummeraanduidingIdentificatie": number}


# --------------------------------------------------------------------------------------------- facts besides the residence


@pytest.mark.parametrize(
    ("soort", "event_type"),
    [
        ("overleden", gezien.OVERLEDEN),
        ("geheimhouding", gezien.GEHEIM_INGESTELD),
        ("onderzoek", gezien.VERBLIJF_IN_ONDERZOEK),
    ],
)
def test_each_event_of_the_registry_is_one_fact_and_no_move(w, soort, event_type):
    """What a running case must know besides a move is told once, by its own name, with both states sealed."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.haal_personen(aangifte)
    w.gebeurtenis(bsn, soort)
    assert w.ronde() == 1
    (fact,) = facts(w)
    assert (fact.type, fact.subject) == (event_type, w.pseudoniem(bsn))
    assert fact.besloten[fact.subject].keys() == {"oud", "nieuw"}
    assert bsn not in json.dumps(dict(fact.data))
    assert [w.ronde() for _ in range(2)] == [0, 0]


def test_what_was_set_can_be_lifted_again(w):
    """Lifted geheimhouding and an ended investigation are facts too."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.haal_personen(aangifte)
    for soort in ("geheimhouding", "onderzoek", "geheimhouding-op", "onderzoek-klaar"):
        w.gebeurtenis(bsn, soort)
        assert w.ronde() == 1
    assert [fact.type for fact in facts(w)] == [
        gezien.GEHEIM_INGESTELD,
        gezien.VERBLIJF_IN_ONDERZOEK,
        gezien.GEHEIM_OPGEHEVEN,
        gezien.ONDERZOEK_BEEINDIGD,
    ]


def test_changed_gezag_is_told_with_pseudonyms_only(w):
    """Who may declare for a child may change while its case runs; no number of a parent is kept."""
    aangifte = w.aangifte("gezin")
    child = next(lid["bsn"] for lid in meeverhuizers(aangifte) if lid["code"] == "K" or lid["code"] == "G")
    w.haal_personen(aangifte)
    w.gebeurtenis(child, "voogdij")
    assert w.ronde() == 1
    (fact,) = facts(w)
    assert (fact.type, fact.subject) == (gezien.GEZAG_GEWIJZIGD, w.pseudoniem(child))
    sealed = json.dumps(fact.besloten[fact.subject])
    assert not [lid["bsn"] for lid in (aangifte["initiator"], *meeverhuizers(aangifte)) if lid["bsn"] in sealed]


def test_two_facts_found_in_one_read_are_both_told(w):
    """Somebody who moved and died between two reads did both."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    w.sim("POST", "verhuis", json={**_to(aangifte), "datum": DATUM.isoformat()})
    w.gebeurtenis(aangifte["initiator"]["bsn"], "overleden")
    assert w.ronde() == 2
    assert [fact.type for fact in facts(w)] == ["nl.brp.verhuisd.binnengemeentelijk.v1", gezien.OVERLEDEN]


def test_a_state_from_an_older_release_gives_no_fact_it_never_compared(w):
    """Before, geheimhouding was not looked at: that it is seen now for the first time is no change of it."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.haal_personen(aangifte)
    (row,) = w.hub.read_now(lambda tx: volgen.followed(tx, "emmen", [w.pseudoniem(bsn)], DATUM))
    old = volgen.open_(w.hub.vault, row).limited_to(gezien.VERGELEKEN_EERST)
    state = volgen.NieuweStaat(
        verzegeld=volgen.seal(w.hub.vault, "emmen", row.pseudoniem, old), sha256=old.sha256, wijziging="x", verhuisd=False
    )
    w.runner.run(w.hub.write(lambda tx: volgen.replace(tx, "emmen", row, state, nu=w.klok.now())))
    w.gebeurtenis(bsn, "geheimhouding")
    assert (w.ronde(), facts(w)) == (0, [])
    w.gebeurtenis(bsn, "geheimhouding-op")
    w.ronde()
    assert [fact.type for fact in facts(w)] == [gezien.GEHEIM_OPGEHEVEN]


def test_a_correction_of_a_death_is_told(w):
    """Somebody who turns out to live is registered again: no death, and no silence."""
    alive = {"gemeenteVanInschrijving": {"code": "0114"}}
    dead = {**alive, "opschortingBijhouding": {"reden": {"code": "O"}, "datum": {"type": "Datum", "datum": "2026-03-01"}}}
    old, new = (gezien.Gezien(Bsn("999990421"), staat, "00") for staat in (dead, alive))
    assert gezien.residence_changed(old, new)
    assert list(gezien.other_facts(old, new)) == []
    assert not gezien.residence_changed(new, old)
    assert [fact.type for fact in gezien.other_facts(new, old)] == [gezien.OVERLEDEN]


# ---------------------------------------------------------------------------------------------------- around midnight


@pytest.mark.parametrize("asked", ["before", "after", "both"])
def test_no_change_around_midnight_is_missed_and_none_is_told_twice(w, asked):
    """The registry answers by day: a change right before or after midnight is found whenever the question is asked."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    told = w.ronde()
    w.sim("POST", "verhuis", json={**_to(aangifte), "datum": DATUM.isoformat()})  # the last moment of the day
    if asked in {"before", "both"}:
        told += w.ronde()
    w.klok.verder(days=1)
    w.sim("POST", "datum", json={"datum": w.klok.today().isoformat()})
    w.gebeurtenis(aangifte["initiator"]["bsn"], "geheimhouding")  # the first moment of the next
    if asked in {"after", "both"}:
        told += w.ronde()
    w.klok.verder(days=1)
    told += w.ronde() + w.ronde()
    assert told == 2
    assert [fact.type for fact in facts(w)] == ["nl.brp.verhuisd.binnengemeentelijk.v1", gezien.GEHEIM_INGESTELD]


def test_the_number_that_stands_in_a_request_line_by_its_standard_is_shown_by_nobody(w, caplog):
    """PUT /volgindicaties/{burgerservicenummer}: in no log, metric, error or book, of ours or of the simulator."""
    aangifte = w.aangifte("echtpaar")
    bsn = aangifte["initiator"]["bsn"]
    with caplog.at_level("DEBUG"):
        w.haal_personen(aangifte)
        w.sim("POST", "storing", json={"onderdeel": "brp", "antwoord": "kapot"})
        with pytest.raises(SourceUnavailable) as caught:
            w.stop_volgen()
    assert w.gevolgd() == 2  # so the request was made, with the number in its path
    shown = [caplog.text, str(caught.value), repr(caught.value.__cause__), exposition().decode(), str(w.sim("GET", "boeken"))]
    assert "volgindicaties/***" in shown[1]
    assert not [text for text in shown if bsn in text]


# ------------------------------------------------------------------------------------------------- who is followed how long


def test_following_ends_when_the_last_case_of_that_person_closes(w):
    """Placed for each running case, counted, and ended at the registry only when no case needs it any more."""
    aangifte = w.aangifte("echtpaar")
    w.haal_personen(aangifte)
    w.haal_personen(aangifte, zaak=ANDERE_ZAAK)
    assert w.gevolgd() == 2
    w.stop_volgen(ZAAK)
    assert w.gevolgd() == 2
    w.stop_volgen(ANDERE_ZAAK)
    assert w.gevolgd() == 0
    assert w.hub.read_now(lambda tx: tx.one("SELECT count(*) FROM burgerzaken_volg")) == (0,)
    uitkomst = [json.loads(e.data["uitkomst"]) for e in w.log("nl.wissel.opdracht.uitgevoerd")]
    assert uitkomst == [{"gestopt": 0, "nogNodig": 2}, {"gestopt": 2, "nogNodig": 0}]


def test_only_who_no_other_case_needs_is_let_go(w):
    """A partner who moves in another case too stays followed."""
    both, alone = w.aangifte("echtpaar"), w.aangifte("echtpaar")
    alone["eigenschappen"] = {**alone["eigenschappen"], "MEEVERHUIZERS": "[]"}
    w.haal_personen(both)
    w.haal_personen(alone, zaak=ANDERE_ZAAK)
    w.stop_volgen(ZAAK)
    assert w.gevolgd() == 1
    w.sim("POST", "verhuis", json={**_to(both), "datum": DATUM.isoformat()})
    assert w.ronde() == 1


def test_a_case_that_starts_while_another_ends_keeps_its_people_followed(w):
    """The registry is told to stop after the new case asked it to follow: it is told to follow again."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    bronnen = sources_of(w)
    original = bronnen.volg

    async def stop_late(bsn, **given):
        await w.hub.write(lambda tx: volgen.needed_by(tx, "emmen", ANDERE_ZAAK, [w.gemeente.pseudonym(bsn)]))
        bronnen.volg = original
        await original(bsn, **given)

    bronnen.volg = stop_late
    w.stop_volgen(ZAAK)
    assert w.gevolgd() == 1
    assert w.hub.read_now(lambda tx: tx.one("SELECT count(*) FROM burgerzaken_volg")) == (1,)


def sources_of(w):
    """The sources the executors use."""
    return w.executors["stop-volgen"]._kast.van("emmen")


def test_a_repeated_stop_never_ends_what_another_case_asked_meanwhile(w):
    """A crash between ending and noting it: the second try sees the new case and follows again."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    w.voer_uit(w.opdracht("stop-volgen", {}, naam="1"))  # ended at the registry, then killed before it was noted
    assert w.gevolgd() == 0
    w.runner.run(
        w.hub.write(lambda tx: volgen.needed_by(tx, "emmen", ANDERE_ZAAK, [w.pseudoniem(aangifte["initiator"]["bsn"])]))
    )
    w.stop_volgen(ZAAK, poging=2)
    assert w.gevolgd() == 1


def test_stopping_leaves_one_outcome(w):
    """As every opdracht; it holds numbers of people, no names."""
    w.haal_personen(w.aangifte("alleenstaande"))
    w.stop_volgen()
    (outcome,) = w.log("nl.wissel.opdracht.uitgevoerd")
    assert outcome.id == outcome_id(w.opdracht("stop-volgen", {}, naam=ZAAK).id)


def test_a_write_by_another_process_cuts_the_waiting_short(w, monkeypatch):
    """The opdracht may be carried out elsewhere than where changes are asked: the store tells that one is awaited."""
    monkeypatch.setattr(wijzigingen, "_LOOK_S", 0.05)
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    patient = w.lezer._settings.model_copy(update={"poll_interval_s": 300.0, "poll_interval_wachtend_s": 0.3})
    monkeypatch.setattr(w.lezer, "_settings", patient)
    who, until = [w.pseudoniem(aangifte["initiator"]["bsn"])], w.klok.now() + timedelta(hours=1)

    async def scenario():
        resting = asyncio.create_task(w.lezer._rest())
        await asyncio.sleep(0.5)
        assert not resting.done()
        await w.hub.write(lambda tx: volgen.await_confirmation(tx, "emmen", who, until=until))
        await asyncio.wait_for(resting, 5)

    w.runner.run(scenario())
