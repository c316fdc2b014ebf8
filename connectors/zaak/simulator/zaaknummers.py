# SPDX-License-Identifier: EUPL-1.2
"""Zaaknummers as Open Zaak gives them: ZAAK-<year>-<10 digits>, one higher than the highest in use."""

from __future__ import annotations

from collections.abc import Iterator


class Zaaknummers:
    """Which identificaties are in use per bronorganisatie. That of the last zaak comes back after its deletion."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()
        self._highest: dict[tuple[str, str], int] = {}

    def next(self, bronorganisatie: str, year: str) -> str:
        """Return the number to give now; it is not taken yet."""
        prefix = f"ZAAK-{year}-"
        key = (bronorganisatie, prefix)
        if key not in self._highest:
            self._highest[key] = max(self._numbers(bronorganisatie, prefix), default=0)
        return f"{prefix}{self._highest[key] + 1:010d}"

    def is_taken(self, bronorganisatie: str, identificatie: str) -> bool:
        """Return True when the pair is in use (zrc-002)."""
        return (bronorganisatie, identificatie) in self._taken

    def take(self, bronorganisatie: str, identificatie: str) -> None:
        """Put the pair in use."""
        self._taken.add((bronorganisatie, identificatie))
        prefix, number = _split(identificatie)
        key = (bronorganisatie, prefix)
        if key in self._highest:
            self._highest[key] = max(self._highest[key], number)

    def release(self, bronorganisatie: str, identificatie: str) -> None:
        """Give the pair back."""
        self._taken.discard((bronorganisatie, identificatie))
        prefix, number = _split(identificatie)
        if self._highest.get((bronorganisatie, prefix)) == number:
            del self._highest[(bronorganisatie, prefix)]

    def _numbers(self, bronorganisatie: str, prefix: str) -> Iterator[int]:
        for owner, identificatie in self._taken:
            found, number = _split(identificatie)
            if owner == bronorganisatie and found == prefix:
                yield number


def _split(identificatie: str) -> tuple[str, int]:
    head, digits = identificatie[:-10], identificatie[-10:]
    return (head, int(digits)) if len(digits) == 10 and digits.isdigit() else (identificatie, -1)  # noqa: PLR2004
