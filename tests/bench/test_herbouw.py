# SPDX-License-Identifier: EUPL-1.2
"""How fast all projections are built again from the log, beside a bare loop over the same log and a Faust agent.

``WISSEL_BENCH_GEBEURTENISSEN`` sets how long the log becomes (10 000 000 in the promise; fewer by default).
"""

from __future__ import annotations

import os

import pytest
from hub_voor_tests import gemeente, loaded

from hub.app import EmbeddedHub
from hub.discovery import Plugins
from tests.bench.meten import best, noteer, per_s, proces
from tests.bench.zaakstromen import sjabloon, vul

_SMALL, _MIDDLE, _LARGE = 100_000, 200_000, int(os.environ.get("WISSEL_BENCH_GEBEURTENISSEN", "1000000"))


@pytest.fixture(scope="module")
def metingen(tmp_path_factory):
    """The log grows; at each size both the rebuild and the bare loop are measured."""
    folder = tmp_path_factory.mktemp("herbouw")
    per_move, moves, total, found = len(sjabloon()), 0, 0, {}
    for size in (_SMALL, _MIDDLE, _LARGE):
        more = -(-(size - total) // per_move)
        hub = EmbeddedHub(loaded(folder, [gemeente()], partities=4), plugins=Plugins({}, {}, {})).open()
        total += vul(hub, moves, more)
        hub.close()  # one hub on a folder: what measures is one too
        moves += more
        keer = 3 if size < _LARGE else 1
        found[size] = (
            best("herbouw_proces.py", "projecties", str(folder), keer=keer),
            best("herbouw_proces.py", "kaal", str(folder), keer=keer),
        )
    return found


def test_rebuild_of_all_projections(metingen):
    """All projections from 200,000 events, beside the bare loop and a Faust agent that does nothing."""
    ours, bare = metingen[_MIDDLE]
    ratio = bare["seconds"] / ours["seconds"]
    noteer(
        "herbouw van alle projecties, 200 000 gebeurtenissen",
        gemeten=per_s(ours["events"], ours["seconds"]),
        ruw=f"{per_s(bare['events'], bare['seconds'])} kale lus",
        verhouding=f"{ratio:.2f}",
        doel=">= 0.5",
        gehaald=ratio >= 0.5,
    )
    faust = proces("faust_leeg.py")
    times = (ours["events"] / ours["seconds"]) / (faust["events"] / faust["seconds"])
    noteer(
        "dezelfde herbouw tegen een lege Faust-agent",
        gemeten=per_s(ours["events"], ours["seconds"]),
        ruw=f"{per_s(faust['events'], faust['seconds'])} Faust 0.15.3",
        verhouding=f"{times:.1f}",
        doel=">= 5",
        gehaald=times >= 5,
    )


def test_growth_of_the_cost_per_event(metingen):
    """From 100,000 events to the end the cost per event grows no more than that of the bare loop does; memory is bounded."""

    def growth(which: int) -> float:
        small, large = metingen[_SMALL][which], metingen[_LARGE][which]
        return (large["seconds"] / large["events"]) / (small["seconds"] / small["events"])

    ours, bare = growth(0), growth(1)
    noteer(
        f"groei van de kosten per gebeurtenis, 100 000 naar {_LARGE:,}".replace(",", " "),
        gemeten=f"x {ours:.2f}",
        ruw=f"x {bare:.2f} kale lus",
        verhouding=f"{ours / bare:.2f}",
        doel="<= 1.15",
        gehaald=ours / bare <= 1.15,
    )
    before, memory = (metingen[size][0]["rss_mb"] for size in (_SMALL, _LARGE))
    noteer(
        "geheugen daarbij",
        gemeten=f"{memory:.0f} MB",
        ruw=f"{before:.0f} MB bij 100 000",
        verhouding=f"{memory / before:.2f}",
        doel="<= 300 MB",
        gehaald=memory <= 300,
    )
