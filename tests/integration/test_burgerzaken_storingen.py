# SPDX-License-Identifier: EUPL-1.2
"""Whatever the registry's side does, the simulator plays it: nothing is lost, nothing told twice, nobody is hammered."""

from __future__ import annotations

import threading

import pytest
from burgerzaken_wereld import DATUM, wereld

from connectors.burgerzaken.http import BronWeigert
from hub.errors import SourceContractBroken, SourceUnavailable

PERSONEN = "POST /haalcentraal/api/brp/personen"
WIJZIGINGEN = "GET /haalcentraal/api/brp/wijzigingen"
ROUNDS = 4


@pytest.fixture
def w(tmp_path):
    """A world that gives up a slow answer after half a second, and never leaves a source alone."""
    with wereld(tmp_path, timeout_s=0.5) as world:
        yield world


def requests(w):
    """Return how often the registry was asked, by its own books."""
    return sum(w.sim("GET", "boeken")["gemeenten"]["emmen"]["verzoeken"].values())


def break_(w, **storing):
    w.sim("POST", "storing", json={"onderdeel": "brp", **storing})


def mend(w):
    w.sim("POST", "storing", json={"onderdeel": "brp"})


def moved(w):
    """Follow somebody and let them move."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    number = aangifte["adres"]["nummeraanduidingIdentificatie"]
    body = {"burgerservicenummer": aangifte["initiator"]["bsn"], "nummeraanduidingIdentificatie": number}
    w.sim("POST", "verhuis", json={**body, "datum": DATUM.isoformat()})
    return aangifte


def rounds(w, count=ROUNDS):
    """Ask again and again; return how many rounds failed, and how."""
    faults = []
    for _ in range(count):
        try:
            w.ronde()
        except (SourceUnavailable, SourceContractBroken) as fault:
            faults.append(fault)
    return faults


@pytest.mark.parametrize(
    "storing",
    [
        {"uit": True},
        {"antwoord": "kapot"},
        {"antwoord": "te-vaak"},
        {"antwoord": "foutpagina"},
        {"antwoord": "onderhoudspagina-als-json"},
        {"antwoord": "half"},
        {"antwoord": "leeg"},
        {"antwoord": "omleiding"},
        {"antwoord": "token-geweigerd"},
        {"antwoord": "geen-toegang"},
        {"antwoord": "druppelt"},
        {"vertraging_s": 1},
    ],
    ids=lambda storing: str(next(iter(storing.values()))),
)
def test_a_fault_costs_no_change_and_makes_no_storm(w, storing):
    """Every round fails as a source that is away; asked at most three times each; after it, each change is told once."""
    moved(w)
    threads, before = threading.active_count(), requests(w)
    break_(w, **storing)
    slow = storing.get("vertraging_s") or storing.get("antwoord") == "druppelt"
    count = 3 if slow else ROUNDS
    faults = rounds(w, count)
    assert len(faults) == count
    assert {type(fault) for fault in faults} == {SourceUnavailable}
    assert requests(w) - before <= 3 * count
    assert w.log("nl.brp.verhuisd.") == []
    mend(w)
    assert [w.ronde() for _ in range(2)] == [1, 0]
    assert len(w.log("nl.brp.verhuisd.")) == 1
    assert threading.active_count() <= threads + 1


def test_a_failing_source_is_left_alone_after_a_while(tmp_path):
    """The fuse: of twenty rounds most do not knock at all."""
    with wereld(tmp_path, zekering_na=5, zekering_pauze_s=60.0) as w:
        moved(w)
        break_(w, uit=True)
        before = requests(w)
        assert len(rounds(w, 20)) == 20
        assert requests(w) - before <= 6


def test_an_unsteady_registry_gives_the_same_stream(w):
    """A third of the answers fails: every change of its books arrives, each once."""
    aangifte = w.aangifte("gezin")
    w.haal_personen(aangifte)
    w.verwerk(aangifte)
    break_(w, fout_percentage=33)
    rounds(w, 15)
    mend(w)
    w.ronde()
    books = [regel for regel in w.sim("GET", "boeken")["gemeenten"]["emmen"]["verwerkingen"] if regel["toegepast"]]
    changes = w.log("nl.brp.verhuisd.")
    assert len(changes) == sum(len(regel["personen"]) for regel in books)
    assert len({change.subject for change in changes}) == len(changes)
    assert {c.data["adresseerbaarObjectIdentificatie"] for c in changes} == {
        regel["adresseerbaarObjectIdentificatie"] for regel in books
    }


def test_a_person_who_was_merged_away_meanwhile_is_told_and_moves_nobody(w):
    """The list turns out to be a mistake (reden F): the registry gives only the number, and that it is one."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    w.gebeurtenis(aangifte["initiator"]["bsn"], "fout")
    assert w.ronde() == 1
    (fact,) = [event for event in w.log() if ".brp." in event.type and "geraadpleegd" not in event.type]
    assert (fact.type, fact.data["soort"]) == ("nl.wissel.brp.wijziging-zonder-verhuizing.v1", "geen-verhuizing")
    assert fact.besloten[fact.subject]["nieuw"]["opschortingBijhouding"]["reden"]["code"] == "F"


def test_a_gateway_that_delivers_too_much_changes_nothing_in_what_is_compared(tmp_path):
    """More fields than asked for today than yesterday are no change of the person."""
    with wereld(tmp_path, {"levert_te_veel": True}) as w:
        aangifte = moved(w)
        assert w.ronde() == 1
        (fact,) = w.log("nl.brp.verhuisd.")
        assert fact.besloten[fact.subject]["nieuw"].keys() <= {
            "verblijfplaats",
            "gemeenteVanInschrijving",
            "opschortingBijhouding",
        }
        w.gebeurtenis(aangifte["initiator"]["bsn"], "geheimhouding")
        assert w.ronde() == 1


def test_a_refusal_of_the_question_itself_is_final(w):
    """406 does not become right by asking again; it is told to the operator, the day stays open."""
    moved(w)
    before = requests(w)
    w.lezer._bronnen.update._bron._gateway.vaste_koppen["Accept"] = "text/plain"
    with pytest.raises(BronWeigert):
        w.ronde()
    assert requests(w) - before == 2  # who changed, and the one refusal
