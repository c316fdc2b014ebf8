# SPDX-License-Identifier: EUPL-1.2
"""From a case message (StUF-ZKN zakLk01) to facts: what it says, what of it is new, and what must not be taken over."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hub_voor_tests import gemeente

from connectors.stufzkn.cli import stufzkn
from connectors.stufzkn.feiten import Omgeving, leid_af
from connectors.stufzkn.simulator import begin, bericht, element, groep, leeg, medewerker, persoon, status, zaak
from connectors.stufzkn.stand import Stand
from connectors.stufzkn.zaakbericht import lees
from hub.privacy import Bsn
from hub.stuf.bericht import GeenKennisgeving
from hub.xml import XmlRefused

NUMMER = "0114-2026-0001"
BSN, ANDER = "999990019", "999993653"
GEMEENTE = gemeente()
OMGEVING = Omgeving(
    gemeente="emmen",
    bron=GEMEENTE.source("zaaksysteem"),
    bronorganisatie="001120649",
    eindstatussen=frozenset({"Afgeh"}),
    pseudonym=GEMEENTE.pseudonym,
)
WIE = GEMEENTE.pseudonym(Bsn(BSN))


class Zaak:
    """One zaak told of by messages, each a second after the one before unless a moment is given."""

    def __init__(self):
        self.stand, self.aantal = Stand(), 0

    def vertel(self, *delen, soort="W", oud=(), tijdstip=None, referentie=None, nummer=NUMMER):
        """Tell that the zaak became so, and return the facts."""
        self.aantal += 1
        moment = tijdstip or f"202603121015{self.aantal:02}000"
        now = zaak(nummer, begin(), *delen)
        objecten = (zaak(nummer, begin(), *oud), now) if soort == "W" else (now,)
        body = bericht(*objecten, soort=soort, referentie=referentie or f"R{self.aantal}", tijdstip=moment)
        uitslag = leid_af(self.stand, lees(body), OMGEVING)
        self.stand = Stand.from_json(uitslag.stand.to_json())
        return list(uitslag.events)


def types(events):
    return [event.type.removeprefix("nl.overheid.zaken.").removesuffix(".v1") for event in events]


@pytest.fixture
def z():
    """A zaak that is known."""
    made = Zaak()
    made.vertel(soort="T")
    return made


def test_a_new_zaak_is_registered_with_what_the_message_says():
    """The same facts as those of ZGW, in the order in which a zaak is built up; what is personal is sealed."""
    found = Zaak().vertel(
        element("omschrijving", "Aangifte van De Wit"),
        element("uiterlijkeEinddatum", "20260407"),
        persoon("heeftAlsInitiator", BSN, "De Wit"),
        status(1, "In behandeling", "2026031110150000", toelichting=f"Bellen met {ANDER}"),
        soort="T",
    )
    assert types(found) == ["zaak-geregistreerd", "rol-toegevoegd", "status-gezet"]
    first, rol, gezet = found
    assert {event.key for event in found} == {first.data["uuid"]}
    assert first.data["zaaktypeIdentificatie"] == "B0366"
    assert (first.data["startdatum"], first.data["uiterlijkeEinddatumAfdoening"]) == ("2026-03-10", "2026-04-07")
    assert first.data["geslotenBijEersteWaarneming"] is False
    assert dict(first.besloten) == {f"zaak:{first.key}": {"omschrijving": "Aangifte van De Wit"}}
    assert (rol.data["omschrijvingGeneriek"], rol.data["betrokkene"]) == ("initiator", WIE)
    assert dict(rol.besloten) == {WIE: {"bsn": BSN, "geslachtsnaam": "De Wit"}}
    assert (gezet.data["volgnummer"], gezet.data["datumStatusGezet"]) == (1, "2026-03-11T09:15:00Z")
    assert gezet.besloten[GEMEENTE.pseudonym(Bsn(ANDER))] == {"bsn": ANDER}
    assert not any(number in str([dict(event.data) for event in found]) for number in (BSN, ANDER, "De Wit"))


def test_ids_follow_from_the_message_and_from_nothing_else():
    """Two hubs that are told the same, at other times and for the first time or again, give the same ids."""
    one, other = Zaak(), Zaak()
    told = [made.vertel(persoon("heeftAlsInitiator", BSN, "De Wit"), soort="T") for made in (one, other)]
    assert [event.id for event in told[0]] == [event.id for event in told[1]]
    assert len({event.id for event in told[0]}) == 2
    other = leid_af(Stand(), lees(bericht(zaak(NUMMER, begin()), soort="T", referentie="R2")), OMGEVING)
    assert (other.events[0].key, other.events[0].id == told[0][0].id) == (told[0][0].key, False)


def test_a_change_is_the_difference_with_what_was_told(z):
    """A message repeats what it is about: only what differs is a fact, whatever its old object says."""
    assert types(z.vertel(element("einddatumGepland", "20260401"), oud=[leeg("einddatumGepland")])) == ["zaak-bijgewerkt"]
    assert z.vertel(element("einddatumGepland", "20260401"), oud=[leeg("einddatumGepland")]) == []
    (fact,) = z.vertel(element("einddatumGepland", "20260402"), element("toelichting", "Haast"))
    assert (fact.data["gewijzigd"], fact.data["einddatumGepland"]) == (["einddatumGepland", "toelichting"], "2026-04-02")
    assert dict(fact.besloten) == {f"zaak:{fact.key}": {"toelichting": "Haast"}}
    (fact,) = z.vertel(leeg("einddatumGepland"))
    assert (fact.data["gewijzigd"], fact.data["einddatumGepland"]) == (["einddatumGepland"], None)


def test_what_may_not_be_told_is_no_change(z):
    """noValue other than geenWaarde says nothing about the value."""
    z.vertel(element("einddatumGepland", "20260401"))
    for why in ("nietGeautoriseerd", "nietOndersteund", "waardeOnbekend"):
        assert z.vertel(f'<ZKN:einddatumGepland xsi:nil="true" StUF:noValue="{why}"/>') == []


def test_a_late_message_does_not_overwrite_a_newer_one(z):
    """Messages overtake each other: by tijdstipBericht the newer one stands, and what only the late one says is taken over."""
    z.vertel(element("einddatumGepland", "20260402"), tijdstip="20260312120000000")
    late = z.vertel(element("einddatumGepland", "20260401"), element("toelichting", "Nog iets"), tijdstip="20260312110000000")
    assert [fact.data["gewijzigd"] for fact in late] == [["toelichting"]]


def test_incomplete_dates_are_not_made_up(z):
    """Of a month no day is known; a zaak that was closed in one was closed by the day of the message."""
    vague = 'StUF:indOnvolledigeDatum="D"'
    z.vertel(element("einddatumGepland", "20260402"))
    (fact,) = z.vertel(element("einddatumGepland", "20260401", vague))
    assert fact.data["einddatumGepland"] is None
    (closed,) = z.vertel(element("einddatum", "20260301", vague))
    assert (types([closed]), closed.data["einddatum"]) == (["zaak-afgesloten"], "2026-03-12")
    (fact,) = z.vertel(element("uiterlijkeEinddatum", "20260401")) and z.vertel(element("uiterlijkeEinddatum", "20260231"))
    assert fact.data["uiterlijkeEinddatumAfdoening"] is None


def test_a_status_is_told_once_and_an_older_one_is_its_own_fact(z):
    """The message that sets it has nothing in its old object; setting the next one takes none back."""
    first = status(1, "In behandeling", "2026031110150000")
    assert types(z.vertel(first, oud=[leeg("heeft")])) == ["status-gezet"]
    assert z.vertel(first, oud=[leeg("heeft")]) == []
    (second,) = z.vertel(status(2, "Wacht", "2026031210150000"), oud=[first])
    (older,) = z.vertel(status(1, "Ontvangen", "20260310"), tijdstip="20260311000000000")
    assert len({second.data["status"], older.data["status"]}) == 2
    assert older.data["datumStatusGezet"] == "2026-03-09T23:00:00Z"
    (gone,) = z.vertel(leeg("heeft"), oud=[status(2, "Wacht", "2026031210150000", soort="V")])
    assert (types([gone]), gone.data["resourceUrl"]) == (["status-verwijderd"], second.data["status"])


def test_a_zaak_closes_by_its_einddatum_or_by_a_status_named_in_the_settings():
    """Some zaaksystemen send no einddatum with the last status; a later status opens such a zaak again."""
    one, other = Zaak(), Zaak()
    assert types(one.vertel(soort="T")) == types(other.vertel(soort="T")) == ["zaak-geregistreerd"]
    last = status(3, "Afgehandeld", "2026031109000000")
    closing = [groep("resultaat", omschrijving="Verwerkt"), last, element("einddatum", "20260311")]
    found = one.vertel(*closing)
    assert types(found) == ["resultaat-gezet", "status-gezet", "zaak-afgesloten"]
    assert (found[1].data["isEindstatus"], found[2].data["einddatum"]) == (True, "2026-03-11")
    assert (one.vertel(*closing), types(one.vertel(leeg("einddatum")))) == ([], ["zaak-heropend"])
    found = other.vertel(status(3, "Afgehandeld", "2026031123300000", code="Afgeh"))
    assert (types(found), found[1].data["einddatum"]) == (["status-gezet", "zaak-afgesloten"], "2026-03-11")
    assert other.vertel(element("einddatum", "20260311")) == []
    again = Zaak()
    again.vertel(last.replace("></ZKN:code>", ">Afgeh</ZKN:code>"), soort="T")
    assert types(again.vertel(status(2, "Toch open", "2026031210000000"))) == ["status-gezet", "zaak-heropend"]


def test_a_status_named_twice_in_one_message_is_one_fact(z):
    """A fact is known by its message and what it is about: two with the same id would be one event twice."""
    first, again = (status(1, "In behandeling", "2026031110150000", toelichting=text) for text in ("eerst", "daarna"))
    (only,) = z.vertel(first, again)
    assert dict(only.besloten) == {f"zaak:{only.key}": {"statustoelichting": "daarna"}}
    assert z.vertel(first, again) == []


def test_of_statussen_of_one_moment_the_highest_volgnummer_is_the_last(z):
    """A zaaksysteem that sends only the day sets several at the same moment."""
    found = z.vertel(status(2, "Klaar", "20260312"), status(1, "In behandeling", "20260312"), element("einddatum", "20260312"))
    assert types(found) == ["status-gezet", "status-gezet", "zaak-afgesloten"]
    assert [(event.data["omschrijving"], event.data["isEindstatus"]) for event in found[:2]] == [
        ("In behandeling", False),
        ("Klaar", True),
    ]


def test_a_zaak_closed_by_a_status_stays_closed_once_its_einddatum_was_told(z):
    """The einddatum said nothing that was new, and yet it is what counts from then on; taken back, the zaak is open."""
    assert types(z.vertel(status(3, "Afgehandeld", "2026031209000000", code="Afgeh"))) == ["status-gezet", "zaak-afgesloten"]
    assert z.vertel(element("einddatum", "20260312")) == []
    assert types(z.vertel(status(4, "Nazorg", "2026031309000000"))) == ["status-gezet"]
    assert types(z.vertel(leeg("einddatum"))) == ["zaak-heropend"]


def test_rollen_come_and_go_by_the_old_and_the_new_object(z):
    """Another handler is a rol that went and one that came; who is not mentioned stays."""
    z.vertel(persoon("heeftAlsBelanghebbende", BSN, "De Wit"))
    added = z.vertel(medewerker("heeftAlsUitvoerende", "jdevries"), oud=[leeg("heeftAlsUitvoerende")])
    assert [(fact.data["betrokkene"], fact.data["omschrijvingGeneriek"]) for fact in added] == [("jdevries", "behandelaar")]
    swap = z.vertel(medewerker("heeftAlsUitvoerende", "adamas"), oud=[medewerker("heeftAlsUitvoerende", "jdevries")])
    assert types(swap) == ["rol-verwijderd", "rol-toegevoegd"]
    assert swap[0].data["resourceUrl"] == added[0].data["rol"]
    ended = medewerker("heeftAlsUitvoerende", "adamas", verwerkingssoort="E")
    assert types(z.vertel(ended, oud=[ended])) == ["rol-verwijderd"]
    assert z.vertel(leeg("heeftAlsUitvoerende"), oud=[leeg("heeftAlsUitvoerende")]) == []


def test_who_has_no_number_is_sealed_with_the_zaak(z):
    """Without a BSN nobody has a pseudonym; a name stands nowhere in the open."""
    (fact,) = z.vertel(persoon("heeftAlsInitiator", "", "De Wit"))
    assert (fact.data["betrokkene"], fact.data["betrokkeneType"]) == (None, "natuurlijk_persoon")
    assert dict(fact.besloten) == {f"zaak:{fact.key}": {"betrokkene": {"geslachtsnaam": "De Wit"}}}


def test_opschorting_verlenging_and_resultaat_have_facts_of_their_own(z):
    """With the reason sealed; a resultaat that is taken back is one as well."""
    stuck = groep("opschorting", indicatie="J", reden="Wacht op stukken")
    (fact,) = z.vertel(stuck)
    assert (types([fact]), dict(fact.besloten)) == (["zaak-opgeschort"], {f"zaak:{fact.key}": {"reden": "Wacht op stukken"}})
    assert types(z.vertel(groep("opschorting", indicatie="N"))) == ["zaak-hervat"]
    (fact,) = z.vertel(groep("verlenging", duur="14", reden="Druk"))
    assert (types([fact]), fact.data["duur"]) == (["zaak-verlengd"], "P14D")
    assert types(z.vertel(groep("resultaat", omschrijving="Verwerkt"))) == ["resultaat-gezet"]
    assert types(z.vertel(leeg("resultaat"))) == ["resultaat-verwijderd"]


def test_the_first_message_about_a_zaak_may_be_a_change():
    """The hub was connected later: the zaak begins with what old and new object say, closed when it was closed before."""
    found = Zaak().vertel(element("einddatumGepland", "20260402"), oud=[element("toelichting", "Oud")])
    assert (types(found), found[0].data["einddatumGepland"]) == (["zaak-geregistreerd"], "2026-04-02")
    assert found[0].besloten[f"zaak:{found[0].key}"] == {"toelichting": "Oud"}
    closed = element("einddatum", "20260101")
    (first, *rest) = Zaak().vertel(closed, oud=[closed])
    assert (first.data["geslotenBijEersteWaarneming"], first.data["einddatum"], rest) == (True, "2026-01-01", [])


def test_a_first_message_that_says_too_little_is_refused():
    """Without a zaaktype or a date nobody can read the zaak: the sender is told to send it whole."""
    body = bericht(zaak(NUMMER, element("startdatum", "20260310")), soort="T")
    with pytest.raises(GeenKennisgeving, match="send the zaak as a toevoeging first"):
        leid_af(Stand(), lees(body), OMGEVING)


def test_a_number_used_again_after_removal_is_another_zaak(z):
    """The identificatie is free again, the stream of the old zaak is not; late messages about that one bring nothing back."""
    old = z.stand.zaak
    (gone,) = z.vertel(soort="V", tijdstip="20260313000000000")
    assert (types([gone]), gone.key, gone.data["bewijs"]) == (["zaak-verwijderd"], old, "verwijderbericht")
    assert z.vertel(element("toelichting", "Te laat"), tijdstip="20260312230000000") == []
    (new,) = z.vertel(soort="T", tijdstip="20260314000000000")
    assert (types([new]), new.key == old) == (["zaak-geregistreerd"], False)


def test_removing_a_zaak_nobody_told_of_is_nothing():
    assert Zaak().vertel(soort="V") == []


def test_what_nobody_asked_for_is_dropped():
    """Of a person only name and number, of a zaak only what has a fact; extra elements reach no event."""
    extra = "<BG:geslachtsaanduiding>V</BG:geslachtsaanduiding><BG:geboortedatum>19760930</BG:geboortedatum>"
    more = '<StUF:extraElementen><StUF:extraElement naam="nummer">geheimpje</StUF:extraElement></StUF:extraElementen>'
    found = Zaak().vertel(persoon("heeftAlsInitiator", BSN, "De Wit", extra), more, soort="T")
    told = str([(dict(event.data), dict(event.besloten)) for event in found])
    assert ("19760930" in told, "geheimpje" in told) == (False, False)


def test_what_is_published_is_kept_without_anything_personal(z):
    """The state holds digests and moments: no name, no text, no number."""
    z.vertel(persoon("heeftAlsInitiator", BSN, "De Wit"), element("toelichting", "Haast"))
    kept = z.stand.to_json()
    assert not any(word in kept for word in (BSN, "De Wit", "Haast"))
    assert WIE in kept


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (bericht(zaak(NUMMER, begin()), soort="X"), "none of T, W, V and C"),
        (bericht(zaak(NUMMER, begin())), r"holds 2 object\(s\)"),
        (bericht(zaak(NUMMER), zaak("0114-2026-0002")), "two zaken"),
        (bericht(zaak(""), soort="T"), "identificatie of the zaak is missing"),
        (bericht(zaak("9" * 41), soort="T"), "longer than 40"),
        (bericht(zaak(NUMMER), soort="T", referentie=""), "referentienummer is missing"),
        (bericht(zaak(NUMMER), soort="T", tijdstip="gisteren"), "tijdstipBericht"),
        (bericht(zaak(NUMMER), soort="T", tijdstip="20261332"), "tijdstipBericht"),
        (bericht(zaak(NUMMER), soort="T").replace(b"zakLk01", b"creeerZaak_ZakLk01"), "only zakLk01"),
        (bericht(zaak(NUMMER), soort="T").replace(b"/zkn/0310", b"/zkn/0320"), "only zakLk01"),
    ],
)
def test_what_is_no_such_message_is_refused_without_what_is_in_it(body, says):
    """The sender reads what is wrong, and nothing of what it sent."""
    with pytest.raises(GeenKennisgeving, match=says) as caught:
        lees(body)
    assert NUMMER not in str(caught.value)


def test_a_document_type_is_refused():
    """Entities, files and addresses fetched all begin there."""
    with pytest.raises(XmlRefused):
        lees(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + bericht(zaak(NUMMER), soort="T"))


def test_a_message_of_a_supplier_is_shown_without_what_is_in_it(tmp_path):
    """Names of elements and of facts, or why it is refused; never a value."""
    file, bad = tmp_path / "bericht.xml", tmp_path / "fout.xml"
    last = status(3, "Afgehandeld", "20260311")
    file.write_bytes(bericht(zaak(NUMMER, begin(), element("toelichting", "Van De Wit"), last), soort="T"))
    bad.write_bytes(b"<a/>")
    shown = CliRunner().invoke(stufzkn, ["lees", str(file), "--eindstatus", "Afgehandeld"])
    assert (shown.exit_code, "De Wit" in shown.output, NUMMER in shown.output) == (0, False, False)
    assert "oud: leeg" in shown.output
    assert "nieuw: registratiedatum, startdatum, toelichting, zaaktype, heeft" in shown.output
    assert "zaak-geregistreerd, status-gezet, zaak-afgesloten" in shown.output
    refused = CliRunner().invoke(stufzkn, ["lees", str(bad)])
    assert (refused.exit_code, "geweigerd: only zakLk01" in refused.output) == (1, True)
