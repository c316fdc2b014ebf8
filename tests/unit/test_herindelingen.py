# SPDX-License-Identifier: EUPL-1.2
"""Gemeenten that merged, resolved by date."""

from __future__ import annotations

import pytest

from connectors.burgerzaken.classificatie import Rij, Soort, classify
from connectors.burgerzaken.herindelingen import GEEN, Herindelingen, lees_tabel33

SAMEN = Herindelingen({"9001": ("9002", "20190101"), "9002": ("9003", "20210101")})
OUD = {"09.10": "9001", "10.30": "20150101", "11.10": "Dorpsstraat", "11.20": "1", "11.60": "9999AA", "72.10": "I"}
NIEUW = {**OUD, "09.10": "9003", "10.30": "20240501", "11.10": "Kerklaan", "11.20": "7"}


@pytest.mark.parametrize(
    ("dag", "code"),
    [("20181231", "9001"), ("20190101", "9002"), ("20201231", "9002"), ("20210101", "9003"), ("", "9003"), ("2020", "9002")],
)
def test_a_code_is_what_it_had_become_on_that_day(dag, code):
    """The first day of the new gemeente counts; a day that is unknown counts as today."""
    assert SAMEN.op("9001", dag) == code


def test_a_move_within_what_the_gemeente_became_is_within_the_gemeente():
    """Who lived in a village that merged and moves across the street has not left the gemeente."""
    assert classify(Rij(OUD), Rij(NIEUW), SAMEN).soort is Soort.BINNENGEMEENTELIJK
    assert classify(Rij(OUD), Rij(NIEUW), GEEN).soort is Soort.INTERGEMEENTELIJK


def test_before_the_merger_they_were_two_gemeenten():
    """A move of before that day stays a move between gemeenten, whenever it is looked at."""
    assert classify(Rij(OUD), Rij({**NIEUW, "10.30": "20180501"}), SAMEN).soort is Soort.INTERGEMEENTELIJK
    assert classify(Rij(OUD), Rij({**NIEUW, "10.30": "2018-05-01"}), SAMEN).soort is Soort.INTERGEMEENTELIJK


def test_a_table_that_goes_round_in_circles_ends():
    """A fault in the file must not hang the hub."""
    assert Herindelingen({"1": ("2", "20200101"), "2": ("1", "20200101")}).op("1", "") in {"1", "2"}


@pytest.mark.parametrize(("text", "says"), [("code;naam\n1;2\n", "geen kolom gemeente_code"), (None, "niet te lezen")])
def test_another_file_is_refused_with_what_to_give(tmp_path, text, says):
    """Not the wrong table, read as an empty one."""
    path = tmp_path / "tabel33.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        lees_tabel33(path)


def test_the_national_table_is_read(cases):
    """All successors of table 33; Delfzijl, Loppersum and Appingedam are Eemsdelta since 2021."""
    table = lees_tabel33(cases / "brp" / "tabel33-gemeenten.csv")
    assert len(table.opvolgers) == 1127
    assert {table.op(code, "20210101") for code in ("0003", "0010", "0024")} == {"1979"}
    assert table.op("0010", "20201231") == "0010"
