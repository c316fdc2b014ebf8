# SPDX-License-Identifier: EUPL-1.2
"""The webhook: what is accepted, what is refused, and that nothing is answered with 204 before it is stored."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest
from hub_voor_tests import Klok, gemeente, loaded
from litestar import Litestar
from zaak_voor_tests import AUTH, BASE, zaak_settings

from connectors.zaak import inbox
from connectors.zaak.connector import ZaakConnector
from connectors.zaak.webhook import MAX_BODY_BYTES
from hub.app import EmbeddedHub
from hub.discovery import Plugins
from hub.plugins import Sealed
from hub.store.base import StoreUnavailable

UUID = "7b590c1c-1b1b-4c6a-9b5e-0d8a1f2e3c4d"
ZAAK = f"{BASE}/zaken/api/v1/zaken/{UUID}"
MELDING = {
    "kanaal": "zaken",
    "hoofdObject": ZAAK,
    "resource": "status",
    "resourceUrl": f"{BASE}/zaken/api/v1/statussen/{UUID}",
    "actie": "create",
    "aanmaakdatum": "2026-11-21T18:12:29.836Z",
    "kenmerken": {"bronorganisatie": "000000013", "zaaktype.catalogus": f"{BASE}/c"},
}


class Post:
    """The webhook on a real store."""

    def __init__(self, hub: EmbeddedHub) -> None:
        self.hub = hub
        routes = [route for connector in hub.connectors.values() for route in connector.routes(hub)]
        self.app = Litestar(routes, openapi_config=None, logging_config=None)

    def __call__(self, body: Any, *, auth: str | None = AUTH, slug: str = "emmen", **headers: str) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                sent = ({"Authorization": auth} if auth is not None else {}) | headers
                return await client.post(f"/webhooks/zaken/{slug}", content=content, headers=sent)

        return asyncio.run(call())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.hub.read_now(lambda tx: tx.all(sql))


@pytest.fixture
def post(tmp_path):
    gemeenten = [gemeente(slug, plugins={"zaak": zaak_settings()}) for slug in ("emmen", "zwolle")]
    hub = EmbeddedHub(loaded(tmp_path, gemeenten), clock=Klok(), plugins=Plugins({"zaak": ZaakConnector()}, {}, {})).open()
    yield Post(hub)
    hub.close()


def test_a_good_notification_is_stored_before_it_is_acknowledged(post):
    """204, one row, and the zaak is due to be fetched."""
    response = post(MELDING)
    assert (response.status_code, response.content) == (204, b"")
    assert post.rows("SELECT gemeente, zaak, resource, actie, aantal, afgehandeld_door FROM zaak_melding") == [
        ("emmen", UUID, "status", "create", 1, None)
    ]
    assert post.rows("SELECT gemeente, zaak, lease, vanaf IS NOT NULL FROM zaak_stand") == [("emmen", UUID, None, 1)]


@pytest.mark.parametrize("auth", [None, "", "Bearer", "Bearer hub ", "bearer hub", "Bearer hüb", "x" * 10_000])
@pytest.mark.parametrize("body", [MELDING, {"kanaal": "test"}, b"{", b"x" * (MAX_BODY_BYTES + 1)])
def test_without_the_right_authorization_nothing_is_looked_at(post, auth, body):
    """401, also for ``kanaal: test``, for nonsense and for too much; nothing is stored."""
    encoded = auth.encode("latin-1").decode("latin-1") if auth else auth
    response = post(body, auth=encoded.encode() if encoded else encoded)
    assert response.status_code == 401
    assert response.headers["content-type"].startswith("application/problem+json")
    assert post.rows("SELECT count(*) FROM zaak_melding") == [(0,)]


def test_an_unknown_gemeente_is_refused_like_a_wrong_password(post):
    """Who may not post does not learn which gemeenten there are."""
    assert post(MELDING, slug="onbekend").status_code == 401


def test_notifications_that_come_together_are_stored_together(post, monkeypatch):
    """They share a transaction; one that cannot be stored takes no other along."""
    store, groups = inbox.bewaar, []

    def bewaar(tx: Any, slug: str, notificatie: Any, now_us: int) -> bool:
        if notificatie.resource == "stuk":
            raise ValueError("this one cannot be stored")
        groups[-1].append(notificatie.actie)
        return store(tx, slug, notificatie, now_us)

    async def write(work: Any, *, urgent: bool = False) -> Any:
        groups.append([])
        return await EmbeddedHub.write(post.hub, work, urgent=urgent)

    async def calls() -> list[int]:
        headers = {"Authorization": AUTH}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=post.app), base_url="http://hub.test") as client:
            bodies = [MELDING | {"actie": f"a{number}", "resource": "stuk" if number == 3 else "rol"} for number in range(6)]
            sent = (client.post("/webhooks/zaken/emmen", json=body, headers=headers) for body in bodies)
            return [answer.status_code for answer in await asyncio.gather(*sent)]

    monkeypatch.setattr(inbox, "bewaar", bewaar)
    monkeypatch.setattr(post.hub, "write", write)
    assert asyncio.run(calls()) == [204, 204, 204, 500, 204, 204]
    assert sorted(post.rows("SELECT actie FROM zaak_melding")) == [("a0",), ("a1",), ("a2",), ("a4",), ("a5",)]
    assert max(len(group) for group in groups) > 1


def test_the_test_of_a_subscription_is_answered_with_2xx(post):
    """Open Notificaties posts it with and without auth and wants 2xx and 401."""
    ping = {
        "kanaal": "test",
        "resource": "some_resource",
        "actie": "some_actie",
        "hoofdObject": "http://some.hoofdobject.nl/",
        "resourceUrl": "http://some.resource.nl/",
        "aanmaakdatum": "2019-01-01T12:00:00Z",
        "kenmerken": {},
    }
    assert post(ping).status_code == 204
    assert post({"kanaal": "test"}).status_code == 204
    assert post(ping, auth=None).status_code == 401


def test_other_kanalen_and_resources_are_counted_and_never_refused(post):
    """A sender that gets an error for what we do not know would retry for ever."""
    for _ in range(3):
        assert post(MELDING | {"kanaal": "documenten"}).status_code == 204
    assert post(MELDING | {"resource": "iets-nieuws", "actie": "verzonnen"}).status_code == 204
    assert post(MELDING | {"hoofdObject": "https://elders.example/geen-zaak"}).status_code == 204
    assert sorted(post.rows("SELECT kanaal, aantal FROM zaak_melding_overig")) == [("documenten", 3), ("zaken", 1)]
    assert post.rows("SELECT resource FROM zaak_melding") == [("iets-nieuws",)]


def test_a_repeat_is_the_same_row_and_is_fetched_for_again(post):
    """Nothing marks a retry as one: same content, same row, open again."""
    post(MELDING)
    post.hub.database.write(lambda db: db.execute("UPDATE zaak_melding SET afgehandeld_door = 7")).result()
    assert post(MELDING | {"aanmaakdatum": "2026-11-21T19:12:29.836+01:00"}).status_code == 204
    assert post.rows("SELECT aantal, afgehandeld_door FROM zaak_melding") == [(2, None)]
    assert post(MELDING | {"actie": "update"}).status_code == 204
    assert post.rows("SELECT count(*) FROM zaak_melding") == [(2,)]


def test_gemeenten_do_not_share_notifications(post):
    """The same notification for two gemeenten is two."""
    assert post(MELDING).status_code == post(MELDING, slug="zwolle").status_code == 204
    assert sorted(post.rows("SELECT gemeente FROM zaak_melding")) == [("emmen",), ("zwolle",)]


@pytest.mark.parametrize("announce", [True, False])
def test_too_much_is_refused_whether_announced_or_not(post, announce):
    """413 over 1 MB; a sender that does not announce its length is cut off."""
    body = json.dumps(MELDING | {"kenmerken": {"x": "y" * MAX_BODY_BYTES}}).encode()

    async def chunks():
        for at in range(0, len(body), 65_536):
            yield body[at : at + 65_536]

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app=post.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
            content = body if announce else chunks()
            return await client.post("/webhooks/zaken/emmen", content=content, headers={"Authorization": AUTH})

    assert asyncio.run(call()).status_code == 413
    assert post.rows("SELECT count(*) FROM zaak_melding") == [(0,)]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", [""]),
        (b"{", [""]),
        (b"[]", [""]),
        (b"\xff\xfe", [""]),
        (b"[" * 100_000, [""]),
        ({}, ["kanaal", "hoofdObject", "resource", "resourceUrl", "actie", "aanmaakdatum"]),
        (MELDING | {"aanmaakdatum": "gisteren"}, ["aanmaakdatum"]),
        (MELDING | {"hoofdObject": "geen url", "actie": 7}, ["hoofdObject", "actie"]),
        (MELDING | {"kanaal": "k" * 51}, ["kanaal"]),
        (MELDING | {"kenmerken": ["x"]}, ["kenmerken"]),
    ],
)
def test_a_malformed_body_is_refused_with_every_error_and_kept_sealed(post, body, fields):
    """400 problem+json names all that is wrong; the body stays for inspection, unreadable without the key."""
    response = post(body)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("application/problem+json")
    assert [e["location"]["pointer"].removeprefix("#/") for e in response.json()["errors"]] == fields
    ((identity, key_id, content),) = post.rows("SELECT id, key_id, inhoud FROM zaak_melding_afgekeurd")
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert len(sent) < 8 or sent not in content
    opened = post.hub.vault.open(Sealed(key_id, identity, content))
    assert opened is not None
    assert base64.b64decode(opened[1]["inhoud"]) == sent


def test_of_many_malformed_bodies_the_newest_are_kept(post, monkeypatch):
    """Inspection does not fill the disk."""
    monkeypatch.setattr(inbox, "_MOST_REFUSED_KEPT", 3)
    for number in range(6):
        post.hub.clock.verder(seconds=1)
        assert post(str(number).encode()).status_code == 400
    assert post.rows("SELECT count(*) FROM zaak_melding_afgekeurd") == [(3,)]


def test_hostile_text_is_stored_as_text(post):
    """NUL and lone surrogates do not reach the store, quotes do as they are."""
    body = json.dumps(MELDING).replace('"create"', '"cre\\u0000ate\\ud800\'; DROP TABLE zaak_melding; --"').encode()
    assert post(body).status_code == 204
    assert post.rows("SELECT actie FROM zaak_melding") == [("create'; drop table zaak_melding; --",)]


@pytest.mark.parametrize("fault", [StoreUnavailable("disk full"), OSError(28, "No space left on device")])
def test_what_cannot_be_stored_is_not_accepted(post, monkeypatch, fault):
    """A full disk or a store that is away: 503 with Retry-After, never 204."""

    async def fail(*_args: Any, **_kwargs: Any) -> None:
        raise fault

    monkeypatch.setattr(post.hub, "write", fail)
    response = post(MELDING)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
