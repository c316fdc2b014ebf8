# SPDX-License-Identifier: EUPL-1.2
"""What staff see of a supplier's verdict and of what is put before a person."""

from __future__ import annotations

from scenes import country, uuid
from webhulp import HTML, as_staff, client

AANGIFTE = "nl.wissel.verhuisaangifte."


def test_the_verdict_of_the_supplier_stands_beside_ours() -> None:
    """Both colours and whose they are; a later verdict replaces the earlier one."""
    hub = country()
    for kleur in ("groen", "rood"):
        hub.put(AANGIFTE + "oordeel-leverancier.v1", uuid(2), {"leverancier": "Leverancier X", "kleur": kleur})
    with client(hub) as web:
        as_staff(web, "behandelaar-noor")
        page = web.get(f"/werkvoorraad/{uuid(2)}", headers=HTML).text
    part = page[page.index("Oordeel van Leverancier X") :][:400]
    assert ("Rood" in part, "Groen" in part) == (True, False)
    assert "Oranje" in page


def test_what_is_put_before_a_person_is_work_with_its_reason_in_plain_words() -> None:
    """Also of a green one that was sent already: nobody has to find out by themselves."""
    hub = country()
    number = 11
    assert hub.read_model("werkvoorraad").get("emmen", uuid(number))["voorgelegd"] == []
    hub.put(AANGIFTE + "voorgelegd.v1", uuid(number), {"reden": "persoon-overleden", "pseudoniem": "p", "gebeurtenis": "g"})
    with client(hub) as web:
        as_staff(web, "behandelaar-noor")
        assert uuid(number) in web.get("/werkvoorraad", headers=HTML).text
        assert "Stuur geen brief" in web.get(f"/werkvoorraad/{uuid(number)}", headers=HTML).text
