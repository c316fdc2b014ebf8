# SPDX-License-Identifier: EUPL-1.2
"""``[log]``: how the log is divided, and where it stands. Secrets may stand in a file of their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from hub.log.access import SCHEME, Access

_SERVER: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):[0-9]{1,5}")
_PREFIX: Final = re.compile(r"[a-zA-Z0-9._-]{0,60}")
_FILES: Final = ("ca_bestand", "certificaat_bestand", "certificaatsleutel_bestand")


class LogSettings(BaseModel):
    """``[log]``: how the log is divided."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    partities: int = Field(4, ge=1, le=256, description="Partities per topic. Ligt vast zodra er een logboek is.")
    adres: str = Field(
        "",
        description="Leeg: het logboek staat in de opslag. `kafka://host:poort,host:poort`: het logboek staat op Apache Kafka.",
    )
    voorvoegsel: str = Field("", description="Staat voor de naam van elk topic, bijvoorbeeld `emmen.`.")
    kopieen: int = Field(3, ge=1, le=9, description="Kopieën van elke partitie op Kafka; `wissel topics apply` vraagt erom.")
    tls: bool = Field(False, description="Verbind versleuteld met Kafka.")
    ca_bestand: Path | None = Field(None, description="Certificaten waarmee Kafka zich bewijst; leeg: die van het systeem.")
    certificaat_bestand: Path | None = Field(None, description="Ons certificaat (PEM), als Kafka daarom vraagt.")
    certificaatsleutel_bestand: Path | None = Field(None, description="De sleutel bij ons certificaat (PEM).")
    gebruiker: str | None = Field(None, description="Gebruiker bij Kafka (SASL SCRAM).")
    wachtwoord: SecretStr | None = Field(None, description="Wachtwoord bij Kafka.")
    wachtwoord_bestand: Path | None = Field(None, description="Bestand met het wachtwoord, in plaats van het wachtwoord zelf.")
    mechanisme: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="Hoe Kafka het wachtwoord vraagt."
    )


def access_of(log: LogSettings, base: Path, problems: list[str]) -> Access | None:
    """Return how Kafka is reached, None when the log stands in the store; every problem goes into ``problems``."""
    if not log.adres:
        given = sorted(log.model_fields_set - {"partities", "adres"})
        problems.extend(
            f"log.{key}: hoort bij Kafka; geef ook log.adres (kafka://host:poort), of haal dit weg" for key in given
        )
        return None
    servers = log.adres.removeprefix(SCHEME)
    if not log.adres.startswith(SCHEME) or not all(_SERVER.fullmatch(server) for server in servers.split(",")):
        problems.append("log.adres: moet leeg zijn of kafka://host:poort,host:poort")
    if not _PREFIX.fullmatch(log.voorvoegsel):
        problems.append("log.voorvoegsel: alleen letters, cijfers, punt, streepje en onderstreping, hoogstens 60")
    if not log.tls:
        needless = ("ca_bestand", "certificaat_bestand", "certificaatsleutel_bestand")
        problems.extend(f"log.{key}: heeft alleen zin met log.tls = true" for key in needless if getattr(log, key))
    if (log.certificaat_bestand is None) != (log.certificaatsleutel_bestand is None):
        problems.append("log.certificaat_bestand: geef het samen met log.certificaatsleutel_bestand, of geen van beide")
    files = {key: _file(getattr(log, key), f"log.{key}", base, problems) for key in _FILES}
    return Access(
        servers=servers,
        prefix=log.voorvoegsel,
        replicas=log.kopieen,
        tls=log.tls,
        ca=files["ca_bestand"],
        certificate=files["certificaat_bestand"],
        key=files["certificaatsleutel_bestand"],
        user=log.gebruiker,
        password=_password(log, base, problems),
        mechanism=log.mechanisme,
    )


def _file(path: Path | None, key: str, base: Path, problems: list[str]) -> Path | None:
    if path is None:
        return None
    if not (base / path).is_file():
        problems.append(f"{key}: dit bestand is er niet; geef het pad van een PEM-bestand")
    return base / path


def _password(log: LogSettings, base: Path, problems: list[str]) -> str | None:
    given = [key for key in ("wachtwoord", "wachtwoord_bestand") if getattr(log, key)]
    if len(given) != (1 if log.gebruiker else 0):
        problems.append("log.wachtwoord: geef bij log.gebruiker hetzij log.wachtwoord, hetzij log.wachtwoord_bestand")
        return None
    if log.wachtwoord:
        return log.wachtwoord.get_secret_value()
    if log.wachtwoord_bestand is None:
        return None
    try:
        return (base / log.wachtwoord_bestand).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"log.wachtwoord_bestand: niet te lezen ({type(error).__name__})")
        return None
