# SPDX-License-Identifier: EUPL-1.2
"""Settings of the HTTP side, section ``[api]``."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Scope = Literal["zaken:lezen", "werkvoorraad:lezen", "klantbeeld:lezen", "beoordelingen:lezen", "behandelen", "stand:lezen"]
SCOPES: Final[tuple[str, ...]] = get_args(Scope)


class TokenSettings(BaseModel):
    """One bearer token: never the token itself, only its SHA-256 (hex). Make one with ``hub.api.auth.new_token``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    naam: Annotated[str, Field(min_length=1, max_length=100)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    gemeente: str
    scopes: frozenset[Scope]


class ApiSettings(BaseModel):
    """How the hub answers HTTP. Times end in their unit; ``themas`` is a folder with ``<thema>.css`` per gemeente."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    publieke_url: Annotated[str, Field(pattern=r"^https?://[^/]+$")] | None = None
    tokens: tuple[TokenSettings, ...] = ()
    sessie_stil_min: Annotated[float, Field(gt=0, le=30)] = 15
    sessie_inwoner_min: Annotated[float, Field(gt=0, le=120)] = 120
    sessie_medewerker_min: Annotated[float, Field(gt=0, le=600)] = 480
    sessies_hoogstens: Annotated[int, Field(ge=10)] = 10_000
    achter_na_s: Annotated[float, Field(gt=0)] = 60
    verversen_s: Annotated[int, Field(ge=2)] = 10
    themas: Path | None = None
    contact_naam: str = "Functioneel beheer"
    contact_email: str = "beheer@example.nl"
    contact_url: str = "https://example.nl/wissel"

    @property
    def loopback(self) -> bool:
        """True when only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def secure(self) -> bool:
        """True when browsers meet us over https: always, except on plain http at a loopback address."""
        if self.publieke_url is not None:
            return self.publieke_url.startswith("https://")
        return not self.loopback


def is_loopback(host: str) -> bool:
    """Return True when ``host`` is a name or address of this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
