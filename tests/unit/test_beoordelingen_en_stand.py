# SPDX-License-Identifier: EUPL-1.2
"""Decisions are kept one by one and stay as they were; counters count, also over partitions."""

from __future__ import annotations

import random

import pytest
from nephub import NepHub
from scenes import country, start, uuid

from hub.errors import NotFound
from hub.stand import Positie
from projections.beoordelingen import PROJECTION as BEOORDELINGEN
from projections.beoordelingen.queries import beoordeling
from projections.stand import PROJECTION as STAND
from projections.stand.apply import count
from projections.stand.queries import per_lid, tellers


def test_every_decision_about_a_zaak_can_be_found_by_its_id() -> None:
    """A later decision does not change what the earlier one said."""
    hub = NepHub([BEOORDELINGEN])
    start(hub, 1).judged("oranje", "te-laat-aangegeven").judged("groen")
    row = hub.read_model("beoordelingen").get("emmen", uuid(1))
    first, second = row["beoordelingen"]
    assert row["laatste"] == second
    assert beoordeling(hub, "emmen", first)[1]["redenen"] == ["te-laat-aangegeven"]
    assert beoordeling(hub, "emmen", second)[1]["kleur"] == "groen"
    with pytest.raises(NotFound):
        beoordeling(hub, "zwolle", first)


def test_the_same_decision_again_changes_nothing() -> None:
    """A duplicate is the same fact."""
    hub = NepHub([BEOORDELINGEN])
    event = start(hub, 1).put("nl.wissel.verhuisaangifte.ingetrokken.v1", {"reden": "r"})
    assert event.type not in BEOORDELINGEN.handlers
    start(hub, 2).judged("groen")
    row = hub.read_model("beoordelingen").get("emmen", uuid(2))
    (kept,) = row["beoordelingen"]
    assert row["beoordelingen"][kept]["volgnummer"] == 5


def test_counters_do_not_depend_on_the_order() -> None:
    """Partitions are counted apart, so counting must commute."""
    hub = country(NepHub([STAND]))
    assert tellers(hub, "emmen")["zaken"] == 11
    assert tellers(hub, "zwolle")["zaken"] == 1
    events = [hub.put("nl.overheid.zaken.zaak-geregistreerd.v1", uuid(n), {}, after_s=n) for n in range(30, 40)]
    rows = set()
    for seed in range(5):
        random.Random(seed).shuffle(events)
        row = None
        for event in events:
            row = count(row, event)
        rows.add(str(row))
    assert len(rows) == 1


def test_positions_are_summed_per_member_and_topic() -> None:
    """The page shows one line per member; the API gives every partition."""
    found = per_lid([Positie("b", "t", 0, 3, 5), Positie("a", "t", 0, 1, 1), Positie("b", "t", 1, 2, 2)])
    assert [(p.lid, p.gelezen, p.kop, p.achter) for p in found] == [("a", 1, 1, 0), ("b", 5, 7, 2)]
