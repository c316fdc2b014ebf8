# SPDX-License-Identifier: EUPL-1.2
"""What zaaksystemen really do (observed on Open Zaak 1.21, or told by who uses them), each as a stream of facts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from zaak_voor_tests import (
    AUTH,
    Draaiend,
    Formulier,
    Standin,
    draaiende_hub,
    hub_en_zaaksysteem,
    problem,
    serving,
    vergelijk,
    zaak_settings,
)

from connectors.zaak.simulator import SimulatorConfig, Storing, create_app
from hub.zaakfeiten import begin, handler, rol_added, rol_removed

ZGW = "nl.overheid.zaken."
SET = "2026-03-11T09:00:00Z"


async def quiet(running: Draaiend, form: Formulier) -> None:
    await form.app.delivery.idle()
    await running.settled()


def told(running: Draaiend, zaak: dict[str, Any], slug: str = "emmen") -> list[Any]:
    source = running.hub.gemeenten[slug].source("zaaksysteem")
    return [event for event in running.events(zaak["uuid"]) if event.source == source]


def kinds(running: Draaiend, zaak: dict[str, Any]) -> list[str]:
    return [
        event.type.removeprefix(ZGW).removesuffix(".v1") for event in running.events(zaak["uuid"]) if event.type.startswith(ZGW)
    ]


def scene(folder: Any, play: Any, config: SimulatorConfig | None = None, **settings: Any) -> None:
    """Play it, and hold every stream against its trail, whatever the scene itself looks at."""

    async def main() -> None:
        async with hub_en_zaaksysteem(folder, config, **settings) as (running, form):
            await play(running, form)
            for dossier in form.app.gemeenten["emmen"].dossiers.values():
                trail = [entry.data["uuid"] for entry in dossier.trail]
                assert [event.id for event in told(running, dossier.zaak.data) if event.id in trail] == trail

    asyncio.run(main())


async def close(form: Formulier, zaak: dict[str, Any]) -> None:
    await form.resultaat(zaak)
    await form.status(zaak, "Afgehandeld", SET)


def test_a_reopened_zaak_keeps_its_resultaat(tmp_path):
    """zrc-008 nulls einddatum and archive fields; nothing is said about the resultaat, because it stays."""

    async def play(running: Draaiend, form: Formulier) -> None:
        zaak = await form.aangifte()
        await close(form, zaak)
        await form.status(zaak, "Verhuizing in behandeling", "2026-03-11T12:00:00Z")
        await quiet(running, form)
        seen = kinds(running, zaak)
        assert seen.count("zaak-heropend") == seen.count("zaak-afgesloten") == 1
        assert "resultaat-verwijderd" not in seen
        assert (await form.call("GET", zaak["url"]))["resultaat"]

    scene(tmp_path, play)


def test_a_corrected_status_is_a_second_status_and_nothing_else(tmp_path):
    """A correction cannot be told from a regular one: both are facts, in the order in which they were set."""

    async def play(running: Draaiend, form: Formulier) -> None:
        zaak = await form.aangifte()
        await form.status(zaak, "Fout", SET)
        await form.status(zaak, "Verhuizing in behandeling", "2026-03-11T09:00:01Z")
        await quiet(running, form)
        set_ = [event.data["omschrijving"] for event in told(running, zaak) if event.type == f"{ZGW}status-gezet.v1"]
        assert set_ == ["Verhuizing in behandeling", "Fout", "Verhuizing in behandeling"]
        assert "zaak-heropend" not in kinds(running, zaak)

    scene(tmp_path, play)


def test_a_take_over_is_a_rol_that_goes_and_one_that_comes(tmp_path):
    """In that order, so that nobody and then the new one has it; never two."""

    async def play(running: Draaiend, form: Formulier) -> None:
        zaak = await form.aangifte()
        values = {"betrokkeneType": "medewerker", "roltype": await form.type("roltypen", "Uitvoerende")}
        rol = await form.rol(zaak, betrokkeneIdentificatie={"identificatie": "jd"}, **values)
        await form.call("DELETE", rol["url"])
        await form.rol(zaak, betrokkeneIdentificatie={"identificatie": "pk"}, **values)
        await quiet(running, form)
        row, seen = begin(zaak["uuid"]), []
        for event in told(running, zaak):
            if event.type == f"{ZGW}rol-toegevoegd.v1":
                row |= rol_added(row, event.data)
            elif event.type == f"{ZGW}rol-verwijderd.v1":
                row |= rol_removed(row, event.data)
            seen.append(handler(row))
        assert list(dict.fromkeys(seen)) == [None, "jd", "pk"]
        assert seen[-2:] == [None, "pk"]

    scene(tmp_path, play)


def test_an_eindstatus_before_its_resultaat_is_refused_and_leaves_nothing(tmp_path):
    """The zaaksysteem refuses it: no entry, no notification, no fact."""

    async def play(running: Draaiend, form: Formulier) -> None:
        zaak = await form.aangifte()
        await quiet(running, form)
        before = kinds(running, zaak)
        with pytest.raises(AssertionError, match="resultaat-does-not-exist"):
            await form.status(zaak, "Afgehandeld", SET)
        await vergelijk(running)
        assert kinds(running, zaak) == before

    scene(tmp_path, play)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_forced_edit_after_closing_is_a_change_of_a_closed_zaak(tmp_path, method):
    """update and partial_update are the same fact; it opens nothing."""

    async def play(running: Draaiend, form: Formulier) -> None:
        zaak = await form.aangifte()
        await close(form, zaak)
        body = {"toelichting": "hersteld"}
        if method == "PUT":
            keep = (
                "zaaktype",
                "bronorganisatie",
                "verantwoordelijkeOrganisatie",
                "startdatum",
                "omschrijving",
                "identificatie",
            )
            body |= {name: zaak[name] for name in keep}
        await form.call(method, zaak["url"], body)
        await quiet(running, form)
        last = told(running, zaak)[-1]
        assert (last.type, last.data["gewijzigd"]) == (f"{ZGW}zaak-bijgewerkt.v1", ["toelichting"])
        assert kinds(running, zaak).count("zaak-heropend") == 0

    scene(tmp_path, play)


def test_a_deelzaak_has_a_stream_of_its_own(tmp_path):
    """What happens to it does not stand in the stream of its hoofdzaak."""

    async def play(running: Draaiend, form: Formulier) -> None:
        main = await form.zaak()
        part = await form.zaak(hoofdzaak=main["url"])
        await form.rol(part)
        await quiet(running, form)
        assert kinds(running, main) == ["zaak-geregistreerd"]
        assert kinds(running, part) == ["zaak-geregistreerd", "rol-toegevoegd"]

    scene(tmp_path, play)


def test_a_zaaknummer_that_is_used_again_is_another_zaak(tmp_path):
    """The uuid is the key: the first stream ends with the deletion, the second begins with its own registration."""

    async def play(running: Draaiend, form: Formulier) -> None:
        witness, first = await form.zaak(), await form.zaak()
        await quiet(running, form)
        await form.call("DELETE", first["url"])
        second = await form.zaak(identificatie=first["identificatie"])
        await quiet(running, form)
        assert kinds(running, first) == ["zaak-geregistreerd", "zaak-verwijderd"]
        assert kinds(running, second) == ["zaak-geregistreerd"]
        assert told(running, second)[0].data["identificatie"] == first["identificatie"]
        assert witness["uuid"] != second["uuid"]

    scene(tmp_path, play)


def test_a_zaak_moved_to_another_version_of_its_zaaktype_by_hand_is_found(tmp_path):
    """The source's own admin writes no trail and tells nobody: comparing sees it, once, and the next edit repeats nothing."""

    async def play(running: Draaiend, form: Formulier) -> None:
        zaak = await form.zaak()
        await quiet(running, form)
        versions = await form.call("GET", "/catalogi/api/v1/zaaktypen", identificatie="B0366", status="alles")
        other = next(item["url"] for item in versions["results"] if item["url"] != zaak["zaaktype"])
        form.app.gemeenten["emmen"].dossiers[zaak["uuid"]].change(zaaktype=other)
        assert (await vergelijk(running))["verschil"] == 1
        await running.settled()
        assert "verschil" not in await vergelijk(running)
        await form.call("PATCH", zaak["url"], {"toelichting": "daarna"})
        await quiet(running, form)
        changes = [event.data for event in told(running, zaak) if event.type == f"{ZGW}zaak-bijgewerkt.v1"]
        assert [change["gewijzigd"] for change in changes] == [["zaaktype"], ["toelichting"]]
        assert (changes[0]["zaaktype"], changes[0]["zaaktypeIdentificatie"]) == (other, "B0366")

    scene(tmp_path, play)


