# SPDX-License-Identifier: EUPL-1.2
"""``wissel parked``: what could not be processed and waits for a person."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from hub.cli_gedeeld import as_text, ask, config_option, json_option
from hub.settings import Loaded, load

_FILTERS: Final = (
    ("--oorzaak", "Alleen met deze oorzaak."),
    ("--zaak", "Alleen van deze zaak, persoon of dit adres."),
    ("--soort", "Alleen deze soort gebeurtenis of opdracht."),
    ("--lid", "Alleen van dit onderdeel, zoals werkvoorraad, flow:verhuizing, opdracht of postvak."),
    ("--ouder-dan", "Alleen wat langer wacht dan dit: 30m, 2u, 3d."),
    ("--gemeente", "Alleen van deze gemeente."),
)
_SHOWN: Final = ("nummer", "sleutel", "soort", "oorzaak", "woorden", "pogingen", "sinds", "wacht_erachter")
_HEADS: Final = ("nummer", "zaak of sleutel", "soort", "oorzaak", "in gewone woorden", "pogingen", "sinds", "erachter")


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose what is parked."""
    for name, text in reversed(_FILTERS):
        command = click.option(name, help=text)(command)
    return command


@click.group()
def parked() -> None:
    """Wat niet verwerkt kon worden en op een mens wacht."""


@parked.command("list")
@config_option
@filters
@json_option
def parked_list(config: Path, *, as_json: bool, **chosen: str | None) -> None:
    """Toon wat geparkeerd staat, met de oorzaak."""
    entries = ask(load(config), "parked list", chosen)
    if as_json:
        click.echo(as_text(entries))
        return
    if not entries:
        click.echo("Er staat niets geparkeerd.")
        return
    table = Table(*_HEADS)
    for entry in entries:
        table.add_row(*(str(entry[name]) for name in _SHOWN))
    Console().print(table)


@parked.command("show")
@config_option
@click.argument("nummer")
@json_option
def parked_show(config: Path, nummer: str, *, as_json: bool) -> None:
    """Toon wat er onder een nummer geparkeerd staat: de oorzaak, de fout in detail en wat erachter wacht."""
    entry = ask(load(config), "parked show", {"nummer": nummer})
    click.echo(as_text(entry) if as_json else _told(entry))


@parked.command("retry")
@config_option
@click.argument("nummer", required=False)
@filters
@click.option("--alles", is_flag=True, help="Alles wat geparkeerd staat.")
@click.option("--reden", prompt=True, help="Waarom opnieuw.")
@click.option("--door", prompt=True, help="Wie dit besluit.")
@json_option
def parked_retry(config: Path, nummer: str | None, *, alles: bool, as_json: bool, reden: str, door: str, **chosen: Any) -> None:
    """Probeer één nummer, een keuze of alles opnieuw, in volgorde; stopt bij het eerste dat weer mislukt."""
    ways = [nummer is not None, any(chosen.values()), alles]
    if sum(ways) != 1:
        raise click.UsageError("geef een NUMMER, of kies met --oorzaak, --zaak, --soort, --lid, --ouder-dan, of --alles")
    done = _try_again(load(config), {**chosen, "nummer": nummer, "reden": reden, "door": door}, quiet=as_json)
    if as_json:
        click.echo(as_text(done))
    elif done["mislukt"]:
        click.echo(f"{done['gelukt']} gelukt. {done['mislukt']} is weer mislukt; bekijk `wissel parked show`.")
    else:
        click.echo("Gelukt." if nummer else f"{done['gelukt']} gelukt, er is niets meer over.")
    if done["mislukt"]:
        raise SystemExit(1)


@parked.command("skip")
@config_option
@click.argument("nummer")
@click.option("--reden", prompt=True, help="Waarom dit wordt overgeslagen.")
@click.option("--door", prompt=True, help="Wie dit besluit.")
def parked_skip(config: Path, nummer: str, reden: str, door: str) -> None:
    """Sla een geparkeerde gebeurtenis over; dat blijft als gebeurtenis staan."""
    clear = ask(load(config), "parked skip", {"nummer": nummer, "reden": reden, "door": door})
    click.echo("Overgeslagen." if clear else "Overgeslagen, maar een volgende gebeurtenis mislukt ook.")


@parked.command("export")
@config_option
@filters
@click.option("--naar", type=click.Path(path_type=Path, dir_okay=False), help="Bestand; anders komt het op het scherm.")
def parked_export(config: Path, naar: Path | None, **chosen: str | None) -> None:
    """Schrijf wat geparkeerd staat als JSON, een regel per nummer, zonder persoonsgegevens."""
    lines = "".join(f"{as_text(entry)}\n" for entry in ask(load(config), "parked export", chosen))
    if naar is None:
        click.echo(lines, nl=False)
        return
    with os.fdopen(os.open(naar, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(lines)
    click.echo(f"Geschreven: {lines.count(chr(10))} regels in {naar}.")


def _try_again(loaded: Loaded, args: Mapping[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Ask until nothing is left or one fails again: the hub answers within seconds, however much is chosen."""
    total: dict[str, Any] = {"gelukt": 0, "over": 0, "mislukt": None}
    columns = (TextColumn("opnieuw proberen"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(file=sys.stderr), disable=quiet, transient=True) as bar:
        task = bar.add_task("", total=None)
        while True:
            part = ask(loaded, "parked retry", args)
            total = {**part, "gelukt": total["gelukt"] + part["gelukt"]}
            bar.update(task, completed=total["gelukt"], total=total["gelukt"] + part["over"])
            if part["mislukt"] or not part["over"] or not part["gelukt"]:
                return total


def _told(entry: Mapping[str, Any]) -> str:
    lines = [
        f"{entry['nummer']}",
        f"  zaak of sleutel  {entry['sleutel']} ({entry['gemeente']})",
        f"  wat              {entry['soort']} {entry['gebeurtenis']}",
        f"  oorzaak          {entry['oorzaak']}: {entry['woorden']}",
        f"  melding          {entry['uitleg']}",
        f"  pogingen         {entry['pogingen']}, eerst {entry['sinds']}, laatst {entry['laatst']}",
        f"  wacht erachter   {entry['wacht_erachter']}",
        *(f"    {behind['volgnummer']:>6}  {behind['soort']}  {behind['gebeurtenis']}" for behind in entry["achter"]),
    ]
    if entry["stapel"]:
        lines += ["  de fout in detail:", *(f"    {line}" for line in entry["stapel"].rstrip().splitlines())]
    return "\n".join(lines)
