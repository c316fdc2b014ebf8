# SPDX-License-Identifier: EUPL-1.2
"""A secret from the settings or from a file; the file is read again when it changed, so that secrets can be replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import SecretStr


class Geheim(Protocol):
    """Gives the lines of a secret: the first is in use, the others are still accepted while it is being replaced."""

    def regels(self) -> tuple[str, ...]:
        """Return the lines, at least one."""


class VastGeheim:
    """A secret that stands in the settings themselves."""

    def __init__(self, value: SecretStr) -> None:
        self._lines = (value.get_secret_value(),)

    def regels(self) -> tuple[str, ...]:
        """Return the one line."""
        return self._lines


class BestandGeheim:
    """A secret in a file. While the file cannot be read or is empty, what it held before stays in use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = (0, 0)
        self._lines = self._read()

    def regels(self) -> tuple[str, ...]:
        """Return the lines as the file holds them now."""
        try:
            if self._now() != self._stamp:
                self._lines = self._read() or self._lines
        except OSError:
            return self._lines
        return self._lines

    def _now(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size

    def _read(self) -> tuple[str, ...]:
        self._stamp = self._now()
        lines = self._path.read_text(encoding="utf-8").splitlines()
        return tuple(line.strip() for line in lines if line.strip())


def geheim(name: str, value: SecretStr | None, path: Path | None) -> Geheim:
    """Return the secret that stands in one of two settings; ValueError says which is wrong and what to write."""
    if (value is None) == (path is None):
        raise ValueError(f"schrijf precies een van {name} en {name}_bestand")
    try:
        found: Geheim = VastGeheim(value) if value is not None else BestandGeheim(path or Path())
    except OSError as error:
        raise ValueError(f"{path} is niet te lezen ({error.strerror}); controleer pad en rechten") from error
    if not any(found.regels()):
        raise ValueError(f"{name} is leeg")
    return found
