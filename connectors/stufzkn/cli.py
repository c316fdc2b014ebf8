# SPDX-License-Identifier: EUPL-1.2
"""``wissel stufzkn``: see how a message of a supplier is read, before anything is connected."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from connectors.stufzkn.feiten import Omgeving, leid_af
from connectors.stufzkn.stand import Stand
from connectors.stufzkn.zaakbericht import Deel, lees
from hub.errors import HubError
from hub.privacy import Pseudonymizer

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def stufzkn() -> None:
    """Het zaaksysteem dat StUF-ZKN spreekt: een bericht bekijken."""


@stufzkn.command(name="lees")
@click.argument("bestand", type=_FILE)
@click.option("--eindstatus", "eindstatussen", multiple=True, help="Zoals in de instelling eindstatussen; mag vaker.")
def lees_bericht(bestand: Path, eindstatussen: tuple[str, ...]) -> None:
    """Laat zien hoe een zaakbericht (zakLk01) van uw leverancier wordt gelezen, zonder persoonsgegevens."""
    nobody = Pseudonymizer(secrets.token_bytes(32))  # nothing is kept, so nobody need be known again
    omgeving = Omgeving(gemeente="", bron="", bronorganisatie="", eindstatussen=frozenset(eindstatussen), pseudonym=nobody)
    try:
        bericht = lees(bestand.read_bytes())
        events = leid_af(Stand(), bericht, omgeving).events
    except HubError as fault:
        raise click.ClickException(f"geweigerd: {fault}") from fault
    click.echo(f"zaakbericht, mutatiesoort {bericht.soort}")
    for naam, deel in (("oud", bericht.oud), ("nieuw", bericht.nieuw)):
        click.echo(f"  {naam}: {', '.join(_elementen(deel)) or 'leeg'}")
    facts = [event.type.split(".")[3] for event in events]
    click.echo(f"  als eerste bericht over deze zaak: {', '.join(facts) or 'geen gebeurtenis'}")


def _elementen(deel: Deel) -> list[str]:
    """Return the names of what an object says something about."""
    return [*sorted(deel.velden), *sorted(deel.genoemd), *(["heeft"] if deel.statussen else [])]
