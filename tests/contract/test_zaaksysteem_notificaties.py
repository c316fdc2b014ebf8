# SPDX-License-Identifier: EUPL-1.2
"""Subscribing to and being notified by the simulated zaaksysteem, faults included."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from zaaksysteem import Receiver, Sim

from connectors.zaak.simulator import Aflevering, Notificatiefouten, SimulatorConfig, Storing
from connectors.zaak.simulator.callback import Poster

FAST = Aflevering(basis_s=0.01, max_s=0.02, herhalingen=2)
ABONNEMENT = "/notificaties/api/v1/abonnement"


@pytest.fixture
def make() -> Iterator[Callable[..., tuple[Sim, Receiver]]]:
    """Return a maker of subscribed simulators with the given notification faults."""
    made: list[Sim] = []

    def build(seed: int = 1, **faults: float) -> tuple[Sim, Receiver]:
        receiver = Receiver()
        storing = Storing(notificaties=Notificatiefouten(**faults))
        made.append(Sim(SimulatorConfig(seed=seed, aflevering=FAST, storing=storing), deliver=receiver))
        made[-1].subscribe()
        receiver.received.clear()
        return made[-1], receiver

    yield build
    for sim in made:
        sim.close()


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    """Return what was received."""
    return [json.loads(body) for _, _, body in receiver.received]


def what(receiver: Receiver) -> list[tuple[str, str]]:
    """Return (resource, actie) in order of arrival."""
    return [(body["resource"], body["actie"]) for body in bodies(receiver)]


def tally(sim: Sim) -> dict[str, int]:
    """Return the books of the deliveries."""
    found: dict[str, int] = sim.root("/simulator/boeken").json()["afleveringen"]
    return found


def test_each_change_is_notified_once_in_order_with_the_literal_authorization(
    make: Callable[..., tuple[Sim, Receiver]],
) -> None:
    """Creation comes before rol and status; the header is what the subscriber asked for."""
    sim, receiver = make()
    zaak = sim.zaak()
    rol = sim.rol(zaak)
    sim.status(zaak, "Verhuizing in behandeling", "2026-01-05T10:00:00Z")
    sim.call("PATCH", zaak["url"], {"toelichting": "x"})
    sim.call("DELETE", rol["url"])
    sim.settle()
    assert what(receiver) == [
        ("zaak", "create"),
        ("rol", "create"),
        ("status", "create"),
        ("zaak", "partial_update"),
        ("rol", "destroy"),
    ]
    assert {(url, auth) for url, auth, _ in receiver.received} == {("http://hub.test/webhooks/zaken/emmen", "Bearer hub")}
    assert {body["hoofdObject"] for body in bodies(receiver)} == {zaak["url"]}
    assert bodies(receiver)[1]["kenmerken"]["zaaktype.catalogus"] == sim.zaaktype()["catalogus"]
    assert tally(sim) | {"wachtend": 0, "verloren": 0, "geaccepteerd": 5, "gepland": 5} == tally(sim)


def test_deleting_a_zaak_sends_one_destroy_and_nothing_of_its_children(
    make: Callable[..., tuple[Sim, Receiver]],
) -> None:
    """Its rollen and statussen are simply gone."""
    sim, receiver = make()
    zaak = sim.zaak()
    sim.rol(zaak)
    sim.call("DELETE", zaak["url"])
    sim.settle()
    assert what(receiver) == [("zaak", "create"), ("rol", "create"), ("zaak", "destroy")]


def test_notifications_and_trail_match_one_to_one(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """Same resources, same acties, same order."""
    sim, receiver = make()
    zaak = sim.zaak()
    sim.rol(zaak)
    sim.behandelaar(zaak)
    sim.resultaat(zaak)
    sim.status(zaak, "Afgehandeld", "2026-01-06T09:00:00Z")
    sim.settle()
    trail = sim.get(f"{zaak['url']}/audittrail")
    assert [(item["resource"], item["actie"], item["resourceUrl"]) for item in trail] == [
        (body["resource"], body["actie"], body["resourceUrl"]) for body in bodies(receiver)
    ]


def test_a_refused_change_is_not_notified(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """Nothing happened, so nothing is told."""
    sim, receiver = make()
    sim.call("POST", "/zaken/api/v1/zaken", {})
    sim.settle()
    assert receiver.received == []


# --- subscribing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("without_auth", "with_auth", "expected"),
    [
        (401, 204, None),
        (403, 200, None),
        (204, 204, "no-auth-on-callback-url"),
        (404, 204, "no-auth-on-callback-url"),
        (None, 204, "no-auth-on-callback-url"),
        (401, 401, "invalid-callback-url"),
        (401, None, "invalid-callback-url"),
    ],
)
def test_a_callback_must_refuse_without_and_accept_with_its_auth(
    without_auth: int | None, with_auth: int | None, expected: str | None
) -> None:
    """The check that Open Notificaties makes, with kanaal "test", before it takes a subscription."""
    asked: list[tuple[str | None, str]] = []

    async def deliver(_url: str, auth: str | None, body: bytes) -> int | None:
        asked.append((auth, json.loads(body)["kanaal"]))
        return with_auth if auth == "Bearer hub" else without_auth

    sim = Sim(deliver=deliver)
    body = {"callbackUrl": "http://hub.test/", "auth": "Bearer hub", "kanalen": [{"naam": "zaken", "filters": {}}]}
    response = sim.call("POST", ABONNEMENT, body)
    if expected is None:
        assert response.status_code == 201
        assert "auth" not in response.json()
        assert asked == [(None, "test"), ("Bearer hub", "test")]
    else:
        assert response.status_code == 400
        assert response.json()["invalidParams"][0]["code"] == expected
    sim.close()


def test_unknown_kanalen_and_filters_are_refused(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """A subscription that could never match is no subscription."""
    sim, _ = make()
    body = {"callbackUrl": "http://hub.test/", "auth": "Bearer hub"}
    unknown = sim.call("POST", ABONNEMENT, {**body, "kanalen": [{"naam": "onzin"}]})
    assert unknown.json()["invalidParams"][0]["code"] == "kanaal_naam"
    wrong = sim.call("POST", ABONNEMENT, {**body, "kanalen": [{"naam": "zaken", "filters": {"kleur": "groen"}}]})
    assert wrong.json()["invalidParams"][0]["code"] == "inconsistent-abonnement-filters"


def test_filters_let_through_what_matches_exactly_and_stars(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """Another vertrouwelijkheidaanduiding is kept away."""
    sim, receiver = make()
    sim.call("DELETE", sim.get(ABONNEMENT)[0]["url"])
    filters = {"vertrouwelijkheidaanduiding": "openbaar", "bronorganisatie": "*"}
    body = {"callbackUrl": "http://hub.test/", "auth": "Bearer hub", "kanalen": [{"naam": "zaken", "filters": filters}]}
    sim.post(ABONNEMENT, body)
    receiver.received.clear()
    sim.zaak("OF-1")
    sim.zaak("OF-2", vertrouwelijkheidaanduiding="openbaar")
    sim.settle()
    assert len(receiver.received) == 1


def test_a_subscription_is_changed_and_ended_by_its_owner_only(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """Another application gets 403."""
    sim, receiver = make()
    url = sim.get(ABONNEMENT)[0]["url"]
    assert sim.call("DELETE", url, client_id="beheer").status_code == 403
    assert sim.call("PATCH", url, {"callbackUrl": "http://elders.test/"}).json()["callbackUrl"] == "http://elders.test/"
    assert sim.call("DELETE", url).status_code == 204
    assert sim.call("DELETE", url).status_code == 404
    receiver.received.clear()
    sim.zaak()
    sim.settle()
    assert receiver.received == []


def test_others_may_publish_and_errors_are_bare(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """As Open Notificaties answers: {field: [reason]}."""
    sim, receiver = make()
    url = "/notificaties/api/v1/notificaties"
    refused = sim.call("POST", url, {"kanaal": "zaken"})
    assert refused.status_code == 400
    assert refused.json()["actie"] == ["Dit veld is vereist."]
    sim.zaak()
    sim.settle()
    sim.post(url, bodies(receiver)[0])
    sim.settle()
    assert what(receiver) == [("zaak", "create")] * 2
    assert sim.call("POST", url, {**bodies(receiver)[0], "kanaal": "onzin"}).json() == {
        "kanaal": ["Kanaal met deze naam bestaat niet."]
    }


# --- faults -----------------------------------------------------------------------------------------------------------


def test_what_is_not_accepted_is_tried_again_and_looks_the_same(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """A retry cannot be told from the first try; nothing behind it waits."""
    sim, receiver = make()
    receiver.statuses = [500, 204, 503]
    sim.zaak("OF-1")
    sim.zaak("OF-2")
    sim.settle()
    sent = [body for _, _, body in receiver.received]
    assert (len(sent), len(set(sent))) == (4, 2)
    assert tally(sim) | {"geprobeerd": 4, "geaccepteerd": 2, "mislukt": 2, "opgegeven": 0} == tally(sim)


def test_after_the_last_retry_a_notification_is_dropped_silently(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """As with Open Notificaties: no dead letter, only our books know."""
    sim, receiver = make()
    receiver.statuses = [None, 500, 500]
    sim.zaak()
    sim.settle()
    assert tally(sim) | {"geprobeerd": 3, "geaccepteerd": 0, "opgegeven": 1, "wachtend": 0} == tally(sim)


def test_losses_duplicates_and_overtaking_come_on_request(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """Everything lost; everything twice; order broken: as asked."""
    sim, receiver = make(verlies=1.0)
    sim.zaak()
    sim.settle()
    assert (receiver.received, tally(sim)["verloren"]) == ([], 1)
    sim, receiver = make(dubbel=1.0)
    sim.zaak()
    sim.settle()
    assert what(receiver) == [("zaak", "create")] * 2
    assert receiver.received[0] == receiver.received[1]
    sim, receiver = make(herordenen=0.5, vertraging_max_s=0.01)
    zaak = sim.zaak()
    for number in range(8):
        sim.call("PATCH", zaak["url"], {"toelichting": str(number)})
    sim.settle()
    arrived = [body["aanmaakdatum"] for body in bodies(receiver)]
    assert len(arrived) == 9
    assert arrived != sorted(arrived)


def test_faults_follow_from_the_seed_whatever_the_order(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """The same notifications are lost in every run with the same seed, others with another."""

    def survivors(seed: int, order: list[int]) -> set[str]:
        sim, receiver = make(seed=seed, verlies=0.5)
        for number in order:
            sim.zaak(f"OF-{number}")
        sim.settle()
        return {body["hoofdObject"] for body in bodies(receiver)}

    forward = survivors(5, list(range(30)))
    assert survivors(5, list(range(29, -1, -1))) == forward
    assert 5 < len(forward) < 25
    assert len(survivors(6, list(range(30)))) != 0


def test_faults_can_be_changed_while_it_runs(make: Callable[..., tuple[Sim, Receiver]]) -> None:
    """From the next notification on."""
    sim, receiver = make()
    sim.root("/simulator/storing", "POST", {"notificaties": {"verlies": 1.0}})
    sim.zaak("OF-1")
    sim.root("/simulator/storing", "POST", {"notificaties": {"verlies": 0.0}})
    sim.zaak("OF-2")
    sim.settle()
    assert len(receiver.received) == 1


# --- the small HTTP client --------------------------------------------------------------------------------------------


async def _serve(answers: list[bytes | None], seen: list[bytes]) -> asyncio.Server:
    """Serve one answer per request; None closes the connection instead."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                seen.append(head + await reader.readexactly(length))
                answer = answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", 0)


