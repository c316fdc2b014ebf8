# SPDX-License-Identifier: EUPL-1.2
"""Opdracht ``stop-volgen``: a zaak ended, so the registry need not report its people any more, unless another zaak does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from connectors.burgerzaken import meldingen, overdracht, volgen
from connectors.burgerzaken.bronnen import Bronnen, Bronnenkast
from connectors.burgerzaken.lezen import asked_again
from hub.events import outcome_id
from hub.plugins import Grens, Hub, OpdrachtUitvoering, ReadTx, Tx, Uitkomst
from hub.privacy import Bsn

UITGEVOERD: Final = "nl.wissel.opdracht.uitgevoerd.v1"
_POGINGEN: Final = 1000  # the bound that counts is the time; after it the opdracht is parked, never dropped


class StopVolgen:
    """Ends the volgindicatie of who no running zaak needs. Whom it concerns stands in the connector's own rows.

    A zaak writes that it needs somebody *before* it asks the registry to follow them. So whoever is taken for free here
    and is asked for meanwhile is seen right after, and followed again.
    """

    def __init__(self, hub: Hub, kast: Bronnenkast) -> None:
        self._hub = hub
        self._kast = kast
        self.grens = Grens(pogingen=_POGINGEN, duur_s=kast.geduld_s)

    async def voer_uit(self, opdracht: OpdrachtUitvoering) -> Uitkomst:
        """End what may end and return what was done. Safe to run again at any point."""
        slug, zaak = opdracht.gemeente.slug, opdracht.zaak
        bronnen = self._kast.van(slug)
        people = await self._hub.read(lambda tx: volgen.people_of(tx, slug, zaak))
        shared = await self._needed_elsewhere(slug, zaak)
        free = [wie for wie in people if wie not in shared]
        if opdracht.poging > 1:
            await self._follow_on(opdracht, bronnen, sorted(shared))  # an earlier try may have ended it too early
        await self._end(opdracht, bronnen, free)
        wanted_again = sorted(set(free) & await self._needed_elsewhere(slug, zaak))
        await self._follow_on(opdracht, bronnen, wanted_again)
        uitkomst = {"gestopt": len(free) - len(wanted_again), "nogNodig": len(people) - len(free) + len(wanted_again)}
        data = {
            "opdrachtId": opdracht.id,
            "soort": opdracht.soort,
            "stap": opdracht.stap,
            "uitkomst": msgspec.json.encode(uitkomst).decode(),
        }
        event = opdracht.feit(UITGEVOERD, data, event_id=outcome_id(opdracht.id))

        def rows(tx: Tx) -> None:
            volgen.end_for(tx, slug, zaak, people)
            meldingen.vergeet(tx, slug, people)
            overdracht.haal_van_lijst(tx, slug, zaak)

        return Uitkomst(events=[event], rows=rows)

    def geef_op(self, opdracht: OpdrachtUitvoering, fout: Exception) -> Uitkomst | None:  # noqa: ARG002
        """Park it: somebody is followed longer than needed until a person looks, or the volgindicatie ends by itself."""
        return None

    async def _needed_elsewhere(self, slug: str, zaak: str) -> set[str]:
        return await self._hub.read(lambda tx: volgen.needed_elsewhere(tx, slug, zaak))

    async def _end(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen, people: Sequence[str]) -> None:
        yesterday = self._hub.clock.today() - timedelta(days=1)
        for bsn in await self._numbers(opdracht.gemeente.slug, people):
            with asked_again():
                await bronnen.volg(bsn, tot_en_met=yesterday, traceparent=opdracht.traceparent)

    async def _follow_on(self, opdracht: OpdrachtUitvoering, bronnen: Bronnen, people: Sequence[str]) -> None:
        until = self._hub.clock.today() + timedelta(days=bronnen.settings.volgduur_dagen)
        for bsn in await self._numbers(opdracht.gemeente.slug, people):
            with asked_again():
                await bronnen.volg(bsn, tot_en_met=until, traceparent=opdracht.traceparent)

    async def _numbers(self, slug: str, people: Sequence[str]) -> list[Bsn]:
        """Return the numbers of who is still known here; who is not, is not followed longer than was asked for."""

        def read(tx: ReadTx) -> list[volgen.Gevolgde]:
            return volgen.followed(tx, slug, people, self._hub.clock.today())

        known = await self._hub.read(read)
        opened = (volgen.open_(self._hub.vault, gevolgde) for gevolgde in known)
        return [gezien.bsn for gezien in opened if gezien]
