# SPDX-License-Identifier: EUPL-1.2
"""What concerns one person: a row per zaak that says who takes part in it, a row per person with what the registry said. Pure.

Both kinds of stream pass here; ``soort`` of a row says which it is. A klantbeeld is the row of the person and the rows of
the zaken that name the pseudonym.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hub import zaakfeiten
from hub.events import ZAKEN
from hub.leesmodel import happened, logged, sealed_rows
from hub.plugins import Apply, ProjectedEvent, Row

Change = Callable[[Row, ProjectedEvent], Row]
CHANGES_KEPT: Final = 20
_ZAAK: Final = "nl.overheid.zaken."
_AANGIFTE: Final = "nl.wissel.verhuisaangifte."
_RVIG: Final = "nl.brp.verhuisd."


def begin(event: ProjectedEvent) -> Row:
    """Return the row before the first event of a stream."""
    if event.topic != ZAKEN:
        return {"soort": "persoon", "markeringen": {}, "wijzigingen": []}
    return {
        "soort": "zaak",
        **zaakfeiten.begin(event.key),
        "identificatie": None,
        "zaaktypeOmschrijving": None,
        "einddatum": None,
        "verwijderd": False,
        "deelnemers": {},
        "aangifte": {},
        "oordeel": None,
        "aangehouden": None,
        "besluiten": {},
        "afgerond": None,
        "aanvulling": None,
    }


def step(change: Change) -> Apply:
    """Return the handler that lets ``change`` say which fields become what."""

    def apply(row: Row | None, event: ProjectedEvent) -> Row:
        old = row or begin(event)
        new = old.copy()
        new.update(change(old, event))
        return new

    return apply


def facts(change: Callable[[Row, Mapping[str, Any]], Row]) -> Apply:
    """Return the handler for a change that needs only the event's data."""
    return step(lambda row, event: change(row, event.data))


def fields(**values: Any) -> Apply:
    """Return the handler that sets fields to fixed values."""
    return step(lambda _row, _event: dict(values))


# ------------------------------------------------------------------------------------------------- the rows of zaken


def _registered(_row: Row, data: Mapping[str, Any]) -> Row:
    return {**zaakfeiten.registered(data), "einddatum": data.get("einddatum")}


def _rol(row: Row, data: Mapping[str, Any]) -> Row:
    new = zaakfeiten.rol_added(row, data)
    if data.get("betrokkeneType") == "natuurlijk_persoon" and data.get("betrokkene"):
        new["deelnemers"] = {**row["deelnemers"], data["rol"]: [data["betrokkene"], data["omschrijving"]]}
    return new


def _rol_gone(row: Row, data: Mapping[str, Any]) -> Row:
    rest = {url: who for url, who in row["deelnemers"].items() if url != data["resourceUrl"]}
    return {**zaakfeiten.rol_removed(row, data), "deelnemers": rest}


def _read(_row: Row, data: Mapping[str, Any]) -> Row:
    roles: dict[str, list[str]] = {}
    for person, role in (
        (data.get("aangever"), "aangever"),
        *((mover["pseudoniem"], "verhuizer") for mover in data["verhuizers"]),
        (data.get("hoofdbewoner"), "hoofdbewoner"),
    ):
        if person:
            roles.setdefault(person, []).append(role)
    return {"aangifte": roles}


