# SPDX-License-Identifier: EUPL-1.2
"""``wissel vernietig``: who asks, why, with whom; what goes along, what stays, and the proof that is kept."""

from __future__ import annotations

import json
from datetime import date

import pytest
from click.testing import CliRunner
from hub_voor_tests import Klok, feit, gemeente, instellingen, loaded, plugins, zet

from connectors.burgerzaken import BurgerzakenConnector
from hub.app import EmbeddedHub
from hub.cli import wissel
from hub.errors import Invalid, NotFound
from hub.privacy import Bsn
from hub.settings import load
from hub.vergeten import subject_of

pytestmark = pytest.mark.usefixtures("store")
ANNA, BOB = "a" * 32, "b" * 32
BSN = "999993653"
NAAM, ADRES = {"naam": "Zonneschijn"}, {"straat": "Laan"}
WHY = {"reden": "einde bewaartermijn", "door": "A. Archief", "tweede_persoon": "B. Beheer"}


def opened(folder):
    return EmbeddedHub(loaded(folder), clock=Klok(), plugins=plugins(connectors={"burgerzaken": BurgerzakenConnector()})).open()


@pytest.fixture
def hub(tmp_path):
    """Anna alone in zaak-1, with Bob in zaak-2; each zaak has an address of its own."""
    hub = opened(tmp_path)
    zet(
        hub,
        feit("zaak-1", 1, besloten={ANNA: NAAM}),
        feit("zaak-1", 2, besloten={"zaak:zaak-1": ADRES}),
        feit("zaak-1", 3),
        feit("zaak-2", 1, besloten={ANNA: NAAM, BOB: NAAM}),
        feit("zaak-2", 2, besloten={"zaak:zaak-2": ADRES}),
    )
    yield hub
    hub.close()


def read(hub):
    found = {}
    for position in hub.log.positions():
        for record in hub.log.read(position.topic, position.partition, -1, 1_000):
            event = hub.log.event(record, hub.log.streams([record.stream])[record.stream])
            found.update({(event.key, subject): given is not None for subject, given in event.besloten.items()})
    return found


def test_a_zaak_goes_along_only_when_nobody_else_has_a_part_in_it(hub):
    """Its address is the person's own; in a shared zaak it is the others' too, and it is named."""
    plan = hub.vergeten.plan("emmen", ANNA)
    assert (plan.zaken, plan.gedeeld, plan.gebeurtenissen, plan.stromen) == (("zaak-1",), ("zaak-2",), 3, 2)
    hub.vergeten.voer_uit(plan, **WHY)
    assert read(hub) == {
        ("zaak-1", ANNA): False,
        ("zaak-1", "zaak:zaak-1"): False,
        ("zaak-2", ANNA): False,
        ("zaak-2", BOB): True,
        ("zaak-2", "zaak:zaak-2"): True,
    }


def test_a_shared_zaak_goes_along_when_that_is_asked_or_when_nobody_is_left(hub):
    """The last of its people takes it along."""
    assert hub.vergeten.plan("emmen", ANNA, ook_gedeeld=True).zaken == ("zaak-1", "zaak-2")
    hub.vergeten.voer_uit(hub.vergeten.plan("emmen", BOB), **WHY)
    assert hub.vergeten.plan("emmen", ANNA).zaken == ("zaak-1", "zaak-2")


def test_only_one_class_goes_when_that_is_asked(hub):
    """The rest of what is known about the same person keeps its own term."""
    hub.vault.seal("emmen", ANNA, "registratie", "x", NAAM)
    plan = hub.vergeten.plan("emmen", ANNA, klasse="registratie")
    assert (len(plan.sleutels), plan.gebeurtenissen) == (1, 0)
    hub.vergeten.voer_uit(plan, **WHY)
    assert read(hub)["zaak-1", ANNA] is True


def test_the_proof_says_which_by_whom_why_how_many_and_until_when_copies_exist(hub):
    """Copies made later do not hold the key; nothing personal is in the proof."""
    hub.vergeten.noteer_kopie("/kopie/1", "2026-05-01")
    assert hub.vergeten.noteer_kopie("/kopie/2", None) == "2026-04-11"
    hub.clock.verder(days=1)
    plan = hub.vergeten.plan("emmen", ANNA)
    proof = hub.vergeten.voer_uit(plan, **WHY)
    hub.clock.verder(days=1)
    hub.vergeten.noteer_kopie("/kopie/3", "2027-01-01")
    (kept,) = hub.vergeten.bewijzen()
    assert kept == proof
    assert (kept.op, kept.subject, kept.klasse) == ("2026-03-13T08:00:00Z", ANNA, "")
    assert (kept.reden, kept.door, kept.tweede_persoon) == tuple(WHY.values())
    assert (kept.sleutels, kept.gebeurtenissen, kept.stromen) == (len(plan.sleutels), 3, 2)
    assert (kept.kopieen_tot, kept.gedaan) == ("2026-05-01", True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reden": " "}, "reden: mag niet leeg zijn"),
        ({"tweede_persoon": ""}, "tweede-persoon: mag niet leeg zijn"),
        ({"tweede_persoon": " a. archief"}, "tweede-persoon: moet iemand anders zijn"),
    ],
)
def test_a_reason_and_two_people_are_asked(hub, wrong, said):
    """Nothing was destroyed then, and nothing written."""
    with pytest.raises(Invalid, match=said):
        hub.vergeten.voer_uit(hub.vergeten.plan("emmen", ANNA), **{**WHY, **wrong})
    assert hub.vergeten.bewijzen() == []
    assert all(read(hub).values())


