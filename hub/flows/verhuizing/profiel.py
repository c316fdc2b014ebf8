# SPDX-License-Identifier: EUPL-1.2
"""The risk profile of one gemeente: every threshold that is policy and not law, with who set it and since when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Niveau = Literal["basis", "midden", "substantieel", "hoog"]
Modus = Literal["schaduw", "actief", "uit"]
Tekst = Annotated[str, Field(min_length=1, max_length=200)]


class RisicoProfiel(BaseModel):
    """Validates ``[gemeenten.<slug>.profiel.verhuizing]``. Frozen: a change is a new ``versie`` by two people.

    Durations end in their unit. All thresholds are policy of the gemeente; what the law fixes is not here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    versie: Tekst
    auteur: Tekst
    tweede_persoon: Tekst
    geldig_vanaf: date
    modus: Modus = "schaduw"
    digid_niveau: Niveau = "midden"
    max_bewoners: int = Field(default=8, ge=1, le=1000)
    min_m2: float = Field(default=12.0, ge=0, le=1000)
    verhuizingen_max: int = Field(default=2, ge=1, description="this many moves in the window is too many")
    verhuizingen_venster_dagen: int = Field(default=180, ge=1, le=3650)
    verhuizing_rust_dagen: int = Field(default=30, ge=0, le=3650, description="the last move lies longer ago than this")
    vorige_bewoner_werkdagen: int = Field(default=3, ge=0, le=30)
    steekproef: float = Field(default=0.02, ge=0, le=1)
    wachttijd_stukken_s: int = Field(default=30, ge=0, le=7 * 86400)
    wachttijd_bevestiging_s: int = Field(default=3 * 86400, ge=60)
    streef_dagen: int = Field(default=14, ge=1, le=56)
    doorlooptijd_dagen: int = Field(default=28, ge=1, le=56, description="when the zaaktype gives none (B0366: P28D)")
    gelijkgestelde_dagen: frozenset[date] = frozenset()
    niet_digitale_kanalen: frozenset[str] = frozenset({"papier", "post", "balie", "email", "e-mail", "telefoon"})
    team: Tekst = "Burgerzaken"
    oordeel_leverancier: Literal["tonen", "strengste", "leverancier"] = Field(
        default="tonen",
        description="which wins when the registry's supplier gives a verdict too: ours, the strictest, or the supplier's",
    )

    @model_validator(mode="after")
    def _four_eyes(self) -> Self:
        if self.auteur.casefold().strip() == self.tweede_persoon.casefold().strip():
            raise ValueError("tweede_persoon is dezelfde als auteur: laat een ander het profiel nakijken (vier ogen)")
        return self
