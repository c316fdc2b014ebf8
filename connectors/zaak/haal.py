# SPDX-License-Identifier: EUPL-1.2
"""Fetches one zaak whole: with an audit trail two requests and what the trail does not tell, without one the objects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from connectors.zaak.boek import DESTROY, UPDATES
from connectors.zaak.bundel import SOORT_VAN_PAD, Bundel, Melding, beeld_van, genoemd, levend, na, soort_van_key, voor
from connectors.zaak.catalogus import Catalogus
from connectors.zaak.client import BestaatNiet, GeenToegang, Geweigerd, NietVanDeApi, ZaakClient, resource_key
from connectors.zaak.spoor import unexplained, zaak_unexplained
from connectors.zaak.stand import Regel, Stand
from connectors.zaak.tijd import same_moment
from hub.errors import SourceUnavailable

log = structlog.get_logger("wissel.zaak.haal")
Json = dict[str, Any]
_LISTS: Final = {
    "status": "statussen",
    "rol": "rollen",
    "zaakobject": "zaakobjecten",
    "klantcontact": "klantcontacten",
}
_SAME_CHANGE_S: Final = 5.0  # between the entry in the trail and the notification of the same change
_ASK_LIST_AGAIN_S: Final = 600.0
_REMOVABLE: Final = frozenset({"rol", "zaakobject", "zaakeigenschap", "resultaat"})
_TYPED: Final = ("zaaktype", "statustype", "resultaattype")


class Ophaler:
    """Fetches zaken of one gemeente. Remembers which lists the source does not offer; nothing about zaken."""

    def __init__(self, client: ZaakClient, catalogus: Catalogus) -> None:
        self.client = client
        self.catalogus = catalogus
        self._not_offered: dict[str, float] = {}
        self._reads_objects = any(source.bron == "object" for source in client.settings.mapping.herkomsten())

    async def haal(self, zaak_uuid: str, stand: Stand, meldingen: Sequence[Melding], regel: Regel) -> Bundel | None:
        """Return the zaak with all that is needed to tell what is new, or None when the API itself says it is not there.

        ``regel``: the id rule of this source, empty while it is not known. Raises what the client raises.
        """
        asks_trail = regel != "objecten"
        asked = [self.client.object("zaken", f"zaken/{zaak_uuid}"), *([self.trail(zaak_uuid)] if asks_trail else [])]
        answers: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
        zaak, trail = answers[0], answers[-1]
        if isinstance(zaak, BestaatNiet):
            return None
        if isinstance(zaak, BaseException):
            raise zaak
        entries = self._judge_trail(trail, regel) if asks_trail else None
        if entries is None:
            bundel = await self._from_objects(zaak, stand, meldingen)
        else:
            bundel = await self._beside_trail(zaak_uuid, zaak, entries, stand, meldingen)
        return await self._complete(bundel, stand)

    async def bestaat(self, zaak_uuid: str) -> bool:
        """Return True when the source answers this zaak with 200: it works, and it is the source we know."""
        try:
            await self.client.object("zaken", f"zaken/{zaak_uuid}")
        except BestaatNiet:
            return False
        return True

    # ----------------------------------------------------------------------------------------------- audit trail

    async def trail(self, zaak_uuid: str) -> list[Json]:
        """Return the audit trail of a zaak as the source gives it."""
        return [entry async for entry in self.client.pages("zaken", f"zaken/{zaak_uuid}/audittrail")]

    def _judge_trail(self, trail: Any, regel: Regel) -> list[Json] | None:
        """Return the entries, None when our credentials may not read them though the zaak itself they may (R11)."""
        if isinstance(trail, GeenToegang):
            if regel == "audittrail":
                log.error("audit_trail_refused", gemeente=self.client.gemeente)
                raise SourceUnavailable(
                    f"the zaaksysteem of {self.client.gemeente} refuses the audit trail it gave before; give the hub's "
                    "client scope audittrails.lezen again"
                ) from trail
            return None
        if isinstance(trail, BestaatNiet):
            raise SourceUnavailable("the audit trail of a zaak that exists is not found; tried again") from trail
        if isinstance(trail, BaseException):
            raise trail
        entries: list[Json] = trail
        return entries

    async def _beside_trail(
        self, zaak_uuid: str, zaak: Json, trail: list[Json], stand: Stand, meldingen: Sequence[Melding]
    ) -> Bundel:
        """Return the trail with what it does not tell; read again once when it seems behind the objects."""
        listed = await self.eigenschappen(zaak_uuid) if zaak.get("eigenschappen") else dict[str, Json]()
        bundel = Bundel(zaak=zaak, trail=trail, objecten=listed)
        if _untold(bundel, stand, meldingen) or unexplained(bundel) or zaak_unexplained(bundel):
            bundel = Bundel(zaak=zaak, trail=await self.trail(zaak_uuid), objecten=listed)
        found, gone = await self._each(_untold(bundel, stand, meldingen))
        return Bundel(zaak=zaak, trail=bundel.trail, objecten=listed | found, weg=gone)

    async def eigenschappen(self, zaak_uuid: str) -> dict[str, Json]:
        """Return all zaakeigenschappen: Open Zaak does not audit their changes."""
        return _by_key([item async for item in self.client.pages("zaken", f"zaken/{zaak_uuid}/zaakeigenschappen")])

    # --------------------------------------------------------------------------------------------------- objects

    async def _from_objects(self, zaak: Json, stand: Stand, meldingen: Sequence[Melding]) -> Bundel:
        lists = await asyncio.gather(*(self._list(soort, zaak) for soort in (*_LISTS, "zaakeigenschap")))
        objecten = {key: found for listed in lists if listed is not None for key, found in listed.items()}
        hinted = {m.key for m in meldingen if m.open}
        wanted = hinted | set(genoemd(zaak)) | _unconfirmed(zaak, _published(stand), objecten)
        once = {key for key, bron in stand.bronnen.items() if bron.soort == "status"} - hinted  # a status never changes
        found, gone = await self._each(key for key in wanted - objecten.keys() - once if _fetchable(key))
        return Bundel(zaak=zaak, objecten=objecten | found, weg=gone)

    async def _list(self, soort: str, zaak: Json) -> dict[str, Json] | None:
        """Return all resources of a kind of a zaak, None when the source does not offer that list to us."""
        if time.monotonic() < self._not_offered.get(soort, 0.0):
            return None
        url = str(zaak.get("url"))
        try:
            if soort == "zaakeigenschap":
                return await self.eigenschappen(resource_key(url).rpartition("/")[2])
            return _by_key([item async for item in self.client.pages("zaken", _LISTS[soort], {"zaak": url})])
        except (BestaatNiet, NietVanDeApi, GeenToegang, Geweigerd) as error:
            log.info("list_not_offered", gemeente=self.client.gemeente, soort=soort, reden=type(error).__name__)
            self._not_offered[soort] = time.monotonic() + _ASK_LIST_AGAIN_S
            return None

    async def _each(self, keys: Iterable[str]) -> tuple[dict[str, Json], frozenset[str]]:
        """Return (found by key, keys the API says do not exist)."""
        wanted = sorted(set(keys))
        answers = await asyncio.gather(*(self._one(key) for key in wanted))
        found = {key: answer for key, answer in zip(wanted, answers, strict=True) if answer is not None}
        gone = frozenset(wanted) - found.keys()
        return {key: answer for key, answer in found.items() if answer}, gone

    async def _one(self, key: str) -> Json | None:
        """Return an object, None when the API says that it does not exist, an empty one when it is hidden from us."""
        try:
            return await self.client.object("zaken", key)
        except BestaatNiet:
            return None
        except GeenToegang as error:
            if not error.verborgen:
                raise
            log.warning("object_hidden", gemeente=self.client.gemeente, soort=soort_van_key(key))
            return {}

    # ------------------------------------------------------------------------------------------------- catalogue

    async def _complete(self, bundel: Bundel, stand: Stand) -> Bundel:
        urls = sorted(set(_type_urls(bundel, stand)))
        typen = await asyncio.gather(*(self.catalogus.get(url) for url in urls))
        return Bundel(
            zaak=bundel.zaak,
            trail=bundel.trail,
            objecten=bundel.objecten,
            weg=bundel.weg,
            typen={resource_key(url): found for url, found in zip(urls, typen, strict=True)},
            aanvragen=await self._aanvragen(bundel) if self._reads_objects else {},
        )

    async def _aanvragen(self, bundel: Bundel) -> dict[str, Json]:
        urls = {str(z.get("object") or "") for z in beeld_van(bundel).zaakobjecten.values()} - {""}
        found = {url: await self.client.objectenregistratie(url) for url in sorted(urls)}
        return {url: item for url, item in found.items() if isinstance(item, dict)}


def _untold(bundel: Bundel, stand: Stand, meldingen: Sequence[Melding]) -> set[str]:
    """Return the keys of resources the trail does not tell all about: they are looked at themselves."""
    alive, told = levend(bundel.trail or ()), _changes(bundel.trail or ())
    missing = set(genoemd(bundel.zaak)) - alive.keys() - bundel.objecten.keys()
    thought_present = alive.keys() | (_published(stand) - told.keys())
    vanished = _unconfirmed(bundel.zaak, thought_present, bundel.objecten)
    hinted = {m.key for m in meldingen if m.open and not _is_told(m, told)}
    return {key for key in missing | vanished | hinted if _fetchable(key)}


def _changes(trail: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[str, Any]]]:
    found: dict[str, list[tuple[str, Any]]] = {}
    for entry in trail:
        key = resource_key(str(entry.get("resourceUrl", "")))
        found.setdefault(key, []).append((str(entry.get("actie", "")).lower(), entry.get("aanmaakdatum")))
    return found


def _is_told(melding: Melding, told: Mapping[str, Sequence[tuple[str, Any]]]) -> bool:
    """Return True when the trail has the change a notification is about."""
    changes = told.get(melding.key, ())
    if melding.actie not in {*UPDATES, DESTROY}:
        return bool(changes)
    return any(
        (actie == melding.actie or {actie, melding.actie} <= UPDATES)
        and same_moment(moment, melding.aanmaakdatum, within_s=_SAME_CHANGE_S)
        for actie, moment in changes
    )


def _unconfirmed(zaak: Mapping[str, Any], keys: Iterable[str], objecten: Mapping[str, Any]) -> set[str]:
    """Return those of ``keys`` that can be removed and that the zaak no longer names."""
    return {key for key in keys if soort_van_key(key) in _REMOVABLE} - set(genoemd(zaak)) - objecten.keys()


def _published(stand: Stand) -> set[str]:
    return {key for key, bron in stand.bronnen.items() if not bron.weg}


def _fetchable(key: str) -> bool:
    return soort_van_key(key) not in {"", "zaak"}


def _by_key(items: Iterable[Any]) -> dict[str, Json]:
    pairs = ((resource_key(str(item.get("url", ""))), item) for item in items if isinstance(item, dict))
    return {key: item for key, item in pairs if key.split("/")[-2:-1] and key.split("/")[-2] in SOORT_VAN_PAD}


def _type_urls(bundel: Bundel, stand: Stand) -> Iterable[str]:
    """Yield the catalogue objects needed to word the facts: not those of entries that were handled before."""
    handled = set(stand.spoor)
    new = [entry for entry in bundel.trail or () if entry.get("uuid") not in handled]
    states = [state for entry in new for state in (na(entry), voor(entry)) if state is not None]
    for resource in (bundel.zaak, *bundel.objecten.values(), *states, *beeld_van(bundel).rollen.values()):
        yield from (str(resource[name]) for name in _TYPED if resource.get(name))
        if resource.get("roltype") and not resource.get("omschrijvingGeneriek"):
            yield str(resource["roltype"])
