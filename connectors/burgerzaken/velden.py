# SPDX-License-Identifier: EUPL-1.2
"""Which BRP fields are asked, and the filter that drops what was neither asked for nor comes by itself.

Gateways let the doelbinding, not ``fields``, decide what they answer (seen in the field): what nobody asked for must
not reach the log (AVG 5, lid 1 c). Five elements come by themselves by the standard and may not be asked for; they are the
safety checks of a move and always survive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

AUTOMATISCH: Final = frozenset({"inOnderzoek", "geheimhoudingPersoonsgegevens", "opschortingBijhouding", "rni", "verificatie"})
# Within a group of which anything was asked: the standard gives these unasked, and ``type`` tells which union it is.
_AUTOMATISCH_BINNEN_GROEP: Final = frozenset({"inOnderzoek", "type", "indicatieVastgesteldVerblijftNietOpAdres"})

VELDEN_GEZAGHOUDER: Final = ("burgerservicenummer", "gemeenteVanInschrijving", "verblijfplaats")
VELDEN_VOLGEN: Final = (*VELDEN_GEZAGHOUDER, "gezag")
VELDEN_HOOFDBEWONER: Final = (*VELDEN_GEZAGHOUDER, "geboorte.datum")
VELDEN_MELDER: Final = (
    *VELDEN_HOOFDBEWONER,
    "gezag",
    "indicatieCurateleRegister",
    "kinderen.burgerservicenummer",
    "naam.geslachtsnaam",
    "naam.voornamen",
    "naam.voorvoegsel",
    "ouders.burgerservicenummer",
    "partners.burgerservicenummer",
    "partners.ontbindingHuwelijkPartnerschap",
    "partners.soortVerbintenis",
)
VELDEN_HISTORIE: Final = (
    "adresseerbaarObjectIdentificatie",
    "datumTot",
    "datumVan",
    "functieAdres",
    "gemeenteVanInschrijving",
    "nummeraanduidingIdentificatie",
    "verblijfadres",
)
VELDEN_BEWONING: Final = ("burgerservicenummer",)

# What `check` looks for: absence of these decides something, so a gateway must be seen to deliver them.
ELEMENTEN: Final = (
    "adressering",
    "bewoning",
    "bewoning.inOnderzoek",
    "burgerservicenummer",
    "geboorte.datum",
    "geheimhoudingPersoonsgegevens",
    "gemeenteVanInschrijving",
    "gezag",
    "inOnderzoek",
    "indicatieCurateleRegister",
    "kinderen",
    "kinderen.burgerservicenummer",
    "naam.geslachtsnaam",
    "naam.voornamen",
    "opschortingBijhouding",
    "ouders",
    "ouders.burgerservicenummer",
    "partners",
    "partners.burgerservicenummer",
    "partners.ontbindingHuwelijkPartnerschap",
    "partners.soortVerbintenis",
    "rni",
    "verblijfplaats",
    "verblijfplaats.adresseerbaarObjectIdentificatie",
    "verblijfplaats.datumVan",
    "verblijfplaats.functieAdres",
    "verblijfplaats.inOnderzoek",
    "verblijfplaats.indicatieVastgesteldVerblijftNietOpAdres",
    "verblijfplaats.verblijfadres",
    "verblijfplaats.verblijfadres.inOnderzoek",
    "verblijfplaatshistorie",
)


def automatic_fields_in(fields: Iterable[str]) -> list[str]:
    """Return those of ``fields`` that name an element that comes by itself: asking for it is a 400."""
    return sorted(field for field in fields if AUTOMATISCH & set(field.split(".")))


def covers(asked: Iterable[str], field: str) -> bool:
    """Tell whether asking ``asked`` gives ``field`` too: the path itself or one above it."""
    return any(field == path or field.startswith(f"{path}.") for path in asked)


def filter_persoon(persoon: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return ``persoon`` with only what ``fields`` (dotted paths) asked for and what comes by itself.

    ``inOnderzoek`` survives at every level of a group of which anything was asked, and at the level of the person.
    """
    asked = [tuple(field.split(".")) for field in fields]
    automatic = {name: persoon[name] for name in AUTOMATISCH if name in persoon}
    return automatic | _keep(persoon, asked, within_group=False)


def filter_verblijfplaats(verblijfplaats: Mapping[str, Any], fields: Sequence[str] = VELDEN_HISTORIE) -> dict[str, Any]:
    """Return a row of the verblijfplaatshistorie with only what is needed; its ``type`` and safety signals survive."""
    return _keep(verblijfplaats, [tuple(field.split(".")) for field in fields], within_group=True)


def _keep(node: Mapping[str, Any], asked: Sequence[tuple[str, ...]], *, within_group: bool) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in node.items():
        deeper = [path[1:] for path in asked if path[0] == name]
        if (within_group and name in _AUTOMATISCH_BINNEN_GROEP) or () in deeper:
            kept[name] = value
        elif isinstance(value, Mapping | list) and (deeper or (within_group and _holds_a_signal(value))):
            kept[name] = _keep_parts(value, deeper)
    return kept


def _keep_parts(value: Mapping[str, Any] | list[Any], asked: Sequence[tuple[str, ...]]) -> Any:
    if isinstance(value, Mapping):
        return _keep(value, asked, within_group=True)
    return [_keep(item, asked, within_group=True) for item in value if isinstance(item, Mapping)]


def _holds_a_signal(value: Any) -> bool:
    """Tell whether a part nobody asked for carries a safety signal of the asked group it is in."""
    if isinstance(value, list):
        return any(_holds_a_signal(item) for item in value)
    if not isinstance(value, Mapping):
        return False
    return "inOnderzoek" in value or any(_holds_a_signal(part) for part in value.values())


def elements_of(persoon: Mapping[str, Any]) -> set[str]:
    """Return the dotted path of every element that stands in ``persoon`` with a value."""
    found: set[str] = set()
    for name, value in persoon.items():
        if value in (None, [], {}):
            continue
        found.add(name)
        parts = value if isinstance(value, list) else [value]
        found.update(f"{name}.{deeper}" for part in parts if isinstance(part, Mapping) for deeper in elements_of(part))
    return found
