# SPDX-License-Identifier: EUPL-1.2
"""What an official (or, for withdrawing, the resident) can do, and when it cannot be: ``Conflict`` or ``Invalid``.

The machine can only approve. Here a person approves, asks for more, or does not follow a declaration: that last one is a
besluit (Wet BRP 2.60) and is only recorded with its date and reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hub.errors import Conflict, Invalid
from hub.flows.base import Antwoord, Feit
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.handelen import belemmeringen
from hub.flows.verhuizing.staat import Staat
from hub.privacy import loggable, mask_bsns

_MAX_TEKST: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeurGoed:
    """Approve one mover, or (``pseudoniem`` None) every mover nobody decided about yet."""

    door: str
    pseudoniem: str | None = None
    toelichting: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VraagAanvulling:
    """Ask the resident for more, to be answered before the end of ``reactie_voor``; the clock stands still meanwhile."""

    door: str
    vraag: str
    reactie_voor: date
    pseudoniem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OntvangAanvulling:
    """What was asked for has come in."""

    door: str | None = None
    pseudoniem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolgNiet:
    """Do not follow the declaration, for one mover or for all left: a besluit, taken and sent (Wet BRP 2.60; Awb 3:46)."""

    door: str
    besluitdatum: date
    besluitkenmerk: str
    motivering: str
    pseudoniem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PakOp:
    """Take it in hand."""

    medewerker: str
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeefTerug:
    """Put it back on the stock of everybody."""

    medewerker: str
    reden: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeemOver:
    """Take it over from who has it, with a reason."""

    medewerker: str
    reden: str
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaakOngedaan:
    """Undo the last take-over, until an opdracht was sent."""

    medewerker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrekIn:
    """Withdraw the declaration; only until an opdracht was sent."""

    reden: str


def _tekst(waarde: str | None, veld: str, *, verplicht: bool = True) -> str | None:
    schoon = loggable(waarde or "").strip()
    if verplicht and not schoon:
        raise Invalid([(veld, "vul dit in")])
    if len(schoon) > _MAX_TEKST:
        raise Invalid([(veld, f"gebruik hooguit {_MAX_TEKST} tekens")])
    return schoon or None


def _moet_open_zijn(staat: Staat) -> None:
    if staat.aangifte is None:
        raise Conflict("Wissel heeft in deze zaak geen aangifte gelezen. Behandel de zaak in het zaaksysteem zelf.")
    if not staat.loopt:
        raise Conflict("Deze zaak is al beëindigd of ingetrokken. Ververs de pagina.")


def _moet_lopen(staat: Staat) -> None:
    _moet_open_zijn(staat)
    if staat.uitvoering_begonnen:
        raise Conflict("De verhuizing is al naar burgerzaken gestuurd. Dit kan niet meer.")


def _moet_besloten_worden(staat: Staat) -> None:
    _moet_lopen(staat)
    if staat.profiel.modus != "actief":
        raise Conflict(f"Wissel staat in de modus '{staat.profiel.modus}': besluit in het zaaksysteem zelf.")
    if not staat.wacht_op_ambtenaar:
        raise Conflict("Deze zaak wacht niet (meer) op een besluit van een medewerker. Ververs de pagina.")


def _verhuizers(staat: Staat, pseudoniem: str | None) -> tuple[str, ...]:
    if pseudoniem is None:
        return tuple(wie for wie in staat.verhuizers if wie not in staat.besluiten)
    if pseudoniem not in staat.verhuizers:
        raise Invalid([("pseudoniem", "deze persoon verhuist niet mee in deze zaak")])
    if pseudoniem in staat.besluiten:
        raise Conflict("Over deze verhuizer is al besloten. Ververs de pagina.")
    return (pseudoniem,)


def _zaak(staat: Staat) -> str:
    return f"zaak:{staat.context.stream}"


def _oordeel(staat: Staat) -> int:
    """Which decision was judged: on another one the command is another, so a form that is too old gets a 409 (R7)."""
    return staat.beoordeling.nummer if staat.beoordeling else 0


def _keur_goed(staat: Staat, c: KeurGoed) -> Sequence[Antwoord]:
    _moet_besloten_worden(staat)
    verhuizers, toelichting = _verhuizers(staat, c.pseudoniem), _tekst(c.toelichting, "toelichting", verplicht=False)
    if problemen := belemmeringen(staat, verhuizers):
        raise Conflict("Goedkeuren kan nog niet. " + " ".join(problemen))
    besloten = {_zaak(staat): {"toelichting": toelichting}} if toelichting else {}
    return [
        Feit(
            type=namen.GOEDGEKEURD,
            step=f"goedgekeurd:{wie}:{_oordeel(staat)}",
            data={"pseudoniem": wie, "door": c.door, "toelichting": None},
            besloten=besloten,
        )
        for wie in verhuizers
    ]


def _vraag_aanvulling(staat: Staat, c: VraagAanvulling) -> Sequence[Antwoord]:
    _moet_besloten_worden(staat)
    if staat.aanvulling and staat.aanvulling.open:
        raise Conflict("Er staat al een vraag om aanvulling open.")
    if c.pseudoniem is not None:
        _verhuizers(staat, c.pseudoniem)
    if c.reactie_voor <= staat.vandaag:
        raise Invalid([("reactieVoor", "kies een datum na vandaag")])
    data = {"pseudoniem": c.pseudoniem, "door": c.door, "reactieVoor": c.reactie_voor.isoformat()}
    besloten = {_zaak(staat): {"vraag": _tekst(c.vraag, "vraag")}}
    return [Feit(type=namen.AANVULLING_GEVRAAGD, step="aanvulling-gevraagd", data=data, besloten=besloten)]


def _ontvang_aanvulling(staat: Staat, c: OntvangAanvulling) -> Sequence[Antwoord]:
    _moet_lopen(staat)
    if staat.aanvulling is None or not staat.aanvulling.open:
        raise Conflict("Er staat geen vraag om aanvulling open.")
    data = {"pseudoniem": c.pseudoniem, "door": c.door}
    return [Feit(type=namen.AANVULLING_ONTVANGEN, step="aanvulling-ontvangen", data=data)]


def _volg_niet(staat: Staat, c: VolgNiet) -> Sequence[Antwoord]:
    _moet_besloten_worden(staat)
    if c.besluitdatum > staat.vandaag:
        raise Invalid([("besluitdatum", "de datum van het besluit ligt in de toekomst")])
    kenmerk, motivering = _tekst(c.besluitkenmerk, "besluitkenmerk"), _tekst(c.motivering, "motivering")
    besluit = {
        "door": c.door,
        "besluitdatum": c.besluitdatum.isoformat(),
        "besluitkenmerk": mask_bsns(kenmerk or ""),
    }
    return [
        Feit(
            type=namen.NIET_GEVOLGD,
            step=f"niet-gevolgd:{wie}:{_oordeel(staat)}",
            data={"pseudoniem": wie, **besluit},
            besloten={_zaak(staat): {"motivering": motivering}},
        )
        for wie in _verhuizers(staat, c.pseudoniem)
    ]


def _behandeling(staat: Staat, event_type: str, medewerker: str, *, team: str | None = None, reden: str | None = None) -> Feit:
    vorige = staat.behandeling.medewerker
    data = {"medewerker": medewerker, "team": team, "reden": None, "vorige": vorige}
    return Feit(
        type=event_type,
        step=event_type.split(".")[3],
        data=data,
        besloten={_zaak(staat): {"reden": reden}} if reden else {},
    )


def _pak_op(staat: Staat, c: PakOp) -> Sequence[Antwoord]:
    _moet_open_zijn(staat)
    if staat.behandelaar == c.medewerker:
        return []
    if staat.behandelaar is not None:
        raise Conflict("Een collega heeft deze zaak al opgepakt. Neem de zaak over, met een reden.")
    return [_behandeling(staat, namen.OPGEPAKT, c.medewerker, team=c.team)]


def _geef_terug(staat: Staat, c: GeefTerug) -> Sequence[Antwoord]:
    _moet_open_zijn(staat)
    if staat.behandelaar != c.medewerker:
        raise Conflict("U behandelt deze zaak niet (meer). Ververs de pagina.")
    reden = _tekst(c.reden, "reden", verplicht=False)
    return [_behandeling(staat, namen.TERUGGEGEVEN, c.medewerker, reden=reden)]


def _neem_over(staat: Staat, c: NeemOver) -> Sequence[Antwoord]:
    _moet_open_zijn(staat)
    if staat.behandelaar is None:
        raise Conflict("Niemand behandelt deze zaak. Pak de zaak op.")
    if staat.behandelaar == c.medewerker:
        raise Conflict("U behandelt deze zaak al.")
    return [_behandeling(staat, namen.OVERGENOMEN, c.medewerker, team=c.team, reden=_tekst(c.reden, "reden"))]


def _maak_ongedaan(staat: Staat, c: MaakOngedaan) -> Sequence[Antwoord]:
    _moet_lopen(staat)
    behandeling = staat.behandeling
    if not behandeling.overgenomen or behandeling.medewerker != c.medewerker:
        raise Conflict("Er is geen overname van u om ongedaan te maken.")
    data = {"medewerker": c.medewerker, "team": behandeling.team, "reden": None, "vorige": behandeling.vorige}
    return [Feit(type=namen.OVERNAME_ONGEDAAN, step="overname-ongedaan", data=data)]


def _trek_in(staat: Staat, c: TrekIn) -> Sequence[Antwoord]:
    _moet_lopen(staat)
    reden = mask_bsns(_tekst(c.reden, "reden") or "")
    return [Feit(type=namen.INGETROKKEN, step="ingetrokken", data={"reden": reden})]


HANDLERS: Final[Mapping[type[Any], Callable[[Staat, Any], Sequence[Antwoord]]]] = {
    KeurGoed: _keur_goed,
    VraagAanvulling: _vraag_aanvulling,
    OntvangAanvulling: _ontvang_aanvulling,
    VolgNiet: _volg_niet,
    PakOp: _pak_op,
    GeefTerug: _geef_terug,
    NeemOver: _neem_over,
    MaakOngedaan: _maak_ongedaan,
    TrekIn: _trek_in,
}


def handle(staat: Staat, command: Any) -> Sequence[Antwoord]:
    """Return what a command puts down. Raises Conflict when the state does not allow it, Invalid when it is wrong."""
    handler = HANDLERS.get(type(command))
    if handler is None:
        raise Invalid([("opdracht", f"onbekende opdracht {type(command).__name__}")])
    return handler(staat, command)
