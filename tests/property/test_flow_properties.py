# SPDX-License-Identifier: EUPL-1.2
"""What holds for any order of facts and any nonsense in them."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from bouwstenen import (
    A,
    B,
    Bronnen,
    C,
    D,
    Fact,
    Rit,
    Wereld,
    adres_kandidaat,
    adres_opgehaald,
    bewoning_opgehaald,
    context,
    gelezen,
    geregistreerd,
    gezin,
    niet_beschikbaar,
    personen_opgehaald,
    persoon,
    status_gezet,
    verblijfplaats,
    verhuisd,
    verhuizer,
    zaken_gevonden,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.flows import verhuizing
from hub.flows.verhuizing import namen
from hub.flows.verhuizing.uitleg import REDENEN

VEEL = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MOVERS = [verhuizer(A), verhuizer(B, "P"), verhuizer(C, "G")]


def laatste(rit: Rit) -> tuple[Any, ...] | None:
    """The last decision, without where and when."""
    b = rit.staat.beoordeling
    return b and b.inhoud


ONZIN: list[Any] = [
    None,
    True,
    -1,
    10**20,
    1.5,
    "",
    "x",
    "\ud800",
    "9999-99-99",
    A,
    [],
    [None],
    {},
    {"type": "Datum"},
    {"jaar": 0},
]


def vermink(waarde: Any, kans: Random) -> Any:
    """A JSON value in which elements are missing, replaced by nonsense, or left as they are."""
    if kans.random() < 0.08:
        return kans.choice(ONZIN)
    if isinstance(waarde, dict):
        return {sleutel: vermink(deel, kans) for sleutel, deel in waarde.items() if kans.random() > 0.08}
    return [vermink(deel, kans) for deel in waarde] if isinstance(waarde, list) else waarde


@VEEL
@given(
    volgorde=st.permutations(["personen", "bewoning", "zaken", "status", "zaak"]), oranje=st.booleans(), bewoond=st.booleans()
)
def test_the_order_of_independent_facts_does_not_change_the_last_decision(
    volgorde: list[str], *, oranje: bool, bewoond: bool
) -> None:
    """Sources answer when they answer."""
    rit = _tot_de_vragen(oranje=oranje)
    bewoners = [D] if bewoond else []
    antwoorden = {
        "personen": lambda: personen_opgehaald(gezin(), opdracht=rit.open("haal-personen")[0]),
        "bewoning": lambda: bewoning_opgehaald(*bewoners, opdracht=rit.open("haal-bewoning")[0]),
        "zaken": lambda: zaken_gevonden(opdracht=rit.open("zoek-zaken")[0]),
        "status": status_gezet,
        "zaak": geregistreerd,
    }
    for wat in volgorde:
        rit.geef(antwoorden[wat]())
        _beantwoord_claims(rit)
    assert laatste(rit) == _recht_toe_recht_aan(oranje=oranje, bewoners=bewoners)


def _tot_de_vragen(*, oranje: bool) -> Rit:
    rit = Rit().geef(gelezen(verhuizers=MOVERS, **({"authenticatie": None} if oranje else {})))
    rit.geef(adres_opgehaald(adres_kandidaat(), opdracht=rit.open("haal-adres")[0]))
    _beantwoord_claims(rit)
    return rit


def _beantwoord_claims(rit: Rit) -> None:
    feiten, rit.buiten = rit.buiten, []
    for feit, _ in feiten:
        if feit.type == namen.CLAIM_GELEGD:
            claim = {**feit.data, "geparkeerd": False}
            rit.geef(Fact(namen.CLAIM_ANTWOORD, {"sleutel": feit.key, "claims": [claim], "markeringen": []}))


def _recht_toe_recht_aan(*, oranje: bool, bewoners: list[str]) -> tuple[Any, ...] | None:
    rit = _tot_de_vragen(oranje=oranje)
    rit.geef(personen_opgehaald(gezin(), opdracht=rit.open("haal-personen")[0]))
    rit.geef(bewoning_opgehaald(*bewoners, opdracht=rit.open("haal-bewoning")[0]))
    rit.geef(zaken_gevonden(opdracht=rit.open("zoek-zaken")[0]))
    _beantwoord_claims(rit)
    return laatste(rit)


@VEEL
@given(zaad=st.integers(0, 2**32))
def test_no_mutilated_person_makes_the_flow_raise_or_go_silent(zaad: int) -> None:
    """Partial dates, unions, unknowns, nonsense: there is always a decision, with reasons that are explained."""
    kans = Random(zaad)
    personen = {wie: vermink(json, kans) for wie, json in gezin().items()}
    besloten = {wie: json if isinstance(json, dict) else {} for wie, json in personen.items()}
    wereld = Wereld(Bronnen(personen=besloten))
    rit = wereld.geef(gelezen(verhuizers=MOVERS))
    assert rit.staat.beoordeling is not None
    assert set(rit.staat.redenen) <= set(REDENEN)


@VEEL
@given(zaad=st.integers(0, 2**32), verhuisdatum=st.sampled_from(["2026-09-10", "2026-09-01", "2026-02-30"]))
def test_no_mutilated_declaration_or_address_makes_the_flow_raise(zaad: int, verhuisdatum: str) -> None:
    """Everything in the stream may be nonsense, also what was instructed and answered."""
    rit, kans = Rit(), Random(zaad)
    eerst = gelezen(verhuizers=MOVERS, verhuisdatum=verhuisdatum)
    opdracht = "op-1"
    facts = [
        geregistreerd(),
        eerst,
        Fact(namen.OPDRACHT_GEGEVEN, {"opdrachtId": opdracht, "soort": "haal-adres", "stap": "haal-adres#1", "openbaar": "{"}),
        adres_opgehaald(adres_kandidaat(), opdracht=opdracht),
        personen_opgehaald({A: persoon(A)}, opdracht=opdracht),
        bewoning_opgehaald(D, opdracht=opdracht),
        zaken_gevonden({A: []}, opdracht=opdracht),
        niet_beschikbaar("adres", opdracht=opdracht),
        verhuisd(A),
        *(Fact(soort, {"sleutel": f"emmen:{A}", "pseudoniem": A, "naam": "x", "vervalt": "x"}) for soort in alle_typen()),
    ]
    kans.shuffle(facts)
    for fact in facts:
        kapot = {sleutel: vermink(deel, kans) for sleutel, deel in fact.data.items()}
        rit.geef(replace(fact, data=kapot), beslis=False)
        rit.flow.decide(rit.staat)


def alle_typen() -> list[str]:
    """Every event type the flow folds."""
    from hub.flows.verhuizing.evolve import HANDLERS

    return sorted(HANDLERS)


@VEEL
@given(
    gebeurtenissen=st.lists(
        st.sampled_from(["gelezen", "toekomst", "oranje", "zonder B", "verhuisd", "sluit", "heropen", "termijn", "bewoner"]),
        max_size=8,
    )
)
def test_any_course_of_events_folds_twice_to_the_same_and_comes_to_rest(gebeurtenissen: list[str]) -> None:
    """A refold decides nothing twice; at most one instruction to the registry ever leaves; claims match the zaak."""
    wereld = Wereld(Bronnen(personen={**gezin(), D: persoon(D, verblijfplaats=verblijfplaats())}))
    rit = wereld.geef(gelezen(verhuizers=MOVERS))
    for wat in gebeurtenissen:
        _gebeurt(wereld, rit, wat)
    staat = verhuizing.FLOW.begin(context())
    for event in [e for e in rit.log for _ in (1, 2)]:
        staat = verhuizing.FLOW.evolve(staat, event)
    assert staat == rit.staat
    assert list(verhuizing.FLOW.decide(staat)) == []
    assert rit.soorten().count("verwerk-verhuizing") <= 1
    gehouden = {sleutel for sleutel, p in wereld.personen.items() if p.staat.claims}
    assert gehouden == set(staat.claims)


def _gebeurt(wereld: Wereld, rit: Rit, wat: str) -> None:
    if wat == "termijn":
        if rit.termijnen:
            rit.verstrijk(min(rit.termijnen, key=lambda naam: rit.termijnen[naam]))
            wereld.draai()
    elif wat == "bewoner":
        wereld.bronnen.bewoners = [] if wereld.bronnen.bewoners else [D]
        wereld.meld(A, verhuisd(A, van=f"2026-09-{len(rit.log) % 28 + 1:02}", naar="0114010000000077"))
    elif wat == "verhuisd":
        wereld.meld(A, verhuisd(A))
    else:
        facts = {
            "gelezen": gelezen(verhuizers=MOVERS),
            "toekomst": gelezen(verhuizers=MOVERS, verhuisdatum="2026-09-10"),
            "oranje": gelezen(verhuizers=MOVERS, authenticatie=None),
            "zonder B": gelezen(verhuizers=[MOVERS[0], MOVERS[2]], authenticatie=None),
            "sluit": Fact(namen.ZAAK_AFGESLOTEN, {"einddatum": "2026-09-02"}),
            "heropen": Fact(namen.ZAAK_HEROPEND),
        }
        wereld.geef(facts[wat])
