# SPDX-License-Identifier: EUPL-1.2
"""The people of one neighbourhood: households until 128 people live there.

Ordinary people moved in before 2025 and have nothing special, so that a plain move by them is plain; what is special is
made on purpose in bevolking_bijzonder. Birth dates do not depend on the registry's date, recent moves do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from connectors.burgerzaken.simulator import bevolking_namen as namen
from connectors.burgerzaken.simulator.bevolking_model import (
    BUURT_PERSONEN,
    AdresseerbaarObject,
    Gemeente,
    Gezag,
    Huishouden,
    Partner,
    Persoon,
    Verblijf,
)
from connectors.burgerzaken.simulator.bevolking_nummers import Dobbelsteen
from connectors.burgerzaken.simulator.datums import volledig

IJKDATUM: Final = date(2026, 1, 1)  # ages are given at this date
_LAATSTE_VERHUIZING: Final = date(2024, 12, 31)
_NEDERLAND: Final = ("6030", "Nederland")
_NEDERLANDSE: Final = ("0001", "Nederlandse")
_HERKOMST: Final = (
    (("6043", "Turkije"), ("0339", "Turkse"), "Ankara"),
    (("7028", "Polen"), ("0070", "Poolse"), "Warszawa"),
    (("5022", "Marokko"), ("0027", "Marokkaanse"), "Rabat"),
    (("6029", "Bondsrepubliek Duitsland"), ("0055", "Burger van de Bondsrepubliek Duitsland"), "Nordhorn"),
)
M2_PER_BEWONER: Final = 14


class Bouwer:
    """Builds the households of one neighbourhood; bevolking_bijzonder adds the special ones through the same means."""

    def __init__(
        self, *, seed: int, buurt: int, gemeente: Gemeente, objecten: Sequence[AdresseerbaarObject], peildatum: date
    ) -> None:
        self.gemeente, self.objecten, self.peildatum = gemeente, objecten, peildatum
        self.rang = buurt - gemeente.eerste_buurt
        self.kans = Dobbelsteen(seed, buurt, 3)
        self.eerste_nr = buurt * BUURT_PERSONEN
        self.personen: list[Persoon] = []
        self.huishoudens: list[Huishouden] = []
        gewoon = [o.plek for o in objecten if o.soort == "gewoon"]
        self.vrij = self.kans.schud(gewoon)

    @property
    def ruimte(self) -> int:
        """How many more people fit."""
        return BUURT_PERSONEN - len(self.personen)

    # ------------------------------------------------------------------------------------------------------ one person

    def datum_bij_leeftijd(self, leeftijd: int) -> str:
        """Return a birth date of somebody who was ``leeftijd`` at IJKDATUM."""
        return (IJKDATUM - timedelta(days=int(leeftijd * 365.25) + 1 + self.kans.getal(363))).isoformat()

    def persoon(self, leeftijd: int, *, naam: tuple[str, str] | None = None, **anders: Any) -> Persoon:
        """Add one person; ``naam`` is (prefix, surname), ``anders`` are fields of Persoon."""
        geslacht = anders.pop("geslacht", None) or self.kans.kies("MV")
        land, nationaliteit, plaats = self._herkomst()
        voorvoegsel, geslachtsnaam = naam or self.kans.kies(namen.GESLACHTSNAMEN)
        velden: dict[str, Any] = {
            "nr": self.eerste_nr + len(self.personen),
            "geslacht": geslacht,
            "voornamen": self._voornamen(geslacht),
            "voorvoegsel": voorvoegsel,
            "geslachtsnaam": geslachtsnaam,
            "geboorte": self.datum_bij_leeftijd(leeftijd),
            "geboorteplaats": plaats,
            "geboorteland": land,
            "nationaliteit": nationaliteit,
            "verblijf": None,
            "geheim": self.kans.procent(3),
        }
        nieuw = Persoon(**(velden | anders))
        self.personen.append(nieuw)
        return nieuw

    def _voornamen(self, geslacht: str) -> str:
        lijst = namen.VOORNAMEN.get(geslacht, namen.VOORNAMEN_ONBEKEND)
        eerste = self.kans.kies(lijst)
        return f"{eerste} {self.kans.kies(lijst)}" if self.kans.procent(35) else eerste

    def _herkomst(self) -> tuple[tuple[str, str], tuple[str, str], tuple[str, str]]:
        if self.kans.procent(92):
            return _NEDERLAND, _NEDERLANDSE, (self.gemeente.code, self.gemeente.naam)
        land, nationaliteit, plaats = self.kans.kies(_HERKOMST)
        return land, nationaliteit, ("", plaats)

    # ------------------------------------------------------------------------------------------------- where they live

    def woning(self, bewoners: int) -> int:
        """Take a vacant ordinary home with room for ``bewoners`` and return its place."""
        passend = (p for p in self.vrij if (self.objecten[p].oppervlakte or 0) >= bewoners * M2_PER_BEWONER)
        plek = next(passend, self.vrij[0])
        self.vrij.remove(plek)
        return plek

    def verblijf_op(self, plek: int, datum_van: str, **anders: Any) -> Verblijf:
        """Return a stay at the main address of ``plek``."""
        thuis = self.objecten[plek]
        velden: dict[str, Any] = {
            "soort": "Adres",
            "datum_van": datum_van,
            "gemeente": (self.gemeente.code, self.gemeente.naam),
            "object_id": thuis.identificatie,
            "adres": thuis.adressen[0],
        }
        return Verblijf(**(velden | anders))

    def dagen_geleden(self, dagen: int) -> str:
        """Return a date before the registry's date."""
        return (self.peildatum - timedelta(days=dagen)).isoformat()

    def huisvest(
        self, soort: str, leden: list[Persoon], *, plek: int | None = None, datum_van: str = "", **anders: Any
    ) -> Huishouden:
        """Register ``leden`` together at ``plek`` (a vacant home when None) and keep them as one household."""
        plek = self.woning(len(leden)) if plek is None else plek
        sinds = datum_van or self._verhuisdatum(leden)
        for lid in leden:
            lid.verblijf = self.verblijf_op(plek, sinds, **anders)
            lid.historie = lid.historie or self._eerder(lid, sinds)
        huishouden = Huishouden(soort=soort, leden=leden, plek=plek)
        self.huishoudens.append(huishouden)
        return huishouden

    def _verhuisdatum(self, leden: Sequence[Persoon]) -> str:
        """Return a date of moving in, after the youngest was born and long before any scenario."""
        jongste = max(lid.geboorte for lid in leden)
        vroegst = date.fromisoformat(jongste) if volledig(jongste) else date(1990, 1, 1)
        vroegst = max(vroegst, date(2004, 1, 1))
        dagen = max(1, (_LAATSTE_VERHUIZING - vroegst).days)
        return (vroegst + timedelta(days=self.kans.getal(dagen))).isoformat()

    def _eerder(self, lid: Persoon, sinds: str) -> tuple[Verblijf, ...]:
        """Return one earlier stay of an adult: at another place in this neighbourhood, years before."""
        tot = date.fromisoformat(sinds) if volledig(sinds) else date(2004, 1, 1)
        vroeger = (tot - timedelta(days=400 + self.kans.getal(2500))).isoformat()
        if not volledig(lid.geboorte) or vroeger <= lid.geboorte:
            return ()
        return (self.verblijf_op(self.kans.getal(70), vroeger),)

    # ------------------------------------------------------------------------------------------------------- relations

    def verbind(self, paar: Sequence[Persoon], soort: str, *, ontbonden: str = "") -> None:
        """Marry (H) or register as partners (P), on both sides; ``ontbonden`` is the date it ended."""
        vanaf = max(int(lid.geboorte[:4]) for lid in paar) + 20
        jaar = min(vanaf + self.kans.getal(15), _LAATSTE_VERHUIZING.year - 1)
        datum = f"{jaar}-0{1 + self.kans.getal(9)}-1{self.kans.getal(9)}"
        plaats = (self.gemeente.code, self.gemeente.naam)
        for van, naar in (paar, paar[::-1]):
            van.partners.append(Partner(soort=soort, datum=datum, plaats=plaats, persoon=naar, ontbonden=ontbonden))

    def kind(self, ouders: Sequence[Persoon], leeftijd: int, soort_gezag: str = "", **gezag: Any) -> Persoon:
        """Add a child of ``ouders``; a minor gets ``soort_gezag``, by default the plain form for that many parents."""
        bron = ouders[0]
        kind = self.persoon(leeftijd, naam=(bron.voorvoegsel, bron.geslachtsnaam), geheim=bron.geheim)
        kind.ouders = list(ouders)
        for ouder in ouders:
            ouder.kinderen.append(kind)
        gewoon = "GezamenlijkOuderlijkGezag" if len(ouders) > 1 else "EenhoofdigOuderlijkGezag"
        kind.gezag = Gezag(soort=soort_gezag or gewoon, **({"houders": tuple(ouders)} | gezag))
        return kind

    def kinderen(self, ouders: Sequence[Persoon], aantal: int) -> list[Persoon]:
        """Add ``aantal`` minor children."""
        return [self.kind(ouders, self.kans.tussen(1, 16)) for _ in range(aantal)]

    # --------------------------------------------------------------------------------------------- ordinary households

    def bouw(self, bijzonder: Callable[[Bouwer], None]) -> None:
        """Fill the neighbourhood: the special households first, then ordinary ones until 128 people live there."""
        bijzonder(self)
        while self.ruimte:
            passend = [(grootte, maak) for grootte, maak in _GEWOON if grootte <= self.ruimte]
            _, maak = self.kans.kies(passend)
            maak(self)


