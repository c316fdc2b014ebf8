# SPDX-License-Identifier: EUPL-1.2
"""Sessions end in time, tokens are compared whole, and settings that cannot be right are named."""

from __future__ import annotations

import pytest
from litestar.testing import RequestFactory
from nephub import EMMEN, bsns
from pydantic import ValidationError

from hub.api.auth import Tokens, new_token
from hub.api.problems import FieldError, problem_of
from hub.api.sessions import Medewerker, Sessie, Sessies
from hub.api.settings import ApiSettings, TokenSettings, is_loopback
from hub.errors import ConfigError, Conflict, Invalid, KeyMissing, LostRace, NotFound, Refused, SourceUnavailable

POST = RequestFactory().post("/")
STAFF = Medewerker("sam", "Sam", None, frozenset())


class Now:
    """Seconds, moved by hand."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


def sessies(now: Now, **more) -> Sessies:
    return Sessies(ApiSettings(**more), now)


def test_a_session_ends_after_fifteen_minutes_without_activity() -> None:
    """Each activity starts the quarter of an hour anew; a refresh by the page itself does not."""
    now = Now()
    kept = sessies(now)
    token = kept.begin(Sessie("inwoner", "emmen", persoon="p"))
    now.at += 14 * 60
    assert kept.find(token)
    now.at += 14 * 60
    assert kept.find(token, active=False)
    now.at += 2 * 60
    assert kept.find(token) is None
    assert kept.logged_in() == 0


@pytest.mark.parametrize(
    ("who", "hours"), [(Sessie("inwoner", "emmen", persoon="p"), 2), (Sessie("medewerker", "emmen", medewerker=STAFF), 8)]
)
def test_a_session_ends_however_active(who: Sessie, hours: int) -> None:
    """A resident logs in again after two hours, staff after eight."""
    now = Now()
    kept = sessies(now)
    token = kept.begin(who)
    for _ in range(hours * 6 - 1):
        now.at += 600
        assert kept.find(token)
    now.at += 601
    assert kept.find(token) is None


def test_the_longest_unused_session_goes_when_there_are_too_many() -> None:
    """Memory is bounded; logging in costs nobody who is active their session."""
    now = Now()
    kept = sessies(now, sessies_hoogstens=10)
    first = kept.begin(Sessie("inwoner", "emmen", persoon="0"))
    second = kept.begin(Sessie("inwoner", "emmen", persoon="1"))
    for number in range(9):
        assert kept.find(first)
        kept.begin(Sessie("inwoner", "emmen", persoon=str(number)))
    assert kept.find(first)
    assert kept.find(second) is None
    assert kept.logged_in() == 10


def test_tokens_are_found_by_their_hash_only() -> None:
    """Every token has one holder; what is not a token has none."""
    token, digest = new_token()
    other, other_digest = new_token()
    found = Tokens(
        [TokenSettings(naam="a", sha256=digest, gemeente="emmen", scopes=["stand:lezen"]),
         TokenSettings(naam="b", sha256=other_digest, gemeente="emmen", scopes=[])],
        {"emmen": EMMEN},
    )  # fmt: skip
    assert found.holder(token).naam == "a"
    assert found.holder(other).naam == "b"
    for wrong in (digest, token[:-1], token + "x", "", "\ud800"):
        assert found.holder(wrong) is None


def test_wrong_tokens_in_settings_are_all_named() -> None:
    """An unknown gemeente and a token used twice, in one error."""
    _, digest = new_token()
    twice = [TokenSettings(naam=n, sha256=digest, gemeente="assen", scopes=[]) for n in "ab"]
    with pytest.raises(ConfigError) as caught:
        Tokens(twice, {"emmen": EMMEN})
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("wrong", [{"scopes": ["alles"]}, {"sha256": "kort"}, {"token": "zelf"}, {"naam": ""}])
def test_token_settings_refuse_what_they_do_not_know(wrong) -> None:
    """A scope that does not exist, or a token in clear, is an error at start."""
    good = {"naam": "a", "sha256": "0" * 64, "gemeente": "emmen", "scopes": ["stand:lezen"]}
    TokenSettings(**good)
    with pytest.raises(ValidationError):
        TokenSettings(**{**good, **wrong})


@pytest.mark.parametrize(
    ("given", "secure"),
    [
        ({}, False),
        ({"host": "0.0.0.0"}, True),
        ({"publieke_url": "https://x.nl"}, True),
        ({"publieke_url": "http://127.0.0.1:1"}, False),
    ],
)
def test_cookies_are_secure_everywhere_but_on_plain_loopback(given, secure) -> None:
    """A server that others can reach speaks https to browsers."""
    assert ApiSettings(**given).secure is secure


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("[::1]", True), ("localhost", True), ("localhost.x.nl", False),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("", False), ("127.0.0.1.x.nl", False)],
)  # fmt: skip
def test_loopback(host: str, expected: bool) -> None:
    """Only this machine is this machine."""
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid([("a", "x"), ("b", "y")]), 400),
        (NotFound("n"), 404),
        (Conflict("c"), 409),
        (LostRace("l"), 503),
        (SourceUnavailable("s"), 503),
        (KeyMissing("k"), 500),
        (Refused("r"), 500),
        (ValueError("v"), 500),
    ],
)
def test_the_branch_of_the_error_decides_the_status(error, status) -> None:
    """The asker's mistakes are 4xx, what may succeed later 503, the rest is ours."""
    problem = problem_of(POST, error)
    assert problem.status == status
    assert {"status", "title", "detail"} <= set(problem.as_json())


def test_all_errors_at_once_and_no_bsn_in_any() -> None:
    """Whatever a check put into its text, a BSN does not leave."""
    number = bsns(1)[0]
    body = problem_of(POST, Invalid([("a.b", f"{number} is fout"), ("c", "leeg")])).as_json()
    assert [error["location"] for error in body["errors"]] == [{"pointer": "#/a/b"}, {"pointer": "#/c"}]
    assert number not in str(body)
    assert number not in str(problem_of(POST, Conflict(f"{number} bestaat al")).as_json())
    assert FieldError("query", "limit", "x").as_json()["location"] == {"name": "limit"}
