# SPDX-License-Identifier: EUPL-1.2
"""Real deliveries of Open Notificaties, in any order and each up to five times, against a source without audit trail."""

from __future__ import annotations

import asyncio
import json
import os
import random
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from zaak_voor_tests import Draaiend, Standin, draaiende_hub, serving, zaak_settings

CLOSED, DELETED = "21d5c1e8-8785-4d0c-8096-a683c7a92cbb", "893471a4-bbaa-4353-bb8f-645e3b97e8b6"
FACTS = {
    "nl.overheid.zaken.zaak-geregistreerd.v1": 1,
    "nl.overheid.zaken.rol-toegevoegd.v1": 1,
    "nl.overheid.zaken.zaakobject-toegevoegd.v1": 1,
    "nl.overheid.zaken.status-gezet.v1": 2,
    "nl.overheid.zaken.resultaat-gezet.v1": 1,
}
ORDER = (
    "nl.overheid.zaken.zaak-geregistreerd.v1",
    "nl.overheid.zaken.rol-toegevoegd.v1",
    "nl.overheid.zaken.zaakobject-toegevoegd.v1",
    "nl.overheid.zaken.status-gezet.v1",
    "nl.overheid.zaken.resultaat-gezet.v1",
    "nl.overheid.zaken.status-gezet.v1",
)


def cases() -> Path:
    folder = Path(os.environ.get("WISSEL_CASES", Path(__file__).resolve().parents[3] / "shared" / "cases")) / "zgw"
    if not folder.exists():
        pytest.skip("the recorded deliveries are outside material that is not part of this repository (set WISSEL_CASES)")
    return folder


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (cases() / name).read_text().splitlines()]


def recorded_objects() -> dict[str, Any]:
    """Every object that was recorded, by path: from its GET, else from its 201; nothing of the deleted zaak."""
    objects: dict[str, Any] = {}
    exchanges = lines("open-zaak-rest-transcript.jsonl")
    for wanted in (201, 200):
        for exchange in exchanges:
            body = exchange["response"]["body"]
            if exchange["response"]["status"] != wanted or not isinstance(body, dict):
                continue
            for item in body.get("results", [body]):
                if isinstance(item, dict) and "url" in item:
                    objects[urlsplit(item["url"]).path] = item
    return {path: item for path, item in objects.items() if DELETED not in json.dumps(item)}


def deliveries(seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    posted = [line["body"] for line in lines("open-notificaties-deliveries.jsonl") for _ in range(chance.randint(1, 5))]
    chance.shuffle(posted)
    return posted


def run(folder: Path, posted: list[dict[str, Any]], check: Any, *, pause_s: float = 0.0) -> None:
    async def main() -> None:
        async with (
            serving(Standin(recorded_objects())) as base,
            draaiende_hub(folder, {"emmen": zaak_settings(base)}) as running,
        ):
            for body in posted:
                assert (await running.meld(body)).status_code == 204
                await asyncio.sleep(pause_s)
            await running.settled()
            check(running)

    asyncio.run(main())


def check_closed_zaak(running: Draaiend) -> None:
    events = running.events(CLOSED)
    source = running.hub.gemeenten["emmen"].source("zaaksysteem")
    receipts = {e.data["feit"]: e.data["aanmaakdatum"] for e in events if e.type.endswith("ontvangst-vastgelegd.v1")}
    facts = [event for event in events if event.source == source]
    counted = {kind: sum(event.type == kind for event in facts) for kind in {event.type for event in facts}}
    assert counted == FACTS
    assert len({event.id for event in events}) == len(events)
    received = {event.id: event.data["aanmaakdatum"] or receipts[event.id] for event in facts}
    in_order = sorted(facts, key=lambda event: received[event.id])
    assert tuple(event.type for event in in_order) == ORDER
    assert in_order[-2].data["omschrijving"] == "Verwerkt"
    assert in_order[-1].data["omschrijving"] == "Afgehandeld"
    assert all(event.data["wie"] is None for event in facts)
    assert next(e for e in events if e.type.endswith("geregistreerd.v1")).data["geslotenBijEersteWaarneming"] is True
    declaration = next(e for e in events if e.type.endswith("gelezen.v1"))
    assert declaration.data["geslotenBijEersteWaarneming"] is True
    assert [e.data["einddatum"] for e in events if e.type.endswith("zaak-afgesloten.v1")] == ["2026-01-06"]


def check_deleted_zaak(running: Draaiend) -> None:
    events = running.events(DELETED)
    assert all(event.type.endswith(("zonder-inhoud.v1", "zaak-verwijderd.v1", "ontvangst-vastgelegd.v1")) for event in events)
    gone = [event for event in events if event.type.endswith("zaak-verwijderd.v1")]
    assert len(gone) == 1
    receipts = {e.data["feit"]: e.data["aanmaakdatum"] for e in events if e.type.endswith("ontvangst-vastgelegd.v1")}
    told = [
        (event.data["resource"], event.data["actie"], event.data["aanmaakdatum"])
        for event in events
        if event.type.endswith("zonder-inhoud.v1")
    ]
    told.append(("zaak", "destroy", gone[0].data["aanmaakdatum"] or receipts[gone[0].id]))
    hints = [line["body"] for line in lines("open-notificaties-deliveries.jsonl") if DELETED in line["body"]["hoofdObject"]]
    expected = sorted((h["resource"], h["actie"], h["aanmaakdatum"].replace("Z", "000Z")) for h in hints)
    assert sorted(told) == expected
    assert len(told) == 5


def check_both(running: Draaiend) -> None:
    check_closed_zaak(running)
    check_deleted_zaak(running)
    assert running.rows("SELECT count(*) FROM zaak_melding WHERE afgehandeld_door IS NULL") == [(0,)]
    assert running.rows("SELECT count(*) FROM zaak_melding") == [(11,)]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_and_any_repeats_give_the_same_facts(tmp_path, seed):
    """Each recorded fact stands once in the stream, with the time of its receipt, whatever arrived when."""
    run(tmp_path, deliveries(seed), check_both, pause_s=0.002 * (seed % 3))


def test_each_delivery_fetched_for_by_itself_gives_the_same_facts(tmp_path):
    """Also when the hub fetches between every two deliveries, last one first."""
    run(tmp_path, deliveries(1)[::-1], check_both, pause_s=0.05)


def test_a_hub_that_restarts_in_between_publishes_nothing_twice(tmp_path):
    """What was fetched before a restart is known after it."""
    posted = deliveries(7)
    for chunk in (posted[: len(posted) // 2], posted[len(posted) // 2 :], posted):
        run(tmp_path, chunk, check_both if chunk is posted else lambda _running: None)
