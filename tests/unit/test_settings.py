# SPDX-License-Identifier: EUPL-1.2
"""Wrong settings: every fault at once, with the key and what to write, and no secret in the answer."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hub_voor_tests import INSTELLINGEN as GOED

from hub.cli import wissel
from hub.errors import ConfigError
from hub.settings import load

FOUT = """
[log]
partitiess = 4
partities = "veel"
[api]
poort = 80
tokens = [{naam = "a", sha256 = "zz", gemeente = "emmen", scopes = ["alles"]}]
[sleutels]
hoofdsleutel = "mijn-geheim-1"
[gemeenten.emmen]
naam = "Emmen"
gemeentecode = "0114"
oin = "00000001002220647000"
pseudoniemsleutel = "mijn-geheim-2"
kleur = "rood"
[gemeenten.emmen.zaak]
secret = "mijn-geheim-3"
webhook_authorization = ["mijn-geheim-4"]
zaken_api = "ftp://zaken.example"
[gemeenten.emmen.profiel.verhuizing]
max_bewoners = "veel"
[gemeenten.emmen.profiel.verhuizingen]
[gemeenten.zwolle]
gemeentecode = "14"
"""


def fouten(tmp_path, toml: str, environ=None) -> tuple[str, ...]:
    """Return what ``load`` says about these settings."""
    file = tmp_path / "wissel.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, environ or {})
    assert "mijn-geheim" not in str(caught.value)
    return caught.value.problems


def test_good_settings_load(tmp_path):
    """The settings the other tests spoil are good by themselves."""
    file = tmp_path / "wissel.toml"
    file.write_text(GOED, encoding="utf-8")
    assert load(file, {}).gemeenten["emmen"].gemeentecode == "0114"


@pytest.mark.parametrize(
    "begin",
    [
        "log.partitiess: onbekende instelling; haal haar weg of kies uit: adres, ca_bestand",
        "log.partities: moet een geheel getal zijn; bedoeld is: Partities per topic",
        "api.poort: onbekende instelling",
        "api.tokens.0.sha256: past niet op het patroon",
        "api.tokens.0.scopes.0: moet een van deze zijn: 'zaken:lezen'",
        "sleutels.hoofdsleutel: precies 64 hexadecimale tekens",
        "gemeenten.emmen.pseudoniemsleutel: precies 64 hexadecimale tekens",
        "gemeenten.emmen.kleur: onbekende instelling; bekend zijn:",
        "gemeenten.emmen.zaak.webhook_authorization: moet tekst zijn",
        "gemeenten.emmen.zaak.zaken_api: past niet op het patroon",
        "gemeenten.emmen.zaak.client_id: ontbreekt",
        "gemeenten.emmen.profiel.verhuizing.max_bewoners: moet een geheel getal zijn",
        "gemeenten.emmen.profiel.verhuizing.versie: ontbreekt",
        "gemeenten.emmen.profiel.verhuizingen: er is geen flow met deze naam",
        "gemeenten.zwolle.naam: ontbreekt; bedoeld is: Naam van de gemeente",
        "gemeenten.zwolle.gemeentecode: past niet op het patroon",
    ],
)
def test_every_fault_is_said_at_once(tmp_path, begin):
    """A fault in one section hides none in another: not of a secret, a connector, a profile or another gemeente."""
    assert [p for p in fouten(tmp_path, FOUT) if p.startswith(begin)]


def test_no_fault_is_said_twice(tmp_path):
    """Looking on after a fault repeats nothing."""
    said = fouten(tmp_path, FOUT)
    assert len(said) == len(set(said))


def test_an_unknown_key_names_those_of_its_own_section(tmp_path):
    """The keys of the whole file would not help."""
    said = next(p for p in fouten(tmp_path, FOUT) if p.startswith("api.poort"))
    assert "port" in said
    assert "gemeenten" not in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("WISSEL__LOG", "log: moet een sectie zijn"),
        ("WISSEL__LOG__PARTITIES__X", "WISSEL__LOG__PARTITIES__X: log.partities is geen sectie"),
        ("WISSEL__SLEUTELS__HOOFDSLEUTEL", "sleutels.hoofdsleutel: precies 64"),
        ("WISSEL__GEMEENTEN__EMMEN__OIN", "gemeenten.emmen.oin: past niet op het patroon"),
    ],
)
def test_a_wrong_environment_variable_is_said_too(tmp_path, name, said):
    """The environment goes over the file, and its faults are told like those of the file."""
    toml = GOED + "\n[log]\npartities = 4\n"
    assert [p for p in fouten(tmp_path, toml, {name: "mijn-geheim-5"}) if p.startswith(said)]


def test_the_command_says_it_without_a_stack(tmp_path):
    """``wissel config check`` ends in 1 with the list."""
    file = tmp_path / "wissel.toml"
    file.write_text(FOUT, encoding="utf-8")
    done = CliRunner().invoke(wissel, ["config", "check", "--config", str(file)])
    assert isinstance(done.exception, ConfigError)
    assert "mijn-geheim" not in done.output + str(done.exception)


def test_addresses_of_databases_come_from_a_file_or_from_the_settings(tmp_path):
    """The store is files unless an address is given; the one of the keys may be another."""
    config = tmp_path / "wissel.toml"
    config.write_text(GOED)
    assert load(config, {}).database is None
    (tmp_path / "adres").write_text("postgresql://wissel:g3heim@db.example.nl:5432/wissel?sslmode=verify-full\n")
    found = load(
        config, {"WISSEL__OPSLAG__DATABASE_BESTAND": "adres", "WISSEL__OPSLAG__SLEUTELS_DATABASE": "postgres:///kluis"}
    )
    assert found.database is not None
    assert found.database.get_secret_value().endswith("sslmode=verify-full")
    assert found.sleutels_database is not None
    assert "g3heim" not in repr(found)


def test_wrong_addresses_of_databases_are_all_named_without_their_secrets(tmp_path):
    """Each by its key, together with whatever else is wrong."""
    config = tmp_path / "wissel.toml"
    config.write_text(GOED)
    wrong = {
        "WISSEL__OPSLAG__DATABASE": "mysql://wissel:g3heim@db/wissel",
        "WISSEL__OPSLAG__SLEUTELS_DATABASE": "postgresql://db/kluis",
        "WISSEL__OPSLAG__SLEUTELS_DATABASE_BESTAND": "ook",
        "WISSEL__LOG__PARTITIES": "veel",
    }
    with pytest.raises(ConfigError) as found:
        load(config, wrong)
    told = str(found.value)
    assert all(key in told for key in ("opslag.database:", "opslag.sleutels_database:", "log.partities"))
    assert "g3heim" not in told
    alone = {"WISSEL__OPSLAG__SLEUTELS_DATABASE": "postgresql://db/kluis"}
    with pytest.raises(ConfigError, match=r"opslag\.sleutels_database: kan alleen samen met opslag\.database"):
        load(config, alone)
    with pytest.raises(ConfigError, match=r"opslag\.database_bestand: niet te lezen"):
        load(config, {"WISSEL__OPSLAG__DATABASE_BESTAND": "is-er-niet"})
