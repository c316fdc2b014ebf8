# SPDX-License-Identifier: EUPL-1.2
"""What the burgerzaken simulator is told when it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.errors import ConfigError

EERSTE_DATUM: Final = date(2025, 7, 1)  # ordinary moves of the population lie before 2025: see bevolking_huishoudens
LAATSTE_DATUM: Final = date(2035, 12, 31)
_MAX_PERSONEN: Final = 5_000_000
_SLUG: Final = re.compile(r"^[a-z][a-z0-9-]{0,39}$")
_CODE: Final = re.compile(r"^[0-9]{4}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """The whole configuration; ConfigError names every problem at once.

    ``personen`` is rounded up to whole neighbourhoods of 128 people. ``gemeenten``: (slug, four-digit code of table 33).
    ``datum`` is the registry's calendar date; None: today in Europe/Amsterdam, until a scenario asks for another date.
    ``vereiste_headers``: what a gateway profile demands, e.g. ``x-doelbinding``. ``levert_te_veel``: answers hold every
    field whatever was asked, as a recorded iConnect gateway did. ``met_historie`` False: no /verblijfplaatshistorie.
    """

    seed: int = 1
    personen: int = 20_000
    gemeenten: tuple[tuple[str, str], ...] = (("emmen", "0114"), ("zwolle", "0193"))
    datum: date | None = None
    verwerkingsvertraging_s: float = 0.2
    met_historie: bool = True
    levert_te_veel: bool = False
    api_key: str | None = None
    vereiste_headers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if problems := [*_gemeente_problems(self.gemeenten), *_number_problems(self)]:
            raise ConfigError(problems)


def parse_gemeenten(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``emmen:0114,zwolle:0193``; whether the parts make sense is judged by SimulatorConfig."""
    return tuple((slug.strip(), code.strip()) for slug, _, code in (part.partition(":") for part in text.split(",")))


def _gemeente_problems(gemeenten: tuple[tuple[str, str], ...]) -> list[str]:
    problems = [
        f"gemeenten: {slug}:{code} is not slug:code; write e.g. emmen:0114"
        for slug, code in gemeenten
        if not (_SLUG.match(slug) and _CODE.match(code)) or slug in {"bag", "simulator", "livez"}
    ]
    if not gemeenten:
        problems.append("gemeenten: at least one is needed; write e.g. emmen:0114")
    if len({slug for slug, _ in gemeenten}) < len(gemeenten) or len({code for _, code in gemeenten}) < len(gemeenten):
        problems.append("gemeenten: a slug or code stands there twice; name each gemeente once")
    return problems


def _number_problems(config: SimulatorConfig) -> list[str]:
    problems = []
    if not 1 <= config.personen <= _MAX_PERSONEN:
        problems.append(f"personen: {config.personen} is not between 1 and {_MAX_PERSONEN}; write e.g. 20000")
    if config.verwerkingsvertraging_s < 0:
        problems.append("verwerkingsvertraging_s: a delay is not negative; write e.g. 0.2")
    if config.datum is not None and not EERSTE_DATUM <= config.datum <= LAATSTE_DATUM:
        problems.append(f"datum: {config.datum} is not between {EERSTE_DATUM} and {LAATSTE_DATUM}; write e.g. 2026-03-12")
    return problems
