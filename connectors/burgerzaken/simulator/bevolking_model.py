# SPDX-License-Identifier: EUPL-1.2
"""What the generated country consists of. Dates are texts: ``1984-07-01``, ``1984-07``, ``1984`` or ``onbekend``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BUURT_PERSONEN: Final = 128
BUURT_PLEKKEN: Final = 100
STRATEN_PER_BUURT: Final = 5
PLEKKEN_PER_STRAAT: Final = BUURT_PLEKKEN // STRATEN_PER_BUURT
RNI_GEMEENTE: Final = ("1999", "Registratie Niet Ingezetenen (RNI)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gemeente:
    """One municipality: its neighbourhoods are ``eerste_buurt`` up to ``eerste_buurt + buurten``."""

    index: int
    slug: str
    code: str
    naam: str
    eerste_buurt: int
    buurten: int
    postcode_basis: int
    woonplaatsen: tuple[str, ...]
    is_achtergrond: bool = False  # not one of the configured ones: where people come from and go to


@dataclass(frozen=True, slots=True, kw_only=True)
class Nummeraanduiding:
    """An address as the BAG knows it. ``plek`` is the place of its object in the neighbourhood."""

    identificatie: str
    straat: str
    openbare_ruimte: str
    huisnummer: int
    huisletter: str
    toevoeging: str
    postcode: str
    woonplaats: str
    woonplaats_id: str
    plek: int
    nevenadres: bool = False
    ingetrokken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pand:
    """A building."""

    identificatie: str
    status: str
    bouwjaar: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdresseerbaarObject:
    """A verblijfsobject, ligplaats or standplaats. ``soort`` is our own tag: ``gewoon`` or what is special about it."""

    identificatie: str
    plek: int
    soort: str
    type: str
    status: str
    gemeente: Gemeente
    adressen: tuple[Nummeraanduiding, ...]  # the main address first
    gebruiksdoelen: tuple[str, ...] = ()
    oppervlakte: int | None = None
    panden: tuple[Pand, ...] = ()
    in_onderzoek: bool = False
    geconstateerd: bool = False

    @property
    def huidig(self) -> bool:
        """True when the object has no end status (what ``/adressenuitgebreid`` shows)."""
        return self.status not in {"Verblijfsobject ingetrokken", "Plaats ingetrokken"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verblijf:
    """One stay: ``soort`` is Adres, Locatie, VerblijfplaatsBuitenland or VerblijfplaatsOnbekend."""

    soort: str
    datum_van: str
    gemeente: tuple[str, str]
    functie: str = "W"
    object_id: str = ""
    adres: Nummeraanduiding | None = None
    locatie: str = ""
    land: tuple[str, str, str, str] | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Partner:
    """A marriage (H) or registered partnership (P). ``persoon`` is None for a partner without burgerservicenummer."""

    soort: str
    datum: str
    plaats: tuple[str, str]
    persoon: Persoon | None
    voornamen: str = ""
    geslachtsnaam: str = ""
    ontbonden: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class Gezag:
    """Authority over one minor. ``soort`` as the BRP API spells it; ``houders`` parents or guardians, ``derde`` else."""

    soort: str
    houders: tuple[Persoon, ...] = ()
    derde: Persoon | None = None
    in_onderzoek: bool = False
    toelichting: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class Persoon:
    """One person as generated; what happened since stands in the register."""

    nr: int
    geslacht: str
    voornamen: str
    voorvoegsel: str
    geslachtsnaam: str
    geboorte: str
    geboorteplaats: tuple[str, str]
    geboorteland: tuple[str, str]
    nationaliteit: tuple[str, str]
    verblijf: Verblijf
    historie: tuple[Verblijf, ...] = ()  # newest first, without the present one
    partners: list[Partner] = field(default_factory=list)
    ouders: list[Persoon] = field(default_factory=list)
    kinderen: list[Persoon] = field(default_factory=list)
    gezag: Gezag | None = None
    curatele: bool = False
    geheim: bool = False
    opschorting: tuple[str, str] | None = None  # (reden, datum)
    onderzoek: str = ""  # "", 080000, 081100, 010000 or 089999 (aanduiding in onderzoek, element 83.10)

    @property
    def volledige_naam(self) -> str:
        """Given names, prefix and surname."""
        return " ".join(deel for deel in (self.voornamen, self.voorvoegsel, self.geslachtsnaam) if deel)


@dataclass(slots=True, eq=False, kw_only=True)
class Huishouden:
    """People who live together at ``plek``; ``soort`` names what they are an example of."""

    soort: str
    leden: list[Persoon]
    plek: int


@dataclass(slots=True, eq=False, kw_only=True)
class Buurt:
    """128 people and 100 objects, generated together and thrown away together."""

    index: int
    gemeente: Gemeente
    objecten: tuple[AdresseerbaarObject, ...]
    personen: tuple[Persoon, ...]
    huishoudens: tuple[Huishouden, ...]
    op_plek: dict[int, list[Persoon]]
    plek_van_object: dict[str, int]
    plek_van_nummer: dict[str, int]

    def leeg(self, plek: int) -> bool:
        """True when nobody was registered there from the start."""
        return plek not in self.op_plek
