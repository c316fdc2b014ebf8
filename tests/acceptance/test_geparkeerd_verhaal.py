# SPDX-License-Identifier: EUPL-1.2
"""A bug in one projection parks what it touches; with the bug mended, trying again leaves no trace of it."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hub_voor_tests import Klok, VolgFlow, loaded, plugins, zet

from hub.app import EmbeddedHub
from hub.desk import Desk
from hub.discovery import projections
from hub.errors import Poison
from hub.events import ZAKEN
from hub.geparkeerd import Keuze
from hub.plugins import ProjectedEvent, Projection, Row
from hub.readmodels import Tables
from tests.bench.zaakstromen import zaak

STREAMS, BROKEN, EACH = 60, 20, 25
WHY = {"reden": "de fout in het leesmodel is hersteld", "door": "beheerder"}
BUG = "zaakverloop"


class Breuk(Poison):
    """What the planted bug raises."""


def with_bug(projection: Projection, zaken: set[str]) -> Projection:
    """The projection as it was shipped: it fails on the zaken named."""

    def breaks(apply: Any) -> Any:
        def handler(row: Row | None, event: ProjectedEvent) -> Row | None:
            if event.key in zaken:
                raise Breuk("dit leesmodel rekent met een veld dat er niet is")
            return apply(row, event)

        return handler

    return replace(projection, handlers={kind: breaks(apply) for kind, apply in projection.handlers.items()})


def opened(folder: Path, bug: set[str] | None = None, **more: Any) -> EmbeddedHub:
    found = dict(projections())
    if bug:
        found[BUG] = with_bug(found[BUG], bug)
    made = plugins(found, flows={"volg": VolgFlow()})
    return EmbeddedHub(loaded(folder), clock=Klok(), plugins=made, **more).open()


def tables(hub: EmbeddedHub, *names: str) -> dict[str, list[Any]]:
    """Every row and link of the projections named, of all without names."""
    found = {}
    with hub.members.reader() as db:
        for member in hub.projector.members:
            if not names or member.projection.name in names:
                made: Tables = member.tables
                for table in (made.name, *(f"{made.name}_{link}" for link in member.projection.links)):
                    found[table] = sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
    return found


def late(hub: EmbeddedHub) -> list[tuple[str, str, int]]:
    """Who has not taken the whole log."""
    heads = {(p.topic, p.partition): p.head for p in hub.log.positions()}
    members = (*hub.projector.positions(), *hub.flow_runner.positions())
    return [(lid, topic, part) for lid, topic, part, offset in members if offset + 1 != heads[topic, part]]


def streams_of(kinds: set[str]) -> list[list[Any]]:
    """Moves, each cut where it holds exactly ``EACH`` events that the projection handles."""
    found = []
    for number in range(STREAMS):
        events, handled = [], 0
        for event in zaak(number):
            handled += event.topic == ZAKEN and event.type in kinds
            events.append(event)
            if handled == EACH:
                break
        assert handled == EACH
        found.append(events)
    return found


@pytest.fixture
def kopieer(store: str, request: pytest.FixtureRequest) -> Any:
    """Copy what a stopped hub keeps to where another hub will look, key for key."""
    return shutil.copytree if store == "bestanden" else request.getfixturevalue("postgres").copy


def test_after_the_mending_the_tables_are_those_of_a_run_that_never_failed(tmp_path: Path, kopieer: Any) -> None:
    """500 events of 20 streams wait for one projection; nobody else is ever late; a retry of the cause settles all of it."""
    moves = streams_of(set(projections()[BUG].handlers))
    broken = {next(e.key for e in move if e.topic == ZAKEN) for move in moves[:BROKEN]}
    hub = opened(tmp_path / "hub", broken)
    for start in range(0, max(map(len, moves)), 10):
        zet(hub, *(event for move in moves for event in move[start : start + 10]))
        hub.projector.catch_up()
        hub.flow_runner.catch_up()
        assert late(hub) == []
    parked = Desk(hub).list()
    assert {(entry.lid, entry.oorzaak, entry.sleutel) for entry in parked} == {(f"{BUG}:1", "Breuk", key) for key in broken}
    assert sum(1 + entry.wacht_erachter for entry in parked) == BROKEN * EACH == 500
    others = tables(hub, *(set(projections()) - {BUG}))
    hub.close()

    kopieer(tmp_path / "hub", tmp_path / "never")
    never = opened(tmp_path / "never", forget_read_models=True)
    never.projector.catch_up()
    expected = tables(never)
    never.close()

    mended = opened(tmp_path / "hub")
    assert tables(mended, *(set(projections()) - {BUG})) == others
    assert tables(mended) != expected
    done = asyncio.run(Desk(mended).retry_chosen(Keuze(oorzaak="Breuk"), **WHY))
    assert (done.gelukt, done.over, done.mislukt) == (BROKEN, 0, None)
    assert tables(mended) == expected
    assert Desk(mended).list() == []
    assert late(mended) == []
    mended.close()
