# SPDX-License-Identifier: EUPL-1.2
"""``wissel demo``: watch plain moves run through by themselves, on this machine, without a broker or database server."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from demo.motor import MOTOREN, Motor, started
from demo.opzet import Opzet, free_port
from demo.verhaal import Verhaal
from hub.errors import Refused

_TERMINATED: Final = 143


@click.command()
@click.option("--moves", type=click.IntRange(1, 100_000), default=300, show_default=True, help="Aantal verhuizingen.")
@click.option("--seed", type=int, default=7, show_default=True, help="Alles wat een beslissing bepaalt volgt hieruit.")
@click.option("--kill", "kills", type=click.IntRange(0, 1000), default=0, help="Stop de hub zo vaak met SIGKILL.")
@click.option("--exit", "leave", is_flag=True, help="Stop vanzelf als alles klaar is of op iets wacht.")
@click.option("--json", "as_json", is_flag=True, help="Druk als laatste regel de cijfers af als JSON.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Poort; 0: een vrije.")
@click.option("--motor", type=click.Choice(MOTOREN), default="ingebed", show_default=True, help="Waar de hub op staat.")
@click.option("--werkers", type=click.IntRange(1, 16), default=2, show_default=True, help="Werkers, bij --motor kafka.")
@click.option("--map", "folder", type=click.Path(path_type=Path, file_okay=False), help="Map voor bestanden.")
def demo(
    *,
    moves: int,
    seed: int,
    kills: int,
    leave: bool,
    as_json: bool,
    port: int,
    motor: Motor,
    werkers: int,
    folder: Path | None,
) -> None:
    """Laat verhuizingen van aangifte tot bevestiging lopen, met nagebouwde systemen aan beide kanten."""
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(prefix="wissel-demo-") as temporary:
        where = folder or Path(temporary)
        where.mkdir(parents=True, exist_ok=True)
        _free(port)
        if motor != "ingebed":
            console.print("Kafka en de databank starten ...")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that no broker or server is left behind
        with started(motor, where, werkers=werkers) as grond:
            opzet = Opzet(
                folder=where,
                moves=moves,
                seed=seed,
                hub_port=port or free_port(),
                kafka=grond.kafka,
                database=grond.database,
                werker_ports=tuple(free_port() for _ in range(grond.werkers)),
            )
            opzet.write_config()
            uitslag = asyncio.run(Verhaal(opzet, console=console, kills=kills).speel(stay=not leave))
    if as_json:
        click.echo(json.dumps(uitslag))


def _free(port: int) -> None:
    """Refuse a port that is taken: the pages of this run would be those of another program."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Refused(f"poort {port} is bezet; stop wat daar draait, of kies een andere met --port") from None
