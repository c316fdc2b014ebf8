# SPDX-License-Identifier: EUPL-1.2
"""Every sentence on a page: ``teksten/nl.toml`` (Dutch at B1), each one replaceable per gemeente."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hub.errors import ConfigError

FILE: Final = Path(__file__).parent / "teksten" / "nl.toml"
Vertaler = Callable[..., str]


class Teksten:
    """Texts by key (``mijn.kop``), ``more`` beside those of the file.

    ConfigError when a gemeente replaces a text that is not there.
    """

    def __init__(
        self,
        per_gemeente: Mapping[str, Mapping[str, str]] | None = None,
        *,
        more: Mapping[str, str] | None = None,
        file: Path = FILE,
    ) -> None:
        self._standard = {**dict(_flatten(tomllib.loads(file.read_text(encoding="utf-8")))), **(more or {})}
        self._own = {gemeente: dict(texts) for gemeente, texts in (per_gemeente or {}).items()}
        problems = [
            f"gemeenten.{gemeente}.teksten.{key}: deze tekst bestaat niet; de namen staan in hub/api/teksten/nl.toml"
            for gemeente, texts in self._own.items()
            for key in texts
            if key not in self._standard
        ]
        if problems:
            raise ConfigError(problems)

    def __contains__(self, key: object) -> bool:
        return key in self._standard

    def __iter__(self) -> Iterator[str]:
        """Yield every key."""
        return iter(self._standard)

    def voor(self, gemeente: str | None) -> Vertaler:
        """Return the function that gives the texts of one gemeente; KeyError for a key that does not exist."""
        own = self._own.get(gemeente or "", {})

        def text(key: str, **values: Any) -> str:
            raw = own.get(key) or self._standard[key]
            return raw.format_map(values) if values else raw

        return text


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, " ".join(str(value).split())
