# SPDX-License-Identifier: EUPL-1.2
"""Another municipality begins a connector of its own and knows that it is right: the kit catches what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WISSEL = Path(sys.executable).parent / "wissel"


def wissel(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([WISSEL, "connector", *arguments], cwd=folder, text=True, capture_output=True, check=False)


@pytest.fixture
def pakket(tmp_path: Path) -> Path:
    """A connector just begun."""
    made = wissel(tmp_path, "new", "proef")
    assert made.returncode == 0, made.stderr
    return tmp_path / "wissel-proef" / "wissel_proef"


@pytest.mark.timeout(300)
def test_a_new_connector_keeps_all_rules(pakket: Path) -> None:
    """It installs nothing and needs nothing: begun and checked, as one types it."""
    checked = wissel(pakket.parents[1], "check", "proef")
    assert checked.returncode == 0, checked.stdout
    assert "13 passed" in checked.stdout
    assert "proef houdt alle regels." in checked.stdout


@pytest.mark.timeout(600)
@pytest.mark.parametrize("naam", ["zaak", "burgerzaken"])
def test_our_own_connectors_keep_all_rules(tmp_path: Path, naam: str) -> None:
    """What is asked of others holds here, with no rule skipped: one connector that fetches, one that reads and follows."""
    checked = wissel(tmp_path, "check", naam)
    assert checked.returncode == 0, checked.stdout
    assert "13 passed" in checked.stdout
    assert "skipped" not in checked.stdout


@pytest.mark.timeout(600)
def test_the_connector_that_only_listens_keeps_all_rules_but_the_one_about_writing(tmp_path: Path) -> None:
    """StUF-ZKN: nothing is written back, so of what it writes nothing can be asked."""
    checked = wissel(tmp_path, "check", "stufzkn")
    assert checked.returncode == 0, checked.stdout
    assert "12 passed, 1 skipped" in checked.stdout
    assert "deze connector voert geen opdrachten uit" in checked.stdout


TYPE = "nl.overheid.zaken.klantcontact-toegevoegd.v1"
NEW_ID, CHANCE = 'fact_id(gemeente.slug, "proef", str(bericht.id))', "str(__import__('uuid').uuid4())"
WRONG = {  # what is wrong -> rule, the text that is right, the text that is not, what is said
    "loses one": ("k1", "tx.put(sealed)", "tx.put(sealed if bericht.id.int % 4 else [])", "ontbreekt"),
    "repeats one": ("k1", 'DO NOTHING", row):', 'DO NOTHING", row) or True:', "te veel"),
    "leaks a BSN": ("k5", '"kanaal": bericht.kanaal,', '"kanaal": bericht.tekst,', f"het open deel van {TYPE}"),
    "makes ids by chance": ("k2", NEW_ID, CHANCE, "id's verschillen"),
    "keeps what nobody asked for": ("k6", '"tekst": bericht.tekst}', '"tekst": bericht.tekst, "meer": bericht.extra}', TYPE),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_copy_is_caught_and_the_rule_is_named(pakket: Path, what: str) -> None:
    """The message says which rule, where, and what to do; and never the number or name itself."""
    rule, right, wrong, says = WRONG[what]
    file = pakket / "ontvangen.py"
    text = file.read_text(encoding="utf-8")
    assert right in text
    text = text.replace(right, wrong)
    if what.startswith("keeps"):
        text = text.replace('    tekst: str = Field("", max_length=10_000)', '    tekst: str = ""\n    extra: str = ""')
    file.write_text(text, encoding="utf-8")
    checked = wissel(pakket.parents[1], "check", "proef", "-k", rule)
    assert checked.returncode == 1
    assert f"regel {rule}:" in checked.stdout
    assert says in checked.stdout
    assert "wat te doen:" in checked.stdout


def test_a_connector_that_writes_twice_is_caught(pakket: Path) -> None:
    """A key of its own per try is no key: killed while writing, the effect stands twice."""
    file = pakket / "uitvoeren.py"
    text = file.read_text(encoding="utf-8")
    assert "{opdracht.sleutel}" in text
    file.write_text(text.replace("{opdracht.sleutel}", "{opdracht.sleutel}-{opdracht.poging}"), encoding="utf-8")
    checked = wissel(pakket.parents[1], "check", "proef", "-k", "k7")
    assert checked.returncode == 1
    assert "regel k7:" in checked.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("new", "Proef!"), "kan geen naam zijn"),
        (("new", "proef"), "bestaat al"),
        (("check", "onbekend"), "er is geen connector onbekend"),
    ],
)
def test_what_cannot_be_is_said(pakket: Path, arguments: tuple[str, ...], says: str) -> None:
    refused = wissel(pakket.parents[1], *arguments)
    assert refused.returncode == 1
    assert says in refused.stderr
