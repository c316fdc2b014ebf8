# SPDX-License-Identifier: EUPL-1.2
"""One trace from a notification to the other systems and back: W3C ``traceparent`` is kept, and every call is its own span."""

from __future__ import annotations

import asyncio
import re

import pytest
from hub_voor_tests import Klok, feit, zet
from motor import Doener, Verbinding, draait, opened, tot, uitgevoerd
from test_burgerzaken_bron import OK, VRAAG, Script, ask
from zaak_voor_tests import AUTH, Standin, draaiende_hub, hub_en_zaaksysteem, serving, zaak_settings

from connectors.burgerzaken.http import Verzoek
from hub import trace

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = GIVEN[3:35]
ZAAK = "0e7a4ea6-5aa7-4b8c-9a30-3c0ac8a3f2a1"
FORM = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01")


@pytest.mark.parametrize(
    ("header", "read"),
    [
        (GIVEN, GIVEN),
        (f" {GIVEN} ", GIVEN),
        ("cc" + GIVEN[2:] + "-more", GIVEN),
        (GIVEN + "-more", None),
        ("ff" + GIVEN[2:], None),
        ("00-" + "0" * 32 + GIVEN[35:], None),
        (GIVEN[:36] + "0" * 16 + "-01", None),
        (GIVEN.upper(), None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_good_traceparent_is_gone_on_with(header, read):
    """Anything else would break the trace of who reads it; a newer version is read as far as we know it."""
    assert trace.read(header) == read


def test_a_span_of_its_own_stays_in_the_trace():
    """Another span id each time, the same trace and flags."""
    spans = {trace.child(GIVEN) for _ in range(10)}
    assert len(spans) == 10
    assert {(span[:36], span[52:]) for span in spans} == {(GIVEN[:36], GIVEN[52:])}
    assert trace.child(None) is None
    assert FORM.fullmatch(trace.begin())


class Zaaksysteem(Standin):
    """Knows no zaak, and keeps the traceparent of each call about ours."""

    def __init__(self):
        super().__init__()
        self.traces = []

    async def __call__(self, scope, receive, send):
        headers = dict(scope["headers"])
        if ZAAK in scope["path"]:
            self.traces.append(headers.get(b"traceparent", b"").decode())
        await super().__call__(scope, receive, send)


def notified(tmp_path, headers):
    """Notify a hub of a zaak, and return what its zaaksysteem was asked with and what stands in the log."""

    async def main():
        source = Zaaksysteem()
        async with serving(source) as base, draaiende_hub(tmp_path, {"emmen": zaak_settings(base)}) as running:
            url = f"{base}/zaken/api/v1/zaken/{ZAAK}"
            body = {"kanaal": "zaken", "hoofdObject": url, "resource": "zaak", "resourceUrl": url, "actie": "destroy"}
            body |= {"aanmaakdatum": "2026-03-12T10:00:00Z", "kenmerken": {}}
            hook = f"{running.url}/webhooks/zaken/emmen"
            answer = await running.client.post(hook, json=body, headers={"Authorization": AUTH, **headers})
            assert answer.status_code == 204
            await tot(lambda: source.traces)
            kept = running.rows("SELECT traceparent FROM zaak_trace")
        return source.traces, kept

    return asyncio.run(main())


def test_the_trace_of_a_notification_goes_on_in_the_calls_it_leads_to(tmp_path):
    """Each with a span id of its own."""
    traces, _ = notified(tmp_path, {"traceparent": GIVEN})
    assert {found[3:35] for found in traces} == {TRACE}
    assert GIVEN not in traces
    assert len(set(traces)) == len(traces)


@pytest.mark.parametrize("headers", [{}, {"traceparent": "nonsense"}])
def test_a_notification_without_a_trace_begins_one(tmp_path, headers):
    """Nothing is kept for it: the fetch begins its own."""
    traces, kept = notified(tmp_path, headers)
    assert all(FORM.fullmatch(found) for found in traces)
    assert TRACE not in {found[3:35] for found in traces}
    assert kept == []


def test_events_opdrachten_and_outcomes_stay_in_the_trace(tmp_path):
    """From the fact that a zaak began with, through the flow and the ledger, to what came of it; log lines name it."""

    async def main():
        seen = []

        async def behaviour(opdracht):
            seen.append(trace.current())
            return uitgevoerd(opdracht)

        hub = opened(tmp_path, Verbinding(Doener(behaviour)), klok=Klok())
        async with draait(hub):
            zet(hub, feit("a", 1, traceparent=GIVEN), feit("b", 1))
            hub.flow_runner.wake()
            await tot(lambda: len(seen) == 2 and done(hub, "a"))
            chains = {key: {record.traceparent for record in tail(hub, key)} for key in "ab"}
        return seen, chains

    seen, chains = asyncio.run(main())
    assert set(seen) == {GIVEN, None}
    assert chains == {"a": {GIVEN}, "b": {None}}


def tail(hub, key):
    return hub.log.tail(hub.log.head("wissel.zaken", key).id, 0)


def done(hub, key):
    return len(tail(hub, key)) == 3


def test_the_registry_gets_a_span_of_the_trace():
    """Given with the request, or that of the work at hand."""
    script = Script(OK)
    with trace.follow(GIVEN):
        ask(script, VRAAG)
    ask(script, Verzoek(method="GET", path="/x", traceparent=GIVEN))
    ask(script, VRAAG)
    found = [headers.get("traceparent", "") for _, _, headers in script.seen]
    assert [span[3:35] for span in found] == [TRACE, TRACE, ""]
    assert GIVEN not in found


def test_what_a_fetch_puts_down_belongs_to_its_trace(tmp_path):
    """Every event of the zaaksysteem names the trace in which it was fetched."""

    async def main():
        async with hub_en_zaaksysteem(tmp_path) as (running, form):
            zaak = await form.aangifte()
            await form.app.delivery.idle()
            await running.settled()
            return [event.traceparent for event in running.events(zaak["uuid"])]

    found = asyncio.run(main())
    assert len(found) > 3
    assert all(FORM.fullmatch(traceparent) for traceparent in found)
