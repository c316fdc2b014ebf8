# SPDX-License-Identifier: EUPL-1.2
"""The country: which neighbourhoods belong to which gemeente, and how a number is found back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.burgerzaken.simulator.bevolking_model import BUURT_PERSONEN, STRATEN_PER_BUURT, Gemeente
from connectors.burgerzaken.simulator.bevolking_namen import POSTCODE_BASIS, WOONPLAATSEN
from connectors.burgerzaken.simulator.bevolking_nummers import POSTCODES_PER_CIJFERS, postcode_volgnummer

_ACHTERGROND: Final = (("coevorden", "0109"), ("assen", "0106"), ("hoogeveen", "0118"), ("deventer", "0150"))
_TOT: Final = 10_000  # postcodes have four digits
_ACHTERGROND_DEEL: Final = 10  # one in ten neighbourhoods belongs to a gemeente that is not configured


class Land:
    """All gemeenten, the configured ones in their order and one more that people come from and go to."""

    def __init__(self, gemeenten: Sequence[tuple[str, str]], personen: int) -> None:
        per_gemeente, achtergrond = _verdeel(len(gemeenten), personen)
        extra = _achtergrond(gemeenten)
        self.gemeenten = _leg_uit([*gemeenten, extra], [per_gemeente] * len(gemeenten) + [achtergrond])
        self.achtergrond = self.gemeenten[-1]
        self.buurten = per_gemeente * len(gemeenten) + achtergrond
        self.personen = self.buurten * BUURT_PERSONEN
        self.per_slug = {gemeente.slug: gemeente for gemeente in self.gemeenten if not gemeente.is_achtergrond}

    def gemeente_van(self, buurt: int) -> Gemeente:
        """Return the gemeente of a neighbourhood (0 <= ``buurt`` < ``buurten``)."""
        return next(g for g in self.gemeenten if buurt < g.eerste_buurt + g.buurten)

    def buurt_van_postcode(self, code: str) -> int | None:
        """Return the neighbourhood in which postcode ``code`` (NNNNLL) lies, None when it exists nowhere."""
        for gemeente in self.gemeenten:
            volgnummer = postcode_volgnummer(gemeente.postcode_basis, code)
            if volgnummer is not None and 0 <= volgnummer < gemeente.buurten * STRATEN_PER_BUURT:
                return gemeente.eerste_buurt + volgnummer // STRATEN_PER_BUURT
        return None


def _achtergrond(gemeenten: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return a gemeente that is not among the configured ones."""
    codes, slugs = {code for _, code in gemeenten}, {slug for slug, _ in gemeenten}
    verzonnen = ((f"elders-{nummer}", f"{nummer:04d}") for nummer in range(9000, 10_000))
    return next(pair for pair in (*_ACHTERGROND, *verzonnen) if pair[0] not in slugs and pair[1] not in codes)


def _verdeel(gemeenten: int, personen: int) -> tuple[int, int]:
    """Return neighbourhoods per gemeente and for the background; together they hold at least ``personen`` people."""
    totaal = max(-(-personen // BUURT_PERSONEN), gemeenten + 1)
    achtergrond = max(1, totaal // _ACHTERGROND_DEEL)
    return max(1, -(-(totaal - achtergrond) // gemeenten)), achtergrond


def _leg_uit(gemeenten: Sequence[tuple[str, str]], buurten: Sequence[int]) -> tuple[Gemeente, ...]:
    result: list[Gemeente] = []
    bezet: list[tuple[int, int]] = []
    for index, ((slug, code), aantal) in enumerate(zip(gemeenten, buurten, strict=True)):
        breedte = -(-aantal * STRATEN_PER_BUURT // POSTCODES_PER_CIJFERS)
        basis = _vrije_basis(POSTCODE_BASIS.get(code, 1000 + int(code) * 7 % 8000), breedte, bezet)
        bezet.append((basis, basis + breedte))
        naam = slug.replace("-", " ").title()
        result.append(
            Gemeente(
                index=index,
                slug=slug,
                code=code,
                naam=naam,
                eerste_buurt=sum(buurten[:index]),
                buurten=aantal,
                postcode_basis=basis,
                woonplaatsen=WOONPLAATSEN.get(code, (naam,)),
                is_achtergrond=index == len(gemeenten) - 1,
            )
        )
    return tuple(result)


def _vrije_basis(voorkeur: int, breedte: int, bezet: list[tuple[int, int]]) -> int:
    """Return four digits from which ``breedte`` codes are free, the preferred ones when they are."""
    kandidaten: list[int] = [voorkeur, *range(1000, _TOT - breedte)]
    for basis in kandidaten:
        if basis + breedte <= _TOT and all(basis + breedte <= van or basis >= tot for van, tot in bezet):
            return basis
    raise AssertionError("five million people need fewer than 9,000 four-digit postcodes")
