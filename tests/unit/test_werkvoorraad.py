# SPDX-License-Identifier: EUPL-1.2
"""The work stock: what counts as work, by when, and finding it."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest
from nephub import NepHub
from scenes import AANGIFTE, Move, country, pseudo, start, uuid

from hub import zaakfeiten
from hub.errors import Invalid, NotFound
from projections.werkvoorraad import PROJECTION
from projections.werkvoorraad.apply import COLUMNS, redenen, werk
from projections.werkvoorraad.pages import urgency
from projections.werkvoorraad.queries import Vraag, _decode, voorraad, werkrij


@pytest.fixture
def hub() -> NepHub:
    """A hub with this projection alone."""
    return NepHub([PROJECTION])


def row_of(hub: NepHub, number: int = 1):
    return werkrij(hub, "emmen", uuid(number))


def numbers(hub: NepHub, gemeente: str = "emmen", **asked) -> list[int]:
    return [int(row["uuid"][-12:]) for row in voorraad(hub, gemeente, Vraag(**asked)).rijen]


def test_stock_holds_all_open_work_red_and_sample_included() -> None:
    """Red stays in the stock until somebody handled it, a sample is work, what waits for its date is not."""
    hub = country()
    assert sorted(numbers(hub)) == [2, 3, 5, 6, 8, 12]
    assert numbers(hub, wachtend=True) == [4]
    page = voorraad(hub, "emmen", Vraag())
    assert (dict(page.aantallen), page.wachtend) == ({"groen": 1, "oranje": 3, "rood": 2}, 1)


def test_no_query_crosses_gemeenten() -> None:
    """Each gemeente sees its own stock only."""
    hub = country()
    assert numbers(hub, "zwolle") == [20]
    with pytest.raises(NotFound):
        werkrij(hub, "zwolle", uuid(2))


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        (lambda m: None, None),
        (lambda m: m.judged("groen"), None),
        (lambda m: m.judged("groen", sample=True), "open"),
        (lambda m: m.judged("groen", mode="schaduw"), "open"),
        (lambda m: m.judged("groen", held="2026-04-01"), "wachtend"),
        (lambda m: m.judged("oranje", "x", held="2026-04-01"), "open"),
        (lambda m: m.judged("rood", "x"), "open"),
        (lambda m: m.put(AANGIFTE + "niet-beoordeeld.v1", {"reden": "modus-uit"}), "open"),
        (lambda m: m.put(AANGIFTE + "niet-beoordeeld.v1", {"reden": "gesloten-bij-eerste-waarneming"}), None),
        (lambda m: m.judged("oranje", "x").done(), None),
        (lambda m: m.judged("rood", "x").put(AANGIFTE + "ingetrokken.v1", {"reden": "r"}), None),
        (lambda m: m.judged("rood", "x").fact("zaak-verwijderd", {"bewijs": "404"}), None),
        (lambda m: m.judged("rood", "x").fact("zaak-afgesloten", {"einddatum": "2026-03-03"}), None),
    ],
)  # fmt: skip
def test_what_counts_as_work(hub: NepHub, tell, expected) -> None:
    """Work is what a person must look at now: nothing else, and nothing less."""
    tell(start(hub, 1))
    assert werk(row_of(hub)) == expected


def test_decided_for_every_mover_is_no_work_any_more(hub: NepHub) -> None:
    """As long as one mover is open the zaak stays in the stock; reopened, it comes back."""
    move = start(hub, 1, movers=(1, 2)).judged("oranje", "x")
    move.put(AANGIFTE + "goedgekeurd.v1", {"pseudoniem": pseudo(1), "door": "a", "toelichting": None})
    assert werk(row_of(hub)) == "open"
    move.put(
        AANGIFTE + "niet-gevolgd.v1",
        {"pseudoniem": pseudo(2), "door": "a", "besluitdatum": "2026-03-03", "besluitkenmerk": "k"},
    )
    assert werk(row_of(hub)) is None
    move.fact("zaak-heropend", {})
    assert werk(row_of(hub)) == "open"


def test_an_opdracht_that_failed_for_good_is_work(hub: NepHub) -> None:
    """A green zaak that could not be processed needs a person, until the opdracht was carried out after all."""
    move = start(hub, 1).judged("groen")
    failed = {"opdrachtId": "o7", "soort": "verwerk-verhuizing", "stap": "s", "reden": "r", "uitleg": "u"}
    move.put("nl.wissel.opdracht.mislukt.v1", {**failed, "definitief": False})
    assert werk(row_of(hub)) is None
    move.put("nl.wissel.opdracht.mislukt.v1", {**failed, "definitief": True})
    assert werk(row_of(hub)) == "open"
    assert redenen(row_of(hub)) == ["opdracht-mislukt"]
    move.put(
        "nl.wissel.opdracht.uitgevoerd.v1", {"opdrachtId": "o7", "soort": "verwerk-verhuizing", "stap": "s", "uitkomst": "{}"}
    )
    assert werk(row_of(hub)) is None


def test_columns_are_empty_while_it_is_no_work(hub: NepHub) -> None:
    """A zaak that runs through by itself never moves an index entry."""
    start(hub, 1).judged("groen").done()
    assert {name: reader(row_of(hub)) for name, (_, reader) in COLUMNS.items()} == dict.fromkeys(COLUMNS)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"kleur": "rood"}, [3, 12]),
        ({"kleur": "groen"}, [6]),
        ({"reden": "curatele"}, [12]),
        ({"reden": "steekproef"}, [6]),
        ({"reden": "te-laat"}, []),
        ({"behandelaar": "behandelaar-noor"}, [8]),
        ({"behandelaar": "geen", "kleur": "oranje"}, [2, 5]),
        ({"team": "Burgerzaken"}, [8]),
        ({"team": "' OR 1=1 --"}, []),
    ],
)
def test_filter(asked, expected) -> None:
    """Each filter finds exactly what it names."""
    assert sorted(numbers(country(), **asked)) == expected


@pytest.mark.parametrize("sort", ["streefdatum", "-streefdatum", "fataleDatum", "-ontvangst"])
def test_pages_together_are_the_stock_each_zaak_once(hub: NepHub, sort: str) -> None:
    """Going from page to page by cursor shows everything once, equal and missing dates included."""
    for number in range(1, 24):
        planned = None if number % 5 == 0 else f"2026-03-{10 + number % 4:02d}"
        Move(hub, number).registered(einddatumGepland=planned, uiterlijkeEinddatumAfdoening=planned).read().judged(
            "oranje", "x"
        )
    seen, cursor = [], None
    while True:
        page = voorraad(hub, "emmen", Vraag(sort=sort, cursor=cursor, limit=4))
        seen += [row["uuid"] for row in page.rijen]
        cursor = page.volgende
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 23
    assert seen == [row["uuid"] for row in voorraad(hub, "emmen", Vraag(sort=sort, limit=100)).rijen]


DIEP = base64.urlsafe_b64encode(b"[" * 30_000).decode()


@pytest.mark.parametrize("cursor", ["x", "", "WyJhIiwgImIiXQ", "bnVsbA", "e30", "é", "WzEsIDJd", "=" * 9, DIEP])
def test_a_foreign_cursor_is_refused(hub: NepHub, cursor: str) -> None:
    """A cursor that is not ours is 400, never another answer or a fault."""
    if cursor:
        with pytest.raises(Invalid):
            voorraad(hub, "emmen", Vraag(cursor=cursor))


def test_a_cursor_brings_nothing_that_no_store_can_carry() -> None:
    """It comes from outside, whatever it looks like."""
    cursor = base64.urlsafe_b64encode(json.dumps(["2026\0", uuid(1)]).encode()).decode()
    assert _decode(cursor) == ("2026", uuid(1))


def test_everything_wrong_is_named_at_once(hub: NepHub) -> None:
    """Who asks wrongly learns all of it in one answer."""
    with pytest.raises(Invalid) as caught:
        voorraad(hub, "emmen", Vraag(kleur="paars", sort="naam", limit=0, reden="%"))
    assert [field for field, _ in caught.value.problems] == ["kleur", "reden", "sort", "limit"]


@pytest.mark.parametrize(
    ("fatal", "suspended", "expected"),
    [("2026-03-02", False, "te_laat"), ("2026-03-03", False, "bijna"), ("2026-03-06", False, "bijna"),
     ("2026-03-07", False, None), ("2026-03-02", True, None), (None, False, None)],
)  # fmt: skip
def test_urgency(fatal, suspended, expected) -> None:
    """The last day is not too late, the day after is; a clock that stands still is never urgent."""
    assert urgency({"fataal": fatal, "opgeschort": suspended}, date(2026, 3, 3)) == expected


@pytest.mark.parametrize(
    ("start_date", "duration", "expected"),
    [("2026-03-02", "P28D", "2026-03-30"), ("2026-01-31", "P1M", "2026-02-28"), ("2024-02-29", "P1Y", "2025-02-28"),
     ("2026-03-02", "P8W", "2026-04-27"), ("2026-12-31", "P2M", "2027-02-28"), ("2026-03-02", "P1Y2M3D", "2027-05-05"),
     ("2026-03-02", None, None), ("2026-03-02", "P", None), ("onbekend", "P1D", None), ("9999-12-31", "P1D", None)],
)  # fmt: skip
def test_last_day_follows_from_the_doorlooptijd(start_date, duration, expected) -> None:
    """ISO 8601 durations of a zaaktype, month ends and impossible values included."""
    assert zaakfeiten.add_duration(start_date, duration) == expected


@pytest.mark.parametrize(
    ("expires", "expected"),
    [("2026-03-30T22:00:00Z", "2026-03-30"), ("2026-03-30T21:59:59Z", "2026-03-30"), ("2026-03-31T08:00:00Z", "2026-03-31"),
     ("x", None)],
)  # fmt: skip
def test_term_of_the_flow_gives_the_last_day(hub: NepHub, expires, expected) -> None:
    """A term that expires at midnight in Amsterdam has the day before as its last."""
    move = start(hub, 1)
    move.put("nl.wissel.termijn.gezet.v1", {"termijn": "t", "naam": "fataal", "vervalt": expires, "wachtOpBron": False})
    assert row_of(hub)["fataal"] == expected


def test_changes_of_dates_in_the_zaaksysteem_are_followed(hub: NepHub) -> None:
    """Only the fields a change names are taken over: null means taken away, absent means unchanged."""
    move = start(hub, 1)
    same = {"einddatumGepland": None, "uiterlijkeEinddatumAfdoening": None}
    move.fact("zaak-bijgewerkt", {"gewijzigd": ["toelichting"], **same})
    assert row_of(hub)["streef"] == "2026-03-09"
    move.fact("zaak-bijgewerkt", {"gewijzigd": ["einddatumGepland"], **same})
    assert row_of(hub)["streef"] is None
