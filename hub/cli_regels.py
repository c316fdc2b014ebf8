# SPDX-License-Identifier: EUPL-1.2
"""``wissel regels`` and ``wissel flows``: what other rules would have decided, and whether every zaak folds."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from hub.cli_gedeeld import as_text, ask, config_option, json_option
from hub.discovery import flows as installed_flows
from hub.errors import ConfigError, NotFound
from hub.instelfouten import problems_of
from hub.settings import Loaded, load

_COUNTS = ("zaken", "oordelen", "anders", "niet_te_vergelijken")
_TALLIES = ("kleuren", "erbij", "weg")
_EXAMPLES = 20


@click.group()
def regels() -> None:
    """De regels en het risicoprofiel."""


@regels.command("vergelijk")
@config_option
@click.option("--gemeente", required=True)
@click.option("--flow", default="verhuizing", show_default=True)
@click.option(
    "--profiel", type=click.Path(path_type=Path, dir_okay=False), help="Het nieuwe profiel (TOML); zonder: dat van nu."
)
@click.option("--van", type=click.DateTime(["%Y-%m-%d"]), help="Beoordeeld op of na deze dag.")
@click.option("--tot", type=click.DateTime(["%Y-%m-%d"]), help="Beoordeeld voor deze dag.")
@json_option
def regels_vergelijk(config: Path, gemeente: str, flow: str, profiel: Path | None, *, as_json: bool, **period: Any) -> None:
    """Zeg wat met een ander profiel of met de regels van nu anders was beslist, per reden; er wordt niets geschreven."""
    loaded = load(config)
    days = {name: day.date().isoformat() if day else None for name, day in period.items()}
    asked = {"gemeente": gemeente, "flow": flow, "profiel": _profile(flow, profiel), **days}
    total = _asked(loaded, "regels vergelijk", asked, quiet=as_json)
    if as_json:
        click.echo(as_text(total))
        return
    click.echo(f"{total['oordelen']} oordelen over {total['zaken']} zaken; {total['anders']} zouden anders zijn.")
    if total["niet_te_vergelijken"]:
        click.echo(
            f"{total['niet_te_vergelijken']} zijn niet te vergelijken: gegevens vernietigd, of de flow vraagt nu eerst iets."
        )
    for title, name in (("van kleur veranderd", "kleuren"), ("reden erbij", "erbij"), ("reden weg", "weg")):
        for what, count in sorted(total[name].items()):
            click.echo(f"  {title}: {what}  {count}")
    for example in total["voorbeelden"][:_EXAMPLES]:
        click.echo(
            f"  bijvoorbeeld {example['zaak']} (volgnummer {example['volgnummer']}): {example['van']} -> {example['naar']}"
        )


@click.group()
def flows() -> None:
    """De stand van de flows."""


@flows.command("rebuild")
@config_option
@json_option
def flows_rebuild(config: Path, *, as_json: bool) -> None:
    """Reken elke zaak na uit het logboek, zonder te beslissen of te schrijven; eindigt met 1 als er een niet klopt."""
    loaded, after = load(config), 0
    total: dict[str, Any] = {"stromen": 0, "uit_geheugen": 0, "anders": 0, "mislukt": []}
    while after is not None:
        part = ask(loaded, "flows rebuild", {"na": after})
        total, after = {name: total[name] + part[name] for name in total}, part["verder"]
    if as_json:
        click.echo(as_text(total))
    else:
        click.echo(f"{total['stromen']} zaken en personen nagerekend uit het logboek; een flow bewaart zelf geen stand.")
        click.echo(f"{total['uit_geheugen']} stonden ook in het geheugen van de hub; {total['anders']} daarvan klopten niet.")
        for wrong in total["mislukt"]:
            click.echo(f"  {wrong['flow']} {wrong['sleutel']}: {wrong['uitleg']}")
    if total["mislukt"] or total["anders"]:
        raise SystemExit(1)


def _profile(flow: str, path: Path | None) -> Any:
    if path is None:
        return None
    found = installed_flows().get(flow)
    if found is None or found.profiel_model is None:
        raise NotFound(f"flow {flow} heeft geen profiel; kies uit {', '.join(sorted(installed_flows()))}")
    try:
        return found.profiel_model.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).model_dump(mode="json")
    except OSError as error:
        raise ConfigError([f"{path}: niet te lezen ({error.strerror})"]) from error
    except ValidationError as error:
        raise ConfigError(list(problems_of(error, found.profiel_model, str(path)))) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: geen geldige TOML ({error})"]) from error


def _asked(loaded: Loaded, action: str, args: Mapping[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Ask the hub bit by bit, so that it answers at once however many zaken there are."""
    total: dict[str, Any] = {**dict.fromkeys(_COUNTS, 0), **{name: Counter() for name in _TALLIES}, "voorbeelden": []}
    after: int | None = 0
    columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} zaken"))
    with Progress(*columns, console=Console(file=sys.stderr), disable=quiet, transient=True) as bar:
        task = bar.add_task("", total=None)
        while after is not None:
            part = ask(loaded, action, {**args, "na": after})
            for name in (*_COUNTS, *_TALLIES):
                total[name] = total[name] + (Counter(part[name]) if name in _TALLIES else part[name])
            total["voorbeelden"] += part["voorbeelden"][: _EXAMPLES - len(total["voorbeelden"])]
            after = part["verder"]
            bar.update(task, completed=total["zaken"])
    return {**total, **{name: dict(sorted(total[name].items())) for name in _TALLIES}}
