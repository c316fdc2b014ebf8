# SPDX-License-Identifier: EUPL-1.2
"""Secrets in files, read again when the file changes: a key is replaced without a restart.

A file that is away or empty for a moment, because it is being replaced, does not take the key away.
"""

from __future__ import annotations

from pathlib import Path

import structlog

_LOG = structlog.get_logger("wissel.geheimen")


class GeheimBestand:
    """The lines of a file, newest first where several are valid at once. ValueError when it cannot be read at first."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._seen = stamp(path)
        self._waarden = _lines(path, key)

    @property
    def waarde(self) -> str:
        """Return what is sent: the first line."""
        return self.waarden[0]

    @property
    def waarden(self) -> tuple[str, ...]:
        """Return everything that is accepted."""
        if (now := stamp(self._path)) != self._seen:
            try:
                self._waarden, self._seen = _lines(self._path, self._key), now
            except ValueError as fault:
                _LOG.warning("secret_file_unreadable", uitleg=str(fault))
        return self._waarden


def stamp(*paths: Path | None) -> tuple[tuple[int, int, int] | None, ...]:
    """Return what differs when any of these files was replaced."""
    return tuple(_stamp(path) for path in paths if path is not None)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _lines(path: Path, key: str) -> tuple[str, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ValueError(f"{key}: {path} is niet te lezen ({type(fault).__name__}); zet het bestand daar neer") from fault
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not lines:
        raise ValueError(f"{key}: {path} is leeg; zet het geheim op de eerste regel")
    return lines
