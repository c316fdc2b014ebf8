# SPDX-License-Identifier: EUPL-1.2
"""The burgerzaken connector against a simulated registry, over real HTTP and on real files."""

from __future__ import annotations

import asyncio
import json
from datetime import date

import pytest
from burgerzaken_wereld import DATUM, ZAAK, meeverhuizers, settings, wereld
from click.testing import CliRunner

from connectors.burgerzaken import CONNECTOR
from connectors.burgerzaken.cli import burgerzaken
from connectors.burgerzaken.http import BronWeigert
from connectors.burgerzaken.opdracht_verhuizing import NummerOntbreekt
from connectors.burgerzaken.wijzigingen import Wijzigingenlezer, first_asked_day
from hub.errors import Refused, SchemaViolation, SourceUnavailable
from hub.events import outcome_id

GERAADPLEEGD = "nl.wissel.brp.geraadpleegd.v1"
PERSONEN = "nl.wissel.gegevens.personen-opgehaald.v1"


@pytest.fixture
def w(tmp_path):
    """A world of 4,000 people, everything offered."""
    with wereld(tmp_path) as world:
        yield world


# ---------------------------------------------------------------------------------------------------------- haal-adres


TEKST = ("straat", "huisnummer", "huisletter", "huisnummertoevoeging", "postcode", "woonplaats")


def haal_adres(w, adres, naam="", **open_):
    text = {name: adres[name] for name in TEKST}
    gegevens = {"nieuwAdresBagId": None, "nieuwAdresNummeraanduiding": None, **open_}
    (event,) = w.doe("haal-adres", gegevens, {f"zaak:{ZAAK}": {"adres": text}}, naam=naam)
    return event, json.loads(event.data["kandidaten"])


def test_an_address_is_found_by_postcode_and_number(w):
    """One candidate, with what stands there; its text sealed, its identifications open."""
    adres = w.aangifte("alleenstaande")["adres"]
    event, (kandidaat,) = haal_adres(w, adres)
    assert kandidaat["nummeraanduidingIdentificatie"] == adres["nummeraanduidingIdentificatie"]
    assert kandidaat["adresseerbaarObjectIdentificatie"] == adres["adresseerbaarObjectIdentificatie"]
    assert kandidaat["nummeraanduidingStatus"] == "Naamgeving uitgegeven"
    assert kandidaat["bronhouderCode"] == "0114"
    assert kandidaat["panden"][0]["status"] == "Pand in gebruik"
    assert adres["postcode"] not in str(event.data)
    (tekst,) = event.besloten[f"zaak:{ZAAK}"]["adressen"]
    assert (tekst["postcode"], tekst["huisnummer"]) == (adres["postcode"], str(adres["huisnummer"]))
    assert tekst["nummeraanduidingIdentificatie"] == adres["nummeraanduidingIdentificatie"]


def test_an_address_is_found_by_identification_alone(w):
    """As a zaakobject gives it."""
    adres = w.aangifte("alleenstaande")["adres"]
    for name, key in (
        ("nieuwAdresBagId", "adresseerbaarObjectIdentificatie"),
        ("nieuwAdresBagId", "nummeraanduidingIdentificatie"),
        ("nieuwAdresNummeraanduiding", "nummeraanduidingIdentificatie"),
    ):
        _, (kandidaat,) = haal_adres(w, dict.fromkeys(adres, ""), naam=name + key, **{name: adres[key]})
        assert kandidaat["nummeraanduidingIdentificatie"] == adres["nummeraanduidingIdentificatie"]


@pytest.mark.parametrize("hostile", ["0000AA", "' OR 1=1 --", "🦆", "7811AA\n", "x" * 5000])
def test_no_address_is_an_answer_not_an_error(w, hostile):
    """What is no address is looked up nowhere, and the flow says so to the resident."""
    adres = {**w.aangifte("alleenstaande")["adres"], "postcode": hostile, "huisnummer": hostile}
    event, kandidaten = haal_adres(w, adres)
    assert kandidaten == []
    assert not event.besloten


