# SPDX-License-Identifier: EUPL-1.2
"""What must be put down now, from the state alone. Asked again until it answers nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hub.flows.base import Antwoord
from hub.flows.verhuizing.beoordelen import (
    beslis_claims,
    beslis_halen,
    beslis_niet,
    beslis_oordeel,
    beslis_volgen,
    kan_beoordelen,
    mag_beoordelen,
)
from hub.flows.verhuizing.handelen import beslis_handelen
from hub.flows.verhuizing.staat import Staat
from hub.flows.verhuizing.termijnen import beslis_termijnen
from hub.flows.verhuizing.voorleggen import beslis_voorleggen
from hub.flows.verhuizing.vragen import gewenste_claims


def decide(staat: Staat) -> Sequence[Antwoord]:
    """Return what must be put down now; empty when there is nothing (R7).

    First claims and fetches, then the decision, and only when none of these has anything left: acting on it.
    """
    antwoorden = beslis_niet(staat)
    if staat.aangifte is None:
        return antwoorden
    gewenst = gewenste_claims(staat)
    antwoorden += [*beslis_claims(staat, gewenst), *beslis_volgen(staat), *beslis_voorleggen(staat)]
    if mag_beoordelen(staat):
        antwoorden += beslis_halen(staat, gewenst)
    vers = not antwoorden and kan_beoordelen(staat, gewenst)
    if vers:
        antwoorden = beslis_oordeel(staat)
    if antwoorden:
        return antwoorden
    return [*beslis_handelen(staat, vers=vers), *beslis_termijnen(staat)]
