# SPDX-License-Identifier: EUPL-1.2
"""What docker-compose.yml starts is what Wissel has: commands, settings and secrets; nothing is more open than it need be."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.cli import wissel
from hub.settings import load

COMPOSE = "docker-compose.yml"


@pytest.fixture
def services(repo: Path) -> dict[str, Any]:
    return yaml.safe_load((repo / COMPOSE).read_text(encoding="utf-8"))["services"]


@pytest.fixture
def names(repo: Path) -> tuple[str, ...]:
    """The secrets that the installation makes for itself."""
    text = (repo / "deploy" / "maak-geheimen.py").read_text(encoding="utf-8")
    return (*re.findall(r'"([a-z-]+)"', text.split("NAMES = ")[1].split("\n")[0]), "database")


def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if name not in {"kafka", "postgres", "geheimen"}}


def test_every_command_exists(services: dict[str, Any]) -> None:
    for name, service in ours(services).items():
        if "entrypoint" not in service:
            assert service["command"][0] in {*wissel.commands, "topics"}, name


def test_our_processes_run_as_nobody_on_a_read_only_root(services: dict[str, Any]) -> None:
    for name, service in ours(services).items():
        assert service["read_only"] is True, name
        assert service["user"] == "10001:10001", name
        assert service["cap_drop"] == ["ALL"], name


def test_only_the_pages_are_published_and_on_loopback(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in published["web"])


def test_the_settings_hold_and_name_only_secrets_that_are_made(repo: Path, tmp_path: Path, names: tuple[str, ...]) -> None:
    text = (repo / "deploy" / "wissel.toml").read_text(encoding="utf-8")
    used = set(re.findall(r'"/geheimen/([a-z-]+)"', text))
    assert used <= set(names)
    for name in names:
        value = "postgresql://wissel:x@postgres:5432/wissel" if name == "database" else "ab" * 32
        (tmp_path / name).write_text(value, encoding="ascii")
    config = tmp_path / "wissel.toml"
    config.write_text(text.replace("/geheimen", str(tmp_path)), encoding="utf-8")
    found = load(config, {})
    assert found.kafka is not None
    assert set(found.gemeenten["emmen"].plugins) == {"zaak", "burgerzaken"}


def test_each_secret_is_made_once_and_for_its_owner_only(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is never changed: without these keys nothing can be read any more."""
    monkeypatch.setattr("sys.argv", ["maak-geheimen.py", str(tmp_path)])
    monkeypatch.setattr("os.chown", lambda *_: None)
    spec = importlib.util.spec_from_file_location("maak_geheimen", repo / "deploy" / "maak-geheimen.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    first = {path.name: path.read_text(encoding="ascii") for path in tmp_path.iterdir()}
    assert all(path.stat().st_mode & 0o777 == 0o440 for path in tmp_path.iterdir())
    assert first["postgres"] in first["database"]
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert {path.name: path.read_text(encoding="ascii") for path in tmp_path.iterdir()} == first
