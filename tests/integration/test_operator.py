# SPDX-License-Identifier: EUPL-1.2
"""R14: what an operator types reaches the hub whole, and what is wrong with it comes back as a sentence."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import threading
from contextlib import suppress

import pytest
from hub_voor_tests import feit, gemeente, loaded, plugins, zet

from hub import admin
from hub.app import EmbeddedHub
from hub.desk import Desk
from hub.errors import Invalid, NotFound, Refused
from hub.lijsten import Markering, lifted
from hub.privacy import elfproef
from hub.serve import serve
from hub.vergeten import Vergeten
from hub.versheid import Versheid

BSN = next(str(n) for n in range(999990000, 999999999) if elfproef(str(n)))
BAG = "0114010000000001"
MARK = {
    "gemeente": "emmen",
    "soort": "aandacht",
    "bag_id": BAG,
    "bsn": None,
    "reden": "onderzoek",
    "auteur": "A",
    "tweede_persoon": "B",
    "verloopt": "2999-01-01",
}


@pytest.fixture
def hub(tmp_path):
    """A hub on files that no process has open besides this one."""
    opened = EmbeddedHub(loaded(tmp_path), plugins=plugins()).open()
    yield opened
    opened.close()


def ask(hub: EmbeddedHub, action: str, **args):
    """Ask over the socket, as the command line does."""

    async def over_the_socket():
        server = await admin.listen(hub)
        try:
            return await admin.call(loaded(hub.folder), action, args)
        finally:
            server.close()

    return asyncio.run(over_the_socket())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"verloopt": "2026-02-31"}, "verloopt: is geen datum die bestaat"),
        ({"bag_id": None, "bsn": "123456789"}, "bsn: is geen geldig burgerservicenummer"),
        ({"bag_id": "0114"}, "over: is geen BAG-nummer"),
        ({"bag_id": None}, "over: is geen BAG-nummer"),
        ({"gemeente": "assen"}, "gemeente assen is er niet; bekend zijn: emmen"),
        ({"tweede_persoon": "a"}, "tweedePersoon: moet iemand anders zijn"),
        ({"soort": "zomaar"}, "soort: kies uit"),
    ],
)
def test_what_is_wrong_with_a_mark_is_said(hub, wrong, said):
    """Not the kind of an exception, but the field and what to write."""
    with pytest.raises(Refused, match=said):
        ask(hub, "lijst zet", **{**MARK, **wrong})


def test_a_number_of_a_person_never_becomes_a_key(hub):
    """Who types a BSN where a BAG id belongs is told so, without the number, and nothing is put down."""
    for action, given in (("lijst zet", MARK), ("lijst opheffen", {**MARK, "door": "A", "markering": "x"})):
        with pytest.raises(Refused) as caught:
            ask(hub, action, **{**given, "bag_id": BSN})
        assert BSN not in str(caught.value)
    with sqlite3.connect(hub.folder / "wissel.db") as db:
        assert db.execute("SELECT count(*) FROM stroom").fetchone() == (0,)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("typed", ["een\0nul", "\udce9\udce9n"])
def test_a_text_that_no_store_can_carry_is_refused_on_every_engine(hub, typed):
    """U+0000, and what a terminal that is not on UTF-8 sends: the field is named, and what to do."""
    why = {"reden": "r", "door": "A"}
    for action, given in (
        ("parked skip", {"nummer": "teller:1/1", **why, "reden": typed}),
        ("replay claim", {"projecties": ["teller"], **why, "reden": typed}),
        ("lijst zet", {**MARK, "reden": typed}),
    ):
        with pytest.raises(Refused, match="reden: bevat een teken"):
            ask(hub, action, **given)


def test_a_mark_is_lifted_by_its_own_number_only():
    """A mark that cannot exist is not lifted with a friendly message."""
    with pytest.raises(Invalid, match="markering: is geen nummer van een markering"):
        lifted(gemeente(), BAG, BSN, soort="aandacht", reden="voorbij", door="A")


def test_a_mark_that_was_lifted_is_not_said_to_be_set(hub):
    """The same mark again is the same fact; once lifted it would change nothing, and the operator must know."""
    first = ask(hub, "lijst zet", **MARK)
    assert ask(hub, "lijst zet", **MARK) == first
    ask(hub, "lijst opheffen", **MARK, markering=first, door="A")
    with pytest.raises(Refused, match="eerder opgeheven"):
        ask(hub, "lijst zet", **MARK)
    assert ask(hub, "lijst zet", **{**MARK, "reden": "opnieuw"}) != first


def test_a_good_mark_passes_for_a_person_and_an_address():
    """The check refuses nothing that can be marked."""
    from datetime import date

    for over in (BAG, gemeente().pseudonym(_bsn())):
        Markering(soort="instelling", over=over, reden="r", auteur="A", tweede_persoon="B").check(date(2026, 1, 1))


def _bsn():
    from hub.privacy import Bsn

    return Bsn(BSN)


def test_a_long_list_of_parked_work_comes_whole(hub):
    """Much is parked exactly when an operator needs the list: more than one network buffer of it arrives."""
    zet(hub, *(feit(f"zaak-{n}", 1) for n in range(300)))
    with hub.database.reader() as db:
        streams = [row[0] for row in db.execute("SELECT id FROM stroom")]
    rows = [("teller:1", s, 1, s, f"g{s}", "x", "Poison", "u" * 500, "s" * 500, 1, 0, 0) for s in streams]
    insert = "INSERT INTO geparkeerd VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
    hub.members.write(lambda db: db.executemany(insert, rows)).result()
    assert len(ask(hub, "parked list")) == 300


def test_a_hub_that_says_nothing_is_not_taken_for_success(tmp_path):
    """A hub that dies over a command: the operator hears that it is not known, not a stack."""

    async def dies():
        async def hang_up(_reader, writer):
            writer.close()

        server = await asyncio.start_unix_server(hang_up, admin.socket_path(tmp_path))
        try:
            return await admin.call(loaded(tmp_path), "parked list", {})
        finally:
            server.close()

    with pytest.raises(Refused, match="gaf geen antwoord"):
        asyncio.run(dies())


@pytest.mark.skipif(os.getuid() == 0, reason="root may open every socket")
def test_a_socket_of_another_user_is_named(tmp_path):
    """Which user to be is what the operator needs to know."""
    path = admin.socket_path(tmp_path)
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(path))
        path.chmod(0)
        with pytest.raises(Refused, match="andere gebruiker"):
            asyncio.run(admin.call(loaded(tmp_path), "parked list", {}))


def test_what_a_killed_hub_left_is_in_nobodys_way(tmp_path):
    """A socket file without a hub behind it: commands go to the files, and a new hub listens on it."""
    path = admin.socket_path(tmp_path)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert path.exists()
    assert asyncio.run(admin.call(loaded(tmp_path), "parked list", {})) == []


def test_a_second_hub_on_the_same_files_is_told_who_holds_them(hub):
    """One clear error with the process that runs and what to do."""
    with pytest.raises(Refused, match=rf"process {os.getpid()}"):
        EmbeddedHub(loaded(hub.folder), plugins=plugins()).open()


def test_a_map_that_is_a_file_is_named(tmp_path):
    """The setting and what to do, whatever the command."""
    (tmp_path / "data").touch()
    with pytest.raises(Refused, match="is not a folder this process may write in"):
        asyncio.run(admin.call(loaded(tmp_path / "data"), "parked list", {}))


def test_an_address_that_is_taken_is_said_before_a_file_is_opened(tmp_path):
    """Which setting to change, and no files made by a hub that cannot serve."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = loaded(tmp_path / "data")
        api = settings.settings.api.model_copy(update={"port": taken.getsockname()[1]})
        taken_too = settings.model_copy(update={"settings": settings.settings.model_copy(update={"api": api})})
        with pytest.raises(Refused, match=r"\[api\] host = '127\.0\.0\.1', port = \d+: hier kan de hub niet luisteren"):
            asyncio.run(serve(taken_too))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("action", "looked", "args"),
    [
        ("parked list", (Desk, "_streams"), {}),
        ("parked show", (Desk, "_streams"), {"nummer": "x"}),
        ("parked export", (Desk, "_streams"), {}),
        ("parked retry", (Desk, "_streams"), {"reden": "r", "door": "d"}),
        ("parked skip", (Desk, "_streams"), {"nummer": "x", "reden": "r", "door": "d"}),
        ("vernietigd", (Vergeten, "bewijzen"), {}),
        ("topics behind", (Versheid, "topics"), {}),
    ],
)
def test_who_looks_holds_nobody_up(hub, monkeypatch, action, looked, args):
    """What reads the store does so beside the loop that takes in notifications, however long it takes."""
    went, looks = threading.Event(), []

    def slow(_self):
        looks.append(went.wait(5))
        return []

    monkeypatch.setattr(*looked, slow)

    async def story():
        asyncio.get_running_loop().call_soon(went.set)
        return await admin.ACTIONS[action](hub, args)

    with suppress(NotFound):  # nothing is parked
        asyncio.run(story())
    assert looks == [True]
