# SPDX-License-Identifier: EUPL-1.2
"""A hub with one connector in a process of its own, to be killed: ``python -m hub.conformiteit.proces FOLDER``.

FOLDER holds ``proef.json``: the connector's name and its settings. On standard output comes ``klaar PORT``; on standard input
it takes one JSON object per line, an opdracht to give or nothing, and answers ``te doen N``: how much is not done yet.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import uvicorn

from hub import discovery, logs
from hub.app import EmbeddedHub
from hub.conformiteit import GEMEENTE, OIN, PSEUDONIEM
from hub.events import ZAKEN, Event, NewEvent, fact_id
from hub.flows.base import Antwoord, FlowContext, Opdracht
from hub.plugins import Gemeente, ReadTx
from hub.serve import web_app
from hub.settings import Loaded, OpslagSettings, Settings, UitvoerSettings

VRAAG: Final = "nl.overheid.zaken.zaak-hervat.v1"
GEGEVEN: Final = "nl.wissel.opdracht.gegeven.v1"
_SUBJECT: Final = "proef"
_LEASE_S: Final = 3.0
_Asked = Mapping[str, Mapping[str, Any] | None]  # step -> what is asked, None once it was given


def van_de_kit(event: Event) -> bool:
    """Tell whether the kit put this down: an opdracht it asks for. A connector may well tell of a zaak that was resumed."""
    return event.type == GEGEVEN or (event.type == VRAAG and _SUBJECT in event.besloten)


class ProefFlow:
    """Gives each opdracht that was asked for, once, however often it is asked."""

    name = "proef"
    topic = ZAKEN
    profiel_model: type[Any] | None = None

    def begin(self, _context: FlowContext) -> _Asked:
        """Return the state before the first event."""
        return {}

    def evolve(self, state: _Asked, event: Event) -> _Asked:
        """Remember what was asked, and what was given."""
        if event.type == VRAAG and (asked := event.besloten.get(_SUBJECT)):
            return {asked["stap"]: asked, **state}
        if event.type == GEGEVEN:
            return {**state, event.data["stap"]: None}
        return state

    def decide(self, state: _Asked) -> Sequence[Antwoord]:
        """Give what is open."""
        return [
            Opdracht(
                connector=asked["connector"],
                soort=asked["soort"],
                step=asked["stap"],
                data=asked["gegevens"],
                besloten=asked["besloten"],
            )
            for asked in state.values()
            if asked
        ]

    def handle(self, _state: _Asked, _command: Any) -> Sequence[Antwoord]:
        """Take no commands."""
        return ()


def hub_on(folder: Path) -> EmbeddedHub:
    """Return a hub, not opened yet, with the connector and settings that the folder's ``proef.json`` names."""
    given = json.loads((folder / "proef.json").read_text(encoding="utf-8"))
    connector = discovery.connectors()[given["connector"]]
    gemeente = Gemeente(
        slug=GEMEENTE,
        naam="Proefdorp",
        gemeentecode="1999",
        oin=OIN,
        pseudonym=PSEUDONIEM,
        plugins={given["connector"]: connector.settings_model.model_validate(given["instellingen"])},
        profielen={ProefFlow.name: None},
        teksten={},
        thema="wissel",
    )
    settings = Settings(opslag=OpslagSettings(map=folder), uitvoering=UitvoerSettings(lease_s=_LEASE_S))
    loaded = Loaded(settings=settings, master_key=bytes(32), gemeenten={GEMEENTE: gemeente})
    plugins = discovery.Plugins({given["connector"]: connector}, {ProefFlow.name: ProefFlow()}, {})
    return EmbeddedHub(loaded, plugins=plugins)


async def run(folder: Path) -> None:
    """Run until killed, or until standard input ends."""
    hub = hub_on(folder).open()
    name = next(iter(hub.connectors))
    server = uvicorn.Server(
        uvicorn.Config(web_app(hub, None), port=0, log_config=None, access_log=False, lifespan="off", server_header=False)
    )
    hub.start()
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute only
        await asyncio.sleep(0.01)
    _say(f"klaar {server.servers[0].sockets[0].getsockname()[1]}")
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if asked := json.loads(line):
            await _ask(hub, name, asked)
        _say(f"te doen {hub.read_now(_open_work(hub))}")
    server.should_exit = True
    await serving
    await hub.stop()


async def _ask(hub: EmbeddedHub, connector: str, asked: Mapping[str, Any]) -> None:
    """Put down that an opdracht is asked for."""
    question = NewEvent(
        id=fact_id("proef", asked["stap"]),
        type=VRAAG,
        source=hub.gemeenten[GEMEENTE].source("proef"),
        gemeente=GEMEENTE,
        topic=ZAKEN,
        key=asked["zaak"],
        data={"resourceUrl": "proef", "aanmaakdatum": None, "wie": None},
        besloten={_SUBJECT: {**asked, "connector": connector}},
    )
    sealed = hub.seal([question])
    await hub.write(lambda tx: tx.put(sealed), urgent=True)


def _open_work(hub: EmbeddedHub) -> Callable[[ReadTx], int]:
    """Return what counts hints that are not settled, opdrachten that are not done, and events the flow did not see."""

    def count(tx: ReadTx) -> int:
        ledger = tx.one("SELECT count(*) FROM opdracht WHERE toestand = 'open'")
        backlog = sum(connector.backlog(tx) for connector in hub.connectors.values())
        heads = {(p.topic, p.partition): p.head for p in hub.log.positions()}
        behind = sum(heads[topic, number] - offset - 1 for _, topic, number, offset in hub.flow_runner.positions())
        return backlog + (ledger[0] if ledger else 0) + behind

    return count


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run on the folder named on the command line."""
    logs.configure(level="INFO")
    asyncio.run(run(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
