# SPDX-License-Identifier: EUPL-1.2
"""Probes with known test persons which elements a gateway delivers.

In the BRP API absence also means "not authorised". Only for elements that were seen to come through this gateway does
absence mean "no" (design, section 5); what was never seen makes a case orange, never green.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from connectors.burgerzaken.bronnen import Bronnen
from connectors.burgerzaken.brp import MOST_PER_REQUEST
from connectors.burgerzaken.relaties import als_bsn
from connectors.burgerzaken.settings import Doel, DoelNaam
from connectors.burgerzaken.velden import ELEMENTEN, elements_of, filter_persoon
from hub.errors import Invalid
from hub.privacy import Bsn

_MOST_ADDRESSES: Final = 20


@dataclass(frozen=True, slots=True)
class Controle:
    """What was seen: per element with how many persons, what came unasked, and how many persons were found."""

    gezien: Mapping[str, int]
    ongevraagd: tuple[str, ...]
    gevraagd: int
    gevonden: int
    ontbreekt: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ontbreekt", tuple(name for name in ELEMENTEN if name not in self.gezien))

    def as_toml(self, gateway: str, today: date) -> str:
        """Return the proof as the settings read it."""
        elements = "".join(f'    "{name}",\n' for name in sorted(self.gezien))
        return (
            "# Geschreven door `wissel burgerzaken check`: gegevens die deze gateway bewezen levert.\n"
            f'gateway = "{_escaped(gateway)}"\n'
            f"gecontroleerd_op = {today.isoformat()}\n"
            f"testpersonen = {self.gevonden}\n"
            f"levert = [\n{elements}]\n"
        )


async def controleer(bronnen: Bronnen, bsns: Sequence[Bsn], *, today: date) -> Controle:
    """Ask about every test person all that any purpose asks, and about their addresses. Raises what clients raise."""
    doel = _everything(bronnen)
    personen: list[Mapping[str, Any]] = []
    for start in range(0, len(bsns), MOST_PER_REQUEST):
        personen += await bronnen.brp.onbewerkt(bsns[start : start + MOST_PER_REQUEST], doel)
    gezien: Counter[str] = Counter()
    for persoon in personen:
        gezien.update(elements_of(filter_persoon(persoon, doel.velden)) & set(ELEMENTEN))
    gezien.update(await _bewoning(bronnen, personen, today))
    gezien.update(await _historie(bronnen, bsns, today))
    return Controle(
        gezien=dict(sorted(gezien.items())),
        ongevraagd=tuple(sorted({name for persoon in personen for name in _unasked(persoon, doel)})),
        gevraagd=len(bsns),
        gevonden=len(personen),
    )


def _everything(bronnen: Bronnen) -> Doel:
    melder = bronnen.settings.doel("melder")
    namen: tuple[DoelNaam, ...] = ("gezaghouder", "hoofdbewoner", "volgen")
    velden = {*melder.velden, *(veld for naam in namen for veld in bronnen.settings.doel(naam).velden)}
    return Doel(velden=tuple(sorted(velden)), doelbinding=melder.doelbinding, verwerking=melder.verwerking)


def _unasked(persoon: Mapping[str, Any], doel: Doel) -> set[str]:
    return set(persoon) - set(filter_persoon(persoon, doel.velden))


async def _bewoning(bronnen: Bronnen, personen: Iterable[Mapping[str, Any]], today: date) -> Counter[str]:
    # addresses of people under investigation first: only there can a resident's inOnderzoek be seen
    ordered = sorted(personen, key=lambda persoon: "inOnderzoek" not in (persoon.get("verblijfplaats") or {}))
    objects = dict.fromkeys(str(_object_of(persoon)) for persoon in ordered if _object_of(persoon))
    doel = bronnen.settings.doel("bewoning")
    answers = await asyncio.gather(
        *(bronnen.bewoning.op_peildatum(found, today, doel) for found in list(objects)[:_MOST_ADDRESSES])
    )
    seen: Counter[str] = Counter()
    for bewoning in answers:
        residents = (*bewoning.bewoners, *bewoning.mogelijke_bewoners)
        seen["bewoning"] += bool(residents)
        seen["bewoning.inOnderzoek"] += any(bewoner.in_onderzoek for bewoner in residents)
    return +seen


async def _historie(bronnen: Bronnen, bsns: Sequence[Bsn], today: date) -> Counter[str]:
    historie = bronnen.historie
    if historie is None:
        return Counter()
    doel = bronnen.settings.doel("historie")
    first, last = today - timedelta(days=bronnen.settings.historie_dagen), today + timedelta(days=1)
    answers = await asyncio.gather(*(historie.in_periode(bsn, van=first, tot=last, doel=doel) for bsn in bsns))
    return +Counter({"verblijfplaatshistorie": sum(bool(rows) for rows in answers)})


def _object_of(persoon: Mapping[str, Any]) -> Any:
    verblijfplaats = persoon.get("verblijfplaats")
    return verblijfplaats.get("adresseerbaarObjectIdentificatie") if isinstance(verblijfplaats, Mapping) else None


def read_bsns(path: Path) -> list[Bsn]:
    """Return the numbers of a file, one per line; ``#`` starts a comment. Invalid names the lines, not the numbers."""
    bsns, problems = [], []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise Invalid([(str(path), f"niet te lezen als tekst ({type(fault).__name__}); controleer het bestand")]) from fault
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        bsn = als_bsn(content)
        if bsn is None:
            problems.append((f"{path}, regel {number}", "negen cijfers nodig die de elfproef doorstaan"))
        else:
            bsns.append(bsn)
    if problems or not bsns:
        raise Invalid(problems or [(str(path), "er staat geen nummer in; schrijf een testpersoon per regel")])
    return bsns


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
