# SPDX-License-Identifier: EUPL-1.2
"""Documentation that says something else than the code is worse than none."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
TABLES = ("settings", "commands", "events", "metrics", "api", "retries", "logs")


@pytest.fixture(scope="module")
def reference(repo: Path) -> dict[str, Any]:
    """The generated tables, by name."""
    spec = importlib.util.spec_from_file_location("reference", repo / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {table.name: table for table in module.TABLES}


@pytest.fixture(scope="module")
def pages(repo: Path) -> list[Path]:
    """Every page a person reads."""
    return [*repo.glob("*.md"), *(repo / "docs").rglob("*.md")]


def test_every_generated_table_is_tested(reference: dict[str, Any]) -> None:
    """A table that nobody compares drifts."""
    assert set(reference) == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_reference_says_what_the_code_says(reference: dict[str, Any], name: str) -> None:
    """Each setting, command, event type, metric and log event is documented, and nothing that is not there is."""
    table = reference[name]
    assert table.written() == table.expected(), "run: make docs"


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_the_reference_is_explained(reference: dict[str, Any], name: str) -> None:
    """A name in a list is no explanation."""
    assert [row[0] for row in reference[name].written() if not row[-1]] == []


def test_every_link_leads_somewhere(pages: list[Path]) -> None:
    """A newcomer who follows a link finds what it promises, the heading too."""
    broken = [f"{page.name}: {link}" for page in pages for link in links(page) if not leads(page, link)]
    assert broken == []


def links(page: Path) -> list[str]:
    """Links of a page to other files of this repository."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = [first or second for first, second in LINK.findall(text)]
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def leads(page: Path, link: str) -> bool:
    """Whether the file is there, and in it the heading."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return False
    if not anchor:
        return True
    headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_settings_in_the_guides_are_good_settings(repo: Path, tmp_path: Path) -> None:
    """Who copies the example from the guide, with their own values, has a hub that starts."""
    from hub.settings import load

    guides = [repo / "docs" / "how-to" / f"{name}.md" for name in ("een-hub-installeren", "een-gemeente-toevoegen")]
    text = "\n".join(guide.read_text(encoding="utf-8") for guide in guides)
    blocks = re.findall(r"^ *```toml\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    example = "\n".join(map(textwrap.dedent, blocks)).replace("zwolle", "emmen").replace("...", "0" * 64)
    example += '[gemeenten.emmen.zaak.objecten]\nurl = "https://objecten.example"\ntoken = "t"\n'
    for name in set(re.findall(r'"/etc/wissel/(.+?)"', example)):
        (tmp_path / name).write_text("ab" * 32, encoding="utf-8")
    settings = tmp_path / "wissel.toml"
    settings.write_text(example.replace("/etc/wissel", str(tmp_path)), encoding="utf-8")
    assert set(load(settings, {}).gemeenten) == {"emmen"}


def test_every_page_is_linked_from_somewhere(pages: list[Path], repo: Path) -> None:
    """A page that no page leads to is not read."""
    linked = {(page.parent / link.partition("#")[0]).resolve() for page in pages for link in links(page)}
    roots = {repo / name for name in ("README.md", "CODE_OF_CONDUCT.md")}
    assert [page for page in pages if page.resolve() not in linked and page not in roots] == []


def test_decisions_are_numbered_without_holes(repo: Path) -> None:
    """The index of decisions names each record, and each has a status."""
    folder = repo / "docs" / "besluiten"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(r.name[:4]) for r in records] == list(range(1, len(records) + 1))
    assert [r.name for r in records if r.name not in index or "\nStatus: " not in r.read_text(encoding="utf-8")] == []


def test_every_link_of_the_readme_to_make_is_a_target(repo: Path) -> None:
    """What the documentation says to type can be typed."""
    targets = set(re.findall(r"^([a-z]+):", (repo / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = {
        match
        for page in [*repo.glob("*.md"), *(repo / "docs").rglob("*.md")]
        for match in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert asked <= targets
