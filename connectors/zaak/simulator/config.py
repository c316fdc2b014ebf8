# SPDX-License-Identifier: EUPL-1.2
"""How a simulated zaaksysteem is set up: gemeenten, clients, which catalogus and API version, which faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Final, Literal

from hub.privacy import elfproef

Variant = Literal["echt", "uitgebreid"]

LEZEN: Final = "zaken.lezen"
AANMAKEN: Final = "zaken.aanmaken"
BIJWERKEN: Final = "zaken.bijwerken"
VERWIJDEREN: Final = "zaken.verwijderen"
STATUSSEN: Final = "zaken.statussen.toevoegen"
HEROPENEN: Final = "zaken.heropenen"
GEFORCEERD: Final = "zaken.geforceerd-bijwerken"
AUDITTRAIL: Final = "audittrails.lezen"
CATALOGI: Final = "catalogi.lezen"
CONSUMEREN: Final = "notificaties.consumeren"
PUBLICEREN: Final = "notificaties.publiceren"
GEWOON: Final = frozenset({LEZEN, AANMAKEN, BIJWERKEN, VERWIJDEREN, STATUSSEN, AUDITTRAIL, CATALOGI, CONSUMEREN, PUBLICEREN})
ALLES: Final = GEWOON | {HEROPENEN, GEFORCEERD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application known to the zaaksysteem (Autorisaties API: clientIds, secret, scopes)."""

    client_id: str
    secret: str = field(repr=False)
    scopes: frozenset[str] = GEWOON


@dataclass(frozen=True, slots=True, kw_only=True)
class GemeenteConfig:
    """One gemeente: ``slug`` in the URL, four-digit ``code`` (table 33), ``bronorganisatie`` (RSIN)."""

    slug: str
    code: str
    bronorganisatie: str


def gemeente(slug: str, code: str, bronorganisatie: str | None = None) -> GemeenteConfig:
    """Return a gemeente; without a RSIN it gets one that passes the elfproef and is nobody's."""
    return GemeenteConfig(slug=slug, code=code, bronorganisatie=bronorganisatie or made_up_rsin(code))


