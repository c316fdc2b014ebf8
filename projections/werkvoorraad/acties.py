# SPDX-License-Identifier: EUPL-1.2
"""What an official can do with a zaak: as API operations and as forms, through one table. Both end in one command.

A request carries a key that makes a repeated click the same fact (header ``Idempotency-Key``, or the form's own), and the
``volgnummer`` it was judged on: when the zaak has changed in a way that matters, the answer is 409 with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, cast
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter, JSONBody
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from hub.api.answers import CONFLICT
from hub.api.auth import houder, needs
from hub.api.edge import edge
from hub.errors import Invalid
from hub.flows.verhuizing import commands
from hub.plugins import Hub

FLOW: Final = "verhuizing"
VISIBLE_WITHIN_S: Final = 2.0
_LOOK_EACH_S: Final = 0.02
Pseudoniem = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="Over wie het gaat; leeg: iedereen die nog open is.")]
Tekst = Annotated[str, Field(min_length=1, max_length=2000)]
Kort = Annotated[str, Field(min_length=1, max_length=200)]
Medewerker = Annotated[str, Field(min_length=1, max_length=100, description="Wie dit doet, zoals de organisatie hem kent.")]


class Body(BaseModel):
    """What every action carries."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, str_strip_whitespace=True)

    volgnummer: Annotated[int, Field(ge=1, description="Het volgnummer van de zaak waarop u dit besluit.")]
    medewerker: Medewerker


class Goedkeuren(Body):
    """Approve."""

    pseudoniem: Pseudoniem | None = None
    toelichting: Tekst | None = None


class AanvullingVragen(Body):
    """Ask for more."""

    pseudoniem: Pseudoniem | None = None
    vraag: Tekst
    reactie_voor: date


class AanvullingOntvangen(Body):
    """It came in."""

    pseudoniem: Pseudoniem | None = None


class NietVolgen(Body):
    """Do not follow."""

    pseudoniem: Pseudoniem | None = None
    besluitdatum: date
    besluitkenmerk: Kort
    motivering: Tekst


class Oppakken(Body):
    """Pick up."""

    team: Kort | None = None


class Teruggeven(Body):
    """Give back."""

    reden: Tekst | None = None


class Overnemen(Body):
    """Take over."""

    team: Kort | None = None
    reden: Tekst


class Ongedaan(Body):
    """Undo a take-over."""


class Intrekken(Body):
    """Withdraw on request of the resident."""

    reden: Tekst


@dataclass(frozen=True, slots=True)
class Actie:
    """One action: its path, what it is called, what it is given, and the command it becomes."""

    code: str
    summary: str
    model: type[Body]
    command: Callable[[Any], Any]


ACTIES: Final = (
    Actie(
        "goedkeuren",
        "Keur de aangifte goed",
        Goedkeuren,
        lambda b: commands.KeurGoed(door=b.medewerker, pseudoniem=b.pseudoniem, toelichting=b.toelichting),
    ),
    Actie(
        "aanvulling-vragen",
        "Vraag de inwoner om een aanvulling",
        AanvullingVragen,
        lambda b: commands.VraagAanvulling(
            door=b.medewerker, vraag=b.vraag, reactie_voor=b.reactie_voor, pseudoniem=b.pseudoniem
        ),
    ),
    Actie(
        "aanvulling-ontvangen",
        "Leg vast dat de aanvulling binnen is",
        AanvullingOntvangen,
        lambda b: commands.OntvangAanvulling(door=b.medewerker, pseudoniem=b.pseudoniem),
    ),
    Actie(
        "niet-volgen",
        "Leg vast dat de aangifte niet wordt gevolgd (besluit)",
        NietVolgen,
        lambda b: commands.VolgNiet(
            door=b.medewerker,
            besluitdatum=b.besluitdatum,
            besluitkenmerk=b.besluitkenmerk,
            motivering=b.motivering,
            pseudoniem=b.pseudoniem,
        ),
    ),
    Actie("oppakken", "Pak de zaak op", Oppakken, lambda b: commands.PakOp(medewerker=b.medewerker, team=b.team)),
    Actie(
        "teruggeven",
        "Geef de zaak terug aan de voorraad",
        Teruggeven,
        lambda b: commands.GeefTerug(medewerker=b.medewerker, reden=b.reden),
    ),
    Actie(
        "overnemen",
        "Neem de zaak over van een collega",
        Overnemen,
        lambda b: commands.NeemOver(medewerker=b.medewerker, reden=b.reden, team=b.team),
    ),
    Actie(
        "ongedaan",
        "Maak een overname ongedaan",
        Ongedaan,
        lambda b: commands.MaakOngedaan(medewerker=b.medewerker),
    ),
    Actie("intrekken", "Trek de aangifte in", Intrekken, lambda b: commands.TrekIn(reden=b.reden)),
)
BY_CODE: Final[Mapping[str, Actie]] = {actie.code: actie for actie in ACTIES}


