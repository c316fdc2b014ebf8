# SPDX-License-Identifier: EUPL-1.2
"""The engine on real files: what goes in comes out, once and in order, also after a restart."""

from __future__ import annotations

import pytest
from hub_voor_tests import TELLER, Klok, VolgFlow, feit, loaded, plugins, zet

from hub.app import EmbeddedHub
from hub.flows.base import Feit, Opdracht, Termijn

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def hub(tmp_path):
    opened = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins()).open()
    yield opened
    opened.close()


def test_what_is_put_down_is_shown_in_order(hub):
    """Events of one stream reach the read model each once, in their sequence."""
    zet(hub, *(feit("zaak-a", n) for n in range(3)), feit("zaak-b", 0))
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "zaak-a")["gezien"] == [1, 2, 3]
    assert hub.read_model("teller").get("emmen", "zaak-b")["gezien"] == [1]
    assert hub.projector.behind() == 0


def test_no_query_crosses_gemeenten(hub):
    """A row of one gemeente is not there for another."""
    zet(hub, feit("zaak-a", 1))
    hub.projector.catch_up()
    assert hub.read_model("teller").get("zwolle", "zaak-a") is None
    assert hub.read_model("teller").select("zwolle") == []


def test_a_restart_goes_on_where_it_was(tmp_path):
    """After closing and opening, nothing is applied twice and nothing is skipped."""
    for number in range(3):
        hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins()).open()
        zet(hub, feit("zaak-a", number))
        hub.projector.catch_up()
        hub.close()
    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins()).open()
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "zaak-a")["gezien"] == [1, 2, 3]
    hub.close()


def test_a_flow_decides_once_and_its_opdracht_stands_in_the_ledger(tmp_path):
    """What a flow answers is put down once, however often the log is read again."""

    def regel(seen):
        if any(e.type == "nl.wissel.opdracht.gegeven.v1" for e in seen):
            return ()
        return [Opdracht(connector="x", soort="doe", step="doe", data={"a": 1}, besloten={"zaak:z": {"geheim": "ja"}})]

    class X:
        name, settings_model, tables = "x", None, ""

    for _ in range(3):
        flows = {"volg": VolgFlow(regel)}
        hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins(flows=flows, connectors={"x": X()})).open()
        zet(hub, feit("zaak-a", hub.log.positions()[0].head + 100))
        hub.flow_runner.catch_up()
        rows = hub.read_now(lambda tx: tx.all("SELECT soort, zaak, toestand FROM opdracht"))
        assert rows == [("doe", "zaak-a", "open")]
        hub.close()


def test_a_rebuild_gives_the_same_rows(hub):
    """Throwing the read models away and building them again changes nothing."""
    zet(hub, *(feit(f"zaak-{n % 7}", n) for n in range(100)))
    hub.projector.catch_up()
    before = hub.read_model("teller").select("emmen", order="sleutel")
    assert hub.projector.rebuild() == 100
    assert hub.read_model("teller").select("emmen", order="sleutel") == before
    assert len(before) == 7


def test_a_term_is_kept_and_replaced_by_name(tmp_path):
    """Setting a term again under its name moves it; there are never two."""

    def regel(seen):
        terms = [e for e in seen if e.type == "nl.wissel.termijn.gezet.v1"]
        facts = [e for e in seen if e.type.startswith("nl.overheid")]
        return [Termijn(naam="t", vervalt=facts[-1].time)] if len(terms) < len(facts) else ()

    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins(flows={"volg": VolgFlow(regel)})).open()
    for number in range(2):
        zet(hub, feit("zaak-a", number))
        hub.flow_runner.catch_up()
    assert len(hub.read_now(lambda tx: tx.all("SELECT * FROM termijn"))) == 1
    hub.close()


def test_a_flow_may_speak_in_another_stream(tmp_path):
    """A fact for another stream is put there, with the same id however often it is decided."""

    def regel(seen):
        done = any(e.type.endswith("zaak-opgeschort.v1") for e in seen)
        if done or seen[0].key != "zaak-a":
            return ()
        open_part = {"resourceUrl": "x", "aanmaakdatum": None, "wie": None}
        return [
            Feit(type="nl.overheid.zaken.zaak-opgeschort.v1", step="s", data=open_part),
            Feit(type="nl.overheid.zaken.zaak-opgeschort.v1", step="s2", data=open_part, topic="wissel.zaken", key="zaak-b"),
        ]

    hub = EmbeddedHub(loaded(tmp_path), clock=Klok(), plugins=plugins(flows={"volg": VolgFlow(regel)})).open()
    zet(hub, feit("zaak-a", 1))
    hub.flow_runner.catch_up()
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "zaak-a")["aantal"] == 2
    assert hub.read_model("teller").get("emmen", "zaak-b")["aantal"] == 1
    assert TELLER.name == "teller"
    hub.close()
