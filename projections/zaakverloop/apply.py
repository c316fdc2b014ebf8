# SPDX-License-Identifier: EUPL-1.2
"""One zaak: where it stands and what happened, from its own stream alone. Pure.

``volgnummer`` of a row is the last sequence seen: every type of the stream passes here, so that it is what an official
judged on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub import zaakfeiten
from hub.leesmodel import happened, logged, moment, sealed_rows
from hub.plugins import Apply, ProjectedEvent, Row
from hub.tijdlijn import entry, received

Change = Callable[[Row, ProjectedEvent], Row]
_ZAAK: Final = "nl.overheid.zaken."
_AANGIFTE: Final = "nl.wissel.verhuisaangifte."
_GEGEVENS: Final = "nl.wissel.gegevens."


def begin(uuid: str) -> Row:
    """Return the row before the first event."""
    return {
        **zaakfeiten.begin(uuid),
        "identificatie": None,
        "zaaktype": None,
        "zaaktypeOmschrijving": None,
        "vertrouwelijkheid": None,
        "einddatum": None,
        "opgeschort": False,
        "verwijderd": False,
        "initiatoren": {},
        "aangever": None,
        "verhuizers": [],
        "verhuisdatum": None,
        "gelezen": [],
        "personen": [],
        "gevraagd": {},
        "oordeel": None,
        "aangehouden": None,
        "aanhoudreden": None,
        "aanvulling": None,
        "besluiten": {},
        "bevestigd": [],
        "afgerond": None,
        "ingetrokken": False,
        "gebeurtenissen": [],
        "volgnummer": 0,
    }


def shown(what: str = "", change: Change | None = None) -> Apply:
    """Return a handler that puts the event on the timeline; ``what`` names the field that fills in its sentence."""

    def apply(row: Row | None, event: ProjectedEvent) -> Row:
        old = row or begin(event.key)
        new = old.copy()
        new["gebeurtenissen"] = [*old["gebeurtenissen"], entry(event, what)]
        new["volgnummer"] = event.sequence
        if change:
            new.update(change(old, event))
        return new

    return apply


def silent(change: Change) -> Apply:
    """Return a handler for what is no step of the zaak itself: it keeps the sequence, and what it changes."""

    def apply(row: Row | None, event: ProjectedEvent) -> Row:
        old = row or begin(event.key)
        new = old.copy()
        new["volgnummer"] = event.sequence
        new.update(change(old, event))
        return new

    return apply


def passed(row: Row | None, event: ProjectedEvent) -> Row:
    """Keep the sequence of what changes nothing here."""
    new = row.copy() if row else begin(event.key)
    new["volgnummer"] = event.sequence
    return new


# ------------------------------------------------------------------------------------------ facts from the zaaksysteem


def _registered(_row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    return {
        **zaakfeiten.registered(data),
        "einddatum": data.get("einddatum"),
        "vertrouwelijkheid": data.get("vertrouwelijkheidaanduiding"),
    }


def _updated(row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    secrecy = data.get("vertrouwelijkheidaanduiding")
    return {**zaakfeiten.updated(row, data), **({"vertrouwelijkheid": secrecy} if secrecy else {})}


def _rol(row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    new = zaakfeiten.rol_added(row, data)
    person = data.get("betrokkeneType") == "natuurlijk_persoon" and data.get("omschrijvingGeneriek") == "initiator"
    if person and data.get("betrokkene"):
        new["initiatoren"] = {**row["initiatoren"], data["rol"]: data["betrokkene"]}
    return new


def _rol_gone(row: Row, event: ProjectedEvent) -> Row:
    rest = zaakfeiten.without(row["initiatoren"], event.data["resourceUrl"])
    return {**zaakfeiten.rol_removed(row, event.data), "initiatoren": rest}


def _receipt(row: Row, event: ProjectedEvent) -> Row:
    fact, at = event.data["feit"], moment(event.data["aanmaakdatum"])
    return {"gebeurtenissen": received(row["gebeurtenissen"], fact, at)}


# ----------------------------------------------------------------------------------------------- steps of the flow


def _read(_row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    return {
        "aangever": data.get("aangever"),
        "verhuizers": [mover["pseudoniem"] for mover in data["verhuizers"]],
        "verhuisdatum": data.get("verhuisdatum"),
        "gelezen": sealed_rows(event),
    }


def _persons(_row: Row, event: ProjectedEvent) -> Row:
    asked = {person["pseudoniem"]: person["gevonden"] for person in event.data["personen"]}
    return {"personen": sealed_rows(event), "gevraagd": asked}


def _judged(_row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    judgement = {
        "id": event.id,
        "tijdstip": logged(event),
        "kleur": data["kleur"],
        "redenen": list(data["redenen"]),
        "perVerhuizer": [dict(mover) for mover in data["perVerhuizer"]],
        "modus": data["modus"],
        "steekproef": data["steekproef"],
        "gekoppeldeZaak": data.get("gekoppeldeZaak"),
    }
    return {"oordeel": judgement, "aangehouden": data.get("aangehoudenTot"), "aanhoudreden": data.get("aanhoudreden")}


def _held(_row: Row, event: ProjectedEvent) -> Row:
    return {"aangehouden": event.data["tot"], "aanhoudreden": event.data["reden"]}


def _asked(_row: Row, event: ProjectedEvent) -> Row:
    data = event.data
    return {
        "aanvulling": {
            "reactieVoor": data["reactieVoor"],
            "gevraagd": logged(event),
            "pseudoniem": data.get("pseudoniem"),
            "vraag": sealed_rows(event),
        }
    }


def _decided(outcome: str) -> Change:
    def change(row: Row, event: ProjectedEvent) -> Row:
        decided = [outcome, event.data.get("besluitdatum"), event.data.get("besluitkenmerk")]
        return {"besluiten": {**row["besluiten"], event.data["pseudoniem"]: decided}}

    return change


def _confirmed(row: Row, event: ProjectedEvent) -> Row:
    person = event.data["pseudoniem"]
    return {"bevestigd": row["bevestigd"] if person in row["bevestigd"] else [*row["bevestigd"], person]}


def _facts(step: Callable[[Row, Mapping[str, Any]], Row]) -> Change:
    return lambda row, event: step(row, event.data)


def _timed(step: Callable[[Row, Mapping[str, Any], str], Row]) -> Change:
    return lambda row, event: step(row, event.data, happened(event))


def _set(**fields: Any) -> Change:
    return lambda _row, _event: dict(fields)


def _take(field: str, key: str) -> Change:
    return lambda _row, event: {field: event.data.get(key)}


HANDLERS: Final[Mapping[str, Apply]] = {
    _ZAAK + "zaak-geregistreerd.v1": shown("zaaktypeOmschrijving", _registered),
    _ZAAK + "zaak-bijgewerkt.v1": shown("", _updated),
    _ZAAK + "zaak-opgeschort.v1": shown("", _set(opgeschort=True)),
    _ZAAK + "zaak-hervat.v1": shown("", _set(opgeschort=False)),
    _ZAAK + "zaak-verlengd.v1": shown("duur"),
    _ZAAK + "zaak-verwijderd.v1": shown("", _set(verwijderd=True)),
    _ZAAK + "zaak-afgesloten.v1": shown("", _take("einddatum", "einddatum")),
    _ZAAK + "zaak-heropend.v1": shown("", _set(einddatum=None, afgerond=None)),
    _ZAAK + "status-gezet.v1": shown("omschrijving", _timed(zaakfeiten.status_set)),
    _ZAAK + "status-verwijderd.v1": shown("", _facts(zaakfeiten.status_removed)),
    _ZAAK + "rol-toegevoegd.v1": shown("omschrijving", _rol),
    _ZAAK + "rol-verwijderd.v1": shown("", _rol_gone),
    _ZAAK + "resultaat-gezet.v1": shown("omschrijving", _timed(zaakfeiten.result_set)),
    _ZAAK + "resultaat-verwijderd.v1": shown("", _facts(zaakfeiten.result_removed)),
    _ZAAK + "zaakobject-toegevoegd.v1": shown("objectType"),
    _ZAAK + "zaakobject-verwijderd.v1": shown(),
    _ZAAK + "eigenschap-gezet.v1": shown("naam"),
    _ZAAK + "eigenschap-verwijderd.v1": shown(),
    _ZAAK + "klantcontact-toegevoegd.v1": shown("kanaal"),
    _ZAAK + "klantcontact-verwijderd.v1": shown(),
    _ZAAK + "overig-gewijzigd.v1": shown("resource"),
    "nl.wissel.zaken.melding-zonder-inhoud.v1": shown("resource"),
    "nl.wissel.zaken.ontvangst-vastgelegd.v1": silent(_receipt),
    _AANGIFTE + "gelezen.v1": shown("", _read),
    _AANGIFTE + "ingetrokken.v1": shown("", _set(ingetrokken=True)),
    _AANGIFTE + "beoordeeld.v1": shown("kleur", _judged),
    _AANGIFTE + "aangehouden.v1": shown("tot", _held),
    _AANGIFTE + "niet-beoordeeld.v1": shown("reden"),
    _AANGIFTE + "goedgekeurd.v1": shown("", _decided("goedgekeurd")),
    _AANGIFTE + "aanvulling-gevraagd.v1": shown("reactieVoor", _asked),
    _AANGIFTE + "aanvulling-ontvangen.v1": shown("", _set(aanvulling=None)),
    _AANGIFTE + "niet-gevolgd.v1": shown("besluitkenmerk", _decided("niet-gevolgd")),
    _AANGIFTE + "verwerking-bevestigd.v1": shown("", _confirmed),
    _AANGIFTE + "oordeel-leverancier.v1": shown("kleur"),
    _AANGIFTE + "voorgelegd.v1": shown("reden"),
    _AANGIFTE + "claims-gelegd.v1": passed,
    _AANGIFTE + "claims-beeindigd.v1": passed,
    _AANGIFTE + "afgerond.v1": shown("resultaat", _take("afgerond", "resultaat")),
    "nl.wissel.behandeling.opgepakt.v1": shown("", _facts(zaakfeiten.taken)),
    "nl.wissel.behandeling.teruggegeven.v1": shown("", _facts(zaakfeiten.given_back)),
    "nl.wissel.behandeling.overgenomen.v1": shown("reden", _facts(zaakfeiten.taken)),
    "nl.wissel.behandeling.overname-ongedaan.v1": shown("", _facts(zaakfeiten.taken_back)),
    _GEGEVENS + "adres-opgehaald.v1": shown("bron"),
    _GEGEVENS + "personen-opgehaald.v1": shown("bron", _persons),
    _GEGEVENS + "bewoning-opgehaald.v1": shown("bron"),
    _GEGEVENS + "zaken-gevonden.v1": shown(),
    _GEGEVENS + "teruggelezen.v1": shown(),
    _GEGEVENS + "niet-beschikbaar.v1": shown("wat"),
    "nl.wissel.opdracht.gegeven.v1": passed,
    "nl.wissel.opdracht.uitgevoerd.v1": shown("soort"),
    "nl.wissel.opdracht.mislukt.v1": shown("soort"),
    "nl.wissel.claim.antwoord.v1": passed,
    "nl.wissel.registerwijziging.doorgegeven.v1": shown("soort"),
    "nl.wissel.termijn.gezet.v1": silent(_facts(zaakfeiten.term_set)),
    "nl.wissel.termijn.verstreken.v1": shown("naam"),
    "nl.wissel.termijn.vervallen.v1": passed,
    "nl.wissel.sleutel.vernietigd.v1": shown(),
    "nl.wissel.parkeren.overgeslagen.v1": shown("reden"),
}

ENVELOPE: Final = frozenset(name for name, apply in HANDLERS.items() if apply is passed)
