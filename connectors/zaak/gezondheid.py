# SPDX-License-Identifier: EUPL-1.2
"""How the zaaksysteem is: as this process met it, whether it answers now, and whether it still sends notifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.zaak.abonnement import eigen
from connectors.zaak.client import ZaakClient
from connectors.zaak.fetch import Bron
from hub.errors import HubError
from hub.verbinding import Controle, Verbinding, van_contact


def verbindingen(
    bronnen: Mapping[str, Bron], gemeld: Mapping[str, datetime | None], gemist: Mapping[str, int]
) -> list[Verbinding]:
    """Return per gemeente how the zaaksysteem answers, and how its notifications come in.

    ``gemeld``: when the last one came; ``gemist``: how many zaken the last comparing found that none had told of.
    """
    found = []
    for slug, bron in bronnen.items():
        contact = bron.client.contact
        found.append(
            Verbinding(naam="zaaksysteem", gemeente=slug, laatst=contact.laatst, mislukt=contact.mislukt, fout=contact.fout)
        )
        found.append(Verbinding(naam="meldingen", gemeente=slug, laatst=gemeld.get(slug), gemist=gemist.get(slug, 0)))
    return found


async def nakijken(bronnen: Mapping[str, Bron]) -> Sequence[Controle]:
    """Ask each zaaksysteem for its zaaktypen with our credentials, and whether we are subscribed."""
    found: list[Controle] = []
    for slug, bron in bronnen.items():
        found += await _look(slug, bron.client)
    return found


async def _look(gemeente: str, client: ZaakClient) -> list[Controle]:
    name = f"zaaksysteem van {gemeente}"
    try:
        await client.get("catalogi", "zaaktypen")
    except HubError as error:
        doe = (
            "kijk of zaken_api en catalogi_api kloppen, of het zaaksysteem draait, en of client_id, secret en scopes goed staan"
        )
        return [Controle(naam=name, staat="fout", tekst=str(error), doe=doe)]
    return [
        Controle(naam=name, staat="goed", tekst="antwoordt en kent ons"),
        van_contact(name, client.contact),
        *await _subscription(gemeente, client),
    ]


async def _subscription(gemeente: str, client: ZaakClient) -> list[Controle]:
    name, settings = f"abonnement van {gemeente}", client.settings
    if not (settings.notificaties_api and settings.callback_url):
        text = "niet na te kijken: notificaties_api en callback_url staan niet in de instellingen"
        return [Controle(naam=name, staat="goed", tekst=text)]
    try:
        count = len(await eigen(client))
    except HubError as error:
        doe = "kijk of notificaties_api klopt en of ons client_id daar abonnementen mag lezen"
        return [Controle(naam=name, staat="fout", tekst=str(error), doe=doe)]
    if count == 1:
        return [Controle(naam=name, staat="goed", tekst="er is een abonnement op onze webhook")]
    if count:
        doe = "haal alle behalve een weg; met abonneren = true doet de hub dat zelf"
        return [Controle(naam=name, staat="let-op", tekst=f"er zijn {count} abonnementen op onze webhook", doe=doe)]
    doe = "zet abonneren = true, of maak bij de Notificaties API een abonnement op kanaal zaken met onze callback_url"
    return [Controle(naam=name, staat="fout", tekst="er is geen abonnement op onze webhook: er komen geen meldingen", doe=doe)]
