# SPDX-License-Identifier: EUPL-1.2
"""Every sentence a page shows exists, is short, and says nothing in office language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scenes import country, uuid

import schemas
from hub.api import datums
from hub.api.redenen import teksten_van_redenen
from hub.api.teksten import Teksten
from hub.events import ZAKEN
from hub.flows.verhuizing.predicaten import PREDICATEN
from projections.werkvoorraad.acties import ACTIES
from projections.zaakverloop.apply import HANDLERS

KEY = re.compile(r"""\bt\(\s*'([a-z0-9_.-]+)'\s*[,)]""")
PREFIX = re.compile(r"""\bt\(\s*'([a-z0-9_.-]+)'\s*~""")
FOR_RESIDENTS = ("algemeen.", "welkom.", "mijn.", "beurt.", "stap.", "stand.", "inwoner.")
OFFICE = ("ontvangen", "geschieden", "dienen te", "middels", "derhalve", "hieromtrent", "ten behoeve", "inzake", "u dient")
LONGEST = 22


@pytest.fixture(scope="module")
def texts() -> Teksten:
    """All texts, those of the flow included."""
    return Teksten(more=teksten_van_redenen())


@pytest.fixture(scope="module")
def templates(repo: Path) -> str:
    """Every template in one text."""
    found = [*(repo / "hub" / "api" / "templates").glob("*.html"), *(repo / "projections").rglob("*.html")]
    assert len(found) >= 10
    return "\n".join(file.read_text(encoding="utf-8") for file in found)


def test_every_text_a_template_names_exists(texts: Teksten, templates: str) -> None:
    """A page never fails on a missing text."""
    assert [key for key in KEY.findall(templates) if key not in texts] == []
    keys = list(texts)
    assert [prefix for prefix in PREFIX.findall(templates) if not any(key.startswith(prefix) for key in keys)] == []


def test_every_event_on_a_timeline_has_a_sentence(texts: Teksten) -> None:
    """What is shown can be read."""
    types = {schema.type for schema in schemas.load() if schema.topic == ZAKEN} & set(HANDLERS)
    shown = {fact[2] for n in range(1, 14) for fact in (_row(n) or {}).get("gebeurtenissen", ())}
    assert shown
    silent = {"gegeven", "gezet", "vervallen", "antwoord", "ontvangst-vastgelegd", "claims-gelegd", "claims-beeindigd"}
    spoken = {t for t in types if t.split(".")[-2] not in silent or "markering" in t}
    assert [t for t in sorted(spoken | shown) if f"gebeurtenis.{t}" not in texts] == []


def _row(number: int):
    return _HUB.read_model("zaakverloop").get("emmen", uuid(number))


_HUB = country()


def test_every_step_and_action_has_its_texts(texts: Teksten) -> None:
    """Titles, explanations and dates of steps; the message after each action."""
    steps = {key.split(".")[1] for key in texts if key.startswith("stap.")}
    source = Path("projections/zaakverloop/stappen.py")
    named = set(re.findall(r'Stap\("([a-z-]+)"', (Path(__file__).parents[2] / source).read_text(encoding="utf-8")))
    assert named <= steps
    assert [f"{s}.{part}" for s in steps for part in ("titel", "uitleg", "dag") if f"stap.{s}.{part}" not in texts] == []
    assert [a.code for a in ACTIES if f"zaak.gelukt_{a.code}" not in texts] == []


def test_every_predicate_says_its_rule(texts: Teksten) -> None:
    """A decision is explained by what each predicate looks at, in words."""
    assert [p.nr for p in PREDICATEN if f"toets.{p.nr}" not in texts] == []


def test_sentences_for_residents_are_short(texts: Teksten) -> None:
    """B1: a sentence has at most 22 words."""
    text = texts.voor(None)
    long = [
        (key, sentence)
        for key in texts
        if key.startswith(FOR_RESIDENTS)
        for sentence in re.split(r"(?<=[.?!:])\s+", text(key))
        if len(sentence.split()) > LONGEST
    ]
    assert long == []


def test_residents_read_no_office_language(texts: Teksten) -> None:
    """ "Ontvangen" was read as money received; the rest is never needed."""
    text = texts.voor(None)
    found = [(key, word) for key in texts if key.startswith(FOR_RESIDENTS) for word in OFFICE if word in text(key).lower()]
    assert found == []


def test_words_that_tested_well_are_used(texts: Teksten) -> None:
    """ "Aanvraag ingediend op" and "verwachte uitslag op"."""
    text = texts.voor(None)
    assert text("mijn.ingediend") == "Aanvraag ingediend op"
    assert text("mijn.uitslag") == "Verwachte uitslag op"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("2026-03-03", "3 maart 2026"), ("2026-03", "maart 2026"), ("2026", "2026"), ("onbekend", "onbekend"), (None, "onbekend"),
     ("2026-13-01", "2026-13-01"), ("2026-03-03T10:00:00Z", "3 maart 2026"), ("<b>", "<b>"), ("", "")],
)  # fmt: skip
def test_dates_as_people_read_them(value, shown) -> None:
    """Whole, partial, unknown and impossible dates."""
    assert datums.dag(value) == shown


@pytest.mark.parametrize(
    ("at", "shown"),
    [("2026-03-29T00:59:59Z", "29 maart 2026, 01:59"), ("2026-03-29T01:00:00Z", "29 maart 2026, 03:00"),
     ("2026-10-25T00:30:00Z", "25 oktober 2026, 02:30"), ("2026-12-31T23:30:00Z", "1 januari 2027, 00:30"), ("x", "x")],
)  # fmt: skip
def test_times_are_those_of_amsterdam(at, shown) -> None:
    """Over the change to summer time, back, and at the turn of the year."""
    assert datums.dag_en_tijd(at) == shown


@pytest.mark.parametrize(("seconds", "words"), [(61, "61 seconden"), (180, "3 minuten"), (7200, "2 uur")])
def test_waiting_in_words(seconds, words) -> None:
    """How far data is behind."""
    assert datums.duur(seconds) == words
