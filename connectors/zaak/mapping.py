# SPDX-License-Identifier: EUPL-1.2
"""From a zaak to the one form in which the verhuizing flow reads a declaration (``gelezen``). Pure; never raises on input.

What is missing or unusable is named in ``ontbreekt`` as ``item`` or ``item:reden``, and is a reason, never a crash.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from connectors.zaak.feitbouw import GELEZEN, Concept, Omgeving, bag_id, generieke_rol
from connectors.zaak.herkomst import Herkomsten, Mapping, Zaakbeeld, lees
from hub.besloten import Besloten, as_bsn, sealed, zaak_subject
from hub.privacy import Bsn, mask_bsns

Json = AbstractMapping[str, Any]
CODES: Final = frozenset("IGKMPOH")  # LO BRP 72.10, as far as a resident can declare
HEAD_OF_INSTITUTION: Final = "H"
_YES: Final = frozenset({"ja", "true", "1", "j", "waar", "yes"})
_NO: Final = frozenset({"nee", "false", "0", "n", "onwaar", "no"})
_FUNCTIES: Final = {"woonadres": "W", "w": "W", "briefadres": "B", "b": "B"}
_TOESTEMMING: Final = {"gegeven": "gegeven", "geweigerd": "geweigerd", "ingetrokken": "ingetrokken"}
_POSTCODE: Final = re.compile(r"[1-9]\d{3}[A-Z]{2}")
_BAG_ID: Final = re.compile(r"\d{16}")
_NUMMERAANDUIDING: Final = "20"  # digits 5 and 6 of a BAG identification tell the kind of object
_PARTIAL: Final = re.compile(r"\d{4}(-(0[1-9]|1[0-2]))?")
_FORMATS: Final = ("%Y-%m-%d", "%Y%m%d", "%d-%m-%Y")
_LONGEST_HOUSE_NUMBER: Final = 5


@dataclass(slots=True)
class _Lezing:
    """One reading: the zaak, where to look, and what turned out to be missing on the way."""

    beeld: Zaakbeeld
    mapping: Mapping
    omgeving: Omgeving
    ontbreekt: set[str] = field(default_factory=set)
    besloten: Besloten = field(default_factory=dict)

    def text(self, sources: Herkomsten) -> str | None:
        """Return an item as text, None when it is nowhere."""
        value = lees(self.beeld, sources)
        return str(value).strip() or None if isinstance(value, (str, int, float)) else None

    def seal(self, subject: str, fields: Json) -> None:
        """Seal fields about one subject, beside what was sealed about it before."""
        for name, found in sealed(subject, fields, self.omgeving.pseudonym).items():
            self.besloten[name] = self.besloten.get(name, {}) | found

    def person(self, bsn: Bsn, **fields: Any) -> str:
        """Return the pseudonym of a person whose BSN, and names, are sealed in an element of their own."""
        pseudonym = self.omgeving.pseudonym(bsn)
        self.seal(pseudonym, fields)
        self.besloten[pseudonym] = self.besloten.get(pseudonym, {}) | {"bsn": bsn.reveal()}
        return pseudonym


def is_aangifte(beeld: Zaakbeeld, mapping: Mapping, omgeving: Omgeving) -> bool:
    """Return True when the zaak is of a zaaktype that holds declarations; by identificatie, as URLs change per version."""
    return str(omgeving.type_of(beeld.zaak.get("zaaktype")).get("identificatie", "")) in mapping.zaaktypen


def lees_aangifte(beeld: Zaakbeeld, mapping: Mapping, omgeving: Omgeving, *, gesloten_bij_eerste: bool) -> Concept:
    """Return the declaration this zaak holds now."""
    lezing = _Lezing(_with_generic_roles(beeld, omgeving), mapping, omgeving)
    aangever = _aangever(lezing)
    adres = _adres(lezing)
    waits_for = _waits_for(lezing, aangever=aangever, adres_aanwezig=adres["adresAanwezig"])
    data = {
        "zaaktypeIdentificatie": str(omgeving.type_of(beeld.zaak.get("zaaktype")).get("identificatie", "")),
        "volledig": not waits_for,
        "wachtreden": ", ".join(waits_for) or None,
        "ontvangstdatum": _ontvangstdatum(lezing),
        "verhuisdatum": _verhuisdatum(lezing),
        "functieAdres": _one_of(lezing, "functie", mapping.functie, _FUNCTIES),
        "inwonend": _yes_or_no(lezing, "inwonend", mapping.inwonend),
        "kanaal": _masked(lezing.text(mapping.kanaal)),
        "authenticatie": _authenticatie(lezing),
        "indicatieMachtiging": _machtiging(lezing),
        "aangever": aangever,
        "aantalInitiatoren": len(_initiatoren(lezing.beeld)),
        "hoofdbewoner": _hoofdbewoner(lezing),
        "toestemming": _toestemming(lezing),
        "verhuizers": _verhuizers(lezing, aangever),
        **adres,
        "geslotenBijEersteWaarneming": gesloten_bij_eerste,
    }
    return Concept(type=GELEZEN, data=data | {"ontbreekt": sorted(lezing.ontbreekt)}, besloten=lezing.besloten, van_hub=True)


# ------------------------------------------------------------------------------------------------------------- persons


def _with_generic_roles(beeld: Zaakbeeld, omgeving: Omgeving) -> Zaakbeeld:
    rollen = {
        key: {**rol, "omschrijvingGeneriek": generieke_rol(rol, omgeving)}
        for key, rol in sorted(beeld.rollen.items(), key=lambda item: (str(item[1].get("registratiedatum", "")), item[0]))
    }
    return Zaakbeeld(
        zaak=beeld.zaak,
        rollen=rollen,
        statussen=beeld.statussen,
        zaakobjecten=beeld.zaakobjecten,
        eigenschappen=beeld.eigenschappen,
        aanvragen=beeld.aanvragen,
    )


def _initiatoren(beeld: Zaakbeeld) -> list[Json]:
    return [rol for rol in beeld.rollen.values() if rol.get("omschrijvingGeneriek") == "initiator"]


def _aangever(lezing: _Lezing) -> str | None:
    found = lezing.text(lezing.mapping.bsn_aangever)
    if found is None:
        lezing.ontbreekt.add("aangever")
        return None
    bsn = as_bsn(found)
    if bsn is None:
        lezing.ontbreekt.add("aangever:ongeldig-bsn")
        return None
    return lezing.person(bsn, naam=_name_of(lezing.beeld, bsn))


def _name_of(beeld: Zaakbeeld, bsn: Bsn) -> dict[str, str]:
    """Return the name the initiator rol gives this person, to compare with the BRP; without what is not given."""
    for rol in _initiatoren(beeld):
        who = rol.get("betrokkeneIdentificatie")
        if isinstance(who, AbstractMapping) and as_bsn(who.get("inpBsn")) == bsn:
            names = {
                "voornamen": who.get("voornamen") or who.get("voorletters"),
                "voorvoegsel": who.get("voorvoegselGeslachtsnaam"),
                "geslachtsnaam": who.get("geslachtsnaam"),
            }
            return {name: str(value) for name, value in names.items() if value}
    return {}


def _hoofdbewoner(lezing: _Lezing) -> str | None:
    found = lezing.text(lezing.mapping.bsn_hoofdbewoner)
    if found is None:
        return None
    bsn = as_bsn(found)
    if bsn is None:
        lezing.ontbreekt.add("hoofdbewoner:ongeldig-bsn")
        return None
    return lezing.person(bsn)


def _verhuizers(lezing: _Lezing, aangever: str | None) -> list[dict[str, str]]:
    """Return who moves; the declarer too, unless the zaak says otherwise or it is the head of an institution."""
    codes: dict[str, str] = {}
    for item in _meeverhuizers(lezing):
        bsn = as_bsn(item.get(lezing.mapping.meeverhuizers_bsn))
        if bsn is None:
            lezing.ontbreekt.add("meeverhuizers:ongeldig-bsn")
            continue
        code = str(item.get(lezing.mapping.meeverhuizers_code) or "").strip().upper()
        if code not in CODES:
            lezing.ontbreekt.add("meeverhuizers:onbekende-code")
            code = ""
        codes.setdefault(lezing.person(bsn), code)
    if aangever is not None and aangever not in codes and _declarer_moves(lezing, codes):
        codes = {aangever: "I"} | codes
    return [{"pseudoniem": pseudonym, "code": code} for pseudonym, code in codes.items()]


def _declarer_moves(lezing: _Lezing, codes: AbstractMapping[str, str]) -> bool:
    said = _yes_or_no(lezing, "aangever-verhuist", lezing.mapping.aangever_verhuist)
    return HEAD_OF_INSTITUTION not in codes.values() if said is None else said


def _meeverhuizers(lezing: _Lezing) -> list[Json]:
    found = lees(lezing.beeld, lezing.mapping.meeverhuizers)
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            found = "unreadable"
    items = found if isinstance(found, list) else [] if found is None else [found]
    readable = [item for item in items if isinstance(item, AbstractMapping)]
    if len(readable) != len(items):
        lezing.ontbreekt.add("meeverhuizers:onleesbaar")
    return readable


# -------------------------------------------------------------------------------------------- how it was declared, when


def _authenticatie(lezing: _Lezing) -> dict[str, str] | None:
    middel = lezing.text(lezing.mapping.authenticatie_middel)
    if middel is None:
        lezing.ontbreekt.add("authenticatie")
        return None
    niveau = lezing.text(lezing.mapping.authenticatie_niveau)
    return {"middel": mask_bsns(middel), "niveau": mask_bsns(niveau or "")}


def _machtiging(lezing: _Lezing) -> str | None:
    """Return the machtiging as given; a login on behalf of somebody else (representee, mandate) is one as well."""
    given = lezing.text(lezing.mapping.machtiging)
    if given is not None:
        return mask_bsns(given)
    contexts = [rol.get("authenticatieContext") for rol in _initiatoren(lezing.beeld)]
    behalf = any(isinstance(c, AbstractMapping) and (c.get("representee") or c.get("mandate")) for c in contexts)
    return "gemachtigde" if behalf else None


def _ontvangstdatum(lezing: _Lezing) -> str:
    found = _day(lezing.text(lezing.mapping.ontvangstdatum))
    if found is not None:
        return found
    lezing.ontbreekt.add("ontvangstdatum")
    return _day(str(lezing.beeld.zaak.get("registratiedatum") or "")) or ""


def _verhuisdatum(lezing: _Lezing) -> str | None:
    given = lezing.text(lezing.mapping.verhuisdatum)
    if given is None:
        lezing.ontbreekt.add("verhuisdatum")
        return None
    if _PARTIAL.fullmatch(given):
        lezing.ontbreekt.add("verhuisdatum:onvolledig")
        return given
    day = _day(given)
    if day is None:
        lezing.ontbreekt.add("verhuisdatum:onmogelijke-datum")
    return day


def _day(text: str | None) -> str | None:
    """Return a date in any of the ways forms write one as YYYY-MM-DD, None when it is no day of the calendar."""
    for pattern in _FORMATS if text else ():
        try:
            return datetime.strptime(text or "", pattern).date().isoformat()  # noqa: DTZ007 - a calendar date has no zone
        except ValueError:
            continue
    try:
        return date.fromisoformat((text or "")[:10]).isoformat() if "T" in (text or "") else None
    except ValueError:
        return None


def _toestemming(lezing: _Lezing) -> str | None:
    words = _TOESTEMMING | dict.fromkeys(_YES, "gegeven") | dict.fromkeys(_NO, "geweigerd")
    return _one_of(lezing, "toestemming", lezing.mapping.toestemming, words)


def _yes_or_no(lezing: _Lezing, item: str, sources: Herkomsten) -> bool | None:
    words = dict.fromkeys(_YES, "ja") | dict.fromkeys(_NO, "nee")
    found = _one_of(lezing, item, sources, words)
    return None if found is None else found == "ja"


def _one_of(lezing: _Lezing, item: str, sources: Herkomsten, words: AbstractMapping[str, str]) -> str | None:
    given = lezing.text(sources)
    if given is None:
        return None
    known = words.get(given.casefold())
    if known is None:
        lezing.ontbreekt.add(f"{item}:onbekende-waarde")
    return known


# ------------------------------------------------------------------------------------------------------------- address


def _adres(lezing: _Lezing) -> dict[str, Any]:
    """Return what is open about the new address, and seal its text."""
    mapping = lezing.mapping
    adres = {
        "straat": lezing.text(mapping.straat),
        "huisnummer": _huisnummer(lezing),
        "huisletter": lezing.text(mapping.huisletter),
        "huisnummertoevoeging": lezing.text(mapping.huisnummertoevoeging),
        "postcode": _postcode(lezing),
        "woonplaats": lezing.text(mapping.woonplaats),
    }
    identification = _identification(lezing)
    number = adres["huisnummer"] is not None
    findable = number and (adres["postcode"] or (adres["straat"] and adres["woonplaats"]))
    if not (identification or findable):
        lezing.ontbreekt.add("adres")
    filled = {name: value for name, value in adres.items() if value is not None}
    lezing.seal(zaak_subject(lezing.omgeving.zaak_uuid), {"adres": filled})
    is_number = identification is not None and identification[4:6] == _NUMMERAANDUIDING
    return {
        "nieuwAdresBagId": None if is_number else identification,
        "nieuwAdresNummeraanduiding": identification if is_number else None,
        "adresAanwezig": bool(identification or findable),
    }


def _identification(lezing: _Lezing) -> str | None:
    given = lezing.text(lezing.mapping.bag_id)
    if given is not None and _BAG_ID.fullmatch(given):
        return given
    if given is not None:
        lezing.ontbreekt.add("adres:ongeldige-identificatie")
    behind = (bag_id(z) for z in lezing.beeld.zaakobjecten.values() if z.get("objectType") == "adres")
    return next(filter(None, behind), None)


def _huisnummer(lezing: _Lezing) -> int | None:
    given = lezing.text(lezing.mapping.huisnummer)
    if given is None:
        return None
    if given.isascii() and given.isdigit() and len(given) <= _LONGEST_HOUSE_NUMBER and int(given):
        return int(given)
    lezing.ontbreekt.add("huisnummer:geen-getal")
    return None


def _postcode(lezing: _Lezing) -> str | None:
    given = lezing.text(lezing.mapping.postcode)
    if given is None:
        return None
    postcode = "".join(given.split()).upper()
    if _POSTCODE.fullmatch(postcode):
        return postcode
    lezing.ontbreekt.add("postcode:onmogelijk")
    return None


def _waits_for(lezing: _Lezing, *, aangever: str | None, adres_aanwezig: bool) -> list[str]:
    """Return what may still arrive. An e-form sets the first status last, so a status says that all was sent."""
    there = {"initiator": bool(aangever or _initiatoren(lezing.beeld)), "adres": adres_aanwezig}
    waits = [name for name, present in there.items() if not present]
    if not lezing.mapping.volledig_bij_status or (not lezing.beeld.zaak.get("status") and not lezing.beeld.statussen):
        waits.append("status")
    return waits


def _masked(text: str | None) -> str | None:
    return None if text is None else mask_bsns(text)
