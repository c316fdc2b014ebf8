# SPDX-License-Identifier: EUPL-1.2
"""Data keys: durable before use, gone when destroyed, and no surprise that is not said."""

from __future__ import annotations

import sqlite3

import pytest
from hub_voor_tests import MASTER_KEY

from hub.errors import ElementDamaged, KeyMissing, Refused
from hub.keys import KeyRef
from hub.store.base import StoreUnavailable
from hub.store.opening import open_keys

ANNA = KeyRef("emmen", "a" * 32, "zaak")
BOB = KeyRef("emmen", "b" * 32, "zaak")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sleutels.db"


@pytest.fixture
def keys(path):
    opened = open_keys(path.parent, MASTER_KEY)
    yield opened
    opened.close()


def key_of(keys, ref=ANNA):
    return keys.current([ref])[ref]


def test_a_key_is_durable_before_it_seals(path, keys):
    """What was sealed can be opened after a crash right then: the file already holds the key."""
    key = key_of(keys)
    sealed = key.seal(b"geheim", "e1")
    other = open_keys(path.parent, MASTER_KEY)
    assert other.by_id(key.key_id).open(sealed, "e1") == b"geheim"
    other.close()


def test_each_subject_and_class_has_its_own_key(keys):
    """Destroying what is kept for one purpose leaves the rest readable."""
    refs = [ANNA, BOB, KeyRef("emmen", ANNA.subject, "aangifte"), KeyRef("zwolle", ANNA.subject, "zaak")]
    assert len({key.key_id for key in keys.current(refs).values()}) == 4


def test_the_secret_is_nowhere_in_clear(path, keys):
    """Only the wrapped key is in the file: without the master key it opens nothing."""
    key_of(keys)
    with pytest.raises(Refused, match="master key does not open"):
        open_keys(path.parent, bytes(32))


def test_destroying_removes_the_wrapped_key_from_the_disk(path, keys):
    """The bytes are overwritten, in the file and in its write-ahead log."""
    key = key_of(keys)
    wrapped = sqlite3.connect(path).execute("SELECT ingepakt FROM sleutel").fetchone()[0]
    keys.destroy([key.key_id])
    on_disk = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert wrapped not in on_disk
    assert wrapped[12:44] not in on_disk


def test_a_destroyed_key_opens_nothing_at_once(keys):
    """The cache does not keep it usable; who seals next for that subject gets a new one."""
    key = key_of(keys)
    sealed = key.seal(b"geheim", "e1")
    keys.destroy([key.key_id])
    assert keys.by_id(key.key_id).open(sealed, "e1") is None
    assert key_of(keys).key_id != key.key_id
    assert keys.of_subject("emmen", ANNA.subject) == [key_of(keys).key_id]


def test_the_key_that_opened_is_the_one_that_seals(path, keys, monkeypatch):
    """What was read to open an element is not asked for again, let alone in a write, to seal another of the same subject."""
    made = key_of(keys)
    fresh = open_keys(path.parent, MASTER_KEY)
    fresh.by_id(made.key_id)
    monkeypatch.setattr(fresh, "_load_or_make", None)
    assert key_of(fresh).key_id == made.key_id
    fresh.close()


def test_a_key_that_is_there_is_read_without_a_write(path, keys, monkeypatch):
    """Who seals for a subject known before waits for no writer; a new subject does."""
    made = key_of(keys)
    fresh = open_keys(path.parent, MASTER_KEY)
    writes = []
    write = fresh.database.write
    monkeypatch.setattr(fresh.database, "write", lambda work: writes.append(work) or write(work))
    assert key_of(fresh).key_id == made.key_id
    assert not writes
    assert key_of(fresh, BOB).ref == BOB
    assert len(writes) == 1
    fresh.close()


def test_a_destroyed_key_that_is_read_is_not_the_one_that_seals(path, keys):
    """Also where it was destroyed before this process saw it."""
    gone = key_of(keys)
    keys.destroy([gone.key_id])
    fresh = open_keys(path.parent, MASTER_KEY)
    assert fresh.by_id(gone.key_id).cipher is None
    assert key_of(fresh).key_id != gone.key_id
    fresh.close()


def test_keys_that_are_only_made_do_not_fill_the_memory(keys, monkeypatch):
    """A large backfill makes keys and reads none back."""
    monkeypatch.setattr("hub.keys._CACHED_KEYS", 3)
    for number in range(20):
        key_of(keys, KeyRef("emmen", f"{number:032}", "zaak"))
    assert max(len(keys._by_id), len(keys._by_ref)) <= 3


def test_destroying_a_key_this_file_never_had_is_recorded(path, keys):
    """A restored older file may lack it: what it sealed counts as destroyed, not as a fault."""
    with pytest.raises(KeyMissing) as caught:
        keys.by_id("11111111-2222-3333-4444-555555555555")
    assert caught.value.key_id == "11111111-2222-3333-4444-555555555555"
    for _ in range(2):
        keys.destroy(["11111111-2222-3333-4444-555555555555", "66666666-2222-3333-4444-555555555555"])
    assert keys.by_id("11111111-2222-3333-4444-555555555555").open(b"whatever it was", "e1") is None
    assert keys.count() == 2


@pytest.mark.parametrize("damage", [lambda s: s[:-1] + bytes([s[-1] ^ 1]), lambda s: s[:5], lambda _s: b""])
def test_damaged_bytes_are_told_from_a_missing_key(keys, damage):
    """One damaged element is that element's fault; it does not bring the key file into doubt."""
    key = key_of(keys)
    with pytest.raises(ElementDamaged):
        key.open(damage(key.seal(b"geheim", "e1")), "e1")


def test_an_element_is_bound_to_its_event_and_key(keys):
    """Moved to another event, or given another key's name, it does not open."""
    key, other = key_of(keys), key_of(keys, BOB)
    sealed = key.seal(b"geheim", "e1")
    with pytest.raises(ElementDamaged):
        key.open(sealed, "e2")
    with pytest.raises(ElementDamaged):
        other.open(sealed, "e1")


def test_a_full_disk_makes_no_key_and_says_so(path):
    """No key that is not on disk is ever handed out; when there is room again it goes on."""
    keys = open_keys(path.parent, MASTER_KEY)
    first = key_of(keys)
    pages = keys._database.write(lambda db: db.execute("PRAGMA page_count").fetchone()).result()[0]
    keys._database.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}")).result()
    many = [KeyRef("emmen", f"{n:032x}", "zaak") for n in range(200)]
    with pytest.raises(StoreUnavailable, match=r"sleutels\.db does not work now .*nothing was accepted"):
        keys.current(many)
    assert key_of(keys).key_id == first.key_id
    keys._database.write(lambda db: db.execute("PRAGMA max_page_count = 100000")).result()
    assert len(keys.current(many)) == 200
    assert keys.count() == 201
    keys.close()


def test_a_damaged_key_file_is_refused(path, tmp_path):
    """It says which file, and what to put back."""
    path.write_bytes(b"not a database at all, but a shopping list" * 200)
    with pytest.raises(Refused, match=r"sleutels\.db .*bestanden-veiligstellen\.md"):
        open_keys(path.parent, MASTER_KEY)
