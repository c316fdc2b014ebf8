# SPDX-License-Identifier: EUPL-1.2
"""A hub on real files with the burgerzaken connector, and a simulated registry behind real HTTP."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from http_in_draad import serve
from hub_voor_tests import START, Klok, gemeente, loaded, plugins

from connectors.burgerzaken import CONNECTOR
from connectors.burgerzaken.bronnen import Bronnenkast
from connectors.burgerzaken.settings import BurgerzakenSettings
from connectors.burgerzaken.simulator import SimulatorConfig, create_app
from connectors.burgerzaken.wijzigingen import Wijzigingenlezer
from hub.app import EmbeddedHub
from hub.events import Event, fact_id
from hub.plugins import OpdrachtUitvoering, Uitkomst
from hub.privacy import Bsn

ZAAK = "6f7c2a52-7d5b-4b0e-9d55-0f2d7e9e4c11"
DATUM = START.date()


def settings(url: str, **changes: Any) -> BurgerzakenSettings:
    """Settings for a simulator at ``url``: quick, and reading again as often as it likes."""
    base = f"{url}/emmen/haalcentraal/api"
    given = {
        "brp_url": f"{base}/brp",
        "bewoning_url": f"{base}/brp",
        "historie_url": f"{base}/brp",
        "update_url": f"{base}/brp",
        "bag_url": f"{url}/emmen/bag/v2",
        "verwerking_url": f"{url}/emmen/verwerking/v1",
        "gateway": {"naam": "proef", "doelbinding": "BRP-Verhuizing", "verwerking": "Burgerzaken@Verhuizing"},
        "levert": ["indicatieCurateleRegister", "verblijfplaats"],
        "timeout_s": 3.0,
        "eerste_pauze_s": 0.01,
        "zekering_na": 100,
        "herlees_s": 0,
        "herlees_wachtend_s": 0,
    }
    return BurgerzakenSettings.model_validate({**given, **changes})


@dataclass
class Wereld:
    """One gemeente, its hub, its registry, and a client of the simulator's own side."""

    url: str
    folder: Path
    klok: Klok
    simulator: Any
    changes: dict[str, Any]
    hub: EmbeddedHub = field(init=False)
    leases: int = 0

    def __post_init__(self) -> None:
        self.gemeente = gemeente(plugins={"burgerzaken": settings(self.url, **self.changes)})
        self.runner = asyncio.Runner()
        self.open()

    def open(self) -> None:
        """Open the hub and make the connector's parts, as at a start."""
        given = plugins(projections={}, connectors={"burgerzaken": CONNECTOR})
        self.hub = EmbeddedHub(loaded(self.folder, [self.gemeente]), clock=self.klok, plugins=given).open()
        self.kast = Bronnenkast(self.hub.gemeenten)
        self.executors = CONNECTOR.executors(self.hub)
        self.lezer = Wijzigingenlezer(self.hub, self.kast, self.gemeente)

    def herstart(self) -> None:
        """Stop the hub and start it again on the same files."""
        self._stop()
        self.open()

    def close(self) -> None:
        """Close everything."""
        self._stop()
        self.runner.close()

    def _stop(self) -> None:
        self.runner.run(self.kast.aclose())
        self.runner.run(CONNECTOR._kast(self.hub).aclose())
        self.hub.close()

    # ------------------------------------------------------------------------------------------------ the simulator

    def sim(self, method: str, path: str, **given: Any) -> Any:
        """Ask the simulator's own side."""
        response = httpx.request(method, f"{self.url}/simulator/{path}", timeout=10, **given)
        response.raise_for_status()
        return response.json() if response.content else None

    def aangifte(self, geval: str) -> dict[str, Any]:
        """Return a generated declaration of one kind."""
        query = {"gemeente": "emmen", "aantal": "1", "seed": "3", "datum": DATUM.isoformat(), "geval": geval}
        (found,) = self.sim("GET", "aangiften", params=query)[:1]
        return found

    def pseudoniem(self, bsn: str) -> str:
        """Return the pseudonym of a number in this gemeente."""
        return self.gemeente.pseudonym(Bsn(bsn))

    # ------------------------------------------------------------------------------------------------------- the hub

    def opdracht(self, soort: str, gegevens: Any, besloten: Any = None, *, naam: str = "") -> OpdrachtUitvoering:
        """Return an opdracht as the ledger would hand it out."""

        async def bevestig() -> None:
            self.leases += 1

        return OpdrachtUitvoering(
            id=fact_id("opdracht", soort, naam),
            event_id=fact_id("gegeven", soort, naam),
            soort=soort,
            stap=f"{soort}#1",
            gemeente=self.gemeente,
            zaak=ZAAK,
            gegevens=gegevens,
            besloten=besloten or {},
            poging=1,
            correlationid=ZAAK,
            traceparent=None,
            bevestig_lease=bevestig,
        )

    def voer_uit(self, opdracht: OpdrachtUitvoering) -> Uitkomst:
        """Carry it out and return the outcome, not yet put down."""
        return self.runner.run(self.executors[opdracht.soort].voer_uit(opdracht))

    def zet_neer(self, uitkomst: Uitkomst) -> None:
        """Put an outcome down in one transaction, as the ledger does."""
        sealed = self.hub.seal(uitkomst.events)

        def work(tx: Any) -> None:
            if uitkomst.rows:
                uitkomst.rows(tx)
            tx.put(sealed)

        self.runner.run(self.hub.write(work))

    def doe(self, soort: str, gegevens: Any, besloten: Any = None, *, naam: str = "", zaak: str = ZAAK) -> list[Event]:
        """Carry an opdracht out, put its outcome down, and return the events as they read back from the log."""
        uitkomst = self.voer_uit(replace(self.opdracht(soort, gegevens, besloten, naam=naam + zaak), zaak=zaak))
        self.zet_neer(uitkomst)
        ids = {event.id for event in uitkomst.events}
        return [event for event in self.log() if event.id in ids]

    def haal_personen(self, aangifte: dict[str, Any], *extra: tuple[str, str], zaak: str = ZAAK) -> list[Event]:
        """Fetch who is in a declaration; ``extra`` are (number, rol)."""
        wie = [
            (aangifte["initiator"]["bsn"], "verhuizer"),
            *((lid["bsn"], "verhuizer") for lid in meeverhuizers(aangifte)),
            *extra,
        ]
        gegevens = {
            "personen": [{"pseudoniem": self.pseudoniem(bsn), "rol": rol} for bsn, rol in wie],
            "peildatum": aangifte["startdatum"],
        }
        besloten = {self.pseudoniem(bsn): {"bsn": bsn} for bsn, _ in wie}
        return self.doe("haal-personen", gegevens, besloten, naam=str(aangifte["volgnummer"]), zaak=zaak)

    def gebeurtenis(self, bsn: str, soort: str) -> None:
        """Let something else than a move happen to somebody."""
        self.sim("POST", "gebeurtenis", json={"burgerservicenummer": bsn, "soort": soort})

    def gevolgd(self) -> int:
        """Return how many volgindicaties the registry has in force for us."""
        return int(self.sim("GET", "boeken")["gemeenten"]["emmen"]["volgindicaties"])

    def verwerk(self, aangifte: dict[str, Any], *, put_down: bool = True) -> OpdrachtUitvoering:
        """Lay a declaration before the registry."""
        opdracht = self.verwerk_opdracht(aangifte)
        uitkomst = self.voer_uit(opdracht)
        if put_down:
            self.zet_neer(uitkomst)
        return opdracht

    def verwerk_opdracht(self, aangifte: dict[str, Any]) -> OpdrachtUitvoering:
        """Return the opdracht to lay a declaration before the registry."""
        wie = [(aangifte["initiator"]["bsn"], "I"), *((lid["bsn"], lid["code"]) for lid in meeverhuizers(aangifte))]
        adres = aangifte["adres"]
        gegevens = {
            "zaak": ZAAK,
            "verhuisdatum": aangifte["eigenschappen"]["VERHUISDATUM"],
            "datumAangifte": aangifte["startdatum"],
            "adresseerbaarObjectIdentificatie": adres["adresseerbaarObjectIdentificatie"],
            "nummeraanduidingIdentificatie": adres["nummeraanduidingIdentificatie"],
            "functieAdres": "W",
            "verhuizers": [{"pseudoniem": self.pseudoniem(bsn), "code": code} for bsn, code in wie],
            "door": "wissel",
        }
        besloten = {self.pseudoniem(bsn): {"bsn": bsn} for bsn, _ in wie}
        return self.opdracht("verwerk-verhuizing", gegevens, besloten, naam=str(aangifte["volgnummer"]))

    def stop_volgen(self, zaak: str = ZAAK, *, poging: int = 1) -> None:
        """End a zaak: its people need not be followed any more."""
        opdracht = replace(self.opdracht("stop-volgen", {}, naam=zaak), zaak=zaak, poging=poging)
        self.zet_neer(self.voer_uit(opdracht))

    def ronde(self) -> int:
        """Ask once who changed."""
        return self.runner.run(self.lezer.round())

    def log(self, event_type: str = "") -> list[Event]:
        """Return every event of the log whose type starts with ``event_type``, opened."""
        found = []
        for position in self.hub.log.positions():
            for record in self.hub.log.read(position.topic, position.partition, -1, 10_000):
                stream = self.hub.log.streams([record.stream])[record.stream]
                event = self.hub.log.event(record, stream)
                if event.type.startswith(event_type):
                    found.append(event)
        return found


def meeverhuizers(aangifte: dict[str, Any]) -> list[dict[str, str]]:
    """Return who moves along."""
    return json.loads(aangifte["eigenschappen"].get("MEEVERHUIZERS", "[]"))


@contextmanager
def wereld(folder: Path, simulator: dict[str, Any] | None = None, **changes: Any) -> Iterator[Wereld]:
    """Serve a simulator and open a hub on ``folder``."""
    given = {"seed": 5, "personen": 4000, "datum": DATUM, "verwerkingsvertraging_s": 0.0, **(simulator or {})}
    app = create_app(SimulatorConfig(**given))
    with serve(app) as url:
        world = Wereld(url=url, folder=folder, klok=Klok(), simulator=app, changes=changes)
        yield world
        world.close()


def is_uuid(text: str) -> bool:
    """Tell whether text is a UUID."""
    return str(uuid.UUID(text)) == text


def next_day(day: date, days: int = 1) -> date:
    """Return the day ``days`` later."""
    return date.fromordinal(day.toordinal() + days)
