# SPDX-License-Identifier: EUPL-1.2
"""What ``[gemeenten.<slug>.burgerzaken]`` may say: addresses, gateway profiles, purposes, patience.

Two municipalities ask the same registry through different gateways: other headers, other elements delivered, other
sources offered. All of that is configuration, so that no code knows a supplier.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, StringConstraints, model_validator

from connectors.burgerzaken.velden import (
    VELDEN_BEWONING,
    VELDEN_GEZAGHOUDER,
    VELDEN_HISTORIE,
    VELDEN_HOOFDBEWONER,
    VELDEN_MELDER,
    VELDEN_VOLGEN,
    automatic_fields_in,
)

BronNaam = Literal["brp", "bewoning", "historie", "update", "bag", "verwerking"]
DoelNaam = Literal["melder", "gezaghouder", "hoofdbewoner", "volgen", "bewoning", "historie"]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$", strip_whitespace=True)]
_STANDAARD_VELDEN: Final[dict[str, tuple[str, ...]]] = {
    "melder": VELDEN_MELDER,
    "gezaghouder": VELDEN_GEZAGHOUDER,
    "hoofdbewoner": VELDEN_HOOFDBEWONER,
    "volgen": VELDEN_VOLGEN,
    "bewoning": VELDEN_BEWONING,
    "historie": VELDEN_HISTORIE,
}
_BRON_VAN_DOEL: Final[dict[DoelNaam, BronNaam]] = {"bewoning": "bewoning", "historie": "historie"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gateway(_Strict):
    """How one gateway wants to be spoken to. Names of headers differ per supplier, so they are settings too.

    ``kop_*`` are header names, without prefix the values. ``vaste_koppen`` are sent as they are. An empty header name
    means that this gateway does not take it.
    """

    naam: str = "standaard"
    doelbinding: str = ""
    verwerking: str = ""
    gebruiker: str = "wissel"
    origin_oin: str = ""
    kop_doelbinding: str = "x-doelbinding"
    kop_verwerking: str = "x-verwerking"
    kop_gebruiker: str = "x-gebruiker"
    kop_origin_oin: str = "x-origin-oin"
    vaste_koppen: dict[str, str] = Field(default_factory=dict)
    kop_sleutel: str = "x-api-key"
    sleutel: SecretStr | None = None
    sleutel_bestand: Path | None = None
    certificaat: Path | None = Field(None, description="Client certificate for mutual TLS (PKIoverheid), PEM")
    certificaat_sleutel: Path | None = None
    ca_bestand: Path | None = None
    proxy: str | None = None
    _key: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _load_key(self) -> Self:
        if self.sleutel is not None and self.sleutel_bestand is not None:
            raise ValueError("sleutel en sleutel_bestand sluiten elkaar uit; schrijf er een van de twee")
        if self.sleutel is not None:
            self._key = self.sleutel.get_secret_value()
        elif self.sleutel_bestand is not None:
            self._key = _read(self.sleutel_bestand, "sleutel_bestand").strip()
        return self

    def headers(self, *, doelbinding: str = "", verwerking: str = "") -> dict[str, str]:
        """Return the headers of one request; a purpose may name its own doelbinding and verwerking."""
        named = {
            self.kop_doelbinding: doelbinding or self.doelbinding,
            self.kop_verwerking: verwerking or self.verwerking,
            self.kop_gebruiker: self.gebruiker,
            self.kop_origin_oin: self.origin_oin,
            self.kop_sleutel: self._key or "",
        }
        return {**self.vaste_koppen, **{name: value for name, value in named.items() if name and value}}


class Doel(_Strict):
    """One purpose of reading: which fields, and under which doelbinding and verwerking (AVG 5, lid 1 b and c).

    Empty means: the gateway's own, and the fields Wissel needs for it.
    """

    velden: tuple[str, ...] = ()
    doelbinding: str = ""
    verwerking: str = ""

    @model_validator(mode="after")
    def _no_automatic_fields(self) -> Self:
        if wrong := automatic_fields_in(self.velden):
            raise ValueError(f"velden: {', '.join(wrong)} komt vanzelf mee en mag niet gevraagd worden; haal weg")
        return self


class BurgerzakenSettings(_Strict):
    """Settings of the burgerzaken connector of one gemeente. Times in seconds (``_s``) or days."""

    brp_url: Url
    bewoning_url: Url
    bag_url: Url
    verwerking_url: Url
    update_url: Url
    historie_url: Url | None = Field(None, description="Left out: this gateway does not offer verblijfplaatshistorie")
    gateway: Gateway = Field(default_factory=Gateway)
    gateways: dict[BronNaam, Gateway] = Field(default_factory=dict, description="Sources with a gateway of their own")
    doelen: dict[DoelNaam, Doel] = Field(default_factory=dict)

    levert: tuple[str, ...] = Field((), description="Elements this profile is proven to deliver")
    levert_bestand: Path | None = Field(None, description="File written by `wissel burgerzaken check`")

    timeout_s: float = Field(10.0, gt=0, description="Longest wait for one read")
    timeout_schrijven_s: float = Field(15.0, gt=0, description="Longest wait for one write")
    pogingen_per_aanroep: int = Field(3, ge=1, le=10)
    eerste_pauze_s: float = Field(0.2, ge=0)
    geduld_s: float = Field(4 * 3600.0, gt=0, description="How long a source may stay away before a case goes orange")
    zekering_na: int = Field(5, ge=1, description="Failures in a row after which a source is left alone for a while")
    zekering_pauze_s: float = Field(10.0, gt=0)
    gelijktijdig: int = Field(16, ge=1, description="Most connections per source")

    poll_interval_s: float = Field(300.0, gt=0)
    poll_interval_wachtend_s: float = Field(5.0, gt=0, description="While a write awaits its confirmation")
    herlees_s: float = Field(3600.0, ge=0, le=43_200, description="Least time between two reads of one person")
    herlees_wachtend_s: float = Field(30.0, ge=0, le=43_200)
    volgduur_dagen: int = Field(120, ge=1, description="How long a mover is followed after the last time it was needed")
    historie_dagen: int = Field(365, ge=1, description="How far back the history of addresses is asked")

    @model_validator(mode="after")
    def _load_proof(self) -> Self:
        if self.levert and self.levert_bestand is not None:
            raise ValueError("levert en levert_bestand sluiten elkaar uit; schrijf er een van de twee")
        if self.levert_bestand is not None:
            # object.__setattr__: the model is frozen for everybody but its own validation
            object.__setattr__(self, "levert", load_levert(self.levert_bestand, self.gateway.naam))
        return self

    def gateway_of(self, bron: BronNaam) -> Gateway:
        """Return the gateway through which ``bron`` is reached."""
        return self.gateways.get(bron, self.gateway)

    def doel(self, naam: DoelNaam) -> Doel:
        """Return purpose ``naam`` with its doelbinding, verwerking and fields filled in."""
        given = self.doelen.get(naam, Doel())
        gateway = self.gateway_of(_BRON_VAN_DOEL.get(naam, "brp"))
        return Doel(
            velden=given.velden or _STANDAARD_VELDEN.get(naam, ()),
            doelbinding=given.doelbinding or gateway.doelbinding,
            verwerking=given.verwerking or gateway.verwerking,
        )


def load_levert(path: Path, gateway: str) -> tuple[str, ...]:
    """Read what ``wissel burgerzaken check`` wrote. ValueError when it is about another gateway profile."""
    content = tomllib.loads(_read(path, "levert_bestand"))
    if content.get("gateway") != gateway:
        raise ValueError(
            f"levert_bestand {path} gaat over gateway {content.get('gateway')!r}, niet over {gateway!r}; "
            "draai `wissel burgerzaken check` met dit profiel"
        )
    return tuple(sorted(str(element) for element in content.get("levert", ())))


def _read(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise ValueError(f"{key}: {path} is niet te lezen ({fault.strerror}); zet het bestand daar neer") from fault
