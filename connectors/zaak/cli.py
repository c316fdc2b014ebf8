# SPDX-License-Identifier: EUPL-1.2
"""``wissel zaak``: compare with the zaaksysteem now, fill in what was there before, check the mapping."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.status import Status
from rich.table import Table

from connectors.zaak.client import ZaakClient
from connectors.zaak.controle import Bevinding, controleer_bron
from connectors.zaak.settings import ZaakSettings
from hub import admin
from hub.clock import AMSTERDAM
from hub.errors import HubError, Refused
from hub.settings import Loaded, load

_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("wissel.toml"),
    show_default=True,
    envvar="WISSEL_CONFIG",
    help="Het instellingenbestand.",
)
_GEMEENTE = click.option("--gemeente", help="Alleen deze gemeente (slug).")
_JSON = click.option("--json", "as_json", is_flag=True, help="Antwoord als JSON.")
_LOOK_S: Final = 0.5
_BEGUN_WITHIN_S: Final = 15.0
_ENDED: Final = frozenset({"klaar", "mislukt"})


@click.group()
def zaak() -> None:
    """Het zaaksysteem: vergelijken, vullen, de mapping controleren."""


@zaak.command()
@_CONFIG
@_GEMEENTE
@click.option("--since", help="Alleen wat sinds dit moment veranderd kan zijn (JJJJ-MM-DD of RFC 3339).")
@click.option("--zaak", "zaak_uuid", help="Alleen deze zaak (uuid).")
@_JSON
def reconcile(config: Path, gemeente: str | None, since: str | None, zaak_uuid: str | None, *, as_json: bool) -> None:
    """Vergelijk nu met het zaaksysteem, en haal op wat geen melding vertelde."""
    loaded = load(config)
    asked = _ask(loaded, "zaak reconcile", {"gemeente": gemeente, "since": since, "zaak": zaak_uuid})
    with Console(stderr=True).status("Vergelijken") as status:
        if zaak_uuid:
            done = [_zaak_done(loaded, item) for item in asked]
        else:
            done = [_ronde_done(loaded, item["gemeente"], number, status) for item in asked for number in item["rondes"]]
    _tell(done, as_json=as_json)


@zaak.command()
@_CONFIG
@_GEMEENTE
@click.option("--vanaf", help="Zaken geregistreerd vanaf deze dag (JJJJ-MM-DD); zonder: alle.")
@click.option("--tot", help="Zaken geregistreerd tot en met deze dag (JJJJ-MM-DD).")
@click.option("--alleen-open", is_flag=True, help="Alleen zaken die nog open zijn.")
@click.option("--volg/--niet-volgen", default=False, help="Blijf kijken tot het klaar is.")
@_JSON
def backfill(config: Path, *, volg: bool, as_json: bool, **given: Any) -> None:
    """Vul de hub met zaken die er al waren: gedoseerd, hervatbaar, meldingen gaan voor."""
    loaded = load(config)
    asked = _ask(loaded, "zaak backfill", given)
    numbers = [(item["gemeente"], number) for item in asked for number in item["rondes"]]
    if not volg:
        _tell([_ask(loaded, "zaak ronde", {"gemeente": slug, "nummer": number}) for slug, number in numbers], as_json=as_json)
        return
    with Console(stderr=True).status("Vullen") as status:
        done = [_ronde_done(loaded, slug, number, status) for slug, number in numbers]
    _tell(done, as_json=as_json)


@zaak.group()
def mapping() -> None:
    """Wat de gemeente instelde, naast wat het zaaksysteem biedt."""


@mapping.command("check")
@_CONFIG
@_GEMEENTE
@_JSON
def mapping_check(config: Path, gemeente: str | None, *, as_json: bool) -> None:
    """Ga na of elk zaaktype heeft wat de stappen van de flow nodig hebben; eindigt met 1 als iets ontbreekt."""
    sources = _sources(load(config), gemeente)
    try:
        found = {slug: asyncio.run(_check_mapping(slug, settings)) for slug, settings in sources.items()}
    except HubError as fault:
        raise click.ClickException(str(fault)) from fault
    if as_json:
        click.echo(json.dumps({slug: [asdict(item) for item in items] for slug, items in found.items()}, ensure_ascii=False))
    for slug, items in () if as_json else found.items():
        table = Table("zaaktype", "stap", "nodig", "staat", "uitleg", title=slug)
        for item in items:
            table.add_row(item.zaaktype, item.stap, item.nodig, item.staat, item.uitleg)
        Console().print(table)
    if any(item.staat == "ontbreekt" for items in found.values() for item in items):
        raise SystemExit(1)


def _sources(loaded: Loaded, gemeente: str | None) -> dict[str, ZaakSettings]:
    found = {
        slug: settings
        for slug, held in loaded.gemeenten.items()
        if isinstance(settings := held.plugins.get("zaak"), ZaakSettings) and gemeente in {None, slug}
    }
    if not found:
        raise click.ClickException(f"er is geen gemeente {gemeente or ''} met een zaaksysteem in de instellingen")
    return found


async def _check_mapping(slug: str, settings: ZaakSettings) -> list[Bevinding]:
    client = ZaakClient(settings, gemeente=slug)
    try:
        return await controleer_bron(client, today=datetime.now(AMSTERDAM).date())
    finally:
        await client.aclose()


def _ask(loaded: Loaded, action: str, args: Mapping[str, Any]) -> Any:
    try:
        return asyncio.run(admin.call(loaded, action, args))
    except HubError as fault:
        raise click.ClickException(str(fault)) from fault


def _ronde_done(loaded: Loaded, slug: str, number: int, status: Status) -> dict[str, Any]:
    """Look until a round has ended, and show how far it is; Refused when no running hub begins it."""

    def look() -> dict[str, Any]:
        found: dict[str, Any] = _ask(loaded, "zaak ronde", {"gemeente": slug, "nummer": number})
        status.update(_progress(found))
        return found

    return _until(look, lambda found: found["toestand"] in _ENDED, lambda found: found["toestand"] != "gevraagd")


def _zaak_done(loaded: Loaded, item: Mapping[str, Any]) -> dict[str, Any]:
    def ended(found: Mapping[str, Any]) -> bool:
        return bool(found["klaar"] or found["fout"])

    return _until(lambda: _ask(loaded, "zaak zaak", item), ended, ended)


def _until(
    look: Callable[[], dict[str, Any]],
    ended: Callable[[Mapping[str, Any]], bool],
    begun: Callable[[Mapping[str, Any]], bool],
) -> dict[str, Any]:
    give_up_s = time.monotonic() + _BEGUN_WITHIN_S
    while not ended(found := look()):
        if begun(found):
            give_up_s = float("inf")
        if time.monotonic() > give_up_s:
            raise click.ClickException(
                str(Refused("het is gevraagd, maar er draait geen hub die eraan begint; start haar met `wissel serve`"))
            )
        time.sleep(_LOOK_S)
    return found


def _progress(found: Mapping[str, Any]) -> str:
    waits = f" (wacht: {found['uitleg']})" if found["toestand"] == "loopt" and found["uitleg"] else ""
    return f"{found['gemeente']}, {found['soort']}: {_counts(found['telling'])}{waits}"


def _counts(telling: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in telling.items()) or "nog niets"


def _tell(done: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False))
    for found in () if as_json else done:
        click.echo(_zaak_text(found) if "zaak" in found else f"{_progress(found)}: {found['toestand']}")
        if found.get("toestand") == "mislukt":
            click.echo(f"  {found['uitleg']}", err=True)
    if any(found.get("toestand") == "mislukt" or found.get("fout") for found in done):
        raise SystemExit(1)


def _zaak_text(found: Mapping[str, Any]) -> str:
    if found["fout"]:
        return f"{found['gemeente']}, zaak {found['zaak']}: nog niet gelukt ({found['fout']}); de hub blijft het proberen"
    return f"{found['gemeente']}, zaak {found['zaak']}: {'verwijderd' if found['verwijderd'] else 'bijgewerkt'}"
