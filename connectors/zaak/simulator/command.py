# SPDX-License-Identifier: EUPL-1.2
"""``wissel simulator zaaksysteem``: the simulator as a process of its own."""

from __future__ import annotations

import signal
import socket
from datetime import datetime
from types import FrameType
from typing import Any, NoReturn

import click
import uvicorn

from connectors.zaak.simulator.app import Zaaksysteem
from connectors.zaak.simulator.config import (
    ALLES,
    Aflevering,
    Client,
    GemeenteConfig,
    Notificatiefouten,
    SimulatorConfig,
    Storing,
    gemeente,
)


def _pairs(value: str, option: str) -> dict[str, str]:
    pairs = [item.partition(":") for item in value.split(",") if item]
    if any(not left or not right for left, _, right in pairs):
        raise click.BadParameter("write slug:waarde,slug:waarde", param_hint=option)
    return {left.strip(): right.strip() for left, _, right in pairs}


def _gemeenten(gemeenten: str, bronorganisatie: str) -> tuple[GemeenteConfig, ...]:
    rsin = _pairs(bronorganisatie, "--bronorganisatie")
    codes = _pairs(gemeenten, "--gemeenten")
    if unknown := rsin.keys() - codes.keys():
        raise click.BadParameter(f"no such gemeente: {', '.join(sorted(unknown))}", param_hint="--bronorganisatie")
    return tuple(gemeente(slug, code, rsin.get(slug)) for slug, code in codes.items())


def config_of(options: dict[str, Any], basis_url: str) -> SimulatorConfig:
    """Return the config that the command's options describe."""
    secret = options["client_secret"]
    chosen_day: datetime | None = options["datum"]
    return SimulatorConfig(
        basis_url=basis_url,
        seed=options["seed"],
        gemeenten=_gemeenten(options["gemeenten"], options["bronorganisatie"]),
        clients=(
            Client(client_id=options["client_id"], secret=secret),
            Client(client_id=options["beheer_id"], secret=secret, scopes=ALLES),
        ),
        objecten_token=options["objecten_token"],
        variant=options["variant"],
        api_versie=options["api_versie"],
        datum=chosen_day.date() if chosen_day else None,
        verschuiving_s=options["verschuiving_s"],
        meer_initiatoren=options["meer_initiatoren"],
        storing=Storing(
            audittrail=not options["zonder_audittrail"],
            audittrail_gaten=options["audittrail_gaten"],
            notificaties=Notificatiefouten(
                verlies=options["verlies"],
                dubbel=options["dubbel"],
                herordenen=options["herordenen"],
                vertraging_max_s=options["vertraging_max_s"],
            ),
        ),
        aflevering=Aflevering(basis_s=options["herhaal_basis_s"], max_s=options["herhaal_max_s"]),
    )


class _Server(uvicorn.Server):
    """A server that says once, on standard output, that it answers."""

    ready = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        click.echo(self.ready)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise click.ClickException(f"cannot listen on {host}:{port} ({error}); choose another --port") from error
    return listener


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End with exit code 0: the server raises the signal again once it has stopped."""
    raise SystemExit(0)


_odds = click.FloatRange(0, 1)
_positive = click.FloatRange(0)


@click.command(name="zaaksysteem")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, default=8001, show_default=True, help="Port; 0 takes a free one.")
@click.option("--seed", type=int, default=1, show_default=True, help="All uuids and faults follow from it.")
@click.option("--gemeenten", default="emmen:0114,zwolle:0193", show_default=True, help="slug:gemeentecode,...")
@click.option("--bronorganisatie", default="", help="slug:RSIN,...; without one a made-up RSIN.")
@click.option("--client-id", default="wissel", show_default=True, help="JWT client with the usual scopes.")
@click.option("--beheer-id", default="beheer", show_default=True, help="JWT client with all scopes, the forced ones too.")
@click.option("--client-secret", envvar="WISSEL_SIM_SECRET", required=True, help="JWT secret (env WISSEL_SIM_SECRET).")
@click.option("--objecten-token", envvar="WISSEL_SIM_OBJECTEN_TOKEN", default="objecten-token", show_default=True)
@click.option("--variant", type=click.Choice(["echt", "uitgebreid"]), default="uitgebreid", show_default=True)
@click.option(
    "--api-versie", type=click.Choice(["1.5.1", "1.6.0", "1.7.0"]), default="1.5.1", show_default=True, help="Zaken API."
)
@click.option("--datum", type=click.DateTime(["%Y-%m-%d"]), help="Date on which the clock starts; default today.")
@click.option("--verschuiving-s", type=float, default=0.0, help="Move the clock by so many seconds, instead of --datum.")
@click.option("--zonder-audittrail", is_flag=True, help="The audit trail answers 403.")
@click.option("--audittrail-gaten", is_flag=True, help="Leave out of the trail what Open Zaak leaves out.")
@click.option("--meer-initiatoren", is_flag=True, help="Accept more than one rol initiator.")
@click.option("--verlies", type=_odds, default=0.0, help="Chance that a notification is lost.")
@click.option("--dubbel", type=_odds, default=0.0, help="Chance that a notification is sent twice.")
@click.option("--herordenen", type=_odds, default=0.0, help="Chance that a notification is overtaken by later ones.")
@click.option("--vertraging-max-s", type=_positive, default=0.0, help="Each notification waits up to this long.")
@click.option("--herhaal-basis-s", type=_positive, default=0.5, show_default=True, help="Pause before the first retry.")
@click.option("--herhaal-max-s", type=_positive, default=20.0, show_default=True, help="Longest pause between retries.")
def run(host: str, port: int, **options: Any) -> None:
    """Run a zaaksysteem (Catalogi, Zaken, Notificaties, Objects) that keeps everything in memory."""
    listener = _listen(host, port)
    url = f"http://{host}:{listener.getsockname()[1]}"
    app = Zaaksysteem(config_of(options, url))
    settings = uvicorn.Config(app, access_log=False, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
    server = _Server(settings)
    slugs = ", ".join(app.gemeenten)
    server.ready = f"zaaksysteem klaar op {url} voor {slugs} (Zaken API {app.config.api_versie}, seed {app.config.seed})"
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    server.run(sockets=[listener])
