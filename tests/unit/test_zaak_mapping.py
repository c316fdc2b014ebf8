# SPDX-License-Identifier: EUPL-1.2
"""From a zaak to a declaration: every item from where it is configured to be, and no input that makes it crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.zaak.feitbouw import Omgeving
from connectors.zaak.herkomst import Herkomst, Mapping, Zaakbeeld, volg
from connectors.zaak.mapping import is_aangifte, lees_aangifte
from hub.privacy import Bsn, Pseudonymizer, elfproef

UUID = "7b590c1c-1b1b-4c6a-9b5e-0d8a1f2e3c4d"
TYPE = f"zaaktypen/{UUID}"
AANGEVER, KIND, BEWONER = "999993653", "999990019", "999990020"
BEWONER = next(str(n) for n in range(999_990_020, 999_990_200) if elfproef(str(n)))
PSEUDONYM = Pseudonymizer(b"k" * 32)
DIGID = {"source": "digid", "levelOfAssurance": "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"}
ADRES = {
    "identificatie": "0114200000000001",
    "wplWoonplaatsNaam": "Emmen",
    "gorOpenbareRuimteNaam": "Laan",
    "huisnummer": 7,
    "huisletter": "",
    "postcode": "7811AA",
}


def pseudonym(bsn: str) -> str:
    return PSEUDONYM(Bsn(bsn))


def omgeving() -> Omgeving:
    return Omgeving(
        gemeente="emmen",
        bron="urn:zaak",
        hub="urn:wissel",
        zaak_uuid=UUID,
        pseudonym=PSEUDONYM,
        typen={TYPE: {"identificatie": "B0366"}},
    )


def rol(**values: Any) -> dict[str, Any]:
    return {
        "omschrijvingGeneriek": "initiator",
        "betrokkeneType": "natuurlijk_persoon",
        "betrokkeneIdentificatie": {"inpBsn": AANGEVER, "geslachtsnaam": "Maassen", "voornamen": "An"},
        "authenticatieContext": DIGID,
        "indicatieMachtiging": "",
        "registratiedatum": "2026-03-10T09:00:00Z",
    } | values


def zaakobject(**values: Any) -> dict[str, Any]:
    return {"objectType": "adres", "relatieomschrijving": "nieuw adres", "objectIdentificatie": ADRES} | values


def beeld(*, rollen: Any = None, objecten: Any = None, eigenschappen: Any = None, **zaak: Any) -> Zaakbeeld:
    items = {"VERHUISDATUM": "2026-03-12"} if eigenschappen is None else eigenschappen
    return Zaakbeeld(
        zaak={"zaaktype": f"https://x/{TYPE}", "startdatum": "2026-03-10", "status": "https://x/s", **zaak},
        rollen={f"rollen/{n}": r for n, r in enumerate([rol()] if rollen is None else rollen)},
        zaakobjecten={f"zaakobjecten/{n}": o for n, o in enumerate([zaakobject()] if objecten is None else objecten)},
        eigenschappen={f"e/{n}": {"naam": n, "waarde": w} for n, w in items.items()},
    )


def lees(view: Zaakbeeld, mapping: Mapping | None = None, *, gesloten: bool = False) -> Any:
    return lees_aangifte(view, mapping or Mapping(), omgeving(), gesloten_bij_eerste=gesloten)


def data(view: Zaakbeeld, **mapping: Any) -> dict[str, Any]:
    return dict(lees(view, Mapping(**mapping)).data)


def test_a_plain_declaration_is_read_whole():
    """Person, address, date and login, each where an e-form puts it; who is who only sealed."""
    concept = lees(beeld())
    assert concept.data["volledig"] is True
    assert concept.data["ontbreekt"] == []
    assert concept.data["aangever"] == pseudonym(AANGEVER)
    assert concept.data["verhuizers"] == [{"pseudoniem": pseudonym(AANGEVER), "code": "I"}]
    assert concept.data["authenticatie"] == {"middel": "digid", "niveau": DIGID["levelOfAssurance"]}
    assert (concept.data["verhuisdatum"], concept.data["ontvangstdatum"]) == ("2026-03-12", "2026-03-10")
    assert (concept.data["nieuwAdresNummeraanduiding"], concept.data["nieuwAdresBagId"]) == ("0114200000000001", None)
    assert concept.besloten[pseudonym(AANGEVER)] == {
        "bsn": AANGEVER,
        "naam": {"voornamen": "An", "geslachtsnaam": "Maassen"},
    }
    assert concept.besloten[f"zaak:{UUID}"]["adres"]["postcode"] == "7811AA"
    open_part = json.dumps(concept.data)
    assert not any(text in open_part for text in (AANGEVER, "Maassen", "7811AA", "Laan"))


def test_the_real_b0366_without_eigenschappen_lacks_date_and_login_and_nothing_else():
    """The municipal catalogue has no eigenschappen and Open Zaak 1.21 gives null for the login."""
    assert data(beeld(eigenschappen={}, rollen=[rol(authenticatieContext=None)]))["ontbreekt"] == [
        "authenticatie",
        "verhuisdatum",
    ]


@pytest.mark.parametrize(
    ("given", "read", "missing"),
    [
        ("2026-03-12", "2026-03-12", None),
        ("20260312", "2026-03-12", None),
        ("12-03-2026", "2026-03-12", None),
        ("2026-03-12T00:00:00+01:00", "2026-03-12", None),
        ("2028-02-29", "2028-02-29", None),
        ("2026-02-29", None, "verhuisdatum:onmogelijke-datum"),
        ("2026-13-01", None, "verhuisdatum:onmogelijke-datum"),
        ("volgende week", None, "verhuisdatum:onmogelijke-datum"),
        ("2026-03", "2026-03", "verhuisdatum:onvolledig"),
        ("2026", "2026", "verhuisdatum:onvolledig"),
        ("   ", None, "verhuisdatum"),
    ],
)
def test_a_moving_date_is_a_day_or_a_reason(given, read, missing):
    """What is no day of the calendar is named, not guessed."""
    found = data(beeld(eigenschappen={"VERHUISDATUM": given}))
    assert found["verhuisdatum"] == read
    assert found["ontbreekt"] == ([missing] if missing else [])


@pytest.mark.parametrize(
    ("values", "missing", "present"),
    [
        ({"huisnummer": "12a"}, ["huisnummer:geen-getal"], True),
        ({"huisnummer": "0"}, ["huisnummer:geen-getal"], True),
        ({"postcode": "78 11 aa"}, [], True),
        ({"postcode": "0811AA"}, ["postcode:onmogelijk"], True),
        ({"identificatie": "011420000"}, ["adres:ongeldige-identificatie"], True),
        ({"identificatie": ""}, [], True),
        ({"identificatie": "", "postcode": "", "wplWoonplaatsNaam": ""}, ["adres"], False),
        ({"identificatie": "", "huisnummer": "twaalf"}, ["adres", "huisnummer:geen-getal"], False),
    ],
)
def test_an_address_that_cannot_be_is_a_reason(values, missing, present):
    """Letters in a house number, an impossible postcode or identification: listed, and the rest is still used."""
    found = data(beeld(objecten=[zaakobject(objectIdentificatie=ADRES | values)]))
    assert (found["ontbreekt"], found["adresAanwezig"]) == (missing, present)


def test_the_kind_of_bag_identification_decides_where_it_goes():
    """Digits five and six: 20 is a nummeraanduiding, 01, 02 and 03 are adresseerbare objecten."""
    for identification in ("0114010000000001", "0114020000000001", "0114030000000001"):
        found = data(beeld(objecten=[zaakobject(objectIdentificatie=ADRES | {"identificatie": identification})]))
        assert (found["nieuwAdresBagId"], found["nieuwAdresNummeraanduiding"]) == (identification, None)
    behind = zaakobject(objectIdentificatie=None, object="https://bag.example/nummeraanduidingen/0114200000000009")
    assert data(beeld(objecten=[behind]))["nieuwAdresNummeraanduiding"] == "0114200000000009"


def test_movers_are_read_with_their_code_and_sealed_one_by_one():
    """The declarer moves too unless said otherwise; nothing about two people in one element."""
    movers = json.dumps([{"bsn": KIND, "code": "k"}, {"bsn": int(BEWONER), "code": "P"}])
    concept = lees(beeld(eigenschappen={"VERHUISDATUM": "2026-03-12", "MEEVERHUIZERS": movers}))
    assert concept.data["verhuizers"] == [
        {"pseudoniem": pseudonym(AANGEVER), "code": "I"},
        {"pseudoniem": pseudonym(KIND), "code": "K"},
        {"pseudoniem": pseudonym(BEWONER), "code": "P"},
    ]
    for bsn in (AANGEVER, KIND, BEWONER):
        assert concept.besloten[pseudonym(bsn)]["bsn"] == bsn
        assert not any(other in json.dumps(concept.besloten[pseudonym(bsn)]) for other in {AANGEVER, KIND, BEWONER} - {bsn})


@pytest.mark.parametrize(
    ("movers", "said", "codes", "missing"),
    [
        ("[]", None, {AANGEVER: "I"}, []),
        (json.dumps([{"bsn": AANGEVER, "code": "M"}]), None, {AANGEVER: "M"}, []),
        (json.dumps([{"bsn": KIND, "code": "G"}]), "nee", {KIND: "G"}, []),
        (json.dumps([{"bsn": KIND, "code": "H"}]), None, {KIND: "H"}, []),
        (json.dumps([{"bsn": KIND, "code": "X"}]), None, {AANGEVER: "I", KIND: ""}, ["meeverhuizers:onbekende-code"]),
        (json.dumps([{"bsn": "999999245", "code": "K"}]), None, {AANGEVER: "I"}, ["meeverhuizers:ongeldig-bsn"]),
        (json.dumps({"bsn": KIND, "code": "K"}), None, {AANGEVER: "I", KIND: "K"}, []),
        ("mijn kind", None, {AANGEVER: "I"}, ["meeverhuizers:onleesbaar"]),
        ('["x", 7, null]', None, {AANGEVER: "I"}, ["meeverhuizers:onleesbaar"]),
        ("[" * 5000, None, {AANGEVER: "I"}, ["meeverhuizers:onleesbaar"]),
    ],
)
def test_whoever_moves_is_a_list_or_a_reason(movers, said, codes, missing):
    """A mover that cannot be read is named, so that nobody is left behind in silence."""
    items = {"VERHUISDATUM": "2026-03-12", "MEEVERHUIZERS": movers} | ({"AANGEVER_VERHUIST_MEE": said} if said else {})
    found = data(beeld(eigenschappen=items))
    assert found["verhuizers"] == [{"pseudoniem": pseudonym(bsn), "code": code} for bsn, code in codes.items()]
    assert found["ontbreekt"] == missing


@pytest.mark.parametrize(
    ("item", "given", "field", "read"),
    [
        ("FUNCTIE_NIEUW", "Woonadres", "functieAdres", "W"),
        ("FUNCTIE_NIEUW", "briefadres", "functieAdres", "B"),
        ("FUNCTIE_NIEUW", "kasteel", "functieAdres", None),
        ("INWONEND", "ja", "inwonend", True),
        ("INWONEND", "Nee", "inwonend", False),
        ("INWONEND", "misschien", "inwonend", None),
        ("TOESTEMMING_HOOFDBEWONER", "ja", "toestemming", "gegeven"),
        ("TOESTEMMING_HOOFDBEWONER", "nee", "toestemming", "geweigerd"),
        ("TOESTEMMING_HOOFDBEWONER", "ingetrokken", "toestemming", "ingetrokken"),
        ("BSN_HOOFDBEWONER", BEWONER, "hoofdbewoner", pseudonym(BEWONER)),
        ("BSN_HOOFDBEWONER", "999999245", "hoofdbewoner", None),
    ],
)
def test_choices_are_read_in_the_words_of_forms(item, given, field, read):
    """A word that is none of the choices is unknown and named, never taken for no."""
    found = data(beeld(eigenschappen={"VERHUISDATUM": "2026-03-12", item: given}))
    assert found[field] is read if isinstance(read, bool) else found[field] == read
    assert bool(found["ontbreekt"]) is (read is None)


def test_initiators_are_counted_and_an_invalid_bsn_is_a_reason():
    """More than one initiator, none, or one with a number that fails the elfproef: all are told, none crashes."""
    assert data(beeld(rollen=[rol(), rol(registratiedatum="2026-03-11")]))["aantalInitiatoren"] == 2
    none = data(beeld(rollen=[]))
    assert (none["aantalInitiatoren"], none["aangever"], none["verhuizers"]) == (0, None, [])
    assert "aangever" in none["ontbreekt"]
    wrong = data(beeld(rollen=[rol(betrokkeneIdentificatie={"inpBsn": "999999245"})]))
    assert wrong["aangever"] is None
    assert "aangever:ongeldig-bsn" in wrong["ontbreekt"]


def test_a_login_for_somebody_else_is_a_machtiging():
    """A representee or mandate in the login counts, also when the rol itself says nothing of it."""
    assert data(beeld())["indicatieMachtiging"] is None
    assert data(beeld(rollen=[rol(indicatieMachtiging="gemachtigde")]))["indicatieMachtiging"] == "gemachtigde"
    behalf = rol(authenticatieContext=DIGID | {"representee": {"identifierType": "bsn", "identifier": KIND}})
    found = lees(beeld(rollen=[behalf]))
    assert found.data["indicatieMachtiging"] == "gemachtigde"
    assert KIND not in json.dumps(found.data)


def test_what_has_not_arrived_is_waited_for_until_a_status_says_all_was_sent():
    """E-forms set the first status last."""
    assert data(beeld(status=None))["wachtreden"] == "status"
    assert data(beeld(status=None, rollen=[], objecten=[]))["wachtreden"] == "initiator, adres, status"
    assert data(beeld(), volledig_bij_status=False)["volledig"] is False


def test_each_item_may_come_from_anywhere():
    """An eigenschap, overigeData, a rol, an object in the Objects API, the zaak itself, or always the same."""
    aanvraag = {"record": {"data": {"verhuizing": {"datum": "2026-05-01", "wie": [{"nummer": KIND, "soort": "K"}]}}}}
    overig = {
        "objectType": "overige",
        "objectTypeOverige": "Verhuisbericht",
        "objectIdentificatie": {"overigeData": {"inwonend": {"antwoord": "JA"}}},
    }
    behind = {"objectType": "overige", "object": "https://objecten.example/objects/1"}
    view = beeld(objecten=[zaakobject(), overig, behind], communicatiekanaal="balie")
    view = Zaakbeeld(
        zaak=view.zaak,
        rollen=view.rollen,
        zaakobjecten=view.zaakobjecten,
        aanvragen={"https://objecten.example/objects/1": aanvraag},
    )
    found = data(
        view,
        verhuisdatum={"bron": "object", "pad": "verhuizing.datum"},
        meeverhuizers={"bron": "object", "pad": "verhuizing.wie"},
        meeverhuizers_bsn="nummer",
        meeverhuizers_code="soort",
        inwonend=[{"bron": "zaakobject", "soort": "verhuisbericht", "pad": "inwonend.antwoord"}],
        functie={"bron": "vast", "waarde": "woonadres"},
        toestemming={"bron": "rol", "pad": "roltoelichting", "vertaal": {"Akkoord": "ja"}},
        kanaal={"bron": "zaak", "pad": "communicatiekanaal"},
    )
    assert (found["verhuisdatum"], found["inwonend"], found["functieAdres"], found["kanaal"]) == (
        "2026-05-01",
        True,
        "W",
        "balie",
    )
    assert found["verhuizers"][1] == {"pseudoniem": pseudonym(KIND), "code": "K"}


def test_zaaktypen_are_known_by_identificatie():
    """The URL of a zaaktype changes with each version."""
    assert is_aangifte(beeld(), Mapping(), omgeving())
    assert not is_aangifte(beeld(), Mapping(zaaktypen=("B9999",)), omgeving())
    assert not is_aangifte(beeld(zaaktype="https://x/zaaktypen/onbekend"), Mapping(), omgeving())


def test_paths_go_through_objects_and_lists_and_end_quietly():
    """A path that leads nowhere gives nothing."""
    node = {"a": [{"b": 1}]}
    assert volg(node, "a.0.b") == 1
    assert volg(node, "a.1.b") is volg(node, "a.x") is volg(node, "a.0.b.c") is None
    assert volg(node, "") is node


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    eigenschap=JSON,
    identificatie=JSON,
    persoon=JSON,
    context=JSON,
    startdatum=JSON,
    machtiging=JSON,
)
def test_no_input_makes_it_crash(eigenschap, identificatie, persoon, context, startdatum, machtiging):
    """Whatever stands in a zaak, a declaration comes out that fits its schema, and no BSN in its open part."""
    items = dict.fromkeys(
        ("VERHUISDATUM", "MEEVERHUIZERS", "INWONEND", "FUNCTIE_NIEUW", "BSN_HOOFDBEWONER", "TOESTEMMING_HOOFDBEWONER"),
        eigenschap,
    )
    view = beeld(
        rollen=[rol(betrokkeneIdentificatie=persoon, authenticatieContext=context, indicatieMachtiging=machtiging)],
        objecten=[zaakobject(objectIdentificatie=identificatie)],
        eigenschappen=items,
        startdatum=startdatum,
    )
    found = lees(view)
    schema = __import__("schemas").load().by_type(found.type)
    assert set(found.data) == set(schema.fields)
    assert isinstance(found.data["ontvangstdatum"], str)


def test_a_source_of_nothing_is_nothing():
    """Empty lists of places are allowed: that item is then always unknown."""
    assert data(beeld(), verhuisdatum=())["verhuisdatum"] is None
    assert Herkomst(bron="zaakeigenschap").naam == ""