def made_up_rsin(code: str) -> str:
    """Return the first number from 0010<code>0 on that passes the elfproef; outside the range of test persons' numbers.

    An RSIN is written in the open. In the range of test persons a scan for burgerservicenummers could not tell them apart.
    """
    first = int(f"10{code:0>4}0")
    numbers = (f"{number:09}" for number in range(first, first + 100))
    return next(number for number in numbers if elfproef(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notificatiefouten:
    """What goes wrong with notifications. Chances are 0..1; each is decided from the seed and the notification."""

    verlies: float = 0.0
    dubbel: float = 0.0
    herordenen: float = 0.0
    vertraging_max_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Storing:
    """The faults that are on now, and what ``POST /simulator/storing`` changes.

    ``uit``                          the APIs answer 503.
    ``vertraging_s``                 every API answer waits this long.
    ``fout_percentage``              this share (0..100) of API calls answers 500 and does nothing.
    ``fout_na_schrijven_percentage`` this share of writes is done, but answered with 502.
    ``audittrail``                   false: the audit trail answers 403, as without the scope.
    ``audittrail_gaten``             true: as in Open Zaak, changing or deleting a zaakeigenschap and changing a
                                     zaakobject is notified but leaves no entry in the trail.
    ``uitklappen``                   false: lists and searches refuse ``expand``, as a zaaksysteem may.
    """

    uit: bool = False
    vertraging_s: float = 0.0
    fout_percentage: float = 0.0
    fout_na_schrijven_percentage: float = 0.0
    audittrail: bool = True
    audittrail_gaten: bool = False
    uitklappen: bool = True
    notificaties: Notificatiefouten = Notificatiefouten()

    def changed(self, wanted: Mapping[str, Any]) -> Storing:
        """Return these faults with ``wanted`` in place; ValueError names every key or value that is not possible."""
        if not isinstance(wanted, Mapping):
            raise ValueError("an object is needed")  # noqa: TRY004 - every wrong wish is a ValueError here
        flat = {key: value for key, value in wanted.items() if key != "notificaties"}
        nested = wanted.get("notificaties", {})
        problems = [*_problems(self, flat, ""), *_problems(self.notificaties, nested, "notificaties.")]
        if problems:
            raise ValueError("; ".join(problems))
        return replace(self, **flat, notificaties=replace(self.notificaties, **nested))


def _problems(current: Any, wanted: Any, prefix: str) -> list[str]:
    if not isinstance(wanted, Mapping):
        return [f"{prefix.rstrip('.')}: an object is needed"]
    known = {item.name: type(getattr(current, item.name)) for item in fields(current)}
    return [
        f"{prefix}{key}: unknown; known are {', '.join(sorted(known))}"
        if key not in known
        else f"{prefix}{key}: a {known[key].__name__} is needed"
        for key, value in wanted.items()
        if key not in known or not _fits(value, known[key])
    ]


def _fits(value: object, kind: type) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    return isinstance(value, (int, float)) and value >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aflevering:
    """How notifications are delivered: Open Notificaties' backoff (25 s x 4^n, 7 retries), scaled down.

    Pause before retry n (0, 1, ...) = min(basis_s * factor ** n, max_s). ``baan_aantal``: deliveries in flight at once;
    one zaak keeps to one lane, so that without faults its notifications arrive in order.
    """

    basis_s: float = 0.5
    factor: float = 4.0
    max_s: float = 20.0
    herhalingen: int = 7
    timeout_s: float = 10.0
    baan_aantal: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """Everything a simulated zaaksysteem is made of. The same config and calls give the same uuids.

    ``basis_url``        scheme, host and port as clients reach it; every URL in an answer starts with it.
    ``variant``          "echt": B0366 as the real catalogus has it, no eigenschappen; "uitgebreid": with the items of a
                         declaration as eigenschappen.
    ``api_versie``       1.5.1: answers in Open Zaak's shape (its extras and its deviations from the standard); from 1.6
                         on in the standard's shape, without what the standard does not allow.
    ``datum``            the date on which the simulator's clock starts (time of day and pace are real); None: today.
    ``verschuiving_s``   how far the clock is moved, to keep step with a hub whose clock is moved; ``datum`` goes first.
    ``meer_initiatoren`` true: a second rol initiator is accepted (the standard allows it, Open Zaak refuses it).
    ``laatst_gemuteerd`` true: a zaak tells when it or anything under it changed last (Open Zaak, experimental).
    ``jwt_geldig_s``     a JWT whose iat is older is refused (Open Zaak: JWT_EXPIRY).
    """

    basis_url: str = "http://zaaksysteem.test"
    seed: int = 1
    gemeenten: tuple[GemeenteConfig, ...] = (gemeente("emmen", "0114"), gemeente("zwolle", "0193"))
    clients: tuple[Client, ...] = (
        Client(client_id="wissel", secret="geheim-van-wissel-alleen-voor-de-simulator"),  # noqa: S106 - a stand-in
        Client(client_id="beheer", secret="geheim-van-wissel-alleen-voor-de-simulator", scopes=ALLES),  # noqa: S106
    )
    objecten_token: str = field(default="objecten-token", repr=False)
    variant: Variant = "uitgebreid"
    api_versie: str = "1.5.1"
    datum: date | None = None
    verschuiving_s: float = 0.0
    meer_initiatoren: bool = False
    laatst_gemuteerd: bool = False
    jwt_geldig_s: float = 3600.0
    storing: Storing = Storing()
    aflevering: Aflevering = Aflevering()

    @property
    def openzaak(self) -> bool:
        """True when answers have Open Zaak's shape rather than the standard's."""
        return self.api_versie.startswith("1.5.")

    @property
    def catalogi_versie(self) -> str:
        """Version of the Catalogi API that goes with the Zaken API."""
        return "1.3.1" if self.openzaak else "1.3.3"