@pytest.mark.parametrize("geval", ["ligplaats", "niet-ingemeten", "meer-gebruiksdoelen", "twee-panden"])
def test_special_objects_are_told_as_they_are(w, geval):
    """A ligplaats has no purpose and no area; two panden have two statuses."""
    _, (kandidaat,) = haal_adres(w, w.aangifte(geval)["adres"])
    if geval == "ligplaats":
        assert kandidaat["typeAdresseerbaarObject"] == "Ligplaats"
        assert (kandidaat["gebruiksdoelen"], kandidaat["oppervlakte"], kandidaat["panden"]) == ([], None, [])
    elif geval == "twee-panden":
        assert len(kandidaat["panden"]) == 2
    elif geval == "meer-gebruiksdoelen":
        assert len(kandidaat["gebruiksdoelen"]) > 1
    else:
        assert "(niet ingemeten)" in kandidaat["adresseerbaarObjectStatus"] + kandidaat["panden"][0]["status"]


# ------------------------------------------------------------------------------------------------------- haal-personen


def test_a_family_is_fetched_with_pseudonyms_for_each_other(w):
    """Everybody's own element, nobody else's number or name in it, the history with it."""
    aangifte = w.aangifte("gezin")
    bsns = [aangifte["initiator"]["bsn"], *(lid["bsn"] for lid in meeverhuizers(aangifte))]
    events = w.haal_personen(aangifte)
    (event,) = [event for event in events if event.type == PERSONEN]
    assert [(who["rol"], who["gevonden"]) for who in event.data["personen"]] == [("verhuizer", True)] * len(bsns)
    assert event.data["levert"] == ["indicatieCurateleRegister", "verblijfplaats"]
    assert event.data["gatewayProfiel"] == "proef"
    assert event.besloten.keys() == {w.pseudoniem(bsn) for bsn in bsns}
    for bsn in bsns:
        own = event.besloten[w.pseudoniem(bsn)]
        assert own["burgerservicenummer"] == bsn
        assert isinstance(own["verblijfplaatshistorie"], list)
        assert not [other for other in bsns if other != bsn and other in json.dumps(own)]
    child = event.besloten[w.pseudoniem(bsns[-1])]
    assert {holder["pseudoniem"] for holder in child["gezag"][0]["ouders"]} == {w.pseudoniem(bsn) for bsn in bsns[:2]}
    partner = event.besloten[w.pseudoniem(bsns[0])]["partners"][0]
    assert partner["pseudoniem"] == w.pseudoniem(bsns[1])
    assert partner["soortVerbintenis"]["code"] in {"H", "P"}
    assert not [bsn for bsn in bsns if bsn in json.dumps(dict(event.data))]


def test_the_other_holder_of_gezag_is_fetched_too(w):
    """Where the parent who stays behind lives may decide (row 18); only for that, so with few fields."""
    aangifte = w.aangifte("eenouder-ander-elders")
    events = w.haal_personen(aangifte)
    (event,) = [event for event in events if event.type == PERSONEN]
    holders = [who for who in event.data["personen"] if who["rol"] == "gezaghouder"]
    assert len(holders) == 1
    own = event.besloten[holders[0]["pseudoniem"]]
    assert {"burgerservicenummer", "verblijfplaats", "gemeenteVanInschrijving"} <= own.keys()
    assert own["verblijfplaatshistorie"] is None
    assert not own.keys() & {"naam", "geboorte", "partners", "kinderen", "gezag", "indicatieCurateleRegister"}
    assert w.sim("GET", "boeken")["gemeenten"]["emmen"]["volgindicaties"] == 1 + len(meeverhuizers(aangifte))


def test_every_read_leaves_a_record_of_who_and_why(w):
    """One per person and source, in that person's own stream, without a number (AVG 5 lid 2)."""
    aangifte = w.aangifte("eenouder-ander-elders")
    events = w.haal_personen(aangifte)
    records = [event for event in events if event.type == GERAADPLEEGD]
    (fact,) = [event for event in events if event.type == PERSONEN]
    people = [who["pseudoniem"] for who in fact.data["personen"]]
    movers = [who["pseudoniem"] for who in fact.data["personen"] if who["rol"] == "verhuizer"]
    assert sorted(r.subject for r in records if r.data["bron"] == "brp-personen") == sorted(people)
    assert sorted(r.subject for r in records if r.data["bron"] == "brp-historie") == sorted(movers)
    assert {r.key for r in records} == {f"emmen:{who}" for who in people}
    first = records[0].data
    assert (first["doelbinding"], first["verwerking"]) == ("BRP-Verhuizing", "Burgerzaken@Verhuizing")
    assert (first["gebruikerSoort"], first["gebruiker"], first["zaak"]) == ("systeem", "wissel", ZAAK)
    assert "burgerservicenummer" in first["velden"]


