# SPDX-License-Identifier: EUPL-1.2
"""Whatever the zaaksysteem answers: nothing is lost or made up, it is not stormed, and afterwards streams are trails."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import httpx
import pytest
from zaak_voor_tests import AUTH, SECRET, Formulier, draaiende_hub, problem, serving, vergelijk, zaak_settings

from connectors.zaak.simulator import Client, Notificatiefouten, SimulatorConfig, Storing, create_app

HTML = [(b"content-type", b"text/html")]
JSON = [(b"content-type", b"application/json")]


class Boze:
    """Stands in front of the zaaksysteem and answers in its place while ``kwaal`` says how. Counts what it was asked."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.kwaal = ""
        self.asked = 0
        self.led_astray = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/elders":
            self.led_astray += 1
        if not self.kwaal or scope["path"] == "/elders":
            await self.app(scope, receive, send)
            return
        self.asked += 1
        await getattr(self, f"_{self.kwaal.replace('-', '_')}")(send)

    async def _answer(self, send: Any, status: int, body: bytes, headers: Any = JSON) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _zwijgt(self, _send: Any) -> None:
        await asyncio.sleep(30)

    async def _fout_500(self, send: Any) -> None:
        await self._answer(send, 500, b"<h1>500</h1>", HTML)

    async def _te_druk(self, send: Any) -> None:
        await self._answer(send, 429, b"{}", [*JSON, (b"retry-after", b"1")])

    async def _druppelt(self, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": JSON})
        for _ in range(300):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.05)

    async def _halve_bladzijde(self, send: Any) -> None:
        await self._answer(send, 200, b'{"url": "http://zaaksysteem.te', [*JSON, (b"content-length", b"4000")])

    async def _kapotte_json(self, send: Any) -> None:
        await self._answer(send, 200, b'{"url": "http://zaaksysteem.te')

    async def _foutpagina_200(self, send: Any) -> None:
        await self._answer(send, 200, b"<h1>Even geduld</h1>", HTML)

    async def _json_fout_200(self, send: Any) -> None:
        await self._answer(send, 200, b'{"error": "backend"}')

    async def _andere_zaak(self, send: Any) -> None:
        await self._answer(send, 200, b'{"url": "http://x/zaken/00000000-0000-4000-8000-000000000000"}')

    async def _verwijst_door(self, send: Any) -> None:
        await self._answer(send, 302, b"", [(b"location", b"/elders")])

    async def _token_geweigerd(self, send: Any) -> None:
        import json

        await self._answer(send, 403, json.dumps(problem(403, "invalid-jwt-signature")).encode())

    async def _vreemde_404(self, send: Any) -> None:
        await self._answer(send, 404, b"<h1>nginx</h1>", HTML)


KWALEN = [
    name[1:].replace("_", "-")
    for name in vars(Boze)
    if name.startswith("_") and name not in ("__init__", "__call__", "_answer")
]
KWALEN = [name for name in KWALEN if not name.startswith("-")]


@pytest.mark.parametrize("kwaal", KWALEN)
def test_an_answer_that_is_none_is_waited_out(tmp_path, kwaal):
    """Twenty zaken change while the other side misbehaves: a handful of tries, no fact made up, all there afterwards."""
    simulator = create_app(SimulatorConfig())
    front = Boze(simulator)
    form = Formulier(simulator)

    async def main() -> None:
        async with serving(front) as base:
            settings = zaak_settings(
                f"{base}/emmen", secret=simulator.config.clients[0].secret, timeout_s=0.2, timeout_schrijven_s=0.2, lease_s=2.0,
                eerste_pauze_s=0.1, langste_pauze_s=0.6, gelijktijdig=4,
            )  # fmt: skip
            async with draaiende_hub(tmp_path, {"emmen": settings}) as running:
                body = {"callbackUrl": f"{running.url}/webhooks/zaken/emmen", "auth": AUTH,
                        "kanalen": [{"naam": "zaken", "filters": {}}]}  # fmt: skip
                await form.call("POST", "/notificaties/api/v1/abonnement", body)
                first = await form.zaak()
                await form.app.delivery.idle()
                await running.settled()
                front.kwaal = kwaal
                zaken = [first, *[await form.zaak() for _ in range(19)]]
                await form.call("PATCH", first["url"], {"toelichting": "tijdens de storing"})
                await form.app.delivery.idle()
                await asyncio.sleep(1.0)
                assert 1 <= front.asked <= 40, "two per fetch, four at once, then one try per pause"
                assert running.rows("SELECT count(*) FROM zaak_melding WHERE afgehandeld_door IS NULL")[0][0] >= 20
                front.kwaal = ""
                await running.settled(within_s=20)
                for zaak in zaken:
                    assert [event.id for event in running.events(zaak["uuid"])
                            if event.source.endswith("zaaksysteem")] == [e["uuid"] for e in await form.trail(zaak)]  # fmt: skip
                assert front.led_astray == 0
        await simulator.delivery.close()

    asyncio.run(main())


