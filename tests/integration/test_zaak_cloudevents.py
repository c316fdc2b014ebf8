# SPDX-License-Identifier: EUPL-1.2
"""CloudEvents of newer zaaksystemen: structured and binary, permission first, and the same facts under the same ids."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import httpx
import pytest
from zaak_voor_tests import AUTH, BASE, Draaiend, Formulier, hub_en_zaaksysteem

from connectors.zaak.cloudevents import STRUCTURED, is_cloudevent, read_cloudevent
from connectors.zaak.lezen import Malformed
from connectors.zaak.simulator import SimulatorConfig, Storing

API = f"{BASE}/zaken/api/v1"
ZAAK = "7b590c1c-1b1b-4c6a-9b5e-0d8a1f2e3c4d"
STATUS = "7bc40c1c-1b1b-4c6a-9b5e-0d8a1f2e3c4d"
SILENT = {"verlies": 1.0}


def event(kind: str, subject: str, **more: Any) -> dict[str, Any]:
    """A CloudEvent as a subscriber gets it: its id is fresh each time."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "urn:nld:oin:00000001823288444000:systeem:openzaak",
        "type": kind,
        "subject": subject,
        "time": "2026-03-12T10:00:00Z",
        **more,
    }


async def deliver(running: Draaiend, found: dict[str, Any], *, binary: bool = False) -> httpx.Response:
    """Post an event in one of the two modes."""
    headers = {"Authorization": AUTH}
    if binary:
        headers |= {f"ce-{name}": value for name, value in found.items() if name != "data"}
        headers["content-type"] = "application/json"
        content = json.dumps(found.get("data", {}))
    else:
        headers["content-type"] = f"{STRUCTURED}; charset=UTF-8"
        content = json.dumps(found)
    return await running.client.post(f"{running.url}/webhooks/zaken/emmen", content=content, headers=headers)


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        ("zaak", f"{API}/zaken/{ZAAK}"),
        ("status", f"{API}/statussen/{STATUS}"),
        ("zaakeigenschap", f"{API}/zaken/{ZAAK}/zaakeigenschappen/{STATUS}"),
        ("iets-nieuws", f"{API}/zaken/{ZAAK}"),
    ],
)
def test_a_converted_notification_is_read_as_what_it_was(resource: str, url: str) -> None:
    """kanaal, resource and actie stand in the type; the URL of the resource follows from that of its zaak."""
    subject = ZAAK if resource == "zaak" else STATUS
    data = {"hoofdObject": f"{API}/zaken/{ZAAK}", "bronorganisatie": "000000013"}
    found = event(f"nl.overheid.zaken.{resource}.partial_update", subject, data=data)
    read = read_cloudevent({"content-type": STRUCTURED}, json.dumps(found).encode(), zaken_api=API)
    assert (read.kanaal, read.zaak, read.resource, read.resource_url) == ("zaken", ZAAK, resource, url)
    assert (read.actie, read.aanmaakdatum, read.kenmerken) == (
        "partial_update",
        found["time"],
        {"bronorganisatie": "000000013"},
    )


@pytest.mark.parametrize(
    ("kind", "actie", "zaak"),
    [
        ("geregistreerd", "create", ZAAK),
        ("gemuteerd", "partial_update", ZAAK),
        ("verwijderd", "destroy", ZAAK),
        ("geopend", "", ""),
    ],
)
def test_what_open_zaak_itself_sends_is_a_hint_about_its_zaak(kind: str, actie: str, zaak: str) -> None:
    """Relative dataref, random id: only the subject is used. That somebody opened a zaak is no hint."""
    found = event(f"nl.overheid.zaken.zaak-{kind}", ZAAK, dataref=f"/zaken/api/v1/zaken/{ZAAK}")
    read = read_cloudevent({"content-type": STRUCTURED}, json.dumps(found).encode(), zaken_api=API)
    assert (read.actie, read.zaak) == (actie, zaak)


@pytest.mark.parametrize(
    ("headers", "body", "wrong"),
    [
        ({"content-type": STRUCTURED}, {"specversion": "1.0"}, ["id", "source", "type", "time"]),
        ({"content-type": STRUCTURED}, event("a.b", "c") | {"specversion": "0.3"}, ["specversion"]),
        ({"content-type": STRUCTURED}, event("a.b", "c") | {"time": "gisteren"}, ["time"]),
        ({"content-type": "application/cloudevents-batch+json"}, [], ["content-type"]),
        ({"ce-specversion": "1.0", "ce-id": "1"}, {}, ["source", "type", "time"]),
    ],
)
def test_what_is_no_cloudevent_is_refused_with_all_that_is_wrong(headers: dict[str, str], body: Any, wrong: list[str]) -> None:
    """Every problem at once."""
    assert is_cloudevent(headers)
    with pytest.raises(Malformed) as caught:
        read_cloudevent(headers, json.dumps(body).encode(), zaken_api=API)
    assert [error.name for error in caught.value.errors] == wrong


