# SPDX-License-Identifier: EUPL-1.2
"""Writing back to the zaaksysteem, one function per soort opdracht, each safe to run again after a crash (design R10).

The Zaken API knows no idempotency key. So each looks first: what stands there as it was asked for is done. Where the API
itself keeps things single (one resultaat, one status per moment) its refusal of the second is an answer; a rol is read
back after writing and later copies are taken away.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.zaak.client import BestaatNiet, Geweigerd, resource_key
from connectors.zaak.fetch import Bron
from connectors.zaak.tijd import same_moment
from hub.errors import Poison, SourceContractBroken
from hub.events import outcome_id
from hub.plugins import Executor, Grens, OpdrachtUitvoering, Uitkomst

Json = dict[str, Any]
UITGEVOERD: Final = "nl.wissel.opdracht.uitgevoerd.v1"
MISLUKT: Final = "nl.wissel.opdracht.mislukt.v1"
_SAME_STATUS_S: Final = 0.001  # sources keep at most microseconds of what was sent


@dataclass(frozen=True, slots=True)
class Werk:
    """One opdracht at work: the source, what was asked, and the zaak as it was read at the start."""

    bron: Bron
    opdracht: OpdrachtUitvoering
    zaak: Json

    @property
    def gegevens(self) -> Mapping[str, Any]:
        """Return the open data of the opdracht."""
        return self.opdracht.gegevens

    @property
    def gesloten(self) -> bool:
        """Return True when the zaak is closed; then the API refuses most changes."""
        return bool(self.zaak.get("einddatum"))

    @property
    def zaak_url(self) -> str:
        """Return the URL of the zaak as the source spells it."""
        return str(self.zaak["url"])

    async def post(self, key: str, body: Json) -> Json:
        """Create an object, right after making sure that the opdracht is still ours."""
        await self.opdracht.bevestig_lease()
        made: Json = await self.bron.client.post("zaken", key, body, toelichting=self._why)
        return made

    async def patch_zaak(self, changes: Json) -> None:
        """Change fields of the zaak."""
        await self.opdracht.bevestig_lease()
        await self.bron.client.patch("zaken", f"zaken/{self.opdracht.zaak}", changes, toelichting=self._why)

    async def delete(self, url: str) -> None:
        """Remove an object of the zaak."""
        await self.opdracht.bevestig_lease()
        await self.bron.client.delete("zaken", resource_key(url), toelichting=self._why)

    async def alle(self, key: str) -> list[Json]:
        """Return all objects of a kind of this zaak."""
        return [item async for item in self.bron.client.pages("zaken", key, {"zaak": self.zaak_url})]

    async def again(self) -> Json:
        """Return the zaak as it is now."""
        found: Json = await self.bron.client.get("zaken", f"zaken/{self.opdracht.zaak}")
        return found

    async def types(self, soort: str) -> list[Json]:
        """Return statustypen, resultaattypen or roltypen of the zaaktype of this zaak."""
        return await self.bron.catalogus.of_zaaktype(str(self.zaak["zaaktype"]), soort)

    @property
    def _why(self) -> str:
        return f"Wissel, opdracht {self.opdracht.id}"


Handeling = Callable[[Werk], Awaitable[Json]]
GEDAAN: Final[Json] = {"gewijzigd": True}
STOND_ER_AL: Final[Json] = {"gewijzigd": False}
ZAAK_GESLOTEN: Final[Json] = {"gewijzigd": False, "reden": "zaak-gesloten"}


class Schrijver:
    """Carries out one soort of writing opdracht. When the bounds are reached the opdracht is parked."""

    grens = Grens()

    def __init__(self, bronnen: Mapping[str, Bron], handeling: Handeling) -> None:
        self._bronnen = bronnen
        self._handeling = handeling

    async def voer_uit(self, opdracht: OpdrachtUitvoering) -> Uitkomst:
        """Do it unless it stands there already, and return the outcome."""
        bron = bron_van(self._bronnen, opdracht)
        try:
            zaak = await bron.client.get("zaken", f"zaken/{opdracht.zaak}")
        except BestaatNiet:
            return _failed(opdracht, "zaak-verwijderd", "De zaak bestaat niet meer in het zaaksysteem.")
        outcome = await self._handeling(Werk(bron, opdracht, zaak))
        data = {"opdrachtId": opdracht.id, "soort": opdracht.soort, "stap": opdracht.stap}
        done = opdracht.feit(UITGEVOERD, data | {"uitkomst": json.dumps(outcome)}, event_id=outcome_id(opdracht.id))
        return Uitkomst(events=[done])

    def geef_op(self, opdracht: OpdrachtUitvoering, fout: Exception) -> Uitkomst | None:
        """Return None: a write that does not succeed waits for a person."""


def bron_van(bronnen: Mapping[str, Bron], opdracht: OpdrachtUitvoering) -> Bron:
    """Return the zaaksysteem of the opdracht's gemeente; Poison when it has none."""
    bron = bronnen.get(opdracht.gemeente.slug)
    if bron is None:
        raise Poison(f"gemeente {opdracht.gemeente.slug} has no [gemeenten.{opdracht.gemeente.slug}.zaak]; add it")
    return bron


