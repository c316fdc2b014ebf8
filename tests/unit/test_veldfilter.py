# SPDX-License-Identifier: EUPL-1.2
"""What reaches the log of a person: what was asked, and what comes by itself by the standard. Nothing else."""

from __future__ import annotations

import json

import pytest
import yaml

from connectors.burgerzaken.relaties import als_bsn, gezaghouders_over, zonder_anderen
from connectors.burgerzaken.velden import (
    AUTOMATISCH,
    VELDEN_MELDER,
    automatic_fields_in,
    elements_of,
    filter_persoon,
    filter_verblijfplaats,
)
from hub.privacy import Bsn, Pseudonymizer

KIND, OUDER, ANDER = "999990421", "999993653", "999990639"
PSEUDONYM = Pseudonymizer(b"k" * 32)
IN_ONDERZOEK = {"datumIngangOnderzoek": {"type": "Datum", "datum": "2024-01-01", "langFormaat": "1 januari 2024"}}
PERSOON = {
    "aNummer": "1234567890",
    "burgerservicenummer": OUDER,
    "inOnderzoek": {"gemeenteVanInschrijving": True},
    "geheimhoudingPersoonsgegevens": True,
    "opschortingBijhouding": {"reden": {"code": "O", "omschrijving": "overlijden"}},
    "rni": [{"deelnemer": {"code": "0101"}}],
    "verificatie": {"omschrijving": "x"},
    "nationaliteiten": [{"type": "Nationaliteit", "inOnderzoek": {"type": True}}],
    "naam": {"voornamen": "Jan", "geslachtsnaam": "Bos", "voorletters": "J.", "inOnderzoek": {"voornamen": True}},
    "verblijfplaats": {
        "type": "Adres",
        "datumVan": {"type": "Datum", "datum": "2020-01-01", "langFormaat": "1 januari 2020"},
        "indicatieVastgesteldVerblijftNietOpAdres": True,
        "inOnderzoek": {"type": True, **IN_ONDERZOEK},
        "verblijfadres": {"korteStraatnaam": "Laan", "inOnderzoek": {"postcode": True}},
    },
    "partners": [{"burgerservicenummer": ANDER, "naam": {"geslachtsnaam": "Smit"}, "inOnderzoek": {"geslacht": True}}],
}


def test_everything_that_comes_by_itself_survives():
    """These five are the safety checks of a move, whatever was asked."""
    kept = filter_persoon(PERSOON, ["burgerservicenummer"])
    assert kept == {name: PERSOON[name] for name in (*AUTOMATISCH, "burgerservicenummer")}


def test_in_onderzoek_survives_at_every_level_of_what_was_asked():
    """Asking one leaf must not lose the mark that stands beside it or in a part next to it."""
    kept = filter_persoon(PERSOON, ["verblijfplaats.datumVan"])["verblijfplaats"]
    assert kept == {
        "type": "Adres",
        "datumVan": PERSOON["verblijfplaats"]["datumVan"],
        "indicatieVastgesteldVerblijftNietOpAdres": True,
        "inOnderzoek": PERSOON["verblijfplaats"]["inOnderzoek"],
        "verblijfadres": {"inOnderzoek": {"postcode": True}},
    }


def test_lists_are_filtered_item_by_item():
    """A partner keeps the number that was asked and loses the name that was not."""
    kept = filter_persoon(PERSOON, ["partners.burgerservicenummer"])
    assert kept["partners"] == [{"burgerservicenummer": ANDER, "inOnderzoek": {"geslacht": True}}]


def test_a_group_nobody_asked_for_is_gone_with_all_in_it():
    """Its very presence may say something nobody may know here (AVG 9: nationality)."""
    assert "nationaliteiten" not in filter_persoon(PERSOON, VELDEN_MELDER)


def test_an_answer_of_another_shape_is_dropped_not_passed():
    """A gateway that sends text where an object belongs gets nothing past the filter."""
    assert "naam" not in filter_persoon({"naam": "Jan Bos"}, ["naam.voornamen"])
    assert filter_persoon({"partners": ["x", {"a": 1}]}, ["partners.naam"])["partners"] == [{}]


def test_fields_that_come_by_themselves_are_never_asked():
    """Asking for one of them is a 400 by the standard."""
    assert automatic_fields_in(VELDEN_MELDER) == []
    assert automatic_fields_in(["rni", "naam.inOnderzoek", "naam"]) == ["naam.inOnderzoek", "rni"]


def test_a_history_row_keeps_its_kind_and_its_marks():
    """The kind of verblijfplaats is in `type`; without it a row cannot be read."""
    row = {**PERSOON["verblijfplaats"], "aangeverAdreshouding": {"code": "I"}}
    assert filter_verblijfplaats(row, ["datumVan"]).keys() == {
        "type",
        "datumVan",
        "inOnderzoek",
        "indicatieVastgesteldVerblijftNietOpAdres",
        "verblijfadres",
    }


