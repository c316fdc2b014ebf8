# SPDX-License-Identifier: EUPL-1.2
"""Reasons about the move itself, its date, and the new address."""

from __future__ import annotations

from typing import Final

from hub.flows.verhuizing.uitleg.basis import reden

_BEL: Final = "Bel de gemeente of maak een afspraak bij Burgerzaken."

REDENEN: Final = (
    # row 5: kind of move
    reden(
        "keuze-briefadres",
        "De aangever vraagt een briefadres. Dat is een eigen procedure, met een reden en toestemming.",
        "Wet BRP 2.23, 2.40-2.42",
        f"Een briefadres vraagt u apart aan. {_BEL} Neem mee: uw identiteitsbewijs, de reden waarom u geen woonadres hebt, "
        "en een brief met handtekening van de bewoner van het briefadres.",
    ),
    reden(
        "vestiging-vanuit-buitenland",
        "Een verhuizer komt uit het buitenland. Vestiging gaat aan de balie.",
        "Wet BRP 2.38",
        f"Iemand in uw aangifte komt uit het buitenland. Kom dan samen langs. {_BEL} Neem een geldig paspoort of een geldige "
        "identiteitskaart mee, en een huurcontract of koopcontract.",
    ),
    reden(
        "van-briefadres", "Een verhuizer gaat van een briefadres naar een woonadres. Kijk of het klopt.", "Wet BRP 2.23, 2.39"
    ),
    reden("huidig-adres-geen-woonadres", "Het huidige adres van een verhuizer is geen gewoon woonadres.", "Wet BRP 2.39"),
    reden(
        "verblijfplaats-onbekend", "Het huidige adres van een verhuizer staat niet in het antwoord van de BRP.", "Wet BRP 2.39"
    ),
    reden(
        "adres-in-andere-gemeente",
        "Het nieuwe adres ligt in een andere gemeente. Stuur de aangifte door.",
        "Wet BRP 2.39 lid 1; Awb 2:3",
        "Het nieuwe adres ligt in een andere gemeente. Een medewerker stuurt uw aangifte door en laat u dat weten.",
    ),
    reden("gemeente-van-adres-onbekend", "Niet bekend in welke gemeente het nieuwe adres ligt.", "Wet BRP 2.39 lid 1"),
    # rows 6 and 7: when
    reden(
        "verhuisdatum-ontbreekt",
        "De verhuisdatum ontbreekt. Vraag die na.",
        "Wet BRP 2.39 lid 2",
        "Wij weten nog niet op welke dag u verhuist. Een medewerker vraagt u daarnaar.",
    ),
    reden(
        "verhuisdatum-onbruikbaar",
        "De verhuisdatum is geen hele datum. Vraag die na.",
        "Wet BRP 2.39 lid 2",
        "Wij weten nog niet precies op welke dag u verhuist. Een medewerker vraagt u daarnaar.",
    ),
    reden("ontvangstdatum-ontbreekt", "Niet bekend op welke dag de aangifte is ontvangen.", "Wet BRP 2.39 lid 2"),
    reden(
        "te-vroeg-aangegeven",
        "De aangifte is meer dan 28 dagen voor de verhuizing gedaan.",
        "Wet BRP 2.39 lid 2",
        "U geeft de verhuizing te vroeg door. Dat kan vanaf 4 weken voor de dag dat u verhuist. Doe de aangifte dan opnieuw, "
        "of bel de gemeente.",
    ),
    reden(
        "te-laat-aangegeven",
        "De aangifte kwam na de vijfde dag. De datum van ontvangst wordt de adresdatum.",
        "Wet BRP 2.20 lid 3, 2.39 lid 2",
        "U gaf de verhuizing later dan 5 dagen na het verhuizen door. Daarom wordt de dag waarop u de aangifte deed de datum "
        "van uw nieuwe adres. Een medewerker kijkt uw aangifte na.",
    ),
    reden("herbeoordeling-wijkt-af", "Op de verhuisdatum was de uitkomst anders dan bij ontvangst. Bekijk de andere redenen."),
    # row 8: address
    reden(
        "adres-ontbreekt",
        "Het nieuwe adres ontbreekt. Vraag het na.",
        "Wet BRP 2.39 lid 1",
        "Wij weten uw nieuwe adres nog niet. Een medewerker vraagt u daarnaar.",
    ),
    reden(
        "adres-niet-gevonden",
        "Het nieuwe adres bestaat niet in de BAG.",
        "Wet BRP 2.39; Wet BAG",
        f"Wij kunnen uw nieuwe adres niet vinden. Controleer de postcode en het huisnummer. {_BEL} Neem uw identiteitsbewijs "
        "en uw huurcontract of koopcontract mee.",
    ),
    reden(
        "adres-ingetrokken",
        "De nummeraanduiding van het nieuwe adres is ingetrokken.",
        "Wet BAG",
        f"Uw nieuwe adres bestaat niet meer onder dit nummer. {_BEL} Neem uw identiteitsbewijs en uw huurcontract of "
        "koopcontract mee.",
    ),
    reden(
        "adres-meerdere-kandidaten",
        "Bij de opgegeven postcode en het nummer horen meer adressen. Vraag welk adres het is.",
        "Wet BRP 2.39 lid 1",
        "Bij uw nieuwe adres horen meer huisnummers. Een medewerker vraagt u welk adres het is.",
    ),
    reden(
        "adres-spreekt-elkaar-tegen",
        "Het opgegeven adres en de opgegeven BAG-identificatie zijn niet hetzelfde adres.",
        "Wet BAG",
    ),
    # row 9: use
    reden("object-niet-in-gebruik", "De BAG-status van het adres is niet 'in gebruik' of 'aangewezen'."),
    reden("pand-niet-in-gebruik", "Een pand van dit adres is volgens de BAG niet in gebruik, of is niet bekend."),
    reden("geen-woonfunctie", "Het adres heeft in de BAG geen woonfunctie."),
    reden("nevenadres", "Het adres is een nevenadres."),
    reden("object-in-onderzoek", "Gegevens van dit adres staan in de BAG in onderzoek."),
    reden("object-geconstateerd", "Het adres is in de BAG alleen geconstateerd."),
    # row 10: new address
    reden(
        "al-verwerkt",
        "De verhuizing staat al zo in de BRP, met dezelfde datum.",
        "Wet BRP 2.39",
        "Deze verhuizing staat al in onze gegevens. Een medewerker rondt uw aangifte af. U hoeft niets te doen.",
    ),
    reden(
        "adres-ongewijzigd",
        "Een verhuizer woont volgens de BRP al op dit adres.",
        "Wet BRP 2.39",
        "Volgens onze gegevens woont iemand in uw aangifte al op dit adres. Een medewerker kijkt dat na.",
    ),
    # rows 11, 12 and 14: who lives there
    reden("te-veel-bewoners", "Na de verhuizing wonen er meer mensen dan het risicoprofiel toelaat."),
    reden("te-weinig-ruimte", "Na de verhuizing is er per bewoner minder ruimte dan het risicoprofiel vraagt."),
    reden("oppervlakte-onbekend", "De oppervlakte van het adres is niet bekend (leeg, 1 of 999999)."),
    reden("veel-bewoners", "Op het adres staan zo veel mensen dat de bron geen lijst geeft."),
    reden("mogelijke-bewoners", "Van sommige mensen is niet zeker of zij nu op het adres wonen."),
    reden(
        "functie-adres-onleesbaar",
        "Opgegeven is iets anders dan woonadres of briefadres. Vraag na wat de verhuizer bedoelt.",
        "Wet BRP 2.38, 2.39",
    ),
    reden(
        "inwonend-onbekend",
        "Er wonen mensen op het adres en niet bekend is of de verhuizer bij hen intrekt.",
        "beleid",
        "Wij willen weten of u bij iemand gaat wonen. Een medewerker vraagt u daarnaar.",
    ),
    reden(
        "vorige-bewoner-nog-ingeschreven",
        "Een vorige bewoner staat nog ingeschreven en gaf geen vertrek door. Overweeg een adresonderzoek.",
        "beleid; Wet BRP 2.20",
    ),
    reden(
        "toestemming-ontbreekt",
        "De verhuizer gaat inwonen en er is geen toestemming van een bewoner. Toestemming is bewijs, geen eis van de wet.",
        "beleid; Wet BRP 2.20",
        "U gaat bij iemand wonen. Wij vragen een bewoner van dat adres om dat te bevestigen. U kunt ook een brief met "
        "handtekening en een kopie van het identiteitsbewijs van de bewoner opsturen.",
    ),
    reden(
        "toestemming-geweigerd",
        "De bewoner bevestigt het inwonen niet. Zoek uit of de verhuizer er feitelijk woont.",
        "beleid; Wet BRP 2.20",
    ),
    reden(
        "toestemming-ingetrokken",
        "De bewoner trok de toestemming in. Zoek uit of de verhuizer er feitelijk woont.",
        "beleid; Wet BRP 2.20",
    ),
    reden("toestemming-niet-van-bewoner", "Wie toestemming gaf, staat niet als bewoner op dit adres.", "beleid; Wet BRP 2.20"),
    reden("toestemming-niet-van-volwassene", "Wie toestemming gaf, is niet zeker 18 jaar of ouder."),
    reden("hoofdbewoner-onbekend", "Niet bekend wie toestemming gaf, of diens gegevens ontbreken.", "beleid; Wet BRP 2.20"),
    reden("adres-in-onderzoek", "Bij een bewoner van dit adres staat het adres in onderzoek.", "Wet BRP 2.26"),
    # row 19
    reden("adres-is-instelling", "Het adres is een instelling.", "Wet BRP 2.49, 2.50"),
    reden("adres-is-massa-adres", "Het adres staat op de lijst van massa-adressen."),
)
