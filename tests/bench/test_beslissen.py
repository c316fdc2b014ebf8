# SPDX-License-Identifier: EUPL-1.2
"""How many green decisions a second one core takes from facts that are in the log already: read, open, fold, decide, put.

Counted in processor time of the whole process, writer included: a second of one core. Beside it the clock, on which waiting
for the disk and for other programs counts too.
"""

from __future__ import annotations

import time

from bouwstenen import profiel
from hub_voor_tests import gemeente, loaded

from hub.app import EmbeddedHub
from hub.discovery import Plugins, connectors, flows
from hub.serve import settle
from tests.bench.meten import noteer, per_s
from tests.bench.zaakstromen import vul

_MOVES = 3_000
_BEOORDEELD = "nl.wissel.verhuisaangifte.beoordeeld.v1"
_GOAL_PER_S = 300


def test_green_decisions_from_facts_in_the_log(tmp_path):
    """Both flows over whole streams up to the decision: about twenty facts each, sealed parts opened, outcome put down."""
    settings = loaded(tmp_path, [gemeente(profielen={"verhuizing": profiel()})], partities=4)
    hub = EmbeddedHub(settings, plugins=Plugins(connectors(), {}, {})).open()
    vul(hub, 0, _MOVES, tot=_BEOORDEELD)
    hub.database.write(_from_the_start).result()
    hub.close()
    hub = EmbeddedHub(settings, plugins=Plugins(connectors(), flows(), {})).open()
    settle()  # as every process of the hub does once it is open
    begin, begin_cpu = time.perf_counter(), time.process_time()
    taken = hub.flow_runner.catch_up()
    seconds, core_s = time.perf_counter() - begin, time.process_time() - begin_cpu
    green = hub.read_now(lambda tx: tx.one("SELECT count(*) FROM opdracht WHERE soort = 'verwerk-verhuizing'"))[0]
    hub.close()
    noteer(
        "groene beslissingen uit feiten in het log, één kern",
        gemeten=f"{per_s(green, core_s)} van één kern ({per_s(green, seconds)} op de klok)",
        ruw=f"{per_s(taken, core_s)} gebeurtenissen",
        verhouding=f"{green}/{_MOVES} groen",
        doel=f">= {_GOAL_PER_S}/s",
        gehaald=green == _MOVES and green / core_s >= _GOAL_PER_S,
    )


def _from_the_start(db) -> None:
    """Let the flows begin at the first event, as members that were there from the start."""
    log_id = db.execute("SELECT waarde FROM meta WHERE naam = 'log_id'").fetchone()[0]
    for partition, topic in db.execute("SELECT id, topic FROM partitie").fetchall():
        flow = {"wissel.zaken": "flow:verhuizing", "wissel.personen": "flow:claims"}.get(topic)
        if flow:
            row = (flow, partition, (partition << 40) - 1, 1, None, log_id)
            db.execute("INSERT INTO controlepunt VALUES (?,?,?,?,?,?)", row)
