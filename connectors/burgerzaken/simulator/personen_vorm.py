# SPDX-License-Identifier: EUPL-1.2
"""A person as the personen API 2.7.0 spells one. Each field is made only when it is asked for; false is absent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from connectors.burgerzaken.simulator.bevolking_model import Gezag, Partner, Persoon, Verblijf
from connectors.burgerzaken.simulator.datums import MEERDERJARIG, datum_json, leeftijd
from connectors.burgerzaken.simulator.personen_velden import ALIASSEN, snoei
from connectors.burgerzaken.simulator.register import ONDERZOEK_SINDS, Register, Toestand

Json = dict[str, Any]
_GESLACHT: Final = {"M": "man", "V": "vrouw", "O": "onbekend"}
_REDEN: Final = {
    "O": "overlijden",
    "E": "emigratie",
    "M": "ministerieel besluit",
    "R": "pl is aangelegd in de rni",
    "F": "fout",
    ".": "onbekend",
}
_FUNCTIE: Final = {"W": {"code": "W", "omschrijving": "woonadres"}, "B": {"code": "B", "omschrijving": "briefadres"}}
_VERBINTENIS: Final = {"H": "huwelijk", "P": "geregistreerd partnerschap"}
_VERBLIJFADRES_VELDEN: Final = (
    "aanduidingBijHuisnummer", "huisletter", "huisnummer", "huisnummertoevoeging", "officieleStraatnaam", "postcode",
    "korteStraatnaam", "woonplaats",
)  # fmt: skip
_ONDERZOEK_VERBLIJFPLAATS: Final[dict[str, tuple[str, ...]]] = {
    "080000": (
        "type", "datumVan", "datumIngangGeldigheid", "nummeraanduidingIdentificatie",
        "adresseerbaarObjectIdentificatie", "functieAdres",
    ),
    "081100": ("type", "nummeraanduidingIdentificatie", "adresseerbaarObjectIdentificatie"),
}  # fmt: skip
_ONDERZOEK_VERBLIJFPLAATS["089999"] = _ONDERZOEK_VERBLIJFPLAATS["080000"]
_NAAM_VELDEN: Final = ("voornamen", "adellijkeTitelPredicaat", "voorvoegsel", "geslachtsnaam", "voorletters")
_PERSOON_IN_ONDERZOEK: Final = "010000"


class Vorm:
    """Renders people from the registry."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._bsn = register.bevolking.bsn

    def persoon(self, persoon: Persoon, gewenst: Mapping[str, Any] | None) -> Json:
        """Return ``persoon`` with the wanted fields (None: every field) and what comes by itself."""
        persoon = self._register.actueel(persoon)
        vragen = gewenst if gewenst is not None else dict.fromkeys(self.VELDEN)
        if persoon.opschorting and persoon.opschorting[0] == "F":
            vragen = {veld: deel for veld, deel in vragen.items() if veld in {"aNummer", "burgerservicenummer"}}
        result: Json = {}
        for veld, deel in vragen.items():
            if (waarde := self._veld(persoon, veld)) is not None and (over := snoei(waarde, deel)) is not None:
                result[ALIASSEN.get(veld, veld)] = over
        return self._vanzelf(persoon, result, vragen)

    def _veld(self, persoon: Persoon, veld: str) -> Any:
        if veld in ALIASSEN:
            binnenland = self._register.toestand(persoon).verblijf.soort in {"Adres", "Locatie"}
            return self.VELDEN[ALIASSEN[veld]](self, persoon) if binnenland else None
        return self.VELDEN[veld](self, persoon) if veld in self.VELDEN else None

    def _vanzelf(self, persoon: Persoon, result: Json, gevraagd: Iterable[str]) -> Json:
        if persoon.opschorting:
            reden, datum = persoon.opschorting
            result["opschortingBijhouding"] = {"reden": _tabel(reden, _REDEN[reden]), "datum": datum_json(datum)}
            if reden == "F":
                return result
            if reden == "R":
                result["rni"] = [{"deelnemer": _tabel("0201", "Sociale Verzekeringsbank"), "categorie": "Persoon"}]
                verificatie = {"datum": datum_json("2023-02-01"), "omschrijving": "attestatie de vita"}
                result["verificatie"] = verificatie
        if persoon.geheim:
            result["geheimhoudingPersoonsgegevens"] = True
        if onderzoek := self._persoon_in_onderzoek(persoon, gevraagd):
            result["inOnderzoek"] = onderzoek
        return result

    def _persoon_in_onderzoek(self, persoon: Persoon, gevraagd: Iterable[str]) -> Json | None:
        if persoon.onderzoek != _PERSOON_IN_ONDERZOEK:
            return None
        velden = [veld for veld in ("burgerservicenummer", "geslacht", "leeftijd") if veld in gevraagd]
        datum = {"datumIngangOnderzoekPersoon": datum_json(ONDERZOEK_SINDS)}
        return {**dict.fromkeys(velden, True), **datum} if velden else None

    # ---------------------------------------------------------------------------------------------------------- fields

    def _naam(self, persoon: Persoon) -> Json:
        naam = {
            **naam_gerelateerde(persoon),
            "volledigeNaam": persoon.volledige_naam,
            "aanduidingNaamgebruik": _tabel("E", "eigen geslachtsnaam"),
        }
        if persoon.onderzoek == _PERSOON_IN_ONDERZOEK:
            velden = (*_NAAM_VELDEN, "volledigeNaam", "aanduidingNaamgebruik")
            naam["inOnderzoek"] = _in_onderzoek(velden)
        return naam

    def _geboorte(self, persoon: Persoon) -> Json:
        geboorte = geboorte_json(persoon)
        if persoon.onderzoek == _PERSOON_IN_ONDERZOEK:
            geboorte = {**geboorte, "inOnderzoek": _in_onderzoek(("datum", "land", "plaats"))}
        return geboorte

    def _overlijden(self, persoon: Persoon) -> Json | None:
        if not persoon.opschorting or persoon.opschorting[0] != "O":
            return None
        return {"datum": datum_json(persoon.opschorting[1]), "land": _tabel("6030", "Nederland")}

    def _verblijfplaats(self, persoon: Persoon) -> Json:
        return verblijfplaats_json(self._register.toestand(persoon))

    def _gemeente(self, persoon: Persoon) -> Json:
        return _tabel(*self._register.toestand(persoon).verblijf.gemeente)

    def _inschrijving(self, persoon: Persoon) -> Json:
        """Since when this gemeente: the first of the unbroken row of stays in it."""
        nu = self._register.toestand(persoon)
        sinds = nu.verblijf.datum_van
        for verblijf in nu.historie:
            if verblijf.gemeente != nu.verblijf.gemeente:
                break
            sinds = verblijf.datum_van
        return datum_json(sinds)

    def _adressering(self, persoon: Persoon) -> Json:
        nu = self._register.toestand(persoon)
        aanspreek = {"M": "heer ", "V": "mevrouw "}.get(persoon.geslacht, "")
        naam = " ".join(deel for deel in (persoon.voorvoegsel, persoon.geslachtsnaam) if deel)
        result: Json = {
            "aanhef": f"Geachte {aanspreek}{naam[0].upper()}{naam[1:]}",
            "aanschrijfwijze": {"naam": f"{_voorletters(persoon.voornamen)} {naam}"},
            "gebruikInLopendeTekst": f"{'de ' if aanspreek == 'heer ' else ''}{aanspreek}{naam}",
            **adresregels(nu.verblijf),
        }
        if nu.onderzoek in _ONDERZOEK_VERBLIJFPLAATS:
            velden = {"adresregel1": True, "adresregel2": True}
            result["inOnderzoek"] = {**velden, "datumIngangOnderzoekVerblijfplaats": datum_json(ONDERZOEK_SINDS)}
        if nu.onderzoek == "089999":
            result["indicatieVastgesteldVerblijftNietOpAdres"] = True
        return result

    def _nationaliteiten(self, persoon: Persoon) -> list[Json]:
        reden = _tabel("017", "Wet op het Nederlanderschap 1984, art. 3, lid 1")
        nederlands = {"redenOpname": reden} if persoon.nationaliteit[0] == "0001" else {}
        return [{"type": "Nationaliteit", "nationaliteit": _tabel(*persoon.nationaliteit), **nederlands}]

    def _verblijfstitel(self, persoon: Persoon) -> Json | None:
        if persoon.nationaliteit[0] in {"0001", "0055", "0070"}:
            return None
        aanduiding = _tabel("21", "Vw 2000 art. 8, onder a, vergunning regulier bepaalde tijd")
        return {"aanduiding": aanduiding, "datumIngang": datum_json("2019-06-01")}

    def _partners(self, persoon: Persoon) -> list[Json] | None:
        return [self._partner(partner) for partner in persoon.partners] or None

    def _partner(self, partner: Partner) -> Json:
        code, plaats = partner.plaats
        aangaan = {
            "datum": datum_json(partner.datum),
            "plaats": _tabel(code, plaats),
            "land": _tabel("6030", "Nederland") if code else _tabel("7028", "Polen"),
        }
        result: Json = {
            "soortVerbintenis": _tabel(partner.soort, _VERBINTENIS[partner.soort]),
            "aangaanHuwelijkPartnerschap": aangaan,
        }
        if partner.ontbonden:
            result["ontbindingHuwelijkPartnerschap"] = {"datum": datum_json(partner.ontbonden)}
        if partner.persoon is not None:
            return {**self._gerelateerde(partner.persoon), "geslacht": _geslacht(partner.persoon), **result}
        voorletters = _voorletters(partner.voornamen)
        naam = {"voornamen": partner.voornamen, "geslachtsnaam": partner.geslachtsnaam, "voorletters": voorletters}
        return {"naam": naam, **result}

    def _kinderen(self, persoon: Persoon) -> list[Json] | None:
        return [self._gerelateerde(kind) for kind in persoon.kinderen] or None

    def _ouders(self, persoon: Persoon) -> list[Json] | None:
        return [
            {
                **self._gerelateerde(ouder),
                "geslacht": _geslacht(ouder),
                "ouderAanduiding": f"{plaats}",
                "datumIngangFamilierechtelijkeBetrekking": datum_json(persoon.geboorte),
            }
            for plaats, ouder in enumerate(persoon.ouders[:2], start=1)
        ] or None

    def _gerelateerde(self, persoon: Persoon) -> Json:
        return {
            "burgerservicenummer": self._bsn(persoon),
            "naam": naam_gerelateerde(persoon),
            "geboorte": geboorte_json(persoon),
        }

    # ----------------------------------------------------------------------------------------------------------- gezag

    def _gezag(self, persoon: Persoon) -> list[Json] | None:
        """Return the authority over a minor, and for a grown-up what they hold themselves."""
        minderjarigen = [persoon] if persoon.gezag else [kind for kind in self._onder_gezag(persoon) if kind.gezag]
        relaties = (self._gezagsrelatie(kind, kind.gezag) for kind in minderjarigen if kind.gezag)
        return [relatie for relatie in relaties if relatie is not None] or None

    def _onder_gezag(self, persoon: Persoon) -> list[Persoon]:
        buurt = self._register.bevolking.buurt(persoon.nr // 128)
        return [kind for kind in buurt.personen if kind.gezag and _houdt(persoon, kind.gezag)]

    def _gezagsrelatie(self, kind: Persoon, gezag: Gezag) -> Json | None:
        jaren = leeftijd(kind.geboorte, self._register.vandaag)
        if jaren is None or jaren >= MEERDERJARIG:
            return None
        minderjarige = {
            "burgerservicenummer": self._bsn(kind),
            "naam": {"volledigeNaam": kind.volledige_naam},
            "leeftijd": jaren,
        }
        result = {"type": gezag.soort, "minderjarige": minderjarige, **self._houders(gezag)}
        return {**result, "inOnderzoek": True} if gezag.in_onderzoek else result

    def _houders(self, gezag: Gezag) -> Json:
        houders = [self._houder(houder) for houder in gezag.houders]
        if gezag.soort == "GezamenlijkOuderlijkGezag":
            return {"ouders": houders}
        if gezag.soort == "EenhoofdigOuderlijkGezag":
            return {"ouder": houders[0]}
        if gezag.soort == "GezamenlijkGezag" and gezag.derde is not None:
            return {"ouder": houders[0], "derde": {"type": "BekendeDerde", **self._houder(gezag.derde)}}
        if gezag.soort == "Voogdij":
            return {"derden": [{"type": "BekendeDerde", **houder} for houder in houders]}
        return {"toelichting": gezag.toelichting}

    def _houder(self, persoon: Persoon) -> Json:
        return {"burgerservicenummer": self._bsn(persoon), "naam": {"volledigeNaam": persoon.volledige_naam}}

    VELDEN: Final[Mapping[str, Callable[[Vorm, Persoon], Any]]] = {
        "aNummer": lambda _self, p: f"{9_400_000_000 - p.nr * 7}",
        "burgerservicenummer": lambda self, p: self._bsn(p),
        "datumEersteInschrijvingGBA": lambda _self, _p: datum_json("1994-10-01"),
        "geslacht": lambda _self, p: _geslacht(p),
        "leeftijd": lambda self, p: leeftijd(p.geboorte, self._register.vandaag),
        "naam": _naam,
        "nationaliteiten": _nationaliteiten,
        "geboorte": _geboorte,
        "overlijden": _overlijden,
        "verblijfplaats": _verblijfplaats,
        "gemeenteVanInschrijving": _gemeente,
        "datumInschrijvingInGemeente": _inschrijving,
        "adressering": _adressering,
        "indicatieCurateleRegister": lambda _self, p: True if p.curatele else None,
        "gezag": _gezag,
        "verblijfstitel": _verblijfstitel,
        "kinderen": _kinderen,
        "ouders": _ouders,
        "partners": _partners,
    }


def verblijfplaats_json(nu: Toestand) -> Json:
    """Return where somebody lives as the union of the personen API, with what is being investigated."""
    result = verblijf_json(nu.verblijf)
    result["datumIngangGeldigheid"] = datum_json(nu.verblijf.datum_van)
    if nu.verblijf.soort == "Adres" and (velden := _ONDERZOEK_VERBLIJFPLAATS.get(nu.onderzoek)):
        result["inOnderzoek"] = _in_onderzoek(velden)
        result["verblijfadres"]["inOnderzoek"] = _in_onderzoek(_VERBLIJFADRES_VELDEN)
        if nu.onderzoek == "089999":
            result["indicatieVastgesteldVerblijftNietOpAdres"] = True
    return result


def verblijf_json(verblijf: Verblijf) -> Json:
    """Return one stay without what is particular to the present one."""
    result: Json = {"type": verblijf.soort, "datumVan": datum_json(verblijf.datum_van)}
    if verblijf.adres is not None:
        result["functieAdres"] = _FUNCTIE[verblijf.functie]
        result["adresseerbaarObjectIdentificatie"] = verblijf.object_id
        result["nummeraanduidingIdentificatie"] = verblijf.adres.identificatie
        result["verblijfadres"] = _verblijfadres(verblijf)
    elif verblijf.soort == "Locatie":
        result["functieAdres"] = _FUNCTIE[verblijf.functie]
        result["verblijfadres"] = {"locatiebeschrijving": verblijf.locatie}
    elif verblijf.land is not None:
        code, land, regel1, regel2 = verblijf.land
        result["verblijfadres"] = {"regel1": regel1, "regel2": regel2, "land": _tabel(code, land)}
    return result


def _verblijfadres(verblijf: Verblijf) -> Json:
    adres = verblijf.adres
    if adres is None:
        return {}
    result: Json = {
        "officieleStraatnaam": adres.straat,
        "korteStraatnaam": adres.straat[:24],
        "huisnummer": adres.huisnummer,
        "postcode": adres.postcode,
        "woonplaats": adres.woonplaats,
    }
    if adres.huisletter:
        result["huisletter"] = adres.huisletter
    if adres.toevoeging:
        result["huisnummertoevoeging"] = adres.toevoeging
    return result


def adresregels(verblijf: Verblijf) -> Json:
    """Return the lines to put on an envelope."""
    if verblijf.adres is not None:
        adres = verblijf.adres
        letter = f" {adres.huisletter}" if adres.huisletter else ""
        toevoeging = f"-{adres.toevoeging}" if adres.toevoeging else ""
        plaats = f"{adres.postcode[:4]} {adres.postcode[4:]}  {adres.woonplaats.upper()}"
        return {"adresregel1": f"{adres.straat} {adres.huisnummer}{letter}{toevoeging}", "adresregel2": plaats}
    if verblijf.soort == "Locatie":
        return {"adresregel1": verblijf.locatie, "adresregel2": verblijf.gemeente[1].upper()}
    if verblijf.land is not None:
        code, land, regel1, regel2 = verblijf.land
        return {"adresregel1": regel1, "adresregel2": regel2, "land": _tabel(code, land)}
    return {}


def naam_gerelateerde(persoon: Persoon) -> Json:
    """Return a name without what is derived from it."""
    voorvoegsel = {"voorvoegsel": persoon.voorvoegsel} if persoon.voorvoegsel else {}
    return {
        "voornamen": persoon.voornamen,
        **voorvoegsel,
        "geslachtsnaam": persoon.geslachtsnaam,
        "voorletters": _voorletters(persoon.voornamen),
    }


def geboorte_json(persoon: Persoon) -> Json:
    """Return date, place and country of birth."""
    return {
        "datum": datum_json(persoon.geboorte),
        "plaats": _tabel(*persoon.geboorteplaats),
        "land": _tabel(*persoon.geboorteland),
    }


def _houdt(persoon: Persoon, gezag: Gezag) -> bool:
    return persoon in gezag.houders or persoon is gezag.derde


def _geslacht(persoon: Persoon) -> Json:
    return _tabel(persoon.geslacht, _GESLACHT[persoon.geslacht])


def _voorletters(voornamen: str) -> str:
    return "".join(f"{naam[0]}." for naam in voornamen.split())


def _tabel(code: str, omschrijving: str) -> Json:
    return {"code": code, "omschrijving": omschrijving} if code else {"omschrijving": omschrijving}


def _in_onderzoek(velden: Iterable[str]) -> Json:
    return {**dict.fromkeys(velden, True), "datumIngangOnderzoek": datum_json(ONDERZOEK_SINDS)}
