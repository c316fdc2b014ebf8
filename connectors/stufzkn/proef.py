# SPDX-License-Identifier: EUPL-1.2
"""The zaaksysteem as the rules of the conformance kit see it: it sends case messages, is asked nothing, and keeps books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.stufzkn import simulator
from connectors.stufzkn.ontvangst import SYSTEEM
from hub.conformiteit import GEMEENTE, OIN, Levering, Proef, ProefOpdracht
from hub.events import fact_id, system_source

_AUTH: Final = "Basic alleen-voor-de-proef"
_BSN, _NAAM, _TEKST = "999990019", "Proefpersoon Van der Wissel", "Bel mij terug over mijn verhuizing"
_ONGEVRAAGD: Final = "een veld waar niemand om vroeg"
_ZAKEN: Final = 6
_BEGIN: Final = datetime(2026, 3, 11, 9, 0)  # noqa: DTZ001 - StUF writes Dutch time, without a zone
_ZGW: Final = "nl.overheid.zaken."


class Zaaksysteem(Proef):
    """See ``hub.conformiteit.Proef``."""

    geheim: Sequence[str] = (_BSN, _NAAM, _TEKST)
    ongevraagd: Sequence[str] = (_ONGEVRAAGD,)
    onleesbaar: Sequence[bytes] = (
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b"<Envelope><Body><zakLk01/></Body></Envelope>",
    )
    verzoeken_per_storing = 0  # nobody is asked anything

    def __init__(self) -> None:
        self.app = _asked_nothing
        self._beurt = 0
        self._waarheid: dict[str, list[str]] = defaultdict(list)

    def instellingen(self, url: str) -> Mapping[str, Any]:  # noqa: ARG002 - the hub asks this system nothing
        """Return what the zaaksysteem knocks with."""
        return {"authorization": _AUTH, "bronorganisatie": "001120649"}

    def gebeur(self, aantal: int) -> Sequence[Levering]:
        """Let things happen to some zaken, in turn, and return the messages."""
        return [self._gebeur() for _ in range(aantal)]

    def waarheid(self) -> Mapping[str, Sequence[str]]:
        """Return what happened to the zaken."""
        return self._waarheid

    def opdrachten(self, aantal: int) -> Sequence[ProefOpdracht]:  # noqa: ARG002
        """Return nothing: this connector carries out no opdrachten."""
        return ()

    def effecten(self) -> Sequence[str]:
        """Return nothing, as nothing is written."""
        return ()

    def weigert(self, status: int, tekst: str) -> bool:
        """Tell whether this answer refuses: Fo03 in a SOAP fault, which SOAP 1.1 has answered with 500."""
        return "Fo03Bericht" in tekst if status == 500 else super().weigert(status, tekst)  # noqa: PLR2004

    # ------------------------------------------------------------------------------------------------- what happens

    def _gebeur(self) -> Levering:
        turn, number = divmod(self._beurt, _ZAKEN)
        self._beurt += 1
        what, oud, nieuw = self._wijziging(turn)
        identificatie = f"0114-2026-{number:04}"
        objecten = [simulator.zaak(identificatie, simulator.begin(), deel) for deel in ((oud, nieuw) if turn else (nieuw,))]
        body = simulator.bericht(
            *objecten,
            soort="W" if turn else "T",
            referentie=f"R{self._beurt}",
            tijdstip=_moment(turn),
        )
        zaak = fact_id(system_source(OIN, SYSTEEM), "zaak", identificatie, "0")
        self._waarheid[zaak].append(f"{_ZGW}{what}.v1")
        headers = {"authorization": _AUTH, "content-type": "text/xml"}
        return Levering(pad=f"/webhooks/stuf-zkn/{GEMEENTE}", inhoud=body, stroom=zaak, koppen=headers)

    def _wijziging(self, turn: int) -> tuple[str, str, str]:
        """Return what happens this turn: the fact it is, and what the old and the new object say of it."""
        if not turn:
            return "zaak-geregistreerd", "", f"{simulator.element('toelichting', _TEKST)}<ZKN:extra>{_ONGEVRAAGD}</ZKN:extra>"
        born = f"<BG:geboorteplaats>{_ONGEVRAAGD}</BG:geboorteplaats>"
        rol = simulator.persoon("heeftAlsBelanghebbende", _BSN, _NAAM, born)
        stuck, gone = simulator.groep("opschorting", indicatie="J", reden=_TEKST), simulator.groep("opschorting", indicatie="N")
        einddatum = f"202604{turn % 28 + 1:02}"
        happenings = (
            ("status-gezet", "", simulator.status(1, "In behandeling", _moment(turn), toelichting=_TEKST)),
            ("rol-toegevoegd", simulator.leeg("heeftAlsBelanghebbende"), rol),
            ("rol-verwijderd", rol, simulator.leeg("heeftAlsBelanghebbende")),
            ("zaak-opgeschort", gone, stuck),
            ("zaak-hervat", stuck, gone),
            ("zaak-bijgewerkt", simulator.leeg("einddatumGepland"), simulator.element("einddatumGepland", einddatum)),
        )
        return happenings[(turn - 1) % len(happenings)]


def _moment(turn: int) -> str:
    """Return a moment as StUF writes it: another one every turn, so that no status is set twice."""
    return (_BEGIN + timedelta(minutes=turn)).strftime("%Y%m%d%H%M%S000")


async def _asked_nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("the connector asks this system nothing")
