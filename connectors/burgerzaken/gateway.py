# SPDX-License-Identifier: EUPL-1.2
"""Settings of a gateway: which headers, keys, tokens and certificates go along. No code knows a supplier.

Secrets in files are read again when they change, so that a key or certificate is replaced without a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, StringConstraints, model_validator

from hub.geheimen import GeheimBestand

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$", strip_whitespace=True)]

# The names by which known gateways want to be told why and for whom is asked. RvIG itself knows the asker by the token.
_KOPPEN: Final[Mapping[str, Mapping[str, str]]] = {
    "rvig": {"kop_doelbinding": "", "kop_verwerking": "", "kop_gebruiker": "", "kop_origin_oin": ""},
    "iconnect": {"gebruiker": "Systeem"},
    "2secure": {
        "kop_doelbinding": "x-request-afnemerscode",
        "kop_verwerking": "",
        "kop_gebruiker": "x-request-user",
        "kop_origin_oin": "x-request-organization",
        "kop_sleutel": "x-request-application",
    },
}


class Strict(BaseModel):
    """A table of the settings file: an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OAuth(Strict):
    """OAuth2 client credentials (RFC 6749, 4.4)."""

    token_url: Url = Field(description="Adres waar een token wordt gehaald.")
    client_id: str = Field(min_length=1, description="Naam van deze client bij de tokendienst.")
    client_geheim: SecretStr | None = Field(None, description="Geheim van deze client.")
    client_geheim_bestand: Path | None = Field(
        None, description="Bestand met dat geheim; wordt opnieuw gelezen als het wijzigt."
    )
    scope: str = Field("", description="Gevraagde scope; leeg: geen.")
    _bestand: GeheimBestand | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.client_geheim is None) == (self.client_geheim_bestand is None):
            raise ValueError("schrijf een van de twee: client_geheim of client_geheim_bestand")
        if self.client_geheim_bestand is not None:
            self._bestand = GeheimBestand(self.client_geheim_bestand, "client_geheim_bestand")
        return self

    def form(self) -> dict[str, str]:
        """Return what is sent to get a token."""
        geheim = self._bestand.waarde if self._bestand else self.client_geheim.get_secret_value() if self.client_geheim else ""
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": geheim}
        return {**form, "scope": self.scope} if self.scope else form


class Gateway(Strict):
    """How one gateway wants to be spoken to. Names of headers differ per supplier, so they are settings too.

    ``soort`` fills in the names a known gateway uses; a name that is written wins.
    """

    soort: Literal["rvig", "iconnect", "2secure", "eigen"] = Field(
        "eigen", description="Bekende gateway, waarvan de namen van de koppen dan vanzelf goed staan."
    )
    naam: str = Field("standaard", description="Naam van dit profiel; staat bij elke raadpleging.")
    doelbinding: str = Field("", description="Waarde van de kop voor doelbinding.")
    verwerking: str = Field("", description="Waarde van de kop voor de verwerking.")
    gebruiker: str = Field("wissel", description="Waarde van de kop voor de gebruiker.")
    origin_oin: str = Field("", description="Waarde van de kop voor het OIN van de vrager.")
    kop_doelbinding: str = Field("x-doelbinding", description="Naam van die kop; leeg: niet sturen.")
    kop_verwerking: str = Field("x-verwerking", description="Naam van die kop; leeg: niet sturen.")
    kop_gebruiker: str = Field("x-gebruiker", description="Naam van die kop; leeg: niet sturen.")
    kop_origin_oin: str = Field("x-origin-oin", description="Naam van die kop; leeg: niet sturen.")
    vaste_koppen: dict[str, str] = Field(default_factory=dict, description="Koppen die altijd meegaan.")
    kop_sleutel: str = Field("x-api-key", description="Naam van de kop voor de API-sleutel.")
    sleutel: SecretStr | None = Field(None, description="API-sleutel.")
    sleutel_bestand: Path | None = Field(
        None, description="Bestand met de API-sleutel, in plaats van de sleutel zelf; wordt opnieuw gelezen als het wijzigt."
    )
    oauth: OAuth | None = Field(None, description="Toegang met OAuth2 client credentials.")
    certificaat: Path | None = Field(None, description="Clientcertificaat voor mTLS (PKIoverheid), PEM.")
    certificaat_sleutel: Path | None = Field(None, description="Sleutel van dat certificaat, PEM.")
    ca_bestand: Path | None = Field(None, description="CA-certificaten waarmee de gateway wordt gecontroleerd, PEM.")
    proxy: str | None = Field(None, description="Adres van een uitgaande proxy.")
    _key: GeheimBestand | str = PrivateAttr(default="")

    @model_validator(mode="before")
    @classmethod
    def _known_gateway(cls, given: Any) -> Any:
        known = _KOPPEN.get(given.get("soort", "eigen")) if isinstance(given, Mapping) else None
        return {**known, **given} if known and isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _load_key(self) -> Self:
        if self.sleutel is not None and self.sleutel_bestand is not None:
            raise ValueError("sleutel en sleutel_bestand sluiten elkaar uit; schrijf er een van de twee")
        if self.sleutel is not None:
            self._key = self.sleutel.get_secret_value()
        elif self.sleutel_bestand is not None:
            self._key = GeheimBestand(self.sleutel_bestand, "sleutel_bestand")
        return self

    def headers(self, *, doelbinding: str = "", verwerking: str = "") -> dict[str, str]:
        """Return the headers of one request; a purpose may name its own doelbinding and verwerking."""
        named = {
            self.kop_doelbinding: doelbinding or self.doelbinding,
            self.kop_verwerking: verwerking or self.verwerking,
            self.kop_gebruiker: self.gebruiker,
            self.kop_origin_oin: self.origin_oin,
            self.kop_sleutel: self._key if isinstance(self._key, str) else self._key.waarde,
        }
        return {**self.vaste_koppen, **{name: value for name, value in named.items() if name and value}}
