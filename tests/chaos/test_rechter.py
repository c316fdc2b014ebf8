# SPDX-License-Identifier: EUPL-1.2
"""The judge sees every kind of wrong: a judge that cannot condemn proves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chaos import rechter
from chaos.rechter import Record

TOPIC, ZAAK = "wissel.zaken", "11111111-1111-4111-8111-111111111111"


def event(
    number: int, *, event_id: str | None = None, offset: int | None = None, key: str = ZAAK, kind: str = "zaak-hervat"
) -> Record:
    headers = {
        "ce_id": (event_id or f"e{number}").encode(),
        "ce_type": f"nl.overheid.zaken.{kind}.v1".encode(),
        "ce_sequence": str(number).encode(),
    }
    return Record(TOPIC, 0, number - 1 if offset is None else offset, key.encode(), headers, b"\x00")


def book(*entries: str, **changes):
    trail = [{"auditId": e, "actie": "create", "resource": "rol", "tijdstip": "t", "clientId": "form"} for e in entries]
    return {"uuid": ZAAK, "gebeurtenissen": trail, "statussen": [], "resultaten": [], "rollen": [], **changes}


def moves(*zaken: tuple[str, int]):
    return {"gemeenten": {"emmen": {"verwerkingen": [{"zaak": zaak, "toegepast": times} for zaak, times in zaken]}}}


GOOD = {
    "zaaksysteem": {"zaken": [book("e1", "e2")]},
    "burgerzaken": moves((ZAAK, 1)),
    "records": [event(1), event(2), event(2, offset=2)],
    "zaken_topic": TOPIC,
    "samples": [[("flow", 0, 1)], [("flow", 0, 2)]],
    "live": {"t": {1: "a"}},
    "rebuilt": {"t": {1: "a"}},
    "positions": [("flow", TOPIC, 0, 2)],
    "heads": {(TOPIC, 0): 3},
    "texts": {"hub.log": b"all is well 999990021, and 0f999990-0000-4000-8000-000099999001 is by chance"},
}
NUMBER = b"999990019"
WRONG = {
    "an entry is lost": ("I1", {"zaaksysteem": {"zaken": [book("e1", "e2", "e3")]}}),
    "a whole zaak is lost": ("I1", {"records": []}),
    "a fact is made up": ("I2", {"records": [event(1), event(2), event(3)]}),
    "a zaak is made up": ("I2", {"records": [event(1), event(2), event(1, key="x", event_id="x1")]}),
    "a status stands twice": ("I3", {"zaaksysteem": {"zaken": [book("e1", "e2", statussen=[{"statustype": "s"}] * 2)]}}),
    "a resultaat stands twice": ("I3", {"zaaksysteem": {"zaken": [book("e1", "e2", resultaten=[1, 2])]}}),
    "a move was ordered twice": ("I3", {"burgerzaken": moves((ZAAK, 1), (ZAAK, 1))}),
    "a move was carried out twice": ("I3", {"burgerzaken": moves((ZAAK, 2))}),
    "two events have one number": ("I4", {"records": [event(1), event(2), event(2, event_id="e9")]}),
    "the order is wrong": ("I4", {"records": [event(2), event(1)]}),
    "a number is left out": ("I4", {"records": [event(1), event(3, event_id="e2")]}),
    "a position went back": ("I5", {"samples": [[("flow", 0, 2)], [("flow", 0, 1)]]}),
    "a row is not what a rebuild gives": ("I6", {"rebuilt": {"t": {1: "b"}}}),
    "a row is missing": ("I6", {"live": {"t": {}}}),
    "a member waits": ("I7", {"positions": [("flow", TOPIC, 0, 0)]}),
    "a number in a log line": ("I8", {"texts": {"hub.log": b"bsn=" + NUMBER}}),
    "a number in a key": ("I8", {"records": [event(1), event(2), replace(event(1, key="y"), key=NUMBER)]}),
    "a number in a value": ("I8", {"records": [event(1), replace(event(2), value=b"\x00" + NUMBER)]}),
}


def test_what_one_entry_tells_beside_its_main_fact_is_not_made_up() -> None:
    """A last status also closes the zaak: that fact has an id that follows from the entry and the type."""
    kind = "nl.overheid.zaken.zaak-afgesloten.v1"
    closed = event(3, event_id=rechter._derived("e2", kind), kind="zaak-afgesloten")
    assert rechter.judge(**{**GOOD, "records": [event(1), event(2), closed]}).total == 0


def test_a_good_run_is_not_condemned() -> None:
    verdict = rechter.judge(**GOOD)
    assert verdict.total == 0
    assert verdict.seen == {"zaken": 1, "events": 3, "repeats": 1}


@pytest.mark.parametrize("what", WRONG)
def test_each_wrong_is_seen_under_its_own_rule(what: str) -> None:
    rule, changes = WRONG[what]
    assert rechter.judge(**{**GOOD, **changes}).violations[rule]