def body_of(actie: Actie, form: Mapping[str, str], **known: Any) -> Body:
    """Return what a form says. Invalid names every field that is wrong, never what was filled in."""
    given = {name: value for name, value in form.items() if value != ""}
    try:
        return actie.model.model_validate({**given, **known})
    except ValidationError as error:
        problems = [
            (".".join(str(part) for part in item["loc"]), _sentence(item["type"]))
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise Invalid(problems) from error


def _sentence(kind: str) -> str:
    if kind in {"missing", "string_too_short"}:
        return "vul dit in"
    if kind.startswith("date"):
        return "dit is geen datum; schrijf jjjj-mm-dd"
    return "dit is te lang" if kind == "string_too_long" else "dit kan hier niet"


async def carry_out(hub: Hub, *, gemeente: str, uuid: UUID, actie: Actie, body: Body, token: str, actor: str) -> int:
    """Give the command and wait shortly until the read models show it; return the new volgnummer of the zaak."""
    sequence = await hub.command(
        FLOW,
        gemeente=gemeente,
        key=str(uuid),
        command=actie.command(body),
        sequence=body.volgnummer,
        token=f"{actor}:{actie.code}:{token}",
        actor=actor,
    )
    await _visible(hub, gemeente, str(uuid), sequence)
    return sequence


async def _visible(hub: Hub, gemeente: str, uuid: str, sequence: int) -> None:
    """Wait until who acted sees what was done; a read model that lags longer says so on the page itself."""
    model = hub.read_model("zaakverloop")
    for _ in range(round(VISIBLE_WITHIN_S / _LOOK_EACH_S)):
        row = model.get(gemeente, uuid)
        if row is not None and row["volgnummer"] >= sequence:
            return
        await asyncio.sleep(_LOOK_EACH_S)


# -------------------------------------------------------------------------------------------------------------- the API


class Gedaan(msgspec.Struct, rename="camel", frozen=True):
    """De zaak na deze handeling."""

    uuid: str
    volgnummer: int


Key = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=8,
        max_length=200,
        description="Eigen kenmerk van deze handeling. Nog eens hetzelfde kenmerk doet niets opnieuw.",
    ),
]


def _operation(actie: Actie) -> HTTPRouteHandler:
    async def act(request: Request[Any, Any, Any], uuid: FromPath[UUID], data: Any, sleutel: Key) -> Gedaan:
        holder = houder(request)
        hub = edge(request).hub
        sequence = await carry_out(
            hub, gemeente=holder.gemeente, uuid=uuid, actie=actie, body=data, token=sleutel, actor=holder.naam
        )
        return Gedaan(str(uuid), sequence)

    # the body of each operation stands in the table, so its annotation is made when the table is read
    act.__annotations__["data"] = cast("Any", JSONBody)[actie.model]
    act.__doc__ = f"{actie.summary}. Geef het volgnummer mee waarop u besluit; bij 409 is de zaak intussen veranderd."
    return post(
        f"/v1/zaken/{{uuid:uuid}}/{actie.code}",
        guards=[needs("behandelen")],
        status_code=200,
        tags=["Behandelen"],
        operation_id=f"zaak-{actie.code}",
        summary=actie.summary,
        security=[{"token": []}],
        responses=CONFLICT,
    )(act)


OPERATIONS: Final = tuple(_operation(actie) for actie in ACTIES)
