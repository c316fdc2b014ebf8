# SPDX-License-Identifier: EUPL-1.2
"""The simulated registry in process, and questions to it, for the tests of the burgerzaken simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import httpx

from connectors.burgerzaken.simulator import SimulatorConfig, create_app
from connectors.burgerzaken.simulator.bevolking_model import Huishouden, Persoon

DATUM = date(2026, 3, 12)
BRP = "/emmen/haalcentraal/api/brp"
VERWERKING = "/emmen/verwerking/v1/verhuizingen"
ALLES = (
    "aNummer", "burgerservicenummer", "datumEersteInschrijvingGBA", "geslacht", "leeftijd", "naam", "nationaliteiten",
    "geboorte", "overlijden", "verblijfplaats", "immigratie", "gemeenteVanInschrijving", "datumInschrijvingInGemeente",
    "adressering", "indicatieCurateleRegister", "gezag", "verblijfstitel", "kinderen", "ouders", "partners",
)  # fmt: skip


class Sim:
    """One simulator. Every request opens its own event loop, so that tests stay plain functions."""

    def __init__(self, **settings: Any) -> None:
        defaults = {"seed": 7, "personen": 8_000, "datum": DATUM, "verwerkingsvertraging_s": 0.0}
        self.app = create_app(SimulatorConfig(**(defaults | settings)))
        self.register = self.app.register
        self.bevolking = self.app.register.bevolking

    def vraag(self, method: str, path: str, **anders: Any) -> httpx.Response:
        """Send one request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://registratie.test") as client:
                return await client.request(method, path, **anders)

        return asyncio.run(send())

    def personen(self, bsns: Sequence[str], fields: Sequence[str] = ALLES, **anders: Any) -> httpx.Response:
        """Look people up."""
        body = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": list(bsns), "fields": list(fields)}
        return self.vraag("POST", f"{BRP}/personen", json={**body, **anders})

    def persoon(self, persoon: Persoon, fields: Sequence[str] = ALLES) -> dict[str, Any]:
        """Look one person up and return what was answered."""
        (gevonden,) = self.personen([self.bevolking.bsn(persoon)], fields).json()["personen"]
        return dict(gevonden)

    def bewoning(self, object_id: str, op: date = DATUM) -> httpx.Response:
        """Ask who lives at an object."""
        body = {
            "type": "BewoningMetPeildatum",
            "adresseerbaarObjectIdentificatie": object_id,
            "peildatum": op.isoformat(),
        }
        return self.vraag("POST", f"{BRP}/bewoningen", json=body)

    def huishouden(self, soort: str, slug: str = "emmen") -> Huishouden:
        """Return the first household of a kind in a gemeente."""
        gemeente = self.bevolking.land.per_slug[slug]
        for index in range(gemeente.eerste_buurt, gemeente.eerste_buurt + gemeente.buurten):
            for huishouden in self.bevolking.buurt(index).huishoudens:
                if huishouden.soort == soort:
                    return huishouden
        raise AssertionError(f"no household {soort} in {slug}")

    def leeg(self, soort: str = "gewoon", slug: str = "emmen") -> Any:
        """Return the first vacant object of a kind in a gemeente."""
        gemeente = self.bevolking.land.per_slug[slug]
        for index in range(gemeente.eerste_buurt, gemeente.eerste_buurt + gemeente.buurten):
            buurt = self.bevolking.buurt(index)
            for thuis in buurt.objecten:
                if thuis.soort == soort and buurt.leeg(thuis.plek):
                    return thuis
        raise AssertionError(f"no vacant object {soort} in {slug}")

    def aangiften(self, **query: Any) -> list[dict[str, Any]]:
        """Ask for a scenario."""
        standaard = {"gemeente": "emmen", "seed": 7, "datum": DATUM.isoformat()}
        answer = self.vraag("GET", "/simulator/aangiften", params={**standaard, **query})
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def verhuizing(self, persoon: Persoon, thuis: Any, **anders: Any) -> dict[str, Any]:
        """Return the body of an order that moves one person to an object."""
        body = {
            "zaak": "4f1c3e4e-2d0a-4a7e-9b0e-1d2c3b4a5f60",
            "verhuisdatum": "2026-03-10",
            "datumAangifte": "2026-03-12",
            "adresseerbaarObjectIdentificatie": thuis.identificatie,
            "nummeraanduidingIdentificatie": thuis.adressen[0].identificatie,
            "functieAdres": "W",
            "door": "wissel",
            "verhuizers": [{"burgerservicenummer": self.bevolking.bsn(persoon), "code": "I"}],
        }
        return {**body, **anders}

    def verwerk(self, body: Mapping[str, Any], sleutel: str = "0d3c9a60-5a0f-4a55-8f4e-5b2f1d0c9e01") -> httpx.Response:
        """Give an order."""
        return self.vraag("POST", VERWERKING, json=body, headers={"Idempotency-Key": sleutel})

    def boeken(self, slug: str = "emmen") -> dict[str, Any]:
        """Return the simulator's own books about a gemeente."""
        return dict(self.vraag("GET", "/simulator/boeken").json()["gemeenten"][slug])