@pytest.mark.parametrize("days", [-20_000, 20_000])
def test_a_source_whose_clock_is_wrong_changes_no_order(tmp_path, days):
    """Decades off: the order is that of its trail, and when we logged it is by our own clock."""

    async def play(running: Draaiend, form: Formulier) -> None:
        await form.type("roltypen", "Initiator")
        form.app.clock._last = form.app.clock._last.replace(year=1970)
        form.app.clock._shift += timedelta(days=days)
        zaak = await form.aangifte() if days > 0 else await form.zaak()
        await quiet(running, form)
        assert {event.time.year for event in told(running, zaak)} == {running.hub.clock.now().year}

    scene(tmp_path, play)


def test_a_notification_whose_time_was_rewritten_makes_no_second_fact(tmp_path):
    """A relay that stamps its own aanmaakdatum looks like news; the trail says that it is none."""

    async def play(running: Draaiend, form: Formulier) -> None:
        zaak = await form.aangifte()
        await quiet(running, form)
        before = [event.id for event in running.events(zaak["uuid"])]
        for minute in range(5):
            body = {"kanaal": "zaken", "hoofdObject": zaak["url"], "resource": "zaak", "resourceUrl": zaak["url"],
                    "actie": "create", "aanmaakdatum": f"2026-03-13T10:{minute:02}:00Z", "kenmerken": {}}  # fmt: skip
            assert (await running.meld(body)).status_code == 204
        await quiet(running, form)
        assert [event.id for event in running.events(zaak["uuid"])] == before

    scene(tmp_path, play)


