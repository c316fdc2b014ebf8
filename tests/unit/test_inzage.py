# SPDX-License-Identifier: EUPL-1.2
"""Who looked: everybody sees what was read about themselves, and nothing about anybody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nephub import EMMEN, NepHub
from scenes import ALL, country, pseudo
from webhulp import HTML, as_resident, client

from hub.events import PERSONEN
from projections.inzage import PROJECTION
from projections.inzage.apply import GERAADPLEEGD
from projections.inzage.queries import lezingen_over
from schemas import load

BRP = "nl.wissel.brp."


def lees(hub: NepHub, number: int, *, after_s: float = 0.0, gemeente: str = "emmen", **changes: Any) -> None:
    """Let the hub read somebody in the BRP."""
    data = {
        "opdrachtId": "x",
        "bron": "brp-personen",
        "doelbinding": "BRP-Verhuizing",
        "verwerking": "Burgerzaken@Verhuizing",
        "gebruikerSoort": "systeem",
        "gebruiker": "wissel",
        "velden": ["verblijfplaats", "gezag", "naam.geslachtsnaam", "naam.voornamen"],
        "zaak": None,
        **changes,
    }
    key = f"{gemeente}:{pseudo(number, hub.gemeenten[gemeente])}"
    hub.put(GERAADPLEEGD, key, data, gemeente=gemeente, topic=PERSONEN, after_s=after_s)


def test_each_person_sees_only_reads_about_themselves() -> None:
    """The declarer's partner was read too: that stands on the partner's page, not on the declarer's."""
    hub = country()
    lees(hub, 1, doelbinding="Over-mij")
    lees(hub, 2, doelbinding="Over-mijn-partner")
    lees(hub, 3, doelbinding="Over-een-bewoner")
    with client(hub) as web:
        as_resident(web, 1)
        page = web.get("/inzage").text
        assert "Over-mij" in page
        assert "Over-mijn-partner" not in page
        assert "Over-een-bewoner" not in page
    with client(hub) as web:
        as_resident(web, 2)
        page = web.get("/inzage").text
        assert ("Over-mijn-partner" in page, "Over-mij<" in page) == (True, False)


def test_staff_and_strangers_do_not_see_this_page() -> None:
    """It is the resident's own."""
    with client(country()) as web:
        assert web.get("/inzage", headers=HTML, follow_redirects=False).status_code in {302, 303, 401, 403}


def test_a_gemeente_can_hide_classes() -> None:
    """Reads for an investigation are not told (Wet BRP 3.22 lid 2 and 3); the record itself stays."""
    hub = NepHub(ALL, gemeenten={"emmen": replace(EMMEN, inzage_verborgen=frozenset({"BRP-Opsporing", "Politie@Taak"}))})
    for changes in ({}, {"doelbinding": "BRP-Opsporing"}, {"verwerking": "Politie@Taak"}):
        lees(hub, 1, **changes)
    found = lezingen_over(hub, hub.gemeenten["emmen"], pseudo(1))
    assert [lezing.doelbinding for lezing in found] == ["BRP-Verhuizing"]
    assert len(hub.read_model("inzage").get("emmen", f"emmen:{pseudo(1)}")["lezingen"]) == 3


def test_the_newest_comes_first_and_data_are_named_in_plain_words() -> None:
    """A resident does not know what verblijfplaats.verblijfadres is."""
    hub = NepHub(ALL)
    lees(hub, 1, doelbinding="Eerst")
    lees(hub, 1, doelbinding="Later", after_s=60)
    assert [lezing.doelbinding for lezing in lezingen_over(hub, EMMEN, pseudo(1))] == ["Later", "Eerst"]
    with client(hub) as web:
        as_resident(web, 1)
        page = web.get("/inzage").text
        assert "adres, gezag over kinderen, naam" in page or "gezag over kinderen, naam, adres" in page
        assert "verblijfplaats" not in page


def test_a_name_of_an_official_is_never_shown() -> None:
    """That an official looked is told, not who."""
    hub = NepHub(ALL)
    lees(hub, 1, gebruikerSoort="medewerker", gebruiker="behandelaar-noor")
    with client(hub) as web:
        as_resident(web, 1)
        page = web.get("/inzage").text
        assert ("Een medewerker van de gemeente" in page, "behandelaar-noor" in page) == (True, False)


def test_somebody_about_whom_nothing_was_read_is_told_so() -> None:
    """An empty page would leave one guessing."""
    with client(country()) as web:
        as_resident(web, 30)
        assert "geen gegevens over u gelezen" in web.get("/inzage").text


def test_the_record_of_a_read_has_a_class_of_its_own_and_holds_nothing_to_destroy() -> None:
    """Twenty years (Wet BRP 3.11), whatever happens to the declaration and what was read for it."""
    schema = load().by_type(GERAADPLEEGD)
    assert schema.bewaarklasse == "brp-raadpleging"
    assert {"doelbinding", "verwerking", "gebruikerSoort"} <= set(schema.fields)
    assert set(PROJECTION.handlers) == {GERAADPLEEGD}
