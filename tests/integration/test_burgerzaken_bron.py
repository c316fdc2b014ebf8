# SPDX-License-Identifier: EUPL-1.2
"""How the sources are met over real HTTP when they fail, are slow, send nonsense or send one elsewhere."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from http_in_draad import serve

from connectors.burgerzaken.bronnen import Bronnen
from connectors.burgerzaken.http import Bron, BronWeigert, Verzoek
from connectors.burgerzaken.settings import BurgerzakenSettings
from connectors.burgerzaken.zekering import Zekering
from hub.errors import SourceContractBroken, SourceUnavailable
from hub.privacy import Bsn

BSN = Bsn("999993653")
OK = (200, b'{"a": 1}', {"content-type": "application/json"})
VRAAG = Verzoek(method="GET", path="/x")


class Script:
    """Answers in turn what was written down, the last one for ever; a number is a wait in seconds."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append((scope["method"], scope["path"], headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            answer = OK
        status, body, given = answer
        names = [(name.encode(), value.encode()) for name, value in given.items()]
        await send({"type": "http.response.start", "status": status, "headers": names})
        if isinstance(body, list):
            for part in body:
                await send({"type": "http.response.body", "body": part, "more_body": True})
                await asyncio.sleep(0.05)
            body = b""
        await send({"type": "http.response.body", "body": body})


def settings(url: str, **changes: Any) -> BurgerzakenSettings:
    urls = dict.fromkeys(("brp_url", "bewoning_url", "bag_url", "verwerking_url", "update_url"), url)
    quick = {"timeout_s": 2.0, "eerste_pauze_s": 0.01, "zekering_na": 50}
    return BurgerzakenSettings.model_validate({**urls, **quick, **changes})


def ask(script: Script, verzoek: Verzoek = VRAAG, *, write: bool = False, **changes: Any) -> Any:
    """Ask once over real HTTP and return the answer or the error."""

    async def run(url: str) -> Any:
        bron = Bron("brp", url, settings(url, **changes))
        try:
            return await (bron.schrijf(verzoek) if write else bron.lees(verzoek))
        except (SourceUnavailable, SourceContractBroken) as fault:
            return fault
        finally:
            await bron.aclose()

    with serve(script) as url:
        return asyncio.run(run(url))


PROBLEM = {"content-type": "application/problem+json"}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_short_failure_is_tried_again_within_the_call(status):
    """A hiccup costs a case a moment, not a round through the ledger."""
    script = Script((status, b"", {}), (status, b"", {}), OK)
    assert ask(script).json == {"a": 1}
    assert len(script.seen) == 3


def test_trying_again_is_bounded():
    """After the last try the ledger decides when to come back."""
    script = Script((503, b'{"title": "Bezet", "code": "notAvailable"}', PROBLEM))
    fault = ask(script)
    assert isinstance(fault, SourceUnavailable)
    assert "503 (Bezet; notAvailable)" in str(fault)
    assert len(script.seen) == 3


def test_a_write_is_never_repeated_within_the_call():
    """Between two tries of a write the lease must be checked."""
    script = Script((500, b"", {}))
    assert isinstance(ask(script, Verzoek(method="POST", path="/x", json={}), write=True), SourceUnavailable)
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("een datum over 600 seconden", 600.0), ("morgen", None)],
)
def test_retry_after_is_passed_on_not_slept(value, seconds):
    """A long wait belongs to the ledger: the connection and the lease are free meanwhile."""
    if seconds == 600.0:
        value = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    script = Script((429, b"", {"retry-after": value}))
    began_s = time.monotonic()
    fault = ask(script)
    assert isinstance(fault, SourceUnavailable)
    assert time.monotonic() - began_s < 5
    if seconds is None:
        assert fault.retry_after_s is None
    else:
        assert fault.retry_after_s == pytest.approx(seconds, abs=10)
        assert len(script.seen) == 1


def test_a_short_retry_after_is_waited_for():
    """Who asks for one second gets it."""
    began_s = time.monotonic()
    assert ask(Script((429, b"", {"retry-after": "1"}), OK)).json == {"a": 1}
    assert time.monotonic() - began_s >= 0.9


