# SPDX-License-Identifier: EUPL-1.2
"""The catalogus of a simulated gemeente: B0366 "Aangifte verhuizing" in two versions, and B1144 "Adresonderzoek"."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from connectors.zaak.simulator.config import GemeenteConfig, SimulatorConfig
from connectors.zaak.simulator.resource import Resource, namespace
from connectors.zaak.simulator.web import Json

KINDS: Final = ("catalogussen", "zaaktypen", "statustypen", "resultaattypen", "roltypen", "eigenschappen")
_NO_PERIOD: Final[Json] = {"beginGeldigheid": None, "eindeGeldigheid": None, "beginObject": None, "eindeObject": None}
_SELECTIELIJST: Final = "https://selectielijst.example/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    """What a zaaktype is made of.

    statustypen: (volgnummer, omschrijving); resultaattypen: (omschrijving, generiek, archiefactietermijn); roltypen:
    (omschrijving, generiek); eigenschappen: (naam, definitie, lengte, waarden).
    """

    zaaktype: Json
    versies: tuple[tuple[str, str | None], ...]
    statustypen: tuple[tuple[int, str], ...]
    resultaattypen: tuple[tuple[str, str, str], ...]
    roltypen: tuple[tuple[str, str], ...]
    eigenschappen: tuple[tuple[str, str, int, tuple[str, ...]], ...] = ()


_JA_NEE: Final = ("ja", "nee")
EIGENSCHAPPEN: Final = (
    ("VERHUISDATUM", "Datum van de verhuizing (JJJJ-MM-DD)", 10, ()),
    ("POSTCODE_NIEUW", "Postcode van het nieuwe adres", 6, ()),
    ("HUISNUMMER_NIEUW", "Huisnummer van het nieuwe adres", 5, ()),
    ("HUISLETTER_NIEUW", "Huisletter van het nieuwe adres", 1, ()),
    ("TOEVOEGINGHUISNUMMER_NIEUW", "Huisnummertoevoeging van het nieuwe adres", 4, ()),
    ("STRAATNAAM_NIEUW", "Straatnaam van het nieuwe adres", 80, ()),
    ("WOONPLAATS_NIEUW", "Woonplaats van het nieuwe adres", 80, ()),
    ("FUNCTIE_NIEUW", "Functie van het nieuwe adres", 10, ("woonadres", "briefadres")),
    ("INWONEND", "Trekt de aangever bij iemand in", 3, _JA_NEE),
    ("BSN_HOOFDBEWONER", "Burgerservicenummer van de hoofdbewoner", 9, ()),
    ("TOESTEMMING_HOOFDBEWONER", "Stemt de hoofdbewoner in", 3, _JA_NEE),
    ("MEEVERHUIZERS", "Wie meeverhuizen: JSON-lijst van bsn en code", 4000, ()),
)

_B0366: Final = _Template(
    zaaktype={
        "identificatie": "B0366",
        "omschrijving": "Aangifte verhuizing",
        "vertrouwelijkheidaanduiding": "vertrouwelijk",
        "doel": "Het behandelen van een aangifte van een verhuizing in de BRP",
        "aanleiding": "Dit werkproces wordt extern getriggerd door een inkomende aangifte.",
        "handelingInitiator": "Aangifte",
        "onderwerp": "Verhuizing",
        "handelingBehandelaar": "Verwerken",
        "doorlooptijd": "P28D",
    },
    versies=(("2020-01-01", None), ("2016-01-01", "2019-12-31")),
    statustypen=((3, "Afgehandeld"), (2, "Fout"), (1, "Verhuizing in behandeling")),
    resultaattypen=(
        ("Afgebroken", "Afgebroken", "P1Y"),
        ("Geweigerd", "Geweigerd", "P5Y"),
        ("Succesvol", "Verwerkt", "P5Y"),
        ("Verwerkt", "Verwerkt", "P5Y"),
        ("Handmatig verwerkt", "Verwerkt", "P5Y"),
    ),
    roltypen=(("Initiator", "initiator"), ("Uitvoerende", "behandelaar")),
    eigenschappen=EIGENSCHAPPEN,
)
_B1144: Final = _Template(
    zaaktype={
        "identificatie": "B1144",
        "omschrijving": "Adresonderzoek",
        "vertrouwelijkheidaanduiding": "vertrouwelijk",
        "doel": "Vaststellen waar iemand woont wiens adres in de BRP wordt betwijfeld",
        "aanleiding": "Er is gerede twijfel over de juistheid van een adres.",
        "handelingInitiator": "Melding",
        "onderwerp": "Adres",
        "handelingBehandelaar": "Onderzoeken",
        "doorlooptijd": "P90D",
    },
    versies=(("2021-01-01", None),),
    statustypen=((2, "Afgerond"), (1, "In onderzoek")),
    resultaattypen=(
        ("Adres bevestigd", "Afgehandeld", "P5Y"),
        ("Adres gewijzigd", "Afgehandeld", "P5Y"),
        ("Afgebroken", "Afgebroken", "P1Y"),
    ),
    roltypen=(("Melder", "initiator"), ("Onderzoeker", "behandelaar"), ("Onderzochte", "belanghebbende")),
)


@dataclass(slots=True)
class Catalogus:
    """All resources of one gemeente's catalogus by kind and uuid, and by URL. Nothing in it changes."""

    url: str
    by_kind: dict[str, dict[str, Resource]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    by_url: dict[str, tuple[str, Resource]] = field(default_factory=dict)

    def get(self, kind: str, url: object) -> Json | None:
        """Return the data of the ``kind`` at ``url``, or None."""
        found = self.by_url.get(url) if isinstance(url, str) else None
        return found[1].data if found and found[0] == kind else None

    def add(self, kind: str, data: Json) -> None:
        """Put one resource in."""
        resource = Resource(data)
        self.by_kind[kind][data["url"].rpartition("/")[2]] = resource
        self.by_url[data["url"]] = (kind, resource)


def build(config: SimulatorConfig, gemeente: GemeenteConfig) -> Catalogus:
    """Return the catalogus of ``gemeente``; its uuids follow from the seed and what each resource is."""
    builder = _Builder(config, gemeente)
    for template in (_B0366, _B1144):
        for versie, (begin, einde) in enumerate(template.versies):
            builder.zaaktype(template, versie=versie, begin=begin, einde=einde)
    builder.finish()
    return builder.catalogus


class _Builder:
    """Writes the resources of one catalogus."""

    def __init__(self, config: SimulatorConfig, gemeente: GemeenteConfig) -> None:
        self._config = config
        self._gemeente = gemeente
        self._namespace = uuid.uuid5(namespace(config.seed), f"{gemeente.slug}|catalogi")
        self._root = f"{config.basis_url}/{gemeente.slug}/catalogi/api/v1"
        self.catalogus = Catalogus(self._url("catalogussen", "catalogus"))

    def _url(self, kind: str, name: str) -> str:
        return f"{self._root}/{kind}/{uuid.uuid5(self._namespace, f'{kind}|{name}')}"

    def zaaktype(self, template: _Template, *, versie: int, begin: str, einde: str | None) -> None:
        """Add one version of a zaaktype with all that belongs to it."""
        identificatie = template.zaaktype["identificatie"]
        name = f"{identificatie}|{begin}"
        url = self._url("zaaktypen", name)
        shared = {"zaaktype": url, "zaaktypeIdentificatie": identificatie, "catalogus": self.catalogus.url}
        children: dict[str, list[str]] = {kind: [] for kind in KINDS[2:]}
        for kind, own in self._children(template, versie):
            child_url = self._url(kind, f"{name}|{own.get('omschrijving') or own['naam']}")
            children[kind].append(child_url)
            self.catalogus.add(kind, {"url": child_url, **shared, **own})
        self.catalogus.add("zaaktypen", self._zaaktype(url, template, children=children, period=(begin, einde)))

    def _children(self, template: _Template, versie: int) -> Iterator[tuple[str, Json]]:
        last = max(volgnummer for volgnummer, _ in template.statustypen)
        for volgnummer, omschrijving in template.statustypen:
            yield "statustypen", _statustype(volgnummer, omschrijving, is_eind=volgnummer == last)
        for resultaat in template.resultaattypen:
            yield "resultaattypen", self._resultaattype(*resultaat)
        for omschrijving, generiek in template.roltypen:
            yield "roltypen", {"omschrijving": omschrijving, "omschrijvingGeneriek": generiek, **_NO_PERIOD}
        if self._config.variant == "uitgebreid" and versie == 0:
            for naam, definitie, lengte, waarden in template.eigenschappen:
                yield "eigenschappen", _eigenschap(naam, definitie, lengte, waarden)

    def _resultaattype(self, omschrijving: str, generiek: str, termijn: str) -> Json:
        key = uuid.uuid5(self._namespace, f"selectielijst|{omschrijving}")
        return {
            "omschrijving": omschrijving,
            "resultaattypeomschrijving": f"{_SELECTIELIJST}/resultaattypeomschrijvingen/{key}",
            "omschrijvingGeneriek": generiek,
            "selectielijstklasse": f"{_SELECTIELIJST}/resultaten/{key}",
            "toelichting": "",
            "archiefnominatie": "vernietigen",
            "archiefactietermijn": termijn,
            "brondatumArchiefprocedure": _BRONDATUM,
            "procesobjectaard": "",
            "indicatieSpecifiek": None,
            "procestermijn": None,
            "besluittypen": [],
            "besluittypeOmschrijving": [],
            "informatieobjecttypen": [],
            "informatieobjecttypeOmschrijving": [],
            **_NO_PERIOD,
        }

    def _zaaktype(
        self, url: str, template: _Template, *, children: dict[str, list[str]], period: tuple[str, str | None]
    ) -> Json:
        begin, einde = period
        standard_only: Json = {
            "besluittypeOmschrijving": [],
            "deelzaaktypeIdentificaties": [],
            "informatieobjecttypeOmschrijving": [],
            "resultaattypeOmschrijving": [omschrijving for omschrijving, _, _ in template.resultaattypen],
        }
        return {
            "url": url,
            **template.zaaktype,
            **_ZAAKTYPE_DEFAULTS,
            "verantwoordelijke": self._gemeente.slug,
            "beginGeldigheid": begin,
            "eindeGeldigheid": einde,
            "versiedatum": begin,
            "beginObject": begin,
            "eindeObject": einde,
            "catalogus": self.catalogus.url,
            **children,
            **({} if self._config.openzaak else standard_only),
        }

    def finish(self) -> None:
        """Add the catalogus resource itself."""
        self.catalogus.add(
            "catalogussen",
            {
                "url": self.catalogus.url,
                "domein": "BURGZ",
                "rsin": self._gemeente.bronorganisatie,
                "contactpersoonBeheerNaam": "Functioneel beheer",
                "contactpersoonBeheerTelefoonnummer": "",
                "contactpersoonBeheerEmailadres": "beheer@gemeente.example",
                "zaaktypen": [resource.data["url"] for resource in self.catalogus.by_kind["zaaktypen"].values()],
                "besluittypen": [],
                "informatieobjecttypen": [],
                "naam": f"Catalogus {self._gemeente.slug}",
                "versie": "",
                "begindatumVersie": None,
                **({} if self._config.openzaak else {"besluittypeOmschrijving": [], "informatieobjecttypeOmschrijving": []}),
            },
        )


_BRONDATUM: Final[Json] = {
    "afleidingswijze": "afgehandeld",
    "datumkenmerk": "",
    "einddatumBekend": False,
    "objecttype": "",
    "registratie": "",
    "procestermijn": None,
}
_ZAAKTYPE_DEFAULTS: Final[Json] = {
    "omschrijvingGeneriek": "",
    "toelichting": "",
    "indicatieInternOfExtern": "extern",
    "servicenorm": None,
    "opschortingEnAanhoudingMogelijk": True,
    "verlengingMogelijk": False,
    "verlengingstermijn": None,
    "trefwoorden": [],
    "publicatieIndicatie": False,
    "publicatietekst": "",
    "verantwoordingsrelatie": [],
    "productenOfDiensten": [],
    "selectielijstProcestype": "",
    "referentieproces": {"naam": "Behandelen aangifte of melding", "link": ""},
    "concept": False,
    "informatieobjecttypen": [],
    "besluittypen": [],
    "deelzaaktypen": [],
    "gerelateerdeZaaktypen": [],
    "zaakobjecttypen": [],
}


def _statustype(volgnummer: int, omschrijving: str, *, is_eind: bool) -> Json:
    return {
        "omschrijving": omschrijving,
        "omschrijvingGeneriek": "",
        "statustekst": "",
        "volgnummer": volgnummer,
        "isEindstatus": is_eind,
        "informeren": False,
        "doorlooptijd": None,
        "toelichting": None,
        "checklistitemStatustype": [],
        "eigenschappen": [],
        "zaakobjecttypen": [],
        **_NO_PERIOD,
    }


def _eigenschap(naam: str, definitie: str, lengte: int, waarden: tuple[str, ...]) -> Json:
    specificatie = {
        "groep": "",
        "formaat": "tekst",
        "lengte": str(lengte),
        "kardinaliteit": "1",
        "waardenverzameling": list(waarden),
    }
    return {
        "naam": naam,
        "definitie": definitie,
        "specificatie": specificatie,
        "toelichting": "",
        "statustype": None,
        **_NO_PERIOD,
    }
