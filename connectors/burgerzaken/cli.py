# SPDX-License-Identifier: EUPL-1.2
"""``wissel burgerzaken``: classify a file of persoonslijsten, and check what a gateway delivers."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from connectors.burgerzaken import stuf
from connectors.burgerzaken.bronnen import NAAM, Bronnen
from connectors.burgerzaken.classificatie import Soort, rij_uit_persoon
from connectors.burgerzaken.classificatie import classify as classify_rows
from connectors.burgerzaken.controle import Controle, controleer, read_bsns
from connectors.burgerzaken.overdracht import KOLOMMEN
from connectors.burgerzaken.persoonslijsten import classify_file
from connectors.burgerzaken.settings import BurgerzakenSettings, before_the_proof
from connectors.burgerzaken.velden import elements_of
from hub.admin import call
from hub.errors import HubError, Refused
from hub.privacy import Bsn
from hub.settings import load

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def burgerzaken() -> None:
    """Het burgerzakensysteem: adreswijzigingen indelen, een gateway controleren."""


@burgerzaken.command()
@click.argument("bestand", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Antwoord als JSON.")
def classify(bestand: Path, *, as_json: bool) -> None:
    """Tel de soorten adreswijziging in een bestand met persoonslijsten (indeling van RvIG)."""
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
    lines += [f"{sum(counts[soort] for soort in others):>7}  geen verhuizing, waarvan"]
    lines += [f"{counts[soort]:>9}  {soort}" for soort in others]
    return "\n".join([*lines, f"{counts.total():>7}  adreswijzigingen"])


@burgerzaken.command()
@click.option("--config", "config", type=_FILE, required=True, help="Het instellingenbestand.")
@click.option("--gemeente", help="De gemeente (slug); zonder: alle.")
def wijzigingen(config: Path, gemeente: str | None) -> None:
    """Vraag nu wie er in de BRP is gewijzigd, in plaats van bij de volgende ronde."""
    for found in _ask(config, "burgerzaken wijzigingen", {"gemeente": gemeente}):
        click.echo(f"{found['gemeente']}: {found['feiten']} nieuw")


@burgerzaken.command(name="overdracht")
@click.option("--config", "config", type=_FILE, required=True, help="Het instellingenbestand.")
@click.option("--gemeente", required=True, help="De gemeente (slug).")
@click.option(
    "--schrijf", type=click.Path(dir_okay=False, path_type=Path), help="Schrijf de lijst met BSN als CSV hierheen (0600)."
)
def overdrachtslijst(config: Path, gemeente: str, schrijf: Path | None) -> None:
    """Toon welke verhuizingen een medewerker in het burgerzakensysteem moet zetten."""
    found = _ask(config, "burgerzaken overdracht", {"gemeente": gemeente})
    for regel in found:
        click.echo(
            f"{regel['zaak']}  verhuisdatum {regel['verhuisdatum']}  {regel['nummeraanduidingIdentificatie']}  {regel['code']}"
        )
    click.echo(f"{len(found)} personen te verwerken")
    if schrijf is not None:
        _write_list(schrijf, found)
        click.echo(f"Geschreven: {schrijf}. Er staan burgerservicenummers in: verwijder het na gebruik.")


def _ask(config: Path, action: str, args: dict[str, object]) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = asyncio.run(call(load(config), action, args))
    except HubError as fault:
        raise click.ClickException(str(fault)) from fault
    return found


def _write_list(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the list, readable by its owner only from the first byte."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, KOLOMMEN, delimiter=";", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


@burgerzaken.command(name="stuf")
@click.argument("bestand", type=_FILE)
def lees_stuf(bestand: Path) -> None:
    """Laat zien hoe een StUF-BG-bericht van uw leverancier wordt gelezen, zonder persoonsgegevens."""
    try:
        bericht = stuf.lees(bestand.read_bytes())
    except HubError as fault:
        raise click.ClickException(f"geweigerd: {fault}") from fault
    if isinstance(bericht, stuf.Antwoord):
        click.echo(f"antwoord ({bericht.stuurgegevens.berichtcode}) met {len(bericht.personen)} persoon of personen")
        for persoon in bericht.personen:
            click.echo(f"  {', '.join(sorted(elements_of(persoon)))}")
        return
    click.echo(f"kennisgeving, mutatiesoort {bericht.mutatiesoort}: {_soort_van(bericht)}")
    click.echo(f"  {'bruikbaar' if bericht.bsn else 'geen bruikbaar'} burgerservicenummer")
    for naam, gelezen in (("oud", bericht.oud), ("nieuw", bericht.nieuw)):
        click.echo(f"  {naam}: {', '.join(sorted(elements_of(gelezen or {}))) or 'leeg'}")


def _soort_van(bericht: stuf.Kennisgeving) -> str:
    """Return what the message alone looks like; what it is, is told by the BRP when it is read."""
    if bericht.correctie:
        return str(Soort.CORRECTIE)
    if not bericht.oud or not bericht.nieuw:
        return "een persoon komt erbij of gaat weg"
    return str(classify_rows(rij_uit_persoon(bericht.oud), rij_uit_persoon(bericht.nieuw)).soort)


@burgerzaken.command()
@click.option("--config", "config", type=_FILE, required=True, help="Het instellingenbestand.")
@click.option("--gemeente", required=True, help="De gemeente (slug).")
@click.option("--bsn-bestand", type=_FILE, required=True, help="Bekende testpersonen, een BSN per regel.")
@click.option(
    "--schrijf", type=click.Path(dir_okay=False, path_type=Path), help="Schrijf de lijst voor `levert_bestand` hierheen."
)
def check(config: Path, gemeente: str, bsn_bestand: Path, schrijf: Path | None) -> None:
    """Ga met bekende testpersonen na welke gegevens een gateway levert, en leg dat vast."""
    try:
        settings = _settings(config, gemeente)
        bsns = read_bsns(bsn_bestand)
        today = datetime.now(ZoneInfo("Europe/Amsterdam")).date()
        controle = asyncio.run(_probe(settings, bsns, today))
    except HubError as fault:
        raise click.ClickException(str(fault)) from fault
    click.echo(_report(controle))
    if not controle.gevonden:
        raise click.ClickException("er is geen testpersoon gevonden: er is niets bewezen en niets geschreven")
    if schrijf is not None:
        schrijf.write_text(controle.as_toml(settings.gateway_of("brp").naam, today), encoding="utf-8")
        click.echo(f"Geschreven: {schrijf}. Noem het als levert_bestand onder [gemeenten.{gemeente}.{NAAM}].")


def _settings(config: Path, gemeente: str) -> BurgerzakenSettings:
    with before_the_proof():
        gemeenten = load(config).gemeenten
    if gemeente not in gemeenten:
        raise Refused(f"er is geen gemeente {gemeente}; bekend zijn: {', '.join(sorted(gemeenten))}")
    settings = gemeenten[gemeente].plugins.get(NAAM)
    if not isinstance(settings, BurgerzakenSettings):
        raise Refused(f"gemeente {gemeente} heeft geen [gemeenten.{gemeente}.{NAAM}]; schrijf dat eerst")
    return settings


async def _probe(settings: BurgerzakenSettings, bsns: list[Bsn], today: date) -> Controle:
    bronnen = Bronnen(settings)
    try:
        return await controleer(bronnen, bsns, today=today)
    finally:
        await bronnen.aclose()


def _report(controle: Controle) -> str:
    lines = [f"{controle.gevonden} van {controle.gevraagd} testpersonen gevonden. Geleverd, met bij hoeveel:"]
    lines += [f"{count:>7}  {name}" for name, count in controle.gezien.items()]
    if controle.ongevraagd:
        lines.append(f"ongevraagd geleverd (wordt weggegooid): {', '.join(controle.ongevraagd)}")
    if controle.ontbreekt:
        lines.append("nooit gezien: afwezigheid bewijst niets, zaken kunnen oranje worden; geef testpersonen die dit hebben:")
        lines += [f"         {name}" for name in controle.ontbreekt]
    return "\n".join(lines)