def _post_all(answers: list[bytes | None], count: int, **options: Any) -> tuple[list[int | None], list[bytes]]:
    async def run() -> tuple[list[int | None], list[bytes]]:
        seen: list[bytes] = []
        server = await _serve(answers, seen)
        port = server.sockets[0].getsockname()[1]
        poster = Poster(options.get("timeout_s", 2.0))
        url = f"http://127.0.0.1:{port}/hook?x=1"
        statuses = [await poster(url, options.get("auth", "Bearer hub"), b'{"a":1}') for _ in range(count)]
        await poster.close()
        server.close()
        return statuses, seen

    return asyncio.run(run())


def test_posts_share_a_connection_and_carry_the_header_as_given() -> None:
    """What goes over the wire is what Open Notificaties sends."""
    no_content = b"HTTP/1.1 204 No Content\r\n\r\n"
    body = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nfout"
    statuses, seen = _post_all([no_content, body, no_content], 3)
    assert statuses == [204, 400, 204]
    assert seen[0].startswith(b"POST /hook?x=1 HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer hub\r\n" in seen[0]
    assert b"\r\nContent-Type: application/json\r\n" in seen[0]
    assert seen[0].endswith(b'\r\n\r\n{"a":1}')


def test_without_auth_no_header_is_sent() -> None:
    """The first half of the subscription check."""
    statuses, seen = _post_all([b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"], 1, auth=None)
    assert statuses == [401]
    assert b"authorization" not in seen[0].lower()


def test_a_kept_connection_that_was_closed_costs_no_post() -> None:
    """The other side may close what it kept: the post goes over a new connection."""
    closing = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    assert _post_all([closing, closing], 2)[0] == [204, 204]
    no_content = b"HTTP/1.1 204 No Content\r\n\r\n"
    statuses, seen = _post_all([no_content, None, no_content], 2)
    assert (statuses, len(seen)) == ([204, 204], 3)


@pytest.mark.parametrize("answer", [None, b"onzin\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_a_broken_answer_is_no_acceptance(answer: bytes | None) -> None:
    """It counts as not accepted and is tried again later."""
    assert _post_all([answer], 1)[0] == [None]


def test_an_unreachable_or_silent_callback_is_no_acceptance() -> None:
    """Refused connections and time-outs are answers too: none."""
    assert asyncio.run(Poster(1.0)("http://127.0.0.1:9/", "x", b"{}")) is None
    silent = b"HTTP/1.1 204 No"
    assert _post_all([silent], 1, timeout_s=0.1)[0] == [None]
