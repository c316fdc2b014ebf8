# SPDX-License-Identifier: EUPL-1.2
"""The event types and step names of the flow, spelled once."""

from __future__ import annotations

from typing import Final

ZAAK_GEREGISTREERD: Final = "nl.overheid.zaken.zaak-geregistreerd.v1"
ZAAK_BIJGEWERKT: Final = "nl.overheid.zaken.zaak-bijgewerkt.v1"
ZAAK_AFGESLOTEN: Final = "nl.overheid.zaken.zaak-afgesloten.v1"
ZAAK_HEROPEND: Final = "nl.overheid.zaken.zaak-heropend.v1"
ZAAK_VERWIJDERD: Final = "nl.overheid.zaken.zaak-verwijderd.v1"
STATUS_GEZET: Final = "nl.overheid.zaken.status-gezet.v1"
RESULTAAT_GEZET: Final = "nl.overheid.zaken.resultaat-gezet.v1"

_AANGIFTE: Final = "nl.wissel.verhuisaangifte."
GELEZEN: Final = _AANGIFTE + "gelezen.v1"
INGETROKKEN: Final = _AANGIFTE + "ingetrokken.v1"
BEOORDEELD: Final = _AANGIFTE + "beoordeeld.v1"
AANGEHOUDEN: Final = _AANGIFTE + "aangehouden.v1"
NIET_BEOORDEELD: Final = _AANGIFTE + "niet-beoordeeld.v1"
GOEDGEKEURD: Final = _AANGIFTE + "goedgekeurd.v1"
AANVULLING_GEVRAAGD: Final = _AANGIFTE + "aanvulling-gevraagd.v1"
AANVULLING_ONTVANGEN: Final = _AANGIFTE + "aanvulling-ontvangen.v1"
NIET_GEVOLGD: Final = _AANGIFTE + "niet-gevolgd.v1"
BEVESTIGD: Final = _AANGIFTE + "verwerking-bevestigd.v1"
AFGEROND: Final = _AANGIFTE + "afgerond.v1"
OORDEEL_LEVERANCIER: Final = _AANGIFTE + "oordeel-leverancier.v1"
VOORGELEGD: Final = _AANGIFTE + "voorgelegd.v1"
CLAIMS_GELEGD: Final = _AANGIFTE + "claims-gelegd.v1"
CLAIMS_BEEINDIGD: Final = _AANGIFTE + "claims-beeindigd.v1"

OPGEPAKT: Final = "nl.wissel.behandeling.opgepakt.v1"
TERUGGEGEVEN: Final = "nl.wissel.behandeling.teruggegeven.v1"
OVERGENOMEN: Final = "nl.wissel.behandeling.overgenomen.v1"
OVERNAME_ONGEDAAN: Final = "nl.wissel.behandeling.overname-ongedaan.v1"

OPDRACHT_GEGEVEN: Final = "nl.wissel.opdracht.gegeven.v1"
OPDRACHT_UITGEVOERD: Final = "nl.wissel.opdracht.uitgevoerd.v1"
OPDRACHT_MISLUKT: Final = "nl.wissel.opdracht.mislukt.v1"

ADRES_OPGEHAALD: Final = "nl.wissel.gegevens.adres-opgehaald.v1"
PERSONEN_OPGEHAALD: Final = "nl.wissel.gegevens.personen-opgehaald.v1"
BEWONING_OPGEHAALD: Final = "nl.wissel.gegevens.bewoning-opgehaald.v1"
ZAKEN_GEVONDEN: Final = "nl.wissel.gegevens.zaken-gevonden.v1"
TERUGGELEZEN: Final = "nl.wissel.gegevens.teruggelezen.v1"
NIET_BESCHIKBAAR: Final = "nl.wissel.gegevens.niet-beschikbaar.v1"

CLAIM_GELEGD: Final = "nl.wissel.claim.gelegd.v1"
CLAIM_BEEINDIGD: Final = "nl.wissel.claim.beeindigd.v1"
CLAIM_ANTWOORD: Final = "nl.wissel.claim.antwoord.v1"
WIJZIGING_DOORGEGEVEN: Final = "nl.wissel.registerwijziging.doorgegeven.v1"

TERMIJN_GEZET: Final = "nl.wissel.termijn.gezet.v1"
TERMIJN_VERSTREKEN: Final = "nl.wissel.termijn.verstreken.v1"
TERMIJN_VERVALLEN: Final = "nl.wissel.termijn.vervallen.v1"

OVERLEDEN: Final = "nl.brp.overleden"  # the soort under which claims pass it on

# terms of the flow
STUKKEN: Final = "stukken"
VERHUISDATUM: Final = "verhuisdatum"
VORIGE_BEWONER: Final = "vorige-bewoner"
BEWONING_OPNIEUW: Final = "bewoning-opnieuw"
STREEF: Final = "streef"
FATAAL: Final = "fataal"
REACTIE: Final = "reactie"
BEVESTIGING: Final = "bevestiging"

# opdrachten, by their soort
HAAL_ADRES: Final = "haal-adres"
HAAL_PERSONEN: Final = "haal-personen"
HAAL_BEWONING: Final = "haal-bewoning"
ZOEK_ZAKEN: Final = "zoek-zaken"
VERWERK: Final = "verwerk-verhuizing"
LEES_TERUG: Final = "lees-terug"
STOP_VOLGEN: Final = "stop-volgen"
ZET_STATUS: Final = "zet-status"
ZET_RESULTAAT: Final = "zet-resultaat"
SLUIT_ZAAK: Final = "sluit-zaak"
SCHORT_OP: Final = "schort-op"
HERVAT: Final = "hervat"
ZET_EINDDATUM_GEPLAND: Final = "zet-einddatum-gepland"
ZET_BEHANDELAAR: Final = "zet-behandelaar"
VERWIJDER_BEHANDELAAR: Final = "verwijder-behandelaar"