def test_who_is_not_found_is_flagged_and_does_not_stop_the_others(w):
    """An unknown number, and one that was destroyed meanwhile."""
    unknown = w.simulator.register.bevolking.onbekende_bsn(7)
    aangifte = w.aangifte("alleenstaande")
    events = w.haal_personen(aangifte, (unknown, "verhuizer"))
    (event,) = [event for event in events if event.type == PERSONEN]
    assert [who["gevonden"] for who in event.data["personen"]] == [True, False]
    assert w.pseudoniem(unknown) not in event.besloten
    gone = {"personen": [{"pseudoniem": "a" * 32, "rol": "verhuizer"}], "peildatum": None}
    (event, *_) = w.doe("haal-personen", gone, {"a" * 32: None}, naam="weg")
    assert event.data["personen"] == [{"pseudoniem": "a" * 32, "rol": "verhuizer", "gevonden": False}]


def test_the_consent_giver_is_fetched_with_date_of_birth(w):
    """Consent is of an adult (row 12)."""
    aangifte = w.aangifte("inwonend-met-toestemming")
    hoofdbewoner = aangifte["eigenschappen"]["BSN_HOOFDBEWONER"]
    events = w.haal_personen(aangifte, (hoofdbewoner, "hoofdbewoner"))
    (event,) = [event for event in events if event.type == PERSONEN]
    assert "geboorte" in event.besloten[w.pseudoniem(hoofdbewoner)]


def test_what_a_gateway_delivers_too_much_does_not_reach_the_log(tmp_path):
    """The doelbinding, not the question, decided the answer of a recorded gateway."""
    with wereld(tmp_path, {"levert_te_veel": True}) as w:
        aangifte = w.aangifte("gezin")
        (event, *_) = [event for event in w.haal_personen(aangifte) if event.type == PERSONEN]
        for own in event.besloten.values():
            assert not own.keys() & {"aNummer", "nationaliteiten", "geslacht", "adressering", "verblijfstitel", "leeftijd"}
            assert "voorletters" not in own["naam"]


def test_without_history_offered_it_is_null_not_empty(tmp_path):
    """Not asked is something else than no earlier address."""
    with wereld(tmp_path, {"met_historie": False}, historie_url=None) as w:
        events = w.haal_personen(w.aangifte("alleenstaande"))
        (event,) = [event for event in events if event.type == PERSONEN]
        assert [own["verblijfplaatshistorie"] for own in event.besloten.values()] == [None]
        assert {e.data["bron"] for e in events if e.type == GERAADPLEEGD} == {"brp-personen"}


# ------------------------------------------------------------------------------------------------------- haal-bewoning


def test_residents_are_pseudonyms(w):
    """Who lives at an address, on a day, as the flow needs it."""
    aangifte = w.aangifte("inwonend-met-toestemming")
    hoofdbewoner = aangifte["eigenschappen"]["BSN_HOOFDBEWONER"]
    objectid = aangifte["adres"]["adresseerbaarObjectIdentificatie"]
    events = w.doe("haal-bewoning", {"adresseerbaarObjectIdentificatie": objectid, "peildatum": DATUM.isoformat()})
    (event,) = [event for event in events if event.type == "nl.wissel.gegevens.bewoning-opgehaald.v1"]
    assert {"pseudoniem": w.pseudoniem(hoofdbewoner), "inOnderzoek": False} in event.data["bewoners"]
    assert event.data["indicatieVeelBewoners"] is False
    records = [event for event in events if event.type == GERAADPLEEGD]
    assert {r.subject for r in records} == {who["pseudoniem"] for who in event.data["bewoners"]}
    assert not event.besloten


# ------------------------------------------------------------------------------------- verwerk-verhuizing, wijzigingen


