# SPDX-License-Identifier: EUPL-1.2
"""What claimants must be told now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from hub.events import ZAKEN
from hub.flows.base import Antwoord, Feit
from hub.flows.claims.staat import (
    CLAIM_ANTWOORD,
    CLAIMS_BEANTWOORD,
    CLAIMS_WIJZIGING_DOORGEGEVEN,
    WIJZIGING_DOORGEGEVEN,
    Claim,
    Staat,
    Wijziging,
)


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "zaak": claim.zaak,
        "soort": claim.soort,
        "doel": claim.doel,
        "verhuisdatum": claim.verhuisdatum,
        "ontvangst": claim.ontvangst,
        "geparkeerd": claim.geparkeerd,
    }


def stand(staat: Staat) -> dict[str, Any]:
    """Return all open claims, first received first, and all marks: what every claimant is told."""
    claims = sorted(staat.claims.values(), key=lambda claim: (claim.ontvangst, claim.zaak))
    markeringen = [{"soort": m.soort, "verloopt": m.verloopt} for _, m in sorted(staat.markeringen.items())]
    return {"claims": [_claim(claim) for claim in claims], "markeringen": markeringen}


def _antwoorden(staat: Staat) -> Iterator[Feit]:
    sleutel, nu = staat.context.stream, stand(staat)
    redenen = [dict(m.besloten) for _, m in sorted(staat.markeringen.items()) if m.besloten]
    besloten = {staat.onderwerp: {"markeringen": redenen}} if redenen else {}
    for zaak in sorted(staat.claims):
        yield Feit(
            type=CLAIM_ANTWOORD,
            step=f"antwoord:{sleutel}",
            data={"sleutel": sleutel, **nu},
            besloten=besloten,
            topic=ZAKEN,
            key=zaak,
        )
    data = {"stand": json.dumps(nu, sort_keys=True, separators=(",", ":")), "aan": sorted(staat.claims)}
    yield Feit(type=CLAIMS_BEANTWOORD, step="beantwoord", data=data)


def _doorgeven(staat: Staat, wijziging: Wijziging) -> Iterator[Feit]:
    for zaak in sorted(staat.claims):
        yield Feit(
            type=WIJZIGING_DOORGEGEVEN,
            step=f"wijziging:{staat.context.stream}:{wijziging.gebeurtenis}",
            data={
                "sleutel": staat.context.stream,
                "wijziging": wijziging.gebeurtenis,
                "soort": wijziging.soort,
                "datum": wijziging.datum,
            },
            besloten={staat.onderwerp: dict(wijziging.besloten)},
            topic=ZAKEN,
            key=zaak,
        )


def decide(staat: Staat) -> Sequence[Antwoord]:
    """Return the answers due: to every claimant, and as facts in the own stream so that each happens once."""
    antwoorden: list[Antwoord] = []
    if staat.te_beantwoorden and staat.claims:
        antwoorden += _antwoorden(staat)
    if staat.wijzigingen:
        for wijziging in staat.wijzigingen:
            antwoorden += _doorgeven(staat, wijziging)
        ids = [wijziging.gebeurtenis for wijziging in staat.wijzigingen]
        data = {"wijzigingen": ids, "aan": sorted(staat.claims)}
        antwoorden.append(Feit(type=CLAIMS_WIJZIGING_DOORGEGEVEN, step=f"doorgegeven:{ids[-1]}", data=data))
    return antwoorden
