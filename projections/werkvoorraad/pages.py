# SPDX-License-Identifier: EUPL-1.2
"""Pages of staff: the stock of everybody, and one zaak with why it is there and what can be done."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from hub import zaakfeiten
from hub.api.edge import MenuItem, edge
from hub.api.pages import Bladen, form_of, mine, naar, only
from hub.api.redenen import predicaten, uitleg
from hub.api.zinnen import zin
from hub.errors import Conflict, HubError, Invalid, NotFound
from hub.persoonsgegevens import Dossier, Tonen, open_dossier
from hub.plugins import Hub, Row
from hub.tijdlijn import tijdlijn
from hub.tijdreis import lees_moment
from projections.werkvoorraad.acties import BY_CODE, body_of, carry_out
from projections.werkvoorraad.apply import kleur, redenen, werk
from projections.werkvoorraad.queries import NAME, NOBODY, SORTS, Vraag, keuzes, voorraad, werkrij

PAGES: Final = Bladen(Path(__file__).parent / "templates")
ME: Final = "mij"
SOON_DAYS: Final = 3
REPLY_DAYS: Final = 14
FILTERS: Final = ("kleur", "reden", "team", "behandelaar", "sort", "cursor")


@get(
    "/werkvoorraad",
    guards=[only("medewerker", "werkvoorraad:lezen")],
    include_in_schema=False,
    opt={"menu": MenuItem("medewerker", "werkvoorraad:lezen", "menu.werkvoorraad", "/werkvoorraad", 10)},
)
async def lijst(request: Request[Any, Any, Any]) -> Response[str]:
    """Show the stock; the filter stands in the address, without anything personal (``mij`` is who is logged in)."""
    sessie, gemeente = mine(request)
    assert sessie.medewerker is not None
    here = edge(request)
    chosen = {name: value for name in FILTERS if (value := request.query_params.get(name))}
    waiting = request.query_params.get("wachtend") == "ja"
    asked = dict(chosen)
    if asked.get("behandelaar") == ME:
        asked["behandelaar"] = sessie.medewerker.id
    page = voorraad(here.hub, gemeente.slug, Vraag(**asked, wachtend=waiting))
    text = here.teksten.voor(gemeente.slug)
    lines = [_line(here.hub, gemeente.slug, row, sessie.medewerker.id) for row in page.rijen]
    return PAGES.toon(
        request,
        "werkvoorraad.html",
        regels=lines,
        blad=page,
        gekozen=chosen,
        wachtend=waiting,
        keuzes=keuzes(here.hub, gemeente.slug),
        uitleg=lambda code: uitleg(text, here.teksten, code),
        volgorden=list(SORTS),
        niemand=NOBODY,
        mij=ME,
        volgende=_next(chosen, page.volgende, wachtend=waiting),
        vraag=urlencode({**chosen, **({"wachtend": "ja"} if waiting else {})}),
        geen_filter=not any(name in chosen for name in FILTERS[:4]),
    )


def _next(chosen: Mapping[str, str], cursor: str | None, *, wachtend: bool) -> str | None:
    if cursor is None:
        return None
    return "/werkvoorraad?" + urlencode({**chosen, **({"wachtend": "ja"} if wachtend else {}), "cursor": cursor})


def _course(hub: Hub, gemeente: str, uuid: str) -> Row:
    """Return what the zaak itself says: its timeline, its status, and its sealed parts; empty while it is not there yet."""
    return hub.read_model("zaakverloop").get(gemeente, uuid) or {}


def _dossier(hub: Hub, course: Row) -> Dossier:
    return open_dossier(hub.vault, course)


def _line(hub: Hub, gemeente: str, row: Row, me: str) -> dict[str, Any]:
    opened = _dossier(hub, _course(hub, gemeente, row["uuid"]))
    first = row["aangever"] or next((mover[0] for mover in row["verhuizers"]), None)
    who = zaakfeiten.handler(row)
    return {
        "rij": row,
        "kleur": kleur(row),
        "redenen": redenen(row),
        "naam": opened.naam(first) if first else Tonen(None, "onbekend"),
        "meer": max(0, len({mover[0] for mover in row["verhuizers"]} - {first})),
        "adres": opened.adres(row["uuid"]),
        "behandelaar": who,
        "van_mij": who == me,
        "dringend": urgency(row, hub.clock.today()),
    }


def urgency(row: Row, today: date) -> str | None:
    """Return ``te_laat`` after the last day, ``bijna`` in the days before it, else None."""
    if not row["fataal"] or row["opgeschort"]:
        return None
    if row["fataal"] < today.isoformat():
        return "te_laat"
    return "bijna" if row["fataal"] <= (today + timedelta(days=SOON_DAYS)).isoformat() else None


# ------------------------------------------------------------------------------------------------------------ one zaak


@get("/werkvoorraad/{uuid:uuid}", guards=[only("medewerker", "werkvoorraad:lezen")], include_in_schema=False)
async def zaak(request: Request[Any, Any, Any], uuid: FromPath[UUID]) -> Response[str]:
    """Show one zaak with its reasons, its movers and what can be done."""
    return _zaak(request, uuid)


@get("/werkvoorraad/{uuid:uuid}/toen", guards=[only("medewerker", "werkvoorraad:lezen")], include_in_schema=False)
async def toen(request: Request[Any, Any, Any], uuid: FromPath[UUID]) -> Response[str]:
    """Show what was known of a zaak then, beside what is known now."""
    _, gemeente = mine(request)
    here, asked = edge(request), request.query_params.get("moment", "")
    hub, text, key = here.hub, here.teksten.voor(gemeente.slug), str(uuid)
    now = (werkrij(hub, gemeente.slug, uuid), _course(hub, gemeente.slug, key))
    then, fout = None, None
    if asked:
        try:
            moment = lees_moment(asked)
            then = [hub.toen(name, gemeente=gemeente.slug, key=key, moment=moment) for name in (NAME, "zaakverloop")]
        except Invalid as error:
            fout = error.problems[0][1]
    return PAGES.toon(
        request,
        "toen.html",
        status=400 if fout else 200,
        rij=now[0],
        moment=asked,
        fout=fout,
        onbekend=then is not None and then[0] is None,
        toen=toen_stand(then[0], then[1] or {}, text, here.teksten) if then and then[0] else None,
        nu=toen_stand(*now, text, here.teksten),
        feiten=_timeline(then[1], text) if then and then[1] else [],
    )


@post("/werkvoorraad/{uuid:uuid}/{actie:str}", guards=[only("medewerker", "behandelen")], include_in_schema=False)
async def doe(request: Request[Any, Any, Any], uuid: FromPath[UUID], actie: FromPath[str]) -> Response[Any]:
    """Carry out one action from its form and go back to the zaak; what is wrong is shown with what was filled in."""
    form = dict(await form_of(request))
    sessie, gemeente = mine(request)
    assert sessie.medewerker is not None
    found, here = BY_CODE.get(actie), edge(request)
    if found is None:
        raise NotFound("Deze handeling bestaat niet. Ga terug naar de zaak.")
    me, token = sessie.medewerker, form.pop("token", "")
    known = {"medewerker": me.id, **({"team": me.team} if "team" in found.model.model_fields else {})}
    try:
        body = body_of(found, form, **known)
        await carry_out(
            here.hub,
            gemeente=gemeente.slug,
            uuid=uuid,
            actie=found,
            body=body,
            token=token or secrets.token_hex(16),
            actor=me.id,
        )
    except (Invalid, Conflict) as error:
        return _zaak(request, uuid, actie=actie, ingevuld=form, fout=error)
    sessie.melding = here.teksten.voor(gemeente.slug)(f"zaak.gelukt_{actie}")
    return naar(f"/werkvoorraad/{uuid}")


def _zaak(
    request: Request[Any, Any, Any],
    uuid: UUID,
    *,
    actie: str = "",
    ingevuld: Mapping[str, str] | None = None,
    fout: HubError | None = None,
) -> Response[str]:
    sessie, gemeente = mine(request)
    assert sessie.medewerker is not None
    here = edge(request)
    hub, text = here.hub, here.teksten.voor(gemeente.slug)
    row = werkrij(hub, gemeente.slug, uuid)
    course = _course(hub, gemeente.slug, str(uuid))
    opened = _dossier(hub, course)
    who = zaakfeiten.handler(row)
    open_movers = [mover for mover in row["verhuizers"] if mover[0] not in row["besluiten"]]
    return PAGES.toon(
        request,
        "zaak.html",
        status=409 if isinstance(fout, Conflict) else 400 if fout else 200,
        rij=row,
        kleur=kleur(row),
        redenen=[uitleg(text, here.teksten, code) for code in redenen(row)],
        verhuizers=_movers(row, opened, text, here.teksten),
        open_verhuizers=[(who_moves, opened.naam(who_moves)) for who_moves, _ in open_movers],
        adres=opened.adres(row["uuid"]),
        behandelaar=who,
        van_mij=who == sessie.medewerker.id,
        kan_ongedaan=bool(row["vorige"]) and who == sessie.medewerker.id,
        beslissen=_can_decide(row, open_movers) and sessie.mag("behandelen"),
        behandelen=sessie.mag("behandelen"),
        werk=werk(row),
        dringend=urgency(row, hub.clock.today()),
        volgnummer=course.get("volgnummer", 0),
        token=secrets.token_hex(16),
        feiten=_timeline(course, text),
        status_tekst=zaakfeiten.status(course) if course else None,
        resultaat=zaakfeiten.result(course) if course else None,
        toetsen=predicaten(hub, gemeente.slug, str(uuid), text, here.teksten),
        reactie_voor=(hub.clock.today() + timedelta(days=REPLY_DAYS)).isoformat(),
        vandaag=hub.clock.today().isoformat(),
        actie=actie,
        ingevuld=ingevuld or {},
        fout=fout,
    )


def toen_stand(row: Row, course: Row, text: Any, texts: Any) -> dict[str, Any]:
    """Return what a zaak's page tells of its state, as pairs that can stand beside those of another moment."""
    return {
        "volgnummer": course.get("volgnummer"),
        "status": zaakfeiten.status(course) if course else None,
        "resultaat": zaakfeiten.result(course) if course else None,
        "kleur": kleur(row),
        "redenen": [uitleg(text, texts, code).tekst for code in redenen(row)],
        "behandelaar": zaakfeiten.handler(row),
        "streef": row["streef"],
        "fataal": row["fataal"],
        "aangehouden": row["aangehouden"],
        "besloten": len(row["besluiten"]),
    }


def _can_decide(row: Row, open_movers: Sequence[Any]) -> bool:
    judged = row["oordeel"]
    return bool(judged and judged["modus"] == "actief" and open_movers and not row["klaar"] and werk(row) == "open")


def _movers(row: Row, opened: Dossier, text: Any, texts: Any) -> list[dict[str, Any]]:
    judged = {mover["pseudoniem"]: mover for mover in (row["oordeel"] or {"perVerhuizer": []})["perVerhuizer"]}
    return [
        {
            "naam": opened.naam(person),
            "code": code,
            "kleur": judged[person]["kleur"] if person in judged else None,
            "redenen": [uitleg(text, texts, reason) for reason in judged[person]["redenen"]] if person in judged else [],
            "besluit": row["besluiten"].get(person),
        }
        for person, code in row["verhuizers"]
    ]


def _timeline(course: Row, text: Any) -> list[dict[str, str]]:
    return [
        {"tijdstip": f.tijdstip, "wie": f.wie, "omschrijving": zin(text, f)} for f in tijdlijn(course.get("gebeurtenissen", ()))
    ]