def test_a_slow_source_times_out():
    """The whole answer counts, not only its first byte."""
    fault = ask(Script(5.0), timeout_s=0.2)
    assert isinstance(fault, SourceUnavailable)
    assert "within 0.2 s" in str(fault)
    drip = Script((200, [b" "] * 40, {"content-type": "application/json"}))
    assert isinstance(ask(drip, timeout_s=0.3, pogingen_per_aanroep=1), SourceUnavailable)


def test_nobody_there_is_a_source_that_is_away():
    """Connection refused is transient like a 503."""

    async def run() -> None:
        bron = Bron("bag", "http://127.0.0.1:9", settings("http://127.0.0.1:9"))
        with pytest.raises(SourceUnavailable, match="bag: GET /x failed \\(ConnectError\\)"):
            await bron.lees(VRAAG)
        await bron.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_and_not_hammered(status):
    """A person must mend it; it goes on by itself when they did."""
    script = Script((status, b"", {}))
    fault = ask(script)
    assert isinstance(fault, SourceUnavailable)
    assert "check the key" in str(fault)
    assert len(script.seen) == 1


@pytest.mark.parametrize("status", [400, 404, 406, 415])
def test_a_refusal_is_final(status):
    """The same question again would get the same answer."""
    body = (
        b'{"title":"Een of meerdere parameters zijn niet correct.","code":"paramsValidation",'
        b'"invalidParams":[{"name":"fields[3]","code":"fields"}]}'
    )
    script = Script((status, body, PROBLEM))
    fault = ask(script)
    assert isinstance(fault, BronWeigert)
    assert fault.status == status
    assert "fields[3]: fields" in str(fault)
    assert len(script.seen) == 1


def test_an_expected_404_is_an_answer():
    """No such address is something else than no such service."""
    answer = ask(Script((404, b"{}", PROBLEM)), Verzoek(method="GET", path="/x", verwacht=frozenset({404})))
    assert answer.status == 404


HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b"<html>onderhoud</html>", HTML), "'text/html' where JSON"),
        ((200, b'{"a": 1}', {}), "'no content type'"),
        ((200, b'{"a": ', {"content-type": "application/json"}), "cannot be read"),
        ((200, b"\xff\xfe", {"content-type": "application/json"}), "cannot be read"),
        ((200, b"[" * 100_000, {"content-type": "application/json"}), "cannot be read"),
        ((302, b"[" * 100_000, {"location": "/x/"}), "redirect \\(302\\)"),
        ((302, b"", {"location": "https://elders.example/"}), "redirect \\(302\\)"),
        ((307, b"", {"location": "/x/"}), "redirect \\(307\\)"),
        ((200, b" " * 10_000_001, {"content-type": "application/json"}), "more than 10,000,000 bytes"),
    ],
)
def test_what_is_no_answer_of_this_api_breaks_the_contract(answer, says):
    """A maintenance page with 200, half an answer and a redirect are all no facts."""
    script = Script(answer)
    fault = ask(script)
    assert isinstance(fault, SourceContractBroken)
    assert re.search(says, str(fault))
    assert len(script.seen) == 1


