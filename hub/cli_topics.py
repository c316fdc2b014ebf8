# SPDX-License-Identifier: EUPL-1.2
"""``wissel topics``: make, compare and show the topics on Kafka, and publish them again from the store."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from hub.cli_gedeeld import as_text, ask, config_option, json_option
from hub.discovery import connectors
from hub.errors import Refused
from hub.events import topic_names
from hub.settings import Loaded, load

if TYPE_CHECKING:  # an extra
    from hub.topics import Topics


@click.group()
def topics() -> None:
    """De topics op Kafka."""


@topics.command("apply")
@config_option
@click.option("--uitvoeren", is_flag=True, help="Doe het ook; zonder dit wordt alleen getoond wat er zou gebeuren.")
def topics_apply(config: Path, *, uitvoeren: bool) -> None:
    """Maak de topics die ontbreken en zet hun instellingen goed; een aantal partities verandert nooit."""
    found = _topics(load(config))
    plan = found.plan()
    for change in plan.changes:
        click.echo(change.text)
    if uitvoeren or plan.problems:
        found.apply(plan)
        click.echo("Gedaan." if plan.changes else "Er was niets te doen.")
    else:
        click.echo("Er is niets gewijzigd; doe het met --uitvoeren." if plan.changes else "Er is niets te doen.")


@topics.command("check")
@config_option
def topics_check(config: Path) -> None:
    """Vergelijk de topics met wat Wissel verwacht; eindigt met 1 als er iets anders is."""
    plan = _topics(load(config)).plan()
    for text in (*(change.text for change in plan.changes), *plan.problems):
        click.echo(text)
    if plan.changes or plan.problems:
        raise SystemExit(1)
    click.echo("In orde.")


@topics.command("show")
@config_option
@json_option
@click.option("--op", "moment", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="Toon ook de offset van dit moment.")
def topics_show(config: Path, *, as_json: bool, moment: datetime | None) -> None:
    """Toon per partitie begin, einde, kopieën, wat nog te publiceren is en hoe ver elk onderdeel achter is."""
    loaded = load(config)
    found = _topics(loaded)
    at = found.offsets_at(moment) if moment else {}
    behind = ask(loaded, "topics behind", {})
    rows = [_row(part, at, behind) for part in found.parts()]
    if as_json:
        click.echo(as_text(rows))
        return
    table = Table(*(rows[0] if rows else ("topic",)))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


@topics.command("herpubliceer")
@config_option
@click.argument("topic")
@click.option("--reden", prompt=True, help="Waarom het topic opnieuw gevuld wordt.")
def topics_herpubliceer(config: Path, topic: str, reden: str) -> None:
    """Vul een leeg nieuw topic opnieuw uit de opslag, als het oude verloren is. Bouw daarna de leesmodellen opnieuw."""
    from hub.herpubliceren import herpubliceer  # noqa: PLC0415 - an extra

    loaded = load(config)
    count = herpubliceer(loaded, _topics(loaded), topic, reden=reden)
    click.echo(f"{count} gebeurtenissen van {topic} worden opnieuw gepubliceerd zodra de hub draait.")
    click.echo("Bouw nu de leesmodellen opnieuw: wissel leesmodellen herbouw")


def _topics(loaded: Loaded) -> Topics:
    if loaded.kafka is None:
        raise Refused('het logboek staat in de opslag: er zijn geen topics. Zet [log] adres = "kafka://host:poort" voor Kafka')
    from hub.topics import Topics  # noqa: PLC0415 - an extra

    return Topics(loaded.kafka, dict.fromkeys(topic_names(connectors()), loaded.settings.log.partities))


def _row(part: Any, at: Any, behind: Any) -> dict[str, Any]:
    here = [one for one in behind if (one["topic"], one["partitie"]) == (part.topic, part.partition)]
    return {
        "topic": part.topic,
        "partitie": part.partition,
        "begin": part.begin,
        "einde": part.end,
        "kopieën": f"{part.in_sync}/{part.replicas}",
        "te publiceren": next((one["te_publiceren"] for one in here), None),
        **({"op dat moment": at.get((part.topic, part.partition))} if at else {}),
        "achter": {lid: max(0, part.end - 1 - offset) for one in here for lid, offset in one["leden"].items()},
    }
