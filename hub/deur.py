# SPDX-License-Identifier: EUPL-1.2
"""What the doors at which other systems tell something have in common: who may knock, and how much is read."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from litestar import Request
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, model_validator

from hub.geheimen import GeheimBestand

_NOBODY: Final = (b"no gemeente has this Authorization",)


class Ontvangst(BaseModel):
    """Settings of a door: what who knocks has to know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authorization: SecretStr | None = Field(None, description="Kop Authorization die het andere systeem meestuurt.")
    authorization_bestand: Path | None = Field(
        None, description="Bestand daarmee; met een regel per waarde worden tijdens het wisselen beide aanvaard."
    )
    _bestand: GeheimBestand | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.authorization is None) == (self.authorization_bestand is None):
            raise ValueError("schrijf een van de twee: authorization of authorization_bestand")
        if self.authorization_bestand is not None:
            self._bestand = GeheimBestand(self.authorization_bestand, "authorization_bestand")
        return self

    @property
    def aanvaard(self) -> tuple[bytes, ...]:
        """The values of Authorization that are accepted now."""
        if self._bestand is not None:
            return tuple(value.encode() for value in self._bestand.waarden)
        return (self.authorization.get_secret_value().encode(),) if self.authorization else ()


def authorized(request: Request[Any, Any, Any], accepted: Sequence[bytes]) -> bool:
    """Compare in constant time with everything that is accepted: while a secret is replaced, the old and the new one.

    With nothing, for a gemeente that does not exist, a comparison is made all the same.
    """
    given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
    fits = [hmac.compare_digest(given, value) for value in accepted or _NOBODY]  # all, so that time tells nothing
    return any(fits) and bool(accepted)


async def body_of(request: Request[Any, Any, Any], most_bytes: int) -> bytes | None:
    """Return the body, None as soon as it turns out to be too large."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        return None
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most_bytes:
            return None
    return bytes(received)
