# SPDX-License-Identifier: EUPL-1.2
"""What a zaaktype offers against what the mapping needs: of the simulator, and of a real municipal catalogue."""

from __future__ import annotations

import asyncio
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner
from hub_voor_tests import gemeente, loaded
from motor import tot
from zaak_voor_tests import bron_en_zaaksysteem, hub_en_zaaksysteem, problem, serving, zaak_settings

from connectors.zaak import cli, mappingwacht
from connectors.zaak.client import ZaakClient
from connectors.zaak.controle import Bevinding, controleer_bron
from connectors.zaak.simulator import SimulatorConfig

TODAY = date(2026, 3, 12)
EXPORT = "openzaak-export-catalogus-zaaktypes"


def missing(found: list[Bevinding]) -> list[tuple[str, str]]:
    return [(item.stap, item.nodig) for item in found if item.staat == "ontbreekt"]


async def check(config: SimulatorConfig, **settings: Any) -> list[Bevinding]:
    async with bron_en_zaaksysteem(config, **settings) as (bron, _form, _transport):
        return await controleer_bron(bron.client, today=TODAY)


def test_a_zaaktype_with_all_a_declaration_needs_is_good() -> None:
    """Only the version in force is looked at, not the one that ended."""
    found = asyncio.run(check(SimulatorConfig(variant="uitgebreid")))
    assert missing(found) == []
    assert {item.zaaktype for item in found} == {"B0366 (vanaf 2020-01-01)"}


def test_a_zaaktype_without_eigenschappen_lacks_the_date_of_the_move() -> None:
    """As the real one has none: the mapping must name another place, and saying which makes it good."""
    found = asyncio.run(check(SimulatorConfig(variant="echt")))
    assert missing(found) == [("beoordelen", "verhuisdatum")]
    assert any(item.staat == "let-op" and "VERHUISDATUM" in item.uitleg for item in found)
    overige = {"bron": "zaakobject", "soort": "aangifte", "pad": "verhuisdatum"}
    assert missing(asyncio.run(check(SimulatorConfig(variant="echt"), mapping={"verhuisdatum": overige}))) == []


def test_what_a_step_would_miss_is_named_with_what_there_is() -> None:
    """A resultaat, a handler's roltype and a whole zaaktype that are not there."""
    settings = {
        "resultaten": {"verwerkt": "Gereed"},
        "rol_behandelaar": "zaakcoordinator",
        "mapping": {"zaaktypen": ["B0366", "B9999"]},
    }
    found = asyncio.run(check(SimulatorConfig(), **settings))
    assert missing(found) == [("afronden (verwerkt)", "resultaattype"), ("overnemen", "roltype"), ("registratie", "zaaktype")]
    said = " ".join(item.uitleg for item in found if item.staat == "ontbreekt")
    assert "kies uit: Afgebroken, Geweigerd, Handmatig verwerkt, Succesvol, Verwerkt" in said
    assert "er zijn: behandelaar, initiator" in said


class Catalogus:
    """Serves the export of a real catalogue as the Catalogi API would."""

    def __init__(self, path: Path) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        with zipfile.ZipFile(path) as export:
            for name in ("ZaakType", "StatusType", "ResultaatType", "RolType"):
                for item in json.loads(export.read(f"{EXPORT}/{name}.json")):
                    found = {_camel(key): value for key, value in item.items()}
                    self.objects["/" + found["url"].split("/zgw/")[1]] = found

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        wanted = parse_qs(scope["query_string"].decode()).get("identificatie")
        if wanted:
            results = [item for item in self.objects.values() if [item.get("identificatie")] == wanted]
            status, body = 200, {"count": len(results), "next": None, "previous": None, "results": results}
        elif scope["path"] in self.objects:
            status, body = 200, self.objects[scope["path"]]
        else:
            status, body = 404, problem(404, "not_found")
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def test_the_real_catalogue_of_a_municipality(cases: Path) -> None:
    """B0366 as Súdwest-Fryslân had it offers every status, resultaat and rol; the date of the move stands nowhere yet."""

    async def main() -> tuple[list[Bevinding], list[Bevinding]]:
        async with serving(Catalogus(cases / "zgw" / "sudwest-fryslan-catalogus.zip")) as base:
            overige = {"bron": "zaakobject", "soort": "aangifte", "pad": "verhuisdatum"}
            both = (zaak_settings(base), zaak_settings(base, mapping={"verhuisdatum": overige}))
            found = []
            for settings in both:
                client = ZaakClient(settings, gemeente="sudwest-fryslan")
                found.append(await controleer_bron(client, today=TODAY))
                await client.aclose()
            return found[0], found[1]

    as_is, with_object = asyncio.run(main())
    assert missing(as_is) == [("beoordelen", "verhuisdatum")]
    assert missing(with_object) == []
    good = {(item.stap, item.uitleg) for item in as_is if item.staat == "goed"}
    assert good >= {
        ("in behandeling", "Verhuizing in behandeling"),
        ("afronden", "Afgehandeld"),
        ("afronden (verwerkt)", "Verwerkt"),
    }


