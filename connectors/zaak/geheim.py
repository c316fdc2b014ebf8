# SPDX-License-Identifier: EUPL-1.2
"""A secret from the settings or from a file that is read again when it changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from hub.geheimen import GeheimBestand

# Gives the lines of a secret as they are now: the first is in use, the others are still accepted while it is being replaced.
Geheim = Callable[[], tuple[str, ...]]


def geheim(name: str, value: SecretStr | None, path: Path | None) -> Geheim:
    """Return the secret that stands in one of two settings; ValueError says which is wrong and what to write."""
    if (value is None) == (path is None):
        raise ValueError(f"schrijf precies een van {name} en {name}_bestand")
    if path is not None:
        bestand = GeheimBestand(path, f"{name}_bestand")
        return lambda: bestand.waarden
    given = value.get_secret_value() if value else ""
    if not given:
        raise ValueError(f"{name} is leeg")
    return lambda: (given,)
