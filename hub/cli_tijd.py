# SPDX-License-Identifier: EUPL-1.2
"""``wissel asof``: what was known of a zaak then, beside what is known now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hub.cli_gedeeld import as_text, ask, config_option, json_option
from hub.settings import load


@click.command()
@config_option
@click.argument("moment")
@click.argument("zaak")
@json_option
def asof(config: Path, moment: str, zaak: str, *, as_json: bool) -> None:
    """Toon wat er op MOMENT (tijdstip, dag of volgnummer) van een zaak bekend was, naast wat er nu bekend is."""
    found = ask(load(config), "asof", {"moment": moment, "zaak": zaak})
    if as_json:
        click.echo(as_text(found))
        return
    click.echo(f"{zaak} na gebeurtenis {found['volgnummer']} van {found['nu']}")
    for name, rows in found["leesmodellen"].items():
        then, now = rows["toen"] or {}, rows["nu"] or {}
        table = Table(name, "toen", "nu")
        for field in sorted(then.keys() | now.keys()):
            if then.get(field) != now.get(field):
                table.add_row(field, _short(then.get(field)), _short(now.get(field)))
        if table.row_count:
            Console().print(table)
        else:
            click.echo(f"{name}: hetzelfde")


def _short(value: Any) -> str:
    text = as_text(value)
    return text if len(text) <= 400 else f"{text[:400]}…"  # noqa: PLR2004 - a screenful; --json has all of it