def test_who_has_the_authorization_may_deliver_and_nobody_else(tmp_path):
    """The handshake of the CloudEvents webhook, at the address where notifications come in."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, _form):
            url, origin = f"{running.url}/webhooks/zaken/emmen", {"WebHook-Request-Origin": "zaken.example.nl"}
            refused = await running.client.options(url, headers=origin)
            assert refused.status_code == 401
            assert "webhook-allowed-origin" not in refused.headers
            allowed = await running.client.options(url, headers={**origin, "Authorization": AUTH})
            assert allowed.status_code == 204
            assert allowed.headers["webhook-allowed-origin"] == "zaken.example.nl"
            assert allowed.headers["webhook-allowed-rate"] == "*"
            plain = await running.client.options(url)
            assert (plain.status_code, plain.headers["allow"]) == (204, "OPTIONS, POST")
            found = event("nl.overheid.zaken.zaak-gemuteerd", ZAAK)
            stranger = await running.client.post(url, content=json.dumps(found), headers={"content-type": STRUCTURED})
            assert stranger.status_code == 401

    asyncio.run(main())


@pytest.mark.parametrize("binary", [False, True])
def test_the_same_facts_have_the_same_ids_whatever_told_of_them(tmp_path, binary):
    """Told by notifications, by events, or by both: the stream is the trail, and the second channel adds nothing."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            both = await form.aangifte()
            await form.app.delivery.idle()
            await running.settled()
            before = [found.id for found in running.events(both["uuid"])]
            await form.storing(notificaties=SILENT)
            alone = await form.aangifte()
            for zaak in (both, alone):
                for line in form.app.gemeenten["emmen"].dossiers[zaak["uuid"]].history:
                    data = {"hoofdObject": zaak["url"]}
                    kind = f"nl.overheid.zaken.{line['resource']}.{line['actie']}"
                    subject = line["url"].rpartition("/")[2]
                    found = event(kind, subject, time=line["tijdstip"][:19] + "Z", data=data)
                    assert (await deliver(running, found, binary=binary)).status_code == 204
                native = event("nl.overheid.zaken.zaak-gemuteerd", zaak["uuid"])
                assert (await deliver(running, native, binary=binary)).status_code == 204
            await running.settled()
            assert [found.id for found in running.events(both["uuid"])] == before
            trail = [entry["uuid"] for entry in await form.trail(alone)]
            assert [found.id for found in running.events(alone["uuid"]) if found.source.endswith("zaaksysteem")] == trail

    asyncio.run(main())


def test_without_a_trail_a_second_channel_makes_no_second_fact(tmp_path):
    """Of a kind we do not describe the notification itself is the fact; the event about it, cut to seconds, is the same one."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path, SimulatorConfig(storing=Storing(audittrail=False))) as (running, form):
            zaak = await form.zaak()
            url = f"{zaak['url'].rpartition('/zaken/')[0]}/zaakinformatieobjecten/{STATUS}"
            body = {"kanaal": "zaken", "hoofdObject": zaak["url"], "resource": "zaakinformatieobject", "resourceUrl": url,
                    "actie": "create", "aanmaakdatum": "2026-03-12T10:00:00.836Z", "kenmerken": {}}  # fmt: skip
            found = event("nl.overheid.zaken.zaakinformatieobject.create", STATUS, data={"hoofdObject": zaak["url"]})
            for told in ("melding", "event", "event", "melding"):
                answer = await (
                    running.meld(body) if told == "melding" else deliver(running, found | {"id": str(uuid.uuid4())})
                )
                assert answer.status_code == 204
                await form.app.delivery.idle()
                await running.settled()
            kinds = [item.type for item in running.events(zaak["uuid"])]
            assert kinds.count("nl.overheid.zaken.overig-gewijzigd.v1") == 1

    asyncio.run(main())


def test_a_destroyed_zaak_is_concluded_from_an_event_too(tmp_path):
    """zaak-verwijderd is a hint of destruction: one 404 and a witness are enough."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaak, _witness = await form.zaak(), await form.zaak()
            await form.app.delivery.idle()
            await running.settled()
            await form.storing(notificaties=SILENT)
            await form.call("DELETE", zaak["url"])
            await deliver(running, event("nl.overheid.zaken.zaak-verwijderd", zaak["uuid"]))
            await running.settled()
            assert running.events(zaak["uuid"])[-1].data["bewijs"] == "destroy-melding"

    asyncio.run(main())


def test_an_event_of_another_kind_is_kept_and_counted(tmp_path):
    """A klantcontact, a besluit, something unheard of: 204, and it makes no zaak due."""

    async def main() -> None:
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            assert isinstance(form, Formulier)
            for kind in (
                "nl.overheid.besluiten.besluit.create",
                "nl.overheid.klantcontacten.klantcontact.create",
                "nl.iets.anders",
            ):
                assert (await deliver(running, event(kind, STATUS, data={"hoofdObject": "urn:x"}))).status_code == 204
            assert running.rows("SELECT kanaal FROM zaak_melding_overig WHERE kanaal <> 'test' ORDER BY kanaal") == [
                ("besluiten",), ("cloudevents",), ("klantcontacten",)]  # fmt: skip
            assert running.rows("SELECT 1 FROM zaak_stand") == []

    asyncio.run(main())