def test_a_move_is_laid_before_the_registry_and_confirmed_by_it(w):
    """The receipt is not the confirmation: that is the registry's own change, with the exact address and date."""
    aangifte = w.aangifte("gezin")
    w.haal_personen(aangifte)
    opdracht = w.verwerk(aangifte)
    (receipt,) = w.log("nl.wissel.opdracht.uitgevoerd")
    assert receipt.id == outcome_id(opdracht.id)
    assert json.loads(receipt.data["uitkomst"])["status"] == "aangenomen"
    assert w.leases == 1
    movers = [aangifte["initiator"]["bsn"], *(lid["bsn"] for lid in meeverhuizers(aangifte))]
    assert w.ronde() == len(movers)
    changes = w.log("nl.brp.verhuisd.")
    assert {change.type for change in changes} == {"nl.brp.verhuisd.binnengemeentelijk.v1"}
    assert {change.subject for change in changes} == {w.pseudoniem(bsn) for bsn in movers}
    change = changes[0]
    assert change.data["adresseerbaarObjectIdentificatie"] == aangifte["adres"]["adresseerbaarObjectIdentificatie"]
    assert change.data["nummeraanduidingIdentificatie"] == aangifte["adres"]["nummeraanduidingIdentificatie"]
    assert (change.data["datum"], change.data["functieAdres"]) == (aangifte["eigenschappen"]["VERHUISDATUM"], "W")
    assert change.data["ontbrekendeElementen"] == ["08.72.10", "08.84.10"]
    assert change.source == w.gemeente.source("brp")
    sealed = change.besloten[change.subject]
    assert sealed["oud"]["verblijfplaats"] != sealed["nieuw"]["verblijfplaats"]
    assert sealed["nieuw"]["verblijfplaats"]["type"] == "Adres"


def test_a_change_is_said_once(w):
    """The registry names a person all day long; only what changed since is a fact."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    w.verwerk(aangifte)
    assert [w.ronde() for _ in range(3)] == [1, 0, 0]
    w.klok.verder(days=1)
    assert w.ronde() == 0
    assert len(w.log("nl.brp.verhuisd.")) == 1


def test_a_second_change_follows_from_the_first(w):
    """Its id follows from both states and the change before, so there and back again are two facts."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.haal_personen(aangifte)
    home = w.simulator.register.toestand(w.simulator.register.bevolking.vind(bsn)).verblijf.adres.identificatie
    for number in (aangifte["adres"]["nummeraanduidingIdentificatie"], home) * 2:
        w.klok.verder(days=1)
        body = {"burgerservicenummer": bsn, "nummeraanduidingIdentificatie": number, "datum": w.klok.today().isoformat()}
        w.sim("POST", "datum", json={"datum": w.klok.today().isoformat()})
        w.sim("POST", "verhuis", json=body)
        assert w.ronde() == 1
    changes = w.log("nl.brp.verhuisd.")
    assert [change.sequence for change in changes] == sorted(change.sequence for change in changes)
    assert len({change.id for change in changes}) == 4


def test_a_change_while_the_hub_was_away_is_found_later(w):
    """The day last dealt with is asked again, with one day of overlap."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    assert w.ronde() == 0
    w.sim("POST", "verhuis", json={**_to(aangifte), "datum": DATUM.isoformat()})
    w.klok.verder(days=9)
    assert w.ronde() == 1


def test_a_source_that_is_away_keeps_its_days(w):
    """A failed round changes nothing: the next asks the same days."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    w.sim("POST", "storing", json={"onderdeel": "brp", "uit": True})
    with pytest.raises(SourceUnavailable):
        w.ronde()
    w.sim("POST", "verhuis", json={**_to(aangifte), "datum": DATUM.isoformat()})
    w.klok.verder(days=5)
    with pytest.raises(SourceUnavailable):
        w.ronde()
    w.sim("POST", "storing", json={"onderdeel": "brp", "uit": False})
    assert w.ronde() == 1


