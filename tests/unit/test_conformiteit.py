# SPDX-License-Identifier: EUPL-1.2
"""What the conformance kit itself promises: what it counts as a fact, what it leaves out, and how it asks the other side."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from bouwstenen import ZAAK, Fact, event
from pydantic import BaseModel, ConfigDict, Field

from hub.conformiteit import Proef
from hub.conformiteit.kant import Kant
from hub.conformiteit.opstelling import facts
from hub.conformiteit.regels import lax, silent

HERVAT = "nl.overheid.zaken.zaak-hervat.v1"
VERHUISD = "nl.brp.verhuisd.binnengemeentelijk.v1"


def of(event_type: str, besloten: Any = None, **given: Any) -> Any:
    return event(Fact(event_type, {}, besloten or {}), **given)


def test_a_connector_that_tells_of_a_resumed_zaak_is_held_to_it():
    """The kit puts its own questions down with that type; one that a connector tells is a fact like any other."""
    told, asked = of(HERVAT), of(HERVAT, {"proef": {"soort": "meld"}})
    assert facts([told, asked]) == {ZAAK: [HERVAT]}


def test_facts_of_every_topic_count_and_reports_do_not():
    read = "nl.wissel.brp.geraadpleegd.v1"
    events = [of(VERHUISD, topic="personen", key="emmen:p1"), of(read, topic="personen", key="emmen:p1")]
    assert facts(events, [read]) == {"emmen:p1": [VERHUISD]}
    assert facts([of("nl.wissel.opdracht.uitgevoerd.v1")]) == {}


class AlleenMaar(Proef):
    """Describes nothing, so that what the kit takes for granted shows."""


def test_a_message_is_refused_with_4xx_that_says_why_unless_its_kind_agreed_otherwise():
    weigert = AlleenMaar.weigert
    given = [(400, "fout"), (400, " "), (204, ""), (500, "fout"), (404, "weg")]
    assert [weigert(AlleenMaar, *answer) for answer in given] == [True, False, False, False, True]


async def _app(scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"]
    status = 200 if scope["path"] == "/goed" else 404
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"a": [{"b": 1}], "c": %s}' % (body or b"null")})


def test_the_hub_is_told_more_than_it_asked_for_and_the_proef_is_not(request):
    """In every JSON object one field more, and the length that goes with it."""
    kant, sent = Kant(_app, ongevraagd="te veel"), []
    request.addfinalizer(kant.close)

    async def receive() -> Any:
        return {"body": b"7", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(kant({"type": "http", "method": "GET", "path": "/goed", "headers": []}, receive, send))
    extra = b'"nietGevraagd": "te veel"'
    assert sent[1]["body"].count(extra) == 2
    assert dict(sent[0]["headers"])[b"content-length"] == str(len(sent[1]["body"])).encode()
    assert kant.vraag("GET", "/goed?x=1", 7) == {"a": [{"b": 1}], "c": 7}
    with pytest.raises(AssertionError, match="404"):
        kant.vraag("GET", "/fout")


async def _leave_running() -> asyncio.Task[None]:
    return asyncio.create_task(asyncio.sleep(3600))


def test_an_other_side_that_is_closed_leaves_no_thread_and_no_loop():
    """A fresh one is made for every rule: what it holds is given back, and closing it again is nothing."""
    before = set(threading.enumerate())
    kant = Kant(_app)
    (thread,) = set(threading.enumerate()) - before
    assert kant.vraag("GET", "/goed") == {"a": [{"b": 1}], "c": None}
    left = kant.doe(_leave_running())
    kant.close()
    kant.close()
    assert (left.cancelled(), thread.is_alive()) == (True, False)
    with pytest.raises(RuntimeError, match="closed"):
        kant.vraag("GET", "/goed")


class Binnen(BaseModel):
    gezegd: int = Field(1, description="Wat het is.")
    stil: int = 1


class Streng(BaseModel):
    model_config = ConfigDict(extra="forbid")
    los: Binnen | None = Field(None, description="Wat het is.")
    lijst: tuple[Binnen, ...] = Field((), description="Wat het is.")
    zelf: Streng | None = Field(None, description="Wat het is.")


def test_a_setting_inside_another_must_be_explained_and_strict_too():
    """However deep it lies, in a list or under a name; a model that holds itself is looked at once."""
    assert silent(Streng) == ["los.stil"]
    assert lax(Streng) == ["los"]
    assert (silent(Binnen), lax(Binnen)) == (["stil"], [""])
