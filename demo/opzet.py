# SPDX-License-Identifier: EUPL-1.2
"""What one run of the demo consists of: its calendar date, ports, secrets and the settings file of the hub."""

from __future__ import annotations

import hashlib
import random
import secrets
import socket
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

GEMEENTEN: Final = {"emmen": ("Emmen", "0114", "00000001001854230000"), "zwolle": ("Zwolle", "0193", "00000001002220647000")}
AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_OPENING: Final = time(9, 0)
_FIRST_DAY: Final = date(2026, 1, 5)
_DAYS: Final = 300
SCOPES: Final = ("zaken:lezen", "werkvoorraad:lezen", "klantbeeld:lezen", "beoordelingen:lezen", "behandelen", "stand:lezen")


def free_port() -> int:
    """Return a port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opzet:
    """One run. Everything that a decision depends on follows from ``seed`` and ``moves``; ports and secrets do not."""

    folder: Path
    moves: int
    seed: int
    hub_port: int
    kafka: str = ""
    database: str = field(default="", repr=False)
    werker_ports: tuple[int, ...] = ()
    zaak_port: int = field(default_factory=free_port)
    burgerzaken_port: int = field(default_factory=free_port)
    zaak_secret: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)
    webhook_secret: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)
    api_sleutel: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def datum(self) -> date:
        """The calendar date of the run, a working day that follows from the seed."""
        day = _FIRST_DAY + timedelta(days=random.Random(f"datum-{self.seed}").randrange(_DAYS))  # noqa: S311 - a choice, no secret
        return day - timedelta(days=max(0, day.weekday() - 4))

    @property
    def verschuiving_s(self) -> float:
        """How far the clocks of this run are moved, so that it starts at nine in the morning of its date."""
        opening = datetime.combine(self.datum, _OPENING, AMSTERDAM)
        return (opening - self.started).total_seconds()

    @property
    def hub_url(self) -> str:
        """Where the hub answers."""
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def zaak_url(self) -> str:
        """Where the simulated zaaksysteem answers."""
        return f"http://127.0.0.1:{self.zaak_port}"

    @property
    def burgerzaken_url(self) -> str:
        """Where the simulated burgerzaken answers."""
        return f"http://127.0.0.1:{self.burgerzaken_port}"

    @property
    def config(self) -> Path:
        """The hub's settings file."""
        return self.folder / "wissel.toml"

    def token_of(self, gemeente: str) -> str:
        """Return the API token of one gemeente."""
        return f"{gemeente}-{self.token}"

    def write_config(self) -> None:
        """Write the settings file of the hub, readable by its owner only: it holds the secrets of this run."""
        self.config.touch(mode=0o600)
        self.config.write_text(self._head() + "".join(self._gemeente(slug) for slug in GEMEENTEN), encoding="utf-8")

    def _head(self) -> str:
        tokens = "".join(
            f"""
[[api.tokens]]
naam = "demo-{slug}"
gemeente = "{slug}"
sha256 = "{hashlib.sha256(self.token_of(slug).encode()).hexdigest()}"
scopes = {list(SCOPES)}
"""
            for slug in GEMEENTEN
        )
        return f"""# Made by `wissel demo`; everything in it is for this run only.
[opslag]
map = "{self.folder / "hub"}"
{f'database = "{self.database}"' if self.database else ""}
[log]
{f'adres = "kafka://{self.kafka}"' if self.kafka else ""}
{"kopieen = 1" if self.kafka else ""}
[sleutels]
hoofdsleutel = "{secrets.token_hex(32)}"
[tijd]
verschuiving_s = {self.verschuiving_s}
[api]
host = "127.0.0.1"
port = {self.hub_port}
{tokens}"""

    def _gemeente(self, slug: str) -> str:
        naam, code, oin = GEMEENTEN[slug]
        zaak, registry = f"{self.zaak_url}/{slug}", f"{self.burgerzaken_url}/{slug}"
        pseudonym_key = hashlib.sha256(f"pseudoniem-{slug}-{self.seed}".encode()).hexdigest()
        return f"""
[gemeenten.{slug}]
naam = "{naam}"
gemeentecode = "{code}"
oin = "{oin}"
pseudoniemsleutel = "{pseudonym_key}"
[gemeenten.{slug}.profiel.verhuizing]
versie = "demo-1"
auteur = "A. Demo"
tweede_persoon = "B. Voorbeeld"
geldig_vanaf = 2025-01-01
modus = "actief"
[gemeenten.{slug}.zaak]
zaken_api = "{zaak}/zaken/api/v1"
catalogi_api = "{zaak}/catalogi/api/v1"
notificaties_api = "{zaak}/notificaties/api/v1"
client_id = "wissel"
secret = "{self.zaak_secret}"
webhook_authorization = "Bearer {self.webhook_secret}"
abonneren = true
vergelijken_s = 10
callback_url = "{self.hub_url}/webhooks/zaken/{slug}"
zaaktypen_adresonderzoek = ["B1144"]
[gemeenten.{slug}.burgerzaken]
brp_url = "{registry}/haalcentraal/api/brp"
bewoning_url = "{registry}/haalcentraal/api/brp"
historie_url = "{registry}/haalcentraal/api/brp"
update_url = "{registry}/haalcentraal/api/brp"
bag_url = "{self.burgerzaken_url}/bag/v2"
verwerking_url = "{registry}/verwerking/v1"
levert_bestand = "{self.folder / f"levert-{slug}.toml"}"
poll_interval_s = 2
poll_interval_wachtend_s = 1
herlees_s = 60
herlees_wachtend_s = 1
[gemeenten.{slug}.burgerzaken.gateway]
naam = "demo"
doelbinding = "BRPACT-AanschrijvenZakelijkGerechtigde"
verwerking = "Burgerzaken@Verhuizing"
gebruiker = "wissel"
origin_oin = "{oin}"
kop_sleutel = "x-api-key"
sleutel = "{self.api_sleutel}"
"""