def test_nobody_is_read_more_often_than_configured(tmp_path):
    """The registry names changed persons all day; reading is bounded, waiting for a confirmation tightens it."""
    with wereld(tmp_path, herlees_s=3600, herlees_wachtend_s=10) as w:
        aangifte = w.aangifte("alleenstaande")
        w.haal_personen(aangifte)
        w.sim("POST", "verhuis", json={**_to(aangifte), "datum": DATUM.isoformat()})

        def reads():
            return w.sim("GET", "boeken")["gemeenten"]["emmen"]["verzoeken"]["POST /haalcentraal/api/brp/personen"]

        before = reads()
        assert [w.ronde() for _ in range(2)] == [0, 0]
        assert reads() == before
        w.klok.verder(seconds=3600)
        assert [w.ronde() for _ in range(2)] == [1, 0]
        assert reads() == before + 1
        w.verwerk(w.aangifte("alleenstaande"))
        w.klok.verder(seconds=10)
        w.ronde()
        assert reads() == before + 2


def test_a_mover_who_was_not_followed_is_followed_before_the_write(w):
    """Without the state from before, the confirmation would never be noticed."""
    aangifte = w.aangifte("echtpaar")
    w.verwerk(aangifte)
    assert w.sim("GET", "boeken")["gemeenten"]["emmen"]["volgindicaties"] == 2
    assert len(w.log(GERAADPLEEGD)) == 2  # that they were read for it is recorded too
    assert w.ronde() == 2


def test_a_crash_after_the_write_does_not_write_twice(w):
    """Same key, same body: the registry carries it out once, and the confirmation is not lost."""
    aangifte = w.aangifte("echtpaar")
    w.verwerk(aangifte, put_down=False)
    assert w.ronde() == 2
    w.verwerk(aangifte)
    boeken = w.sim("GET", "boeken")["totaal"]
    assert (boeken["verwerkingen"], boeken["dubbel"]) == (1, 0)
    assert (w.ronde(), len(w.log("nl.brp.verhuisd."))) == (0, 2)


def test_a_write_wakes_the_reader_of_changes(tmp_path):
    """Who sleeps for minutes because nothing was awaited looks soon after a write."""
    with wereld(tmp_path, poll_interval_s=3600, poll_interval_wachtend_s=0.05) as w:

        async def run():
            kast = CONNECTOR._kast(w.hub)
            reading = asyncio.create_task(Wijzigingenlezer(w.hub, kast, w.gemeente).run())
            await asyncio.sleep(0.2)
            await w.executors["verwerk-verhuizing"].voer_uit(opdracht)
            while not w.log("nl.brp.verhuisd."):  # noqa: ASYNC110 - the log of the hub has no event to wait for
                await asyncio.sleep(0.02)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

        opdracht = w.verwerk_opdracht(w.aangifte("alleenstaande"))
        w.runner.run(asyncio.wait_for(run(), 10))


def test_a_restart_remembers_who_is_followed(w):
    """The states stand in the database, sealed; a restart compares with them."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    w.herstart()
    w.verwerk(aangifte)
    assert w.ronde() == 1


def test_no_number_and_no_address_is_readable_in_the_file(w):
    """Rows of the connector hold pseudonyms and sealed bytes only."""
    aangifte = w.aangifte("alleenstaande")
    w.haal_personen(aangifte)
    w.verwerk(aangifte)
    w.ronde()
    w.hub.database.write(lambda db: None).result()
    text = b"".join(file.read_bytes() for file in w.folder.glob("wissel.db*"))
    assert aangifte["initiator"]["bsn"].encode() not in text
    assert w.pseudoniem(aangifte["initiator"]["bsn"]).encode() in text
    assert aangifte["adres"]["postcode"].encode() not in text


def test_who_was_shredded_is_not_followed_any_more(w):
    """A destroyed key ends following: the state known cannot be read, so nothing can be compared."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    w.haal_personen(aangifte)
    w.hub.keys.destroy(w.hub.keys.of_subject("emmen", w.pseudoniem(bsn), "registratie"))
    w.sim("POST", "verhuis", json={**_to(aangifte), "datum": DATUM.isoformat()})
    assert w.ronde() == 0
    assert w.hub.read_now(lambda tx: tx.one("SELECT count(*) FROM burgerzaken_volg")) == (0,)


