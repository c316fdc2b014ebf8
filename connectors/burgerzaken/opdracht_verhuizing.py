# SPDX-License-Identifier: EUPL-1.2
"""Opdracht ``verwerk-verhuizing``: lay the move before the registry, once, and wait for its own confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from connectors.burgerzaken import overdracht, volgen
from connectors.burgerzaken.bronnen import Bronnen, Bronnenkast
from connectors.burgerzaken.lezen import BRP_PERSONEN, asked_again, geraadpleegd
from connectors.burgerzaken.opdracht_personen import Betrokkene, betrokkenen_van, sealed_states
from connectors.burgerzaken.verwerking import Verhuizer, Verhuizing
from hub.errors import Poison
from hub.events import NewEvent, outcome_id
from hub.plugins import Grens, Hub, OpdrachtUitvoering, Tx, Uitkomst

OVERGEDRAGEN: Final = "op-overdrachtslijst"
UITGEVOERD: Final = "nl.wissel.opdracht.uitgevoerd.v1"
_LONGEST_WAIT: Final = timedelta(days=1)  # so long a mover is looked at more often than others
_POGINGEN: Final = 1000  # the bound that counts is the time; after it the opdracht is parked, never dropped


class NummerOntbreekt(Poison):
    """A mover's number is gone (destroyed or wrong), so the move cannot be laid before the registry."""


class VerwerkVerhuizing:
    """Writes to the registry under the opdracht's idempotency key. The flow waits for the registry, not for this answer.

    Whoever moves is followed with a state from *before* the write: without it the confirmation would not be noticed.
    """

    def __init__(self, hub: Hub, kast: Bronnenkast) -> None:
        self._hub = hub
        self._kast = kast
        self.grens = Grens(pogingen=_POGINGEN, duur_s=kast.geduld_s)

    async def voer_uit(self, opdracht: OpdrachtUitvoering) -> Uitkomst:
        """Send it and return the receipt. Safe to run again at any point: same key, same body, carried out once."""
        bronnen = self._kast.van(opdracht.gemeente.slug)
        people = betrokkenen_van(opdracht, "verhuizers")
        verhuizing = verhuizing_van(opdracht, people)
        with asked_again():
            await self._follow(opdracht, bronnen, people)
            if bronnen.verwerking is None:
                return self._hand_over(opdracht, verhuizing)
            await opdracht.bevestig_lease()
            receipt = await bronnen.verwerking.verwerk(verhuizing, sleutel=opdracht.sleutel, traceparent=opdracht.traceparent)
        bronnen.geschreven.set()
        return Uitkomst(events=[_done(opdracht, {"verwerkingId": receipt.id, "status": receipt.status})])

    def _hand_over(self, opdracht: OpdrachtUitvoering, verhuizing: Verhuizing) -> Uitkomst:
        """Put it on the list of a person, in the transaction that says so."""
        regels, now = overdracht.regels_van(self._hub.vault, opdracht, verhuizing), self._hub.clock.now()

        def rows(tx: Tx) -> None:
            overdracht.zet_op_lijst(tx, opdracht, regels, nu=now)

        return Uitkomst(events=[_done(opdracht, {"verwerkingId": opdracht.id, "status": OVERGEDRAGEN})], rows=rows)

    def geef_op(self, opdracht: OpdrachtUitvoering, fout: Exception) -> Uitkomst | None:  # noqa: ARG002
        """Park it: a write that may or may not have arrived is for a person to look at."""
        return None

    async def _follow(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen, people: Sequence[Betrokkene]) -> None:
        """See to it that every mover is followed, and is read first when the registry reports changes."""
        slug, today, now = opdracht.gemeente.slug, self._hub.clock.today(), self._hub.clock.now()
        pseudoniemen = [who.pseudoniem for who in people]
        await self._hub.write(lambda tx: volgen.needed_by(tx, slug, opdracht.zaak, pseudoniemen))
        known = await self._hub.read(lambda tx: volgen.followed(tx, slug, pseudoniemen, today))
        missing = {who.pseudoniem: who.bsn for who in people if who.bsn}
        for gevolgde in known:
            missing.pop(gevolgde.pseudoniem, None)
        until = today + timedelta(days=bronnen.settings.volgduur_dagen)
        rows = await self._begin(opdracht, bronnen, missing, until) if missing else []
        records = self._hub.seal(
            geraadpleegd(opdracht, list(missing), bron=BRP_PERSONEN, doel=bronnen.settings.doel("volgen"), bronnen=bronnen)
        )

        def write(tx: Tx) -> None:
            volgen.begin(tx, slug, rows, vandaag=today, tot=until, nu=now)
            volgen.await_confirmation(tx, slug, pseudoniemen, until=now + _LONGEST_WAIT)
            tx.put(records)

        await self._hub.write(write)

    async def _begin(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen, missing: Any, until: Any) -> list[Any]:
        for bsn in missing.values():
            await bronnen.volg(bsn, tot_en_met=until, traceparent=opdracht.traceparent)
        doel = bronnen.settings.doel("volgen")
        found = await bronnen.brp.personen(list(missing.values()), doel, traceparent=opdracht.traceparent)
        return sealed_states(self._hub.vault, opdracht, missing, found, doel.velden)


def _done(opdracht: OpdrachtUitvoering, uitkomst: Mapping[str, str]) -> NewEvent:
    data = {
        "opdrachtId": opdracht.id,
        "soort": opdracht.soort,
        "stap": opdracht.stap,
        "uitkomst": msgspec.json.encode(uitkomst).decode(),
    }
    return opdracht.feit(UITGEVOERD, data, event_id=outcome_id(opdracht.id))


def verhuizing_van(opdracht: OpdrachtUitvoering, people: Sequence[Betrokkene]) -> Verhuizing:
    """Return what is laid before the registry. Raises NummerOntbreekt."""
    given = opdracht.gegevens
    codes = {node["pseudoniem"]: node["code"] for node in given["verhuizers"]}
    verhuizers = [Verhuizer(bsn=who.bsn, code=codes[who.pseudoniem]) for who in people if who.bsn]
    if len(verhuizers) != len(people) or not verhuizers:
        raise NummerOntbreekt(
            f"the burgerservicenummer of {len(people) - len(verhuizers)} of {len(people)} movers is not there any more; "
            "process this move in the registry by hand"
        )
    return Verhuizing(
        zaak=opdracht.zaak,
        verhuisdatum=given["verhuisdatum"],
        datum_aangifte=given["datumAangifte"],
        adresseerbaar_object=given["adresseerbaarObjectIdentificatie"],
        nummeraanduiding=given["nummeraanduidingIdentificatie"],
        functie_adres=given["functieAdres"],
        verhuizers=verhuizers,
        door=given["door"],
    )
