# SPDX-License-Identifier: EUPL-1.2
"""Reasons about who declares, who moves along and what the register says about them."""

from __future__ import annotations

from typing import Final

from hub.flows.verhuizing.uitleg.basis import reden

_BEL: Final = "Bel de gemeente of maak een afspraak bij Burgerzaken."
_LEGITIMATIE: Final = "Neem uw paspoort, identiteitskaart of rijbewijs mee."

REDENEN: Final = (
    # row 1: who declares
    reden(
        "authenticatie-onbekend", "Niet bekend hoe de aangever heeft ingelogd. Stel de identiteit vast.", "Wet BRP 2.20 lid 4"
    ),
    reden(
        "aangifte-niet-digitaal", "Aangifte op papier, aan de balie of per e-mail. Controleer identiteit.", "Wet BRP 2.20 lid 4"
    ),
    reden("inlogmiddel-niet-digid", "De aangever logde in, maar niet met DigiD. Controleer wie de aangifte deed.", "Wabb 12"),
    reden("inlogniveau-onbekend", "Het DigiD-niveau is niet bekend. Controleer wie de aangifte deed."),
    reden("inlogniveau-te-laag", "De aangever logde in met een lager DigiD-niveau dan de gemeente vraagt."),
    reden("meer-initiatoren", "De zaak heeft meer dan één aangever. Zoek uit wie de aangifte deed."),
    reden("initiator-ontbreekt", "De zaak heeft geen aangever. Zoek uit wie de aangifte deed.", "Wet BRP 2.39 lid 1"),
    reden("initiator-zonder-bsn", "Van de aangever is geen burgerservicenummer bekend.", "Wabb 12"),
    reden(
        "machtiging",
        "De aangifte is met een machtiging gedaan. Controleer de machtiging.",
        "Wet BRP 2.49 lid 1 onder c",
        "Iemand deed de aangifte met een machtiging. Een medewerker controleert die. U hoeft nu niets te doen.",
    ),
    reden("naam-wijkt-af", "De naam in de aangifte is anders dan in de BRP. Controleer of het dezelfde persoon is.", "Wabb 12"),
    # row 2: age
    reden(
        "aangever-jonger-dan-16",
        "De aangever is jonger dan 16 jaar. Een ouder, voogd of verzorger moet de aangifte doen.",
        "Wet BRP 2.48",
        "U bent jonger dan 16 jaar. Vraag uw ouder, voogd of verzorger om de verhuizing door te geven.",
    ),
    reden("minderjarige-aangever-voor-anderen", "De aangever is 16 of 17 en geeft ook anderen op.", "Wet BRP 2.48, 2.49"),
    reden("geboortedatum-onvolledig", "Een geboortedatum is niet helemaal bekend. Beoordeel zelf de leeftijd.", "Wet BRP 2.48"),
    # row 3: registration
    reden(
        "overleden",
        "Een persoon in deze aangifte is volgens de BRP overleden. Neem contact op met de aangever.",
        "Wet BRP 2.39",
        f"De gegevens van iemand in uw aangifte kloppen niet met onze gegevens. {_BEL} {_LEGITIMATIE}",
    ),
    reden(
        "geemigreerd",
        "Een persoon in deze aangifte is uitgeschreven naar het buitenland. Hervestiging gaat aan de balie.",
        "Wet BRP 2.38",
        f"Iemand in uw aangifte staat ingeschreven in het buitenland. Kom dan samen langs. {_BEL} {_LEGITIMATIE}",
    ),
    reden(
        "niet-ingezetene",
        "Een persoon in deze aangifte staat in de RNI. Eerste inschrijving gaat aan de balie.",
        "Wet BRP 2.38",
        f"Iemand in uw aangifte is nog geen inwoner van Nederland. Kom dan samen langs. {_BEL} {_LEGITIMATIE}",
    ),
    reden("bijhouding-opgeschort", "De bijhouding van een persoonslijst is opgeschort (M, F of onbekend).", "Wet BRP 2.39"),
    reden(
        "registratie-onduidelijk", "Niet duidelijk of een persoon ingezetene is. Bekijk de persoonslijst.", "Wet BRP 2.38, 2.39"
    ),
    reden("persoon-niet-gevonden", "Een persoon is niet gevonden in de BRP. Controleer het burgerservicenummer.", "Wabb 12"),
    reden("gegevens-vernietigd", "Gegevens uit deze aangifte zijn vernietigd. Wissel kan de zaak niet beoordelen.", "AVG 17"),
    reden(
        "bron-niet-bereikbaar",
        "Een bron (BRP, BAG of zaaksysteem) gaf geen antwoord. Controleer zelf of probeer later opnieuw.",
    ),
    reden(
        "bron-levert-gegeven-niet",
        "De bron levert een gegeven niet bewezen. Dat het ontbreekt, zegt dus niets. Controleer zelf.",
    ),
    reden("gegevens-onvolledig", "Er ontbreekt een gegeven dat voor het oordeel nodig is. Controleer de aangifte."),
    # row 4
    reden(
        "curatele",
        "Een persoon in deze aangifte staat onder curatele. De curator doet de aangifte.",
        "Wet BRP 2.48 lid 1 onder c",
        f"Deze verhuizing kunt u niet online doorgeven. {_BEL} Is er een curator? Dan doet de curator de aangifte. "
        "Neem de beschikking van de rechter mee.",
    ),
    # row 13
    reden("persoon-in-onderzoek", "Gegevens van een persoon staan in onderzoek.", "Wet BRP 2.26"),
    reden("verblijfplaats-in-onderzoek", "Het huidige adres van een persoon staat in onderzoek.", "Wet BRP 2.26"),
    reden(
        "vastgesteld-verblijft-niet-op-adres",
        "Vastgesteld is dat een persoon niet op het geregistreerde adres woont.",
        "Wet BRP 2.26",
    ),
    # row 15
    reden("recent-verhuisd", "Een persoon verhuisde kort geleden ook al."),
    reden("vaak-verhuisd", "Een persoon verhuisde de laatste tijd vaker."),
    reden("datum-adres-onvolledig", "Niet bekend is sinds wanneer een persoon op het huidige adres woont."),
    # row 16
    reden(
        "dubbele-aangifte",
        "Dezelfde verhuizing is eerder al aangegeven in een andere zaak. Die gaat door. Deze zaak is daaraan gekoppeld.",
        "beleid",
        "Deze verhuizing is al eerder aan ons doorgegeven. Een medewerker controleert dat. U hoeft nu niets te doen.",
    ),
    reden(
        "andere-open-verhuizing",
        "Voor een verhuizer loopt nog een andere aangifte, met een ander adres of een andere datum.",
        "Awb 3:2",
        "Er loopt nog een andere verhuizing voor iemand in uw aangifte. Klopt die niet meer? Trek die dan in.",
    ),
    reden(
        "andere-zaak-geparkeerd",
        "Een andere zaak over dezelfde persoon of hetzelfde adres staat stil door een fout.",
        "Awb 3:2",
    ),
    reden("adresonderzoek-loopt", "Voor een verhuizer loopt een adresonderzoek.", "Wet BRP 2.26; Awb 3:2"),
    reden(
        "adres-ook-door-ander-aangegeven", "Een ander huishouden gaf eerder ditzelfde adres op. Die zaak gaat eerst.", "Awb 3:2"
    ),
    # row 17
    reden(
        "meerderjarig-kind-of-ouder",
        "Een meeverhuizer is een meerderjarig kind of een ouder van de aangever. Dat mag; kijk of het klopt.",
        "Wet BRP 2.49 lid 1 onder a",
    ),
    reden(
        "partner-zonder-machtiging",
        "Een meeverhuizer is partner, maar geen echtgenoot of geregistreerd partner. Er is een machtiging nodig.",
        "Wet BRP 2.49 lid 1 onder c",
        "Uw partner moet de verhuizing zelf doorgeven, of u daarvoor een brief met handtekening geven (een machtiging). "
        "Stuur die op met een kopie van het identiteitsbewijs van uw partner.",
    ),
    reden(
        "meeverhuizer-onleesbaar",
        "Van iemand die meeverhuist is het nummer of de relatie niet te lezen. Vraag na wie er meeverhuist.",
        "Wet BRP 2.49",
    ),
    reden(
        "relatie-onbekend", "Uit de BRP blijkt niet wat de aangever en een meeverhuizer van elkaar zijn.", "Wet BRP 2.48, 2.49"
    ),
    reden("meeverhuizer-woont-elders", "Een meeverhuizer woont nu niet op het adres van de aangever."),
    reden("adres-meeverhuizer-onbekend", "Niet na te gaan of een meeverhuizer nu bij de aangever woont."),
    reden("aangever-verhuist-niet-mee", "De aangever verhuist zelf niet mee.", "Wet BRP 2.48, 2.49"),
    # row 18
    reden(
        "aangever-heeft-geen-gezag",
        "De aangever heeft volgens de BRP geen gezag over een minderjarige.",
        "beleid; Wet BRP 2.48",
    ),
    reden(
        "andere-gezaghouder-blijft-achter",
        "De andere ouder met gezag blijft op het oude adres wonen. Vraag of die het weet.",
        "beleid; Wet BRP 2.48",
    ),
    reden("andere-gezaghouder-onbekend", "Niet bekend waar de andere gezaghouder woont.", "beleid; Wet BRP 2.48"),
    reden("voogdij", "Over een minderjarige is er voogdij. Controleer wie de aangifte mag doen.", "Wet BRP 2.48"),
    reden("tijdelijk-geen-gezag", "Over een minderjarige heeft tijdelijk niemand gezag.", "Wet BRP 2.48"),
    reden("gezag-niet-te-bepalen", "Het gezag over een minderjarige is niet te bepalen.", "Wet BRP 2.48"),
    reden("gezag-in-onderzoek", "Het gezag over een minderjarige staat in onderzoek.", "Wet BRP 2.26, 2.48"),
    reden("geen-gezag-bekend", "De BRP noemt geen gezag over een minderjarige.", "Wet BRP 2.48"),
    # rows 19 and 20
    reden("aangifte-door-instelling", "Het hoofd van een instelling deed de aangifte.", "Wet BRP 2.49 lid 1 onder d, 2.50"),
    reden("op-aandachtslijst", "Een persoon of het adres staat op de aandachtslijst. Bekijk de reden bij de markering."),
)
