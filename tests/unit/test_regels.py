# SPDX-License-Identifier: EUPL-1.2
"""The decision: red first, then green needs all, else orange; and the profile it is made under."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from bouwstenen import A, B, adres_kandidaat, invoer, persoon, profiel, verhuizer
from pydantic import ValidationError

from hub.flows.verhuizing import predicaten
from hub.flows.verhuizing.predicaten import PREDICATEN
from hub.flows.verhuizing.regels import beoordeel
from hub.flows.verhuizing.uitleg import ALGEMEEN, REDENEN, uitleg

GEEN_REDENEN = {"niet-getoetst", "massa-adres", "vorige-bewoner"}  # an outcome, a kind of mark, what is waited for


def test_there_are_21_predicates_in_order_each_with_its_source() -> None:
    """A docstring with the rule and where it comes from."""
    assert [predicaat.nr for predicaat in PREDICATEN] == list(range(1, 22))
    for predicaat in PREDICATEN:
        tekst = inspect.getdoc(predicaat.toets) or ""
        assert "Source:" in tekst, predicaat.naam
        assert predicaat.grondslag
        assert predicaat.toets.__name__.startswith(f"p{predicaat.nr:02}_")


def test_green_needs_every_predicate() -> None:
    """The plain move."""
    besluit = beoordeel(invoer())
    assert (besluit.kleur, besluit.redenen) == ("groen", ())


def test_red_goes_before_orange_and_all_reasons_are_told() -> None:
    """The resident reads everything at once."""
    i = invoer(kandidaten=[adres_kandidaat(nevenadres=True, inonderzoek=True)], functieAdres="B", authenticatie=None)
    besluit = beoordeel(i)
    assert besluit.kleur == "rood"
    assert besluit.redenen == ("authenticatie-onbekend", "keuze-briefadres", "object-in-onderzoek")


def test_orange_is_not_held_for_a_date() -> None:
    """A person can look at once."""
    besluit = beoordeel(invoer(verhuisdatum="2026-09-20", authenticatie=None))
    assert (besluit.kleur, besluit.aangehouden_tot) == ("oranje", None)


def test_reasons_about_one_mover_stay_with_that_mover() -> None:
    """An official decides per mover; a reason about the whole declaration counts for each."""
    i = invoer(
        personen={A: persoon(A), B: persoon(B, indicatieCurateleRegister=True)},
        verhuizers=[verhuizer(A), verhuizer(B, "P")],
        authenticatie=None,
    )
    per = {p.pseudoniem: (p.kleur, p.redenen) for p in beoordeel(i).per_verhuizer}
    assert per[A] == ("oranje", ("authenticatie-onbekend",))
    assert per[B] == ("rood", ("authenticatie-onbekend", "curatele", "partner-zonder-machtiging"))


@pytest.mark.parametrize("wat", ["adres", "kandidaat", "personen", "bewoning", "zaken"])
def test_a_missing_input_is_never_green(wat: str) -> None:
    """Even when no row would say so."""
    i = invoer()
    setattr(i, wat, None)
    assert beoordeel(i).kleur != "groen"


def test_the_safety_net_is_a_reason_of_its_own() -> None:
    """No zaken were looked for and nothing else is the matter."""
    i = invoer()
    i.zaken = None
    assert beoordeel(i).redenen == ("gegevens-onvolledig",)


def test_a_second_look_that_is_as_green_as_the_first_adds_nothing() -> None:
    """Only a difference is a reason."""
    i = invoer(verhuisdatum="2026-09-10", datum_bereikt=True)
    assert beoordeel(i, was_aangehouden=True).redenen == ()


def test_every_reason_a_predicate_can_give_is_explained() -> None:
    """For the official, and for the resident; general where others or a list are involved."""
    map_predicaten = Path(predicaten.__file__).parent
    for bestand in (*map_predicaten.glob("*.py"), map_predicaten.parent / "regels.py"):
        teksten = {k.value for k in ast.walk(ast.parse(bestand.read_text("utf-8"))) if isinstance(k, ast.Constant)}
        kebab = {t for t in teksten if isinstance(t, str) and re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", t)}
        assert kebab - GEEN_REDENEN <= set(REDENEN), bestand.name


@pytest.mark.parametrize(
    "code", ["op-aandachtslijst", "adres-is-massa-adres", "vorige-bewoner-nog-ingeschreven", "adresonderzoek-loopt"]
)
def test_a_resident_does_not_read_about_lists_or_other_people(code: str) -> None:
    """The watch list never shows on a resident's page."""
    assert REDENEN[code].tekst_inwoner == ALGEMEEN


def test_a_code_of_another_version_is_explained_in_general() -> None:
    """Never an error on a page."""
    assert uitleg("iets-van-later").tekst_inwoner == ALGEMEEN


def test_red_says_what_to_do() -> None:
    """Contact first."""
    rood = ["curatele", "overleden", "geemigreerd", "niet-ingezetene", "vestiging-vanuit-buitenland", "keuze-briefadres"]
    assert all("Bel de gemeente" in REDENEN[code].tekst_inwoner for code in rood)
    anders = ["aangever-jonger-dan-16", "te-vroeg-aangegeven", "adres-niet-gevonden", "adres-ingetrokken"]
    assert all(REDENEN[code].tekst_inwoner != ALGEMEEN for code in anders)


def test_a_profile_needs_two_people() -> None:
    """Four eyes."""
    with pytest.raises(ValidationError, match="vier ogen"):
        profiel(tweede_persoon=" a. DE boer ")


@pytest.mark.parametrize("fout", [{"max_bewoner": 3}, {"steekproef": 2}, {"modus": "aan"}, {"auteur": ""}])
def test_a_wrong_profile_is_refused(fout: dict) -> None:
    """An unknown key too."""
    with pytest.raises(ValidationError):
        profiel(**fout)
