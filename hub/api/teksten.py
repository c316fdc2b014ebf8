# SPDX-License-Identifier: EUPL-1.2
"""Every sentence on a page: ``teksten/nl.toml`` (Dutch at B1), each one replaceable per gemeente."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Formatter
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
            f"gemeenten.{gemeente}.teksten.{key}: {wrong}"
            for gemeente, texts in self._own.items()
            for key, text in texts.items()
            if (wrong := self._wrong(key, text))
        ]
        if problems:
            raise ConfigError(problems)

    def _wrong(self, key: str, text: str) -> str | None:
        """Return what is wrong with a text of a gemeente: it replaces none, or names what is not filled in there."""
        if key not in self._standard:
            return "deze tekst bestaat niet; de namen staan in hub/api/teksten/nl.toml"
        try:
            unknown = _fields(text) - _fields(self._standard[key])
        except ValueError:
            return "een accolade staat niet goed; schrijf {{ of }} voor een losse accolade"
        known = ", ".join(f"{{{name}}}" for name in sorted(_fields(self._standard[key]))) or "niets"
        named = ", ".join(f"{{{name}}}" for name in sorted(unknown))
        return f"{named} wordt hier niet ingevuld; wel: {known}" if unknown else None

    def __contains__(self, key: object) -> bool:
        return key in self._standard

    def __iter__(self) -> Iterator[str]:
        """Yield every key."""
        return iter(self._standard)

    def voor(self, gemeente: str | None) -> Vertaler:
        """Return the function that gives the texts of one gemeente.

        A key without a text (a value of another version) is shown as its last part: no page fails on it.
        """
        own = self._own.get(gemeente or "", {})

        def text(key: str, **values: Any) -> str:
            raw = own.get(key) or self._standard.get(key) or key.rpartition(".")[2]
            return raw.format_map(values) if values else raw

        return text


def _fields(text: str) -> set[str]:
    """Return the names between braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, " ".join(str(value).split())
