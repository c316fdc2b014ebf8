# SPDX-License-Identifier: EUPL-1.2
"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from hub.privacy import elfproef

PRODUCT = ("connectors", "demo", "hub", "projections", "schemas", "scripts")
SPDX = "# SPDX-License-Identifier: EUPL-1.2"
NINE_DIGITS = re.compile(r"(?<![0-9A-Za-z.])\d{9}(?![0-9A-Za-z])")
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|work|Users)/\w+")
REQUIREMENT = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==\S+")


@pytest.fixture(scope="module")
def files(repo: Path) -> list[Path]:
    """Every file that is, or with the next commit would be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=repo, capture_output=True, check=True, text=True).stdout.split("\0")
    return [repo / name for name in listed if name and (repo / name).is_file()]


@pytest.fixture(scope="module")
def texts(files: list[Path]) -> dict[Path, str]:
    """Those of them that are text."""
    found = {}
    for file in files:
        try:
            found[file] = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


@pytest.fixture(scope="module")
def product(texts: dict[Path, str], repo: Path) -> dict[Path, str]:
    """The Python of the product, without its tests."""
    return {f: t for f, t in texts.items() if f.suffix == ".py" and f.relative_to(repo).parts[0] in PRODUCT}


def test_every_python_file_says_its_licence(texts: dict[Path, str]) -> None:
    """Who copies one file out knows under which terms."""
    assert [f for f, text in texts.items() if f.suffix == ".py" and text and not text.startswith(SPDX)] == []


def test_no_burgerservicenummer_outside_the_test_range(texts: dict[Path, str]) -> None:
    """Nine digits that pass the elfproef and do not start with 999 may be somebody's."""
    suspects = [
        (file, text.count("\n", 0, match.start()) + 1)
        for file, text in texts.items()
        for match in NINE_DIGITS.finditer(text)
        if elfproef(match[0]) and not match[0].startswith("999")
    ]
    assert suspects == []


def test_no_path_of_somebodys_machine(texts: dict[Path, str]) -> None:
    """What works only where it was written does not work."""
    assert [(f, m[0]) for f, text in texts.items() for m in MACHINE_PATH.finditer(text)] == []


def test_no_module_is_longer_than_400_lines(product: dict[Path, str]) -> None:
    """A module fits in a head."""
    assert {f: n for f, text in product.items() if (n := len(text.splitlines())) > 400} == {}


def test_no_function_is_longer_than_60_lines(product: dict[Path, str]) -> None:
    """A function fits on a screen."""
    assert [(f, name, n) for f, text in product.items() for name, n in functions(text) if n > 60] == []


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Name and length in lines of each function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_every_requirement_is_pinned_with_hashes(repo: Path) -> None:
    """What is installed tomorrow is, to the byte, what was tested today."""
    locks = sorted((repo / "requirements").glob("*.txt"))
    assert len(locks) >= 8
    for lock in locks:
        lines = [ln for ln in lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines() if ln and ln[0] != "#"]
        assert lines, lock
        assert [ln[:60] for ln in lines if not REQUIREMENT.match(ln) or "--hash=sha256:" not in ln] == [], lock


def test_requirements_name_no_address(repo: Path) -> None:
    """Where packages come from is the business of the machine that installs them."""
    for lock in (repo / "requirements").iterdir():
        assert "://" not in lock.read_text(encoding="utf-8"), lock


def test_runtime_versions_are_the_same_in_every_set(repo: Path) -> None:
    """The tests run on the versions that are shipped."""

    def pins(name: str) -> dict[str, str]:
        lines = (repo / "requirements" / name).read_text(encoding="utf-8").splitlines()
        return dict(ln.split(" ")[0].split("==") for ln in lines if REQUIREMENT.match(ln))

    base = pins("base.txt")
    for name in ("test.txt", "bench.txt", "kafka.txt", "postgres.txt"):
        assert pins(name).items() >= base.items(), name


def test_what_is_imported_is_declared(product: dict[Path, str], repo: Path) -> None:
    """What only happens to be installed because something else needs it may be gone tomorrow."""
    project = tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    declared = {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in lines}
    ours = {*PRODUCT, *sys.stdlib_module_names}
    packages = packages_distributions()
    imported = {name for text in product.values() for name in imports(text)} - ours
    assert {n for n in imported if not {d.lower().replace("_", "-") for d in packages.get(n, [])} & declared} == set()


def imports(source: str) -> Iterator[str]:
    """Top-level names of what a module imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_web_lock_holds_hashes_and_no_addresses(repo: Path) -> None:
    """The web packages too are what was tested, from wherever they come."""
    text = (repo / "web" / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: p for name, p in json.loads(text)["packages"].items() if name}
    assert packages
    assert "://" not in text
    assert [name for name, p in packages.items() if "resolved" in p or not p["integrity"].startswith("sha512-")] == []


def test_web_packages_are_pinned_exactly(repo: Path) -> None:
    """No range lets another version in."""
    package = json.loads((repo / "web" / "package.json").read_text(encoding="utf-8"))
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert [v for v in versions if not v[0].isdigit()] == []


def test_the_import_arrows_are_held(repo: Path) -> None:
    """Schemas know nobody, the hub knows no plugin, and plugins do not know each other."""
    linter = tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    forbidden = {s: set(c["forbidden_modules"]) for c in linter["contracts"] if c["type"] == "forbidden"
                 for s in c["source_modules"]}  # fmt: skip
    independent = [set(c["modules"]) for c in linter["contracts"] if c["type"] == "independence"]
    assert set(linter["root_packages"]) == {"schemas", "hub", "connectors", "projections", "demo"}
    assert forbidden["schemas"] >= {"hub", "connectors", "projections", "demo"}
    assert forbidden["hub"] >= {"connectors", "projections", "demo"}
    for package in ("connectors", "projections"):
        plugins = {f"{package}.{p.parent.name}" for p in (repo / package).glob("*/__init__.py")}
        assert any(names >= plugins for names in independent), f"a contract must name each of {sorted(plugins)}"
    assert any(names >= {"connectors", "projections", "demo"} for names in independent)
