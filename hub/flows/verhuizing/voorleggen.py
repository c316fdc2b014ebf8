# SPDX-License-Identifier: EUPL-1.2
"""What a person must look at besides the colour: somebody died, or the registry does not show what was instructed.

Nothing goes on by itself then, and nothing is written that would make another system send a letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hub.flows.base import Antwoord, Feit, Opdracht
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.staat import Staat

PERSOON_OVERLEDEN: Final = "persoon-overleden"
OVEREEN: Final = "overeen"


def beslis_voorleggen(staat: Staat) -> list[Antwoord]:
    """Return what is put before a person now: each reason once per mover."""
    if not staat.loopt or staat.reden_niet_beoordelen:
        return []
    return [
        Feit(
            type=namen.VOORGELEGD,
            step=f"voorgelegd:{reden}:{wie}",
            data={"reden": reden, "pseudoniem": wie or None, "gebeurtenis": gebeurtenis},
        )
        for reden, wie, gebeurtenis in _redenen(staat)
        if (reden, wie) not in staat.voorgelegd
    ]


def _redenen(staat: Staat) -> Iterator[tuple[str, str, str]]:
    for wie, gebeurtenis in sorted(staat.overleden.items()):
        yield PERSOON_OVERLEDEN, wie, gebeurtenis
    if staat.leverancier and staat.kleur == "groen" and staat.werkkleur != "groen" and not staat.uitvoering_begonnen:
        kleur, gebeurtenis = staat.leverancier
        yield f"leverancier-{kleur}", "", gebeurtenis
    for wie, (uitkomst, gebeurtenis) in sorted(staat.teruggelezen.items()):
        if uitkomst != OVEREEN and wie not in staat.bevestigd:
            yield f"register-{uitkomst}", wie, gebeurtenis


def lees_terug(staat: Staat) -> list[Antwoord]:
    """Return the opdracht to read the movers back, once the registry kept silent for as long as the profile allows."""
    verwerking, aangifte = staat.verwerking, staat.aangifte
    if verwerking is None or aangifte is None or not staat.loopt or not staat.bevestiging_blijft_uit:
        return []
    if staat.opdracht(namen.LEES_TERUG):
        return []
    wie = [verhuizer for verhuizer in verwerking.verhuizers if verhuizer not in staat.bevestigd]
    data = {
        "verhuizers": [{"pseudoniem": verhuizer} for verhuizer in wie],
        "adresseerbaarObjectIdentificatie": verwerking.object_id,
        "functieAdres": verwerking.functie,
        "datum": verwerking.datum,
    }
    besloten = {verhuizer: {"bsn": aangifte.bsns[verhuizer].reveal()} for verhuizer in wie if verhuizer in aangifte.bsns}
    return [Opdracht(connector="burgerzaken", soort=namen.LEES_TERUG, step=namen.LEES_TERUG, data=data, besloten=besloten)]


def teruggevonden(staat: Staat) -> dict[str, str]:
    """Return mover -> event of who stands in the registry exactly as instructed, seen by reading back."""
    return {wie: gebeurtenis for wie, (uitkomst, gebeurtenis) in staat.teruggelezen.items() if uitkomst == OVEREEN}
