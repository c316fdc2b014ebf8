# SPDX-License-Identifier: EUPL-1.2
"""``wissel doctor``: is everything there that a hub needs, and what to do about what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from hub import doctor
from hub.cli_gedeeld import as_text, ask, config_option, json_option
from hub.errors import HubError
from hub.settings import Loaded
from hub.verbinding import Controle

_MARKS: Final = {"goed": "goed  ", "let-op": "let op", "fout": "FOUT  "}
_SHOWN: Final = 20


@click.command("doctor")
@config_option
@click.option("--herbeslis", is_flag=True, help="Laat zaken waarvan het laatste feit onbeantwoord bleef opnieuw beslissen.")
@click.option("--reden", help="Waarom; verplicht bij --herbeslis.")
@click.option("--door", help="Wie; verplicht bij --herbeslis.")
@json_option
def doctor_command(config: Path, *, herbeslis: bool, reden: str | None, door: str | None, as_json: bool) -> None:
    """Kijk alles na: instellingen, schijf, rechten, sleutels, klok, bronnen, abonnement, en zaken zonder antwoord."""
    if herbeslis and not (reden and door):
        raise click.UsageError("bij --herbeslis horen --reden en --door")
    found, loaded = doctor.of_settings(config)
    zaken: list[dict[str, Any]] = []
    if loaded:
        found += doctor.of_machine(loaded)
        found += _of_hub(loaded, zaken)
        if herbeslis:
            for zaak in zaken:
                zaak["beslist"] = ask(loaded, "doctor herbeslis", {**zaak, "reden": reden, "door": door})
    _tell(found, zaken, as_json=as_json, herbeslis=herbeslis)
    if any(control.staat == "fout" for control in found):
        raise SystemExit(1)


def _of_hub(loaded: Loaded, zaken: list[dict[str, Any]]) -> Iterator[Controle]:
    try:
        yield from (Controle(**control) for control in ask(loaded, "doctor", {}))
        zaken += _unanswered(loaded)
    except HubError as error:
        yield Controle(naam="hub", staat="fout", tekst=str(error), doe="los eerst op wat hier staat")
        return
    if zaken:
        text = f"{len(zaken)} zaken of personen waarvan het laatste feit geen antwoord kreeg"
        yield Controle(naam="onbeslist", staat="let-op", tekst=text, doe="geef `wissel doctor --herbeslis`")
    else:
        yield Controle(naam="onbeslist", staat="goed", tekst="elk laatste feit is beantwoord")


def _unanswered(loaded: Loaded) -> list[dict[str, Any]]:
    """Ask in parts, so that the hub answers within seconds however many zaken there are."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        part = ask(loaded, "doctor zaken", {"na": after})
        found += part["gevonden"]
        after = part["verder"]
    return found


def _tell(found: list[Controle], zaken: list[dict[str, Any]], *, as_json: bool, herbeslis: bool) -> None:
    if as_json:
        click.echo(as_text({"controles": doctor.as_dicts(found), "onbeslist": zaken}))
        return
    for control in found:
        click.echo(f"{_MARKS[control.staat]}  {control.naam}: {control.tekst}")
    for zaak in zaken[:_SHOWN]:
        click.echo(f"        {zaak['flow']}  {zaak['sleutel']}" + ("  opnieuw beslist" if zaak.get("beslist") else ""))
    wrong = [control for control in found if control.staat != "goed" and not (herbeslis and control.naam == "onbeslist")]
    click.echo("\nWat te doen:" if wrong else "\nAlles is in orde.")
    for number, control in enumerate(sorted(wrong, key=lambda control: control.staat != "fout"), 1):
        click.echo(f"  {number}. {control.naam}: {control.doe}")
