# SPDX-License-Identifier: EUPL-1.2
"""``wissel replay``: build read models again beside live traffic, look at the differences, switch, and switch back."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from hub import admin
from hub.builds import shadow_of
from hub.cli_gedeeld import as_text, ask, config_option, json_option
from hub.errors import Refused
from hub.replay import overzicht, verschil
from hub.replay.bouwer import BijFout, Bouwer
from hub.replay.lease import Voortgang
from hub.replay.lezen import Lezer
from hub.settings import Loaded, load

_NICE = 10
names_argument = click.argument("projectie", nargs=-1, required=True)


def why(command: Callable[..., None]) -> Callable[..., None]:
    """Ask for the reason and who decides."""
    command = click.option("--door", prompt=True, help="Wie dit besluit.")(command)
    return click.option("--reden", prompt=True, help="Waarom.")(command)


@click.group()
def replay() -> None:
    """Leesmodellen opnieuw opbouwen naast het lopende werk, vergelijken, omzetten en terugzetten."""


@replay.command("plan")
@config_option
@names_argument
@json_option
def replay_plan(config: Path, projectie: Sequence[str], *, as_json: bool) -> None:
    """Meet hoe snel het hier gaat en zeg wat een replay kost; verandert niets."""
    with Lezer(load(config)) as lezer:
        found = overzicht.plan(lezer, lezer.chosen(projectie))
    if as_json:
        click.echo(as_text(asdict(found)))
        return
    click.echo(f"{', '.join(found.projecties)}: {found.gebeurtenissen} gebeurtenissen, {found.per_s:.0f} per seconde,")
    click.echo(f"ongeveer {_duration(found.duur_s)} op een rustige hub.")
    click.echo(f"Nodig op schijf: {found.nodig_mb} MB; vrij: {found.vrij_mb} MB.")
    for name, count in found.rijen.items():
        parked = f", {found.geparkeerd[name]} gebeurtenissen geparkeerd" if found.geparkeerd[name] else ""
        click.echo(f"  {name}: nu {count} rijen{parked}")
    for lid in found.bezig:
        click.echo(f"Let op: {lid} is er al; `wissel replay status` zegt hoe het daarmee staat.")


@replay.command("start")
@config_option
@names_argument
@click.option("--bij-fout", type=click.Choice(["stop", "parkeer"]), default="stop", show_default=True, help="Bij een fout.")
@why
@json_option
def replay_start(config: Path, projectie: Sequence[str], *, bij_fout: BijFout, as_json: bool, reden: str, door: str) -> None:
    """Bouw een schaduw in dit proces, of maak een afgebroken replay af; wat iedereen ziet verandert niet."""
    loaded = load(config)
    asked = {"projecties": list(projectie), "reden": reden, "door": door}
    number = ask(loaded, "replay claim", asked)
    done = _fill(loaded, number, projectie, bij_fout, quiet=as_json)
    ask(loaded, "replay filled", {"nummer": number})
    if as_json:
        click.echo(as_text({"nummer": number, "gebeurtenissen": done.gedaan, "per_s": done.per_s}))
        return
    click.echo(f"Klaar: replay {number}, {done.gedaan} gebeurtenissen. De schaduw volgt nu het logboek.")
    click.echo(f"Bekijk `wissel replay diff {' '.join(projectie)}` en zet om met `wissel replay switch`.")


def _fill(loaded: Loaded, number: int, names: Sequence[str], bij_fout: BijFout, *, quiet: bool) -> Voortgang:
    os.nice(_NICE)
    with Lezer(loaded) as lezer, closing(lezer.fill(number)) as database, _bar(quiet=quiet) as tell:
        bouwer = Bouwer(
            lezer,
            number=number,
            projections=lezer.chosen(names),
            database=database,
            bij_fout=bij_fout,
            target_ms=loaded.settings.projecties.replay_doel_ms,
            beside_hub=lambda: asyncio.run(admin.runs(loaded)),
            tell=tell,
        )
        bouwer.run()
        return bouwer.voortgang


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[Voortgang, int], None]]:
    columns = (TextColumn("replay"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(file=sys.stderr), disable=quiet, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(now: Voortgang, left: int) -> None:
            per_s = now.per_s or 1.0
            text = f"{now.gedaan} gebeurtenissen, {per_s:.0f}/s, nog {_duration(left / per_s)}"
            bar.update(task, completed=now.gedaan, total=now.gedaan + left, description=text)

        yield tell


@replay.command("status")
@config_option
@json_option
def replay_status(config: Path, *, as_json: bool) -> None:
    """Toon elke bouw van elke projectie: wat iedereen ziet, wat klaarstaat en wat nog gevuld wordt."""
    with Lezer(load(config)) as lezer:
        lines = overzicht.status(lezer)
    if as_json:
        click.echo(as_text([asdict(line) for line in lines]))
        return
    table = Table("projectie", "bouw", "wat", "toestand", "gelezen", "geparkeerd", "door", "reden", "bericht")
    for line in lines:
        read = f"{line.gelezen} van {line.totaal}"
        table.add_row(
            line.projectie, line.lid, line.wat, line.toestand, read, str(line.geparkeerd), line.door, line.reden, _message(line)
        )
    Console().print(table)


def _message(line: overzicht.Regel) -> str:
    if line.fout:
        return line.fout
    if line.toestand != "bouwt":
        return ""
    if not line.bezig:
        return "ligt stil; geef hetzelfde `wissel replay start` om verder te gaan"
    return f"{line.per_s:.0f}/s, nog {_duration(line.over_s or 0.0)}" if line.per_s else "begint"


@replay.command("diff")
@config_option
@names_argument
@json_option
def replay_diff(config: Path, projectie: Sequence[str], *, as_json: bool) -> None:
    """Vergelijk de schaduw met wat iedereen ziet, op dezelfde plek in het logboek; eindigt met 1 als er verschil is."""
    found = []
    with Lezer(load(config)) as lezer:
        builds, pointers = lezer.builds()
        by_lid = {build.lid: build for build in builds}
        for projection in lezer.chosen(projectie):
            pointer = next(p for p in pointers if p.projectie == projection.name)
            other = shadow_of(builds, pointer, projection.name) or by_lid.get(pointer.vorige or "")
            if other is None:
                raise Refused(f"er is geen andere bouw van {projection.name}; begin met `wissel replay start`")
            found.append(verschil.vergelijk(lezer, by_lid[pointer.lid], other))
    if as_json:
        click.echo(as_text([one.as_dict() for one in found]))
    else:
        for one in found:
            _show_difference(one)
    if not all(one.leeg for one in found):
        raise SystemExit(1)


def _show_difference(one: verschil.Verschil) -> None:
    click.echo(f"{one.live} tegen {one.schaduw}, na {one.gebeurtenissen} gebeurtenissen:")
    if one.leeg:
        click.echo(f"  geen verschil in {one.gelijk} rijen.")
        return
    click.echo(
        f"  gelijk {one.gelijk}, anders {one.anders}, alleen nu {one.alleen_live}, alleen in de schaduw {one.alleen_schaduw}"
    )
    for name, count in sorted(one.kolommen.items()):
        click.echo(f"    {name}: {count} rijen")
    for example in one.voorbeelden:
        click.echo(f"  bijvoorbeeld {example['sleutel']}: {as_text(example['wat'])}")


@replay.command("switch")
@config_option
@names_argument
@click.option("--toch", is_flag=True, help="Ook als de schaduw meer geparkeerd heeft dan wat iedereen nu ziet.")
@why
@json_option
def replay_switch(config: Path, projectie: Sequence[str], *, toch: bool, as_json: bool, reden: str, door: str) -> None:
    """Laat iedereen de schaduw zien; de vorige bouw blijft bij, om naar terug te kunnen."""
    asked = {"projecties": list(projectie), "toch": toch, "reden": reden, "door": door}
    _say(ask(load(config), "replay switch", asked), "Iedereen ziet nu", as_json=as_json)


@replay.command("rollback")
@config_option
@names_argument
@why
@json_option
def replay_rollback(config: Path, projectie: Sequence[str], *, as_json: bool, reden: str, door: str) -> None:
    """Laat iedereen de vorige bouw weer zien."""
    asked = {"projecties": list(projectie), "reden": reden, "door": door}
    _say(ask(load(config), "replay rollback", asked), "Iedereen ziet nu weer", as_json=as_json)


@replay.command("cancel")
@config_option
@names_argument
@why
@json_option
def replay_cancel(config: Path, projectie: Sequence[str], *, as_json: bool, reden: str, door: str) -> None:
    """Breek een replay af en ruim op wat gebouwd was."""
    asked = {"projecties": list(projectie), "reden": reden, "door": door}
    _say(ask(load(config), "replay cancel", asked), "Afgebroken:", as_json=as_json)


@replay.command("drop")
@config_option
@click.argument("bouw")
@why
@json_option
def replay_drop(config: Path, bouw: str, *, as_json: bool, reden: str, door: str) -> None:
    """Ruim een bouw op die niemand ziet, zoals `wissel replay status` haar noemt."""
    ask(load(config), "replay drop", {"lid": bouw, "reden": reden, "door": door})
    _say([bouw], "Opgeruimd:", as_json=as_json)


@replay.command("stream")
@config_option
@click.argument("zaak")
@why
@json_option
def replay_stream(config: Path, zaak: str, *, as_json: bool, reden: str, door: str) -> None:
    """Bouw de rijen van één zaak opnieuw, in elke projectie; eindigt met 1 als er iets geparkeerd is."""
    done = ask(load(config), "replay stream", {"zaak": zaak, "reden": reden, "door": door})
    if as_json:
        click.echo(as_text(done))
    else:
        for lid, what in done["gebouwd"].items():
            click.echo(f"{lid}: {what['gebeurtenissen']} gebeurtenissen, {what['geparkeerd']} geparkeerd")
        for lid in done["overgeslagen"]:
            click.echo(f"{lid} telt over zaken heen en is niet veranderd; daarvoor is `wissel replay start`")
    if any(what["geparkeerd"] for what in done["gebouwd"].values()):
        raise SystemExit(1)


def _say(lids: Sequence[str], text: str, *, as_json: bool) -> None:
    click.echo(as_text({"bouwen": list(lids)}) if as_json else f"{text} {', '.join(lids)}.")


def _duration(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - up to a minute and a half a person reads seconds more easily
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} u {minutes % 60} min"  # noqa: PLR2004 - minutes in an hour