def test_a_destroyed_number_is_not_sent(w):
    """A person must process it by hand; half a family is never moved."""
    aangifte = w.aangifte("echtpaar")
    opdracht = w.opdracht(
        "verwerk-verhuizing",
        {
            "zaak": ZAAK,
            "verhuisdatum": "2026-03-12",
            "datumAangifte": "2026-03-12",
            "adresseerbaarObjectIdentificatie": "0114010000000001",
            "nummeraanduidingIdentificatie": "0114200000000001",
            "functieAdres": "W",
            "verhuizers": [{"pseudoniem": "a" * 32, "code": "I"}, {"pseudoniem": "b" * 32, "code": "P"}],
            "door": "wissel",
        },
        {"a" * 32: {"bsn": aangifte["initiator"]["bsn"]}, "b" * 32: None},
    )
    with pytest.raises(NummerOntbreekt, match="1 of 2 movers"):
        w.voer_uit(opdracht)
    assert w.executors["verwerk-verhuizing"].geef_op(opdracht, NummerOntbreekt("x")) is None
    assert w.sim("GET", "boeken")["totaal"]["verwerkingen"] == 0


def test_the_same_key_for_another_move_is_parked(w):
    """The registry refuses it with 409; trying again would not help."""
    first, second = w.aangifte("alleenstaande"), w.aangifte("alleenstaande")
    w.verwerk(first)
    second["eigenschappen"]["VERHUISDATUM"] = "2026-03-01"
    with pytest.raises(BronWeigert) as caught:
        w.verwerk(second)
    assert caught.value.status == 409


# --------------------------------------------------------------------------------------- sources that fail, and giving up


@pytest.mark.parametrize(
    ("soort", "onderdeel"), [("haal-adres", "bag"), ("haal-bewoning", "bewoning"), ("haal-personen", "brp")]
)
def test_a_source_that_stays_away_ends_the_waiting_with_a_reason(w, soort, onderdeel):
    """While it is away it is tried again; when the patience is over the case goes on without it."""
    aangifte = w.aangifte("alleenstaande")
    bsn = aangifte["initiator"]["bsn"]
    gegevens = {
        "haal-adres": {"nieuwAdresBagId": aangifte["adres"]["adresseerbaarObjectIdentificatie"]},
        "haal-bewoning": {"adresseerbaarObjectIdentificatie": "0114010000000001", "peildatum": "2026-03-12"},
        "haal-personen": {"personen": [{"pseudoniem": w.pseudoniem(bsn), "rol": "verhuizer"}], "peildatum": "2026-03-12"},
    }[soort]
    opdracht = w.opdracht(soort, gegevens, {w.pseudoniem(bsn): {"bsn": bsn}})
    w.sim("POST", "storing", json={"onderdeel": onderdeel, "uit": True})
    with pytest.raises(SourceUnavailable) as caught:
        w.voer_uit(opdracht)
    uitkomst = w.executors[soort].geef_op(opdracht, caught.value)
    w.zet_neer(uitkomst)
    (event,) = w.log("nl.wissel.gegevens.niet-beschikbaar")
    assert event.data["reden"] == "bron-niet-bereikbaar"
    assert event.data["wat"] == soort.removeprefix("haal-")
    assert event.causationid == opdracht.event_id
    assert len(w.log(GERAADPLEEGD)) == (1 if soort == "haal-personen" else 0)


def test_what_is_no_fault_of_the_source_is_parked(w):
    """Our own mistake must not look like a source that stayed away."""
    opdracht = w.opdracht("haal-adres", {})
    executor = w.executors["haal-adres"]
    assert executor.geef_op(opdracht, SchemaViolation("x")) is None
    assert executor.geef_op(opdracht, KeyError("x")) is None
    assert executor.geef_op(opdracht, BronWeigert("x", status=400)).events[0].data["reden"] == "bron-weigert"
    assert executor.geef_op(opdracht, Refused("x")).events[0].data["reden"] == "bron-niet-ingericht"


def test_an_unsteady_source_is_still_read(w):
    """A fifth of the answers fails; within the call it is tried again."""
    w.sim("POST", "storing", json={"onderdeel": "alles", "fout_percentage": 20})
    for number in range(5):
        try:
            _, kandidaten = haal_adres(w, w.aangifte("alleenstaande")["adres"], naam=str(number))
        except SourceUnavailable:
            continue
        assert len(kandidaten) == 1


