# SPDX-License-Identifier: EUPL-1.2
"""``wissel connector new | check``: begin a connector that keeps the rules, and see whether one does."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from importlib.resources import as_file, files
from pathlib import Path
from string import Template
from typing import Final

import click

from hub.errors import Refused

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")
_GROUPS: Final = ("wissel.connectors", "wissel.proeven")
_SUFFIX: Final = ".tmpl"


@click.group()
def connector() -> None:
    """Een connector van uzelf: beginnen en toetsen."""


@connector.command()
@click.argument("naam")
@click.option("--map", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Waar het pakket komt.")
def new(naam: str, folder: Path) -> None:
    """Maak een pakket met een connector die alle regels al houdt."""
    if not _NAME.fullmatch(naam) or keyword.iskeyword(naam):
        raise Refused(
            f"{naam!r} kan geen naam zijn: kleine letters, cijfers en streepjes, te beginnen met een letter (2 tot 40)"
        )
    target = folder / f"wissel-{naam}"
    if target.exists():
        raise Refused(f"{target} bestaat al; kies een andere naam of haal die map weg. Er is niets veranderd")
    words = {"naam": naam, "pakket": f"wissel_{naam.replace('-', '_')}"}
    with as_file(files("hub.conformiteit") / "sjabloon") as templates:
        for source in sorted(templates.rglob(f"*{_SUFFIX}")):
            name = source.relative_to(templates).with_suffix("").as_posix().replace("pakket/", f"{words['pakket']}/")
            written = target / name
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
    click.echo(f"{target} is gemaakt. Toets haar met: wissel connector check {naam}")


@connector.command()
@click.argument("naam")
@click.option(
    "--map", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Waar het pakket staat."
)
@click.option("-k", "only", default="", help="Alleen regels met dit in hun naam, zoals k7.")
def check(naam: str, folder: Path, only: str) -> None:
    """Toets een connector aan alle regels; zij hoeft nog niet geïnstalleerd te zijn."""
    if importlib.util.find_spec("pytest") is None:
        raise Refused('de regels draaien met pytest, en dat is hier niet: installeer het met `pip install "wissel[kit]"`')
    command = [sys.executable, "-m", "pytest", "--pyargs", "hub.conformiteit.regels", "-p", "hub.conformiteit.plugin"]
    command += [
        "--connector",
        naam,
        "-q",
        "-p",
        "no:cacheprovider",
        "--tb=short",
        "-rs",
        "-c",
        os.devnull,
        *(["-k", only] if only else []),
    ]
    with _importable(naam, folder / f"wissel-{naam}") as paths:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *filter(None, sys.path)])}
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own module
    if code:
        raise SystemExit(1)
    click.echo(f"{naam} houdt alle regels.")


@contextmanager
def _importable(naam: str, source: Path) -> Iterator[list[str]]:
    """Yield what must come on the path to find the connector: nothing when it is installed, else its folder."""
    if any(entry_points(group="wissel.connectors", name=naam)):
        yield []
        return
    project = source / "pyproject.toml"
    if not project.is_file():
        raise Refused(f"er is geen connector {naam}: installeer haar pakket, of begin er een met `wissel connector new {naam}`")
    points = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"]
    with tempfile.TemporaryDirectory() as folder:
        described = Path(folder) / f"wissel_{naam.replace('-', '_')}-0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: wissel-{naam}\nVersion: 0\n", encoding="utf-8")
        lines = [
            line for group in _GROUPS for line in (f"[{group}]", *(f"{k} = {v}" for k, v in points.get(group, {}).items()))
        ]
        (described / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield [str(source.resolve()), folder]
