# SPDX-License-Identifier: EUPL-1.2
"""What of one zaak is work for a person, from its own stream alone. Pure.

The stock belongs to everybody: a row says who has picked the zaak up, and nothing is ever counted per medewerker. It
holds nothing personal, sealed or not: a page takes names and address from the zaak itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from hub import zaakfeiten
from hub.plugins import Apply, ProjectedEvent, Row, Value

Werk = Literal["open", "wachtend"]
Change = Callable[[Row, ProjectedEvent], Row]
NEVER: Final = "9999-12-31"  # sorts after every day
_ZAAK: Final = "nl.overheid.zaken."
_AANGIFTE: Final = "nl.wissel.verhuisaangifte."


def begin(uuid: str) -> Row:
    """Return the row before the first event."""
    return {
        **zaakfeiten.begin(uuid),
        "identificatie": None,
        "zaaktypeOmschrijving": None,
        "team": None,
        "vorige": None,
        "oordeel": None,
        "aangehouden": None,
        "nietBeoordeeld": None,
        "verhuizers": [],
        "aangever": None,
        "verhuisdatum": None,
        "besluiten": {},
        "aanvulling": None,
        "mislukt": {},
        "opgeschort": False,
        "voorgelegd": [],
        "leverancier": None,
        "klaar": False,
    }


def step(change: Change) -> Apply:
    """Return the handler that lets ``change`` say which fields become what."""

    def apply(row: Row | None, event: ProjectedEvent) -> Row:
        old = row or begin(event.key)
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


def _registered(_row: Row, data: Mapping[str, Any]) -> Row:
    return {**zaakfeiten.registered(data), "klaar": bool(data.get("einddatum"))}


def _read(_row: Row, data: Mapping[str, Any]) -> Row:
    return {
        "aangever": data.get("aangever"),
        "verhuizers": [[mover["pseudoniem"], mover["code"]] for mover in data["verhuizers"]],
        "verhuisdatum": data.get("verhuisdatum"),
    }


def _judged(_row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    return {
        "oordeel": {
            "id": event.id,
            "kleur": data["kleur"],
            "redenen": list(data["redenen"]),
            "perVerhuizer": [dict(mover) for mover in data["perVerhuizer"]],
            "modus": data["modus"],
            "steekproef": data["steekproef"],
            "gekoppeldeZaak": data.get("gekoppeldeZaak"),
        },
        "aangehouden": data.get("aangehoudenTot"),
        "nietBeoordeeld": None,
    }


def _asked(_row: Row, data: Mapping[str, Any]) -> Row:
    return {"aanvulling": {"reactieVoor": data["reactieVoor"], "pseudoniem": data.get("pseudoniem")}}


def _decided(outcome: str) -> Apply:
    return facts(lambda row, data: {"besluiten": {**row["besluiten"], data["pseudoniem"]: outcome}})


def _put_before(row: Row, data: Mapping[str, Any]) -> Row:
    return {"voorgelegd": list(dict.fromkeys([*row["voorgelegd"], data["reden"]]))}


def _failed(row: Row, data: Mapping[str, Any]) -> Row:
    if not data["definitief"]:
        return {}
    return {"mislukt": {**row["mislukt"], data["opdrachtId"]: [data["soort"], data["reden"], data["uitleg"]]}}


def _carried_out(row: Row, data: Mapping[str, Any]) -> Row:
    if data["opdrachtId"] not in row["mislukt"]:
        return {}
    return {"mislukt": {key: why for key, why in row["mislukt"].items() if key != data["opdrachtId"]}}


HANDLERS: Final[Mapping[str, Apply]] = {
    _ZAAK + "zaak-geregistreerd.v1": facts(_registered),
    _ZAAK + "zaak-bijgewerkt.v1": facts(zaakfeiten.updated),
    _ZAAK + "zaak-opgeschort.v1": fields(opgeschort=True),
    _ZAAK + "zaak-hervat.v1": fields(opgeschort=False),
    _ZAAK + "zaak-afgesloten.v1": fields(klaar=True),
    _ZAAK + "zaak-verwijderd.v1": fields(klaar=True, mislukt={}),
    _ZAAK + "zaak-heropend.v1": fields(klaar=False, besluiten={}),
    _ZAAK + "rol-toegevoegd.v1": facts(zaakfeiten.rol_added),
    _ZAAK + "rol-verwijderd.v1": facts(zaakfeiten.rol_removed),
    _AANGIFTE + "gelezen.v1": facts(_read),
    _AANGIFTE + "ingetrokken.v1": fields(klaar=True),
    _AANGIFTE + "beoordeeld.v1": step(_judged),
    _AANGIFTE + "aangehouden.v1": facts(lambda _row, data: {"aangehouden": data["tot"]}),
    _AANGIFTE + "niet-beoordeeld.v1": facts(lambda _row, data: {"nietBeoordeeld": data["reden"]}),
    _AANGIFTE + "goedgekeurd.v1": _decided("goedgekeurd"),
    _AANGIFTE + "niet-gevolgd.v1": _decided("niet-gevolgd"),
    _AANGIFTE + "aanvulling-gevraagd.v1": facts(_asked),
    _AANGIFTE + "aanvulling-ontvangen.v1": fields(aanvulling=None),
    _AANGIFTE + "oordeel-leverancier.v1": facts(lambda _row, data: {"leverancier": [data["leverancier"], data["kleur"]]}),
    _AANGIFTE + "voorgelegd.v1": facts(_put_before),
    _AANGIFTE + "afgerond.v1": fields(klaar=True),
    "nl.wissel.behandeling.opgepakt.v1": facts(zaakfeiten.taken),
    "nl.wissel.behandeling.teruggegeven.v1": facts(zaakfeiten.given_back),
    "nl.wissel.behandeling.overgenomen.v1": facts(zaakfeiten.taken),
    "nl.wissel.behandeling.overname-ongedaan.v1": facts(zaakfeiten.taken_back),
    "nl.wissel.opdracht.mislukt.v1": facts(_failed),
    "nl.wissel.opdracht.uitgevoerd.v1": facts(_carried_out),
    "nl.wissel.termijn.gezet.v1": facts(zaakfeiten.term_set),
}


# --------------------------------------------------------------------------------------------------- what counts as work


def werk(row: Row) -> Werk | None:
    """Return whether the zaak is work for a person now (``open``), held for a date (``wachtend``), or neither (None)."""
    if row["mislukt"]:
        return "open"
    if row["klaar"]:
        return None
    if row["voorgelegd"]:
        return "open"
    judged = row["oordeel"]
    if judged is None:
        return "open" if row["nietBeoordeeld"] == "modus-uit" else None
    if row["verhuizers"] and all(mover[0] in row["besluiten"] for mover in row["verhuizers"]):
        return None
    if judged["kleur"] != "groen":
        return "open"
    if row["aangehouden"]:
        return "wachtend"
    return "open" if judged["steekproef"] or judged["modus"] == "schaduw" else None


def _when_work(read: Callable[[Row], Value]) -> Callable[[Row], Value]:
    """Rows that are no work keep empty columns: their index entries never move."""
    return lambda row: read(row) if werk(row) else None


def kleur(row: Row) -> str | None:
    """Return the colour, None when the zaak was not judged."""
    return row["oordeel"]["kleur"] if row["oordeel"] else None


def redenen(row: Row) -> list[str]:
    """Return why a person must look: the reasons, or that it is a sample, or that something failed."""
    judged = row["oordeel"] or {"redenen": [], "steekproef": False, "modus": "", "kleur": ""}
    green = judged["kleur"] == "groen"
    extra = {
        "opdracht-mislukt": bool(row["mislukt"]),
        "steekproef": green and judged["steekproef"],
        "schaduw": green and judged["modus"] == "schaduw" and not judged["steekproef"],
        "niet-beoordeeld": bool(row["nietBeoordeeld"]),
    }
    return [*row["voorgelegd"], *(code for code, holds in extra.items() if holds), *judged["redenen"]]


COLUMNS: Final[Mapping[str, tuple[str, Callable[[Row], Value]]]] = {
    "werk": ("TEXT", werk),
    "kleur": ("TEXT", _when_work(kleur)),
    "redenen": ("TEXT", _when_work(lambda row: f",{','.join(redenen(row))},")),
    "team": ("TEXT", _when_work(lambda row: row["team"])),
    "behandelaar": ("TEXT", _when_work(zaakfeiten.handler)),
    "streef": ("TEXT", _when_work(lambda row: row["streef"] or row["fataal"] or NEVER)),
    "fataal": ("TEXT", _when_work(lambda row: row["fataal"] or NEVER)),
    "ontvangst": ("TEXT", _when_work(lambda row: row["ontvangst"] or NEVER)),
}