def _judged(_row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    per_mover = {mover["pseudoniem"]: [mover["kleur"], list(mover["redenen"])] for mover in data["perVerhuizer"]}
    kept = {"id": event.id, "kleur": data["kleur"], "tijdstip": logged(event), "perVerhuizer": per_mover}
    return {"oordeel": kept, "aangehouden": data.get("aangehoudenTot")}


def _decided(outcome: str) -> Apply:
    def change(row: Row, event: ProjectedEvent) -> Row:
        data = event.data
        decided = [outcome, data["door"], data.get("besluitdatum") or logged(event)[:10], data.get("besluitkenmerk")]
        return {"besluiten": {**row["besluiten"], data["pseudoniem"]: decided}}

    return step(change)


# ----------------------------------------------------------------------------------------------- the rows of persons


def _marked(row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    mark = {"soort": data["soort"], "verloopt": data.get("verloopt"), "besloten": sealed_rows(event)}
    return {"markeringen": {**row["markeringen"], data["markering"]: mark}}


def _unmarked(row: Row, data: Mapping[str, Any]) -> Row:
    return {"markeringen": {key: mark for key, mark in row["markeringen"].items() if key != data["markering"]}}


def _changed(row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    what = data.get("soort") or event.type.removeprefix(_RVIG).removesuffix(".v1")
    change = {
        "id": event.id,
        "soort": what,
        "verhuizing": event.type.startswith(_RVIG),
        "datum": data.get("datum"),
        "tijdstip": logged(event),
        "gemeenteVan": data.get("gemeenteVan"),
        "gemeenteNaar": data.get("gemeenteNaar"),
    }
    return {"wijzigingen": [*row["wijzigingen"], change][-CHANGES_KEPT:]}


def personen(row: Row) -> Iterable[str]:
    """Return the pseudonyms a zaak names."""
    if row["soort"] != "zaak":
        return ()
    return {*row["aangifte"], *(person for person, _ in row["deelnemers"].values())}


def gemarkeerd(row: Row) -> Iterable[str]:
    """Return ``ja`` for a person or address with marks, so that the lists can be shown."""
    return ("ja",) if row.get("markeringen") else ()


HANDLERS: Final[Mapping[str, Apply]] = {
    _ZAAK + "zaak-geregistreerd.v1": facts(_registered),
    _ZAAK + "zaak-bijgewerkt.v1": facts(zaakfeiten.updated),
    _ZAAK + "zaak-afgesloten.v1": facts(lambda _row, data: {"einddatum": data["einddatum"]}),
    _ZAAK + "zaak-heropend.v1": fields(einddatum=None, afgerond=None),
    _ZAAK + "zaak-verwijderd.v1": fields(verwijderd=True),
    _ZAAK + "status-gezet.v1": step(lambda row, event: zaakfeiten.status_set(row, event.data, happened(event))),
    _ZAAK + "status-verwijderd.v1": facts(zaakfeiten.status_removed),
    _ZAAK + "rol-toegevoegd.v1": facts(_rol),
    _ZAAK + "rol-verwijderd.v1": facts(_rol_gone),
    _AANGIFTE + "gelezen.v1": facts(_read),
    _AANGIFTE + "beoordeeld.v1": step(_judged),
    _AANGIFTE + "aangehouden.v1": facts(lambda _row, data: {"aangehouden": data["tot"]}),
    _AANGIFTE + "goedgekeurd.v1": _decided("goedgekeurd"),
    _AANGIFTE + "niet-gevolgd.v1": _decided("niet-gevolgd"),
    _AANGIFTE + "aanvulling-gevraagd.v1": facts(lambda _row, data: {"aanvulling": data["reactieVoor"]}),
    _AANGIFTE + "aanvulling-ontvangen.v1": fields(aanvulling=None),
    _AANGIFTE + "afgerond.v1": facts(lambda _row, data: {"afgerond": data["resultaat"]}),
    "nl.wissel.behandeling.opgepakt.v1": facts(zaakfeiten.taken),
    "nl.wissel.behandeling.teruggegeven.v1": facts(zaakfeiten.given_back),
    "nl.wissel.behandeling.overgenomen.v1": facts(zaakfeiten.taken),
    "nl.wissel.behandeling.overname-ongedaan.v1": facts(zaakfeiten.taken_back),
    "nl.wissel.termijn.gezet.v1": facts(zaakfeiten.term_set),
    "nl.wissel.lijst.markering-gezet.v1": step(_marked),
    "nl.wissel.lijst.markering-opgeheven.v1": facts(_unmarked),
    **{
        f"{_RVIG}{kind}.v1": step(_changed)
        for kind in ("binnengemeentelijk", "intergemeentelijk", "naar-buitenland", "immigratie", "in-buitenland")
    },
    "nl.wissel.brp.wijziging-zonder-verhuizing.v1": step(_changed),
}