def test_a_gemeente_without_this_connector_is_told(w):
    """The opdracht of a gemeente that has no sources ends with that reason."""
    other = w.opdracht("haal-adres", {})
    foreign = type(other)(**{**{f: getattr(other, f) for f in other.__slots__}, "gemeente": type(w.gemeente)(**{
        **{f: getattr(w.gemeente, f) for f in w.gemeente.__slots__}, "slug": "zwolle"})})  # fmt: skip
    with pytest.raises(Refused, match=r"\[gemeenten.zwolle.burgerzaken\]"):
        w.voer_uit(foreign)


def test_the_first_day_asked_overlaps_one_day():
    """Days have no hours: what changed late on the last day asked is asked again."""
    assert first_asked_day(None, date(2026, 3, 12)) == date(2026, 3, 11)
    assert first_asked_day(date(2026, 3, 5), date(2026, 3, 12)) == date(2026, 3, 4)
    assert first_asked_day(date(2026, 3, 20), date(2026, 3, 12)) == date(2026, 3, 11)


# -------------------------------------------------------------------------------------------------- settings and check


def test_the_connector_says_what_it_brings(w):
    """A reader of changes per gemeente, the six opdrachten, no webhook, no hints."""
    assert set(CONNECTOR.services(w.hub)) == {"wijzigingen-emmen"}
    reading = {"haal-adres", "haal-personen", "haal-bewoning"}
    assert set(CONNECTOR.executors(w.hub)) == {*reading, "verwerk-verhuizing", "lees-terug", "stop-volgen"}
    assert CONNECTOR.routes(w.hub) == ()
    assert w.hub.read_now(lambda tx: CONNECTOR.unsettled_hints(tx, ZAAK, w.klok.now())) is False
    assert w.hub.read_now(CONNECTOR.backlog) == 0


def wissel_toml(tmp_path, url, extra=""):
    urls = settings(url)
    lines = [f'{name} = "{getattr(urls, name)}"' for name in type(urls).model_fields if name.endswith("_url")]
    path = tmp_path / "wissel.toml"
    text = (
        f'[sleutels]\nhoofdsleutel = "{"ab" * 32}"\n[gemeenten.emmen]\nnaam = "Emmen"\ngemeentecode = "0114"\n'
        f'oin = "00000001002220647000"\npseudoniemsleutel = "{"cd" * 32}"\n[gemeenten.emmen.burgerzaken]\n'
    )
    profile = (
        '[gemeenten.emmen.profiel.verhuizing]\nversie = "1"\nauteur = "A"\ntweede_persoon = "B"\ngeldig_vanaf = 2025-01-01\n'
    )
    path.write_text(text + "\n".join(lines) + f"\n{extra}\n{profile}", encoding="utf-8")
    return path


def check(config, bsns, *more):
    return CliRunner().invoke(
        burgerzaken, ["check", "--config", str(config), "--gemeente", "emmen", "--bsn-bestand", str(bsns), *map(str, more)]
    )


def test_check_proves_what_a_gateway_delivers(tmp_path):
    """Seen with a test person means delivered; the list is what makes absence mean no."""
    with wereld(tmp_path / "hub") as w:
        aangiften = [w.aangifte(geval) for geval in ("gezin", "eenouder", "curatele")]
        people = [a["initiator"]["bsn"] for a in aangiften] + [lid["bsn"] for a in aangiften for lid in meeverhuizers(a)]
        bsns, levert = tmp_path / "bsns.txt", tmp_path / "levert.toml"
        bsns.write_text("# testpersonen\n" + "\n".join(people) + "\n", encoding="utf-8")
        config = wissel_toml(tmp_path, w.url, f'levert_bestand = "{levert}"')
        result = check(config, bsns, "--schrijf", levert)
        assert result.exit_code == 0, result.output
        assert not [bsn for bsn in people if bsn in result.output + levert.read_text(encoding="utf-8")]
        given = {**settings(w.url).model_dump(), "levert": (), "levert_bestand": levert, "gateway": {"naam": "standaard"}}
        proven = type(settings(w.url)).model_validate(given).levert
        assert {"gezag", "indicatieCurateleRegister", "partners", "verblijfplaats.datumVan", "verblijfplaatshistorie"} <= set(
            proven
        )
        assert "opschortingBijhouding" not in proven
        assert "opschortingBijhouding" in result.output
        with pytest.raises(ValueError, match="gaat over gateway 'standaard', niet over 'ander'"):
            type(settings(w.url)).model_validate({**given, "gateway": {"naam": "ander"}})


