# SPDX-License-Identifier: EUPL-1.2
"""Every file of the BRP and StUF cases: read, classified, or refused as documented. The output lists each with its outcome."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml
from openapi import load, validate_response

from connectors.burgerzaken.brp import read_personen
from connectors.burgerzaken.classificatie import classify, rij_uit_persoon
from connectors.burgerzaken.gezien import eerste, other_facts
from connectors.burgerzaken.herindelingen import lees_tabel33
from connectors.burgerzaken.persoonslijsten import classify_file
from connectors.burgerzaken.relaties import als_bsn
from connectors.burgerzaken.stuf import lees
from connectors.burgerzaken.velden import VELDEN_MELDER, filter_persoon
from hub.flows.verhuizing.persoon import lees_persoon
from hub.privacy import Bsn, Pseudonymizer
from hub.stuf.bericht import GeenKennisgeving

PSEUDONYM: Final = Pseudonymizer(b"k" * 32)
PERSONEN: Final = "brp/personen-2.7.0-openapi.yaml"


def _specification(path: Path) -> str:
    spec = load(f"brp/{path.name}")
    operations = sum(method in {"get", "put", "post"} for item in spec.document["paths"].values() for method in item)
    assert operations
    return f"specificatie gelezen, {operations} vragen; de client houdt zich eraan (test_burgerzaken_client)"


def _recorded(path: Path) -> str:
    """Read each recorded answer, as specified, filter it, and look at it as the flow does."""
    found = 0
    for exchange in yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]:
        answer = json.loads(exchange["response"]["body"]["string"])
        validate_response(load(PERSONEN), "POST", "/personen", exchange["response"]["status"]["code"], answer)
        for persoon in read_personen(answer):
            kept = filter_persoon(persoon, VELDEN_MELDER)
            assert kept.keys() <= persoon.keys()
            assert lees_persoon("p", kept).gevonden
            found += 1
    return f"gelezen, {found} persoon of personen" if found else "gelezen: niemand gevonden"


def _persoonslijsten(path: Path) -> str:
    counts = Counter(str(answer.soort) for answer in classify_file(path))
    assert counts == {
        "binnengemeentelijk": 94,
        "intergemeentelijk": 200,
        "naar-buitenland": 44,
        "immigratie": 14,
        "in-buitenland": 1,
        "correctie": 21,
        "technisch-infrastructureel": 219,
        "geen-verhuizing": 1,
    }
    return f"ingedeeld: {counts.total()} wijzigingen, " + ", ".join(f"{n} {soort}" for soort, n in sorted(counts.items()))


def _tabel33(path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="") as file:
        codes = [row["gemeente_code"] for row in csv.DictReader(file)]
    table = lees_tabel33(path)
    today = {table.op(code, "20260101") for code in codes}
    assert "1979" in today
    assert "0010" not in today
    return f"gelezen: {len(codes)} codes, waarvan {len(table.opvolgers)} met een opvolger"


def _mock_persons(path: Path) -> str:
    """Of the persons in GBA shape every usable number is a Bsn; the one that fails the elfproef on purpose is refused."""
    numbers = [persoon["burgerservicenummer"] for persoon in json.loads(path.read_text(encoding="utf-8"))]
    good = [number for number in numbers if als_bsn(number)]
    assert set(numbers) - set(good) == {"999999245"}
    with pytest.raises(ValueError, match="elfproef"):
        Bsn("999999245")
    return f"{len(good)} nummers gelezen; 999999245 geweigerd (elfproef), zoals bedoeld"


def _stuf_answer(path: Path) -> str:
    bericht = lees(path.read_bytes())
    personen = getattr(bericht, "personen", ())
    for persoon in personen:
        rij = rij_uit_persoon(persoon)
        assert str(classify(rij, rij).soort) == "geen-verhuizing"
        seen = eerste(Bsn(persoon["burgerservicenummer"]), persoon, VELDEN_MELDER, PSEUDONYM)
        assert list(other_facts(seen, seen)) == []
    return f"gelezen als antwoord (La01), {len(personen)} persoon of personen; als kennisgeving geweigerd met Fo03"


def _stuf_fault(path: Path) -> str:
    with pytest.raises(GeenKennisgeving, match="SOAP fault"):
        lees(path.read_bytes())
    return "geweigerd: een SOAP-fout is geen bericht"


OUTCOMES: Final[Mapping[str, Callable[[Path], str]]] = {
    "brp/personen-2.7.0-openapi.yaml": _specification,
    "brp/bewoning-2.1.0-openapi.yaml": _specification,
    "brp/update-api-1.0.0-openapi.yaml": _specification,
    "brp/personen-mock-test-data.json": _mock_persons,
    "brp/persoonslijsten-proefomgeving-2022-first400.csv": _persoonslijsten,
    "brp/tabel33-gemeenten.csv": _tabel33,
    "brp/iconnect-recorded-exchange.yaml": _recorded,
    "brp/recorded-find_person_succesfully.yaml": _recorded,
    "brp/recorded-get_children_include_deceased.yaml": _recorded,
    "brp/recorded-get_partners_include_deceased.yaml": _recorded,
    "brp/recorded-person_not_found.yaml": _recorded,
    "stuf/StufBgResponse.xml": _stuf_answer,
    "stuf/StufBgResponseOnvolledigeDatum.xml": _stuf_answer,
    "stuf/StufBgNoAnswerResponse.xml": _stuf_answer,
    "stuf/StufBgErrorResponse.xml": _stuf_fault,
}


def test_every_file_of_the_cases_is_read_classified_or_refused_as_documented(cases, capsys):
    """No file is passed over: one that is not in the list fails the test, and so does one that is gone."""
    files = {str(path.relative_to(cases)): path for name in ("brp", "stuf") for path in sorted((cases / name).iterdir())}
    assert files.keys() == OUTCOMES.keys()
    lines = [f"  {name}: {OUTCOMES[name](path)}" for name, path in files.items()]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