def test_elements_are_counted_only_with_a_value():
    """An empty list proves nothing about what a gateway delivers."""
    found = elements_of({"partners": [], "naam": {"voornamen": "Jan"}, "kinderen": [{"burgerservicenummer": "x"}]})
    assert found == {"naam", "naam.voornamen", "kinderen", "kinderen.burgerservicenummer"}


def test_of_the_recorded_gateway_answer_only_three_elements_survive(cases):
    """iConnect answered fields nobody asked for: the doelbinding decided, not `fields` (recorded exchange)."""
    exchange = yaml.safe_load((cases / "brp/iconnect-recorded-exchange.yaml").read_text())["interactions"][0]
    fields = json.loads(exchange["request"]["body"])["fields"]
    (persoon,) = json.loads(exchange["response"]["body"]["string"])["personen"]
    assert {"aNummer", "partners", "verblijfplaats", "naam"} <= persoon.keys()
    kept = filter_persoon(persoon, fields)
    assert kept.keys() == {"burgerservicenummer", "adressering", "opschortingBijhouding"}
    assert all(kept[name] == persoon[name] for name in kept)


# ---------------------------------------------------------------------------------------- other people in a Persoon


def gezag(soort: str, **parts):
    return {"type": soort, "minderjarige": {"burgerservicenummer": KIND, "leeftijd": 7}, **parts}


def test_other_people_become_pseudonyms_without_name_or_birth():
    """A sealed element is about one person: destroying one key must not leave another's name."""
    naam = {"volledigeNaam": "Anna Smit"}
    persoon = {
        "burgerservicenummer": KIND,
        "naam": {"voornamen": "Kim"},
        "ouders": [{"burgerservicenummer": OUDER, "naam": naam, "geboorte": {}, "ouderAanduiding": "1"}],
        "gezag": [gezag("GezamenlijkOuderlijkGezag", ouders=[{"burgerservicenummer": OUDER, "naam": naam}, {"naam": naam}])],
    }
    masked = zonder_anderen(persoon, PSEUDONYM)
    ouder = PSEUDONYM(Bsn(OUDER))
    assert masked["burgerservicenummer"] == KIND
    assert masked["naam"] == {"voornamen": "Kim"}
    assert masked["ouders"] == [{"ouderAanduiding": "1", "pseudoniem": ouder}]
    assert masked["gezag"] == [
        {
            "type": "GezamenlijkOuderlijkGezag",
            "minderjarige": {"pseudoniem": PSEUDONYM(Bsn(KIND))},
            "ouders": [{"pseudoniem": ouder}, {}],
        }
    ]
    assert "Smit" not in json.dumps(masked)
    assert OUDER not in json.dumps(masked)


def test_a_relative_with_an_impossible_number_has_no_pseudonym():
    """RvIG's own test data holds one that fails the elfproef; it must not stop a move."""
    assert zonder_anderen({"partners": [{"burgerservicenummer": "999999245"}]}, PSEUDONYM) == {"partners": [{}]}
    assert als_bsn("999999245") is None
    assert als_bsn(None) is None


def nr(number: str, **parts):
    return {"burgerservicenummer": number, **parts}


@pytest.mark.parametrize(
    ("relatie", "holders"),
    [
        (gezag("GezamenlijkOuderlijkGezag", ouders=[nr(OUDER), nr(ANDER)]), [OUDER, ANDER]),
        (gezag("EenhoofdigOuderlijkGezag", ouder=nr(OUDER)), [OUDER]),
        (gezag("GezamenlijkGezag", ouder=nr(OUDER), derde=nr(ANDER, type="BekendeDerde")), [OUDER, ANDER]),
        (gezag("GezamenlijkGezag", ouder=nr(OUDER), derde={"type": "OnbekendeDerde"}), [OUDER]),
        (gezag("Voogdij", derden=[nr(ANDER)]), [ANDER]),
        (gezag("Voogdij", derden=[]), []),
        (gezag("GezagNietTeBepalen", toelichting="x"), []),
        ({"type": "EenhoofdigOuderlijkGezag", "minderjarige": nr(ANDER), "ouder": nr(OUDER)}, []),
    ],
)
def test_who_holds_gezag_over_a_minor_is_found_in_every_kind(relatie, holders):
    """A relation of somebody else's child, in which this person is the holder, is not asked about."""
    assert gezaghouders_over({"gezag": [relatie]}, Bsn(KIND)) == [Bsn(number) for number in holders]
