# SPDX-License-Identifier: EUPL-1.2
"""R2: three files, each with its own regime; no promise rests on one transaction over two of them."""

from __future__ import annotations

import sqlite3

import pytest
from hub_voor_tests import Klok, feit, gemeente, loaded, plugins, zet

from hub.app import EmbeddedHub
from hub.errors import Refused

FILES = ("wissel.db", "leesmodellen.db", "sleutels.db")


def opened(folder, **more):
    return EmbeddedHub(loaded(folder), clock=Klok(), plugins=plugins(), **more).open()


def connections(hub):
    return {
        "wissel.db": hub.database._write_connection,
        "leesmodellen.db": hub.members._write_connection,
        "sleutels.db": hub.keys._database._write_connection,
    }


@pytest.fixture
def hub(tmp_path):
    hub = opened(tmp_path)
    yield hub
    hub.close()


def pragma(hub, name):
    found = {}
    for database in (hub.database, hub.members, hub.keys._database):
        found[database.path.name] = database.write(lambda db: db.execute(f"PRAGMA {name}").fetchone()[0]).result()
    return found


def test_the_three_files_are_there(hub):
    """The truth, what can be built again from it, and the keys."""
    assert {path.name for path in hub.folder.glob("*.db")} == set(FILES)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1)],
)
def test_how_each_file_is_written(hub, name, wanted):
    """Readers never wait, a commit is on disk before it is answered, and what is deleted is overwritten."""
    assert pragma(hub, name) == dict.fromkeys(FILES, wanted)


def test_no_connection_knows_two_files(hub):
    """SQLite does not keep a promise over two files in WAL mode, so none is ever attached to another."""
    zet(hub, feit("a", 1, besloten={"p": {"x": 1}}))
    hub.projector.catch_up()
    for name, connection in connections(hub).items():
        attached = {path.rpartition("/")[2] for _, _, path in connection.execute("PRAGMA database_list")}
        assert attached == {name}


def test_read_models_are_built_again_from_the_log_alone(tmp_path):
    """Losing leesmodellen.db loses nothing: the next start builds it again."""
    hub = opened(tmp_path)
    zet(hub, *(feit(f"zaak-{n % 3}", n) for n in range(30)))
    hub.projector.catch_up()
    before = hub.read_model("teller").select("emmen", order="sleutel")
    hub.close()
    for path in tmp_path.glob("leesmodellen.db*"):
        path.unlink()
    hub = opened(tmp_path)
    hub.projector.catch_up()
    assert hub.read_model("teller").select("emmen", order="sleutel") == before
    hub.close()


def test_what_is_logged_but_not_yet_projected_is_projected_after_a_crash(tmp_path):
    """The log's commit and the rows' commit are two; whatever falls between them is caught up with."""
    hub = opened(tmp_path)
    zet(hub, feit("a", 1))
    hub.projector.catch_up()
    zet(hub, feit("a", 2))
    hub.close()
    hub = opened(tmp_path)
    assert hub.projector.behind() == 1
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1, 2]
    hub.close()


def test_rows_of_a_rebuild_that_was_cut_off_are_not_counted_on(tmp_path):
    """Rows without a checkpoint belong to nothing: they are not added to."""
    hub = opened(tmp_path)
    zet(hub, feit("a", 1), feit("a", 2))
    hub.projector.catch_up()
    hub.close()
    with sqlite3.connect(tmp_path / "leesmodellen.db") as db:
        db.execute("DELETE FROM controlepunt")
    hub = opened(tmp_path)
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1, 2]
    hub.close()


def test_damaged_read_models_are_refused_with_the_command_that_rebuilds_them(tmp_path):
    """The message names `wissel leesmodellen herbouw`, and what that does works on the damaged file."""
    hub = opened(tmp_path)
    zet(hub, feit("a", 1))
    hub.close()
    (tmp_path / "leesmodellen.db").write_bytes(b"mice have been at it" * 1000)
    with pytest.raises(Refused, match="wissel leesmodellen herbouw"):
        opened(tmp_path)
    hub = opened(tmp_path, forget_read_models=True)
    assert hub.projector.rebuild() == 1
    assert hub.read_model("teller").get("emmen", "a")["aantal"] == 1
    hub.close()


@pytest.mark.parametrize("name", ["wissel.db", "sleutels.db"])
def test_a_damaged_truth_is_refused_with_the_backup(tmp_path, name):
    """What cannot be built again is named, with where it is written how to put a backup back; nothing is changed."""
    hub = opened(tmp_path)
    zet(hub, feit("a", 1, besloten={"p": {"x": 1}}))
    hub.close()
    content = (tmp_path / name).read_bytes()
    damaged = content[:100] + b"\xff" * 3_000 + content[3_100:]
    (tmp_path / name).write_bytes(damaged)
    with pytest.raises(Refused, match=rf"{name} .*bestanden-veiligstellen\.md"):
        opened(tmp_path)
    assert (tmp_path / name).read_bytes() == damaged
    (tmp_path / name).write_bytes(content)
    opened(tmp_path).close()


def test_a_refusal_lets_go_of_everything(tmp_path):
    """After a refused start the folder is free and no file stays open: the next start needs no cleaning up."""
    opened(tmp_path).close()
    (tmp_path / "sleutels.db").write_bytes(b"not this one" * 1000)
    for _ in range(2):
        with pytest.raises(Refused, match=r"sleutels\.db"):
            opened(tmp_path)
    for path in tmp_path.glob("sleutels.db*"):
        path.unlink()
    opened(tmp_path).close()


def test_nothing_personal_is_in_the_clear_in_any_file(tmp_path):
    """A name in a sealed element is in none of the three files, nor in their write-ahead logs."""
    hub = opened(tmp_path)
    zet(hub, feit("a", 1, besloten={"p": {"naam": "Zonneschijn-Vandermeulen"}}))
    hub.projector.catch_up()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    hub.close()
    raw += b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Zonneschijn" not in raw
    assert gemeente().slug.encode() in raw