def test_check_says_what_is_wrong(tmp_path):
    """A wrong number by its line and never by itself, an unknown gemeente, an empty file."""
    config, bsns = wissel_toml(tmp_path, "http://127.0.0.1:9"), tmp_path / "bsns.txt"
    bsns.write_text("999993653\n999999245\n", encoding="utf-8")
    result = check(config, bsns)
    assert (result.exit_code, "regel 2" in result.output, "999999245" in result.output) == (1, True, False)
    bsns.write_text("# niemand\n", encoding="utf-8")
    assert "geen nummer in" in check(config, bsns).output
    bsns.write_text("999993653\n", encoding="utf-8")
    assert "ConnectError" in check(config, bsns).output
    other = CliRunner().invoke(burgerzaken, ["check", "--config", str(config), "--gemeente", "x", "--bsn-bestand", str(bsns)])
    assert "geen gemeente x" in other.output


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"brp_url": "ftp://x"}, "brp_url"),
        ({"doelen": {"melder": {"velden": ["naam", "rni"]}}}, "rni komt vanzelf mee"),
        (
            {"doelen": {"melder": {"velden": ["naam", "verblijfplaats.datumVan"]}}},
            "mist burgerservicenummer, gemeenteVanInschrijving",
        ),
        ({"herlees_s": 90_000}, "herlees_s"),
        ({"gateway": {"sleutel": "a", "sleutel_bestand": "b"}}, "sluiten elkaar uit"),
        ({"gateway": {"sleutel_bestand": "/er/niet"}}, "sleutel_bestand: /er/niet is niet te lezen"),
        ({"levert_bestand": "/er/niet", "levert": []}, "levert_bestand: /er/niet is niet te lezen"),
        ({"onbekend": 1}, "onbekend"),
    ],
)
def test_wrong_settings_are_refused_with_what_to_write(changes, says):
    """Each names the key."""
    with pytest.raises(ValueError, match=says):
        settings("http://127.0.0.1:9", **changes)


def _to(aangifte):
    return {
        "burgerservicenummer": aangifte["initiator"]["bsn"],
        "nummeraanduidingIdentificatie": aangifte["adres"]["nummeraanduidingIdentificatie"],
    }


# ---------------------------------------------------------------------------------------------------------- lees-terug


def lees_terug(w, aangifte, **anders):
    """Read a declarer back and return what came of it."""
    bsn = aangifte["initiator"]["bsn"]
    gegevens = {
        "verhuizers": [{"pseudoniem": w.pseudoniem(bsn)}],
        "adresseerbaarObjectIdentificatie": aangifte["adres"]["adresseerbaarObjectIdentificatie"],
        "functieAdres": "W",
        "datum": aangifte["eigenschappen"]["VERHUISDATUM"],
        **anders,
    }
    events = w.doe("lees-terug", gegevens, {w.pseudoniem(bsn): {"bsn": bsn}}, naam=str(anders))
    (read,) = [event for event in events if event.type == "nl.wissel.gegevens.teruggelezen.v1"]
    assert [event.type for event in events if event is not read] == [GERAADPLEEGD]
    ((outcome),) = read.data["perVerhuizer"]
    return outcome["uitkomst"]


def test_reading_back_confirms_only_person_address_and_date_together(w):
    """Anything else is for a person."""
    aangifte = w.aangifte("alleenstaande")
    assert lees_terug(w, aangifte) == "niet-verwerkt"
    w.verwerk(aangifte)
    assert lees_terug(w, aangifte, functieAdres="W") == "overeen"
    assert lees_terug(w, aangifte, datum="2026-01-01") == "wijkt-af"
    assert lees_terug(w, aangifte, functieAdres="B") == "wijkt-af"
    w.gebeurtenis(aangifte["initiator"]["bsn"], "overleden")
    assert lees_terug(w, aangifte, functieAdres="W", datum=aangifte["eigenschappen"]["VERHUISDATUM"], x=1) == "wijkt-af"
