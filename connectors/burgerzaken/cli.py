# SPDX-License-Identifier: EUPL-1.2
"""``wissel burgerzaken``: classify a file of persoonslijsten, and check what a gateway delivers."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from connectors.burgerzaken.bronnen import NAAM, Bronnen
from connectors.burgerzaken.classificatie import Soort
from connectors.burgerzaken.controle import Controle, controleer, read_bsns
from connectors.burgerzaken.persoonslijsten import classify_file
from connectors.burgerzaken.settings import BurgerzakenSettings, before_the_proof
from hub.errors import HubError, Refused
from hub.privacy import Bsn
from hub.settings import load

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def burgerzaken() -> None:
    """The civil registry: classify changes of address, check a gateway."""


@burgerzaken.command()
@click.argument("bestand", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def classify(bestand: Path, *, as_json: bool) -> None:
    """Count the kinds of change of address in a persoonslijsten file in RvIG's layout."""
    try:
        counts = Counter(answer.soort for answer in classify_file(bestand))
    except HubError as fault:
        raise click.ClickException(str(fault)) from fault
    click.echo(json.dumps(as_counts(counts), ensure_ascii=False) if as_json else _as_text(counts))


def as_counts(counts: Counter[Soort]) -> dict[str, object]:
    """Return the counts as the command prints them: moves by name, what was no move below ``geenVerhuizing``."""
    other = {str(soort): counts[soort] for soort in Soort if not soort.is_verhuizing and counts[soort]}
    return {
        **{str(soort): counts[soort] for soort in Soort if soort.is_verhuizing},
        "geenVerhuizing": {"totaal": sum(other.values()), **other},
        "overgangen": counts.total(),
    }


def _as_text(counts: Counter[Soort]) -> str:
    moves = [soort for soort in Soort if soort.is_verhuizing]
    others = [soort for soort in Soort if not soort.is_verhuizing and counts[soort]]
    lines = [f"{counts[soort]:>7}  {soort}" for soort in moves]
    lines += [f"{sum(counts[soort] for soort in others):>7}  no move, of which"]
    lines += [f"{counts[soort]:>9}  {soort}" for soort in others]
    return "\n".join([*lines, f"{counts.total():>7}  changes of address"])


@burgerzaken.command()
@click.option("--config", "config", type=_FILE, required=True, help="The settings, wissel.toml.")
@click.option("--gemeente", required=True, help="Which gemeente (slug).")
@click.option("--bsn-bestand", type=_FILE, required=True, help="Known test persons, one number per line.")
@click.option("--schrijf", type=click.Path(dir_okay=False, path_type=Path), help="Write the list for `levert_bestand`.")
def check(config: Path, gemeente: str, bsn_bestand: Path, schrijf: Path | None) -> None:
    """Probe with known test persons which elements a gateway delivers, and write the list down."""
    try:
        settings = _settings(config, gemeente)
        bsns = read_bsns(bsn_bestand)
        today = datetime.now(ZoneInfo("Europe/Amsterdam")).date()
        controle = asyncio.run(_probe(settings, bsns, today))
    except HubError as fault:
        raise click.ClickException(str(fault)) from fault
    click.echo(_report(controle))
    if not controle.gevonden:
        raise click.ClickException("no test person was found: nothing is proven, and nothing was written")
    if schrijf is not None:
        schrijf.write_text(controle.as_toml(settings.gateway_of("brp").naam, today), encoding="utf-8")
        click.echo(f"written: {schrijf}; name it as levert_bestand under [gemeenten.{gemeente}.{NAAM}]")


def _settings(config: Path, gemeente: str) -> BurgerzakenSettings:
    with before_the_proof():
        gemeenten = load(config).gemeenten
    if gemeente not in gemeenten:
        raise Refused(f"there is no gemeente {gemeente}; known are: {', '.join(sorted(gemeenten))}")
    settings = gemeenten[gemeente].plugins.get(NAAM)
    if not isinstance(settings, BurgerzakenSettings):
        raise Refused(f"gemeente {gemeente} has no [gemeenten.{gemeente}.{NAAM}]; write that first")
    return settings


async def _probe(settings: BurgerzakenSettings, bsns: list[Bsn], today: date) -> Controle:
    bronnen = Bronnen(settings)
    try:
        return await controleer(bronnen, bsns, today=today)
    finally:
        await bronnen.aclose()


def _report(controle: Controle) -> str:
    lines = [f"{controle.gevonden} of {controle.gevraagd} test persons found; delivered, with how many:"]
    lines += [f"{count:>7}  {name}" for name, count in controle.gezien.items()]
    if controle.ongevraagd:
        lines.append(f"delivered though nobody asked (dropped): {', '.join(controle.ongevraagd)}")
    if controle.ontbreekt:
        lines.append("never seen, so absence proves nothing and cases may go orange; give test persons who have it:")
        lines += [f"         {name}" for name in controle.ontbreekt]
    return "\n".join(lines)
