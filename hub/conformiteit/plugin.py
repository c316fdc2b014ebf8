# SPDX-License-Identifier: EUPL-1.2
"""What pytest needs to run the rules (``-p hub.conformiteit.plugin --connector NAME``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from hub.conformiteit import Proef
from hub.conformiteit.opstelling import Opstelling


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of the connector."""
    parser.addoption("--connector", help="De connector die wordt getoetst, zoals zij onder wissel.connectors staat.")


@pytest.fixture
def connector(request: pytest.FixtureRequest) -> str:
    """Return the name of the connector under test."""
    name = request.config.getoption("--connector")
    if not name:
        pytest.fail("noem de connector: --connector NAAM", pytrace=False)
    return str(name)


@pytest.fixture
def proef(connector: str) -> Iterator[Proef]:
    """Return a fresh other side."""
    for point in entry_points(group="wissel.proeven", name=connector):
        made: Proef = point.load()()
        yield made
        made.close()
        return
    pytest.fail(f'er is geen proef voor {connector}: zet er een onder [project.entry-points."wissel.proeven"]', pytrace=False)


@pytest.fixture
def opstelling(tmp_path: Path, connector: str, proef: Proef) -> Iterator[Opstelling]:
    """Return a hub with the connector and its other side, not started yet."""
    folder = tmp_path / "hub"
    folder.mkdir()
    found = Opstelling(folder, connector=connector, proef=proef)
    yield found
    found.close()


@pytest.fixture
def tweede(tmp_path: Path, connector: str, opstelling: Opstelling) -> Iterator[Callable[[], Opstelling]]:
    """Return what makes another hub at the same other side."""
    made: list[Opstelling] = []

    def make() -> Opstelling:
        folder = tmp_path / f"hub-{len(made) + 2}"
        folder.mkdir()
        made.append(Opstelling(folder, connector=connector, proef=opstelling.proef, loket=opstelling.loket))
        return made[-1]

    yield make
    for found in made:
        found.close()
