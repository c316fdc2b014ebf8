# SPDX-License-Identifier: EUPL-1.2
"""One frozen ``Settings``: environment over TOML over default; every error at once, an unknown key is one (design, 2).

A file ``wissel.toml``; an environment variable ``WISSEL__LOG__PARTITIES=8`` sets ``[log] partities``. Secrets may stand in
a file of their own: ``<name>_bestand`` holds its path. Plugins bring their own model for ``[gemeenten.<slug>.<plugin>]``.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

from hub.api.settings import ApiSettings
from hub.discovery import connectors, flows
from hub.errors import ConfigError
from hub.instelfouten import problems_of
from hub.log.access import Access
from hub.log.settings import LogSettings, access_of
from hub.plugins import Gemeente
from hub.privacy import Pseudonymizer

M = TypeVar("M", bound=BaseModel)
ENV_PREFIX: Final = "WISSEL__"
_ADDRESS: Final = re.compile(r"postgres(?:ql)?://[^/\s]*/[^/?\s]+(?:\?\S*)?")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OpslagSettings(_Section):
    """``[opslag]``: where the store is: files in a folder, or a PostgreSQL database."""

    map: Path = Field(Path("wissel-data"), description="Map met wissel.db, leesmodellen.db en sleutels.db.")
    database: SecretStr | None = Field(
        None, description="PostgreSQL in plaats van bestanden: postgresql://rol:wachtwoord@host/naam?sslmode=verify-full."
    )
    database_bestand: Path | None = Field(
        None, description="Bestand met het adres van de database, in plaats van dat adres zelf."
    )
    sleutels_database: SecretStr | None = Field(
        None, description="Adres van een andere PostgreSQL-database voor de sleutels; zonder dit staan ze in dezelfde."
    )
    sleutels_database_bestand: Path | None = Field(None, description="Bestand met het adres van de sleuteldatabase.")
    lezers: int = Field(8, ge=1, le=200, description="Leesverbindingen per schema van PostgreSQL, hoogstens.")


class SleutelSettings(_Section):
    """``[sleutels]``: the master key that wraps all data keys."""

    hoofdsleutel: SecretStr | None = Field(None, description="64 hexadecimale tekens (32 bytes).")
    hoofdsleutel_bestand: Path | None = Field(None, description="Bestand met de hoofdsleutel, in plaats van de sleutel zelf.")
    kopie_bewaren_dagen: int = Field(30, ge=1, description="Zo lang bewaart u een reservekopie van de sleutels.")


class TijdSettings(_Section):
    """``[tijd]``: the clock. Only the demo and tests move it."""

    verschuiving_s: float = Field(0.0, description="Verschuiving van de klok in seconden; 0 behalve in de demo.")


class UitvoerSettings(_Section):
    """``[uitvoering]``: how opdrachten are carried out."""

    gelijktijdig: int = Field(16, ge=1, le=256, description="Opdrachten die tegelijk worden uitgevoerd.")
    lease_s: float = Field(
        30.0,
        gt=0,
        description="Seconden dat een uitvoerder een opdracht vasthoudt; langer dan één schrijfverzoek duurt.",
    )


class ParkeerSettings(_Section):
    """``[parkeren]``: from how much on what is parked raises an alarm. Nothing is ever thrown away."""

    stroom_hoogstens: int = Field(1_000, ge=1, description="Meer gebeurtenissen van één zaak of persoon geeft alarm.")
    totaal_hoogstens: int = Field(10_000, ge=1, description="Meer geparkeerd in totaal geeft alarm.")


class WerkerSettings(_Section):
    """``[werker]``: processes that share one database."""

    host: str = Field("127.0.0.1", description="Adres waarop een werker /livez, /readyz en /metrics geeft.")
    port: int = Field(8090, ge=0, le=65535, description="Poort daarvan; 0: een vrije.")
    lease_s: float = Field(
        5.0, ge=1, le=60, description="Na zoveel seconden stilte neemt een ander proces het werk van een werker over."
    )


class ProjectieSettings(_Section):
    """``[projecties]``: how read models are replaced."""

    nieuwe_versie: Literal["meteen", "replay", "wacht"] = Field(
        "meteen",
        description="Wat een nieuwe versie doet: meteen (de hub bouwt haar zelf, en gaat over als zij bij is), "
        "replay (een eigen proces bouwt haar, een beheerder zet om) of wacht (tot `wissel replay start`).",
    )
    vorige_volgt_uur: float = Field(24.0, ge=0, description="Uren dat de vorige bouw na een omzetting nog bijblijft.")
    replay_doel_ms: float = Field(
        100.0, gt=0, description="Lopen de leesmodellen verder achter dan dit, dan wacht een replay op de hub."
    )


class GemeenteSettings(BaseModel):
    """``[gemeenten.<slug>]``. Sub-tables named after a connector belong to that connector."""

    model_config = ConfigDict(extra="allow", frozen=True)

    naam: str = Field(description="Naam van de gemeente, zoals inwoners haar kennen.")
    gemeentecode: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] = Field(description="Code uit landelijke tabel 33.")
    oin: Annotated[str, StringConstraints(pattern=r"^\d{20}$")] = Field(
        description="Organisatie-identificatienummer, 20 cijfers."
    )
    pseudoniemsleutel: SecretStr | None = Field(None, description="64 hexadecimale tekens; nooit meer wijzigen.")
    pseudoniemsleutel_bestand: Path | None = Field(None, description="Bestand met de pseudoniemsleutel.")
    profiel: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Risicoprofiel per flow.")
    teksten: dict[str, str] = Field(default_factory=dict, description="Eigen teksten op schermen, per sleutel.")
    thema: str = Field("wissel", description="Naam van het thema (CSS-klasse) van de gemeente.")
    inzage_verborgen: list[str] = Field(
        default_factory=list,
        description="Doelbindingen en verwerkingen die een inwoner niet ziet bij wie in de gegevens keek (Wet BRP 3.22).",
    )


class Settings(_Section):
    """All settings of one installation."""

    log: LogSettings = LogSettings()
    opslag: OpslagSettings = OpslagSettings()
    sleutels: SleutelSettings = SleutelSettings()
    tijd: TijdSettings = TijdSettings()
    api: ApiSettings = ApiSettings()
    uitvoering: UitvoerSettings = UitvoerSettings()
    projecties: ProjectieSettings = ProjectieSettings()
    werker: WerkerSettings = WerkerSettings()
    parkeren: ParkeerSettings = ParkeerSettings()
    gemeenten: dict[str, GemeenteSettings] = Field(default_factory=dict, description="De gemeenten van deze installatie.")

    @model_validator(mode="after")
    def _tokens_name_a_gemeente(self) -> Settings:
        for token in self.api.tokens:
            if token.gemeente not in self.gemeenten:
                raise ValueError(f"token {token.naam} noemt gemeente {token.gemeente}, die er niet is")
        return self


class Loaded(BaseModel):
    """Settings with all that plugins validated, and the secrets read."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    settings: Settings
    master_key: bytes = Field(repr=False)
    gemeenten: dict[str, Gemeente]
    database: SecretStr | None = None
    sleutels_database: SecretStr | None = None
    kafka: Access | None = None
    path: Path | None = None  # where it was read, for processes that this one starts

    @property
    def shareable(self) -> bool:
        """True when more than one process can work on this installation: its log on Kafka, its store in PostgreSQL."""
        return self.kafka is not None and self.database is not None

    @property
    def clock_shift(self) -> timedelta:
        """How far the clock is moved (zero outside demo and tests)."""
        return timedelta(seconds=self.settings.tijd.verschuiving_s)


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Read and validate the settings. ConfigError holds every problem at once, with the key and what to write."""
    raw = _read(path)
    problems = list(_apply_environment(raw, environ))
    settings = _validate(Settings, raw, "", problems)
    base = path.parent if path else Path()
    if settings is None:
        _go_on(raw, base, problems)
        raise ConfigError(problems)
    if not settings.gemeenten:
        problems.append("gemeenten: er is geen gemeente; schrijf [gemeenten.<naam>] met naam, gemeentecode en oin")
    master = _master_key(settings.sleutels, base, problems)
    gemeenten = {slug: _gemeente(slug, found, base, problems) for slug, found in settings.gemeenten.items()}
    database, sleutels = _databases(settings.opslag, base, problems)
    kafka = access_of(settings.log, base, problems)
    if problems or master is None:
        raise ConfigError(problems)
    return Loaded(
        settings=settings,
        master_key=master,
        gemeenten={s: g for s, g in gemeenten.items() if g},
        database=database,
        sleutels_database=sleutels,
        kafka=kafka,
        path=path,
    )


def _go_on(raw: Mapping[str, Any], base: Path, problems: list[str]) -> None:
    """Look at secrets and plugins too when something else was wrong already, as far as their own sections are right."""
    known: list[str] = []  # what is wrong with these sections themselves has been said
    if sleutels := _validate(SleutelSettings, raw.get("sleutels", {}), "", known):
        _master_key(sleutels, base, problems)
    if log := _validate(LogSettings, raw.get("log", {}), "", known):
        access_of(log, base, problems)
    if opslag := _validate(OpslagSettings, raw.get("opslag", {}), "", known):
        _databases(opslag, base, problems)
    sections = raw.get("gemeenten")
    for slug, section in sections.items() if isinstance(sections, dict) else ():
        if found := _validate(GemeenteSettings, section, "", known):
            _gemeente(slug, found, base, problems)


def _master_key(found: SleutelSettings, base: Path, problems: list[str]) -> bytes | None:
    return _secret(found.hoofdsleutel, found.hoofdsleutel_bestand, "sleutels.hoofdsleutel", base, problems)


def _databases(found: OpslagSettings, base: Path, problems: list[str]) -> tuple[SecretStr | None, SecretStr | None]:
    """Return the addresses of the database and of the one for the keys, None where files or the same one are meant."""
    database = _address(found.database, found.database_bestand, "opslag.database", base, problems)
    keys = _address(found.sleutels_database, found.sleutels_database_bestand, "opslag.sleutels_database", base, problems)
    if keys and not (found.database or found.database_bestand):
        problems.append("opslag.sleutels_database: kan alleen samen met opslag.database; geef die ook, of haal dit weg")
    return database, keys


def _address(value: SecretStr | None, file: Path | None, key: str, base: Path, problems: list[str]) -> SecretStr | None:
    """Return the address of a database. What is wrong with it is said without it: it may hold a password."""
    if value is not None and file is not None:
        problems.append(f"{key}: geef hetzij {key}, hetzij {key}_bestand, niet allebei")
        return None
    try:
        text = value.get_secret_value() if value else (base / file).read_text(encoding="utf-8").strip() if file else None
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{key}_bestand: niet te lezen ({getattr(error, 'strerror', 'geen UTF-8')})")
        return None
    if text is None:
        return None
    if not _ADDRESS.fullmatch(text):
        problems.append(f"{key}: geen adres van een PostgreSQL-database; schrijf postgresql://rol:wachtwoord@host:5432/naam")
        return None
    return SecretStr(text)


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: niet te lezen ({error.strerror}); geef het pad van wissel.toml met --config"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: geen geldige TOML ({error})"]) from error


def _apply_environment(raw: dict[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    """Let ``WISSEL__A__B=value`` set ``[a] b``; yield what can not be set. Pydantic reads numbers and booleans from text."""
    for name, value in sorted(environ.items()):
        if not name.startswith(ENV_PREFIX):
            continue
        *tables, key = name.removeprefix(ENV_PREFIX).lower().split("__")
        table: Any = raw
        for part in tables:
            table = table.setdefault(part, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[key] = value
        else:
            yield f"{name}: {'.'.join(tables)} is geen sectie, daar past niets onder; haal deze omgevingsvariabele weg"


def _validate(model: type[M], raw: Any, where: str, problems: list[str]) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems.extend(problems_of(error, model, where))
        return None


def _secret(value: SecretStr | None, file: Path | None, key: str, base: Path, problems: list[str]) -> bytes | None:
    if (value is None) == (file is None):
        problems.append(f"{key}: geef hetzij {key}, hetzij {key}_bestand: 64 hexadecimale tekens (`openssl rand -hex 32`)")
        return None
    try:
        text = value.get_secret_value() if value else (base / str(file)).read_text(encoding="ascii").strip()
        secret = bytes.fromhex(text)
    except OSError as error:
        problems.append(f"{key}_bestand: niet te lezen ({error.strerror})")
        return None
    except ValueError:
        secret = b""
    if len(secret) != 32:  # noqa: PLR2004 - AES-256 and HMAC-SHA256 keys
        problems.append(f"{key}: precies 64 hexadecimale tekens nodig (`openssl rand -hex 32`)")
        return None
    return secret


def _gemeente(slug: str, found: GemeenteSettings, base: Path, problems: list[str]) -> Gemeente | None:
    where = f"gemeenten.{slug}"
    secret = _secret(found.pseudoniemsleutel, found.pseudoniemsleutel_bestand, f"{where}.pseudoniemsleutel", base, problems)
    extra = dict(found.model_extra or {})
    plugins: dict[str, Any] = {
        name: _validate(connector.settings_model, extra.pop(name), f"{where}.{name}", problems)
        for name, connector in connectors().items()
        if name in extra
    }
    problems.extend(f"{where}.{key}: onbekende instelling; bekend zijn: {_known(found)}" for key in extra)
    profiles: dict[str, Any] = {}
    for name, flow in flows().items():
        given = found.profiel.get(name, {})
        if flow.profiel_model is not None:
            profiles[name] = _validate(flow.profiel_model, given, f"{where}.profiel.{name}", problems)
        elif given:
            problems.append(f"{where}.profiel.{name}: deze flow heeft geen instellingen")
    problems.extend(f"{where}.profiel.{name}: er is geen flow met deze naam" for name in found.profiel if name not in flows())
    if secret is None:
        return None
    return Gemeente(
        slug=slug,
        naam=found.naam,
        gemeentecode=found.gemeentecode,
        oin=found.oin,
        pseudonym=Pseudonymizer(secret),
        plugins=plugins,
        profielen=profiles,
        teksten=found.teksten,
        thema=found.thema,
        inzage_verborgen=frozenset(found.inzage_verborgen),
    )


def _known(found: GemeenteSettings) -> str:
    return ", ".join(sorted([*type(found).model_fields, *connectors()]))
