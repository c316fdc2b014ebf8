# SPDX-License-Identifier: EUPL-1.2
"""What ``[gemeenten.<slug>.burgerzaken]`` may say: addresses, gateway profiles, purposes, patience.

Two municipalities ask the same registry through different gateways: other headers, other elements delivered, other
sources offered. All of that is configuration, so that no code knows a supplier.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from connectors.burgerzaken.gateway import Gateway, Strict, Url
from connectors.burgerzaken.herindelingen import GEEN, Herindelingen, lees_tabel33
from connectors.burgerzaken.velden import (
    VELDEN_BEWONING,
    VELDEN_GEZAGHOUDER,
    VELDEN_HISTORIE,
    VELDEN_HOOFDBEWONER,
    VELDEN_MELDER,
    VELDEN_VOLGEN,
    automatic_fields_in,
    covers,
)
from hub.deur import Ontvangst

BronNaam = Literal["brp", "bewoning", "historie", "update", "bag", "verwerking"]
DoelNaam = Literal["melder", "gezaghouder", "hoofdbewoner", "volgen", "bewoning", "historie"]
_STANDAARD_VELDEN: Final[dict[DoelNaam, tuple[str, ...]]] = {
    "melder": VELDEN_MELDER,
    "gezaghouder": VELDEN_GEZAGHOUDER,
    "hoofdbewoner": VELDEN_HOOFDBEWONER,
    "volgen": VELDEN_VOLGEN,
    "bewoning": VELDEN_BEWONING,
    "historie": VELDEN_HISTORIE,
}
_BRON_VAN_DOEL: Final[dict[DoelNaam, BronNaam]] = {"bewoning": "bewoning", "historie": "historie"}
_proof_needed: ContextVar[bool] = ContextVar("proof_needed", default=True)


class StufOntvangst(Ontvangst):
    """Change messages that the registry sends by itself (StUF-BG 3.10 npsLk01)."""

    wacht_s: float = Field(86_400.0, gt=0, description="Hoe lang na een bericht het verschil in de BRP mag uitblijven.")


class OordeelOntvangst(Ontvangst):
    """What the supplier of the registry thinks of a declaration."""

    leverancier: str = Field(min_length=1, max_length=100, description="Naam van de leverancier, zoals het scherm hem toont.")


class Doel(Strict):
    """One purpose of reading: which fields, and under which doelbinding and verwerking (AVG 5, lid 1 b and c).

    Empty means: the gateway's own, and the fields Wissel needs for it.
    """

    velden: tuple[str, ...] = Field((), description="Velden die voor dit doel gevraagd worden; leeg: wat Wissel nodig heeft.")
    doelbinding: str = Field("", description="Doelbinding voor dit doel; leeg: die van de gateway.")
    verwerking: str = Field("", description="Verwerking voor dit doel; leeg: die van de gateway.")

    @model_validator(mode="after")
    def _no_automatic_fields(self) -> Self:
        if wrong := automatic_fields_in(self.velden):
            raise ValueError(f"velden: {', '.join(wrong)} komt vanzelf mee en mag niet gevraagd worden; haal weg")
        return self


class BurgerzakenSettings(Strict):
    """Settings of the burgerzaken connector of one gemeente. Times in seconds (``_s``) or days."""

    brp_url: Url = Field(description="Basisadres van Haal Centraal BRP personen 2 (zonder `/personen`).")
    bewoning_url: Url = Field(description="Basisadres van Haal Centraal BRP bewoning 2 (zonder `/bewoningen`).")
    bag_url: Url = Field(description="Basisadres van de BAG API individuele bevragingen 2.")
    schrijven: Literal["dienst", "overdrachtslijst"] = Field(
        "dienst", description="Hoe een verhuizing in het register komt: via de verwerkingsdienst, of door een medewerker."
    )
    verwerking_url: Url | None = Field(
        None, description="Basisadres van de verwerkingsdienst (zonder `/verhuizingen`); weglaten bij een overdrachtslijst."
    )
    update_url: Url | None = Field(
        None,
        description="Basisadres van de BRP Update API 1 (zonder `/volgindicaties`); weglaten waar StUF-BG meldt.",
    )
    historie_url: Url | None = Field(
        None, description="Basisadres van verblijfplaatshistorie 2; weglaten waar de gateway die niet biedt."
    )
    stuf: StufOntvangst | None = Field(None, description="Aannemen van StUF-BG-kennisgevingen; weglaten: niet.")
    oordelen: OordeelOntvangst | None = Field(None, description="Aannemen van oordelen van de leverancier; weglaten: niet.")
    gateway: Gateway = Field(default_factory=Gateway, description="Hoe de bronnen worden bereikt.")
    gateways: dict[BronNaam, Gateway] = Field(default_factory=dict, description="Bronnen met een eigen gateway.")
    doelen: dict[DoelNaam, Doel] = Field(default_factory=dict, description="Een eigen doel voor een soort lezen.")

    tabel33_bestand: Path | None = Field(
        None, description="Landelijke tabel 33 (gemeentecodes en opvolgers, RvIG) als CSV, voor samengevoegde gemeenten."
    )
    levert: tuple[str, ...] = Field((), description="Gegevens waarvan bewezen is dat deze gateway ze levert.")
    levert_bestand: Path | None = Field(None, description="Bestand dat `wissel burgerzaken check` schreef, in plaats daarvan.")

    timeout_s: float = Field(10.0, gt=0, description="Langste wachttijd op een antwoord bij lezen.")
    timeout_schrijven_s: float = Field(15.0, gt=0, description="Langste wachttijd op een antwoord bij schrijven.")
    pogingen_per_aanroep: int = Field(3, ge=1, le=10, description="Pogingen binnen een aanroep, met een korte pauze ertussen.")
    eerste_pauze_s: float = Field(0.2, ge=0, description="Pauze voor de tweede poging; daarna telkens het dubbele.")
    geduld_s: float = Field(4 * 3600.0, gt=0, description="Hoe lang een bron mag wegblijven voordat een zaak oranje wordt.")
    zekering_na: int = Field(5, ge=1, description="Fouten op rij waarna een bron even met rust wordt gelaten.")
    zekering_pauze_s: float = Field(10.0, gt=0, description="Hoe lang een bron dan met rust wordt gelaten.")
    gelijktijdig: int = Field(16, ge=1, description="Verbindingen die per bron tegelijk open mogen staan.")

    poll_interval_s: float = Field(300.0, gt=0, description="Tijd tussen twee vragen naar wijzigingen.")
    poll_interval_wachtend_s: float = Field(5.0, gt=0, description="Idem, zolang op een bevestiging wordt gewacht.")
    herlees_s: float = Field(3600.0, ge=0, le=43_200, description="Minste tijd tussen twee keer lezen van een persoon.")
    herlees_wachtend_s: float = Field(30.0, ge=0, le=43_200, description="Idem, zolang op een bevestiging wordt gewacht.")
    volgduur_dagen: int = Field(120, ge=1, description="Hoe lang een verhuizer gevolgd wordt.")
    historie_dagen: int = Field(365, ge=1, description="Hoe ver terug eerdere adressen worden gevraagd.")

    _herindelingen: Herindelingen = PrivateAttr(default=GEEN)

    @property
    def herindelingen(self) -> Herindelingen:
        """Which gemeente codes became which."""
        return self._herindelingen

    @model_validator(mode="after")
    def _written_somewhere(self) -> Self:
        if (self.schrijven == "dienst") != (self.verwerking_url is not None):
            raise ValueError("verwerking_url hoort bij schrijven = 'dienst' en alleen daarbij; vul in of haal weg")
        return self

    @model_validator(mode="after")
    def _load_table(self) -> Self:
        if self.tabel33_bestand is not None:
            self._herindelingen = lees_tabel33(self.tabel33_bestand)
        return self

    @model_validator(mode="after")
    def _load_proof(self) -> Self:
        if self.levert and self.levert_bestand is not None:
            raise ValueError("levert en levert_bestand sluiten elkaar uit; schrijf er een van de twee")
        if self.levert_bestand is not None and _proof_needed.get():
            # object.__setattr__: the model is frozen for everybody but its own validation
            object.__setattr__(self, "levert", load_levert(self.levert_bestand, self.gateway_of("brp").naam))
        return self

    @model_validator(mode="after")
    def _what_is_compared_is_read(self) -> Self:
        if missing := [veld for veld in self.doel("volgen").velden if not covers(self.doel("melder").velden, veld)]:
            raise ValueError(
                f"doelen.melder.velden: mist {', '.join(missing)}, dat doelen.volgen wel vraagt; zet het erbij, anders "
                "lijkt iedereen te veranderen"
            )
        return self

    def gateway_of(self, bron: BronNaam) -> Gateway:
        """Return the gateway through which ``bron`` is reached."""
        return self.gateways.get(bron, self.gateway)

    def doel(self, naam: DoelNaam) -> Doel:
        """Return purpose ``naam`` with its doelbinding, verwerking and fields filled in."""
        given = self.doelen.get(naam, Doel())
        gateway = self.gateway_of(_BRON_VAN_DOEL.get(naam, "brp"))
        return Doel(
            velden=given.velden or _STANDAARD_VELDEN[naam],
            doelbinding=given.doelbinding or gateway.doelbinding,
            verwerking=given.verwerking or gateway.verwerking,
        )


def load_levert(path: Path, gateway: str) -> tuple[str, ...]:
    """Read what ``wissel burgerzaken check`` wrote. ValueError when it is about another gateway profile."""
    try:
        content = tomllib.loads(_read(path, "levert_bestand"))
    except tomllib.TOMLDecodeError as fault:
        raise ValueError(f"levert_bestand: {path} is geen geldige TOML ({fault})") from fault
    if content.get("gateway") != gateway:
        raise ValueError(
            f"levert_bestand: {path} gaat over gateway {content.get('gateway')!r}, niet over {gateway!r}; "
            "draai `wissel burgerzaken check` met dit profiel"
        )
    return tuple(sorted(str(element) for element in content.get("levert", ())))


@contextmanager
def before_the_proof() -> Iterator[None]:
    """Let settings be loaded that name a ``levert_bestand`` which is still to be written."""
    token = _proof_needed.set(False)
    try:
        yield
    finally:
        _proof_needed.reset(token)


def _read(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise ValueError(f"{key}: {path} is niet te lezen ({fault.strerror}); zet het bestand daar neer") from fault
