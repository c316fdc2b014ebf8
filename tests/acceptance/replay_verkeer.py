# SPDX-License-Identifier: EUPL-1.2
"""Live traffic for the acceptance test of a replay: a connector that puts facts of zaken down, and the log before it.

Installed beside the product by ``installeer``, as any package that brings a connector would be; with it comes a bug that the
environment switches on: for some zaken a status is lost from the page.
"""

from __future__ import annotations

import asyncio
import random
import textwrap
import uuid
from pathlib import Path
from typing import Any

from hub_voor_tests import INSTELLINGEN, SLEUTEL

from hub.app import EmbeddedHub
from hub.discovery import Plugins
from hub.events import ZAKEN, NewEvent, fact_id
from hub.privacy import Pseudonymizer
from hub.settings import Loaded
from hub.store.put import StoreTx
from tests.bench.zaakstromen import _whole

ZAKEN_COUNT = 300
STATUSES = 25
GEZET = "nl.overheid.zaken.status-gezet.v1"
BUG = "WISSEL_TEST_STATUS_KWIJT"
VERSIE = "WISSEL_TEST_VERSIE"
_PAUSE_S = 0.02


def zaak(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"zaak-{number}"))


UUIDS = [zaak(number) for number in range(ZAKEN_COUNT)]
WRONG = sorted(key for key in UUIDS if key.startswith("0"))
STIL = WRONG[-1]  # no live traffic: what its page shows comes from one build alone


def fact(event_type: str, key: str, number: int, **data: Any) -> NewEvent:
    resource = f"https://zaken.example/{key}/{number}"
    common = {"resourceUrl": resource, "aanmaakdatum": None, "wie": None}
    return NewEvent(
        id=fact_id(event_type, key, str(number)),
        type=event_type,
        source="urn:nld:oin:00000001002220647000:systeem:zaaksysteem",
        gemeente="emmen",
        topic=ZAKEN,
        key=key,
        data={**_whole(event_type, {}), **common, **data},
    )


def status(key: str, number: int) -> NewEvent:
    at = f"2026-03-{1 + number % 28:02d}T{number % 24:02d}:00:00Z"
    return fact(GEZET, key, number, status=f"https://zaken.example/{key}/s{number}", datumStatusGezet=at, volgnummer=number)


def begin(number: int, person: str) -> list[NewEvent]:
    """A zaak and, for one in ten, the resident who declared it."""
    key = UUIDS[number]
    events = [fact("nl.overheid.zaken.zaak-geregistreerd.v1", key, 0, vertrouwelijkheidaanduiding="vertrouwelijk")]
    if number % 10 == 0:
        role = {"betrokkeneType": "natuurlijk_persoon", "omschrijvingGeneriek": "initiator", "betrokkene": person}
        events.append(fact("nl.overheid.zaken.rol-toegevoegd.v1", key, 1, rol=f"https://zaken.example/{key}/r", **role))
    return events


def vul(loaded: Loaded, person: str) -> int:
    """Put a log down as a hub would have it after some time; return how many events that is."""
    hub = EmbeddedHub(loaded, plugins=Plugins({}, {}, {})).open()
    streams = [[*begin(n, person), *(status(UUIDS[n], s) for s in range(STATUSES))] for n in range(ZAKEN_COUNT)]
    total = 0
    for start in range(0, ZAKEN_COUNT, 25):
        sealed = hub.seal([event for stream in streams[start : start + 25] for event in stream])
        hub.database.write(lambda db, s=sealed: StoreTx(db, hub.tables, hub.clock.now()).put(s)).result()
        total += len(sealed)
    hub.close()
    return total


class Verkeer:
    """A connector that has news about some zaak fifty times a second."""

    name = "verkeer"
    settings_model: Any = None
    tables = "CREATE TABLE IF NOT EXISTS verkeer_teller (nummer INTEGER PRIMARY KEY);"

    def routes(self, _hub: Any) -> list[Any]:
        return []

    def executors(self, _hub: Any) -> dict[str, Any]:
        return {}

    def services(self, hub: Any) -> dict[str, Any]:
        async def run() -> None:
            rng, keys = random.Random(), [key for key in UUIDS if key != STIL]
            while True:
                sealed = hub.seal([status(rng.choice(keys), rng.randrange(1_000, 1_000_000_000))])
                await hub.write(lambda tx, s=sealed: tx.put(s), urgent=True)
                await asyncio.sleep(_PAUSE_S)

        return {"nieuws": run}

    async def close(self, _hub: Any) -> None:
        return

    def unsettled_hints(self, _tx: Any, _zaak: str, _before: Any) -> bool:
        return False

    def backlog(self, _tx: Any) -> int:
        return 0


CONNECTOR = Verkeer()


def installeer(site: Path) -> None:
    """Make a folder that, on PYTHONPATH, is an installed package with this connector and the bug."""
    info = site / "replay_verkeer-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: replay-verkeer\nVersion: 1\n", encoding="utf-8")
    points = "[wissel.connectors]\nverkeer = tests.acceptance.replay_verkeer:CONNECTOR\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    bug = f"""
        import os
        if os.environ.get("{BUG}"):
            from projections.zaakverloop.apply import HANDLERS
            good = HANDLERS["{GEZET}"]

            def lost(row, event):
                new = good(row, event)
                return {{**new, "statussen": row["statussen"]}} if event.key.startswith("0") else new

            HANDLERS["{GEZET}"] = lost
        if os.environ.get("{VERSIE}"):
            import dataclasses
            import projections.zaakverloop as z
            z.PROJECTION = dataclasses.replace(z.PROJECTION, version=int(os.environ["{VERSIE}"]))
    """
    (site / "sitecustomize.py").write_text(textwrap.dedent(bug), encoding="utf-8")


def settings_toml(folder: Path, token_sha256: str, database: str | None = None) -> str:
    """Settings of one gemeente on a free port, on files or in a database."""
    return (
        textwrap.dedent(f"""
        [opslag]
        map = "{folder / "data"}"
        {f'database = "{database}"' if database else ""}
        [log]
        partities = 2
        [projecties]
        nieuwe_versie = "replay"
        [api]
        port = 0
        [[api.tokens]]
        naam = "test"
        sha256 = "{token_sha256}"
        gemeente = "emmen"
        scopes = ["zaken:lezen", "werkvoorraad:lezen"]
    """)
        + f'{INSTELLINGEN}modus = "uit"\n'
    )


def pseudoniem(bsn: Any) -> str:
    return str(Pseudonymizer(bytes.fromhex(SLEUTEL))(bsn))