def alleenstaande(bouwer: Bouwer) -> None:
    """Somebody of 19 to 90 on their own."""
    bouwer.huisvest("alleenstaande", [bouwer.persoon(bouwer.kans.tussen(19, 90))])


def paar(bouwer: Bouwer, soort: str = "H", naam: str = "echtpaar", aantal_kinderen: int = 0) -> None:
    """A couple (married, registered or without either), with ``aantal_kinderen`` minors."""
    leeftijd = bouwer.kans.tussen(32, 48) if aantal_kinderen else bouwer.kans.tussen(24, 80)
    ouders = [bouwer.persoon(leeftijd + bouwer.kans.getal(4)) for _ in range(2)]
    if soort:
        bouwer.verbind(ouders, soort)
    bouwer.huisvest(naam, ouders + bouwer.kinderen(ouders, aantal_kinderen))


def eenouder(bouwer: Bouwer) -> None:
    """A single parent who alone has authority, with one or two minors."""
    ouder = bouwer.persoon(bouwer.kans.tussen(30, 48))
    bouwer.huisvest("eenouder", [ouder, *bouwer.kinderen([ouder], 1 + bouwer.kans.getal(2))])


def gescheiden(bouwer: Bouwer) -> None:
    """Parents who live apart and have authority together; the children live with the first."""
    ouders = [bouwer.persoon(bouwer.kans.tussen(32, 48)) for _ in range(2)]
    kinderen = bouwer.kinderen(ouders, 1 + bouwer.kans.getal(2))
    bouwer.huisvest("eenouder-ander-elders", [ouders[0], *kinderen])
    bouwer.huisvest("ouder-elders", [ouders[1]])


def volwassen_kind(bouwer: Bouwer) -> None:
    """Parents with a child of age who still lives with them."""
    ouders = [bouwer.persoon(bouwer.kans.tussen(50, 62)) for _ in range(2)]
    bouwer.verbind(ouders, "H")
    bouwer.huisvest("gezin-volwassen-kind", [*ouders, bouwer.kind(ouders, bouwer.kans.tussen(20, 27))])


_GEWOON: Final[tuple[tuple[int, Callable[[Bouwer], None]], ...]] = (
    *((1, alleenstaande),) * 12,
    *((2, paar),) * 5,
    *((2, lambda b: paar(b, "P", "partners")),) * 2,
    *((2, lambda b: paar(b, "", "samenwonenden")),) * 3,
    *((3, lambda b: paar(b, "H", "gezin", 1)),) * 2,
    *((4, lambda b: paar(b, "H", "gezin", 2)),) * 3,
    (5, lambda b: paar(b, "H", "gezin", 3)),
    *((4, lambda b: paar(b, "", "gezin-ongehuwd", 2)),) * 2,
    *((3, eenouder),) * 2,
    *((4, gescheiden),) * 2,
    (3, volwassen_kind),
)
