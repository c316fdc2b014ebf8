# SPDX-License-Identifier: EUPL-1.2
"""One person: zaken, decisions, flags and what the registry said, brought together by pseudonym."""

from __future__ import annotations

import pytest
from nephub import NepHub
from scenes import AANGIFTE, BASE, Move, country, pseudo, start

from hub.events import PERSONEN
from projections.klantbeeld import PROJECTION
from projections.klantbeeld.queries import klantbeeld, rollen, toestand


@pytest.fixture
def hub() -> NepHub:
    """A hub with this projection alone."""
    return NepHub([PROJECTION])


def mark(hub: NepHub, person: int, name: str, expires: str | None = None, kind: str = "aandacht") -> None:
    who = pseudo(person)
    data = {"markering": name, "soort": kind, "verloopt": expires}
    hub.put("nl.wissel.lijst.markering-gezet.v1", f"emmen:{who}", data, {who: {"reden": "geheim"}}, topic=PERSONEN)


def test_a_person_sees_every_zaak_that_names_them(hub: NepHub) -> None:
    """Declarer, mover, main resident and any other rol; latest first; nobody else's."""
    start(hub, 1)
    start(hub, 2, movers=(2, 1), declarer=2)
    Move(hub, 3).registered(startdatum="2026-03-05").read(hoofdbewoner=pseudo(1))
    other = Move(hub, 4).registered()
    data = {"rol": f"{BASE}/r", "betrokkeneType": "natuurlijk_persoon", "omschrijving": "Belanghebbende"}
    other.fact("rol-toegevoegd", {**data, "omschrijvingGeneriek": "belanghebbende", "betrokkene": pseudo(1)})
    found = klantbeeld(hub, "emmen", pseudo(1))
    roles = {row["identificatie"][-1]: rollen(row, pseudo(1)) for row in found.zaken}
    assert roles == {"1": ["aangever", "verhuizer"], "2": ["verhuizer"], "3": ["hoofdbewoner"], "4": ["Belanghebbende"]}
    assert found.zaken[0]["identificatie"].endswith("3")
    other.fact("rol-verwijderd", {"resourceUrl": f"{BASE}/r"})
    assert len(klantbeeld(hub, "emmen", pseudo(1)).zaken) == 3


def test_who_no_longer_moves_along_leaves_the_zaak(hub: NepHub) -> None:
    """A corrected declaration takes the person it no longer names out of the klantbeeld."""
    start(hub, 1, movers=(1, 2)).movers = (1,)
    Move(hub, 1, movers=(1,)).read()
    assert klantbeeld(hub, "emmen", pseudo(2)).leeg


def test_marks_count_until_they_expire_or_are_lifted(hub: NepHub) -> None:
    """The day a mark expires it still counts; the reason stays sealed in the row."""
    mark(hub, 1, "a", "2026-03-02")
    mark(hub, 1, "b", "2026-03-03")
    mark(hub, 1, "c", None, "instelling")
    assert [m["id"] for m in klantbeeld(hub, "emmen", pseudo(1)).markeringen] == ["b", "c"]
    hub.put("nl.wissel.lijst.markering-opgeheven.v1", f"emmen:{pseudo(1)}", {"markering": "b"}, topic=PERSONEN)
    assert [m["id"] for m in klantbeeld(hub, "emmen", pseudo(1)).markeringen] == ["c"]


def test_registry_changes_latest_first_and_bounded(hub: NepHub) -> None:
    """The last twenty changes are kept; moves and what is no move are told apart."""
    for day in range(1, 25):
        data = {"datum": f"2026-01-{day:02d}", "gemeenteVan": "0114", "gemeenteNaar": "0114"}
        hub.put("nl.brp.verhuisd.binnengemeentelijk.v1", f"emmen:{pseudo(1)}", data, topic=PERSONEN, system="brp")
    hub.put("nl.wissel.brp.wijziging-zonder-verhuizing.v1", f"emmen:{pseudo(1)}", {"soort": "correctie"}, topic=PERSONEN)
    found = klantbeeld(hub, "emmen", pseudo(1)).wijzigingen
    assert len(found) == 20
    assert [(c["soort"], c["verhuizing"]) for c in found[:2]] == [("correctie", False), ("binnengemeentelijk", True)]


def test_nothing_crosses_gemeenten() -> None:
    """What Zwolle knows Emmen does not find, not even by the same pseudonym."""
    hub = country(NepHub([PROJECTION]))
    (zwolle,) = {row["aangifte"] and next(iter(row["aangifte"])) for _, row in hub.read_model("klantbeeld").select("zwolle")}
    assert not klantbeeld(hub, "zwolle", zwolle).leeg
    assert klantbeeld(hub, "emmen", zwolle).leeg


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        (lambda m: None, "nieuw"),
        (lambda m: m.judged("groen"), "verwerken"),
        (lambda m: m.judged("groen", held="2026-04-01"), "wachtend"),
        (lambda m: m.judged("oranje", "x"), "oranje"),
        (lambda m: m.judged("rood", "x"), "rood"),
        (lambda m: m.judged("oranje", "x").asked("?"), "aanvulling"),
        (lambda m: m.judged("groen").done(), "afgerond"),
        (lambda m: m.fact("zaak-verwijderd", {"bewijs": "404"}), "verwijderd"),
    ],
)  # fmt: skip
def test_where_a_zaak_stands_in_one_word(hub: NepHub, tell, expected) -> None:
    """KCC answers at once: is it complete, whose turn is it, is it done."""
    tell(start(hub, 1))
    assert toestand(klantbeeld(hub, "emmen", pseudo(1)).zaken[0]) == expected


def test_decision_about_this_person_is_kept(hub: NepHub) -> None:
    """A besluit stands with who took it, when and under which reference."""
    data = {"pseudoniem": pseudo(1), "door": "sam", "besluitdatum": "2026-03-01", "besluitkenmerk": "B-1"}
    start(hub, 1).put(AANGIFTE + "niet-gevolgd.v1", data)
    row = klantbeeld(hub, "emmen", pseudo(1)).zaken[0]
    assert row["besluiten"][pseudo(1)] == ["niet-gevolgd", "sam", "2026-03-01", "B-1"]