def _failed(opdracht: OpdrachtUitvoering, reden: str, uitleg: str) -> Uitkomst:
    data = {
        "opdrachtId": opdracht.id,
        "soort": opdracht.soort,
        "stap": opdracht.stap,
        "reden": reden,
        "uitleg": uitleg,
        "definitief": True,
    }
    return Uitkomst(events=[opdracht.feit(MISLUKT, data, event_id=outcome_id(opdracht.id))])


# ------------------------------------------------------------------------------------------------------------- rollen


async def zet_behandelaar(werk: Werk) -> Json:
    """Make ``medewerker`` the one behandelaar: create the rol when it is not there, take the others away."""
    if werk.gesloten:
        return ZAAK_GESLOTEN
    medewerker = str(werk.gegevens["medewerker"])
    before = await _behandelaren(werk)
    if not _of(before, medewerker):
        roltype = await _type(werk, "roltypen", "omschrijvingGeneriek", werk.bron.settings.rol_behandelaar)
        body = {
            "zaak": werk.zaak_url,
            "betrokkeneType": "medewerker",
            "roltype": roltype["url"],
            "roltoelichting": str(werk.gegevens.get("omschrijving") or "behandelaar"),
            "betrokkeneIdentificatie": {"identificatie": medewerker},
        }
        await werk.post("rollen", body)
    after = await _behandelaren(werk)
    keep = _of(after, medewerker)[:1]
    surplus = [rol for rol in after if rol not in keep]
    for rol in surplus:
        await werk.delete(str(rol["url"]))
    return GEDAAN if surplus or not _of(before, medewerker) else STOND_ER_AL


async def verwijder_behandelaar(werk: Werk) -> Json:
    """Take the rol of ``medewerker`` away; without one, of every medewerker who is behandelaar."""
    if werk.gesloten:
        return ZAAK_GESLOTEN
    medewerker = werk.gegevens.get("medewerker")
    present = await _behandelaren(werk)
    gone = _of(present, str(medewerker)) if medewerker else present
    for rol in gone:
        await werk.delete(str(rol["url"]))
    return GEDAAN if gone else STOND_ER_AL


async def _behandelaren(werk: Werk) -> list[Json]:
    """Return the rollen of medewerkers that handle the zaak, oldest first; a team (organisatorische eenheid) stays."""
    wanted = werk.bron.settings.rol_behandelaar
    rollen = [
        rol
        for rol in await werk.alle("rollen")
        if rol.get("omschrijvingGeneriek") == wanted and rol.get("betrokkeneType") == "medewerker"
    ]
    return sorted(rollen, key=lambda rol: (str(rol.get("registratiedatum", "")), str(rol.get("url", ""))))


def _of(rollen: list[Json], medewerker: str) -> list[Json]:
    return [rol for rol in rollen if (rol.get("betrokkeneIdentificatie") or {}).get("identificatie") == medewerker]


# -------------------------------------------------------------------------------------------------- status, resultaat


async def zet_status(werk: Werk) -> Json:
    """Set the first status, only when none is set: the e-form may have done it (double statuses were a known bug)."""
    if werk.zaak.get("status"):
        return STOND_ER_AL
    first = min(await werk.types("statustypen"), key=lambda statustype: int(statustype.get("volgnummer") or 0))
    return await _set_status(werk, first, lambda zaak: bool(zaak.get("status")))


async def sluit_zaak(werk: Werk) -> Json:
    """Set the eindstatus (ZGW zrc-007), at the moment fixed in the opdracht."""
    if werk.gesloten:
        return STOND_ER_AL
    last = next((statustype for statustype in await werk.types("statustypen") if statustype.get("isEindstatus")), None)
    if last is None:
        raise SourceContractBroken(f"the zaaktype of zaak {werk.opdracht.zaak} has no eindstatus; add one to the catalogus")
    if await _has_status(werk, last):
        return STOND_ER_AL  # closed by us before, and opened again by somebody since
    return await _set_status(werk, last, lambda zaak: bool(zaak.get("einddatum")))


async def _set_status(werk: Werk, statustype: Json, done: Callable[[Json], bool]) -> Json:
    body = {
        "zaak": werk.zaak_url,
        "statustype": statustype["url"],
        "datumStatusGezet": str(werk.gegevens["datumStatusGezet"]),
    }
    try:
        await werk.post("statussen", body)
    except Geweigerd:
        if done(await werk.again()):
            return STOND_ER_AL  # an earlier try of ours, or somebody else, was first
        raise
    return GEDAAN


