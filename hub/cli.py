# SPDX-License-Identifier: EUPL-1.2
"""``wissel <noun> <verb>``. Exit codes: 0 done, 1 refused or failed with what to do, 2 wrong use."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hub import discovery, logs
from hub.api.login import DemoLogin, LoginPort
from hub.app import EmbeddedHub
from hub.cli_beheer import backup, restore, vernietig, vernietigd
from hub.cli_doctor import doctor_command
from hub.cli_gedeeld import ask, config_option
from hub.cli_parked import parked
from hub.cli_regels import flows, regels
from hub.cli_tijd import asof
from hub.cli_topics import topics
from hub.errors import HubError
from hub.lijsten import SOORTEN
from hub.replay.cli import replay
from hub.serve import run, serve_web, work
from hub.serve import serve as serve_forever
from hub.settings import load
from hub.store.place import Phase, place_of
from hub.verhuis.cli import verhuis


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--log-level", type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"]), default="INFO", show_default=True)
@click.version_option(package_name="wissel")
def wissel(log_level: str) -> None:
    """Wissel: gewoon werk loopt vanzelf, het andere gaat naar een mens."""
    logs.configure(level=log_level)


@wissel.command()
@config_option
@click.option("--demo-inlog", is_flag=True, help="Alleen voor de demo: inloggen zonder DigiD, alleen op dit apparaat.")
def serve(config: Path, *, demo_inlog: bool) -> None:
    """Start de hub en zijn schermen; stop met Ctrl-C."""
    login: LoginPort | None = DemoLogin() if demo_inlog else None
    run(serve_forever(load(config), login=login, on_ready=_say_ready))


@wissel.command()
@config_option
@click.option("--demo-inlog", is_flag=True, help="Alleen voor de demo: inloggen zonder DigiD, alleen op dit apparaat.")
def web(config: Path, *, demo_inlog: bool) -> None:
    """Start alleen de schermen, de API en de webhooks; het werk doen de werkers. Op Kafka en PostgreSQL."""
    login: LoginPort | None = DemoLogin() if demo_inlog else None
    run(serve_web(load(config), login=login, on_ready=_say_ready))


@wissel.command()
@config_option
def worker(config: Path) -> None:
    """Start een werker, naast andere: flows, leesmodellen, opdrachten, ophalen. Op Kafka en PostgreSQL."""
    run(work(load(config), on_ready=_say_ready))


def _say_ready(port: int) -> None:
    click.echo(f"wissel luistert op poort {port}")
    sys.stdout.flush()


@wissel.group("config")
def config_group() -> None:
    """Instellingen."""


@config_group.command("check")
@config_option
def config_check(config: Path) -> None:
    """Controleer de instellingen; noemt alle fouten tegelijk."""
    loaded = load(config)
    click.echo(f"In orde: {len(loaded.gemeenten)} gemeente(n): {', '.join(loaded.gemeenten)}")


@wissel.command()
@config_option
@click.option("--fase", type=click.Choice(["pre", "post"]), required=True, help="pre: voor de nieuwe versie start; post: erna.")
@click.option("--toon", is_flag=True, help="Toon alleen wat er gedaan zou worden.")
def migreer(config: Path, fase: Phase, *, toon: bool) -> None:
    """Maak of wijzig de tabellen in PostgreSQL; in bestanden gebeurt dat vanzelf."""
    tables = {name: connector.tables for name, connector in discovery.connectors().items()}
    steps = place_of(load(config)).migrate(fase, tables, show=toon)
    for step in steps:
        click.echo(f"{'nog te doen' if toon else 'gedaan'}: {step}")
    if not steps:
        click.echo(f"Er is niets te doen in fase {fase}.")


wissel.add_command(parked)
for _command in (doctor_command, backup, restore, vernietig, vernietigd, replay, topics, asof, regels, flows, verhuis):
    wissel.add_command(_command)


@wissel.group()
def leesmodellen() -> None:
    """De leesmodellen achter de schermen."""


@leesmodellen.command("herbouw")
@config_option
def leesmodellen_herbouw(config: Path) -> None:
    """Bouw alle leesmodellen opnieuw uit het logboek; de hub staat daarbij stil."""
    loaded = load(config)
    hub = EmbeddedHub(loaded, forget_read_models=True).open()
    try:
        taken = hub.projector.rebuild()
    finally:
        hub.close()
    click.echo(f"De leesmodellen zijn opnieuw gebouwd uit {taken} gebeurtenissen.")


@wissel.group()
def lijst() -> None:
    """Instellingen, massa-adressen en aandachtsmarkeringen (met vier ogen)."""


@lijst.command("zet")
@config_option
@click.option("--gemeente", required=True)
@click.option("--soort", type=click.Choice(SOORTEN), required=True)
@click.option("--bag-id", help="Adresseerbaar object (16 cijfers). Voor een persoon: laat weg, het BSN wordt gevraagd.")
@click.option("--reden", prompt=True)
@click.option("--auteur", prompt=True)
@click.option("--tweede-persoon", prompt=True)
@click.option("--verloopt", help="Einddatum JJJJ-MM-DD; verplicht bij aandacht.")
def lijst_zet(config: Path, bag_id: str | None, **given: str | None) -> None:
    """Zet een markering op een adres of persoon. Het BSN komt nooit op de opdrachtregel."""
    bsn = None if bag_id else click.prompt("BSN", hide_input=True)
    mark = ask(load(config), "lijst zet", {**given, "bag_id": bag_id, "bsn": bsn})
    click.echo(f"Markering {mark} is gezet.")


@lijst.command("opheffen")
@config_option
@click.option("--gemeente", required=True)
@click.option("--bag-id", help="Adresseerbaar object (16 cijfers). Voor een persoon: laat weg, het BSN wordt gevraagd.")
@click.option("--soort", type=click.Choice(SOORTEN), required=True)
@click.option("--markering", required=True, help="Nummer van de markering.")
@click.option("--reden", prompt=True)
@click.option("--door", prompt=True)
def lijst_opheffen(config: Path, bag_id: str | None, **given: str) -> None:
    """Hef een markering op."""
    bsn = None if bag_id else click.prompt("BSN", hide_input=True)
    ask(load(config), "lijst opheffen", {**given, "bag_id": bag_id, "bsn": bsn})
    click.echo("De markering is opgeheven.")


@wissel.group()
def simulator() -> None:
    """Een zaaksysteem of burgerzaken om tegen te testen."""


def _add_plugins() -> None:
    for command in discovery.commands().values():
        wissel.add_command(command)
    for command in discovery.simulators().values():
        simulator.add_command(command)


def main() -> None:
    """Entry point of ``wissel``."""
    try:
        _add_plugins()
        wissel()
    except HubError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
