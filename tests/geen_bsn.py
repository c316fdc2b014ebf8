# SPDX-License-Identifier: EUPL-1.2
"""A pytest plugin: fail a session in which a burgerservicenummer was written where it may not be.

Looked at are all files under pytest's own temporary folder (databases, their WALs, logs, settings), all output and log
lines of the tests, the address of every request that httpx sent, and every answer that is a metrics page or a problem.
What is found is named by its place, never by its number. The one exception is the path of a volgindicatie, where the
official specification asks for the number.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from hub.privacy import elfproef

OWN_INPUT: Final = frozenset({"bsns.txt", "proef.py"})  # known test persons for `wissel burgerzaken check`; a kit's other side
OWN_ADDRESS: Final = frozenset(  # tests that put a number in an address themselves, to see that it comes back nowhere
    {"tests/contract/test_burgerzaken_behaviour.py::test_no_answer_names_the_number_in_a_path"}
)
_TEST_NUMBER: Final = re.compile(rb"(?<!\d)999\d{6}(?!\d)")  # every test number lies in this range
_CHANCE: Final = re.compile(  # nine digits in a row do occur in a digest or a uuid
    rb"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?![0-9a-f])|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
)
_LONGEST_CHANCE: Final = 64
_VOLGINDICATIE: Final = re.compile(r"/volgindicaties/\d{9}(?=$|[/?])")
_TOLD: Final = ("application/problem+json", "text/plain")  # kinds of answers that say how things stand, and of nobody


def holds_number(content: bytes | mmap.mmap) -> bool:
    """True when nine digits of the test range that pass the elfproef stand in ``content``, not by chance."""
    return any(
        elfproef(match[0].decode("ascii")) and not _by_chance(content, match.start(), match.end())
        for match in _TEST_NUMBER.finditer(content)
    )


def _by_chance(content: bytes | mmap.mmap, start: int, end: int) -> bool:
    first = max(0, start - _LONGEST_CHANCE)
    around = content[first : end + _LONGEST_CHANCE]
    return any(m.start() + first <= start and end <= m.end() + first for m in _CHANCE.finditer(around))


def files_with_number(folder: Path) -> Iterator[Path]:
    """Yield the files under ``folder`` that hold a number, in order. Links are not followed: what they name is scanned."""
    for path in sorted(folder.rglob("*")):
        if path.name not in OWN_INPUT and path.is_file() and not path.is_symlink() and _file_holds_number(path):
            yield path


def _file_holds_number(path: Path) -> bool:
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return holds_number(content)


class Watch:
    """What was seen of this session: the places where a number stood."""

    def __init__(self) -> None:
        self.places: set[str] = set()
        self.test = "the start of the session"

    def see(self, place: str, text: str | bytes) -> None:
        """Look at one text, remember its place when a number is in it."""
        if holds_number(text if isinstance(text, bytes) else text.encode("utf-8", "replace")):
            self.places.add(f"{place} of {self.test}")

    def see_request(self, request: httpx.Request) -> None:
        """Look at the address of a request."""
        if self.test in OWN_ADDRESS:
            return
        self.see(f"address of a {request.method} request", _VOLGINDICATIE.sub("/volgindicaties/***", str(request.url)))

    def see_response(self, response: httpx.Response) -> None:
        """Look at an answer that may not be about anybody: metrics and problems."""
        if response.is_stream_consumed and response.headers.get("content-type", "").startswith(_TOLD):
            self.see(f"answer {response.status_code}", response.content)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember which test runs."""
        self.test = nodeid.partition("[")[0]  # a parameter may be a number

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at the output and log lines of a test."""
        for name, text in report.sections:
            self.see(name.lower(), text)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look at every file that is left, and fail the session when a number stood anywhere."""
        folder = getattr(session.config, "_tmp_path_factory", None)
        base = folder and folder._basetemp
        if base:
            self.places.update(f"file {path.relative_to(base)}" for path in files_with_number(base))
        if self.places and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name the places, not the numbers."""
        if self.places:
            terminalreporter.section("burgerservicenummer outside a sealed element", red=True, bold=True)
            for place in sorted(self.places):
                terminalreporter.write_line(place)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch: the session's reports, and what httpx sends and gets in this process."""
    watch = Watch()
    config.pluginmanager.register(watch, "geen-bsn-watch")
    _watch_httpx(config, watch)


def _watch_httpx(config: pytest.Config, watch: Watch) -> None:
    send, asend = httpx.Client.send, httpx.AsyncClient.send

    def watched(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        watch.see_request(request)
        response = send(client, request, **options)
        watch.see_response(response)
        return response

    async def awatched(client: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
        watch.see_request(request)
        response = await asend(client, request, **options)
        watch.see_response(response)
        return response

    def restore() -> None:
        httpx.Client.send, httpx.AsyncClient.send = send, asend  # type: ignore[method-assign]

    httpx.Client.send, httpx.AsyncClient.send = watched, awatched  # type: ignore[method-assign,assignment]
    config.add_cleanup(restore)