@pytest.mark.parametrize(("resultaat", "code"), [("Verwerkt", 0), ("Gereed", 1)])
def test_the_command_says_it_and_fails_when_something_is_missing(tmp_path, monkeypatch, resultaat, code):
    """`wissel zaak mapping check`: for a person a table, for a pipeline JSON and an exit code."""
    from connectors.zaak.simulator import create_app

    simulator = create_app(SimulatorConfig())

    async def main() -> Any:
        async with serving(simulator) as base:
            secret = simulator.config.clients[0].secret
            settings = zaak_settings(f"{base}/emmen", secret=secret, resultaten={"verwerkt": resultaat})
            held = loaded(tmp_path, [gemeente("emmen", plugins={"zaak": settings})])
            monkeypatch.setattr(cli, "load", lambda _path: held)
            shown = await asyncio.to_thread(CliRunner().invoke, cli.zaak, ["mapping", "check"])
            as_json = await asyncio.to_thread(CliRunner().invoke, cli.zaak, ["mapping", "check", "--json"])
            return shown, as_json

    shown, as_json = asyncio.run(main())
    assert (shown.exit_code, as_json.exit_code) == (code, code)
    assert "B0366" in shown.output
    states = {item["staat"] for item in json.loads(as_json.output)["emmen"]}
    assert ("ontbreekt" in states) == bool(code)


def test_a_new_version_of_a_zaaktype_is_checked_as_soon_as_it_is_told(tmp_path, monkeypatch):
    """Kanaal zaaktypen: what the new version lacks stands on the ops page; an old version is mapped by identificatie still."""
    monkeypatch.setattr(mappingwacht, "_LOOK_S", 0.05)

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            await form.type("roltypen", "Initiator")
            await asyncio.sleep(0.3)
            assert running.hub.stand("emmen").storingen == []
            catalogus = form.app.gemeenten["emmen"].catalogus
            old = next(item for item in catalogus.by_kind["zaaktypen"].values() if not item.data["eindeGeldigheid"])
            url = old.data["url"].rpartition("/")[0] + "/11111111-1111-4111-8111-111111111111"
            new = {**old.data, "url": url, "beginGeldigheid": "2099-01-01", "resultaattypen": []}
            catalogus.add("zaaktypen", new)
            body = {"kanaal": "zaaktypen", "hoofdObject": url, "resource": "zaaktype", "resourceUrl": url, "actie": "create",
                    "aanmaakdatum": "2026-03-12T10:00:00Z", "kenmerken": {}}  # fmt: skip
            assert (await running.meld(body)).status_code == 204
            await tot(lambda: running.hub.stand("emmen").storingen)
            assert "B0366 (vanaf 2099-01-01)" in running.hub.stand("emmen").storingen[0]
            zaak = await form.zaak(zaaktype=url)
            await form.app.delivery.idle()
            await running.settled()
            (first, *_) = running.events(zaak["uuid"])
            assert first.data["zaaktypeIdentificatie"] == "B0366"

    asyncio.run(main())
