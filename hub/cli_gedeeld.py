# SPDX-License-Identifier: EUPL-1.2
"""What the commands share: where the settings are, JSON when asked, and asking the running hub."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hub import admin
from hub.settings import Loaded

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("wissel.toml"),
    show_default=True,
    envvar="WISSEL_CONFIG",
    help="Het instellingenbestand.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Antwoord als JSON.")


def ask(loaded: Loaded, action: str, args: Mapping[str, Any]) -> Any:
    """Have the hub do something, the running one or on its files."""
    return asyncio.run(admin.call(loaded, action, args))


def as_text(value: Any) -> str:
    """Return something as JSON for a program that reads what a command prints."""
    return json.dumps(value, ensure_ascii=False)
