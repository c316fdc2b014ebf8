# SPDX-License-Identifier: EUPL-1.2
"""Holds what a zaaktype offers (Catalogi API) against what each step of a flow needs by the municipality's mapping.

A zaaktype without the eigenschap a mapping reads makes every declaration orange; one without a resultaattype makes every
opdracht fail at the end. Both are better known before the first zaak.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from connectors.zaak.catalogus import Catalogus
from connectors.zaak.client import ZaakClient
from connectors.zaak.herkomst import Herkomst
from connectors.zaak.settings import ZaakSettings

Json = Mapping[str, Any]
Staat = Literal["goed", "ontbreekt", "let-op"]
_INITIATOR: Final = "initiator"
_KINDS: Final = ("statustypen", "resultaattypen", "roltypen", "eigenschappen")
# What a declaration needs before it can be green; what is not here may be absent without any harm.
NODIG: Final[Mapping[str, tuple[str, ...]]] = {
    "verhuisdatum": ("verhuisdatum",),
    "adres": ("bag_id", "postcode", "straat"),
    "aangever": ("bsn_aangever",),
    "authenticatie": ("authenticatie_middel",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bevinding:
    """One thing a step needs, and whether the zaaktype offers it. ``uitleg``: what was looked for, or what to do."""

    zaaktype: str
    stap: str
    nodig: str
    staat: Staat
    uitleg: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aanbod:
    """A version of a zaaktype with all its types."""

    zaaktype: Json
    statustypen: Sequence[Json]
    resultaattypen: Sequence[Json]
    roltypen: Sequence[Json]
    eigenschappen: Sequence[Json]

    @property
    def naam(self) -> str:
        """Return how a person names this version."""
        return f"{self.zaaktype.get('identificatie')} (vanaf {self.zaaktype.get('beginGeldigheid')})"


async def haal_aanbod(client: ZaakClient, identificatie: str, *, today: date) -> list[Aanbod]:
    """Return the versions of a zaaktype that are in force, or will be; URLs change per version, the identificatie does not."""
    catalogus = Catalogus(client)
    found = [item async for item in client.pages("catalogi", "zaaktypen", {"identificatie": identificatie})]
    offered = []
    for zaaktype in found:
        if zaaktype.get("concept") or str(zaaktype.get("eindeGeldigheid") or "9999") < today.isoformat():
            continue
        types = {kind: await catalogus.of_zaaktype(str(zaaktype["url"]), kind) for kind in _KINDS}
        offered.append(Aanbod(zaaktype=zaaktype, **types))
    return sorted(offered, key=lambda aanbod: str(aanbod.zaaktype.get("beginGeldigheid")))


async def controleer_bron(client: ZaakClient, *, today: date) -> list[Bevinding]:
    """Check every zaaktype that holds declarations."""
    found: list[Bevinding] = []
    for identificatie in client.settings.mapping.zaaktypen:
        offered = await haal_aanbod(client, identificatie, today=today)
        if not offered:
            text = "er is geen versie van dit zaaktype die nu of later geldt, of ons client_id mag haar niet zien"
            found.append(
                Bevinding(zaaktype=identificatie, stap="registratie", nodig="zaaktype", staat="ontbreekt", uitleg=text)
            )
        for aanbod in offered:
            found += controleer(aanbod, client.settings)
    return found


def controleer(aanbod: Aanbod, settings: ZaakSettings) -> list[Bevinding]:
    """Return what every step needs of one version of a zaaktype, with what is missing. Pure."""
    checks = (*_statussen(aanbod), *_resultaten(aanbod, settings), *_rollen(aanbod, settings), *_gegevens(aanbod, settings))
    return [Bevinding(zaaktype=aanbod.naam, stap=s, nodig=n, staat=staat, uitleg=uitleg) for s, n, staat, uitleg in checks]


Check = tuple[str, str, Staat, str]


def _statussen(aanbod: Aanbod) -> Iterator[Check]:
    ends = [item for item in aanbod.statustypen if item.get("isEindstatus")]
    begins = [item for item in aanbod.statustypen if not item.get("isEindstatus")]
    first = min(begins, key=lambda item: int(item.get("volgnummer") or 0), default=None)
    yield _check("in behandeling", "eerste statustype", first, _name(first), "er is geen statustype voor de eindstatus")
    end = ends[0] if len(ends) == 1 else None
    yield _check(
        "afronden", "eindstatus", end, _name(end), f"er zijn {len(ends)} statustypen met isEindstatus, het moet er een zijn"
    )


def _resultaten(aanbod: Aanbod, settings: ZaakSettings) -> Iterator[Check]:
    offered = {str(item.get("omschrijving")) for item in aanbod.resultaattypen}
    for sleutel, wanted in settings.resultaten.model_dump().items():
        missing = f"geen resultaattype {wanted!r}; kies uit: {_listed(offered)}; schrijf het bij resultaten.{sleutel}"
        yield _check(f"afronden ({sleutel})", "resultaattype", wanted in offered, wanted, missing)


def _rollen(aanbod: Aanbod, settings: ZaakSettings) -> Iterator[Check]:
    offered = {str(item.get("omschrijvingGeneriek")) for item in aanbod.roltypen}
    for stap, wanted in (("aangifte lezen", _INITIATOR), ("overnemen", settings.rol_behandelaar)):
        missing = f"geen roltype met omschrijvingGeneriek {wanted!r}; er zijn: {_listed(offered)}"
        yield _check(stap, "roltype", wanted in offered, wanted, missing)


def _gegevens(aanbod: Aanbod, settings: ZaakSettings) -> Iterator[Check]:
    """Say of each item whether the places the mapping names can hold it; a needed one without a place is missing."""
    offered = {str(item.get("naam")).casefold() for item in aanbod.eigenschappen}
    roles = {str(item.get("omschrijvingGeneriek")) for item in aanbod.roltypen}
    for item, names in NODIG.items():
        sources = [source for name in names for source in getattr(settings.mapping, name)]
        possible = [source for source in sources if _can_hold(source, offered, roles)]
        named = sorted({source.naam for source in sources if source.bron == "zaakeigenschap"})
        missing = (
            f"geen van de plaatsen in de mapping kan dit hebben (eigenschappen: {_listed(named)}); elke aangifte wordt oranje"
        )
        yield _check("beoordelen", item, possible, _listed(dict.fromkeys(_place(source) for source in possible)), missing)
    for name in sorted(_named_eigenschappen(settings) - offered):
        yield "beoordelen", "eigenschap", "let-op", f"{name.upper()} staat in de mapping; dit zaaktype heeft haar niet"


def _can_hold(source: Herkomst, eigenschappen: set[str], roles: set[str]) -> bool:
    if source.bron == "zaakeigenschap":
        return source.naam.casefold() in eigenschappen
    return source.bron != "rol" or (source.soort or _INITIATOR) in roles


def _named_eigenschappen(settings: ZaakSettings) -> set[str]:
    return {source.naam.casefold() for source in settings.mapping.herkomsten() if source.bron == "zaakeigenschap"}


def _place(source: Herkomst) -> str:
    return f"{source.bron} {source.naam or source.soort or source.pad}".strip()


def _check(stap: str, nodig: str, found: Any, good: str, missing: str) -> Check:
    return (stap, nodig, "goed", good) if found else (stap, nodig, "ontbreekt", missing)


def _name(item: Json | None) -> str:
    return str((item or {}).get("omschrijving", ""))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "geen"
