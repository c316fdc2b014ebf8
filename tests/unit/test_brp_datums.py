# SPDX-License-Identifier: EUPL-1.2
"""Dates of which parts are unknown, and the kinds of verblijfplaats: read as unions, and never with an exception."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.burgerzaken.model import (
    Adres,
    Buitenland,
    Datum,
    Locatie,
    Onbekend,
    lees_datum,
    lees_lo_datum,
    lees_verblijfplaats,
)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"type": "Datum", "datum": "2024-02-29", "langFormaat": "29 februari 2024"}, "2024-02-29"),
        ({"type": "JaarMaandDatum", "jaar": 2024, "maand": 2, "langFormaat": "februari 2024"}, "2024-02"),
        ({"type": "JaarDatum", "jaar": 1904, "langFormaat": "1904"}, "1904"),
        ({"type": "DatumOnbekend", "onbekend": True, "langFormaat": "onbekend"}, "onbekend"),
        ({"type": "Datum", "datum": "2023-02-29"}, "onbekend"),
        ({"type": "Datum"}, "onbekend"),
        ({"type": "JaarMaandDatum", "jaar": 2024, "maand": 13}, "onbekend"),
        ({"type": "JaarDatum", "jaar": "2024"}, "onbekend"),
    ],
)
def test_each_kind_of_date_reads_as_far_as_it_is_known(node, text):
    """An impossible date is unknown, not an error: one wrong person must not stop the others."""
    assert lees_datum(node).tekst == text


@pytest.mark.parametrize("node", [None, "2024-01-01", {}, {"type": "Iets"}, []])
def test_what_is_no_date_is_absent(node):
    """Absent and unknown are two things."""
    assert lees_datum(node) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240229", Datum(2024, 2, 29)),
        ("20240200", Datum(2024, 2)),
        ("20240000", Datum(2024)),
        ("00000000", Datum()),
        ("20230229", Datum()),
        ("2024", Datum()),
        ("", None),
    ],
)
def test_dates_of_the_logisch_ontwerp_have_zeros_for_what_is_unknown(text, expected):
    """``20240000`` is common in RvIG's test data."""
    assert lees_lo_datum(text) == expected


@given(st.integers(1, 9999), st.one_of(st.none(), st.integers(1, 12)), st.one_of(st.none(), st.integers(1, 28)))
def test_a_date_says_what_it_knows(jaar, maand, dag):
    """The text has as many parts as are known, and is a calendar date only when all are."""
    datum = Datum(jaar, maand, dag if maand else None)
    assert datum.tekst.count("-") == sum(part is not None for part in (datum.maand, datum.dag))
    assert (datum.volledig is not None) == (datum.dag is not None)
    if datum.volledig:
        assert date.fromisoformat(datum.tekst) == datum.volledig


VANAF = {"type": "Datum", "datum": "2020-05-01", "langFormaat": "1 mei 2020"}


def test_each_kind_of_verblijfplaats_is_read_as_itself():
    """The union on `type`: Adres, Locatie, VerblijfplaatsBuitenland, VerblijfplaatsOnbekend."""
    adres = lees_verblijfplaats(
        {
            "type": "Adres",
            "datumVan": VANAF,
            "functieAdres": {"code": "W", "omschrijving": "woonadres"},
            "adresseerbaarObjectIdentificatie": "0114010000000001",
            "verblijfadres": {"korteStraatnaam": "Laan", "huisnummer": 58, "postcode": "7811 aa"},
        }
    )
    assert isinstance(adres, Adres)
    assert (adres.functie, adres.huisnummer, adres.postcode, adres.nummeraanduiding) == ("W", "58", "7811AA", None)
    locatie = lees_verblijfplaats({"type": "Locatie", "verblijfadres": {"locatiebeschrijving": "Woonboot"}})
    assert locatie == Locatie(datum_van=None, functie=None, beschrijving="Woonboot")
    abroad = lees_verblijfplaats(
        {"type": "VerblijfplaatsBuitenland", "verblijfadres": {"land": {"code": "5002"}, "regel1": "Rue 1"}}
    )
    assert abroad == Buitenland(datum_van=None, land="5002", regels=("Rue 1", "", ""))
    unknown = lees_verblijfplaats({"type": "VerblijfplaatsOnbekend", "datumVan": VANAF})
    assert unknown == Onbekend(datum_van=Datum(2020, 5, 1))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
NAMES = ["datumVan", "functieAdres", "verblijfadres", "adresseerbaarObjectIdentificatie"]


@given(
    st.sampled_from(["Adres", "Locatie", "VerblijfplaatsBuitenland", "VerblijfplaatsOnbekend", "X"]), json_values, json_values
)
def test_reading_never_raises(kind, value, deeper):
    """Whatever a gateway sends, a view of it is possible."""
    node = dict.fromkeys(NAMES, value)
    lees_verblijfplaats({"type": kind, **node})
    lees_verblijfplaats({"type": kind, **node, "verblijfadres": {"huisnummer": deeper, "postcode": deeper, "land": deeper}})
    lees_datum({"type": "Datum", "datum": value})
    lees_datum({"type": "JaarMaandDatum", "jaar": value, "maand": deeper})
