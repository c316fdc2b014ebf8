# SPDX-License-Identifier: EUPL-1.2
"""How a resident reads a zaak: steps, whose turn it is, and when. Pure; texts stand in ``hub/api/teksten/nl.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from hub.plugins import Row
from hub.zaakfeiten import result, status
from projections.zaakverloop.queries import eigen_redenen

Stand = Literal["klaar", "nu", "straks", "fout"]
AanZet = Literal["u", "aangever", "gemeente", "niemand"]
DONE: Final = frozenset({"Verwerkt", "Handmatig verwerkt"})
REFUSED: Final = "Geweigerd"
STOPPED: Final = "Afgebroken"


@dataclass(frozen=True, slots=True)
class Stap:
    """One step: ``code`` names its texts (``stap.<code>.titel``), ``dag`` is the date that belongs to it, if any."""

    code: str
    stand: Stand
    dag: str | None = None
    titel: str | None = None


@dataclass(frozen=True, slots=True)
class Verloop:
    """A zaak as a resident reads it. ``wanneer`` is the day by which who is ``aan_zet`` acts."""

    stappen: Sequence[Stap]
    aan_zet: AanZet
    wanneer: str | None = None
    redenen: Sequence[str] = field(default=())
    vraagt: bool = False

    @property
    def nu(self) -> Stap:
        """Return the step the zaak is in: the last one that is not to come."""
        return next(step for step in reversed(self.stappen) if step.stand != "straks")


def verloop(row: Row, person: str) -> Verloop:
    """Return how ``row`` goes for one resident."""
    if not is_verhuizing(row):
        return _other(row)
    if ended := _ended(row):
        return ended
    step, turn = _current(row, person)
    return replace(turn, stappen=[_filed(row), *step])


def is_verhuizing(row: Row) -> bool:
    """Return True when the zaak was read as a declaration of a move."""
    return bool(row["gelezen"] or row["verhuizers"] or row["oordeel"])


def _filed(row: Row) -> Stap:
    return Stap("ingediend", "klaar", row["ontvangst"])


def _ended(row: Row) -> Verloop | None:
    outcome = row["afgerond"] or (result(row) if row["einddatum"] else None)
    if row["ingetrokken"] or outcome == STOPPED:
        return Verloop([_filed(row), Stap("ingetrokken", "klaar", row["einddatum"])], "niemand")
    if outcome is None and not row["einddatum"]:
        return None
    checked = Stap("gecontroleerd", "klaar", _day(row["oordeel"]))
    if outcome in DONE:
        return Verloop([_filed(row), checked, Stap("verwerkt", "klaar", row["einddatum"])], "niemand")
    if outcome == REFUSED:
        return Verloop([_filed(row), checked, Stap("geweigerd", "fout", row["einddatum"])], "niemand")
    return Verloop([_filed(row), Stap("afgehandeld", "klaar", row["einddatum"], outcome)], "niemand")


def _current(row: Row, person: str) -> tuple[list[Stap], Verloop]:
    """Return the steps after filing, and whose turn it is and by when."""
    judged: dict[str, Any] | None = row["oordeel"]
    later = [Stap("verwerken", "straks"), Stap("klaar", "straks")]
    if row["aanvulling"]:
        return _asked(row, person, later)
    if judged is None:
        return [Stap("controleren", "nu"), *later], Verloop((), "gemeente", row["streef"] or row["fataal"])
    checked = Stap("gecontroleerd", "klaar", _day(judged))
    if _all_approved(row) or (judged["kleur"] == "groen" and not _needs_person(judged) and not row["aangehouden"]):
        return _processing(row, person, checked)
    if judged["kleur"] == "groen" and row["aangehouden"]:
        for_date = row["aanhoudreden"] in {None, "verhuisdatum"}
        waiting = Stap("wachten", "nu", row["aangehouden"]) if for_date else Stap("wachten-adres", "nu", row["aangehouden"])
        return [checked, waiting, *later], Verloop((), "gemeente", row["aangehouden"])
    if judged["kleur"] == "rood":
        return _red(row, person, [checked, Stap("contact", "fout"), *later])
    reasons = eigen_redenen(row, person)
    return [checked, Stap("medewerker", "nu"), *later], Verloop((), "gemeente", row["streef"] or row["fataal"], reasons)


def _red(row: Row, person: str, steps: list[Stap]) -> tuple[list[Stap], Verloop]:
    reasons = eigen_redenen(row, person)
    mine = bool(reasons) or _declared(row, person)
    return steps, Verloop((), "u" if mine else "aangever", row["fataal"], reasons, vraagt=mine)


def _declared(row: Row, person: str) -> bool:
    return person == row["aangever"] or person in row["initiatoren"].values()


def _asked(row: Row, person: str, later: list[Stap]) -> tuple[list[Stap], Verloop]:
    asked = row["aanvulling"]
    mine = asked["pseudoniem"] == person or _declared(row, person)
    step = Stap("aanvulling", "fout" if mine else "nu", asked["reactieVoor"])
    turn: AanZet = "u" if mine else "aangever"
    checked = Stap("gecontroleerd", "klaar", _day(row["oordeel"]))
    return [checked, step, *later], Verloop((), turn, asked["reactieVoor"], vraagt=mine)


def _processing(row: Row, person: str, checked: Stap) -> tuple[list[Stap], Verloop]:
    confirmed = person in row["bevestigd"]
    steps = [checked, Stap("verwerken", "klaar"), Stap("bevestigd", "nu")] if confirmed else [
        checked, Stap("verwerken", "nu"), Stap("klaar", "straks")]  # fmt: skip
    return steps, Verloop((), "gemeente", row["streef"] or row["fataal"])


def _needs_person(judged: dict[str, Any]) -> bool:
    return bool(judged["steekproef"]) or judged["modus"] != "actief"


def _all_approved(row: Row) -> bool:
    decisions = [row["besluiten"].get(mover, [None])[0] for mover in row["verhuizers"]]
    return bool(decisions) and all(decision == "goedgekeurd" for decision in decisions)


def _other(row: Row) -> Verloop:
    """A zaak of another kind: its own statuses, in the words of the zaaksysteem."""
    statuses = sorted(row["statussen"].values())
    steps = [Stap("status", "klaar", s[0][:10], s[3]) for s in statuses]
    closed = bool(row["einddatum"]) or (statuses and statuses[-1][4])
    if closed:
        end = Stap("afgehandeld", "klaar", row["einddatum"], result(row) or status(row))
        return Verloop([_filed(row), *steps, end], "niemand")
    if steps:
        steps[-1] = replace(steps[-1], stand="nu")
    else:
        steps = [Stap("controleren", "nu")]
    return Verloop([_filed(row), *steps], "gemeente", row["streef"] or row["fataal"])


def _day(judged: dict[str, Any] | None) -> str | None:
    return judged["tijdstip"][:10] if judged else None