def test_a_redirect_is_not_followed():
    """Personal data would go to an address nobody configured."""
    script = Script((307, b"", {"location": "/elders"}), OK)
    ask(script, Verzoek(method="POST", path="/x", json={"b": 1}))
    assert [path for _, path, _ in script.seen] == ["/x"]


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    """Traffic with personal data goes where the settings say, and nowhere an environment says."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert ask(Script(OK)).json == {"a": 1}


# ------------------------------------------------------------------------------------------- no number in any record


def test_the_number_in_a_volgindicatie_path_is_in_no_error_and_no_log(caplog):
    """Its specification puts it in the path; wherever the request is recorded it is masked."""

    async def run(url: str) -> list[Exception]:
        bronnen, faults = Bronnen(settings(url, pogingen_per_aanroep=1, timeout_s=0.5)), []
        for _ in range(4):
            try:
                await bronnen.update.volg(BSN, tot_en_met=date(2026, 1, 1))
            except (SourceUnavailable, SourceContractBroken) as fault:
                faults.append(fault)
        await bronnen.aclose()
        return faults

    echo = b'{"title": "Fout", "detail": "nummer 999993653 is onbekend"}'
    script = Script((400, echo, PROBLEM), (500, echo, PROBLEM), 2.0, OK)
    with caplog.at_level(logging.DEBUG), serve(script) as url:
        faults = asyncio.run(run(url))
    assert script.seen[0][1] == "/volgindicaties/999993653"
    assert [type(fault).__name__ for fault in faults] == ["BronWeigert", "SourceUnavailable", "SourceUnavailable"]
    assert all("PUT /volgindicaties/***" in str(fault) for fault in faults)
    texts = [str(fault) + repr(fault) for fault in faults] + [record.getMessage() for record in caplog.records]
    assert any("/volgindicaties/***" in text for text in texts[3:]), "httpx logs its requests, masked"
    assert not [text for text in texts if "999993653" in text]


# --------------------------------------------------------------------------------------------------------- the fuse


def test_a_source_that_keeps_failing_is_left_alone_for_a_while():
    """Many waiting cases must not keep a source down that is coming back."""
    now_s = [0.0]
    fuse = Zekering("brp", na=3, pauze_s=10, monotonic_s=lambda: now_s[0])
    for _ in range(3):
        fuse.admit()
        fuse.failed()
    now_s[0] = 4.0
    with pytest.raises(SourceUnavailable, match="left alone for 6 s") as caught:
        fuse.admit()
    assert caught.value.retry_after_s == 6.0
    now_s[0] = 10.0
    fuse.admit()
    with pytest.raises(SourceUnavailable):
        fuse.admit()
    fuse.failed()
    assert fuse.is_open
    now_s[0] = 20.0
    fuse.admit()
    fuse.succeeded()
    assert not fuse.is_open
    fuse.admit()


def test_one_success_closes_the_count():
    """Failures count in a row, not in all."""
    fuse = Zekering("brp", na=2, pauze_s=10)
    for _ in range(5):
        fuse.admit()
        fuse.failed()
        fuse.admit()
        fuse.succeeded()
    assert not fuse.is_open


def test_a_cancelled_probe_does_not_lock_the_fuse():
    """A hub that stops in the middle of the probe says nothing about the source."""
    now_s = [0.0]
    fuse = Zekering("brp", na=1, pauze_s=1, monotonic_s=lambda: now_s[0])
    fuse.admit()
    fuse.failed()
    now_s[0] = 2.0
    fuse.admit()
    fuse.released()
    fuse.admit()


def test_the_fuse_stands_in_front_of_the_source():
    """With an open fuse nothing goes over the line."""

    async def run(url: str) -> None:
        bron = Bron("brp", url, settings(url, zekering_na=2, pogingen_per_aanroep=1, zekering_pauze_s=60))
        for _ in range(5):
            with pytest.raises(SourceUnavailable):
                await bron.lees(VRAAG)
        await bron.aclose()

    script = Script((500, b"", {}))
    with serve(script) as url:
        asyncio.run(run(url))
    assert len(script.seen) == 2


def test_a_refusal_is_no_failure_of_the_source():
    """One bad request must not keep all others from a source that works."""

    async def run(url: str) -> None:
        bron = Bron("brp", url, settings(url, zekering_na=1))
        for _ in range(3):
            with pytest.raises(BronWeigert):
                await bron.lees(VRAAG)
        assert not bron.zekering.is_open
        await bron.aclose()

    with serve(Script((400, b"{}", PROBLEM))) as url:
        asyncio.run(run(url))


def test_waiting_for_our_own_turn_is_no_slow_source():
    """Many cases at once share few connections; who waits for one has not been kept waiting by the source."""

    async def run(url: str) -> list[int]:
        bron = Bron("bag", url, settings(url, gelijktijdig=2, timeout_s=0.6, pogingen_per_aanroep=1))
        answers = await asyncio.gather(*(bron.lees(VRAAG) for _ in range(10)))
        await bron.aclose()
        return [answer.status for answer in answers]

    with serve(Script(0.2)) as url:
        assert asyncio.run(run(url)) == [200] * 10
