# SPDX-License-Identifier: EUPL-1.2
"""What ``[gemeenten.<slug>.zaak]`` may say: where the zaaksysteem is, how to log in there, and how patient to be."""

from __future__ import annotations

import ssl
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from connectors.zaak.geheim import Geheim, geheim
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

    url: Url = Field(description="Base address; only this address gets its token")
    token: SecretStr | None = Field(None, description="Its token")
    token_bestand: Path | None = Field(None, description="File with its token")

    @property
    def authorization(self) -> str:
        """Value of the Authorization header of the Objects API."""
        return f"Token {self._token()[0]}"

    @cached_property
    def _token(self) -> Geheim:
        return geheim("token", self.token, self.token_bestand)

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        _ = self._token
        return self


class Oauth2(_Strict):
    """An OAuth2 server that gives tokens for client_id and secret (client credentials), in place of a JWT of our own."""

    token_url: Url = Field(
        description="Where tokens are asked with `client_id` and `secret` (client credentials), in place of a JWT of our own"
    )
    scope: str = Field("", description="Scope to ask for, when the server wants one")


class Mtls(_Strict):
    """Our certificate for mutual TLS (PEM), and whom we trust instead of the usual authorities."""

    certificaat: Path = Field(description="Our certificate for mutual TLS (PEM); read again when the file changes")
    sleutel: Path | None = Field(None, description="Key of the certificate, when it is not in the same file")
    ca: Path | None = Field(None, description="Certificates of the authorities that may vouch for the zaaksysteem")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        try:
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
            context.load_cert_chain(self.certificaat, self.sleutel)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"certificaat, sleutel of ca is niet te gebruiken ({error}); controleer de bestanden") from error
        return self


class Resultaten(_Strict):
    """Omschrijving of the resultaattype per way a declaration can end (B0366 of Súdwest-Fryslân has these four)."""

    verwerkt: str = Field("Verwerkt", description="Omschrijving of the resultaattype when Wissel processed it")
    handmatig: str = Field("Handmatig verwerkt", description="The same, when an official approved it")
    geweigerd: str = Field("Geweigerd", description="The same, when an official did not follow it")
    afgebroken: str = Field("Afgebroken", description="The same, when it was withdrawn")