async def _has_status(werk: Werk, statustype: Json) -> bool:
    wanted, at = resource_key(str(statustype["url"])), werk.gegevens["datumStatusGezet"]
    return any(
        resource_key(str(status.get("statustype"))) == wanted
        and same_moment(status.get("datumStatusGezet"), at, within_s=_SAME_STATUS_S)
        for status in await werk.alle("statussen")
    )


async def zet_resultaat(werk: Werk) -> Json:
    """Set the resultaat that the settings name for ``sleutel``; another one that stands there is replaced."""
    omschrijving = str(getattr(werk.bron.settings.resultaten, str(werk.gegevens["sleutel"])))
    wanted = await _type(werk, "resultaattypen", "omschrijving", omschrijving)
    present = await _resultaat(werk, werk.zaak)
    if _is_type(present, wanted):
        return STOND_ER_AL
    if present is not None:
        await werk.delete(str(present["url"]))
    try:
        await werk.post("resultaten", {"zaak": werk.zaak_url, "resultaattype": wanted["url"], "toelichting": ""})
    except Geweigerd:
        if _is_type(await _resultaat(werk, await werk.again()), wanted):
            return STOND_ER_AL
        raise
    return GEDAAN


async def _resultaat(werk: Werk, zaak: Json) -> Json | None:
    key = resource_key(str(zaak.get("resultaat") or ""))
    try:
        return await werk.bron.client.get("zaken", key) if key else None
    except BestaatNiet:
        return None


def _is_type(resultaat: Json | None, resultaattype: Json) -> bool:
    found = resource_key(str((resultaat or {}).get("resultaattype") or ""))
    return found == resource_key(str(resultaattype["url"]))


async def _type(werk: Werk, soort: str, field: str, wanted: str) -> Json:
    for found in await werk.types(soort):
        if str(found.get(field, "")).casefold() == wanted.casefold():
            return found
    raise SourceContractBroken(
        f"the zaaktype of zaak {werk.opdracht.zaak} has no {soort} with {field} {wanted!r}; add it to the catalogus or name "
        f"another one in [gemeenten.{werk.opdracht.gemeente.slug}.zaak]"
    )


# ------------------------------------------------------------------------------------------------- the zaak itself


async def schort_op(werk: Werk) -> Json:
    """Suspend the zaak with a reason (Awb 4:15)."""
    return await _change(werk, {"opschorting": {"indicatie": True, "reden": _text(werk, "reden")}})


async def hervat(werk: Werk) -> Json:
    """Resume the zaak."""
    return await _change(werk, {"opschorting": {"indicatie": False, "reden": ""}})


async def zet_einddatum_gepland(werk: Werk) -> Json:
    """Set the planned last day."""
    return await _change(werk, {"einddatumGepland": str(werk.gegevens["datum"])})


async def zet_toelichting(werk: Werk) -> Json:
    """Set the toelichting of the zaak."""
    return await _change(werk, {"toelichting": _text(werk, "toelichting")})


async def _change(werk: Werk, changes: Json) -> Json:
    if all(_same(werk.zaak.get(name), value) for name, value in changes.items()):
        return STOND_ER_AL
    if werk.gesloten:
        return ZAAK_GESLOTEN
    await werk.patch_zaak(changes)
    return GEDAAN


def _same(present: Any, wanted: Any) -> bool:
    """Compare a field; of an object only what is asked for, and absent is the same as empty and false."""
    if isinstance(wanted, dict):
        return all(_same((present or {}).get(name), value) for name, value in wanted.items())
    return present == wanted or (not present and not wanted)


def _text(werk: Werk, name: str) -> str:
    """Return a text of the opdracht: from the sealed part about the zaak when it stands there, else from the open part."""
    besloten = werk.opdracht.besloten.get(f"zaak:{werk.opdracht.zaak}") or {}
    return str(besloten.get(name) or werk.gegevens.get(name) or "")


HANDELINGEN: Final[Mapping[str, Handeling]] = {
    "zet-behandelaar": zet_behandelaar,
    "verwijder-behandelaar": verwijder_behandelaar,
    "zet-status": zet_status,
    "zet-resultaat": zet_resultaat,
    "sluit-zaak": sluit_zaak,
    "schort-op": schort_op,
    "hervat": hervat,
    "zet-einddatum-gepland": zet_einddatum_gepland,
    "zet-toelichting": zet_toelichting,
}


def schrijvers(bronnen: Mapping[str, Bron]) -> dict[str, Executor]:
    """Return the executor per soort opdracht that writes."""
    return {soort: Schrijver(bronnen, handeling) for soort, handeling in HANDELINGEN.items()}
