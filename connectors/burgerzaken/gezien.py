# SPDX-License-Identifier: EUPL-1.2
"""The state in which a followed person was last seen, and what became different when the same person is seen again.

One read may show several facts at once: somebody moved and the investigation of the old address ended. Each is told on its
own. What an older release did not compare yet is taken in silently: that it is seen for the first time is no change.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from connectors.burgerzaken.model import lees_datum
from connectors.burgerzaken.relaties import zonder_anderen
from connectors.burgerzaken.velden import filter_persoon
from hub.privacy import Bsn, Pseudonymizer

VERBLIJFPLAATS: Final = "verblijfplaats"
GEMEENTE: Final = "gemeenteVanInschrijving"
OPSCHORTING: Final = "opschortingBijhouding"
GEHEIM: Final = "geheimhoudingPersoonsgegevens"
ONDERZOEK: Final = "inOnderzoek"
GEZAG: Final = "gezag"
VERGELEKEN_EERST: Final = (GEMEENTE, OPSCHORTING, VERBLIJFPLAATS)  # all that was compared before the others were added
VERGELEKEN: Final = (GEHEIM, GEMEENTE, GEZAG, ONDERZOEK, OPSCHORTING, VERBLIJFPLAATS)

OVERLEDEN: Final = "nl.brp.overleden.v1"
VERBLIJF_IN_ONDERZOEK: Final = "nl.brp.verblijfplaats.in-onderzoek.v1"
ONDERZOEK_BEGONNEN: Final = "nl.wissel.brp.onderzoek-begonnen.v1"
ONDERZOEK_BEEINDIGD: Final = "nl.wissel.brp.onderzoek-beeindigd.v1"
GEHEIM_INGESTELD: Final = "nl.wissel.brp.geheimhouding-ingesteld.v1"
GEHEIM_OPGEHEVEN: Final = "nl.wissel.brp.geheimhouding-opgeheven.v1"
GEZAG_GEWIJZIGD: Final = "nl.wissel.brp.gezag-gewijzigd.v1"

_GEEN_GEGEVEN: Final = frozenset({"langFormaat", "omschrijving"})  # text derived from a code or date: no fact of its own
_SIGNALEN: Final = frozenset({ONDERZOEK, "indicatieVastgesteldVerblijftNietOpAdres"})
_OVERLIJDEN: Final = "O"


@dataclass(frozen=True, slots=True)
class Gezien:
    """A state of one person: what is compared, and its SHA-256, salted so that an address cannot be guessed from it.

    ``vergeleken``: the elements that were looked at; one that is not among them is unknown, not absent.
    """

    bsn: Bsn
    staat: Mapping[str, Any]
    zout: str
    vergeleken: tuple[str, ...] = VERGELEKEN

    @property
    def sha256(self) -> str:
        """Return the digest of the canonical state, hexadecimal."""
        text = json.dumps(_canonical(self.staat), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(f"{self.zout}\x1f{text}".encode()).hexdigest()

    def now(self, persoon: Mapping[str, Any], velden: Sequence[str], pseudonym: Pseudonymizer) -> Gezien:
        """Return the state in which the same person is found now."""
        return Gezien(self.bsn, staat_van(persoon, velden, pseudonym), self.zout)

    def limited_to(self, vergeleken: Sequence[str]) -> Gezien:
        """Return this state with only the elements of ``vergeleken``."""
        staat = {name: value for name, value in self.staat.items() if name in vergeleken}
        return replace(self, staat=staat, vergeleken=tuple(vergeleken))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feit:
    """Something besides the residence that became different; ``elementen`` of the state show it."""

    type: str
    data: Mapping[str, Any]
    elementen: tuple[str, ...]


def staat_van(persoon: Mapping[str, Any], velden: Sequence[str], pseudonym: Pseudonymizer) -> dict[str, Any]:
    """Return what of ``persoon`` is compared, as far as ``velden`` asks for it; other people in it are pseudonyms."""
    asked = zonder_anderen(filter_persoon(persoon, velden), pseudonym)
    return {name: asked[name] for name in VERGELEKEN if name in asked}


def eerste(bsn: Bsn, persoon: Mapping[str, Any], velden: Sequence[str], pseudonym: Pseudonymizer) -> Gezien:
    """Return the first state of somebody who was not followed yet."""
    return Gezien(bsn, staat_van(persoon, velden, pseudonym), secrets.token_hex(16))


def residence_changed(oud: Gezien, nieuw: Gezien) -> bool:
    """Tell whether residence, gemeente or the reason why the registration stopped differs; a death is told by itself."""
    dead = _reden(nieuw.staat) == _OVERLIJDEN
    return bool(_residence(oud, opschorting=not dead) != _residence(nieuw, opschorting=not dead))


def other_facts(oud: Gezien, nieuw: Gezien) -> Iterator[Feit]:
    """Yield what changed besides the residence. Both states look at the same elements."""
    old, new = oud.staat, nieuw.staat
    if _reden(new) == _OVERLIJDEN != _reden(old):
        datum = lees_datum(new[OPSCHORTING].get("datum"))
        yield Feit(type=OVERLEDEN, data={"datum": datum.tekst if datum else None}, elementen=(OPSCHORTING,))
    if bool(old.get(GEHEIM)) != bool(new.get(GEHEIM)):
        yield Feit(type=GEHEIM_INGESTELD if new.get(GEHEIM) else GEHEIM_OPGEHEVEN, data={}, elementen=(GEHEIM,))
    yield from _onderzoek(_signalen(old), _signalen(new))
    if _relaties(old) != _relaties(new):
        yield Feit(type=GEZAG_GEWIJZIGD, data={}, elementen=(GEZAG,))


def _onderzoek(old: frozenset[str], new: frozenset[str]) -> Iterator[Feit]:
    begun, ended = sorted(new - old), sorted(old - new)
    verblijf = [pad for pad in begun if pad.startswith(VERBLIJFPLAATS)]
    rest = [pad for pad in begun if pad not in verblijf]
    for event_type, paden in ((VERBLIJF_IN_ONDERZOEK, verblijf), (ONDERZOEK_BEGONNEN, rest), (ONDERZOEK_BEEINDIGD, ended)):
        if paden:
            yield Feit(type=event_type, data={"onderdelen": paden}, elementen=(ONDERZOEK, VERBLIJFPLAATS))


def _signalen(staat: Mapping[str, Any]) -> frozenset[str]:
    """Return the path of every part under investigation, at every level; gezag tells its own changes."""
    parts = {ONDERZOEK: staat.get(ONDERZOEK), VERBLIJFPLAATS: staat.get(VERBLIJFPLAATS)}
    return frozenset(_signal_paths(parts, ()))


def _signal_paths(node: Any, path: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(node, Mapping):
        return
    for name, value in node.items():
        if name in _SIGNALEN and value not in (None, False, {}, []):
            yield ".".join((*path, name))
        elif name not in _SIGNALEN:
            yield from _signal_paths(value, (*path, name))


def _residence(gezien: Gezien, *, opschorting: bool) -> Any:
    staat = _canonical(gezien.staat)
    return staat.get(GEMEENTE), _without_signals(staat.get(VERBLIJFPLAATS)), staat.get(OPSCHORTING) if opschorting else None


def _without_signals(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    return {name: _without_signals(part) for name, part in node.items() if name not in _SIGNALEN}


def _reden(staat: Mapping[str, Any]) -> str | None:
    opschorting = staat.get(OPSCHORTING)
    reden = opschorting.get("reden") if isinstance(opschorting, Mapping) else None
    return reden.get("code") if isinstance(reden, Mapping) else None


def _relaties(staat: Mapping[str, Any]) -> list[str]:
    """Return the gezagsrelaties in an order of their own: the registry works them out anew at every read."""
    found = staat.get(GEZAG)
    return sorted(json.dumps(_sorted(_canonical(relatie)), sort_keys=True) for relatie in found) if found else []


def _sorted(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {name: _sorted(part) for name, part in node.items()}
    return sorted(map(_sorted, node), key=str) if isinstance(node, list) else node


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {name: _canonical(part) for name, part in value.items() if name not in _GEEN_GEGEVEN}
        return {name: _order_free(part) if name == GEZAG else part for name, part in kept.items()}
    return [_canonical(item) for item in value] if isinstance(value, list) else value


def _order_free(relaties: Any) -> Any:
    return sorted(map(_sorted, relaties), key=str) if isinstance(relaties, list) else relaties
