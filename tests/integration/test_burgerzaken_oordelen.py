# SPDX-License-Identifier: EUPL-1.2
"""The verdict of the registry's supplier: taken in at the door, shown beside ours, and which wins."""

from __future__ import annotations

from typing import Any

import pytest
from bouwstenen import Fact, Rit, Wereld, gelezen
from burgerzaken_wereld import ZAAK, wereld
from litestar import Litestar
from litestar.testing import TestClient

from connectors.burgerzaken import CONNECTOR
from hub.errors import NotFound
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.commands import KeurGoed

GOED = {"Authorization": "Bearer leverancier"}
OORDEEL = {"zaak": ZAAK, "kleur": "oranje", "kenmerk": "v-1", "redenen": ["Mevrouw De Vries woont er nog"]}


@pytest.fixture
def w(tmp_path):
    """A world whose supplier gives verdicts; the flow knows one zaak."""
    with wereld(tmp_path, oordelen={"authorization": GOED["Authorization"], "leverancier": "Leverancier X"}) as world:

        def known(_flow: str, *, gemeente: str, key: str) -> Any:
            if (gemeente, key) != ("emmen", ZAAK):
                raise NotFound("x")
            return None, 0

        world.hub.flow_state = known
        yield world


def send(w, body, headers=None):
    with TestClient(Litestar(CONNECTOR.routes(w.hub))) as door:
        given = GOED if headers is None else headers
        return door.post("/webhooks/burgerzaken/emmen/oordelen", json=body, headers=given).status_code


def test_a_verdict_is_one_event_however_often_it_is_sent(w):
    """The colour is open; what the supplier wrote may name people, so it is sealed."""
    assert [send(w, OORDEEL) for _ in range(3)] == [204] * 3
    assert send(w, {**OORDEEL, "kenmerk": "v-2", "kleur": "groen", "redenen": []}) == 204
    first, second = w.log("nl.wissel.verhuisaangifte.oordeel-leverancier")
    assert (dict(first.data)["kleur"], first.data["leverancier"], first.key) == ("oranje", "Leverancier X", ZAAK)
    assert first.besloten[f"zaak:{ZAAK}"] == {"redenen": ["Mevrouw De Vries woont er nog"]}
    assert "Vries" not in str(dict(first.data))
    assert (second.data["kleur"], dict(second.besloten)) == ("groen", {})


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (OORDEEL, {}, 401),
        (OORDEEL, {"Authorization": "Bearer ander"}, 401),
        ({**OORDEEL, "kleur": "paars"}, None, 400),
        ({**OORDEEL, "meer": 1}, None, 400),
        ({**OORDEEL, "redenen": "x"}, None, 400),
        ({**OORDEEL, "kenmerk": ""}, None, 400),
        ({**OORDEEL, "redenen": ["x"] * 51}, None, 400),
        ({**OORDEEL, "zaak": "0b6c3f5e-12f3-4a0a-8f55-6d1f9a3b7c22"}, None, 404),
        ({**OORDEEL, "redenen": ["x" * 500] * 45}, None, 413),
        ([], None, 400),
    ],
)
def test_what_is_no_verdict_on_a_known_zaak_is_refused(w, body, headers, status):
    """Nothing of it is put down."""
    assert send(w, body, headers) == status
    assert w.log("nl.wissel.verhuisaangifte.oordeel-leverancier") == []


# ------------------------------------------------------------------------------------------------------------ which wins


def oordeel(kleur: str) -> Fact:
    """A verdict as the flow reads it."""
    return Fact(namen.OORDEEL_LEVERANCIER, {"leverancier": "X", "kleur": kleur})


def rit(wie_wint: str, kleur: str, **aangifte: Any) -> Rit:
    """A declaration on which the supplier gives its verdict before ours."""
    return Wereld(oordeel_leverancier=wie_wint).geef(oordeel(kleur), gelezen(**aangifte))


def voorgelegd(found: Rit) -> list[str]:
    return [event.data["reden"] for event in found.van_type(namen.VOORGELEGD)]


@pytest.mark.parametrize("kleur", ["groen", "oranje", "rood"])
def test_by_default_ours_wins_and_theirs_is_only_shown(kleur):
    """A gemeente that wants it otherwise writes so, by two people."""
    found = rit("tonen", kleur)
    assert (found.staat.afgerond, voorgelegd(found)) == ("Verwerkt", [])


@pytest.mark.parametrize("wie_wint", ["strengste", "leverancier"])
def test_doubt_of_the_supplier_puts_a_green_one_before_a_person(wie_wint):
    """Nothing is processed by itself; the official decides as on any orange one."""
    found = rit(wie_wint, "oranje")
    assert (found.staat.kleur, voorgelegd(found), found.staat.afgerond) == ("groen", ["leverancier-oranje"], None)
    assert "verwerk-verhuizing" not in found.soorten()
    assert found.staat.wacht_op_ambtenaar
    found.opdracht_van_medewerker(KeurGoed(door="m1"))
    assert "verwerk-verhuizing" in found.soorten()


def test_a_green_supplier_takes_away_our_doubt_only_where_the_profile_says_so():
    """Declared too late is orange by our rules; the supplier may be trusted with that."""
    for wie_wint, processed in (("tonen", False), ("strengste", False), ("leverancier", True)):
        found = rit(wie_wint, "groen", verhuisdatum="2026-08-01")
        assert found.staat.kleur == "oranje"
        assert ("verwerk-verhuizing" in found.soorten()) is processed


def test_our_red_stays_red_whatever_the_supplier_thinks():
    """What the law forbids no supplier allows: more than 28 days ahead."""
    found = rit("leverancier", "groen", verhuisdatum="2026-12-01")
    assert (found.staat.werkkleur, "verwerk-verhuizing" in found.soorten()) == ("rood", False)


def test_a_verdict_after_the_instruction_changes_nothing():
    """The registry has it already."""
    wereld_ = Wereld(bevestig=False, oordeel_leverancier="strengste")
    found = wereld_.geef(gelezen())
    before = found.soorten()
    assert "verwerk-verhuizing" in before
    wereld_.geef(oordeel("rood"))
    assert (found.soorten(), voorgelegd(found)) == (before, [])
