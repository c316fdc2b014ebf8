# SPDX-License-Identifier: EUPL-1.2
"""What ``[gemeenten.<slug>.zaak]`` may say: where the zaaksysteem is, how to log in there, and how patient to be."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from connectors.zaak.herkomst import Herkomsten, Mapping

Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s?#]+$", strip_whitespace=True),
    AfterValidator(lambda url: url.rstrip("/")),
]
Seconds = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Objecten(_Strict):
    """An Objects API that keeps what a zaakobject points at, e.g. a productaanvraag. Only this address gets its token."""

    url: Url
    token: SecretStr | None = None
    token_bestand: Path | None = None

    @cached_property
    def authorization(self) -> str:
        """Value of the Authorization header of the Objects API."""
        return f"Token {_secret(self.token, self.token_bestand)}"

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        _exactly_one(self, "token")
        return self


class Resultaten(_Strict):
    """Omschrijving of the resultaattype per way a declaration can end (B0366 of Súdwest-Fryslân has these four)."""

    verwerkt: str = "Verwerkt"
    handmatig: str = "Handmatig verwerkt"
    geweigerd: str = "Geweigerd"
    afgebroken: str = "Afgebroken"


class ZaakSettings(_Strict):
    """The zaaksysteem of one gemeente. The hub asks only the addresses written here.

    ``audittrail``: ``auto`` finds out at the first zaak whether our credentials may read it, and that stays.
    ``vergelijken_s``: how often what no notification told is looked for; 0 is never.
    """

    zaken_api: Url
    catalogi_api: Url
    notificaties_api: Url | None = None
    objecten: Objecten | None = None
    client_id: str
    secret: SecretStr | None = None
    secret_bestand: Path | None = None
    user_id: str = "wissel"
    user_representation: str = "Wissel"
    webhook_authorization: SecretStr | None = Field(None, description="Whole value of the Authorization header, literally")
    webhook_authorization_bestand: Path | None = None
    abonneren: bool = False
    callback_url: Url | None = None
    audittrail: Literal["auto", "ja", "nee"] = "auto"
    gelijktijdig: Annotated[int, Field(ge=1, le=256)] = 16
    timeout_s: Seconds = 15.0
    timeout_schrijven_s: Seconds = 20.0
    lease_s: Seconds = 120.0
    eerste_pauze_s: Seconds = 0.5
    langste_pauze_s: Seconds = 300.0
    tweede_404_na_s: Seconds = 30.0
    catalogus_bewaren_s: Seconds = 3600.0
    vergelijken_s: float = Field(3600.0, ge=0, description="How often what no notification told is looked for; 0 is never")
    vergelijken_gesloten_s: float = Field(86_400.0, gt=0, description="How often closed zaken are looked for as well")
    rol_behandelaar: str = Field("behandelaar", description="omschrijvingGeneriek of the roltype of the handler")
    resultaten: Resultaten = Resultaten()
    zaaktypen_verhuizing: tuple[str, ...] = ("B0366",)
    zaaktypen_adresonderzoek: tuple[str, ...] = ()
    mapping: Mapping = Mapping()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _exactly_one(self, "secret")
        _exactly_one(self, "webhook_authorization")
        if self.abonneren and not (self.callback_url and self.notificaties_api):
            raise ValueError("abonneren = true vraagt ook callback_url en notificaties_api")
        if self.lease_s <= 2 * max(self.timeout_s, self.timeout_schrijven_s):
            raise ValueError("lease_s moet ruim langer zijn dan twee keer de langste timeout")
        if self.objecten is None and any(source.bron == "object" for source in self.mapping.herkomsten()):
            raise ValueError("mapping leest uit bron = object; dan is [objecten] met url en token nodig")
        return self

    @cached_property
    def jwt_secret(self) -> str:
        """Return the secret the JWT is signed with."""
        return _secret(self.secret, self.secret_bestand)

    @cached_property
    def verwachte_authorization(self) -> bytes:
        """Return the Authorization header the webhook must get, whole and literally."""
        return _secret(self.webhook_authorization, self.webhook_authorization_bestand).encode()


def _exactly_one(model: BaseModel, name: str) -> None:
    value, path = getattr(model, name), getattr(model, f"{name}_bestand")
    if (value is None) == (path is None):
        raise ValueError(f"schrijf precies een van {name} en {name}_bestand")
    if not _secret(value, path):
        raise ValueError(f"{name} is leeg")


def _secret(value: SecretStr | None, path: Path | None) -> str:
    if value is not None:
        return value.get_secret_value()
    assert path is not None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{path} is niet te lezen ({error.strerror}); controleer pad en rechten") from error


__all__ = ("Herkomsten", "Mapping", "Objecten", "Resultaten", "ZaakSettings")