def test_five_hundred_entries_are_five_hundred_facts(tmp_path):
    """A trail is one array, however long; each entry once, in order, and the last fetch adds only the last."""

    async def play(running: Draaiend, form: Formulier) -> None:
        zaak = await form.zaak()
        await form.storing(notificaties={"verlies": 1.0})
        for number in range(498):
            await form.call("PATCH", zaak["url"], {"toelichting": str(number)})
        await form.storing(notificaties={"verlies": 0.0})
        await form.call("PATCH", zaak["url"], {"toelichting": "laatste"})
        await quiet(running, form)
        assert len(told(running, zaak)) == 500

    scene(tmp_path, play)


def test_two_sources_with_the_same_zaaknummer_never_meet(tmp_path):
    """Two gemeenten at one supplier: the same identificatie, two streams, each of its own gemeente."""
    simulator = create_app(SimulatorConfig())
    forms = {slug: Formulier(simulator, slug) for slug in ("emmen", "zwolle")}

    async def main() -> None:
        async with serving(simulator) as base:
            secret = simulator.config.clients[0].secret
            settings = {slug: zaak_settings(f"{base}/{slug}", secret=secret) for slug in forms}
            async with draaiende_hub(tmp_path, settings) as running:
                zaken = {}
                for slug, form in forms.items():
                    body = {"callbackUrl": f"{running.url}/webhooks/zaken/{slug}", "auth": AUTH,
                            "kanalen": [{"naam": "zaken", "filters": {}}]}  # fmt: skip
                    await form.call("POST", "/notificaties/api/v1/abonnement", body)
                    zaken[slug] = await form.zaak(identificatie="ZAAK-2026-0000000001")
                await simulator.delivery.idle()
                await running.settled()
                for slug, zaak in zaken.items():
                    assert {event.gemeente for event in running.events(zaak["uuid"])} == {slug}
                assert len({zaak["uuid"] for zaak in zaken.values()}) == 2
        await simulator.delivery.close()

    asyncio.run(main())


def test_a_rol_we_may_not_see_hides_nothing_else(tmp_path):
    """403 on one object of a zaak: the others are published; it is published once it may be seen, and never as gone."""

    class Verhuld(Standin):
        hidden = ""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if self.hidden and scope["path"].endswith(self.hidden):
                body = httpx.Response(403, json=problem(403, "permission_denied")).content
                await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"application/json")]})
                await send({"type": "http.response.body", "body": body})
                return
            await simulator(scope, receive, send)

    simulator = create_app(SimulatorConfig(storing=Storing(audittrail=False)))
    front, form = Verhuld(), Formulier(simulator)

    async def main() -> None:
        async with serving(front) as base:
            settings = zaak_settings(f"{base}/emmen", secret=simulator.config.clients[0].secret)
            async with draaiende_hub(tmp_path, {"emmen": settings}) as running:
                body = {"callbackUrl": f"{running.url}/webhooks/zaken/emmen", "auth": AUTH,
                        "kanalen": [{"naam": "zaken", "filters": {}}]}  # fmt: skip
                await form.call("POST", "/notificaties/api/v1/abonnement", body)
                front.hidden = "/rollen"
                zaak = await form.zaak()
                rol = await form.rol(zaak)
                front.hidden = f"/rollen/{rol['uuid']}"
                await form.adres(zaak)
                await quiet(running, form)
                assert "zaakobject-toegevoegd" in kinds(running, zaak)
                front.hidden = ""
                await form.call("PATCH", zaak["url"], {"toelichting": "verder"})
                await quiet(running, form)
                assert kinds(running, zaak).count("rol-toegevoegd") == 1
                assert "rol-verwijderd" not in kinds(running, zaak)
        await simulator.delivery.close()

    asyncio.run(main())
