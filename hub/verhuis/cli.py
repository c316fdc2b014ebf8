# SPDX-License-Identifier: EUPL-1.2
"""``wissel verhuis``: to Kafka and PostgreSQL, and back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from hub.cli_gedeeld import as_text, json_option
from hub.settings import load
from hub.verhuis.verhuizing import Verslag
from hub.verhuis.verhuizing import verhuis as move

_SETTINGS = click.Path(path_type=Path, dir_okay=False)


@click.command("verhuis")
@click.option("--from", "van", type=_SETTINGS, required=True, help="Het instellingenbestand van waar het logboek nu is.")
@click.option("--to", "naar", type=_SETTINGS, required=True, help="Het instellingenbestand van waar het heen moet.")
@json_option
def verhuis(van: Path, naar: Path, *, as_json: bool) -> None:
    """Verhuis het logboek met al zijn werk naar een andere opslag, of terug; de hub staat stil."""
    report = move(load(van), load(naar), meld=partial(click.echo, err=True))
    if as_json:
        click.echo(as_text(report.as_dict()))
    else:
        _show(report, naar)


def _show(report: Verslag, naar: Path) -> None:
    table = Table("topic", "partitie", "gebeurtenissen", "sha256 (aan beide kanten)", "herhaald", "vreemd")
    for part in report.partities:
        twice, foreign = (f"{a} en {b}" for a, b in (part.herhaald, part.vreemd))
        table.add_row(part.topic, str(part.partitie), str(part.aantal), part.sha256, twice, foreign)
    Console(width=160).print(table)
    click.echo(f"{report.gebeurtenissen} gebeurtenissen en {sum(t.rijen for t in report.tabellen)} rijen zijn verhuisd.")
    click.echo(f"Van: {report.van}\nNaar: {report.naar}")
    click.echo("Dat gaat daar verder: " + ", ".join(f"{count} {what}" for what, count in report.werk.items()) + ".")
    if report.vreemd:
        click.echo(f"{report.vreemd} geparkeerde records die niet van Wissel zijn, blijven achter in de oude topics.")
    click.echo(f"Start de hub nu met {naar}. De oude plek weigert voortaan en bevat nog een kopie van de sleutels.")
