# SPDX-License-Identifier: EUPL-1.2
"""A hub on real files with plugins of a test's own: what the tests of the engine share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.app import EmbeddedHub
from hub.discovery import Plugins
from hub.events import ZAKEN, Event, NewEvent, fact_id
from hub.flows.base import Antwoord, FlowContext
from hub.plugins import Gemeente, ProjectedEvent, Projection, Row
from hub.privacy import Pseudonymizer
from hub.settings import Loaded, LogSettings, OpslagSettings, Settings

HERVAT = "nl.overheid.zaken.zaak-hervat.v1"
OPGESCHORT = "nl.overheid.zaken.zaak-opgeschort.v1"
START = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)
MASTER_KEY = bytes(range(32))
SLEUTEL = "ab" * 32
INSTELLINGEN = f"""
[sleutels]
hoofdsleutel = "{SLEUTEL}"
[gemeenten.emmen]
naam = "Emmen"
gemeentecode = "0114"
oin = "00000001002220647000"
pseudoniemsleutel = "{SLEUTEL}"
[gemeenten.emmen.profiel.verhuizing]
versie = "1"
auteur = "A"
tweede_persoon = "B"
geldig_vanaf = 2026-01-01
"""  # all that a settings file of one gemeente must hold; what is written behind it belongs to the profile


@dataclass
class Klok:
    """A clock that a test moves by hand."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def today(self) -> Any:
        return self.moment.date()

    def verder(self, **by: float) -> None:
        self.moment += timedelta(**by)


def gemeente(slug: str = "emmen", **changes: Any) -> Gemeente:
    base = Gemeente(
        slug=slug,
        naam=slug.title(),
        gemeentecode="0114",
        oin="00000001002220647000",
        pseudonym=Pseudonymizer(slug.encode().ljust(32, b".")),
        plugins={},
        profielen={},
        teksten={},
        thema="wissel",
    )
    return replace(base, **changes)


def loaded(folder: Path, gemeenten: Sequence[Gemeente] = (gemeente(),), *, partities: int = 2, **more: Any) -> Loaded:
    """Settings of a hub in this folder, with ``more`` parts that are other than by default."""
    settings = Settings(log=LogSettings(partities=partities), opslag=OpslagSettings(map=folder), **more)
    return opslag(Loaded(settings=settings, master_key=MASTER_KEY, gemeenten={g.slug: g for g in gemeenten}))


def instellingen(folder: Path) -> str:
    """Return the text of a settings file of a hub that keeps its files in a folder."""
    return f'[opslag]\nmap = "{folder}"\n{INSTELLINGEN}'


def opslag(loaded: Loaded) -> Loaded:
    """Put the store where it is to be: files, unless the fixture ``store`` says otherwise."""
    return loaded


def tel(row: Row | None, event: ProjectedEvent) -> Row:
    """Remember what came by, in order: enough to see a loss, a repeat or a wrong order."""
    seen = row or {"gezien": [], "aantal": 0}
    return {"gezien": [*seen["gezien"], event.sequence], "aantal": seen["aantal"] + 1, "laatste": event.id}


TELLER = Projection(
    name="teller",
    version=1,
    topics=frozenset({ZAKEN}),
    handlers={HERVAT: tel, OPGESCHORT: tel},
    columns={"aantal": ("INTEGER", lambda row: row["aantal"])},
    links={"laatste": lambda row: [row["laatste"]]},
)


@dataclass
class VolgFlow:
    """A flow that answers what its ``regel`` says about the events of a stream so far."""

    regel: Any = field(default=lambda _seen: ())
    name: str = "volg"
    topic: str = ZAKEN
    profiel_model: None = None

    def begin(self, context: FlowContext) -> tuple[Event, ...]:
        return ()

    def evolve(self, state: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
        return (*state, event)

    def decide(self, state: tuple[Event, ...]) -> Sequence[Antwoord]:
        return self.regel(state)

    def handle(self, state: tuple[Event, ...], command: Any) -> Sequence[Antwoord]:
        return command(state)


def plugins(
    projections: Mapping[str, Projection] | None = None,
    flows: Mapping[str, Any] | None = None,
    connectors: Mapping[str, Any] | None = None,
) -> Plugins:
    return Plugins(connectors or {}, flows or {}, projections if projections is not None else {"teller": TELLER})


def feit(
    key: str, number: int, *, event_type: str = HERVAT, slug: str = "emmen", besloten: Any = None, **changes: Any
) -> NewEvent:
    return replace(
        NewEvent(
            id=fact_id("test", key, event_type, str(number)),
            type=event_type,
            source=gemeente(slug).source("zaaksysteem"),
            gemeente=slug,
            topic=ZAKEN,
            key=key,
            data={"resourceUrl": f"https://zaken.example/{key}/{number}", "aanmaakdatum": None, "wie": None},
            besloten=besloten or {},
        ),
        **changes,
    )


DUBBEL = ("IntegrityError", "UniqueViolation")  # what each engine calls a row that is there already


def in_dialect(hub: EmbeddedHub, sql: str) -> str:
    """Return SQL that damages a record as the engine of this hub writes its bytes."""
    if hub.database.name == "wissel.db":
        return sql
    return re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'::bytea", sql).replace("AS BLOB", "AS bytea")


def zet(hub: EmbeddedHub, *events: NewEvent, expected: Any = None) -> None:
    """Put events down as a connector would, and wait for the commit."""
    from hub.store.put import StoreTx

    sealed = hub.seal(events)
    hub.database.write(lambda db: StoreTx(db, hub.tables, hub.clock.now()).put(sealed, expected)).result()
