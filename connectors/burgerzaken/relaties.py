# SPDX-License-Identifier: EUPL-1.2
"""Other people inside a Persoon: who they are, and how they are made unrecognisable before it is sealed.

A sealed element is about one person, so that destroying one key touches one person. Partners, children, parents and
holders of gezag keep only a pseudonym of theirs, no number, name or birth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hub.privacy import Bsn, Pseudonymizer

_BSN: Final = "burgerservicenummer"
_GROEPEN: Final = ("partners", "kinderen", "ouders", "gezag")
_VAN_EEN_ANDER: Final = frozenset({_BSN, "naam", "geboorte", "geslacht", "leeftijd"})


def als_bsn(value: Any) -> Bsn | None:
    """Return ``value`` as a burgerservicenummer, None when it is none: registries hold wrong numbers of relatives."""
    try:
        return Bsn(value) if isinstance(value, str) else None
    except ValueError:
        return None


def zonder_anderen(persoon: Mapping[str, Any], pseudonym: Pseudonymizer) -> dict[str, Any]:
    """Return ``persoon`` in which every other person is a pseudonym; one without a number has none."""
    return {name: _masked(value, pseudonym) if name in _GROEPEN else value for name, value in persoon.items()}


def _masked(value: Any, pseudonym: Pseudonymizer) -> Any:
    if isinstance(value, list):
        return [_masked(item, pseudonym) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {name: _masked(part, pseudonym) for name, part in value.items() if name not in _VAN_EEN_ANDER}
    bsn = als_bsn(value.get(_BSN))
    return {**kept, "pseudoniem": pseudonym(bsn)} if bsn else kept


def gezaghouders_over(persoon: Mapping[str, Any], bsn: Bsn) -> list[Bsn]:
    """Return who holds gezag over this person (``bsn``), as far as they have a number. Empty for an adult."""
    holders: dict[Bsn, None] = {}
    for relatie in persoon.get("gezag") or ():
        if isinstance(relatie, Mapping) and _minor_of(relatie) in (None, bsn):
            holders.update(dict.fromkeys(_holders(relatie)))
    return [holder for holder in holders if holder != bsn]


def _minor_of(relatie: Mapping[str, Any]) -> Bsn | None:
    minor = relatie.get("minderjarige")
    return als_bsn(minor.get(_BSN)) if isinstance(minor, Mapping) else None


def _holders(relatie: Mapping[str, Any]) -> Iterator[Bsn]:
    for name in ("ouders", "ouder", "derden", "derde"):
        value = relatie.get(name)
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, Mapping) and (bsn := als_bsn(node.get(_BSN))):
                yield bsn
