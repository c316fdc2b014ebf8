# SPDX-License-Identifier: EUPL-1.2
"""The 21 predicates of a plain move, one pure function each, and the table they stand in.

Every predicate takes an ``Invoer`` and returns an ``Uitslag``; none of them raises, whatever the sources said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hub.flows.verhuizing.predicaten.aangever import (
    p01_authenticatie,
    p02_leeftijd_aangever,
    p03_registratie,
    p04_curatele,
)
from hub.flows.verhuizing.predicaten.adres import p08_adres, p09_gebruik, p10_zelfde_adres
from hub.flows.verhuizing.predicaten.basis import Bevinding, Invoer, Uitslag
from hub.flows.verhuizing.predicaten.bewoning import p11_bezetting, p12_bewoond_adres, p14_adres_in_onderzoek
from hub.flows.verhuizing.predicaten.gezin import p17_meeverhuizers, p18_gezag
from hub.flows.verhuizing.predicaten.personen import p13_in_onderzoek, p15_mobiliteit, p21_geheimhouding
from hub.flows.verhuizing.predicaten.samenhang import p16_andere_zaken, p19_instelling, p20_aandacht
from hub.flows.verhuizing.predicaten.verhuizing import p05_soort_verhuizing, p06_tijdigheid, p07_toekomst

AANGIFTE: Final = "aangifte"
ADRES: Final = "adres"
PERSONEN: Final = "personen"
BEWONING: Final = "bewoning"
ZAKEN: Final = "zaken"
CLAIMS: Final = "claims"


@dataclass(frozen=True, slots=True)
class Predicaat:
    """One row of the table: its number, its name for people, its source of law or "beleid", and what it looks at."""

    nr: int
    naam: str
    grondslag: str
    bronnen: tuple[str, ...]
    toets: Callable[[Invoer], Uitslag]


PREDICATEN: Final = (
    Predicaat(1, "Inloggen", "Wet BRP 2.20 lid 4; Wabb 12", (AANGIFTE, PERSONEN), p01_authenticatie),
    Predicaat(2, "Leeftijd aangever", "Wet BRP 2.48", (AANGIFTE, PERSONEN), p02_leeftijd_aangever),
    Predicaat(3, "Inschrijving", "Wet BRP 2.38, 2.39", (AANGIFTE, PERSONEN), p03_registratie),
    Predicaat(4, "Curatele", "Wet BRP 2.48 lid 1 onder c", (AANGIFTE, PERSONEN), p04_curatele),
    Predicaat(5, "Soort verhuizing", "Wet BRP 2.38, 2.39 lid 1; Awb 2:3", (AANGIFTE, ADRES, PERSONEN), p05_soort_verhuizing),
    Predicaat(6, "Op tijd", "Wet BRP 2.20, 2.39 lid 2; Termijnenwet 1, 3", (AANGIFTE,), p06_tijdigheid),
    Predicaat(7, "Verhuisdatum in de toekomst", "beleid", (AANGIFTE,), p07_toekomst),
    Predicaat(8, "Adres", "Wet BRP 2.39 lid 1; Wet BAG", (AANGIFTE, ADRES), p08_adres),
    Predicaat(9, "Gebruik van het adres", "beleid", (ADRES,), p09_gebruik),
    Predicaat(10, "Ander adres", "Wet BRP 2.39 lid 1", (AANGIFTE, ADRES, PERSONEN), p10_zelfde_adres),
    Predicaat(11, "Aantal bewoners", "beleid", (AANGIFTE, ADRES, BEWONING), p11_bezetting),
    Predicaat(12, "Bewoond adres", "beleid", (AANGIFTE, ADRES, BEWONING, PERSONEN, CLAIMS), p12_bewoond_adres),
    Predicaat(13, "Persoon in onderzoek", "Wet BRP 2.26", (AANGIFTE, PERSONEN), p13_in_onderzoek),
    Predicaat(14, "Adres in onderzoek", "beleid; Wet BRP 2.26", (BEWONING,), p14_adres_in_onderzoek),
    Predicaat(15, "Eerdere verhuizingen", "beleid", (AANGIFTE, PERSONEN), p15_mobiliteit),
    Predicaat(16, "Andere open zaken", "beleid; Awb 3:2", (AANGIFTE, ADRES, ZAKEN, CLAIMS), p16_andere_zaken),
    Predicaat(17, "Meeverhuizers", "Wet BRP 2.48, 2.49", (AANGIFTE, PERSONEN), p17_meeverhuizers),
    Predicaat(18, "Gezag", "beleid; Wet BRP 2.48", (AANGIFTE, PERSONEN), p18_gezag),
    Predicaat(19, "Instelling", "Wet BRP 2.49, 2.50", (AANGIFTE, ADRES, CLAIMS), p19_instelling),
    Predicaat(20, "Aandachtslijst", "beleid", (AANGIFTE, ADRES, CLAIMS), p20_aandacht),
    Predicaat(21, "Geheimhouding", "Wet BRP 3.21", (PERSONEN,), p21_geheimhouding),
)

__all__ = ["PREDICATEN", "Bevinding", "Invoer", "Predicaat", "Uitslag"]