def test_an_answer_without_end_is_cut_off(tmp_path, monkeypatch):
    """However fast it comes: more than an answer can be is no answer, and it never stands in memory whole."""
    from connectors.zaak import client
    from connectors.zaak.client import ZaakClient
    from hub.errors import SourceUnavailable

    monkeypatch.setattr(client, "_LONGEST_BODY", 100_000)

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": JSON})
        for _ in range(1_000):
            await send({"type": "http.response.body", "body": b" " * 10_000, "more_body": True})

    async def main() -> None:
        async with serving(endless) as base:
            asker = ZaakClient(zaak_settings(base), gemeente="emmen")
            with pytest.raises(SourceUnavailable):
                await asker.get("zaken", "zaken")
            await asker.aclose()

    asyncio.run(main())


def test_an_outage_followed_by_a_burst_leaves_no_thread_and_no_task_behind(tmp_path):
    """Hundreds of notifications at once after an outage, told five times each: lag 0, and as many threads as before."""
    fouten = Notificatiefouten(verlies=0.3, dubbel=1.0, herordenen=0.5, vertraging_max_s=0.2)
    simulator = create_app(
        SimulatorConfig(storing=Storing(notificaties=fouten), clients=(Client(client_id="wissel", secret=SECRET),))
    )
    form = Formulier(simulator, client_id="wissel")

    async def main() -> None:
        async with serving(simulator) as base, draaiende_hub(tmp_path, {"emmen": zaak_settings(f"{base}/emmen")}) as running:
            zaken = [await form.zaak() for _ in range(40)]
            threads, tasks = threading.active_count(), len(asyncio.all_tasks())
            bodies = [melding(zaak, minute) for zaak in zaken for minute in range(2)] * 5
            url, headers, at_once = f"{running.url}/webhooks/zaken/emmen", {"Authorization": AUTH}, asyncio.Semaphore(32)

            async def post(body: Any) -> httpx.Response:
                async with at_once:
                    return await running.client.post(url, json=body, headers=headers, timeout=60)

            answers = await asyncio.gather(*map(post, bodies))
            assert {answer.status_code for answer in answers} == {204}
            await running.settled(within_s=60)
            assert running.rows("SELECT count(*), sum(aantal) FROM zaak_melding") == [(80, 400)]
            await vergelijk(running)
            await running.settled()
            for zaak in zaken:
                assert len(running.events(zaak["uuid"])) >= 1
            gc.collect()
            await asyncio.sleep(0.2)
            assert threading.active_count() <= threads + 40  # the pools of the event loop and the sender's connections
            assert len(asyncio.all_tasks()) <= tasks + 60
        await simulator.delivery.close()

    asyncio.run(main())


def melding(zaak: dict[str, Any], minute: int) -> dict[str, Any]:
    return {
        "kanaal": "zaken",
        "hoofdObject": zaak["url"],
        "resource": "zaak",
        "resourceUrl": zaak["url"],
        "actie": "partial_update",
        "aanmaakdatum": f"2026-03-12T10:{minute:02}:00Z",
        "kenmerken": {},
    }