def test_nothing_to_destroy_is_said(hub):
    """An unknown subject, and one that was destroyed before."""
    with pytest.raises(NotFound):
        hub.vergeten.plan("emmen", "c" * 32)
    hub.vergeten.voer_uit(hub.vergeten.plan("emmen", ANNA), **WHY)
    with pytest.raises(NotFound):
        hub.vergeten.plan("emmen", ANNA)


def test_what_was_ordered_is_finished_at_the_next_start(hub, tmp_path, monkeypatch):
    """The order and its proof stand before the first key is touched."""

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(hub.vernietiging, "sleutels", dies)
    with pytest.raises(KeyboardInterrupt):
        hub.vergeten.voer_uit(hub.vergeten.plan("emmen", ANNA), **WHY)
    hub.close()
    again = opened(tmp_path)
    assert [proof.gedaan for proof in again.vergeten.bewijzen()] == [True]
    assert read(again)["zaak-1", ANNA] is False
    again.close()


def test_a_person_who_is_forgotten_is_followed_no_longer(hub):
    """Else the next change in the registry would bring them back."""
    row = ("emmen", ANNA, "k", "c", b"", "s", "2026-01-01", "2026-01-01")
    columns = "gemeente, pseudoniem, key_id, context, inhoud, sha256, volgt_tot, gelezen_op"
    insert = f"INSERT INTO burgerzaken_volg ({columns}) VALUES (?,?,?,?,?,?,?,?)"
    hub.database.write(lambda db: db.executemany(insert, [row, ("emmen", BOB, *row[2:])])).result()
    hub.vergeten.voer_uit(hub.vergeten.plan("emmen", ANNA), **WHY)
    assert hub.read_now(lambda tx: tx.all("SELECT pseudoniem FROM burgerzaken_volg")) == [(BOB,)]


@pytest.mark.parametrize("typed", [BSN, f"zaak:{BSN}", f"bsn {BSN}"])
@pytest.mark.bestanden
def test_a_burgerservicenummer_is_refused_on_the_command_line(typed):
    """Without repeating it: the history of a shell is no place for it."""
    with pytest.raises(Invalid) as caught:
        subject_of(gemeente(), subject=typed, bsn=None)
    assert BSN not in str(caught.value)
    assert subject_of(gemeente(), subject=None, bsn=BSN) == gemeente().pseudonym(Bsn(BSN))


@pytest.mark.bestanden
def test_the_commands_ask_plan_destroy_and_show(tmp_path):
    """The BSN is asked, not typed behind the command; without --ja it asks once more."""
    file = tmp_path / "wissel.toml"
    file.write_text(instellingen(tmp_path / "data"), encoding="utf-8")
    hub = EmbeddedHub(load(file, {})).open()
    person = hub.gemeenten["emmen"].pseudonym(Bsn(BSN))
    zet(hub, feit("zaak-1", 1, besloten={person: NAAM}))
    hub.close()

    def run(*arguments, typed="", code=0):
        done = CliRunner().invoke(wissel, [*arguments, "--config", str(file)], input=typed)
        assert done.exit_code == code, done.output
        assert BSN not in done.output
        return done.output

    asked = ("vernietig", "--gemeente", "emmen", "--reden", "verzoek", "--door", "A", "--tweede-persoon", "B")
    assert "1 gebeurtenissen in 1 stromen" in run(*asked, "--proef", typed=f"{BSN}\n")
    run(*asked, typed=f"{BSN}\nn\n", code=1)
    assert "Er is niets vernietigd" in run("vernietigd")
    run("backup", str(tmp_path / "kopie"), "--bewaren-tot", "2999-12-31")
    assert "bestaan nog tot 2999-12-31" in run(*asked, "--ja", typed=f"{BSN}\n")
    (proof,) = json.loads(run("vernietigd", "--json"))
    assert (proof["subject"], proof["gebeurtenissen"], proof["door"]) == (person, 1, "A")
    assert date.fromisoformat(proof["op"][:10])
