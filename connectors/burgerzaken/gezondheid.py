# SPDX-License-Identifier: EUPL-1.2
"""How the sources of burgerzaken are: as this process met them, and whether they answer when asked now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors.burgerzaken.bronnen import Bronnenkast
from connectors.burgerzaken.http import Bron
from hub.errors import HubError
from hub.verbinding import Controle, Verbinding, van_contact

_REFUSED = frozenset({401, 403})


def verbindingen(kast: Bronnenkast) -> Sequence[Verbinding]:
    """Return how each source is."""
    return [
        Verbinding(
            naam=bron.naam,
            gemeente=slug,
            laatst=bron.contact.laatst,
            mislukt=bron.contact.mislukt,
            fout=bron.contact.fout,
            zekering="open" if bron.zekering.is_open else "dicht",
        )
        for slug in kast.gemeenten
        for bron in kast.van(slug).alle
    ]


async def nakijken(kast: Bronnenkast) -> Sequence[Controle]:
    """Ask every source of every gemeente at once whether it is there."""
    asked = [_look(slug, bron) for slug in kast.gemeenten for bron in kast.van(slug).alle]
    return [control for found in await asyncio.gather(*asked) for control in found]


async def _look(gemeente: str, bron: Bron) -> list[Controle]:
    name = f"{bron.naam} van {gemeente}"
    try:
        status = await bron.leeft()
    except HubError as error:
        return [
            Controle(
                naam=name,
                staat="fout",
                tekst=str(error),
                doe=f"kijk of het adres {bron.naam}_url klopt, of een firewall ertussen zit, en of de bron draait",
            )
        ]
    if status in _REFUSED:
        told = Controle(
            naam=name,
            staat="let-op",
            tekst=f"antwoordt, met {status} op het kale adres",
            doe="weigert ze ook echte vragen (`wissel burgerzaken check`), controleer dan sleutel, certificaat en doelbinding",
        )
    else:
        told = Controle(naam=name, staat="goed", tekst=f"antwoordt ({status})")
    return [told, van_contact(name, bron.contact)]