class ZaakSettings(_Strict):
    """The zaaksysteem of one gemeente. The hub asks only the addresses written here.

    ``audittrail``: ``auto`` finds out at the first zaak whether our credentials may read it, and that stays.
    ``vergelijken_s``: how often what no notification told is looked for; 0 is never.
    """

    zaken_api: Url = Field(description="Base address of the Zaken API")
    catalogi_api: Url = Field(description="Base address of the Catalogi API")
    notificaties_api: Url | None = Field(None, description="Base address of the Notificaties API; needed to subscribe")
    objecten: Objecten | None = Field(None, description="Objects API that keeps what a zaakobject points at")
    client_id: str = Field(description="Client the zaaksysteem gave us")
    secret: SecretStr | None = Field(None, description="Secret the JWT is signed with")
    secret_bestand: Path | None = Field(None, description="File with that secret")
    oauth2: Oauth2 | None = Field(None, description="OAuth2 server in place of a JWT of our own")
    mtls: Mtls | None = Field(None, description="Our certificate for mutual TLS")
    user_id: str = Field("wissel", description="Who we are in the audit trail")
    user_representation: str = Field("Wissel", description="How we are shown in the audit trail")
    webhook_authorization: SecretStr | None = Field(None, description="Whole value of the Authorization header, literally")
    webhook_authorization_bestand: Path | None = Field(None, description="File with that value")
    abonneren: bool = Field(False, description="Subscribe by itself when the hub starts")
    callback_url: Url | None = Field(None, description="Address at which the notifications component reaches our webhook")
    kanalen: tuple[str, ...] = Field(("zaken",), description="Kanalen to subscribe to; `zaken` always")
    abonnement_s: Seconds = Field(300.0, description="How often our subscription is looked at")
    gat_na_s: Seconds = Field(900.0, description="After how long a change in a trail that nobody told of counts as not told")
    audittrail: Literal["auto", "ja", "nee"] = Field(
        "auto", description="Whether our credentials may read audit trails; `auto` finds out at the first zaak, and that stays"
    )
    gelijktijdig: Annotated[int, Field(ge=1, le=256)] = Field(16, description="Zaken fetched at the same time")
    timeout_s: Seconds = Field(15.0, description="Longest wait for one read")
    timeout_schrijven_s: Seconds = Field(20.0, description="Longest wait for one write")
    lease_s: Seconds = Field(120.0, description="How long one worker holds the fetching of a zaak")
    eerste_pauze_s: Seconds = Field(0.5, description="First pause before fetching is tried again")
    langste_pauze_s: Seconds = Field(300.0, description="Longest pause between two tries")
    tweede_404_na_s: Seconds = Field(30.0, description="Pause before a zaak that was not found is looked for again")
    catalogus_bewaren_s: Seconds = Field(3600.0, description="How long what the catalogue said is kept")
    vergelijken_s: float = Field(3600.0, ge=0, description="How often what no notification told is looked for; 0 is never")
    vergelijken_gesloten_s: float = Field(86_400.0, gt=0, description="How often closed zaken are looked for as well")
    vergelijken_na_start_s: float = Field(60.0, ge=0, description="How long after a start the first comparison begins")
    vergelijken_per_s: Seconds = Field(20.0, description="Most requests a second for comparing; what is spread takes fewer")
    vergelijken_gelijktijdig: Annotated[int, Field(ge=1, le=64)] = Field(
        4, description="Requests at the same time for comparing"
    )
    vullen_per_s: Seconds = Field(10.0, description="Most zaken a second that filling (`wissel zaak backfill`) takes up")
    rol_behandelaar: str = Field("behandelaar", description="omschrijvingGeneriek of the roltype of the handler")
    resultaten: Resultaten = Field(
        default_factory=Resultaten, description="Name of the resultaattype per way a declaration can end"
    )
    zaaktypen_verhuizing: tuple[str, ...] = Field(("B0366",), description="Zaaktypen that count as another open move")
    zaaktypen_adresonderzoek: tuple[str, ...] = Field((), description="Zaaktypen that count as an open address investigation")
    mapping: Mapping = Field(default_factory=Mapping, description="Where in a zaak each part of a declaration stands")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _ = self._secret
        _ = self._webhook
        if self.abonneren and not (self.callback_url and self.notificaties_api):
            raise ValueError("abonneren = true vraagt ook callback_url en notificaties_api")
        if self.lease_s <= 2 * max(self.timeout_s, self.timeout_schrijven_s):
            raise ValueError("lease_s moet ruim langer zijn dan twee keer de langste timeout")
        if self.objecten is None and any(source.bron == "object" for source in self.mapping.herkomsten()):
            raise ValueError("mapping leest uit bron = object; dan is [objecten] met url en token nodig")
        return self

    @property
    def client_secret(self) -> str:
        """Return the secret of our client as it is now."""
        return self._secret()[0]

    @property
    def verwachte_authorization(self) -> bytes:
        """Return the Authorization header we subscribe with, whole and literally."""
        return self._webhook()[0].encode()

    @property
    def aanvaarde_authorizations(self) -> tuple[bytes, ...]:
        """Return every Authorization header the webhook accepts: the one in use, and those being replaced."""
        return tuple(line.encode() for line in self._webhook())

    @cached_property
    def _secret(self) -> Geheim:
        return geheim("secret", self.secret, self.secret_bestand)

    @cached_property
    def _webhook(self) -> Geheim:
        return geheim("webhook_authorization", self.webhook_authorization, self.webhook_authorization_bestand)


__all__ = ("Herkomsten", "Mapping", "Mtls", "Oauth2", "Objecten", "Resultaten", "ZaakSettings")
