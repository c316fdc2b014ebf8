# SPDX-License-Identifier: EUPL-1.2
"""From what was published before and one message to the facts that are new, of the same types as those of ZGW. Pure.

The id of a fact follows from the message that told it, as the sender calls it, and from what it is about: told again it is
the same fact. Of what a message only repeats there is no fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from connectors.stufzkn.stand import Stand
from connectors.stufzkn.zaakbericht import Deel, Rol, Status, Zaakbericht
from hub.besloten import Besloten, Pseudonym, as_bsn, sealed, zaak_subject
from hub.clock import AMSTERDAM, rfc3339
from hub.events import ZAKEN, NewEvent, fact_id
from hub.privacy import mask_bsns
from hub.stuf.bericht import GeenKennisgeving

_ZGW: Final = "nl.overheid.zaken."
_BEWIJS: Final = "verwijderbericht"
# Kind of rol in StUF-ZKN -> omschrijving, generic omschrijving of ZGW (empty: ZGW has none for it), indicatieMachtiging.
_ROL: Final[Mapping[str, tuple[str, str, str | None]]] = {
    "heeftAlsInitiator": ("Initiator", "initiator", None),
    "heeftAlsBelanghebbende": ("Belanghebbende", "belanghebbende", None),
    "heeftAlsGemachtigde": ("Gemachtigde", "", "gemachtigde"),
    "heeftAlsUitvoerende": ("Uitvoerende", "behandelaar", None),
    "heeftAlsVerantwoordelijke": ("Verantwoordelijke", "", None),
    "heeftAlsOverigBetrokkene": ("Overige betrokkene", "", None),
}
_OPEN: Final = ("einddatumGepland", "uiterlijkeEinddatumAfdoening")
_PERSOONLIJK: Final = ("omschrijving", "toelichting", "kenmerken")
_EIGEN: Final = (*_OPEN, *_PERSOONLIJK, "startdatum", "registratiedatum", "zaaktype")
_EINDDATUM: Final = "einddatum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Omgeving:
    """Whose zaken these are, and what the messages do not tell."""

    gemeente: str
    bron: str
    bronorganisatie: str
    eindstatussen: frozenset[str]
    pseudonym: Pseudonym


@dataclass(frozen=True, slots=True)
class Uitslag:
    """What a message gives: events in the order in which they must be put down, and the new state of what is published."""

    events: Sequence[NewEvent]
    stand: Stand


def leid_af(stand: Stand, bericht: Zaakbericht, omgeving: Omgeving) -> Uitslag:
    """Return the new facts. GeenKennisgeving when a zaak is not known and the message says too little to begin it."""
    boek = _Boek(stand.copy(), bericht, omgeving)
    if bericht.tijdstip <= stand.verwijderd:
        return Uitslag((), stand)  # a late message about a zaak that was removed since
    if bericht.soort == "V":
        boek.verwijder()
    else:
        boek.verwerk()
    return Uitslag(boek.events, boek.stand)


@dataclass(slots=True)
class _Boek:
    """Collects the events of one message. ``velden``: what it says of the zaak itself."""

    stand: Stand
    bericht: Zaakbericht
    omgeving: Omgeving
    velden: Mapping[str, Any] = field(default_factory=dict)
    events: list[NewEvent] = field(default_factory=list)

    def verwijder(self) -> None:
        """Write down that the zaak is gone; one with the same identificatie is another zaak from now on."""
        if self.stand.zaak:
            self._feit("zaak-verwijderd", "zaak", {"bewijs": _BEWIJS})
            self.stand = Stand(generatie=self.stand.generatie + 1, verwijderd=self.bericht.tijdstip)

    def verwerk(self) -> None:
        """Write down what is new, in the order in which a zaak is usually built up."""
        oud, nieuw = self.bericht.oud, self.bericht.nieuw
        if self.stand.zaak:
            self.velden = nieuw.velden
        else:
            self.velden = {**oud.velden, **nieuw.velden}
            self._registreer(nieuw if self.bericht.soort == "T" else oud)
        self._rollen(oud, nieuw)
        self._bijgewerkt()
        self._bijzonderheden()
        self._sluiting(list(self._statussen()))

    # --------------------------------------------------------------------------------------------------- the zaak itself

    def _registreer(self, eerder: Deel) -> None:
        zaaktype, startdatum = self.velden.get("zaaktype"), self.velden.get("startdatum") or self.velden.get("registratiedatum")
        if not zaaktype or not startdatum:
            raise GeenKennisgeving(
                "this zaak is not known here, and the message lacks its zaaktype (isVan) or a whole startdatum or"
                " registratiedatum; send the zaak as a toevoeging first"
            )
        self.stand.zaak = fact_id(self.omgeving.bron, "zaak", self.bericht.identificatie, str(self.stand.generatie))
        einddatum = eerder.velden.get(_EINDDATUM)
        for name in self.velden.keys() & set(_EIGEN):
            self._wijzigt(name, self._eigen(name))
        if einddatum and self._wijzigt(_EINDDATUM, einddatum):
            self.stand.gesloten = "einddatum"
        data = {
            "zaak": f"urn:uuid:{self.stand.zaak}",
            "uuid": self.stand.zaak,
            "identificatie": self.bericht.identificatie,
            "bronorganisatie": self.omgeving.bronorganisatie,
            "zaaktype": "",
            "zaaktypeIdentificatie": mask_bsns(zaaktype["code"]),
            "zaaktypeOmschrijving": mask_bsns(zaaktype["omschrijving"]),
            "registratiedatum": self.velden.get("registratiedatum") or startdatum,
            "startdatum": startdatum,
            _EINDDATUM: einddatum,
            **{name: self.velden.get(name) for name in _OPEN},
            "communicatiekanaal": "",
            "vertrouwelijkheidaanduiding": "",
            "geslotenBijEersteWaarneming": bool(einddatum),
        }
        self._feit("zaak-geregistreerd", "zaak", data, self._besloten({name: self.velden.get(name) for name in _PERSOONLIJK}))

    def _bijgewerkt(self) -> None:
        changed = [name for name in _EIGEN if name in self.velden and self._wijzigt(name, self._eigen(name))]
        if not changed:
            return
        data: dict[str, Any] = {name: self.velden[name] for name in _OPEN if name in changed}
        if "zaaktype" in changed:
            data["zaaktypeIdentificatie"] = mask_bsns(self.velden["zaaktype"]["code"])
        besloten = self._besloten({name: self.velden[name] for name in _PERSOONLIJK if name in changed})
        self._feit("zaak-bijgewerkt", "zaak", {"gewijzigd": sorted(changed)} | data, besloten)

    def _eigen(self, name: str) -> Any:
        value = self.velden[name]
        return value["code"] if name == "zaaktype" else value

    def _bijzonderheden(self) -> None:
        for name in ("opschorting", "verlenging", "resultaat"):
            if name in self.velden and self._wijzigt(name, self.velden[name]):
                self._bijzonderheid(name, self.velden[name])

    def _bijzonderheid(self, name: str, waarde: Mapping[str, str] | None) -> None:
        match name, waarde:
            case "opschorting", None:
                self._feit("zaak-hervat", "zaak", {})
            case "opschorting", {"reden": reden}:
                self._feit("zaak-opgeschort", "zaak", {}, self._besloten({"reden": reden}))
            case "verlenging", {"duur": duur, "reden": reden}:
                self._feit("zaak-verlengd", "zaak", {"duur": duur}, self._besloten({"reden": reden}))
            case "resultaat", None:
                self._feit("resultaat-verwijderd", name, {})
            case "resultaat", {"omschrijving": omschrijving, "toelichting": toelichting}:
                data = {"resultaat": self._urn(name), "resultaattype": "", "omschrijving": mask_bsns(omschrijving)}
                self._feit("resultaat-gezet", name, data, self._besloten({"toelichting": toelichting}))

    # ------------------------------------------------------------------------------------------------------------- rollen

    def _rollen(self, oud: Deel, nieuw: Deel) -> None:
        now = dict(self._met_sleutel(nieuw.rollen))
        for key, rol in self._met_sleutel(oud.rollen):
            if key not in now and rol.soort in nieuw.genoemd and self._wijzigt(key, None):
                self._feit("rol-verwijderd", key, {})
        for key, rol in now.items():
            if self._wijzigt(key, [dict(rol.namen), rol.toelichting]):  # who it is stands in the key
                self._rol(key, rol)

    def _met_sleutel(self, rollen: Sequence[Rol]) -> Iterator[tuple[str, Rol]]:
        """Yield each rol with what it is known by: its kind and who it is; who has no number is counted."""
        nameless: dict[str, int] = {}
        for rol in rollen:
            bsn = as_bsn(rol.bsn or rol.identificatie)
            who = self.omgeving.pseudonym(bsn) if bsn else mask_bsns(rol.identificatie)
            if not who:
                nameless[rol.soort] = nameless.get(rol.soort, 0) + 1
                who = f"#{nameless[rol.soort]}"
            yield f"rol/{rol.soort}/{rol.betrokkene_type}/{who}", rol

    def _rol(self, key: str, rol: Rol) -> None:
        omschrijving, generiek, machtiging = _ROL[rol.soort]
        bsn, pseudonym = as_bsn(rol.bsn), self.omgeving.pseudonym
        if bsn is not None:
            besloten = sealed(pseudonym(bsn), rol.namen, pseudonym)
            besloten[pseudonym(bsn)] = besloten.get(pseudonym(bsn), {}) | {"bsn": bsn.reveal()}
        else:
            besloten = self._besloten({"betrokkene": dict(rol.namen)})
        data = {
            "rol": self._urn(key),
            "betrokkeneType": rol.betrokkene_type,
            "omschrijving": omschrijving,
            "omschrijvingGeneriek": generiek,
            "roltoelichting": mask_bsns(rol.toelichting),
            "indicatieMachtiging": machtiging,
            "betrokkene": pseudonym(bsn) if bsn else mask_bsns(rol.identificatie) or None,
            "authenticatie": None,
        }
        self._feit("rol-toegevoegd", key, data, besloten)

    # ------------------------------------------------------------------------------------------------ statussen, sluiting

    def _statussen(self) -> Iterator[Status]:
        """Write down the statussen that are new, and yield these."""
        for status in self.bericht.oud.statussen:
            if status.verwijderd and self._wijzigt(key := _status_key(status), None):
                self._feit("status-verwijderd", key, {})
        known_by = {_status_key(found): found for found in sorted(self.bericht.nieuw.statussen, key=_volgorde)}
        for key, status in known_by.items():
            content = [status.omschrijving, status.volgnummer, status.toelichting]
            if not status.verwijderd and self._wijzigt(key, content):
                self._status(key, status)
                yield status

    def _status(self, key: str, status: Status) -> None:
        data = {
            "status": self._urn(key),
            "statustype": "",
            "omschrijving": mask_bsns(status.omschrijving),
            "volgnummer": status.volgnummer,
            "isEindstatus": self._is_eindstatus(status),
            "datumStatusGezet": rfc3339(status.gezet),
            "statustekst": None,
        }
        self._feit("status-gezet", key, data, self._besloten({"statustoelichting": status.toelichting}))

    def _is_eindstatus(self, status: Status) -> bool:
        """Tell whether a status closes the zaak: it is named in the settings, or is the last of a message that closes it."""
        last = max(map(_volgorde, self.bericht.nieuw.statussen))
        named = {status.code, status.omschrijving} & self.omgeving.eindstatussen
        return bool(named) or (_volgorde(status) == last and bool(self.velden.get(_EINDDATUM)))

    def _sluiting(self, gezet: Sequence[Status]) -> None:
        """Write down that the zaak was closed or opened again: by its einddatum, else by the last status that is new."""
        if _EINDDATUM in self.velden:
            return self._sluit(self.velden[_EINDDATUM], "einddatum" if self.velden[_EINDDATUM] else "")
        if gezet and self._is_eindstatus(gezet[-1]) and not self.stand.gesloten:
            return self._sluit(gezet[-1].gezet.astimezone(AMSTERDAM).date().isoformat(), "status")
        if gezet and not self._is_eindstatus(gezet[-1]) and self.stand.gesloten == "status":
            return self._sluit(None, "")
        return None

    def _sluit(self, einddatum: str | None, waardoor: Any) -> None:
        changed = self._wijzigt(_EINDDATUM, einddatum)
        if self.stand.sinds(_EINDDATUM) == self.bericht.tijdstip:  # it is not late: what it says counts, new or not
            self.stand.gesloten = waardoor
        if not changed:
            return
        if einddatum:
            self._feit("zaak-afgesloten", "zaak", {_EINDDATUM: einddatum})
        else:
            self._feit("zaak-heropend", "zaak", {})

    # ---------------------------------------------------------------------------------------------------------- one fact

    def _wijzigt(self, deel: str, waarde: Any) -> bool:
        return self.stand.wijzigt(deel, waarde, self.bericht.tijdstip, self.omgeving.pseudonym)

    def _besloten(self, fields: Mapping[str, Any]) -> Besloten:
        return sealed(zaak_subject(self.stand.zaak), fields, self.omgeving.pseudonym)

    def _urn(self, deel: str) -> str:
        """Return what a part of the zaak is called: StUF gives it no address."""
        return f"urn:uuid:{self.stand.zaak if deel == 'zaak' else fact_id(self.stand.zaak, deel)}"

    def _feit(self, what: str, deel: str, data: Mapping[str, Any], besloten: Besloten | None = None) -> None:
        stuur, zaak, event_type = self.bericht.stuurgegevens, self.stand.zaak, f"{_ZGW}{what}.v1"
        common = {
            "resourceUrl": self._urn(deel),
            "aanmaakdatum": rfc3339(self.bericht.moment),
            "wie": mask_bsns(stuur.zender.get("applicatie", "")) or None,
        }
        self.events.append(
            NewEvent(
                id=fact_id(self.omgeving.bron, zaak, stuur.afzender, stuur.kenmerk, event_type, deel),
                type=event_type,
                source=self.omgeving.bron,
                gemeente=self.omgeving.gemeente,
                topic=ZAKEN,
                key=zaak,
                data={**common, **data},
                besloten=besloten or {},
                correlationid=zaak,
            )
        )


def _volgorde(status: Status) -> tuple[datetime, int]:
    """Return by what statussen follow each other: several may be set at the same moment, when only the day is told."""
    return status.gezet, status.volgnummer


def _status_key(status: Status) -> str:
    return f"status/{status.volgnummer}/{mask_bsns(status.code or status.omschrijving)}/{rfc3339(status.gezet)}"
