# SPDX-License-Identifier: EUPL-1.2
"""Whatever stands in a case message: it is read or refused, never a crash, and no number comes out in the open."""

from __future__ import annotations

from hub_voor_tests import gemeente
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.stufzkn.feiten import Omgeving, leid_af
from connectors.stufzkn.simulator import begin, bericht, element, groep, medewerker, persoon, status, zaak
from connectors.stufzkn.stand import Stand
from connectors.stufzkn.zaakbericht import lees
from hub.errors import Rejected

EMMEN = gemeente()
BSN = "999990019"
OMGEVING = Omgeving(
    gemeente="emmen", bron="urn:x", bronorganisatie="001120649", eindstatussen=frozenset({"Klaar"}), pseudonym=EMMEN.pseudonym
)
DIGITS = st.text("0123456789", max_size=18)
TEXT = st.one_of(
    st.just(BSN),
    st.just(f"over {BSN}, bel"),
    DIGITS,
    st.sampled_from(["", "J", "N", "Klaar", "00010101", "99991231", "20260229"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
)
NAMES = ("omschrijving", "toelichting", "startdatum", "einddatum", "einddatumGepland", "uiterlijkeEinddatum")
PART = st.one_of(
    st.builds(element, st.sampled_from(NAMES), TEXT),
    st.builds(lambda a, b: groep("opschorting", indicatie=a, reden=b), TEXT, TEXT),
    st.builds(lambda a, b: groep("verlenging", duur=a, reden=b), TEXT, TEXT),
    st.builds(lambda a, b: groep("resultaat", omschrijving=a, toelichting=b), TEXT, TEXT),
    st.builds(lambda a, b: groep("kenmerk", kenmerk=a, bron=b), TEXT, TEXT),
    st.builds(lambda o, g, t: status(1, o, g, toelichting=t), TEXT, TEXT, TEXT),
    st.builds(lambda n: persoon("heeftAlsInitiator", BSN, n), TEXT),
    st.builds(lambda i: medewerker("heeftAlsUitvoerende", i), TEXT),
)
PARTS = st.lists(PART, max_size=5)
MESSAGES = st.lists(st.tuples(st.sampled_from("TWVC"), PARTS, PARTS, TEXT), min_size=1, max_size=4)


def told(stand, body):
    """Return (events, state, why it was refused)."""
    try:
        uitslag = leid_af(stand, lees(body), OMGEVING)
    except Rejected as fault:
        return (), stand, str(fault)
    return uitslag.events, Stand.from_json(uitslag.stand.to_json()), ""


@settings(deadline=None, max_examples=150)
@given(MESSAGES)
def test_a_message_is_read_or_refused_and_nothing_personal_comes_out(messages):
    """Old and new object may contradict each other, dates may be none, numbers may stand anywhere."""
    stand, ids = Stand(), []
    for number, (soort, oud, nieuw, moment) in enumerate(messages):
        objects = [zaak("Z1", begin(), *oud), zaak("Z1", begin(), *nieuw)][: 2 if soort in "WC" else 1]
        tijdstip = moment if number == 3 else f"2026031210150{number}000"
        body = bericht(*objects, soort=soort, referentie=f"R{number}", tijdstip=tijdstip)
        events, stand, refused = told(stand, body)
        ids += [event.id for event in events]
        assert BSN not in str([(event.key, dict(event.data)) for event in events]) + stand.to_json() + refused
    assert len(ids) == len(set(ids))
