# SPDX-License-Identifier: EUPL-1.2
"""``wissel simulator burgerzaken``: the simulator as a process of its own."""

from __future__ import annotations

from datetime import datetime

import click
import uvicorn

from connectors.burgerzaken.simulator.app import App, create_app
from connectors.burgerzaken.simulator.config import SimulatorConfig, parse_gemeenten
from hub.errors import ConfigError


class _Server(uvicorn.Server):
    """Says in one line when it is ready."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self._line = line

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            poort = self.servers[0].sockets[0].getsockname()[1]
            click.echo(self._line.format(poort=poort))


@click.command("burgerzaken")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8102, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--seed", default=1, show_default=True, help="The population follows from it.")
@click.option("--personen", default=20_000, show_default=True, help="Size of the population; numbers from 9999xxxxx downwards.")
@click.option("--gemeenten", default="emmen:0114,zwolle:0193", show_default=True, help="slug:code, ...")
@click.option("--datum", type=click.DateTime(["%Y-%m-%d"]), help="The registry's date; default: today.")
@click.option("--verwerkingsvertraging-s", default=0.2, show_default=True, help="Seconds until an order is registered.")
@click.option("--zonder-historie", is_flag=True, help="Do not offer /verblijfplaatshistorie.")
@click.option("--levert-te-veel", is_flag=True, help="Answer with every field, whatever was asked.")
@click.option("--api-key", envvar="WISSEL_SIM_API_KEY", help="Ask for this X-Api-Key (or in the environment).")
@click.option("--vereist-header", multiple=True, help="A header each BRP request must carry, e.g. x-doelbinding.")
def run(
    *,
    host: str,
    port: int,
    seed: int,
    personen: int,
    gemeenten: str,
    datum: datetime | None,
    verwerkingsvertraging_s: float,
    zonder_historie: bool,
    levert_te_veel: bool,
    api_key: str | None,
    vereist_header: tuple[str, ...],
) -> None:
    """Simulate a civil registry: BRP, bewoning, BAG and the processing of moves."""
    try:
        config = SimulatorConfig(
            seed=seed,
            personen=personen,
            gemeenten=parse_gemeenten(gemeenten),
            datum=datum.date() if datum else None,
            verwerkingsvertraging_s=verwerkingsvertraging_s,
            met_historie=not zonder_historie,
            levert_te_veel=levert_te_veel,
            api_key=api_key,
            vereiste_headers=vereist_header,
        )
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    serve(create_app(config), host=host, port=port)


def serve(app: App, *, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C. No access log: a volgindicatie has a burgerservicenummer in its request line."""
    land = app.register.bevolking.land
    slugs = ", ".join(land.per_slug)
    line = f"burgerzaken simulator: http://{host}:{{poort}} ({land.personen} people in {slugs}; {app.register.vandaag})"
    settings = uvicorn.Config(app, host=host, port=port, access_log=False, log_level="warning", lifespan="on")
    _Server(settings, line).run()
