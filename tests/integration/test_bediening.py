# SPDX-License-Identifier: EUPL-1.2
"""What ops sees and does: each thing that can be wrong is found, with since when; nothing crosses a gemeente."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hub_voor_tests import HERVAT, TELLER, Klok, VolgFlow, feit, gemeente, loaded, plugins, tel, zet
from motor import Verbinding as Kale
from motor import geeft_opdracht

from hub.app import EmbeddedHub
from hub.errors import Invalid, NotFound
from hub.flows.base import Termijn
from hub.stand import Verbinding
from projections.stand.plaatje import teken

pytestmark = pytest.mark.usefixtures("store")
WHY = {"reden": "hersteld", "door": "beheer-alex"}


class Kapot:
    """Raises for the zaken it is told to."""

    def __init__(self):
        self.keys = {"a", "z"}

    def __call__(self, row, event):
        if event.key in self.keys:
            raise KeyError
        return tel(row, event)


class Bronnen(Kale):
    """A connector that tells how its sources are."""

    bronnen: tuple[Verbinding, ...] = ()
    klachten: tuple[str, ...] = ()

    def storingen(self, _tx, gemeente):
        return self.klachten if gemeente == "emmen" else ()

    def verbindingen(self, _hub, _tx):
        return self.bronnen

    async def nakijken(self, _hub):
        return []


def regel(state):
    """One opdracht and one term per zaak."""
    if len(state) > 1:
        return ()
    return [*geeft_opdracht(state), Termijn(naam="antwoord", vervalt=state[0].time)]


@pytest.fixture
def kapot():
    """The projection of a."""
    return Kapot()


@pytest.fixture
def hub(tmp_path, kapot):
    """Two gemeenten: zaken a and b in Emmen, z in Zwolle; a and z are parked, each has an opdracht and a term."""
    made = plugins({"teller": replace(TELLER, handlers={HERVAT: kapot})}, {"volg": VolgFlow(regel)}, {"x": Bronnen()})
    hub = EmbeddedHub(loaded(tmp_path, (gemeente(), gemeente("zwolle"))), clock=Klok(), plugins=made).open()
    zet(hub, feit("a", 1), feit("b", 1), feit("z", 1, slug="zwolle"))
    hub.projector.catch_up()
    hub.flow_runner.catch_up()
    yield hub
    hub.close()


def found(hub):
    return {(b.soort, b.alarm) for b in hub.toezicht()}


def test_the_glance_counts_one_gemeente(hub):
    """Opdrachten by state and age, terms, builds, and what was destroyed."""
    hub.clock.verder(minutes=1)
    seen = hub.bediening.beeld("emmen")
    assert [(w.soort, w.toestand, w.aantal, w.oudste) for w in seen.werk] == [("doe", "open", 2, "2026-03-12T08:00:00Z")]
    assert (seen.termijnen, seen.termijnen_te_laat, seen.eerste_termijn) == (2, 2, "2026-03-12T08:00:00Z")
    assert [(b.lid, b.live) for b in seen.bouwen] == [("teller:1", True)]
    hub.vergeten.voer_uit(hub.vergeten.plan("emmen", "p"), reden="r", door="A", tweede_persoon="B")
    assert (hub.bediening.beeld("emmen").vernietigingen, hub.bediening.beeld("zwolle").vernietigingen) == (1, 0)
    assert hub.bediening.beeld("emmen").sleutels_vernietigd == 1


def test_how_late_each_part_is_is_said_in_events_and_seconds(hub):
    """The age of the oldest event that it has not taken."""
    hub.projector.catch_up()
    zet(hub, feit("b", 2))
    hub.clock.verder(seconds=90)
    late = {(p.lid, p.achter, p.achter_s) for p in hub.stand("emmen").posities if p.achter}
    assert late >= {("teller:1", 1, 90.0)}
    hub.projector.catch_up()
    assert {p.achter_s for p in hub.stand("emmen").posities if p.lid == "teller:1"} == {0.0}


def test_everything_that_can_be_wrong_is_found(hub, monkeypatch):
    """Alarms first; each with since when; gone when it is over."""
    assert found(hub) == {("geparkeerd", False)}
    zet(hub, feit("b", 2))
    hub.clock.verder(hours=2)
    hub.projector.last_error = "wissel.db does not work now"
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"total": 10**12, "free": 10**8})())
    hub.connectors["x"].bronnen = (
        Verbinding(naam="brp", gemeente="emmen", mislukt=3, fout="weg"),
        Verbinding(
            naam="meldingen", gemeente="emmen", gemist=2
        ),  # what comparing found before its notification came is no fault
    )
    hub.connectors["x"].klachten = ("er is geen abonnement meer",)
    seen = hub.toezicht()
    assert {(b.soort, b.alarm) for b in seen} == {
        ("achterstand", True),
        ("storing", True),
        ("schijf", True),
        ("bron", True),
        ("gemeld", False),
        ("opdrachten", False),
        ("termijnen", False),
        ("geparkeerd", False),
    }
    assert [b.alarm for b in seen] == sorted((b.alarm for b in seen), reverse=True)
    since = {b.soort: b.sinds for b in seen}
    assert (since["opdrachten"], since["bron"]) == ("2026-03-12T08:00:00Z", "2026-03-12T10:00:00Z")
    hub.clock.verder(hours=1)
    assert {b.soort: b.sinds for b in hub.toezicht()}["bron"] == since["bron"]
    hub.connectors["x"].bronnen = hub.connectors["x"].klachten = ()
    hub.projector.last_error = None
    hub.projector.catch_up()
    assert found(hub).isdisjoint({("bron", True), ("gemeld", False), ("storing", True), ("achterstand", True)})


def test_trying_again_and_leaving_out_stay_within_the_gemeente(hub, kapot):
    """Somebody of Emmen touches nothing of Zwolle, by number or by cause."""
    kapot.keys.clear()
    zwolle = next(p.nummer for p in hub.stand("zwolle").geparkeerd)
    for act in (hub.bediening.opnieuw, hub.bediening.overslaan):
        with pytest.raises(NotFound):
            asyncio.run(act("emmen", nummer=zwolle, **WHY))
    done = asyncio.run(hub.bediening.opnieuw("emmen", oorzaak="KeyError", **WHY))
    assert (done.gelukt, done.over, done.mislukt) == (1, 0, None)
    assert hub.stand("emmen").geparkeerd == []
    assert [p.nummer for p in hub.stand("zwolle").geparkeerd] == [zwolle]
    with pytest.raises(Invalid):
        asyncio.run(hub.bediening.overslaan("zwolle", nummer=zwolle, reden=" ", door="x"))
    assert asyncio.run(hub.bediening.overslaan("zwolle", nummer=zwolle, **WHY)) is True
    with pytest.raises(NotFound):
        asyncio.run(hub.bediening.opnieuw("zwolle", reden="alles", door="x"))
    told = hub.read_now(lambda tx: tx.all("SELECT besluit, door FROM parkeerbesluit ORDER BY id"))
    assert told == [("retry", "beheer-alex"), ("skip", "beheer-alex")]


def test_a_stream_shows_what_caused_what_and_nothing_else(hub):
    """The envelope only, and only to its own gemeente."""
    steps = hub.bediening.stroom("emmen", "a")
    assert [step.volgnummer for step in steps] == [1, 2, 3]
    assert {step.oorzaak for step in steps[1:]} == {steps[0].id}
    for slug, key in (("zwolle", "a"), ("emmen", "nergens")):
        with pytest.raises(NotFound):
            hub.bediening.stroom(slug, key)


def test_the_picture_has_a_point_per_event_and_an_arc_per_cause(hub):
    """A cause in another stream is drawn as coming from outside."""
    steps = hub.bediening.stroom("emmen", "a")
    picture = teken([*steps, replace(steps[0], volgnummer=4, id="x", oorzaak="elders", correlatie="anders")])
    assert [p.naam for p in picture.punten] == ["zaak-hervat", "gegeven", "gezet", "zaak-hervat"]
    assert len(picture.bogen) == 2
    assert [p.van_buiten for p in picture.punten] == [False, False, False, True]
    assert picture.punten[3].kleur != picture.punten[0].kleur
    assert sorted({p.y for p in picture.punten}) == [p.y for p in picture.punten]
    assert teken([]).punten == []


def test_a_process_that_only_shows_sees_how_the_workers_met_the_sources(hub):
    """The latest contact of any, the worst that one met; of a process that stopped nothing."""
    hub.shared = True
    connector, at = hub.connectors["x"], hub.clock.now()
    met = {
        "een": Verbinding(naam="brp", gemeente="emmen", laatst=at, zekering="dicht"),
        "twee": Verbinding(naam="brp", gemeente="emmen", mislukt=4, fout="weg", zekering="open"),
    }
    for proces, source in met.items():
        hub.proces, connector.bronnen = proces, (source,)
        asyncio.run(hub.bediening.deel_verbindingen())
        asyncio.run(hub.bediening.deel_verbindingen())
    (seen,) = hub.bediening.beeld("emmen").verbindingen
    assert (seen.laatst, seen.mislukt, seen.fout, seen.zekering) == (at, 4, "weg", "open")
    assert ("bron", True) in found(hub)
    hub.clock.verder(minutes=6)
    assert hub.bediening.beeld("emmen").verbindingen == []
