# SPDX-License-Identifier: EUPL-1.2
"""Opdracht ``haal-personen``: what the BRP knows about declarer, movers, hoofdbewoner and who holds gezag."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from connectors.burgerzaken import volgen
from connectors.burgerzaken.bronnen import Bronnen
from connectors.burgerzaken.gezien import eerste
from connectors.burgerzaken.lezen import BRP_HISTORIE, BRP_PERSONEN, Lezer, geraadpleegd
from connectors.burgerzaken.relaties import als_bsn, gezaghouders_over, zonder_anderen
from connectors.burgerzaken.settings import DoelNaam
from hub.errors import Refused
from hub.events import NewEvent
from hub.plugins import OpdrachtUitvoering, Tx, Uitkomst
from hub.privacy import Bsn

OPGEHAALD: Final = "nl.wissel.gegevens.personen-opgehaald.v1"
_DOEL_VAN_ROL: Final[dict[str, DoelNaam]] = {
    "aangever": "melder",
    "verhuizer": "melder",
    "hoofdbewoner": "hoofdbewoner",
    "gezaghouder": "gezaghouder",
}
_GEZAGHOUDER: Final = "gezaghouder"
_VERHUIZER: Final = "verhuizer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Betrokkene:
    """Somebody who is asked about. ``bsn`` None: the number was destroyed or is none, so nothing can be asked."""

    pseudoniem: str
    rol: str
    bsn: Bsn | None

    @property
    def doel(self) -> DoelNaam:
        """Return the purpose for which this person is read."""
        return _DOEL_VAN_ROL.get(self.rol, _GEZAGHOUDER)


class HaalPersonen(Lezer):
    """Reads persons, once each, for as much as their role asks. Movers are followed from before they are read."""

    wat = "personen"
    bron = BRP_PERSONEN

    async def lees(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen) -> Uitkomst:
        """Ask the BRP; first follow who moves, so that no change falls between the read and the following."""
        asked = betrokkenen_van(opdracht)
        movers = {who.pseudoniem: who.bsn for who in asked if who.rol == _VERHUIZER and who.bsn}
        today = self._hub.clock.today()
        until = today + timedelta(days=bronnen.settings.volgduur_dagen)
        await self._hub.write(lambda tx: volgen.needed_by(tx, opdracht.gemeente.slug, opdracht.zaak, movers))
        await asyncio.gather(
            *(bronnen.volg(bsn, tot_en_met=until, traceparent=opdracht.traceparent) for bsn in movers.values())
        )
        found = await self._read(opdracht, bronnen, asked)
        others = _other_holders(opdracht, asked, movers.values(), found)
        found |= await self._read(opdracht, bronnen, others)
        histories = await self._histories(opdracht, bronnen, [bsn for bsn in movers.values() if bsn in found])
        everybody = [*asked, *others]
        events = [
            self._fact(opdracht, bronnen, everybody, found, histories),
            *self._records(opdracht, bronnen, everybody, histories),
        ]
        return Uitkomst(events=events, rows=self._follow(opdracht, bronnen, movers, found, until))

    def geef_op(self, opdracht: OpdrachtUitvoering, fout: Exception) -> Uitkomst | None:
        """Say that the source stayed away. Numbers may have been asked before it did: that is recorded too."""
        given_up = super().geef_op(opdracht, fout)
        if given_up is None or isinstance(fout, Refused):
            return given_up
        bronnen = self._kast.van(opdracht.gemeente.slug)
        return Uitkomst(events=[*given_up.events, *self._records(opdracht, bronnen, betrokkenen_van(opdracht), {})])

    async def _read(
        self, opdracht: OpdrachtUitvoering, bronnen: Bronnen, people: Sequence[Betrokkene]
    ) -> dict[Bsn, dict[str, Any]]:
        """Read everybody for the purpose of their own role; who has two roles, for the wider one."""
        found: dict[Bsn, dict[str, Any]] = {}
        for naam in dict.fromkeys(_DOEL_VAN_ROL.values()):
            bsns = [who.bsn for who in people if who.doel == naam and who.bsn and who.bsn not in found]
            if bsns:
                doel = bronnen.settings.doel(naam)
                found |= await bronnen.brp.personen(bsns, doel, traceparent=opdracht.traceparent)
        return found

    async def _histories(
        self, opdracht: OpdrachtUitvoering, bronnen: Bronnen, bsns: Sequence[Bsn]
    ) -> dict[Bsn, list[dict[str, Any]]]:
        """Read the earlier addresses of the movers, up to and with the peildatum; empty where it is not offered."""
        historie = bronnen.historie
        if historie is None:
            return {}
        doel = bronnen.settings.doel("historie")
        peildatum = opdracht.gegevens.get("peildatum")
        last = date.fromisoformat(peildatum) if peildatum else self._hub.clock.today()
        first = last - timedelta(days=bronnen.settings.historie_dagen)
        rows = await asyncio.gather(
            *(
                historie.in_periode(bsn, van=first, tot=last + timedelta(days=1), doel=doel, traceparent=opdracht.traceparent)
                for bsn in bsns
            )
        )
        return dict(zip(bsns, rows, strict=True))

    def _fact(
        self,
        opdracht: OpdrachtUitvoering,
        bronnen: Bronnen,
        people: Sequence[Betrokkene],
        found: Mapping[Bsn, Mapping[str, Any]],
        histories: Mapping[Bsn, list[dict[str, Any]]],
    ) -> NewEvent:
        data = {
            "gatewayProfiel": bronnen.settings.gateway_of("brp").naam,
            "levert": list(bronnen.settings.levert),
            "personen": [
                {"pseudoniem": who.pseudoniem, "rol": who.rol, "gevonden": who.bsn is not None and who.bsn in found}
                for who in people
            ],
        }
        besloten = {
            who.pseudoniem: {
                **zonder_anderen(found[who.bsn], opdracht.gemeente.pseudonym),
                "verblijfplaatshistorie": histories.get(who.bsn),
            }
            for who in people
            if who.bsn is not None and who.bsn in found
        }
        return self.opgehaald(opdracht, OPGEHAALD, data, besloten)

    def _records(
        self,
        opdracht: OpdrachtUitvoering,
        bronnen: Bronnen,
        people: Sequence[Betrokkene],
        histories: Mapping[Bsn, Any],
    ) -> list[NewEvent]:
        records: dict[str, NewEvent] = {}
        for who in sorted(people, key=lambda who: who.doel != "melder"):
            if who.bsn is not None and who.pseudoniem not in records:
                doel = bronnen.settings.doel(who.doel)
                (record,) = geraadpleegd(opdracht, [who.pseudoniem], bron=self.bron, doel=doel, bronnen=bronnen)
                records[who.pseudoniem] = record
        pseudoniemen = [opdracht.gemeente.pseudonym(bsn) for bsn in histories]
        doel = bronnen.settings.doel("historie")
        return [
            *records.values(),
            *geraadpleegd(opdracht, pseudoniemen, bron=BRP_HISTORIE, doel=doel, bronnen=bronnen),
        ]

    def _follow(
        self,
        opdracht: OpdrachtUitvoering,
        bronnen: Bronnen,
        movers: Mapping[str, Bsn],
        found: Mapping[Bsn, Mapping[str, Any]],
        until: date,
    ) -> Any:
        velden = bronnen.settings.doel("volgen").velden
        rows = sealed_states(self._hub.vault, opdracht, movers, found, velden)
        slug, today, now = opdracht.gemeente.slug, self._hub.clock.today(), self._hub.clock.now()

        def write(tx: Tx) -> None:
            volgen.begin(tx, slug, rows, vandaag=today, tot=until, nu=now)

        return write


def sealed_states(
    vault: Any,
    opdracht: OpdrachtUitvoering,
    movers: Mapping[str, Bsn],
    found: Mapping[Bsn, Mapping[str, Any]],
    velden: Sequence[str],
) -> list[tuple[str, Any, str]]:
    """Return (pseudonym, sealed state, sha256) of each mover that was found, to start following them."""
    rows = []
    for pseudoniem, bsn in movers.items():
        if bsn in found:
            gezien = eerste(bsn, found[bsn], velden, opdracht.gemeente.pseudonym)
            rows.append((pseudoniem, volgen.seal(vault, opdracht.gemeente.slug, pseudoniem, gezien), gezien.sha256))
    return rows


def betrokkenen_van(opdracht: OpdrachtUitvoering, naam: str = "personen", rol: str = _VERHUIZER) -> list[Betrokkene]:
    """Return who the opdracht is about, each with the number from its own sealed element."""
    return [
        Betrokkene(
            pseudoniem=node["pseudoniem"],
            rol=node.get("rol", rol),
            bsn=als_bsn((opdracht.besloten.get(node["pseudoniem"]) or {}).get("bsn")),
        )
        for node in opdracht.gegevens[naam]
    ]


def _other_holders(
    opdracht: OpdrachtUitvoering,
    asked: Sequence[Betrokkene],
    movers: Iterable[Bsn],
    found: Mapping[Bsn, Mapping[str, Any]],
) -> list[Betrokkene]:
    """Return who holds gezag over a mover and was not asked about yet: where they live may decide."""
    known = {who.bsn for who in asked}
    holders = (holder for bsn in movers if bsn in found for holder in gezaghouders_over(found[bsn], bsn))
    return [
        Betrokkene(pseudoniem=opdracht.gemeente.pseudonym(bsn), rol=_GEZAGHOUDER, bsn=bsn)
        for bsn in dict.fromkeys(holders)
        if bsn not in known
    ]
