# SPDX-License-Identifier: EUPL-1.2
"""The claims, marks and registry changes on one person or address, folded from its stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from hub.events import Event
from hub.flows.base import FlowContext

CLAIM_GELEGD: Final = "nl.wissel.claim.gelegd.v1"
CLAIM_BEEINDIGD: Final = "nl.wissel.claim.beeindigd.v1"
CLAIM_GEPARKEERD: Final = "nl.wissel.claim.geparkeerd.v1"
CLAIM_ANTWOORD: Final = "nl.wissel.claim.antwoord.v1"
CLAIMS_BEANTWOORD: Final = "nl.wissel.claims.beantwoord.v1"
WIJZIGING_DOORGEGEVEN: Final = "nl.wissel.registerwijziging.doorgegeven.v1"
CLAIMS_WIJZIGING_DOORGEGEVEN: Final = "nl.wissel.claims.wijziging-doorgegeven.v1"
MARKERING_GEZET: Final = "nl.wissel.lijst.markering-gezet.v1"
MARKERING_OPGEHEVEN: Final = "nl.wissel.lijst.markering-opgeheven.v1"
VERHUISD: Final = "nl.brp.verhuisd."
GEEN_VERHUIZING: Final = "nl.wissel.brp.wijziging-zonder-verhuizing.v1"
ANDERE_WIJZIGINGEN: Final = (
    "nl.brp.overleden.v1",
    "nl.brp.verblijfplaats.in-onderzoek.v1",
    "nl.wissel.brp.onderzoek-begonnen.v1",
    "nl.wissel.brp.onderzoek-beeindigd.v1",
    "nl.wissel.brp.geheimhouding-ingesteld.v1",
    "nl.wissel.brp.geheimhouding-opgeheven.v1",
    "nl.wissel.brp.gezag-gewijzigd.v1",
)

_LEEG: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Claim:
    """What one zaak wants of this person or address."""

    zaak: str
    soort: str
    doel: str | None
    verhuisdatum: str | None
    ontvangst: str
    geparkeerd: bool = False


@dataclass(frozen=True, slots=True)
class Markering:
    """A mark; ``besloten`` holds its reason and author, or nothing when those were destroyed."""

    soort: str
    verloopt: str | None
    besloten: Mapping[str, Any] = field(default_factory=lambda: _LEEG, repr=False)


@dataclass(frozen=True, slots=True)
class Wijziging:
    """A registry change that claimants have not been told yet."""

    gebeurtenis: str
    soort: str
    datum: str | None
    besloten: Mapping[str, Any] = field(default_factory=lambda: _LEEG, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staat:
    """``claims`` by zaak, ``markeringen`` by their id; ``te_beantwoorden`` when something changed since the last answer."""

    context: FlowContext
    sequence: int = 0
    claims: Mapping[str, Claim] = field(default_factory=lambda: _LEEG)
    markeringen: Mapping[str, Markering] = field(default_factory=lambda: _LEEG)
    wijzigingen: tuple[Wijziging, ...] = ()
    te_beantwoorden: bool = False

    @property
    def onderwerp(self) -> str:
        """The subject under which what is personal here is sealed: the pseudonym, or ``adres:<BAG id>``."""
        wat = self.context.stream.rpartition(":")[2]
        return f"adres:{wat}" if wat.isdigit() and len(wat) == 16 else wat  # noqa: PLR2004


def _tekst(waarde: object) -> str | None:
    return waarde if isinstance(waarde, str) and waarde else None


def _gelegd(staat: Staat, event: Event) -> Staat:
    data, zaak = event.data, _tekst(event.data.get("zaak")) or ""
    eerder = staat.claims.get(zaak)
    claim = Claim(
        zaak=zaak,
        soort=_tekst(data.get("soort")) or "",
        doel=_tekst(data.get("doel")),
        verhuisdatum=_tekst(data.get("verhuisdatum")),
        ontvangst=_tekst(data.get("ontvangst")) or "",
        geparkeerd=eerder.geparkeerd if eerder else False,
    )
    return replace(staat, claims={**staat.claims, zaak: claim}, te_beantwoorden=True)


def _beeindigd(staat: Staat, event: Event) -> Staat:
    weg = event.data.get("zaak")
    if weg not in staat.claims:
        return staat
    claims = {zaak: claim for zaak, claim in staat.claims.items() if zaak != weg}
    wijzigingen = staat.wijzigingen if claims else ()
    return replace(staat, claims=claims, wijzigingen=wijzigingen, te_beantwoorden=True)


def _geparkeerd(staat: Staat, event: Event) -> Staat:
    zaak, geparkeerd = event.data.get("zaak"), event.data.get("geparkeerd") is True
    claim = staat.claims.get(zaak) if isinstance(zaak, str) else None
    if claim is None or claim.geparkeerd == geparkeerd:
        return staat
    claims = {**staat.claims, claim.zaak: replace(claim, geparkeerd=geparkeerd)}
    return replace(staat, claims=claims, te_beantwoorden=True)


def _beantwoord(staat: Staat, _event: Event) -> Staat:
    return replace(staat, te_beantwoorden=False)


def _eigen_deel(staat: Staat, event: Event) -> Mapping[str, Any]:
    deel = event.besloten.get(staat.onderwerp)
    return deel if isinstance(deel, Mapping) else _LEEG


def _markering_gezet(staat: Staat, event: Event) -> Staat:
    data = event.data
    markering = Markering(_tekst(data.get("soort")) or "", _tekst(data.get("verloopt")), _eigen_deel(staat, event))
    markeringen = {**staat.markeringen, _tekst(data.get("markering")) or event.id: markering}
    return replace(staat, markeringen=markeringen, te_beantwoorden=True)


def _markering_opgeheven(staat: Staat, event: Event) -> Staat:
    weg = event.data.get("markering")
    if weg not in staat.markeringen:
        return staat
    markeringen = {naam: markering for naam, markering in staat.markeringen.items() if naam != weg}
    return replace(staat, markeringen=markeringen, te_beantwoorden=True)


def _code(waarde: object) -> str | None:
    return _tekst(waarde.get("code")) if isinstance(waarde, Mapping) else _tekst(waarde)


def _datum(waarde: object) -> str | None:
    return _tekst(waarde.get("datum")) if isinstance(waarde, Mapping) else _tekst(waarde)


def _register(staat: Staat, event: Event) -> Staat:
    if not staat.claims:
        return staat  # who claims later fetches later, and so sees this change
    data, besloten = event.data, _eigen_deel(staat, event)
    nieuw = besloten.get("nieuw")
    plaats = nieuw.get("verblijfplaats") if isinstance(nieuw, Mapping) else None
    plaats = plaats if isinstance(plaats, Mapping) else _LEEG
    object_id = data.get("adresseerbaarObjectIdentificatie") or plaats.get("adresseerbaarObjectIdentificatie")
    soort = _tekst(data.get("soort")) if event.type == GEEN_VERHUIZING else event.type.removesuffix(".v1")
    wijziging = Wijziging(
        gebeurtenis=event.id,
        soort=soort or "onbekend",
        datum=_tekst(data.get("datum")),
        besloten={
            "adres": plaats.get("verblijfadres"),
            "adresseerbaarObjectIdentificatie": _tekst(object_id),
            "functieAdres": _tekst(data.get("functieAdres")) or _code(plaats.get("functieAdres")),
            "datumVan": _datum(plaats.get("datumVan")) or _tekst(data.get("datum")),
        },
    )
    return replace(staat, wijzigingen=(*staat.wijzigingen, wijziging))


def _doorgegeven(staat: Staat, event: Event) -> Staat:
    gedaan = event.data.get("wijzigingen")
    klaar = set(gedaan) if isinstance(gedaan, list | tuple) else set()
    return replace(staat, wijzigingen=tuple(w for w in staat.wijzigingen if w.gebeurtenis not in klaar))


HANDLERS: Final[Mapping[str, Callable[[Staat, Event], Staat]]] = {
    CLAIM_GELEGD: _gelegd,
    CLAIM_BEEINDIGD: _beeindigd,
    CLAIM_GEPARKEERD: _geparkeerd,
    CLAIMS_BEANTWOORD: _beantwoord,
    CLAIMS_WIJZIGING_DOORGEGEVEN: _doorgegeven,
    MARKERING_GEZET: _markering_gezet,
    MARKERING_OPGEHEVEN: _markering_opgeheven,
    GEEN_VERHUIZING: _register,
    **dict.fromkeys(ANDERE_WIJZIGINGEN, _register),
    **{
        f"{VERHUISD}{soort}.v1": _register
        for soort in ("binnengemeentelijk", "intergemeentelijk", "naar-buitenland", "immigratie", "in-buitenland")
    },
}


def evolve(staat: Staat, event: Event) -> Staat:
    """Return the state after ``event``; one folded before (same or lower sequence) changes nothing."""
    if event.sequence <= staat.sequence:
        return staat
    handler = HANDLERS.get(event.type)
    return replace(handler(staat, event) if handler else staat, sequence=event.sequence)
